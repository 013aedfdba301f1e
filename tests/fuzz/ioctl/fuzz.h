/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What all parts of the fuzzer share: the form of a case, and the memory of all its processes. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CALLS		24	/* of a case at most */
#define FDS		4	/* descriptors of a case */
#define SLOTS		2	/* of the reader that the server has */

/* What a call does: fuzz_call.op. The order is part of the bytes of a case. */
enum op {
	OP_OPEN, OP_DUP, OP_CLOSE, OP_NONBLOCK, OP_INFO, OP_STATUS, OP_CONNECT, OP_RECONNECT,
	OP_DISCONNECT, OP_BEGIN, OP_END, OP_TRANSMIT, OP_CONTROL, OP_GET_ATTR, OP_SET_ATTR,
	OP_CANCEL, OP_HANDLES, OP_OTHER, OP_POLL, OP_READ, OP_WRITE, OP_FORK, OP_FREEZE,
	OP_THREAD, OP_SIGNAL, OP_PAUSE, OP_MODE, OP_CARD, OP_PLUG, OP_FAIL, OP_UID,
	OP_USER_OPEN, OP_USER_CREATE, OP_USER_NODE, OP_USER_TAKE, OP_USER_SAY, OP_USER_SERVE,
	OPS
};

/* One call: @fd chooses a descriptor, @v the arguments. Each byte has a meaning for each op. */
struct fuzz_call {
	uint8_t op;
	uint8_t fd;
	uint8_t v[10];
};

/* fuzz_case.head[0]: which reader the case opens */
#define HEAD_USB	0xe0	/* from here on vreader's on USB, below it the server's */
/* fuzz_case.head[1]: how often a signal comes, see exec_case(); [2]: how the server answers */

/* The bytes of a case, which say all that it does */
struct fuzz_case {
	uint8_t head[3];
	uint8_t count;			/* of @call */
	struct fuzz_call call[CALLS];
};

#define CASE_HEX	(2 * sizeof(struct fuzz_case) + 1)

/* How the server answers */
enum mode {
	MODE_WELL, MODE_REFUSE, MODE_SILENT, MODE_SLOW, MODE_LONG, MODE_SHORT, MODE_OTHER_ID,
	MODE_TWICE, MODE_MORE_TIME, MODE_REMOVE, MODE_UNPLUG, MODE_RANDOM,
	MODES
};

/* In memory that all processes have */
struct shared {
	atomic_uint mode;		/* of the server; MODE_WELL after @left requests */
	atomic_uint left;
	atomic_uint value;		/* errno, length or time, see server_answer() */
	atomic_uint minor[SLOTS];	/* of the server's reader */
	atomic_uint usb_minor;		/* of vreader's reader */
	atomic_uint tasks;		/* of this case, in the areas of cover.h from 1 on */
	atomic_ulong good[OPS];		/* calls that succeeded */
	atomic_ulong bad[OPS];		/* and that failed */
	atomic_ulong served;		/* requests that the server answered */
	atomic_bool well;		/* the reader was used with success */
	atomic_int why;			/* else the errno of the last try; negative: of open() */
	unsigned int scale;		/* how much slower than others this machine is */
	bool usb;			/* vreader runs */
	bool cgroup;			/* there is a cgroup to freeze */
	bool fail;			/* there is fault injection */
};

extern struct shared *shared;

const char *fuzz_op_name(unsigned int op);

#endif
