# SPDX-License-Identifier: GPL-2.0-or-later
"""
usage: hlr.py SOCKET

Give hostapd (eap_sim_db) triplets for the card of sim_card.py, as hlr_auc_gw does.
"""
import os
import socket
import sys

from sim_card import IMSI, triplet


def answer(request):
    """Return the reply to "SIM-REQ-AUTH IMSI COUNT"."""
    name, imsi, count = request.split()
    if name != "SIM-REQ-AUTH" or imsi != IMSI:
        return "SIM-RESP-AUTH %s FAILURE" % imsi
    triplets = []
    for _ in range(int(count)):
        rand = os.urandom(16)
        sres, kc = triplet(rand)
        triplets.append(":".join(part.hex() for part in (kc, sres, rand)))
    return " ".join(["SIM-RESP-AUTH", imsi] + triplets)


def serve(path):
    line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    line.bind(path)
    while True:
        request, peer = line.recvfrom(1000)
        line.sendto(answer(request.decode()).encode(), peer)


if __name__ == "__main__":
    serve(sys.argv[1])
