// SPDX-License-Identifier: GPL-2.0
/*
 * The list of user-space readers: how many a user may have, and which are to be told of a sleep.
 * A reader counts until its last open node is closed, as its memory and numbers last so long.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>

#include "list.h"

/* Of the readers that the core can have, these are not for servers without privilege */
#define LIST_RESERVE	64
#define LIST_MAX	(SCARD_MAX_READERS - LIST_RESERVE)

static unsigned int user_readers = 16;
module_param(user_readers, uint, 0644);
MODULE_PARM_DESC(user_readers, "readers that a user without CAP_SYS_ADMIN may make by /dev/uscard (default 16)");

static LIST_HEAD(list_readers);
static DEFINE_MUTEX(list_mutex);	/* of the list; not taken by the core */

/*
 * The user that a new reader counts for: who made the user namespace, as all of its users are
 * that one's. Namespaces of root belong to containers, whose users count each.
 */
static kuid_t list_payer(void)
{
	const struct user_namespace *ns;
	kuid_t payer = current_fsuid();

	for (ns = current_user_ns(); ns != &init_user_ns; ns = ns->parent)
		if (!uid_eq(ns->owner, GLOBAL_ROOT_UID))
			payer = ns->owner;
	return payer;
}

/**
 * uscard_list_add() - count a reader
 * @reader: the reader, which takes nothing of the core yet
 *
 * Return: 0, -EUSERS or -ENOSPC
 */
int uscard_list_add(struct uscard_reader *reader)
{
	const struct uscard_reader *other;
	unsigned int all = 0, own = 0;
	int ret = 0;

	reader->payer = list_payer();
	mutex_lock(&list_mutex);
	list_for_each_entry(other, &list_readers, node) {
		all++;
		own += uid_eq(other->payer, reader->payer);
	}
	if (own >= READ_ONCE(user_readers) && !capable(CAP_SYS_ADMIN))
		ret = -EUSERS;
	else if (all >= LIST_MAX && !capable(CAP_SYS_ADMIN))
		ret = -ENOSPC;
	else
		list_add(&reader->node, &list_readers);
	mutex_unlock(&list_mutex);
	return ret;
}

/**
 * uscard_list_del() - a reader is freed
 * @reader: the reader
 */
void uscard_list_del(struct uscard_reader *reader)
{
	mutex_lock(&list_mutex);
	list_del(&reader->node);
	mutex_unlock(&list_mutex);
}

/**
 * uscard_list_set_live() - a reader works from now on, or no more
 * @reader: the reader
 * @live: it works
 */
void uscard_list_set_live(struct uscard_reader *reader, bool live)
{
	mutex_lock(&list_mutex);
	reader->live = live;
	mutex_unlock(&list_mutex);
}

/**
 * uscard_list_for_live() - do something to all readers that work
 * @act: does it; the list does not change meanwhile
 */
void uscard_list_for_live(void (*act)(struct uscard_reader *reader))
{
	struct uscard_reader *reader;

	mutex_lock(&list_mutex);
	list_for_each_entry(reader, &list_readers, node)
		if (reader->live)
			act(reader);
	mutex_unlock(&list_mutex);
}
