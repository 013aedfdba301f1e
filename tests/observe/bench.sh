# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# scardctl bench: its times are plausible, and the card's state stays. Sourced.

plausible() { python3 -c 'import json, sys
b = json.load(open(sys.argv[1]))
for step in "connect", "status", "transaction", "transmit":
    s = b[step]
    assert s["times"] == 20 and 0 < s["min_us"] <= s["median_us"] <= s["p99_us"] <= s["max_us"], (step, s)
assert b["status"]["median_us"] < b["transmit"]["median_us"], b
t = b["throughput"]
assert t["command_bytes"] == 5 and t["answer_bytes"] == 2, t
# the mean lies between the shortest and the longest
assert 0.99e6 / b["transmit"]["max_us"] <= t["commands_per_second"] <= 1.01e6 / b["transmit"]["min_us"], b
' "$1"; }
card() { vreaderctl card-state | tr ' ' '\n' | sed -n "s/^$1=//p"; }
refused() { for apdu; do scardctl bench --apdu "$apdu" 2>&1 | grep -q 'only SELECT' || { echo "$apdu"; return 1; }; done; }

scardctl reset >/dev/null
before="$(card resets) $(card powerups) $(card tries) $(card counter)"
vreaderctl count clear >/dev/null
scardctl --json bench --times 20 >/run/bench.json
tap_check "its times are plausible" plausible /run/bench.json
tap_check "the card got each command once" same "$(vreaderctl count 0 ins.CA)" 20
tap_check "and nothing else happened to it" same "$(card resets) $(card powerups) $(card tries) $(card counter)" "$before"
tap_check "as text it has a line for each kind of call" same \
	"$(scardctl bench -n 3 -a 00A40000 | grep -cE '^(connect|status|begin|transmit|throughput)')" 6
tap_check "the APDU that is given is sent" same "$(vreaderctl count 0 ins.A4)" 3
tap_check "commands that use up tries or write are refused" refused 0020000108 0024000110 002C0301 0082000008 00D6000001 80E20000 80A40000 10A40000
scardctl bench -n 1000000 >/dev/null & bench=$!
for ((i = 0; i < 100; i++)); do
	scardctl status | grep -q '^handles  *[12]$' && break
	sleep 0.05
done
kill -INT $bench
wait $bench
tap_check "ended by a signal it leaves the card too" same "$(card resets) $(card powerups)" "${before% * *}"
