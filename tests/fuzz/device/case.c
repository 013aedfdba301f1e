// SPDX-License-Identifier: GPL-2.0-or-later
/* See case.h. */
#include <stdio.h>
#include <string.h>

#include "case.h"
#include "choice.h"
#include "random.h"

static const struct choice ops[OPS] = {
	[OP_OPEN] = { "open", 3 },
	[OP_CLOSE] = { "close", 3 },
	[OP_NONBLOCK] = { "nonblock", 1 },
	[OP_INFO] = { "GET_INFO", 1 },
	[OP_STATUS] = { "GET_STATUS", 3 },
	[OP_CONNECT] = { "CONNECT", 10 },
	[OP_RECONNECT] = { "RECONNECT", 8 },
	[OP_DISCONNECT] = { "DISCONNECT", 5 },
	[OP_BEGIN] = { "BEGIN", 2 },
	[OP_END] = { "END", 2 },
	[OP_TRANSMIT] = { "TRANSMIT", 6 },
	[OP_CONTROL] = { "CONTROL", 6 },
	[OP_GET_ATTR] = { "GET_ATTR", 4 },
	[OP_SET_ATTR] = { "SET_ATTR", 2 },
	[OP_CANCEL] = { "CANCEL", 1 },
	[OP_HANDLES] = { "GET_HANDLES", 1 },
	[OP_OTHER] = { "other-ioctl", 1 },
	[OP_APDU] = { "apdu", 16 },
	[OP_PIN] = { "pin", 6 },
	[OP_POLL] = { "poll", 2 },
	[OP_FORK] = { "fork", 4 },
	[OP_DIE] = { "die", 1 },
	[OP_PAUSE] = { "pause", 2 },
	[OP_NOTIFY] = { "notify", 4 },
	[OP_CARD] = { "card", 5 },
	[OP_SPEAK] = { "speak", 3 },
	[OP_UNPLUG] = { "unplug", 1 },
	[OP_SLEEP] = { "sleep", 2 },
	[OP_UNBIND] = { "unbind", 2 },
	[OP_RESET] = { "reset", 1 },
	[OP_LOOK] = { "look", 2 },
};

static const struct choice hows[HOWS] = {
	[HOW_WELL] = { "well", 240 },
	[HOW_FAIL] = { "fail", 6 },
	[HOW_EXTEND] = { "extend", 6 },
	[HOW_NO_CARD] = { "no-card", 3 },
	[HOW_OTHER_SEQ] = { "other-seq", 5 },
	[HOW_OTHER_SLOT] = { "other-slot", 4 },
	[HOW_OTHER_TYPE] = { "other-type", 4 },
	[HOW_OTHER_LEN] = { "other-len", 5 },
	[HOW_STATUS] = { "status", 5 },
	[HOW_ERROR] = { "error", 3 },
	[HOW_PARAM] = { "param", 4 },
	[HOW_SHORT] = { "short", 4 },
	[HOW_LONG] = { "long", 4 },
	[HOW_SPLIT] = { "split", 5 },
	[HOW_TWICE] = { "twice", 3 },
	[HOW_AGAIN] = { "again", 4 },
	[HOW_OLD] = { "old", 4 },
	[HOW_EMPTY] = { "empty", 3 },
	[HOW_GARBAGE] = { "garbage", 5 },
	[HOW_STALL_IN] = { "stall-in", 4 },
	[HOW_STALL_OUT] = { "stall-out", 4 },
	[HOW_BABBLE] = { "babble", 3 },
	[HOW_BAD_IN] = { "bad-in", 3 },
	[HOW_BAD_OUT] = { "bad-out", 3 },
	[HOW_SILENT] = { "silent", 4 },
	[HOW_LATE] = { "late", 5 },
	[HOW_EARLY] = { "early", 4 },
	[HOW_NOTIFY] = { "notify", 5 },
	[HOW_UNPLUG] = { "unplug", 1 },
};

const char *fuzz_op_name(unsigned int op)
{
	return op < OPS ? ops[op].name : NULL;
}

static uint8_t any_byte(void)
{
	return (uint8_t)random_below(256);
}

static void fresh_call(struct fuzz_call *call, uint8_t op)
{
	size_t i;

	call->op = op;
	/* most calls are of the first descriptor, which is connected in most cases */
	call->fd = (uint8_t)(random_below(4) ? 0 : random_below(FDS));
	for (i = 0; i < sizeof(call->v); i++)
		call->v[i] = any_byte();
	/* few with bad pointers and reserved words: the ioctl fuzzer has those */
	for (i = 3; i < sizeof(call->v); i++)
		if (random_below(16))
			call->v[i] %= 128;
}

static void fresh_answer(struct fuzz_answer *a)
{
	a->how = choice_draw(hows, HOWS);
	a->arg = any_byte();
	a->data = (uint8_t)(random_below(4) ? 0 : random_below(DATAS));
	a->more = any_byte();
}

static void fresh_head(struct fuzz_case *c)
{
	size_t i;

	for (i = 0; i < HEADS; i++)
		c->head[i] = any_byte();
	/* most devices are valid */
	c->head[HEAD_FLAGS] &= any_byte();
	if (random_below(8))
		c->head[HEAD_ATR_AT] %= 128;
	if (random_below(5))
		c->head[HEAD_CHANGES] = 0;
	if (random_below(3))
		c->head[HEAD_ID] = 0;
	if (random_below(4))
		c->head[HEAD_KILL] = 0;
}

