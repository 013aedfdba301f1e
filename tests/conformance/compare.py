#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""usage: compare.py [--update] PCSCD.TSV OURS.TSV [NAME...]
       compare.py --render

Compare the results of the conformance program on both stacks, case by case, with
differences.tsv (case, result on pcscd, result here, reason) and reasons.tsv (reason,
kind, text). A result that depends on timing with pcscd may be several results, separated
by " || ", and ours may be any of them. Prints TAP: a test for each subject, and some for
the whole.

--update writes differences.tsv anew, with ? where a reason is missing.
--render prints both tables for people to read.
"""

import os
import sys
from collections import Counter

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from tap import Tap  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
TABLE = os.path.join(HERE, "differences.tsv")
DOCUMENT = os.path.join(HERE, "../../lib/docs/differences.md")
REASONS = os.path.join(HERE, "reasons.tsv")
KINDS = {
    "project rule": "the purpose of this project: reset the card of a process that ends, one user at a time",
    "windows rule": "as documented for Windows",
    "pcsc-lite bug": "pcsc-lite does not do what it says",
    "newer pcsc-lite": "pcsc-lite 2 does the same; the comparison is with 1.9.9",
    "better": "the API does not require it",
}
HEADER = """# Results of programs that differ between pcscd 1.9.9 with libccid 1.5.2 and this project:
# case, there, here, reason (of reasons.tsv). " || ": there, either may occur.
"""
WANTED = 300
EITHER = " || "
NOTHING = "(nothing)"


def results(path):
    """Return {case: result} and the cases that have two results."""
    out, twice = {}, []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            name, _, result = line.rstrip("\n").partition("\t")
            if name in out:
                twice.append(name)
            out[name] = result
    return out, twice


def rows_of(path):
    if not os.path.exists(path):
        return
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            if not line.startswith("#") and line.strip():
                yield line.rstrip("\n").split("\t")


def table():
    """Return {case: (there, here, reason)} of differences.tsv."""
    return {name: (there, here, reason) for name, there, here, reason in rows_of(TABLE)}


def reasons():
    """Return {reason: (kind, text)} of reasons.tsv."""
    return {name: (kind, text) for name, kind, text in rows_of(REASONS)}


def selected(name, wanted):
    return not wanted or any(name.startswith(w) for w in wanted)


def subject(name):
    return name.split("/")[0]


def either(results_there):
    return results_there.split(EITHER)


def differences(names, there, here):
    """Return {case: (there, here)} of the cases that differ."""
    out = {}
    for name in names:
        pair = (there.get(name, NOTHING), here.get(name, NOTHING))
        if pair[0] != pair[1]:
            out[name] = pair
    return out


def fault_of(name, pair, row):
    """Return the error of a case, or None. @pair: the results; @row: the row of the table"""
    if not pair and not row:
        return None
    if not row:
        return f"{name}: not in differences.tsv: there {pair[0]!r}, here {pair[1]!r}"
    if not pair:
        # the result here is one of the results seen there
        if row[1] in either(row[0]):
            return None
        return f"{name}: in differences.tsv, but it does not differ any more"
    if pair[0] not in either(row[0]) or pair[1] != row[1]:
        return f"{name}: there {pair[0]!r}, here {pair[1]!r}; differences.tsv: {row[0]!r}, {row[1]!r}"
    return None


def update(rows, found, wanted):
    """Return the table with the present results; keep the known alternatives."""
    new = {name: row for name, row in rows.items() if not selected(name, wanted) or EITHER in row[0]}
    for name, (there, here) in found.items():
        old = rows.get(name, ("", "", "?"))
        if EITHER in old[0]:
            there = old[0] if there in either(old[0]) else old[0] + EITHER + there
        new[name] = (there, here, old[2])
    new = dict(sorted(new.items()))
    with open(TABLE, "w", encoding="utf-8") as out:
        out.write(HEADER)
        for name, row in new.items():
            out.write("\t".join((name,) + row) + "\n")
    return new


def render(rows, why):
    """Return a document for people: each reason, with its cases."""
    out = """# Differences from pcsc-lite

<!-- made by tests/conformance/compare.py --render; do not edit -->

The same test program ran on pcscd 1.9.9 with libccid 1.5.2 and on this project, with the same
virtual reader, and printed the result of each call. This document lists the results that
differ, and why. The cases are those of tests/conformance.
"""
    for kind, meaning in KINDS.items():
        out += f"\n## {kind[0].upper() + kind[1:]}: {meaning}\n"
        for reason, (its_kind, text) in why.items():
            if its_kind != kind:
                continue
            out += f"\n{text}\n\n| case | pcscd | here |\n| --- | --- | --- |\n"
            for name, row in rows.items():
                if row[2] == reason:
                    cells = [name, " or ".join(either(row[0])), row[1]]
                    out += "| " + " | ".join(c.replace("|", "\\|").strip() for c in cells) + " |\n"
    return out


def main():
    args = sys.argv[1:]
    rows, why = table(), reasons()
    if args == ["--render"]:
        print(render(rows, why), end="")
        return 0
    updates = args[:1] == ["--update"]
    there_path, here_path, *wanted = args[updates:]
    there, there_twice = results(there_path)
    here, here_twice = results(here_path)
    names = list(there) + [name for name in here if name not in there]
    names += [name for name in rows if name not in there and name not in here and selected(name, wanted)]
    found = differences(names, there, here)
    if updates:
        rows = update(rows, found, wanted)

    tap = Tap()

    def test(name, faults):
        tap.result(not faults, name, faults)

    for theme in dict.fromkeys(subject(name) for name in names):
        mine = [name for name in names if subject(name) == theme]
        faults = [fault_of(name, found.get(name), rows.get(name)) for name in mine]
        differ = sum(name in found for name in mine)
        test(f"{theme}: {len(mine)} cases, {differ} differ, as the table says",
                 [fault for fault in faults if fault])
    test("every difference has a reason, every reason a difference",
             [f"{name}: {row[2]}" for name, row in rows.items() if row[2] not in why] +
             [f"{name}: no such kind" for name, (kind, _) in why.items() if kind not in KINDS] +
             [f"{name}: no case" for name in why if name not in {row[2] for row in rows.values()}])
    with open(DOCUMENT, encoding="utf-8") as document:
        test("lib/docs/differences.md is made of these tables",
                 [] if document.read() == render(rows, why) else ["compare.py --render makes another"])
    test("no case has a name twice", sorted(set(there_twice + here_twice)))
    test("every case can be brought about with ours, and comes to its end",
             [f"{name}: {result}" for name, result in here.items()
              if name.endswith("/cannot") or "hangs" in result])
    if not wanted:
        cases = Counter(subject(name) for name in names)
        enough = sum(cases.values()) - cases["errors"] > WANTED
        test(f"there are more than {WANTED} cases, besides the texts of errors",
                 [] if enough else [str(dict(cases))])
    return tap.end()


sys.exit(main())
