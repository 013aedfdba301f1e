/* SPDX-License-Identifier: GPL-2.0 */
/*
 * PIN entry on the reader: PIN_VERIFY_STRUCTURE and PIN_MODIFY_STRUCTURE of PC/SC
 * part 10 section 2.5 become PC_to_RDR_Secure of CCID 1.1 section 6.1.11.
 */
#ifndef SCARD_PROTO_PIN_H
#define SCARD_PROTO_PIN_H

#include "port.h"

#define PIN_VERIFY_LEN		19	/* bytes before abData */
#define PIN_MODIFY_LEN		24
#define PIN_PROLOGUE_LEN	3	/* bTeoPrologue */

/**
 * struct pin_message - what to send
 * @len: bytes of payload
 * @prologue: offset of bTeoPrologue in the payload
 * @apdu_len: bytes of the APDU template behind it
 * @timeout: seconds that the reader waits for a key, 0 for its own idea
 */
struct pin_message {
	u32 len;
	u32 prologue;
	u32 apdu_len;
	u8 timeout;
};

int pin_verify(struct pin_message *m, u8 *buf, u32 len);
int pin_modify(struct pin_message *m, u8 *buf, u32 len);

#endif /* SCARD_PROTO_PIN_H */
