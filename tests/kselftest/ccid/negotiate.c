// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SCARD_IOC_CONNECT chooses protocol and parameters: PPS by the host and by the reader
 * (dwFeatures), Fi/Di within dwMaxDataRate and the table of GetDataRates, SetParameters,
 * fallback to the default, specific mode (TA2), bVoltageSupport, ATRs with faults.
 */
#include <errno.h>

#include "kselftest_harness.h"

#include "sc.h"
#include "vr.h"

#define ATTR_CURRENT_PROTOCOL_TYPE	0x00080201
#define ATTR_CURRENT_F			0x00080203
#define ATTR_CURRENT_D			0x00080204

static long attribute(int fd, unsigned int id)
{
	unsigned int value = 0, len = sizeof(value);
	int ret = sc_get_attr(fd, id, &value, &len);

	return ret ? ret : value;
}

/* A command that is the same with both protocols */
#define APDU_CHALLENGE			"0084000008"

static int connect_to(const char *options, const char *card, unsigned int protocols)
{
	vr_prepare(options, card);
	vr_clear();
	return sc_connected(sc_open(O_RDWR), SCARD_MODE_SHARED, protocols);
}

/* The card and the reader have 372/8 in common: it is used, and the card answers. */
TEST(host_pps_uses_common_Fi_Di)
{
	int fd = connect_to("--profile tpdu --desc dwMaxDataRate=600000", "iso,t=1,ta1=18", SC_ANY);

	ASSERT_LE(0, fd);
	EXPECT_EQ(372, attribute(fd, ATTR_CURRENT_F));
	EXPECT_EQ(12, attribute(fd, ATTR_CURRENT_D));
	EXPECT_EQ(1, vr_count("SetParameters"));
	EXPECT_EQ(1, sc_count(fd));
}

/* The reader is too slow for the card's best: the next lower one is taken. */
TEST(dwMaxDataRate_limits_Di)
{
	int fd = connect_to("--profile tpdu --desc dwDefaultClock=4000 --desc dwMaxDataRate=50000",
			    "iso,t=1,ta1=18", SC_ANY);

	ASSERT_LE(0, fd);
	EXPECT_EQ(4, attribute(fd, ATTR_CURRENT_D));
	EXPECT_EQ(1, sc_count(fd));
}

/* The host uses rates of GetDataRates only. */
TEST(GetDataRates_table_limits_Di)
{
	int fd = connect_to("--profile tpdu --desc dwDefaultClock=4000 --desc dwMaxDataRate=600000 "
			    "--rates 10752,21505", "iso,t=1,ta1=18", SC_ANY);

	ASSERT_LE(0, fd);
	EXPECT_EQ(2, attribute(fd, ATTR_CURRENT_D));
	EXPECT_EQ(1, sc_count(fd));
}

/* PPS fails: the card is reset and used with the default parameters. */
TEST(failed_pps_resets_and_uses_defaults)
{
	int fd;

	vr_prepare("--profile tpdu --desc dwMaxDataRate=600000", "iso,t=1,ta1=18");
	vr_do("fault at 1 on XfrBlock garbage 4");
	fd = sc_open_connected(SCARD_MODE_SHARED);
	ASSERT_LE(0, fd);
	EXPECT_EQ(1, attribute(fd, ATTR_CURRENT_D));
	EXPECT_EQ(1, sc_count(fd));
	vr_do("fault clear");
}

/* The reader refuses the parameters that the card has since PPS: both use the defaults. */
TEST(refused_SetParameters_after_pps_resets_and_uses_defaults)
{
	static const char * const refusals[] = { "refuse", "error 00", "error 0A" };
	unsigned int i;

	for (i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
		int fd;

		vr_prepare("--profile tpdu --desc dwMaxDataRate=600000", "iso,t=1,ta1=18");
		vr_do("fault every 1 on SetParameters %s", refusals[i]);
		vr_clear();
		fd = sc_open_connected(SCARD_MODE_SHARED);
		ASSERT_LE(0, fd) TH_LOG("%s", refusals[i]);
		EXPECT_EQ(1, attribute(fd, ATTR_CURRENT_D)) TH_LOG("%s", refusals[i]);
		EXPECT_EQ(2, vr_count("SetParameters"));
		EXPECT_EQ(1, sc_count(fd));
		vr_do("fault clear");
		close(fd);
	}
}

