/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A reader driver (IFD handler) for pcscd on /dev/scardN.
 *
 *   handler.c   the functions that pcscd calls, and which reader they are about
 *   channel.c   one reader: its device, its connection, what pcscd was told of the card
 *   device.c    the ioctls, and their errors in the words of an IFD handler
 *
 * pcscd is one of the programs that share the card. It is connected, SHARED, from when
 * it needs the card for a client until it says that no client needs it any more. It does
 * not tell its driver of its clients' transactions, so that what they send one after the
 * other is kept together by a transaction that ends when nothing has been sent for a
 * while. That another program has reset the card, is told to pcscd as a removal and an
 * insertion, which is all that a driver can tell.
 */
#ifndef CHANNEL_H
#define CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ifdhandler.h>
#include <reader.h>

#include <linux/scard.h>

/**
 * struct channel - one reader of pcscd's; one thread at a time, but for channel_stop()
 * @path: the device
 * @null: descriptor of /dev/null
 * @fd: descriptor of the device, or like @null while there is none; its number stays
 * @there: @fd is the device's
 * @connected: the descriptor is a card handle
 * @held: it is in a transaction
 * @present: there is a card, as pcscd was told last
 * @lost: the card that pcscd has powered up is not what it was: nothing is sent to it
 *	until pcscd powers it up again
 * @protocol: active protocol, SCARD_PROTO_*
 * @epoch: that of the connection
 * @card_event: insertions and removals, when pcscd was told last
 * @held_since: when the transaction began, ms
 * @used: when the card was spoken to last, ms
 * @absent_until: until when pcscd is told that there is no card, ms
 */
struct channel {
	char *path;
	int null;
	int fd;
	bool there;
	bool connected;
	bool held;
	bool present;
	bool lost;
	uint32_t protocol;
	uint32_t epoch;
	uint32_t card_event;
	int64_t held_since;
	int64_t used;
	int64_t absent_until;
};

/* device.c: 0 or a positive errno */
int device_change(int fd, const char *path);
int device_call(int fd, unsigned long request, void *arg);
int device_connect(int fd, uint32_t mode, uint32_t protocols, struct scard_connect *got);
int device_disconnect(int fd, uint32_t disposition);
RESPONSECODE device_error(int error);
int64_t now_ms(void);

/* channel.c */
struct channel *channel_open(const char *name);
void channel_stop(struct channel *c);
void channel_close(struct channel *c);
RESPONSECODE channel_look(struct channel *c);
RESPONSECODE channel_power_up(struct channel *c, uint8_t *atr, DWORD *len);
RESPONSECODE channel_power_down(struct channel *c, bool idle);
RESPONSECODE channel_reset(struct channel *c, uint8_t *atr, DWORD *len);
RESPONSECODE channel_protocol(struct channel *c, uint32_t protocol);
RESPONSECODE channel_transmit(struct channel *c, const uint8_t *send, DWORD len, uint8_t *recv,
			      DWORD *room);
RESPONSECODE channel_control(struct channel *c, uint32_t code, const uint8_t *in, DWORD len,
			     uint8_t *out, DWORD room, DWORD *got);
RESPONSECODE channel_get_attr(struct channel *c, uint32_t id, uint8_t *value, DWORD *len);

#endif
