# SPDX-License-Identifier: GPL-2.0-or-later
"""bPINSupport and PC_to_RDR_Secure, ICCD tokens without bulk endpoints, cards in other programs
(vpcd), vreaderctl, log and counters."""
import os
import socket
import struct
import time

from vrtest import apdu, clean, data, failed, hx, same, t1, t1_params, test, tpdu
from usbhost import Host, Timeout


# PIN pad

def verify_block(timeout=10, fmt=0x82, block=0x00, length=0x00, digits=0x0408, validation=2, template="00200001"):
    return bytes([0, timeout, fmt, block, length]) + struct.pack("<H", digits) + bytes([validation, 1]) + \
        hx("0904 00 000000") + hx(template)


@test("pinpad: verify in ASCII, correct and wrong, cancel, timeout")
def _():
    h = Host("--profile", "pinpad")
    data(h.power_on())
    h.ctl_line("press 1234E")
    same(data(h.command(0x69, verify_block())), hx("9000"))
    same(h.state()["verified"], "1")
    h.ctl_line("press 9<1235E")
    same(data(h.command(0x69, verify_block())), hx("63c2"))
    h.send(h.message(0x69, verify_block()))
    same(h.ctl_line("wait pin"), "OK")
    h.ctl_line("press 12C")
    m = h.recv()[1]
    same((m[7], m[8]), (0x40, 0xEF))
    h.ctl_line("press T")
    failed(h.command(0x69, verify_block()), 0xF0)
    failed(h.command(0x69, verify_block(timeout=1), timeout=3), 0xF0)
    clean(h)


@test("pinpad: a block of eight bytes, padding kept; validation by maximum length")
def _():
    h = Host("--profile", "pinpad")
    data(h.power_on())
    h.ctl_line("press 1234")
    same(data(h.command(0x69, verify_block(block=8, digits=0x0404, validation=1,
                                           template="0020000108ffffffffffffffff"))), hx("9000"))
    clean(h)


@test("pinpad: modify with old, new and confirmed PIN")
def _():
    h = Host("--profile", "pinpad")
    data(h.power_on())
    block = bytes([1, 10, 0x82, 8, 0, 0, 8]) + struct.pack("<H", 0x0408) + bytes([3, 2, 3]) + hx("0904 000102 000000") + \
        hx("0024000110") + bytes([0xFF] * 16)
    h.ctl_line("press 1234E567890E567890E")
    same(data(h.command(0x69, block)), hx("9000"))
    same(apdu(h, "0020000106 353637383930"), hx("9000"))
    h.ctl_line("press 567890E1111E2222E")
    failed(h.command(0x69, block), 0xEF)
    same(apdu(h, "0020000106 353637383930"), hx("9000"))
    clean(h)


@test("pinpad: aborted while it waits for keys")
def _():
    h = Host("--profile", "pinpad")
    data(h.power_on())
    h.send(h.message(0x69, verify_block()))
    seq = h.bseq
    h.control(0x21, 1, seq << 8, 0, b"")
    h.send(h.message(0x72))
    same(h.recv()[1][:1], b"\x81")
    h.ctl_line("press 1234E")
    same(data(h.command(0x69, verify_block())), hx("9000"))
    clean(h)


@test("pinpad: T=1 block at TPDU level")
def _():
    h = Host("--profile", "tpdu", "--desc", "bPINSupport=1", "--card", "iso,t=1")
    data(h.power_on())
    same(h.command(0x61, t1_params(), p=b"\1\0\0")[3], 1)
    h.ctl_line("press 1234E")
    same(data(h.command(0x69, verify_block())), t1(0, hx("9000")))
    clean(h)


# ICCD

@test("iccd-b: power, blocks, polling while the card is slow, status")
def _():
    h = Host("--profile", "iccd-b")
    h.control(0x21, 0x62, 1, 0, b"")
    same(h.control(0xA1, 0x6F, 0, 0, 64), b"\0" + hx("3b 83 81 31 fe 45 69 73 6f fd"))
    h.control(0x21, 0x65, 0, 0, hx("00a4000c022f00"))
    same(h.control(0xA1, 0x6F, 0, 0, 300), hx("00 9000"))
    h.control(0x21, 0x65, 0, 0, hx("80e00032"))
    same(h.control(0xA1, 0x6F, 0, 0, 300), hx("80 01 00"))
    time.sleep(0.1)
    same(h.control(0xA1, 0x6F, 0, 0, 300), hx("00 9000"))
    same(h.control(0xA1, 0x81, 0, 0, 3), hx("00 00 00"))
    h.control(0x21, 0x63, 0, 0, b"")
    same(h.control(0xA1, 0x81, 0, 0, 3), hx("00 01 00"))
    clean(h)


