# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
#
# The same programs in namespaces of their own: no network of the host, so no netlink
# messages of its kernel, no sockets, no /sys, and one device. Sourced by guest.

# with DEVICE COMMAND...
with()
{
	local device=$1
	shift
	bwrap --unshare-all --die-with-parent --ro-bind / / --dev /dev --dev-bind "$device" /dev/scard0 \
		--proc /proc --tmpfs /sys --tmpfs /run --tmpfs /var/tmp --bind "$work" "$work" -- "$@"
}

device_of()
{
	local device
	for device in /dev/scard[0-9]*; do
		with "$device" opensc-tool -l | grep -qF "$1" && echo "$device" && return
	done
	return 1
}

piv_device=$(device_of "[PIV]")
iso_device=$(device_of "[ISO]")

# One reader, and none of the others.
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

check "a container with one device sees that reader and no other" sees_one
check "in a container: pkcs11-tool signs" signs_inside
check "in a container: yubico-piv-tool" \
	says "Successfully verified PIN" -- with "$piv_device" yubico-piv-tool -r PIV -a verify-pin -P 123456
check "in a container: ykman" says "PIN tries remaining: 3" -- with "$piv_device" ykman --reader PIV piv info
check "in a container: scriptor" scripts_inside
check "in a container: pcsc_scan" says "Card inserted" -- with "$iso_device" pcsc_scan -n -t 2
check "in a container without a device there is no reader" \
	refuses "No smart card readers found" with /dev/null opensc-tool -n
