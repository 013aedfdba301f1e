# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Clients on command: "theirs" of pcscd, "ours" of the module, "nobody" a user without permission
# to open the readers. Sourced by guest.

client=$PWD/build/coexist/client
ours=$PWD/build/lib
declare -A to from process

start()
{
	local name=$1 in out
	mkfifo "/run/$name.in" "/run/$name.out"
	env "${@:2}" "$client" <"/run/$name.in" >"/run/$name.out" 2>&1 &
	process[$name]=$!
	exec {in}>"/run/$name.in" {out}<"/run/$name.out"
	rm -f "/run/$name.in" "/run/$name.out"
	to[$name]=$in from[$name]=$out
	hear "$name"
	[[ $reply = "0 "* ]] || { echo "$name: no reader: $reply"; return 1; }
}

start_theirs()
{
	start theirs -u LD_LIBRARY_PATH
}

start_ours()
{
	start ours LD_LIBRARY_PATH="$ours"
}

start_nobody()
{
	start nobody LD_LIBRARY_PATH="$ours" setpriv --reuid 65534 --regid 65534 --clear-groups
}

hang_up()
{
	local in=${to[$1]} out=${from[$1]}
	# other processes may have inherited the pipe: closing it is not enough
	{ kill -0 "${process[$1]}" && say "$1" quit; } 2>/dev/null
	exec {in}>&- {out}<&-
	wait "${process[$1]}" 2>/dev/null
}

say()
{
	echo "${@:2}" >&"${to[$1]}"
}

# hear NAME [SECONDS]: read the answer into $reply
hear()
{
	reply=
	read -r -t "${2:-30}" reply <&"${from[$1]}"
}

# answers REPLY NAME COMMAND...
answers()
{
	say "${@:2}"
	hear "$2"
	# shellcheck disable=SC2053
	[[ $reply = $1 ]] || { echo "${*:2}: \"$reply\", not \"$1\""; return 1; }
}
