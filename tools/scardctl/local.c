// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The handle is an ordinary one: it waits for transactions of other programs, and its close
 * resets the card.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "local.h"
#include "scardctl.h"

#define ANY_PROTOCOL		(SCARD_PROTO_T0 | SCARD_PROTO_T1)
#define GET_FEATURES		0x42000d48	/* PC/SC part 10: SCARD_CTL_CODE(3400) */
#define VERIFY_PIN_DIRECT	6
#define MODIFY_PIN_DIRECT	7

/* ---- handle ---- */

static int connect_card(struct local *local)
{
	struct scard_connect arg = {
		.share_mode = local->mode,
		.protocols = ANY_PROTOCOL,
		.flags = SCARD_CONNECT_CLOSE_RESET,
	};

	if (ioctl(local->fd, SCARD_IOC_CONNECT, &arg)) {
		if (errno != EPERM)
			return errno;
		/* the default of this machine is stricter */
		arg.flags = SCARD_CONNECT_CLOSE_DEFAULT;
		if (ioctl(local->fd, SCARD_IOC_CONNECT, &arg))
			return errno;
	}
	local->connected = true;
	return 0;
}

static int disconnect(struct local *local, unsigned int disposition)
{
	int error = local->connected ? card_disconnect(local->fd, disposition) : 0;

	/* after a wait that was ended, the handle is still connected */
	if (error != ECANCELED && error != EINTR)
		local->connected = false;
	return error;
}

/* @initialization: SCARD_DISP_RESET or SCARD_DISP_UNPOWER */
static int reconnect(struct local *local, unsigned int initialization, unsigned int protocols)
{
	struct scard_connect arg = {
		.share_mode = local->mode,
		.protocols = protocols,
		.initialization = initialization,
	};

	return ioctl(local->fd, SCARD_IOC_RECONNECT, &arg) ? errno : 0;
}

/* ---- operations; 0 or an errno ---- */

static int power_up(struct local *local, unsigned int initialization, struct uscard_message *msg,
		    uint8_t *atr)
{
	struct scard_status status;
	bool was = local->connected;
	int error = was ? reconnect(local, initialization, ANY_PROTOCOL) : connect_card(local);

	if (!error && !was && initialization == SCARD_DISP_RESET)
		error = reconnect(local, initialization, ANY_PROTOCOL);
	if (!error)
		error = reader_status(local->fd, &status);
	if (!error && status.atr_len > sizeof(status.atr))
		error = EIO;
	if (error) {
		disconnect(local, SCARD_DISP_LEAVE);
		return error;
	}
	memcpy(atr, status.atr, status.atr_len);
	msg->len = status.atr_len;
	return 0;
}

static int set_protocol(struct local *local, uint32_t wanted, struct uscard_message *msg)
{
	struct scard_status status = { 0 };
	int error = reader_status(local->fd, &status);

	if (!error && !(status.protocol & wanted)) {
		error = reconnect(local, SCARD_DISP_UNPOWER, wanted);
		if (!error)
			error = reader_status(local->fd, &status);
	}
	msg->value = status.protocol;
	return error;
}

static int transmit(struct local *local, const struct uscard_request *req, const uint8_t *data,
		    struct uscard_message *msg, uint8_t *answer)
{
	struct scard_transmit arg = {
		.send = (uintptr_t)data, .send_len = req->len,
		.recv = (uintptr_t)answer, .recv_len = SCARD_ANSWER_MAX,
		.protocol = req->arg & SCARD_PROTO_RAW,
	};

	if (ioctl(local->fd, SCARD_IOC_TRANSMIT, &arg))
		return errno;
	msg->len = arg.recv_len;
	return 0;
}

static int control(struct local *local, const struct uscard_request *req, const uint8_t *data,
		   struct uscard_message *msg, uint8_t *answer)
{
	struct scard_control arg = {
		.in = (uintptr_t)data, .in_len = req->len,
		.out = (uintptr_t)answer, .out_len = SCARD_CONTROL_MAX,
		.code = req->arg,
	};
	bool direct = !local->connected;
	int error = direct ? card_connect(local->fd, SCARD_MODE_DIRECT, 0) : 0;

	if (error)
		return error;
	error = ioctl(local->fd, SCARD_IOC_CONTROL, &arg) ? errno : 0;
	if (direct)
		card_disconnect(local->fd, SCARD_DISP_LEAVE);
	msg->len = error ? 0 : arg.out_len;
	return error;
}

