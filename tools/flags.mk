# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The compiler and its flags, for lib/ and tools/*; the includer sets OBJ before. CROSS_COMPILE,
# CC, PKG_CONFIG, CFLAGS, CPPFLAGS and LDFLAGS as usual; setting CFLAGS or LDFLAGS
# replaces the hardening.

ifneq ($(filter default undefined,$(origin CC)),)
CC := $(CROSS_COMPILE)gcc
endif
PKG_CONFIG ?= $(if $(shell command -v $(CROSS_COMPILE)pkg-config),$(CROSS_COMPILE))pkg-config
CFLAGS ?= -O2 -g -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
LDFLAGS ?= -Wl,-z,relro,-z,now

# Of programs; gcc makes no static ones of this kind with -static.
PIE_CFLAGS := -fPIE
PIE_LDFLAGS = $(if $(filter -static,$(LDFLAGS)),,-pie)

# Objects depend on this file, which changes when the compiler or the flags do.
flags_used = $(CC) $(ALL_CFLAGS) $(CPPFLAGS) $(ALL_LDFLAGS) $(LDFLAGS)
$(OBJ)/flags: FORCE
	@mkdir -p $(OBJ)
	@echo '$(subst ','\'',$(flags_used))' >$@.new
	@cmp -s $@.new $@ && rm -f $@.new || mv $@.new $@
FORCE:
.PHONY: FORCE
