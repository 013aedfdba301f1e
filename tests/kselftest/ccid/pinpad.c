// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * PIN entry on the reader (PC/SC part 10) as CCID has it: T=1 around PC_to_RDR_Secure, and quirks
 * of readers with a PIN pad. ioctl/pinpad has what programs see of any reader.
 */
#include <errno.h>

#include "kselftest_harness.h"

#include "pin.h"
#include "sc.h"
#include "vr.h"

/* A command that ended in the middle: host and card agree again before the PIN is entered. */
TEST_F(pinpad, pin_entry_after_aborted_command)
{
	bool t1 = strstr(variant->options, "tpdu");

	if (t1) {
		vr_do("fault on XfrBlock card abort");
		EXPECT_EQ(-EIO, sc_apdu(self->fd, APDU_STATE));
	}
	vr_clear();
	EXPECT_EQ(0x9000, pin_enter(self->fd, "1234E"));
	EXPECT_STREQ(t1 ? "apdu apdu" : "apdu", vr_trace());
	EXPECT_EQ(0x9000, sc_apdu(self->fd, APDU_VERIFIED));
}

/*
 * The card has had the block, and its answer is lost: for the card the next command is a new
 * one only if both have agreed again.
 */
TEST_F(pinpad, lost_answer_resynchronises_t1)
{
	vr_do("fault on Secure error FB");
	EXPECT_EQ(-EIO, pin_enter(self->fd, "1234E"));
	EXPECT_EQ(0x9000, sc_apdu(self->fd, APDU_VERIFIED));
	EXPECT_EQ(1, sc_count(self->fd));
	vr_do("fault clear");
}

/* The card takes its time over the PIN, and says so in a block of its own. */
TEST_F(pinpad, wtx_during_pin_entry)
{
	if (strstr(variant->options, "tpdu"))
		vr_do("fault on Secure card wtx 3");
	EXPECT_EQ(0x9000, pin_enter(self->fd, "1234E"));
	EXPECT_EQ(0x9000, sc_apdu(self->fd, APDU_VERIFIED));
	EXPECT_EQ(1, sc_count(self->fd));
}

/* A template longer than a T=1 block of the card is refused, not cut. */
TEST(template_longer_than_a_block_gets_EINVAL)
{
	static const char * const cards[] = { "iso,t=1,pin=1234,ifsc=32", "iso,t=1,pin=1234" };
	unsigned char longer[19 + 256 + 13], out[64];
	unsigned int i, len;

	for (i = 0; i < 2; i++) {
		int fd;

		vr_prepare("--vid 1209 --pid 0001 --profile tpdu --desc bPINSupport=3 "
			   "--desc dwMaxCCIDMessageLength=1000", cards[i]);
		fd = sc_open_connected(SCARD_MODE_SHARED);
		ASSERT_LE(0, fd);
		memset(longer, 0xff, sizeof(longer));
		memcpy(longer, pin_verify, sizeof(pin_verify));
		len = i ? 256 + 13 : 33;
		longer[15] = len;
		longer[16] = len >> 8;
		vr_clear();
		EXPECT_EQ(-EINVAL, pin_control(fd, CTL_VERIFY, longer, 19 + len, out, sizeof(out)));
		EXPECT_EQ(0, vr_count("Secure"));
		EXPECT_EQ(0x63c3, sc_apdu(fd, APDU_VERIFIED));
		close(fd);
	}
}

/*
 * Quirks by idVendor, idProduct and bcdDevice: the PC_to_RDR_Secure that these readers get for
 * a PIN_VERIFY_STRUCTURE. tests/unit/test_pin.c has the one to modify a PIN.
 */
FIXTURE(pinpad_quirks)
{
	int fd;
	unsigned char out[64];
};

FIXTURE_VARIANT(pinpad_quirks)
{
	const char *options;
	const char *verify;	/* PIN_VERIFY_STRUCTURE from wPINMaxExtraDigit to bNumberMessage */
	const char *escape;	/* Escape sent before an unpadded PIN */
	int condition;		/* bEntryValidationCondition; 0: none */
	int max_size;
};

FIXTURE_VARIANT_ADD(pinpad_quirks, none) {
	.options = "--vid 1209 --pid 0001 --profile pinpad", .verify = "08040200",
};

FIXTURE_VARIANT_ADD(pinpad_quirks, gempc_pinpad) {
	.options = "--vid 08e6 --pid 3478 --bcd 1.00 --profile pinpad", .verify = "08040201",
	.condition = 2, .max_size = 8,
};

FIXTURE_VARIANT_ADD(pinpad_quirks, gempc_pinpad_2) {
	.options = "--vid 08e6 --pid 3478 --bcd 2.00 --profile pinpad", .verify = "08040201",
	.condition = 2,
};

FIXTURE_VARIANT_ADD(pinpad_quirks, cherry_st2000) {
	.options = "--vid 046a --pid 003e --profile pinpad", .verify = "08040200",
	.condition = 2, .max_size = 25,
};

