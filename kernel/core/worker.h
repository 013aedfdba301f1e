/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SCARD_WORKER_H
#define SCARD_WORKER_H

struct pol_turn;
struct scard_slot;

int scard_worker_init(struct scard_slot *slot);
void scard_worker_pause(struct scard_slot *slot);
void scard_worker_stop(struct scard_slot *slot);
void scard_worker_free(struct scard_slot *slot);
void scard_worker_wake(struct pol_turn *pol_turn);

#endif
