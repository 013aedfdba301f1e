# SPDX-License-Identifier: GPL-2.0-or-later
"""dwFeatures: cards at each exchange level (character, TPDU, short and extended APDU), T=0 and T=1,
PPS, SetParameters, wLevelParameter."""
from vrtest import apdu, broken, clean, data, failed, hx, same, t1, t1_params, t1_reader, test, tpdu
from usbhost import Host


# The ISO card at the short APDU level

@test("iso: select, read, update")
def _():
    h = Host()
    data(h.power_on())
    same(apdu(h, "00a4040009 a00000000534415244 00"), hx("6f 07 82 01 38 83 02 3f 00 9000"))
    same(apdu(h, "00a4040002 a001"), hx("6a82"))
    same(apdu(h, "00a4000c02 2f00"), hx("9000"))
    same(apdu(h, "00b0000004"), hx("40414243 9000"))
    same(apdu(h, "00b0003c10"), hx("7c7d7e7f 6282"))
    same(apdu(h, "00b0003c00"), hx("7c7d7e7f 9000"))
    same(apdu(h, "00b0004001"), hx("6b00"))
    same(apdu(h, "00d6000001 55"), hx("6982"))
    same(apdu(h, "00a4000c02 0001"), hx("9000"))
    same(apdu(h, "00d6001003 010203"), hx("9000"))
    same(apdu(h, "00b0000f05"), hx("0001020300 9000"))
    same(apdu(h, "00b0810f02"), hx("0001 9000"))
    same(apdu(h, "00a4000c02 5001"), hx("6a82"))
    same(apdu(h, "00a4000002 5000 00")[-2:], hx("9000"))
    same(apdu(h, "00b0000001"), hx("6986"))
    same(apdu(h, "00a4000c02 5001"), hx("9000"))
    same(apdu(h, "00a4000c02 3f00"), hx("9000"))
    same(apdu(h, "00ff0000"), hx("6d00"))
    same(apdu(h, "10a40000"), hx("6e00"))
    same(apdu(h, "8011000000"), hx("6d00"))
    clean(h)


@test("iso: PIN, try counter, verified until a reset")
def _():
    h = Host("--card", "iso,pin=123456,tries=2")
    data(h.power_on())
    same(apdu(h, "00b0820004"), hx("6982"))
    same(apdu(h, "00200001"), hx("63c2"))
    same(apdu(h, "0020000104 31323334"), hx("63c1"))
    same(apdu(h, "0020000108 313233343536ffff"), hx("9000"))
    same(apdu(h, "00200001"), hx("9000"))
    same(apdu(h, "00b0820002"), hx("0000 9000"))
    same(h.state()["verified"], "1")
    data(h.power_on())
    same(apdu(h, "00200001"), hx("63c2"))
    same(apdu(h, "00b0820004"), hx("6982"))
    same(apdu(h, "002400010c 313233343536 393939393939"), hx("9000"))
    same(apdu(h, "0020000106 313233343536"), hx("63c1"))
    same(apdu(h, "0020000106 313233343536"), hx("6983"))
    same(apdu(h, "0020000106 393939393939"), hx("6983"))
    same(h.state()["tries"], "0")
    same(apdu(h, "002c0301"), hx("9000"))
    same(apdu(h, "0020000106 393939393939"), hx("9000"))
    clean(h)


@test("iso: the same card comes back with state=, without power and unverified")
def _():
    h = Host("--card", "iso,state=a")
    data(h.power_on())
    same(apdu(h, "0020000104 30303030"), hx("63c2"))
    same(apdu(h, "80e2000004"), hx("00000001 9000"))
    h.ctl_line("remove")
    h.ctl_line("insert 0 iso,state=a")
    failed(h.xfr(hx("00200001")), 0xFE)
    data(h.power_on())
    same(apdu(h, "00200001"), hx("63c2"))
    same(apdu(h, "80e2000004"), hx("00000002 9000"))
    h.ctl_line("swap 0 iso")
    data(h.power_on())
    same(apdu(h, "80e2000004"), hx("00000001 9000"))
    clean(h)


