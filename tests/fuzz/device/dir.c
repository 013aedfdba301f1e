// SPDX-License-Identifier: GPL-2.0-or-later
/* See dir.h. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dir.h"

#define NODES	32

struct nodes {
	int number[NODES];
	unsigned int count;
};

void dir_each(const char *dir, void (*entry)(const char *dir, const char *name, void *data),
	      void *data)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct dirent64 *found;
	union {
		struct dirent64 first;
		char bytes[2048];
	} buf;
	ssize_t n, at;

	if (fd < 0)
		return;
	while ((n = getdents64(fd, &buf, sizeof(buf))) > 0) {
		for (at = 0; at < n; at += found->d_reclen) {
			found = (const struct dirent64 *)(buf.bytes + at);
			entry(dir, found->d_name, data);
		}
	}
	close(fd);
}

/* In ascending order, so that a case has the same slot again */
static void add_node(const char *dir, const char *name, void *data)
{
	struct nodes *nodes = data;
	unsigned int i = nodes->count;
	int number;

	(void)dir;
	if (i == NODES || sscanf(name, "scard%d", &number) != 1)
		return;
	for (; i && nodes->number[i - 1] > number; i--)
		nodes->number[i] = nodes->number[i - 1];
	nodes->number[i] = number;
	nodes->count++;
}

static void look_into_interface(const char *dir, const char *name, void *data)
{
	char path[600];

	if (!strstr(name, ":1."))
		return;
	snprintf(path, sizeof(path), "%s/%s/scard", dir, name);
	dir_each(path, add_node, data);
}

bool dir_node(const char *device, unsigned int slot, char *path, size_t size)
{
	struct nodes nodes = { .count = 0 };

	dir_each(device, look_into_interface, &nodes);
	if (nodes.count)
		snprintf(path, size, "/dev/scard%d", nodes.number[slot % nodes.count]);
	return nodes.count;
}

int dir_number(const char *dir, const char *name)
{
	char path[600], text[16] = "-1";
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (read(fd, text, sizeof(text) - 1) <= 0)
		text[0] = '\0';
	close(fd);
	return *text ? atoi(text) : -1;
}
