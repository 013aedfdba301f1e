/* SPDX-License-Identifier: GPL-2.0 */
/*
 * CCID messages, CCID 1.1 section 6.
 */
#ifndef SCARD_PROTO_CCID_MSG_H
#define SCARD_PROTO_CCID_MSG_H

#include "port.h"

#define CCID_HEADER_LEN				10

/* bMessageType, bulk-OUT */
#define CCID_PC_TO_RDR_SET_PARAMETERS		0x61
#define CCID_PC_TO_RDR_ICC_POWER_ON		0x62
#define CCID_PC_TO_RDR_ICC_POWER_OFF		0x63
#define CCID_PC_TO_RDR_GET_SLOT_STATUS		0x65
#define CCID_PC_TO_RDR_SECURE			0x69
#define CCID_PC_TO_RDR_T0APDU			0x6a
#define CCID_PC_TO_RDR_ESCAPE			0x6b
#define CCID_PC_TO_RDR_GET_PARAMETERS		0x6c
#define CCID_PC_TO_RDR_RESET_PARAMETERS		0x6d
#define CCID_PC_TO_RDR_ICC_CLOCK		0x6e
#define CCID_PC_TO_RDR_XFR_BLOCK		0x6f
#define CCID_PC_TO_RDR_MECHANICAL		0x71
#define CCID_PC_TO_RDR_ABORT			0x72
#define CCID_PC_TO_RDR_SET_DATA_RATE		0x73

/* bMessageType, bulk-IN */
#define CCID_RDR_TO_PC_DATA_BLOCK		0x80
#define CCID_RDR_TO_PC_SLOT_STATUS		0x81
#define CCID_RDR_TO_PC_PARAMETERS		0x82
#define CCID_RDR_TO_PC_ESCAPE			0x83
#define CCID_RDR_TO_PC_DATA_RATE		0x84

/* bMessageType, interrupt-IN */
#define CCID_RDR_TO_PC_NOTIFY_SLOT_CHANGE	0x50
#define CCID_RDR_TO_PC_HARDWARE_ERROR		0x51

/* bmICCStatus */
#define CCID_ICC_ACTIVE				0
#define CCID_ICC_INACTIVE			1
#define CCID_ICC_ABSENT				2
#define CCID_ICC_RESERVED			3	/* some readers send it with good answers */

/* bmCommandStatus */
#define CCID_CMD_OK				0
#define CCID_CMD_FAILED				1
#define CCID_CMD_TIME_EXTENSION			2

/* bError, CCID 1.1 section 6.2.6 */
#define CCID_ERR_CMD_ABORTED			0xff
#define CCID_ERR_ICC_MUTE			0xfe
#define CCID_ERR_XFR_PARITY_ERROR		0xfd
#define CCID_ERR_XFR_OVERRUN			0xfc
#define CCID_ERR_HW_ERROR			0xfb
#define CCID_ERR_BAD_ATR_TS			0xf8
#define CCID_ERR_BAD_ATR_TCK			0xf7
#define CCID_ERR_ICC_PROTOCOL_NOT_SUPPORTED	0xf6
#define CCID_ERR_ICC_CLASS_NOT_SUPPORTED	0xf5
#define CCID_ERR_PROCEDURE_BYTE_CONFLICT	0xf4
#define CCID_ERR_DEACTIVATED_PROTOCOL		0xf3
#define CCID_ERR_BUSY_WITH_AUTO_SEQUENCE	0xf2
#define CCID_ERR_PIN_TIMEOUT			0xf0
#define CCID_ERR_PIN_CANCELLED			0xef
#define CCID_ERR_CMD_SLOT_BUSY			0xe0
#define CCID_ERR_CMD_NOT_SUPPORTED		0x00

/* wLevelParameter and bChainParameter, CCID 1.1 sections 6.1.4 and 6.2.1 */
#define CCID_CHAIN_WHOLE			0x00
#define CCID_CHAIN_BEGIN			0x01
#define CCID_CHAIN_END				0x02
#define CCID_CHAIN_MIDDLE			0x03
#define CCID_CHAIN_CONTINUE			0x10

/**
 * struct ccid_answer - a message from the reader, taken apart
 * @type: bMessageType
 * @slot: bSlot
 * @seq: bSeq
 * @icc_status: bmICCStatus
 * @cmd_status: bmCommandStatus
 * @error: bError
 * @param: byte 9: bChainParameter, bProtocolNum or bClockStatus
 * @data: payload
 * @len: bytes of it
 */
struct ccid_answer {
	u8 type;
	u8 slot;
	u8 seq;
	u8 icc_status;
	u8 cmd_status;
	u8 error;
	u8 param;
	const u8 *data;
	u32 len;
};

/**
 * struct ccid_notify - RDR_to_PC_NotifySlotChange, a bit for each slot
 * @changed: the state has changed
 * @present: a card is there now
 */
struct ccid_notify {
	u32 changed;
	u32 present;
};

void ccid_msg_put_header(u8 *buf, u8 type, u32 len, u8 slot, u8 seq, const u8 params[3]);
int ccid_msg_parse(struct ccid_answer *a, const u8 *buf, size_t len);
u8 ccid_expected_answer(u8 type);
int ccid_error_to_errno(u8 type, u8 icc_status, u8 error);
int ccid_notify_parse(struct ccid_notify *n, const u8 *buf, size_t len, unsigned int nslots);

#endif /* SCARD_PROTO_CCID_MSG_H */
