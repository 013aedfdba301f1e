# SPDX-License-Identifier: GPL-2.0-or-later
"""vreader as a USB device: descriptors, bulk and interrupt transfers, CCID commands (bMessageType,
bSeq, bSlot, Abort), and the rules of CCID that it checks."""
import struct

from vrtest import ROWS, apdu, broken, clean, data, failed, hx, same, t1_params, test, tpdu
from usbhost import Host, Timeout


@test("descriptors of a built-in reader")
def _():
    h = Host("--vid", "1234", "--pid", "abcd", "--serial", "S1", "--interface-string", "If")
    same(h.device[8:12], hx("34 12 cd ab"))
    same(h.config[9:18], hx("09 04 00 00 03 0b 00 00 04"), "interface descriptor")
    same(h.config[18:20], hx("36 21"), "class descriptor")
    same(len(h.config), 9 + 9 + 54 + 21)
    same(h.control(0x80, 6, 0x0303, 0x409, 255), hx("06 03") + "S1".encode("utf-16-le"))
    same(h.control(0x80, 6, 0x0304, 0x409, 255), hx("06 03") + "If".encode("utf-16-le"))
    clean(h)


@test("descriptors: every field by name, length, class descriptor behind the endpoints")
def _():
    h = Host("--desc", "dwFeatures=0x12345678", "--desc", "bLength=60", "--late-descriptor", "--no-interrupt",
             "--desc", "bInterfaceClass=255", "--speed", "high")
    same(h.config[13:17], hx("02 ff 00 00"))
    same(h.config[18:20], hx("07 05"), "endpoint first")
    same(h.config[22:24], hx("00 02"), "512-byte packets")
    same(h.config[32], 60)
    same(h.config[32 + 40:32 + 44], hx("78 56 34 12"))
    clean(h)


@test("several interfaces, a filler between them, slots counted through")
def _():
    h = Host("--profile", "short", "--slots", "2", "--profile", "tpdu", "--desc", "bInterfaceNumber=2", "--card", "echo")
    same(h.config[4], 3, "bNumInterfaces")
    same(h.ctl_line("info").split()[3:5], ["interfaces=3", "slots=3"])
    same(h.state(2)["kind"], "echo")
    reply = h.command(0x62, ep=3)
    same(reply[0], 0x80)
    same(h.state(2)["powered"], "1")
    same(h.state(0)["powered"], "0")
    clean(h)


@test("a row of the table of real readers")
def _():
    h = Host("--row", ROWS + ":2,3")
    same(h.device[8:14], hx("2f 07 1a 22 00 02"))
    same(h.config[4], 2)
    same(h.config[18:72].hex(), "36210001000702000000a00f0000a00f000000002a000090d00300"
         "00000200000000000000000000400004000a020000000000000001")
    clean(h)


@test("every row of the table makes a device")
def _():
    with open(ROWS) as f:
        rows = len(f.readlines()) - 1
    for row in range(1, rows + 1, 7):
        h = Host("--row", "%s:%d" % (ROWS, row))
        if len(h.config) < 18:
            raise AssertionError("row %d" % row)
        clean(h)


@test("tables of clocks and data rates")
def _():
    h = Host("--clocks", "4000,8000", "--rates", "9600,115200")
    same(h.control(0xA1, 2, 0, 0, 8), struct.pack("<II", 4000, 8000))
    same(h.control(0xA1, 3, 0, 0, 256), struct.pack("<II", 9600, 115200))
    h.power_on()
    same(data(h.command(0x73, struct.pack("<II", 8000, 115200))), struct.pack("<II", 8000, 115200))
    failed(h.command(0x73, struct.pack("<II", 1, 115200)), 10)
    failed(h.command(0x73, struct.pack("<II", 4000, 1)), 14)
    clean(h)


@test("halted endpoint, clear feature")
def _():
    h = Host()
    h.control(0x02, 3, 0, 0x81, b"")
    same(h.control(0x82, 0, 0, 0x81, 2), hx("01 00"))
    same(h.recv()[0], -32)
    h.control(0x02, 1, 0, 0x81, b"")
    data(h.power_on())
    clean(h)


@test("a second configuration takes the power away")
def _():
    h = Host()
    data(h.power_on())
    h.control(0, 9, 1, 0, b"")
    same(h.state()["powered"], "0")
    failed(h.xfr(hx("00a40400")), 0xFE, 1)
    clean(h)


@test("unlinked transfer")
def _():
    h = Host()
    seq = h.submit(1, 64)
    same(h.unlink(seq)[0], -104)
    same(h.unlink(seq)[0], 0)
    data(h.power_on())
    clean(h)


# Transfers

