# SPDX-License-Identifier: GPL-2.0-or-later
"""vreader --replay: answers of a transcript, its wildcards, bSeq, delays, notifications and stalls;
commands that it does not expect; faulty files."""
import os
import re
import struct
import subprocess
import time

from vrtest import clean, hx, same, test
from usbhost import BIN, Host, SUFFIX

POWER_ON = "< 62 00000000 00 00 .. 0000\n> 80 02000000 00 00 000000 3B00\n"


def transcript(text, *args):
    path = "/tmp/vreader-transcript.%d" % os.getpid()
    with open(path, "w") as f:
        f.write(text)
    h = Host("--replay", path, *args)
    os.unlink(path)
    return h


def raw(h, text, seq=None):
    """A command with this header and data, and the raw answer."""
    m = hx(text)
    h.send(h.message(m[0], m[10:], m[5], m[7:10], seq))
    return h.recv()[1]


def mismatch(h, *texts):
    """End the vreader, which must have reported exactly these lines."""
    same(h.close(), 2, "exit status")
    lines = [line for line in h.stderr.splitlines() if line.startswith("violation: ")]
    same(len(lines), len(texts), h.stderr)
    for line, text in zip(lines, texts):
        if text not in line:
            raise AssertionError("no %r in %r" % (text, line))


@test("replay: answers in their order; bSeq is that of the command")
def _():
    h = transcript("# two\n" + POWER_ON + "\n< 65 00000000 00 07 000000\n> 81 00000000 00 07 00 00 00\n")
    same(h.ctl_line("replay"), "OK line 2")
    same(raw(h, "62 00000000 00 00 010000", 200), hx("80 02000000 00 C8 000000 3B00"))
    same(h.ctl_line("replay"), "OK line 5")
    same(raw(h, "65 00000000 00 00 000000", 13), hx("81 00000000 00 0D 000000"))
    same(h.ctl_line("replay"), "OK done")
    clean(h)


@test("replay: bSeq keeps its distance, is copied for .., or is sent as written")
def _():
    status = "65 00000000 00 00 000000"
    for command, answer, want in (("05", "> 81 00000000 00 04 000000", 99), ("05", "> 81 00000000 00 .. 000000", 100),
                                  ("..", "> 81 00000000 00 04 000000", 100), ("05", ">> 81 00000000 00 04 000000", 4)):
        h = transcript("< 65 00000000 00 %s 000000\n%s\n" % (command, answer))
        same(raw(h, status, 100)[6], want, command + answer)
        clean(h)


@test("replay: .. and * in a command")
def _():
    h = transcript("< 6F ........ 00 00 000000 00A4 .. 0C *\n> 80 02000000 00 00 000000 9000\n" * 2)
    for apdu in ("00A4010C", "00A4000C023F00"):
        same(raw(h, "6F 00000000 00 00 000000" + apdu)[10:], hx("9000"))
    clean(h)
    h = transcript("< 6F *\n")
    h.send(h.message(0x6F, hx("00B00000")))
    clean(h)


@test("replay: any stands at any time from its line on, and the last one that fits counts")
def _():
    empty = "any < 65 *\n> 81 00000000 00 00 02 00 00\n"
    full = empty.replace(" 02 00 00\n", " 00 00 00\n")
    h = transcript(empty + POWER_ON + full)
    for _ in range(3):
        same(raw(h, "65 00000000 00 00 000000")[7], 2)
    raw(h, "62 00000000 00 00 000000")
    for _ in range(3):
        same(raw(h, "65 00000000 00 00 000000")[7], 0)
    clean(h)


@test("replay: messages before the first command come with the configuration, once")
def _():
    h = transcript(">> 81 00000000 00 00 02 00 00\n! 50 03\n" + POWER_ON)
    same(h.recv()[1], hx("81 00000000 00 00 020000"))
    same(h.wait(h.submit(2, 8, direction_in=True))[1], hx("5003"))
    h.control(0, 9, 1, 0, b"")
    same(raw(h, "62 00000000 00 00 000000")[10:], hx("3B00"))
    clean(h)


