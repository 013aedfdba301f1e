// SPDX-License-Identifier: GPL-2.0
/*
 * Device numbers, file operations, the ioctl table. The only file that reads and writes user
 * memory, before the turn begins and after it is over, so that a page fault of one caller
 * never holds up another.
 */
#include <linux/capability.h>
#include <linux/compat.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "cdev.h"
#include "connect.h"
#include "file.h"
#include "handles.h"
#include "presence.h"
#include "process.h"
#include "request.h"
#include "trace.h"
#include "turn.h"

#define SCARD_MINORS	4096	/* 256 readers of 16 slots */

static dev_t scard_devt;
static DEFINE_IDA(scard_minor_ida);

/* The ABI: no holes, the same layout for 32-bit and 64-bit callers. */
static_assert(sizeof(struct scard_info) == 496);
static_assert(sizeof(struct scard_status) == 88);
static_assert(offsetof(struct scard_status, reserved8) == 65);
static_assert(sizeof(struct scard_connect) == 32);
static_assert(sizeof(struct scard_disposition) == 16);
static_assert(sizeof(struct scard_transmit) == 40);
static_assert(sizeof(struct scard_control) == 40);
static_assert(sizeof(struct scard_attr) == 24);
static_assert(sizeof(struct scard_handle_entry) == 56);
static_assert(sizeof(struct scard_handle_list) == 24);

static bool cdev_nonblock(const struct file *file)
{
	return file->f_flags & O_NONBLOCK;
}

static bool cdev_is_zero(const u32 *words, size_t n)
{
	u32 any = 0;

	while (n--)
		any |= words[n];
	return !any;
}

static long cdev_get_info(struct scard_handle *h, void __user *uarg)
{
	struct scard_info info;

	if (scard_reader_gone(h->slot->reader))
		return -ENODEV;
	scard_file_info(h, &info);
	return copy_to_user(uarg, &info, sizeof(info)) ? -EFAULT : 0;
}

static long cdev_get_status(struct scard_handle *h, void __user *uarg, struct file *file)
{
	/* the members between flags and the reserved ones are for the answer */
	const size_t tail = offsetof(struct scard_status, reserved8);
	struct scard_status __user *user = uarg;
	struct scard_status st = { };
	bool gated;
	int ret;

	if (get_user(st.flags, &user->flags) ||
	    copy_from_user((u8 *)&st + tail, uarg + tail, sizeof(st) - tail))
		return -EFAULT;
	if (st.flags & ~SCARD_STATUS_GATED || memchr_inv((u8 *)&st + tail, 0, sizeof(st) - tail))
		return -EINVAL;
	gated = st.flags & SCARD_STATUS_GATED;
	if (gated && !(file->f_mode & FMODE_WRITE))
		return -EBADF;
	ret = gated ? scard_process_check(h) : 0;
	if (ret)
		return ret;
	if (gated)
		trace_scard_call(h, POL_OP_STATUS, 0);
	ret = scard_file_status(h, &st, cdev_nonblock(file));
	if (gated)
		trace_scard_return(h, POL_OP_STATUS, ret, 0);
	if (ret)
		return ret;
	return copy_to_user(uarg, &st, tail) ? -EFAULT : 0;
}

static long cdev_connect(struct scard_handle *h, void __user *uarg, struct file *file,
			 enum pol_op op)
{
	struct scard_connect __user *user = uarg;
	struct scard_connect arg;
	int ret;

	if (copy_from_user(&arg, uarg, sizeof(arg)))
		return -EFAULT;
	if (!cdev_is_zero(arg.reserved, ARRAY_SIZE(arg.reserved)))
		return -EINVAL;
	arg.protocol = 0;
	arg.epoch = 0;
	trace_scard_connect(h, op, &arg);
	ret = op == POL_OP_RECONNECT ? scard_connect_reconnect(h, &arg, cdev_nonblock(file)) :
				       scard_connect_connect(h, &arg, cdev_nonblock(file));
	trace_scard_return(h, op, ret, 0);
	if (ret)
		return ret;
	/* the handle is connected whether or not this can be told */
	return put_user(arg.protocol, &user->protocol) ?: put_user(arg.epoch, &user->epoch);
}

static long cdev_disposition(struct scard_handle *h, void __user *uarg, struct file *file,
			     enum pol_op op)
{
	struct scard_disposition arg;
	int ret;

