# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The version, for lib/Makefile and tools/install.mk. tools/dist/version compares the files
# of other tools, which have to repeat it.
VERSION := 1.0.0
