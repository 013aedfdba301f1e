#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
#
# usage: tests/static/names.py
#
# Comments and documents name functions as name() and files as name.c. Prints each that
# is neither in the tree nor, for what belongs to others, in the headers of the kernel
# and of the C library.

import os
import re
import subprocess
import sys

CODE = (".c", ".h", ".S")
SCRIPTS = (".py", ".sh", ".mk", "Makefile", "Kbuild")
OTHERS = ["/usr/src", "/usr/include"]
FUNCTION = re.compile(r"\b([A-Za-z_]\w+)\(\)")
FILE = re.compile(r"(?<![\w.<*%/-])((?:\w[\w-]*/)*\w[\w-]*\.(?:c|h|md|py))\b(?!\w)")
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
STRING = re.compile(r'"(?:\\.|[^"\\\n])*"')
# functions and files of others that are in none of these headers
KNOWN = {"main", "probe", "disconnect", "release", "daemon", "getdents"}
KNOWN_FILES = {"kselftest_harness.h", "vscard_common.h"}


def tracked():
    out = subprocess.run(["git", "ls-files"], check=True, capture_output=True, text=True).stdout
    return [f for f in out.splitlines() if os.path.isfile(f) and not os.path.islink(f)]


def text_of(name):
    with open(name, encoding="utf-8", errors="replace") as file:
        return file.read()


def prose(name, text):
    """(line, text) of what is meant for people"""
    if name.endswith(CODE):
        for found in COMMENT.finditer(text):
            yield text.count("\n", 0, found.start()) + 1, found.group()
    elif name.endswith(SCRIPTS):
        for number, line in enumerate(text.splitlines(), 1):
            if line.lstrip().startswith("#"):
                yield number, line
    else:
        yield 1, text


def elsewhere(words):
    """Those of the words that the kernel's or the C library's headers have"""
    if not words:
        return set()
    pattern = r"\b(" + "|".join(sorted(words)) + r")\b"
    out = subprocess.run(["grep", "-rhowE", "--include=*.h", pattern] + OTHERS,
                         capture_output=True, text=True).stdout
    return set(out.split())


def main():
    files = tracked()
    names = {os.path.basename(f) for f in files}
    code, said = set(), []
    for name in files:
        text = text_of(name)
        if name.endswith(CODE + SCRIPTS) or "." not in os.path.basename(name):
            code |= set(re.findall(r"\w+", STRING.sub(" ", COMMENT.sub(" ", text))))
    for name in files:
        if not name.startswith(("kernel/", "include/", "lib/", "tools/", "README", "CONTRIBUTING",
                                "tests/")) or name.startswith("tests/static/"):
            continue
        if not name.endswith(CODE + SCRIPTS + (".md",)) and "/man/" not in name:
            continue
        text = text_of(name)
        for line, part in prose(name, text):
            for found in FUNCTION.finditer(part):
                said.append((name, line + part.count("\n", 0, found.start()), "function",
                             found.group(1)))
            for found in FILE.finditer(part):
                said.append((name, line + part.count("\n", 0, found.start()), "file",
                             found.group(1)))
    missing = {w for _, _, kind, w in said if kind == "function" and w not in code | KNOWN}
    missing -= elsewhere(missing)
    bad = False
    for name, line, kind, word in said:
        if kind == "function":
            wrong = word in missing
        elif "/" in word:
            wrong = not any(f == word or f.endswith("/" + word) for f in files)
        else:
            wrong = word not in names | KNOWN_FILES
        if wrong and kind == "file":
            wrong = not any(os.path.exists(os.path.join(d, word)) for d in
                            ("/usr/include", "/usr/include/linux", "/usr/include/PCSC"))
        if wrong:
            print(f"{name}:{line}: no {kind} {word}")
            bad = True
    sys.exit(bad)


main()
