// SPDX-License-Identifier: GPL-2.0
/*
 * The pipes of a reader on USB: bulk, control and interrupt transfers, and how they are
 * stopped and started again. Knows no cards and waits for no card.
 *
 * The device is not trusted: ccid_msg.c checks its messages, and nothing here waits without a
 * limit or loops as often as the device likes.
 */
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/pm_runtime.h>
#include <linux/slab.h>

#include "cmd.h"
#include "iccd.h"
#include "trace.h"
#include "usb_pipe.h"
#include "wire.h"

#define PIPE_CONTROL_TIMEOUT_MS	1000
/* What waits in the pipe at the beginning comes at once; it is not much */
#define PIPE_DRAIN_MS		20
#define PIPE_DRAIN_TRANSFERS	32
#define PIPE_DRAIN_SIZE		1024U
/* An interrupt pipe that says more than this within 100 ms has to wait that long */
#define PIPE_NOTIFY_BURST	16
#define PIPE_NOTIFY_WINDOW	(HZ / 10)
/* Errors in a row after which the interrupt pipe is given up */
#define PIPE_NOTIFY_ERRORS	16

static struct ccid_usb *to_usb(struct ccid_reader *reader)
{
	return container_of(reader, struct ccid_usb, ccid);
}

/* ---- bulk transfers ---- */

static void pipe_in_complete(struct urb *urb)
{
	ccid_wire_received(urb->context, urb->status, urb->actual_length);
}

static void pipe_out_complete(struct urb *urb)
{
	ccid_wire_sent(urb->context, urb->status);
}

static int pipe_init_urbs(struct ccid_req *req, gfp_t gfp)
{
	req->tx_urb = usb_alloc_urb(0, gfp);
	req->rx->urb = usb_alloc_urb(0, gfp);
	return req->tx_urb && req->rx->urb ? 0 : -ENOMEM;
}

static void pipe_free_urbs(struct ccid_req *req)
{
	usb_free_urb(req->tx_urb);
	if (req->rx)
		usb_free_urb(req->rx->urb);
}

/* A transfer of whole packets: a longer one than expected is an error of the host. */
static int pipe_arm(struct ccid_usb *usb, struct ccid_rx *rx)
{
	u32 room = rx->size;

	if (unlikely(rx->got))
		room = rounddown(room - rx->got, usb->ccid.rx_unit);
	usb_fill_bulk_urb(rx->urb, usb->udev, usb_rcvbulkpipe(usb->udev, usb->in),
			  rx->buf + rx->got, room, pipe_in_complete, rx);
	return usb_submit_urb(rx->urb, GFP_ATOMIC);
}

/* ccid_slot.cmd says which transfers are on their way, so these need no anchor. */
static int pipe_rearm(struct ccid_rx *rx)
{
	struct ccid_usb *usb = to_usb(rx->reader);
	struct urb *urb;
	int ret;

	lockdep_assert_held(&usb->ccid.reader.lock);
	if (READ_ONCE(usb->stopped))
		return -EPERM;
	ret = pipe_arm(usb, rx);
	if (ret != -EPERM)
		return ret;
	/*
	 * The last answer came in the buffer of a request that was given up, and the thread
	 * in pipe_cancel() for that has not run since: the old one is refused until then.
	 */
	urb = usb_alloc_urb(0, GFP_ATOMIC);
	if (!urb)
		return -ENOMEM;
	usb_free_urb(rx->urb);
	rx->urb = urb;
	return pipe_arm(usb, rx);
}

/* The receive buffer first, so that the answer never waits for it. */
static int pipe_submit(struct ccid_req *req, u32 len)
{
	struct ccid_usb *usb = to_usb(ccid_req_reader(req));
	int ret = pipe_rearm(req->rx);

	if (ret)
		return ret;
	usb_fill_bulk_urb(req->tx_urb, usb->udev, usb_sndbulkpipe(usb->udev, usb->out), req->tx,
			  len, pipe_out_complete, req);
	return usb_submit_urb(req->tx_urb, GFP_ATOMIC);
}