@test("iso: echo, state, status words, challenge from the seed, GET RESPONSE")
def _():
    h = Host("--seed", "7")
    data(h.power_on())
    same(apdu(h, "80ee000003 010203 00"), hx("010203 9000"))
    same(apdu(h, "80ee000400"), hx("00010203 9000"))
    same(apdu(h, "80ee012c00"), bytes(range(256)) + hx("612c"))
    same(apdu(h, "00c000002c"), bytes(range(44)) + hx("9000"))
    same(apdu(h, "80e66a80"), hx("6a80"))
    same(apdu(h, "80e4000000"), hx("00 03 01 01 00 000000 00000000 9000"))
    first = apdu(h, "0084000008")
    clean(h)
    h = Host("--seed", "7")
    data(h.power_on())
    same(apdu(h, "0084000008"), first)
    clean(h)


@test("iso: slow command at APDU level: time extensions")
def _():
    h = Host("--card", "iso,wtx=50")
    data(h.power_on())
    same(data(h.command(0x6F, hx("80e000fa"))), hx("9000"))
    if not 3 <= h.extensions <= 5:
        raise AssertionError("%d time extensions" % h.extensions)
    failed(h.command(0x6F, hx("80e80000")), 0xFE, 0)
    clean(h)


# TPDU level



@test("tpdu T=0: cases 1 to 4, 6Cxx without a second execution, GET RESPONSE, ENVELOPE")
def _():
    h = tpdu("--card", "iso,t=0")
    same(apdu(h, "00a4000c02 0001"), hx("9000"))
    same(apdu(h, "00b0000004"), hx("00000000 9000"))
    same(apdu(h, "80e2000000"), hx("6c04"))
    same(apdu(h, "80e2000004"), hx("00000001 9000"))
    same(apdu(h, "00a4040009 a00000000534415244"), hx("6109"))
    same(apdu(h, "00c0000009"), hx("6f 07 82 01 38 83 02 3f 00 9000"))
    same(apdu(h, "80ee0000ff" + "aa" * 255), hx("61ff"))
    same(apdu(h, "00c0000080"), bytes([0xAA] * 128) + hx("617f"))
    same(apdu(h, "00c0000080"), hx("6c7f"))
    same(apdu(h, "00c000007f"), bytes([0xAA] * 127) + hx("9000"))
    same(apdu(h, "00200001"), hx("63c3"))
    same(apdu(h, "0020000100"), hx("63c3"))
    same(apdu(h, "00c20000 07 00a4000c022f00"), hx("9000"))
    same(apdu(h, "00c2000000"), hx("9000"))
    same(apdu(h, "00b0000001"), hx("40 9000"))
    clean(h)


@test("tpdu T=0: lengths that do not fit are reported")
def _():
    h = tpdu("--card", "iso,t=0")
    failed(h.xfr(hx("00a4000c0300")), 0xFE)
    broken(h, "T=0 command")


@test("tpdu T=1: data before the parameters are set is reported")
def _():
    h = tpdu("--card", "iso,t=1")
    failed(h.xfr(t1(0, hx("00a40400"))), 0xFE)
    broken(h, "parameters are for T=0")


@test("tpdu T=1: blocks, sequence, repetition, IFS, chaining both ways")
def _():
    h = t1_reader("--card", "iso,t=1")
    same(apdu(h, t1(0, hx("00a4000c020001")).hex()), t1(0, hx("9000")))
    same(apdu(h, t1(0x40, hx("80e2000004")).hex()), t1(0x40, hx("00000001 9000")))
    same(apdu(h, t1(0x82 | 0x10).hex()), t1(0x40, hx("00000001 9000")), "the same again")
    same(apdu(h, t1(0xC1, b"\x10").hex()), t1(0xE1, b"\x10"))
    body = bytes(range(32))
    same(apdu(h, t1(0x20, hx("80ee000020") + body[:10]).hex()), t1(0x90))
    same(apdu(h, t1(0x40, body[10:] + b"\0").hex()), t1(0x20, body[:16]))
    same(apdu(h, t1(0x90).hex()), t1(0x60, body[16:]))
    same(apdu(h, t1(0x80).hex()), t1(0x00, hx("9000")))
    clean(h)


