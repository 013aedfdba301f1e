# SPDX-License-Identifier: GPL-2.0-or-later
"""
usage: pyscard_sharing.py READER

pyscard's exclusive connection and its transactions, with another connection beside. Prints a line
for each, and "done" at the end. With a second argument: locks the card, prints a line, and waits for
SIGKILL.
"""
import signal
import subprocess
import sys
import threading
import time

from smartcard.Exceptions import CardConnectionException
from smartcard.ExclusiveConnectCardConnection import ExclusiveConnectCardConnection
from smartcard.ExclusiveTransmitCardConnection import ExclusiveTransmitCardConnection
from smartcard.System import readers

SELECT = [0x00, 0xA4, 0x00, 0x00, 0x02, 0x2F, 0x00]
READ = [0x00, 0xB0, 0x00, 0x00, 0x04]
name = sys.argv[1]


def connection():
    return [reader for reader in readers() if str(reader) == name][0].createConnection()


def refused(text, call, *arguments):
    try:
        call(*arguments)
    except CardConnectionException as error:
        if text in str(error):
            return True
        raise
    return False


def exclusive():
    mine, other = ExclusiveConnectCardConnection(connection()), connection()
    mine.connect()
    print("other while exclusive: refused", refused("Sharing violation", other.connect))
    print("exclusive reads", mine.transmit(SELECT)[1:], mine.transmit(READ)[0])
    mine.disconnect()
    other.connect()
    print("other afterwards:", other.transmit(SELECT)[1:])
    print("exclusive beside it: refused", refused("Sharing violation", mine.connect))
    other.disconnect()


def transactions():
    """The other connection's command waits for the end of the transaction, and no longer."""
    mine, other = ExclusiveTransmitCardConnection(connection()), connection()
    mine.connect()
    other.connect()
    result = []

    def transmit():
        answer = other.transmit(SELECT)
        result.append((time.monotonic(), answer))

    mine.lock()
    waiting = threading.Thread(target=transmit)
    waiting.start()
    for _ in range(5):
        mine.transmit(SELECT)
        time.sleep(0.1)
    if result:
        raise SystemExit("it did not wait")
    print("in the transaction", mine.transmit(READ)[0])
    end = time.monotonic()
    mine.unlock()
    waiting.join(20)
    print("the other waited for it:", result[0][0] >= end, "SW %02X%02X" % result[0][1][1:])
    mine.disconnect()
    other.disconnect()


def killed():
    """A killed owner of a transaction leaves a reset card."""
    other = connection()
    other.connect()
    owner = subprocess.Popen((sys.executable, __file__, name, "hold"), stdout=subprocess.PIPE)
    if owner.stdout.readline() != b"locked\n":
        raise SystemExit("not locked")
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    print("killed in a transaction: reset", refused("Card was reset", other.transmit, SELECT))
    other.disconnect()
    other.connect()
    print("connected again", other.transmit(SELECT)[1:])
    other.disconnect()


if len(sys.argv) > 2:
    held = ExclusiveTransmitCardConnection(connection())
    held.connect()
    held.lock()
    print("locked", flush=True)
    signal.pause()
exclusive()
transactions()
killed()
print("done")
