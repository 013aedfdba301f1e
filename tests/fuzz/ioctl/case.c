// SPDX-License-Identifier: GPL-2.0-or-later
/* See case.h. */
#include <stdio.h>
#include <string.h>

#include "case.h"
#include "choice.h"
#include "random.h"

/* How often each operation is drawn for a fresh call */
static const struct choice ops[OPS] = {
	[OP_OPEN] = { "open", 5 },
	[OP_DUP] = { "dup", 2 },
	[OP_CLOSE] = { "close", 4 },
	[OP_NONBLOCK] = { "nonblock", 1 },
	[OP_INFO] = { "GET_INFO", 2 },
	[OP_STATUS] = { "GET_STATUS", 5 },
	[OP_CONNECT] = { "CONNECT", 10 },
	[OP_RECONNECT] = { "RECONNECT", 5 },
	[OP_DISCONNECT] = { "DISCONNECT", 5 },
	[OP_BEGIN] = { "BEGIN", 5 },
	[OP_END] = { "END", 4 },
	[OP_TRANSMIT] = { "TRANSMIT", 10 },
	[OP_CONTROL] = { "CONTROL", 5 },
	[OP_GET_ATTR] = { "GET_ATTR", 4 },
	[OP_SET_ATTR] = { "SET_ATTR", 2 },
	[OP_CANCEL] = { "CANCEL", 2 },
	[OP_HANDLES] = { "GET_HANDLES", 3 },
	[OP_OTHER] = { "other-ioctl", 1 },
	[OP_POLL] = { "poll", 3 },
	[OP_READ] = { "read", 1 },
	[OP_WRITE] = { "write", 1 },
	[OP_FORK] = { "fork", 3 },
	[OP_FREEZE] = { "freeze", 1 },
	[OP_THREAD] = { "thread", 6 },
	[OP_SIGNAL] = { "signal", 2 },
	[OP_PAUSE] = { "pause", 1 },
	[OP_MODE] = { "answers", 4 },
	[OP_CARD] = { "card", 4 },
	[OP_PLUG] = { "plug", 1 },
	[OP_FAIL] = { "fail", 3 },
	[OP_UID] = { "uid", 1 },
	[OP_USER_OPEN] = { "uscard-open", 2 },
	[OP_USER_CREATE] = { "CREATE", 3 },
	[OP_USER_NODE] = { "uscard-node", 2 },
	[OP_USER_TAKE] = { "uscard-read", 3 },
	[OP_USER_SAY] = { "uscard-write", 4 },
	[OP_USER_SERVE] = { "uscard-serve", 3 },
};

const char *fuzz_op_name(unsigned int op)
{
	return op < OPS ? ops[op].name : NULL;
}

static void fresh_call(struct fuzz_call *call, uint8_t op)
{
	size_t i;

	call->op = op;
	/* most calls are of the first descriptor, which is connected in most cases */
	call->fd = (uint8_t)(random_below(3) ? 0 : random_below(FDS));
	for (i = 0; i < sizeof(call->v); i++)
		call->v[i] = (uint8_t)random_below(256);
}

/* Calls without which most others fail at once */
static void begin_card(struct fuzz_case *c)
{
	fresh_call(&c->call[0], OP_OPEN);
	c->call[0].fd = 0;
	c->call[0].v[0] = 0;
	fresh_call(&c->call[1], OP_CONNECT);
	c->call[1].fd = 0;
	memset(c->call[1].v, 0, sizeof(c->call[1].v));
	c->call[1].v[0] = (uint8_t)random_below(3);
	c->count = 2;
}

static void begin_user(struct fuzz_case *c)
{
	fresh_call(&c->call[0], OP_USER_OPEN);
	fresh_call(&c->call[1], OP_USER_CREATE);
	memset(c->call[1].v, 0, sizeof(c->call[1].v));
	fresh_call(&c->call[2], OP_USER_SAY);
	memset(c->call[2].v, 0, sizeof(c->call[2].v));
	c->call[2].v[0] = 3;
	fresh_call(&c->call[3], OP_USER_NODE);
	c->call[3].v[0] = 0;
	c->call[0].fd = 1;
	c->call[1].fd = 1;
	c->call[2].fd = 1;
	c->call[3].fd = 0;
	/* a thread connects while this one serves */
	fresh_call(&c->call[4], OP_THREAD);
	c->call[4].v[0] = 0;
	fresh_call(&c->call[5], OP_CONNECT);
	memset(c->call[5].v, 0, sizeof(c->call[5].v));
	c->call[5].v[0] = 1;
	c->call[5].fd = 0;
	fresh_call(&c->call[6], OP_USER_SERVE);
	c->call[6].fd = 1;
	c->count = (uint8_t)(4 + random_below(4));
}

