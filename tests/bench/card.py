#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The card in QEMU's reader (ccid-card-passthru): usage: card.py SOCKET

Answers each command with Le bytes and 9000, after half a millisecond: like a real card,
never before the guest waits for it. Ends with QEMU.
"""
import socket
import struct
import sys
import time

INIT, ERROR, READER_ADD, ATR, CARD_REMOVE, APDU = 1, 2, 3, 5, 6, 7
DELAY = 0.0005
OUT_AND_IN = 0xEE  # an instruction: answer, remove the card, insert it again
PAUSE = 0.4
ATR_T0 = bytes.fromhex("3b7a18000073667465206364313434")


def connect(path):
    """Connect to QEMU, which may still be starting."""
    for _ in range(600):
        try:
            sock = socket.socket(socket.AF_UNIX)
            sock.connect(path)
            return sock
        except OSError:
            time.sleep(0.1)
    sys.exit("card.py: no QEMU at " + path)


def send(sock, kind, data):
    sock.sendall(struct.pack(">III", kind, 0, len(data)) + data)


def receive(sock, length):
    data = b""
    while len(data) < length:
        part = sock.recv(length - len(data))
        if not part:
            sys.exit(0)
        data += part
    return data


def answer(apdu):
    length = apdu[4] if len(apdu) == 5 else 0
    return bytes(length) + b"\x90\x00"


def main():
    sock = connect(sys.argv[1])
    send(sock, INIT, b"VSCD" + struct.pack(">II", 2, 0))
    send(sock, READER_ADD, b"bench")
    send(sock, ATR, ATR_T0)
    while True:
        kind, _, length = struct.unpack(">III", receive(sock, 12))
        data = receive(sock, length)
        if kind == APDU:
            time.sleep(DELAY)
            send(sock, APDU, answer(data))
            if data[1] == OUT_AND_IN:
                time.sleep(PAUSE)
                send(sock, CARD_REMOVE, b"")
                time.sleep(PAUSE)
                send(sock, ATR, ATR_T0)


main()
