// SPDX-License-Identifier: GPL-2.0-or-later
/* PIN_VERIFY_STRUCTURE and PIN_MODIFY_STRUCTURE of PC/SC part 10 to PC_to_RDR_Secure. */
#include "pin.h"
#include "unit.h"

/* bTimerOut 1E, bTimerOut2 0F, ..., bTeoPrologue A1 A2 A3, ulDataLength, the APDU */
#define VERIFY	"1E 0F 82 04 08 0804 02 01 0904 07 A1A2A3"
#define MODIFY	"1E 0F 82 04 08 05 06 0804 03 07 %s 0904 B1 B2 B3 A1A2A3 0D000000" \
		"00240001 08 FFFFFFFFFFFFFFFF"
#define APDU	"00200001 08 FFFFFFFFFFFFFFFF"

static const struct pin_pad plain = { .conditions = PIN_CONDITIONS };

static int convert_for(const struct pin_pad *pad, bool modify, const char *text,
		       struct pin_message *m, u8 **keep)
{
	u32 len;

	*keep = scard_test_hex(text, &len);
	return modify ? ccid_pin_modify(m, pad, *keep, len) : ccid_pin_verify(m, pad, *keep, len);
}

static int convert(bool modify, const char *text, struct pin_message *m, u8 **keep)
{
	return convert_for(&plain, modify, text, m, keep);
}

static void modify_with(const char *messages, const char *indices)
{
	struct pin_message m;
	char text[300], want[300];
	u8 *buf;

	STEP("pin: modify with bNumberMessage %s", messages);
	snprintf(text, sizeof(text), MODIFY, messages);
	CHECK_EQ(convert(true, text, &m, &buf), 0);
	snprintf(want, sizeof(want),
		 "01 1E 82 04 08 05 06 0804 03 07 %s 0904 %s A1A2A3 00240001 08 FFFFFFFFFFFFFFFF",
		 messages, indices);
	CHECK_HEX(buf, m.len, want);
	CHECK_EQ(m.timeout, 0x1e);
	CHECK_EQ(m.apdu_len, 13);
	CHECK(!m.unpadded);
	CHECK_HEX(buf + m.prologue, PIN_PROLOGUE_LEN, "A1A2A3");
	scard_test_free(buf);
}

/* The numbers in the order of a big-endian machine; the message stays as it is */
static void big_endian(struct kunit *test)
{
	static const struct pin_pad swap = { PIN_FIX_SWAP_DIGITS, PIN_CONDITIONS, 0, 0 };
	struct pin_message m;
	u8 *buf;

	STEP("pin: verify, big-endian numbers");
	CHECK_EQ(convert(false, "1E 0F 82 04 08 0408 02 01 0409 07 A1A2A3 0000000D" APDU, &m, &buf),
		 0);
	CHECK_HEX(buf, m.len, "00 1E 82 04 08 0804 02 01 0904 07 A1A2A3" APDU);
	scard_test_free(buf);

	STEP("pin: verify, big-endian numbers and digits swapped");
	CHECK_EQ(convert_for(&swap, false, "1E 0F 82 04 08 0408 02 01 0409 07 A1A2A3 0000000D" APDU,
			     &m, &buf), 0);
	CHECK_HEX(buf, m.len, "00 1E 82 04 08 0408 02 01 0904 07 A1A2A3" APDU);
	scard_test_free(buf);

	STEP("pin: modify, big-endian numbers");
	CHECK_EQ(convert(true, "1E 0F 82 04 08 05 06 0408 03 07 03 0409 B1 B2 B3 A1A2A3 "
			 "0000000D 00240001 08 FFFFFFFFFFFFFFFF", &m, &buf), 0);
	CHECK_HEX(buf, m.len, "01 1E 82 04 08 05 06 0804 03 07 03 0904 B1 B2 B3 A1A2A3 "
		  "00240001 08 FFFFFFFFFFFFFFFF");
	scard_test_free(buf);
}

static void refuse(bool modify, const char *name, const char *text)
{
	struct pin_message m;
	u8 *buf;

	STEP("pin: refused: %s, %s", modify ? "modify" : "verify", name);
	CHECK_EQ(convert(modify, text, &m, &buf), -EINVAL);
	scard_test_free(buf);
}

static void validation(const char *given, const char *taken)
{
	struct pin_message m;
	char text[200];
	u8 *buf;

	STEP("pin: bEntryValidationCondition %s becomes %s", given, taken);
	snprintf(text, sizeof(text), "1E 0F 82 04 08 0804 %s 01 0904 07 A1A2A3 04000000 00200001",
		 given);
	CHECK_EQ(convert(false, text, &m, &buf), 0);
	CHECK_HEX(buf + 7, 1, taken);
	scard_test_free(buf);
}