void case_fresh(struct fuzz_case *c)
{
	unsigned int more = 1 + random_below(CALLS - 8), kind = random_below(8);
	size_t i;

	memset(c, 0, sizeof(*c));
	for (i = 0; i < sizeof(c->head); i++)
		c->head[i] = (uint8_t)random_below(256);
	if (kind < 5)
		begin_card(c);
	else if (kind < 7)
		begin_user(c);
	while (more-- && c->count < CALLS)
		fresh_call(&c->call[c->count++], choice_draw(ops, OPS));
}

static void insert_call(struct fuzz_case *c, const struct fuzz_call *call)
{
	unsigned int at = random_below(c->count + 1U);

	if (c->count == CALLS)
		return;
	memmove(&c->call[at + 1], &c->call[at], (c->count - at) * sizeof(c->call[0]));
	c->call[at] = *call;
	c->count++;
}

static void delete_call(struct fuzz_case *c)
{
	unsigned int at = random_below(c->count);

	if (c->count < 2)
		return;
	c->count--;
	memmove(&c->call[at], &c->call[at + 1], (c->count - at) * sizeof(c->call[0]));
}

/* The first calls of @c, then the last calls of @other */
static void splice(struct fuzz_case *c, const struct fuzz_case *other)
{
	unsigned int keep = 1 + random_below(c->count), from = random_below(other->count);

	while (keep < CALLS && from < other->count)
		c->call[keep++] = other->call[from++];
	c->count = (uint8_t)keep;
}

static void change_byte(struct fuzz_case *c)
{
	struct fuzz_call *call = &c->call[random_below(c->count)];
	const unsigned int at = random_below(random_below(4) ? 4 : sizeof(call->v));
	uint8_t *byte = &call->v[at];

	switch (random_below(8)) {
	case 0:
		call->fd = (uint8_t)random_below(FDS);
		break;
	case 1:
		call->op = choice_draw(ops, OPS);
		break;
	case 2:
		*byte ^= (uint8_t)(1U << random_below(8));
		break;
	case 3:
		c->head[random_below(sizeof(c->head))] = (uint8_t)random_below(256);
		break;
	default:
		*byte = (uint8_t)(random_below(2) ? random_below(16) : random_below(256));
	}
}

void case_change(struct fuzz_case *c, const struct fuzz_case *other)
{
	unsigned int n = 1 + random_below(5);
	struct fuzz_call call;

	while (n--) {
		switch (random_below(8)) {
		case 0:
			splice(c, other);
			break;
		case 1:
			delete_call(c);
			break;
		case 2:
		case 3:
			fresh_call(&call, choice_draw(ops, OPS));
			insert_call(c, &call);
			break;
		case 4:
			insert_call(c, &other->call[random_below(other->count)]);
			break;
		default:
			change_byte(c);
		}
	}
}

static size_t case_size(const struct fuzz_case *c)
{
	return offsetof(struct fuzz_case, call) + c->count * sizeof(c->call[0]);
}

void case_to_hex(const struct fuzz_case *c, char *hex)
{
	const uint8_t *bytes = (const uint8_t *)c;
	size_t i;

	for (i = 0; i < case_size(c); i++)
		sprintf(hex + 2 * i, "%02x", bytes[i]);
}

bool case_from_hex(struct fuzz_case *c, const char *hex)
{
	uint8_t *bytes = (uint8_t *)c;
	size_t i, len = strlen(hex) / 2;
	unsigned int byte;

	memset(c, 0, sizeof(*c));
	if (len > sizeof(*c))
		return false;
	for (i = 0; i < len; i++) {
		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			return false;
		bytes[i] = (uint8_t)byte;
	}
	return c->count && c->count <= CALLS && len == case_size(c);
}

void case_print(const struct fuzz_case *c)
{
	char hex[CASE_HEX];
	unsigned int i, k;

	case_to_hex(c, hex);
	printf("# replay: -r %s\n", hex);
	for (i = 0; i < c->count; i++) {
		printf("#   %-12s fd %u:", fuzz_op_name(c->call[i].op % OPS), c->call[i].fd % FDS);
		for (k = 0; k < sizeof(c->call[i].v); k++)
			printf(" %u", c->call[i].v[k]);
		printf("\n");
	}
	fflush(stdout);
}

bool case_has(const struct fuzz_case *c, enum op op)
{
	unsigned int i;

	for (i = 0; i < c->count; i++)
		if (c->call[i].op % OPS == op)
			return true;
	return false;
}
