// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Run calls of the SCard API in threads, as they may wait; run every call in the same situation.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance.h"

const char *const op_names[OPS] = {
	[OP_STATUS] = "Status", [OP_TRANSMIT] = "Transmit", [OP_GET_ATTRIB] = "GetAttrib",
	[OP_SET_ATTRIB] = "SetAttrib", [OP_CONTROL] = "Control", [OP_END] = "EndTransaction",
	[OP_BEGIN] = "BeginTransaction", [OP_RECONNECT] = "Reconnect",
	[OP_DISCONNECT] = "Disconnect", [OP_CONNECT] = "Connect", [OP_LIST] = "ListReaders",
	[OP_CHANGE] = "GetStatusChange", [OP_RELEASE] = "ReleaseContext",
	[OP_VALID] = "IsValidContext",
};

#define RESULT(c, ...)	snprintf((c)->result, sizeof((c)->result), __VA_ARGS__)

static void call_status(struct call *c)
{
	DWORD name_len = 0, state = 0, protocol = 0, atr_len = MAX_ATR_SIZE;
	BYTE atr[MAX_ATR_SIZE];
	char name[MAX_READERNAME];

	name_len = sizeof(name);
	c->ret = SCardStatus(c->card, name, &name_len, &state, &protocol, atr, &atr_len);
	RESULT(c, "%s name %lu, %s, %s, ATR %s", code(c->ret), name_len,
	       state ? status_name(state) : "no-state", protocol_name(protocol),
	       bytes(atr, atr_len));
}

static void call_transmit(struct call *c)
{
	static const BYTE command[] = { 0x00, 0xA4, 0x00, 0x0C, 0x02, 0x3F, 0x00 };
	SCARD_IO_REQUEST pci = { SCARD_PROTOCOL_T1, sizeof(pci) };
	BYTE answer[258];
	DWORD len = sizeof(answer);

	c->ret = SCardTransmit(c->card, &pci, command, sizeof(command), NULL, answer, &len);
	RESULT(c, "%s %lu %s", code(c->ret), len, c->ret ? "" : bytes(answer, len));
}

static void call_get_attrib(struct call *c)
{
	BYTE atr[MAX_ATR_SIZE];
	DWORD len = sizeof(atr);

	c->ret = SCardGetAttrib(c->card, SCARD_ATTR_ATR_STRING, atr, &len);
	RESULT(c, "%s %s", code(c->ret), c->ret ? "" : bytes(atr, len));
}

static void call_control(struct call *c)
{
	BYTE features[64];
	DWORD len = 0;

	c->ret = SCardControl(c->card, CM_IOCTL_GET_FEATURE_REQUEST, NULL, 0, features,
			      sizeof(features), &len);
	/* control.c reports the list of features */
	RESULT(c, "%s %s", code(c->ret), c->ret ? "" : bytes(features, len < 6 ? len : 6));
}

static void call_connect(struct call *c)
{
	DWORD protocol = 0;

	c->ret = SCardConnect(c->ctx, reader, c->mode ? c->mode : SCARD_SHARE_SHARED,
			      SCARD_PROTOCOL_ANY, &c->card, &protocol);
	RESULT(c, "%s %s", code(c->ret), c->ret ? "" : protocol_name(protocol));
	if (c->ret == SCARD_S_SUCCESS)
		SCardDisconnect(c->card, c->disposition);
}

static void call_reconnect(struct call *c)
{
	DWORD protocol = 0;

	c->ret = SCardReconnect(c->card, c->mode ? c->mode : SCARD_SHARE_SHARED,
				SCARD_PROTOCOL_ANY, c->disposition, &protocol);
	RESULT(c, "%s %s", code(c->ret), c->ret ? "" : protocol_name(protocol));
}

static void call_begin_transaction(struct call *c)
{
	c->ret = SCardBeginTransaction(c->card);
	if (c->ret)
		RESULT(c, "%s", code(c->ret));
	else
		RESULT(c, "SUCCESS, then EndTransaction %s",
		       code(SCardEndTransaction(c->card, SCARD_LEAVE_CARD)));
}

static void call_list(struct call *c)
{
	DWORD len = 0;

	c->ret = SCardListReaders(c->ctx, NULL, NULL, &len);
	RESULT(c, "%s %lu", code(c->ret), len);
}

