// SPDX-License-Identifier: GPL-2.0
/*
 * The USB side of a CCID reader: binding, transfers, interrupt pipe. Knows no
 * cards and waits for no card.
 *
 * The device is not trusted: whatever it claims has been clamped by ccid_desc.c,
 * what it sends is checked by ccid_msg.c, and nothing here waits without a limit
 * or loops as often as the device likes.
 */
#include <linux/ctype.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/usb.h>

#include "proto/iccd.h"
#include "trace.h"

#define CCID_CONTROL_TIMEOUT_MS	1000
/* An interrupt pipe that says more than this within 100 ms has to wait that long */
#define CCID_NOTIFY_BURST	16
#define CCID_NOTIFY_WINDOW	(HZ / 10)
/* Errors in a row after which the interrupt pipe is given up */
#define CCID_NOTIFY_ERRORS	16

#define CCID_INT_HALTED		0	/* bit numbers in ccid_usb.int_flags */
#define CCID_INT_STOPPED	1

/**
 * struct ccid_usb - one bound interface
 * @reader: what the layers above see
 * @udev: the device, referenced
 * @intf: the interface, referenced
 * @in: bulk-IN endpoint address
 * @out: bulk-OUT endpoint address
 * @anchor: control transfers on their way
 * @stopped: no bulk transfer may begin; becomes true under reader.lock
 * @int_urb: interrupt pipe, NULL if there is none
 * @int_buf: its buffer
 * @int_ep: its endpoint address
 * @int_flags: CCID_INT_*
 * @int_work: submits @int_urb again after errors and storms
 * @int_errors: errors in a row (completion handler)
 * @int_since: start of the current window (completion handler)
 * @int_count: notifications in it (completion handler)
 */
struct ccid_usb {
	struct scard_reader reader;
	struct usb_device *udev;
	struct usb_interface *intf;
	u8 in;
	u8 out;
	struct usb_anchor anchor;
	bool stopped;
	struct urb *int_urb;
	u8 *int_buf;
	u8 int_ep;
	unsigned long int_flags;
	struct delayed_work int_work;
	unsigned int int_errors;
	unsigned long int_since;
	unsigned int int_count;
};

static struct usb_driver ccid_usb_driver;

static struct ccid_usb *to_ccid(struct scard_reader *reader)
{
	return container_of(reader, struct ccid_usb, reader);
}

/* ---- bulk transfers ---- */

static void ccid_usb_in_complete(struct urb *urb)
{
	ccid_cmd_received(urb->context, urb->status, urb->actual_length);
}

static void ccid_usb_out_complete(struct urb *urb)
{
	ccid_cmd_sent(urb->context, urb->status);
}

static int ccid_usb_init_urbs(struct scard_req *req, gfp_t gfp)
{
	req->tx_urb = usb_alloc_urb(0, gfp);
	req->rx->urb = usb_alloc_urb(0, gfp);
	return req->tx_urb && req->rx->urb ? 0 : -ENOMEM;
}

static void ccid_usb_free_urbs(struct scard_req *req)
{
	usb_free_urb(req->tx_urb);
	if (req->rx)
		usb_free_urb(req->rx->urb);
}

/* reader.cmd says which transfers are on their way, so these need no anchor. */
static int ccid_usb_rearm(struct scard_rx *rx)
{
	struct ccid_usb *ccid = to_ccid(rx->req->reader);

	lockdep_assert_held(&ccid->reader.lock);
	if (READ_ONCE(ccid->stopped))
		return -EPERM;
	usb_fill_bulk_urb(rx->urb, ccid->udev, usb_rcvbulkpipe(ccid->udev, ccid->in), rx->buf,
			  rx->size, ccid_usb_in_complete, rx);
	return usb_submit_urb(rx->urb, GFP_ATOMIC);
}

