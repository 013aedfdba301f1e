// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Resets that a CCID reader refuses, and a state that it does not tell: it is asked again. It is
 * told to power off at unbind.
 */
#include "kselftest_harness.h"

#include "sc.h"
#include "usb.h"
#include "vr.h"

/* A connected handle, which has verified the card */
static int connect_and_verify(struct __test_metadata *_metadata)
{
	int fd;

	vr_prepare("--profile short", VR_CARD);
	fd = sc_open_connected(SCARD_MODE_SHARED);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0x9000, sc_apdu(fd, APDU_VERIFY));
	return fd;
}

static bool becomes_present(int fd)
{
	struct scard_status status;
	int i;

	for (i = 0; i < 20000; i += 10) {
		if (sc_settled(fd, &status, 10) && status.state & SCARD_STATE_BIT_PRESENT)
			return true;
		pause_ms(10);
	}
	return false;
}

/* The card is found without a caller that asks for it, and was reset. */
static void expect_found_and_reset(struct __test_metadata *_metadata, int fd)
{
	ASSERT_TRUE(becomes_present(fd));
	EXPECT_EQ(1, vr_count("IccPowerOn"));
	EXPECT_EQ(0, sc_reconnect(fd, SCARD_MODE_SHARED, SC_ANY, SCARD_DISP_LEAVE));
	EXPECT_EQ(0x63c3, sc_apdu(fd, APDU_VERIFIED));
}

/*
 * bError to IccPowerOn and IccPowerOff: the card keeps its power and its verified PIN, and the
 * next CONNECT fails, until a reset succeeds.
 */
static void refuse_the_reset(struct __test_metadata *_metadata)
{
	int fd = connect_and_verify(_metadata);

	vr_do("fault from 1 on IccPowerOn error f0");
	vr_do("fault from 1 on IccPowerOff error f0");
	vr_clear();
	EXPECT_EQ(0, close(fd));
	EXPECT_EQ(0, vr_try("wait count IccPowerOff 2 5000"));
}

TEST(refused_reset_is_tried_again)
{
	int fd;

	refuse_the_reset(_metadata);
	fd = sc_open(O_RDWR);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EREMOTEIO, sc_connect(fd, SCARD_MODE_SHARED, SC_ANY));
	vr_clear();
	/* refused again, twice: each attempt begins with GetSlotStatus and tries all voltages */
	EXPECT_EQ(0, vr_try("wait count GetSlotStatus 2 20000"));
	pause_ms(500);
	vr_do("fault clear");
	vr_clear();
	/* nothing but the retry touches the card */
	EXPECT_EQ(0, vr_try("wait count IccPowerOn 1 20000"));
	EXPECT_EQ(0, sc_connect(fd, SCARD_MODE_SHARED, SC_ANY));
	EXPECT_EQ(0x63c3, sc_apdu(fd, APDU_VERIFIED));
}

TEST(refused_reset_is_powered_off_at_unbind)
{
	refuse_the_reset(_metadata);
	vr_do("fault clear");
	vr_clear();
	EXPECT_EQ(0, usb_bind(false));
	EXPECT_LE(1, vr_count("IccPowerOff"));
	EXPECT_EQ(0, usb_bind(true));
}

/*
 * After a reset of the port the card may have kept its power, and the state of its user. If the
 * reader does not tell, it is asked again without a caller.
 */
TEST(unknown_state_is_asked_for_again)
{
	int fd = connect_and_verify(_metadata);

	vr_do("fault from 1 on GetSlotStatus stall");
	vr_clear();
	ASSERT_EQ(0, usb_port_reset());
	EXPECT_EQ(0, vr_try("wait count GetSlotStatus 3 20000"));
	EXPECT_EQ(0, vr_count("IccPowerOn"));
	vr_do("fault clear");
	EXPECT_EQ(0, vr_try("wait powered 0 20000"));
	expect_found_and_reset(_metadata, fd);
}

/* A removal was reported and believed: the card may be there, as its last user left it. */
TEST(removal_that_no_answer_verifies_is_asked_for_again)
{
	struct scard_status status;
	int fd = connect_and_verify(_metadata);

	vr_do("fault from 1 on GetSlotStatus stall");
	vr_clear();
	vr_do("notify 5002");
	ASSERT_EQ(0, vr_try("wait count GetSlotStatus 2 20000"));
	/* believed, and asked for a second time */
	pause_ms(2500);
	ASSERT_EQ(0, sc_snapshot(fd, &status));
	EXPECT_FALSE(status.state & SCARD_STATE_BIT_PRESENT);
	EXPECT_EQ(0, vr_count("IccPowerOn"));
	vr_do("fault clear");
	expect_found_and_reset(_metadata, fd);
}

TEST(insertion_that_no_answer_confirms_is_asked_for_again)
{
	int fd;

	vr_prepare("--profile short", NULL);
	fd = sc_open(O_RDWR);
	ASSERT_LE(0, fd);
	vr_do("fault from 1 on IccPowerOn stall");
	vr_do("fault from 1 on IccPowerOff stall");
	vr_clear();
	vr_do("insert 0 " VR_CARD);
	/* the second is of a retry */
	ASSERT_EQ(0, vr_try("wait count IccPowerOff 2 20000"));
	vr_do("fault clear");
	EXPECT_TRUE(becomes_present(fd));
}

/* Each try may cost the cards of other slots their power. */
TEST(empty_slot_that_does_not_answer_is_left_alone)
{
	unsigned long asked;

	vr_prepare("--profile short", NULL);
	vr_do("fault from 1 on GetSlotStatus stall");
	vr_clear();
	vr_do("notify 5002");
	ASSERT_EQ(0, vr_try("wait count GetSlotStatus 1 5000"));
	pause_ms(700);
	asked = vr_count("GetSlotStatus");
	pause_ms(5000);
	EXPECT_EQ(asked, vr_count("GetSlotStatus"));
}

TEST_HARNESS_MAIN
