# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
#
# pcsc_scan, scriptor, pyscard, Chipcard::PCSC, javax.smartcardio and Rust's pcsc: programs for
# any card, and bindings of languages. Sourced by guest.

iso_atr="3B 83 81 31 FE 45 69 73 6F FD"

scans()
{
	(sleep 2; vreaderctl remove $iso; sleep 1; vreaderctl insert $iso) >/dev/null &
	pcsc_scan -n -t 5 >"$work/scan"
	tr '\r' '\n' <"$work/scan" | grep -F -A 3 "Reader 2: $ISO" >"$work/iso"
	if ! grep -q "ATR: $iso_atr" "$work/iso" || ! grep -q "Card removed" "$work/iso" ||
		[[ $(grep -c "Card inserted" "$work/iso") -lt 2 ]]; then
		cat "$work/scan"
		return 1
	fi
}

scripts()
{
	printf '%s\n' reset "00 A4 00 00 02 2F 00" "00 B0 00 00 04" >"$work/script"
	says "< OK: $iso_atr" "< 90 00 : Normal processing" "< 40 41 42 43 90 00" -- \
		scriptor -r "$ISO" -p T=1 "$work/script"
}

tap_check "pcsc_scan shows the card removed and inserted" scans
tap_check "scriptor: reset, select, read" scripts
tap_check "pyscard: readers, APDUs, and its monitor reports the card" \
	says "ATR $iso_atr" "read 40 41 42 43 9000" "inserted $ISO" done -- \
	timeout 60 /usr/bin/python3 "$here/pyscard_client.py" "$ISO" $iso
tap_check "pyscard: its monitors report readers and cards, CardRequest waits for a card" \
	says "plugged scard Other Reader 05 00" "unplugged scard Other" "removed $ISO $iso_atr" "no card" \
	"waited for $ISO" done -- timeout 90 /usr/bin/python3 "$here/pyscard_monitors.py" "$ISO" $iso
tap_check "pyscard: an exclusive connection, transactions, a killed owner" \
	says "other while exclusive: refused True" "exclusive reads (144, 0) [64, 65, 66, 67]" \
	"other afterwards: (144, 0)" "exclusive beside it: refused True" \
	"in the transaction [64, 65, 66, 67]" "the other waited for it: True SW 9000" \
	"killed in a transaction: reset True" "connected again (144, 0)" done -- \
	timeout 60 /usr/bin/python3 "$here/pyscard_sharing.py" "$ISO"
tap_check "libpcsc-perl: exclusive connect, transaction, APDUs" \
	says "$OPENPGP" "status $ISO: $iso_atr" "00 B0 00 00 04: 40 41 42 43 90 00" \
	"second connect: Sharing violation" done -- perl "$here/pcsc.pl" "$ISO"
tap_check "Java smartcardio: an APDU, and waiting for the card" \
	says "ATR ${iso_atr// /} T=1" "read 40414243 9000" "absent true" "present true" done -- \
	timeout 90 java -Xshare:auto -XX:TieredStopAtLevel=1 -cp "$made" Client "$ISO" $iso
tap_check "Rust's pcsc package: an APDU, an attribute, a wait that is cancelled" \
	says "reader $PIV" "ATR ${iso_atr// /}" "read 404142439000" "present true" "wait Some(Cancelled)" \
	done -- "$made/rust/debug/client" "$ISO"
