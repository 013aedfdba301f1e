/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The card's side of T=1, ISO 7816-3 section 11, on a line that may lose and garble blocks: the
 * peer of the host's side in tests. Written from the standard only.
 */
#ifndef TESTS_FUZZ_T1_CARD_H
#define TESTS_FUZZ_T1_CARD_H

#include "port.h"

#define CARD_BLOCK_MAX	(3 + 254 + 2)

/* Actions of the card before it answers a block; see t1_card.decide */
enum card_whim {
	CARD_ANSWERS,
	CARD_WANTS_TIME,
	CARD_WANTS_IFSC,
	CARD_ABORTS,
};

struct t1_card {
	/* set by the test */
	bool crc;
	u8 ifsc_initial;
	const u8 *ans;			/* answer to each command */
	u32 ans_len;
	enum card_whim (*decide)(struct t1_card *card, u8 *value);
	u32 (*chunk)(struct t1_card *card, u32 most);	/* bytes of the next I-block */
	void *arg;

	/* results for the test */
	u8 cmd[70000];
	u32 cmd_len;
	unsigned int executed;
	unsigned int aborted;
	u8 ifsc, ifsd;

	/* private */
	bool ns, nr;
	bool in_command;
	bool i_outstanding, i_more;
	u8 i_block[CARD_BLOCK_MAX];
	u32 i_len, ans_off;
	bool s_outstanding;
	u8 s_pcb, s_value;
	bool i_pending;			/* after the S-block: an I-block, else an R-block */
};

void t1_card_reset(struct t1_card *card);
/* Send a block to the card; return the length of its answer, 0 for silence. */
u32 t1_card_receive(struct t1_card *card, const u8 *block, u32 len, bool garbled, u8 *out);

u32 t1_edc_len(bool crc);
void t1_edc_put(bool crc, u8 *block, u32 len);
/* Is this a block with correct LEN and EDC? */
bool t1_block_ok(bool crc, const u8 *block, u32 len);

#endif /* TESTS_FUZZ_T1_CARD_H */
