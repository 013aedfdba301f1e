// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Visit all reachable states, breadth first, so that a counterexample is as short as possible. A
 * state is packed into a few words: fields that no later step reads are left out, epochs count
 * from the present one, and handles and the calls of a handle, which are interchangeable, are
 * sorted. States are compared in full, not by their hash.
 */
#include <stdio.h>
#include <stdlib.h>

#include "world.h"

#define WORDS		3
#define NONE		UINT32_MAX

struct state {
	u64 key[WORDS];
	u32 parent;
	u32 drained;		/* state after moves_drain() */
	struct action action;	/* leads here from the parent */
};

unsigned int explored_states;
unsigned long explored_steps;
unsigned int explored_depth;

static struct state *states;
static u32 room;
static u32 *table;
static u32 table_size;

/* ---- states in a few words ---- */

struct bits {
	u64 key[WORDS];
	unsigned int at;
	bool reading;
};

static unsigned int code(struct bits *b, unsigned int value, unsigned int width)
{
	u64 mask = (1ULL << width) - 1;
	unsigned int shift;

	if (b->at % 64 + width > 64)
		b->at += 64 - b->at % 64;
	shift = b->at % 64;
	if (b->at / 64 >= WORDS || value & ~mask) {
		fprintf(stderr, "a state does not fit\n");
		exit(2);
	}
	if (b->reading)
		value = b->key[b->at / 64] >> shift & mask;
	else
		b->key[b->at / 64] |= (u64)value << shift;
	b->at += width;
	return value;
}

#define CODE(b, field, width)	((field) = (typeof(field))code(b, (field), width))

static void code_slot(struct bits *b)
{
	CODE(b, w.act.pc, 3);
	CODE(b, w.act.cmd, 4);
	CODE(b, w.act.share, 2);
	CODE(b, w.act.disp, 2);
	CODE(b, w.act.begun, 1);
	CODE(b, w.act.sent, 1);
	CODE(b, w.act.single, 1);
	CODE(b, w.act.killed, 1);
	CODE(b, w.act.on_wire, 1);
	CODE(b, w.orphan, 4);
	CODE(b, w.orphan_single, 1);
	CODE(b, w.abandoned, 1);
	CODE(b, w.unsafe, 1);
	CODE(b, w.real, 2);
	CODE(b, w.notes, 2);
	CODE(b, w.recheck, 1);
	CODE(b, w.pol.card, 2);
	CODE(b, w.pol.pending_reset, 2);
	CODE(b, w.pol.reset_counted, 1);
	CODE(b, w.pol.reset_at_once, 1);
	CODE(b, w.pol.gone, 1);
	CODE(b, w.pol.settle, 1);
	CODE(b, w.pol.idle, 1);
	CODE(b, w.pol.rescan, 1);
	CODE(b, w.o.touched, 1);
	CODE(b, w.o.debt, 2);
	CODE(b, w.o.exempt, 1);
	CODE(b, w.o.why, 2);
	CODE(b, w.o.cut, 1);
}

/* Position in the queue, from 1; 0: not queued */
static unsigned int queue_place(int h, int c)
{
	unsigned int i;

	for (i = 0; i < w.o.waiting; i++)
		if (w.o.queue[i] == h * SEATS + c)
			return i + 1;
	return 0;
}

static unsigned int pack_call(int h, int c)
{
	const struct call *call = &w.call[h][c];

	if (call->phase == IDLE)
		return 0;
	return call->phase | call->turn.op << 3 | (call->turn.share == POL_EXCLUSIVE) << 7 |
	       queue_place(h, c) << 8;
}

#define CALL_BITS	12
#define HANDLE_BITS	18

static unsigned int pack_handle(int h)
{
	const struct pol_handle *p = &w.handle[h];
	unsigned int aside = w.o.aside[h] << 10 | queue_place(h, ASIDE) << 14;
	int event = w.o.event[h];

	if (p->share == POL_UNCONNECTED)
		return aside;
	return aside | p->share | p->close << 2 | p->spoke << 4 |
	       (event == -EIDRM ? 2 : event == -ESTALE) << 5 | p->depth << 7 |
	       (w.o.owner == h) << 9;
}

struct order {
	u8 handle[MAX_HANDLES];
	u8 call[MAX_HANDLES][MAX_CALLS];
};

