# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
#
# pcsc-spy of pcsc-lite, which prints each call of a program, with our library behind it. Sourced by
# guest.

# Where pcsc-lite has its redirector, a variable puts pcsc-spy behind it. Else OpenSC can be told;
# with LD_PRELOAD, pcsc-spy 1.9.9 itself crashes at yubico-piv-tool's SCardTransmit without pioRecvPci.
verifies()
{
	local select=00:A4:04:00:05:A0:00:00:03:08 verify=00:20:00:80:08:31:32:33:34:35:36:FF:FF
	if [[ $provider = libpcsclite_real.so.1 ]]; then
		says "Successfully verified PIN" -- env HOME="$work" LIBPCSCLITE_DELEGATE=libpcscspy.so.0 \
			yubico-piv-tool -r PIV -a verify-pin -P 123456
		return
	fi
	echo 'app default { reader_driver pcsc { provider_library = libpcscspy.so.0; } }' >"$work/spy.conf"
	says "SW1=0x90, SW2=0x00" -- env HOME="$work" OPENSC_CONF="$work/spy.conf" opensc-tool -r 0 -s $select -s $verify
}

spies()
{
	local reader
	HOME=$work pcsc-spy -n >"$work/spied" 2>&1 &
	reader=$!
	until [[ -p $work/pcsc-spy ]]; do
		kill -0 $reader || { cat "$work/spied"; return 1; }
		sleep 0.1
	done
	verifies || { kill $reader; return 1; }
	wait $reader
	says SCardEstablishContext SCardConnect "00 20 00 80 08 31 32 33 34 35 36 FF FF" \
		SCardReleaseContext -- cat "$work/spied"
}

tap_check "pcsc-spy prints the calls of a program" spies
