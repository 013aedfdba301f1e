// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * SCardConnect: open a reader, connect to its card.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>

#include "call.h"
#include "card.h"
#include "connect.h"
#include "device.h"
#include "discovery.h"
#include "reader_list.h"

/* Open a reader by its name. If the list is out of date, refresh it once. */
static LONG open_reader(const char *name, int *fd)
{
	struct reader reader;
	LONG ret;

	*fd = scard_discovery_find(name, &reader) ?
	      scard_device_open(reader.minor, reader.kernel_name, O_RDWR) : -ENXIO;
	if (*fd == -ENOENT)
		scard_discovery_missing();
	if (*fd == -ENXIO || *fd == -ENOENT) {
		ret = scard_discovery_refresh();
		if (ret != SCARD_S_SUCCESS)
			return ret;
		if (!scard_discovery_find(name, &reader))
			return SCARD_E_UNKNOWN_READER;
		*fd = scard_device_open(reader.minor, reader.kernel_name, O_RDWR);
		if (*fd == -ENXIO)
			scard_discovery_gone(reader.minor, reader.kernel_name);
	}
	return *fd < 0 ? scard_device_open_code(-*fd) : SCARD_S_SUCCESS;
}

/*
 * Did the program close our descriptor and perhaps reuse its number? No reader returns these
 * errors to a CONNECT with valid arguments.
 */
static bool is_foreign(int error)
{
	return error == ENOTTY || error == EBADF || error == EINVAL;
}

static LONG open_card(struct context *ctx, const char *name, struct card **card)
{
	int state, fd;
	LONG ret;

	/* open() is a cancellation point */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	ret = open_reader(name, &fd);
	if (ret == SCARD_S_SUCCESS)
		ret = scard_card_create(ctx, fd, name, card);
	pthread_setcancelstate(state, NULL);
	return ret;
}

/*
 * Connect to the reader @name and give the card its number. @card: the spare of this reader,
 * or NULL; the caller's reference passes to this function.
 */
LONG scard_connect(struct context *ctx, const char *name, struct card *card, uint32_t mode,
		   uint32_t protocols, SCARDHANDLE *id, DWORD *active)
{
	struct scard_connect arg = {
		.share_mode = mode,
		.protocols = protocols,
	};
	int tries = OPEN_ATTEMPTS, error;
	bool spare = card;
	LONG ret;

again:
	ret = spare ? SCARD_S_SUCCESS : open_card(ctx, name, &card);
	if (ret != SCARD_S_SUCCESS)
		return ret;
	/* it ends with this process, whatever children there are */
	arg.flags = scard_device_has_processes() ? SCARD_CONNECT_PROCESS : 0;
	error = scard_call(card, SCARD_IOC_CONNECT, &arg);
	if (is_foreign(error) ? --tries : spare && error == ENODEV) {
		/* there may be another reader of this name */
		if (error != ENODEV)
			scard_discovery_suspect();
		scard_card_remove(card);
		scard_card_put(card);
		spare = false;
		goto again;
	}
	if (error == EBADF)	/* this says nothing of the caller's context */
		ret = scard_device_open_code(error);
	else
		ret = error ? scard_device_power_up_code(error) : scard_card_publish(card, id);
	if (ret == SCARD_S_SUCCESS)
		*active = arg.protocol;
	else
		scard_card_remove(card);
	scard_card_put(card);
	return ret;
}
