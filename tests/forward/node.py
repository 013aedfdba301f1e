# SPDX-License-Identifier: GPL-2.0-or-later
"""/dev/scardN by its ioctls."""

import ctypes
import fcntl
import os
import struct

LEAVE, RESET, UNPOWER = range(3)
PRESENT, POWERED = 1, 2
GET_FEATURES = 0x42000d48
_STATUS = struct.Struct("=8I33s7x16x")


def _code(direction, number, size):
    return direction << 30 | size << 16 | 0xC5 << 8 | number


class Node:
    """An open device; each call raises OSError."""

    def __init__(self, path):
        self.fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)

    def close(self):
        os.close(self.fd)

    def _ioctl(self, direction, number, data):
        data = bytearray(data)
        fcntl.ioctl(self.fd, _code(direction, number, len(data)), data)
        return data

    def status(self):
        """Return the state bits and the answer to reset."""
        values = _STATUS.unpack(self._ioctl(3, 1, bytes(_STATUS.size)))
        return values[1], values[8][:values[7]]

    def connect(self, mode=2, protocols=3):
        self._ioctl(3, 2, struct.pack("=8I", mode, protocols, 0, 0, 0, 0, 0, 0))

    def reconnect(self, initialization):
        self._ioctl(3, 3, struct.pack("=8I", 2, 3, initialization, 0, 0, 0, 0, 0))

    def disconnect(self, disposition):
        self._ioctl(1, 4, struct.pack("=4I", disposition, 0, 0, 0))

    def begin(self):
        fcntl.ioctl(self.fd, _code(0, 5, 0), 0)

    def end(self, disposition=LEAVE):
        self._ioctl(1, 6, struct.pack("=4I", disposition, 0, 0, 0))

    def _exchange(self, number, command, word):
        answer = ctypes.create_string_buffer(65538)
        source = ctypes.create_string_buffer(command, len(command))
        arg = self._ioctl(3, number, struct.pack("=2Q6I", ctypes.addressof(source), ctypes.addressof(answer),
                                                 len(command), len(answer), word, 0, 0, 0))
        return answer.raw[:struct.unpack("=2Q6I", arg)[3]]

    def apdu(self, text):
        """Return the answer, both in hexadecimal."""
        return self._exchange(7, bytes.fromhex(text), 0).hex()

    def control(self, code, data=b""):
        return self._exchange(8, data, code)
