#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs the programs beside this script, which are readers by /dev/uscard and the programs that
# use them.

ksft_skip=4

cd "$(dirname "$0")" || exit 1
modprobe -q scard
if [ ! -w /dev/uscard ]; then
	echo "SKIP: no /dev/uscard that can be written to"
	exit $ksft_skip
fi

status=0
for program in server owner fuzz; do
	echo "# $program"
	"./$program" || status=1
done
exit $status
