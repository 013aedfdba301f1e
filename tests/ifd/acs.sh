# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
#
# Debian's libacsccid1, a driver of its maker for readers of the class CCID, with virtual readers
# that have ids of this maker. The module is told to ignore them. Sourced by guest.

t0=3B021450
t1=3B800181
data=$(printf '5A%.0s' {1..250})

# attached VENDOR:PRODUCT: $interface is that of this reader, which the module has left alone
attached()
{
	local device
	for device in /sys/bus/usb/devices/*; do
		[[ -e $device/idVendor && $(<"$device/idVendor"):$(<"$device/idProduct") = "$1" ]] || continue
		interface=$(basename "$device"):1.0
		[[ ! -e /sys/bus/usb/devices/$interface/driver ]] || { ls -l "/sys/bus/usb/devices/$interface"; return 1; }
		return 0
	done
	return 1
}

# plug_acs VENDOR:PRODUCT NAME ARGUMENT...: vreader with these arguments
plug_acs()
{
	echo "$1" >/sys/module/scard/parameters/ignore || return
	vreader --background "${@:3}" >/run/vreader.log 2>&1 || { cat /run/vreader.log; return 1; }
	within 10 attached "$1" || return
	plug --name "$2" --device "$(node)" \
		--driver /usr/lib/pcsc/drivers/ifd-acsccid.bundle/Contents/Linux/libacsccid.so
}

# acs_works: a card with T=0, then one with T=1
acs_works()
{
	start_ours
	tap_check "acs: a card is noticed" answers 0 ours wait present
	tap_check "acs: the ATR is the card's" prints "^3b:02:14:50$" with_ours opensc-tool --reader 0 --atr
	answers 0 ours connect shared
	tap_check "acs: T=0: a file is selected" answers "0 9000" ours apdu 00A4020C020003
	tap_check "acs: T=0: and read" answers "0 000102*9000" ours apdu 00B00000FE
	tap_check "acs: T=0: a PIN is verified" answers "0 9000" ours apdu 002000010431323334
	tap_check "acs: T=0: it stays so" answers "0 9000" ours apdu 00200001
	dies ours
	start_ours
	answers 0 ours connect shared
	tap_check "acs: not for the client after one that died" answers "0 63C3" ours apdu 00200001
	vreaderctl remove >/dev/null
	tap_check "acs: a removal is noticed" answers 0 ours wait empty
	tap_check "acs: a command after it is refused" answers 80100069 ours apdu 00200001
	vreaderctl insert 0 iso,atr=$t1 >/dev/null
	tap_check "acs: another card is noticed" answers 0 ours wait present
	answers 0 ours connect shared
	tap_check "acs: its ATR" answers "0 $t1" ours status
	tap_check "acs: T=1: a file is selected" answers "0 9000" ours apdu 00A4020C020003
	tap_check "acs: T=1: and read" answers "0 000102*9000" ours apdu 00B0000000
	tap_check "acs: T=1: data and their echo" answers "0 5A*5A9000" ours apdu "80EE0000FA${data}00"
	hang_up ours
	tap_check "acs: no rule of CCID is broken" test "$(vreaderctl violations)" = 0
}

modprobe vhci_hcd
tap_check "acs: a reader of short APDUs is listed" plug_acs 072f:b000 "ACS ACR3901" \
	--row tests/vreader/readers.tsv:7 --card iso,atr=$t0
acs_works
tap_check "acs: SIGTERM ends the program" unplug
vreaderctl quit >/dev/null

tap_check "acs: a reader of TPDUs is listed" plug_acs 072f:90cc "ACS ACR38U" \
	--vid 072f --pid 90cc --profile tpdu --card iso,atr=$t0
acs_works
vreaderctl unplug >/dev/null
tap_check "acs: it is unplugged: the program ends" ends 1
tap_check "acs: the reader is not listed any more" within 5 no_reader
vreaderctl quit >/dev/null
echo >/sys/module/scard/parameters/ignore