@test("replay: several answers, with delays, in transfers of their own")
def _():
    h = transcript("< 6F *\n> 80 00000000 00 00 80 01 00\n+150 > 80 02000000 00 00 00 00 00 9000\n>>\n+50 ! 50 02\n")
    intr = h.submit(2, 8, direction_in=True)
    start = time.monotonic()
    same(raw(h, "6F 00000000 00 00 000000 00B00000")[7], 0x80)
    same(h.recv()[1][10:], hx("9000"))
    if time.monotonic() - start < 0.14:
        raise AssertionError("not late")
    same(h.recv()[1], b"", "zero-length transfer")
    same(h.wait(intr)[1], hx("5002"))
    if time.monotonic() - start < 0.19:
        raise AssertionError("not late")
    clean(h)


@test("replay: many answers with delays")
def _():
    h = transcript("< 65 *\n" + "+60000 >\n" * 200000 + "< 65 *\n> 81 00000000 00 00 000000\n")
    h.send(h.message(0x65))
    same(raw(h, "65 00000000 00 00 000000")[0], 0x81)
    same(h.ctl_line("replay"), "OK done")
    clean(h)


@test("replay: no answer, stalls of both endpoints")
def _():
    h = transcript("< 65 *\n< 65 *\n> stall\n! stall\n< 65 *\n> 81 00000000 00 .. 000000\n")
    h.send(h.message(0x65))
    pending = h.submit(1, 512)
    h.silent(pending)
    intr = h.submit(2, 8, direction_in=True)
    h.send(h.message(0x65))
    same(h.wait(pending)[0], -32)
    same(h.wait(intr)[0], -32)
    h.control(0x02, 1, 0, 0x81, b"")
    same(raw(h, "65 00000000 00 00 000000")[0], 0x81)
    clean(h)


@test("replay: a command that the transcript does not expect is reported, and answered as else says")
def _():
    status = "65 00000000 00 00 000000"
    for otherwise in ("", "else fail\n"):
        h = transcript(otherwise + POWER_ON)
        same(raw(h, status, 9), hx("81 00000000 00 09 42 00 00"))
        same(raw(h, "6F 00000000 00 00 000000 00", 10), hx("80 00000000 00 0A 42 00 00"))
        same(raw(h, "62 00000000 00 00 000000")[10:], hx("3B00"))
        same(raw(h, status, 9), hx("81 00000000 00 09 40 00 00"), "the state of the last answer")
        line = 2 if otherwise else 1
        mismatch(h, "transcript line %d: expected 62 00 00 00 00 00 .. .. 00 00 not 65" % line, "(byte 0)",
                 "has ended, 65")
    h = transcript("else stall\n" + POWER_ON)
    h.send(h.message(0x65))
    same(h.recv()[0], -32)
    mismatch(h, "expected 62", "line 2: the command did not come")
    h = transcript("else silent\n" + POWER_ON)
    h.send(h.message(0x65))
    same(raw(h, "62 00000000 00 00 000000")[10:], hx("3B00"))
    mismatch(h, "expected 62")


@test("replay: a longer and a shorter command are none that fit")
def _():
    h = transcript("< 6F 04000000 00 00 000000 00B00000\n> 80 02000000 00 00 000000 9000\n")
    for apdu, byte in (("00B0000000", 1), ("00B00001", 13), ("00B000", 1)):
        raw(h, "6F 00000000 00 00 000000" + apdu)
        if "(byte %d)" % byte not in h.ctl_list("violations")[-1]:
            raise AssertionError(h.ctl_list("violations"))
    same(raw(h, "6F 00000000 00 00 000000 00B00000")[10:], hx("9000"))
    same(h.close(), 2)


@test("replay: a reset of the port drops answers that are not due")
def _():
    h = transcript("< 65 *\n+100 > 81 00000000 00 00 000000\n< 65 *\n> 81 00000000 00 00 010000\n")
    h.send(h.message(0x65))
    h.control(0, 9, 1, 0, b"")
    time.sleep(0.15)
    same(raw(h, "65 00000000 00 00 000000")[7], 1)
    clean(h)


def error_of(text, *args):
    path = "/tmp/vreader-transcript.%d" % os.getpid()
    with open(path, "wb") as f:
        f.write(text)
    run = subprocess.run([os.path.join(BIN, "vreader" + SUFFIX), "--socket-fd", "0", "--control", "none", "--replay",
                          path, *args], stdin=subprocess.DEVNULL, capture_output=True, timeout=10, text=True)
    os.unlink(path)
    same(run.returncode, 1, "exit status of %r" % text[:60])
    return run.stderr.replace(path, "FILE")


