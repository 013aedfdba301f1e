/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A model of one slot: the real kernel/core/policy.c, driven as turn.c, connect.c, card.c and
 * worker.c drive it, explored exhaustively for small numbers.
 *
 *   world.h    shared declarations
 *   moves.c    possible next steps
 *   steps.c    their effect; mirrors turn.c and connect.c: calls, killed callers
 *   card.c     mirrors card.c and worker.c: the state of the card, the worker
 *   oracle.c   the rules, written from the ABI and not from policy.c
 *   explore.c  visited states, search, traces, progress
 *   model.c    configurations; TAP
 *
 * Words are those of policy.h. Besides, "call" is one thread inside an ioctl of a handle,
 * "published" is the state of the card in the policy (pol.card), and "real" is the state of the
 * card itself.
 */
#ifndef MODEL_WORLD_H
#define MODEL_WORLD_H

#include "policy.h"

#define BIT(n)		(1U << (n))
#define __printf(a, b)	__attribute__((format(printf, a, b)))

#define MAX_HANDLES	3
#define MAX_CALLS	2
/* In the queue a handle has a seat for each call, and one without a call: ASIDE */
#define ASIDE		MAX_CALLS
#define SEATS		(MAX_CALLS + 1)
#define NOBODY		(-1)
#define WORKER		MAX_HANDLES	/* as the number of a handle */

/* Properties that the model checks; see oracle.c */
enum property {
	P_BYTES,
	P_ONCE,
	P_LOCK,
	P_WAKE,
	P_TOLD,
	P_FIFO,
	P_PROGRESS,
	PROPERTIES
};

/* State of a thread of a handle */
enum phase {
	IDLE,		/* not in a call */
	ASKS,		/* within scard_pol_ask(), for one step at most */
	QUEUED,
	ACTS,		/* its turn runs; w.act has its progress */
	STALE_END,	/* End was refused with a pending event: the lock must be dropped */
	LEAVES,		/* Disconnect of a removed reader, or one whose turn was taken over */
	ENDS,		/* End whose turn was taken over */
};

/* Command to the reader */
enum cmd {
	CMD_NONE,
	CMD_POWER_ON,
	CMD_RESET,		/* IccPowerOn of a powered card */
	CMD_POWER_OFF,
	CMD_MUTE_OFF,		/* power-off after a failed power-up */
	CMD_RESET_OFF,		/* power-off after a refused reset, or of a card to be settled */
	CMD_RESET_ON,		/* IccPowerOn after that */
	CMD_RESET_MUTE,		/* power-off after that has failed, too */
	CMD_NEGOTIATE,
	CMD_BLOCK,		/* an APDU in one exchange, or its last block */
	CMD_MORE,		/* a block of an APDU, not the last */
	CMD_SECURE,		/* the PIN pad sends an APDU */
	CMD_ESCAPE,		/* for the reader only */
	CMD_STATUS,
	CMD_MECHANICAL,
};

/* Progress of the running turn */
enum pc {
	PC_NONE,
	PC_BEGIN,	/* a call: its turn begins; the worker: it was woken */
	PC_SEND,	/* about to send act.cmd */
	PC_WIRE,	/* act.cmd is on the wire */
	PC_COMMIT,	/* the command has ended: tell the policy */
	PC_DONE,	/* return the turn */
	PC_KILLED,	/* the same after SIGKILL */
	PC_PICK,	/* the worker: ask for the next job */
};

struct act {
	enum pc pc;
	enum cmd cmd;
	enum pol_share share;
	enum pol_disp disp;
	bool begun;	/* scard_pol_reset() was called */
	bool sent;
	bool single;
	bool killed;
	bool on_wire;	/* killed while act.cmd is on the wire */
};

enum real {
	REAL_ABSENT,
	REAL_OFF,
	REAL_ON,
};

/* Unread notifications of the interrupt pipe */
#define NOTE_CHANGE	1
#define NOTE_ABSENT	2

struct call {
	struct pol_turn turn;
	enum phase phase;
};

/* The card has state, e.g. a verified PIN, that no other handle may use. */
enum debt {
	DEBT_NONE,
	DEBT_OWED,	/* by an exit: an open transaction may go on */
	DEBT_CUT,	/* by an interrupted operation: no handle may go on */
};

/*
 * State by the rules alone. Handles are numbers here.
 *
 * touched: a byte has reached the card since it was powered up or reset
 * debt: see above; until the card is reset, loses its power or is removed
 * exempt: the running call is ordered before the reset: its turn began before the debt,
 *	or in the transaction that was open then
 * why: pending disposition for the worker, not begun
 * cut: the disposition does not wait for the owner
 */
struct oracle {
	enum pol_share share[MAX_HANDLES];
	enum pol_close close[MAX_HANDLES];
	bool spoke[MAX_HANDLES];
	int event[MAX_HANDLES];
	u8 depth[MAX_HANDLES];
	int owner;
	int running;		/* handle, WORKER or NOBODY */
	bool gone;
	bool touched;
	enum debt debt;
	bool exempt;
	enum pol_disp why;
	bool cut;
	bool canceling;
	unsigned int waiting;	/* order of arrival: handle * SEATS + call */
	u8 queue[MAX_HANDLES * SEATS];
	u8 aside[MAX_HANDLES];	/* op of the interrupted call that has a seat, + 1; or 0 */
};

struct world {
	struct pol_slot pol;
	struct pol_handle handle[MAX_HANDLES];
	struct call call[MAX_HANDLES][MAX_CALLS];
	struct act act;
	enum cmd orphan;
	bool orphan_single;
	bool abandoned;	/* the orphan is aborted: its turn was taken over */
	bool unsafe;	/* the card may have kept its power: the worker tries again, after a while */
	enum real real;
	unsigned int notes;
	bool recheck;
	struct oracle o;
};

