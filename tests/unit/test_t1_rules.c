// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * T=1, rule by rule of ISO 7816-3 section 11.6.3 (I-, R- and S-blocks, S(WTX), S(IFS),
 * S(ABORT), S(RESYNCH)); the numbers are those that drivers cite. Other situations are named
 * by their events.
 */
#include "t1_script.h"
#include "unit.h"

#define OK		"<I00:9000 =9000 "
#define GIVEN_UP	"<- >R0/2 <- >R0/2 <- >R0/2 <- "

static const struct t1_scenario error_free[] = {
	{ .name = "rule 1: the first block is I(0,0)", .script = "$00A40000 >I00:00A40000 " OK },
	{ .name = "rule 2.1: an I-block acknowledges; N(S) alternates on each side",
	  .script = "$01 >I00:01 <I00:A1 =A1 $02 >I10:02 <I10:A2 =A2 $03 >I00:03 <I00:A3 =A3" },
	{ .name = "rule 2.2: R acknowledges a block of the host's chain", .ifsc = 3,
	  .script = "$0102030405 >I01:010203 <R1 >I10:0405 " OK },
	{ .name = "rule 2.2: R acknowledges a block of the card's chain",
	  .script = "$01 >I00:01 <I01:A1A2 >R1 <I11:A3 >R0 <I00:9000 =A1A2A39000" },
	{ .name = "rule 2.2: after a chain the numbers go on", .ifsc = 2,
	  .script = "$010203 >I01:0102 <R1 >I10:03 <I01:A1 >R1 <I10:A2 =A1A2 "
		    "$04 >I00:04 <I00:A4 =A4" },
	{ .name = "rule 3: S(WTX) is granted, for one block", .script =
	  "$01 >I00:01 *1 <WTX?03 >WTX!03 *3 <WTX?0A >WTX!0A *10 " OK },
	{ .name = "rule 3: a multiplier of 0 is one", .script =
	  "$01 >I00:01 <WTX?00 >WTX!00 *1 " OK },
	{ .name = "rule 3: S(WTX) in a chain of the host's", .ifsc = 2, .script =
	  "$010203 >I01:0102 <WTX?02 >WTX!02 *2 <R1 *1 >I10:03 " OK },
	{ .name = "rule 3: S(WTX) in a chain of the card's", .script =
	  "$01 >I00:01 <I01:A1 >R1 <WTX?02 >WTX!02 <I10:A2 =A1A2" },
	{ .name = "rule 4: S(IFS request) of the host", .script =
	  "^FE >IFS?FE <IFS!FE = $01 >I00:01 " OK },
	{ .name = "rule 4: S(IFS request) of the card, longer blocks from now on", .ifsc = 2,
	  .script = "$0102030405 >I01:0102 <IFS?05 >IFS!05 <R1 >I10:030405 " OK },
	{ .name = "rule 4: S(IFS request) of the card, shorter blocks from now on", .ifsc = 3,
	  .script = "$0102030405 >I01:010203 <IFS?01 >IFS!01 <R1 >I11:04 <R0 >I00:05 " OK },
	{ .name = "rule 4: S(IFS request) before the answer", .script =
	  "$01 >I00:01 <IFS?FE >IFS!FE " OK },
	{ .name = "rule 5: a chain of the host's in full blocks", .ifsc = 2, .script =
	  "$0102030405 >I01:0102 <R1 >I11:0304 <R0 >I00:05 " OK },
	{ .name = "rule 5: the last block may be full", .ifsc = 2, .script =
	  "$01020304 >I01:0102 <R1 >I10:0304 " OK },
	{ .name = "rule 5: blocks without a field in the card's chain", .script =
	  "$01 >I00:01 <I01 >R1 <I11 >R0 <I00:9000 =9000" },
	{ .name = "an answer without a field", .script = "$01 >I00:01 <I00 =" },
	{ .name = "blocks of one byte", .ifsc = 1, .script =
	  "$010203 >I01:01 <R1 >I11:02 <R0 >I00:03 <I01:A1 >R1 <I10:A2 =A1A2" },
};

