// SPDX-License-Identifier: GPL-2.0
/*
 * The process of a handle, for CONNECT with SCARD_CONNECT_PROCESS. Other processes may have the
 * open file too, by fork(): they cannot use the handle, and it ends with its process. But if the
 * process exits by itself, as in daemon(3), the first other process that uses the handle takes
 * its place.
 */
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "process.h"
#include "slot.h"

/**
 * scard_process_bind() - make a handle that of the calling process
 * @h: the handle, its slot locked; it is connected and has no process
 */
void scard_process_bind(struct scard_handle *h)
{
	lockdep_assert_held(&h->slot->lock);
	h->process_exited = false;
	WRITE_ONCE(h->process, get_pid(task_tgid(current)));
}

/**
 * scard_process_unbind() - a handle is not connected any more
 * @h: the handle, its slot locked
 */
void scard_process_unbind(struct scard_handle *h)
{
	lockdep_assert_held(&h->slot->lock);
	put_pid(h->process);
	WRITE_ONCE(h->process, NULL);
}

/* Take the place of a process that has exited. */
static int process_adopt(struct scard_handle *h)
{
	struct scard_slot *slot = h->slot;
	int ret = 0;

	spin_lock(&slot->lock);
	if (h->process && h->process_exited) {
		scard_process_unbind(h);
		scard_process_bind(h);
	} else if (h->process && h->process != task_tgid(current)) {
		ret = -ENOTCONN;
	}
	spin_unlock(&slot->lock);
	return ret;
}

/**
 * scard_process_check() - may the calling process use a handle?
 * @h: the handle
 *
 * Return: 0, or -ENOTCONN if it is the handle of another process
 */
int scard_process_check(struct scard_handle *h)
{
	const struct pid *process = READ_ONCE(h->process);

	return !process || process == task_tgid(current) ? 0 : process_adopt(h);
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

	if (READ_ONCE(h->process) != task_tgid(current))
		return false;
	spin_lock(&slot->lock);
	if (h->process == task_tgid(current)) {
		ends = !(current->flags & PF_EXITING) || signal;
		h->process_exited = !ends;
	}
	spin_unlock(&slot->lock);
	return ends;
}
