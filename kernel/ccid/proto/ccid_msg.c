// SPDX-License-Identifier: GPL-2.0
/*
 * CCID messages: make them, parse and check those of the reader.
 */
#include "ccid_msg.h"

/**
 * ccid_msg_put_header() - write the header of a message to the reader
 * @buf: CCID_HEADER_LEN bytes
 * @type: bMessageType
 * @len: dwLength, bytes of payload
 * @slot: bSlot
 * @seq: bSeq
 * @params: bytes 7 to 9, which each message has of its own
 */
void ccid_msg_put_header(u8 *buf, u8 type, u32 len, u8 slot, u8 seq, const u8 params[3])
{
	buf[0] = type;
	put_le32(buf + 1, len);
	buf[5] = slot;
	buf[6] = seq;
	memcpy(buf + 7, params, 3);
}

/*
 * May the bytes behind a message be passed over? RDR_to_PC_SlotStatus has no payload that they
 * could belong to. Elsewhere zeros are padding, but for a single one: that may be the end of
 * 9000 behind a wrong dwLength, while no answer of a card ends with 0000.
 */
static bool msg_is_padding(u8 type, const u8 *tail, size_t len)
{
	size_t i;

	if (type == CCID_RDR_TO_PC_SLOT_STATUS)
		return true;
	for (i = 0; i < len; i++)
		if (tail[i])
			return false;
	return len > 1;
}

/**
 * ccid_msg_parse() - take a message from the reader apart
 * @a: the result; @a->data points into @buf
 * @buf: bytes of one transfer, or of several one after the other
 * @len: bytes of it
 *
 * Return: 0; -EAGAIN: nothing, which some readers send between two messages;
 * -ENODATA: the header in @a says that more follows; -EPROTO: not a message
 */
int ccid_msg_parse(struct ccid_answer *a, const u8 *buf, size_t len)
{
	u32 payload;

	if (!len)
		return -EAGAIN;
	if (len < CCID_HEADER_LEN)
		return -EPROTO;
	payload = get_le32(buf + 1);
	len -= CCID_HEADER_LEN;
	if (payload < len &&
	    !msg_is_padding(buf[0], buf + CCID_HEADER_LEN + payload, len - payload))
		return -EPROTO;
	if (buf[0] < CCID_RDR_TO_PC_DATA_BLOCK || buf[0] > CCID_RDR_TO_PC_DATA_RATE)
		return -EPROTO;

	a->type = buf[0];
	a->slot = buf[5];
	a->seq = buf[6];
	a->icc_status = buf[7] & 0x03;
	a->cmd_status = buf[7] >> 6;
	a->error = buf[8];
	a->param = buf[9];
	a->data = buf + CCID_HEADER_LEN;
	a->len = payload;
	if (a->cmd_status > CCID_CMD_TIME_EXTENSION)
		return -EPROTO;
	return payload > len ? -ENODATA : 0;
}

/**
 * ccid_expected_answer() - which message answers a command
 * @type: bMessageType of the command
 *
 * Return: bMessageType of the answer
 */
u8 ccid_expected_answer(u8 type)
{
	switch (type) {
	case CCID_PC_TO_RDR_ICC_POWER_ON:
	case CCID_PC_TO_RDR_XFR_BLOCK:
	case CCID_PC_TO_RDR_SECURE:
		return CCID_RDR_TO_PC_DATA_BLOCK;
	case CCID_PC_TO_RDR_GET_PARAMETERS:
	case CCID_PC_TO_RDR_RESET_PARAMETERS:
	case CCID_PC_TO_RDR_SET_PARAMETERS:
		return CCID_RDR_TO_PC_PARAMETERS;
	case CCID_PC_TO_RDR_ESCAPE:
		return CCID_RDR_TO_PC_ESCAPE;
	case CCID_PC_TO_RDR_SET_DATA_RATE:
		return CCID_RDR_TO_PC_DATA_RATE;
	default:
		return CCID_RDR_TO_PC_SLOT_STATUS;
	}
}

/**
 * ccid_error_to_errno() - map a failed command to an errno of the ABI
 * @type: bMessageType of the command
 * @icc_status: bmICCStatus of the answer
 * @error: bError of the answer
 *
 * Of an exchange with the card only silence has an errno of its own: protocol and support
 * were agreed before it.
 *
 * Return: a negative errno of the ABI
 */
int ccid_error_to_errno(u8 type, u8 icc_status, u8 error)
{
	if (icc_status == CCID_ICC_ABSENT)
		return -ENOMEDIUM;
	if (type == CCID_PC_TO_RDR_XFR_BLOCK)
		return error == CCID_ERR_ICC_MUTE || error == CCID_ERR_BAD_ATR_TS ||
		       error == CCID_ERR_BAD_ATR_TCK ? -EREMOTEIO : -EIO;
	switch (error) {
	case CCID_ERR_ICC_MUTE:
	case CCID_ERR_BAD_ATR_TS:
	case CCID_ERR_BAD_ATR_TCK:
		return -EREMOTEIO;
	case CCID_ERR_ICC_PROTOCOL_NOT_SUPPORTED:
	case CCID_ERR_ICC_CLASS_NOT_SUPPORTED:
		return -EPROTONOSUPPORT;
	case CCID_ERR_PIN_TIMEOUT:
		return -ETIMEDOUT;
	case CCID_ERR_PIN_CANCELLED:
		return -ECANCELED;
	case CCID_ERR_CMD_NOT_SUPPORTED:
		return -EOPNOTSUPP;
	default:
		return -EIO;
	}
}

/**
 * ccid_notify_parse() - take an interrupt message apart
 * @n: the result
 * @buf: bytes of the interrupt pipe
 * @len: bytes of it
 * @nslots: slots that exist; others are ignored
 *
 * Return: 0 or -EPROTO: not RDR_to_PC_NotifySlotChange
 */
int ccid_notify_parse(struct ccid_notify *n, const u8 *buf, size_t len, unsigned int nslots)
{
	unsigned int i;

	n->changed = 0;
	n->present = 0;
	if (len < 2 || buf[0] != CCID_RDR_TO_PC_NOTIFY_SLOT_CHANGE)
		return -EPROTO;
	for (i = 0; i < nslots && 1 + i / 4 < len; i++) {
		u8 state = buf[1 + i / 4] >> i % 4 * 2;

		n->present |= (u32)(state & 1) << i;
		n->changed |= (u32)(state >> 1 & 1) << i;
	}
	return 0;
}
