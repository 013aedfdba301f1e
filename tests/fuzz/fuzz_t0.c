// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * T=0, in three ways.
 *
 * APDU to TPDU: the result carries the command's header and data, and T=0 can carry it.
 *
 * A hostile card: the host sends the command and no more, each byte once and in order; the answer
 * stays within its buffer.
 *
 * An honest card, which takes or gives its data in pieces of its choice, asks for time, or stops
 * early: the card gets the command, the host its data and status.
 */
#include "apdu.h"
#include "fuzz.h"
#include "t0.h"

/* --- APDU to TPDU */

static void fuzz_tpdu(struct input *in)
{
	u32 apdu_len = take16(in) % 600, len = apdu_len;
	u8 *buf = malloc(apdu_len + T0_HEADER_LEN);
	struct apdu a;
	u8 *apdu;
	int ret;

	apdu = take_copy(in, apdu_len);
	memcpy(buf, apdu, apdu_len);
	memset(&a, 0, sizeof(a));
	ret = ccid_apdu_parse(&a, apdu, apdu_len);
	HOLDS(ret == 0 || ret == -EINVAL);
	if (!ret) {
		u32 le = a.has_le ? (a.extended ? 2 : 1) : 0;
		u32 lc = a.nc ? (a.extended ? 3 : 1) : a.extended ? 1 : 0;

		/* the parts make up the whole */
		HOLDS(apdu_len == 4 + lc + a.nc + le);
		HOLDS(!a.nc || (a.data == 4 + lc && a.data + a.nc <= apdu_len));
		HOLDS(a.has_le ? a.ne >= 1 && a.ne <= (a.extended ? 65536 : 256) : !a.ne);
	}
	ret = ccid_t0_tpdu(buf, &len);
	if (ret) {
		HOLDS(ret == -EINVAL && len == apdu_len && apdu_len > 260);
	} else if (ccid_apdu_parse(&a, apdu, apdu_len)) {
		HOLDS(len == apdu_len && len <= T0_TPDU_MAX && !memcmp(buf, apdu, len));
	} else {
		struct t0 t;
		u8 ans[T0_ANSWER_MAX];

		HOLDS(len == 5 + a.nc && len <= T0_TPDU_MAX && !memcmp(buf, apdu, 4));
		HOLDS(!memcmp(buf + 5, apdu + a.data, a.nc));
		HOLDS(buf[4] == (a.nc ? a.nc : a.ne > 255 ? 0 : a.ne));
		HOLDS(ccid_t0_start(&t, buf, len, ans) == T0_SEND);
	}
	free(apdu);
	free(buf);
}

/* --- the hostile card */

static void fuzz_hostile(struct input *in)
{
	u32 len = take16(in) % (T0_TPDU_MAX + 4), out = 0, asked = 0;
	u8 *tpdu, *ans = malloc(T0_ANSWER_MAX);
	enum t0_action action;
	bool honest_length;
	struct t0 t;

	tpdu = take_copy(in, len);
	action = ccid_t0_start(&t, tpdu, len, ans);
	while (action == T0_SEND) {
		u32 n;
		u8 *rx;

		HOLDS(t.tx == tpdu + out && out + t.tx_len <= len);
		HOLDS(t.expect >= 1 && t.expect <= 256 && t.ans_len <= T0_ANSWER_MAX);
		out += t.tx_len;
		asked += t.data ? t.expect : 0;
		HOLDS(asked <= 256);
		honest_length = take(in) < 0xf0;
		n = honest_length ? t.expect : take(in);
		if (!in->len)
			n = 0;
		rx = take_copy(in, n);
		action = ccid_t0_step(&t, rx, n);
		HOLDS(action == T0_FAIL || (n && in->p));
		free(rx);
	}
	HOLDS(out <= len && t.ans_len <= T0_ANSWER_MAX);
	HOLDS(action != T0_DONE || (t.ans_len >= 2 && t.ans_len == asked + 2));
	free(tpdu);
	free(ans);
}

/* --- the honest card */

struct card {
	struct input *in;
	u8 seen[T0_TPDU_MAX];
	u32 seen_len, wanted;	/* bytes of the command: received, and expected */
	u32 given, total;	/* bytes of the answer */
	u8 sw[2];
	unsigned int sw_given;
	bool incoming;
};

static u8 answer_byte(u32 i)
{
	return i * 11 + 3;
}

/* Send the card's next bytes: one procedure byte and the data after it. */
static u32 card_says(struct card *c, u8 *out)
{
	u8 ins = c->seen[1], whim = take(c->in);
	u32 left, n = 0;

	if (c->sw_given) {
		out[n++] = c->sw[1];
		return n;
	}
	if (whim == 1) {
		out[n++] = 0x60;
		return n;
	}
	left = c->incoming ? c->total - c->given : c->total - (c->seen_len - 5);
	if (!left || whim == 2) {
		c->sw_given = 1;
		out[n++] = c->sw[0];
		return n;
	}
	if (whim & 4) {
		out[n++] = ~ins;
		left = 1;
	} else {
		out[n++] = ins;
	}
	if (c->incoming)
		while (left--)
			out[n++] = answer_byte(c->given++);
	else
		c->wanted += left;
	return n;
}

static void fuzz_honest(struct input *in)
{
	u8 tpdu[T0_TPDU_MAX], ans[T0_ANSWER_MAX], line[300];
	struct card c = { .in = in, .wanted = 5 };
	u32 len, i, asked, queued = 0;
	enum t0_action action;
	struct t0 t;

	for (i = 0; i < 5; i++)
		tpdu[i] = take(in);
	if ((tpdu[1] & 0xf0) == 0x60 || (tpdu[1] & 0xf0) == 0x90)
		return;		/* not an INS */
	c.incoming = take(in) & 1;
	len = c.incoming ? 5 : 5 + tpdu[4];
	for (i = 5; i < len; i++)
		tpdu[i] = i * 3;
	if (len == 5)
		c.incoming = true;
	c.total = c.incoming ? (tpdu[4] ? tpdu[4] : 256) : tpdu[4];
	c.sw[0] = take(in) & 1 ? 0x61 : 0x90;
	c.sw[1] = take(in);

	action = ccid_t0_start(&t, tpdu, len, ans);
	while (action == T0_SEND) {
		HOLDS(c.seen_len + t.tx_len <= len);
		memcpy(c.seen + c.seen_len, t.tx, t.tx_len);
		c.seen_len += t.tx_len;
		/* the host never sends unexpected bytes */
		HOLDS(c.seen_len == c.wanted);
		if (!queued)
			queued = card_says(&c, line);
		asked = t.expect;
		HOLDS(asked <= queued);
		action = ccid_t0_step(&t, line, asked);
		queued -= asked;
		memmove(line, line + asked, queued);
	}
	HOLDS(action == T0_DONE && !queued);
	HOLDS(!memcmp(c.seen, tpdu, c.seen_len));
	HOLDS(t.ans_len == c.given + 2 && !memcmp(ans + c.given, c.sw, 2));
	for (i = 0; i < c.given; i++)
		HOLDS(ans[i] == answer_byte(i));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input in = { data, len };

	switch (take(&in) % 3) {
	case 0:
		fuzz_tpdu(&in);
		break;
	case 1:
		fuzz_hostile(&in);
		break;
	default:
		fuzz_honest(&in);
	}
	return 0;
}