@test("replay: faulty files are refused with the number of the line")
def _():
    good = b"< 65 *\n"
    for text, want in (
            (b"", "FILE:0: no command"), (b"# nothing\n> 81 00\n", "FILE:2: no command"),
            (good + b"x\n", "FILE:2: a line begins"), (good + b"any\n", "FILE:2: a line begins"),
            (good + b"+5\n", "FILE:2: a line begins"), (good + b"<65\n", "FILE:2: a line begins"),
            (good + b"< 6 5\n", "FILE:2: half a byte"), (good + b"> 8x\n", "FILE:2: not a byte"),
            (good + b"> 0 \n", "FILE:2: half"), (good + b"> .0\n", "FILE:2: not a byte"),
            (good + b"< 65 00\n", "FILE:2: a command has 10"), (good + b"< stall\n", "FILE:2: only an answer"),
            (good + b"+5 < 65 *\n", "FILE:2: only an answer"), (good + b"any > 81\n", 'FILE:2: "any" belongs'),
            (good + b"> 81 *\n", "FILE:2: an answer cannot"), (good + b"> 81 ..\n", "FILE:2: an answer cannot"),
            (good + b">> 81 00000000 00 ..\n", "FILE:2: an answer cannot"), (good + b"!\n", "FILE:2: a notification"),
            (b"> 81 00000000 00 ..\n" + good, "FILE:1: an answer cannot"),
            (good + b"> stall 00\n", "FILE:2: nothing may follow"), (b"< * 65\n", "FILE:1: nothing may follow"),
            (good + b"+x > 81\n", "FILE:2: a delay"), (good + b"+600001 > 81\n", "FILE:2: a delay"),
            (good + b"+-1 > 81\n", "FILE:2: a delay"), (good + b"++1 > 81\n", "FILE:2: a delay"),
            (good + b"+9999999999999999999999 > 81\n", "FILE:2: a delay"), (good + b"else\n", "FILE:2: else"),
            (good + b"else stall now\n", "FILE:2: else"), (good + b"> 8\x001\n", "FILE:2: a zero byte"),
            (good + b"> " + b"00" * 65555, "FILE:2: more bytes"), (b"#" * 262500, "FILE:1: the line is too long"),
            (good * 600000, "FILE:599187: the file has more")):
        if want not in error_of(text):
            raise AssertionError("%r: %s" % (text[:60], error_of(text)))
    if "FILE:2: the interface has no interrupt" not in error_of(good + b"! 50 03\n", "--profile", "nointr"):
        raise AssertionError("taken: notifications without an endpoint")
    if "one interface" not in error_of(good, "--profile", "iccd-a"):
        raise AssertionError("taken: a token")
    for name, want in (("/nonexistent", "No such file"), ("/tmp", "/tmp:0: Is a directory"),
                       ("/dev/zero", "/dev/zero:1: the line is too long")):
        run = subprocess.run([os.path.join(BIN, "vreader" + SUFFIX), "--socket-fd", "0", "--replay", name],
                             stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=10)
        if run.returncode != 1 or want not in run.stderr:
            raise AssertionError("%s: %d, %s" % (name, run.returncode, run.stderr))


LOG = """\
00000043 [1] NotifySlotChange: 50 03
00000032 [1] -> 000000 65 00 00 00 00 00 00 00 00 00
00001424 [1] <- 000000 81 00 00 00 00 00 00 01 00 00
00000080 [1] -> 000000 65 00 00 00 00 00 01 00 00 00
00000659 [1] <- 000000 81 00 00 00 00 00 01 01 00 00
00000035 [1] ifdhandler.c:1154:IFDHPowerICC() action: PowerUp
00000048 -> 000000 62 00 00 00 00 00 02 01 00 00
00063285 <- 000000 80 02 00 00 00 00 02 00 00 00 3B 00
00000010 -> 000000 6F 09 00 00 00 00 03 00 00 00 00 20 00 01 04 31 32 33 34
00000173 <- 000000 80 02 00 00 00 00 03 00 00 00 90 00
00000010 -> 000000 6F 0D 00 00 00 00 04 00 00 00 00 40 09 00 20 00 01 04 31 32 33 34 68
00000173 <- 000000 80 04 00 00 00 00 04 00 00 00 00 82 00 82
00000010 -> 000000 6F 07 00 00 00 00 05 00 00 00 00 A4 04 00 02 3F 00
"""

