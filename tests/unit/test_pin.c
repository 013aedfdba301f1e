// SPDX-License-Identifier: GPL-2.0-or-later
/* PIN structures of PC/SC part 10 to PC_to_RDR_Secure. */
#include "pin.h"
#include "tap.h"

/* bTimerOut 1E, bTimerOut2 0F, ..., bTeoPrologue A1 A2 A3, ulDataLength, the APDU */
#define VERIFY	"1E 0F 82 04 08 0804 02 01 0904 07 A1A2A3"
#define MODIFY	"1E 0F 82 04 08 05 06 0804 03 07 %s 0904 B1 B2 B3 A1A2A3 0D000000" \
		"00240001 08 FFFFFFFFFFFFFFFF"
#define APDU	"00200001 08 FFFFFFFFFFFFFFFF"

static int convert(bool modify, const char *text, struct pin_message *m, u8 **keep)
{
	u32 len;

	*keep = hex(text, &len);
	return modify ? pin_modify(m, *keep, len) : pin_verify(m, *keep, len);
}

static void modify(const char *messages, const char *indices)
{
	struct pin_message m;
	char text[300], want[300];
	u8 *buf;

	test("pin: modify with bNumberMessage %s", messages);
	snprintf(text, sizeof(text), MODIFY, messages);
	CHECK_EQ(convert(true, text, &m, &buf), 0);
	snprintf(want, sizeof(want),
		 "01 1E 82 04 08 05 06 0804 03 07 %s 0904 %s A1A2A3 00240001 08 FFFFFFFFFFFFFFFF",
		 messages, indices);
	CHECK_HEX(buf, m.len, want);
	CHECK_EQ(m.apdu_len, 13);
	CHECK_HEX(buf + m.prologue, PIN_PROLOGUE_LEN, "A1A2A3");
	free(buf);
}

static void refuse(bool modify, const char *name, const char *text)
{
	struct pin_message m;
	u8 *buf;

	test("pin: refused: %s, %s", modify ? "modify" : "verify", name);
	CHECK_EQ(convert(modify, text, &m, &buf), -EINVAL);
	free(buf);
}

static void validation(const char *given, const char *taken)
{
	struct pin_message m;
	char text[200];
	u8 *buf;

	test("pin: bEntryValidationCondition %s becomes %s", given, taken);
	snprintf(text, sizeof(text), "1E 0F 82 04 08 0804 %s 01 0904 07 A1A2A3 04000000 00200001",
		 given);
	CHECK_EQ(convert(false, text, &m, &buf), 0);
	CHECK_HEX(buf + 7, 1, taken);
	free(buf);
}

int main(void)
{
	struct pin_message m;
	char text[300];
	u8 *buf;

	test("pin: verify");
	CHECK_EQ(convert(false, VERIFY "0D000000" APDU, &m, &buf), 0);
	CHECK_HEX(buf, m.len, "00 1E 82 04 08 0804 02 01 0904 07 A1A2A3" APDU);
	CHECK_EQ(m.timeout, 0x1e);
	CHECK_EQ(m.apdu_len, 13);
	CHECK_EQ(m.prologue, 12);
	free(buf);

	modify("00", "B1");
	modify("01", "B1 B2");
	modify("02", "B1 B2");
	modify("03", "B1 B2 B3");
	modify("FF", "B1 B2");

	validation("00", "02");
	validation("01", "01");
	validation("07", "07");
	validation("08", "02");

	test("pin: modify fixes bEntryValidationCondition too");
	snprintf(text, sizeof(text), "1E 0F 82 04 08 05 06 0804 03 FF 00 0904 B1B2B3 A1A2A3 "
		 "04000000 00240001");
	CHECK_EQ(convert(true, text, &m, &buf), 0);
	CHECK_HEX(buf + 10, 1, "02");
	free(buf);

	refuse(false, "nothing", "");
	refuse(false, "cut off", "1E 0F 82 04");
	refuse(false, "no APDU", VERIFY "03000000 002000");
	refuse(false, "ulDataLength too long", VERIFY "0E000000" APDU);
	refuse(false, "ulDataLength too short", VERIFY "0C000000" APDU);
	refuse(false, "ulDataLength near 2^32", VERIFY "FAFFFFFF" APDU);
	refuse(true, "cut off", VERIFY "04000000 00200001");
	snprintf(text, sizeof(text), MODIFY, "04");
	refuse(true, "bNumberMessage 4", text);
	return tests_end();
}
