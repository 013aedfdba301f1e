/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PIN entry on the reader, PC/SC part 10: control codes, a structure, a call, two readers. */
#ifndef KSELFTEST_PIN_H
#define KSELFTEST_PIN_H

#include <errno.h>
#include <sys/ioctl.h>

#include <linux/scard.h>

#include "kselftest_harness.h"

#include "sc.h"
#include "vr.h"

#define CTL_VERIFY		0x42330006
#define CTL_MODIFY		0x42330007
#define CTL_PIN_PROPERTIES	0x4233000a
#define CTL_TLV_PROPERTIES	0x42330012

/* PIN_VERIFY_STRUCTURE for a VERIFY whose PIN is ASCII, 4 to 8 digits, padded with FF */
static const unsigned char pin_verify[] = {
	30, 0, 0x82, 0x08, 0x00, 8, 4, 0x02, 0xff, 0x09, 0x04, 0, 0, 0, 0,
	13, 0, 0, 0,
	0x00, 0x20, 0x00, 0x01, 0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
};

static inline int pin_control(int fd, uint32_t code, const void *in, uint32_t in_len, void *out,
			      uint32_t room)
{
	struct scard_control arg = {
		.in = (uintptr_t)in, .in_len = in_len, .out = (uintptr_t)out, .out_len = room,
		.code = code,
	};

	return ioctl(fd, SCARD_IOC_CONTROL, &arg) ? -errno : (int)arg.out_len;
}

/* Keys are pressed for a PIN_VERIFY_STRUCTURE: the status word, or -errno */
static inline int pin_enter(int fd, const char *keys)
{
	unsigned char out[64];
	int len;

	vr_do("press %s", keys);
	len = pin_control(fd, CTL_VERIFY, pin_verify, sizeof(pin_verify), out, sizeof(out));
	return len == 2 ? out[0] << 8 | out[1] : len;
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
	.options = "--vid 1209 --pid 0001 --profile tpdu --desc bPINSupport=3",
	.card = "iso,t=1,pin=1234",
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

#endif