/* Without PPS the card is at the default, and so is a reader that refuses. */
TEST(refused_SetParameters_without_pps_is_passed_over)
{
	int fd;

	vr_prepare("--profile tpdu", "iso,t=1");
	vr_do("fault every 1 on SetParameters error 00");
	vr_clear();
	fd = sc_open_connected(SCARD_MODE_SHARED);
	ASSERT_LE(0, fd);
	EXPECT_EQ(1, vr_count("SetParameters"));
	EXPECT_EQ(1, sc_count(fd));
	vr_do("fault clear");
	close(fd);
}

/*
 * T=1: nothing of the card is heard after PPS, neither to S(IFS) nor to S(RESYNCH), at the fastest
 * rate (1) and at half of it (2). The rate that works is remembered for the card.
 */
static void unheard(struct __test_metadata *_metadata, int rates, int d)
{
	char card[32];
	int fd, i;

	snprintf(card, sizeof(card), "iso,t=1,ta1=18,hist=0%d", rates);
	vr_prepare("--profile tpdu --desc dwMaxDataRate=600000", card);
	/* the first block is the PPS request; four attempts at S(IFS) and three at S(RESYNCH) */
	for (i = 1; i <= 8 * rates; i++)
		if (i % 8 != 1)
			vr_do("fault at %d on XfrBlock card parity", i);
	vr_clear();
	fd = sc_open_connected(SCARD_MODE_SHARED);
	ASSERT_LE(0, fd);
	EXPECT_EQ(d, attribute(fd, ATTR_CURRENT_D));
	EXPECT_EQ(1 + rates, vr_count("SetParameters"));
	EXPECT_EQ(1, sc_count(fd));
	vr_do("fault clear");
	vr_clear();
	ASSERT_EQ(0, sc_reconnect(fd, SCARD_MODE_SHARED, SC_ANY, SCARD_DISP_UNPOWER));
	EXPECT_EQ(d, attribute(fd, ATTR_CURRENT_D));
	EXPECT_EQ(1, vr_count("SetParameters"));
	close(fd);
}

TEST(silence_after_pps_resets_and_uses_a_slower_rate)
{
	unheard(_metadata, 1, 4);
}

TEST(silence_after_two_pps_resets_and_uses_defaults)
{
	unheard(_metadata, 2, 1);
}

/* T=1: a card that is never heard is not connected to. */
TEST(silence_at_all_rates_gets_EREMOTEIO)
{
	vr_prepare("--profile tpdu", "iso,t=1");
	vr_do("fault every 1 on XfrBlock error FE");
	EXPECT_EQ(-EREMOTEIO, sc_open_connected(SCARD_MODE_SHARED));
	vr_do("fault clear");
}

/* T=0: the first command tells; after the next reset the card is at the default. */
TEST(first_command_lost_after_pps_brings_defaults)
{
	int fd;

	vr_prepare("--profile tpdu --desc dwMaxDataRate=600000", "iso,t=0,ta1=18,hist=03");
	fd = sc_open_connected(SCARD_MODE_SHARED);
	ASSERT_LE(0, fd);
	EXPECT_EQ(12, attribute(fd, ATTR_CURRENT_D));
	vr_do("fault at 1 on XfrBlock error FD");
	EXPECT_EQ(-EIO, sc_apdu(fd, APDU_CHALLENGE));
	vr_do("fault clear");
	ASSERT_EQ(0, sc_reconnect(fd, SCARD_MODE_SHARED, SC_ANY, SCARD_DISP_RESET));
	EXPECT_EQ(1, attribute(fd, ATTR_CURRENT_D));
	EXPECT_EQ(0x9000, sc_apdu(fd, APDU_CHALLENGE));
	close(fd);
}

