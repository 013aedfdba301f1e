/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * T=1 scenarios as scripts; words, with blanks between them:
 *
 *	$00A4	a command begins		^FE	S(IFS request) of FE begins
 *	>BLOCK	the host sends			<BLOCK	the card sends
 *	<-	the card is silent		<~BLOCK	its EDC arrives garbled
 *	<#HEX	these bytes arrive		*N	the answer may take N times as long
 *	=9000	done, with this answer		!EIO	failed
 *	!EMSGSIZE
 *
 * Blocks as in ISO 7816-3: I(N(S), M) with its field is I01:0102, R(N(R)) is R1, or
 * R1/1 for an EDC or parity error and R1/2 for another error, S-blocks are IFS?20
 * IFS!20 WTX?03 WTX!03 RESYNCH? RESYNCH! ABORT? ABORT! with ? for requests.
 */
#ifndef TESTS_UNIT_T1_SCRIPT_H
#define TESTS_UNIT_T1_SCRIPT_H

#include "t1.h"

struct t1_scenario {
	const char *name, *script;
	u8 ifsc;	/* 0: 32 */
	u8 ifsd;	/* 0: 254 */
	u8 nad;
	bool crc;
	u32 room;	/* 0: 300 */
};

/* As any other exchange may leave the connection */
void scard_test_t1_used(struct t1 *t);
void scard_test_t1(const char *group, const struct t1_scenario *s);

#endif /* TESTS_UNIT_T1_SCRIPT_H */
