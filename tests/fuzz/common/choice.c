// SPDX-License-Identifier: GPL-2.0-or-later
/* See choice.h. */
#include "choice.h"
#include "random.h"

uint8_t choice_draw(const struct choice *table, unsigned int n)
{
	unsigned int sum = 0, i, at;

	for (i = 0; i < n; i++)
		sum += table[i].weight;
	at = random_below(sum);
	for (i = 0; at >= table[i].weight; i++)
		at -= table[i].weight;
	return (uint8_t)i;
}
