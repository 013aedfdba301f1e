// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CCID class descriptor: dwFeatures, dwProtocols, dwMaxCCIDMessageLength, dwMaxIFSD,
 * bMaxSlotIndex, bMaxCCIDBusySlots, found, read and clamped; and those of real readers.
 */
#include "ccid_desc.h"
#include "unit.h"

/* A descriptor with a different number in each field */
static const char desc[] =
	"36 21 1001 01 07 03000000 A00F0000 401F0000 02 80250000 00C20100 05 FE000000 04000000 "
	"02000000 BA040700 0F010000 FF EE 1002 03 02";

static int parse(struct ccid_desc *d, const char *text)
{
	u32 len;
	u8 *buf = scard_test_hex(text, &len);
	int ret = ccid_desc_parse(d, buf, len);

	scard_test_free(buf);
	return ret;
}

static struct ccid_desc with(unsigned int offset, u32 value)
{
	struct ccid_desc d;
	u32 len;
	u8 *buf = scard_test_hex(desc, &len);

	put_le32(buf + offset, value);
	CHECK_EQ(ccid_desc_parse(&d, buf, len), 0);
	scard_test_free(buf);
	return d;
}

static struct ccid_desc with_byte(unsigned int offset, u8 value)
{
	struct ccid_desc d;
	u32 len;
	u8 *buf = scard_test_hex(desc, &len);

	buf[offset] = value;
	CHECK_EQ(ccid_desc_parse(&d, buf, len), 0);
	scard_test_free(buf);
	return d;
}

static void fields(struct kunit *test)
{
	struct ccid_desc d;

	STEP("ccid_desc: every field");
	CHECK_EQ(parse(&d, desc), 0);
	CHECK_EQ(d.bcd_ccid, 0x110);
	CHECK_EQ(d.max_slot_index, 1);
	CHECK_EQ(d.voltage_support, 7);
	CHECK_EQ(d.protocols, 3);
	CHECK_EQ(d.default_clock, 4000);
	CHECK_EQ(d.maximum_clock, 8000);
	CHECK_EQ(d.num_clock_supported, 2);
	CHECK_EQ(d.data_rate, 9600);
	CHECK_EQ(d.max_data_rate, 115200);
	CHECK_EQ(d.num_data_rates_supported, 5);
	CHECK_EQ(d.max_ifsd_raw, 254);
	CHECK_EQ(d.synch_protocols, 4);
	CHECK_EQ(d.mechanical, 2);
	CHECK_EQ(d.features, 0x704ba);
	CHECK_EQ(d.max_ccid_message_length, 271);
	CHECK_EQ(d.class_get_response, 0xff);
	CHECK_EQ(d.class_envelope, 0xee);
	CHECK_EQ(d.lcd_layout, 0x210);
	CHECK_EQ(d.pin_support, 3);
	CHECK_EQ(d.max_ccid_busy_slots, 2);
	CHECK_EQ(d.nslots, 2);
	CHECK_EQ(d.nbusy, 2);
	CHECK_EQ(d.level, CCID_LEVEL_EXTENDED_APDU);
	CHECK_EQ(d.max_msg, 271);
	CHECK_EQ(d.max_ifsd, 254);
}

static void clamps(struct kunit *test)
{
	STEP("ccid_desc: no more than 16 slots");
	CHECK_EQ(with_byte(4, 255).nslots, 16);
	CHECK_EQ(with_byte(4, 15).nslots, 16);
	CHECK_EQ(with_byte(4, 0).nslots, 1);

	STEP("ccid_desc: no more busy slots than slots, and one at least");
	CHECK_EQ(with_byte(53, 200).nbusy, 2);
	CHECK_EQ(with_byte(53, 0).nbusy, 1);

	STEP("ccid_desc: message length between 271 and the longest APDU");
	CHECK_EQ(with(44, 0).max_msg, 271);
	CHECK_EQ(with(44, 263).max_msg, 271);
	CHECK_EQ(with(44, 65554).max_msg, 65554);
	CHECK_EQ(with(44, 524288).max_msg, CCID_MESSAGE_MAX);
	CHECK_EQ(with(44, 0xffffffff).max_msg, CCID_MESSAGE_MAX);

	STEP("ccid_desc: a part of something longer is as short as the reader wants it");
	CHECK_EQ(with(44, 0).max_part, 271);
	CHECK_EQ(with(44, 63).max_part, 271);
	CHECK_EQ(with(44, 64).max_part, 64);
	CHECK_EQ(with(44, 263).max_part, 263);
	CHECK_EQ(with(44, 524288).max_part, CCID_MESSAGE_MAX);

	STEP("ccid_desc: IFSD between 1 and 254, 0 is the standard's default");
	CHECK_EQ(with(28, 0).max_ifsd, 32);
	CHECK_EQ(with(28, 1).max_ifsd, 1);
	CHECK_EQ(with(28, 255).max_ifsd, 254);
	CHECK_EQ(with(28, 0xffffffff).max_ifsd, 254);

	STEP("ccid_desc: a reader without protocols is taken to have T=0 and T=1");
	CHECK_EQ(with(6, 0x300).protocols, 0x303);
	CHECK_EQ(with(6, 1).protocols, 1);
	CHECK_EQ(with(6, 2).protocols, 2);

	STEP("ccid_desc: the highest exchange level counts");
	CHECK_EQ(with(40, 0).level, CCID_LEVEL_CHARACTER);
	CHECK_EQ(with(40, 0x10000).level, CCID_LEVEL_TPDU);
	CHECK_EQ(with(40, 0x30000).level, CCID_LEVEL_SHORT_APDU);
	CHECK_EQ(with(40, 0x40000).level, CCID_LEVEL_EXTENDED_APDU);
}

