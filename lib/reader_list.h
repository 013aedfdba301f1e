/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists of readers. */
#ifndef SCARD_READER_LIST_H
#define SCARD_READER_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/scard.h>

#include "PCSC/pcsclite.h"

/**
 * struct reader - one slot, which PC/SC calls a reader
 * @minor: of the device: N of /dev/scardN, unless the node has another name here
 * @index: the II of its name
 * @slot: the SS of its name
 * @state: last known SCARD_STATE_BIT_PRESENT, _MUTE and _SETTLING
 * @card_event: last known count of insertions and removals
 * @vendor: idVendor
 * @product: idProduct
 * @settle_until: deadline to wait for a reader that was just plugged in; 0: do not wait
 * @gone: the device returned ENODEV; the event that removes the reader is still to come
 * @node: used by scard_nodes_filter()
 * @kernel_name: scard_info.name
 * @name: the name in SCardListReaders
 */
struct reader {
	uint32_t minor;
	uint32_t index;
	uint32_t slot;
	uint32_t state;
	uint32_t card_event;
	uint16_t vendor;
	uint16_t product;
	int64_t settle_until;
	bool gone;
	bool node;
	char kernel_name[SCARD_NAME_SIZE];
	char name[MAX_READERNAME];
};

struct reader_list {
	struct reader *readers;
	size_t count;
	size_t room;
};

bool scard_reader_list_add(struct reader_list *list, const struct reader *reader);
struct reader *scard_reader_list_find(const struct reader_list *list, uint32_t minor);
bool scard_reader_list_same(const struct reader_list *a, const struct reader_list *b);
void scard_reader_list_finish(struct reader_list *list);

#endif /* SCARD_READER_LIST_H */