/* A card that does not take S(IFS) and is well after S(RESYNCH) keeps its parameters. */
TEST(refused_ifsd_after_pps_keeps_parameters)
{
	int fd;

	vr_prepare("--profile tpdu --desc dwMaxDataRate=600000", "iso,t=1,ta1=18");
	vr_do("fault at 2 on XfrBlock card resynch");
	vr_clear();
	fd = sc_open_connected(SCARD_MODE_SHARED);
	ASSERT_LE(0, fd);
	EXPECT_EQ(12, attribute(fd, ATTR_CURRENT_D));
	EXPECT_EQ(1, vr_count("SetParameters"));
	EXPECT_EQ(1, sc_count(fd));
	vr_do("fault clear");
	close(fd);
}

/* In specific mode there is no PPS, and no choice of protocol. */
TEST(TA2_specific_mode_needs_no_pps)
{
	int fd = connect_to("--profile tpdu --desc dwMaxDataRate=600000", "iso,t=1,ta1=18,ta2=81",
			    SC_ANY);

	ASSERT_LE(0, fd);
	EXPECT_EQ(12, attribute(fd, ATTR_CURRENT_D));
	EXPECT_EQ(1, sc_count(fd));
	close(fd);
	EXPECT_EQ(-EPROTONOSUPPORT, connect_to("--profile tpdu", "iso,t=1,ta2=81",
					       SCARD_PROTO_T0));
}

/*
 * A reader with automatic parameters takes a fixed rate from the ATR by itself, even above
 * its dwMaxDataRate: the driver does not refuse the card.
 */
TEST(TA2_specific_mode_left_to_automatic_reader)
{
	static const char * const readers[] = {
		"--profile short --desc dwMaxDataRate=9600",
		"--profile short --desc dwFeatures=0x000204ba --desc dwMaxDataRate=9600",
		"--profile extended --desc dwDefaultClock=0",
	};
	unsigned int i;

	for (i = 0; i < sizeof(readers) / sizeof(*readers); i++) {
		int fd = connect_to(readers[i], "iso,t=1,ta1=18,ta2=81", SC_ANY);

		ASSERT_LE(0, fd) TH_LOG("%s", readers[i]);
		EXPECT_EQ(1, sc_count(fd)) TH_LOG("%s", readers[i]);
		close(fd);
	}
	/* where the host sets the rate it is one of the reader's, or none */
	EXPECT_EQ(-EPROTONOSUPPORT, connect_to("--profile tpdu --desc dwMaxDataRate=9600",
					       "iso,t=1,ta1=18,ta2=81", SC_ANY));
}

/* The second protocol of a card needs PPS, which the host or the reader makes. */
TEST(pps_selects_second_protocol)
{
	static const char * const readers[] = {
		"--profile tpdu", "--profile tpdu-auto", "--profile short", "--profile extended",
	};
	unsigned int i;

	for (i = 0; i < sizeof(readers) / sizeof(*readers); i++) {
		int fd = connect_to(readers[i], "iso,t=01", SCARD_PROTO_T1);

		ASSERT_LE(0, fd) TH_LOG("%s", readers[i]);
		EXPECT_EQ(SCARD_PROTO_T1, attribute(fd, ATTR_CURRENT_PROTOCOL_TYPE));
		EXPECT_EQ(0x9000, sc_apdu(fd, APDU_CHALLENGE)) TH_LOG("%s", readers[i]);
		close(fd);
		fd = connect_to(readers[i], "iso,t=01", SCARD_PROTO_T0);
		ASSERT_LE(0, fd) TH_LOG("%s", readers[i]);
		EXPECT_EQ(SCARD_PROTO_T0, attribute(fd, ATTR_CURRENT_PROTOCOL_TYPE));
		EXPECT_EQ(0x9000, sc_apdu(fd, APDU_CHALLENGE)) TH_LOG("%s", readers[i]);
		close(fd);
	}
}