/* Events of a configuration, besides the calls */
#define ENV_CARD	0x001	/* removal and insertion, with an interrupt pipe */
#define ENV_POLL	0x002	/* the same without one */
#define ENV_GONE	0x004	/* unplugging */
#define ENV_FAIL	0x008	/* commands fail */
#define ENV_KILL	0x010
#define ENV_IDLE	0x020	/* power-off of an unused card */
#define ENV_SLEEP	0x040	/* suspend, port reset */
#define ENV_CANCEL	0x080
#define ENV_DISP	0x100	/* all dispositions, not only RESET */
#define ENV_WATCH	0x400	/* the watchdog of transactions */
#define ENV_MULTI	0x200	/* operations of several exchanges */
#define ENV_ASIDE	0x800	/* an interrupted call keeps its place in the queue */
#define ENV_CLOSE	0x1000	/* a close while calls of the handle are under way */
#define ENV_STALL	0x2000	/* a call sleeps for too long, and its turn is taken over */

struct config {
	const char *name;
	const char *group;	/* the run that explores it */
	unsigned int handles;
	unsigned int calls;	/* of each handle at a time */
	unsigned int depth;	/* of nested transactions */
	unsigned int ops;	/* bit set of enum pol_op */
	unsigned int shares;	/* bit set of enum pol_share */
	unsigned int closes;	/* bit set of enum pol_close */
	unsigned int env;
};

enum action_kind {
	A_CALL,		/* begin a call; variant: op, EXCLUSIVE in bit 7 */
	A_LEAVE,	/* Disconnect(LEAVE) */
	A_END,		/* End(LEAVE) */
	A_CLOSE,	/* close without Disconnect: exit, kill */
	A_CANCEL,
	A_SIGNAL,	/* a queued call is interrupted by a signal; variant: it keeps its place */
	A_FORGET,	/* an interrupted call does not come back in time */
	A_FOLLOW,	/* STALE_END, LEAVES, ENDS */
	A_STALL,	/* the running turn is taken over; variant: enum answer of its command */
	A_RETRY,	/* the time for another try to reset the card has come */
	A_STEP,		/* the running turn continues; variant: how */
	A_REMOVE,
	A_INSERT,
	A_NOTIFY,
	A_POLL,
	A_IDLE,
	A_EXPIRE,
	A_SLEEP,
	A_GONE,
};

/* PC_BEGIN of a call; the variant has the arguments */
#define V_SHARE(v)	((enum pol_share)((v) & 3))
#define V_DISP(v)	((enum pol_disp)((v) >> 2 & 3))
#define V_MORE		0x10	/* negotiate; several blocks; the PIN pad */
#define V_ESCAPE	0x20

/* Variants of an answer */
enum answer {
	V_OK,
	V_FAIL,
	V_KILLED,	/* the caller is killed, the command stays on the wire */
	V_KILLED_OFF,	/* the caller is killed while it aborts the command */
	V_JUST,		/* answered just before the card was taken out */
	V_OK_MORE,	/* negotiation follows */
	V_OK_OTHER,	/* the ATR is that of another card */
	V_UNSEEN,	/* A_STALL: answered, but the caller has not run since */
};

struct action {
	u8 kind;
	signed char handle;
	u8 call;
	u8 variant;
};

#define MAX_ACTIONS	160

/* Names of handles and calls in a trace; they are sorted in a state */
struct names {
	char handle[MAX_HANDLES];
	char call[MAX_HANDLES][MAX_CALLS];
};

extern struct world w;
extern const struct config *config;

static inline bool has(unsigned int env)
{
	return config->env & env;
}

/* card.c */
struct call *card_running(void);
enum pol_op card_op(void);
void card_wake(struct pol_turn *t);
void card_removed(void);
void card_begin_reset(void);
void card_lost_power(void);
void card_cut(void);
void card_go(enum cmd cmd);
enum cmd card_reset(void);
void card_finish(bool ok);
void card_answered(enum answer v);
void card_job(bool awake);
void card_taken_over(enum answer v);
void card_orphan(enum answer v);

/* steps.c */
void steps_init(void);
void steps_do(struct action a);

/* moves.c */
unsigned int moves_enabled(struct action *list);
bool moves_drain(struct action *a);
void moves_describe(struct action a, const struct names *n, char *buf, size_t size);

/* oracle.c */
void must(enum property p, bool ok, const char *format, ...)
	__printf(3, 4);
extern bool failed;
extern enum property failed_property;
extern char failed_text[256];

void oracle_init(void);
int oracle_verdict(int h, const struct pol_turn *t);
void oracle_asks(int h, int c);
void oracle_served(int h, int c);
void oracle_withdrawn(int h, int c);
void oracle_aside(int h, int c);
void oracle_forgotten(int h);
int oracle_first_waiter(void);
void oracle_worker(void);
void oracle_finished(void);
void oracle_send(int h, enum cmd cmd);
void oracle_power(bool on);
void oracle_no_card(void);
void oracle_reset(void);
void oracle_removed(void);
void oracle_gone(void);
void oracle_left(int h);
void oracle_closed(int h);
void oracle_ended(int h);
void oracle_expired(void);
void oracle_cut(enum pol_disp redo);
void oracle_job(enum pol_job job);
void oracle_check(void);

/* explore.c */
bool explore(const struct config *c, unsigned int limit);
extern unsigned int explored_states;
extern unsigned long explored_steps;
extern unsigned int explored_depth;

#endif /* MODEL_WORLD_H */
