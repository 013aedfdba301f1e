# SPDX-License-Identifier: GPL-2.0-or-later
"""
Shared by the cards of this directory: the connection to vreader (the protocol of vsmartcard's
vpcd), and the APDUs of ISO 7816-4: lengths, command chaining, GET RESPONSE.
"""
import socket
import struct
import time

POWER_OFF, POWER_ON, RESET, GET_ATR = b"\0", b"\1", b"\2", b"\4"
CHAINED = 0x10


class Status(Exception):
    """End a command with this status word and no data."""

    def __init__(self, sw):
        super().__init__("%04X" % sw)
        self.sw = sw


def tlv(tag, *values):
    value = b"".join(values)
    head = struct.pack(">B" if tag < 0x100 else ">H", tag)
    if len(value) < 0x80:
        return head + struct.pack(">B", len(value)) + value
    if len(value) < 0x100:
        return head + struct.pack(">BB", 0x81, len(value)) + value
    return head + struct.pack(">BH", 0x82, len(value)) + value


def parse_tlv(data):
    """Return the objects of the first level, by tag."""
    found = {}
    while data:
        tag, data = data[0], data[1:]
        if tag & 0x1F == 0x1F:
            tag, data = tag << 8 | data[0], data[1:]
        length, data = data[0], data[1:]
        if length > 0x80:
            count = length & 0x7F
            length, data = int.from_bytes(data[:count], "big"), data[count:]
        found[tag], data = data[:length], data[length:]
    return found


def make_atr(historical):
    """Return an ATR: direct convention, T=1 with IFSC 254, check byte at the end."""
    atr = bytes([0x3B, 0x80 | len(historical), 0x81, 0x31, 0xFE, 0x55]) + historical
    check = 0
    for byte in atr[1:]:
        check ^= byte
    return atr + bytes([check])


def parse_apdu(apdu):
    """Return CLA INS P1 P2, data and Ne. A missing Le counts as the largest: clients omit it."""
    head, body = apdu[:4], apdu[4:]
    if len(body) <= 1:
        return head, b"", (body[0] or 256) if body else 256
    if body[0]:
        data, le = body[1:1 + body[0]], body[1 + body[0]:]
        return head, data, (le[0] if le else 0) or 256
    length = struct.unpack(">H", body[1:3])[0]
    if len(body) == 3:
        return head, b"", length or 65536
    data, le = body[3:3 + length], body[3 + length:]
    return head, data, (struct.unpack(">H", le)[0] if le else 0) or 65536


class Card:
    """A card. command() of a subclass gets a whole command and returns the whole answer."""

    historical = b""

    def __init__(self):
        self.chain = b""
        self.rest = b""

    def atr(self):
        return make_atr(self.historical)

    def reset(self):
        """Power-off or warm reset: drop the verified PINs."""
        self.chain = self.rest = b""

    def command(self, ins, p1, p2, data):
        raise NotImplementedError

    def apdu(self, apdu):
        if len(apdu) < 4:
            return b"\x67\x00"
        (cla, ins, p1, p2), data, ne = parse_apdu(apdu)
        if cla & ~CHAINED:
            return b"\x6E\x00"
        if ins == 0xC0:
            answer, self.rest = self.rest, b""
            return self.part(answer, ne)
        self.rest = b""
        self.chain += data
        if cla & CHAINED:
            return b"\x90\x00"
        data, self.chain = self.chain, b""
        try:
            answer = self.command(ins, p1, p2, data)
        except Status as status:
            return struct.pack(">H", status.sw)
        return self.part(answer, ne)

    def part(self, answer, ne):
        self.rest = answer[ne:]
        sw = 0x6100 | min(len(self.rest), 256) & 0xFF if self.rest else 0x9000
        return answer[:ne] + struct.pack(">H", sw)

    def serve(self, port):
        """Stay in the slot until the reader is gone."""
        line = connect(port)
        while True:
            message = receive(line)
            if message is None:
                return
            if message in (POWER_OFF, POWER_ON, RESET):
                self.reset()
                continue
            answer = self.atr() if message == GET_ATR else self.apdu(message)
            line.sendall(struct.pack(">H", len(answer)) + answer)


def connect(port):
    """Connect to the reader, which may still be starting."""
    for _ in range(100):
        try:
            line = socket.create_connection(("127.0.0.1", port))
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return line
        except ConnectionRefusedError:
            time.sleep(0.1)
    raise SystemExit("nobody listens on port %d" % port)


def receive(line):
    """Return a message, None at the end."""
    message = b""
    want = 2
    while len(message) < want:
        part = line.recv(want - len(message))
        if not part:
            return None
        message += part
        if len(message) == 2:
            want = 2 + struct.unpack(">H", message)[0]
    return message[2:]