	if (copy_from_user(&arg, uarg, sizeof(arg)))
		return -EFAULT;
	if (arg.flags || !cdev_is_zero(arg.reserved, ARRAY_SIZE(arg.reserved)))
		return -EINVAL;
	trace_scard_disconnect(h, op, arg.disposition);
	ret = op == POL_OP_END ? scard_connect_end(h, arg.disposition, cdev_nonblock(file)) :
				 scard_connect_disconnect(h, arg.disposition, cdev_nonblock(file));
	trace_scard_return(h, op, ret, 0);
	return ret;
}

static long cdev_begin(struct scard_handle *h, struct file *file)
{
	int ret;

	trace_scard_call(h, POL_OP_BEGIN, 0);
	ret = scard_file_begin(h, cdev_nonblock(file));
	trace_scard_return(h, POL_OP_BEGIN, ret, 0);
	return ret;
}

/*
 * Give the answer to the caller. The length is told also if it does not fit, since
 * the card has executed the command.
 */
static long cdev_answer(const struct scard_req *req, u64 to, u32 room, u32 __user *ulen)
{
	if (put_user(req->out_len, ulen))
		return -EFAULT;
	if (req->out_len > room)
		return -EMSGSIZE;
	return copy_to_user(u64_to_user_ptr(to), req->out, req->out_len) ? -EFAULT : 0;
}

static long cdev_transmit(struct scard_handle *h, void __user *uarg, struct file *file)
{
	struct scard_transmit __user *user = uarg;
	struct scard_transmit arg;
	struct scard_req *req = NULL;
	long ret;

	if (copy_from_user(&arg, uarg, sizeof(arg)))
		return -EFAULT;
	if (arg.flags || !cdev_is_zero(arg.reserved, ARRAY_SIZE(arg.reserved)) ||
	    arg.send_len > SCARD_COMMAND_MAX || !arg.recv)
		return -EINVAL;
	trace_scard_transmit(h, arg.protocol, arg.send_len);
	ret = scard_turn_check(h, POL_OP_TRANSMIT);
	if (ret)
		goto out;
	ret = -ENOMEM;
	req = scard_request_get(h, arg.send_len, max(arg.recv_len, 1U));
	if (!req)
		goto out;
	ret = -EFAULT;
	req->in_len = arg.send_len;
	if (!copy_from_user(req->in, u64_to_user_ptr(arg.send), arg.send_len))
		ret = scard_file_transmit(h, &req, arg.protocol, cdev_nonblock(file));
	if (!ret)
		ret = cdev_answer(req, arg.recv, arg.recv_len, &user->recv_len);
out:
	trace_scard_return(h, POL_OP_TRANSMIT, ret, ret ? 0 : req->out_len);
	scard_request_put(h, req);
	return ret;
}

static long cdev_control(struct scard_handle *h, void __user *uarg, struct file *file)
{
	struct scard_control __user *user = uarg;
	struct scard_control arg;
	struct scard_req *req = NULL;
	long ret;

	if (copy_from_user(&arg, uarg, sizeof(arg)))
		return -EFAULT;
	if (arg.flags || !cdev_is_zero(arg.reserved, ARRAY_SIZE(arg.reserved)) ||
	    arg.in_len > SCARD_CONTROL_MAX || (arg.in_len && !arg.in) ||
	    (arg.out_len && !arg.out))
		return -EINVAL;
	trace_scard_control(h, arg.code, arg.in_len);
	ret = scard_turn_check(h, POL_OP_CONTROL);
	if (ret)
		goto out;
	ret = -ENOMEM;
	req = scard_request_get(h, arg.in_len, max(arg.out_len, 1U));
	if (!req)
		goto out;
	ret = -EFAULT;
	req->in_len = arg.in_len;
	if (!copy_from_user(req->in, u64_to_user_ptr(arg.in), arg.in_len))
		ret = scard_file_control(h, &req, arg.code, cdev_nonblock(file));
	if (!ret)
		ret = cdev_answer(req, arg.out, arg.out_len, &user->out_len);
out:
	trace_scard_return(h, POL_OP_CONTROL, ret, ret ? 0 : req->out_len);
	scard_request_put(h, req);
	return ret;
}

