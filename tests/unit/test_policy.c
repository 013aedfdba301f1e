// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The policy of a slot, as scripts. A word is an event of the slot or, after "A:" to "C:", a call
 * of a function for that handle; "a:" to "c:" is another thread with the same handle. "=RESULT"
 * says what it returns, else it is 0, or granted at once. Each case begins with a card that has
 * power.
 */
#include "unit.h"
#include "policy.h"

static const struct script {
	const char *name, *script;
} scripts[] = {
	{ "Connect, Transmit, Disconnect",
	  "A:connect A:connected A:done A:transmit A:done A:leave" },
	{ "Connect twice", "A:opens A:connect=EISCONN" },
	{ "calls without a connection",
	  "A:transmit=ENOTCONN A:begin=ENOTCONN A:status=ENOTCONN A:attr=ENOTCONN "
	  "A:control=ENOTCONN A:reconnect=ENOTCONN A:end=ENOTCONN A:unlock=ENOTCONN "
	  "A:leave=ENOTCONN" },
	{ "EXCLUSIVE beside another handle", "A:opens B:exclusive=EBUSY" },
	{ "Connect beside EXCLUSIVE",
	  "A:opens-exclusive B:connect=EBUSY B:direct=EBUSY A:leave B:connect" },
	{ "EXCLUSIVE is refused when its turn comes",
	  "A:connect B:exclusive=wait A:connected A:done B:woken=EBUSY" },
	{ "Connect waits for the call that runs",
	  "A:opens A:transmit B:connect=wait A:done B:woken B:connected B:done" },

	{ "first come, first served",
	  "A:opens B:opens C:opens A:transmit B:transmit=wait C:transmit=wait B:waits "
	  "A:done B:woken C:waits B:done C:woken C:done" },
	{ "Status and GetAttrib pass the call that runs",
	  "A:opens B:opens A:transmit B:status B:attr" },
	{ "a call that does not run ends nothing",
	  "A:opens B:opens A:transmit B:done B:transmit=wait" },
	{ "a waiter withdraws",
	  "A:opens B:opens C:opens A:transmit B:transmit=wait C:transmit=wait B:withdraw=yes "
	  "A:done C:woken B:withdraw=no C:withdraw=no" },
	{ "the last waiter withdraws",
	  "A:opens B:opens C:opens A:transmit B:transmit=wait B:withdraw=yes C:transmit=wait "
	  "A:done C:woken" },
	{ "waits are cancelled",
	  "A:opens B:opens C:opens A:transmit B:transmit=wait C:transmit=wait b:connect=EISCONN "
	  "b:begin=wait B:cancel B:woken=ECANCELED b:woken=ECANCELED C:waits A:done C:woken" },
	{ "Disconnect ends other calls of the handle",
	  "A:opens B:opens A:transmit B:transmit=wait B:leave B:woken=ENOTCONN" },
	{ "refusals without asking",
	  "A:opens B:opens B:begin A:would-control=EBUSY A:would-attr=EBUSY A:would-end=EBUSY "
	  "A:would-transmit B:would-begin B:would-control C:would-status=ENOTCONN" },

	{ "a transaction holds up others",
	  "A:opens B:opens A:begin B:transmit=wait b:status=wait A:transmit A:done A:unlock "
	  "B:woken b:woken" },
	{ "a transaction nests",
	  "A:opens B:opens A:begin A:begin B:transmit=wait A:unlock B:waits A:unlock B:woken" },
	{ "a transaction nests too deeply", "A:opens A:begin A:deep A:begin=EINVAL" },
	{ "Begin waits for Begin",
	  "A:opens B:opens A:begin B:begin=wait A:unlock B:woken A:transmit=wait B:unlock "
	  "A:woken" },
	{ "Begin waits for a call", "A:opens B:opens A:transmit B:begin=wait A:done B:woken" },
	{ "End without a transaction, and in another's",
	  "A:opens B:opens A:unlock=ENOLCK A:end=ENOLCK B:begin A:unlock=EBUSY A:end=EBUSY" },
	{ "End with a reset",
	  "A:opens B:opens A:begin A:end B:transmit=wait reset B:woken=ESTALE A:unlock-owned "
	  "A:done A:pending=ESTALE B:reconnect B:reconnected B:done B:transmit" },
	{ "a reset fails those that wait",
	  "A:opens B:opens A:disconnect B:transmit=wait reset B:woken=ESTALE" },
	{ "End of one level with a reset",
	  "A:opens B:opens A:begin A:begin B:begin=wait A:unlock-owned B:waits" },
	{ "a transaction is lost in its End",
	  "A:opens B:opens A:begin A:end removed A:unlock-owned A:done B:reconnect" },
	{ "End tells an event, and ends all levels",
	  "A:opens B:opens A:begin A:begin lost-power A:unlock=ESTALE B:reconnect" },
	{ "a transaction goes on after Reconnect",
	  "A:opens B:opens A:begin A:reconnect A:reconnected A:done B:transmit=wait" },
	{ "Disconnect ends the transaction",
	  "A:opens B:opens A:begin B:transmit=wait A:leave B:woken" },

	{ "Reconnect acknowledges an event",
	  "A:opens lost-power A:pending=ESTALE A:transmit=ESTALE A:attr=ESTALE A:control A:done "
	  "A:reconnect A:reconnected A:done A:pending A:transmit" },
	{ "Reconnect to EXCLUSIVE waits to be alone",
	  "A:opens B:opens A:reconnect-exclusive=wait B:transmit B:done B:leave A:woken "
	  "A:reconnected A:done C:connect=EBUSY A:reconnect A:reconnected A:done C:connect" },
	{ "a waiter is refused by Reconnect to EXCLUSIVE",
	  "A:opens A:reconnect-exclusive B:connect=wait A:reconnected B:woken=EBUSY A:done" },

	{ "an exit: a reset before all others",
	  "A:opens B:opens A:close worker B:pending=ESTALE B:transmit=ESTALE C:connect=wait "
	  "job=reset job=none C:woken C:connected C:done C:pending B:pending=ESTALE" },
	{ "an exit: after the call that runs",
	  "A:opens B:opens B:transmit A:close worker=no B:pending C:connect=wait B:done worker "
	  "C:waits job=reset job=none C:woken" },
	{ "an exit: after a transaction",
	  "A:opens B:opens B:begin A:close worker=no B:pending B:transmit B:done B:unlock worker "
	  "B:pending=ESTALE job=reset job=none" },
	{ "an exit: without a connection", "A:close worker=no" },
	{ "an exit: after Disconnect", "A:opens A:transmit A:done A:leave A:close worker=no" },
	{ "an exit: the handle never used the card", "A:opens-direct A:close worker=no B:connect" },
	{ "an exit: a DIRECT handle sent something", "A:opens-direct A:speaks A:close worker" },
	{ "an exit: a DIRECT handle has powered the card",
	  "A:opens-direct A:reconnect A:reconnected A:done A:close worker" },
	{ "an exit: a call of the handle runs",
	  "A:opens-direct A:control A:close worker=no B:connect=wait A:done worker job=reset "
	  "job=none B:woken" },
	{ "an exit: after a reset",
	  "A:opens B:opens B:disconnect reset B:leave B:done A:close worker=no" },
	{ "an exit: after a removal", "A:opens removed card-on A:close worker=no" },
	{ "an exit: the card is off", "A:opens card-off A:close worker=no" },
	{ "an exit: the reader is gone", "A:opens gone A:close worker=no" },
	{ "an exit: the stricter of two",
	  "A:close-unpower A:opens B:opens C:opens C:transmit A:close B:close C:done job=unpower "
	  "job=none" },
	{ "an exit: the stricter of two, in the other order",
	  "A:close-unpower A:opens B:opens C:opens C:transmit B:close A:close C:done job=unpower "
	  "job=none" },
	{ "an exit: TRANSACTION, outside of one",
	  "A:close-transaction A:opens A:transmit A:done A:close worker=no" },
	{ "an exit: TRANSACTION, in one", "A:close-transaction A:opens A:begin A:close worker" },
	{ "an exit: TRANSACTION and EXCLUSIVE",
	  "A:close-transaction A:opens-exclusive A:close worker B:connect=wait job=reset" },

	{ "a place is kept",
	  "A:opens B:opens C:opens A:transmit B:transmit=wait C:transmit=wait B:aside=yes "
	  "B:transmit=wait A:done B:woken C:waits" },
	{ "a place at the end is kept",
	  "A:opens B:opens C:opens A:transmit B:transmit=wait B:aside=yes C:transmit=wait "
	  "B:transmit=wait A:done B:woken C:waits" },
	{ "a place is for the same call",
	  "A:opens B:opens C:opens A:transmit B:transmit=wait C:transmit=wait B:aside=yes "
	  "B:begin=wait A:done C:woken B:waits" },
	{ "all pass a place",
	  "A:opens B:opens C:opens A:transmit B:transmit=wait C:transmit=wait B:aside=yes "
	  "A:done C:woken C:done B:transmit" },
	{ "a place is forgotten",
	  "A:opens B:opens C:opens A:transmit B:transmit=wait C:transmit=wait B:aside=yes "
	  "B:forget B:transmit=wait A:done C:woken B:waits" },
	{ "a place of each handle",
	  "A:opens B:opens A:transmit B:transmit=wait b:transmit=wait B:aside=yes b:aside=yes "
	  "b:aside=no B:transmit=wait A:done B:woken" },
	{ "a place is no waiter",
	  "A:opens B:opens awaited=no A:transmit B:transmit=wait awaited=yes B:aside=yes "
	  "awaited=no B:cancel B:transmit=wait" },
	{ "a place ends with a refusal",
	  "A:opens B:opens C:opens A:transmit B:transmit=wait C:status B:aside=yes B:placed=yes "
	  "removed B:transmit=EIDRM B:placed=no B:reconnect=wait A:done B:woken" },
	{ "a place ends with the connection",
	  "A:opens B:opens A:transmit B:transmit=wait B:aside=yes B:leave A:done A:transmit" },
	{ "a place ends with the file",
	  "A:opens B:opens A:transmit B:transmit=wait C:connect=wait B:aside=yes C:aside=yes "
	  "B:close B:placed=no C:close C:placed=no A:done worker" },

	{ "a killed caller",
	  "A:opens A:transmit B:connect=wait redo-none worker job=none B:woken" },
	{ "a caller that is killed in a reset",
	  "A:opens B:opens A:transmit B:transmit=wait redo-unpower worker B:woken=ESTALE "
	  "job=unpower job=none" },
	{ "a caller that is killed in a reset, in its transaction",
	  "A:opens A:begin A:disconnect redo-unpower worker job=unpower job=none" },
	{ "an interrupted operation waits for no transaction",
	  "A:opens B:opens A:begin A:transmit redo-none worker interrupted A:pending=ESTALE "
	  "job=reset job=none B:transmit=ESTALE A:unlock=ESTALE" },
	{ "an interrupted operation, and the exit before it",
	  "A:close-unpower A:opens B:opens B:begin A:close B:transmit redo-none interrupted "
	  "job=unpower job=none" },
	{ "an interrupted operation without power",
	  "A:opens A:transmit card-off redo-none interrupted job=none" },

	{ "a removal fails those that wait",
	  "A:opens B:opens A:transmit B:transmit=wait removed B:woken=EIDRM A:pending=EIDRM "
	  "A:done" },
	{ "a removal ends a transaction, and the reset of an exit",
	  "A:opens B:opens C:opens A:begin B:close removed worker=no C:connect=EISCONN "
	  "C:reconnect" },
	{ "a removal outlives a reset", "A:opens removed card-on lost-power A:pending=EIDRM" },
	{ "a removal after a reset", "A:opens lost-power removed A:pending=EIDRM" },
	{ "a reset after a removal that the handle has not seen",
	  "removed card-on A:opens lost-power A:pending=ESTALE" },
	{ "the epoch wraps",
	  "wrap removed card-on A:opens lost-power A:pending=ESTALE removed A:pending=EIDRM" },
	{ "a loss of power without a handle", "lost-power epoch=0 A:opens lost-power epoch=1" },
	{ "a loss of power during the reset of an exit",
	  "A:opens B:opens A:close epoch=1 lost-power epoch=1 job=none B:pending=ESTALE" },
	{ "a loss of power before the reset of an exit",
	  "A:opens B:opens B:begin A:close lost-power B:unlock=ESTALE worker=no" },
	{ "a loss of power after the last exit",
	  "A:opens B:connect A:close lost-power B:done worker=no" },
	{ "the reader is gone",
	  "A:opens B:opens A:transmit B:transmit=wait gone B:woken=ENODEV A:done A:status=ENODEV "
	  "C:connect=ENODEV settle idle wanted=no worker=no" },
	{ "the reader is gone with work to do", "A:opens A:transmit settle gone A:done worker=no" },

	{ "the worker: settle", "settle wanted=yes worker job=settle job=none wanted=no" },
	{ "the worker: idle", "idle worker job=idle job=none wanted=no" },
	{ "the worker: idle, with a handle", "A:opens idle worker job=none" },
	{ "the worker: idle, without power", "card-off idle worker job=none" },
	{ "the worker: idle, without a card", "removed idle worker job=none" },
	{ "the worker: a reset, then settle, then idle",
	  "A:opens A:transmit idle settle A:close A:done worker job=reset job=settle job=idle "
	  "job=none" },
	{ "the worker: calls wait for it", "settle A:connect=wait job=settle job=none A:woken" },

	{ "a transaction expires",
	  "A:opens B:opens A:begin B:transmit=wait expire worker B:woken=ESTALE A:pending=ESTALE "
	  "job=reset job=none" },
	{ "a transaction expires without power",
	  "A:opens B:opens A:begin B:transmit=wait card-off expire worker=no B:woken" },
	{ "a transaction expires after an exit",
	  "A:close-unpower A:opens B:opens B:begin A:close expire job=unpower job=none" },
	{ "no transaction expires", "A:opens expire worker=no A:transmit" },
};

