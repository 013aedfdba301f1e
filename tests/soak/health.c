// SPDX-License-Identifier: GPL-2.0-or-later
/* See health.h. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "health.h"
#include "sc.h"
#include "usb.h"
#include "vr.h"

#define CALM_MS		10000	/* for a slot to answer after the last fault */
#define SLAB_KB		4096	/* what slab that is not reclaimable may gain */
#define KERNEL_KB	8192	/* the same of all memory in use */

/* Lines of /proc/meminfo, in kB */
static const char *const fields[] = {
	"MemAvailable", "MemFree", "AnonPages", "Shmem", "Cached", "Buffers", "SReclaimable",
	"SUnreclaim", "KernelStack", "PageTables", "Percpu",
	"VmallocUsed",
};

enum {
	AVAILABLE, FREE, ANON, SHMEM, CACHED, BUFFERS, RECLAIMABLE, UNRECLAIMABLE, STACKS, TABLES,
	PERCPU, VMALLOC, FIELDS,
};

_Static_assert(sizeof(fields) / sizeof(fields[0]) == FIELDS, "a name for each");

static struct memory {
	long kb[FIELDS];
	long lists;	/* free pages in the lists of each CPU, which MemFree lacks */
} before;

/* 0, or what the last try has returned: a negative errno or a status word */
static int try_slot(unsigned int slot)
{
	int fd = sc_open_slot(slot), sw;

	if (fd < 0)
		return fd;
	sw = sc_connect(fd, SCARD_MODE_SHARED, SC_ANY);
	if (!sw)
		sw = sc_apdu(fd, APDU_VERIFIED);
	if (sw == 0x9000) {
		soak->strangers++;
		soak_note("slot %u: verified in a calm", slot);
	}
	if (sw == 0x63c3 && sc_disconnect(fd, SCARD_DISP_LEAVE))
		sw = -1;
	close(fd);
	return sw == 0x63c3 ? 0 : sw;
}

/* Handles of the slot, which end by themselves soon after their processes */
static unsigned int handles(unsigned int slot)
{
	struct scard_status status = { .handles = 0 };
	int fd = sc_open_slot(slot), i;

	for (i = 0; fd >= 0 && i < 100; i++) {
		if (sc_snapshot(fd, &status) || !status.handles)
			break;
		pause_ms(10);
	}
	if (fd >= 0)
		close(fd);
	return status.handles;
}

/* What the reader has seen last */
static void print_reader(void)
{
	fflush(stdout);
	if (system("{ timeout 10 vreaderctl violations | tail -n 8; timeout 10 vreaderctl faults; "
		   "timeout 10 vreaderctl log | tail -n 24; } 2>&1 | cut -c 1-150 | sed 's/^/# /'"))
		return;
}

void health_slots(const struct reader *reader)
{
	long begin = now_ms();
	unsigned int slot, n;
	int last;

	for (slot = 0; slot < reader->slots; slot++) {
		while ((last = try_slot(slot)) && now_ms() - begin < CALM_MS * (long)soak->scale)
			pause_ms(20);
		keep_longest(&soak->calm_ms, now_ms() - begin);
		n = handles(slot);
		if (!last && !n)
			continue;
		soak_note("%s: slot %u after %ld ms of calm: %d (0x%x), %u handles", reader->name,
			  slot, now_ms() - begin, last, last, n);
		print_reader();
		if (!soak->dead_slots++)
			vr_explain();
	}
}

static long meminfo(const char *name)
{
	FILE *file = fopen("/proc/meminfo", "re");
	char line[128];
	long kb = -1;

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, strlen(name)))
			sscanf(line + strlen(name), ": %ld", &kb);
	if (file)
		fclose(file);
	return kb;
}

/* The sum of the lists of all zones and CPUs, in kB */
static long cpu_lists(void)
{
	FILE *file = fopen("/proc/zoneinfo", "re");
	long pages, sum = 0;
	char line[128];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, " count: %ld", &pages) == 1)
			sum += pages;
	if (file)
		fclose(file);
	return sum * (sysconf(_SC_PAGESIZE) / 1024);
}

static struct memory memory(void)
{
	struct memory memory;
	int i;

	/* what ended processes and devices have left to RCU; idle workers of udevd end in 3 s */
	pause_ms(4000);
	file_set("/proc/sys/vm/drop_caches", "3");
	for (i = 0; i < FIELDS; i++)
		memory.kb[i] = meminfo(fields[i]);
	memory.lists = cpu_lists();
	return memory;
}

/* Free, or in use by programs and files, which come and go with the rest of the system */
static long not_kernel(const struct memory *memory)
{
	return memory->kb[FREE] + memory->kb[ANON] + memory->kb[CACHED] + memory->kb[BUFFERS] +
	       memory->kb[RECLAIMABLE] + memory->lists;
}

void health_take(void)
{
	before = memory();
}

bool health_memory(void)
{
	struct memory now = memory();
	long gain = not_kernel(&before) - not_kernel(&now);
	int i;

	printf("# memory, kB: the kernel %+ld;", gain);
	for (i = 0; i < FIELDS; i++)
		printf(" %s %ld%+ld", fields[i], before.kb[i], now.kb[i] - before.kb[i]);
	printf(" lists %ld%+ld\n", before.lists, now.lists - before.lists);
	return gain < KERNEL_KB && now.kb[UNRECLAIMABLE] - before.kb[UNRECLAIMABLE] < SLAB_KB;
}

int health_users(void)
{
	FILE *file = fopen("/sys/module/scard/refcnt", "re");
	int n = -1;

	if (file && fscanf(file, "%d", &n) != 1)
		n = -1;
	if (file)
		fclose(file);
	return n;
}
