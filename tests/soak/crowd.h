/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All clients and their children: started, frozen, killed; each must end soon after. */
#ifndef SOAK_CROWD_H
#define SOAK_CROWD_H

#include "soak.h"

/* Once, before the first client */
void crowd_init(void);
void crowd_add(struct rnd *rnd, unsigned int slots);
void crowd_kill_one(struct rnd *rnd);
/* One client, until crowd_thaw(); nothing if the kernel has no cgroups. */
void crowd_freeze_one(struct rnd *rnd);
void crowd_thaw(void);
/* Reap; report each process that outlives SIGKILL for too long. */
void crowd_check(void);
/* Kill all and wait; false if one remains. */
bool crowd_end(void);
/* Counters of this file */
extern unsigned long crowd_started, crowd_killed, crowd_frozen;

#endif
