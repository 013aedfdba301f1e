/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Results of the SCard API in lines "case<TAB>result", to compare implementations. The program
 * depends on none of them: it uses the headers, and a command that moves the card and the reader.
 */
#ifndef CONFORMANCE_H
#define CONFORMANCE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <wintypes.h>
#include <winscard.h>
#include <reader.h>

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

/* A call that has not returned after this time, in ms, waits for an event. */
#define WAITS_MS	350
/* An operation that has not ended after this time, in ms, hangs. */
#define HANGS_MS	5000
/* The stack notices a change of the reader or card within this time, in ms. */
#define MOVES_MS	300000

/* Above the handles of any implementation, which have 31 bits */
#define NO_HANDLE	((SCARDHANDLE)0x7FFFFFF123)

/**
 * struct test_case - one situation, and the results that it prints
 * @name: follows the name of the subject
 * @run: runs in its own process and prints the results
 * @card: card in the reader at the start, in vreader's words; NULL: DEFAULT_CARD
 * @moves: afterwards the card or the reader is absent, or replaced
 */
struct test_case {
	const char *name;
	void (*run)(void);
	const char *card;
	bool moves;
};

struct subject {
	const char *name;
	const struct test_case *cases;
	size_t n;
};

#define SUBJECT(theme) \
	const struct subject theme##_subject = { #theme, theme##_cases, COUNT(theme##_cases) }

/* Speaks T=0, its default, and T=1; ISO commands and a few of its own */
#define DEFAULT_CARD	"iso,t=01"
#define NO_CARD		"none"

/* ---- report.c ---- */

extern const char *case_name;

void say(const char *what, const char *format, ...) __attribute__((format(printf, 2, 3)));
void give_up(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* The returned text lives until the 64th call after. */
const char *print(const char *format, ...) __attribute__((format(printf, 1, 2)));
const char *code(LONG ret);
const char *bytes(const void *data, size_t n);
const char *text(const char *data, size_t n);
const char *protocol_name(DWORD protocol);
const char *status_name(DWORD state);
const char *state_name(DWORD state);
const char *share_name(DWORD mode);
const char *disposition_name(DWORD disposition);

/* ---- world.c ---- */

/* The name of the reader, and a name that no reader has */
extern char reader[MAX_READERNAME];
#define NO_READER	"No Such Reader 00 00"
#define PNP_READER	"\\\\?PnP?\\Notification"

/* The event counter of the reader at the start of the case */
extern DWORD first_event;

void prepare(const struct test_case *c);
void clean_up(void);
void control(const char *command);
void control_second(const char *command);
void pause_ms(int ms);
long long now_ms(void);

SCARDCONTEXT context(void);
SCARDHANDLE card_of(SCARDCONTEXT ctx, DWORD mode);
SCARDHANDLE card(DWORD mode);
SCARDHANDLE card_with(DWORD mode, DWORD protocols);
void context_is_stuck(void);
void readers_are(DWORD n);
void card_is(DWORD state);
DWORD counter_of_reader(void);

LONG apdu(SCARDHANDLE card, const char *hex, BYTE *answer, DWORD *len);
const char *answer_to(SCARDHANDLE card, const char *hex);
const char *card_life(SCARDHANDLE card);

/* ---- call.c ---- */

enum op {
	OP_STATUS, OP_TRANSMIT, OP_GET_ATTRIB, OP_SET_ATTRIB, OP_CONTROL, OP_END, OP_BEGIN,
	OP_RECONNECT, OP_DISCONNECT, OP_CONNECT, OP_HANDLES = OP_CONNECT,
	OP_LIST, OP_CHANGE, OP_RELEASE, OP_VALID, OPS
};

/**
 * struct call - a call of the API that may wait
 * @op: the call
 * @ctx: for calls that take a context
 * @card: for calls that take a card handle
 * @mode: share mode for OP_CONNECT and OP_RECONNECT; 0 is SHARED
 * @disposition: for OP_END, OP_DISCONNECT, OP_RECONNECT
 * @timeout: for OP_CHANGE
 * @states: for OP_CHANGE
 * @nstates: for OP_CHANGE
 * @ret: returned error code
 * @result: the results as text
 * @done: the call has returned
 * @running: the copy that the thread works on, as the thread may never end
 */
struct call {
	enum op op;
	SCARDCONTEXT ctx;
	SCARDHANDLE card;
	DWORD mode;
	DWORD disposition;
	DWORD timeout;
	SCARD_READERSTATE *states;
	DWORD nstates;
	LONG ret;
	char result[400];
	atomic_bool done;
	struct call *running;
};

extern const char *const op_names[OPS];

void call(struct call *c);
void call_begin(struct call *c);
bool call_done(struct call *c, int ms);
const char *call_result(struct call *c);
const char *call_now(struct call *c);
void all_calls(const char *what, const SCARDHANDLE *cards, const SCARDCONTEXT *contexts);
void calls_after(DWORD mode, void (*before)(void), void (*happens)(void));

/* ---- peer.c ---- */

/**
 * struct peer - another process
 * @pid: process number
 * @to: pipe to the process
 * @from: pipe from the process
 */
struct peer {
	pid_t pid;
	int to;
	int from;
};

void peer_begin(struct peer *p, void (*run)(void));
void peer_go(struct peer *p);
void peer_wait(struct peer *p);
void peer_kill(struct peer *p);
void peer_end(struct peer *p);
/* called in the peer */
void peer_is_ready(void);
void peer_waits(void);

#endif
