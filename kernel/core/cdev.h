/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SCARD_CDEV_H
#define SCARD_CDEV_H

struct scard_slot;

int scard_cdev_init(void);
void scard_cdev_exit(void);
int scard_cdev_get_minor(struct scard_slot *slot);
int scard_cdev_add(struct scard_slot *slot);
void scard_cdev_del(struct scard_slot *slot);
void scard_cdev_free_minor(struct scard_slot *slot);

#endif