static void call_change(struct call *c)
{
	DWORD i;

	c->ret = SCardGetStatusChange(c->ctx, c->timeout, c->states, c->nstates);
	RESULT(c, "%s", code(c->ret));
	for (i = 0; i < c->nstates; i++) {
		size_t at = strlen(c->result);

		snprintf(c->result + at, sizeof(c->result) - at, ", %s",
			 state_name(c->states[i].dwEventState));
	}
}

/* Make the call and record its results. */
void call(struct call *c)
{
	switch (c->op) {
	case OP_STATUS:		call_status(c); return;
	case OP_TRANSMIT:	call_transmit(c); return;
	case OP_GET_ATTRIB:	call_get_attrib(c); return;
	case OP_CONTROL:	call_control(c); return;
	case OP_CONNECT:	call_connect(c); return;
	case OP_RECONNECT:	call_reconnect(c); return;
	case OP_BEGIN:		call_begin_transaction(c); return;
	case OP_LIST:		call_list(c); return;
	case OP_CHANGE:		call_change(c); return;
	case OP_SET_ATTRIB:
		c->ret = SCardSetAttrib(c->card, SCARD_ATTR_SUPRESS_T1_IFS_REQUEST, (LPCBYTE)"", 1);
		break;
	case OP_END:
		c->ret = SCardEndTransaction(c->card, c->disposition);
		break;
	case OP_DISCONNECT:
		c->ret = SCardDisconnect(c->card, c->disposition);
		break;
	case OP_RELEASE:
		c->ret = SCardReleaseContext(c->ctx);
		break;
	case OP_VALID:
	case OPS:
		c->ret = SCardIsValidContext(c->ctx);
		break;
	}
	RESULT(c, "%s", code(c->ret));
}

static void *thread(void *arg)
{
	struct call *c = arg;

	call(c);
	atomic_store(&c->done, true);
	return NULL;
}

void call_begin(struct call *c)
{
	pthread_attr_t attr;
	pthread_t id;

	c->running = malloc(sizeof(*c));
	if (!c->running)
		give_up("malloc");
	*c->running = *c;
	atomic_init(&c->running->done, false);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&id, &attr, thread, c->running))
		give_up("pthread_create");
}

/* Wait up to @ms for the call to return. */
bool call_done(struct call *c, int ms)
{
	long long until = now_ms() + ms;

	while (!atomic_load(&c->running->done) && now_ms() < until)
		pause_ms(5);
	if (!atomic_load(&c->running->done))
		return false;
	c->ret = c->running->ret;
	c->card = c->running->card;
	memcpy(c->result, c->running->result, sizeof(c->result));
	return true;
}

/* Return the result of a call that should return now. */
const char *call_result(struct call *c)
{
	if (!call_done(c, HANGS_MS)) {
		context_is_stuck();
		return "hangs";
	}
	return print("%s", c->result);
}

/* Run a call that should not wait; return its result, or "waits". */
const char *call_now(struct call *c)
{
	call_begin(c);
	if (!call_done(c, WAITS_MS)) {
		context_is_stuck();
		return "waits";
	}
	return call_result(c);
}

/*
 * Run every call that takes a card handle, each with its own handle, and every call that takes a
 * context, if @ctxs is given. A call that waits may still be waiting on return.
 */
void all_calls(const char *what, const SCARDHANDLE *cards, const SCARDCONTEXT *ctxs)
{
	static struct call calls[OPS];
	static SCARD_READERSTATE states[OPS];
	int op, n = ctxs ? OPS : OP_HANDLES;

	for (op = 0; op < n; op++) {
		struct call *c = &calls[op];
		const char *name = what ? print("%s/%s", what, op_names[op]) : op_names[op];

		memset(c, 0, sizeof(*c));
		states[op] = (SCARD_READERSTATE){ .szReader = reader };
		c->op = op;
		c->card = cards ? cards[op] : 0;
		c->ctx = ctxs ? ctxs[op] : 0;
		c->states = &states[op];
		c->nstates = 1;
		say(name, "%s", call_now(c));
	}
}

/*
 * Run every call that takes a card handle, after @happens. @before runs before the handles
 * connect. Each handle has its own context, as in independent programs.
 */
void calls_after(DWORD mode, void (*before)(void), void (*happens)(void))
{
	SCARDHANDLE cards[OP_HANDLES];
	int i;

	if (before)
		before();
	for (i = 0; i < OP_HANDLES; i++)
		cards[i] = card(mode);
	happens();
	all_calls(NULL, cards, NULL);
}