static void pack(struct bits *b, struct order *o)
{
	u64 handles[MAX_HANDLES];
	unsigned int calls[MAX_HANDLES][MAX_CALLS];
	unsigned int i, j, n = config->handles, m = config->calls;

	for (i = 0; i < n; i++) {
		for (j = 0; j < m; j++) {
			unsigned int call = pack_call(i, j), k = j;

			for (; k && calls[i][k - 1] < call; k--) {
				calls[i][k] = calls[i][k - 1];
				o->call[i][k] = o->call[i][k - 1];
			}
			calls[i][k] = call;
			o->call[i][k] = j;
		}
	}
	for (i = 0; i < n; i++) {
		u64 handle = pack_handle(i);
		unsigned int k = i;

		for (j = 0; j < m; j++)
			handle = handle << CALL_BITS | calls[i][j];
		for (; k && handles[k - 1] < handle; k--) {
			handles[k] = handles[k - 1];
			o->handle[k] = o->handle[k - 1];
		}
		handles[k] = handle;
		o->handle[k] = i;
	}
	*b = (struct bits){ };
	code_slot(b);
	code(b, w.o.running == WORKER, 1);
	for (i = 0; i < n; i++) {
		code(b, handles[i] >> m * CALL_BITS, HANDLE_BITS);
		for (j = 0; j < m; j++)
			code(b, calls[o->handle[i]][j], CALL_BITS);
	}
}

static void unpack_handle(int h, unsigned int v)
{
	struct pol_handle *p = &w.handle[h];
	unsigned int event = v >> 5 & 3, place = v >> 14;

	w.o.aside[h] = v >> 10 & 15;
	if (place) {
		p->place.handle = p;
		p->place.op = (enum pol_op)(w.o.aside[h] - 1);
		w.o.queue[place - 1] = h * SEATS + ASIDE;
		w.o.waiting++;
	}
	p->share = (enum pol_share)(v & 3);
	p->close = (enum pol_close)(v >> 2 & 3);
	p->spoke = v >> 4 & 1;
	p->depth = v >> 7 & 3;
	/* the counter is about to wrap: comparisons must not depend on its value */
	p->epoch = U32_MAX - event;
	w.o.share[h] = p->share;
	w.o.close[h] = p->close;
	w.o.spoke[h] = p->spoke;
	w.o.depth[h] = p->depth;
	w.o.event[h] = event == 2 ? -EIDRM : event ? -ESTALE : 0;
	if (v >> 9 & 1) {
		w.o.owner = h;
		w.pol.owner = p;
	}
	if (p->share)
		w.pol.connected++;
	if (p->share == POL_EXCLUSIVE)
		w.pol.exclusive = true;
}

static void unpack_call(int h, int c, unsigned int v)
{
	struct call *call = &w.call[h][c];
	unsigned int place = v >> 8;

	if (!v)
		return;
	call->phase = (enum phase)(v & 7);
	call->turn.handle = &w.handle[h];
	call->turn.op = (enum pol_op)(v >> 3 & 15);
	call->turn.share = v >> 7 & 1 ? POL_EXCLUSIVE : POL_SHARED;
	if (place) {
		w.o.queue[place - 1] = h * SEATS + c;
		w.o.waiting++;
	}
	if (call->phase == ACTS) {
		w.pol.running = &call->turn;
		w.o.running = h;
	}
}

static void unpack(const struct state *s)
{
	struct bits b = { .reading = true };
	unsigned int i, j;

	memcpy(b.key, s->key, sizeof(b.key));
	steps_init();
	code_slot(&b);
	w.o.gone = w.pol.gone;
	w.pol.epoch = U32_MAX;
	w.pol.removed_epoch = U32_MAX - 1;
	if (code(&b, 0, 1)) {
		w.o.running = WORKER;
		w.pol.running = &w.pol.worker;
	}
	for (i = 0; i < config->handles; i++) {
		unpack_handle(i, code(&b, 0, HANDLE_BITS));
		for (j = 0; j < config->calls; j++)
			unpack_call(i, j, code(&b, 0, CALL_BITS));
	}
	for (i = 0; i < w.o.waiting; i++) {
		unsigned int h = w.o.queue[i] / SEATS, c = w.o.queue[i] % SEATS;
		struct pol_turn *t = c == ASIDE ? &w.handle[h].place : &w.call[h][c].turn;

		t->queued = true;
		*w.pol.tail = t;
		w.pol.tail = &t->next;
	}
}

/* ---- states seen ---- */

static u32 hash(const u64 *key)
{
	u64 h = 0;
	unsigned int i;

	for (i = 0; i < WORDS; i++) {
		h = (h ^ key[i]) * 0x9e3779b97f4a7c15ULL;
		h ^= h >> 29;
	}
	return h >> 16;
}

static void *grow(void *p, size_t n, size_t size)
{
	p = reallocarray(p, n, size);
	if (!p) {
		fprintf(stderr, "out of memory after %u states\n", explored_states);
		exit(2);
	}
	return p;
}

static void rehash(void)
{
	u32 i, at;

	table_size = table_size ? table_size * 2 : 1 << 16;
	table = grow(table, table_size, sizeof(*table));
	memset(table, 0xff, table_size * sizeof(*table));
	for (i = 0; i < explored_states; i++) {
		for (at = hash(states[i].key) % table_size; table[at] != NONE;)
			at = (at + 1) % table_size;
		table[at] = i;
	}
}

