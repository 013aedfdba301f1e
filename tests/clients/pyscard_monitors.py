# SPDX-License-Identifier: GPL-2.0-or-later
"""
usage: pyscard_monitors.py READER SLOT

pyscard's monitors and its wait for a card, while this program plugs another reader and moves the
card in SLOT of the virtual one. Prints a line for each event, and "done" at the end.
"""
import os
import subprocess
import sys
import tempfile
import time

from pyscard_events import control, events, expect, leave, watch
from smartcard.CardRequest import CardRequest
from smartcard.CardType import ATRCardType
from smartcard.Exceptions import CardRequestTimeoutException, NoCardException
from smartcard.ReaderMonitoring import ReaderMonitor, ReaderObserver
from smartcard.System import readers
from smartcard.util import toBytes, toHexString

OTHER = "scard Other Reader 05 00"


class Readers(ReaderObserver):
    def update(self, observable, handlers):
        for what, names in zip(("plugged", "unplugged"), handlers):
            for name in names:
                events.put((what, str(name)))


def nothing_more(text):
    while not events.empty():
        got = events.get()
        if text in got[1]:
            raise SystemExit("one too many: %s %s" % got)


def wait_until_empty(connection):
    """The system hears of a removal a moment later."""
    while True:
        try:
            connection.connect()
        except NoCardException:
            return
        connection.disconnect()
        time.sleep(0.1)


name, slot = sys.argv[1:]
connection = [reader for reader in readers() if str(reader) == name][0].createConnection()
connection.connect()
atr = toHexString(connection.getATR())
connection.disconnect()

monitor, observer = ReaderMonitor(period=0.2), Readers()
monitor.addObserver(observer)
expect("plugged", name)
with tempfile.TemporaryDirectory() as directory:
    socket = os.path.join(directory, "control")
    subprocess.run(("vreader", "--vid", "1209", "--pid", "0002", "--product", "Other Reader",
                    "--control", socket, "--background"),
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        expect("plugged", OTHER)
    finally:
        control("-s", socket, "quit")
    expect("unplugged", OTHER)
nothing_more(OTHER)
monitor.deleteObserver(observer)

monitor, observer = watch(name, slot)
for _ in range(3):
    control("remove", slot)
    expect("removed", name)
    control("insert", slot)
    expect("inserted", name + " " + atr)
nothing_more(name)
leave(monitor, observer, slot)

# Only this card matches; without it the wait times out.
control("remove", slot)
wait_until_empty(connection)
request = CardRequest(timeout=1, cardType=ATRCardType(toBytes(atr)))
try:
    request.waitforcard()
    raise SystemExit("a card that is not there")
except CardRequestTimeoutException:
    print("no card", flush=True)
inserting = subprocess.Popen(("sh", "-c", "sleep 1; exec vreaderctl insert " + slot),
                             stdout=subprocess.DEVNULL)
request = CardRequest(timeout=20, cardType=ATRCardType(toBytes(atr)))
print("waited for", request.waitforcard().connection.getReader(), flush=True)
inserting.wait()
print("done", flush=True)
# a monitor's thread may sleep in the library: do not wait for it
os._exit(0)
