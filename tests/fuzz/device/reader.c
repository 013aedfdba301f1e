// SPDX-License-Identifier: GPL-2.0-or-later
/* See reader.h. */
#include <errno.h>
#include <string.h>

#include "bytes.h"
#include "card.h"
#include "reader.h"
#include "wire.h"

#define HEADER		10
#define SLOTS		16

/* bMessageType; what answers it */
#define POWER_ON	0x62
#define POWER_OFF	0x63
#define XFR_BLOCK	0x6f
#define SECURE		0x69
#define ESCAPE		0x6b
#define GET_PARAMETERS	0x6c
#define RESET_PARAMETERS 0x6d
#define SET_PARAMETERS	0x61
#define SET_RATE	0x73
#define DATA_BLOCK	0x80
#define SLOT_STATUS	0x81
#define PARAMETERS	0x82
#define ESCAPED		0x83
#define RATE		0x84

/* Requests of ICCD and CCID */
#define ICCD_XFR_BLOCK	0x65
#define ICCD_DATA_BLOCK	0x6f
#define ICCD_STATUS	0x81
#define ICCD_A_STATUS	0xa0
#define GET_RATES	0x03

static struct fuzz_case now;		/* its answers */
static unsigned int next;		/* of them */
static bool configured;
static uint8_t icc[SLOTS];		/* 0 on, 1 off, 2 absent */
static uint8_t message[CARD_MAX + HEADER];
static uint8_t old[HEADER + 64];	/* the last answer */
static size_t old_len;
static uint8_t asked[HEADER + 300];	/* the last message, unless it was answered well */
static size_t asked_len;
static uint8_t token[CARD_MAX];		/* what an ICCD token has to say */
static size_t token_len;
static uint8_t token_state;
static size_t tpdu_len;

void reader_plugged(const struct fuzz_case *c)
{
	configured = false;
	memset(icc, 1, sizeof(icc));
	card_init(c->head);
	now = *c;
	next = 0;
	asked_len = 0;
	old_len = 0;
	token_len = 0;
}

bool reader_configured(void)
{
	return configured;
}

static struct fuzz_answer take_answer(void)
{
	struct fuzz_answer a = { 0 };

	if (next < now.answers && next < ANSWERS)
		a = now.answer[next++];
	a.how %= HOWS;
	shared->answered[a.how]++;
	return a;
}

/* ---- interrupts ---- */

static void notify_cards(uint8_t changed)
{
	uint8_t b[1 + SLOTS / 4] = { 0x50 };
	unsigned int i, len = 1 + (desc.slots + 3) / 4;

	for (i = 0; i < desc.slots; i++) {
		b[1 + i / 4] |= (uint8_t)((icc[i] != 2) << 2 * (i % 4));
		if (i == changed % desc.slots)
			b[1 + i / 4] |= (uint8_t)(2 << 2 * (i % 4));
	}
	wire_push(EP_INTR, 0, b, len, 0);
}

static void notify_wrong(uint8_t what, uint8_t arg, uint8_t value)
{
	uint8_t b[256];

	memset(b, value, sizeof(b));
	b[0] = what % 3 ? 0x50 : 0x51;
	switch (what % 8) {
	case 0:			/* a hardware error */
		b[1] = arg;
		b[2] = value;
		wire_push(EP_INTR, 0, b, 4, 0);
		break;
	case 1:
		wire_push(EP_INTR, 0, b, arg % 9, 0);
		break;
	case 2:
		b[0] = value;
		wire_push(EP_INTR, 0, b, arg, 0);
		break;
	case 3:
		wire_push(EP_INTR, -EPIPE, b, 0, 0);
		break;
	case 4:
		wire_push(EP_INTR, arg % 2 ? -EPROTO : -EILSEQ, b, 0, 0);
		break;
	case 5:			/* many */
		for (what = 0; what < 20; what++)
			wire_push(EP_INTR, 0, b, 2, what);
		break;
	default:
		wire_push(EP_INTR, 0, b, 2, arg % 16);
	}
}

