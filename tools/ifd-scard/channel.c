// SPDX-License-Identifier: LGPL-2.1-or-later
/* One reader: the device, the connection, and the state of the card as pcscd knows it. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <debuglog.h>

#include "channel.h"

/*
 * pcscd polls the card every 400 ms. A poll ends a transaction that has been idle for
 * HOLD_MS; a command ends one that is older than HOLD_MAX_MS, so that other programs get a
 * turn. A removal is reported for ABSENT_MS: pcscd's polling thread must see it, also on a
 * busy machine.
 */
#define HOLD_MS		300
#define HOLD_MAX_MS	5000
#define ABSENT_MS	1500

#define ANY_PROTOCOL	(SCARD_PROTO_T0 | SCARD_PROTO_T1)

/* ---- the device ---- */

/* pcscd has it; a program of another kind that loads the driver has no log */
#pragma weak log_msg

static void complain(const char *path, int error)
{
	if (log_msg)
		log_msg(PCSC_LOG_ERROR, "libifdscard: cannot open %s: %s", path, strerror(error));
}

static void shut(struct channel *c)
{
	dup3(c->null, c->fd, O_CLOEXEC);
	c->there = false;
	c->connected = false;
	c->held = false;
}

/* The device goes with the reader; pcscd's reader stays, without a card. */
static int reopen(struct channel *c)
{
	int error = c->there ? 0 : device_change(c->fd, c->path);

	c->there = !error;
	return error;
}

/* @name: the device; a colon behind it stops pcscd from checking that it exists */
struct channel *channel_open(const char *name)
{
	struct channel *c = calloc(1, sizeof(*c));
	int error = ENOMEM;

	if (!c)
		return NULL;
	c->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	c->fd = fcntl(c->null, F_DUPFD_CLOEXEC, 0);
	c->path = strndup(name, strcspn(name, ":"));
	if (c->fd >= 0 && c->path)
		error = reopen(c);
	if (error && error != ENOENT && error != ENXIO && error != ENODEV) {
		complain(name, error);
		channel_close(c);
		return NULL;
	}
	return c;
}

/* Cancel calls that wait for their turn, in any thread. */
void channel_stop(struct channel *c)
{
	device_call(c->fd, SCARD_IOC_CANCEL, NULL);
}

/* The module resets the card if pcscd was still connected. */
void channel_close(struct channel *c)
{
	if (c->fd >= 0)
		close(c->fd);
	if (c->null >= 0)
		close(c->null);
	free(c->path);
	free(c);
}

/* ---- the connection ---- */

static void release(struct channel *c)
{
	struct scard_disposition leave = { .disposition = SCARD_DISP_LEAVE };

	if (c->held)
		device_call(c->fd, SCARD_IOC_END, &leave);
	c->held = false;
}

static int disconnect(struct channel *c, uint32_t disposition)
{
	int error;

	/* a reset or power-off ends the transaction itself, and no other handle runs before */
	if (disposition == SCARD_DISP_LEAVE)
		release(c);
	error = device_disconnect(c->fd, disposition);
	c->held = false;
	c->connected = false;
	return error;
}

/* The card was reset or removed: disconnect, and report a removal to pcscd. */
static void lose(struct channel *c)
{
	if (c->connected)
		disconnect(c, SCARD_DISP_LEAVE);
	c->lost = true;
	c->absent_until = device_now_ms() + ABSENT_MS;
}

/* Map the errno of a call on the card, and note a lost card or reader */
static RESPONSECODE outcome(struct channel *c, int error)
{
	if (error == ESTALE || error == EIDRM)
		lose(c);
	else if (error == ENODEV)
		shut(c);
	c->used = device_now_ms();
	return device_error(error);
}

/*
 * The card still has the protocol of an earlier handle: if no handle is connected, power it
 * off, and connect with another protocol.
 */
