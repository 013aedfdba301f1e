// SPDX-License-Identifier: GPL-2.0
/*
 * scard: smart-card readers as character devices. Order of init and exit, nothing else.
 */
#include <linux/module.h>

MODULE_DESCRIPTION("Smart-card readers as character devices");
MODULE_AUTHOR("scard developers");
MODULE_LICENSE("GPL");
