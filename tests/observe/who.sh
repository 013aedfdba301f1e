# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# scardctl who, doctor and watch: the program that holds the card, and the calls that wait.
# Sourced.

# hold exclusive: connect exclusively; hold transaction: shared, and begin a transaction;
# hold FILE: shared, and begin one as soon as there is FILE. Stays until it is killed.
hold()
{
	exec python3 -c '
import ctypes, os, sys, time
lib = ctypes.CDLL("build/lib/libscard.so.1")
open("/proc/self/comm", "w").write("hol\x1b\"der\\")
context, card, protocol = ctypes.c_long(), ctypes.c_long(), ctypes.c_ulong()
names, length = ctypes.create_string_buffer(1000), ctypes.c_ulong(1000)
assert not lib.SCardEstablishContext(2, None, None, ctypes.byref(context))
assert not lib.SCardListReaders(context, None, names, ctypes.byref(length))
share = 1 if sys.argv[1] == "exclusive" else 2
assert not lib.SCardConnect(context, names, share, 3, ctypes.byref(card), ctypes.byref(protocol))
while sys.argv[1].startswith("/") and not os.path.exists(sys.argv[1]):
    time.sleep(0.1)
assert sys.argv[1] == "exclusive" or not lib.SCardBeginTransaction(card)
time.sleep(100000)' "$1"
}

# who_has PATTERN: within five seconds scardctl who prints such a line
who_has()
{
	local n
	for ((n = 0; n < 50; n++)); do
		scardctl who >/run/who && grep -qE "$1" /run/who && return
		sleep 0.1
	done
	cat /run/who
	return 1
}

whole_json()
{
	scardctl who 0 --json | python3 -c '
import json, sys
[reader] = json.load(sys.stdin)
[handle] = [h for h in reader["handles"] if h["transaction"]]
[call] = reader["calls"]
assert len(reader["handles"]) == 2, reader
assert reader["device"] == "/dev/scard0" and reader["number"] == 0, reader
assert (handle["pid"], handle["process"], handle["mode"]) == (int(sys.argv[1]), "hol?\"der\\", "shared"), handle
assert 0 <= handle["transaction_seconds"] <= handle["seconds"] < 600, handle
assert call["pid"] == int(sys.argv[2]) and call["process"] == handle["process"] and call["waits"], call
assert call["call"] == "SCardBeginTransaction" and call["seconds"] >= 0, call' "$1" "$2"
}

# doctor_says PATTERN: within a minute
doctor_says()
{
	local n
	for ((n = 0; n < 60; n++)); do
		scardctl doctor >/run/doctor
		grep -qE "$1" /run/doctor && return
		sleep 1
	done
	cat /run/doctor
	return 1
}
refused() { setpriv --reuid 65534 --regid 65534 --clear-groups "$PWD/build/bin/scardctl" who 2>/run/who; same "$?" 4; }
visible='hol\?"der\\ \(process'

tap_check "who: no program uses the reader" who_has '^  free$'
scardctl watch 0 >/run/watch &
watcher=$!
sleep 1
rm -f /run/held
hold /run/held &
waiter=$!
tap_check "who: a program without a transaction" who_has "^  $visible $waiter\): shared, since [0-9:]{8}$"
hold transaction &
holder=$!
tap_check "who: the holder, in a transaction, its name printable" \
	who_has "^  $visible $holder\): shared, since [0-9:]{8}, in a transaction for [0-9.]+ s$"
: >/run/held
tap_check "who: the call that waits" who_has "^  $visible $waiter\): waits in SCardBeginTransaction for [0-9.]+ s$"
tap_check "who: in JSON" whole_json $holder $waiter
tap_check "who: a user without permission is refused" refused
tap_check "who: with a message" grep -q '/dev/scard0: permission denied' /run/who
tap_check "watch names the program" grep -qE "in use by $visible $waiter\)  \(" /run/watch
kill $watcher
wait $watcher 2>/dev/null
tap_check "doctor: a transaction for long, and a call that waits" \
	doctor_says "^$visible $holder\) has held /dev/scard0 .* in a transaction for [0-9]+ s; calls that wait: 1$"
kill $holder $waiter
wait $holder $waiter 2>/dev/null
tap_check "who: free again" who_has '^  free$'
hold exclusive &
holder=$!
tap_check "who: an exclusive holder" who_has "^  $visible $holder\): exclusive, since [0-9:]{8}$"
tap_check "an error leads to who" grep -q 'see scardctl who' <(scardctl apdu 00A40000 2>&1)
tap_check "doctor: an exclusive holder for long" \
	doctor_says "^$visible $holder\) has held /dev/scard0 .* exclusively for [0-9]+ s$"
kill $holder
wait $holder 2>/dev/null
who_has '^  free$' >/dev/null
