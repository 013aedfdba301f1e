// SPDX-License-Identifier: GPL-2.0-or-later
/* See corpus.h. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "case.h"
#include "corpus.h"

#define MOST	1024
#define RECENT	8

static struct fuzz_case kept[MOST];
static unsigned int count;

static struct fuzz_case recent[RECENT];
static unsigned int ran;
static int record = -1;

void corpus_next(struct fuzz_case *c)
{
	unsigned int i;

	if (!count || !random_below(5)) {
		case_fresh(c);
		return;
	}
	/* half of the time one of the latest, which have been changed least */
	i = random_below(count);
	if (count > 32 && random_below(2))
		i = count - 1 - random_below(32);
	*c = kept[i];
	case_change(c, &kept[random_below(count)]);
}

void corpus_keep(const struct fuzz_case *c)
{
	kept[count < MOST ? count++ : random_below(MOST)] = *c;
}

unsigned int corpus_count(void)
{
	return count;
}

bool corpus_record(const char *dir)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/recent", dir);
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

	printf("# the last %u cases, the latest one last\n", n);
	while (n)
		case_print(&recent[(ran - n--) % RECENT]);
}
