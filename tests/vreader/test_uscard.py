# SPDX-License-Identifier: GPL-2.0-or-later
"""vreader as a reader of /dev/uscard: a socket pair stands for the device, and CREATE is left out."""
import errno
import os
import select
import socket
import struct

from usbhost import Host, Timeout
from vrtest import clean, hx, same, test

POWER_ON, RESET, POWER_OFF, SET_PROTOCOL, TRANSMIT, CONTROL, EJECT, ABORT, SUSPEND = range(1, 10)
ANSWER, MORE_TIME, EVENT = 1, 2, 3
T0, T1 = 1, 2
ATR = hx("3b 83 81 31 fe 45 69 73 6f fd")
LATER = 0.3
# Of the machine that vreader runs on
ORDER = os.environ.get("VREADER_ORDER", "=")


class Kernel(Host):
    """The other end of the socket pair."""

    def __init__(self, *args, size=None):
        self.start(socket.SOCK_SEQPACKET, "--uscard=fd:%d", *args, size=size)
        self.id = 0

    def ask(self, op, data=b"", slot=0, arg=0, arg64=0):
        """Sends a request; returns its id."""
        wanted = op not in (ABORT, SUSPEND)
        self.id += wanted
        self.sock.send(struct.pack(ORDER + "QQ8I", self.id if wanted else 0, arg64, op, slot, arg, 5000, 65538, len(data),
                                   0, 0) + data)
        return self.id

    def message(self, timeout=5.0):
        """The next message: (type, id or slot, error, value, data)."""
        if not select.select([self.sock], [], [], timeout)[0]:
            raise Timeout()
        m = self.sock.recv(1 << 17)
        number, kind, slot, error, value, length, r0, r1, r2 = struct.unpack_from(ORDER + "Q8I", m)
        same((length, r0, r1, r2), (len(m) - 40, 0, 0, 0), "len and reserved")
        return kind, slot if kind == EVENT else number, error, value, m[40:]

    def silent(self):
        try:
            got = self.message(LATER)
        except Timeout:
            return
        raise AssertionError("a message: %r" % (got,))

    def event(self, slot=0):
        kind, where, error, value, _ = self.message()
        same((kind, where, error), (EVENT, slot, 0), "event")
        return value

    def do(self, *args, **kwargs):
        """A request and its answer: (error, value, data)."""
        number = self.ask(*args, **kwargs)
        kind, answered, error, value, data = self.message()
        same((kind, answered), (ANSWER, number), "answer")
        return error, value, data

    def words(self):
        """The commands to the reader since the log was cleared."""
        return [line.split()[5] for line in self.ctl_list("log") if line.split()[2] == "<"]


def with_card(*args, **kwargs):
    k = Kernel(*args, **kwargs)
    same(k.event(), 1)
    same(k.do(POWER_ON)[0], 0)
    k.ctl_line("log clear")
    return k


def refused(errno_, answer):
    same(answer, (errno_, 0, b""))


@test("uscard: cold reset, warm reset, power off")
def _():
    k = Kernel()
    same(k.event(), 1)
    for op in (POWER_ON, POWER_ON, RESET, POWER_OFF, RESET):
        same(k.do(op), (0, 0, b"" if op == POWER_OFF else ATR))
    same(k.words(), "IccPowerOn IccPowerOff IccPowerOn IccPowerOn IccPowerOff IccPowerOn".split())
    same((k.count("cold"), k.count("warm")), (3, 1))
    same(k.ctl_line("info").count("configured=1"), 1)
    clean(k)


@test("uscard: the protocol in use, another of the ATR, none")
def _():
    k = Kernel("--card", "iso,t=10")
    same(k.event(), 1)
    refused(errno.EREMOTEIO, k.do(SET_PROTOCOL, arg=T0 | T1))
    same(k.do(POWER_ON)[0], 0)
    same(k.do(SET_PROTOCOL, arg=T0 | T1), (0, T1, b""))
    same(k.do(SET_PROTOCOL, arg=T0), (0, T0, b""))
    same(k.state()["protocol"], "0")
    same(k.do(TRANSMIT, hx("80 e4 00 00 00"), arg=T0)[0], 0)
    refused(errno.EPROTONOSUPPORT, k.do(SET_PROTOCOL, arg=T1))
    same(k.do(RESET)[0], 0)
    same(k.do(SET_PROTOCOL, arg=T1), (0, T1, b""))
    clean(k)