FIXTURE_VARIANT_ADD(pinpad_quirks, spr532) {
	.options = "--vid 04e6 --pid e003 --bcd 5.10 --profile pinpad", .verify = "08040200",
	.escape = "800200",
};

FIXTURE_VARIANT_ADD(pinpad_quirks, dell_2101) {
	.options = "--vid 413c --pid 2101 --profile pinpad", .verify = "08040200",
};

FIXTURE_VARIANT_ADD(pinpad_quirks, kc1000sc) {
	.options = "--vid 046a --pid 00a1 --bcd 1.00 --profile pinpad", .verify = "08040200",
	.max_size = 32,
};

FIXTURE_SETUP(pinpad_quirks)
{
	vr_prepare(variant->options, "iso,t=1,pin=1234");
	self->fd = sc_open_connected(SCARD_MODE_SHARED);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(pinpad_quirks)
{
	close(self->fd);
}

/* Has the reader logged a message of this kind with these bytes since vr_clear()? */
static bool logged(const char *kind, const char *bytes)
{
	const char *p, *end, *found;

	for (p = vr_do("log"); (p = strstr(p, kind)); p = end) {
		end = p + strcspn(p, "\n");
		found = strstr(p, bytes);
		if (found && found < end)
			return true;
	}
	return false;
}

TEST_F(pinpad_quirks, PC_to_RDR_Secure_is_adapted)
{
	unsigned char none[sizeof(pin_verify)];
	char want[64];

	memcpy(none, pin_verify, sizeof(none));
	none[8] = 0;
	vr_clear();
	vr_do("press 1234E");
	ASSERT_EQ(2, pin_control(self->fd, CTL_VERIFY, none, sizeof(none), self->out, 64));
	EXPECT_EQ(0x90, self->out[0]);
	snprintf(want, sizeof(want), "001E820800%s0904", variant->verify);
	EXPECT_TRUE(logged("Secure", want)) {
		TH_LOG("%s", vr_do("log"));
	}
}

/* A template without room for the PIN, which is sent without padding */
static const unsigned char bare[] = {
	30, 0, 0x82, 0x00, 0x00, 8, 4, 0x02, 0x00, 0x09, 0x04, 0, 0, 0, 0,
	4, 0, 0, 0,
	0x00, 0x20, 0x00, 0x01,
};

TEST_F(pinpad_quirks, unpadded_pin_sends_escape_first)
{
	vr_clear();
	vr_do("press 1C");
	EXPECT_EQ(2, pin_control(self->fd, CTL_VERIFY, bare, sizeof(bare), self->out, 64));
	EXPECT_EQ(0x64, self->out[0]);
	EXPECT_EQ(!!variant->escape, logged("Escape", variant->escape ?: "8002")) {
		TH_LOG("%s", vr_do("log"));
	}
}

TEST_F(pinpad_quirks, properties_are_adapted)
{
	int i, len = pin_control(self->fd, CTL_TLV_PROPERTIES, NULL, 0, self->out, 64);
	int condition = 0, max_size = 0;

	ASSERT_LT(0, len);
	for (i = 0; i < len; i += 2 + self->out[i + 1]) {
		if (self->out[i] == 0x02)
			condition = self->out[i + 2];
		if (self->out[i] == 0x07)
			max_size = self->out[i + 2];
	}
	EXPECT_EQ(variant->condition, condition);
	EXPECT_EQ(variant->max_size, max_size);
	EXPECT_EQ(4, pin_control(self->fd, CTL_PIN_PROPERTIES, NULL, 0, self->out, 64));
	EXPECT_EQ(variant->condition ?: 7, self->out[2]);
}

/* Gemalto's readers get an Escape; a refusal by another message type needs no Abort. */
TEST_F(pinpad_quirks, refused_escape_costs_no_abort)
{
	vr_do("fault every 1 on Escape refuse");
	vr_clear();
	EXPECT_EQ(4, pin_control(self->fd, CTL_PIN_PROPERTIES, NULL, 0, self->out, 64));
	EXPECT_EQ(strstr(variant->options, "--vid 08e6") != NULL, vr_count("Escape"));
	EXPECT_EQ(0, vr_count("Abort"));
	vr_do("fault clear");
}

/* Half an abort is the reason that the reader refuses the Escape: with padding, the PIN is wrong. */
TEST(unpadded_pin_is_not_entered_after_an_unheard_escape)
{
	unsigned char out[64];
	int fd;

	vr_prepare("--vid 04e6 --pid e003 --bcd 5.10 --profile pinpad", "iso,t=1,pin=1234");
	fd = sc_open_connected(SCARD_MODE_SHARED);
	ASSERT_LE(0, fd);
	vr_do("fault at 1 on Escape error ff");
	EXPECT_EQ(-EIO, pin_control(fd, CTL_VERIFY, bare, sizeof(bare), out, sizeof(out)));
	EXPECT_EQ(1, vr_count("Escape"));
	EXPECT_EQ(0, vr_count("Secure"));
	vr_do("fault clear");
	close(fd);
}

TEST_HARNESS_MAIN