/* What a pad with these fixes gets for bEntryValidationCondition 07, bNumberMessage 02 */
static void fixed(const char *name, struct pin_pad pad, const char *verify, const char *modify)
{
	struct pin_message m;
	u8 *buf;

	STEP("pin: %s", name);
	CHECK_EQ(convert_for(&pad, false, "1E 0F 82 04 08 0804 07 02 0904 05 A1A2A3 "
			     "04000000 00200001", &m, &buf), 0);
	CHECK_HEX(buf, m.len, verify);
	scard_test_free(buf);
	CHECK_EQ(convert_for(&pad, true, "1E 0F 82 04 08 05 06 0804 03 07 02 0904 B1 B2 B3 A1A2A3 "
			     "04000000 00240001", &m, &buf), 0);
	CHECK_HEX(buf, m.len, modify);
	CHECK_HEX(buf + m.prologue, PIN_PROLOGUE_LEN + m.apdu_len, "A1A2A3 00240001");
	scard_test_free(buf);
}

static void fixes(struct kunit *test)
{
	static const char verify[] = "00 1E 82 04 08 0804 07 02 0904 05 A1A2A3 00200001";
	static const char modify[] =
		"01 1E 82 04 08 05 06 0804 03 07 02 0904 B1 B2 A1A2A3 00240001";

	fixed("no fix", plain, verify, modify);
	fixed("validation key only", (struct pin_pad) { .conditions = PIN_CONDITION_KEY },
	      "00 1E 82 04 08 0804 02 02 0904 05 A1A2A3 00200001",
	      "01 1E 82 04 08 05 06 0804 03 02 02 0904 B1 B2 A1A2A3 00240001");
	fixed("one message", (struct pin_pad) { PIN_FIX_ONE_MESSAGE, PIN_CONDITIONS, 0, 0 },
	      "00 1E 82 04 08 0804 07 01 0904 05 A1A2A3 00200001", modify);
	fixed("no message", (struct pin_pad) { PIN_FIX_NO_MESSAGE, PIN_CONDITIONS, 0, 0 },
	      "00 1E 82 04 08 0804 07 00 0904 05 A1A2A3 00200001", modify);
	fixed("digits swapped", (struct pin_pad) { PIN_FIX_SWAP_DIGITS, PIN_CONDITIONS, 0, 0 },
	      "00 1E 82 04 08 0408 07 02 0904 05 A1A2A3 00200001", modify);
	fixed("zero indices", (struct pin_pad) { PIN_FIX_ZERO_INDICES, PIN_CONDITIONS, 0, 0 },
	      verify,
	      "01 1E 82 04 08 05 06 0804 03 07 00 0904 00 00 00 A1A2A3 00240001");
	fixed("all indices", (struct pin_pad) { PIN_FIX_ALL_INDICES, PIN_CONDITIONS, 0, 0 }, verify,
	      "01 1E 82 04 08 05 06 0804 03 07 02 0904 B1 B2 B3 A1A2A3 00240001");
	fixed("three messages", (struct pin_pad) { PIN_FIX_THREE_MESSAGES, PIN_CONDITIONS, 0, 0 },
	      verify, "01 1E 82 04 08 05 06 0804 03 07 03 0904 B1 B2 B3 A1A2A3 00240001");
	fixed("the default for no message",
	      (struct pin_pad) { PIN_FIX_DEFAULT, PIN_CONDITIONS, 0, 0 }, verify, modify);
}

static void replaced(struct kunit *test)
{
	static const struct pin_pad pad = { PIN_FIX_DEFAULT, PIN_CONDITIONS, 0, 0 };
	static const struct pin_pad key = { .conditions = PIN_CONDITION_KEY };
	struct pin_message m;
	u8 *buf;

	STEP("pin: a condition that the pad does not take becomes one that it takes");
	CHECK_EQ(convert_for(&key, false, "1E 0F 82 04 08 0804 05 02 0904 05 A1A2A3 "
			     "04000000 00200001", &m, &buf), 0);
	CHECK_HEX(buf + 7, 1, "02");
	scard_test_free(buf);

	STEP("pin: bNumberMessage 0 becomes FF");
	CHECK_EQ(convert_for(&pad, true, "1E 0F 82 04 08 05 06 0804 03 07 00 0904 B1 B2 B3 A1A2A3 "
			     "04000000 00240001", &m, &buf), 0);
	CHECK_HEX(buf, m.len, "01 1E 82 04 08 05 06 0804 03 07 FF 0904 B1 B2 A1A2A3 00240001");
	scard_test_free(buf);
}

static void unpadded(const char *name, const char *text, bool want)
{
	struct pin_message m;
	u8 *buf;

	STEP("pin: %s", name);
	CHECK_EQ(convert(false, text, &m, &buf), 0);
	CHECK_EQ(m.unpadded, want);
	scard_test_free(buf);
}

/* Conditions 02, flags, sizes 06 to 10 */
#define FEATURES(flags)	"02 10 00 02 60 00 0000 " flags " 000000 01 06 10 00 0000 000000"