@test("answer of a whole number of packets: normal, separate, never")
def _():
    for mode in ("normal", "separate", "never"):
        h = Host("--zlp", mode, "--card", "echo")
        data(h.power_on())
        h.send(h.message(0x6F, hx("00 01 00 00 34") + bytes(53)))
        if mode == "never":
            seq = h.submit(1, 512)
            try:
                h.wait(seq, 0.2)
                raise AssertionError("the transfer ended")
            except Timeout:
                pass
            h.send(h.message(0x65))
            same(len(h.wait(seq)[1]), 64 + 10)
        else:
            same(len(h.recv(size=512)[1]), 64)
            h.send(h.message(0x65))
            same(len(h.recv(size=512)[1]), 0 if mode == "separate" else 10)
        clean(h)


@test("answer in two transfers, babble into an odd buffer")
def _():
    h = Host("--card", "echo")
    data(h.power_on())
    h.send(h.message(0x6F, hx("00 01 00 00 80") + bytes(129)))
    same(len(h.recv(size=64)[1]), 64)
    same(len(h.recv(size=512)[1]), 76)
    h.send(h.message(0x6F, hx("00 01 00 00 80") + bytes(129)))
    same(h.recv(size=70)[0], -75)
    clean(h)


@test("message in several transfers of whole packets")
def _():
    h = Host("--card", "echo")
    data(h.power_on())
    m = h.message(0x6F, hx("00 01 00 00 64") + bytes(range(100)) + b"\0")
    same(h.send(m[:64]), 0)
    same(h.send(m[64:]), 0)
    same(h.recv()[1][10:], bytes(range(100)) + hx("9000"))
    clean(h)


# Commands

@test("power on, warm reset, off, status")
def _():
    h = Host()
    same(h.command(0x65)[1:4], (1, 0, 1))
    atr = data(h.power_on())
    same(atr, hx("3b 83 81 31 fe 45 69 73 6f fd"))
    same(data(h.power_on()), atr)
    same(h.count("warm"), 1)
    same(h.count("cold"), 1)
    same(h.command(0x65)[1:4], (0, 0, 0))
    same(h.command(0x63)[1:4], (1, 0, 1))
    s = h.state()
    same((s["powered"], s["powerups"], s["resets"], s["offs"]), ("0", "1", "1", "1"))
    clean(h)


@test("empty slot, insert, notify, remove, swap")
def _():
    h = Host("--card", "none")
    failed(h.power_on(), 0xFE, 2)
    seq = h.submit(2, 8, direction_in=True)
    same(h.ctl_line("insert 0 iso,pin=9999"), "OK")
    same(h.wait(seq)[1], hx("50 03"))
    data(h.power_on())
    same(h.ctl_line("insert"), "ERR a card is in the slot")
    seq = h.submit(2, 8, direction_in=True)
    same(h.ctl_line("swap 0 echo"), "OK")
    same(h.wait(seq)[1], hx("50 03"))
    failed(h.xfr(hx("00a40400")), 0xFE, 1)
    seq = h.submit(2, 8, direction_in=True)
    same(h.ctl_line("remove"), "OK")
    same(h.wait(seq)[1], hx("50 02"))
    same(h.ctl_line("remove"), "ERR no card in the slot")
    failed(h.xfr(hx("00a40400")), 0xFE, 2)
    same(h.ctl_line("insert"), "OK")
    same(h.state()["kind"], "echo")
    clean(h)


@test("16 slots in one notification")
def _():
    h = Host("--slots", "16", "--card", "none", "--card", "15:iso", "--card", "4:iso")
    seq = h.submit(2, 8, direction_in=True)
    same(h.wait(seq)[1], hx("50 00 03 00 c0"))
    clean(h)


@test("removal while a command is in progress")
def _():
    h = Host()
    data(h.power_on())
    h.send(h.message(0x6F, hx("80 e8 00 00")))
    same(h.ctl_line("remove"), "OK")
    m = h.recv()[1]
    same((m[7], m[8]), (0x42, 0xFE))
    clean(h)


@test("parameters: get, set, reset, at an APDU level")
def _():
    h = Host("--card", "iso,t=10")
    data(h.power_on())
    reply = h.command(0x6C)
    same((reply[0], reply[3], reply[4]), (0x82, 1, hx("11 10 00 45 00 fe 00")))
    reply = h.command(0x61, hx("11 00 00 0a 00"), p=b"\0\0\0")
    same((reply[1], reply[3]), (0, 0))
    same(h.state()["protocol"], "0")
    same(h.command(0x6D)[3], 0)
    clean(h)


