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

/* Cards with a wrong TCK are in use. */
TEST(atr_with_wrong_TCK_is_accepted)
{
	int fd = connect_to("--profile tpdu", "iso,t=1,tck=bad", SC_ANY);

	ASSERT_LE(0, fd);
	EXPECT_EQ(1, sc_count(fd));
	close(fd);
}

TEST_HARNESS_MAIN
