#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""profile.py RAW COUNT: instructions a call takes, by function

RAW is the output of tests/bench/guest (part "profile"), COUNT that of the plugin count.c.
"""
import bisect
import collections
import re
import subprocess
import sys

SHOWN = 40


class Symbols:
    """Map addresses to names."""

    def __init__(self, pairs):
        pairs = sorted(set(pairs))
        self.addresses = [address for address, _ in pairs]
        self.names = [name for _, name in pairs]

    def find(self, address):
        i = bisect.bisect_right(self.addresses, address) - 1
        return self.names[i] if i >= 0 else None


def kernel_symbols(lines):
    pairs = []
    for line in lines:
        words = line.split()
        if words[1] in "tTwW":
            module = words[3].strip("[]") if len(words) > 3 else "vmlinux"
            pairs.append((int(words[0], 16), (module, words[2])))
    return Symbols(pairs)


def file_symbols(path):
    """Offsets in the file's memory image; a stripped library has only its exports."""
    pairs = []
    for option in ([], ["-D"]):
        text = subprocess.run(["nm", "--defined-only", *option, path], check=False,
                              capture_output=True, text=True).stdout
        for line in text.splitlines():
            words = line.split()
            if len(words) == 3 and words[1] in "tTwWi":
                pairs.append((int(words[0], 16), words[2].split("@")[0]))
    return Symbols(pairs)


class Call:
    """One profiled call: stack, reader, name, number of rounds; addresses of code"""

    def __init__(self, words):
        self.stack, self.reader, self.name = words[:3]
        self.rounds = int(words[3])
        self.maps = []
        self.counts = collections.Counter()

    def add_map(self, line):
        match = re.match(r"([0-9a-f]+)-([0-9a-f]+) \S+ ([0-9a-f]+) \S+ \S+ +(/.*)", line)
        if match:
            start, end, offset = (int(match[i], 16) for i in (1, 2, 3))
            self.maps.append((start, end, offset, match[4]))


def name_of(address, call, kernel, files):
    if address >> 63:
        return kernel.find(address) or ("vmlinux", "?")
    for start, end, offset, path in call.maps:
        if start <= address < end:
            if path not in files:
                files[path] = file_symbols(path)
            name = files[path].find(address - start + offset) or "?"
            return path.rpartition("/")[2], name
    return "other programs", "-"


def read(raw, count):
    # the names of modules come at the end of their part
    calls, symbols, kernels = [], [], {}
    with open(raw, encoding="utf-8") as lines:
        for line in lines:
            what, _, rest = line.rstrip("\n").partition(" ")
            if what == "profile":
                calls.append(Call(rest.split()))
            elif what == "map":
                calls[-1].add_map(rest)
            elif what == "symbol":
                symbols.append(rest)
            elif what == "symbols-end":
                for call in calls:
                    kernels.setdefault(call, kernel_symbols(symbols))
                symbols = []
    files = {}
    with open(count, encoding="ascii") as lines:
        for line in lines:
            words = line.split()
            if words[:1] == ["block"]:
                call = calls[int(words[1])]
                name = name_of(int(words[2], 16), call, kernels[call], files)
                call.counts[name] += int(words[3])
    return calls


def show(call):
    total = sum(call.counts.values()) / call.rounds
    print(f"\n{call.stack}, {call.reader}: {call.name}: {total:.0f} instructions")
    places = collections.Counter()
    for (place, _), count in call.counts.items():
        places[place] += count
    print("  " + ", ".join(f"{place} {count / call.rounds:.0f}"
                           for place, count in places.most_common()))
    for (place, name), count in call.counts.most_common(SHOWN):
        print(f"  {count / call.rounds:8.1f}  {place:16} {name}")


def main():
    for call in read(sys.argv[1], sys.argv[2]):
        show(call)


main()