/* The receive buffer first, so that the answer never waits for it. */
static int ccid_usb_submit(struct scard_req *req, u32 len)
{
	struct ccid_usb *ccid = to_ccid(req->reader);
	int ret = ccid_usb_rearm(req->rx);

	if (ret)
		return ret;
	usb_fill_bulk_urb(req->tx_urb, ccid->udev, usb_sndbulkpipe(ccid->udev, ccid->out), req->tx,
			  len, ccid_usb_out_complete, req);
	return usb_submit_urb(req->tx_urb, GFP_ATOMIC);
}

static void ccid_usb_cancel(struct scard_req *req)
{
	unsigned long flags;
	struct urb *urb;

	usb_kill_urb(req->tx_urb);
	/*
	 * Other requests may swap their receive buffer for this one's until ours
	 * has come back; what is armed for us at the end is ours to end.
	 */
	for (;;) {
		spin_lock_irqsave(&req->reader->lock, flags);
		urb = usb_get_urb(req->rx->urb);
		spin_unlock_irqrestore(&req->reader->lock, flags);
		usb_kill_urb(urb);
		usb_put_urb(urb);
		if (READ_ONCE(req->rx->urb) == urb)
			return;
	}
}

/* All looked up at one moment: no more begin, but answers still swap buffers among them. */
static void ccid_usb_stop_bulk(struct ccid_usb *ccid)
{
	struct urb *urbs[2 * SCARD_MAX_SLOTS];
	struct scard_reader *reader = &ccid->reader;
	unsigned int n = 0, i;

	spin_lock_irq(&reader->lock);
	ccid->stopped = true;
	for (i = 0; i < reader->nslots; i++) {
		if (!reader->cmd[i])
			continue;
		urbs[n++] = usb_get_urb(reader->cmd[i]->tx_urb);
		urbs[n++] = usb_get_urb(reader->cmd[i]->rx->urb);
	}
	spin_unlock_irq(&reader->lock);
	while (n--) {
		usb_kill_urb(urbs[n]);
		usb_free_urb(urbs[n]);
	}
}

static void ccid_usb_stop(struct scard_reader *reader)
{
	struct ccid_usb *ccid = to_ccid(reader);

	set_bit(CCID_INT_STOPPED, &ccid->int_flags);
	usb_poison_urb(ccid->int_urb);
	cancel_delayed_work_sync(&ccid->int_work);
	usb_poison_anchored_urbs(&ccid->anchor);
	ccid_usb_stop_bulk(ccid);
}

static void ccid_usb_restart(struct scard_reader *reader)
{
	struct ccid_usb *ccid = to_ccid(reader);

	usb_unpoison_anchored_urbs(&ccid->anchor);
	WRITE_ONCE(ccid->stopped, false);
	if (!ccid->int_urb || scard_reader_gone(reader))
		return;
	usb_unpoison_urb(ccid->int_urb);
	clear_bit(CCID_INT_STOPPED, &ccid->int_flags);
	if (usb_submit_urb(ccid->int_urb, GFP_NOIO))
		queue_delayed_work(reader->wq, &ccid->int_work, CCID_NOTIFY_WINDOW);
}

/* For actors only, so that none is still in here when disconnect() returns. */
static int ccid_usb_get(struct scard_reader *reader)
{
	int ret;

	if (scard_reader_gone(reader))
		return -ENODEV;
	ret = usb_autopm_get_interface(to_ccid(reader)->intf);
	if (!ret || ret == -ENODEV)
		return ret;
	scard_reader_complain(reader, "does not wake up (%d): write on to its power/control", ret);
	return -EIO;
}

/* usbcore itself takes back what is held when the reader goes. */
static void ccid_usb_hold(struct scard_reader *reader)
{
	unsigned long flags;

	spin_lock_irqsave(&reader->lock, flags);
	if (!reader->gone)
		usb_autopm_get_interface_no_resume(to_ccid(reader)->intf);
	spin_unlock_irqrestore(&reader->lock, flags);
}