KUNIT_ARRAY_PARAM_DESC(scripts, scripts, name);

/* ---- the slot and its callers ---- */

#define HANDLES	3

static struct pol_slot slot;
static struct pol_handle handles[HANDLES];
static enum pol_close closes[HANDLES];

static struct caller {
	struct pol_turn turn;
	bool woken;
} callers[2 * HANDLES];

static bool worker_woken;

static void wake(struct pol_turn *turn)
{
	size_t i;

	worker_woken |= turn == &slot.worker;
	for (i = 0; i < ARRAY_SIZE(callers); i++)
		callers[i].woken |= turn == &callers[i].turn;
}

/* What holds after each word */
static bool is_consistent(void)
{
	struct pol_turn **link = &slot.head;
	unsigned int i, queued = 0, connected = 0;

	for (; *link; link = &(*link)->next)
		queued++;
	if (link != slot.tail)
		return false;
	for (i = 0; i < ARRAY_SIZE(callers); i++)
		queued -= callers[i].turn.queued;
	for (i = 0; i < HANDLES; i++) {
		queued -= handles[i].place.queued;
		connected += handles[i].share != POL_UNCONNECTED;
		if (slot.owner == &handles[i] ? !handles[i].depth : handles[i].depth)
			return false;
	}
	return !queued && connected == slot.connected;
}

