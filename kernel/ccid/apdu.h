/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CCID_APDU_H
#define CCID_APDU_H

#include "ccid.h"

int ccid_apdu_t1_ifsd(struct ccid_slot *slot, struct ccid_req *req, u8 ifsd);
int ccid_apdu_t1_secure(struct ccid_slot *slot, struct ccid_req *req, u8 *prologue, u32 len);
int ccid_apdu_t1_secured(struct ccid_slot *slot, struct ccid_req *req);
bool ccid_apdu_no_pin(struct ccid_req *req, int ret);
u32 ccid_apdu_max(const struct ccid_reader *reader);

/* scard_reader_ops */
int ccid_apdu_prepare(struct scard_slot *slot, struct scard_req *req);
int ccid_apdu_transmit(struct scard_slot *slot, struct scard_req *req);

#endif