static void ccid_usb_put(struct scard_reader *reader)
{
	struct ccid_usb *ccid = to_ccid(reader);
	unsigned long flags;

	spin_lock_irqsave(&reader->lock, flags);
	if (!reader->gone) {
		usb_mark_last_busy(ccid->udev);
		usb_autopm_put_interface_async(ccid->intf);
	}
	spin_unlock_irqrestore(&reader->lock, flags);
}

/* ---- control transfers ---- */

static void ccid_usb_control_complete(struct urb *urb)
{
	complete(urb->context);
}

/*
 * usb_control_msg() waits in a way that no signal ends; here a killed caller takes
 * its transfer back and leaves.
 */
static int ccid_usb_request(struct ccid_usb *ccid, u8 type, u8 request, u16 value, u16 index,
			    void *data, u16 len, unsigned int timeout_ms)
{
	DECLARE_COMPLETION_ONSTACK(done);
	struct usb_ctrlrequest *setup;
	struct urb *urb;
	u8 *buf = NULL;
	long left;
	int ret = -ENOMEM;

	urb = usb_alloc_urb(0, GFP_NOIO);
	setup = kmalloc(sizeof(*setup), GFP_NOIO);
	if (len)
		buf = kmalloc(len, GFP_NOIO);
	if (!urb || !setup || (len && !buf))
		goto out;
	if (!(type & USB_DIR_IN) && len)
		memcpy(buf, data, len);
	setup->bRequestType = type;
	setup->bRequest = request;
	setup->wValue = cpu_to_le16(value);
	setup->wIndex = cpu_to_le16(index);
	setup->wLength = cpu_to_le16(len);
	usb_fill_control_urb(urb, ccid->udev,
			     type & USB_DIR_IN ? usb_rcvctrlpipe(ccid->udev, 0) :
						 usb_sndctrlpipe(ccid->udev, 0),
			     (u8 *)setup, buf, len, ccid_usb_control_complete, &done);
	usb_anchor_urb(urb, &ccid->anchor);
	ret = usb_submit_urb(urb, GFP_NOIO);
	if (ret) {
		usb_unanchor_urb(urb);
		goto out;
	}
	left = wait_for_completion_killable_timeout(&done, msecs_to_jiffies(timeout_ms));
	if (left <= 0) {
		usb_kill_urb(urb);
		ret = left ? -EINTR : -ETIMEDOUT;
		goto out;
	}
	ret = urb->status ?: urb->actual_length;
	if (ret > 0 && type & USB_DIR_IN)
		memcpy(data, buf, ret);
out:
	trace_scard_ccid_request(&ccid->reader, type, request, value, len, ret);
	kfree_sensitive(buf);
	kfree(setup);
	usb_free_urb(urb);
	return ret;
}

static int ccid_usb_control(struct scard_reader *reader, u8 type, u8 request, u16 value,
			    void *data, u16 len, unsigned int timeout_ms)
{
	return ccid_usb_request(to_ccid(reader), type, request, value, reader->interface, data,
				len, timeout_ms);
}

static int ccid_usb_clear_halt(struct ccid_usb *ccid, u8 ep)
{
	int ret = ccid_usb_request(ccid, USB_RECIP_ENDPOINT, USB_REQ_CLEAR_FEATURE,
				   USB_ENDPOINT_HALT, ep, NULL, 0, CCID_CONTROL_TIMEOUT_MS);

	if (ret < 0)
		return ret;
	usb_reset_endpoint(ccid->udev, ep);
	return 0;
}

static int ccid_usb_unhalt(struct scard_reader *reader)
{
	struct ccid_usb *ccid = to_ccid(reader);
	int ret = ccid_usb_clear_halt(ccid, ccid->out | USB_DIR_OUT);

	return ret ?: ccid_usb_clear_halt(ccid, ccid->in | USB_DIR_IN);
}

/* Tokens without bulk pipes: everything goes by control(). */
static int ccid_usb_no_urbs(struct scard_req *req, gfp_t gfp)
{
	return 0;
}

