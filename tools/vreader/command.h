/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The messages of CCID revision 1.10 and their constants. */
#ifndef VREADER_COMMAND_H
#define VREADER_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#define CCID_HEADER 10
#define MIN_MESSAGE 271		/* dwMaxCCIDMessageLength of a reader for short APDUs */

enum {
	PC_ICCPOWERON = 0x62,
	PC_ICCPOWEROFF = 0x63,
	PC_GETSLOTSTATUS = 0x65,
	PC_XFRBLOCK = 0x6f,
	PC_GETPARAMETERS = 0x6c,
	PC_RESETPARAMETERS = 0x6d,
	PC_SETPARAMETERS = 0x61,
	PC_ESCAPE = 0x6b,
	PC_ICCCLOCK = 0x6e,
	PC_T0APDU = 0x6a,
	PC_SECURE = 0x69,
	PC_MECHANICAL = 0x71,
	PC_ABORT = 0x72,
	PC_SETDATARATE = 0x73,

	RDR_DATABLOCK = 0x80,
	RDR_SLOTSTATUS = 0x81,
	RDR_PARAMETERS = 0x82,
	RDR_ESCAPE = 0x83,
	RDR_DATARATE = 0x84,

	RDR_NOTIFYSLOTCHANGE = 0x50,
	RDR_HARDWAREERROR = 0x51,
};

/* bStatus, bits 7-6 */
#define CMD_OK 0x00
#define CMD_FAILED 0x40
#define CMD_TIME_EXTENSION 0x80

/* bError */
#define ERR_CMD_ABORTED 0xff
#define ERR_ICC_MUTE 0xfe
#define ERR_XFR_PARITY 0xfd
#define ERR_HW_ERROR 0xfb
#define ERR_BAD_ATR_TCK 0xf7
#define ERR_PROTOCOL_NOT_SUPPORTED 0xf6
#define ERR_PROCEDURE_BYTE 0xf4
#define ERR_PIN_TIMEOUT 0xf0
#define ERR_PIN_CANCELLED 0xef
#define ERR_SLOT_BUSY 0xe0
#define ERR_NOT_SUPPORTED 0x00

#define NUM_COMMANDS 14

/* A message of the host, by the specification. */
struct command_info {
	uint8_t type, reply;
	const char *name;
	int length;		/* dwLength, -1 if it varies */
	uint8_t rfu;		/* bit n: byte 7 + n must be zero */
	bool needs_power;
};

extern const struct command_info command_table[NUM_COMMANDS];

/* NULL if there is no such message. */
const struct command_info *command_by_type(uint8_t type);
const struct command_info *command_by_name(const char *name);
/* The position in command_table. */
int command_index(const struct command_info *info);

#endif
