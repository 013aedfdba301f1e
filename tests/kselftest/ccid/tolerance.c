// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Readers that err a little: bStatus, bError, dwLength, bSlot, bSeq and bMessageType of their
 * answers, answers in pieces and old ones. An APDU succeeds, or fails at once, and the next one
 * succeeds.
 */
#include <errno.h>
#include <time.h>

#include "kselftest_harness.h"

#include "sc.h"
#include "vr.h"

/* What a wrong answer may cost; the driver waits for a right one for a minute */
#define AT_ONCE	2.0

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static int connect_to(const char *options, const char *card)
{
	vr_prepare(options, card);
	return sc_open_connected(SCARD_MODE_SHARED);
}

/* The command's result while the reader makes this fault; the next one is right at once. */
static int apdu_with(struct __test_metadata *_metadata, int fd, const char *fault, const char *apdu)
{
	double start = now();
	int ret;

	vr_do("fault at 1 on XfrBlock %s", fault);
	ret = sc_apdu(fd, apdu);
	EXPECT_GT(AT_ONCE, now() - start) TH_LOG("%s", fault);
	vr_do("fault clear");
	EXPECT_EQ(0x9000, sc_apdu(fd, APDU_STATE)) TH_LOG("after %s", fault);
	EXPECT_GT(AT_ONCE, now() - start) TH_LOG("after %s", fault);
	return ret;
}

/* A good answer with the reserved bmICCStatus */
TEST(bmICCStatus_3_of_a_good_answer_counts)
{
	int fd = connect_to("--profile short", "iso,t=1");

	ASSERT_LE(0, fd);
	EXPECT_EQ(0x9000, apdu_with(_metadata, fd, "status 03", APDU_STATE));
	close(fd);
}

/*
 * bError of a failed exchange: never "wrong protocol" or "not supported". A pinpad that has a PIN
 * entered for a plain APDU says that the user did not.
 */
TEST(bError_of_an_exchange)
{
	int fd = connect_to("--profile short", "iso,t=1");

	ASSERT_LE(0, fd);
	EXPECT_EQ(-EIO, apdu_with(_metadata, fd, "error F6", APDU_STATE));
	EXPECT_EQ(-EIO, apdu_with(_metadata, fd, "error F5", APDU_STATE));
	EXPECT_EQ(-EIO, apdu_with(_metadata, fd, "error 00", APDU_STATE));
	EXPECT_EQ(0x6401, apdu_with(_metadata, fd, "error EF", APDU_STATE));
	EXPECT_EQ(0x6400, apdu_with(_metadata, fd, "error F0", APDU_STATE));
	close(fd);
}

TEST_HARNESS_MAIN
