// SPDX-License-Identifier: GPL-2.0-or-later
/* See expect.h. Each rule here is a row or a sentence of the section on dispositions. */
#include <errno.h>
#include <linux/scard.h>
#include <stddef.h>
#include <string.h>

#include "expect.h"

/* Effect of a situation on the handle that ends */
static const struct {
	const char *name;
	bool needs_company;	/* another handle is connected or wants to be */
	bool nothing_owed;	/* W_RESET or W_REMOVED pending, card absent or reader gone */
	bool no_card;
	bool no_reader;
	bool fails;		/* no power-up succeeds */
	int refusal;		/* what TRANSMIT returns, where it cannot be begun */
} situations[NUM_SITUATIONS] = {
	[ALONE] = { "alone" },
	[OTHER_SHARED] = { "another SHARED handle", .needs_company = true },
	[OTHER_TRANSACTION] = { "another handle in a transaction", .needs_company = true },
	[WAITER_BEGIN] = { "a waiter in BeginTransaction", .needs_company = true },
	[WAITER_CONNECT] = { "a waiter in Connect", .needs_company = true },
	[OWN_TRANSACTION] = { "own transaction" },
	[NESTED_TRANSACTION] = { "nested transaction" },
	[PENDING_RESET] = { "pending reset", .nothing_owed = true, .refusal = ESTALE },
	[CARD_REMOVED] = {
		"card removed", .nothing_owed = true, .no_card = true, .refusal = EIDRM,
	},
	[CARD_SWAPPED] = { "card swapped", .nothing_owed = true, .refusal = EIDRM },
	[UNPLUGGED] = {
		"reader unplugged", .nothing_owed = true, .no_card = true, .no_reader = true,
		.refusal = ENODEV,
	},
	[MUTE_AT_RESET] = { "card mute at reset", .fails = true },
};

enum action { NOTHING, WARM, OFF };

static const struct {
	const char *name;
	bool disconnect;
	bool two_steps;		/* the first close is not the last one */
	bool in_transmit;
	bool spoke;		/* the ending itself has spoken to the card */
	enum action action;	/* what it asks for, or what is owed */
} endings[NUM_ENDINGS] = {
	[LEAVE] = { "Disconnect(LEAVE)", .disconnect = true, .action = NOTHING },
	[RESET] = { "Disconnect(RESET)", .disconnect = true, .action = WARM },
	[UNPOWER] = { "Disconnect(UNPOWER)", .disconnect = true, .action = OFF },
	/* the reader of the matrix cannot eject: as UNPOWER */
	[EJECT] = { "Disconnect(EJECT)", .disconnect = true, .action = OFF },
	[EXIT] = { "exit", .action = WARM },
	[THREAD_EXIT] = { "_exit in a thread", .action = WARM },
	[ABORT] = { "abort", .action = WARM },
	[KILL_IDLE] = { "SIGKILL while idle", .action = WARM },
	[KILL_BEFORE] = {
		"SIGKILL in TRANSMIT, nothing sent", .in_transmit = true, .spoke = true,
		.action = WARM,
	},
	[KILL_AFTER] = {
		"SIGKILL in TRANSMIT, sent", .in_transmit = true, .spoke = true, .action = WARM,
	},
	[EXEC] = { "exec", .action = WARM },
	[DUP_CLOSE] = { "close of both duplicates", .two_steps = true, .action = WARM },
	[SCM_RIGHTS_PASSED] = { "passed by SCM_RIGHTS", .two_steps = true, .action = WARM },
	[FORK_HELD] = { "held by a forked child", .two_steps = true, .action = WARM },
	[FORK_EXEC] = { "fork and exec, exit", .action = WARM },
	[RELEASE_CONTEXT] = { "SCardReleaseContext", .action = WARM },
};

bool ending_is_disconnect(enum ending ending)
{
	return endings[ending].disconnect;
}

bool ending_has_two_steps(enum ending ending)
{
	return endings[ending].two_steps;
}

const char *ending_name(enum ending ending)
{
	return endings[ending].name;
}

const char *situation_name(enum situation situation)
{
	return situations[situation].name;
}

const char *mode_name(uint32_t mode)
{
	return mode == SCARD_MODE_EXCLUSIVE ? "EXCLUSIVE" :
	       mode == SCARD_MODE_SHARED ? "SHARED" : "DIRECT";
}

static bool possible(const struct cell *c, struct expectation *e)
{
	if (c->mode == SCARD_MODE_EXCLUSIVE && situations[c->situation].needs_company) {
		e->impossible = "no other handle beside an EXCLUSIVE one";
		e->refusal = EBUSY;
		return false;
	}
	if (endings[c->ending].in_transmit && situations[c->situation].refusal) {
		e->impossible = "TRANSMIT is refused";
		e->refusal = situations[c->situation].refusal;
		return false;
	}
	if (c->ending == KILL_AFTER && c->situation == OTHER_TRANSACTION) {
		e->impossible = "TRANSMIT waits for the other transaction, nothing is sent";
		e->refusal = 0;
		return false;
	}
	return true;
}

/* Has the handle powered the card or spoken to it? A DIRECT one may not have. */
static bool has_spoken(const struct cell *c)
{
	if (c->mode != SCARD_MODE_DIRECT)
		return true;
	/* behind another transaction the call was never granted */
	return endings[c->ending].spoke && c->situation != OTHER_TRANSACTION;
}

static enum action action_of(const struct cell *c)
{
	if (situations[c->situation].no_card)
		return NOTHING;
	if (endings[c->ending].disconnect)
		return endings[c->ending].action;
	if (situations[c->situation].nothing_owed || !has_spoken(c))
		return NOTHING;
	return endings[c->ending].action;
}

static void expect_card(const struct cell *c, enum action action, struct expectation *e)
{
	bool fails = situations[c->situation].fails;

	e->trace = "";
	e->power = "";
	switch (action) {
	case NOTHING:
		break;
	case WARM:
		/* warm; where the reader refuses that, cold; then off, and mute */
		e->trace = fails ? "warm off|warm off cold off" : "warm";
		break;
	case OFF:
		e->trace = "off";
		e->power = "cold";
		break;
	}
	if (situations[c->situation].no_reader) {
		e->connect = ENODEV;
	} else if (situations[c->situation].no_card) {
		e->connect = ENOMEDIUM;
	} else if (fails && action != NOTHING) {
		e->connect = EREMOTEIO;
		e->power = "cold|cold off";
	}
}

void expect(const struct cell *c, struct expectation *e)
{
	enum action action;

	memset(e, 0, sizeof(*e));
	if (!possible(c, e))
		return;
	action = action_of(c);
	e->acts = action != NOTHING;
	expect_card(c, action, e);

	/* Only a card that could not be reset is worth a complaint at the end. */
	if (c->ending == RESET && situations[c->situation].fails)
		e->result = EREMOTEIO;
	/* LEAVE does not wait; dispositions that act on the card wait for the owner. */
	e->waits = c->situation == OTHER_TRANSACTION && e->acts;
	e->other = e->acts ? ESTALE : 0;
	/* A reset wakes waiters in BEGIN with ESTALE; a new handle has no pending event. */
	e->waiter = c->situation == WAITER_BEGIN && e->acts ? ESTALE : 0;

	/* DIRECT handles verify nothing here: no protocol is active for them */
	e->verified = c->mode != SCARD_MODE_DIRECT;
	e->still_verified = e->verified && !e->acts && !situations[c->situation].nothing_owed;
}