FROM_LOG = """\
# SPDX-License-Identifier: GPL-2.0-or-later
! 50 03
any < 65 00 00 00 00 00 .. 00 00 00
> 81 00 00 00 00 00 .. 01 00 00
< 62 00 00 00 00 00 .. .. 00 00
+63 > 80 02 00 00 00 00 02 00 00 00 3B 00
< 6F 09 00 00 00 00 .. .. 00 00 00 20 00 01 04 .. .. .. ..
> 80 02 00 00 00 00 03 00 00 00 90 00
< 6F 0D 00 00 00 00 .. .. 00 00 00 40 09 00 20 00 01 04 .. .. .. .. ..
> 80 04 00 00 00 00 04 00 00 00 00 82 00 82
< 6F 07 00 00 00 00 .. .. 00 00 00 A4 04 00 02 3F 00
"""


def converted(path):
    tool = os.path.join(os.path.dirname(os.path.abspath(__file__)), "log2replay")
    return subprocess.run([tool, path], check=True, capture_output=True, text=True, timeout=10).stdout


@test("replay: log2replay makes a transcript of pcscd's log, without the PIN")
def _():
    path = "/tmp/vreader-log.%d" % os.getpid()
    with open(path, "w") as f:
        f.write(LOG)
    same(converted(path), FROM_LOG)
    os.unlink(path)
    h = transcript(FROM_LOG)
    same(raw(h, "65 00000000 00 00 000000")[7], 1)
    raw(h, "62 00000000 00 00 000000")
    same(raw(h, "6F 00000000 00 00 000000 0020000104 39393939")[10:], hx("9000"))
    h.send(h.message(0x6F, hx("0040090020000104 39393939 7D")))
    same(h.recv()[1][10:], hx("00820082"))
    h.send(h.message(0x6F, hx("00A40400023F00")))
    clean(h)


def log_of(*blocks):
    """A log of pcscd: header and data of commands, ">" before answers."""
    lines = []
    for block in blocks:
        m = hx(block.lstrip(">"))
        m = m[:1] + struct.pack("<I", len(m) - 10) + m[5:]
        lines.append("00000010 %s 000000 %s" % ("<-" if block[0] == ">" else "->", m.hex(" ").upper()))
    return "\n".join(lines) + "\n"


X = "6F 00000000 00 00 00 0000 "
FIRST, NEXT, LAST = (X[:-5] + level + " " for level in ("0100", "0300", "0200"))
ANSWER = ">80 00000000 00 00 00 00 00 "
PIN = "313233343536"


@test("replay: log2replay shows no part of a PIN")
def _():
    for blocks in (
            (X + "00200081 08 24123456FFFFFFFF", X + "00240081 06" + PIN, X + "002C0001 06" + PIN),
            (X + "00210000 06" + PIN, X + "A0260001 06" + PIN, X + "A0280001 06" + PIN, X + "FF820000 06" + PIN),
            (X + "00200081 000006" + PIN, X + "00DA00D3 06" + PIN, X + "80400606 06" + PIN, X + "80200B01 06" + PIN),
            (X + "10240081 03 313233", X + "00240081 03 343536"),
            (FIRST + "00200081 000006 3132", NEXT + "3334", LAST + "3536"),
            (FIRST + "00200081 000006", X + "313233343536"), (FIRST + "00200081 000006", NEXT, LAST + PIN),
            # a PIN that looks like a block
            (X + "00200081 04", ANSWER + "20", X + "31003400"), (X + "00200081 01", ANSWER + "DF", X + "31"),
            (X + "00200081 000006", ">80 00000000 00 00 00 00 10", X + PIN),
            # T=1, also with a CRC, a wrong LRC, and after an S-block
            (X + "00 20 05 0020008106 E2", ">80 00000000 00 00 000000 00 90 00 90", X + "00 40 06" + PIN + "77"),
            (X + "00 20 07 0020008106 3132 BEEF", X + "00 60 02 3334 BEEF", X + "00 00 02 3536 BEEF"),
            (X + "00 20 05 0020008106 E2", X + "00 40 06" + PIN + "77", X + "00 40 06" + PIN + "77"),
            (X + "00 20 05 0020008106 E2", X + "00 E3 01 01 E3", X + "00 40 06" + PIN + "77"),
            (X + "00 20 05 0020008106 E2", "6F 00000000 01 00 00 0000 00 40 04 00B00000 F4",
             X + "00 40 06" + PIN + "77"),
            (X + "00 40 0B 0020008106" + PIN + "00",), (X + "00 00 0B 0020008106" + PIN + "BEEF",),
            (X + "21 40 0B 0020008106" + PIN + "CF",),
            ("6B 00000000 00 00 000000 05" + PIN,), ("69 00000000 00 00 000000" + "00" * 20 + "00200081 06" + PIN,),
            ("69 00000000 00 00 000000" + "00" * 20, ">80 00000000 00 00 000000" + PIN + "9000"),
            ("40 00000000 00 00 000000" + PIN,)):
        path = "/tmp/vreader-log.%d" % os.getpid()
        with open(path, "w") as f:
            f.write(log_of(*blocks))
        text = converted(path)
        os.unlink(path)
        for line in text.splitlines():
            if line[0] != "#" and re.search("3[1-6]", line[15:] if "< 69" in line else line[2:]):
                raise AssertionError("%r: %s" % (blocks, text))


