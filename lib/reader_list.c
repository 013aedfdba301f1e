// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Lists of readers: netlink.c and nodes.c fill them, discovery.c keeps one.
 */
#include <stdlib.h>
#include <string.h>

#include "names.h"
#include "reader_list.h"

/* Return false if out of memory. */
bool scard_reader_list_add(struct reader_list *list, const struct reader *reader)
{
	if (list->count == list->room) {
		size_t room = list->room ? list->room * 2 : 8;
		struct reader *more = realloc(list->readers, room * sizeof(*more));

		if (!more)
			return false;
		list->readers = more;
		list->room = room;
	}
	list->readers[list->count++] = *reader;
	return true;
}

struct reader *scard_reader_list_find(const struct reader_list *list, uint32_t minor)
{
	size_t i;

	for (i = 0; i < list->count; i++) {
		if (list->readers[i].minor == minor)
			return &list->readers[i];
	}
	return NULL;
}

/* Compare minors and names. */
bool scard_reader_list_same(const struct reader_list *a, const struct reader_list *b)
{
	size_t i;

	if (a->count != b->count)
		return false;
	for (i = 0; i < a->count; i++) {
		if (a->readers[i].minor != b->readers[i].minor ||
		    strcmp(a->readers[i].name, b->readers[i].name))
			return false;
	}
	return true;
}

static int by_index(const void *a, const void *b)
{
	const struct reader *x = a, *y = b;

	if (x->index != y->index)
		return x->index < y->index ? -1 : 1;
	return x->slot < y->slot ? -1 : x->slot > y->slot;
}

/* Name the readers, remove the hidden ones, sort. */
void scard_reader_list_finish(struct reader_list *list)
{
	size_t i, kept = 0;

	for (i = 0; i < list->count; i++) {
		scard_names_set(&list->readers[i]);
		if (!scard_names_ignored(list->readers[i].name))
			list->readers[kept++] = list->readers[i];
	}
	list->count = kept;
	if (kept)
		qsort(list->readers, list->count, sizeof(*list->readers), by_index);
}