void case_fresh(struct fuzz_case *c)
{
	unsigned int more = 1 + random_below(CALLS - 2), i;

	memset(c, 0, sizeof(*c));
	fresh_head(c);
	c->answers = (uint8_t)random_below(ANSWERS + 1);
	for (i = 0; i < c->answers; i++)
		fresh_answer(&c->answer[i]);
	fresh_call(&c->call[0], OP_OPEN);
	memset(&c->call[0].fd, 0, sizeof(c->call[0]) - 1);
	fresh_call(&c->call[1], OP_CONNECT);
	c->call[1].fd = 0;
	memset(c->call[1].v, 0, sizeof(c->call[1].v));
	c->call[1].v[0] = (uint8_t)random_below(4);
	c->count = 2;
	while (more--)
		fresh_call(&c->call[c->count++], choice_draw(ops, OPS));
}

static void change_calls(struct fuzz_case *c, const struct fuzz_case *other)
{
	unsigned int at = random_below(c->count), i;
	struct fuzz_call *call = &c->call[at];

	switch (random_below(6)) {
	case 0:
		if (c->count < 2)
			break;
		c->count--;
		memmove(call, call + 1, (c->count - at) * sizeof(*call));
		break;
	case 1:
	case 2:
		if (c->count == CALLS)
			break;
		memmove(call + 1, call, (c->count - at) * sizeof(*call));
		c->count++;
		if (random_below(2))
			fresh_call(call, choice_draw(ops, OPS));
		else
			*call = other->call[random_below(other->count)];
		break;
	case 3:
		call->fd = (uint8_t)random_below(FDS);
		break;
	default:
		i = random_below(sizeof(call->v));
		call->v[i] = (uint8_t)(random_below(2) ? random_below(16) : random_below(256));
	}
}

static void change_answers(struct fuzz_case *c, const struct fuzz_case *other)
{
	unsigned int at = random_below(c->answers + 1U);
	struct fuzz_answer *a = &c->answer[at];

	if (at == c->answers) {
		if (c->answers == ANSWERS)
			return;
		c->answers++;
		fresh_answer(a);
		return;
	}
	switch (random_below(6)) {
	case 0:
		c->answers--;
		memmove(a, a + 1, (c->answers - at) * sizeof(*a));
		break;
	case 1:
		*a = other->answer[random_below(ANSWERS)];
		break;
	case 2:
		a->arg = (uint8_t)(random_below(2) ? random_below(16) : random_below(256));
		break;
	case 3:
		a->data = (uint8_t)random_below(DATAS);
		a->more = any_byte();
		break;
	default:
		fresh_answer(a);
	}
}

static void change_head(struct fuzz_case *c)
{
	unsigned int at = random_below(HEADS);

	c->head[at] = any_byte();
	if (at >= HEAD_CHANGE && !c->head[HEAD_CHANGES])
		c->head[HEAD_CHANGES] = 1;
}

void case_change(struct fuzz_case *c, const struct fuzz_case *other)
{
	unsigned int n = 1 + random_below(5);

	while (n--) {
		switch (random_below(8)) {
		case 0:
			change_head(c);
			break;
		case 1:
			memcpy(c->answer, other->answer, sizeof(c->answer));
			c->answers = other->answers;
			break;
		case 2:
		case 3:
		case 4:
			change_answers(c, other);
			break;
		default:
			change_calls(c, other);
		}
	}
}

void case_to_hex(const struct fuzz_case *c, char *hex)
{
	const uint8_t *bytes = (const uint8_t *)c;
	size_t i;

	for (i = 0; i < sizeof(*c); i++)
		sprintf(hex + 2 * i, "%02x", bytes[i]);
}

bool case_from_hex(struct fuzz_case *c, const char *hex)
{
	uint8_t *bytes = (uint8_t *)c;
	unsigned int byte;
	size_t i;

	if (strlen(hex) != 2 * sizeof(*c))
		return false;
	for (i = 0; i < sizeof(*c); i++) {
		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			return false;
		bytes[i] = (uint8_t)byte;
	}
	return c->count && c->count <= CALLS && c->answers <= ANSWERS;
}

void case_print(const struct fuzz_case *c)
{
	char hex[CASE_HEX];
	unsigned int i, k;

	case_to_hex(c, hex);
	printf("# replay: -r %s\n", hex);
	for (i = 0; i < c->answers; i++)
		if (c->answer[i].how % HOWS || c->answer[i].data % DATAS)
			printf("#   answer %u: %s %u, data %u %u\n", i,
			       hows[c->answer[i].how % HOWS].name, c->answer[i].arg,
			       c->answer[i].data % DATAS, c->answer[i].more);
	for (i = 0; i < c->count; i++) {
		printf("#   %-12s fd %u:", fuzz_op_name(c->call[i].op % OPS), c->call[i].fd % FDS);
		for (k = 0; k < sizeof(c->call[i].v); k++)
			printf(" %u", c->call[i].v[k]);
		printf("\n");
	}
	fflush(stdout);
}