@test("uscard: short and extended APDUs, with a reader of each level")
def _():
    for profile in ("character", "tpdu", "short", "extended"):
        for card in ("echo,t=1", "echo,t=0"):
            k = Kernel("--profile", profile, "--card", card)
            same(k.event(), 1)
            same(k.do(POWER_ON)[0], 0)
            same(k.do(TRANSMIT, hx("00 01 00 00 04 01 02 03 04 00")), (0, 0, hx("01 02 03 04 90 00")), profile)
            if profile != "short":
                long = bytes(range(250)) * 200
                same(k.do(TRANSMIT, hx("00 01 00 00 00 c3 50") + long + hx("00 00")), (0, 0, long + hx("90 00")), profile)
            clean(k)


@test("uscard: the control codes of the reader, and an unknown one")
def _():
    k = with_card()
    same(k.do(CONTROL, b"hello", arg=0x42000001), (0, 0, b"hello"))
    same(k.do(CONTROL, arg=0x42000d48), (0, 0, hx("0a 04 42 33 00 0a 12 04 42 33 00 12 13 04 42 00 00 01")))
    refused(errno.EOPNOTSUPP, k.do(CONTROL, b"hello", arg=0x42000002))
    refused(errno.EOPNOTSUPP, k.do(77))
    same(k.words(), ["Escape"])
    refused(errno.EINVAL, k.do(CONTROL, bytes(65545), arg=0x42000001))
    clean(k)


def enter(k, keys):
    """Has a PIN of 4 to 8 digits entered: (error, data)."""
    verify = struct.pack(ORDER + "5BH2BHB3xI", 30, 0, 0x82, 8, 0, 0x0408, 2, 255, 0x0409, 0, 13)
    number = k.ask(CONTROL, verify + hx("00 20 00 01 08") + b"\xff" * 8, arg=0x42330006)
    same(k.message(), (MORE_TIME, number, 0, 40000, b""))
    k.ctl_line("press " + keys)
    kind, answered, error, value, data = k.message()
    same((kind, answered, value), (ANSWER, number, 0))
    return error, data


@test("uscard: PIN entry: right, wrong, cancelled, too late, a structure that is none")
def _():
    k = with_card("--profile", "pinpad", "--card", "iso,t=1,pin=1234")
    same(k.do(CONTROL, arg=0x42000d48)[2][:12], hx("06 04 42 33 00 06 07 04 42 33 00 07"))
    same(k.do(CONTROL, arg=0x4233000a), (0, 0, hx("10 02 07 00")))
    same(k.do(CONTROL, arg=0x42330012)[2][:7], hx("01 02 10 02 02 01 07"))
    same(enter(k, "1234E"), (0, hx("90 00")))
    same(enter(k, "9999E"), (0, hx("63 c2")))
    same(enter(k, "12C"), (0, hx("64 01")))
    same(enter(k, "T"), (0, hx("64 00")))
    refused(errno.EINVAL, k.do(CONTROL, b"\x1e" * 30, arg=0x42330006))
    refused(errno.EINVAL, k.do(CONTROL, arg=0x42330007))
    clean(k)


@test("uscard: eject")
def _():
    k = with_card("--profile", "mechanical")
    same(k.do(EJECT), (0, 0, b""))
    same(k.event(), 0)
    same(k.words(), ["Mechanical"])
    clean(k)


@test("uscard: an empty slot, a mute card")
def _():
    k = Kernel("--card", "none")
    refused(errno.ENOMEDIUM, k.do(POWER_ON))
    refused(errno.ENOMEDIUM, k.do(TRANSMIT, hx("00a40400")))
    k.ctl_line("insert 0 mute")
    same(k.event(), 1)
    refused(errno.EREMOTEIO, k.do(POWER_ON))
    clean(k)


@test("uscard: insertion, removal, a card that follows another at once; slots")
def _():
    k = Kernel("--slots", "6", "--card", "5:iso")
    same(k.event(5), 1)
    k.ctl_line("insert 1 iso")
    same(k.event(1), 1)
    same(k.do(POWER_ON, slot=5)[0], 0)
    k.ctl_line("swap 5 echo")
    same((k.event(5), k.event(5)), (0, 1))
    k.ctl_line("remove 1")
    same(k.event(1), 0)
    k.silent()
    clean(k)


@test("uscard: removal and swap during a command: ENOMEDIUM")
def _():
    for action in ("remove", "swap"):
        k = with_card()
        number = k.ask(TRANSMIT, hx("80 e8 00 00"))
        k.ctl_line("wait busy")
        k.ctl_line(action)
        same(k.message(), (ANSWER, number, errno.ENOMEDIUM, 0, b""))
        # the answer has told of the removal
        if action == "swap":
            same(k.event(), 1)
        k.silent()
        clean(k)


