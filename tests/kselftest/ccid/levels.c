// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * dwFeatures: every exchange level (character, TPDU, short and extended APDU, ICCD version A
 * and B) with T=0 and T=1, by SCARD_IOC_TRANSMIT. All cases of short APDUs, extended APDUs
 * where the level carries them (dwMaxCCIDMessageLength), recovery of T=1 block errors, WTX.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "kselftest_harness.h"

#include "sc.h"
#include "vr.h"

#define LEN_MAX		SCARD_ANSWER_MAX

FIXTURE(exchange_level)
{
	int fd;
	unsigned char *command;
	unsigned char *answer;
};

FIXTURE_VARIANT(exchange_level)
{
	const char *options;
	const char *card;
	bool extended;		/* the level carries extended APDUs */
	bool get_response;	/* T=0 TPDUs: the answer has to be fetched */
	bool t1_host;		/* the T=1 engine is the module's */
	bool t0_host;		/* the procedure bytes are the module's */
};

#define LEVEL(name, ...) FIXTURE_VARIANT_ADD(exchange_level, name) { __VA_ARGS__ }

LEVEL(short_t0, .options = "--profile short", .card = "iso,t=0");
LEVEL(short_t1, .options = "--profile short", .card = "iso,t=1");
LEVEL(extended_t0, .options = "--profile extended", .card = "iso,t=0", .extended = true);
LEVEL(extended_t1, .options = "--profile extended", .card = "iso,t=1", .extended = true);
LEVEL(extended_chained, .options = "--profile extended --desc dwMaxCCIDMessageLength=271",
      .card = "iso,t=1", .extended = true);
LEVEL(tpdu_t0, .options = "--profile tpdu", .card = "iso,t=0", .get_response = true);
LEVEL(tpdu_t1, .options = "--profile tpdu", .card = "iso,t=1", .extended = true, .t1_host = true);
LEVEL(tpdu_t1_crc, .options = "--profile tpdu", .card = "iso,t=1,crc=1", .extended = true,
      .t1_host = true);
LEVEL(tpdu_t1_small_blocks, .options = "--profile tpdu --desc dwMaxIFSD=16",
      .card = "iso,t=1,ifsc=16", .extended = true, .t1_host = true);
LEVEL(tpdu_auto_t1, .options = "--profile tpdu-auto", .card = "iso,t=1", .extended = true,
      .t1_host = true);
LEVEL(character_t0, .options = "--profile character", .card = "iso,t=0", .get_response = true,
      .t0_host = true);
LEVEL(character_t1, .options = "--profile character", .card = "iso,t=1", .extended = true,
      .t1_host = true);
LEVEL(no_interrupt, .options = "--profile nointr", .card = "iso,t=1");
LEVEL(late_descriptor, .options = "--profile short --late-descriptor", .card = "iso,t=1");
LEVEL(full_speed, .options = "--profile short --speed full", .card = "iso,t=1");
LEVEL(inverse, .options = "--profile tpdu", .card = "iso,t=1,inverse=1", .extended = true,
      .t1_host = true);
LEVEL(token_a, .options = "--profile iccd-a", .card = "iso,t=0", .get_response = true);
LEVEL(token_b, .options = "--profile iccd-b --desc dwFeatures=0x00040840", .card = "iso,t=1", .extended = true);

