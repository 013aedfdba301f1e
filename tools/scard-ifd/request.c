// SPDX-License-Identifier: GPL-2.0-or-later
/* The requests of the kernel, as calls of the driver. */
#include "request.h"

#include <errno.h>
#include <string.h>

#include <reader.h>

#include "attr.h"

/* The number of T=0 and T=1 in SCARD_IO_HEADER; the one that follows is for raw exchanges. */
static DWORD protocol_number(uint32_t bit)
{
	return bit & SCARD_PROTO_T0 ? 0 : bit & SCARD_PROTO_T1 ? 1 : 2;
}

/* The errno for a code of the driver */
static int error_of(unsigned int slot, RESPONSECODE code, bool needs_card)
{
	switch (code) {
	case IFD_SUCCESS:
		return 0;
	case IFD_ICC_NOT_PRESENT:
		return ENOMEDIUM;
	case IFD_NO_SUCH_DEVICE:
		return EIO;
	case IFD_ERROR_NOT_SUPPORTED:
	case IFD_NOT_SUPPORTED:
		return EOPNOTSUPP;
	case IFD_PROTOCOL_NOT_SUPPORTED:
	case IFD_ERROR_PTS_FAILURE:
		return EPROTONOSUPPORT;
	}
	/* it may be that the card was pulled out meanwhile */
	if (needs_card && driver_absent(slot))
		return ENOMEDIUM;
	if (code == IFD_RESPONSE_TIMEOUT)
		return ETIMEDOUT;
	return code == IFD_ERROR_POWER_ACTION ? EREMOTEIO : EIO;
}

int request_power_down(unsigned int slot)
{
	uint8_t atr[MAX_BUFFER_SIZE];
	size_t len = MAX_ATR_SIZE;

	return error_of(slot, driver_power(slot, IFD_POWER_DOWN, atr, &len), true);
}

/* Power up or reset; the ATR is in card->room. */
static int power_on(struct request_card *card, unsigned int slot, bool warm, size_t *len)
{
	RESPONSECODE code = IFD_NOT_SUPPORTED;

	*len = MAX_ATR_SIZE;
	if (warm)
		code = driver_power(slot, IFD_RESET, card->room, len);
	/* a driver that has no warm reset, or failed at it, gets to do a cold one */
	if (code != IFD_SUCCESS && code != IFD_ICC_NOT_PRESENT && code != IFD_NO_SUCH_DEVICE) {
		request_power_down(slot);
		*len = MAX_ATR_SIZE;
		code = driver_power(slot, IFD_POWER_UP, card->room, len);
	}
	if (code == IFD_SUCCESS && *len < 2)
		code = IFD_ERROR_POWER_ACTION;
	if (code == IFD_SUCCESS) {
		card->protocols = atr_protocols(card->room, *len);
		attr_push_card(slot);
	} else if (code == IFD_COMMUNICATION_ERROR) {
		code = IFD_ERROR_POWER_ACTION;
	}
	return error_of(slot, code, true);
}

/* Agree on a protocol. A driver that cannot leaves the card at its first one. */
static int set_protocol(struct request_card *card, unsigned int slot, uint32_t wanted,
			uint32_t *chosen)
{
	RESPONSECODE code;

	*chosen = atr_choose(&card->protocols, wanted);
	if (!*chosen)
		return EPROTONOSUPPORT;
	/* IFD handler numbers them as PC/SC does, not as SCARD_IO_HEADER */
	code = driver_set_protocol(slot, *chosen & SCARD_PROTO_T0 ? SCARD_PROTOCOL_T0 :
								    SCARD_PROTOCOL_T1);
	if ((code == IFD_NOT_SUPPORTED || code == IFD_ERROR_NOT_SUPPORTED) &&
	    *chosen == card->protocols.first)
		code = IFD_SUCCESS;
	if (code == IFD_NOT_SUPPORTED || code == IFD_ERROR_NOT_SUPPORTED)
		code = IFD_PROTOCOL_NOT_SUPPORTED;
	if (code == IFD_SUCCESS)
		attr_push_card(slot);
	return error_of(slot, code, true);
}

bool request_run(struct request_card *card, struct uscard_job *job)
{
	const struct uscard_request *r = &job->head;
	uint32_t value = 0;
	RESPONSECODE code;
	size_t len = 0;
	int error;

	switch (r->op) {
	case USCARD_POWER_ON:
	case USCARD_RESET:
		error = power_on(card, r->slot, r->op == USCARD_RESET, &len);
		break;
	case USCARD_POWER_OFF:
		/* a card that keeps its power may be verified: the kernel tries again */
		error = request_power_down(r->slot);
		break;
	case USCARD_SET_PROTOCOL:
		error = set_protocol(card, r->slot, r->arg, &value);
		break;
	case USCARD_TRANSMIT:
		len = sizeof(card->room);
		code = driver_transmit(r->slot, protocol_number(r->arg), job->data, r->len,
				       card->room, &len);
		error = error_of(r->slot, code, true);
		break;
	case USCARD_CONTROL:
		len = sizeof(card->room);
		code = driver_control(r->slot, r->arg, job->data, r->len, card->room, &len);
		error = error_of(r->slot, code, false);
		break;
	default:
		error = EOPNOTSUPP;
	}
	if (error)
		uscard_answer_error(r->id, error);
	else
		uscard_answer(r->id, value, card->room, len);
	/* a driver may have written more than it says */
	explicit_bzero(card->room, sizeof(card->room));
	return error != ENOMEDIUM;
}

/* ---- PIN pads ---- */

/* Features of PC/SC part 10 that have a PIN entered and sent to the card; the usual ones first */
static const uint8_t pin_features[] = {
	FEATURE_VERIFY_PIN_DIRECT, FEATURE_MODIFY_PIN_DIRECT,
	FEATURE_VERIFY_PIN_START, FEATURE_VERIFY_PIN_FINISH,
	FEATURE_MODIFY_PIN_START, FEATURE_MODIFY_PIN_FINISH,
	FEATURE_VERIFY_PIN_DIRECT_APP_ID, FEATURE_MODIFY_PIN_DIRECT_APP_ID,
	FEATURE_EXECUTE_PACE,
};

/* The control code of a feature in the driver's list, or 0 */
static uint32_t code_of(const uint8_t *list, size_t len, uint8_t feature)
{
	size_t i;

	for (i = 0; i + 2 <= len; i += 2 + list[i + 1]) {
		const uint8_t *v = list + i + 2;

		if (list[i] == feature && list[i + 1] == 4 && i + 6 <= len)
			return (uint32_t)v[0] << 24 | v[1] << 16 | v[2] << 8 | v[3];
	}
	return 0;
}

unsigned int request_pin_codes(struct request_card *card, uint32_t *codes, unsigned int max)
{
	unsigned int count = 0, i;
	size_t len = sizeof(card->room), f;
	uint8_t none = 0;

	if (driver_control(0, CM_IOCTL_GET_FEATURE_REQUEST, &none, 0, card->room, &len) !=
	    IFD_SUCCESS)
		return 0;
	for (f = 0; f < sizeof(pin_features) && count < max; f++) {
		uint32_t code = code_of(card->room, len, pin_features[f]);

		for (i = 0; i < count && codes[i] != code; i++)
			;
		if (code && i == count)
			codes[count++] = code;
	}
	return count;
}
