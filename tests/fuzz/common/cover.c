// SPDX-License-Identifier: GPL-2.0-or-later
/* See cover.h. */
#include <fcntl.h>
#include <linux/kcov.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cover.h"

#define AREA_WORDS	(1UL << 15)
#define TEXT_MAX	(1UL << 21)	/* no module is larger */

static struct {
	int fd;
	unsigned long *words;		/* their number, then an address each */
} areas[COVER_AREAS];

static unsigned int nareas;
static unsigned long text;

static struct {
	atomic_uint count;
	unsigned char seen[TEXT_MAX];
} *cover;

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
	int fd;

	cover = mmap(NULL, sizeof(*cover), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		     -1, 0);
	if (cover == MAP_FAILED)
		abort();
	text = text_begin();
	fd = text ? open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC) : -1;
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

bool cover_open(unsigned int number)
{
	for (nareas = 0; nareas < number; nareas++) {
		int fd = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);
		void *map = MAP_FAILED;

		if (fd < 0 || ioctl(fd, KCOV_INIT_TRACE, AREA_WORDS))
			return false;
		map = mmap(NULL, AREA_WORDS * sizeof(unsigned long), PROT_READ | PROT_WRITE,
			   MAP_SHARED, fd, 0);
		if (map == MAP_FAILED)
			return false;
		areas[nareas].fd = fd;
		areas[nareas].words = map;
	}
	return true;
}

void cover_enable(unsigned int area)
{
	/* fails if the task of an earlier case is not quite gone */
	if (area < nareas && ioctl(areas[area].fd, KCOV_ENABLE, KCOV_TRACE_PC))
		return;
}

bool cover_enable_remote(unsigned int area, uint32_t common, unsigned int bus)
{
	struct kcov_remote_arg *arg = calloc(1, sizeof(*arg) + sizeof(arg->handles[0]));
	bool done;

	if (!arg || area >= nareas) {
		free(arg);
		return false;
	}
	arg->trace_mode = KCOV_TRACE_PC;
	arg->area_size = AREA_WORDS;
	arg->common_handle = kcov_remote_handle(KCOV_SUBSYSTEM_COMMON, common);
	arg->num_handles = bus != 0;
	arg->handles[0] = kcov_remote_handle(KCOV_SUBSYSTEM_USB, bus);
	done = !ioctl(areas[area].fd, KCOV_REMOTE_ENABLE, arg);
	free(arg);
	return done;
}

void cover_begin(void)
{
	unsigned int i;

	for (i = 0; i < nareas; i++)
		__atomic_store_n(&areas[i].words[0], 0, __ATOMIC_RELAXED);
}

unsigned int cover_end(void)
{
	unsigned int fresh = 0, i;
	unsigned long k, n, at;

	for (i = 0; i < nareas; i++) {
		n = __atomic_load_n(&areas[i].words[0], __ATOMIC_RELAXED);
		for (k = 1; k <= n && k < AREA_WORDS; k++) {
			at = areas[i].words[k] - text;
			if (at >= TEXT_MAX || cover->seen[at])
				continue;
			cover->seen[at] = 1;
			fresh++;
		}
	}
	cover->count += fresh;
	return fresh;
}

unsigned int cover_count(void)
{
	return cover->count;
}

bool cover_write(const char *path)
{
	FILE *file = fopen(path, "we");
	unsigned long at;

	if (!file)
		return false;
	for (at = 0; at < TEXT_MAX; at++)
		if (cover->seen[at])
			fprintf(file, "%lx\n", at);
	return !fclose(file);
}
