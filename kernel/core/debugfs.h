/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SCARD_DEBUGFS_H
#define SCARD_DEBUGFS_H

struct scard_slot;

void scard_debugfs_init(void);
void scard_debugfs_exit(void);
void scard_debugfs_add(struct scard_slot *slot);
void scard_debugfs_del(struct scard_slot *slot);

#endif
