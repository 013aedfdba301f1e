// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory of open files: a refused SCARD_IOC_TRANSMIT allocates nothing by the length that it asks
 * for, and an open file keeps no more than the buffers of a short APDU between two calls.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "kselftest_harness.h"

#include "sc.h"
#include "vr.h"

#define FILES		3500
#define CONNECTED	500
#define LONGEST		65548
/* KiB for each; a struct file, which is not the module's, is a quarter of one */
#define PER_FILE	1
#define PER_FILE_KASAN	4	/* which adds to each object, and keeps freed ones for a while */
#define PER_HANDLE	3

static unsigned char command[LONGEST], answer[LONGEST];

static long slab_kib(void)
{
	char line[128];
	long kib = -1;
	FILE *f = fopen("/proc/meminfo", "r");

	while (f && fgets(line, sizeof(line), f) && sscanf(line, "Slab: %ld", &kib) != 1)
		;
	if (f)
		fclose(f);
	return kib;
}

static bool has_kasan(void)
{
	bool found = false;
	char line[256];
	FILE *f = fopen("/proc/kallsyms", "r");

	while (f && !found && fgets(line, sizeof(line), f))
		found = strstr(line, " kasan_report\n");
	if (f)
		fclose(f);
	return found;
}

FIXTURE(memory)
{
	int *fds;
	unsigned int count;
};

FIXTURE_SETUP(memory)
{
	struct rlimit limit = { FILES + 100, FILES + 100 };

	vr_prepare("--profile extended", "iso");
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	self->fds = calloc(FILES, sizeof(*self->fds));
	ASSERT_NE(NULL, self->fds);
}

FIXTURE_TEARDOWN(memory)
{
	unsigned int i;

	for (i = 0; i < self->count; i++)
		close(self->fds[i]);
	free(self->fds);
	EXPECT_TRUE(sc_works());
}

TEST_F_TIMEOUT(memory, refused_transmit_allocates_nothing, 120)
{
	long before = slab_kib(), after;

	for (self->count = 0; self->count < FILES; self->count++) {
		self->fds[self->count] = sc_open(O_RDWR);
		ASSERT_LE(0, self->fds[self->count]);
		ASSERT_EQ(-ENOTCONN, sc_transmit(self->fds[self->count], command, sizeof(command),
						 answer, sizeof(answer)));
	}
	after = slab_kib();
	TH_LOG("%ld KiB for %u files", after - before, FILES);
	EXPECT_GE(FILES * (has_kasan() ? PER_FILE_KASAN : PER_FILE), after - before);
}

TEST_F_TIMEOUT(memory, idle_handle_keeps_short_buffers, 180)
{
	/* READ BINARY with an extended Le */
	static const unsigned char read[] = { 0x00, 0xb0, 0x00, 0x00, 0x00, 0x00, 0x00 };
	long before = slab_kib(), after;

	for (self->count = 0; self->count < CONNECTED; self->count++) {
		self->fds[self->count] = sc_open_connected(SCARD_MODE_SHARED);
		ASSERT_LE(0, self->fds[self->count]);
		ASSERT_LE(2, sc_transmit(self->fds[self->count], read, sizeof(read), answer,
					 sizeof(answer)));
	}
	after = slab_kib();
	TH_LOG("%ld KiB for %u handles", after - before, CONNECTED);
	EXPECT_GE(CONNECTED * PER_HANDLE, after - before);
}

TEST_HARNESS_MAIN
