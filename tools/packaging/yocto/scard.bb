# SPDX-License-Identifier: GPL-2.0-or-later
SUMMARY = "SCard API (PC/SC) and tools for smart-card readers on /dev/scardN"
HOMEPAGE = "https://b-seed-62a56aea.example/scard"
LICENSE = "GPL-2.0-or-later & LGPL-2.1-or-later"
LIC_FILES_CHKSUM = "file://COPYING;md5=b234ee4d69f5fce4486a80fdaf4a4263 \
                    file://lib/COPYING.LIB;md5=4fbd65380cdd255951079008b364516c"
PV = "1.0.0"
DEPENDS = "libnl pcsc-lite"

# The sum is that of SHA256SUMS: SRC_URI[sha256sum] in a .bbappend
SRC_URI = "${HOMEPAGE}/releases/scard-${PV}.tar.xz"
S = "${WORKDIR}/scard-${PV}"

inherit pkgconfig useradd

USERADD_PACKAGES = "${PN}"
GROUPADD_PARAM:${PN} = "--system scard"
RRECOMMENDS:${PN} = "kernel-module-scard"

do_compile() {
    oe_runmake lib tools
}

do_install() {
    oe_runmake install-user DESTDIR=${D} PREFIX=${prefix} LIBDIR=${libdir} MANDIR=${mandir}
}

PACKAGES =+ "libscard libscard-pcsclite libifdscard scard-ifd"
FILES:libscard = "${libdir}/libscard.so.*"
FILES:libscard-pcsclite = "${libdir}/scard ${prefix}/lib/systemd/system/pcscd.socket.d"
FILES:libifdscard = "${prefix}/lib/pcsc"
FILES:scard-ifd = "${bindir}/scard-ifd ${prefix}/lib/systemd/system/scard-ifd@.service \
                   ${prefix}/lib/sysusers.d/scard-ifd.conf ${prefix}/lib/udev/rules.d/69-scard-ifd.rules"
FILES:${PN} += "${prefix}/lib/udev ${prefix}/lib/sysusers.d ${prefix}/lib/modules-load.d \
                ${prefix}/lib/modprobe.d ${prefix}/lib/systemd/system/pcscd.service.d \
                ${datadir}/bash-completion ${datadir}/metainfo"
