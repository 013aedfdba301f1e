/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CCID_TOKEN_H
#define CCID_TOKEN_H

#include "ccid.h"

bool ccid_token_needed(const struct ccid_reader *reader);
void ccid_token_init(struct ccid_slot *slot);
int ccid_token_get(struct ccid_slot *slot, const struct ccid_req *req);
bool ccid_token_claim(struct scard_slot *slot);
void ccid_token_release(struct scard_slot *slot);
bool ccid_token_is_awaited(const struct scard_slot *slot);
void ccid_token_gone(struct ccid_reader *reader);

#endif
