# SPDX-License-Identifier: GPL-2.0-or-later
#
# make module: builds scard.ko; included by the top Makefile. KDIR is the build directory of
# the kernel (its headers); ARCH, CROSS_COMPILE, CC, LLVM and V go to the kernel's make.
#
# kbuild writes objects beside the sources, so it gets links to them, in build/kmod.

KVER ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KVER)/build
KMOD := $(O)/kmod

# O stands for another directory in the kernel's make, which takes ours from the command line. An
# empty one means the source since Linux 6.13, where Debian's headers have no configuration.
KBUILD = $(MAKE) -C $(KDIR) O=$(abspath $(KDIR)) M=$(KMOD)/kernel

# kbuild does not compare the kernels of two builds: objects of another one go.
module:
	@[ -e $(KDIR)/Makefile ] || { tools/dist/no-headers '$(KDIR)' '$(KVER)'; exit 1; }
	@mkdir -p $(KMOD)
	@kernel="$$(realpath $(KDIR)) $(ARCH) $(CROSS_COMPILE)"; \
		[ "$$kernel" = "$$(cat $(KMOD)/for 2>/dev/null)" ] || \
		{ rm -rf $(KMOD)/kernel && echo "$$kernel" >$(KMOD)/for; }
	@tools/dist/link-sources $(KMOD)
	+$(KBUILD) modules
	cp $(KMOD)/kernel/scard.ko $(O)/scard.ko

.PHONY: module
