/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SCARD_PRESENCE_H
#define SCARD_PRESENCE_H

struct scard_slot;

void scard_presence_init(struct scard_slot *slot);
void scard_presence_stop(struct scard_slot *slot);
void scard_presence_watch(struct scard_slot *slot);
void scard_presence_refresh(struct scard_slot *slot);
void scard_presence_lost_power(struct scard_slot *slot);

#endif
