/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls of fake.c to the fake netlink family, with its lock held. */
#ifndef TESTS_LIB_FAKE_NETLINK_H
#define TESTS_LIB_FAKE_NETLINK_H

#include <pthread.h>
#include <stdint.h>

#include <linux/scard.h>

void fake_netlink_add(const struct scard_info *info, uint32_t state, uint32_t card_event);
void fake_netlink_del(uint32_t minor);
void fake_netlink_state(uint32_t minor, uint32_t state, uint32_t card_event);
void fake_netlink_reset(void);
const pthread_mutex_t *fake_netlink_lock(void);

#endif /* TESTS_LIB_FAKE_NETLINK_H */