static const struct scard_hw_ops iccd_usb_ops = {
	.init_urbs = ccid_usb_no_urbs,
	.free_urbs = ccid_usb_free_urbs,
	.control = ccid_usb_control,
	.exchange = iccd_exchange,
	.stop = ccid_usb_stop,
	.restart = ccid_usb_restart,
	.get = ccid_usb_get,
	.hold = ccid_usb_hold,
	.put = ccid_usb_put,
};

static const struct scard_hw_ops ccid_usb_ops = {
	.init_urbs = ccid_usb_init_urbs,
	.free_urbs = ccid_usb_free_urbs,
	.submit = ccid_usb_submit,
	.rearm = ccid_usb_rearm,
	.cancel = ccid_usb_cancel,
	.control = ccid_usb_control,
	.stop = ccid_usb_stop,
	.restart = ccid_usb_restart,
	.unhalt = ccid_usb_unhalt,
	.get = ccid_usb_get,
	.hold = ccid_usb_hold,
	.put = ccid_usb_put,
};

/* ---- interrupt pipe ---- */

static void ccid_usb_int_again(struct ccid_usb *ccid, unsigned long delay)
{
	if (!test_bit(CCID_INT_STOPPED, &ccid->int_flags))
		queue_delayed_work(ccid->reader.wq, &ccid->int_work, delay);
}

static void ccid_usb_notified(struct ccid_usb *ccid, const u8 *buf, u32 len)
{
	struct scard_reader *reader = &ccid->reader;
	struct ccid_notify note;
	unsigned int i;

	if (ccid_notify_parse(&note, buf, len, reader->nslots))
		return;	/* hardware errors and what nobody has defined */
	trace_scard_ccid_notify(reader, note.changed, note.present);
	for (i = 0; i < reader->nslots; i++)
		if (note.changed & BIT(i))
			scard_slot_notify(reader->slots[i], note.present & BIT(i));
}

/* Try again later, or give the pipe up: from then on the reader is asked. */
static void ccid_usb_int_failed(struct ccid_usb *ccid)
{
	struct scard_reader *reader = &ccid->reader;
	unsigned int i;

	if (++ccid->int_errors < CCID_NOTIFY_ERRORS) {
		ccid_usb_int_again(ccid, HZ / 64 << min(ccid->int_errors, 5U));
		return;
	}
	WRITE_ONCE(reader->has_interrupt, false);
	scard_reader_complain(reader,
			      "the interrupt pipe fails, cards are asked for: try another port or cable");
	for (i = 0; i < reader->nslots; i++)
		scard_slot_deaf(reader->slots[i]);
}

static void ccid_usb_int_complete(struct urb *urb)
{
	struct ccid_usb *ccid = urb->context;

	switch (urb->status) {
	case 0:
		ccid->int_errors = 0;
		ccid_usb_notified(ccid, ccid->int_buf, urb->actual_length);
		if (time_after(jiffies, ccid->int_since + CCID_NOTIFY_WINDOW)) {
			ccid->int_since = jiffies;
			ccid->int_count = 0;
		}
		if (++ccid->int_count > CCID_NOTIFY_BURST) {
			ccid_usb_int_again(ccid, CCID_NOTIFY_WINDOW);
			return;
		}
		if (usb_submit_urb(urb, GFP_ATOMIC))
			ccid_usb_int_again(ccid, CCID_NOTIFY_WINDOW);
		return;
	case -ENOENT:
	case -ECONNRESET:
	case -ESHUTDOWN:
	case -EPERM:
	case -ENODEV:
		return;	/* ended by us, or the device is gone */
	case -EPIPE:
		set_bit(CCID_INT_HALTED, &ccid->int_flags);
		fallthrough;
	default:
		ccid_usb_int_failed(ccid);
	}
}

