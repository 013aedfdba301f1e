// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * PIN structures: any bytes of any caller, for any reader. The message fits where the structure
 * was, and its parts are in it; a structure that is refused stays as it is.
 */
#include "proof.h"
#include "pin.c"

/* Templates of up to 13 and 8 bytes: a PIN block of eight bytes behind a header has 13. */
#define PIN_LEN		32
#define FEATURES_LEN	32

static void check(const struct pin_message *m, const u8 *buf, u32 len, u32 header, bool modify,
		  u8 timeout)
{
	HOLDS(len >= header + PIN_APDU_MIN && m->apdu_len == len - header);
	HOLDS(m->len <= len && m->prologue + PIN_PROLOGUE_LEN + m->apdu_len == m->len);
	HOLDS(buf[0] == modify && buf[1] == timeout && m->timeout == timeout);
}

void proof_pin(void)
{
	bool modify = nondet_bool();
	u32 header = modify ? PIN_MODIFY_LEN : PIN_VERIFY_LEN;
	u32 len = nondet_u32(), at = nondet_u32();
	u8 before, timeout;
	struct pin_message m;
	struct pin_pad pad;
	int ret;

	ASSUME(len <= PIN_LEN && (!len || at < len));
	ASSUME(pad.conditions && pad.conditions <= PIN_CONDITIONS);
	BUFFER(buf, len, PIN_LEN);
	timeout = len ? buf[0] : 0;
	before = len ? buf[at] : 0;
	ret = modify ? ccid_pin_modify(&m, &pad, buf, len) : ccid_pin_verify(&m, &pad, buf, len);
	if (ret) {
		REACHED("refused");
		HOLDS(ret == -EINVAL && (!len || buf[at] == before));
		return;
	}
	check(&m, buf, len, header, modify, timeout);
	HOLDS(modify ? m.prologue >= 15 && m.prologue <= 17 : m.prologue == 12);
	/* the template goes out as it came in */
	if (at >= header)
		HOLDS(buf[m.prologue + PIN_PROLOGUE_LEN + at - header] == before);
	if (modify) {
		REACHED("modify");
		HOLDS(buf[MODIFY_CONDITION] && !(buf[MODIFY_CONDITION] & ~pad.conditions));
	} else {
		REACHED("verify");
		HOLDS(buf[VERIFY_CONDITION] && !(buf[VERIFY_CONDITION] & ~pad.conditions));
	}
}

void proof_pin_features(void)
{
	struct pin_pad pad, before;
	u32 len = nondet_u32();

	ASSUME(len <= FEATURES_LEN && pad.conditions && pad.conditions <= PIN_CONDITIONS);
	ASSUME(pad.min_size <= pad.max_size);
	before = pad;
	BUFFER(features, len, FEATURES_LEN);
	ccid_pin_gemalto_features(&pad, features, len);
	REACHED("end");
	HOLDS(pad.conditions && pad.conditions <= PIN_CONDITIONS && pad.min_size <= pad.max_size);
	HOLDS(!(pad.fixes & ~before.fixes));
}
