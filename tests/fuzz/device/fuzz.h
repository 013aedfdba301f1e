/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What all parts of the fuzzer share: the form of a case, and the memory of all its processes. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CALLS		12	/* of a case at most */
#define ANSWERS		20
#define FDS		3	/* descriptors of a case */
#define PORTS		6	/* of the controller, each with a process */

/* What a client does: fuzz_call.op. The order is part of the bytes of a case. */
enum op {
	OP_OPEN, OP_CLOSE, OP_NONBLOCK, OP_INFO, OP_STATUS, OP_CONNECT, OP_RECONNECT,
	OP_DISCONNECT, OP_BEGIN, OP_END, OP_TRANSMIT, OP_CONTROL, OP_GET_ATTR, OP_SET_ATTR,
	OP_CANCEL, OP_HANDLES, OP_OTHER, OP_APDU, OP_PIN, OP_POLL, OP_FORK, OP_DIE, OP_PAUSE,
	OP_NOTIFY, OP_CARD, OP_SPEAK, OP_UNPLUG, OP_SLEEP, OP_UNBIND, OP_RESET, OP_LOOK,
	OPS
};

/* One call: @fd chooses a descriptor, @v the arguments. Each byte has a meaning for each op. */
struct fuzz_call {
	uint8_t op;
	uint8_t fd;
	uint8_t v[10];
};

/* How the reader answers a message or a class request: fuzz_answer.how. In this order, too */
enum how {
	HOW_WELL, HOW_FAIL, HOW_EXTEND, HOW_NO_CARD, HOW_OTHER_SEQ, HOW_OTHER_SLOT,
	HOW_OTHER_TYPE, HOW_OTHER_LEN, HOW_STATUS, HOW_ERROR, HOW_PARAM, HOW_SHORT, HOW_LONG,
	HOW_SPLIT, HOW_TWICE, HOW_AGAIN, HOW_OLD, HOW_EMPTY, HOW_GARBAGE, HOW_STALL_IN,
	HOW_STALL_OUT, HOW_BABBLE, HOW_BAD_IN, HOW_BAD_OUT, HOW_SILENT, HOW_LATE, HOW_EARLY,
	HOW_NOTIFY, HOW_UNPLUG,
	HOWS
};

/* What is wrong with the bytes of the card or, with requests, of the reader: fuzz_answer.data */
enum data {
	DATA_WELL, DATA_NONE, DATA_SHORT, DATA_LONG, DATA_XOR, DATA_RANDOM, DATA_HUGE, DATA_CHAIN,
	DATA_T1_PCB, DATA_T1_WTX, DATA_T1_IFS, DATA_T1_ABORT, DATA_T1_AGAIN, DATA_T1_MORE,
	DATA_T1_SUM, DATA_T0_NULL, DATA_T0_MORE, DATA_T0_LE, DATA_T0_OTHER,
	DATAS
};

struct fuzz_answer {
	uint8_t how;
	uint8_t arg;
	uint8_t data;
	uint8_t more;
};

/* fuzz_case.head: the device */
enum head {
	HEAD_KIND,		/* see desc.c */
	HEAD_ID,		/* idVendor and idProduct, bcdDevice */
	HEAD_FLAGS,		/* HAS_* */
	HEAD_ATR,
	HEAD_ATR_AT,		/* where it is changed; below 128: not at all */
	HEAD_ATR_VALUE,
	HEAD_LENGTH,		/* of the card's answers */
	HEAD_KILL,		/* when a client is killed */
	HEAD_CHANGES,		/* how many bytes of the descriptors are changed: where, value */
	HEAD_CHANGE,
	HEADS = HEAD_CHANGE + 8,
};

#define HAS_HIGH_SPEED		0x01
#define HAS_NO_WAKEUP		0x02
#define HAS_SMALL_PACKETS	0x04
#define HAS_NO_INTERRUPT	0x08
#define HAS_LATE_DESC		0x10	/* the class descriptor is behind the last endpoint */
#define HAS_NO_SERIAL		0x20
#define HAS_RATES		0x40	/* a list of data rates */

/* The bytes of a case, which say all that it does */
struct fuzz_case {
	uint8_t head[HEADS];
	uint8_t answers;		/* the first messages are answered so, the others well */
	uint8_t count;			/* of @call */
	struct fuzz_answer answer[ANSWERS];
	struct fuzz_call call[CALLS];
};

#define CASE_HEX	(2 * sizeof(struct fuzz_case) + 1)

/* In memory that all processes have */
struct shared {
	atomic_ulong executions;
	atomic_ulong killed;		/* clients at their limit */
	atomic_ulong devices;		/* that were plugged */
	atomic_ulong bound;		/* of these, had a node */
	atomic_ulong healthy;		/* looks at a valid reader */
	atomic_ulong slowest_ms;	/* end of a client */
	atomic_ulong good[OPS];		/* calls that succeeded */
	atomic_ulong bad[OPS];		/* and that failed */
	atomic_ulong answered[HOWS];
	atomic_bool failed;
	unsigned int scale;		/* how much slower than others this machine is */
	bool tell;			/* print what each call returns */
};

extern struct shared *shared;

const char *fuzz_op_name(unsigned int op);
unsigned long now_ms(void);

#endif