@test("iccd-b: extended APDU level chains by wValue and bResponseType")
def _():
    h = Host("--profile", "iccd-b", "--desc", "dwFeatures=0x40840", "--card", "echo")
    h.control(0x21, 0x62, 1, 0, b"")
    h.control(0xA1, 0x6F, 0, 0, 64)
    whole = hx("80ee0000 00 012c") + bytes(300) + hx("0000")
    h.control(0x21, 0x65, 0x0100, 0, whole[:200])
    same(h.control(0xA1, 0x6F, 0, 0, 300), b"\x10")
    h.control(0x21, 0x65, 0x0200, 0, whole[200:])
    first = h.control(0xA1, 0x6F, 0, 0, 300)
    same((first[0], len(first)), (1, 262))
    h.control(0x21, 0x65, 0x1000, 0, b"")
    second = h.control(0xA1, 0x6F, 0, 0, 300)
    same((second[0], len(first) + len(second)), (2, 304))
    clean(h)


@test("iccd-a: header, data and status word step by step")
def _():
    h = Host("--profile", "iccd-a", "--card", "iso,wtx=10")
    same(h.control(0xA1, 0x62, 0, 0, 33), hx("3b 03 69 73 6f"))
    h.control(0x21, 0x65, 0, 0, hx("00a4000c02"))
    same(h.control(0xA1, 0xA0, 0, 0, 1), b"\x10")
    h.control(0x21, 0x65, 0, 0, hx("2f00"))
    same(h.control(0xA1, 0xA0, 0, 0, 1), b"\x20")
    same(h.control(0xA1, 0x6F, 0, 0, 2), hx("9000"))
    h.control(0x21, 0x65, 0, 0, hx("00b0000004"))
    same(h.control(0xA1, 0xA0, 0, 0, 1), b"\x10")
    same(h.control(0xA1, 0x6F, 0, 0, 256), hx("40414243"))
    same(h.control(0xA1, 0xA0, 0, 0, 1), b"\x20")
    same(h.control(0xA1, 0x6F, 0, 0, 2), hx("9000"))
    h.control(0x21, 0x65, 0, 0, hx("80e0003200"))
    same(h.control(0xA1, 0xA0, 0, 0, 1), b"\x40")
    time.sleep(0.1)
    same(h.control(0xA1, 0xA0, 0, 0, 1), b"\x20")
    h.control(0x21, 0x63, 0, 0, b"")
    clean(h)


# vpcd

@test("vpcd: an emulator outside plays the card")
def _():
    h = Host("--card", "vpcd,port=45963")
    same(h.state()["present"], "0")
    emu = socket.create_connection(("127.0.0.1", 45963))
    seq = h.submit(2, 8, direction_in=True)
    same(h.wait(seq)[1], hx("50 03"))

    def get():
        n = struct.unpack(">H", emu.recv(2))[0]
        return emu.recv(n)

    def put(b):
        emu.sendall(struct.pack(">H", len(b)) + b)

    h.send(h.message(0x62))
    same((get(), get()), (b"\1", b"\4"))
    put(hx("3b 00"))
    same(h.recv()[1][10:], hx("3b 00"))
    h.send(h.message(0x6F, hx("00a40400")))
    same(get(), hx("00a40400"))
    put(hx("6a82"))
    same(h.recv()[1][10:], hx("6a82"))
    h.send(h.message(0x62))
    same((get(), get()), (b"\2", b"\4"))
    put(hx("3b 00"))
    h.recv()
    h.command(0x63)
    same(get(), b"\0")
    data(h.command(0x65), 1)
    seq = h.submit(2, 8, direction_in=True)
    emu.close()
    same(h.wait(seq)[1], hx("50 02"))
    clean(h)


# Control and observation

@test("control: log, counters, wait, replies in one line")
def _():
    h = Host()
    data(h.power_on())
    apdu(h, "00a4000c022f00")
    apdu(h, "00b0000001")
    log = h.ctl_list("log")
    same([line.split()[2] for line in log], ["#", "<", ">", "<", ">", "<", ">"])
    if not log[-1].endswith("XfrBlock") and "DataBlock len=3 status=00 error=00 p=00 409000" not in log[-1]:
        raise AssertionError(log[-1])
    same(h.ctl_list("log since %d" % (int(log[-1].split()[0]))), [log[-1]])
    same((h.count("XfrBlock"), h.count("ins.B0"), h.count("apdu"), h.count("cold")), (2, 1, 2, 1))
    same(h.ctl_line("count all XfrBlock"), "OK 2")
    same(h.ctl_line("count nothing"), "ERR no such counter")
    same(h.ctl_line("count clear"), "OK")
    same(h.count("XfrBlock"), 0)
    same(h.ctl_line("log clear"), "OK")
    same(h.ctl_list("log"), [])
    same(h.ctl_line("wait powered"), "OK")
    same(h.ctl_line("wait unpowered 50"), "ERR timeout")
    same(h.ctl_line("wait msg GetSlotStatus 0 50"), "ERR timeout")
    same(h.ctl_line("wait idle"), "OK")
    same(h.ctl_line("wait nonsense"), "ERR no such event")
    same(h.ctl_line("bogus"), "ERR no such command")
    same(h.ctl_line("insert 9"), "ERR no such slot")
    same(h.ctl_line("insert 0 plastic"), "ERR a card is in the slot")
    h.ctl_line("remove")
    same(h.ctl_line("insert 0 plastic"), "ERR no such card")
    same(h.ctl_line("insert 0 iso,pin=1"), "ERR no such card")
    clean(h)