void reader_order(const struct fuzz_call *call)
{
	const uint8_t *v = call->v;
	uint8_t slot = (uint8_t)(v[1] % desc.slots);

	switch (call->op) {
	case OP_NOTIFY:
		notify_wrong(v[0], v[1], v[2]);
		break;
	case OP_CARD:
		icc[slot] = icc[slot] == 2 ? 1 : 2;
		if (v[0] % 8)
			notify_cards(slot);
		if (v[0] % 4 == 1) {	/* another card, at once */
			icc[slot] = 1;
			notify_cards(slot);
		}
		break;
	case OP_SPEAK:
		memset(message, v[2], 256);
		if (v[0] % 2 && old_len)
			wire_push(EP_IN, 0, old, old_len, 0);
		else
			wire_push(EP_IN, v[0] % 4 ? 0 : -EPROTO, message, v[1], 0);
		break;
	default:
		wire_unplug();
	}
}

/* ---- messages ---- */

static size_t parameters(uint8_t *out, const uint8_t *in, size_t len)
{
	static const uint8_t defaults[] = { 0x11, 0x10, 0x00, 0x4d, 0x00, 0x20, 0x00 };

	if (in[0] == SET_PARAMETERS && len > HEADER) {
		memcpy(out, in + HEADER, len - HEADER);
		return len - HEADER;
	}
	memcpy(out, defaults, sizeof(defaults));
	return in[7] == 1 ? 7 : 5;
}

/* What a good reader says: the length of @message */
static size_t good_answer(const uint8_t *in, size_t len, const struct fuzz_answer *a)
{
	uint8_t *slot = &icc[in[5] % SLOTS], *data = message + HEADER;
	size_t n = 0;

	memset(message, 0, HEADER);
	message[0] = SLOT_STATUS;
	message[5] = in[5];
	message[6] = in[6];
	if (*slot == 2 && in[0] != ESCAPE) {
		message[7] = in[0] == 0x65 || in[0] == 0x72 || in[0] == POWER_OFF ? 2 : 0x42;
		message[8] = message[7] & 0x40 ? 0xfe : 0;
		if (in[0] == POWER_ON || in[0] == XFR_BLOCK || in[0] == SECURE)
			message[0] = DATA_BLOCK;
		return HEADER;
	}
	switch (in[0]) {
	case POWER_ON:
		message[0] = DATA_BLOCK;
		*slot = 0;
		n = card_spoil(data, card_atr(data), a);
		break;
	case POWER_OFF:
		*slot = 1;
		break;
	case XFR_BLOCK:
	case SECURE:
		message[0] = DATA_BLOCK;
		if (desc.level == LEVEL_EXTENDED && in[0] == XFR_BLOCK && in[8] & 1) {
			message[9] = 0x10;	/* go on */
			break;
		}
		n = card_answer(in + HEADER, len - HEADER, get_le16(in + 8), data, a);
		if (a->data % DATAS == DATA_CHAIN)
			message[9] = in[8] == 0x10 ? 3 : 1;
		else if (in[8] == 0x10)
			message[9] = 2;
		break;
	case ESCAPE:
		message[0] = ESCAPED;
		n = card_spoil(data, 0, a);
		break;
	case GET_PARAMETERS:
	case RESET_PARAMETERS:
	case SET_PARAMETERS:
		message[0] = PARAMETERS;
		message[9] = in[7];
		n = card_spoil(data, parameters(data, in, len), a);
		break;
	case SET_RATE:
		message[0] = RATE;
		n = 8;
		memset(data, 1, n);
		break;
	default:
		break;
	}
	message[7] = *slot;
	put_le32(message + 1, (uint32_t)n);
	return HEADER + n;
}

static void say(size_t len, unsigned int ms)
{
	wire_push(EP_IN, 0, message, len, ms);
}

