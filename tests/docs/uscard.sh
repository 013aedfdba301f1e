# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Sourced by tests/docs/guest: both readers of tools/examples/uscard, as scardctl sees them.

PATH=$PWD/build/bin:$PATH

# until_true COMMAND...: it succeeds within ten seconds
until_true()
{
	local i
	for ((i = 0; i < 100; i++)); do
		"$@" >/dev/null 2>&1 && return
		sleep 0.1
	done
	"$@"
}

answers()
{
	local output
	output=$(scardctl apdu Example 00A4040006A00000000101 00B0000000) &&
		grep -q '68 \?65 \?6C \?6C \?6F' <<<"${output^^}" && return
	echo "$output"
	return 1
}

# The file is selected until the reset at the end of apdu.
forgets()
{
	scardctl apdu Example 00B0000000 | grep -q 6985
}

state()
{
	prints "$1" scardctl --json status Example
}

gone()
{
	[[ ! -e $1 ]] && ! scardctl status Example
}

# example NAME COMMAND...
example()
{
	local name=$1 node
	shift
	coproc server { exec "$@"; }
	read -r -t 20 -u "${server[0]}" node
	node=${node%%:*}
	tap_check "$name: the reader is listed" prints 'Example Card in ' scardctl list
	tap_check "$name: the slot is empty" until_true state '"card":"empty"'
	echo insert >&"${server[1]}"
	tap_check "$name: a card comes, and sends its ATR" until_true state '"atr":"3B800181"'
	tap_check "$name: the card answers to SELECT and READ BINARY" answers
	tap_check "$name: a reset is told to the card" forgets
	echo remove >&"${server[1]}"
	tap_check "$name: the card goes" until_true state '"card":"empty"'
	echo insert >&"${server[1]}"
	tap_check "$name: it comes back" until_true answers
	# shellcheck disable=SC2154 # set by coproc
	kill -KILL "$server_PID"
	tap_check "$name: the reader goes with its process" until_true gone "$node"
	wait "$server_PID" 2>/dev/null
}

example card.c "$work/card"
example card.py tools/examples/uscard/card.py