@test("control: wait for a message that comes later")
def _():
    h = Host()
    h.ctl_line("info")
    h.ctl_file.write("wait count GetSlotStatus 2\n")
    h.ctl_file.flush()
    h.command(0x65)
    h.ctl.settimeout(0.2)
    try:
        h.ctl_file.readline()
        raise AssertionError("too early")
    except OSError:
        pass
    h.command(0x65)
    h.ctl.settimeout(5)
    ctl = h.ctl.makefile("r")
    same(ctl.readline(), "OK\n")
    ctl.close()
    clean(h)


@test("observation: text log and a capture that follows the pcap format")
def _():
    log, pcap = "/tmp/vreader-log.%d" % os.getpid(), "/tmp/vreader-pcap.%d" % os.getpid()
    h = Host("--log", log, "--pcap", pcap)
    data(h.power_on())
    apdu(h, "00a4000c022f00")
    clean(h)
    with open(log) as f:
        text = f.read()
    with open(pcap, "rb") as f:
        cap = f.read()
    os.unlink(log)
    os.unlink(pcap)
    if "< 0.0 1 XfrBlock len=7 p=000000 00A4000C022F00" not in text:
        raise AssertionError(text)
    order = "<" if cap[0] == 0xD4 else ">"  # of the machine that vreader runs on
    magic, major, minor, _, _, _, link = struct.unpack_from(order + "IHHiIII", cap)
    same((magic, major, minor, link), (0xA1B2C3D4, 2, 4, 220))
    at, seen = 24, []
    while at < len(cap):
        sec, usec, caplen, length = struct.unpack_from(order + "IIII", cap, at)
        same(caplen, length)
        _, kind, xfer, ep, _, _, setup, flag = struct.unpack_from(order + "QBBBBHBB", cap, at + 16)
        status, ulen, dlen = struct.unpack_from(order + "iII", cap, at + 16 + 28)
        same(dlen, caplen - 64)
        if abs(sec - time.time()) > 60 or usec >= 1000000:
            raise AssertionError("time")
        seen.append((chr(kind), xfer, ep, cap[at + 80:at + 16 + caplen]))
        at += 16 + caplen
    same(at, len(cap))
    block = hx("6f 07000000 00 01 000000 00a4000c022f00")
    same([s for s in seen if s[3] == block], [("S", 3, 1, block)])
    same([s[:3] for s in seen if s[3].endswith(hx("9000"))], [("C", 3, 0x81)])
    same(sum(1 for s in seen if s[1] == 2 and s[0] == "S"), 4)


@test("hostile bytes: any message of the host leaves vreader alive")
def _():
    import random
    rnd = random.Random(int(os.environ.get("TEST_SEED", "1")))
    h = Host("--lenient", "--profile", "extended", "--slots", "2", "--card", "iso,t=1", "--card", "1:iso,t=0",
             "--profile", "tpdu", "--card", "iso,t=1", "--profile", "character", "--desc", "bPINSupport=3", "--card", "iso,t=0")
    kinds = [0x61, 0x62, 0x63, 0x65, 0x69, 0x6A, 0x6B, 0x6C, 0x6D, 0x6E, 0x6F, 0x71, 0x72, 0x73, 0x00, 0xFF]
    for n in range(6000):
        kind = rnd.choice(kinds)
        if rnd.random() < 0.5:
            kind = rnd.choice((0x62, 0x6F))
        body = bytes(rnd.randrange(256) for _ in range(rnd.choice((0, 0, 1, 4, 5, 7, 8, 20, 40, 300))))
        if rnd.random() < 0.4 and len(body) > 4:
            body = t1(rnd.choice((0, 0x40, 0x20, 0x80, 0x82, 0xC0, 0xC1, 0xC2, 0xE3)), body[:250])
        p = bytes((rnd.choice((0, 0, 1, 2, 3)), rnd.choice((0, 0, 0, 1, 2, 3, 0x10)), 0))
        length = rnd.choice((None, None, None, rnd.randrange(400), 0xFFFFFFFF))
        m = h.message(kind, body, rnd.choice((0, 0, 0, 1, 2)), p, rnd.randrange(256), length=length)
        h.submit(rnd.choice((1, 3, 5)), m[:rnd.choice((len(m), len(m), len(m), rnd.randrange(12)))])
        if rnd.random() < 0.2:
            setup = struct.pack("<BBHHH", rnd.choice((0x21, 0xA1, 0x80, 0x00, 0x02, 0x01)), rnd.randrange(12),
                                rnd.randrange(65536), rnd.randrange(4), rnd.randrange(300))
            is_in = bool(setup[0] & 0x80)
            if setup[1] != 9:
                h.submit(0, 300 if is_in else b"", setup, direction_in=is_in)
        h.submit(rnd.choice((1, 3, 5)), 65600)
        while True:
            try:
                h.event(0.0 if n % 50 else 0.01)
            except Timeout:
                break
        if h.proc.poll() is not None:
            raise AssertionError("ended: %s" % h.proc.returncode)
    same(h.ctl_line("wait configured"), "OK")
    clean(h)
