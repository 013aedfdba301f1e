/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The slots of all interfaces, by number. */
#ifndef VREADER_SLOT_LIST_H
#define VREADER_SLOT_LIST_H

#include "profile.h"
#include "usb.h"

#define SLOT_LIST_MAX (MAX_INTERFACES * MAX_SLOTS)

struct slot;

/* Add a slot; return its number. */
unsigned int slot_list_add(struct slot *s);
/* NULL if there is no such slot. */
struct slot *slot_list_get(unsigned int number);
unsigned int slot_list_count(void);

#endif
