/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is counted of slots and readers, for sysfs.c, and remembered of them, for
 * trace.c. Each is changed where its lock is held anyway.
 */
#ifndef SCARD_COUNTERS_H
#define SCARD_COUNTERS_H

#include <linux/types.h>

#include "policy.h"

/**
 * struct scard_slot_count - counters of a slot since it came
 * @calls: calls that needed a turn, whatever became of them, by enum pol_op
 * @waits: those of them that had to wait
 * @failures: those that had their turn and failed
 * @insertions: cards found
 * @power_ups: ATRs received
 * @owed_resets: what handles owed to the card that were closed while connected, paid
 */
struct scard_slot_count {
	u64 calls[POL_OP_WORKER];
	u64 waits;
	u64 failures;
	u64 insertions;
	u64 power_ups;
	u64 owed_resets;
};

/**
 * struct scard_reader_count - counters of a reader since it came
 * @commands: CCID commands sent
 * @time_extensions: answers that asked for more time
 * @strays: messages and empty transfers that answered nothing
 * @transfer_errors: commands ended by a failed transfer
 * @timeouts: commands ended by their deadline
 * @aborts: abort sequences
 */
struct scard_reader_count {
	u64 commands;
	u64 time_extensions;
	u64 strays;
	u64 transfer_errors;
	u64 timeouts;
	u64 aborts;
};

/**
 * struct scard_traced - what was last told of a slot to those who trace
 * @epoch: pol_slot.epoch
 * @owner: id of the handle in a transaction, 0 if none is
 * @connected: pol_slot.connected
 * @protocol: scard_slot.protocol
 * @card: pol_slot.card
 * @owed: pol_slot.owed
 * @exclusive: pol_slot.exclusive
 * @gone: pol_slot.gone
 */
struct scard_traced {
	u32 epoch;
	u32 owner;
	u32 connected;
	u32 protocol;
	u8 card;
	u8 owed;
	bool exclusive;
	bool gone;
};

#endif /* SCARD_COUNTERS_H */
