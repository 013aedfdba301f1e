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
#define PIN_APDU_MIN		4	/* CLA INS P1 P2: a template without room for a PIN */

/* bPINSupport of the class descriptor */
#define PIN_SUPPORT_VERIFY	0x01
#define PIN_SUPPORT_MODIFY	0x02

/* bEntryValidationCondition */
#define PIN_CONDITION_MAX_SIZE	0x01
#define PIN_CONDITION_KEY	0x02
#define PIN_CONDITION_TIMEOUT	0x04
#define PIN_CONDITIONS		0x07

/* struct pin_pad.fixes: changes of the message that the firmware needs */
#define PIN_FIX_ONE_MESSAGE	BIT(0)	/* verify: bNumberMessage has to be 1 */
#define PIN_FIX_NO_MESSAGE	BIT(1)	/* verify: bNumberMessage has to be 0 */
#define PIN_FIX_SWAP_DIGITS	BIT(2)	/* verify: wPINMaxExtraDigit has the bytes exchanged */
#define PIN_FIX_ZERO_INDICES	BIT(3)	/* modify: bNumberMessage 0, and yet all bMsgIndex, zero */
#define PIN_FIX_ALL_INDICES	BIT(4)	/* modify: all bMsgIndex, for any bNumberMessage */
#define PIN_FIX_THREE_MESSAGES	BIT(5)	/* modify: bNumberMessage has to be 3 */
#define PIN_FIX_DEFAULT		BIT(6)	/* modify: FF where bNumberMessage is 0 */

/**
 * struct pin_pad - how a reader enters PINs
 * @fixes: PIN_FIX_*
 * @conditions: values of bEntryValidationCondition that it takes, a bit set
 * @min_size: shortest PIN
 * @max_size: longest PIN; 0: neither is known
 */
struct pin_pad {
	u32 fixes;
	u8 conditions;
	u8 min_size;
	u8 max_size;
};

/**
 * struct pin_message - the message to send
 * @len: bytes of payload
 * @prologue: offset of bTeoPrologue in the payload
 * @apdu_len: bytes of the APDU template behind it
 * @timeout: seconds that the reader waits for a key, 0 for its own idea
 * @unpadded: the template has no room for the PIN, which shall follow it as it is
 */
struct pin_message {
	u32 len;
	u32 prologue;
	u32 apdu_len;
	u8 timeout;
	bool unpadded;
};

int pin_verify(struct pin_message *m, const struct pin_pad *pad, u8 *buf, u32 len);
int pin_modify(struct pin_message *m, const struct pin_pad *pad, u8 *buf, u32 len);
void pin_gemalto_features(struct pin_pad *pad, const u8 *features, u32 len);

#endif /* SCARD_PROTO_PIN_H */