static long cdev_get_attr(struct scard_handle *h, void __user *uarg)
{
	struct scard_attr __user *user = uarg;
	struct scard_attr arg;
	u8 value[SCARD_MAX_ATTRIBUTE_SIZE] = { };
	u32 len = 0;
	int ret;

	if (copy_from_user(&arg, uarg, sizeof(arg)))
		return -EFAULT;
	if (arg.flags || arg.reserved)
		return -EINVAL;
	trace_scard_call(h, POL_OP_ATTR, arg.id);
	ret = scard_file_get_attr(h, arg.id, value, &len);
	trace_scard_return(h, POL_OP_ATTR, ret, len);
	if (ret)
		return ret;
	if (put_user(len, &user->len))
		return -EFAULT;
	if (!arg.buf)
		return 0;
	if (len > arg.len)
		return -EMSGSIZE;
	return copy_to_user(u64_to_user_ptr(arg.buf), value, len) ? -EFAULT : 0;
}

static long cdev_set_attr(struct scard_handle *h, void __user *uarg)
{
	struct scard_attr arg;

	if (copy_from_user(&arg, uarg, sizeof(arg)))
		return -EFAULT;
	if (arg.flags || arg.reserved || !arg.buf || !arg.len || arg.len > SCARD_MAX_ATTRIBUTE_SIZE)
		return -EINVAL;
	return scard_file_set_attr(h, arg.id);
}

static long cdev_get_handles(struct scard_handle *h, void __user *uarg)
{
	struct scard_handle_list __user *user = uarg;
	struct scard_handle_list arg;
	struct scard_handle_entry *list;
	u32 count;
	long ret;

	if (copy_from_user(&arg, uarg, sizeof(arg)))
		return -EFAULT;
	if (arg.flags || arg.reserved)
		return -EINVAL;
	ret = scard_handles_list(h, arg.buf ? arg.room : 0, &list, &count);
	if (ret)
		return ret;
	if (put_user(count, &user->count))
		ret = -EFAULT;
	else if (arg.buf && count > arg.room)
		ret = -EMSGSIZE;
	else if (list && copy_to_user(u64_to_user_ptr(arg.buf), list, count * sizeof(*list)))
		ret = -EFAULT;
	kvfree(list);
	return ret;
}

static long cdev_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct scard_handle *h = file->private_data;
	void __user *uarg = (void __user *)arg;
	int ret;

	switch (cmd) {
	case SCARD_IOC_GET_INFO:
		return cdev_get_info(h, uarg);
	case SCARD_IOC_GET_STATUS:
		return cdev_get_status(h, uarg, file);
	case SCARD_IOC_CONNECT:
	case SCARD_IOC_RECONNECT:
	case SCARD_IOC_DISCONNECT:
	case SCARD_IOC_BEGIN:
	case SCARD_IOC_END:
	case SCARD_IOC_TRANSMIT:
	case SCARD_IOC_CONTROL:
	case SCARD_IOC_GET_ATTR:
	case SCARD_IOC_SET_ATTR:
	case SCARD_IOC_CANCEL:
	case SCARD_IOC_GET_HANDLES:
		break;
	default:
		return -ENOTTY;
	}
	/* all others act or may act: they need a file that is open for writing */
	if (!(file->f_mode & FMODE_WRITE))
		return -EBADF;
	if (cmd == SCARD_IOC_CONNECT)
		return cdev_connect(h, uarg, file, POL_OP_CONNECT);
	if (cmd == SCARD_IOC_GET_HANDLES)
		return cdev_get_handles(h, uarg);
	ret = scard_process_check(h);
	if (ret)
		return ret;

	switch (cmd) {
	case SCARD_IOC_RECONNECT:
		return cdev_connect(h, uarg, file, POL_OP_RECONNECT);
	case SCARD_IOC_DISCONNECT:
		return cdev_disposition(h, uarg, file, POL_OP_DISCONNECT);
	case SCARD_IOC_BEGIN:
		return arg ? -EINVAL : cdev_begin(h, file);
	case SCARD_IOC_END:
		return cdev_disposition(h, uarg, file, POL_OP_END);
	case SCARD_IOC_TRANSMIT:
		return cdev_transmit(h, uarg, file);
	case SCARD_IOC_CONTROL:
		return cdev_control(h, uarg, file);
	case SCARD_IOC_GET_ATTR:
		return cdev_get_attr(h, uarg);
	case SCARD_IOC_SET_ATTR:
		return cdev_set_attr(h, uarg);
	default:	/* SCARD_IOC_CANCEL */
		if (arg)
			return -EINVAL;
		scard_file_cancel(h);
		return 0;
	}
}

