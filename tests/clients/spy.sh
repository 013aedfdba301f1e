# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
#
# pcsc-spy of pcsc-lite, which prints each call of a program, with our library behind it. Sourced by
# guest.

spies()
{
	local reader
	HOME=$work pcsc-spy -n >"$work/spied" 2>&1 &
	reader=$!
	until [[ -p $work/pcsc-spy ]]; do
		kill -0 $reader || { cat "$work/spied"; return 1; }
		sleep 0.1
	done
	says "Successfully verified PIN" -- env HOME="$work" LIBPCSCLITE_DELEGATE=libpcscspy.so.0 \
		yubico-piv-tool -r PIV -a verify-pin -P 123456 || { kill $reader; return 1; }
	wait $reader
	says SCardEstablishContext SCardConnect "00 20 00 80 08 31 32 33 34 35 36 FF FF" \
		SCardReleaseContext -- cat "$work/spied"
}

tap_check "pcsc-spy prints the calls of yubico-piv-tool" spies
