// SPDX-License-Identifier: GPL-2.0-or-later
#include "t1_card.h"
#include "t1_script.h"
#include "unit.h"

#define SCRIPT_SIZE	1000

static const char *const s_names[] = { "RESYNCH", "IFS", "ABORT", "WTX" };

struct play {
	const struct t1_scenario *s;
	struct t1 t;
	enum t1_action action;
	u8 *cmd, *ans;
	u8 tx[T1_BLOCK_MAX];
};

/* A block as it is written in a script; its length */
static u32 make_block(u8 *out, const char *text, u8 nad, bool crc)
{
	const char *field = "";
	unsigned int type;
	u8 *inf;
	u32 n;

	out[0] = nad;
	if (*text == 'I' && isdigit((unsigned char)text[1])) {
		out[1] = (text[1] - '0') << 6 | (text[2] - '0') << 5;
		if (text[3] == ':')
			field = text + 4;
	} else if (*text == 'R' && isdigit((unsigned char)text[1])) {
		out[1] = 0x80 | (text[1] - '0') << 4;
		if (text[2] == '/')
			out[1] |= text[3] - '0';
	} else {
		for (type = 0; strncmp(text, s_names[type], strlen(s_names[type])); type++)
			if (type + 1 == ARRAY_SIZE(s_names)) {
				FAIL("no block: %s", text);
				break;
			}
		text += strlen(s_names[type]);
		out[1] = 0xc0 | type | (*text == '!' ? 0x20 : 0);
		field = text + 1;
	}
	inf = scard_test_hex(field, &n);
	out[2] = n;
	memcpy(out + 3, inf, n);
	scard_test_free(inf);
	t1_edc_put(crc, out, 3 + n);
	return 3 + n + t1_edc_len(crc);
}

void scard_test_t1_used(struct t1 *t)
{
	static const u8 other[9];

	t->sent = T1_SENT_R;
	t->before = T1_SENT_R;
	t->cmd = other;
	t->cmd_len = sizeof(other);
	t->cmd_off = 3;
	t->chunk = 2;
	t->ans_len = 1;
	t->answered = true;
	t->wtx = 7;
	t->retries = 2;
	t->resynchs = 2;
	t->steps = U32_MAX - 1;
	t->secure = true;
	t->deferred = true;
	t->error = -EMSGSIZE;
}

static void begin(struct play *p, const char *command)
{
	u32 len, room = p->s->room ? p->s->room : 300;

	scard_test_free(p->cmd);
	scard_test_free(p->ans);
	p->cmd = scard_test_hex(command, &len);
	p->ans = scard_test_alloc(room);
	scard_test_t1_used(&p->t);
	p->action = ccid_t1_start(&p->t, p->cmd, len, p->ans, room, p->tx);
}

static void expect_sent(struct play *p, const char *text)
{
	u8 want[CARD_BLOCK_MAX];
	u32 len = make_block(want, text, p->s->nad, p->s->crc);

	if (p->action == T1_SEND && p->t.tx_len == len && !memcmp(p->tx, want, len))
		return;
	FAIL("%s expected, action %d, PCB %02X, LEN %u", text, p->action, p->tx[1], p->tx[2]);
	if (p->action == T1_SEND)	/* show it */
		CHECK_HEX(p->tx, p->t.tx_len, "");
}

static void receive(struct play *p, const char *text)
{
	u8 block[CARD_BLOCK_MAX], *copy;
	u32 len = 0;

	CHECK_EQ(p->action, T1_SEND);
	if (*text == '#') {
		copy = scard_test_hex(text + 1, &len);
	} else {
		bool garbled = *text == '~';

		if (*text != '-')
			len = make_block(block, text + garbled, p->s->nad << 4 | p->s->nad >> 4,
					 p->s->crc);
		if (garbled)
			block[len - 1] ^= 0x40;
		copy = scard_test_alloc(len ? len : 1);
		memcpy(copy, block, len);
	}
	memset(p->tx, 0xa5, sizeof(p->tx));
	p->action = ccid_t1_step(&p->t, copy, len, p->tx);
	scard_test_free(copy);
}

static void word(struct play *p, const char *text)
{
	switch (*text) {
	case '$':
		begin(p, text + 1);
		break;
	case '^':
		scard_test_t1_used(&p->t);
		p->action = ccid_t1_start_ifs(&p->t, scard_test_number(text + 1, 16), p->tx);
		break;
	case '>':
		expect_sent(p, text + 1);
		break;
	case '<':
		receive(p, text + 1);
		break;
	case '*':
		CHECK_EQ(p->t.wtx, scard_test_number(text + 1, 10));
		break;
	case '=':
		CHECK_EQ(p->action, T1_DONE);
		CHECK_HEX(p->ans, p->t.ans_len, text + 1);
		break;
	case '!':
		CHECK_EQ(p->action, T1_FAIL);
		CHECK_EQ(p->t.error, strcmp(text, "!EIO") ? -EMSGSIZE : -EIO);
		break;
	default:
		FAIL("no word: %s", text);
	}
}

void scard_test_t1(const char *group, const struct t1_scenario *s)
{
	char *script = scard_test_alloc(SCRIPT_SIZE), *rest = script, *text;
	struct play p = { .s = s };

	STEP("%s: %s", group, s->name);
	snprintf(script, SCRIPT_SIZE, "%s", s->script);
	ccid_t1_init(&p.t, s->ifsc ? s->ifsc : 32, s->crc);
	p.t.ifsd = s->ifsd ? s->ifsd : 254;
	p.t.nad = s->nad;
	while ((text = strsep(&rest, " ")))
		if (*text)
			word(&p, text);
	scard_test_free(p.cmd);
	scard_test_free(p.ans);
	scard_test_free(script);
}
