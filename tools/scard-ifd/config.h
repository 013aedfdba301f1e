/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SCARD_IFD_CONFIG_H
#define SCARD_IFD_CONFIG_H

#include <stdbool.h>

/**
 * struct config - a reader, as the command line or a file in the format of reader.conf has it
 * @name: the reader's name, FRIENDLYNAME
 * @driver: file of the driver, LIBPATH
 * @device: DEVICENAME, or NULL
 * @channel: CHANNELID
 * @slots: number of slots; 0: the driver knows
 */
struct config {
	char *name;
	char *driver;
	char *device;
	unsigned long channel;
	unsigned int slots;
};

/*
 * Find a reader in a file, or in the files of a directory, by its name or by the name of the
 * file, which is then for its first reader. Return: 0 or a negative errno; -ENOENT: no such reader
 */
int config_find(const char *path, const char *name, struct config *config);

#endif