static __poll_t cdev_poll(struct file *file, poll_table *wait)
{
	struct scard_handle *h = file->private_data;
	struct scard_slot *slot = h->slot;
	__poll_t mask = 0;

	poll_wait(file, &slot->events.wait, wait);
	spin_lock(&slot->lock);
	if (slot->pol.gone)
		mask = EPOLLHUP | EPOLLERR;
	else if (h->seen != slot->events.all)
		mask = EPOLLPRI;
	else if (poll_requested_events(wait) & EPOLLPRI)
		scard_presence_watch(slot);
	spin_unlock(&slot->lock);
	return mask;
}

/*
 * A private reader is opened by the users that its owner named. The node's own permissions may
 * be those of the last reader of its number for a while: udev sets them late.
 */
static bool cdev_may_open(const struct scard_owner *owner, fmode_t fmode)
{
	unsigned int want = (fmode & FMODE_READ ? 4 : 0) | (fmode & FMODE_WRITE ? 2 : 0);
	unsigned int may = owner->mode;

	if (!READ_ONCE(owner->private))
		return true;
	if (uid_eq(current_fsuid(), owner->uid))
		may >>= 6;
	else if (in_group_p(owner->gid))
		may >>= 3;
	return !(want & ~may) || capable(CAP_DAC_OVERRIDE);
}

static int cdev_open(struct inode *inode, struct file *file)
{
	struct scard_slot *slot = container_of(inode->i_cdev, struct scard_slot, cdev);
	struct scard_handle *h;

	if (!cdev_may_open(&slot->reader->owner, file->f_mode))
		return -EACCES;
	h = scard_file_open(slot);
	if (IS_ERR(h))
		return PTR_ERR(h);
	file->private_data = h;
	return stream_open(inode, file);
}

/*
 * Every close() of every duplicate, in every process that has one: it ends the handle only for
 * SCARD_CONNECT_PROCESS. With the last reference, cdev_release() follows.
 */
static int cdev_flush(struct file *file, fl_owner_t id)
{
	struct scard_handle *h = file->private_data;

	if (file_count(file) > 1 && scard_process_ends(h))
		scard_file_end(h);
	return 0;
}

static int cdev_release(struct inode *inode, struct file *file)
{
	scard_file_close(file->private_data);
	return 0;
}

static const struct file_operations cdev_fops = {
	.owner = THIS_MODULE,
	.open = cdev_open,
	.flush = cdev_flush,
	.release = cdev_release,
	.unlocked_ioctl = cdev_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.poll = cdev_poll,
};

/**
 * scard_cdev_get_minor() - reserve the number of the slot's node
 * @slot: the slot
 *
 * Return: 0 or a negative errno
 */
int scard_cdev_get_minor(struct scard_slot *slot)
{
	int minor = ida_alloc_max(&scard_minor_ida, SCARD_MINORS - 1, GFP_KERNEL);

	if (minor < 0)
		return minor;
	slot->dev.devt = MKDEV(MAJOR(scard_devt), minor);
	return dev_set_name(&slot->dev, "scard%d", minor);
}

/**
 * scard_cdev_free_minor() - release it; no file is open any more
 * @slot: the slot
 */
void scard_cdev_free_minor(struct scard_slot *slot)
{
	if (slot->dev.devt)
		ida_free(&scard_minor_ida, MINOR(slot->dev.devt));
}

/**
 * scard_cdev_add() - make the node; it can be opened from now on
 * @slot: the slot
 *
 * Return: 0 or a negative errno
 */
int scard_cdev_add(struct scard_slot *slot)
{
	cdev_init(&slot->cdev, &cdev_fops);
	slot->cdev.owner = THIS_MODULE;
	return cdev_device_add(&slot->cdev, &slot->dev);
}

/**
 * scard_cdev_del() - remove the node; open files live on
 * @slot: the slot
 */
void scard_cdev_del(struct scard_slot *slot)
{
	cdev_device_del(&slot->cdev, &slot->dev);
}

/**
 * scard_cdev_init() - reserve the device numbers
 *
 * Return: 0 or a negative errno
 */
int scard_cdev_init(void)
{
	return alloc_chrdev_region(&scard_devt, 0, SCARD_MINORS, "scard");
}

/**
 * scard_cdev_exit() - release them
 */
void scard_cdev_exit(void)
{
	unregister_chrdev_region(scard_devt, SCARD_MINORS);
	ida_destroy(&scard_minor_ida);
}
