/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SCardGetStatusChange. */
#ifndef SCARD_STATUS_CHANGE_H
#define SCARD_STATUS_CHANGE_H

#include "PCSC/pcsclite.h"

struct context;

LONG scard_status_change(struct context *ctx, DWORD timeout, SCARD_READERSTATE *states, DWORD n,
			 int cancel_state);

#endif /* SCARD_STATUS_CHANGE_H */