static void pipe_cancel(struct ccid_req *req)
{
	struct scard_reader *reader = req->req.reader;
	unsigned long flags;
	struct urb *urb;
	bool ours;

	usb_kill_urb(req->tx_urb);
	/*
	 * Another slot's answer may swap our receive URB for its own while we kill it;
	 * repeat until the URB we killed is the one we own.
	 */
	do {
		spin_lock_irqsave(&reader->lock, flags);
		urb = usb_get_urb(req->rx->urb);
		spin_unlock_irqrestore(&reader->lock, flags);
		usb_kill_urb(urb);
		/* the lock keeps another slot from freeing the buffer after a swap */
		spin_lock_irqsave(&reader->lock, flags);
		ours = req->rx->urb == urb;
		spin_unlock_irqrestore(&reader->lock, flags);
		usb_put_urb(urb);
	} while (!ours);
}

/* Collect all URBs under the lock: no new ones start, but answers may still swap receive URBs. */
static void pipe_kill_bulk(struct ccid_usb *usb, bool stop)
{
	struct urb *urbs[2 * SCARD_MAX_SLOTS];
	struct scard_reader *reader = &usb->ccid.reader;
	unsigned int n = 0, i;

	spin_lock_irq(&reader->lock);
	if (stop)
		usb->stopped = true;
	for (i = 0; i < reader->nslots; i++) {
		struct ccid_req *req = ccid_slot_nr(&usb->ccid, i)->cmd;

		if (!req)
			continue;
		urbs[n++] = usb_get_urb(req->tx_urb);
		urbs[n++] = usb_get_urb(req->rx->urb);
	}
	spin_unlock_irq(&reader->lock);
	while (n--) {
		usb_kill_urb(urbs[n]);
		usb_free_urb(urbs[n]);
	}
}

static void pipe_stop(struct ccid_reader *reader)
{
	struct ccid_usb *usb = to_usb(reader);

	set_bit(USB_PIPE_INT_STOPPED, &usb->int_flags);
	usb_poison_urb(usb->int_urb);
	cancel_delayed_work_sync(&usb->int_work);
	usb_poison_anchored_urbs(&usb->anchor);
	pipe_kill_bulk(usb, true);
}

static void pipe_restart(struct ccid_reader *reader)
{
	struct ccid_usb *usb = to_usb(reader);

	usb_unpoison_anchored_urbs(&usb->anchor);
	WRITE_ONCE(usb->stopped, false);
	if (!usb->int_urb || scard_reader_gone(&reader->reader))
		return;
	usb_unpoison_urb(usb->int_urb);
	clear_bit(USB_PIPE_INT_STOPPED, &usb->int_flags);
	if (usb_submit_urb(usb->int_urb, GFP_NOIO))
		queue_delayed_work(reader->reader.wq, &usb->int_work, PIPE_NOTIFY_WINDOW);
}

/* ---- sleep ---- */

/*
 * Wake the device. usbcore asks it for its status then, and waits for seconds, killably or not:
 * callers leave that to this work.
 */
static void pipe_wake_work(struct work_struct *work)
{
	struct ccid_usb *usb = container_of(work, struct ccid_usb, wake_work);
	struct scard_reader *reader = &usb->ccid.reader;
	int ret = pm_runtime_resume(&usb->intf->dev);

	spin_lock_irq(&reader->lock);
	usb->wake_ret = min(ret, 0);
	WRITE_ONCE(usb->wakes, usb->wakes + 1);
	spin_unlock_irq(&reader->lock);
	wake_up_all(&reader->resumed);
}

/* Wait until the device is awake, for which the caller has a reference. */
static int pipe_wait_awake(struct ccid_usb *usb)
{
	struct scard_reader *reader = &usb->ccid.reader;
	unsigned int seen;
	int ret;

	spin_lock_irq(&reader->lock);
	seen = usb->wakes;
	if (!reader->gone)
		queue_work(reader->wq, &usb->wake_work);
	spin_unlock_irq(&reader->lock);
	ret = wait_event_killable(reader->resumed,
				  READ_ONCE(usb->wakes) != seen || scard_reader_gone(reader));
	if (ret)
		return -EINTR;
	spin_lock_irq(&reader->lock);
	ret = reader->gone ? -ENODEV : usb->wake_ret;
	spin_unlock_irq(&reader->lock);
	return ret;
}

