/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SCARD_WATCHDOG_H
#define SCARD_WATCHDOG_H

#include <linux/types.h>

struct scard_slot;

void scard_watchdog_init(struct scard_slot *slot);
void scard_watchdog_stop(struct scard_slot *slot);
bool scard_watchdog_is_on(void);
void scard_watchdog_used(struct scard_slot *slot);
void scard_watchdog_awaited(struct scard_slot *slot);

#endif
