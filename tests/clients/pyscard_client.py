# SPDX-License-Identifier: GPL-2.0-or-later
"""
usage: pyscard_client.py READER SLOT

pyscard on the ISO card: readers, APDUs, and its monitor, which must report the card in SLOT of the
virtual reader. Prints a line for each, and "done" at the end.
"""
import os
import sys

from pyscard_events import leave, watch
from smartcard.System import readers
from smartcard.util import toHexString

SELECT = [0x00, 0xA4, 0x00, 0x00, 0x02, 0x2F, 0x00]

name, slot = sys.argv[1:]
names = [str(reader) for reader in readers()]
print("readers", ", ".join(names))
connection = readers()[names.index(name)].createConnection()
connection.connect()
print("ATR", toHexString(connection.getATR()))
data, sw1, sw2 = connection.transmit(SELECT)
print("select %02X%02X" % (sw1, sw2))
data, sw1, sw2 = connection.transmit([0x00, 0xB0, 0x00, 0x00, 0x04])
print("read %s %02X%02X" % (toHexString(data), sw1, sw2))
connection.disconnect()

leave(*watch(name, slot), slot)
print("done", flush=True)
# the monitor's thread may sleep in the library: do not wait for it
os._exit(0)