/* ---- words ---- */

static const struct name {
	const char *name;
	int value;
} results[] = {
	{ "no", false }, { "yes", true }, { "wait", POL_WAIT }, { "0", 0 }, { "1", 1 },
	{ "EBUSY", -EBUSY }, { "ECANCELED", -ECANCELED }, { "EIDRM", -EIDRM },
	{ "EINVAL", -EINVAL }, { "EISCONN", -EISCONN }, { "ENODEV", -ENODEV },
	{ "ENOLCK", -ENOLCK }, { "ENOTCONN", -ENOTCONN }, { "ESTALE", -ESTALE },
	{ "none", POL_JOB_NONE }, { "reset", POL_JOB_RESET }, { "unpower", POL_JOB_UNPOWER },
	{ "settle", POL_JOB_SETTLE }, { "idle", POL_JOB_IDLE },
};

static const struct call {
	const char *name;
	enum pol_op op;
	enum pol_share share;
} calls[] = {
	{ "connect", POL_OP_CONNECT, POL_SHARED },
	{ "exclusive", POL_OP_CONNECT, POL_EXCLUSIVE },
	{ "direct", POL_OP_CONNECT, POL_DIRECT },
	{ "reconnect", POL_OP_RECONNECT, POL_SHARED },
	{ "reconnect-exclusive", POL_OP_RECONNECT, POL_EXCLUSIVE },
	{ "disconnect", POL_OP_DISCONNECT, POL_UNCONNECTED },
	{ "begin", POL_OP_BEGIN, POL_UNCONNECTED },
	{ "end", POL_OP_END, POL_UNCONNECTED },
	{ "status", POL_OP_STATUS, POL_UNCONNECTED },
	{ "transmit", POL_OP_TRANSMIT, POL_UNCONNECTED },
	{ "control", POL_OP_CONTROL, POL_UNCONNECTED },
	{ "attr", POL_OP_ATTR, POL_UNCONNECTED },
};

