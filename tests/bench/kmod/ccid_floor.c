// SPDX-License-Identifier: GPL-2.0
/*
 * The floor under any driver of CCID readers: a bulk-OUT and a bulk-IN transfer, both submitted
 * at once from allocated buffers and URBs, and one wake-up when both have ended. No locks, no
 * check but that the answer belongs to the command. Idle time of the CPU does not count, see
 * idle_clock.c.
 *
 * Binds the first reader. A word written to the parameter run measures; reading it returns a line
 * for each figure:
 *
 *   on ROUNDS                       IccPowerOn, which is a warm reset of a powered card
 *   params ROUNDS                   SetParameters for T=1 with the values in use
 *   xfr LEN ROUNDS                  a command of LEN bytes
 */
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/usb.h>
#include <linux/version.h>
#include <linux/vmalloc.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

#include "idle_clock.h"
#include "mark.h"

#define FLOOR_HEADER	10
#define FLOOR_MAX	(FLOOR_HEADER + 65544)
#define FLOOR_ROUNDS	100000
#define FLOOR_TRIES	8	/* transfers without an answer: zero-length ones */
#define FLOOR_POWER_ON	0x62
#define FLOOR_PARAMS	0x61
#define FLOOR_XFR	0x6f

struct floor {
	struct usb_device *udev;
	struct urb *in_urb;
	struct urb *out_urb;
	u8 *in;
	u8 *out;
	u8 in_ep;
	u8 out_ep;
	u8 seq;
	atomic_t left;
	struct completion done;
};

static DEFINE_MUTEX(floor_lock);
static struct floor *floor_reader;
static char floor_result[256];

static void floor_complete(struct urb *urb)
{
	struct floor *f = urb->context;

	if (atomic_dec_and_test(&f->left))
		complete(&f->done);
}

static void floor_fill(struct floor *f, bool in, u32 len)
{
	if (in)
		usb_fill_bulk_urb(f->in_urb, f->udev, usb_rcvbulkpipe(f->udev, f->in_ep), f->in,
				  len, floor_complete, f);
	else
		usb_fill_bulk_urb(f->out_urb, f->udev, usb_sndbulkpipe(f->udev, f->out_ep),
				  f->out, len, floor_complete, f);
}

/* Send the message in f->out, with @len bytes of payload, and wait for its answer. */
static int floor_pair(struct floor *f, u8 type, u32 len, u32 room)
{
	int tries, ret;

	memset(f->out, 0, FLOOR_HEADER);
	f->out[0] = type;
	put_unaligned_le32(len, f->out + 1);
	f->out[6] = f->seq++;
	/* bProtocolNum: T=1 */
	f->out[7] = type == FLOOR_PARAMS;
	floor_fill(f, true, room);
	floor_fill(f, false, FLOOR_HEADER + len);
	atomic_set(&f->left, 2);
	reinit_completion(&f->done);
	ret = usb_submit_urb(f->in_urb, GFP_NOIO);
	if (ret)
		return ret;
	ret = usb_submit_urb(f->out_urb, GFP_NOIO);
	if (ret) {
		usb_kill_urb(f->in_urb);
		return ret;
	}
	wait_for_completion(&f->done);
	for (tries = 0; !f->in_urb->actual_length && tries < FLOOR_TRIES; tries++) {
		atomic_set(&f->left, 1);
		reinit_completion(&f->done);
		ret = usb_submit_urb(f->in_urb, GFP_NOIO);
		if (ret)
			return ret;
		wait_for_completion(&f->done);
	}
	if (f->out_urb->status || f->in_urb->status)
		return f->out_urb->status ?: f->in_urb->status;
	if (f->in_urb->actual_length < FLOOR_HEADER || f->in[6] != f->out[6] || f->in[7] & 0x40)
		return -EPROTO;
	return 0;
}

static int floor_compare(const void *a, const void *b)
{
	u32 x = *(const u32 *)a, y = *(const u32 *)b;

	return x < y ? -1 : x > y;
}

/* Build the command; return its payload length, and in *room the size of the answer buffer. */
static u32 floor_prepare(struct floor *f, u8 type, u32 len, u32 *room)
{
	static const u8 t1[] = { 0x11, 0x10, 0x00, 0x4d, 0x00, 0xfe, 0x00 };
	u8 *apdu = f->out + FLOOR_HEADER;

	*room = 512;
	if (type == FLOOR_POWER_ON)
		return 0;
	if (type == FLOOR_PARAMS) {
		memcpy(apdu, t1, sizeof(t1));
		return sizeof(t1);
	}
	memset(apdu, 0x5a, len);
	apdu[0] = 0x00;
	apdu[1] = 0xb0;
	apdu[2] = 0x00;
	apdu[3] = 0x00;
	if (len > 261) {
		/* extended, with Le: the same APDU as the client's */
		*room = FLOOR_MAX;
		apdu[4] = 0;
		put_unaligned_be16(len - 9, apdu + 5);
		put_unaligned_be16(0, apdu + len - 2);
	} else {
		apdu[4] = len > 5 ? len - 5 : 2;
	}
	return len;
}

