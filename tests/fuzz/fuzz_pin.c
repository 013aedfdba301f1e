// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * PIN structures from user space: accepted if and only if their length matches their fields; then
 * the reader gets each field as the caller has written it, or the value that it needs instead.
 */
#include "fuzz.h"
#include "pin.h"

/* Build the message from a copy of the structure, field by field. */
static u32 expected(u8 *out, const struct pin_pad *pad, const u8 *given, u32 len, bool modify)
{
	u32 n = 0, i, fields = modify ? 10 : 7, header = modify ? 24 : 19;
	u8 in[400], condition, messages;
	bool zero = modify && pad->fixes & PIN_FIX_ZERO_INDICES;
	bool all = zero || pad->fixes & PIN_FIX_ALL_INDICES;

	memcpy(in, given, len);
	condition = in[fields] && in[fields] <= 7 ? in[fields] : 2;
	condition = condition & pad->conditions ? condition & pad->conditions : pad->conditions;
	messages = in[fields + 1];
	if (modify) {
		if (pad->fixes & PIN_FIX_THREE_MESSAGES)
			messages = 3;
		if (pad->fixes & PIN_FIX_DEFAULT && !messages)
			messages = 0xff;
		if (zero) {
			messages = 0;
			in[14] = in[15] = in[16] = 0;
		}
	} else {
		if (pad->fixes & PIN_FIX_ONE_MESSAGE)
			messages = 1;
		if (pad->fixes & PIN_FIX_NO_MESSAGE)
			messages = 0;
		if (pad->fixes & PIN_FIX_SWAP_DIGITS) {
			in[5] = given[6];
			in[6] = given[5];
		}
	}

	out[n++] = modify;
	out[n++] = in[0];
	for (i = 2; i < fields; i++)
		out[n++] = in[i];
	out[n++] = condition;
	out[n++] = messages;
	out[n++] = in[fields + 2];		/* wLangId */
	out[n++] = in[fields + 3];
	out[n++] = in[fields + 4];		/* bMsgIndex, bMsgIndex1 */
	if (modify && (messages || all))
		out[n++] = in[15];
	if (modify && (messages == 3 || all))
		out[n++] = in[16];
	for (i = header - 7; i < header - 4; i++)
		out[n++] = in[i];		/* bTeoPrologue */
	for (i = header; i < len; i++)
		out[n++] = in[i];
	return n;
}

static void swap_bytes(u8 *p)
{
	u8 first = p[0];

	p[0] = p[1];
	p[1] = first;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len)
{
	struct input in = { data, data_len };
	struct pin_pad pad = { .fixes = take(&in) };
	u8 flags = take(&in), want[400];
	bool modify = flags & 1, valid;
	u32 header = modify ? 24 : 19, len = in.len < 300 ? in.len : 300, n;
	struct pin_message m = { };
	u8 *buf, *copy;
	int ret;

	pad.conditions = flags >> 2 & 7 ? flags >> 2 & 7 : 7;
	buf = take_copy(&in, len);
	if (flags & 2 && len >= header)
		put_le32(buf + header - 4, len - header);
	copy = malloc(len ? len : 1);
	memcpy(copy, buf, len);
	valid = len >= header + 4 && (!modify || buf[11] <= 3 || buf[11] == 0xff) &&
		(get_le32(buf + header - 4) == len - header ||
		 get_be32(buf + header - 4) == len - header);
	/* a caller in big-endian order: swap the 16-bit fields */
	if (valid && get_le32(buf + header - 4) != len - header) {
		swap_bytes(copy + (modify ? 7 : 5));
		swap_bytes(copy + (modify ? 12 : 9));
	}

	ret = modify ? ccid_pin_modify(&m, &pad, buf, len) : ccid_pin_verify(&m, &pad, buf, len);
	HOLDS(ret == (valid ? 0 : -EINVAL));
	if (valid) {
		n = expected(want, &pad, copy, len, modify);
		HOLDS(m.len == n && m.len <= len && !memcmp(buf, want, n));
		HOLDS(m.timeout == copy[0] && m.apdu_len == len - header);
		HOLDS(m.prologue + 3 + m.apdu_len == m.len);
	} else {
		HOLDS(!memcmp(buf, copy, len));
	}
	ccid_pin_gemalto_features(&pad, copy, len);
	HOLDS(pad.conditions && pad.conditions <= 7 && pad.min_size <= pad.max_size);
	free(buf);
	free(copy);
	return 0;
}
