// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A plugin of QEMU that counts, block by block, the instructions that the guest executes between
 * marks; profile.py maps them to functions. The measured program makes the marks (mark.h):
 * instructions without effect that no other program has. For an event, the first interrupt starts
 * the count, and idle_clock.ko makes that mark.
 *
 * Prints "block MARK ADDRESS INSTRUCTIONS", MARK counting the first marks from 0.
 *
 * Debian has no package with QEMU's header for plugins; the declarations used here have not
 * changed since version 1 of the interface.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mark.h"

#define EXPORT	__attribute__((visibility("default")))
#define MARKS	32	/* different pairs of marks */

typedef uint64_t qemu_plugin_id_t;
typedef struct qemu_info_t qemu_info_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef void (*exec_cb)(unsigned int vcpu, void *data);
typedef void (*trans_cb)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
typedef void (*exit_cb)(qemu_plugin_id_t id, void *data);

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, trans_cb cb);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, exec_cb cb, int flags,
					  void *data);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, exec_cb cb, int flags,
					    void *data);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, exit_cb cb, void *data);
void qemu_plugin_outs(const char *string);

EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv);

/* A translated block; QEMU may translate the same block again. */
struct block {
	struct block *next;
	uint64_t address;
	uint32_t insns;
	uint64_t part;		/* executions that may still turn out to lie outside the pair */
	uint64_t runs[MARKS];
};

static struct block *blocks;
static int mark;	/* pairs begun */
static bool room, counting, waiting;

static void on_block(unsigned int vcpu, void *data)
{
	struct block *block = data;

	(void)vcpu;
	if (counting)
		block->part++;
}

/* Assign the last executions to the pair, or drop them. */
static void end_part(bool keep)
{
	struct block *block;

	for (block = blocks; block; block = block->next) {
		if (keep && mark)
			block->runs[mark - 1] += block->part;
		block->part = 0;
	}
}

static void on_begin(unsigned int vcpu, void *data)
{
	(void)vcpu;
	(void)data;
	room = mark < MARKS;
	mark += room;
	counting = room;
	waiting = false;
}

static void on_wait(unsigned int vcpu, void *data)
{
	(void)vcpu;
	(void)data;
	counting = false;
	waiting = room;
}

/* Restart the count: the last interrupt after a pause is the event's, as for woken_ns(). */
static void on_woken(unsigned int vcpu, void *data)
{
	(void)vcpu;
	(void)data;
	if (!waiting)
		return;
	end_part(false);
	counting = true;
}

static void on_end(unsigned int vcpu, void *data)
{
	(void)vcpu;
	(void)data;
	end_part(counting);
	counting = false;
	waiting = false;
}

static bool is_mark(const struct qemu_plugin_insn *insn, const char *bytes)
{
	return qemu_plugin_insn_size(insn) == MARK_LEN &&
	       !memcmp(qemu_plugin_insn_data(insn), bytes, MARK_LEN);
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	struct block *block = calloc(1, sizeof(*block));
	size_t n = qemu_plugin_tb_n_insns(tb), i;

	(void)id;
	if (!block)
		abort();
	block->address = qemu_plugin_tb_vaddr(tb);
	block->insns = (uint32_t)n;
	block->next = blocks;
	blocks = block;
	qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, 0, block);
	for (i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

		if (is_mark(insn, MARK_BEGIN))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_begin, 0, NULL);
		else if (is_mark(insn, MARK_END))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_end, 0, NULL);
		else if (is_mark(insn, MARK_WAIT))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_wait, 0, NULL);
		else if (is_mark(insn, MARK_WOKEN))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_woken, 0, NULL);
	}
}

static void at_exit(qemu_plugin_id_t id, void *data)
{
	const struct block *block;
	char line[80];
	int i;

	(void)id;
	(void)data;
	for (block = blocks; block; block = block->next) {
		for (i = 0; i < mark; i++) {
			if (!block->runs[i])
				continue;
			snprintf(line, sizeof(line), "block %d %" PRIx64 " %" PRIu64 "\n", i,
				 block->address, block->runs[i] * block->insns);
			qemu_plugin_outs(line);
		}
	}
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
	(void)info;
	(void)argc;
	(void)argv;
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
	qemu_plugin_register_atexit_cb(id, at_exit, NULL);
	return 0;
}
