#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""usage: compare.py [--update] PCSCD.TSV OURS.TSV [NAME...]
       compare.py --render

Compare the results of the conformance program on both stacks, case by case, with
differences.tsv (case, result on pcscd, result here, reason) and reasons.tsv (reason,
kind, text). A result that depends on timing with pcscd may be several results, separated
by " || ", and ours may be any of them. Prints TAP: a test for each subject, and some for
the whole.

differences.tsv is that of pcsc-lite 1.9.9. The version of the pcscd that ran is in the file
pcscd.version beside PCSCD.TSV; for 2.3.3, differences-2.3.tsv has the rows that take the place
of those in differences.tsv. There, "same" instead of results says that a case does not differ.

--update writes the version's table anew, with ? where a reason is missing.
--render prints the tables for people to read.
"""

import glob
import os
import re
import sys
from collections import Counter

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from tap import Tap  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
TABLE = os.path.join(HERE, "differences.tsv")
LATER = os.path.join(HERE, "differences-%s.tsv")
DOCUMENT = os.path.join(HERE, "../../lib/docs/differences.md")
REASONS = os.path.join(HERE, "reasons.tsv")
KINDS = {
    "project rule": "the purpose of this project: reset the card of a process that ends, one user at a time",
    "windows rule": "as documented for Windows",
    "pcsc-lite bug": "pcsc-lite does not do what it says",
    "newer pcsc-lite": "pcsc-lite 2 does the same, 1.9.9 does not",
    "better": "the API does not require it",
}
HEADER = """# Results of programs that differ between pcscd 1.9.9 with libccid 1.5.2 and this project:
# case, there, here, reason (of reasons.tsv). " || ": there, either may occur.
"""
LATER_HEADER = """# What differs from differences.tsv with pcscd %s: case, there, here, reason; or case, same.
"""
SAME = ("same", "same", "")
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


def table(path=TABLE):
    """Return {case: (there, here, reason)} of differences.tsv, or of a later version's table."""
    return {name: SAME if row == ["same"] else tuple(row) for name, *row in rows_of(path)}


def later_tables():
    """Return {series: table} of the tables that differ from differences.tsv."""
    paths = sorted(glob.glob(LATER % "*"))
    return {re.search(r"-([0-9.]+)\.tsv$", path)[1]: table(path) for path in paths}


def series_of(path):
    """Return what of the version names its table (2.3 of 2.3.3), or None for differences.tsv."""
    with open(os.path.join(os.path.dirname(path), "pcscd.version"), encoding="utf-8") as version:
        series = ".".join(version.read().strip().split(".")[:2])
    return None if series == "1.9" else series


def merged(rows, later):
    """Return the rows of differences.tsv with those of a later version in their place."""
    return {name: row for name, row in sorted({**rows, **later}.items()) if row != SAME}


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
    return dict(sorted(new.items()))


def later_of(rows, new):
    """Return what a later version's table has, of all rows for that version."""
    names = sorted(set(rows) | set(new))
    return {name: new.get(name, SAME) for name in names if new.get(name, SAME) != rows.get(name, SAME)}


def write(path, header, rows):
    with open(path, "w", encoding="utf-8") as out:
        out.write(header)
        for name, row in rows.items():
            out.write("\t".join((name,) + (("same",) if row == SAME else row)) + "\n")


def cell(text):
    return text.replace("|", "\\|").strip()


def render(rows, later, why):
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
                    out += "| " + " | ".join(cell(c) for c in cells) + " |\n"
    for series, its_rows in later.items():
        out += f"\n## With pcsc-lite {series}\n"
        same = [name for name, row in its_rows.items() if row == SAME]
        out += "\nThe same results, without a difference: " + ", ".join(same) + ".\n" if same else ""
        out += "\nOther results:\n\n| case | pcscd | here | reason |\n| --- | --- | --- | --- |\n"
        for name, row in its_rows.items():
            if row != SAME:
                cells = [name, " or ".join(either(row[0])), row[1], why[row[2]][1] if row[2] in why else "?"]
                out += "| " + " | ".join(cell(c) for c in cells) + " |\n"
    return out


def main():
    args = sys.argv[1:]
    first, later, why = table(), later_tables(), reasons()
    if args == ["--render"]:
        print(render(first, later, why), end="")
        return 0
    updates = args[:1] == ["--update"]
    there_path, here_path, *wanted = args[updates:]
    there, there_twice = results(there_path)
    here, here_twice = results(here_path)
    series = series_of(there_path)
    rows = merged(first, later.get(series, {}))
    names = list(there) + [name for name in here if name not in there]
    names += [name for name in rows if name not in there and name not in here and selected(name, wanted)]
    found = differences(names, there, here)
    if updates:
        rows = update(rows, found, wanted)
        if series:
            later[series] = later_of(first, rows)
            write(LATER % series, LATER_HEADER % series, later[series])
        else:
            first = rows
            write(TABLE, HEADER, rows)

    tap = Tap()

    def test(name, faults):
        tap.result(not faults, name, faults)

    for theme in dict.fromkeys(subject(name) for name in names):
        mine = [name for name in names if subject(name) == theme]
        faults = [fault_of(name, found.get(name), rows.get(name)) for name in mine]
        differ = sum(name in found for name in mine)
        test(f"{theme}: {len(mine)} cases, {differ} differ, as the table says",
                 [fault for fault in faults if fault])
    used = [(name, row[2]) for all_rows in (first, *later.values()) for name, row in all_rows.items()
            if row != SAME]
    test("every difference has a reason, every reason a difference",
             [f"{name}: {reason}" for name, reason in used if reason not in why] +
             [f"{name}: no such kind" for name, (kind, _) in why.items() if kind not in KINDS] +
             [f"{name}: no case" for name in why if name not in {reason for _, reason in used}])
    with open(DOCUMENT, encoding="utf-8") as document:
        test("lib/docs/differences.md is made of these tables",
                 [] if document.read() == render(first, later, why) else ["compare.py --render makes another"])
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