static void put_len(uint8_t arg, size_t len)
{
	static const uint32_t lengths[] = {
		0, 1, 0xffffffff, 0x7fffffff, 0x10000, 0xfffffff6, 261,
	};
	uint32_t n = (uint32_t)len - HEADER;

	put_le32(message + 1, arg < 64 ? lengths[arg % ARRAY_SIZE(lengths)] :
		 arg < 128 ? n + 1 + arg % 4 : arg < 192 ? n - 1 - arg % 4 : 256U * arg);
}

/* The header or the length is wrong, or there is more than one; false: it is none of these */
static bool say_wrong(const struct fuzz_answer *a, size_t len)
{
	static const uint8_t errors[] = { 0, 0xff, 0xfe, 0xfd, 0xfb, 0xf8, 0xf0, 0xef, 0xe0, 0xbb };
	uint8_t arg = a->arg;
	size_t n = len, cut = 1 + arg % (len > 1 ? len - 1 : 1);

	switch (a->how) {
	case HOW_FAIL:
		message[7] |= 0x40;
		message[8] = arg < 128 ? errors[arg % ARRAY_SIZE(errors)] : arg;
		if (arg % 2) {
			put_le32(message + 1, 0);
			n = HEADER;
		}
		break;
	case HOW_NO_CARD:
		message[7] = (uint8_t)(0x40 | (arg % 2 + 1));
		message[8] = 0xfe;
		break;
	case HOW_OTHER_SEQ:
		message[6] += arg < 128 ? 0xff : arg;
		break;
	case HOW_OTHER_SLOT:
		message[5] = arg < 128 ? arg % 16 : arg;
		break;
	case HOW_OTHER_TYPE:
		message[0] = arg < 192 ? DATA_BLOCK + arg % 5 : arg;
		break;
	case HOW_OTHER_LEN:
		put_len(arg, len);
		break;
	case HOW_STATUS:
		message[7] = arg;
		break;
	case HOW_ERROR:
		message[8] = arg;
		break;
	case HOW_PARAM:
		message[9] = arg;
		break;
	case HOW_SHORT:
		n = arg % len;
		break;
	case HOW_LONG:
		memset(message + n, arg, arg + 1U);
		n += arg + 1U;
		break;
	case HOW_SPLIT:
		say(cut, 0);
		wire_push(EP_IN, 0, message + cut, len - cut, arg % 32);
		return true;
	case HOW_TWICE:
		if (2 * len > sizeof(message))
			break;
		memcpy(message + len, message, len);
		n = 2 * len;
		break;
	case HOW_AGAIN:
		say(n, 0);
		break;
	case HOW_OLD:
		wire_push(EP_IN, 0, old, old_len, 0);
		break;
	case HOW_EMPTY:
		wire_push(EP_IN, 0, old, 0, 0);
		break;
	default:
		return false;
	}
	say(n, 0);
	return true;
}

static int line_error(uint8_t arg)
{
	static const int errors[] = { -EPROTO, -EILSEQ, -ETIME, -EREMOTEIO, -EIO, -ECONNRESET };

	return errors[arg % ARRAY_SIZE(errors)];
}

/* What comes at another time, or is none */
static void say_as(const struct fuzz_answer *a, size_t len, const uint8_t *in)
{
	uint8_t status, i;

	switch (a->how) {
	case HOW_EXTEND:
		status = message[7];
		message[7] |= 0x80;
		message[8] = a->arg < 128 ? 1 : a->arg;
		for (i = 0; i < a->arg % 4 + 1; i++)
			say(HEADER, i);
		message[7] = status;
		message[8] = 0;
		say(len, a->arg % 16);
		break;
	case HOW_GARBAGE:
		memset(message, a->more, 512);
		memcpy(message, in, a->arg % HEADER);
		say(a->arg, 0);
		break;
	case HOW_STALL_IN:
		wire_push(EP_IN, -EPIPE, NULL, 0, 0);
		break;
	case HOW_BABBLE:
		wire_push(EP_IN, -EOVERFLOW, message, len < 64 ? len : 64, 0);
		break;
	case HOW_BAD_IN:
		wire_push(EP_IN, line_error(a->arg), NULL, 0, 0);
		break;
	case HOW_STALL_OUT:
	case HOW_BAD_OUT:
		if (a->more % 2)
			say(len, 0);
		break;
	case HOW_SILENT:
		break;
	case HOW_LATE:
		say(len, a->arg);
		break;
	case HOW_NOTIFY:
		notify_wrong(a->arg, a->more, a->arg);
		say(len, 0);
		break;
	default:
		say(len, 0);
	}
}