static int run(struct local *local, const struct uscard_request *req, const uint8_t *data,
	       struct uscard_message *msg, uint8_t *answer)
{
	switch (req->op) {
	case USCARD_POWER_ON:
		return power_up(local, SCARD_DISP_UNPOWER, msg, answer);
	case USCARD_RESET:
		return power_up(local, SCARD_DISP_RESET, msg, answer);
	case USCARD_POWER_OFF:
	case USCARD_SUSPEND:
		return disconnect(local, SCARD_DISP_UNPOWER);
	case USCARD_SET_PROTOCOL:
		return set_protocol(local, req->arg, msg);
	case USCARD_TRANSMIT:
		return transmit(local, req, data, msg, answer);
	case USCARD_CONTROL:
		return control(local, req, data, msg, answer);
	default:
		return EOPNOTSUPP;
	}
}

/* An errno of <linux/scard.h> as one that a server answers */
static uint32_t server_errno(const struct uscard_request *req, int error)
{
	switch (error) {
	case EIDRM:
		return ENOMEDIUM;
	case EBUSY:		/* another program has it exclusively */
	case ENOLINK:
		return EREMOTEIO;
	case EINTR:
		return ECANCELED;
	case EPERM:
	case EINVAL:
		return req->op == USCARD_CONTROL ? EOPNOTSUPP : EIO;
	default:
		return (uint32_t)error;
	}
}

bool local_run(struct local *local, const struct uscard_request *req, const uint8_t *data,
	       struct uscard_message *msg, uint8_t *answer)
{
	int error;

	*msg = (struct uscard_message){ .id = req->id, .type = USCARD_ANSWER };
	error = run(local, req, data, msg, answer);
	if (error) {
		msg->value = 0;
		msg->len = 0;
		msg->error = server_errno(req, error);
	}
	if (error == EIDRM || error == ESTALE)
		disconnect(local, SCARD_DISP_LEAVE);
	return error == ESTALE;
}

void local_cancel(const struct local *local)
{
	ioctl(local->fd, SCARD_IOC_CANCEL, 0);
}

/* ---- reader ---- */

static void describe_pin_pad(struct local *local, struct uscard_create *reader)
{
	const struct uscard_request req = { .id = 1, .op = USCARD_CONTROL, .arg = GET_FEATURES };
	static uint8_t features[USCARD_MAX_DATA];
	struct uscard_message msg;
	uint32_t i;

	local_run(local, &req, NULL, &msg, features);
	/* tag, length 4, control code (big endian) */
	for (i = 0; i + 6 <= msg.len; i += 2U + features[i + 1]) {
		const uint8_t *f = features + i;

		if ((f[0] == VERIFY_PIN_DIRECT || f[0] == MODIFY_PIN_DIRECT) && f[1] == 4 &&
		    reader->pin_codes < USCARD_MAX_PIN_CODES)
			reader->pin_code[reader->pin_codes++] = (uint32_t)f[2] << 24 |
				(uint32_t)f[3] << 16 | (uint32_t)f[4] << 8 | f[5];
	}
}

int local_describe(struct local *local, struct uscard_create *reader)
{
	struct scard_info info;

	if (ioctl(local->fd, SCARD_IOC_GET_INFO, &info))
		return errno;
	memset(reader, 0, sizeof(*reader));
	reader->slots = 1;
	reader->busy_slots = 1;
	reader->protocols = info.protocols & ANY_PROTOCOL ?: ANY_PROTOCOL;
	reader->max_apdu = info.max_apdu < 261 ? 261 : info.max_apdu;
	if (reader->max_apdu > SCARD_COMMAND_MAX)
		reader->max_apdu = SCARD_COMMAND_MAX;
	reader->vendor_id = info.vendor_id;
	reader->product_id = info.product_id;
	memcpy(reader->manufacturer, info.manufacturer, SCARD_STRING_SIZE - 1);
	memcpy(reader->product, info.product, SCARD_STRING_SIZE - 1);
	memcpy(reader->interface_name, info.interface_name, SCARD_STRING_SIZE - 1);
	memcpy(reader->serial, info.serial, SCARD_STRING_SIZE - 1);
	describe_pin_pad(local, reader);
	return 0;
}
