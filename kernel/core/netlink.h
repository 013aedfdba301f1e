/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SCARD_NETLINK_H
#define SCARD_NETLINK_H

int scard_netlink_init(void);
void scard_netlink_exit(void);

#endif
