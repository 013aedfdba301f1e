// SPDX-License-Identifier: GPL-2.0-or-later
#include "usb_wake.h"

#include "timer.h"
#include "usb.h"
#include "usb_sysfs.h"

#define WAKE_RETRY_US 10000

/* The host arms remote wake-up a moment before it lets the bus sleep. */
static void wake(struct timer *t)
{
	if (usb.wakeup_armed && !usb_sysfs_resume(usb.port))
		timer_arm(t, WAKE_RETRY_US, wake);
}

bool usb_wake_forgets(void)
{
	return usb.wakeup_armed && usb.wakeup_never;
}

void usb_wake(void)
{
	static struct timer timer;

	wake(&timer);
}
