#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Check the syntax of Yocto recipes: assignments, inherit, functions.

usage: bb.py RECIPE...

Print lines that are none of these, variables that a recipe must have and has not, functions that
sh does not accept, and licence files whose sums differ from LIC_FILES_CHKSUM.
"""

import hashlib
import re
import subprocess
import sys

ASSIGNMENT = re.compile(r'([A-Z][A-Za-z0-9_]*(?::[A-Za-z0-9_${}-]+|\[[a-z0-9]+\])*) *(?:\?\?=|\?=|:=|=\+|\+=|=\.|\.=|=) *"([^"]*)"')
WANTED = ("SUMMARY", "HOMEPAGE", "LICENSE", "LIC_FILES_CHKSUM", "PV", "SRC_URI", "S")


def parse(text):
    """Return variables, functions and wrong lines."""
    variables, functions, wrong = {}, {}, []
    lines = iter(text.splitlines())
    for line in lines:
        while line.endswith("\\") and not line.startswith("#"):
            line = line[:-1] + next(lines)
        if not line or line.startswith("#"):
            continue
        found = ASSIGNMENT.fullmatch(line)
        function = re.fullmatch(r"(?:python )?([a-z_]+)\(\) {", line)
        if found:
            variables[found.group(1)] = found.group(2)
        elif function:
            body = []
            for line in lines:
                if line == "}":
                    break
                body.append(line)
            else:
                wrong.append(f"{function.group(1)} has no end")
            functions[function.group(1)] = "\n".join(body)
        elif not re.fullmatch(r"inherit( [a-z_-]+)+", line):
            wrong.append(f"not understood: {line}")
    return variables, functions, wrong


def main():
    bad = False
    for name in sys.argv[1:]:
        with open(name, encoding="utf-8") as file:
            variables, functions, wrong = parse(file.read())
        wrong += [f"no {word}" for word in WANTED if word not in variables]
        wrong += [f"no function {word}" for word in ("do_compile", "do_install") if word not in functions]
        for function, body in functions.items():
            done = subprocess.run(["sh", "-n"], input=body, text=True, capture_output=True)
            wrong += [f"{function}: {done.stderr}"] if done.returncode else []
        for path, md5 in re.findall(r"file://(\S+);md5=([0-9a-f]+)", variables.get("LIC_FILES_CHKSUM", "")):
            with open(path, "rb") as file:
                if hashlib.md5(file.read()).hexdigest() != md5:
                    wrong.append(f"LIC_FILES_CHKSUM of {path} is another")
        for text in wrong:
            print(f"{name}: {text}")
            bad = True
    sys.exit(bad)


main()