@test("tpdu T=1: CRC, resynchronisation, abort by the host")
def _():
    def crc(block):
        v = 0xFFFF
        for b in block:
            v ^= b
            for _ in range(8):
                v = (v >> 1) ^ 0x8408 if v & 1 else v >> 1
        return block + bytes([v >> 8, v & 0xFF])

    h = tpdu("--card", "iso,t=1,crc=1")
    same(h.command(0x61, hx("11 11 00 45 00 fe 00"), p=b"\1\0\0")[3], 1)
    same(apdu(h, crc(hx("00 00 04 00200001")).hex()), crc(hx("00 00 02 63c3")))
    clean(h)
    h = t1_reader("--card", "iso,t=1")
    same(apdu(h, t1(0, hx("00200001")).hex()), t1(0, hx("63c3")))
    same(apdu(h, t1(0xC0).hex()), t1(0xE0))
    same(apdu(h, t1(0, hx("00200001")).hex()), t1(0, hx("63c3")))
    same(apdu(h, t1(0x60, hx("80ee0000")).hex()), t1(0x80))
    same(apdu(h, t1(0xC2).hex()), t1(0xE2))
    same(apdu(h, t1(0, hx("00200001")).hex()), t1(0x40, hx("63c3")))
    clean(h)


@test("tpdu T=1: wrong LRC, wrong LEN, wrong N(S), long block are reported and answered")
def _():
    bad = bytearray(t1(0, hx("00200001")))
    bad[-1] ^= 1
    for block, text, answer in ((bytes(bad), "wrong error code", t1(0x81)), (hx("0000050000"), "LEN does not fit", t1(0x82)),
                                (t1(0x40, hx("00200001")), "N\\(S\\)", t1(0x82)), (t1(0xC3, b"\1"), "only a card", t1(0x82)),
                                (t1(0xE3, b"\1"), "answers nothing", None)):
        h = t1_reader("--card", "iso,t=1")
        if answer:
            same(apdu(h, block.hex()), answer)
        else:
            h.send(h.message(0x6F, block))
        broken(h, text)
    h = t1_reader("--card", "iso,t=1,ifsc=16")
    apdu(h, t1(0, hx("80ee00000d") + bytes(13)).hex())
    broken(h, "longer than IFSC")


@test("tpdu T=1: a slow card asks for more time")
def _():
    h = t1_reader("--card", "iso,t=1,wtx=40")
    block = apdu(h, t1(0, hx("80e00064")).hex())
    asked = 0
    while block == t1(0xC3, b"\1"):
        asked += 1
        block = apdu(h, t1(0xE3, b"\1").hex())
    same(block, t1(0, hx("9000")))
    if not 2 <= asked <= 3:
        raise AssertionError("asked %d times" % asked)
    clean(h)


@test("PPS by the host")
def _():
    h = tpdu("--card", "iso,t=01,ta1=95", "--desc", "dwFeatures=0x10018")
    same(apdu(h, "ff 11 95 7b"), hx("ff 11 95 7b"))
    same(h.command(0x61, hx("95 10 00 45 00 fe 00"), p=b"\1\0\0")[1], 0)
    same(apdu(h, t1(0, hx("00200001")).hex()), t1(0, hx("63c3")))
    clean(h)
    h = tpdu("--card", "iso,t=01")
    failed(h.xfr(hx("ff 11 95 00")), 0xFE)
    broken(h, "PPS request")
    h = tpdu("--card", "iso,t=0")
    same(apdu(h, "00200001"), hx("63c3"))
    apdu_reply = h.xfr(hx("ff 00 ff"))
    same(apdu_reply[1] & 0xC0, 0x40)
    broken(h, "T=0 command")
    h = tpdu("--card", "iso,t=01", "--desc", "dwFeatures=0x10018")
    same(apdu(h, "ff 01 fe"), hx("ff 01 fe"))
    same(h.command(0x61, hx("95 10 00 45 00 fe 00"), p=b"\1\0\0")[1], 0)
    broken(h, "Fi/Di 95")


