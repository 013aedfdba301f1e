# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Starts pcscd in the guest. Sourced.

# A command that starts a program: setpriv and its options, or nothing
pcscd_as=()

# dropin_groups FILE: numbers of the groups that a drop-in names, for setpriv, as systemd sets them
dropin_groups()
{
	local name
	for name in $(sed -n 's/^SupplementaryGroups=//p' "$1"); do
		getent group "$name"
	done | cut -d : -f 3 | paste -sd ,
}

# run_pcscd OPTION...: become pcscd. The guest has no D-Bus, so no polkit, which pcscd asks on
# Debian 13: leave it out.
run_pcscd()
{
	[[ $(pcscd --help) != *--disable-polkit* ]] || set -- --disable-polkit "$@"
	exec "${pcscd_as[@]}" pcscd "$@"
}
