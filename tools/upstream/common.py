# SPDX-License-Identifier: GPL-2.0-or-later
"""Files and commands, for the programs beside this file."""

import subprocess
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
BRANCH = "scard"


class Failure(Exception):
    """The user is told, without a trace."""


def read(path):
    return Path(path).read_text(encoding="utf-8")


def write(path, text):
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def run(command, directory, text=None):
    """Status and output, both streams, of a command."""
    done = subprocess.run([str(word) for word in command], cwd=directory, input=text, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace", check=False)
    return done.returncode, done.stdout


def git(root, *words, text=None):
    status, output = run(["git", "-c", "gc.auto=0", *words], root, text)
    if status:
        raise Failure(f"git {words[0]}: {output.strip()}")
    return output
