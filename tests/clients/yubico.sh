# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
#
# yubico-piv-tool and ykman on the PIV card, which behaves like a YubiKey. Sourced by guest.

piv() { yubico-piv-tool -r PIV "$@"; }
ykpiv() { ykman --reader "$PIV" piv "$@"; }
manager=010203040506070801020304050607080102030405060708

piv_makes_key()
{
	says "Successfully generated a new private key" -- \
		piv -a generate -s 9c -A ECCP256 -o "$work/9c.pub" &&
		says "NIST CURVE: P-256" -- openssl pkey -pubin -in "$work/9c.pub" -noout -text
}

ykman_makes_key()
{
	ykpiv keys generate -a ECCP256 -m $manager 9e "$work/9e.pub" &&
		ykpiv certificates generate -m $manager -P 123456 -s "CN=by ykman" 9e "$work/9e.pub" &&
		ykpiv certificates export 9e "$work/9e.crt" &&
		openssl verify -CAfile "$work/9e.crt" "$work/9e.crt" &&
		openssl x509 -in "$work/9e.crt" -noout -subject | grep "by ykman" &&
		openssl x509 -in "$work/9e.crt" -noout -pubkey | cmp - "$work/9e.pub"
}

# ykman 5 asks the card for each application, and then refuses it.
ykman_finds_none()
{
	local output
	output=$(squeezed ykman --log-level DEBUG --reader "$ISO" info)
	[[ $output = *"PIV Not available"* ||
		$output = *"Missing applet: "*"PIV, "*"Failed to connect to YubiKey."* ]] && return
	echo "$output"
	return 1
}

tap_check "yubico-piv-tool -a list-readers" says "$PIV" "$ISO" -- piv -a list-readers
tap_check "yubico-piv-tool -a status" \
	says "Version:	5.2.7" "Serial Number:	4711" "CN=scard test 9a" "PIN tries left:	3" -- piv -a status
tap_check "yubico-piv-tool: a wrong PIN is refused, two tries are left" \
	refuses "2 tries left" piv -a verify-pin -P 000000
tap_check "yubico-piv-tool: the PIN is accepted" \
	says "Successfully verified PIN" -- piv -a verify-pin -P 123456
tap_check "yubico-piv-tool makes a key on the card" piv_makes_key
tap_check "ykman list --readers" says "$PIV" "$OPENPGP" "$ISO" -- ykman list --readers
tap_check "ykman info" \
	says "Serial number: 4711" "Firmware version: 5.2.7" -- ykman --reader "$PIV" info
tap_check "ykman piv info" \
	says "PIN tries remaining: 3" "CN=scard test 9d" -- squeezed ykpiv info
tap_check "ykman makes a key and a certificate on the card" ykman_makes_key
tap_check "ykman finds no application on a card that is no YubiKey" ykman_finds_none