KUNIT_ARRAY_PARAM_DESC(error_free, error_free, name);

static const struct t1_scenario errors[] = {
	{ .name = "rule 7.1: the answer is garbled", .script =
	  "$01 >I00:01 <~I00:9000 >R0/1 " OK },
	{ .name = "rule 7.1: no answer within BWT", .script = "$01 >I00:01 <- >R0/2 " OK },
	{ .name = "rule 7.1: N(R) is the N(S) expected", .script =
	  "$01 >I00:01 <I00:A1 =A1 $02 >I10:02 <- >R1/2 <I10:A2 =A2" },
	{ .name = "rule 7.1: R is not understood, and asks for ours again", .script =
	  "$01 >I00:01 <~I00:9000 >R0/1 <R1/1 >R0/2 " OK },
	{ .name = "rule 7.1: a garbled I-block is sent again", .script =
	  "$01 >I00:01 <R0/1 >I00:01 " OK },
	{ .name = "rule 7.1: a garbled I-block, and then the R-block about it", .script =
	  "$01 >I00:01 <~R0/1 >R0/1 <R0/1 >I00:01 " OK },
	{ .name = "rule 7.1: a lost I-block", .script = "$01 >I00:01 <- >R0/2 <R0 >I00:01 " OK },
	{ .name = "rule 7.2: R is repeated after a garbled block", .script =
	  "$01 >I00:01 <I01:A1 >R1 <~I10:A2 >R1/1 <I10:A2 =A1A2" },
	{ .name = "rule 7.2: R is repeated after silence", .script =
	  "$01 >I00:01 <I01:A1 >R1 <- >R1/2 <I10:A2 =A1A2" },
	{ .name = "rule 7.2: R of a chain was garbled", .script =
	  "$01 >I00:01 <I01:A1 >R1 <R1/1 >R1 <I10:A2 =A1A2" },
	{ .name = "rule 7.2: R of a chain was garbled, and the R-block about it", .script =
	  "$01 >I00:01 <I01:A1 >R1 <~R1/1 >R1/1 <R1/1 >R1 <I10:A2 =A1A2" },
	{ .name = "rule 7.3: S(IFS request) is repeated after a garbled response", .script =
	  "^20 >IFS?20 <~IFS!20 >IFS?20 <IFS!20 =" },
	{ .name = "rule 7.3: S(IFS request) is repeated after silence", .script =
	  "^20 >IFS?20 <- >IFS?20 <IFS!20 =" },
	{ .name = "rule 7.3: S(IFS request) was garbled", .script =
	  "^20 >IFS?20 <R0/1 >IFS?20 <IFS!20 =" },
	{ .name = "rule 7.3: S(IFS response) with another value", .script =
	  "^20 >IFS?20 <IFS!21 >IFS?20 <IFS!20 =" },
	{ .name = "rule 7.3: S(WTX response) was garbled, the card asks again", .script =
	  "$01 >I00:01 <WTX?03 >WTX!03 <WTX?03 >WTX!03 " OK },
	{ .name = "rule 7.3: after S(WTX response) the answer is garbled", .script =
	  "$01 >I00:01 <WTX?03 >WTX!03 <~I00:9000 >R0/1 " OK },
	{ .name = "rule 7.3: after S(IFS response) the acknowledgement is garbled", .ifsc = 2,
	  .script = "$010203 >I01:0102 <IFS?05 >IFS!05 <~R1 >R0/1 <R1 >I10:03 " OK },
	{ .name = "S(WTX request) is garbled", .script =
	  "$01 >I00:01 <~WTX?03 >R0/1 <WTX?03 >WTX!03 " OK },
	{ .name = "S(WTX request) while the host asks for its IFSD", .script =
	  "^20 >IFS?20 <WTX?02 >WTX!02 <IFS!20 =" },
	{ .name = "a block of the host's chain is garbled", .ifsc = 2, .script =
	  "$010203 >I01:0102 <R0/1 >I01:0102 <R1 >I10:03 " OK },
	{ .name = "the last block of the host's chain is garbled", .ifsc = 2, .script =
	  "$010203 >I01:0102 <R1 >I10:03 <R1/1 >I10:03 " OK },
	{ .name = "the acknowledgement in the host's chain is garbled", .ifsc = 2, .script =
	  "$010203 >I01:0102 <~R1 >R0/1 <R1 >I10:03 " OK },
	{ .name = "the acknowledgement in the host's chain is lost", .ifsc = 2, .script =
	  "$010203 >I01:0102 <- >R0/2 <R1 >I10:03 " OK },
	{ .name = "a block of the card's chain is garbled", .script =
	  "$01 >I00:01 <~I01:A1 >R0/1 <I01:A1 >R1 <I10:A2 =A1A2" },
	{ .name = "a block of the card's chain comes twice", .script =
	  "$01 >I00:01 <I01:A1 >R1 <I01:A1 >R1/2 <I10:A2 =A1A2" },
	{ .name = "a sequence may be as in the error-free case, after three errors", .script =
	  "$01 >I00:01 <- >R0/2 <~I00:9000 >R0/1 <- >R0/2 " OK },
	{ .name = "rule 7.4: an accepted block ends the count of errors", .script =
	  "$01 >I00:01 <- >R0/2 <- >R0/2 <I01:A1 >R1 <- >R1/2 <- >R1/2 <I10:A2 =A1A2" },
	{ .name = "rule 7.4: a request of the card ends the count of errors", .script =
	  "$01 >I00:01 <- >R0/2 <- >R0/2 <WTX?01 >WTX!01 <- >R0/2 <- >R0/2 " OK },
};

