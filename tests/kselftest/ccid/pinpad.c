// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bPINSupport: PIN entry on the reader (PC/SC part 10), by SCARD_IOC_CONTROL with
 * FEATURE_VERIFY_PIN_DIRECT, FEATURE_MODIFY_PIN_DIRECT, the PIN and TLV properties, and
 * PC_to_RDR_Secure; quirks of readers with a PIN pad.
 */
#include <errno.h>
#include <pthread.h>
#include <sys/ioctl.h>

#include "kselftest_harness.h"

#include "sc.h"
#include "vr.h"

#define CTL_VERIFY		0x42330006
#define CTL_MODIFY		0x42330007
#define CTL_PIN_PROPERTIES	0x4233000a
#define CTL_TLV_PROPERTIES	0x42330012

/* PIN_VERIFY_STRUCTURE for a VERIFY whose PIN is ASCII, 4 to 8 digits, padded with FF */
static const unsigned char verify[] = {
	30, 0, 0x82, 0x08, 0x00, 8, 4, 0x02, 0xff, 0x09, 0x04, 0, 0, 0, 0,
	13, 0, 0, 0,
	0x00, 0x20, 0x00, 0x01, 0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
};

static int control(int fd, uint32_t code, const void *in, uint32_t in_len, void *out, uint32_t room)
{
	struct scard_control arg = {
		.in = (uintptr_t)in, .in_len = in_len, .out = (uintptr_t)out, .out_len = room,
		.code = code,
	};

	return ioctl(fd, SCARD_IOC_CONTROL, &arg) ? -errno : (int)arg.out_len;
}

FIXTURE(pinpad)
{
	int fd;
	unsigned char out[64];
};

FIXTURE_VARIANT(pinpad)
{
	const char *options;
	const char *card;
};

FIXTURE_VARIANT_ADD(pinpad, short_apdu) {
	.options = "--vid 1209 --pid 0001 --profile pinpad", .card = "iso,t=1,pin=1234",
};

FIXTURE_VARIANT_ADD(pinpad, tpdu_t1) {
	.options = "--vid 1209 --pid 0001 --profile tpdu --desc bPINSupport=3", .card = "iso,t=1,pin=1234",
};

