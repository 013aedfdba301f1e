// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Readers that err a little: bStatus, bError, dwLength, bSlot, bSeq and bMessageType of their
 * answers, answers in pieces and old ones. An APDU succeeds, or fails at once, and the next one
 * succeeds.
 */
#include <errno.h>
#include <time.h>

#include "kselftest_harness.h"

#include "agent.h"
#include "sc.h"
#include "usb.h"
#include "vr.h"

/* What a wrong answer may cost; the driver waits for a right one for a minute */
#define AT_ONCE	2.0
/* The same with both protocols, and longer than the answer to APDU_STATE or to the counter's */
#define APDU_CHALLENGE	"0084000008"

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
	EXPECT_EQ(0x9000, sc_apdu(fd, APDU_CHALLENGE)) TH_LOG("after %s", fault);
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

/* "No card" in one answer while the card stays in: handles lose it, but the slot does not. */
TEST(no_card_by_mistake_is_verified)
{
	static const char * const faults[] = { "status 42", "status 02" };
	double start;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(faults); i++) {
		int fd = connect_to("--profile short", "iso,t=1"), next;

		ASSERT_LE(0, fd);
		vr_do("fault at 1 on XfrBlock %s", faults[i]);
		sc_apdu(fd, APDU_STATE);
		vr_do("fault clear");
		start = now();
		do {
			pause_ms(10);
			next = sc_open_connected(SCARD_MODE_SHARED);
		} while (next == -ENOMEDIUM && now() - start < AT_ONCE);
		EXPECT_LE(0, next) TH_LOG("after %s", faults[i]);
		EXPECT_EQ(0x9000, sc_apdu(next, APDU_CHALLENGE));
		EXPECT_EQ(-EIDRM, sc_status(fd));
		close(next);
		close(fd);
	}
}

/* Bulk-IN that no answer can be ends the command, and the abort sequence finds the way back. */
TEST(wrong_answers_end_the_command_at_once)
{
	static const char * const wrong[] = {
		"instead 8100000000D4D5400038",		/* bSlot that does not exist, and bSeq */
		"short 1", "short 9",
		"long 5", "garbage 33",
		"pad 1",				/* perhaps not padding */
		"length 2", "length 70000", "length -1",
		"slot-no 1", "type 85", "type 81", "type 6F", "status C0",
		"merge",
	};
	static const char * const readers[] = {
		"--profile short", "--profile extended", "--profile multi4 --busy 1",
	};
	unsigned int i, j;

	for (j = 0; j < sizeof(readers) / sizeof(*readers); j++) {
		int fd = connect_to(readers[j], "iso,t=1");

		ASSERT_LE(0, fd) TH_LOG("%s", readers[j]);
		for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
			EXPECT_EQ(-EIO, apdu_with(_metadata, fd, wrong[i], APDU_STATE))
				TH_LOG("reader %u, answer %u", j, i);
		close(fd);
	}
}

/* The same for blocks, after which T=1 agrees with the card anew */
TEST(wrong_answers_end_a_block_at_once)
{
	int fd = connect_to("--profile tpdu", "iso,t=1");

	ASSERT_LE(0, fd);
	EXPECT_EQ(-EIO, apdu_with(_metadata, fd, "garbage 33", APDU_STATE));
	close(fd);
	fd = connect_to("--profile tpdu", "iso,t=0");
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EIO, apdu_with(_metadata, fd, "short 9", APDU_CHALLENGE));
	close(fd);
}

/* Padding is no part of the answer. */
TEST(padding_is_passed_over)
{
	int fd = connect_to("--profile short", "iso,t=1");

	ASSERT_LE(0, fd);
	EXPECT_EQ(0x9000, apdu_with(_metadata, fd, "pad 2", APDU_STATE));
	EXPECT_EQ(0x9000, apdu_with(_metadata, fd, "pad 48", APDU_STATE));
	EXPECT_EQ(0x9000, apdu_with(_metadata, fd, "pad 54", APDU_STATE));
	close(fd);
}

/* RDR_to_PC_SlotStatus with 54 bytes too many, whatever they are: the card is seen at once. */
TEST(SlotStatus_with_a_tail_is_an_answer)
{
	double start;
	int fd;

	vr_prepare("--profile nointr", NULL);
	vr_do("fault every 1 on GetSlotStatus long 54");
	vr_do("insert 0 iso,t=1");
	start = now();
	do {
		fd = sc_open_connected(SCARD_MODE_SHARED);
	} while (fd == -ENOMEDIUM && now() - start < AT_ONCE);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0x9000, sc_apdu(fd, APDU_STATE));
	vr_do("fault clear");
	close(fd);
}

