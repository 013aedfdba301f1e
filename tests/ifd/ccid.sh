# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
#
# libccid with QEMU's reader, which guest has unbound from the module. Sourced by guest.

plug_ccid()
{
	cp "$TEST_UNPACKED/etc/libccid_Info.plist" /etc/ || return
	plug --name "QEMU CCID" --device "$(node)" \
		--driver /usr/lib/pcsc/drivers/ifd-ccid.bundle/Contents/Linux/libccid.so
}

tap_check "libccid: the reader is listed" plug_ccid
start_ours
tap_check "libccid: its card is noticed" answers 0 ours wait present
tap_check "libccid: a program connects" answers 0 ours connect shared
tap_check "libccid: the ATR is the card's" answers "0 3B7A18*" ours status
tap_check "libccid: a command" answers "0 *9000" ours apdu 00A4040007A000000079030000
dies ours
start_ours
tap_check "libccid: the next client connects after one that died" answers 0 ours connect shared
tap_check "libccid: a command" answers "0 *9000" ours apdu 00A4040007A000000079030000
hang_up ours
tap_check "libccid: SIGTERM ends the program" unplug
unplugged()
{
	/run/vm/monitor device_del reader
	within 10 test ! -e "/sys/bus/usb/devices/$interface"
}
tap_check "libccid: the reader is listed again" plug_ccid
tap_check "libccid: the reader is unplugged" unplugged
tap_check "libccid: the program ends" ends 1
tap_check "libccid: the reader is not listed any more" within 5 no_reader
