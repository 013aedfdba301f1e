# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Which libpcsclite the dynamic linker gives to programs. Sourced.

# provider DIRECTORY: ours, in DIRECTORY below the library directory, or pcsc-lite's if that is "".
# Since version 2.2, pcsc-lite's libpcsclite.so.1 stays and loads libpcsclite_real.so.1, which is
# ours then, in DIRECTORY/real.
provider()
{
	local libraries ours=$1
	libraries=/$(dpkg-architecture -qDEB_HOST_MULTIARCH)
	if [[ -e /usr/lib$libraries/libpcsclite_real.so.1 ]]; then
		found libpcsclite_real.so.1 "$libraries${ours:+$ours/real}" || return
		ours=
	fi
	found libpcsclite.so.1 "$libraries$ours"
}

# found LIBRARY DIRECTORY: the first of this name is there
found()
{
	[[ $(ldconfig -p | awk -v name="$1" '$1 == name { print $NF; exit }') = *"$2/$1" ]]
}
