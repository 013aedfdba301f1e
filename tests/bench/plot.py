#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""plot.py TABLE: an SVG of the cost of calls, and of calls with many readers; logarithmic scales"""
import math
import sys

CALLS = ["transmit-5", "transmit-260", "status", "begin-end", "connect-leave", "connect-reset",
         "establish-release", "list-readers", "status-change"]
STACKS = [("ours", "#1b7837"), ("kernel", "#bbbbbb"), ("libusb", "#888888"), ("pcscd", "#c2622d")]
LEGEND = {"ours": "this project", "kernel": "bare transfers in the kernel",
          "libusb": "bare transfers by libusb", "pcscd": "pcscd and libccid"}
LEFT, WIDTH, BAR, TOP = 130, 480, 9, 40
LOW, HIGH = 1, 1000
READERS = (1, 4, 16, 64, 256)
SCALING = [("list-of", "SCardListReaders", ""), ("status-change-of", "SCardGetStatusChange", "4 3")]
HEIGHT, MOST_US = 170, 10000


def read(path, reader):
    """Return {call: {stack: median in microseconds}}."""
    values, names = {}, []
    with open(path, encoding="ascii") as lines:
        for line in lines:
            cells = line.rstrip("\n").split("\t")
            if cells[0] == "reader":
                names = cells[3:7]
            elif cells[0] == reader and cells[2] == "median_us":
                values[cells[1]] = {n: float(v) for n, v in zip(names, cells[3:]) if v != "-"}
    return values


def x_of(value):
    return LEFT + WIDTH * math.log(max(value, LOW) / LOW) / math.log(HIGH / LOW)


def scaling(values, top):
    """Return the lines: the duration of a call with 1 to 256 readers."""
    def point(n, us):
        return (LEFT + WIDTH * math.log(n) / math.log(READERS[-1]),
                top + HEIGHT * (1 - math.log(max(us, 1)) / math.log(MOST_US)))

    out = []
    for n in READERS:
        x, y = point(n, 1)
        out.append(f'<line x1="{x:.1f}" y1="{top}" x2="{x:.1f}" y2="{y}" stroke="#ddd"/>')
        out.append(f'<text x="{x:.1f}" y="{y + 12}" text-anchor="middle">{n}</text>')
    for us in (1, 10, 100, 1000, 10000):
        y = point(1, us)[1]
        out.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{LEFT + WIDTH}" y2="{y:.1f}" '
                   'stroke="#ddd"/>')
        out.append(f'<text x="{LEFT - 6}" y="{y + 3:.1f}" text-anchor="end">{us} µs</text>')
    out.append(f'<text x="{LEFT + WIDTH / 2}" y="{top + HEIGHT + 26}" '
               'text-anchor="middle">readers</text>')
    for prefix, name, dash in SCALING:
        for stack, colour in STACKS:
            points = [point(n, values[f"{prefix}-{n}"][stack]) for n in READERS
                      if stack in values.get(f"{prefix}-{n}", {})]
            if not points:
                continue
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
            out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" '
                       f'stroke-width="1.5" stroke-dasharray="{dash}"/>')
            if stack == "ours":
                x, y = points[-2]
                out.append(f'<text x="{x:.1f}" y="{y - 6:.1f}" text-anchor="end">{name}</text>')
    return out


def main():
    values = read(sys.argv[1], "qemu")
    out, y = [], TOP
    for call in CALLS:
        start = y
        for stack, colour in STACKS:
            if stack not in values[call]:
                continue
            value = values[call][stack]
            end = x_of(value)
            out.append(f'<rect x="{LEFT}" y="{y}" width="{end - LEFT:.1f}" height="{BAR - 1}" '
                       f'fill="{colour}"/>')
            out.append(f'<text x="{end + 3:.1f}" y="{y + BAR - 1}">{value:.3g}</text>')
            y += BAR
        out.append(f'<text x="{LEFT - 6}" y="{(start + y) / 2 + 3}" '
                   f'text-anchor="end">{call}</text>')
        y += 6
    for tick in (1, 10, 100, 1000):
        x = x_of(tick)
        out.insert(0, f'<line x1="{x:.1f}" y1="{TOP - 4}" x2="{x:.1f}" y2="{y}" stroke="#ddd"/>')
        out.append(f'<text x="{x:.1f}" y="{y + 12}" text-anchor="middle">{tick} µs</text>')
    x = LEFT
    for stack, colour in STACKS:
        out.append(f'<rect x="{x}" y="12" width="9" height="9" fill="{colour}"/>'
                   f'<text x="{x + 13}" y="20">{LEGEND[stack]}</text>')
        x += 30 + 5.2 * len(LEGEND[stack])
    y += 40
    out += scaling(read(sys.argv[1], "many"), y)
    y += HEIGHT + 20
    print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 50}" '
          f'height="{y + 20}" font-family="sans-serif" font-size="9">')
    print('<rect width="100%" height="100%" fill="white"/>')
    print("\n".join(out))
    print("</svg>")


main()