FIXTURE_SETUP(exchange_level)
{
	vr_prepare(variant->options, variant->card);
	self->command = calloc(1, LEN_MAX + 16);
	self->answer = calloc(1, LEN_MAX);
	self->fd = sc_open_connected(SCARD_MODE_SHARED);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(exchange_level)
{
	free(self->command);
	free(self->answer);
}

static int status_word(const unsigned char *answer, int len)
{
	return len < 2 ? len : answer[len - 2] << 8 | answer[len - 1];
}

TEST_F(exchange_level, case_1_no_data)
{
	int len = sc_transmit(self->fd, "\x80\xe6\x91\x23", 4, self->answer, LEN_MAX);

	EXPECT_EQ(0x9123, status_word(self->answer, len));
	EXPECT_EQ(2, len);
}

TEST_F(exchange_level, case_2_response_data)
{
	int len = sc_transmit(self->fd, "\x00\x84\x00\x00\x08", 5, self->answer, LEN_MAX);

	EXPECT_EQ(10, len);
	EXPECT_EQ(0x9000, status_word(self->answer, len));
	len = sc_transmit(self->fd, "\x80\xee\x01\x00\x00", 5, self->answer, LEN_MAX);
	ASSERT_EQ(258, len);
	EXPECT_EQ(0, self->answer[0]);
	EXPECT_EQ(255, self->answer[255]);
}

TEST_F(exchange_level, case_3_command_data)
{
	EXPECT_EQ(0x9000, sc_apdu(self->fd, APDU_VERIFY));
	EXPECT_EQ(0x9000, sc_apdu(self->fd, APDU_VERIFIED));
}

TEST_F(exchange_level, case_4_data_both_ways)
{
	static const unsigned char echo[] = {
		0x80, 0xee, 0, 0, 5, 'h', 'e', 'l', 'l', 'o', 0
	};
	int len = sc_transmit(self->fd, echo, sizeof(echo), self->answer, LEN_MAX);

	if (variant->get_response) {
		/* T=0: GET RESPONSE is left to the application */
		ASSERT_EQ(0x6105, status_word(self->answer, len));
		len = sc_transmit(self->fd, "\x00\xc0\x00\x00\x05", 5, self->answer, LEN_MAX);
	}
	ASSERT_EQ(7, len);
	EXPECT_EQ(0, memcmp("hello", self->answer, 5));
	EXPECT_EQ(0x9000, status_word(self->answer, len));
}

TEST_F(exchange_level, short_apdu_of_255_bytes)
{
	unsigned char *c = self->command;
	int len, i;

	memcpy(c, "\x80\xee\x00\x00\xff", 5);
	for (i = 0; i < 255; i++)
		c[5 + i] = i;
	len = sc_transmit(self->fd, c, 261, self->answer, LEN_MAX);
	if (variant->get_response) {
		ASSERT_EQ(0x61ff, status_word(self->answer, len));
		len = sc_transmit(self->fd, "\x00\xc0\x00\x00\xff", 5, self->answer, LEN_MAX);
	}
	ASSERT_EQ(257, len);
	EXPECT_EQ(0, memcmp(c + 5, self->answer, 255));
}

/* 65535 bytes each way, the longest; fewer where a block has 16. */
/* A message for each byte at character level: the debug kernel needs its time. */
TEST_F_TIMEOUT(exchange_level, extended_apdu_of_65535_bytes, 240)
{
	unsigned char *c = self->command;
	int nc = strstr(variant->card, "ifsc=16") ? 1500 : 65535, len, i;

	memcpy(c, "\x80\xee\x00\x00\x00", 5);
	c[5] = nc >> 8;
	c[6] = nc;
	for (i = 0; i < nc; i++)
		c[7 + i] = i ^ i >> 8;
	len = sc_transmit(self->fd, c, 7 + nc + 2, self->answer, LEN_MAX);
	if (!variant->extended) {
		EXPECT_EQ(-EINVAL, len);
		return;
	}
	ASSERT_EQ(nc + 2, len);
	EXPECT_EQ(0, memcmp(c + 7, self->answer, nc));
	EXPECT_EQ(0x9000, status_word(self->answer, len));
}

/* recv_len too small: the length is returned, and the command is not repeated. */
TEST_F(exchange_level, small_buffer_gets_EMSGSIZE_and_length)
{
	struct scard_transmit arg = {
		.send = (uintptr_t)"\x80\xe2\x00\x00\x04", .send_len = 5,
		.recv = (uintptr_t)self->answer, .recv_len = 3,
	};

	vr_clear();
	EXPECT_EQ(-1, ioctl(self->fd, SCARD_IOC_TRANSMIT, &arg));
	EXPECT_EQ(EMSGSIZE, errno);
	EXPECT_EQ(6, arg.recv_len);
	EXPECT_EQ(1, vr_count("ins.E2"));
}

/* A slow card asks for time: WTX blocks, NULL bytes, time extensions. */
TEST_F(exchange_level, card_that_asks_for_time_is_waited_for)
{
	EXPECT_EQ(0x9000, sc_apdu(self->fd, APDU_SLEEP("07D0")));
}

/* T=1 recovers from each fault; the card executes the command once. */
TEST_F(exchange_level, t1_block_errors_are_recovered)
{
	static const char * const faults[] = {
		"parity", "lrc", "seq", "len", "rblock", "nad", "ifs 20", "wtx 3",
	};
	unsigned int i;

	if (!variant->t1_host)
		return;
	for (i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
		vr_do("fault clear");
		vr_clear();
		vr_do("fault at 1 on XfrBlock card %s", faults[i]);
		EXPECT_EQ(i + 1, sc_count(self->fd)) TH_LOG("fault %s", faults[i]);
		EXPECT_EQ(1, vr_count("ins.E2")) TH_LOG("fault %s", faults[i]);
	}
	vr_do("fault clear");
}

/* A card that aborts fails the command; the connection is good for the next one. */
TEST_F(exchange_level, t1_abort_fails_one_command)
{
	if (!variant->t1_host)
		return;
	vr_do("fault at 1 on XfrBlock card abort");
	EXPECT_GT(0, sc_count(self->fd));
	vr_do("fault clear");
	EXPECT_LT(0, sc_count(self->fd));
}

TEST_F(exchange_level, t0_null_bytes_extend_the_wait)
{
	if (!variant->t0_host)
		return;
	vr_do("fault at 1 on XfrBlock card null 20");
	EXPECT_EQ(0x9000, sc_apdu(self->fd, "0084000008"));
	vr_do("fault clear");
}

TEST_F(exchange_level, disconnect_reset_resets_the_card)
{
	int fd;

	EXPECT_EQ(0x9000, sc_apdu(self->fd, APDU_VERIFY));
	EXPECT_EQ(0, sc_disconnect(self->fd, SCARD_DISP_RESET));
	fd = sc_open_connected(SCARD_MODE_SHARED);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0x63c3, sc_apdu(fd, APDU_VERIFIED));
	close(fd);
}