static void bulk_out(const struct transfer *t)
{
	struct fuzz_answer a = take_answer();
	uint8_t in[CARD_MAX];
	size_t len = t->length;
	int status = 0;

	if (t->length < HEADER || t->length > sizeof(in) || a.how == HOW_UNPLUG) {
		wire_unplug();
		return;
	}
	memcpy(in, t->data, len);
	if (a.how == HOW_STALL_OUT)
		status = -EPIPE;
	if (a.how == HOW_BAD_OUT)
		status = line_error(a.arg);
	if (a.how == HOW_EARLY)
		wire_reply_later(t, 0, len, 1 + a.arg % 32);
	else
		wire_reply(t, status, NULL, status ? 0 : len);
	len = good_answer(in, len, &a);
	if (!say_wrong(&a, len))
		say_as(&a, len, in);
	old_len = len < sizeof(old) ? len : sizeof(old);
	memcpy(old, message, old_len);
	asked_len = a.how && t->length <= sizeof(asked) ? t->length : 0;
	memcpy(asked, in, asked_len);
}

/* What waits for the last case may wait for long. */
void reader_begin(const struct fuzz_case *c)
{
	static const struct fuzz_answer well;

	now = *c;
	next = 0;
	if (asked_len)
		say(good_answer(asked, asked_len, &well), 0);
	asked_len = 0;
}

/* ---- requests ---- */

/* The reader's answer to a class request for data: its length */
static size_t class_in(uint8_t request, uint8_t *out, const struct fuzz_answer *a)
{
	size_t n = 0;

	switch (request) {
	case POWER_ON:
		return card_spoil(out, card_atr(out), a);
	case ICCD_STATUS:
		out[0] = 0;
		out[1] = icc[0];
		out[2] = 0;
		return card_spoil(out, 3, a);
	case ICCD_A_STATUS:
		out[0] = token_state;
		return card_spoil(out, 1, a);
	case ICCD_DATA_BLOCK:
		n = token_len;
		if (desc.level == LEVEL_ICCD_A && token_state == 0x20) {
			memcpy(out, token + (n > 2 ? n - 2 : 0), 2);
			return card_spoil(out, 2, a);
		}
		if (desc.level == LEVEL_ICCD_A)
			n = n > 2 ? n - 2 : 0;
		memcpy(out, token, n);
		token_state = 0x20;
		return card_spoil(out, n, a);
	case GET_RATES:
		for (n = 0; n < 5; n++)
			put_le32(out + 4 * n, 10752U << n);
		return card_spoil(out, 4 * n, a);
	default:
		memset(out, 0, 16);
		return card_spoil(out, 16, a);
	}
}

