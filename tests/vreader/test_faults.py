# SPDX-License-Identifier: GPL-2.0-or-later
"""vreaderctl fault: stall, nak, no-answer, garbage, babble, time extensions (bStatus, bError) and
the faults of T=1 blocks, on demand."""
import os
import struct
import time

from vrtest import apdu, clean, data, failed, hx, same, t1, t1_reader, test
from usbhost import Gone, Host


# Faults

def faulty(line, *args, card="echo"):
    h = Host("--card", card, *args)
    data(h.power_on())
    same(h.ctl_line("fault " + line), "OK", line)
    return h


def raw(h, size=65600):
    """An APDU, and the raw answer."""
    h.send(h.message(0x6F, hx("00b0000002")))
    return h.recv(size=size)


@test("faults: answers changed, cut, lengthened, doubled")
def _():
    good = hx("0001 9000")
    for line, check in (
            ("seq 3", lambda h, m: same(m[6], (h.bseq + 2) & 0xFF)),
            ("slot-no 1", lambda h, m: same(m[5], 1)),
            ("type 81", lambda h, m: same(m[0], 0x81)),
            ("length -1", lambda h, m: same(m[1:5], hx("03000000"))),
            ("length 70000", lambda h, m: same(m[1:5], struct.pack("<I", 70004))),
            ("status c3", lambda h, m: same(m[7], 0xC3)),
            ("error fb", lambda h, m: same((m[7], m[8], len(m)), (0x40, 0xFB, 10))),
            ("chain 10", lambda h, m: same(m[9], 0x10)),
            ("short 3", lambda h, m: same(len(m), 3)),
            ("long 5", lambda h, m: same((len(m), m[10:14]), (19, good))),
            ("pad 5", lambda h, m: same((len(m), m[14:]), (19, bytes(5)))),
            ("before 010203", lambda h, m: same((m, h.recv()[1][10:]), (hx("010203"), good))),
            ("after 010203", lambda h, m: same((m[10:], h.recv()[1]), (good, hx("010203")))),
            ("instead 010203", lambda h, m: same(m, hx("010203"))),
            ("garbage 33", lambda h, m: same(len(m), 33)),
            ("zlp", lambda h, m: same((m, h.recv()[1][10:]), (b"", good))),
            ("zlp-after", lambda h, m: same((m[10:], h.recv()[1]), (good, b""))),
            ("twice", lambda h, m: same(m, h.recv()[1])),
            ("stale", lambda h, m: same((m[0], h.recv()[1][10:]), (0x81, good))),
            ("merge", lambda h, m: same((m[7], m[20:]), (0x80, good)))):
        h = faulty(line)
        if line == "stale":
            data(h.command(0x65))
            h.ctl_line("fault clear")
            h.ctl_line("fault on XfrBlock stale")
            data(h.command(0x65))
        status, m = raw(h)
        same(status, 0, line)
        check(h, m)
        same(h.ctl_list("faults")[0].split()[0], "1", "struck")
        clean(h)


@test("faults: split gives each piece a transfer of its own")
def _():
    h = faulty("split 6")
    m = raw(h)[1]
    same([len(m), len(h.recv()[1]), len(h.recv()[1])], [6, 6, 2])
    clean(h)


@test("faults: stall, stall-out, babble")
def _():
    h = faulty("stall")
    same(raw(h)[0], -32)
    h.control(0x02, 1, 0, 0x81, b"")
    same(raw(h)[1][10:], hx("0001 9000"))
    h.ctl_line("fault stall-out")
    same(h.send(h.message(0x6F, hx("00b0000002"))), -32)
    h.control(0x02, 1, 0, 0x01, b"")
    same(raw(h)[1][10:], hx("0001 9000"))
    h.ctl_line("fault babble")
    same(raw(h)[0], -75)
    same(raw(h)[1][10:], hx("0001 9000"))
    clean(h)


@test("faults: no answer until aborted, late answer, NAK")
def _():
    h = faulty("no-answer")
    h.send(h.message(0x6F, hx("00b0000002")))
    pending = h.submit(1, 512)
    h.silent(pending)
    seq = h.bseq
    h.control(0x21, 1, seq << 8, 0, b"")
    h.send(h.message(0x72))
    same(h.wait(pending)[1][0], 0x81)
    h.ctl_line("fault delay 150")
    start = time.monotonic()
    same(raw(h)[1][10:], hx("0001 9000"))
    if time.monotonic() - start < 0.14:
        raise AssertionError("not late")
    h.ctl_line("fault nak 150")
    start = time.monotonic()
    same(raw(h)[1][10:], hx("0001 9000"))
    if time.monotonic() - start < 0.14:
        raise AssertionError("not late")
    h.ctl_line("fault nak 0")
    stuck = h.submit(1, h.message(0x65))
    h.silent(stuck)
    same(h.unlink(stuck)[0], -104)
    clean(h)


@test("faults: time extensions, a few and for ever")
def _():
    h = faulty("extend 3 20")
    same(data(h.command(0x6F, hx("00b0000002"))), hx("0001 9000"))
    same(h.extensions, 3)
    h.ctl_line("fault extend 0 10")
    h.send(h.message(0x6F, hx("00b0000002")))
    for _ in range(20):
        same(h.recv()[1][7], 0x80)
    same(h.ctl_line("wait busy"), "OK")
    seq = h.bseq
    h.control(0x21, 1, seq << 8, 0, b"")
    h.send(h.message(0x72))
    while h.recv()[1][0] != 0x81:
        pass
    clean(h)


