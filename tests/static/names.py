#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
#
# usage: tests/static/names.py
#
# Comments and documents name functions as name() and files as name.c or by their path. Prints
# each name that is neither in the tree nor in the headers of the kernel and of the C library.
# In kernel/, a file without a path is in the directory of the comment, or below, and the words
# scard_*, ccid_* and pol_* occur in code.

import glob
import os
import re
import subprocess
import sys

CODE = (".c", ".h", ".S")
SCRIPTS = (".py", ".sh", ".mk", "Makefile", "Kbuild")
OTHERS = ["/usr/src", "/usr/include"]
FUNCTION = re.compile(r"\b([A-Za-z_]\w+)\(\)")
FILE = re.compile(r"(?<![\w.<*%/-])((?:\w[\w-]*/)*\w[\w-]*\.(?:c|h|md|py))\b(?!\w)")
PATH = re.compile(r"(?<![\w./$*<{-])((?:\.ci|debian|include|kernel|lib|tests|tools)/[\w./*-]*[\w*])")
WORD = re.compile(r"\b((?:scard|ccid|pol)_\w*[A-Za-z0-9])\b(?!\*|_)")
QUOTED = re.compile(r"`((?:scard|ccid|pol)_\w*[A-Za-z0-9])(?:\(\))?`")
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
STRING = re.compile(r'"(?:\\.|[^"\\\n])*"')
# functions and files of others that are in none of these headers
KNOWN = {"main", "name", "probe", "disconnect", "release", "daemon", "getdents"}
KNOWN_FILES = {"kselftest.h", "kselftest_harness.h", "vscard_common.h"}


def tracked():
    out = subprocess.run(["git", "ls-files"], check=True, capture_output=True, text=True).stdout
    return [f for f in out.splitlines() if os.path.isfile(f) and not os.path.islink(f)]


def text_of(name):
    with open(name, encoding="utf-8", errors="replace") as file:
        return file.read()


def is_script(name, text):
    return name.endswith(SCRIPTS) or ("." not in os.path.basename(name) and text.startswith("#!"))


def prose(name, text):
    """Yield (line, text) of comments and documents."""
    if name.endswith(CODE):
        for found in COMMENT.finditer(text):
            yield text.count("\n", 0, found.start()) + 1, found.group()
    elif is_script(name, text):
        for number, line in enumerate(text.splitlines(), 1):
            if line.lstrip().startswith("#"):
                yield number, line
    else:
        yield 1, text


def elsewhere(words):
    """Return the words that occur in headers of the kernel or of the C library."""
    if not words:
        return set()
    pattern = r"\b(" + "|".join(sorted(words)) + r")\b"
    out = subprocess.run(["grep", "-rhowE", "--include=*.h", pattern] + OTHERS,
                         capture_output=True, text=True).stdout
    return set(out.split())


def path_exists(word):
    """The path may be a pattern or a program without its suffix; upper case is a placeholder."""
    return (glob.glob(word) or glob.glob(word + ".c") or word.startswith("tools/testing/") or
            any(part.isupper() for part in word.split("/")))


def main():
    files = tracked()
    names = {os.path.basename(f) for f in files}
    code, said = set(), []
    for name in files:
        text = text_of(name)
        if name.endswith(CODE + SCRIPTS) or "." not in os.path.basename(name):
            code |= set(re.findall(r"\w+", STRING.sub(" ", COMMENT.sub(" ", text))))
    for name in files:
        if not name.startswith(("kernel/", "include/", "lib/", "tools/", "README",
                                "tests/")) or name.startswith("tests/static/"):
            continue
        text = text_of(name)
        if not name.endswith(CODE + (".md",)) and "/man/" not in name and not is_script(name, text):
            continue
        words = WORD if name.startswith("kernel/") and name.endswith(CODE) else QUOTED
        for line, part in prose(name, text):
            for kind, pattern in (("path", PATH), ("word", words)):
                for found in pattern.finditer(part):
                    said.append((name, line + part.count("\n", 0, found.start()), kind,
                                 found.group(1)))
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
        elif kind == "word":
            wrong = word not in code
        elif kind == "path":
            wrong = not path_exists(word)
        elif "/" not in word and name.startswith("kernel/") and name.endswith(CODE) and word in names:
            below = os.path.dirname(name) + "/"
            wrong = not any(f.startswith(below) and f.endswith("/" + word) for f in files)
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