@test("escape, clock, mechanical")
def _():
    h = Host("--profile", "mechanical", "--desc", "dwFeatures=0x201fe")
    same(h.command(0x6B, b"hello")[::4], (0x83, b"hello"))
    data(h.power_on())
    same(h.command(0x6E, p=b"\1\0\0")[3], 1)
    same(h.command(0x65)[3], 1)
    same(h.command(0x6E, p=b"\0\0\0")[3], 0)
    same(h.command(0x71, p=b"\4\0\0")[1], 0)
    failed(h.command(0x71, p=b"\2\0\0"), 0xFB, 0)
    same(h.command(0x71, p=b"\5\0\0")[1], 0)
    same(h.command(0x71, p=b"\2\0\0")[1] & 3, 2)
    clean(h)


@test("mute card, wrong voltage, wrong check byte")
def _():
    h = Host("--desc", "dwFeatures=0x200f2", "--card", "iso,voltage=4")
    failed(h.power_on(volt=1), 0xFE, 1)
    data(h.power_on(volt=3))
    h.ctl_line("swap 0 mute")
    failed(h.power_on(volt=1), 0xFE, 1)
    h.ctl_line("swap 0 iso,tck=error")
    failed(h.power_on(volt=1), 0xF7, 1)
    h.ctl_line("swap 0 iso,tck=bad")
    good = hx("3b 83 81 31 fe 45 69 73 6f fd")
    atr = data(h.power_on(volt=1))
    same((atr[:-1], atr[-1] != good[-1]), (good[:-1], True))
    clean(h)


@test("answers to reset: inverse, T=0, both, specific mode, given, historical bytes")
def _():
    for spec, atr in (("iso,t=0", "3b 03 69 73 6f"), ("iso,t=0,inverse=1", "3f 03 69 73 6f"),
                      ("iso,t=01,hist=", "3b 80 80 31 fe 45 8a"), ("iso,t=1,ta1=95,ta2=81,hist=", "3b 90 95 91 81 31 fe 45 9f"),
                      ("iso,t=1,crc=1,hist=", "3b 80 81 71 fe 45 01 ca"), ("echo,atr=3B00", "3b 00"),
                      ("iso,t=0,wi=20,hist=", "3b 80 40 14")):
        h = Host("--card", spec)
        same(data(h.power_on()), hx(atr), spec)
        clean(h)


@test("abort: control request, then message; the command has no answer of its own")
def _():
    h = Host()
    data(h.power_on())
    h.send(h.message(0x6F, hx("80 e0 ff ff")))
    seq = h.bseq
    h.control(0x21, 1, seq << 8, 0, b"")
    failed_reply = h.message(0x65, seq=(seq + 5) & 0xFF)
    h.send(failed_reply)
    m = h.recv()[1]
    same((m[7] & 0xC0, m[8]), (0x40, 0xFF), "other commands fail until the Abort message")
    h.send(h.message(0x72))
    m = h.recv()[1]
    same((m[0], m[6], m[7]), (0x81, seq, 0))
    same(apdu(h, "80 e4 00 00 0c")[-2:], hx("9000"))
    clean(h)


@test("abort: message, then control request")
def _():
    h = Host()
    data(h.power_on())
    h.send(h.message(0x6F, hx("80 e8 00 00")))
    seq = h.bseq
    h.send(h.message(0x72))
    h.control(0x21, 1, seq << 8, 0, b"")
    m = h.recv()[1]
    same((m[0], m[6], m[7]), (0x81, seq, 0))
    clean(h)


@test("four slots busy at once, answers in the order they come")
def _():
    h = Host("--profile", "multi4", "--card", "0:iso", "--card", "1:iso", "--card", "2:echo", "--card", "3:echo")
    for s in range(4):
        data(h.power_on(s))
    h.send(h.message(0x6F, hx("80 e0 00 c8"), slot=0))
    h.send(h.message(0x6F, hx("80 e0 00 64"), slot=1))
    h.send(h.message(0x6F, hx("00 00 00 00"), slot=2))
    same([h.recv()[1][5] for _ in range(3)], [2, 1, 0])
    clean(h)


# Broken rules

