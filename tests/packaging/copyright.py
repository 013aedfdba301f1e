#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare debian/copyright with the licences that the files name.

usage: copyright.py

Print each tracked file whose SPDX-License-Identifier, in its first lines, is not the licence of
its last matching paragraph in debian/copyright, each pattern there without a file, and each
licence without a text.
"""

import fnmatch
import re
import subprocess
import sys

NAMES = {
    "FSFAP": "FSFAP",
    "GPL-2.0": "GPL-2",
    "GPL-2.0-or-later": "GPL-2+",
    "LGPL-2.1-or-later": "LGPL-2.1+",
    "GPL-2.0 WITH Linux-syscall-note": "GPL-2 with Linux-syscall-note exception",
    "((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)":
        "GPL-2 with Linux-syscall-note exception or BSD-3-clause",
}
IDENTIFIER = re.compile(r"^(?:/\*|//|#|\.\\\"|;|--|<!--|dnl)? ?SPDX-License-Identifier: (.*?)(?: ?(?:\*/|-->))?$")


def paragraphs(text):
    """Yield a dictionary for each paragraph; values keep their lines."""
    for part in re.split(r"\n\s*\n", text.strip()):
        fields, name = {}, None
        for line in part.splitlines():
            if line[0] in " \t":
                fields[name] += "\n" + line
            else:
                name, value = line.split(":", 1)
                fields[name] = value.strip()
        yield fields


def identifier(name):
    """The SPDX identifier in the first five lines, or None."""
    with open(name, encoding="utf-8", errors="replace") as file:
        for line in [file.readline().rstrip("\n") for _ in range(5)]:
            found = IDENTIFIER.match(line)
            if found:
                return found.group(1).strip()
    return None


def main():
    tracked = subprocess.run(["git", "ls-files"], check=True, capture_output=True, text=True).stdout.split("\n")
    with open("debian/copyright", encoding="utf-8") as file:
        said = list(paragraphs(file.read()))
    header, said = said[0], said[1:]
    wrong = [] if "Format" in header else ["no Format"]
    files = [(part["Files"].split(), part["License"].split("\n")[0]) for part in said if "Files" in part]
    texts = {part["License"].split("\n")[0] for part in said if "Files" not in part}
    texts |= {part["License"].split("\n")[0] for part in said if "\n" in part["License"]}
    for _, licence in files:
        wrong += [f"no text of {name}" for name in licence.split(" or ") if name not in texts]
    used, count = set(), 0
    for name in filter(None, tracked):
        licence = None
        for patterns, of_these in files:
            for pattern in patterns:
                if fnmatch.fnmatchcase(name, pattern):
                    licence = of_these
                    used.add(pattern)
        spdx = identifier(name)
        if spdx:
            count += 1
            if NAMES.get(spdx) != licence:
                wrong.append(f"{name}: {spdx}, but {licence} in debian/copyright")
    wrong += [f"no file {pattern}" for patterns, _ in files for pattern in patterns if pattern not in used]
    if count < 500:
        wrong.append(f"only {count} files name a licence")
    print("\n".join(wrong), end="\n" if wrong else "")
    sys.exit(bool(wrong))


main()
