// SPDX-License-Identifier: GPL-2.0
/*
 * User-space readers: what a server may ask for, their life, the sleep of the system.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/notifier.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/suspend.h>
#include <linux/uidgid.h>

#include "call.h"
#include "card.h"
#include "list.h"
#include "reader.h"
#include "server.h"

/* ---- what a server may ask for ---- */

static bool reader_is_privileged(void)
{
	return capable(CAP_SYS_ADMIN);
}

static bool reader_string_ends(const char *s)
{
	return memchr(s, 0, SCARD_STRING_SIZE);
}

static int reader_check(const struct uscard_create *arg)
{
	const u32 flags = USCARD_CREATE_EJECT | USCARD_CREATE_NODE | USCARD_CREATE_PUBLIC;

	if (arg->flags & ~flags || arg->features || arg->reader ||
	    memchr_inv(arg->minor, 0, sizeof(arg->minor)) ||
	    memchr_inv(arg->reserved, 0, sizeof(arg->reserved)))
		return -EINVAL;
	if (!arg->slots || arg->slots > USCARD_MAX_SLOTS || !arg->busy_slots ||
	    arg->busy_slots > arg->slots || !arg->protocols ||
	    arg->protocols & ~(SCARD_PROTO_T0 | SCARD_PROTO_T1))
		return -EINVAL;
	if (arg->max_apdu < SCARD_SHORT_COMMAND || arg->max_apdu > SCARD_COMMAND_MAX ||
	    arg->pin_codes > USCARD_MAX_PIN_CODES ||
	    memchr_inv(arg->pin_code + arg->pin_codes, 0,
		       (USCARD_MAX_PIN_CODES - arg->pin_codes) * sizeof(*arg->pin_code)))
		return -EINVAL;
	if (!(arg->flags & USCARD_CREATE_NODE) && (arg->uid || arg->gid || arg->mode))
		return -EINVAL;
	if (!reader_string_ends(arg->manufacturer) || !reader_string_ends(arg->product) ||
	    !reader_string_ends(arg->interface_name) || !reader_string_ends(arg->serial))
		return -EINVAL;
	return 0;
}

/* Choose owner and mode of the nodes. */
static int reader_choose_owner(const struct uscard_create *arg, struct scard_owner *owner)
{
	owner->uid = current_fsuid();
	owner->gid = current_fsgid();
	owner->mode = 0600;
	owner->private = !(arg->flags & USCARD_CREATE_PUBLIC);
	if (arg->flags & USCARD_CREATE_NODE) {
		owner->uid = make_kuid(current_user_ns(), arg->uid);
		owner->gid = make_kgid(current_user_ns(), arg->gid);
		owner->mode = arg->mode;
		/* devtmpfs takes mode 0 for one that is not chosen */
		if (!uid_valid(owner->uid) || !gid_valid(owner->gid) || !arg->mode ||
		    arg->mode & ~0666)
			return -EINVAL;
	}
	if (owner->private && uid_eq(owner->uid, current_fsuid()) && in_group_p(owner->gid) &&
	    !(owner->mode & ~0600))
		return 0;
	return reader_is_privileged() ? 0 : -EPERM;
}

static void reader_string(char *to, const char *from)
{
	strscpy(to, from, SCARD_STRING_SIZE);
	scard_reader_sanitise(to, false);
}

/* ---- its life ---- */

/**
 * uscard_reader_destroy() - the server has left
 * @reader: the reader; open files of its slots keep it
 */
void uscard_reader_destroy(struct uscard_reader *reader)
{
	uscard_list_set_live(reader, false);
	scard_dev_unregister(&reader->reader, false);
	scard_reader_put(&reader->reader);
}

/**
 * uscard_reader_create() - USCARD_IOC_CREATE
 * @arg: in and out
 * @parent: the device that is the parent of the slots
 *
 * Return: the reader or an error pointer
 */
struct uscard_reader *uscard_reader_create(struct uscard_create *arg, struct device *parent)
{
	struct uscard_reader *reader;
	struct scard_reader *core;
	int ret = reader_check(arg);
	unsigned int i;

	if (ret)
		return ERR_PTR(ret);
	reader = kzalloc(sizeof(*reader), GFP_KERNEL_ACCOUNT);
	if (!reader)
		return ERR_PTR(-ENOMEM);
	core = &reader->reader;
	init_waitqueue_head(&reader->server);
	reader->eject = arg->flags & USCARD_CREATE_EJECT;
	reader->pin_codes = arg->pin_codes;
	memcpy(reader->pin_code, arg->pin_code, sizeof(reader->pin_code));
	core->parent = parent;
	core->ops = &uscard_card_ops;
	core->nslots = arg->slots;
	core->nbusy = arg->busy_slots;
	core->protocols = arg->protocols;
	core->max_apdu = arg->max_apdu;
	core->notifies = true;
	core->vendor_id = arg->vendor_id;
	core->product_id = arg->product_id;
	reader_string(core->manufacturer, arg->manufacturer);
	reader_string(core->product, arg->product);
	reader_string(core->interface_name, arg->interface_name);
	reader_string(core->serial, arg->serial);
	ret = reader_choose_owner(arg, &core->owner);
	if (!ret)
		ret = uscard_list_add(reader);
	if (ret) {
		kfree(reader);
		return ERR_PTR(ret);
	}
	ret = scard_dev_init(core);
	if (ret) {
		scard_reader_put(core);
		return ERR_PTR(ret);
	}
	ret = scard_dev_register(core);
	if (ret) {
		uscard_reader_destroy(reader);
		return ERR_PTR(ret);
	}
	uscard_list_set_live(reader, true);
	arg->reader = core->index;
	for (i = 0; i < core->nslots; i++)
		arg->minor[i] = MINOR(core->slots[i]->dev.devt);
	return reader;
}

/* ---- the sleep of the system ---- */

/* After the sleep: what was under way is cut, and the cards count as reset. */
static void reader_woken(struct uscard_reader *reader)
{
	scard_dev_suspend(&reader->reader, false);
	uscard_call_power_lost(reader);
	scard_dev_lost_power(&reader->reader);
	scard_dev_resume(&reader->reader);
}

/* Servers are told before processes are frozen; nothing waits for them. */
static int reader_pm(struct notifier_block *nb, unsigned long event, void *unused)
{
	switch (event) {
	case PM_SUSPEND_PREPARE:
	case PM_HIBERNATION_PREPARE:
		uscard_list_for_live(uscard_server_suspend);
		return NOTIFY_OK;
	case PM_POST_SUSPEND:
	case PM_POST_HIBERNATION:
		uscard_list_for_live(reader_woken);
		return NOTIFY_OK;
	default:
		return NOTIFY_DONE;
	}
}

static struct notifier_block reader_pm_block = {
	.notifier_call = reader_pm,
};

/**
 * uscard_reader_init() - prepare the list
 *
 * Return: 0 or a negative errno
 */
int uscard_reader_init(void)
{
	return register_pm_notifier(&reader_pm_block);
}

/**
 * uscard_reader_exit() - no reader is left
 */
void uscard_reader_exit(void)
{
	unregister_pm_notifier(&reader_pm_block);
}
