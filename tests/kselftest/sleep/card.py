#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
#
# usage: tests/kselftest/sleep/card.py SOCKET
#
# A card for QEMU's ccid-card-passthru, outside of the guest, so that it goes on while the
# guest sleeps. Knows the commands of vreader's ISO card that take no data:
#   80E0 P1P2       answers after P1P2 ms
#   80E2 0000 00    how many commands it had, in four bytes
# and for what a person does with the card in the meantime:
#   80F0 P1P2       is taken out after P1P2 ms, and another one is put in
# Waits for QEMU, and for the next one when it has ended; runs until it is killed. Speaks the
# protocol of QEMU's docs/ccid.txt (vscard_common.h).

import socket
import struct
import sys
import threading
import time

INIT, ERROR, READER_ADD, READER_REMOVE, ATR, CARD_REMOVE, APDU = range(1, 8)
ATRS = bytes.fromhex("3B021450"), bytes.fromhex("3B021451")
ABSENT_S = 0.3


class Card:
    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        while True:
            try:
                self.sock.connect(path)
                break
            except OSError:
                time.sleep(0.1)
        self.lock = threading.Lock()
        self.commands = 0
        self.inserted = 0

    def send(self, kind, data=b""):
        with self.lock:
            self.sock.sendall(struct.pack(">III", kind, 0, len(data)) + data)

    def receive(self, length):
        data = b""
        while len(data) < length:
            part = self.sock.recv(length - len(data))
            if not part:
                raise ConnectionError
            data += part
        return data

    def swap(self, after):
        time.sleep(after)
        self.send(CARD_REMOVE)
        time.sleep(ABSENT_S)
        self.inserted ^= 1
        self.send(ATR, ATRS[self.inserted])

    def answer(self, apdu):
        if len(apdu) < 4 or apdu[0] != 0x80:
            return b"\x6e\x00"
        ms = apdu[2] << 8 | apdu[3]
        if apdu[1] == 0xE0:
            time.sleep(ms / 1000)
        elif apdu[1] == 0xE2:
            return struct.pack(">I", self.commands) + b"\x90\x00"
        elif apdu[1] == 0xF0:
            threading.Thread(target=self.swap, args=(ms / 1000,), daemon=True).start()
        else:
            return b"\x6d\x00"
        return b"\x90\x00"

    def run(self):
        self.send(INIT, struct.pack(">III", 0x56534344, 0x00020000, 0))
        while True:
            kind, _, length = struct.unpack(">III", self.receive(12))
            data = self.receive(length)
            if kind == INIT:
                self.send(READER_ADD)
                self.send(ATR, ATRS[0])
            elif kind == APDU:
                self.commands += 1
                # beside the next one, as far as QEMU sends one before it has the answer
                threading.Thread(target=lambda: self.send(APDU, self.answer(data)),
                                 daemon=True).start()


while True:
    try:
        Card(sys.argv[1]).run()
    except OSError:
        pass
