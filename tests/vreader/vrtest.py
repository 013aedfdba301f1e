# SPDX-License-Identifier: GPL-2.0-or-later
"""Shared by the tests of vreader: the list of tests, and short ways to say what is expected of
CCID messages (bStatus, bError, bmCommandStatus) and T=1 blocks."""
import os
import re
import sys
import traceback

from usbhost import Host, TOP

sys.path.insert(0, os.path.join(TOP, "tests"))
from tap import Tap  # noqa: E402

TESTS = []
ROWS = os.path.join(TOP, "tests", "vreader", "readers.tsv")


def test(name):
    def keep(fn):
        TESTS.append((name, fn))
        return fn
    return keep


def hx(text):
    return bytes.fromhex(text.replace(" ", ""))


def same(got, want, what="value"):
    if got != want:
        raise AssertionError("%s: got %r, want %r" % (what, got, want))


def data(reply, status=0):
    """The data of a good answer."""
    same(reply[1], status, "bStatus (bError %02x)" % reply[2])
    return reply[4]


def failed(reply, error, icc=None):
    same(reply[1] & 0xC0, 0x40, "bmCommandStatus")
    same(reply[2], error, "bError")
    if icc is not None:
        same(reply[1] & 3, icc, "bmICCStatus")


def t1(pcb, inf=b"", nad=0):
    block = bytes([nad, pcb, len(inf)]) + inf
    lrc = 0
    for b in block:
        lrc ^= b
    return block + bytes([lrc])


def t1_params(ifsc=254):
    return hx("11 10 00 45 00") + bytes([ifsc, 0])


def clean(h, status=0):
    """Ends the vreader, which must have seen no broken rule."""
    same(h.close(), status, "exit status, standard error: " + h.stderr)


def broken(h, text):
    """Ends the vreader, which must have seen exactly one broken rule."""
    same(len(h.ctl_list("violations")), 1, "violations")
    same(h.close(), 2, "exit status")
    if not re.search("violation: .*" + text, h.stderr):
        raise AssertionError("no violation %r in %r" % (text, h.stderr))


def apdu(h, text, timeout=5.0):
    return data(h.xfr(hx(text), timeout=timeout))


def tpdu(*args):
    h = Host("--profile", "tpdu", *args)
    data(h.power_on(volt=0))
    return h


def t1_reader(*args):
    h = tpdu(*args)
    same(h.command(0x61, t1_params(), p=b"\1\0\0")[3], 1)
    return h


def main():
    tap = Tap()
    for name, fn in TESTS:
        if sys.argv[1:] and not any(a in name for a in sys.argv[1:]):
            continue
        try:
            fn()
            tap.result(True, name)
        except Exception:  # of any kind: the test has failed
            tap.result(False, name, [traceback.format_exc()])
    return tap.end()
