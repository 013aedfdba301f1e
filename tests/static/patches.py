#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Does tools/upstream/series fit the sources?

usage: patches.py OBJECTS

Each .c and .h of kernel/ is in the series once, and so is each suite of tests/unit that tests
them; a patch includes and calls only what it or an earlier one has (nm of the objects in OBJECTS);
subjects and bodies have the width that mail wants. Print what is wrong.
"""

import re
import sys
from collections import Counter
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP / "tools/upstream"), str(TOP / "tests/static")]

import graph  # noqa: E402
from series import Series  # noqa: E402

OWN_HEADERS = re.compile(r"linux/u?scard\w*\.h")


def complete(order):
    files = {str(path.relative_to(TOP)) for path in (TOP / "kernel").rglob("*.[ch]")
             if not path.name.endswith(".mod.c")}
    files |= {str(path.relative_to(TOP)) for path in (TOP / "include").rglob("*.h")}
    files |= {str(path.relative_to(TOP)) for path in (TOP / "tests/unit").glob("test_*.c")
              if "kunit_test_suite(" in path.read_text()}
    for name, count in Counter(name for name, _ in order).items():
        if count > 1:
            yield f"{name}: {count} times"
        if not (TOP / name).exists():
            yield f"{name}: there is no such file"
    for name in sorted(files - {name for name, _ in order}):
        yield f"{name}: in no patch"


def includes(name):
    """The files of ours that a file includes"""
    for quoted, found in re.findall(r'^#[ \t]*include[ \t]*(["<])([^">]*)[">]', (TOP / name).read_text(), re.M):
        if quoted == '"' and name.startswith("tests/"):
            # tap.h and fuzz.h are those of user space
            places = ("tests/unit", "tests/fuzz", "kernel/ccid/proto", "kernel/core")
            yield from (f"{place}/{found}" for place in places
                        if (TOP / place / found).exists() and found not in ("../tap.h", "fuzz.h"))
        elif quoted == '"':
            beside = (Path(name).parent / found).as_posix()
            yield beside if (TOP / beside).exists() else f"kernel/{found}"
        elif OWN_HEADERS.fullmatch(found):
            yield f"include/uapi/{found}"


def ordered(order, objects):
    number = dict(order)
    for name, patch in order:
        if name.startswith(("kernel/", "include/", "tests/unit/", "tests/fuzz/")) and name.endswith((".c", ".h")) and (TOP / name).exists():
            for other in includes(name):
                if number.get(other, patch + 1) > patch:
                    yield f"patch {patch}: {name} includes {other}, which comes later"
    paths = {str(path.relative_to(objects))[:-2]: path for path in objects.rglob("*.o")
             if not path.name.endswith(".mod.o")}
    calls = graph.dependencies(paths)
    for name, uses in calls.items():
        patch = number.get(f"kernel/{name}.c")
        for other, symbols in uses.items():
            if patch and number.get(f"kernel/{other}.c", 0) > patch:
                yield f"patch {patch}: {name}.c calls {' '.join(sorted(symbols))} of {other}.c, which comes later"
    if not any(calls.values()):
        yield f"{objects}: no objects"


def mail(patches):
    for number, patch in enumerate(patches, 1):
        if len(patch.subject) > 65:
            yield f"patch {number}: the subject has more than 65 characters"
        if not patch.body:
            yield f"patch {number}: no body"
        for line in patch.body.splitlines():
            if len(line) > 75:
                yield f"patch {number}: a line of the body has more than 75 characters"


def main():
    patches = Series(TOP / "tools/upstream").patches
    order = [(name, number) for number, patch in enumerate(patches, 1) for name, _ in patch.files]
    for line in [*complete(order), *ordered(order, Path(sys.argv[1])), *mail(patches)]:
        print(line)


if __name__ == "__main__":
    main()
