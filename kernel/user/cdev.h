/* SPDX-License-Identifier: GPL-2.0 */
#ifndef USCARD_CDEV_H
#define USCARD_CDEV_H

int uscard_cdev_init(void);
void uscard_cdev_exit(void);

#endif