static void pipe_put(struct ccid_reader *reader)
{
	struct ccid_usb *usb = to_usb(reader);
	unsigned long flags;

	spin_lock_irqsave(&reader->reader.lock, flags);
	if (!reader->reader.gone) {
		usb->refs--;
		usb_mark_last_busy(usb->udev);
		usb_autopm_put_interface_async(usb->intf);
	}
	spin_unlock_irqrestore(&reader->reader.lock, flags);
}

/* For the owner of the turn only, so that none is still in here when disconnect() returns. */
static int pipe_get(struct ccid_reader *reader)
{
	struct ccid_usb *usb = to_usb(reader);
	int ret = -ENODEV;

	spin_lock_irq(&reader->reader.lock);
	if (!reader->reader.gone)
		ret = usb_autopm_get_interface_async(usb->intf);
	usb->refs += !ret;
	spin_unlock_irq(&reader->reader.lock);
	/*
	 * An attempt may have ended before the caller had its reference. With it "active" stays
	 * true; a "no" that is old costs one more attempt.
	 */
	while (!ret && !data_race(pm_runtime_active(&usb->intf->dev))) {
		ret = pipe_wait_awake(usb);
		if (ret)
			pipe_put(reader);
	}
	if (!ret || ret == -ENODEV || ret == -EINTR)
		return ret;
	scard_reader_warn(&reader->reader,
			  "does not wake up (%d): write on to its power/control", ret);
	return -EIO;
}

static void pipe_hold(struct ccid_reader *reader)
{
	struct ccid_usb *usb = to_usb(reader);
	unsigned long flags;

	spin_lock_irqsave(&reader->reader.lock, flags);
	if (!reader->reader.gone) {
		usb->refs++;
		usb_autopm_get_interface_no_resume(usb->intf);
	}
	spin_unlock_irqrestore(&reader->reader.lock, flags);
}

/**
 * ccid_usb_pipe_let_sleep() - take back what keeps the interface awake
 * @usb: the interface, whose reader is gone
 *
 * usbcore leaves that to the driver, and with a reference left, the device would never sleep
 * under the next driver.
 */
void ccid_usb_pipe_let_sleep(struct ccid_usb *usb)
{
	for (; usb->refs; usb->refs--)
		usb_autopm_put_interface_no_suspend(usb->intf);
}

/* ---- control transfers ---- */

static void pipe_control_complete(struct urb *urb)
{
	complete(urb->context);
}

/*
 * usb_control_msg() waits in a way that no signal ends; here a killed caller takes
 * its transfer back and leaves.
 */
static int pipe_request(struct ccid_usb *usb, u8 type, u8 request, u16 value, u16 index,
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
	usb_fill_control_urb(urb, usb->udev,
			     type & USB_DIR_IN ? usb_rcvctrlpipe(usb->udev, 0) :
						 usb_sndctrlpipe(usb->udev, 0),
			     (u8 *)setup, buf, len, pipe_control_complete, &done);
	usb_anchor_urb(urb, &usb->anchor);
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
	trace_scard_ccid_request(&usb->ccid.reader, type, request, value, len, ret);
	kfree_sensitive(buf);
	kfree(setup);
	usb_free_urb(urb);
	return ret;
}

static int pipe_control(struct ccid_reader *reader, u8 type, u8 request, u16 value,
			void *data, u16 len, unsigned int timeout_ms)
{
	return pipe_request(to_usb(reader), type, request, value, reader->interface, data,
				len, timeout_ms);
}

static int pipe_clear_halt(struct ccid_usb *usb, u8 ep)
{
	int ret = pipe_request(usb, USB_RECIP_ENDPOINT, USB_REQ_CLEAR_FEATURE,
				   USB_ENDPOINT_HALT, ep, NULL, 0, PIPE_CONTROL_TIMEOUT_MS);

	if (ret < 0)
		return ret;
	usb_reset_endpoint(usb->udev, ep);
	return 0;
}

static int pipe_unhalt(struct ccid_reader *reader)
{
	struct ccid_usb *usb = to_usb(reader);
	int ret;

	/* an endpoint must not be reset under a transfer, be it another slot's */
	pipe_kill_bulk(usb, false);
	ret = pipe_clear_halt(usb, usb->out | USB_DIR_OUT);
	return ret ?: pipe_clear_halt(usb, usb->in | USB_DIR_IN);
}

