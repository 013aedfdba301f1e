// SPDX-License-Identifier: GPL-2.0-or-later
#include "slot_list.h"

static struct slot *slots[SLOT_LIST_MAX];
static unsigned int num_slots;

unsigned int slot_list_add(struct slot *s)
{
	slots[num_slots] = s;
	return num_slots++;
}

struct slot *slot_list_get(unsigned int number)
{
	return number < num_slots ? slots[number] : NULL;
}

unsigned int slot_list_count(void)
{
	return num_slots;
}
