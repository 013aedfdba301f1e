# SPDX-License-Identifier: GPL-2.0-or-later
################################################################################
#
# scard
#
################################################################################

SCARD_VERSION = 1.0.0
SCARD_SOURCE = scard-$(SCARD_VERSION).tar.xz
SCARD_SITE = https://b-seed-62a56aea.example/scard/releases
SCARD_LICENSE = GPL-2.0 (module), LGPL-2.1+ (library), GPL-2.0+ (tools)
SCARD_LICENSE_FILES = COPYING lib/COPYING.LIB
SCARD_DEPENDENCIES = host-pkgconf libnl
SCARD_INSTALL_STAGING = YES

# libifdscard needs pcsc-lite's headers
SCARD_PARTS = lib tools/scardctl $(if $(BR2_PACKAGE_PCSC_LITE),tools/ifd-scard)
SCARD_DEPENDENCIES += $(if $(BR2_PACKAGE_PCSC_LITE),pcsc-lite)

define SCARD_LINUX_CONFIG_FIXUPS
	$(call KCONFIG_ENABLE_OPT,CONFIG_MODULES)
	$(call KCONFIG_ENABLE_OPT,CONFIG_NET)
	$(call KCONFIG_ENABLE_OPT,CONFIG_USB_SUPPORT)
	$(call KCONFIG_ENABLE_OPT,CONFIG_USB)
endef

define SCARD_BUILD_CMDS
	$(foreach part,$(SCARD_PARTS),$(TARGET_MAKE_ENV) $(TARGET_CONFIGURE_OPTS) \
		$(MAKE) -C $(@D)/$(part) O=$(@D)/build
	)
endef

# scard_install DESTDIR,PARTS: of tools/dist/files
scard_install = cd $(@D) && O=$(@D)/build VERSION=$(SCARD_VERSION) DESTDIR=$(1) PREFIX=/usr BINDIR=/usr/bin \
	LIBDIR=/usr/lib INCLUDEDIR=/usr/include DATADIR=/usr/share MANDIR=/usr/share/man \
	CONFDIR=/usr/lib SYSCONFDIR=/etc tools/dist/install $(2)

define SCARD_INSTALL_STAGING_CMDS
	$(call scard_install,$(STAGING_DIR),lib dev)
endef

define SCARD_INSTALL_TARGET_CMDS
	$(call scard_install,$(TARGET_DIR),system lib)
	$(INSTALL) -D -m 0755 $(@D)/build/bin/scardctl $(TARGET_DIR)/usr/bin/scardctl
	$(if $(BR2_PACKAGE_PCSC_LITE),$(INSTALL) -D -m 0644 $(@D)/build/lib/pcsc/libifdscard.so \
		$(TARGET_DIR)/usr/lib/pcsc/drivers/serial/libifdscard.so)
	$(if $(and $(BR2_PACKAGE_PCSC_LITE),$(BR2_INIT_SYSTEMD)),$(INSTALL) -D -m 0644 \
		$(@D)/tools/dist/pcscd.service.conf $(TARGET_DIR)/usr/lib/systemd/system/pcscd.service.d/50-scard.conf)
endef

# A group alone. It is made after the installation, so the drop-in that names it stands above: where
# the target has no such group yet, tools/dist/install leaves it out.
define SCARD_USERS
	- - scard -1 - - - - Smart-card readers
endef

$(eval $(kernel-module))
$(eval $(generic-package))