KUNIT_ARRAY_PARAM_DESC(errors, errors, name);

static const struct t1_scenario resynch[] = {
	{ .name = "rule 6.1: after three attempts S(RESYNCH); the command is given up",
	  .script = "$01 >I00:01 " GIVEN_UP ">RESYNCH? <RESYNCH! !EIO $02 >I00:02 " OK },
	{ .name = "rule 6.2: N(S) and N(R) start again", .script =
	  "$01 >I00:01 <I00:A1 =A1 $02 >I10:02 <- >R1/2 <- >R1/2 <- >R1/2 <- >RESYNCH? "
	  "<RESYNCH! !EIO $03 >I00:03 " OK },
	{ .name = "rule 6.3: the IFSC of the ATR holds again", .ifsc = 2, .script =
	  "$01 >I00:01 <IFS?05 >IFS!05 <I00:A1 =A1 $010203 >I10:010203 <- >R1/2 <- >R1/2 "
	  "<- >R1/2 <- >RESYNCH? <RESYNCH! !EIO $010203 >I01:0102 <R1 >I10:03 " OK },
	{ .name = "rule 6.3: blocks of 32 bytes are taken again", .ifsd = 1, .script =
	  "$01 >I00:01 " GIVEN_UP ">RESYNCH? <RESYNCH! !EIO $02 >I00:02 " OK },
	{ .name = "rule 6.4: S(RESYNCH) three times, then the end", .script =
	  "$01 >I00:01 " GIVEN_UP ">RESYNCH? <- >RESYNCH? <~RESYNCH! >RESYNCH? <- !EIO" },
	{ .name = "after the end the next command begins with S(RESYNCH)", .script =
	  "$01 >I00:01 " GIVEN_UP ">RESYNCH? <- >RESYNCH? <- >RESYNCH? <- !EIO "
	  "$02 >RESYNCH? <RESYNCH! >I00:02 " OK "$03 >I10:03 <I10:A3 =A3" },
	{ .name = "after the end a card that is dead stays it", .script =
	  "$01 >I00:01 " GIVEN_UP ">RESYNCH? <- >RESYNCH? <- >RESYNCH? <- !EIO "
	  "$02 >RESYNCH? <- >RESYNCH? <- >RESYNCH? <- !EIO" },
	{ .name = "a command that has waited for S(RESYNCH) is sent once", .script =
	  "$01 >I00:01 " GIVEN_UP ">RESYNCH? <- >RESYNCH? <- >RESYNCH? <- !EIO "
	  "$02 >RESYNCH? <RESYNCH! >I00:02 " GIVEN_UP ">RESYNCH? <RESYNCH! !EIO" },
	{ .name = "each block of a chain has three attempts", .ifsc = 1, .script =
	  "$0102 >I01:01 <- >R0/2 <- >R0/2 <- >R0/2 <R1 >I10:02 " GIVEN_UP
	  ">RESYNCH? <RESYNCH! !EIO" },
	{ .name = "after S(WTX) there are three attempts again", .script =
	  "$01 >I00:01 <- >R0/2 <- >R0/2 <WTX?02 >WTX!02 " GIVEN_UP ">RESYNCH? <RESYNCH! !EIO" },
	{ .name = "only S(RESYNCH response) answers S(RESYNCH request)", .script =
	  "$01 >I00:01 " GIVEN_UP ">RESYNCH? <I00:9000 >RESYNCH? <WTX?01 >RESYNCH? "
	  "<RESYNCH! !EIO" },
	{ .name = "the card asks for the same block without end", .script =
	  "$01 >I00:01 <R0/1 >I00:01 <R0/1 >I00:01 <R0/1 >I00:01 <R0/1 >RESYNCH? <RESYNCH! !EIO" },
	{ .name = "the card does not understand R without end", .script =
	  "$01 >I00:01 <I01:A1 >R1 <R1/1 >R1 <R1/1 >R1 <R1/1 >R1 <R1/1 >RESYNCH? <RESYNCH! !EIO" },
	{ .name = "the card does not understand S(IFS request)", .script =
	  "^20 >IFS?20 <R0/2 >IFS?20 <R0/2 >IFS?20 <R0/2 >IFS?20 <R0/2 >RESYNCH? <RESYNCH! !EIO "
	  "$01 >I00:01 " OK },
};

