# SPDX-License-Identifier: GPL-2.0-or-later
"""
usage: openpgp_card.py PORT

An empty OpenPGP card, version 3.4 (functional specification of gnupg.org), with keys on
Curve25519 only, with the functions that GnuPG uses. Both PINs are 12345678, so that one passphrase is
right for both.
"""
import struct
import sys

from cryptography.hazmat.primitives.asymmetric import ed25519, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from card import Card, Status, parse_tlv, tlv

AID = bytes.fromhex("D276000124010304FFFE000000010000")
PIN = b"12345678"
TRIES = 3
ED25519 = bytes.fromhex("162B06010401DA470F01")
CV25519 = bytes.fromhex("122B060104019755010501")
# Control reference template of a key; its data objects follow the template
SIGN, DECIPHER, AUTHENTICATE = 0xB6, 0xB8, 0xA4


class OpenPgpCard(Card):
    # chaining and extended lengths; life cycle: operational
    historical = bytes.fromhex("0073000080059000")

    def __init__(self):
        super().__init__()
        self.keys = {}
        self.signatures = 0
        self.tries = {0x81: TRIES, 0x83: TRIES}
        self.objects = {tag: b"" for tag in (0x5B, 0x5E, 0x5F2D, 0x5F50, 0x0101, 0x0102)}
        self.objects.update({tag: bytes(20) for tag in (0xC7, 0xC8, 0xC9, 0xCA, 0xCB, 0xCC)})
        self.objects.update({tag: bytes(4) for tag in (0xCE, 0xCF, 0xD0)})
        self.objects[0x5F35] = b"9"
        self.force_signature_pin = 0
        self.reset()

    def reset(self):
        super().reset()
        self.selected = False
        self.verified = set()

    def command(self, ins, p1, p2, data):
        if ins == 0xA4:
            self.selected = p1 == 4 and data == AID[:len(data)] and len(data) >= 6
            if not self.selected:
                raise Status(0x6A82)
            return b""
        commands = {0x20: self.verify, 0x2A: self.operation, 0x47: self.key_pair,
                    0x88: self.internal_authenticate, 0xCA: self.get_data, 0xDA: self.put_data}
        if not self.selected or ins not in commands:
            raise Status(0x6D00)
        return commands[ins](p1, p2, data)

    def need(self, reference):
        if reference not in self.verified:
            raise Status(0x6982)

    def key(self, kind):
        if kind not in self.keys:
            raise Status(0x6A88)
        return self.keys[kind]

    def verify(self, _p1, p2, data):
        """81: the user's PIN for one signature, 82: for other uses, 83: the administrator's."""
        counter = 0x81 if p2 == 0x82 else p2
        if counter not in self.tries:
            raise Status(0x6A88)
        if not self.tries[counter]:
            raise Status(0x6983)
        if not data:
            if p2 in self.verified:
                return b""
            raise Status(0x63C0 | self.tries[counter])
        if data != PIN:
            self.tries[counter] -= 1
            self.verified.discard(p2)
            raise Status(0x6982)
        self.tries[counter] = TRIES
        self.verified.add(p2)
        return b""

    def key_pair(self, p1, _p2, data):
        kind = data[0]
        if p1 == 0x80:
            self.need(0x83)
            self.keys[kind] = (x25519.X25519PrivateKey if kind == DECIPHER else
                               ed25519.Ed25519PrivateKey).generate()
            if kind == SIGN:
                self.signatures = 0
        public = self.key(kind).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return tlv(0x7F49, tlv(0x86, public))

    def operation(self, p1, p2, data):
        if (p1, p2) == (0x9E, 0x9A):
            self.need(0x81)
            signature = self.key(SIGN).sign(data)
            self.signatures += 1
            if self.force_signature_pin == 0:
                self.verified.discard(0x81)
            return signature
        if (p1, p2) == (0x80, 0x86):
            self.need(0x82)
            point = parse_tlv(parse_tlv(parse_tlv(data)[0xA6])[0x7F49])[0x86]
            return self.key(DECIPHER).exchange(
                x25519.X25519PublicKey.from_public_bytes(point[-32:]))
        raise Status(0x6A86)

    def internal_authenticate(self, _p1, _p2, data):
        self.need(0x82)
        return self.key(AUTHENTICATE).sign(data)

    def pin_status(self):
        user, admin = self.tries[0x81], self.tries[0x83]
        return bytes([self.force_signature_pin, 64, 64, 64, user, 0, admin])

    def get_data(self, p1, p2, _data):
        tag = p1 << 8 | p2
        o = self.objects
        # PIN status can be changed; private objects; up to 2048 bytes
        capabilities = bytes.fromhex("18000000080008000000")
        discretionary = tlv(0x73, tlv(0xC0, capabilities), tlv(0xC1, ED25519),
                            tlv(0xC2, CV25519), tlv(0xC3, ED25519), tlv(0xC4, self.pin_status()),
                            tlv(0xC5, o[0xC7], o[0xC8], o[0xC9]),
                            tlv(0xC6, o[0xCA], o[0xCB], o[0xCC]),
                            tlv(0xCD, o[0xCE], o[0xCF], o[0xD0]))
        computed = {
            0x4F: AID,
            0x5F52: self.historical,
            0x65: tlv(0x5B, o[0x5B]) + tlv(0x5F2D, o[0x5F2D]) + tlv(0x5F35, o[0x5F35]),
            0x6E: tlv(0x4F, AID) + tlv(0x5F52, self.historical) + discretionary,
            0x7A: tlv(0x93, struct.pack(">I", self.signatures)[1:]),
            0xC4: self.pin_status(),
        }
        if tag in computed:
            return computed[tag]
        if tag in (0x5E, 0x5F50, 0x0101, 0x0102):
            return o[tag]
        raise Status(0x6A88)

    def put_data(self, p1, p2, data):
        self.need(0x83)
        tag = p1 << 8 | p2
        if tag == 0xC4:
            self.force_signature_pin = data[0]
        elif tag in self.objects:
            self.objects[tag] = data
        else:
            raise Status(0x6A88)
        return b""


if __name__ == "__main__":
    OpenPgpCard().serve(int(sys.argv[1]))
