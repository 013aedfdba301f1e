#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""From lines "STACK READER CALL FIGURE VALUE" to a table.

table.py tsv RAW...           the whole table, in the format of tests/bench/table-*.tsv
table.py text TABLE           for people: the figures that have a goal
table.py markdown TABLE       the same for the README
table.py compare TABLE RAW... TAP: no ratio of instructions is 20 % behind the table's, no
                              call has more system calls or allocations
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from tap import Tap  # noqa: E402

STACKS = ("ours", "pcscd", "libusb", "kernel")
# name, and the stacks whose values are divided
RATIOS = (("pcscd/ours", "pcscd", "ours"), ("ours/libusb", "ours", "libusb"),
          ("ours/kernel", "ours", "kernel"))
BEHIND = 1.2
# counts, not times: a few of 100 calls may include other work of the machine
COUNTS = ("syscalls", "allocations")
NOISE = 0.05

# reader, call, figure, subject of the goal, relation, value
GOALS = [
    ("qemu", "transmit-5", "median_us", "ours/kernel", "<=", 1.25),
    ("qemu", "transmit-260", "median_us", "ours/kernel", "<=", 1.25),
    ("qemu", "transmit-5", "median_us", "ours/libusb", "<=", 0.45),
    ("qemu", "transmit-260", "median_us", "ours/libusb", "<=", 0.45),
    ("qemu", "transmit-5", "median_us", "pcscd/ours", ">=", 12),
    ("qemu", "transmit-260", "median_us", "pcscd/ours", ">=", 12),
    ("echo", "transmit-65536", "median_us", "ours/kernel", "<=", 1.25),
    ("qemu", "status", "median_us", "pcscd/ours", ">=", 40),
    ("qemu", "begin-end", "median_us", "pcscd/ours", ">=", 25),
    ("qemu", "connect-leave", "median_us", "pcscd/ours", ">=", 20),
    ("qemu", "connect-reset", "median_us", "ours/kernel", "<=", 1.3),
    ("qemu", "establish-release", "median_us", "pcscd/ours", ">=", 30),
    ("echo", "handover", "median_us", "pcscd/ours", ">=", 1000),
    ("qemu", "transmit-5", "syscalls", "ours", "<=", 1),
    ("qemu", "transmit-5", "switches", "ours-kernel", "<=", 0.05),
    ("qemu", "transmit-5", "allocations", "ours", "<=", 0),
    ("qemu", "transmit-260", "allocations", "ours", "<=", 0),
    ("echo", "idle", "wakeups_per_second", "ours", "<=", 0),
    ("qemu", "event-removed", "median_us", "pcscd/ours", ">=", 5),
    ("qemu", "event-inserted", "median_us", "pcscd/ours", ">=", 5),
    ("echo", "clients-64", "of_one", "ours", ">=", 0.95),
    ("slots", "slots-4", "of_one", "ours", ">=", 3.8),
    ("many", "list-of-256", "per_reader", "ours", "<=", 1.0),
    ("many", "first-list-of-256", "per_reader", "ours", "<=", 1.0),
    ("many", "status-change-of-256", "per_reader", "ours", "<=", 1.0),
    ("echo", "reader", "kernel_bytes", "ours", "<=", 32768),
    ("process", "transmit-5", "instructions", "ours/kernel", "<=", 1.5),
    ("process", "transmit-260", "instructions", "ours/kernel", "<=", 1.5),
    ("process", "transmit-5", "instructions", "ours/pcscd", "<=", 0.3),
    ("process", "transmit-260", "instructions", "ours/pcscd", "<=", 0.3),
    ("process", "transmit-5", "allocations", "ours", "<=", 0),
    ("process", "transmit-260", "allocations", "ours", "<=", 0),
    ("process", "idle", "wakeups_per_second", "ours", "<=", 0),
]


def read_raw(paths):
    """Return {(reader, call, figure): {stack: value}}, in the order of the lines."""
    rows = {}
    for path in paths:
        with open(path, encoding="ascii") as lines:
            for line in lines:
                stack, reader, call, figure, value = line.rstrip("\n").split("\t")
                rows.setdefault((reader, call, figure), {})[stack] = float(value)
    return rows


