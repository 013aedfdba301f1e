/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables of which a case draws, some entries more often than others. */
#ifndef FUZZ_CHOICE_H
#define FUZZ_CHOICE_H

#include <stdint.h>

struct choice {
	const char *name;
	unsigned int weight;	/* how often it is drawn */
};

/* The number of an entry of @n, by their weights */
uint8_t choice_draw(const struct choice *table, unsigned int n);

#endif
