# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# scardctl atr (names of smartcard_list.txt) and scardctl info (quirks, dwMaxDataRate,
# bVoltageSupport in words). Sourced.

names() { scardctl --json atr "$1" | python3 -c 'import json, sys; print("|".join(json.load(sys.stdin)["names"]))'; }

# ---- the names of cards ----
tap_check "a card is found in Debian's list" same "$(names 3BDA18FF81B1FE751F030031F573C001600090001C)" "OpenPGP Card V3"
tap_check "with all the lines that it has there" same "$(names 3B7A18000073667465206364313434 | tr '|' '\n' | wc -l)" 3
tap_check "a card that is not there has no name" same "$(names 3B04DEADBEEF)" ""
tap_check "which is said" grep -q 'card  *not in the list' <(scardctl atr 3B04DEADBEEF)

mkdir -p /run/home/.cache /run/nowhere
printf '%s\n' '# 3B 02 14 50' $'\tcomment' '' '3B 02 14 50' $'\tExact \x1b[31m' $'\tsecond' '' '3B 02 14' $'\tpart' '' '3b 02 1[0-9] ..' \
	$'\tExpression' '' '.*' $'\tAny' '' '3B 03 14 50' $'\tOther' '' '3B 0(' $'\tbroken' >/run/home/.cache/smartcard_list.txt
tap_check "a user's own list comes first; expressions mean the whole ATR" \
	same "$(HOME=/run/home names 3B021450)" "Exact  [31m|second|Expression|Any"
tap_check "no control character of it reaches the terminal" \
	same "$(HOME=/run/home scardctl atr 3B021450 | tr -d '[:print:]\n' | wc -c)" 0
mv /run/home/.cache/smartcard_list.txt /run/home/.smartcard_list.txt
tap_check "its older place is known" same "$(HOME=/run/home names 3B031450)" "Any|Other"

# ---- what readers can do ----
quirks_in_words()
{
	local name names
	names=$(sed -n 's/.*const_ilog2(CCID_QUIRK_.*= "\(.*\)".*/\1/p' kernel/ccid/quirks.c)
	[[ $(wc -w <<<"$names") -ge 14 ]] || return
	for name in $names; do
		grep -q "{ \"$name\", \"" tools/scardctl/info.c || { echo "no words for $name"; return 1; }
	done
}
tap_check "each quirk of the module has words" quirks_in_words
in_json() { scardctl --json info 1 | python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
info_says() { scardctl info 1 | grep -qE "$1" || { scardctl info 1; return 1; }; }

vreader --background --control /run/words.sock --vid 058f --pid 9540 --bcd 01.20 --profile pinpad --desc dwMaxDataRate=500000 \
	--desc bVoltageSupport=3 2>/dev/null || exit 1
for ((i = 0; i < 100; i++)); do
	scardctl status 1 >/dev/null 2>&1 && break
	sleep 0.1
done
tap_check "info: quirks in words" info_says '^quirks +rate-200k: 200 kbit/s at most'
tap_check "info: and by name in JSON" same "$(in_json quirks)" "['rate-200k']"
tap_check "info: data rates, quirks considered" info_says '^data rate +[0-9]+ bit/s, up to 200000 bit/s$'
tap_check "info: in JSON" same "$(in_json max_data_rate)" 200000
tap_check "info: clock" info_says '^clock +[0-9.]+ MHz'
tap_check "info: voltages" info_says '^voltages +5V, 3V$'
tap_check "info: exchange level" info_says '^level +short APDU: '
tap_check "info: PIN pad" info_says '^PIN pad +verify, modify$'
tap_check "info: firmware" info_says '^firmware +1\.20$'
vreaderctl -s /run/words.sock quit >/dev/null