@test("faults: interrupt storm, hardware error, any notification")
def _():
    h = faulty("storm 3")
    same(h.wait(h.submit(2, 8, direction_in=True))[1], hx("50 03"), "the card")
    seqs = [h.submit(2, 8, direction_in=True) for _ in range(4)]
    raw(h)
    same([h.done(seq)[1][0] for seq in seqs[:3]], [0x50] * 3)
    same(h.done(seqs[3]), None, "a fourth one")
    clean(h)
    for line, want in (("hw-error 01", "51 00 01 01"), ("notify 50ffff", "50ffff")):
        h = faulty(line)
        h.wait(h.submit(2, 8, direction_in=True))
        seq = h.submit(2, 8, direction_in=True)
        raw(h)
        same(h.done(seq)[1], hx(want))
        clean(h)


@test("control: any notification, beside no answer")
def _():
    h = Host("--card", "echo")
    h.wait(h.submit(2, 8, direction_in=True))
    seq = h.submit(2, 8, direction_in=True)
    same(h.ctl_line("notify 5002"), "OK")
    same(h.wait(seq)[1], hx("50 02"))
    same(h.ctl_line("notify"), "ERR notify HEX")
    same(h.ctl_line("notify 500"), "ERR notify HEX")
    same(h.ctl_line("notify 505050505050505050"), "ERR notify HEX")
    clean(h)


@test("faults: unplugged before the answer, and in it")
def _():
    for n in (0, 1, 5, 13):
        h = faulty("unplug %d" % n)
        try:
            raw(h)
            raise AssertionError("it answered")
        except Gone:
            got = len(h.buf)
        if n:
            same(got, 48 + n, "bytes of the answer")
        same(h.ctl_line("wait gone"), "OK")
        h.ctl_line("quit")
        clean(h)


@test("faults: card removed, card swapped")
def _():
    h = faulty("remove")
    m = raw(h)[1]
    same((m[7], m[8]), (0x42, 0xFE))
    clean(h)
    h = faulty("swap")
    m = raw(h)[1]
    same((m[7], m[8]), (0x41, 0xFE))
    clean(h)


@test("faults: the card's own, at APDU level")
def _():
    for line, error in (("card mute", 0xFE), ("card parity", 0xFD), ("card lrc", 0xFD), ("card proc 12", 0xF4)):
        h = faulty(line)
        m = raw(h)[1]
        same((m[7], m[8]), (0x40, error), line)
        same(raw(h)[1][10:], hx("0001 9000"))
        clean(h)
    h = faulty("card wtx 7")
    m = raw(h)[1]
    same((m[7], m[8]), (0x80, 7))
    same(h.recv()[1][10:], hx("0001 9000"))
    clean(h)


@test("faults: the card's own, in T=1")
def _():
    good = t1(0, hx("63c3"))
    cmd = t1(0, hx("00200001"))
    bad = bytearray(good)
    bad[-1] ^= 0x55
    for line, first, then in (
            ("card lrc", bytes(bad), (t1(0x81), good)), ("card seq", t1(0x40, hx("63c3")), (t1(0x82), good)),
            ("card nad", t1(0, hx("63c3"), 0x21), (t1(0x82), good)),
            ("card rblock", t1(0x82), (cmd, good)), ("card wtx 9", t1(0xC3, b"\x09"), (t1(0xE3, b"\x09"), good)),
            ("card ifs 40", t1(0xC1, b"\x28"), (t1(0xE1, b"\x28"), good)),
            ("card abort", t1(0xC2), (t1(0xE2), t1(0x90)))):
        h = t1_reader("--card", "iso,t=1")
        h.ctl_line("fault " + line)
        same(apdu(h, cmd.hex()), first, line)
        same(apdu(h, then[0].hex()), then[1], line)
        clean(h)
    h = t1_reader("--card", "iso,t=1")
    h.ctl_line("fault card resynch")
    for _ in range(3):
        same(apdu(h, cmd.hex()), t1(0x82))
    same(apdu(h, t1(0xC0).hex()), t1(0xE0))
    same(apdu(h, cmd.hex()), good)
    h.ctl_line("fault card mute")
    failed(h.xfr(t1(0x40, hx("00200001"))), 0xFE)
    same(apdu(h, t1(0x82 | 0x10).hex()), t1(0x40, hx("63c3")), "the lost answer, again")
    clean(h)


@test("faults: when, on, slot, ins; scenario file; random ones replay with the seed")
def _():
    h = Host("--card", "echo")
    data(h.power_on())
    for line in ("at 2 on XfrBlock ins B0 error 01", "every 3 on GetSlotStatus error 02", "from 3 ins B1 error 03"):
        same(h.ctl_line("fault " + line), "OK")
    same([h.xfr(hx("00b0000001"))[2] for _ in range(3)], [0, 1, 0])
    same([h.command(0x65)[2] for _ in range(6)], [0, 0, 2, 0, 0, 2])
    same([h.xfr(hx("00b1000001"))[2] for _ in range(4)], [0, 0, 3, 3])
    for line in ("nonsense", "at 0 stall", "on Nothing stall", "delay", "card lrc 5", "random 1 stall", "stall 1"):
        if not h.ctl_line("fault " + line).startswith("ERR"):
            raise AssertionError("taken: " + line)
    clean(h)
    scenario = "/tmp/vreader-scenario.%d" % os.getpid()
    with open(scenario, "w") as f:
        f.write("# half of the blocks\nseed 99\nrandom 1/2 on XfrBlock error 01\n")
    runs = []
    for _ in range(2):
        h = Host("--card", "echo", "--faults", scenario)
        data(h.power_on())
        runs.append([h.xfr(hx("00b0000001"))[2] for _ in range(40)])
        clean(h)
    os.unlink(scenario)
    same(runs[0], runs[1])
    if not 5 < sum(runs[0]) < 35:
        raise AssertionError("%d of 40" % sum(runs[0]))
