/* SPDX-License-Identifier: GPL-2.0 */
#ifndef IDLE_CLOCK_H
#define IDLE_CLOCK_H

#include <linux/timex.h>
#include <linux/types.h>

extern u64 *idle_clock_cycles;

/* Busy cycles of the CPU; only differences have a meaning. */
static inline u64 idle_clock_busy(void)
{
	return get_cycles() - READ_ONCE(*idle_clock_cycles);
}

#endif