static int connect_fresh(struct channel *c, uint32_t protocols, struct scard_connect *got)
{
	struct scard_status status = { 0 };
	int error = device_call(c->fd, SCARD_IOC_GET_STATUS, &status);

	if (error)
		return error;
	if (status.handles)
		return EPROTONOSUPPORT;
	error = device_connect(c->fd, SCARD_MODE_DIRECT, 0, got);
	if (!error)
		error = device_disconnect(c->fd, SCARD_DISP_UNPOWER);
	return error ? error : device_connect(c->fd, SCARD_MODE_SHARED, protocols, got);
}

static int connect(struct channel *c, uint32_t protocols)
{
	struct scard_connect got;
	int error;

	if (c->lost)
		return EIDRM;
	error = reopen(c);
	if (error || c->connected)
		return error;
	error = device_connect(c->fd, SCARD_MODE_SHARED, protocols, &got);
	if (error == EPROTONOSUPPORT)
		error = connect_fresh(c, protocols, &got);
	if (error)
		return error;
	c->connected = true;
	c->protocol = got.protocol;
	c->epoch = got.epoch;
	return 0;
}

/* Keep this command and the next ones together by a transaction. */
static int hold(struct channel *c)
{
	int error;

	if (c->held && device_now_ms() - c->held_since >= HOLD_MAX_MS)
		release(c);
	if (c->held)
		return 0;
	error = device_call(c->fd, SCARD_IOC_BEGIN, NULL);
	if (error)
		return error;
	c->held = true;
	c->held_since = device_now_ms();
	return 0;
}

/* ---- presence and power ---- */

/* Report the presence of the card without waiting: while the slot settles, the last one. */
RESPONSECODE channel_presence(struct channel *c)
{
	struct scard_status status = { 0 };
	int64_t now = device_now_ms();
	bool present;

	if (c->held && now - c->used >= HOLD_MS)
		release(c);
	if (reopen(c) || device_call(c->fd, SCARD_IOC_GET_STATUS, &status)) {
		shut(c);
		c->lost = true;
		c->present = false;
		return IFD_ICC_NOT_PRESENT;
	}
	present = status.state & SCARD_STATE_BIT_SETTLING ? c->present :
		  status.state & SCARD_STATE_BIT_PRESENT;
	if ((c->connected && status.epoch != c->epoch) ||
	    (c->present && status.card_event != c->card_event))
		lose(c);
	c->present = present && now >= c->absent_until;
	c->card_event = status.card_event;
	return c->present ? IFD_SUCCESS : IFD_ICC_NOT_PRESENT;
}

/*
 * Return the ATR that the module has read. The card gets power at connect(): until then an
 * EXCLUSIVE connection of another program is possible.
 */
RESPONSECODE channel_power_up(struct channel *c, uint8_t *atr, DWORD *len)
{
	struct scard_status status = { 0 };
	int error = reopen(c);

	if (!error)
		error = device_call(c->fd, SCARD_IOC_GET_STATUS, &status);
	if (error)
		return outcome(c, error);
	if (!c->present || !(status.state & SCARD_STATE_BIT_PRESENT))
		return IFD_ICC_NOT_PRESENT;
	if (status.state & SCARD_STATE_BIT_MUTE || !status.atr_len)
		return IFD_ERROR_POWER_ACTION;
	c->lost = false;
	memcpy(atr, status.atr, status.atr_len);
	*len = status.atr_len;
	return IFD_SUCCESS;
}

/* Reset the card or power it off, connected or not; pcscd negotiates again afterwards. */
static RESPONSECODE end_session(struct channel *c, uint32_t disposition)
{
	struct scard_connect got;
	int error;

	if (c->lost)
		return IFD_ICC_NOT_PRESENT;
	error = reopen(c);
	if (!error && !c->connected)
		error = device_connect(c->fd, SCARD_MODE_DIRECT, 0, &got);
	if (!error)
		error = disconnect(c, disposition);
	return outcome(c, error);
}

/*
 * @idle: no client of pcscd uses the card. Other programs may: only disconnect, and let the
 * module power it off when no handle is connected.
 */
