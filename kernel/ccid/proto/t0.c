// SPDX-License-Identifier: GPL-2.0
/*
 * T=0: which TPDU a command APDU becomes, and the procedure bytes where the reader
 * leaves them to the host. 61xx and 6Cxx are answers like any other: what to do
 * about them is the application's business.
 */
#include "apdu.h"
#include "t0.h"

#define T0_NULL		0x60

/*
 * A card may ask for time as often as it likes; how long all of it may take is
 * limited elsewhere. This many NULL bytes are a loop.
 */
#define T0_NULLS_MAX	100000

/**
 * t0_tpdu() - make a command APDU into a command TPDU, in place
 * @buf: the APDU; room for T0_HEADER_LEN bytes at least
 * @len: bytes of it, going in and coming out
 *
 * ISO 7816-3 section 12.2: case 1 gets P3 = 0; case 4 loses Le, and the card says
 * with 61xx that there is an answer; extended lengths that fit become short ones.
 * Anything that is not an APDU is left as it is: it may be a TPDU of the caller's.
 *
 * Return: 0 or -EINVAL: longer than T=0 can carry
 */
int t0_tpdu(u8 *buf, u32 *len)
{
	struct apdu apdu;

	if (apdu_parse(&apdu, buf, *len))
		return *len > T0_TPDU_MAX ? -EINVAL : 0;
	if (apdu.nc > 255)
		return -EINVAL;
	if (apdu.nc) {
		buf[4] = apdu.nc;
		if (apdu.data != T0_HEADER_LEN)
			memmove(buf + T0_HEADER_LEN, buf + apdu.data, apdu.nc);
	} else {
		/* 256 is 0; more than that cannot be asked for, so ask for most */
		buf[4] = apdu.ne < 256 ? apdu.ne : 0;
	}
	*len = T0_HEADER_LEN + apdu.nc;
	return 0;
}

static enum t0_action t0_send(struct t0 *t, u32 n, u32 expect, bool data)
{
	t->tx = t->tpdu + t->sent;
	t->tx_len = n;
	t->sent += n;
	t->expect = expect;
	t->data = data;
	return T0_SEND;
}

static enum t0_action t0_listen(struct t0 *t)
{
	return t0_send(t, 0, 1, false);
}

/**
 * t0_start() - begin a command
 * @t: the state
 * @tpdu: the command TPDU, T0_HEADER_LEN bytes or more; must stay there
 * @len: bytes of it
 * @ans: T0_ANSWER_MAX bytes for the answer
 *
 * Return: T0_SEND, or T0_FAIL if it is no TPDU
 */
enum t0_action t0_start(struct t0 *t, const u8 *tpdu, u32 len, u8 *ans)
{
	memset(t, 0, sizeof(*t));
	if (len < T0_HEADER_LEN || len > T0_TPDU_MAX ||
	    (len > T0_HEADER_LEN && len != (u32)T0_HEADER_LEN + tpdu[4]))
		return T0_FAIL;
	t->tpdu = tpdu;
	t->len = len;
	t->ans = ans;
	t->incoming = len == T0_HEADER_LEN;
	if (t->incoming)
		t->left = tpdu[4] ? tpdu[4] : 256;
	return t0_send(t, T0_HEADER_LEN, 1, false);
}

/* The card wants the next @n bytes, or is about to send as many. */
static enum t0_action t0_transfer(struct t0 *t, bool all)
{
	if (t->incoming) {
		if (!t->left)
			return T0_FAIL;
		return t0_send(t, 0, all ? t->left : 1, true);
	}
	if (t->sent == t->len)
		return T0_FAIL;
	return t0_send(t, all ? t->len - t->sent : 1, 1, false);
}

static enum t0_action t0_procedure(struct t0 *t, u8 byte)
{
	u8 ins = t->tpdu[1];

	if (byte == T0_NULL) {
		if (++t->nulls > T0_NULLS_MAX)
			return T0_FAIL;
		return t0_listen(t);
	}
	if ((byte & 0xf0) == 0x60 || (byte & 0xf0) == 0x90) {
		t->ans[t->ans_len++] = byte;
		t->in_sw = true;
		return t0_listen(t);
	}
	if (byte == ins)
		return t0_transfer(t, true);
	if ((byte ^ ins) == 0xff)
		return t0_transfer(t, false);
	return T0_FAIL;
}

/**
 * t0_step() - process bytes of the card
 * @t: the state
 * @rx: the bytes that were asked for
 * @rx_len: number of them
 *
 * Return: the next action
 */
enum t0_action t0_step(struct t0 *t, const u8 *rx, u32 rx_len)
{
	if (rx_len != t->expect)
		return T0_FAIL;
	if (t->data) {
		memcpy(t->ans + t->ans_len, rx, rx_len);
		t->ans_len += rx_len;
		t->left -= rx_len;
		return t0_listen(t);
	}
	if (t->in_sw) {
		t->ans[t->ans_len++] = rx[0];
		return T0_DONE;
	}
	return t0_procedure(t, rx[0]);
}