/* A token takes a command: what it says then is in @token. */
static void class_out(const struct transfer *t, const struct fuzz_answer *a)
{
	static const struct fuzz_answer well;
	uint8_t first = 0;
	size_t n = t->length;

	if (t->setup[1] == POWER_ON) {
		token[0] = 0;
		token_len = 1 + card_atr(token + 1);
		icc[0] = 0;
	}
	if (t->setup[1] == POWER_OFF)
		icc[0] = 1;
	if (t->setup[1] != ICCD_XFR_BLOCK)
		return;
	if (desc.level == LEVEL_ICCD_A) {
		token_state = n == 5 && tpdu_len != 5 ? 0x10 : 0x20;
		tpdu_len = n == 5 && tpdu_len != 5 ? 5 : 0;
		token_len = card_answer(t->data, n, 0, token, &well);
		return;
	}
	if (a->how == HOW_EXTEND && !(a->arg % 4)) {
		static const uint8_t busy[] = { 0x80, 1, 0 };

		memcpy(token, busy, sizeof(busy));
		token_len = sizeof(busy);
		return;
	}
	if (t->setup[3] & 1)
		first = 0x10;
	else if (a->data % DATAS == DATA_CHAIN)
		first = t->setup[3] == 0x10 ? 3 : 1;
	else if (t->setup[3] == 0x10)
		first = 2;
	token[0] = a->how == HOW_PARAM ? a->arg : a->how == HOW_FAIL ? 0x40 : first;
	token_len = 1 + (first == 0x10 ? 0 : card_answer(t->data, n, t->setup[3], token + 1, a));
	if (a->how == HOW_FAIL) {
		token[1] = a->arg % 4;
		token[2] = a->more;
		token_len = 3;
	}
}

static void class_request(const struct transfer *t)
{
	struct fuzz_answer a = take_answer();
	bool in = t->setup[0] & 0x80;
	size_t n;

	switch (a.how) {
	case HOW_STALL_IN:
	case HOW_STALL_OUT:
		wire_reply(t, -EPIPE, NULL, 0);
		return;
	case HOW_BAD_IN:
	case HOW_BAD_OUT:
		wire_reply(t, line_error(a.arg), NULL, 0);
		return;
	case HOW_BABBLE:
		wire_reply(t, -EOVERFLOW, NULL, 0);
		return;
	case HOW_SILENT:
		wire_reply_later(t, -ETIMEDOUT, 0, 60000);
		return;
	case HOW_UNPLUG:
		wire_unplug();
		return;
	case HOW_LATE:
		if (in)
			break;
		class_out(t, &a);
		wire_reply_later(t, 0, t->length, a.arg);
		return;
	default:
		break;
	}
	if (!in) {
		class_out(t, &a);
		wire_reply(t, 0, NULL, t->length);
		return;
	}
	n = class_in(t->setup[1], message, &a);
	if (a.how == HOW_GARBAGE) {
		n = a.arg;
		memset(message, a.more, n);
	}
	if (a.how == HOW_SHORT)
		n = n ? a.arg % n : 0;
	if (a.how == HOW_STATUS || a.how == HOW_ERROR)
		message[a.how == HOW_ERROR && n > 1] = a.arg;
	if (n > t->length && a.how != HOW_LONG)
		n = t->length;
	wire_reply(t, 0, message, n);
}

static void standard_request(const struct transfer *t)
{
	static uint8_t buf[512];
	int n = -1;

	switch (t->setup[1]) {
	case 0x06:	/* GET_DESCRIPTOR */
		n = desc_get(t->setup[3], t->setup[2], buf, sizeof(buf));
		break;
	case 0x00:	/* GET_STATUS */
		memset(buf, 0, 2);
		n = 2;
		break;
	case 0x09:	/* SET_CONFIGURATION */
		configured = true;
		__attribute__((fallthrough));
	case 0x01:	/* features, address, interface */
	case 0x03:
	case 0x05:
	case 0x0b:
		n = 0;
		break;
	default:
		break;
	}
	if (n > (int)t->length)
		n = (int)t->length;
	if (n < 0)
		wire_reply(t, -EPIPE, NULL, 0);
	else
		wire_reply(t, 0, buf, t->ep & 0x80 ? (size_t)n : t->length);
}

void reader_transfer(const struct transfer *t)
{
	if (t->ep & 0x0f)
		bulk_out(t);
	else if (t->setup[0] & 0x60)
		class_request(t);
	else
		standard_request(t);
}
