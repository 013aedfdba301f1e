# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
#
# Debian's card emulator of vsmartcard, over the protocol of its vpcd. Sourced by guest.
#
# Debian 12's package needs help to run: its modules are not in Python's path, and use
# pycryptodome by its name outside Debian. Of its cards only that of ISO 7816 works with this
# Python, and fails at a SELECT that asks for an answer, as OpenSC sends it.

VICC="scard Virtual Reader [vicc] 04 00"

vicc_starts()
{
	local deadline=$((SECONDS + 60))
	mkdir -p "$work/modules" &&
		ln -s /usr/lib/python3/dist-packages/Cryptodome "$work/modules/Crypto" || return
	PYTHONPATH=$work/modules:/usr/lib/python3/site-packages/virtualsmartcard \
		vicc -t iso7816 -H 127.0.0.1 -P 40003 >"$work/vicc.log" 2>&1 &
	echo $! >"$work/vicc.pid"
	until vreaderctl card-state 4 | grep -q present=1; do
		[[ $SECONDS -lt $deadline ]] || { cat "$work/vicc.log"; return 1; }
		sleep 0.1
	done
}

# A wrong PIN and the right one, a new file, written and read, a missing file.
vicc_keeps_a_file()
{
	printf '%s\n' reset "00 20 00 00 04 30 30 30 30" "00 20 00 00 04 31 32 33 34" \
		"00 E0 00 00 10 6F 0E 80 02 00 0A 82 01 01 83 02 2F 01 8A 01 05" \
		"00 A4 00 0C 02 2F 01" "00 D6 00 00 04 74 65 73 74 00" "00 B0 00 00 04" \
		"00 A4 00 0C 02 2F 02" >"$work/vicc.script"
	says "< OK: 3B 95 13 81 01 80 73 FF 01 00 0B" "< 63 00" "> 00 20 00 00 04 31 32 33 34
< 90 00" "< 74 65 73 74 90 00" "< 6A 82" -- scriptor -r "$VICC" -p T=1 "$work/vicc.script"
}

# Eight random bytes, different each time.
vicc_challenges()
{
	local output
	output=$(printf '%s\n' "00 84 00 00 08" "00 84 00 00 08" "00 84 00 00 08" |
		scriptor -r "$VICC" -p T=1 | grep -oE '^< ([0-9A-F]{2} ){8}90 00' | sort -u)
	[[ $(wc -l <<<"$output") = 3 ]] || { echo "$output"; return 1; }
}

vicc_goes()
{
	(sleep 2; kill "$(cat "$work/vicc.pid")") &
	pcsc_scan -n -t 4 >"$work/scan"
	tr '\r' '\n' <"$work/scan" | grep -F -A 3 "Reader 4: $VICC" >"$work/vicc.scan"
	grep -q "Card inserted" "$work/vicc.scan" && grep -q "Card removed" "$work/vicc.scan" && return
	cat "$work/scan"
	return 1
}

tap_check "vicc: the card is in the reader" vicc_starts
tap_check "vicc: scriptor: PINs, a new file, written and read" vicc_keeps_a_file
tap_check "vicc: scriptor: random numbers" vicc_challenges
tap_check "vicc: pcsc_scan shows the card removed with its emulator" vicc_goes
