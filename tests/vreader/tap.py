# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of vreader share: a list of tests, TAP, and short ways to say what is expected."""
import os
import re
import sys
import traceback

from usbhost import Host, TOP

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
    chosen = [t for t in TESTS if not sys.argv[1:] or any(a in t[0] for a in sys.argv[1:])]
    print("1..%d" % len(chosen))
    bad = 0
    for n, (name, fn) in enumerate(chosen, 1):
        try:
            fn()
            print("ok %d - %s" % (n, name), flush=True)
        except Exception:  # whatever it is, the test has failed
            bad += 1
            print("# " + traceback.format_exc().strip().replace("\n", "\n# "))
            print("not ok %d - %s" % (n, name), flush=True)
    return 1 if bad else 0