static const struct call *find_call(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(calls); i++)
		if (!strcmp(calls[i].name, name))
			return &calls[i];
	return NULL;
}

static int opens(struct caller *c, enum pol_share share)
{
	struct pol_handle *h = c->turn.handle;
	int result;

	c->turn.op = POL_OP_CONNECT;
	c->turn.share = share;
	result = scard_pol_ask(&slot, &c->turn);
	if (result)
		return result;
	scard_pol_connected(&slot, h, share, closes[h - handles]);
	scard_pol_done(&slot, &c->turn);
	return 0;
}

/* A word for a handle. Return the result, which is 0 if there is none. */
static int handle_word(struct caller *c, const char *verb)
{
	const struct call *call = find_call(verb);
	struct pol_turn *t = &c->turn;
	struct pol_handle *h = t->handle;

	if (call) {
		t->op = call->op;
		t->share = call->share;
		return scard_pol_ask(&slot, t);
	}
	if (!strncmp(verb, "would-", 6))
		return scard_pol_refusal(&slot, h, find_call(verb + 6)->op);
	if (!strcmp(verb, "opens"))
		return opens(c, POL_SHARED);
	if (!strcmp(verb, "opens-exclusive"))
		return opens(c, POL_EXCLUSIVE);
	if (!strcmp(verb, "opens-direct"))
		return opens(c, POL_DIRECT);
	if (!strcmp(verb, "woken")) {
		CHECK(c->woken && !t->queued);
		c->woken = false;
		return t->result;
	}
	if (!strcmp(verb, "waits"))
		return !t->queued || c->woken;
	if (!strcmp(verb, "withdraw"))
		return scard_pol_withdraw(&slot, t);
	if (!strcmp(verb, "aside"))
		return scard_pol_step_aside(&slot, t);
	if (!strcmp(verb, "placed"))
		return h->place.queued;
	if (!strcmp(verb, "pending"))
		return scard_pol_pending(&slot, h);
	if (!strcmp(verb, "leave"))
		return scard_pol_leave(&slot, h);
	if (!strcmp(verb, "unlock"))
		return scard_pol_end(&slot, h);

	if (!strcmp(verb, "connected"))
		scard_pol_connected(&slot, h, t->share, closes[h - handles]);
	else if (!strcmp(verb, "reconnected"))
		scard_pol_reconnected(&slot, h, t->share);
	else if (!strcmp(verb, "done"))
		scard_pol_done(&slot, t);
	else if (!strcmp(verb, "unlock-owned"))
		scard_pol_end_owned(&slot, h);
	else if (!strcmp(verb, "close"))
		scard_pol_close(&slot, h);
	else if (!strcmp(verb, "cancel"))
		scard_pol_cancel(&slot, h);
	else if (!strcmp(verb, "forget"))
		scard_pol_forget(&slot, h);
	else if (!strcmp(verb, "speaks"))
		h->spoke = true;
	else if (!strcmp(verb, "deep"))
		h->depth = U32_MAX;
	else if (!strcmp(verb, "close-unpower"))
		closes[h - handles] = POL_CLOSE_UNPOWER;
	else if (!strcmp(verb, "close-transaction"))
		closes[h - handles] = POL_CLOSE_TRANSACTION;
	else
		FAIL("no such word: %s", verb);
	return 0;
}

