# SPDX-License-Identifier: GPL-2.0-or-later
"""
usage: sim_card.py PORT

A SIM of GSM 11.11 over T=0: the files that a client of EAP-SIM reads, CHV1 (1234), and RUN GSM
ALGORITHM, which requires CHV1. The algorithm is private, as an operator's may be; only
eap_sim_server.py shares it.
"""
import hashlib
import hmac
import struct
import sys

from card import Card, Status, parse_apdu

IMSI = "001010123456789"
KI = bytes(range(16))
CHV1 = b"1234\xFF\xFF\xFF\xFF"
MF, DF_GSM, EF_IMSI, EF_AD = 0x3F00, 0x7F20, 0x6F07, 0x6FAD


def triplet(rand):
    """Return SRES and Kc for a RAND: A3 and A8."""
    result = hmac.new(KI, rand, hashlib.sha256).digest()
    return result[:4], result[4:12]


def imsi_file():
    """Return the digits as half-bytes, the lower one first, after a half-byte with their parity."""
    digits = "9" + IMSI
    return bytes([8]) + bytes(int(digits[i + 1] + digits[i], 16) for i in range(0, 16, 2))


class SimCard(Card):
    # last byte of EF.AD: the network code has two digits
    files = {EF_IMSI: imsi_file(), EF_AD: b"\x00\x00\x00\x02"}

    def __init__(self):
        super().__init__()
        self.selected = MF
        self.tries = 3
        self.verified = False

    def reset(self):
        super().reset()
        self.selected = MF
        self.verified = False

    def atr(self):
        return b"\x3B\x03SIM"

    def apdu(self, apdu):
        (cla, ins, p1, p2), data, ne = parse_apdu(apdu)
        if cla != 0xA0:
            return b"\x6E\x00"
        if ins == 0xC0:
            return self.rest[:ne] + b"\x90\x00"
        try:
            answer = self.command(ins, p1, p2, data)
        except Status as status:
            return struct.pack(">H", status.sw)
        if ins == 0xB0:
            return answer[:ne] + b"\x90\x00"
        self.rest = answer
        return struct.pack(">BB", 0x9F, len(answer)) if answer else b"\x90\x00"

    def command(self, ins, p1, p2, data):
        commands = {0xA4: self.select, 0xB0: self.read, 0x20: self.verify, 0x88: self.run}
        if ins not in commands:
            raise Status(0x6D00)
        return commands[ins](p1 << 8 | p2, data)

    def select(self, _p1p2, data):
        fid = int.from_bytes(data, "big")
        if fid in (MF, DF_GSM):
            self.selected = fid
            # CHV1 is enabled; one DF, two EFs, four codes; tries of CHV1 and its unblocking
            return struct.pack(">HHHB5xB5B4B", 0, 1000, fid, 1 if fid == MF else 2, 9,
                               0x13, 1, 2, 4, 0, 0x80 | self.tries, 0x8A, 0, 0)
        if fid not in self.files or self.selected == MF:
            raise Status(0x9404)
        self.selected = fid
        return struct.pack(">HHHBxHBBBB", 0, len(self.files[fid]), fid, 4, 0x1000, 0, 1, 2, 0)

    def read(self, offset, _data):
        if self.selected not in self.files:
            raise Status(0x9400)
        if self.selected == EF_IMSI and not self.verified:
            raise Status(0x9804)
        return self.files[self.selected][offset:]

    def verify(self, p1p2, data):
        if p1p2 != 1:
            raise Status(0x6B00)
        if not self.tries:
            raise Status(0x9840)
        if not data:
            raise Status(0x63C0 | self.tries)
        self.verified = data == CHV1
        self.tries = 3 if self.verified else self.tries - 1
        if not self.verified:
            raise Status(0x9804 if self.tries else 0x9840)
        return b""

    def run(self, _p1p2, rand):
        if len(rand) != 16:
            raise Status(0x6700)
        if not self.verified:
            raise Status(0x9804)
        return b"".join(triplet(rand))


if __name__ == "__main__":
    SimCard().serve(int(sys.argv[1]))
