// SPDX-License-Identifier: GPL-2.0-or-later
#include "ccid_send.h"

#include <string.h>

#include "reader.h"
#include "trace.h"
#include "usb_ep.h"

/* A token keeps the answer until the host fetches it, and drops time extensions. */
static void store(struct ccid *ccid, const uint8_t *msg, size_t len)
{
	if (len >= CCID_HEADER && (msg[7] & 0xc0) == CMD_TIME_EXTENSION)
		return;
	memcpy(ccid->iccd_msg, msg, len);
	ccid->iccd_msg_len = len;
	ccid->iccd_ready = len >= CCID_HEADER;
}

void ccid_send(struct ccid *ccid, const uint8_t *msg, size_t len)
{
	trace_message(ccid->index, '>', msg, len);
	if (ccid->profile.transport == TRANSPORT_BULK)
		usb_ep_send(ccid->iface->in, msg, len);
	else
		store(ccid, msg, len);
}