/*
 * bSeq of the command before, or any other: the command fails, for a message that looks like this
 * may be a repeated answer to the APDU before. Its length says that it is none.
 */
TEST(wrong_bSeq_ends_the_command_at_once)
{
	int fd = connect_to("--profile short", "iso,t=1");

	ASSERT_LE(0, fd);
	EXPECT_EQ(0x9000, sc_apdu(fd, APDU_STATE));
	EXPECT_EQ(-EIO, apdu_with(_metadata, fd, "seq -1", APDU_CHALLENGE));
	EXPECT_EQ(-EIO, apdu_with(_metadata, fd, "seq 1", APDU_CHALLENGE));
	EXPECT_EQ(-EIO, apdu_with(_metadata, fd, "seq 100", APDU_CHALLENGE));
	close(fd);
}

/* An answer that comes twice is not taken for the answer to the next APDU, and costs nothing. */
TEST(repeated_answer_is_passed_over)
{
	int fd = connect_to("--profile short", "iso,t=1"), i;
	double start;

	ASSERT_LE(0, fd);
	EXPECT_EQ(0x9000, sc_apdu(fd, APDU_STATE));
	vr_do("fault every 1 twice");
	start = now();
	for (i = 0; i < 4; i++) {
		EXPECT_EQ(1 + 2 * i, sc_count(fd));
		EXPECT_EQ(0x9000, sc_apdu(fd, APDU_CHALLENGE));
		EXPECT_EQ(2 + 2 * i, sc_count(fd));
	}
	EXPECT_GT(AT_ONCE, now() - start);
	vr_do("fault clear");
	close(fd);
}

/*
 * It may be the second of two that look alike, and be lost: that is not known before the right one
 * has had its time, which is less than a minute.
 */
TEST(lost_answer_that_looks_repeated_ends_in_seconds)
{
	int fd = connect_to("--profile short", "iso,t=1");
	double start;

	ASSERT_LE(0, fd);
	EXPECT_EQ(1, sc_count(fd));
	vr_do("fault at 1 on XfrBlock seq -1");
	start = now();
	EXPECT_EQ(-ETIMEDOUT, sc_count(fd));
	EXPECT_GT(7, now() - start);
	vr_do("fault clear");
	EXPECT_EQ(3, sc_count(fd));
	close(fd);
}

/* The answer in several transfers, each of which ends with a short packet */
TEST(answer_in_pieces_is_joined)
{
	static const char * const readers[] = {
		"--profile short", "--profile extended", "--profile tpdu",
	};
	unsigned int i;

	for (i = 0; i < sizeof(readers) / sizeof(*readers); i++) {
		int fd = connect_to(readers[i], "iso,t=1");

		ASSERT_LE(0, fd) TH_LOG("%s", readers[i]);
		EXPECT_EQ(0x9000, apdu_with(_metadata, fd, "split 11", APDU_CHALLENGE));
		EXPECT_EQ(0x9000, apdu_with(_metadata, fd, "split 14", APDU_CHALLENGE));
		EXPECT_EQ(0x9000, apdu_with(_metadata, fd, "split 10", APDU_CHALLENGE));
		close(fd);
	}
}

/* Bind the driver anew while the reader makes these faults; the card is found at once. */
static void bind_with(struct __test_metadata *_metadata, const char *before, const char *after)
{
	double start;
	int fd;

	/* no notification hides what the first status says */
	vr_prepare("--profile nointr", "iso,t=1");
	if (before)
		vr_do("fault %s", before);
	ASSERT_EQ(0, usb_bind(false));
	if (after)
		vr_do("fault %s", after);
	ASSERT_EQ(0, usb_bind(true));
	start = now();
	do {
		fd = sc_open_connected(SCARD_MODE_SHARED);
	} while (fd < 0 && now() - start < 3 * AT_ONCE);
	EXPECT_LE(0, fd);
	EXPECT_GT(AT_ONCE, now() - start);
	EXPECT_EQ(0x9000, sc_apdu(fd, APDU_STATE));
	EXPECT_EQ(0x9000, sc_apdu(fd, APDU_CHALLENGE));
	EXPECT_GT(AT_ONCE, now() - start);
	vr_do("fault clear");
	close(fd);
}

/* "No card", bSeq 0, before the first answer */
TEST(first_status_is_asked_twice)
{
	bind_with(_metadata, NULL, "at 1 on GetSlotStatus before 81000000000000020000");
}

/* The first status fails until IccPowerOff. */
TEST(IccPowerOff_mends_the_first_status)
{
	bind_with(_metadata, NULL, "at 1 on GetSlotStatus status 42");
}

