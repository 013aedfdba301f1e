# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# libifdscard, the reader driver for pcscd: clients of pcscd and ours share a reader (vreader).
# Sourced by guest; pcscd does not run, and there is no other reader.

handler=$PWD/build/lib/pcsc/libifdscard.so
reset=80100068
verify=002000010431323334
verified=0020000100		# 9000: the PIN was verified since the last reset
count=80E2000000		# number of these commands since the card was inserted

# counts NAME N: the card's count, as NAME reads it, is N
counts()
{
	answers "0 $(printf %08X "$2")9000" "$1" apdu $count
}

start_pcscd()
{
	run_pcscd --foreground >/run/pcscd.log 2>&1 &
	pcscd=$!
	within 20 test -S /run/pcscd/pcscd.comm
}

end_pcscd()
{
	kill "$@" "$pcscd"
	within 20 not_there "$pcscd" || return
	wait "$pcscd" 2>/dev/null
	rm -f /run/pcscd/*
}

# A process has closed its files when its last thread has ended: the first may end before it.
not_there()
{
	local threads
	kill -0 "$1" 2>/dev/null || return 0
	grep -qs '^State:.Z' "/proc/$1/status" || return
	threads=("/proc/$1/task"/*)
	[[ ${#threads[@]} -le 1 ]]
}

# configure DEVICENAME
configure()
{
	mkdir -p /etc/reader.conf.d
	printf '%s\n' 'FRIENDLYNAME "Shared reader"' "DEVICENAME $1" "LIBPATH $handler" >/etc/reader.conf.d/scard
}

# --- test steps

both_connect()
{
	answers 0 theirs connect shared && answers 0 ours connect shared
}

both_leave()
{
	answers "*" theirs disconnect leave && answers "*" ours disconnect leave
}

programs_alternate()
{
	local n
	for n in 1 2 3; do
		env -u LD_LIBRARY_PATH opensc-tool --reader 0 --atr | grep "^$atr$" &&
			with_ours scardctl atr | grep -i "${atr//:/ }" &&
			with_ours opensc-tool --reader 0 --atr | grep "^$atr$" || return
	done
}

apdus_alternate()
{
	local n
	# the closed channel has sent one command, the refused channel none
	for n in 2 4 6 8 10; do
		counts theirs $n && counts ours $((n + 1)) || return
	done
}

verified_in_both()
{
	answers "0 9000" theirs apdu $verify && answers "0 9000" ours apdu $verified
}

# pcscd's client gets an error, reconnects, and the PIN is not verified.
theirs_hears_of_reset()
{
	answers "801000[0-9A-Fa-f][0-9A-Fa-f]" theirs apdu $verified && answers 0 theirs wait present &&
		within 5 answers 0 theirs reconnect leave && answers "0 63C?" theirs apdu $verified
}

ours_resets()
{
	# pcscd notices the reset without a call of its client
	answers 0 ours disconnect reset && within 10 answers 80100069 theirs status && theirs_hears_of_reset && answers 0 ours connect shared
}

ours_is_killed()
{
	answers "0 9000" ours apdu $verify && answers "0 9000" theirs apdu $verified &&
		kill -9 "${process[ours]}" || return
	# the reset waits for the transaction that follows pcscd's last command
	sleep 1.5
	theirs_hears_of_reset
}

theirs_resets()
{
	answers "0 9000" ours apdu $verify && answers 0 theirs reconnect reset &&
		answers $reset ours apdu $verified && answers 0 ours reconnect leave &&
		answers "0 63C?" ours apdu $verified && answers "0 63C?" theirs apdu $verified
}

theirs_powers_off()
{
	answers 0 theirs disconnect unpower && answers $reset ours apdu $verified &&
		answers 0 ours reconnect leave && answers 0 theirs connect shared
}

# Between two APDUs, others may use the card after 300 ms: fails only on a slow machine, so try
# again
together()
{
	local again n first last
	for again in 1 2 3; do
		answers "0 *" theirs apdu $count
		for n in {1..10}; do
			say ours apdu $count
			say theirs apdu $count
		done
		for n in {1..10}; do
			hear theirs
			last=$reply
		done
		hear ours
		first=$reply
		for n in {2..10}; do
			hear ours
		done
		[[ ! $first > $last ]] || return 0
		echo "$again: theirs $last, ours $first"
	done
	return 1
}

ours_in_transaction()
{
	answers 0 ours begin || return
	say theirs apdu $verified
	! hear theirs 2 || { echo "theirs: $reply"; return 1; }
	answers 0 ours end || return
	hear theirs && [[ $reply = "0 "* ]]
}

ours_gets_all_of_it()
{
	both_leave && within 5 answers 0 ours connect exclusive &&
		answers "80100*" theirs connect shared && answers 0 ours disconnect leave &&
		within 5 answers 0 theirs connect shared && answers 0 ours connect shared
}

card_leaves_and_comes()
{
	vreaderctl remove && answers 0 theirs wait empty && answers "80100*" theirs apdu $count &&
		answers 0 theirs disconnect leave && vreaderctl insert 0 "$card" && answers 0 theirs wait present &&
		within 5 answers 0 theirs connect shared && counts theirs 1
}

reader_leaves_and_comes()
{
	vreaderctl unplug && answers 0 theirs wait empty && answers "80100*" theirs apdu $count &&
		answers 0 theirs disconnect leave && vreaderctl replug && answers 0 theirs wait present &&
		within 5 answers 0 theirs connect shared && answers "0 *" theirs apdu $count
}

asks_the_reader()
{
	# the reader stays busy for others for a moment after a command of pcscd's client
	sleep 1.5
	answers 0 ours connect shared || return
	say ours features && hear ours && answers "$reply" theirs features || return
	say ours vendor && hear ours && answers "$reply" theirs vendor || return
	[[ $reply = "0 "?* ]] || { echo "vendor: $reply"; return 1; }
	both_leave && answers 0 theirs connect direct && answers "0*" theirs features &&
		answers "$reply" theirs features && answers 0 theirs disconnect leave
}

ends_while_it_waits()
{
	answers 0 ours connect shared && answers 0 ours begin || return
	say theirs connect shared
	sleep 1
	end_pcscd -TERM && answers "0 *" ours apdu $count && answers 0 ours end
}

is_killed()
{
	answers 0 theirs connect shared && answers "0 9000" theirs apdu $verify && answers 0 ours connect shared &&
		answers "0 9000" ours apdu $verified && end_pcscd -KILL &&
		answers $reset ours apdu $verified && answers 0 ours reconnect leave &&
		answers "0 63C?" ours apdu $verified
}

starts_without_the_reader()
{
	answers "80100*" theirs connect shared && vreaderctl replug && answers 0 theirs wait present &&
		within 5 answers 0 theirs connect shared && answers "0 *" theirs apdu $count
}

# with_pcscd_as OWNER OPTION... -- COMMAND...: the command, beside a pcscd that setpriv starts with
# these options. OWNER owns pcscd's directory, as with systemd.
with_pcscd_as()
{
	local owner=$1 status
	pcscd_as=(setpriv)
	while shift && [[ $1 != -- ]]; do
		pcscd_as+=("$1")
	done
	mkdir -p /run/pcscd && chown "$owner" /run/pcscd && start_pcscd || return
	"${@:2}"
	status=$?
	cat /run/pcscd.log
	end_pcscd -TERM || status=1
	pcscd_as=()
	rm -rf /run/pcscd
	return $status
}

served()
{
	within 5 readers_of_pcscd && programs_alternate
}

without_readers()
{
	# pcscd would have opened the reader by now
	sleep 2
	opensc-tool --list-readers | grep '^No smart card readers found' &&
		grep 'libifdscard: cannot open /dev/scard0.*: Permission denied' /run/pcscd.log
}

node_has_group()
{
	chgrp scard /dev/scard0 && chmod 660 /dev/scard0 && [[ $(stat -c %g /dev/scard0) = "$groups" ]]
}

# --- the tests

atr=$(with_ours opensc-tool --reader 0 --atr)
tap_check "a channel can be closed while a call waits for another's transaction" \
	"$PWD/build/coexist/handler" "$handler" /dev/scard0
configure /dev/scard0
start_pcscd
tap_check "pcscd starts with the driver" readers_of_pcscd
tap_check "opensc-tool by pcscd, scardctl and opensc-tool by the module take turns" programs_alternate
tap_check "doctor accepts a pcscd that shares the readers" silent pcscd with_ours scardctl doctor
start_theirs
tap_check "the reader has its configured name" test "$reply" = "0 Shared reader 00 00"
start_ours
tap_check "a client of pcscd and one of the module connect" both_connect
tap_check "their APDUs go to the same card" apdus_alternate
tap_check "a PIN verified by one client is verified for the other" verified_in_both
tap_check "our client resets the card: pcscd's client gets an error" ours_resets
tap_check "our client is killed: the card is reset, pcscd's client gets an error" ours_is_killed
hang_up ours
start_ours && answers 0 ours connect shared
tap_check "pcscd's client resets the card: our client gets an error" theirs_resets
tap_check "pcscd's client powers the card off: our client gets an error" theirs_powers_off
tap_check "consecutive APDUs of pcscd's client stay together" together
tap_check "pcscd's client waits for our transaction" ours_in_transaction
tap_check "pcscd without clients releases the card" ours_gets_all_of_it
tap_check "the card is removed and inserted" card_leaves_and_comes
# an open handle of a removed reader keeps its number in use
hang_up ours
tap_check "the reader is unplugged and replugged" reader_leaves_and_comes
start_ours
tap_check "features and attributes come from the module, also without a card handle" asks_the_reader
tap_check "pcscd ends while it waits for our transaction" ends_while_it_waits
hang_up theirs
start_pcscd && start_theirs && answers 0 ours disconnect leave
tap_check "pcscd is killed: the card is reset, our client gets an error" is_killed
hang_up theirs
hang_up ours
vreaderctl unplug && configure /dev/scard0: && start_pcscd && start_theirs
tap_check "pcscd starts before the reader is plugged in" starts_without_the_reader
hang_up theirs
tap_check "pcscd ends" end_pcscd -TERM

# The drop-in of pcscd.service, as systemd would set it
groupadd -f scard
groups=$(dropin_groups tools/dist/pcscd.service.conf)
bare=(--no-new-privs --bounding-set -all --inh-caps -all)
tap_check "the node belongs to the group that pcscd's drop-in names" node_has_group
other=("${bare[@]}" --reuid $nobody --regid $nobody)
tap_check "pcscd as root without a capability, as on Debian 13, reads the card, with the drop-in" \
	with_pcscd_as root "${bare[@]}" --groups "$groups" -- served
tap_check "pcscd as another user, as on Debian 14, gets no reader without the drop-in" \
	with_pcscd_as $nobody "${other[@]}" --clear-groups -- without_readers
tap_check "and with the drop-in it reads the card" \
	with_pcscd_as $nobody "${other[@]}" --groups "$groups" -- served