static void finding(struct kunit *test)
{
	struct ccid_desc d;
	char text[400];

	STEP("ccid_desc: found behind others");
	snprintf(text, sizeof(text), "09 21 11 01 00 01 22 40 00 07 05 82 02 40 00 00 %s", desc);
	CHECK_EQ(parse(&d, text), 0);
	CHECK_EQ(d.lcd_layout, 0x210);

	STEP("ccid_desc: of a vendor's type");
	snprintf(text, sizeof(text), "36 FF %s", desc + 6);
	CHECK_EQ(parse(&d, text), 0);

	STEP("ccid_desc: longer than it should be");
	snprintf(text, sizeof(text), "38 21 %s 00 00", desc + 6);
	CHECK_EQ(parse(&d, text), 0);

	STEP("ccid_desc: not there");
	CHECK_EQ(parse(&d, ""), -ENOENT);
	CHECK_EQ(parse(&d, "07 05 82 02 40 00 00"), -ENOENT);
	CHECK_EQ(parse(&d, "02 0B"), -ENOENT);

	STEP("ccid_desc: one that is too short is not it");
	CHECK_EQ(parse(&d, "04 21 10 01"), -ENOENT);

	STEP("ccid_desc: broken chains");
	CHECK_EQ(parse(&d, "00"), -EINVAL);
	CHECK_EQ(parse(&d, "07"), -EINVAL);
	CHECK_EQ(parse(&d, "00 21 00"), -EINVAL);
	CHECK_EQ(parse(&d, "01 21 00"), -EINVAL);
	CHECK_EQ(parse(&d, "36 21 00"), -EINVAL);
	snprintf(text, sizeof(text), "01 %s", desc);
	CHECK_EQ(parse(&d, text), -EINVAL);
	CHECK_EQ(parse(&d, "02 01 05 02"), -EINVAL);
}

#ifndef __KERNEL__

#define READERS	"tests/vreader/readers.tsv"
#define COLUMN	11	/* classDescriptorHex, from 0 */

/* In each line of the list the column with the descriptor */
static void real_readers(struct kunit *test)
{
	unsigned int lines = 0;
	char line[2000];
	FILE *f = fopen(READERS, "r");

	STEP("ccid_desc: those of real readers are believed as they are");
	CHECK(f);
	while (f && fgets(line, sizeof(line), f)) {
		char *p = line, *column = NULL;
		struct ccid_desc d;
		unsigned int i;

		for (i = 0; p && i <= COLUMN; i++)
			column = strsep(&p, "\t");
		if (!column || strlen(column) < 2 * CCID_DESC_LEN || strncmp(column, "36", 2))
			continue;
		lines++;
		CHECK_EQ(parse(&d, column), 0);
		CHECK_EQ(d.nslots, d.max_slot_index + 1);
		CHECK(d.max_ccid_message_length < 271 || d.max_msg <= d.max_ccid_message_length);
		CHECK(d.max_ifsd_raw > 254 || !d.max_ifsd_raw || d.max_ifsd == d.max_ifsd_raw);
		CHECK(d.protocols & 3);
	}
	CHECK(lines > 300);
	if (f)
		fclose(f);
}

#endif

static struct kunit_case ccid_desc_cases[] = {
	KUNIT_CASE(fields),
	KUNIT_CASE(clamps),
	KUNIT_CASE(finding),
#ifndef __KERNEL__
	KUNIT_CASE(real_readers),
#endif
	{}
};

static struct kunit_suite ccid_desc_suite = {
	.name = "scard-ccid-desc",
	.test_cases = ccid_desc_cases,
};

kunit_test_suite(ccid_desc_suite);