static void ccid_usb_int_work(struct work_struct *work)
{
	struct ccid_usb *ccid = container_of(to_delayed_work(work), struct ccid_usb, int_work);
	int ret = 0;

	if (test_bit(CCID_INT_HALTED, &ccid->int_flags)) {
		ret = ccid_usb_clear_halt(ccid, ccid->int_ep | USB_DIR_IN);
		if (!ret)
			clear_bit(CCID_INT_HALTED, &ccid->int_flags);
	}
	if (!ret)
		ret = usb_submit_urb(ccid->int_urb, GFP_NOIO);
	/* it fails when it was poisoned, and then nobody wants to know any more */
	if (ret && !test_bit(CCID_INT_STOPPED, &ccid->int_flags))
		ccid_usb_int_failed(ccid);
}

static int ccid_usb_int_init(struct ccid_usb *ccid, const struct usb_endpoint_descriptor *ep)
{
	/* a notification of 256 slots has 65 bytes; longer ones are cut by the pipe */
	u32 size = max_t(u32, usb_endpoint_maxp(ep), 8);

	ccid->int_ep = usb_endpoint_num(ep);
	ccid->int_urb = usb_alloc_urb(0, GFP_KERNEL);
	ccid->int_buf = kmalloc(size, GFP_KERNEL);
	if (!ccid->int_urb || !ccid->int_buf)
		return -ENOMEM;
	usb_fill_int_urb(ccid->int_urb, ccid->udev, usb_rcvintpipe(ccid->udev, ccid->int_ep),
			 ccid->int_buf, size, ccid_usb_int_complete, ccid, ep->bInterval);
	ccid->reader.has_interrupt = true;
	return 0;
}

/* ---- binding ---- */

static void ccid_usb_release(struct scard_reader *reader)
{
	struct ccid_usb *ccid = to_ccid(reader);

	kfree(reader->rates);
	usb_free_urb(ccid->int_urb);
	kfree(ccid->int_buf);
	usb_put_intf(ccid->intf);
	usb_put_dev(ccid->udev);
	kfree(ccid);
}

/* Strings of the device end in names, logs and messages: printable UTF-8 only. */
static void ccid_usb_string(struct ccid_usb *ccid, int index, char *buf)
{
	char *c;

	buf[0] = '\0';
	if (!index || usb_string(ccid->udev, index, buf, SCARD_STRING_SIZE) < 0) {
		buf[0] = '\0';
		return;
	}
	for (c = buf; *c; c++)
		if (!isascii(*c) || !isprint(*c))
			*c = '.';
	strim(buf);
	c = skip_spaces(buf);
	memmove(buf, c, strlen(c) + 1);
}

static int ccid_usb_find_desc(struct ccid_desc *desc, const struct usb_host_interface *alt)
{
	unsigned int i;
	int ret = ccid_desc_parse(desc, alt->extra, alt->extralen);

	/* some readers put it behind an endpoint */
	for (i = 0; ret == -ENOENT && i < alt->desc.bNumEndpoints; i++)
		ret = ccid_desc_parse(desc, alt->endpoint[i].extra, alt->endpoint[i].extralen);
	return ret;
}

static int ccid_usb_find_endpoints(struct ccid_usb *ccid, struct usb_host_interface *alt)
{
	struct usb_endpoint_descriptor *in, *out, *intr;
	u8 version = alt->desc.bInterfaceProtocol;
	int ret = usb_find_common_endpoints(alt, &in, &out, NULL, NULL);

	if (ret && (version == ICCD_VERSION_A || version == ICCD_VERSION_B)) {
		ccid->reader.ops = &iccd_usb_ops;
		iccd_init(&ccid->reader, version);
		return 0;
	}
	if (ret)
		return ret;
	if (!usb_endpoint_maxp(in) || !usb_endpoint_maxp(out))
		return -EINVAL;
	ccid->in = usb_endpoint_num(in);
	ccid->out = usb_endpoint_num(out);
	ccid->reader.rx_unit = usb_endpoint_maxp(in);
	if (!usb_find_int_in_endpoint(alt, &intr) && usb_endpoint_maxp(intr))
		return ccid_usb_int_init(ccid, intr);
	return 0;
}