static void gemalto(const char *name, const char *text, struct pin_pad want)
{
	struct pin_pad pad = { PIN_FIX_ALL_INDICES, PIN_CONDITIONS, 0, 0 };
	u32 len;
	u8 *buf = scard_test_hex(text, &len);

	STEP("pin: firmware features: %s", name);
	ccid_pin_gemalto_features(&pad, buf, len);
	CHECK_EQ(pad.fixes, want.fixes);
	CHECK_EQ(pad.conditions, want.conditions);
	CHECK_EQ(pad.min_size, want.min_size);
	CHECK_EQ(pad.max_size, want.max_size);
	scard_test_free(buf);
}

static void features(struct kunit *test)
{
	gemalto("as they are", FEATURES("00"),
		(struct pin_pad) { PIN_FIX_ALL_INDICES, 2, 6, 16 });
	gemalto("indices are right", FEATURES("04"), (struct pin_pad) { 0, 2, 6, 16 });
	gemalto("one size", "02 10 00 02 60 00 0000 00 000000 01 08 08 00 0000 000000",
		(struct pin_pad) { PIN_FIX_ALL_INDICES, 2, 8, 8 });
	gemalto("none", "", (struct pin_pad) { PIN_FIX_ALL_INDICES, 7, 0, 0 });
	gemalto("cut off", "02 10 00 02 60 00 0000 04 000000 01 06 10 00 0000 0000",
		(struct pin_pad) { PIN_FIX_ALL_INDICES, 7, 0, 0 });
	gemalto("without sense", "02 10 00 F8 60 00 0000 00 000000 01 10 06 00 0000 000000",
		(struct pin_pad) { PIN_FIX_ALL_INDICES, 7, 0, 0 });
}

static void verify(struct kunit *test)
{
	struct pin_message m;
	u8 *buf;

	STEP("pin: verify");
	CHECK_EQ(convert(false, VERIFY "0D000000" APDU, &m, &buf), 0);
	CHECK_HEX(buf, m.len, "00 1E 82 04 08 0804 02 01 0904 07 A1A2A3" APDU);
	CHECK_EQ(m.timeout, 0x1e);
	CHECK_EQ(m.apdu_len, 13);
	CHECK_EQ(m.prologue, 12);
	scard_test_free(buf);
}

static void modify(struct kunit *test)
{
	modify_with("00", "B1");
	modify_with("01", "B1 B2");
	modify_with("02", "B1 B2");
	modify_with("03", "B1 B2 B3");
	modify_with("FF", "B1 B2");
}

static void validations(struct kunit *test)
{
	struct pin_message m;
	char text[300];
	u8 *buf;

	validation("00", "02");
	validation("01", "01");
	validation("07", "07");
	validation("08", "02");

	STEP("pin: modify fixes bEntryValidationCondition too");
	snprintf(text, sizeof(text), "1E 0F 82 04 08 05 06 0804 03 FF 00 0904 B1B2B3 A1A2A3 "
		 "04000000 00240001");
	CHECK_EQ(convert(true, text, &m, &buf), 0);
	CHECK_HEX(buf + 10, 1, "02");
	scard_test_free(buf);
}

static void refusals(struct kunit *test)
{
	char text[300];

	refuse(false, "nothing", "");
	refuse(false, "cut off", "1E 0F 82 04");
	refuse(false, "no APDU", VERIFY "03000000 002000");
	refuse(false, "ulDataLength too long", VERIFY "0E000000" APDU);
	refuse(false, "ulDataLength too short", VERIFY "0C000000" APDU);
	refuse(false, "ulDataLength near 2^32", VERIFY "FAFFFFFF" APDU);
	refuse(false, "big-endian ulDataLength too long", VERIFY "0000000E" APDU);
	refuse(false, "big-endian ulDataLength in 16 bits", VERIFY "00000D00" APDU);
	refuse(true, "cut off", VERIFY "04000000 00200001");
	snprintf(text, sizeof(text), MODIFY, "04");
	refuse(true, "bNumberMessage 4", text);
	refuse(true, "ulDataLength too long",
	       "1E 0F 82 04 08 05 06 0804 03 07 01 0904 B1B2B3 A1A2A3 05000000 00240001");
}

static void templates(struct kunit *test)
{
	unpadded("a template without room for the PIN",
		 "1E 0F 82 00 00 0804 02 01 0904 07 A1A2A3 04000000 00200001", true);
	unpadded("a template with room for it",
		 "1E 0F 82 00 00 0804 02 01 0904 07 A1A2A3 05000000 00200001 08", false);
	unpadded("a length in the block string",
		 "1E 0F 82 08 00 0804 02 01 0904 07 A1A2A3 04000000 00200001", false);
}

static struct kunit_case pin_cases[] = {
	KUNIT_CASE(verify),
	KUNIT_CASE(modify),
	KUNIT_CASE(validations),
	KUNIT_CASE(refusals),
	KUNIT_CASE(big_endian),
	KUNIT_CASE(fixes),
	KUNIT_CASE(replaced),
	KUNIT_CASE(templates),
	KUNIT_CASE(features),
	{}
};

static struct kunit_suite pin_suite = {
	.name = "scard-pin",
	.test_cases = pin_cases,
};

kunit_test_suite(pin_suite);
