// SPDX-License-Identifier: GPL-2.0
/*
 * The process of a handle. For CONNECT with SCARD_CONNECT_PROCESS it alone may use the handle:
 * others may have the open file too, by fork(), and the handle ends with its process. But if
 * the process exits by itself, as in daemon(3), the first other process that uses the handle
 * takes its place.
 */
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "process.h"
#include "slot.h"

/**
 * scard_process_bind() - make a handle that of the calling process
 * @h: the handle, its slot locked; it is connected
 * @alone: no other process may use it
 *
 * Return: its process before, or NULL: for put_pid() without the lock
 */
struct pid *scard_process_bind(struct scard_handle *h, bool alone)
{
	struct pid *before = h->user.pid;

	lockdep_assert_held(&h->slot->lock);
	WRITE_ONCE(h->user.pid, get_pid(task_tgid(current)));
	h->user.exited = false;
	WRITE_ONCE(h->user.alone, alone);
	return before;
}

/**
 * scard_process_unbind() - let every process that has the file connect it again
 * @h: the handle, its slot locked; it is not connected any more
 */
void scard_process_unbind(struct scard_handle *h)
{
	lockdep_assert_held(&h->slot->lock);
	WRITE_ONCE(h->user.alone, false);
}

/**
 * scard_process_may_use() - does a handle belong to the calling process, or to all?
 * @h: the handle
 *
 * The answer holds as long as the slot is locked: another process may connect the handle while the
 * caller is on its way, for example while the copy of its argument waits for a page.
 *
 * Return: true if the process may use it
 */
bool scard_process_may_use(const struct scard_handle *h)
{
	return !READ_ONCE(h->user.alone) || READ_ONCE(h->user.pid) == task_tgid(current);
}

/* Has its last thread begun to exit? One that has descriptors of its own may exit before. */
static bool process_is_over(struct pid *pid)
{
	const struct task_struct *task;
	bool over;

	rcu_read_lock();
	task = pid_task(pid, PIDTYPE_TGID);
	over = !task || !atomic_read(&task->signal->live);
	rcu_read_unlock();
	return over;
}

/**
 * scard_process_check() - may the calling process use a handle?
 * @h: the handle
 *
 * Return: 0, or -ENOTCONN if it is the handle of another process
 */
int scard_process_check(struct scard_handle *h)
{
	struct scard_slot *slot = h->slot;
	struct pid *before = NULL;
	int ret = 0;

	if (scard_process_may_use(h))
		return 0;
	spin_lock(&slot->lock);
	if (!scard_process_may_use(h)) {
		if (h->user.exited && process_is_over(h->user.pid))
			before = scard_process_bind(h, true);
		else
			ret = -ENOTCONN;
	}
	spin_unlock(&slot->lock);
	put_pid(before);
	return ret;
}

/**
 * scard_process_ends() - does a close by the calling process end a handle?
 * @h: the handle; other references to its file may exist
 *
 * Return: true if the process closes the file, calls exec or was killed; false if it exits, or if
 * it is not the process of the handle
 */
bool scard_process_ends(struct scard_handle *h)
{
	/* as for wait(): the signal that has ended a process */
	const int signal = current->exit_code & 0x7f;
	struct scard_slot *slot = h->slot;
	bool ends = false;

	if (!READ_ONCE(h->user.alone))
		return false;
	spin_lock(&slot->lock);
	if (h->user.alone && h->user.pid == task_tgid(current)) {
		ends = !(current->flags & PF_EXITING) || signal;
		h->user.exited = !ends;
	}
	spin_unlock(&slot->lock);
	return ends;
}
