/* SPDX-License-Identifier: GPL-2.0 */
#ifndef P_CCID_MSG_H
#define P_CCID_MSG_H
#include "port.h"
#define CCID_HEADER_LEN 10
#define CCID_PC_TO_RDR_ICC_POWER_ON 0x62
#define CCID_PC_TO_RDR_ICC_POWER_OFF 0x63
#define CCID_PC_TO_RDR_GET_SLOT_STATUS 0x65
#define CCID_PC_TO_RDR_XFR_BLOCK 0x6f
#define CCID_PC_TO_RDR_ESCAPE 0x6b
#define CCID_PC_TO_RDR_MECHANICAL 0x71
#define CCID_PC_TO_RDR_ABORT 0x72
#define CCID_ICC_ACTIVE 0
#define CCID_ICC_INACTIVE 1
#define CCID_ICC_ABSENT 2
#define CCID_CMD_OK 0
#define CCID_CMD_FAILED 1
#define CCID_CMD_TIME_EXTENSION 2
struct ccid_answer { u8 type, slot, seq, icc_status, cmd_status, error, chain; const u8 *data; u32 len; };
struct ccid_notify { u32 changed, present; };
void ccid_msg_put_header(u8 *buf, u8 type, u32 len, u8 slot, u8 seq, const u8 p[3]);
int ccid_msg_parse(struct ccid_answer *a, const u8 *buf, size_t len);
int ccid_error_to_errno(u8 icc_status, u8 error);
u8 ccid_expected_answer(u8 type);
int ccid_notify_parse(struct ccid_notify *n, const u8 *buf, size_t len, unsigned int nslots);
#endif