static bool ccid_usb_can_wake(const struct ccid_usb *ccid)
{
	if (ccid->reader.quirks & SCARD_QUIRK_NO_AUTOSUSPEND)
		return false;
	return ccid->reader.desc.features & CCID_FEATURE_WAKEUP ||
	       ccid->udev->actconfig->desc.bmAttributes & USB_CONFIG_ATT_WAKEUP;
}

static int ccid_usb_probe(struct usb_interface *intf, const struct usb_device_id *id)
{
	struct usb_host_interface *alt = intf->cur_altsetting;
	struct usb_device *udev = interface_to_usbdev(intf);
	struct scard_reader *reader;
	struct ccid_usb *ccid;
	int ret;

	ccid = kzalloc(sizeof(*ccid), GFP_KERNEL);
	if (!ccid)
		return -ENOMEM;
	reader = &ccid->reader;
	reader->release = ccid_usb_release;
	reader->parent = &intf->dev;
	reader->ops = &ccid_usb_ops;
	ccid->udev = usb_get_dev(udev);
	ccid->intf = usb_get_intf(intf);
	init_usb_anchor(&ccid->anchor);
	INIT_DELAYED_WORK(&ccid->int_work, ccid_usb_int_work);

	ret = ccid_usb_find_desc(&reader->desc, alt);
	if (!ret)
		ret = ccid_usb_find_endpoints(ccid, alt);
	if (ret) {
		/* vendor-class interfaces of the id table need not be readers */
		if (alt->desc.bInterfaceClass == USB_CLASS_CSCID)
			dev_info(&intf->dev, "not a usable CCID reader (%d): report it, with lsusb -v\n",
				 ret);
		ret = -ENODEV;
		goto fail;
	}

	reader->vendor_id = le16_to_cpu(udev->descriptor.idVendor);
	reader->product_id = le16_to_cpu(udev->descriptor.idProduct);
	reader->bcd_device = le16_to_cpu(udev->descriptor.bcdDevice);
	reader->bus = udev->bus->busnum;
	reader->device = udev->devnum;
	reader->interface = alt->desc.bInterfaceNumber;
	ccid_usb_string(ccid, udev->descriptor.iManufacturer, reader->manufacturer);
	ccid_usb_string(ccid, udev->descriptor.iProduct, reader->product);
	ccid_usb_string(ccid, alt->desc.iInterface, reader->interface_name);
	ccid_usb_string(ccid, udev->descriptor.iSerialNumber, reader->serial);

	if (scard_ignored(reader)) {
		dev_info(&intf->dev, "left alone, as the parameter ignore says\n");
		ret = -ENODEV;
		goto fail;
	}
	scard_quirks_apply(reader);
	ret = scard_reader_init(reader);
	if (!ret) {
		usb_set_intfdata(intf, reader);
		ret = scard_reader_register(reader);
		if (ret)
			scard_reader_unregister(reader, false);
	}
	if (ret) {
		dev_err(&intf->dev, "cannot be driven (%d): free memory, or unplug another reader\n",
			ret);
		scard_reader_put(reader);
		return ret;
	}
	/* a reader that cannot tell is asked; see scard_slot_watch() */
	if (ccid->int_urb && usb_submit_urb(ccid->int_urb, GFP_KERNEL))
		ccid_usb_int_again(ccid, CCID_NOTIFY_WINDOW);
	/* asleep, it must be able to tell of an insertion */
	intf->needs_remote_wakeup = 1;
	if ((ccid->int_urb || reader->desc.features & CCID_FEATURE_WAKEUP) &&
	    ccid_usb_can_wake(ccid))
		usb_enable_autosuspend(udev);
	dev_info(&intf->dev, "smart-card reader \"%s\", %u slot%s\n", reader->slots[0]->name,
		 reader->nslots, reader->nslots > 1 ? "s" : "");
	return 0;

fail:
	ccid_usb_release(reader);
	return ret;
}