/* bSeq of the command before in all answers, as it has been since the reader was plugged in */
TEST(bSeq_before_in_all_answers_is_learnt)
{
	bind_with(_metadata, NULL, "every 1 seq -1");
	vr_stop();
}

/* An answer of the last session waits in the pipe: it is not even a stray to a command. */
TEST(pipe_is_drained_when_bound)
{
	int strays = -1;
	FILE *file;

	bind_with(_metadata, "at 1 on IccPowerOff after 81000000000000020000", NULL);
	file = popen("cat /sys/class/scard/*/statistics/strays", "r");
	ASSERT_NE(NULL, file);
	EXPECT_EQ(1, fscanf(file, "%d", &strays));
	EXPECT_EQ(0, strays);
	pclose(file);
}

/* T=0 without a time extension: the card may take its waiting time before each character. */
static void may_take_8s(struct __test_metadata *_metadata, const char *level)
{
	int fd = connect_to(level, "iso,t=0");

	ASSERT_LE(0, fd);
	vr_do("fault at 1 on XfrBlock delay 8500");
	EXPECT_EQ(0x9000, sc_apdu(fd, APDU_CHALLENGE));
	vr_do("fault clear");
	close(fd);
}

TEST(card_may_take_8s_for_a_TPDU)
{
	may_take_8s(_metadata, "--profile tpdu");
}

TEST(card_may_take_8s_for_a_short_APDU)
{
	may_take_8s(_metadata, "--profile short");
}

TEST(card_may_take_8s_for_an_extended_APDU)
{
	may_take_8s(_metadata, "--profile extended");
}

TEST(card_may_take_8s_for_characters)
{
	may_take_8s(_metadata, "--profile character");
}

/* Seconds that the driver waits for the answer to an APDU, as debugfs shows it; or -1 */
static long patience(const char *options, const char *card)
{
	struct agent agent;
	FILE *file = NULL;
	char line[128];
	long ms = -1;

	vr_prepare(options, card);
	agent_start(&agent);
	if (!agent_do(&agent, AGENT_OPEN, 0) &&
	    !agent_do(&agent, AGENT_CONNECT, SCARD_MODE_SHARED)) {
		vr_do("fault at 1 on XfrBlock delay 4000");
		if (agent_blocks(&agent, AGENT_COUNT, 0))
			file = popen("mount -t debugfs none /sys/kernel/debug 2>/dev/null; "
				     "cat /sys/kernel/debug/scard/*", "r");
		while (file && fgets(line, sizeof(line), file))
			sscanf(line, "command: seq %*u, answer 0x%*x due in %ld ms", &ms);
		if (file)
			pclose(file);
		agent_result(&agent, 10000);
	}
	agent_stop(&agent);
	vr_do("fault clear");
	return ms < 0 ? -1 : ms / 1000;
}

/* The waiting times of cards, and readers that need longer */
TEST(patience_is_not_less_than_that_of_libccid)
{
	/* 2^4 x 960 x 372 / 4000 ms, and 260 x (11 + 2^13) etu */
	EXPECT_LE(195, patience("--profile short --desc dwDefaultClock=4000", "iso,t=1,cwi=13"));
	/* a key made on the card takes up to five minutes */
	EXPECT_LE(290, patience("--vid 08e6 --pid 34d2 --profile short", "iso,t=1"));
	vr_stop();
}

/* Blanks at the end of a serial number are a part of the reader's name, as with pcsc-lite. */
TEST(serial_number_keeps_blanks_at_its_end)
{
	struct scard_info info;
	int fd;

	vr_prepare("--profile short --serial '0123  '", "iso,t=1");
	fd = sc_open(O_RDWR);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, sc_info(fd, &info));
	EXPECT_STREQ("0123  ", (char *)info.serial);
	EXPECT_NE(NULL, strstr((char *)info.name, " (0123  ) 00 00"));
	close(fd);
	vr_stop();
}

/* SetParameters refused with "inactive, mute" for a card that is on, at the rate after a reset */
TEST(refused_SetParameters_leaves_the_card_in_use)
{
	static const char * const refusals[] = { "status 41", "error FE", "error FB" };
	unsigned int i;
	int fd;

	for (i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
		vr_prepare("--profile tpdu", "iso,t=1");
		vr_do("fault every 1 on SetParameters %s", refusals[i]);
		vr_clear();
		fd = sc_open_connected(SCARD_MODE_SHARED);
		ASSERT_LE(0, fd) TH_LOG("%u", i);
		EXPECT_EQ(1, vr_count("SetParameters"));
		EXPECT_EQ(1, sc_count(fd));
		vr_do("fault clear");
		close(fd);
	}
}

TEST_HARNESS_MAIN
