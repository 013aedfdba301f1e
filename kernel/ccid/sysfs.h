/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CCID_SYSFS_H
#define CCID_SYSFS_H

struct attribute_group;

extern const struct attribute_group *ccid_sysfs_groups[];

#endif
