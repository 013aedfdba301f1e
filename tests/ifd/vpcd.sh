# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
#
# Debian's driver for the cards of vsmartcard, with a card of tests/clients. Sourced by guest.

plug_vpcd()
{
	plug --config "$TEST_UNPACKED/etc/reader.conf.d" vpcd && prints "Virtual PCD .. 01" scardctl list
}

insert_card()
{
	/usr/bin/python3 tests/clients/openpgp_card.py 35963 >/run/openpgp.log 2>&1 &
	card=$!
}

opensc_reads()
{
	prints "OpenPGP card" with_ours opensc-tool --reader 0 --name &&
		prints "AID: .*d2:76:00:01:24:01" with_ours openpgp-tool --reader 0 --card-info
}

tap_check "vpcd: the driver's two slots are listed" plug_vpcd
start_ours
insert_card
# Python starts slowly in an emulated machine.
tap_check "vpcd: a card is noticed" within 1 answers 0 ours wait present
tap_check "vpcd: OpenSC reads the card" opensc_reads
answers 0 ours connect shared
tap_check "vpcd: the application is selected" answers "0 *9000" ours apdu 00A4040006D27600012401
tap_check "vpcd: a PIN is verified" answers "0 9000" ours apdu 00200081083132333435363738
tap_check "vpcd: it stays so" answers "0 9000" ours apdu 00200081
dies ours
start_ours
answers 0 ours connect shared
answers "0 *9000" ours apdu 00A4040006D27600012401
tap_check "vpcd: not for the client after one that died" answers "0 63C3" ours apdu 00200081
kill "$card"
tap_check "vpcd: the card goes with its emulator" answers 0 ours wait empty
hang_up ours
insert_card
start_ours
tap_check "vpcd: another is noticed" within 1 answers 0 ours wait present
hang_up ours
kill "$card"
tap_check "vpcd: SIGTERM ends the program" unplug
