# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
#
# A driver without a reader, see fake.c. Sourced by guest.

verify=002000010431323334
verified=0020000100
driver=$tree/build/ifd/libfake.so

plug_fake()
{
	fake "$@" && plug --name "Fake Reader" --driver "$driver" --device $d
}

# attribute NUMBER HEX: the first reader's attribute
attribute()
{
	prints "^$2\$" env LD_LIBRARY_PATH="$ours" /usr/bin/python3 -c "
from smartcard.scard import *
context = SCardEstablishContext(SCARD_SCOPE_SYSTEM)[1]
reader = SCardListReaders(context, [])[1][0]
card = SCardConnect(context, reader, SCARD_SHARE_DIRECT, 0)[1]
print(bytes(SCardGetAttrib(card, $1)[1]).hex())
SCardDisconnect(card, SCARD_LEAVE_CARD)"
}

# --- usage

tap_check "usage: no driver, one that is not there, one that is none" \
	bash -c '! scard-ifd && ! scard-ifd --driver /nowhere.so && ! scard-ifd --driver /lib64/ld-linux-x86-64.so.2' 
configured()
{
	mkdir -p /run/conf
	printf '%s\n' '# two readers' 'FRIENDLYNAME "Other"' "LIBPATH /nowhere" "CHANNELID 1" \
		'FRIENDLYNAME "Fake Reader"	' "DEVICENAME   $d" "LIBPATH \"$driver\"" "CHANNELID 0x7" >/run/conf/two
	! scard-ifd --config /run/conf None || return
	fake card && plug --config /run/conf "Fake Reader" && prints "Fake Reader 00 00" scardctl list &&
		unplug
}
tap_check "config: a reader of a directory, by its name" configured
by_file_name()
{
	printf '%s\n' 'FRIENDLYNAME Fake' "LIBPATH $driver" "CHANNELID 0x7" >/run/conf/file
	fake && rm -rf /run/ifd7 && mkdir /run/ifd7 && plug --config /run/conf file &&
		prints "Fake 00 00" scardctl list && unplug && grep -q "0 open" /run/ifd7/log
}
tap_check "config: the name of a file; a channel without a device" by_file_name

# --- a card

tap_check "a reader without a card is listed" plug_fake
listed()
{
	prints "Fake Reader 00 00" scardctl list && prints "hello from the driver" cat /run/scard-ifd.log
}
tap_check "its name is the one given, the driver's messages are printed" listed
start_ours
touch $d/card
tap_check "a card is noticed" answers 0 ours wait present
tap_check "a program connects" answers 0 ours connect shared
tap_check "the ATR is the card's" answers "0 3B80800101" ours status
tap_check "a command and its answer" answers "0 01020304059000" ours apdu 0102030405
tap_check "the driver is told the protocol that the card offers first" answers "0 00019000" ours apdu 80E80000
tap_check "an answer of 256 bytes" answers "0 *5A5A9000" ours apdu 80E60100
tap_check "the vendor is the first word of the name" answers "0 46616B65*" ours vendor
tap_check "attributes of the reader are the driver's" attribute 0x20110 46616b65
tap_check "attributes of the card are renewed when it is powered up" attribute 0x80203 01
tap_check "the driver's features are those of the reader" answers "0 060442000A28" ours features
tap_check "power-up was a power-down and a power-up" prints "^0 down" head -n 20 $d/log
rm $d/card
tap_check "a removal is noticed" answers 0 ours wait empty
tap_check "a command after it is refused" answers "80100069" ours apdu 0102030405
answers 0 ours disconnect leave
touch $d/card
tap_check "the next card is used" answers 0 ours wait present
answers 0 ours connect shared

# --- clients that die

