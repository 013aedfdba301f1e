// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The parameter escape: only where it allows escape commands are they listed as a feature, for
 * root as for others. Without it they need CAP_SYS_RAWIO.
 */
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "sc.h"
#include "usb.h"
#include "vr.h"

#define FEATURE_ESCAPE		0x13
#define CTL_TLV_PROPERTIES	0x42330012
#define PROPERTY_PPDU_SUPPORT	0x09
#define NOBODY			65534

FIXTURE(escape)
{
	int fd;
};

FIXTURE_SETUP(escape)
{
	vr_prepare("--profile short", VR_CARD);
	self->fd = sc_open_connected(SCARD_MODE_SHARED);
	ASSERT_LE(0, self->fd);
	vr_clear();
}

/* In the parent, so that it is done whatever becomes of the test. */
FIXTURE_TEARDOWN_PARENT(escape)
{
	EXPECT_TRUE(module_set("escape", 0));
}

static int control(int fd, uint32_t code, unsigned char *out, uint32_t room)
{
	struct scard_control arg = {
		.out = (uintptr_t)out, .out_len = room, .code = code,
	};

	return ioctl(fd, SCARD_IOC_CONTROL, &arg) ? -errno : (int)arg.out_len;
}

static bool listed(int fd)
{
	unsigned char list[64];
	int i, len = control(fd, SCARD_CTL_GET_FEATURE, list, sizeof(list));

	for (i = 0; i < len; i += 6)
		if (list[i] == FEATURE_ESCAPE)
			return true;
	return false;
}

/* bPPDUSupport, or -1 */
static int ppdu_support(int fd)
{
	unsigned char list[128];
	int i, len = control(fd, CTL_TLV_PROPERTIES, list, sizeof(list));

	for (i = 0; i + 2 < len; i += 2 + list[i + 1])
		if (list[i] == PROPERTY_PPDU_SUPPORT)
			return list[i + 2];
	return -1;
}

enum {
	CHILD_LISTED = 1,
	CHILD_SENT = 2,
	CHILD_REFUSED = 4,
};

/* A process without capabilities: CHILD_*, or -1 */
static int as_nobody(int fd)
{
	pid_t pid = fork();
	int ret, status;

	if (!pid) {
		if (setresuid(NOBODY, NOBODY, NOBODY))
			_exit(128);
		ret = sc_escape(fd);
		_exit((listed(fd) ? CHILD_LISTED : 0) | (ret ? 0 : CHILD_SENT) |
		      (ret == -EPERM ? CHILD_REFUSED : 0));
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

TEST_F(escape, default_lists_nothing_for_root)
{
	unsigned char list[64];

	/* the one feature of this reader: GET_TLV_PROPERTIES, as with libccid */
	EXPECT_EQ(6, control(self->fd, SCARD_CTL_GET_FEATURE, list, sizeof(list)));
	EXPECT_EQ(0x12, list[0]);
	EXPECT_FALSE(listed(self->fd));
	EXPECT_EQ(0, ppdu_support(self->fd));
}

TEST_F(escape, default_allows_root_alone)
{
	EXPECT_EQ(0, sc_escape(self->fd));
	EXPECT_EQ(1, vr_count("Escape"));
	EXPECT_EQ(CHILD_REFUSED, as_nobody(self->fd));
	EXPECT_EQ(1, vr_count("Escape"));
}

TEST_F(escape, parameter_lists_and_allows_to_all)
{
	ASSERT_TRUE(module_set("escape", 1));
	EXPECT_TRUE(listed(self->fd));
	EXPECT_EQ(1, ppdu_support(self->fd));
	vr_clear();	/* bPPDUSupport may have cost one, too */
	EXPECT_EQ(CHILD_LISTED | CHILD_SENT, as_nobody(self->fd));
	EXPECT_EQ(1, vr_count("Escape"));
}

TEST_HARNESS_MAIN