@test("replay: log2replay ends a command that the log has cut off with *")
def _():
    path = "/tmp/vreader-log.%d" % os.getpid()
    with open(path, "w") as f:
        f.write("00000010 -> 000000 6F 09 01 00 00 00 03 00 00 00 00 A4 04 00 FF 31\n"
                "00000010 <- 000000 80 09\n00000010 <- 000000 80 03 00 00 00 00 03 00 00 00 90 00\n")
    same(converted(path).splitlines()[1:], [
        "< 6F 09 01 00 00 00 .. .. 00 00 00 A4 04 00 FF 31 *", "> 80 09", "> 80 03 00 00 00 00 03 00 00 00 90 00",
        "# the log has cut off 1 bytes"])
    with open(path, "w") as f:
        f.write("00000010 APDU: 00 20 00 01 04 31 32 33 34\n")
    tool = os.path.join(os.path.dirname(os.path.abspath(__file__)), "log2replay")
    run = subprocess.run([tool, path], capture_output=True, text=True, timeout=10)
    same((run.returncode, run.stdout), (1, ""))
    os.unlink(path)


def packet(kind, transfer, endpoint, device, payload):
    head = struct.pack("<QcBBBH", 1, kind, transfer, endpoint, device, 1) + bytes(50) + payload
    return struct.pack("<IIII", 0, 0, len(head), len(head)) + head


@test("replay: log2replay takes the messages of the reader only from a capture")
def _():
    status = hx("65 00000000 00 00 000000")
    capture = b"".join((
        struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 220),
        packet(b"C", 1, 0x81, 2, hx("0000 1E 0000000000")),             # a keyboard
        packet(b"C", 1, 0x82, 3, hx("0000 1E 0000000000")),             # the keyboard of the reader
        packet(b"S", 3, 0x01, 4, hx("6F FFFFFFFF 0000000000 1E")), packet(b"C", 3, 0x81, 4, hx("1E")),
        packet(b"C", 1, 0x83, 3, hx("5003")),
        packet(b"S", 3, 0x01, 3, status), packet(b"C", 3, 0x81, 3, hx("81 00000000 00 00 000000")),
        packet(b"S", 3, 0x01, 3, hx("1E" * 10)), b"\1\2\3"))
    path = "/tmp/vreader-capture.%d" % os.getpid()
    with open(path, "wb") as f:
        f.write(capture)
    same([line for line in converted(path).splitlines() if line[0] != "#"],
         ["! 50 03", "any < 65 00 00 00 00 00 .. 00 00 00", "> 81 00 00 00 00 00 .. 00 00 00"])
    os.unlink(path)


@test("replay: log2replay makes a transcript of a capture, which plays as it was")
def _():
    path = "/tmp/vreader-capture.%d" % os.getpid()
    commands = ("65 00000000 00 00 000000", "62 00000000 00 00 000000", "6F 00000000 00 00 000000 00B0000010")
    h = Host("--card", "echo", "--pcap", path)
    want = [raw(h, m, seq) for seq, m in enumerate(commands)]
    clean(h)
    h = transcript(converted(path))
    os.unlink(path)
    same([raw(h, m, seq) for seq, m in enumerate(commands)], want)
    clean(h)
