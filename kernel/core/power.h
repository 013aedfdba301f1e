/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SCARD_POWER_H
#define SCARD_POWER_H

struct scard_slot;

void scard_power_init(struct scard_slot *slot);
void scard_power_stop(struct scard_slot *slot);
int scard_power_get(struct scard_slot *slot);
bool scard_power_put_locked(struct scard_slot *slot);
void scard_power_unused(struct scard_slot *slot);
void scard_power_idle(struct scard_slot *slot);
void scard_power_retry_locked(struct scard_slot *slot);
void scard_power_no_retry(struct scard_slot *slot);
void scard_power_is_safe(struct scard_slot *slot);

#endif
