/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Types and helpers of the files in this directory, which are pure: no I/O, no allocation,
 * no time, no log. The module, the unit tests and the fuzzers compile the same sources;
 * this header alone knows which. Unaligned access is its own, as the kernel's header for it
 * has two names between 6.1 and 6.12, and user space has none.
 */
#ifndef SCARD_PROTO_PORT_H
#define SCARD_PROTO_PORT_H

#ifdef __KERNEL__

#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/math64.h>
#include <linux/string.h>
#include <linux/types.h>

#else

#include <errno.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;

#define U32_MAX UINT32_MAX
#define BIT(n) (1U << (n))

static inline u64 div_u64(u64 dividend, u32 divisor)
{
	return dividend / divisor;
}

#endif

static inline u32 min_u32(u32 a, u32 b)
{
	return a < b ? a : b;
}

static inline u32 clamp_u32(u32 v, u32 lo, u32 hi)
{
	return v < lo ? lo : min_u32(v, hi);
}

static inline u16 get_le16(const u8 *p)
{
	return p[0] | p[1] << 8;
}

static inline u32 get_le32(const u8 *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (u32)p[3] << 24;
}

static inline void put_le16(u8 *p, u16 v)
{
	p[0] = v;
	p[1] = v >> 8;
}

static inline void put_le32(u8 *p, u32 v)
{
	p[0] = v;
	p[1] = v >> 8;
	p[2] = v >> 16;
	p[3] = v >> 24;
}

#endif /* SCARD_PROTO_PORT_H */
