# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# EACCES: SCardListReaders, SCardGetStatusChange and SCardConnect of a user without permission
# return at once for a new reader. Sourced by guest, with vreader.

# Replug the reader, and let udev set its permissions first.
replug()
{
	vreaderctl unplug && within 10 node_is_gone && within 10 lists_none &&
		vreaderctl replug && within 10 test -c /dev/scard0 && udevadm settle &&
		within 10 has_atr && ! as_nobody test -r /dev/scard0
}

node_is_gone()
{
	[[ ! -e /dev/scard0 ]]
}

has_atr()
{
	with_ours scardctl atr | grep -q '^3B '
}

lists_none()
{
	say nobody list
	hear nobody
	[[ $reply != *scard* ]]
}

# at_once REPLY COMMAND...: nobody gets the reply in less than half of the allowed time
at_once()
{
	replug && answers "$1" nobody "${@:2}" || return
	say nobody took
	hear nobody
	[[ ${reply#0 } -lt 1000 ]] || { echo "$2 took ${reply#0 } ms"; return 1; }
}

start_nobody
tap_check "a user without permission: a new reader is listed at once" at_once "0 scard*" list
tap_check "a user without permission: its card is reported at once" at_once 0 wait present
tap_check "a user without permission: connecting fails with SCARD_W_SECURITY_VIOLATION" answers 8010006a nobody connect shared
hang_up nobody
