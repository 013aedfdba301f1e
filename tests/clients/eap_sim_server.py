# SPDX-License-Identifier: GPL-2.0-or-later
"""
usage: eap_sim_server.py PORT

A RADIUS server (RFC 2865, 3579) that authenticates one client by EAP-SIM (RFC 4186) and knows the
keys of the card of sim_card.py. Ends when the client is accepted (status 0) or refused
(1); prints the identity of the client, and "authenticated" only if the card gave the right answers.
"""
import hashlib
import hmac
import os
import socket
import struct
import sys

from sim_card import triplet

SECRET = b"radius"
REQUEST, RESPONSE, SUCCESS, FAILURE = 1, 2, 3, 4
ACCESS_REQUEST, ACCESS_ACCEPT, ACCESS_REJECT, ACCESS_CHALLENGE = 1, 2, 3, 11
USER_NAME, STATE, EAP_MESSAGE, MESSAGE_AUTHENTICATOR = 1, 24, 79, 80
EAP_SIM = 18
START, CHALLENGE = 10, 11
AT_RAND, AT_NONCE_MT, AT_MAC, AT_VERSION_LIST, AT_SELECTED_VERSION = 1, 7, 11, 15, 16
VERSION = b"\x00\x01"


def rotate(value, bits):
    return (value << bits | value >> (32 - bits)) & 0xFFFFFFFF


def sha1_step(block):
    """Return SHA-1's compression of one block, without padding: G of FIPS 186-2, appendix 3.3."""
    w = list(struct.unpack(">16I", block))
    for i in range(16, 80):
        w.append(rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1))
    start = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0)
    a, b, c, d, e = start
    for i in range(80):
        if i < 20:
            f, k = b & c | ~b & d, 0x5A827999
        elif i < 40:
            f, k = b ^ c ^ d, 0x6ED9EBA1
        elif i < 60:
            f, k = b & c | b & d | c & d, 0x8F1BBCDC
        else:
            f, k = b ^ c ^ d, 0xCA62C1D6
        a, b, c, d, e = (rotate(a, 5) + (f & 0xFFFFFFFF) + e + k + w[i]) & 0xFFFFFFFF, a, \
            rotate(b, 30), c, d
    return b"".join(struct.pack(">I", (x + y) & 0xFFFFFFFF) for x, y in zip(start, (a, b, c, d, e)))


def random_from(key, length):
    """Return the output of the generator of FIPS 186-2 (change notice 1), without its modulus."""
    out = b""
    while len(out) < length:
        part = sha1_step(key + bytes(44))
        out += part
        key = ((int.from_bytes(key, "big") + int.from_bytes(part, "big") + 1) % 2 ** 160).to_bytes(
            20, "big")
    return out[:length]


def eap(code, identifier, body=b""):
    return struct.pack(">BBH", code, identifier, 4 + len(body)) + body


def eap_sim(identifier, subtype, attributes):
    return eap(REQUEST, identifier, struct.pack(">BBH", EAP_SIM, subtype, 0) + attributes)