@test("uscard: abort of a command in progress, of a delayed answer, of a message not taken")
def _():
    for fault, words in ((None, ["XfrBlock", "Abort"]), ("on XfrBlock delay 2000", ["XfrBlock", "Abort"]),
                         ("on XfrBlock no-answer", ["XfrBlock", "Abort"]), ("on XfrBlock nak 0", [])):
        k = with_card()
        if fault:
            same(k.ctl_line("fault " + fault), "OK")
        number = k.ask(TRANSMIT, hx("00a40400") if fault else hx("80 e8 00 00"))
        k.silent()
        k.ask(ABORT, arg64=number + 7)
        k.ask(ABORT, arg64=number)
        same(k.message(), (ANSWER, number, errno.ECANCELED, 0, b""))
        same(k.words(), words, fault)
        k.ask(ABORT, arg64=number)
        k.silent()
        same(k.do(RESET), (0, 0, ATR))
        clean(k)


@test("uscard: a request that replaces one without an answer")
def _():
    k = with_card()
    k.ctl_line("fault on XfrBlock no-answer")
    number = k.ask(TRANSMIT, hx("00a40400"))
    second = k.ask(RESET)
    same(k.message(), (ANSWER, number, errno.ECANCELED, 0, b""))
    same(k.message(), (ANSWER, second, 0, 0, ATR))
    clean(k)


@test("uscard: suspend powers off")
def _():
    k = with_card("--slots", "2", "--card", "0:iso")
    k.ask(SUSPEND)
    same(k.ctl_line("wait unpowered 0"), "OK")
    k.silent()
    same(k.words(), ["IccPowerOff"])
    same(k.do(POWER_ON)[0], 0)
    clean(k)


@test("uscard: more time")
def _():
    k = with_card()
    k.ctl_line("fault on XfrBlock extend 2 100")
    number = k.ask(TRANSMIT, hx("00a40400"))
    for _ in range(2):
        same(k.message(), (MORE_TIME, number, 0, 5000, b""))
    same(k.message()[:3], (ANSWER, number, 0))
    clean(k)


@test("uscard: an answer longer than any may be becomes EIO")
def _():
    k = with_card("--profile", "extended", "--card", "echo,hist=", size=8192)
    number = k.ask(TRANSMIT, hx("00 01 00 00 00 c3 50") + bytes(50000) + hx("00 00"))
    same(k.message(), (ANSWER, number, errno.EIO, 0, b""))
    clean(k)


@test("uscard: faults of the CCID answer and of the transfer")
def _():
    for fault, want in (("error fb", errno.EIO), ("error fe", errno.EREMOTEIO), ("error ff", errno.ECANCELED),
                        ("status 42", errno.ENOMEDIUM), ("status c0", errno.EIO), ("refuse", errno.EIO),
                        ("stall", errno.EIO), ("stall-out", errno.EIO), ("babble", errno.EIO), ("short 5", errno.EIO),
                        ("type 82", errno.EIO), ("length 1", errno.EIO), ("chain 1", errno.EIO), ("garbage 3", errno.EIO),
                        ("pad 5", 0), ("long 5", 0), ("merge", 0), ("zlp", 0), ("twice", 0), ("stale", 0),
                        ("card mute", errno.EREMOTEIO), ("storm 0", 0), ("hw-error 1", 0)):
        k = with_card()
        same(k.ctl_line("fault on XfrBlock " + fault), "OK", fault)
        number = k.ask(TRANSMIT, hx("00a40400"))
        m = k.message()
        while m[0] == MORE_TIME:
            m = k.message()
        same(m[:3], (ANSWER, number, want), fault)
        k.ctl_line("fault clear")
        same(k.do(POWER_ON)[0], 0, fault)
        clean(k)


@test("uscard: unplug, by command and by fault")
def _():
    for fault in (False, True):
        k = with_card()
        if fault:
            k.ctl_line("fault on XfrBlock unplug 0")
            k.ask(TRANSMIT, hx("00a40400"))
        else:
            k.ctl_line("unplug")
        same(k.sock.recv(100), b"", "end of file")
        same(k.ctl_line("wait gone"), "OK")
        same(k.ctl_line("info").count("configured=0"), 1)
        same(k.state()["powered"], "0")
        same(k.ctl_line("quit"), "OK 0")
        clean(k)


@test("uscard: neither tokens nor two interfaces")
def _():
    for args in (["--profile", "iccd-b"], ["--profile", "short", "--profile", "tpdu"]):
        k = Kernel(*args)
        same(k.proc.wait(10), 1)
        same(k.close(), 1)
        same("--uscard: one interface" in k.stderr, True)
