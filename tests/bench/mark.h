/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Marks in the stream of instructions, for the plugin count.c: long forms of nop with
 * displacements that compilers do not use.
 */
#ifndef BENCH_MARK_H
#define BENCH_MARK_H

#define MARK_LEN	8
#define MARK_BEGIN	"\x0f\x1f\x84\x00\xb1\xca\x5c\x5c"
#define MARK_END	"\x0f\x1f\x84\x00\xe1\xca\x5c\x5c"
#define MARK_WAIT	"\x0f\x1f\x84\x00\xa1\xca\x5c\x5c"
#define MARK_WOKEN	"\x0f\x1f\x84\x00\xc1\xca\x5c\x5c"

static inline void mark_begin(void)
{
	__asm__ volatile(".byte 0x0f, 0x1f, 0x84, 0x00, 0xb1, 0xca, 0x5c, 0x5c" ::: "memory");
}

static inline void mark_end(void)
{
	__asm__ volatile(".byte 0x0f, 0x1f, 0x84, 0x00, 0xe1, 0xca, 0x5c, 0x5c" ::: "memory");
}

/* Stop counting until mark_woken(), which otherwise has no effect. */
static inline void mark_wait(void)
{
	__asm__ volatile(".byte 0x0f, 0x1f, 0x84, 0x00, 0xa1, 0xca, 0x5c, 0x5c" ::: "memory");
}

static inline void mark_woken(void)
{
	__asm__ volatile(".byte 0x0f, 0x1f, 0x84, 0x00, 0xc1, 0xca, 0x5c, 0x5c" ::: "memory");
}

#endif
