# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Starts pcscd in the guest. Sourced.

# run_pcscd OPTION...: become pcscd. The guest has no D-Bus, so no polkit, which pcscd asks on
# Debian 13: leave it out.
run_pcscd()
{
	[[ $(pcscd --help) != *--disable-polkit* ]] || set -- --disable-polkit "$@"
	exec pcscd "$@"
}
