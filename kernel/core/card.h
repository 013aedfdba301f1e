/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SCARD_CARD_H
#define SCARD_CARD_H

#include "scard.h"

void scard_card_removed_locked(struct scard_slot *slot);
void scard_card_lost_power_locked(struct scard_slot *slot);
void scard_card_verify_in(struct scard_slot *slot, unsigned long delay);
void scard_card_verify_later(struct scard_slot *slot);
void scard_card_settled(struct scard_slot *slot);
void scard_card_unread(struct scard_slot *slot);

/* for the owner of the turn */
int scard_card_settle(struct scard_slot *slot, struct scard_req *req);
int scard_card_activate(struct scard_slot *slot, struct scard_req *req);
int scard_card_set_protocol(struct scard_slot *slot, struct scard_req *req, u32 protocols);
int scard_card_power_off(struct scard_slot *slot, struct scard_req *req);
int scard_card_reset(struct scard_slot *slot, struct scard_req *req);
int scard_card_eject(struct scard_slot *slot, struct scard_req *req);
enum pol_card scard_card_mark_reset(struct scard_slot *slot);
void scard_card_set_mute(struct scard_slot *slot);

#endif
