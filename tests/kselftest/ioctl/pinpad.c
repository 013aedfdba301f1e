// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * PIN entry on the reader (PC/SC part 10), by SCARD_IOC_CONTROL with FEATURE_VERIFY_PIN_DIRECT,
 * FEATURE_MODIFY_PIN_DIRECT, the PIN and TLV properties: what programs see of any reader.
 */
#include <errno.h>

#include "kselftest_harness.h"

#include "pin.h"
#include "sc.h"
#include "vr.h"

TEST_F(pinpad, GET_FEATURE_REQUEST_lists_pin_features)
{
	int len = pin_control(self->fd, SCARD_CTL_GET_FEATURE, NULL, 0, self->out,
			      sizeof(self->out));
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
	EXPECT_EQ(4, pin_control(self->fd, CTL_PIN_PROPERTIES, NULL, 0, self->out,
				 sizeof(self->out)));
	EXPECT_EQ(7, self->out[2]);
	EXPECT_LT(10, pin_control(self->fd, CTL_TLV_PROPERTIES, NULL, 0, self->out,
				  sizeof(self->out)));
	EXPECT_EQ(0x01, self->out[0]);
}

TEST_F(pinpad, right_pin_verifies)
{
	EXPECT_EQ(0x9000, pin_enter(self->fd, "1234E"));
	EXPECT_EQ(0x9000, sc_apdu(self->fd, APDU_VERIFIED));
	/* a T=1 connection goes on behind the block that the reader made */
	EXPECT_EQ(1, sc_count(self->fd));
}

TEST_F(pinpad, wrong_pin_costs_one_try)
{
	EXPECT_EQ(0x63c2, pin_enter(self->fd, "9999E"));
	EXPECT_EQ(0x63c2, sc_apdu(self->fd, APDU_VERIFIED));
}

TEST_F(pinpad, cancel_key_returns_6401)
{
	EXPECT_EQ(0x6401, pin_enter(self->fd, "12C"));
	EXPECT_EQ(0x63c3, sc_apdu(self->fd, APDU_VERIFIED));
}

TEST_F(pinpad, timeout_returns_6400)
{
	EXPECT_EQ(0x6400, pin_enter(self->fd, "12T"));
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
	EXPECT_EQ(2, pin_control(self->fd, CTL_MODIFY, modify, sizeof(modify), self->out,
				 sizeof(self->out)));
	EXPECT_EQ(0x90, self->out[0]);
	EXPECT_EQ(0, sc_reconnect(self->fd, SCARD_MODE_SHARED, SC_ANY, SCARD_DISP_RESET));
	EXPECT_EQ(0x9000, pin_enter(self->fd, "5678E"));
}

/* A close after PIN entry resets the card: the PIN is no longer verified. */
TEST_F(pinpad, close_after_entry_resets_the_card)
{
	EXPECT_EQ(0x9000, pin_enter(self->fd, "1234E"));
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
	EXPECT_EQ(-ESTALE, pin_control(self->fd, CTL_VERIFY, pin_verify, sizeof(pin_verify),
				       self->out, sizeof(self->out)));
	EXPECT_EQ(0, sc_features(self->fd));
	ASSERT_EQ(0, sc_reconnect(self->fd, SCARD_MODE_SHARED, SCARD_PROTO_T1, SCARD_DISP_LEAVE));
	EXPECT_EQ(0x9000, pin_enter(self->fd, "1234E"));
	EXPECT_EQ(0x9000, sc_apdu(self->fd, APDU_VERIFIED));
	close(other);
}

TEST_F(pinpad, bad_PIN_VERIFY_STRUCTURE_gets_EINVAL)
{
	unsigned char bad[sizeof(pin_verify)];

	memcpy(bad, pin_verify, sizeof(bad));
	bad[15]++;
	EXPECT_EQ(-EINVAL, pin_control(self->fd, CTL_VERIFY, bad, sizeof(bad), self->out, 64));
	EXPECT_EQ(-EINVAL, pin_control(self->fd, CTL_VERIFY, pin_verify, 10, self->out, 64));
	EXPECT_EQ(-EINVAL, pin_control(self->fd, CTL_VERIFY, NULL, 0, self->out, 64));
	EXPECT_EQ(0x63c3, sc_apdu(self->fd, APDU_VERIFIED));
}

TEST_HARNESS_MAIN
