// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * PCSCLITE_NO_BLOCKING, for programs that set it: as with pcsc-lite, SCardStatus,
 * SCardTransmit and SCardReconnect do not wait for the end of another handle's
 * transaction.  SCardConnect and SCardBeginTransaction wait all the same.
 *
 * Whether a call waits is a flag of the open file, which other threads' calls on the same
 * handle see too.  So it is set only while such a call runs, one at a time; another call
 * that meets it begins again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "scard_lib.h"

/* Set when the context is made; not for programs that run with another user's rights. */
bool scard_call_no_blocking_wanted(void)
{
	return secure_getenv("PCSCLITE_NO_BLOCKING") != NULL;
}

/* Is another handle in a transaction? The kernel says it of an attribute, without waiting. */
static bool others_transaction(struct card *card)
{
	uint8_t presence;
	struct scard_attr arg = {
		.buf = (uintptr_t)&presence,
		.id = SCARD_ATTR_ICC_PRESENCE,
		.len = sizeof(presence),
	};

	return scard_call(card, SCARD_IOC_GET_ATTR, &arg) == EBUSY;
}

/* A call that may wait found the flag of another thread's: wait until that is done. */
void scard_call_no_blocking_wait(struct card *card)
{
	pthread_mutex_lock(&card->no_blocking);
	pthread_mutex_unlock(&card->no_blocking);
}

/* As scard_call(). @exclusive: the call waits until no other handle is connected. */
int scard_call_no_blocking(struct card *card, unsigned long request, void *arg, bool exclusive)
{
	int error;

	if (!card->context->no_blocking)
		return scard_call(card, request, arg);
	pthread_mutex_lock(&card->no_blocking);
	fcntl(card->fd, F_SETFL, O_NONBLOCK);
	error = scard_call_once(card, request, arg);
	fcntl(card->fd, F_SETFL, 0);
	pthread_mutex_unlock(&card->no_blocking);
	/* a command of somebody else on the wire is waited for, by pcsc-lite too */
	if (error == EAGAIN && !exclusive && !others_transaction(card))
		error = scard_call(card, request, arg);
	return error;
}