RESPONSECODE channel_power_down(struct channel *c, bool idle)
{
	if (!idle)
		return end_session(c, SCARD_DISP_UNPOWER);
	if (c->connected)
		disconnect(c, SCARD_DISP_LEAVE);
	return IFD_SUCCESS;
}

RESPONSECODE channel_reset(struct channel *c, uint8_t *atr, DWORD *len)
{
	RESPONSECODE ret = end_session(c, SCARD_DISP_RESET);

	return ret == IFD_SUCCESS ? channel_power_up(c, atr, len) : ret;
}

/* ---- calls on the card ---- */

RESPONSECODE channel_protocol(struct channel *c, uint32_t protocol)
{
	int error;

	if (c->connected && c->protocol != protocol)
		disconnect(c, SCARD_DISP_LEAVE);
	error = connect(c, protocol);
	return outcome(c, error);
}

RESPONSECODE channel_transmit(struct channel *c, const uint8_t *send, DWORD len, uint8_t *recv,
			      DWORD *room)
{
	struct scard_transmit arg = {
		.send = (uintptr_t)send,
		.send_len = len,
		.recv = (uintptr_t)recv,
		.recv_len = *room < SCARD_ANSWER_MAX ? *room : SCARD_ANSWER_MAX,
	};
	int error = len > SCARD_COMMAND_MAX ? EMSGSIZE : connect(c, ANY_PROTOCOL);

	if (!error)
		error = hold(c);
	if (!error)
		error = device_call(c->fd, SCARD_IOC_TRANSMIT, &arg);
	*room = error ? 0 : arg.recv_len;
	return outcome(c, error);
}

/* Call the reader through pcscd's handle, or through a DIRECT one, which leaves the card alone. */
static RESPONSECODE call_reader(struct channel *c, unsigned long request, void *arg)
{
	struct scard_connect got;
	bool held = c->held;
	int error;

	if (c->connected) {
		/* the call fails during another handle's transaction: hold() waits for its end */
		error = hold(c);
		if (!error)
			error = device_call(c->fd, request, arg);
		if (!held)
			release(c);
		return outcome(c, error);
	}
	error = reopen(c);
	if (!error)
		error = device_connect(c->fd, SCARD_MODE_DIRECT, 0, &got);
	if (error)
		return outcome(c, error);
	error = device_call(c->fd, request, arg);
	device_disconnect(c->fd, SCARD_DISP_LEAVE);
	return outcome(c, error);
}

RESPONSECODE channel_control(struct channel *c, uint32_t code, const uint8_t *in, DWORD len,
			     uint8_t *out, DWORD room, DWORD *got)
{
	struct scard_control arg = {
		.in = (uintptr_t)in,
		.in_len = len,
		.out = (uintptr_t)out,
		.out_len = room < SCARD_CONTROL_MAX ? room : SCARD_CONTROL_MAX,
		.code = code,
	};
	RESPONSECODE ret;

	*got = 0;
	if (len > SCARD_CONTROL_MAX)
		return IFD_COMMUNICATION_ERROR;
	ret = call_reader(c, SCARD_IOC_CONTROL, &arg);
	if (ret == IFD_SUCCESS)
		*got = arg.out_len;
	return ret;
}

RESPONSECODE channel_get_attr(struct channel *c, uint32_t id, uint8_t *value, DWORD *len)
{
	struct scard_attr arg = {
		.buf = (uintptr_t)value,
		.id = id,
		.len = *len < SCARD_MAX_ATTRIBUTE_SIZE ? *len : SCARD_MAX_ATTRIBUTE_SIZE,
	};
	RESPONSECODE ret = call_reader(c, SCARD_IOC_GET_ATTR, &arg);

	if (ret == IFD_SUCCESS || ret == IFD_ERROR_INSUFFICIENT_BUFFER)
		*len = arg.len;
	return ret == IFD_ERROR_NOT_SUPPORTED ? IFD_ERROR_TAG : ret;
}