static void ccid_usb_disconnect(struct usb_interface *intf)
{
	struct scard_reader *reader = usb_get_intfdata(intf);
	struct usb_device *udev = interface_to_usbdev(intf);

	/* the slots, and with them the name, may be gone after scard_reader_unregister() */
	dev_info(&intf->dev, "smart-card reader \"%s\" has left\n", reader->slots[0]->name);
	scard_reader_unregister(reader, udev->state != USB_STATE_NOTATTACHED);
	scard_reader_put(reader);
}

/* After a sleep cards that were on were powered off before, or nobody was connected. */
static int ccid_usb_woken(struct usb_interface *intf)
{
	struct scard_reader *reader = usb_get_intfdata(intf);
	unsigned int i;

	scard_reader_resume(reader);
	for (i = 0; i < reader->nslots; i++)
		scard_slot_resumed(reader->slots[i]);
	return 0;
}

static int ccid_usb_pre_reset(struct usb_interface *intf)
{
	return scard_reader_suspend(usb_get_intfdata(intf), false);
}

static int ccid_usb_suspend(struct usb_interface *intf, pm_message_t message)
{
	return scard_reader_suspend(usb_get_intfdata(intf), !PMSG_IS_AUTO(message));
}

/* Readers from before the class had a number; they have the class descriptor. */
#define CCID_VENDOR(vendor, product) \
	{ USB_DEVICE_INTERFACE_CLASS(vendor, product, USB_CLASS_VENDOR_SPEC) }

static const struct usb_device_id ccid_usb_ids[] = {
	{ .match_flags = USB_DEVICE_ID_MATCH_INT_CLASS, .bInterfaceClass = USB_CLASS_CSCID },
	CCID_VENDOR(0x046a, 0x003e),	/* Cherry SmartTerminal ST-2xxx */
	CCID_VENDOR(0x04e6, 0x5111),	/* SCM SCR331-DI */
	CCID_VENDOR(0x04e6, 0x511a),	/* SCM SCR3310-NTTCom */
	CCID_VENDOR(0x04e6, 0x5291),	/* SCM SCL010 */
	CCID_VENDOR(0x04e6, 0x5292),	/* SCM SCL01x */
	CCID_VENDOR(0x04e6, 0xe003),	/* SCM SPRx32 */
	CCID_VENDOR(0x076b, 0x532a),	/* Omnikey */
	CCID_VENDOR(0x08e6, 0x1359),	/* Gemplus GEM USB COMBI-M */
	CCID_VENDOR(0x08e6, 0x2202),	/* Gemplus Gem e-Seal Pro */
	CCID_VENDOR(0x08e6, 0xace0),	/* Gemplus GEM USB COMBI */
	CCID_VENDOR(0x09be, 0x0002),	/* MySmart Pad */
	CCID_VENDOR(0x0c4b, 0x0300),	/* Reiner-SCT cyberJack pinpad(a) */
	CCID_VENDOR(0x1a74, 0x6354),	/* OCS ID-One Cosmo, ICCD version B */
	CCID_VENDOR(0x413c, 0x2100),	/* Dell keyboard */
	{ }
};
MODULE_DEVICE_TABLE(usb, ccid_usb_ids);

static struct usb_driver ccid_usb_driver = {
	.name = "scard",
	.probe = ccid_usb_probe,
	.disconnect = ccid_usb_disconnect,
	.suspend = ccid_usb_suspend,
	.resume = ccid_usb_woken,
	.reset_resume = ccid_usb_woken,
	.pre_reset = ccid_usb_pre_reset,
	.post_reset = ccid_usb_woken,
	.id_table = ccid_usb_ids,
	.supports_autosuspend = 1,
	/* the cards are powered off over the pipes when the driver is unbound */
	.soft_unbind = 1,
};

/**
 * ccid_usb_init() - start binding readers
 *
 * Return: 0 or a negative errno
 */
int ccid_usb_init(void)
{
	return usb_register(&ccid_usb_driver);
}

/**
 * ccid_usb_exit() - unbind all readers
 */
void ccid_usb_exit(void)
{
	usb_deregister(&ccid_usb_driver);
}