def derive(rows):
    """Return the figures that are computed from two calls."""
    for key, values in list(rows.items()):
        reader, call, figure = key
        name, _, count = call.rpartition("-")
        if figure == "apdus_per_second" and count != "1":
            one = rows[reader, name + "-1", figure]
            rows[reader, call, "of_one"] = {s: v / one[s] for s, v in values.items()}
        if reader == "many" and figure == "instructions" and count == "256":
            # per reader, relative to 16 readers: 1 is linear
            few = rows[reader, name + "-16", figure]
            rows[reader, call, "per_reader"] = {
                s: v / 256 / (few[s] / 16) for s, v in values.items()}
    return rows


def ratio(values, above, below):
    if above not in values or not values.get(below):
        return None
    return values[above] / values[below]


def ratios(values):
    return {name: ratio(values, above, below) for name, above, below in RATIOS}


def measured(values, what):
    if what == "ours-kernel":
        return values["ours"] - values["kernel"]
    above, _, below = what.partition("/")
    return ratio(values, above, below) if below else values[what]


def number(value):
    if value is None:
        return "-"
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def print_tsv(rows):
    columns = ["reader", "call", "figure", *STACKS, *(r[0] for r in RATIOS)]
    print("# make bench OUT=tests/bench renews this; see tests/bench/README")
    print("\t".join(columns))
    for (reader, call, figure), values in rows.items():
        cells = [f"{values[s]:.3f}" if s in values else "-" for s in STACKS]
        cells += ["-" if r is None else f"{r:.3f}" for r in ratios(values).values()]
        print("\t".join([reader, call, figure, *cells]))


def read_table(path):
    rows = {}
    with open(path, encoding="ascii") as lines:
        for line in lines:
            cells = line.rstrip("\n").split("\t")
            if line.startswith("#") or cells[0] == "reader":
                continue
            rows[tuple(cells[:3])] = {
                s: float(v) for s, v in zip(STACKS, cells[3:]) if v != "-"}
    return rows


UNITS = {"median_us": "µs", "instructions": "instructions", "syscalls": "system calls",
         "switches": "context switches", "allocations": "allocations",
         "wakeups_per_second": "wake-ups a second", "of_one": "of one's throughput",
         "per_reader": "cost of a reader, of 16 one's", "kernel_bytes": "bytes"}


def goal_lines(rows):
    for reader, call, figure, what, sense, limit in GOALS:
        values = rows.get((reader, call, figure))
        if values is None:
            continue
        got = measured(values, what)
        met = got <= limit if sense == "<=" else got >= limit
        yield (call, reader, UNITS[figure], *(number(values.get(s)) for s in STACKS),
               f"{what} {number(got)}", f"{'≤' if sense == '<=' else '≥'} {limit}",
               "yes" if met else "NO")


HEAD = ("call", "reader", "figure", "ours", "pcscd", "libusb", "kernel", "measured", "goal",
        "reached")


def print_text(rows):
    lines = [HEAD, *goal_lines(rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEAD))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())


def print_markdown(rows):
    print("| " + " | ".join(HEAD) + " |")
    print("|" + " --- |" * len(HEAD))
    for line in goal_lines(rows):
        print("| " + " | ".join(line) + " |")


def compared(old, new):
    """Return (name, value, as good as committed?) for figures that do not depend on time."""
    for key, values in new.items():
        reader, call, figure = key
        then = old.get(key)
        if not then:
            continue
        if figure in COUNTS:
            now = values["ours"]
            yield (f"{reader}, {call}: {figure} of ours {now:.2f}, committed {then['ours']:.2f}",
                   f"pcscd {number(values.get('pcscd'))}", now <= then["ours"] + NOISE)
        if figure != "instructions":
            continue
        for stack in STACKS[1:]:
            now, was = ratio(values, "ours", stack), ratio(then, "ours", stack)
            if now is None or was is None:
                continue
            yield (f"{reader}, {call}: instructions of ours / {stack} {now:.3f}, committed {was:.3f}",
                   f"ours {values['ours']:.0f}, {stack} {values[stack]:.0f};"
                   f" committed {then['ours']:.0f}, {then[stack]:.0f}", now <= was * BEHIND)


def compare(old, new):
    tap = Tap()
    for what, how, good in compared(old, new):
        tap.result(good, what, [] if good else [how])
    return tap.end()


def main():
    command, paths = sys.argv[1], sys.argv[2:]
    if command == "tsv":
        print_tsv(derive(read_raw(paths)))
    elif command == "text":
        print_text(read_table(paths[0]))
    elif command == "markdown":
        print_markdown(read_table(paths[0]))
    elif command == "compare":
        return compare(read_table(paths[0]), read_raw(paths[1:]))
    return 0


sys.exit(main())