/* A word of the slot. Return the result, which is 0 if there is none. */
static int slot_word(const char *verb)
{
	if (!strcmp(verb, "job"))
		return scard_pol_worker_job(&slot);
	if (!strcmp(verb, "wanted"))
		return scard_pol_worker_wanted(&slot);
	if (!strcmp(verb, "awaited"))
		return scard_pol_is_awaited(&slot);
	if (!strcmp(verb, "epoch"))
		return slot.epoch;

	if (!strcmp(verb, "reset"))
		scard_pol_reset(&slot);
	else if (!strcmp(verb, "lost-power"))
		scard_pol_lost_power(&slot);
	else if (!strcmp(verb, "interrupted"))
		scard_pol_interrupted(&slot);
	else if (!strcmp(verb, "settle"))
		scard_pol_want_settle(&slot);
	else if (!strcmp(verb, "idle"))
		scard_pol_want_idle(&slot);
	else if (!strcmp(verb, "expire"))
		scard_pol_expire(&slot);
	else if (!strcmp(verb, "removed"))
		scard_pol_removed(&slot);
	else if (!strcmp(verb, "gone"))
		scard_pol_gone(&slot);
	else if (!strcmp(verb, "redo-none"))
		scard_pol_hand_over(&slot, POL_LEAVE);
	else if (!strcmp(verb, "redo-unpower"))
		scard_pol_hand_over(&slot, POL_UNPOWER);
	else if (!strcmp(verb, "card-on"))
		slot.card = POL_CARD_ON;
	else if (!strcmp(verb, "card-off"))
		slot.card = POL_CARD_OFF;
	else if (!strcmp(verb, "wrap"))
		slot.epoch = U32_MAX - 1;	/* the next event is the last before 0 */
	else
		FAIL("no such word: %s", verb);
	return 0;
}

