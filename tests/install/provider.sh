# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Which libpcsclite.so.1 the dynamic linker gives to programs. Sourced.

# provider DIRECTORY: it is the one in DIRECTORY below the library directory
provider()
{
	local triplet
	triplet=$(dpkg-architecture -qDEB_HOST_MULTIARCH)
	[[ $(ldconfig -p | awk '/libpcsclite\.so\.1 / { print $NF; exit }') = \
		*"/$triplet$1/libpcsclite.so.1" ]]
}
