# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Completion for scardctl(1). Commands come from scardctl --help, so they are up to date.

_scardctl()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
	local i command='' words=''

	for ((i = 1; i < COMP_CWORD; i++)); do
		[[ ${COMP_WORDS[i]} = -* ]] || { command=${COMP_WORDS[i]}; break; }
	done
	case $command:$prev in
	:*)
		words="--help --json $(scardctl --help 2>/dev/null | sed -n 's/^  \([a-z]\{2,\}\)\( .*\)\?$/\1/p')"
		;;
	apdu:-e | apdu:--end)
		words="leave reset unpower eject"
		;;
	apdu:-p | apdu:--protocol)
		words="t0 t1 raw"
		;;
	*:-n | *:--events | *:--times | *:-t | *:--seconds | *:-a | *:--apdu)
		return
		;;
	trace:-f | trace:--file)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	attach:* | forward:-c | forward:--command)
		return
		;;
	list:* | doctor:*)
		words="--json"
		;;
	*)
		case $command in
		apdu) words="--end --exclusive --no-wait --protocol" ;;
		watch) words="--events --seconds" ;;
		bench) words="--times --apdu" ;;
		trace) words="--events --seconds --file" ;;
		forward) words="--command --exclusive" ;;
		esac
		words="$words --json $(printf '%s ' /dev/scard[0-9]*)"
		;;
	esac
	words=${words//\/dev\/scard\[0-9\]\*/}
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

complete -F _scardctl scardctl
