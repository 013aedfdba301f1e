# SPDX-License-Identifier: GPL-2.0-or-later
"""The files series and cover."""

from common import Failure, read


class Patch:
    """subject, body, files [(here, there or None)] and edits [name]"""

    def __init__(self, subject):
        self.subject = subject
        self.body = ""
        self.files = []
        self.edits = []


class Series:
    """patches in order, the cover letter, and the lists of the kernel that get them"""

    def __init__(self, directory):
        self.patches = []
        self.lists = []
        self.cover = read(directory / "cover").split("\n", 1)[1]	# without its licence
        text = [line for line in read(directory / "series").splitlines() if not line.startswith("#")]
        body = None
        for number, line in enumerate(text, 1):
            if line.startswith("=== "):
                self.patches.append(Patch(line[4:]))
                body = []
            elif body is not None and line == "---":
                self.patches[-1].body = "\n".join(body).strip()
                body = None
            elif body is not None:
                body.append(line)
            elif line.startswith("list "):
                self.lists.append(line[5:])
            elif line.startswith("edit "):
                self.patches[-1].edits.append(line[5:])
            elif line:
                here, _, there = line.partition(" -> ")
                if not self.patches or " " in here:
                    raise Failure(f"series: {line!r}")
                self.patches[-1].files.append((here, there or None))
        if body is not None:
            raise Failure("series: the last patch has no ---")

    def recipients(self):
        return [f"--to={self.lists[0]}", *(f"--cc={name}" for name in self.lists[1:])]
