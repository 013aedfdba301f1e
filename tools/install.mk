# SPDX-License-Identifier: GPL-2.0-or-later
#
# make install, uninstall, install-pcsclite, uninstall-pcsclite, deb, deb-source, release; included by the top
# Makefile. Nothing is built by install: make first, not as root. What goes where stands in
# tools/dist/files.

include tools/version.mk

PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DATADIR ?= $(PREFIX)/share
MANDIR ?= $(DATADIR)/man
# of udev, systemd and modprobe, which look below /usr/lib and /usr/local/lib
CONFDIR ?= $(PREFIX)/lib
SYSCONFDIR ?= /etc
DESTDIR ?=

put = $(foreach v,O VERSION DESTDIR PREFIX BINDIR LIBDIR INCLUDEDIR DATADIR MANDIR CONFDIR SYSCONFDIR,\
	$(v)='$($(v))') tools/dist/install

install:
	$(put) module system lib dev tools

install-user:
	$(put) system lib dev tools pcsclite

install-pcsclite:
	$(put) pcsclite ldconf

uninstall: uninstall-pcsclite
	$(put) -u module system lib dev tools

uninstall-pcsclite:
	$(put) -u ldconf pcsclite

# The packages are built from a copy of the sources, without what was built in the tree.
deb:
	@tests/deps/install build deb
	@tools/dist/make-deb $(O)/deb

# From the commit HEAD, as a sponsor uploads it: that of the release's tag; DRY_RUN=1: any
DRY_RUN ?=
deb-source:
	@tests/deps/install build deb
	@tools/dist/make-deb -s $(if $(DRY_RUN),-n) $(O)/deb-source

# Archive, sums and tag of the version at the top of the change log; DRY_RUN=1: no tag. SIGN=1:
# tag, archive and sums are signed by GnuPG's key
SIGN ?=
release:
	@tools/dist/release $(if $(DRY_RUN),-n) $(if $(SIGN),-s) $(O)/release

.PHONY: release install install-user install-pcsclite uninstall uninstall-pcsclite deb deb-source
