// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * See cover.h. The parent opens KCOV once for each task that a case may have. A task enables one of
 * these, which ends with the task: the parent can read what a killed task has reached.
 */
#include <fcntl.h>
#include <linux/kcov.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "cover.h"
#include "fuzz.h"

#define AREAS		8		/* the first is the server's */
#define AREA_WORDS	(1UL << 15)
#define TEXT_MAX	(1UL << 21)	/* no module is larger */

static struct {
	int fd;
	unsigned long *words;		/* their number, then an address each */
} areas[AREAS];

static bool there;
static unsigned long text;
static unsigned char seen[TEXT_MAX];
static unsigned int count;

static unsigned long text_begin(void)
{
	FILE *file = fopen("/sys/module/scard/sections/.text", "re");
	unsigned long begin = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%lx", &begin) != 1)
		begin = 0;
	fclose(file);
	return begin;
}

bool cover_init(void)
{
	int i;

	text = text_begin();
	if (!text)
		return false;
	for (i = 0; i < AREAS; i++) {
		int fd = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);
		void *map = MAP_FAILED;

		if (fd < 0 || ioctl(fd, KCOV_INIT_TRACE, AREA_WORDS))
			return false;
		map = mmap(NULL, AREA_WORDS * sizeof(unsigned long), PROT_READ | PROT_WRITE,
			   MAP_SHARED, fd, 0);
		if (map == MAP_FAILED)
			return false;
		areas[i].fd = fd;
		areas[i].words = map;
	}
	there = true;
	return true;
}

static void enable(unsigned int area)
{
	/* fails if the task of an earlier case is not quite gone */
	if (there && area < AREAS && ioctl(areas[area].fd, KCOV_ENABLE, KCOV_TRACE_PC))
		return;
}

void cover_server(void)
{
	enable(0);
}

void cover_task(void)
{
	enable(1 + shared->tasks++);
}

void cover_begin(void)
{
	int i;

	shared->tasks = 0;
	for (i = 0; there && i < AREAS; i++)
		__atomic_store_n(&areas[i].words[0], 0, __ATOMIC_RELAXED);
}

unsigned int cover_end(void)
{
	unsigned int fresh = 0;
	unsigned long i, k, n, at;

	for (i = 0; there && i < AREAS; i++) {
		n = __atomic_load_n(&areas[i].words[0], __ATOMIC_RELAXED);
		for (k = 1; k <= n && k < AREA_WORDS; k++) {
			at = areas[i].words[k] - text;
			if (at >= TEXT_MAX || seen[at])
				continue;
			seen[at] = 1;
			fresh++;
		}
	}
	count += fresh;
	return fresh;
}

unsigned int cover_count(void)
{
	return count;
}

bool cover_write(const char *path)
{
	FILE *file = fopen(path, "we");
	unsigned long at;

	if (!file)
		return false;
	for (at = 0; at < TEXT_MAX; at++)
		if (seen[at])
			fprintf(file, "%lx\n", at);
	return !fclose(file);
}