FIXTURE_SETUP(pinpad)
{
	vr_prepare(variant->options, variant->card);
	self->fd = sc_open_connected(SCARD_MODE_SHARED);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(pinpad)
{
	close(self->fd);
}

static int enter(FIXTURE_DATA(pinpad) *self, const char *keys)
{
	int len;

	vr_do("press %s", keys);
	len = control(self->fd, CTL_VERIFY, verify, sizeof(verify), self->out, sizeof(self->out));
	return len == 2 ? self->out[0] << 8 | self->out[1] : len;
}

TEST_F(pinpad, GET_FEATURE_REQUEST_lists_pin_features)
{
	int len = control(self->fd, SCARD_CTL_GET_FEATURE, NULL, 0, self->out, sizeof(self->out));
	static const unsigned char first[] = { 0x06, 4, 0x42, 0x33, 0x00, 0x06 };

	ASSERT_LE(24, len);
	EXPECT_EQ(0, len % 6);
	EXPECT_EQ(0, memcmp(self->out, first, sizeof(first)));
	EXPECT_EQ(0x07, self->out[6]);
	EXPECT_EQ(0x0a, self->out[12]);
	EXPECT_EQ(0x12, self->out[18]);
}

TEST_F(pinpad, properties_have_bEntryValidation)
{
	EXPECT_EQ(4, control(self->fd, CTL_PIN_PROPERTIES, NULL, 0, self->out, sizeof(self->out)));
	EXPECT_EQ(7, self->out[2]);
	EXPECT_LT(10, control(self->fd, CTL_TLV_PROPERTIES, NULL, 0, self->out,
			      sizeof(self->out)));
	EXPECT_EQ(0x01, self->out[0]);
}

TEST_F(pinpad, right_pin_verifies)
{
	EXPECT_EQ(0x9000, enter(self, "1234E"));
	EXPECT_EQ(0x9000, sc_apdu(self->fd, APDU_VERIFIED));
	/* a T=1 connection goes on behind the block that the reader made */
	EXPECT_EQ(1, sc_count(self->fd));
}

TEST_F(pinpad, wrong_pin_costs_one_try)
{
	EXPECT_EQ(0x63c2, enter(self, "9999E"));
	EXPECT_EQ(0x63c2, sc_apdu(self->fd, APDU_VERIFIED));
}

TEST_F(pinpad, cancel_key_returns_6401)
{
	EXPECT_EQ(0x6401, enter(self, "12C"));
	EXPECT_EQ(0x63c3, sc_apdu(self->fd, APDU_VERIFIED));
}

TEST_F(pinpad, timeout_returns_6400)
{
	EXPECT_EQ(0x6400, enter(self, "12T"));
	EXPECT_EQ(0x63c3, sc_apdu(self->fd, APDU_VERIFIED));
}

TEST_F(pinpad, modify_changes_the_pin)
{
	/* CHANGE REFERENCE DATA: old PIN, new PIN and its confirmation, each 8 bytes */
	static const unsigned char modify[] = {
		30, 0, 0x82, 0x08, 0x00, 0, 8, 8, 4, 0x03, 0x02, 0x03, 0x09, 0x04, 0, 1, 2, 0, 0, 0,
		21, 0, 0, 0,
		0x00, 0x24, 0x00, 0x01, 0x10,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	};

	vr_do("press 1234E5678E5678E");
	EXPECT_EQ(2, control(self->fd, CTL_MODIFY, modify, sizeof(modify), self->out,
			     sizeof(self->out)));
	EXPECT_EQ(0x90, self->out[0]);
	EXPECT_EQ(0, sc_reconnect(self->fd, SCARD_MODE_SHARED, SC_ANY, SCARD_DISP_RESET));
	EXPECT_EQ(0x9000, enter(self, "5678E"));
}

/* A command that ended in the middle: host and card agree again before the PIN is entered. */
TEST_F(pinpad, pin_entry_after_aborted_command)
{
	bool t1 = strstr(variant->options, "tpdu");

	if (t1) {
		vr_do("fault on XfrBlock card abort");
		EXPECT_EQ(-EIO, sc_apdu(self->fd, APDU_STATE));
	}
	vr_clear();
	EXPECT_EQ(0x9000, enter(self, "1234E"));
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
	EXPECT_EQ(-EIO, enter(self, "1234E"));
	EXPECT_EQ(0x9000, sc_apdu(self->fd, APDU_VERIFIED));
	EXPECT_EQ(1, sc_count(self->fd));
	vr_do("fault clear");
}

/* The card takes its time over the PIN, and says so in a block of its own. */
TEST_F(pinpad, wtx_during_pin_entry)
{
	if (strstr(variant->options, "tpdu"))
		vr_do("fault on Secure card wtx 3");
	EXPECT_EQ(0x9000, enter(self, "1234E"));
	EXPECT_EQ(0x9000, sc_apdu(self->fd, APDU_VERIFIED));
	EXPECT_EQ(1, sc_count(self->fd));
}

/* A close after PIN entry resets the card: the PIN is no longer verified. */
TEST_F(pinpad, close_after_entry_resets_the_card)
{
	EXPECT_EQ(0x9000, enter(self, "1234E"));
	close(self->fd);
	self->fd = sc_open_connected(SCARD_MODE_SHARED);
	ASSERT_LE(0, self->fd);
	EXPECT_EQ(0x63c3, sc_apdu(self->fd, APDU_VERIFIED));
}

/*
 * A handle with a pending reset cannot enter a PIN: the close would not reset the card. Its
 * other controls work.
 */
TEST_F(pinpad, pending_reset_gets_ESTALE)
{
	int other = sc_open_connected(SCARD_MODE_SHARED);

	ASSERT_LE(0, other);
	ASSERT_EQ(0, sc_disconnect(other, SCARD_DISP_RESET));
	EXPECT_EQ(-ESTALE, control(self->fd, CTL_VERIFY, verify, sizeof(verify), self->out, 64));
	EXPECT_EQ(0, sc_features(self->fd));
	ASSERT_EQ(0, sc_reconnect(self->fd, SCARD_MODE_SHARED, SCARD_PROTO_T1, SCARD_DISP_LEAVE));
	EXPECT_EQ(0x9000, enter(self, "1234E"));
	EXPECT_EQ(0x9000, sc_apdu(self->fd, APDU_VERIFIED));
	close(other);
}

TEST_F(pinpad, bad_PIN_VERIFY_STRUCTURE_gets_EINVAL)
{
	unsigned char bad[sizeof(verify)];

	memcpy(bad, verify, sizeof(bad));
	bad[15]++;
	EXPECT_EQ(-EINVAL, control(self->fd, CTL_VERIFY, bad, sizeof(bad), self->out, 64));
	EXPECT_EQ(-EINVAL, control(self->fd, CTL_VERIFY, verify, 10, self->out, 64));
	EXPECT_EQ(-EINVAL, control(self->fd, CTL_VERIFY, NULL, 0, self->out, 64));
	EXPECT_EQ(0x63c3, sc_apdu(self->fd, APDU_VERIFIED));
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

/* The log since vr_clear(), from the last message of this kind on */
static const char *got(const char *kind)
{
	const char *p, *last = NULL;

	for (p = vr_do("log"); (p = strstr(p, kind)); p++)
		last = p;
	return last ?: "";
}

TEST_F(pinpad_quirks, PC_to_RDR_Secure_is_adapted)
{
	unsigned char none[sizeof(verify)];
	char want[64];

	memcpy(none, verify, sizeof(none));
	none[8] = 0;
	vr_clear();
	vr_do("press 1234E");
	ASSERT_EQ(2, control(self->fd, CTL_VERIFY, none, sizeof(none), self->out, 64));
	EXPECT_EQ(0x90, self->out[0]);
	snprintf(want, sizeof(want), "001E820800%s0904", variant->verify);
	EXPECT_NE(NULL, strstr(got("Secure"), want)) {
		TH_LOG("%s", got("Secure"));
	}
}

/* A template without room for the PIN, which is sent without padding */
TEST_F(pinpad_quirks, unpadded_pin_sends_escape_first)
{
	static const unsigned char bare[] = {
		30, 0, 0x82, 0x00, 0x00, 8, 4, 0x02, 0x00, 0x09, 0x04, 0, 0, 0, 0,
		4, 0, 0, 0,
		0x00, 0x20, 0x00, 0x01,
	};

	vr_clear();
	vr_do("press 1C");
	EXPECT_EQ(2, control(self->fd, CTL_VERIFY, bare, sizeof(bare), self->out, 64));
	EXPECT_EQ(0x64, self->out[0]);
	if (variant->escape) {
		EXPECT_NE(NULL, strstr(got("Escape"), variant->escape));
	} else {
		EXPECT_EQ(NULL, strstr(got("Escape"), "8002"));
	}
}

TEST_F(pinpad_quirks, properties_are_adapted)
{
	int i, len = control(self->fd, CTL_TLV_PROPERTIES, NULL, 0, self->out, 64);
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
	EXPECT_EQ(4, control(self->fd, CTL_PIN_PROPERTIES, NULL, 0, self->out, 64));
	EXPECT_EQ(variant->condition ?: 7, self->out[2]);
}

/* Gemalto's readers get an Escape; a refusal by another message type needs no Abort. */
TEST_F(pinpad_quirks, refused_escape_costs_no_abort)
{
	vr_do("fault every 1 on Escape refuse");
	vr_clear();
	EXPECT_EQ(4, control(self->fd, CTL_PIN_PROPERTIES, NULL, 0, self->out, 64));
	EXPECT_EQ(strstr(variant->options, "--vid 08e6") != NULL, vr_count("Escape"));
	EXPECT_EQ(0, vr_count("Abort"));
	vr_do("fault clear");
}

TEST_HARNESS_MAIN
