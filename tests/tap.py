# SPDX-License-Identifier: GPL-2.0-or-later
"""TAP for the tests that are Python programs."""


class Tap:
    def __init__(self):
        self.count = self.failed = 0

    def result(self, good, name, notes=()):
        """Print one result; notes are lines about a failure."""
        self.count += 1
        self.failed += not good
        for note in notes:
            print("# " + str(note).strip().replace("\n", "\n# "))
        print(f"{'ok' if good else 'not ok'} {self.count} - {name}", flush=True)

    def end(self):
        """Print the plan; the result is the program's status."""
        print(f"1..{self.count}")
        return 1 if self.failed or not self.count else 0
