/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SCARD_EVENT_H
#define SCARD_EVENT_H

#include <linux/types.h>

struct genl_family;
struct scard_reader;
struct scard_slot;
struct sk_buff;

extern struct genl_family scard_event_family;
extern struct list_head scard_event_slots;
extern struct mutex scard_event_lock;
extern unsigned int scard_event_generation;

u32 scard_event_state(const struct scard_slot *slot);
void scard_event_changed(struct scard_slot *slot);
void scard_event_card_changed(struct scard_slot *slot);
int scard_event_put_slot(struct sk_buff *skb, struct scard_slot *slot, void *head, bool whole);
void scard_event_add(struct scard_slot *slot);
void scard_event_published(const struct scard_reader *reader);
void scard_event_del(struct scard_slot *slot);
void scard_event_announce(struct scard_slot *slot);
void scard_event_init(struct scard_slot *slot);

#endif