static int floor_measure(struct floor *f, u8 type, u32 len, u32 rounds)
{
	unsigned long switches = current->nvcsw;
	u32 room, i;
	u32 *ns;
	int ret = 0;

	ns = vmalloc(array_size(rounds, sizeof(*ns)));
	if (!ns)
		return -ENOMEM;
	len = floor_prepare(f, type, len, &room);
	mark_begin();
	for (i = 0; i < rounds && !ret; i++) {
		u64 start = idle_clock_busy();

		ret = floor_pair(f, type, len, room);
		ns[i] = idle_clock_busy() - start;
	}
	mark_end();
	if (!ret) {
		sort(ns, rounds, sizeof(*ns), floor_compare, NULL);
		/* a switch to the idle task and back */
		switches = (current->nvcsw - switches) * 200 / rounds;
		scnprintf(floor_result, sizeof(floor_result),
			  "median %u\np99 %u\nswitches %lu.%02lu\n", ns[rounds / 2],
			  ns[(u64)rounds * 99 / 100], switches / 100, switches % 100);
	}
	vfree(ns);
	return ret;
}

static int floor_set_run(const char *val, const struct kernel_param *kp)
{
	u32 len = 0, rounds;
	int ret;
	u8 type;

	if (sscanf(val, "xfr %u %u", &len, &rounds) == 2)
		type = FLOOR_XFR;
	else if (sscanf(val, "on %u", &rounds) == 1)
		type = FLOOR_POWER_ON;
	else if (sscanf(val, "params %u", &rounds) == 1)
		type = FLOOR_PARAMS;
	else
		return -EINVAL;
	if (!rounds || rounds > FLOOR_ROUNDS || (type == FLOOR_XFR && len < 5) ||
	    len > FLOOR_MAX - FLOOR_HEADER)
		return -EINVAL;
	mutex_lock(&floor_lock);
	ret = floor_reader ? floor_measure(floor_reader, type, len, rounds) : -ENODEV;
	mutex_unlock(&floor_lock);
	return ret;
}

static int floor_get_run(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%s", floor_result);
}

static const struct kernel_param_ops floor_run_ops = {
	.set = floor_set_run,
	.get = floor_get_run,
};
module_param_cb(run, &floor_run_ops, NULL, 0600);
MODULE_PARM_DESC(run, "write what to measure, read the nanoseconds");

static void floor_free(struct floor *f)
{
	usb_free_urb(f->in_urb);
	usb_free_urb(f->out_urb);
	kfree(f->in);
	kfree(f->out);
	kfree(f);
}

static int floor_probe(struct usb_interface *intf, const struct usb_device_id *id)
{
	struct usb_endpoint_descriptor *in, *out;
	struct floor *f;
	u32 room;
	int ret;

	ret = usb_find_common_endpoints(intf->cur_altsetting, &in, &out, NULL, NULL);
	if (ret)
		return ret;
	f = kzalloc(sizeof(*f), GFP_KERNEL);
	if (!f)
		return -ENOMEM;
	f->udev = interface_to_usbdev(intf);
	f->in_ep = in->bEndpointAddress;
	f->out_ep = out->bEndpointAddress;
	init_completion(&f->done);
	f->in = kmalloc(FLOOR_MAX, GFP_KERNEL);
	f->out = kmalloc(FLOOR_MAX, GFP_KERNEL);
	f->in_urb = usb_alloc_urb(0, GFP_KERNEL);
	f->out_urb = usb_alloc_urb(0, GFP_KERNEL);
	ret = -ENOMEM;
	if (!f->in || !f->out || !f->in_urb || !f->out_urb)
		goto fail;
	floor_prepare(f, FLOOR_POWER_ON, 0, &room);
	ret = floor_pair(f, FLOOR_POWER_ON, 0, room);
	if (ret)
		goto fail;
	mutex_lock(&floor_lock);
	ret = floor_reader ? -EBUSY : 0;
	if (!ret)
		floor_reader = f;
	mutex_unlock(&floor_lock);
	if (ret)
		goto fail;
	usb_set_intfdata(intf, f);
	return 0;

fail:
	floor_free(f);
	return ret;
}

static void floor_disconnect(struct usb_interface *intf)
{
	struct floor *f = usb_get_intfdata(intf);

	mutex_lock(&floor_lock);
	floor_reader = NULL;
	mutex_unlock(&floor_lock);
	floor_free(f);
}

static const struct usb_device_id floor_ids[] = {
	{ .match_flags = USB_DEVICE_ID_MATCH_INT_CLASS, .bInterfaceClass = USB_CLASS_CSCID },
	{ }
};

static struct usb_driver floor_driver = {
	.name = "ccid_floor",
	.probe = floor_probe,
	.disconnect = floor_disconnect,
	.id_table = floor_ids,
};
module_usb_driver(floor_driver);

MODULE_DESCRIPTION("what a pair of transfers with a CCID reader costs");
MODULE_LICENSE("GPL");
