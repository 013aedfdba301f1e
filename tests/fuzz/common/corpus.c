// SPDX-License-Identifier: GPL-2.0-or-later
/* See corpus.h. */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "case.h"
#include "corpus.h"
#include "random.h"

#define MOST	1024
#define RECENT	8

/* Of all processes. One may read a case while another writes it: one without calls is a case, too. */
static struct {
	atomic_uint count;
	struct fuzz_case kept[MOST];
} *corpus;

static struct fuzz_case recent[RECENT];
static unsigned int ran;
static int record = -1;

bool corpus_init(void)
{
	corpus = mmap(NULL, sizeof(*corpus), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	return corpus != MAP_FAILED;
}

void corpus_next(struct fuzz_case *c)
{
	unsigned int count = corpus_count(), i;

	if (!count || !random_below(5)) {
		case_fresh(c);
		return;
	}
	/* half of the time one of the latest, which have been changed least */
	i = random_below(count);
	if (count > 32 && random_below(2))
		i = count - 1 - random_below(32);
	*c = corpus->kept[i];
	case_change(c, &corpus->kept[random_below(count)]);
}

void corpus_keep(const struct fuzz_case *c)
{
	unsigned int i = corpus->count++;

	corpus->kept[i < MOST ? i : random_below(MOST)] = *c;
}

unsigned int corpus_count(void)
{
	return corpus->count < MOST ? corpus->count : MOST;
}

bool corpus_record(const char *path)
{
	record = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	return record >= 0;
}

void corpus_run(const struct fuzz_case *c)
{
	char line[CASE_HEX + 32];
	unsigned int at = ran % RECENT;

	recent[at] = *c;
	if (record >= 0) {
		char hex[CASE_HEX];

		case_to_hex(c, hex);
		snprintf(line, sizeof(line), "%8u %-*s\n", ran, (int)CASE_HEX, hex);
		if (pwrite(record, line, strlen(line), (off_t)(at * strlen(line))) < 0)
			return;
	}
	ran++;
}

void corpus_print_recent(void)
{
	unsigned int n = ran < RECENT ? ran : RECENT;

	printf("# the last %u cases of process %d, the latest one last\n", n,
	       (int)getpid());
	while (n)
		case_print(&recent[(ran - n--) % RECENT]);
}
