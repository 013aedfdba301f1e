// SPDX-License-Identifier: GPL-2.0
/*
 * scard: smart-card readers as character devices. Order of init and exit, nothing else.
 */
#include <linux/module.h>

#include "core/cdev.h"
#include "core/debugfs.h"
#include "core/dev.h"
#include "core/netlink.h"

static int __init scard_init(void)
{
	int ret = scard_dev_class_init();

	if (ret)
		return ret;
	ret = scard_cdev_init();
	if (ret)
		goto err_class;
	ret = scard_netlink_init();
	if (ret)
		goto err_cdev;
	scard_debugfs_init();
	return 0;

err_cdev:
	scard_cdev_exit();
err_class:
	scard_dev_class_exit();
	return ret;
}

/* Open files pin the module, so none can be there; readers are unbound first. */
static void __exit scard_exit(void)
{
	scard_debugfs_exit();
	scard_netlink_exit();
	scard_cdev_exit();
	scard_dev_class_exit();
}

module_init(scard_init);
module_exit(scard_exit);

MODULE_DESCRIPTION("Smart-card readers as character devices");
MODULE_AUTHOR("scard developers");
MODULE_LICENSE("GPL");