def attribute(kind, value):
    return struct.pack(">BB", kind, (2 + len(value)) // 4) + value


def attributes_of(packet):
    """Return, by kind, the offset of the value and the value."""
    found, at = {}, 8
    while at < len(packet):
        kind, length = packet[at], 4 * packet[at + 1]
        found[kind] = at + 2, packet[at + 2:at + length]
        at += max(length, 4)
    return found


def mac(key, packet, extra):
    return hmac.new(key, packet + extra, hashlib.sha1).digest()[:16]


class Session:
    """Return the next message; ValueError for an invalid one of the peer."""

    def __init__(self):
        self.identity = b""
        self.rands = [os.urandom(16) for _ in range(3)]
        self.k_aut = b""

    def answer(self, packet):
        """Handle a packet of the peer: the code of RADIUS, and the EAP message."""
        code, identifier, length = struct.unpack(">BBH", packet[:4])
        if code != RESPONSE or length != len(packet):
            raise ValueError("no response")
        following = (identifier + 1) & 0xFF
        if packet[4] == 1:
            self.identity = packet[5:]
            print("identity", self.identity.decode(), flush=True)
            versions = attribute(AT_VERSION_LIST, b"\x00\x02" + VERSION + b"\x00\x00")
            return ACCESS_CHALLENGE, eap_sim(following, START, versions)
        if packet[4] != EAP_SIM:
            raise ValueError("another method")
        if packet[5] == START:
            return ACCESS_CHALLENGE, self.challenge(following, attributes_of(packet))
        if packet[5] != CHALLENGE or not self.k_aut:
            raise ValueError("subtype %d" % packet[5])
        at, value = attributes_of(packet)[AT_MAC]
        blank = packet[:at + 2] + bytes(16) + packet[at + 18:]
        sres = b"".join(triplet(rand)[0] for rand in self.rands)
        if value[2:] != mac(self.k_aut, blank, sres):
            raise ValueError("wrong SRES")
        print("authenticated", flush=True)
        return ACCESS_ACCEPT, eap(SUCCESS, identifier)

    def challenge(self, identifier, attributes):
        nonce = attributes[AT_NONCE_MT][1][2:]
        if attributes[AT_SELECTED_VERSION][1] != VERSION:
            raise ValueError("version")
        kc = b"".join(triplet(rand)[1] for rand in self.rands)
        master = hashlib.sha1(self.identity + kc + nonce + VERSION + VERSION).digest()
        self.k_aut = random_from(master, 32)[16:]
        rands = attribute(AT_RAND, bytes(2) + b"".join(self.rands))
        blank = eap_sim(identifier, CHALLENGE, rands + attribute(AT_MAC, bytes(18)))
        return blank[:-16] + mac(self.k_aut, blank, nonce)


def pieces(kind, value):
    """Return an attribute of RADIUS, split as needed."""
    return b"".join(struct.pack(">BB", kind, 2 + len(part)) + part
                    for part in (value[i:i + 253] for i in range(0, len(value), 253)))


def parse_radius(packet):
    code, identifier, length = struct.unpack(">BBH", packet[:4])
    found, at = {}, 20
    while at < length:
        kind, size = packet[at], packet[at + 1]
        found[kind] = found.get(kind, b"") + packet[at + 2:at + size]
        if kind == MESSAGE_AUTHENTICATOR:
            blank = packet[:at + 2] + bytes(16) + packet[at + 18:length]
            if hmac.new(SECRET, blank, hashlib.md5).digest() != found[kind]:
                raise ValueError("wrong Message-Authenticator")
        at += max(size, 2)
    return code, identifier, found


def radius(code, identifier, authenticator, packet):
    """Return the answer to the request with this authenticator."""
    body = pieces(EAP_MESSAGE, packet) + pieces(STATE, b"one session") + \
        pieces(MESSAGE_AUTHENTICATOR, bytes(16))
    head = struct.pack(">BBH", code, identifier, 20 + len(body))
    body = body[:-16] + hmac.new(SECRET, head + authenticator + body, hashlib.md5).digest()
    return head + hashlib.md5(head + authenticator + body + SECRET).digest() + body


def serve(port):
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line.bind(("127.0.0.1", port))
    line.settimeout(60)
    print("ready", flush=True)
    session = Session()
    while True:
        request, peer = line.recvfrom(4096)
        code, identifier, attributes = parse_radius(request)
        if code != ACCESS_REQUEST:
            continue
        packet = attributes[EAP_MESSAGE]
        try:
            code, answer = session.answer(packet)
        except (ValueError, KeyError) as error:
            print("refused:", error, flush=True)
            code, answer = ACCESS_REJECT, eap(FAILURE, packet[1])
        line.sendto(radius(code, identifier, request[4:20], answer), peer)
        if code != ACCESS_CHALLENGE:
            return code != ACCESS_ACCEPT


if __name__ == "__main__":
    sys.exit(serve(int(sys.argv[1])))
