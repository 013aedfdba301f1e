// SPDX-License-Identifier: GPL-2.0
/*
 * Readers that are left to programs of user space (libusb): the parameter "ignore".
 *
 * A list with commas of VVVV:PPPP (idVendor and idProduct, hexadecimal), of =PIECE (of
 * the strings of the reader), or of both: 08e6:3437=(0001). It is looked at when a
 * reader is bound; one that is bound already stays until it is unbound.
 */
#include <linux/ctype.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "ignore.h"

#define IGNORE_MAX	32	/* entries; all of them fit into a page of sysfs */
#define IGNORE_ID_LEN	9	/* VVVV:PPPP */

struct ignore_entry {
	bool by_id;
	u16 vendor;
	u16 product;
	char piece[SCARD_STRING_SIZE];	/* "": any */
};

struct ignore_list {
	unsigned int count;
	struct ignore_entry entry[IGNORE_MAX];
};

/* Replaced as a whole; probes of several readers run at the same time. */
static DEFINE_MUTEX(ignore_lock);
static struct ignore_list ignore_list;

/* "VVVV:" or "PPPP", and nothing that kstrtou16() would take besides: signs, 0x, blanks */
static int ignore_parse_id(const char *text, u16 *id)
{
	char digits[5];
	unsigned int i;

	for (i = 0; i < 4; i++)
		if (!isxdigit(text[i]))
			return -EINVAL;
	strscpy(digits, text, sizeof(digits));
	return kstrtou16(digits, 16, id);
}

static int ignore_parse_entry(struct ignore_entry *e, const char *text)
{
	if (*text != '=') {
		if (strnlen(text, IGNORE_ID_LEN) < IGNORE_ID_LEN || text[4] != ':' ||
		    ignore_parse_id(text, &e->vendor) || ignore_parse_id(text + 5, &e->product))
			return -EINVAL;
		e->by_id = true;
		text += IGNORE_ID_LEN;
		if (!*text)
			return 0;
	}
	if (*text++ != '=' || !*text)
		return -EINVAL;
	return strscpy(e->piece, text, sizeof(e->piece)) < 0 ? -EINVAL : 0;
}

static int ignore_parse(struct ignore_list *list, char *text)
{
	char *entry;

	text[strcspn(text, "\n")] = '\0';
	if (!*text)
		return 0;
	while ((entry = strsep(&text, ","))) {
		if (list->count == IGNORE_MAX)
			return -E2BIG;
		if (ignore_parse_entry(&list->entry[list->count++], entry))
			return -EINVAL;
	}
	return 0;
}

/* All of it or nothing. */
static int ignore_set(const char *val, const struct kernel_param *kp)
{
	struct ignore_list *list = kzalloc(sizeof(*list), GFP_KERNEL);
	char *text = kstrdup(val, GFP_KERNEL);
	int ret = -ENOMEM;

	if (list && text)
		ret = ignore_parse(list, text);
	if (!ret) {
		mutex_lock(&ignore_lock);
		ignore_list = *list;
		mutex_unlock(&ignore_lock);
	}
	kfree(text);
	kfree(list);
	return ret;
}

static int ignore_get(char *buf, const struct kernel_param *kp)
{
	unsigned int i;
	int n = 0;

	mutex_lock(&ignore_lock);
	for (i = 0; i < ignore_list.count; i++) {
		const struct ignore_entry *e = &ignore_list.entry[i];

		if (i)
			n += sysfs_emit_at(buf, n, ",");
		if (e->by_id)
			n += sysfs_emit_at(buf, n, "%04x:%04x", e->vendor, e->product);
		if (e->piece[0])
			n += sysfs_emit_at(buf, n, "=%s", e->piece);
	}
	mutex_unlock(&ignore_lock);
	return n + sysfs_emit_at(buf, n, "\n");
}

static const struct kernel_param_ops ignore_ops = {
	.set = ignore_set,
	.get = ignore_get,
};
module_param_cb(ignore, &ignore_ops, NULL, 0644);
MODULE_PARM_DESC(ignore,
		 "readers that are left to other programs, looked at when one is plugged or bound: VVVV:PPPP, =PIECE of a name, or VVVV:PPPP=PIECE, with commas");

static bool ignore_matches(const struct ignore_entry *e, const struct scard_reader *r)
{
	if (e->by_id && (e->vendor != r->vendor_id || e->product != r->product_id))
		return false;
	return strstr(r->manufacturer, e->piece) || strstr(r->product, e->piece) ||
	       strstr(r->interface_name, e->piece) || strstr(r->serial, e->piece);
}

/**
 * ccid_ignore() - is a reader to be left alone?
 * @reader: the reader, whose ids and strings are set
 *
 * Return: whether an entry of the parameter fits
 */
bool ccid_ignore(const struct scard_reader *reader)
{
	unsigned int i;
	bool found = false;

	mutex_lock(&ignore_lock);
	for (i = 0; i < ignore_list.count && !found; i++)
		found = ignore_matches(&ignore_list.entry[i], reader);
	mutex_unlock(&ignore_lock);
	return found;
}
