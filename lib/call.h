/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ioctls on a card handle. */
#ifndef SCARD_CALL_H
#define SCARD_CALL_H

#include <stdbool.h>

struct card;

int scard_call(struct card *card, unsigned long request, void *arg);
int scard_call_no_blocking(struct card *card, unsigned long request, void *arg, bool exclusive);

#endif /* SCARD_CALL_H */