/* An active protocol stays until a reset. */
TEST(protocol_is_kept_until_reset)
{
	int fd = connect_to("--profile tpdu", "iso,t=01", SCARD_PROTO_T1), other;

	ASSERT_LE(0, fd);
	other = sc_open(O_RDWR);
	EXPECT_EQ(-EPROTONOSUPPORT, sc_connect(other, SCARD_MODE_SHARED, SCARD_PROTO_T0));
	EXPECT_EQ(0, sc_connect(other, SCARD_MODE_SHARED, SC_ANY));
	EXPECT_EQ(0, sc_reconnect(fd, SCARD_MODE_SHARED, SCARD_PROTO_T0, SCARD_DISP_RESET));
	EXPECT_EQ(SCARD_PROTO_T0, attribute(fd, ATTR_CURRENT_PROTOCOL_TYPE));
	EXPECT_EQ(0x9000, sc_apdu(fd, APDU_CHALLENGE));
	close(other);
	close(fd);
}

/* The card is removed during SetParameters: no protocol becomes active. */
TEST(removal_in_SetParameters_gets_ENOMEDIUM)
{
	struct scard_status status;
	int fd;

	vr_prepare("--profile tpdu", "iso,t=0");
	fd = sc_open(O_RDWR);
	ASSERT_LE(0, fd);
	/* "failed, no card", and no reason of its own */
	vr_do("fault on SetParameters status 42");
	EXPECT_EQ(-ENOMEDIUM, sc_connect(fd, SCARD_MODE_SHARED, SC_ANY));
	ASSERT_EQ(0, sc_snapshot(fd, &status));
	EXPECT_EQ(0, status.state & (SCARD_STATE_BIT_PRESENT | SCARD_STATE_BIT_NEGOTIATED));
	EXPECT_EQ(0, status.protocol);
	vr_do("fault clear");
	close(fd);
}

/* A card of class B only: 5 V is tried, 3 V answers. */
TEST(bVoltageSupport_tries_5V_then_3V)
{
	int fd = connect_to("--profile tpdu --desc dwFeatures=0x00010030 --desc bVoltageSupport=7",
			    "iso,t=1,voltage=2", SC_ANY);

	ASSERT_LE(0, fd);
	EXPECT_EQ(1, sc_count(fd));
	close(fd);
}

/* A cold reset; how often the card was powered up and off for it */
static void expect_power(struct __test_metadata *_metadata, const char *options, unsigned int on,
			 unsigned int off)
{
	int fd = connect_to(options, "iso,t=1,atr=3B80811F0618", SC_ANY);

	ASSERT_LE(0, fd);
	vr_clear();
	EXPECT_EQ(0, sc_reconnect(fd, SCARD_MODE_SHARED, SC_ANY, SCARD_DISP_UNPOWER));
	EXPECT_EQ(on, vr_count("IccPowerOn"));
	EXPECT_EQ(off, vr_count("IccPowerOff"));
	EXPECT_EQ(1, sc_count(fd));
	close(fd);
}

/* The class indicator names 3 V and 1.8 V: the card, which answers at 5 V, is not left there. */
TEST(class_indicator_chooses_3V)
{
	expect_power(_metadata, "--profile tpdu --desc dwFeatures=0x00010030 --desc bVoltageSupport=7",
		     2, 2);
	/* a reader without another class */
	expect_power(_metadata, "--profile tpdu --desc dwFeatures=0x00010030 --desc bVoltageSupport=1",
		     1, 1);
}

/* Cards with a wrong TCK are in use. */
TEST(atr_with_wrong_TCK_is_accepted)
{
	int fd = connect_to("--profile tpdu", "iso,t=1,tck=bad", SC_ANY);

	ASSERT_LE(0, fd);
	EXPECT_EQ(1, sc_count(fd));
	close(fd);
}

TEST_HARNESS_MAIN
