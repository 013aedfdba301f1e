// SPDX-License-Identifier: GPL-2.0-or-later
#include "host.h"

#include "usbip.h"
#include "uscard.h"

int host_attach(void)
{
	return uscard_used() ? uscard_attach() : usbip_attach();
}

void host_unplug(void)
{
	uscard_unplug();
	usbip_unplug();
}

bool host_attached(void)
{
	return uscard_attached() || usbip_attached();
}

void host_flush(void)
{
	uscard_flush();
	usbip_flush();
}
