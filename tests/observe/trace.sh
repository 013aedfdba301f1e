# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# scardctl trace, with two virtual readers: scard0, and scard1 with a PIN pad. Sourced.

tracefs=/sys/kernel/tracing

instances() { find $tracefs/instances -mindepth 1 -maxdepth 1 -name 'scardctl-*' | wc -l; }

# tracing N: so many instances have their events on
tracing()
{
	local n
	for ((n = 0; n < 100; n++)); do
		[[ $(cat $tracefs/instances/scardctl-*/events/scard/enable 2>/dev/null | grep -c 1) = "$1" ]] && return
		sleep 0.1
	done
	echo "not $1 instances trace"
	return 1
}

# Enter the PIN at the pad, and send it in an APDU: both ways in which a card gets one
verify_both_ways()
{
	vreaderctl -s /run/pad.sock press 83516927E >/dev/null &&
	scardctl apdu /dev/scard1 00200001083833353136393237 >/run/answer 2>&1 &&
	python3 - /dev/scard1 <<'END'
import fcntl, os, struct, sys
import ctypes
fd = os.open(sys.argv[1], os.O_RDWR)
verify = bytes([30, 0, 0x82, 8, 0, 8, 4, 2, 0xff, 9, 4, 0, 0, 0, 0, 13, 0, 0, 0,
                0, 0x20, 0, 1, 8] + [0xff] * 8)
request = lambda kind, nr, size: kind << 30 | size << 16 | 0xC5 << 8 | nr
fcntl.ioctl(fd, request(3, 2, 32), struct.pack("8I", 2, 3, 0, 0, 0, 0, 0, 0))
send, receive = ctypes.create_string_buffer(verify, len(verify)), ctypes.create_string_buffer(64)
arg = struct.pack("2Q6I", ctypes.addressof(send), ctypes.addressof(receive), len(verify), 64,
                  0x42330006, 0, 0, 0)
fcntl.ioctl(fd, request(3, 8, len(arg)), arg)
assert receive.raw[:2] == b"\x90\x00", receive.raw[:2]
fcntl.ioctl(fd, request(1, 4, 16), struct.pack("4I", 0, 0, 0, 0))
END
}

parses() { python3 -c 'import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
assert len(lines) > 20, len(lines)
assert all(a["time_us"] <= b["time_us"] for a, b in zip(lines, lines[1:]))
pairs = [e for e in lines if e["event"] == "return"]
assert pairs and all(0 < e["took_us"] < 60000000 for e in pairs), pairs' "$1"; }

says() { grep -qE "$1" /run/timeline || { cat /run/timeline; return 1; }; }
silent() { ! grep -E "$1" "${@:2}"; }

# ---- a timeline, as text, as JSON, and of one reader, all at the same time ----
vreader --background --control /run/pad.sock --profile pinpad --card 'iso,t=1,pin=83516927' 2>/dev/null || exit 1
for ((i = 0; i < 100; i++)); do
	scardctl atr 1 >/dev/null 2>&1 && break
	sleep 0.1
done
scardctl trace >/run/timeline & text=$!
scardctl trace --json >/run/timeline.json & lines=$!
scardctl trace 0 >/run/timeline.0 & only=$!
tap_check "three run side by side, each in an instance of its own" tracing 3
tap_check "the tracing of other programs is not touched" same "$(cat $tracefs/events/scard/enable)" 0
tap_check "the card takes the PIN from the pad and in an APDU" verify_both_ways
scardctl apdu 0 00A40000 >/dev/null 2>&1
python3 -c 'import fcntl, os, struct
fd = os.open("/dev/scard0", os.O_RDWR)
fcntl.ioctl(fd, 0xC020C502, struct.pack("8I", 2, 3, 0, 0, 0, 0, 0, 0))'
scardctl status 0 >/dev/null		# comes after the reset
kill -INT $text; wait $text
tap_check "scardctl trace ends by SIGINT" same $? 0
kill -TERM $lines; wait $lines
tap_check "scardctl trace --json ends by SIGTERM" same $? 0
kill -HUP $only; wait $only
tap_check "scardctl trace of one reader ends by SIGHUP" same $? 0
tap_check "no instance is left" same "$(instances)" 0
tap_check "a call has its program, handle and arguments" \
	says 'scard1 +h[0-9]+ +scardctl [0-9]+ +CONNECT SHARED, T=0 or T=1$'
tap_check "it returns with the time that it took" says 'TRANSMIT done, 2 bytes  \([0-9]+\.[0-9]{3} ms\)$'
tap_check "CCID messages have their names" says '  > XfrBlock, 13 bytes'
tap_check "answers too, and their time" says '  < DataBlock, 2 bytes  \('
tap_check "control codes have their names" says 'CONTROL VERIFY_PIN_DIRECT, 32 bytes'
tap_check "PIN entry is seen" says '  > Secure'
tap_check "dispositions have their names" says 'DISCONNECT LEAVE$'
tap_check "transactions are told" says 'transaction of h[0-9]+'
tap_check "a process that ends without a word is told" says 'close without DISCONNECT, was connected SHARED'
tap_check "a pending reset is shown" says 'RESET pending'
tap_check "nothing is called unknown" silent '0x[0-9a-f]+$' /run/timeline
tap_check "JSON is parsed, in order of time, and calls have their durations" parses /run/timeline.json
tap_check "of one reader the other is not told" silent 'scard1|reader 1' /run/timeline.0
tap_check "but it itself is" grep -q 'scard0 .* TRANSMIT, 4 bytes' /run/timeline.0
tap_check "no byte of the PIN is in any of them" silent '3833353136393237|38 33 35 31|83516927' /run/timeline*
tap_check "nor is a byte of any APDU: the longest word of digits is a time" \
	silent '[0-9A-Fa-f]{10,}' /run/timeline /run/timeline.0

# ---- ends ----
scardctl trace --events 3 >/run/three & three=$!
tracing 1
scardctl apdu 0 00A40000 >/dev/null 2>&1
wait $three
tap_check "it ends after so many lines" same "$(wc -l </run/three)" 3
tap_check "it ends after so many seconds" timeout 20 scardctl trace --seconds 0.5
scardctl trace >/dev/null & killed=$!
tracing 1
kill -KILL $killed
wait $killed 2>/dev/null
tap_check "killed, it leaves an instance" same "$(instances)" 1
scardctl trace --seconds 0.2 >/dev/null
tap_check "the next scardctl trace removes it" same "$(instances)" 0
tap_check "a reader that is not there is said" bash -c 'scardctl trace 77 2>/dev/null; test $? = 3'
tap_check "without root it says so" bash -c \
	'setpriv --reuid 12345 --clear-groups build/bin/scardctl trace 2>&1 | grep -q "be root"'

# ---- text from elsewhere, where programs choose their names to mislead ----
cat >/run/recorded <<'END'
# tracer: nop
    a-1 [00] b: c-77 (     70) [001] .....   123.456789: scard_open: scard5 handle=1
x
y-78      [001] d.h1.   123.457789: scard_close: scard5 handle=1 share=EXCLUSIVE
CPU:1 [LOST 12 EVENTS]
END
scardctl trace --file /run/recorded >/run/timeline 2>/run/lost
tap_check "a name with brackets, blanks and colons is a name" says '^ +0\.000000  scard5 +h1 +a-1 \[00\] b: c 77 +open$'
tap_check "a name with a newline is cut" says '^ +0\.001000  scard5 +h1 +y 78 +close without'
tap_check "lost events are said" grep -q '12 events were lost' /run/lost
vreaderctl -s /run/pad.sock quit >/dev/null