/* Return the number of the state of w; add a new state. */
static u32 seen(u32 parent, struct action action)
{
	struct bits b;
	struct order o;
	u32 at;

	if (explored_states * 2 >= table_size)
		rehash();
	pack(&b, &o);
	for (at = hash(b.key) % table_size; table[at] != NONE; at = (at + 1) % table_size)
		if (!memcmp(states[table[at]].key, b.key, sizeof(b.key)))
			return table[at];
	if (explored_states == room) {
		room = room ? room * 2 : 1 << 16;
		states = grow(states, room, sizeof(*states));
	}
	table[at] = explored_states;
	states[explored_states] = (struct state){
		.parent = parent, .drained = NONE, .action = action,
	};
	memcpy(states[explored_states].key, b.key, sizeof(b.key));
	return explored_states++;
}

/* ---- traces ---- */

static void rename_sorted(struct names *n)
{
	const struct names old = *n;
	struct bits b;
	struct order o;
	unsigned int i, j;

	pack(&b, &o);
	for (i = 0; i < config->handles; i++) {
		n->handle[i] = old.handle[o.handle[i]];
		for (j = 0; j < config->calls; j++)
			n->call[i][j] = old.call[o.handle[i]][o.call[o.handle[i]][j]];
	}
}

static void print_step(struct action a, const struct names *n)
{
	char line[192];
	unsigned int h;

	moves_describe(a, n, line, sizeof(line));
	printf("#   %-64s", line);
	steps_do(a);
	printf("card %d/%d pending %d at once %d", w.real, w.pol.card, w.pol.pending_reset, w.pol.reset_at_once);
	for (h = 0; h < config->handles; h++)
		if (w.o.owner == (int)h)
			printf(" owner %c", n->handle[h]);
	printf(" debt %d\n", w.o.debt);
}

/* Print the steps that lead to state s, and then the step a. */
static void print_trace(u32 s, const struct action *a)
{
	u32 length = 0, i, at;
	u32 *path = NULL;
	struct names n = { .handle = { 'A', 'B', 'C' },
			   .call = { { '1', '2' }, { '1', '2' }, { '1', '2' } } };

	for (at = s; at != NONE; at = states[at].parent) {
		path = grow(path, length + 1, sizeof(*path));
		path[length++] = at;
	}
	failed = false;
	for (i = length - 1; i--;) {
		unpack(&states[path[i + 1]]);
		print_step(states[path[i]].action, &n);
		rename_sorted(&n);
	}
	if (a) {
		unpack(&states[s]);
		print_step(*a, &n);
	}
	free(path);
}

/* ---- search ---- */

static void expand(u32 s)
{
	struct action now[MAX_ACTIONS], drain;
	static struct world before;
	unsigned int i, n;
	bool drains;

	unpack(&states[s]);
	before = w;
	n = moves_enabled(now);
	drains = moves_drain(&drain);
	for (i = 0; i < n; i++) {
		u32 to;

		if (i)
			w = before;
		steps_do(now[i]);
		explored_steps++;
		if (failed) {
			char text[sizeof(failed_text)];

			memcpy(text, failed_text, sizeof(text));
			print_trace(s, &now[i]);
			failed = true;
			memcpy(failed_text, text, sizeof(text));
			return;
		}
		to = seen(s, now[i]);
		if (drains && !memcmp(&now[i], &drain, sizeof(drain)))
			states[s].drained = to;
	}
	must(P_PROGRESS, drains || oracle_first_waiter() == NOBODY,
	     "calls wait and no step serves them");
	must(P_PROGRESS, !drains || states[s].drained != NONE, "the draining step is not enabled");
}

/* If nothing new happens, every waiting call is served after finitely many steps. */
static void check_progress(void)
{
	u8 *mark = calloc(explored_states, 1);
	u32 s, at;

	if (!mark)
		exit(2);
	for (s = 0; s < explored_states && !failed; s++) {
		for (at = s; at != NONE && !mark[at]; at = states[at].drained)
			mark[at] = 1;
		if (at != NONE && mark[at] == 1) {
			print_trace(at, NULL);
			must(P_PROGRESS, false, "calls wait for ever");
		}
		for (at = s; at != NONE && mark[at] == 1; at = states[at].drained)
			mark[at] = 2;
	}
	free(mark);
}

/**
 * explore() - visit every state
 * @c: events and calls that may happen
 * @limit: give up after this number of states
 *
 * Return: true if every state was visited or a property failed
 */
bool explore(const struct config *c, unsigned int limit)
{
	u32 s, level = 0;

	config = c;
	failed = false;
	explored_states = 0;
	explored_steps = 0;
	explored_depth = 0;
	table_size = 0;
	rehash();
	steps_init();
	oracle_check();
	seen(NONE, (struct action){ });
	for (s = 0; s < explored_states && !failed; s++) {
		if (s == level) {
			explored_depth++;
			level = explored_states;
		}
		if (explored_states > limit)
			return false;
		expand(s);
	}
	if (!failed)
		check_progress();
	return true;
}
