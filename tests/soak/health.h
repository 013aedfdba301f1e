/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state of reader, module and memory while no client runs. */
#ifndef SOAK_HEALTH_H
#define SOAK_HEALTH_H

#include "reader.h"

/* Each slot connects and answers, none has a handle; counts in soak what does not. */
void health_slots(const struct reader *reader);
/* Take memory as the measure; then, false if it has shrunk since. */
void health_take(void);
bool health_memory(void);
/* Users of the module, -1 if it is not there */
int health_users(void);

#endif
