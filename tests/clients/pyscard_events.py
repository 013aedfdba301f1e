# SPDX-License-Identifier: GPL-2.0-or-later
"""What the programs with pyscard's monitors share: the queue of events, and its card monitor."""
import queue
import subprocess
import threading
import time

from smartcard.CardMonitoring import CardMonitor, CardObserver
from smartcard.pcsc.PCSCCardRequest import PCSCCardRequest
from smartcard.util import toHexString

events = queue.Queue()


class Cards(CardObserver):
    def update(self, observable, handlers):
        for what, cards in zip(("inserted", "removed"), handlers):
            for card in cards:
                events.put((what, "%s %s" % (card.reader, toHexString(card.atr))))


def expect(what, text):
    """Wait for the event, once; skip those of other readers before it."""
    while True:
        got = events.get(timeout=20)
        if got[0] == what and text in got[1]:
            print(*got, flush=True)
            return


def control(*command):
    subprocess.run(("vreaderctl",) + command, check=True, stdout=subprocess.DEVNULL)


def exchange(slot):
    control("remove", slot)
    control("insert", slot)


def knows(monitor, name):
    """Tell whether the monitor has read the state of the reader."""
    request = getattr(monitor.rmthread, "cardrequest", None)
    return request and request.pcsccardrequest.readerstates.get(name, (name, 0))[1] != 0


def watch(name, slot):
    """Start a monitor that has reported the card in the reader. pyscard 2.2 reports no card before
    the first change."""
    monitor, observer = CardMonitor(), Cards()
    monitor.addObserver(observer)
    if hasattr(PCSCCardRequest(), "readerstates"):
        while not knows(monitor, name):
            time.sleep(0.1)
        exchange(slot)
    expect("inserted", name)
    return monitor, observer


def leave(monitor, observer, slot):
    """End the monitor. That of pyscard 2.2 waits for a change first, for a minute."""
    left = threading.Event()

    def stir():
        while not left.wait(1):
            exchange(slot)

    stirring = threading.Thread(target=stir)
    stirring.start()
    monitor.deleteObserver(observer)
    left.set()
    stirring.join()
