#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The reader and the card of card.c in Python, without a package.

Lines on standard input insert and remove the card; the end of the input unplugs the reader.
"""

import errno
import fcntl
import os
import select
import struct
import sys

# <linux/uscard.h>
CREATE = struct.Struct("=6I8I3I2H2I16I8I64s64s64s64s")
IOC_CREATE = 3 << 30 | CREATE.size << 16 | 0xC5 << 8 | 0x10    # _IOWR(0xC5, 0x10, ...)
REQUEST = struct.Struct("=2Q8I")      # id, arg64, op, slot, arg, timeout_ms, room, len, reserved
MESSAGE = struct.Struct("=Q8I")       # id, type, slot, error, value, len, reserved
POWER_ON, RESET, POWER_OFF, SET_PROTOCOL, TRANSMIT = range(1, 6)
ANSWER, EVENT, T1 = 1, 3, 2
ATR, AID = bytes.fromhex("3b800181"), bytes.fromhex("a00000000101")


class Card:
    """One application, which says hello to READ BINARY."""

    selected = False

    def transmit(self, command):
        """Return the answer to a command, with SW1 SW2."""
        if len(command) < 5:
            return b"\x67\x00"
        if command[:4] == b"\x00\xa4\x04\x00":      # SELECT by name
            self.selected = command[5:5 + command[4]] == AID
            return b"\x90\x00" if self.selected else b"\x6a\x82"
        if command[:2] == b"\x00\xb0":              # READ BINARY
            return b"hello\x90\x00" if self.selected else b"\x69\x85"
        return b"\x6d\x00"

    def answer(self, op, arg, data):
        """Return error, value and data of the answer to a request."""
        if op in (POWER_ON, RESET, POWER_OFF):
            self.selected = False
            return 0, 0, b"" if op == POWER_OFF else ATR
        if op == SET_PROTOCOL:
            return (0, T1, b"") if arg & T1 else (errno.EPROTONOSUPPORT, 0, b"")
        if op == TRANSMIT:
            return 0, 0, self.transmit(data)
        return errno.EOPNOTSUPP, 0, b""


def serve(fd, card):
    """Read one request and answer it."""
    packet = os.read(fd, REQUEST.size + 65548)
    number, _, op, _, arg, *_ = REQUEST.unpack_from(packet)
    if not number:
        return      # ABORT, SUSPEND: nothing takes long here
    error, value, data = card.answer(op, arg, packet[REQUEST.size:])
    try:
        os.write(fd, MESSAGE.pack(number, ANSWER, 0, error, value, len(data), 0, 0, 0) + data)
    except FileNotFoundError:
        pass        # the caller has not waited so long, or the card was removed


fd = os.open("/dev/uscard", os.O_RDWR)
arg = bytearray(CREATE.pack(0, 1, 1, 3, 65548, 0, *[0] * 39, b"Example", b"Card in Python", b"", b""))
fcntl.ioctl(fd, IOC_CREATE, arg)
print(f"/dev/scard{CREATE.unpack(arg)[21]}: insert, remove", flush=True)
card = Card()
while True:
    ready, _, _ = select.select([fd, 0], [], [])
    if fd in ready:
        serve(fd, card)
    if 0 in ready:
        line = os.read(0, 80)
        if not line:
            sys.exit()
        os.write(fd, MESSAGE.pack(0, EVENT, 0, 0, line[:1] == b"i", 0, 0, 0, 0))
