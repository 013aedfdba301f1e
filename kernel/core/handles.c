// SPDX-License-Identifier: GPL-2.0
/*
 * SCARD_IOC_GET_HANDLES: the connected handles of a slot and the calls in progress, with
 * their processes. Decides nothing.
 */
#include <linux/ioctl.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "handles.h"
#include "turn.h"

/**
 * scard_handles_connected() - add a handle to the list of its slot
 * @h: the handle, just connected; slot->lock is held
 */
void scard_handles_connected(struct scard_handle *h)
{
	lockdep_assert_held(&h->slot->lock);
	h->user.connected_ns = ktime_get_coarse_boottime_ns();
	list_add_tail(&h->user.node, &h->slot->handles);
}

/**
 * scard_handles_left() - remove a handle that was connected
 * @h: the handle; slot->lock is held
 */
void scard_handles_left(struct scard_handle *h)
{
	lockdep_assert_held(&h->slot->lock);
	list_del(&h->user.node);
}

/**
 * scard_handles_began() - note the begin of a transaction
 * @h: the handle whose BEGIN was granted; slot->lock is held
 */
void scard_handles_began(struct scard_handle *h)
{
	lockdep_assert_held(&h->slot->lock);
	if (h->pol.depth == 1)
		h->user.transaction_ns = ktime_get_coarse_boottime_ns();
}

/* Number of a process for the caller; 0: it has ended, or is in another pid namespace */
static s32 handles_pid(struct pid *pid)
{
	return pid_has_task(pid, PIDTYPE_TGID) ? pid_vnr(pid) : 0;
}

static u32 handles_call(enum pol_op op)
{
	static const u8 calls[] = {
		[POL_OP_CONNECT] = _IOC_NR(SCARD_IOC_CONNECT),
		[POL_OP_RECONNECT] = _IOC_NR(SCARD_IOC_RECONNECT),
		[POL_OP_DISCONNECT] = _IOC_NR(SCARD_IOC_DISCONNECT),
		[POL_OP_BEGIN] = _IOC_NR(SCARD_IOC_BEGIN),
		[POL_OP_END] = _IOC_NR(SCARD_IOC_END),
		[POL_OP_STATUS] = _IOC_NR(SCARD_IOC_GET_STATUS),
		[POL_OP_TRANSMIT] = _IOC_NR(SCARD_IOC_TRANSMIT),
		[POL_OP_CONTROL] = _IOC_NR(SCARD_IOC_CONTROL),
		[POL_OP_ATTR] = _IOC_NR(SCARD_IOC_GET_ATTR),
	};

	return calls[op];
}

/* An entry of @list, counted also where the list has no room for it */
static struct scard_handle_entry *handles_next(struct scard_handle_entry *list, u32 room,
					       u32 *count)
{
	u32 n = (*count)++;

	return n < room ? &list[n] : NULL;
}

static void handles_fill_call(struct scard_handle_entry *e, const struct scard_handle *self,
			      struct pol_turn *pol, u32 flag)
{
	const struct scard_turn *t = container_of(pol, struct scard_turn, pol);
	const struct scard_handle *h = container_of(pol->handle, struct scard_handle, pol);

	e->id = h->id;
	e->pid = handles_pid(t->pid);
	e->share_mode = h->pol.share;
	e->flags = flag | (h == self ? SCARD_HANDLE_SELF : 0);
	e->call = handles_call(pol->op);
	e->since_ns = t->since_ns;
}

static void handles_fill(struct scard_handle_entry *e, const struct scard_handle *self,
			 const struct scard_handle *h)
{
	e->id = h->id;
	e->pid = handles_pid(h->user.pid);
	e->share_mode = h->pol.share;
	e->flags = h == self ? SCARD_HANDLE_SELF : 0;
	e->connected_ns = h->user.connected_ns;
	if (h->slot->pol.owner == &h->pol) {
		e->flags |= SCARD_HANDLE_TRANSACTION;
		e->since_ns = h->user.transaction_ns;
	}
}

/* Fill at most @room entries; return how many there are. */
static u32 handles_collect(const struct scard_handle *self, struct scard_handle_entry *list,
			   u32 room)
{
	struct scard_slot *slot = self->slot;
	struct pol_turn *running = slot->pol.running;
	struct scard_handle_entry *e;
	struct scard_handle *h;
	struct pol_turn *t;
	u32 count = 0;

	lockdep_assert_held(&slot->lock);
	list_for_each_entry(h, &slot->handles, user.node) {
		e = handles_next(list, room, &count);
		if (e)
			handles_fill(e, self, h);
	}
	if (running && running != &slot->pol.worker) {
		e = handles_next(list, room, &count);
		if (e)
			handles_fill_call(e, self, running, SCARD_HANDLE_RUNNING);
	}
	for (t = slot->pol.head; t; t = t->next) {
		/* a call that a signal has interrupted does not wait */
		if (t == &t->handle->place)
			continue;
		e = handles_next(list, room, &count);
		if (e)
			handles_fill_call(e, self, t, SCARD_HANDLE_WAITING);
	}
	return count;
}

/**
 * scard_handles_list() - list the handles and calls of a slot
 * @h: the handle of the caller
 * @room: entries that the caller has room for
 * @listp: the list, to be freed with kvfree(); NULL if it is empty or @room too small
 * @count: entries that there are
 *
 * Return: 0 or a negative errno
 */
int scard_handles_list(struct scard_handle *h, u32 room, struct scard_handle_entry **listp,
		       u32 *count)
{
	struct scard_slot *slot = h->slot;
	struct scard_handle_entry *list = NULL;
	u32 size = 0;
	bool gone;

	for (;;) {
		spin_lock(&slot->lock);
		gone = slot->pol.gone;
		*count = handles_collect(h, list, size);
		spin_unlock(&slot->lock);
		if (!gone && *count <= size)
			break;
		kvfree(list);
		list = NULL;
		if (gone)
			return -ENODEV;
		if (*count > room)
			break;
		size = *count;
		list = kvcalloc(size, sizeof(*list), GFP_KERNEL_ACCOUNT);
		if (!list)
			return -ENOMEM;
	}
	*listp = list;
	return 0;
}