/*
 * ICCD with a dwMaxCCIDMessageLength above a control transfer: the command is sent in parts,
 * and an answer that is longer fails instead of being cut.
 */
TEST(iccd_b_messages_longer_than_a_control_transfer)
{
	static unsigned char command[7 + 65535 + 2] = { 0x80, 0xee, 0, 0, 0, 0xff, 0xff };
	static unsigned char answer[LEN_MAX];
	int fd, i;

	vr_prepare("--profile iccd-b --desc dwFeatures=0x00040840 "
		   "--desc dwMaxCCIDMessageLength=65556", "iso,t=1");
	fd = sc_open_connected(SCARD_MODE_SHARED);
	ASSERT_LE(0, fd);
	for (i = 0; i < 65535; i++)
		command[7 + i] = i;
	/* the first 16 of the bytes come back */
	command[7 + 65535 + 1] = 16;
	EXPECT_EQ(18, sc_transmit(fd, command, sizeof(command), answer, sizeof(answer)));
	EXPECT_EQ(0, memcmp(command + 7, answer, 16));
	EXPECT_EQ(0x61, answer[16]);
	EXPECT_EQ(-EIO, sc_transmit(fd, "\x80\xee\x1f\x40\x00\x00\x00", 7, answer,
				    sizeof(answer)));
	EXPECT_EQ(1, sc_count(fd));
	close(fd);
}

TEST_HARNESS_MAIN
