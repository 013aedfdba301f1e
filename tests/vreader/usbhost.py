# SPDX-License-Identifier: GPL-2.0-or-later
"""A USB host for tests: speaks USB/IP with a vreader over a socket pair, without a kernel between them."""
import os
import select
import socket
import struct
import subprocess
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("VREADER_BIN", os.path.join(TOP, "build", "bin"))
SUFFIX = os.environ.get("VREADER_SUFFIX", "")


class Timeout(Exception):
    pass


class Gone(Exception):
    pass


class Stall(Exception):
    pass


class Host:
    """One vreader, and the host it is plugged into."""

    def __init__(self, *args, configure=True):
        self.start(socket.SOCK_STREAM, "--socket-fd=%d", *args)
        self.seqnum = 0
        self.pending = {}
        self.completed = {}
        self.buf = b""
        self.bseq = 0
        if configure:
            self.device = self.control(0x80, 6, 0x0100, 0, 18)
            head = self.control(0x80, 6, 0x0200, 0, 9)
            self.config = self.control(0x80, 6, 0x0200, 0, struct.unpack_from("<H", head, 2)[0])
            self.control(0, 9, 1, 0, b"")

    def start(self, kind, option, *args, size=None):
        """Starts vreader with one end of a socket pair, whose number goes into the option."""
        self.path = os.path.join("/tmp", "vreader-test.%d.%d" % (os.getpid(), id(self)))
        self.sock, theirs = socket.socketpair(socket.AF_UNIX, kind)
        if size:
            theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, size)
        self.stderr_path = self.path + ".err"
        with open(self.stderr_path, "wb") as err:
            self.proc = subprocess.Popen(
                [os.path.join(BIN, "vreader" + SUFFIX), option % theirs.fileno(), "--control", self.path, *args],
                pass_fds=[theirs.fileno()], stderr=err)
        theirs.close()
        self.ctl = None
        for _ in range(500):
            if os.path.exists(self.path) or self.proc.poll() is not None:
                break
            time.sleep(0.01)

    # USB/IP

    def submit(self, ep, data_or_len, setup=bytes(8), direction_in=None, flags=0):
        is_in = direction_in if direction_in is not None else not isinstance(data_or_len, (bytes, bytearray))
        self.seqnum += 1
        length = data_or_len if is_in else len(data_or_len)
        msg = struct.pack(">IIIII", 1, self.seqnum, 0x10002, 1 if is_in else 0, ep & 0x0F)
        msg += struct.pack(">IIIII", flags, length, 0, 0, 0) + setup
        if not is_in:
            msg += data_or_len
        self.pending[self.seqnum] = is_in
        try:
            self.sock.sendall(msg)
        except OSError as e:
            raise Gone() from e
        return self.seqnum

    def _fill(self, need, deadline):
        while len(self.buf) < need:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.sock], [], [], left)[0]:
                raise Timeout()
            try:
                got = self.sock.recv(1 << 20)
            except OSError as e:
                raise Gone() from e
            if not got:
                raise Gone()
            self.buf += got

    def event(self, timeout=5.0):
        """The next completion: (seqnum, status, data)."""
        deadline = time.monotonic() + timeout
        self._fill(48, deadline)
        cmd, seq = struct.unpack_from(">II", self.buf)
        status, actual = struct.unpack_from(">iI", self.buf, 20)
        data = b""
        need = 48
        if cmd == 3 and self.pending.get(seq):
            need += actual
            self._fill(need, deadline)
            data = self.buf[48:need]
        self.buf = self.buf[need:]
        self.pending.pop(seq, None)
        return seq, status, data

    # a transfer that does not end
    def silent(self, seqnum):
        try:
            self.wait(seqnum, 0.2)
        except Timeout:
            return
        raise AssertionError("it ended")

    def wait(self, seqnum, timeout=5.0):
        deadline = time.monotonic() + timeout
        while seqnum not in self.completed:
            seq, status, data = self.event(max(deadline - time.monotonic(), 0))
            self.completed[seq] = (status, data)
        return self.completed.pop(seqnum)

    def done(self, seqnum):
        """What a transfer that wait() saw pass has come to, None if it did not."""
        return self.completed.pop(seqnum, None)

    def control(self, rtype, request, value, index, data_or_len, timeout=5.0):
        is_in = bool(rtype & 0x80)
        length = data_or_len if is_in else len(data_or_len)
        setup = struct.pack("<BBHHH", rtype, request, value, index, length)
        status, data = self.wait(self.submit(0, data_or_len, setup, direction_in=is_in), timeout)
        if status:
            raise Stall(status)
        return data

    def unlink(self, victim):
        self.seqnum += 1
        self.sock.sendall(struct.pack(">IIIII", 2, self.seqnum, 0x10002, 0, 0) + struct.pack(">I", victim) + bytes(24))
        return self.wait(self.seqnum)

    # CCID

    def message(self, mtype, data=b"", slot=0, p=b"\0\0\0", seq=None, ep=1, length=None):
        if seq is None:
            seq = self.bseq
            self.bseq = (self.bseq + 1) & 0xFF
        return struct.pack("<BIBB", mtype, len(data) if length is None else length, slot, seq) + p + data

    def send(self, msg, ep=1):
        status, _ = self.wait(self.submit(ep, msg))
        return status

    def recv(self, ep=1, size=65600, timeout=5.0):
        return self.wait(self.submit(ep, size), timeout)

    def command(self, mtype, data=b"", slot=0, p=b"\0\0\0", ep=1, timeout=5.0):
        """Sends a message; returns (type, status, error, byte 9, data), time extensions passed over."""
        self.extensions = 0
        status = self.send(self.message(mtype, data, slot, p), ep)
        if status:
            raise Stall(status)
        while True:
            status, m = self.recv(ep, timeout=timeout)
            if status:
                raise Stall(status)
            if m[7] & 0xC0 != 0x80:
                return m[0], m[7], m[8], m[9], m[10:]
            self.extensions += 1

    def power_on(self, slot=0, volt=0):
        return self.command(0x62, slot=slot, p=bytes([volt, 0, 0]))

    def xfr(self, data, slot=0, level=0, bwi=0, timeout=5.0):
        return self.command(0x6F, data, slot, struct.pack("<BH", bwi, level), timeout=timeout)

    # control socket

    def ctl_line(self, line):
        if not self.ctl:
            self.ctl = socket.socket(socket.AF_UNIX)
            self.ctl.connect(self.path)
            self.ctl_file = self.ctl.makefile("rw")
        self.ctl_file.write(line + "\n")
        self.ctl_file.flush()
        return self.ctl_file.readline().rstrip("\n")

    def ctl_list(self, line):
        reply = self.ctl_line(line)
        return [self.ctl_file.readline().rstrip("\n") for _ in range(int(reply.split()[1]))]

    def count(self, name, slot=0):
        return int(self.ctl_line("count %d %s" % (slot, name)).split()[1])

    def state(self, slot=0):
        words = self.ctl_line("card-state %d" % slot).split()[1:]
        return dict(w.split("=", 1) for w in words)

    def close(self):
        """Ends the vreader; returns its exit status."""
        self.sock.close()
        if self.ctl:
            self.ctl_file.close()
            self.ctl.close()
        status = self.proc.wait(10)
        with open(self.stderr_path) as f:
            self.stderr = f.read()
        os.unlink(self.stderr_path)
        return status