static void pipe_reset(struct ccid_reader *reader)
{
	usb_queue_reset_device(to_usb(reader)->intf);
}

static void pipe_free(struct ccid_reader *reader)
{
	struct ccid_usb *usb = to_usb(reader);

	ccid_usb_pipe_free(usb);
	usb_put_intf(usb->intf);
	usb_put_dev(usb->udev);
	kfree(usb);
}

/* Tokens have no bulk pipes: everything goes by control(). */
static int pipe_no_urbs(struct ccid_req *req, gfp_t gfp)
{
	return 0;
}

const struct ccid_bus_ops ccid_usb_pipe_token_bus = {
	.req_init = pipe_no_urbs,
	.req_exit = pipe_free_urbs,
	.exchange = ccid_iccd_exchange,
	.control = pipe_control,
	.stop = pipe_stop,
	.restart = pipe_restart,
	.reset = pipe_reset,
	.get = pipe_get,
	.hold = pipe_hold,
	.put = pipe_put,
	.free = pipe_free,
};

const struct ccid_bus_ops ccid_usb_pipe_bus = {
	.req_init = pipe_init_urbs,
	.req_exit = pipe_free_urbs,
	.exchange = ccid_cmd_exchange,
	.control = pipe_control,
	.stop = pipe_stop,
	.restart = pipe_restart,
	.reset = pipe_reset,
	.get = pipe_get,
	.hold = pipe_hold,
	.put = pipe_put,
	.free = pipe_free,
};

const struct ccid_bulk_ops ccid_usb_pipe_bulk = {
	.submit = pipe_submit,
	.rearm = pipe_rearm,
	.cancel = pipe_cancel,
	.unhalt = pipe_unhalt,
};

/* ---- interrupt pipe ---- */

static void pipe_int_again(struct ccid_usb *usb, unsigned long delay)
{
	if (!test_bit(USB_PIPE_INT_STOPPED, &usb->int_flags))
		queue_delayed_work(usb->ccid.reader.wq, &usb->int_work, delay);
}

static void pipe_notified(struct ccid_usb *usb, const u8 *buf, u32 len)
{
	struct scard_reader *reader = &usb->ccid.reader;
	struct ccid_notify note;
	unsigned int i;

	if (ccid_notify_parse(&note, buf, len, reader->nslots))
		return;	/* hardware errors and undefined messages */
	trace_scard_ccid_notify(reader, note.changed, note.present);
	for (i = 0; i < reader->nslots; i++)
		if (note.changed & BIT(i))
			scard_presence_notify(reader->slots[i], note.present & BIT(i));
}

/* Try again later, or give the pipe up: from then on the reader is asked. */
static void pipe_int_failed(struct ccid_usb *usb)
{
	struct scard_reader *reader = &usb->ccid.reader;
	unsigned int i;

	if (++usb->int_errors < PIPE_NOTIFY_ERRORS) {
		pipe_int_again(usb, HZ / 64 << min(usb->int_errors, 5U));
		return;
	}
	WRITE_ONCE(reader->notifies, false);
	scard_reader_warn(reader,
			  "the interrupt pipe fails, cards are asked for: try another port or cable");
	for (i = 0; i < reader->nslots; i++)
		scard_presence_poll(reader->slots[i]);
}

static void pipe_int_complete(struct urb *urb)
{
	struct ccid_usb *usb = urb->context;

	switch (urb->status) {
	case 0:
		usb->int_errors = 0;
		pipe_notified(usb, usb->int_buf, urb->actual_length);
		if (time_after(jiffies, usb->int_since + PIPE_NOTIFY_WINDOW)) {
			usb->int_since = jiffies;
			usb->int_count = 0;
		}
		if (++usb->int_count > PIPE_NOTIFY_BURST) {
			pipe_int_again(usb, PIPE_NOTIFY_WINDOW);
			return;
		}
		if (usb_submit_urb(urb, GFP_ATOMIC))
			pipe_int_again(usb, PIPE_NOTIFY_WINDOW);
		return;
	case -ENOENT:
	case -ECONNRESET:
	case -ESHUTDOWN:
	case -EPERM:
	case -ENODEV:
		return;	/* ended by us, or the device is gone */
	case -EPIPE:
		set_bit(USB_PIPE_INT_HALTED, &usb->int_flags);
		fallthrough;
	default:
		pipe_int_failed(usb);
	}
}

