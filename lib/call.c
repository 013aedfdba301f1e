// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ioctls on a card handle: signals, cancellation, PCSCLITE_NO_BLOCKING.
 *
 * With PCSCLITE_NO_BLOCKING set, SCardStatus, SCardTransmit and SCardReconnect do not wait
 * for the transaction of another handle, as with pcsc-lite. SCardConnect and
 * SCardBeginTransaction do wait.
 *
 * O_NONBLOCK belongs to the open file, so concurrent calls on the same handle see it too. It is
 * set only during a call that must not wait, one at a time; a call that wants to wait and
 * gets EAGAIN starts again.
 */
#include <errno.h>
#include <fcntl.h>

#include "PCSC/reader.h"
#include "call.h"
#include "card.h"
#include "context.h"
#include "descriptors.h"
#include "device.h"

/* ENOTTY: the program has closed the descriptor, or the kernel does not know the ioctl. */
__attribute__((noinline))
static int not_a_card(const struct card *card)
{
	return scard_descriptors_ours(card->fd) ? ENOTTY : EBADF;
}

/*
 * Return 0 or a positive errno. Restart a call that a signal interrupted: with EINTR the kernel
 * has sent nothing to the card.
 */
static inline int call_once(struct card *card, unsigned long request, void *arg)
{
	unsigned int cancels = atomic_load(&card->context->cancels);
	int error;

	do {
		if (atomic_load(&card->revoked))
			return ENOTCONN;	/* not EBADF: the descriptor is valid */
		error = scard_device_ioctl(card->fd, request, arg);
	} while (error == EINTR && atomic_load(&card->context->cancels) == cancels);
	if (error == ENOTTY)
		return not_a_card(card);
	return error;
}

/* Wait until another thread's call has cleared O_NONBLOCK. Not inline: rare. */
__attribute__((noinline))
static void wait_until_blocking(struct card *card)
{
	pthread_mutex_lock(&card->no_blocking);
	pthread_mutex_unlock(&card->no_blocking);
}

/* The call may wait for other handles; return 0 or a positive errno. */
int scard_call(struct card *card, unsigned long request, void *arg)
{
	int error;

	while ((error = call_once(card, request, arg)) == EAGAIN)
		wait_until_blocking(card);
	return error;
}

/* Is another handle in a transaction? Reading an attribute never waits for it. */
static bool in_transaction(struct card *card)
{
	uint8_t presence;
	struct scard_attr arg = {
		.buf = (uintptr_t)&presence,
		.id = SCARD_ATTR_ICC_PRESENCE,
		.len = sizeof(presence),
	};

	return scard_call(card, SCARD_IOC_GET_ATTR, &arg) == EBUSY;
}

/* Not inline: rare. */
__attribute__((noinline))
static int call_without_waiting(struct card *card, unsigned long request, void *arg,
				bool exclusive)
{
	int error;

	if (!scard_descriptors_ours(card->fd))
		return EBADF;
	pthread_mutex_lock(&card->no_blocking);
	fcntl(card->fd, F_SETFL, O_NONBLOCK);
	error = call_once(card, request, arg);
	fcntl(card->fd, F_SETFL, 0);
	pthread_mutex_unlock(&card->no_blocking);
	/* wait for a command of another handle outside a transaction, as pcsc-lite does */
	if (error == EAGAIN && !exclusive && !in_transaction(card))
		error = scard_call(card, request, arg);
	return error;
}

/*
 * As scard_call(), but with PCSCLITE_NO_BLOCKING do not wait for a transaction. @exclusive:
 * the call would wait until no other handle is connected.
 */
int scard_call_no_blocking(struct card *card, unsigned long request, void *arg, bool exclusive)
{
	if (card->context->no_blocking)
		return call_without_waiting(card, request, arg, exclusive);
	return scard_call(card, request, arg);
}