KUNIT_ARRAY_PARAM_DESC(resynch, resynch, name);

static const struct t1_scenario aborts[] = {
	{ .name = "rule 9: the card ends the host's chain", .ifsc = 2, .script =
	  "$010203 >I01:0102 <ABORT? >ABORT! <R1 !EIO $02 >RESYNCH? <RESYNCH! >I00:02 " OK },
	{ .name = "rule 9: the card ends its own chain", .script =
	  "$01 >I00:01 <I01:A1 >R1 <ABORT? >ABORT! <R0 !EIO $02 >RESYNCH? <RESYNCH! >I00:02 " OK },
	{ .name = "rule 9: nothing after S(ABORT response)", .script =
	  "$01 >I00:01 <ABORT? >ABORT! <- !EIO" },
	{ .name = "rule 9: S(ABORT request) while the host asks for its IFSD", .script =
	  "^20 >IFS?20 <ABORT? >ABORT! <R0 !EIO" },
};

KUNIT_ARRAY_PARAM_DESC(aborts, aborts, name);

/* Whatever it is, it is answered by R(0) with "other error", and the answer taken then. */
static const struct invalid {
	const char *name, *received;
} invalid[] = {
	{ "another NAD", "<#010002900093" },
	{ "LEN 255", "<#0000FF90006F" },
	{ "LEN longer than the block", "<#000003900093" },
	{ "LEN shorter than the block", "<#000001900091" },
	{ "three bytes", "<#000000" },
	{ "a reserved bit in an I-block", "<#000102900093" },
	{ "a reserved bit in an R-block", "<#00840084" },
	{ "another reserved bit in an R-block", "<#00A000A0" },
	{ "an R-block with a field", "<#0080010081" },
	{ "an R-block that acknowledges the last block", "<R1" },
	{ "an unknown S-block", "<#00C400C4" },
	{ "S(RESYNCH request) of a card", "<RESYNCH?" },
	{ "S(RESYNCH response) to nothing", "<RESYNCH!" },
	{ "S(IFS response) to nothing", "<IFS!20" },
	{ "S(IFS request) of 0", "<IFS?00" },
	{ "S(IFS request) of 255", "<IFS?FF" },
	{ "S(IFS request) without a value", "<IFS?" },
	{ "S(IFS request) with two", "<IFS?2020" },
	{ "S(WTX request) without a value", "<WTX?" },
	{ "S(WTX request) with two", "<WTX?0101" },
	{ "S(ABORT request) with a field", "<ABORT?00" },
	{ "an I-block with the wrong N(S)", "<I10:9000" },
};

