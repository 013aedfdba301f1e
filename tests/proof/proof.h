/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For the proofs. A harness includes the source that it is about, makes inputs of any value, and
 * says what has to hold. Functions and variables without a value may have any.
 */
#ifndef SCARD_PROOF_H
#define SCARD_PROOF_H

#include "port.h"

bool nondet_bool(void);
u8 nondet_u8(void);
u16 nondet_u16(void);
u32 nondet_u32(void);
size_t nondet_size(void);

#define ASSUME(what)	__CPROVER_assume(what)

/*
 * PROOF_REACHED: says what is not reached, instead of what does not hold. A proof of what no
 * input comes to would say nothing.
 */
#ifdef PROOF_REACHED
#define HOLDS(what)	((void)0)
#define REACHED(name)	__CPROVER_assert(0, "reached: " name)
#else
#define HOLDS(what)	__CPROVER_assert(what, #what)
#define REACHED(name)	((void)0)
#endif

/* PROOF_SHORT: a planted fault, buffers that lack their last byte */
#ifdef PROOF_SHORT
#define LACKS	1
#else
#define LACKS	0
#endif

/*
 * A buffer of @len bytes of any value, @max at most: the end of an object of @max bytes. An
 * object of @len bytes says the same, and takes CBMC far longer.
 */
#define BUFFER(name, len, max)				\
	u8 name##_room[(max) + 1 - LACKS];		\
	u8 *name = name##_room + 1 + (max) - (len)

/*
 * In place of memmove() where no one reads what was copied: both areas are there. CBMC takes long
 * to follow copies within a buffer.
 */
static inline void *areas_only(void *to, const void *from, size_t len)
{
	HOLDS(__CPROVER_r_ok(from, len) && __CPROVER_w_ok(to, len));
	return to;
}

#endif /* SCARD_PROOF_H */
