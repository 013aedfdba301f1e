// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bInterfaceClass: readers of a vendor's own class (0xFF) with the class descriptor are bound by
 * idVendor and idProduct, those of the module or those of new_id.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "sc.h"
#include "vr.h"

#define DRIVER	"/sys/bus/usb/drivers/scard/"

static int driver_write(const char *file, const char *text)
{
	char path[64];
	int fd, ret;

	snprintf(path, sizeof(path), DRIVER "%s", file);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return -errno;
	ret = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

/* The status word of a command that is the same with both protocols */
static int use(const char *options, const char *card)
{
	int fd, sw;

	vr_prepare(options, card);
	fd = sc_open_connected(SCARD_MODE_SHARED);
	if (fd < 0)
		return fd;
	sw = sc_apdu(fd, "0084000008");
	close(fd);
	return sw;
}

TEST(vendor_class_readers_are_bound)
{
	static const char * const readers[] = {
		"--vid 04e6 --pid 5120 --profile vendor",
		"--vid 04e6 --pid 5121 --profile vendor",
		"--vid 04e6 --pid 512b --profile vendor",
		"--vid 04e6 --pid 512c --profile vendor",
		"--vid 0973 --pid 0003 --profile iccd-a --desc bInterfaceClass=0xff",
	};
	unsigned int i;

	for (i = 0; i < sizeof(readers) / sizeof(*readers); i++) {
		const char *card = strstr(readers[i], "iccd") ? "iso,t=0" : "iso,t=1";

		EXPECT_EQ(0x9000, use(readers[i], card)) {
			TH_LOG("%s", readers[i]);
		}
	}
}

/* Without the entry vr_prepare() would find no reader. */
TEST(new_id_binds_vendor_class_readers)
{
	vr_stop();
	ASSERT_EQ(0, driver_write("new_id", "1209 0002 ff"));
	EXPECT_EQ(0x9000, use("--vid 1209 --pid 0002 --profile vendor", "iso,t=1"));
	vr_stop();
	EXPECT_EQ(0, driver_write("remove_id", "1209 0002"));
}

TEST_HARNESS_MAIN