/* Has the turn of the worker begun since the last such word? */
static bool worker_began(void)
{
	bool before = worker_woken;

	worker_woken = false;
	return before;
}

static void begin(void)
{
	size_t i;

	memset(handles, 0, sizeof(handles));
	memset(callers, 0, sizeof(callers));
	for (i = 0; i < HANDLES; i++)
		closes[i] = POL_CLOSE_RESET;
	for (i = 0; i < ARRAY_SIZE(callers); i++)
		callers[i].turn.handle = &handles[i % HANDLES];
	worker_woken = false;
	scard_pol_init(&slot, wake);
	slot.card = POL_CARD_ON;
}

static int result_of(const char *verb)
{
	if (verb[1] != ':')
		return slot_word(verb);
	if (verb[0] >= 'a')
		return handle_word(&callers[HANDLES + verb[0] - 'a'], verb + 2);
	return handle_word(&callers[verb[0] - 'A'], verb + 2);
}

/* Return false at the first fault. */
static bool run_word(unsigned int n, char *word)
{
	char *verb = strsep(&word, "=");
	const char *want = word ? word : "0";
	int result;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(results) - 1; i++)
		if (!strcmp(want, results[i].name))
			break;
	if (!strcmp(verb, "worker")) {
		if (worker_began() == !word)
			return true;
		FAIL("word %u: the worker has %s begun", n, word ? "" : "not");
		return false;
	}
	result = result_of(verb);
	if (result != results[i].value)
		FAIL("word %u: %s is %d, not %s", n, verb, result, want);
	else if (!is_consistent())
		FAIL("word %u: %s leaves a slot that cannot be", n, verb);
	else
		return true;
	return false;
}

static void run(struct kunit *test)
{
	const struct script *s = test->param_value;
	char script[300], *rest = script, *word;
	unsigned int n = 1;

	STEP("policy: %s", s->name);
	begin();
	snprintf(script, sizeof(script), "%s", s->script);
	while ((word = strsep(&rest, " ")) && run_word(n, word))
		n++;
}

static struct kunit_case policy_cases[] = {
	KUNIT_CASE_PARAM(run, scripts_gen_params),
	{}
};

static struct kunit_suite policy_suite = {
	.name = "scard-policy",
	.test_cases = policy_cases,
};

kunit_test_suite(policy_suite);
