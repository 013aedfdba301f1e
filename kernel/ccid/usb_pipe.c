// SPDX-License-Identifier: GPL-2.0
/*
 * The pipes of a reader on USB: bulk, control and interrupt transfers, and how they are
 * stopped and started again. Knows no cards and waits for no card.
 *
 * The device is not trusted: what it sends is checked by ccid_msg.c, and nothing here
 * waits without a limit or loops as often as the device likes.
 */
#include <linux/slab.h>

#include "usb.h"
#include "trace.h"

#define CCID_CONTROL_TIMEOUT_MS	1000
/* An interrupt pipe that says more than this within 100 ms has to wait that long */
#define CCID_NOTIFY_BURST	16
#define CCID_NOTIFY_WINDOW	(HZ / 10)
/* Errors in a row after which the interrupt pipe is given up */
#define CCID_NOTIFY_ERRORS	16

/* ---- bulk transfers ---- */

static void ccid_usb_in_complete(struct urb *urb)
{
	ccid_wire_received(urb->context, urb->status, urb->actual_length);
}

static void ccid_usb_out_complete(struct urb *urb)
{
	ccid_wire_sent(urb->context, urb->status);
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

static int ccid_usb_arm(struct ccid_usb *ccid, struct scard_rx *rx)
{
	usb_fill_bulk_urb(rx->urb, ccid->udev, usb_rcvbulkpipe(ccid->udev, ccid->in), rx->buf,
			  rx->size, ccid_usb_in_complete, rx);
	return usb_submit_urb(rx->urb, GFP_ATOMIC);
}

/* reader.cmd says which transfers are on their way, so these need no anchor. */
static int ccid_usb_rearm(struct scard_rx *rx)
{
	struct ccid_usb *ccid = to_ccid(rx->reader);
	struct urb *urb;
	int ret;

	lockdep_assert_held(&ccid->reader.lock);
	if (READ_ONCE(ccid->stopped))
		return -EPERM;
	ret = ccid_usb_arm(ccid, rx);
	if (ret != -EPERM)
		return ret;
	/*
	 * The last answer came in the buffer of a request that was given up, and whoever is
	 * in ccid_usb_cancel() for that has not run since: the old one is refused until then.
	 */
	urb = usb_alloc_urb(0, GFP_ATOMIC);
	if (!urb)
		return -ENOMEM;
	usb_free_urb(rx->urb);
	rx->urb = urb;
	return ccid_usb_arm(ccid, rx);
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

const struct scard_hw_ops iccd_usb_ops = {
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

const struct scard_hw_ops ccid_usb_ops = {
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

/**
 * ccid_usb_int_init() - there is an interrupt pipe
 * @ccid: the interface
 * @ep: its endpoint
 *
 * Return: 0 or -ENOMEM; ccid_usb_pipes_free() is to be called in both cases
 */
int ccid_usb_int_init(struct ccid_usb *ccid, const struct usb_endpoint_descriptor *ep)
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

/**
 * ccid_usb_int_start() - listen to the interrupt pipe, if there is one
 * @ccid: the interface, whose slots are ready for what it says
 */
void ccid_usb_int_start(struct ccid_usb *ccid)
{
	if (ccid->int_urb && usb_submit_urb(ccid->int_urb, GFP_KERNEL))
		ccid_usb_int_again(ccid, CCID_NOTIFY_WINDOW);
}

/**
 * ccid_usb_pipes_init() - prepare what every interface has
 * @ccid: the interface
 */
void ccid_usb_pipes_init(struct ccid_usb *ccid)
{
	init_usb_anchor(&ccid->anchor);
	INIT_DELAYED_WORK(&ccid->int_work, ccid_usb_int_work);
}

/**
 * ccid_usb_pipes_free() - the reader is gone, nothing is on its way
 * @ccid: the interface
 */
void ccid_usb_pipes_free(struct ccid_usb *ccid)
{
	usb_free_urb(ccid->int_urb);
	kfree(ccid->int_buf);
}
