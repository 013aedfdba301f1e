/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The matrix of dispositions: every share mode, every way in which a handle can end,
 * every situation in which it can do so, and the expected result. A model without code of
 * the module.
 */
#ifndef KSELFTEST_EXPECT_H
#define KSELFTEST_EXPECT_H

#include <stdbool.h>
#include <stdint.h>

enum ending {
	/* SCardDisconnect */
	LEAVE, RESET, UNPOWER, EJECT,
	/* without SCardDisconnect */
	EXIT, THREAD_EXIT, ABORT, KILL_IDLE,
	KILL_BEFORE,		/* SIGKILL inside TRANSMIT, the bytes have not left */
	KILL_AFTER,		/* the bytes have left */
	EXEC,
	DUP_CLOSE,		/* close one of two duplicates, then the other */
	SCM_RIGHTS_PASSED,	/* passed on, exit, then the receiver closes */
	FORK_HELD,		/* fork, exit, then the child that holds it is killed */
	FORK_EXEC,		/* fork and exec in the child, exit while it runs */
	RELEASE_CONTEXT,	/* SCardReleaseContext of the library */
	NUM_ENDINGS
};

enum situation {
	ALONE,
	OTHER_SHARED,		/* another SHARED handle is connected */
	OTHER_TRANSACTION,	/* another handle is in a transaction */
	WAITER_BEGIN,		/* own transaction, another handle waits in BeginTransaction */
	WAITER_CONNECT,		/* own transaction, another handle waits in Connect */
	OWN_TRANSACTION,
	NESTED_TRANSACTION,	/* two levels */
	PENDING_RESET,		/* the card was reset since it connected */
	CARD_REMOVED,
	CARD_SWAPPED,
	UNPLUGGED,		/* the reader is gone */
	MUTE_AT_RESET,		/* the card answers no power-up any more */
	NUM_SITUATIONS
};

struct cell {
	uint32_t mode;		/* SCARD_MODE_* */
	enum ending ending;
	enum situation situation;
};

struct expectation {
	/*
	 * The situation cannot be, because this call is refused with this errno (or,
	 * with errno 0, only waits): @impossible says so in words. Nothing else is
	 * filled in then.
	 */
	const char *impossible;
	int refusal;

	bool verified;		/* the handle had verified a PIN that the card still knows */
	bool waits;		/* it takes effect when the other handle's transaction ends */
	bool acts;		/* the card is reset or powered off */
	int result;		/* of DISCONNECT */
	const char *trace;	/* commands to the reader, words of vr_trace(), | between alternatives */
	int other;		/* result of the other handle's gated calls */
	int waiter;		/* result of the waiting call */
	int connect;		/* result of the next CONNECT */
	const char *power;	/* commands to the reader for it, before any APDU */
	bool still_verified;	/* whether the next handle finds the PIN verified: acts says no */
};

void expect(const struct cell *cell, struct expectation *e);

bool ending_is_disconnect(enum ending ending);
bool ending_has_two_steps(enum ending ending);
const char *ending_name(enum ending ending);
const char *situation_name(enum situation situation);
const char *mode_name(uint32_t mode);

#endif
