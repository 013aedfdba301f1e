# SPDX-License-Identifier: GPL-2.0-or-later
"""
usage: serial_reader.py DIRECTORY

The least of a serial reader with GemCore's commands, such as the GemPC410, on a pseudo-terminal,
whose name is in the file "line" of the directory. It logs commands in the file "log" there. Other
files say what the reader is like:

  card      the card is in; the file has its answer to reset, in hexadecimal
  silent    the reader takes commands to the card without an answer

A block is NAD PCB LEN, the command or its answer, and the exclusive or of all these bytes. The
first byte of an answer is the reader's status. Answers of the card that are longer than a block
come in two, and long commands go in two, the end first.

The card gives data back: at once with T=1, by GET RESPONSE with T=0. A command without data gets
as many bytes as it asks for: 0, 1, 2, ...
"""
import functools
import operator
import os
import sys
import termios

HOST_TO_READER, READER_TO_HOST = 0x42, 0x24
SEQUENCE = 0x40		# of PCB
CONFIGURE, SET_MODE, READ_MEMORY = 0x0A, 0x01, 0x22
POWER_DOWN, POWER_UP, STATUS = 0x11, 0x12, 0x17
ISO_OUTPUT, ISO_INPUT, EXCHANGE = 0x13, 0x14, 0x15
REST = b"\xFF\xFF\xFF\xFF"	# in place of CLA INS P1 P2
OK, UNKNOWN, MORE, POWERED_DOWN, MISSING = b"\x00", b"\x01", b"\x1B", b"\xE4", b"\xFB"
PRESENT, POWERED = 4, 2
VERSION = b"GemCore-R1.21-GM"
ROOM = 254	# for bytes of the card in one block


class Reader:
    def __init__(self, directory):
        self.directory = directory
        self.powered = False
        self.tail = b""		# of a command
        self.rest = b""		# of an answer
        self.held = b""		# by the card, for GET RESPONSE

    def path(self, name):
        return os.path.join(self.directory, name)

    def note(self, text):
        with open(self.path("log"), "a", encoding="ascii") as log:
            print(text, file=log)

    def card(self):
        """Return the card's answer to reset, or nothing: there is no card."""
        try:
            with open(self.path("card"), encoding="ascii") as file:
                return bytes.fromhex(file.read())
        except FileNotFoundError:
            self.powered = False
            return b""

    def command(self, command):
        """Return the answer to a command, None: there is none."""
        atr = self.card()
        code = command[0]
        if code in (SET_MODE, CONFIGURE):
            return OK
        if code == READ_MEMORY:
            return OK + VERSION
        if code == STATUS:
            return OK + bytes([PRESENT * bool(atr) | POWERED * self.powered, 0, 0, 0, 0])
        if code == POWER_DOWN:
            self.note("down")
            self.powered = False
            return OK
        if code not in (POWER_UP, ISO_OUTPUT, ISO_INPUT, EXCHANGE):
            return UNKNOWN
        if not atr:
            return MISSING
        if code == POWER_UP:
            self.note("up")
            self.powered = True
            self.held = b""
            return OK + atr
        return self.to_card(code, command[1:]) if self.powered else POWERED_DOWN

    def to_card(self, code, command):
        if command[:4] == REST and len(command) > 5:
            self.tail = command[5:]
            return OK
        if command[:4] == REST:
            rest, self.rest = self.rest, b""
            return OK + rest
        command, self.tail = command + self.tail, b""
        name = {ISO_OUTPUT: "output", ISO_INPUT: "input", EXCHANGE: "exchange"}[code]
        self.note("%s %d" % (name, len(command)))
        if os.path.exists(self.path("silent")):
            return None
        answer = self.execute(code, command)
        answer, self.rest = answer[:ROOM], answer[ROOM:]
        return (MORE if self.rest and code == EXCHANGE else OK) + answer

    def execute(self, code, command):
        """Return the answer of the card."""
        length = command[4] if len(command) > 4 else 0
        if len(command) > 5 or code == ISO_INPUT:
            data = command[5:5 + length]
            if code == EXCHANGE:
                return data + b"\x90\x00"
            self.held = data
            return bytes([0x61, length]) if data else b"\x90\x00"
        if self.held:
            data, self.held = self.held[:length], b""
            return data + b"\x90\x00"
        return bytes(range(length or 256)) + b"\x90\x00"


def receive(line, length):
    data = b""
    while len(data) < length:
        data += os.read(line, length - len(data))
    return data


def check_byte(block):
    return bytes([functools.reduce(operator.xor, block)])


def serve(line, reader):
    while True:
        head = receive(line, 3)
        block = head + receive(line, head[2])
        edc = receive(line, 1)
        if head[0] != HOST_TO_READER or head[1] & ~SEQUENCE or edc != check_byte(block):
            raise SystemExit("not a block of the host: " + block.hex())
        answer = reader.command(block[3:])
        if answer is not None:
            block = bytes([READER_TO_HOST, head[1], len(answer)]) + answer
            os.write(line, block + check_byte(block))


def main():
    reader = Reader(sys.argv[1])
    line, end = os.openpty()	# the end stays open, so that the driver may come and go
    settings = termios.tcgetattr(end)
    settings[4] = settings[5] = termios.B9600	# as those of a serial port: the driver sets it up
    termios.tcsetattr(end, termios.TCSANOW, settings)
    with open(reader.path("line"), "w", encoding="ascii") as file:
        print(os.ttyname(end), file=file)
    serve(line, reader)


main()
