/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A reader driver (IFD handler) for pcscd on /dev/scardN.
 *
 *   handler.c   the functions that pcscd calls, and the table of readers
 *   channel.c   one reader: the device, the connection, the state of the card for pcscd
 *   device.c    the ioctls, and their errors as IFD handler codes
 *
 * pcscd is one of the programs that share the card. Its handle is connected, SHARED, while a
 * client of pcscd uses the card. pcscd does not tell its drivers of its clients'
 * transactions: the driver keeps consecutive commands together by a transaction of its own,
 * which ends when no command came for a while. A reset by another program is reported to
 * pcscd as a removal and an insertion, as an IFD handler has no other way.
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
 * struct channel - one reader of pcscd; one thread at a time, except channel_stop()
 * @path: the device
 * @null: descriptor of /dev/null
 * @fd: descriptor of the device, or like @null while there is none; its number stays
 * @there: @fd is the device
 * @connected: the descriptor is a card handle
 * @held: it is in a transaction
 * @present: a card is present, as last reported to pcscd
 * @lost: the card was reset or removed since pcscd powered it up: send nothing until pcscd
 *	powers it up again
 * @protocol: active protocol, SCARD_PROTO_*
 * @epoch: epoch of the slot at the connect
 * @card_event: counter of insertions and removals at the last report to pcscd
 * @held_since: start of the transaction, ms
 * @used: time of the last command to the card, ms
 * @absent_until: report no card until this time, ms
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
int64_t device_now_ms(void);

/* channel.c */
struct channel *channel_open(const char *name);
void channel_stop(struct channel *c);
void channel_close(struct channel *c);
RESPONSECODE channel_presence(struct channel *c);
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
