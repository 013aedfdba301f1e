# SPDX-License-Identifier: GPL-2.0-or-later
#
# The program for the virtual machine, $(OUT)/fuzz: of FILES, HEADERS and CFLAGS_ALL

all: $(OUT)/fuzz

$(OUT)/fuzz: $(FILES) $(HEADERS) Makefile ../common/program.mk
	@mkdir -p $(OUT)
	$(CC) $(CFLAGS_ALL) -o $@ $(FILES)

clean:
	rm -rf $(OUT)

.PHONY: all clean
