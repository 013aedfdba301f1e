/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SCardConnect: open a reader, connect to its card. */
#ifndef SCARD_LIB_CONNECT_H
#define SCARD_LIB_CONNECT_H

#include <stdint.h>

#include "PCSC/pcsclite.h"

struct card;
struct context;

LONG scard_connect(struct context *ctx, const char *name, struct card *card, uint32_t mode,
		   uint32_t protocols, SCARDHANDLE *id, DWORD *active);

#endif /* SCARD_LIB_CONNECT_H */
