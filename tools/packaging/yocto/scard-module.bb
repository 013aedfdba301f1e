# SPDX-License-Identifier: GPL-2.0-or-later
SUMMARY = "Smart-card readers as devices (kernel module)"
HOMEPAGE = "https://b-seed-62a56aea.example/scard"
LICENSE = "GPL-2.0-only"
LIC_FILES_CHKSUM = "file://COPYING;md5=b234ee4d69f5fce4486a80fdaf4a4263"
PV = "1.0.0"
SRC_URI = "${HOMEPAGE}/releases/scard-${PV}.tar.xz"
S = "${WORKDIR}/scard-${PV}"

inherit module

# The Makefile of the top directory is not kbuild's.
kbuild() {
    oe_runmake -C ${STAGING_KERNEL_DIR} O=${STAGING_KERNEL_BUILDDIR} M=${S} \
        CC="${KERNEL_CC}" LD="${KERNEL_LD}" AR="${KERNEL_AR}" "$@"
}

do_compile() {
    unset CFLAGS CPPFLAGS CXXFLAGS LDFLAGS
    kbuild modules
}

do_install() {
    unset CFLAGS CPPFLAGS CXXFLAGS LDFLAGS
    kbuild INSTALL_MOD_PATH=${D} modules_install
}

KERNEL_MODULE_AUTOLOAD += "scard"
