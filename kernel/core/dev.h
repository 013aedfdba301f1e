/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SCARD_DEV_H
#define SCARD_DEV_H

int scard_dev_class_init(void);
void scard_dev_class_exit(void);

#endif