@test("PPS by the reader")
def _():
    h = Host("--profile", "tpdu-auto", "--card", "iso,t=01")
    data(h.power_on())
    same(h.command(0x6C)[3], 0)
    same(h.command(0x61, t1_params(), p=b"\1\0\0")[1], 0)
    same(apdu(h, t1(0, hx("00200001")).hex()), t1(0, hx("63c3")))
    same(h.state()["protocol"], "1")
    clean(h)


# Character level

def char(*args):
    h = Host("--profile", "character", *args)
    data(h.power_on())
    return h


@test("character T=0: procedure bytes, NULL bytes, GET RESPONSE")
def _():
    h = char("--card", "iso,t=0,wtx=40")
    same(data(h.xfr(hx("00a4000c02"), level=1)), hx("a4"))
    same(data(h.xfr(hx("2f00"), level=2)), hx("9000"))
    same(data(h.xfr(hx("00b0000003"), level=1)), hx("b0"))
    same(data(h.xfr(b"", level=3)), hx("404142"))
    same(data(h.xfr(b"", level=2)), hx("9000"))
    same(data(h.xfr(hx("00ca000005"), level=1)), hx("6d"), "an instruction that the card does not know")
    same(data(h.xfr(b"", level=1)), hx("00"))
    same(data(h.xfr(hx("00b0000000"), level=1)), hx("6c"))
    same(data(h.xfr(b"", level=1)), hx("40"))
    byte = data(h.xfr(hx("80e0006400"), level=1))
    nulls = 0
    while byte == hx("60"):
        nulls += 1
        byte = data(h.xfr(b"", level=1))
    same(byte, hx("90"))
    if not 2 <= nulls <= 3:
        raise AssertionError("%d NULL bytes" % nulls)
    clean(h)


@test("character T=1: prologue first, then the rest")
def _():
    h = char("--card", "iso,t=1")
    same(h.command(0x61, t1_params(), p=b"\1\0\0")[3], 1)
    same(data(h.xfr(t1(0, hx("00200001")), level=3)), hx("00 00 02"))
    same(data(h.xfr(b"", level=3)), t1(0, hx("63c3"))[3:])
    clean(h)


@test("character: no expected length is reported")
def _():
    h = char("--card", "iso,t=0")
    failed(h.xfr(hx("00a4000c02")), 8)
    broken(h, "expects no byte")


# Extended APDU level

@test("extended: long commands and answers in pieces")
def _():
    h = Host("--profile", "extended", "--desc", "dwMaxCCIDMessageLength=522")
    data(h.power_on())
    body = bytes(i & 0xFF for i in range(1000))
    whole = hx("80ee0000 00 03e8") + body + hx("0000")
    same(h.xfr(whole[:500], level=1)[3:], (0x10, b""))
    same(h.xfr(whole[500:700], level=3)[3:], (0x10, b""))
    first = h.xfr(whole[700:], level=2)
    same((first[3], len(first[4])), (1, 512))
    second = h.xfr(b"", level=0x10)
    same((second[3], len(second[4])), (2, 490))
    same(first[4] + second[4], body + hx("9000"))
    same(apdu(h, "80ee0004 00 0000"), hx("00010203 9000"))
    clean(h)


@test("extended: 65535 bytes each way")
def _():
    h = Host("--profile", "extended", "--desc", "dwMaxCCIDMessageLength=65554", "--card", "echo")
    data(h.power_on())
    body = bytes(i * 7 & 0xFF for i in range(65535))
    same(data(h.xfr(hx("80ee0000 00 ffff") + body + hx("0000"))), body + hx("9000"))
    clean(h)


@test("extended: pieces out of order are reported")
def _():
    for levels in ((2,), (1, 0), (0x10,), (3,), (4,)):
        h = Host("--profile", "extended")
        data(h.power_on())
        for level in levels[:-1]:
            data(h.xfr(hx("80ee0000"), level=level))
        failed(h.xfr(b"" if levels[-1] == 0x10 else hx("80ee0000"), level=levels[-1]), 8)
        broken(h, "out of order")