KUNIT_ARRAY_PARAM_DESC(invalid, invalid, name);

static void run_invalid(struct kunit *test)
{
	const struct invalid *c = test->param_value;
	char script[200];
	struct t1_scenario s = { .name = c->name, .script = script };

	snprintf(script, sizeof(script), "$01 >I00:01 %s >R0/2 " OK, c->received);
	scard_test_t1("t1: invalid", &s);
}

static const struct t1_scenario others[] = {
	{ .name = "an I-block before the host's chain is complete", .ifsc = 1, .script =
	  "$0102 >I01:01 <I00:9000 >R0/2 <R1 >I10:02 " OK },
	{ .name = "an I-block longer than IFSD is taken", .ifsd = 1, .script =
	  "$01 >I00:01 <I00:9000 =9000" },
	{ .name = "an answer longer than its room", .room = 2, .script =
	  "$01 >I00:01 <I01:A1 >R1 <I10:A2A3 !EMSGSIZE $02 >RESYNCH? <RESYNCH! >I00:02 " OK },
	{ .name = "an answer that fills its room", .room = 3, .script =
	  "$01 >I00:01 <I01:A1 >R1 <I10:A2A3 =A1A2A3" },
	{ .name = "node addresses, the card's halves exchanged", .nad = 0x21, .script =
	  "$01 >I00:01 <I00:9000 =9000" },
	{ .name = "a node address that is not exchanged", .nad = 0x21, .script =
	  "$01 >I00:01 <#210002900093 >R0/1 <I00:9000 =9000" },
	{ .name = "CRC", .crc = true, .ifsc = 2, .script =
	  "$010203 >I01:0102 <R1 >I10:03 <~I00:A1 >R0/1 <I00:A1 =A1" },
	{ .name = "CRC cut off", .crc = true, .script = "$01 >I00:01 <#00000000 >R0/2 " OK },
};

KUNIT_ARRAY_PARAM_DESC(others, others, name);

static void run_error_free(struct kunit *test)
{
	scard_test_t1("t1: error-free", test->param_value);
}

static void run_errors(struct kunit *test)
{
	scard_test_t1("t1: errors", test->param_value);
}

static void run_resynch(struct kunit *test)
{
	scard_test_t1("t1: resynchronisation", test->param_value);
}

static void run_aborts(struct kunit *test)
{
	scard_test_t1("t1: abort", test->param_value);
}

static void run_others(struct kunit *test)
{
	scard_test_t1("t1", test->param_value);
}

static struct kunit_case t1_rules_cases[] = {
	KUNIT_CASE_PARAM(run_error_free, error_free_gen_params),
	KUNIT_CASE_PARAM(run_errors, errors_gen_params),
	KUNIT_CASE_PARAM(run_resynch, resynch_gen_params),
	KUNIT_CASE_PARAM(run_aborts, aborts_gen_params),
	KUNIT_CASE_PARAM(run_invalid, invalid_gen_params),
	KUNIT_CASE_PARAM(run_others, others_gen_params),
	{}
};

static struct kunit_suite t1_rules_suite = {
	.name = "scard-t1-rules",
	.test_cases = t1_rules_cases,
};

kunit_test_suite(t1_rules_suite);