tap_check "a PIN is verified" answers "0 9000" ours apdu $verify
tap_check "it stays so" answers "0 9000" ours apdu $verified
: >$d/log
dies ours
tap_check "the driver resets the card of a client that dies" within 10 logged 1 "^0 reset"
start_ours
answers 0 ours connect shared
tap_check "the next client finds no verified PIN" answers "0 63C2" ours apdu $verified
: >$d/log
tap_check "a client that dies in a command of 20 s" say ours apdu 80E40014
within 10 logged 1 "apdu 4"
sleep 1
dies ours
sleep 5
tap_check "the driver's call is not disturbed" logged 0 "^0 (reset|up|down)"
tap_check "the reset follows" within 30 logged 1 "^0 (reset|up)"
start_ours
tap_check "then the card is used" answers 0 ours connect shared
: >$d/log
say ours apdu 80E40023
hear ours 60
tap_check "a command of 35 s, of which the kernel gives 30" test "$reply" = "0 9000"
hang_up ours
tap_check "SIGTERM ends the program" unplug
closes()
{
	[[ $(tail -n 2 $d/log) = "0 down
0 close" ]] || { cat $d/log; return 1; }
}
tap_check "the card is powered down and the channel closed" closes
tap_check "the reader is unplugged" within 5 no_reader
tap_check "no two calls of the driver overlapped" logged 0 overlap

# --- drivers that are different

tap_check "a driver without a warm reset; a card with T=0 only" plug_fake card no-reset t0
start_ours
answers 0 ours connect shared
tap_check "T=0" answers "0 00019000" ours apdu 80E80000
: >$d/log
dies ours
tap_check "its reset is a power-down and a power-up" within 10 logged 1 "^0 up"
unplug

tap_check "a driver that fails to power the card down" plug_fake card
start_ours
answers 0 ours connect shared
tap_check "a PIN is verified" answers "0 9000" ours apdu $verify
touch $d/keeps-power
: >$d/log
dies ours
tried()
{
	grep -q "^0 down" $d/log || { cat $d/log; return 1; }
}
tap_check "its client dies: the driver is asked to" within 10 tried
sleep 1
rm $d/keeps-power
: >$d/log
tap_check "the card is reset when that works again, without a client" within 20 logged 1 "^0 up"
start_ours
answers 0 ours connect shared
tap_check "the next client finds no verified PIN" answers "0 63C2" ours apdu $verified
hang_up ours
unplug

tap_check "a driver that waits for cards itself" plug_fake waits
start_ours
touch $d/card
tap_check "a card is noticed" answers 0 ours wait present
answers 0 ours connect shared
tap_check "a command" answers "0 01020304059000" ours apdu 0102030405
rm $d/card
tap_check "a removal is noticed" answers 0 ours wait empty
hang_up ours
tap_check "the wait is ended with the program" unplug
tap_check "by the driver's own function" logged 1 "^0 stop"

slow_power()
{
	plug_fake card slow-power=20 || return
	start_ours
	answers 0 ours wait present
	say ours connect shared
	hear ours 60
	[[ $reply = 0 ]] || { echo "$reply"; dmesg | tail; return 1; }
	answers "0 01020304059000" ours apdu 0102030405
}
tap_check "a power-up of 20 s, of which the kernel gives 15" slow_power
start_ours
unplug
hang_up ours

# --- two slots

tap_check "two slots, one call at a time" plug_fake card card1 slots=2
both_slots()
{
	local first second
	prints "Fake Reader .. 01" scardctl list || return
	scardctl apdu 0 80E40003 >/run/first 2>&1 &
	first=$!
	scardctl apdu 1 80E40003 >/run/second 2>&1 &
	second=$!
	wait $first && wait $second || { cat /run/first /run/second; return 1; }
}
tap_check "both slots are used" both_slots
tap_check "the calls did not overlap" logged 0 overlap
unplug
tap_check "two slots at the same time" plug_fake card card1 slots=2 parallel
tap_check "both slots are used" both_slots
overlapped()
{
	grep -q overlap $d/log
}
tap_check "the calls overlapped" overlapped
unplug

# --- the end of a driver

tap_check "a driver that crashes" plug_fake card
start_ours
answers 0 ours connect shared
say ours apdu 80CC0000
hear ours
tap_check "its client learns that the reader is gone" test "$reply" = 80100017
tap_check "the process has ended" ends 139
tap_check "the reader is unplugged" within 5 no_reader
hang_up ours
tap_check "a driver that loses its reader" plug_fake card
touch $d/gone
tap_check "the process ends" ends 1
tap_check "the reader is unplugged" within 5 no_reader

# --- a user without privilege

as_user()
{
	chmod 666 /dev/uscard
	fake card
	chmod 777 $d
	plug with setpriv --reuid 65534 --regid 65534 --clear-groups -- --name Private \
		--driver "$driver" --device $d || return
	[[ $(stat -c %u:%a /dev/scard[0-9]*) = 65534:600 ]] || { ls -l /dev/scard*; return 1; }
}
tap_check "a user without privilege has a private reader" as_user
start_nobody
tap_check "which that user can use" answers 0 nobody connect shared
tap_check "a command" answers "0 01020304059000" nobody apdu 0102030405
hang_up nobody
unplug
