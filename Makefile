# SPDX-License-Identifier: GPL-2.0-or-later
#
# make help says what there is. Products go to build/; lib/ and each directory of
# tools/ have their own Makefile, which takes O (where to build).

MAKEFLAGS += --no-print-directory
O := $(CURDIR)/build
override O := $(abspath $(O))
PARTS := $(patsubst %/Makefile,%,$(wildcard lib/Makefile tools/*/Makefile))

all: module lib tools

include tools/module.mk
include tools/install.mk

tools: $(filter tools/%,$(PARTS))
ifneq ($(PARTS),)
$(PARTS):
	+$(MAKE) -C $@ O=$(O)
endif

deps:
	@tests/deps/install

# Groups: make check T="static vm"
# unit and fuzz want neither library nor virtual machine.
ifeq ($(if $(T),$(filter-out unit fuzz,$(T)),all),)
check:
	@tests/deps/install unit
else
check: deps
	@$(MAKE) lib tools
endif
	@tests/run-all $(T)

# libFuzzer on kernel/ccid/proto, FUZZ_SECONDS each
FUZZ_SECONDS ?= 10
fuzz:
	@tests/deps/install check
	@tests/fuzz/run $(FUZZ_SECONDS)

# Random programs of ioctls, led by coverage, on the debug kernel, FUZZ_SECONDS in all
fuzz-ioctl: FUZZ_SECONDS := $(if $(filter file,$(origin FUZZ_SECONDS)),60,$(FUZZ_SECONDS))
fuzz-ioctl:
	@tests/deps/install build vm check kernel-stock debug
	@MAKEFLAGS= tests/fuzz/ioctl/run $(FUZZ_SECONDS)

# Readers on USB that err, led by coverage, on a debug kernel that is a process
fuzz-device: FUZZ_SECONDS := $(if $(filter file,$(origin FUZZ_SECONDS)),60,$(FUZZ_SECONDS))
fuzz-device:
	@tests/deps/install build vm check kernel-stock debug
	@MAKEFLAGS= tests/fuzz/device/run $(FUZZ_SECONDS)

# One change at a time in kernel/ccid/proto and the policy: the tests have to notice 95 %.
# make mutants FILES="t1.c policy.c"
mutants:
	@tests/deps/install unit
	@tests/mutation/run $(FILES)

# The same in kernel/core, loaded into a kernel that runs as a process: NUMBER changes of each file.
# make mutants-core FILES=turn.c NUMBER=0 tries all.
NUMBER ?= 100
mutants-core:
	@tests/deps/install unit build check
	@MAKEFLAGS= tests/mutation/kernel -n $(NUMBER) $(FILES)

# Bounded proofs of kernel/ccid/proto with CBMC, or of P="NAME..." in tests/proof/list
proof:
	@tests/proof/run $(P)

# What is published without a lock, by the memory model of the Linux kernel
litmus:
	@tests/litmus/run

# Every row of a table of real readers: make check-readers READERS=FILE
READERS ?= tests/vreader/readers.tsv
check-readers: deps
	@tests/vreader/check-readers $(READERS)

# What calls cost, against pcscd and the bare transfers; OUT gets table and plot.
# make bench OUT=tests/bench renews what is committed.
OUT ?= $(O)/bench
bench:
	@tests/deps/install build vm check clients kernel-stock
	@MAKEFLAGS= tests/bench/run -o $(OUT)	# lib/ has an OUT of its own
	@MAKEFLAGS= tests/bench/jobs -o $(OUT)

# Module, library and tools for another architecture; their tests that need no kernel. Debian
# names it: arm64, armhf, i386, s390x, ...
check-arch:
	@MAKEFLAGS= tests/arch/run $(ARCH)

# The kselftests, or T="GROUP...", in a virtual machine of another architecture, arm64 or s390x
check-arch-vm:
	@MAKEFLAGS= tests/arch/vm $(ARCH) $(T)

# make check in the file tree of another Debian release, which debootstrap makes: trixie, ...
check-release:
	@tests/release/run $(RELEASE) make check $(if $(T),"T=$(T)")

# The long forms of what make check does for a short time: 100,000 processes that end
# with a verified card, on each transport and two kernels, 100,000 random steps against the model of what
# SCardGetStatusChange has to say, a million messages of a server, a minute of the library's
# soak; all kselftests that a user-space reader can have; a timer that takes a minute; and the
# patches for the kernel's tree
check-long: deps
	@MAKEFLAGS= tests/kselftest/deaths
	@tests/kselftest/run -u
	@tests/ifd/run
	@tests/kselftest/run late
	@TEST_ROUNDS=1000000 tests/kselftest/run -k uml-6.12-debug -t 3600 user/fuzz
	@$(MAKE) lib tools && $(MAKE) -s -C tests/libscard vm
	@tests/upstream/run
	@TEST_STEPS=100000 tests/vm/run -k uml-6.12 -n -t 9000 -- tests/libscard/vm/changes
	@MAKEFLAGS= tests/soak/run -L -d 60

# Hours, where there is no hardware virtualisation
# KCSAN=1: with KCSAN instead of KASAN
check-debug:
	@tests/deps/install
	@tests/deps/install debug
	@$(MAKE) lib tools
	@tests/debug/run $(if $(KCSAN),-K)

# The module in a Linux tree, KERNEL=DIR, as a branch of patches, each built and checked; the
# patches and their cover letter in build/upstream/patches. FORCE=1 replaces an earlier branch.
upstream:
	@[ -n '$(KERNEL)' ] || { echo 'make upstream KERNEL=DIR: the source of a kernel'; exit 2; }
	@tests/deps/install upstream
	@mkdir -p $(O)/upstream
	@PATH=/usr/bin:$$PATH tools/upstream/lay $(if $(FORCE),-f) $(KERNEL) $(O)/upstream

# Clients that die in every way on a reader that fails in every way, for SOAK_SECONDS, on the
# debug kernel
SOAK_SECONDS ?= 600
soak:
	@tests/deps/install build vm check kernel-stock debug
	@MAKEFLAGS= tests/soak/run -D -d $(SOAK_SECONDS)

# A process that uses the library in all ways, for SOAK_SECONDS: threads, forks, signals,
# cancellation, closed descriptors, unplugging
soak-lib: deps
	@MAKEFLAGS= tests/soak/run -L -d $(SOAK_SECONDS)

# Of what these costs are made: instructions by function.
bench-profile:
	@tests/deps/install build vm check clients kernel-stock
	@tests/bench/run -p

demo:
	@tests/deps/install build vm clients kernel-stock
	@$(MAKE) lib tools
	@tests/demo/run

clean:
	rm -rf $(O)

help:
	@echo 'make            build module, library and tools into build/'
	@echo 'make module     build/scard.ko for the kernel KVER (uname -r) or with the headers in KDIR'
	@echo 'make lib tools  only these'
	@echo 'make demo       the main job, step by step, in a virtual machine'
	@echo 'make check      all tests; T="GROUP..." for some of those in tests/groups'
	@echo 'make check-arch ARCH=arm64  cross-builds (armhf, i386, s390x, ...) and tests under qemu-user'
	@echo 'make check-arch-vm ARCH=arm64  the kselftests, T="GROUP..." for some, in a VM of arm64 or s390x'
	@echo 'make check-release RELEASE=trixie T="GROUP..."  make check of HEAD in another Debian release (chroot)'
	@echo 'make check-debug  the kselftests on a kernel with KASAN, lockdep and others; coverage'
	@echo 'make check-debug KCSAN=1  the kselftests on a kernel that reports data races'
	@echo 'make check-long   what make check does for a short time, 100,000 times'
	@echo 'make upstream KERNEL=DIR  lays the module into a Linux tree as a branch of patches, and builds each'
	@echo 'make soak SOAK_SECONDS=N  clients that die in every way, on a reader that fails in every way'
	@echo 'make soak-lib SOAK_SECONDS=N  a process that uses the library in every way, while readers go and come'
	@echo 'make fuzz FUZZ_SECONDS=N  fuzzes the protocol functions, N seconds each'
	@echo 'make fuzz-ioctl FUZZ_SECONDS=N  fuzzes the ioctls on the debug kernel, led by coverage'
	@echo 'make fuzz-device FUZZ_SECONDS=N  fuzzes the driver as a USB device that errs, led by coverage'
	@echo 'make litmus             what is published without a lock, by the memory model of the kernel'
	@echo 'make mutants-core       the same for the core, by kselftests'
	@echo 'make mutants            changes the protocol functions and the policy: do the tests notice?'
	@echo 'make proof      proves with CBMC that the protocol functions are safe; P="NAME..." for some'
	@echo 'make bench      what calls cost, against pcscd and the bare transfers'
	@echo 'make bench-profile  instructions of these calls by function'
	@echo 'make check-readers READERS=FILE  replays a table of real readers'
	@echo 'make deps       install what the tests need (Debian packages)'
	@echo 'make install    what was built, below PREFIX (/usr/local) and DESTDIR; make uninstall'
	@echo 'make install-pcsclite   our libpcsclite.so.1 for all programs; make uninstall-pcsclite'
	@echo 'make deb        Debian packages into build/deb/'
	@echo 'make deb-source  the same and the Debian source package of the release tag, into build/deb-source/; DRY_RUN=1: of HEAD'
	@echo 'make release    archive, SHA256SUMS and tag of HEAD, into build/release/; DRY_RUN=1: no tag; SIGN=1: signed'
	@echo 'make clean      remove build/'

.PHONY: all lib tools deps check check-arch check-arch-vm check-debug check-long check-readers check-release fuzz fuzz-device fuzz-ioctl litmus mutants mutants-core proof soak soak-lib upstream bench bench-profile demo clean help $(PARTS)
