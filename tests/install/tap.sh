# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Results in TAP, and what the scripts of this directory ask of a machine. Sourced.

tap_count=0
tap_failed=0

# check NAME COMMAND...: passes if the command succeeds; says what it printed if not
check()
{
	local name=$1 output verdict=ok
	shift
	output=$("$@" 2>&1) || { verdict="not ok"; tap_failed=1; }
	[[ $verdict = ok ]] || printf '# %s\n' "${output//$'\n'/$'\n'# }"
	echo "$verdict - $name"
	((++tap_count))
}

# The plan, at the end; the status is for exit
tap_end()
{
	echo "1..$tap_count"
	return $tap_failed
}

# provider DIRECTORY: programs find libpcsclite.so.1 there, below the library directory
provider()
{
	local triplet
	triplet=$(dpkg-architecture -qDEB_HOST_MULTIARCH)
	[[ $(ldconfig -p | awk '/libpcsclite\.so\.1 / { print $NF; exit }') = \
		*"/$triplet$1/libpcsclite.so.1" ]]
}
