/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SCARD_SYSFS_H
#define SCARD_SYSFS_H

struct attribute_group;

extern const struct attribute_group *scard_sysfs_groups[];

#endif
