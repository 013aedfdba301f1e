// SPDX-License-Identifier: GPL-2.0-or-later
#include "urb.h"

#include <stdlib.h>
#include <string.h>

static struct urb *unused;

struct urb *urb_new(void)
{
	struct urb *urb = urb_take(&unused);

	if (!urb)
		urb = malloc(sizeof(*urb));
	if (!urb)
		abort();
	memset(urb, 0, sizeof(*urb));
	return urb;
}

void urb_free(struct urb *urb)
{
	free(urb->copy);
	urb->next = unused;
	unused = urb;
}

void urb_keep(struct urb *urb)
{
	urb->copy = malloc(urb->length + 1);
	if (!urb->copy)
		abort();
	memcpy(urb->copy, urb->data, urb->length);
	urb->data = urb->copy;
}

void urb_append(struct urb **queue, struct urb *urb)
{
	while (*queue)
		queue = &(*queue)->next;
	*queue = urb;
	urb->next = NULL;
}

struct urb *urb_take(struct urb **queue)
{
	struct urb *urb = *queue;

	if (urb)
		*queue = urb->next;
	return urb;
}
