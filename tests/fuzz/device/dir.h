/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Directories and numbers of sysfs, without malloc(): the processes of a client share its memory
 * without being threads, and each may be killed at any time.
 */
#ifndef FUZZ_DIR_H
#define FUZZ_DIR_H

#include <stdbool.h>
#include <stddef.h>

/* All entries of the directory, in the order of the file system; dot files, too. */
void dir_each(const char *dir, void (*entry)(const char *dir, const char *name, void *data),
	      void *data);

/* The node of a slot of the USB device, by its directory; false: it has none. */
bool dir_node(const char *device, unsigned int slot, char *path, size_t size);

/* The decimal number in a file, or -1 */
int dir_number(const char *dir, const char *name);

#endif