static void pipe_int_work(struct work_struct *work)
{
	struct ccid_usb *usb = container_of(to_delayed_work(work), struct ccid_usb, int_work);
	int ret = 0;

	if (test_bit(USB_PIPE_INT_HALTED, &usb->int_flags)) {
		ret = pipe_clear_halt(usb, usb->int_ep | USB_DIR_IN);
		if (!ret)
			clear_bit(USB_PIPE_INT_HALTED, &usb->int_flags);
	}
	if (!ret)
		ret = usb_submit_urb(usb->int_urb, GFP_NOIO);
	/* it also fails when it was poisoned, which is no fault */
	if (ret && !test_bit(USB_PIPE_INT_STOPPED, &usb->int_flags))
		pipe_int_failed(usb);
}

/**
 * ccid_usb_pipe_int_init() - there is an interrupt pipe
 * @usb: the interface
 * @ep: its endpoint
 *
 * Return: 0 or -ENOMEM; ccid_usb_pipe_free() is to be called in both cases
 */
int ccid_usb_pipe_int_init(struct ccid_usb *usb, const struct usb_endpoint_descriptor *ep)
{
	/* whole packets: with room for more a full one would not end the transfer */
	u32 size = roundup(2 + usb->ccid.desc.max_slot_index / 4, usb_endpoint_maxp(ep));

	usb->int_ep = usb_endpoint_num(ep);
	usb->int_urb = usb_alloc_urb(0, GFP_KERNEL);
	usb->int_buf = kmalloc(size, GFP_KERNEL);
	if (!usb->int_urb || !usb->int_buf)
		return -ENOMEM;
	usb_fill_int_urb(usb->int_urb, usb->udev, usb_rcvintpipe(usb->udev, usb->int_ep),
			 usb->int_buf, size, pipe_int_complete, usb, ep->bInterval);
	usb->ccid.reader.notifies = true;
	return 0;
}

/**
 * ccid_usb_pipe_int_start() - listen to the interrupt pipe, if there is one
 * @usb: the interface, whose slots are ready for notifications
 */
void ccid_usb_pipe_int_start(struct ccid_usb *usb)
{
	if (usb->int_urb && usb_submit_urb(usb->int_urb, GFP_KERNEL))
		pipe_int_again(usb, PIPE_NOTIFY_WINDOW);
}

/**
 * ccid_usb_pipe_init() - prepare the pipes that every interface has
 * @usb: the interface
 */
void ccid_usb_pipe_init(struct ccid_usb *usb)
{
	init_usb_anchor(&usb->anchor);
	INIT_DELAYED_WORK(&usb->int_work, pipe_int_work);
	INIT_WORK(&usb->wake_work, pipe_wake_work);
}

/**
 * ccid_usb_pipe_drain() - pass over what the reader has left from before it was bound
 * @usb: the interface, about to be registered
 */
void ccid_usb_pipe_drain(struct ccid_usb *usb)
{
	u32 size = roundup(PIPE_DRAIN_SIZE, usb->ccid.rx_unit);
	unsigned int i;
	int ret = 0, len;
	u8 *buf;

	if (!usb->ccid.bulk)
		return;
	buf = kmalloc(size, GFP_KERNEL);
	if (!buf)
		return;
	for (i = 0; !ret && i < PIPE_DRAIN_TRANSFERS; i++)
		ret = usb_bulk_msg(usb->udev, usb_rcvbulkpipe(usb->udev, usb->in), buf, size, &len,
				   PIPE_DRAIN_MS);
	/* APDU bytes may be among it */
	kfree_sensitive(buf);
}

/**
 * ccid_usb_pipe_free() - the reader is gone, nothing is on its way
 * @usb: the interface
 */
void ccid_usb_pipe_free(struct ccid_usb *usb)
{
	usb_free_urb(usb->int_urb);
	kfree(usb->int_buf);
}
