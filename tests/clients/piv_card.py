# SPDX-License-Identifier: GPL-2.0-or-later
"""
usage: piv_card.py PORT DIRECTORY

A card with the PIV application (SP 800-73-4) as a YubiKey 5.2 has it, and that token's management
application, with the functions that programs use. DIRECTORY has SLOT.key and SLOT.crt, both in PEM,
for the slots that have a key at the start. PIN 123456, the management key is Yubico's.
"""
import os
import struct
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa, utils
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from card import Card, Status, parse_tlv, tlv

PIV = bytes.fromhex("A000000308")
MANAGEMENT = bytes.fromhex("A000000527471117")
VERSION = bytes([5, 2, 7])
SERIAL = 4711
PIN = b"123456\xFF\xFF"
TRIES = 3
MANAGEMENT_KEY = bytes.fromhex("010203040506070801020304050607080102030405060708")
TDES, RSA2048, P256 = 0x03, 0x07, 0x11
SLOTS = {0x9A: 0x5FC105, 0x9C: 0x5FC10A, 0x9D: 0x5FC10B, 0x9E: 0x5FC101}
CHUID = 0x5FC102


def tdes(decrypt, block):
    cipher = Cipher(algorithms.TripleDES(MANAGEMENT_KEY), modes.ECB())
    worker = cipher.decryptor() if decrypt else cipher.encryptor()
    return worker.update(block) + worker.finalize()


def rsa_raw(key, block):
    n = key.private_numbers()
    value = pow(int.from_bytes(block, "big"), n.d, n.public_numbers.n)
    return value.to_bytes(256, "big")


class PivCard(Card):
    historical = b"scard PIV"

    def __init__(self, directory):
        super().__init__()
        self.tries = TRIES
        self.keys = {}
        self.objects = {CHUID: tlv(0x30, bytes(25)) + tlv(0x34, bytes(range(16))) +
                        tlv(0x35, b"20460101") + tlv(0x3E) + tlv(0xFE)}
        for slot, tag in SLOTS.items():
            path = os.path.join(directory, "%02x" % slot)
            if os.path.exists(path + ".key"):
                with open(path + ".key", "rb") as file:
                    self.keys[slot] = serialization.load_pem_private_key(file.read(), None)
                with open(path + ".crt", "rb") as file:
                    cert = x509.load_pem_x509_certificate(file.read())
                self.objects[tag] = (tlv(0x70, cert.public_bytes(serialization.Encoding.DER)) +
                                     tlv(0x71, b"\0") + tlv(0xFE))
        self.reset()

    def reset(self):
        super().reset()
        self.application = None
        self.verified = self.managed = False
        self.witness = None

    def command(self, ins, p1, p2, data):
        if ins == 0xA4:
            return self.select(p1, data)
        if self.application == MANAGEMENT and ins == 0x1D:
            return self.device_info()
        if self.application != PIV:
            raise Status(0x6D00)
        commands = {0x20: self.verify, 0x47: self.generate, 0x87: self.authenticate,
                    0xCB: self.get_data, 0xDB: self.put_data, 0xF8: self.serial,
                    0xFD: self.version}
        if ins not in commands:
            raise Status(0x6D00)
        return commands[ins](p1, p2, data)

    def select(self, p1, data):
        if p1 != 4 or len(data) < 5:
            raise Status(0x6A82)
        if data[:5] == PIV:
            self.application = PIV
            self.verified = False
            return tlv(0x61, tlv(0x4F, bytes.fromhex("000010000100")),
                       tlv(0x79, tlv(0x4F, PIV)))
        if data == MANAGEMENT:
            self.application = MANAGEMENT
            return b"Virtual mgr - FW version 5.2.7"
        raise Status(0x6A82)

    @staticmethod
    def device_info():
        piv = b"\x10"
        info = (tlv(0x01, piv) + tlv(0x02, struct.pack(">I", SERIAL)) + tlv(0x03, piv) +
                tlv(0x04, b"\x01") + tlv(0x05, VERSION) + tlv(0x0D, piv) + tlv(0x0E, piv))
        return bytes([len(info)]) + info

    @staticmethod
    def version(_p1, _p2, _data):
        return VERSION

    @staticmethod
    def serial(_p1, _p2, _data):
        return struct.pack(">I", SERIAL)

    def verify(self, p1, p2, data):
        if p1 == 0xFF and not data:
            self.verified = False
            return b""
        if p2 != 0x80:
            raise Status(0x6A88)
        if not self.tries:
            raise Status(0x6983)
        if not data:
            if self.verified:
                return b""
            raise Status(0x63C0 | self.tries)
        if data != PIN:
            self.verified = False
            self.tries -= 1
            raise Status(0x63C0 | self.tries if self.tries else 0x6983)
        self.tries = TRIES
        self.verified = True
        return b""

    def generate(self, _p1, slot, data):
        if not self.managed:
            raise Status(0x6982)
        template = parse_tlv(parse_tlv(data)[0xAC])
        if template[0x80] != bytes([P256]) or slot not in SLOTS:
            raise Status(0x6A80)
        key = ec.generate_private_key(ec.SECP256R1())
        self.keys[slot] = key
        point = key.public_key().public_bytes(serialization.Encoding.X962,
                                              serialization.PublicFormat.UncompressedPoint)
        return tlv(0x7F49, tlv(0x86, point))

    def authenticate(self, algorithm, slot, data):
        template = parse_tlv(parse_tlv(data)[0x7C])
        if slot == 0x9B:
            return self.authenticate_manager(algorithm, template)
        if slot not in self.keys:
            raise Status(0x6A88)
        if not self.verified and slot != 0x9E:
            raise Status(0x6982)
        if slot == 0x9C:
            self.verified = False
        key = self.keys[slot]
        if isinstance(key, rsa.RSAPrivateKey) and algorithm == RSA2048 and 0x81 in template:
            answer = rsa_raw(key, template[0x81])
        elif isinstance(key, ec.EllipticCurvePrivateKey) and algorithm == P256 and \
                0x81 in template:
            digest = template[0x81].rjust(32, b"\0")
            answer = key.sign(digest, ec.ECDSA(utils.Prehashed(hashes.SHA256())))
        else:
            raise Status(0x6A80)
        return tlv(0x7C, tlv(0x82, answer))

    def authenticate_manager(self, algorithm, template):
        """Mutual authentication: compare the witness, then encrypt the host's challenge."""
        if algorithm != TDES:
            raise Status(0x6A80)
        if template.get(0x80) == b"":
            self.witness = os.urandom(8)
            return tlv(0x7C, tlv(0x80, tdes(False, self.witness)))
        if not self.witness or template.get(0x80) != self.witness:
            raise Status(0x6982)
        self.witness = None
        self.managed = True
        return tlv(0x7C, tlv(0x82, tdes(False, template[0x81])))

    def get_data(self, _p1, _p2, data):
        if data[:2] == b"\x5C\x01":
            raise Status(0x6A82)
        tag = int.from_bytes(parse_tlv(data)[0x5C], "big")
        if tag not in self.objects:
            raise Status(0x6A82)
        return tlv(0x53, self.objects[tag])

    def put_data(self, _p1, _p2, data):
        if not self.managed:
            raise Status(0x6982)
        objects = parse_tlv(data)
        self.objects[int.from_bytes(objects[0x5C], "big")] = objects[0x53]
        return b""


if __name__ == "__main__":
    PivCard(sys.argv[2]).serve(int(sys.argv[1]))