@test("strict: each broken rule is reported, answered, and makes the run fail")
def _():
    def with_card(h):
        data(h.power_on())

    def plain(h):
        pass

    cases = [
        (plain, [], "dwLength", lambda h: h.send(h.message(0x65, length=4)), 0x01),
        (plain, [], "shorter than its header", lambda h: h.send(b"\x65\0\0"), None),
        (plain, [], "dwLength 1, which must be 0", lambda h: h.send(h.message(0x65, b"x")), 0x01),
        (plain, [], "slot 1 of 1", lambda h: h.send(h.message(0x65, slot=1)), 0x05),
        (plain, [], "type 64", lambda h: h.send(h.message(0x64)), 0x00),
        (plain, [], "RFU byte 7", lambda h: h.send(h.message(0x65, p=b"\1\0\0")), None),
        (plain, [], "bPowerSelect 4", lambda h: h.send(h.message(0x62, p=b"\4\0\0")), 7),
        (plain, ["--desc", "bVoltageSupport=1"], "bPowerSelect 2", lambda h: h.send(h.message(0x62, p=b"\2\0\0")), 7),
        (plain, ["--desc", "dwFeatures=0x20000"], "leaves the voltage", lambda h: h.send(h.message(0x62)), None),
        (with_card, [], "dwMaxCCIDMessageLength", lambda h: h.send(h.message(0x6F, bytes(262))), 1),
        (with_card, [], "repeats bSeq", lambda h: h.send(h.message(0x65, seq=h.bseq - 1)), None),
        (with_card, [], "no APDU", lambda h: h.send(h.message(0x6F, hx("00a404000512"))), 0xFB),
        (with_card, [], "no APDU", lambda h: h.send(h.message(0x6F, hx("00"))), 0xFB),
        (with_card, [], "extended APDU", lambda h: h.send(h.message(0x6F, hx("80ee0000 00 0001 00"))), 0xFB),
        (with_card, [], "wLevelParameter 0x1", lambda h: h.send(h.message(0x6F, hx("00a40400"), p=b"\0\1\0")), None),
        (with_card, [], "bProtocolNum 2", lambda h: h.send(h.message(0x61, t1_params(), p=b"\2\0\0")), 7),
        (with_card, [], "T=1 with dwLength 5", lambda h: h.send(h.message(0x61, bytes(5), p=b"\1\0\0")), 1),
        (with_card, [], "does not offer", lambda h: h.send(h.message(0x61, hx("1100000a00"), p=b"\0\0\0")), 7),
        (with_card, [], "bmTCCKS", lambda h: h.send(h.message(0x61, hx("1104004500fe00"), p=b"\1\0\0")), 11),
        (with_card, [], "convention", lambda h: h.send(h.message(0x61, hx("1112004500fe00"), p=b"\1\0\0")), None),
        (with_card, [], "error code", lambda h: h.send(h.message(0x61, hx("1111004500fe00"), p=b"\1\0\0")), None),
        (with_card, [], "bIFSC", lambda h: h.send(h.message(0x61, hx("1110004500ff00"), p=b"\1\0\0")), 15),
        (with_card, [], "NAD", lambda h: h.send(h.message(0x61, hx("1110004500fe21"), p=b"\1\0\0")), None),
        (with_card, ["--desc", "dwFeatures=0x200fe"], "clock stop", lambda h: h.send(h.message(0x6E)), 0),
        (with_card, [], "dwMechanical", lambda h: h.send(h.message(0x71, p=b"\1\0\0")), 0),
        (with_card, [], "bPINSupport", lambda h: h.send(h.message(0x69, bytes(20))), 0),
        (with_card, [], "XfrBlock while XfrBlock", lambda h: (h.send(h.message(0x6F, hx("80e80000"))),
                                                              h.send(h.message(0x6F, hx("00a40400")))), 0xE0),
        (with_card, [], "endpoint", lambda h: h.send(h.message(0x65), ep=5), None),
    ]
    for setup, args, text, act, error in cases:
        h = Host(*args)
        setup(h)
        act(h)
        if error is not None:
            m = h.recv()[1]
            same((m[7] & 0xC0, m[8]), (0x40, error), text)
        broken(h, text)


@test("strict: data to a card whose power the host took; not to one that came back unseen")
def _():
    h = Host()
    data(h.power_on())
    h.ctl_line("swap")
    failed(h.xfr(hx("00a40400")), 0xFE, 1)
    same(h.ctl_line("violations"), "OK 0")
    failed(h.xfr(hx("00a40400")), 0xFE, 1)
    broken(h, "without power")


@test("strict: too many busy slots")
def _():
    h = Host("--profile", "multi4-serial", "--card", "0:iso", "--card", "1:iso")
    data(h.power_on(0))
    data(h.power_on(1))
    h.send(h.message(0x6F, hx("80e80000"), slot=0))
    h.send(h.message(0x65, slot=1))
    m = h.recv()[1]
    same((m[5], m[7] & 0xC0, m[8]), (1, 0x40, 0xE0))
    broken(h, "more than 1 slots busy")


@test("strict: --lenient keeps the status at 0, violations clear forgets")
def _():
    h = Host("--lenient")
    h.send(h.message(0x64))
    same(h.ctl_line("violations"), "OK 1")
    h.ctl_file.readline()
    clean(h)
    h = Host()
    h.send(h.message(0x64))
    same(h.ctl_line("violations clear"), "OK")
    clean(h)
