# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
#
# bwrap: the same programs in containers, which have no network of the host, so no netlink
# messages of its kernel, no sockets, no /sys, and one device. Sourced by guest.

piv_device=$(device_of "[PIV]")
openpgp_device=$(device_of "[OpenPGP]")
iso_device=$(device_of "[ISO]")

# The container sees one reader and no other.
sees_one()
{
	local output
	output=$(with "$piv_device" opensc-tool -l) || return
	[[ $output = *"0    Yes"*"[PIV]"* && $output != *"1    "* ]] || { echo "$output"; return 1; }
}

signs_inside()
{
	rm -f "$work/signature"
	with "$piv_device" pkcs11-tool --module "$module" --login --pin 123456 --id 01 \
		-m SHA256-RSA-PKCS -s -i "$work/data" -o "$work/signature" &&
		openssl dgst -sha256 -verify "$work/9a.pub" -signature "$work/signature" "$work/data"
}

scripts_inside()
{
	local name
	name=$(with "$iso_device" opensc-tool -l | sed -n 's/^0 *Yes *//p')
	says "< 40 41 42 43 90 00" -- with "$iso_device" scriptor -r "$name" -p T=1 "$work/script"
}

p11tool_inside()
{
	says "Verifying against private key parameters... ok" -- with "$piv_device" env GNUTLS_PIN=123456 \
		p11tool --provider "$module" --login --test-sign \
		"pkcs11:token=scard%20test%209a;object=PIV%20AUTH%20key;type=private"
}

same_key_inside()
{
	with "$piv_device" ssh-keygen -D "$module" |
		grep -F "$(ssh-keygen -i -m PKCS8 -f "$work/9a.pub")"
}

scdaemon_inside()
{
	mkdir -m 700 "$work/inside" &&
		printf '%s\n' disable-ccid pcsc-shared >"$work/inside/scdaemon.conf" || return
	says "S SERIALNO D276000124010304FFFE000000010000" -- with "$openpgp_device" \
		env GNUPGHOME="$work/inside" gpg-connect-agent "scd serialno" "scd killscd" killagent /bye
}

tap_check "a container with one device sees that reader and no other" sees_one
tap_check "in a container: pkcs11-tool signs" signs_inside
tap_check "in a container: p11tool signs" p11tool_inside
tap_check "in a container: ssh-keygen -D" same_key_inside
tap_check "in a container: scdaemon" scdaemon_inside
tap_check "in a container: pyscard, two processes and their transactions" \
	says "killed in a transaction: reset True" "connected again (144, 0)" done -- \
	with "$iso_device" /usr/bin/python3 "$here/pyscard_sharing.py" "$ISO"
tap_check "in a container: Rust's pcsc package" says "read 404142439000" "wait Some(Cancelled)" done -- \
	with "$iso_device" "$made/rust/debug/client" "$ISO"
tap_check "in a container: yubico-piv-tool" \
	says "Successfully verified PIN" -- with "$piv_device" yubico-piv-tool -r PIV -a verify-pin -P 123456
tap_check "in a container: ykman" says "PIN tries remaining: 3" -- squeezed with "$piv_device" \
	ykman --reader PIV piv info
tap_check "in a container: scriptor" scripts_inside
tap_check "in a container: pcsc_scan" says "Card inserted" -- with "$iso_device" pcsc_scan -n -t 2
tap_check "in a container without a device there is no reader" \
	refuses "No smart card readers found" with /dev/null opensc-tool -n
