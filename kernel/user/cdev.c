// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/uscard: one open file is one reader. The only file here that reads and writes the memory
 * of the server, without a lock that others take.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/nospec.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "attr.h"
#include "cdev.h"
#include "reader.h"
#include "server.h"

/* The ABI: no holes, the same layout for 32-bit and 64-bit servers. */
static_assert(sizeof(struct uscard_create) == 432);
static_assert(sizeof(struct uscard_request) == 48);
static_assert(sizeof(struct uscard_message) == 40);

/**
 * struct cdev_server - an open file
 * @lock: serialises CREATE
 * @reader: the reader, NULL before CREATE (written once, under @lock)
 */
struct cdev_server {
	struct mutex lock;	/* see above */
	struct uscard_reader *reader;
};

static struct uscard_reader *cdev_reader(const struct file *file)
{
	const struct cdev_server *server = file->private_data;

	/* pairs with the smp_store_release() of cdev_create() */
	return smp_load_acquire(&server->reader);
}

/* Wait until there is something to read; another thread may be the first to read it. */
static int cdev_wait(const struct kiocb *iocb, struct uscard_reader *reader)
{
	if (iocb->ki_filp->f_flags & O_NONBLOCK)
		return -EAGAIN;
	return wait_event_freezable(reader->server, uscard_server_pending(reader));
}

/* Read a request into @head and @*data, which is made larger if need be. */
static int cdev_take(struct uscard_reader *reader, struct uscard_request *head, u8 **data,
		     u32 *size, size_t count)
{
	int ret = uscard_server_read(reader, head, *data, *size, count);

	while (ret == -ENOBUFS) {
		u32 want = head->len;

		if (*size > USCARD_SHORT)
			kvfree_sensitive(*data, *size);
		*data = kvmalloc(want, GFP_KERNEL_ACCOUNT);
		*size = want;
		if (!*data) {
			*size = 0;
			return -ENOMEM;
		}
		ret = uscard_server_read(reader, head, *data, *size, count);
	}
	return ret;
}

/* With one call a request: readv() may have its data apart. */
static ssize_t cdev_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct uscard_reader *reader = cdev_reader(iocb->ki_filp);
	u8 onstack[USCARD_SHORT], *data = onstack;	/* short data go through the stack */
	struct uscard_request head;
	u32 size = sizeof(onstack);
	ssize_t ret;

	if (!reader)
		return -ENOTCONN;
	do {
		ret = cdev_take(reader, &head, &data, &size, iov_iter_count(to));
		if (!ret && (copy_to_iter(&head, sizeof(head), to) != sizeof(head) ||
			     copy_to_iter(data, head.len, to) != head.len)) {
			uscard_server_unread(reader, &head);
			ret = -EFAULT;
		}
		if (ret != -EAGAIN)
			break;
		ret = cdev_wait(iocb, reader);
	} while (!ret);
	if (data == onstack)
		memzero_explicit(onstack, sizeof(onstack));
	else
		kvfree_sensitive(data, size);
	return ret ?: sizeof(head) + head.len;
}

static int cdev_message(struct uscard_reader *reader, const struct uscard_message *msg, u8 **data,
			u32 *size)
{
	struct uscard_slot *slot;
	u32 i;

	switch (msg->type) {
	case USCARD_ANSWER:
		return uscard_server_answer(reader, msg, data, size);
	case USCARD_MORE_TIME:
		return uscard_server_more_time(reader, msg);
	case USCARD_EVENT:
	case USCARD_ATTR:
		break;
	default:
		return -EINVAL;
	}
	i = msg->slot;
	if (i >= reader->reader.nslots)
		return -EINVAL;
	i = array_index_nospec(i, reader->reader.nslots);
	slot = to_uscard_slot(reader->reader.slots[i]);
	if (msg->type == USCARD_ATTR)
		return uscard_attr_set(slot, msg, *data);
	if (msg->id || msg->error || msg->len || msg->value > 1)
		return -EINVAL;
	uscard_server_event(slot, msg->value);
	return 0;
}

/* With one call a message: writev() may have its data apart. */
static ssize_t cdev_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct uscard_reader *reader = cdev_reader(iocb->ki_filp);
	size_t count = iov_iter_count(from);
	u8 onstack[USCARD_SHORT], *data = onstack;
	struct uscard_message msg;
	u32 size = sizeof(onstack);
	ssize_t ret = -EFAULT;

	if (!reader)
		return -ENOTCONN;
	if (count < sizeof(msg))
		return -EINVAL;
	if (!copy_from_iter_full(&msg, sizeof(msg), from))
		return -EFAULT;
	if (msg.len != count - sizeof(msg) || memchr_inv(msg.reserved, 0, sizeof(msg.reserved)))
		return -EINVAL;
	if (msg.len > USCARD_MAX_DATA)
		return -EMSGSIZE;
	if (msg.len > size) {
		data = kvmalloc(msg.len, GFP_KERNEL_ACCOUNT);
		if (!data)
			return -ENOMEM;
		size = msg.len;
	}
	if (copy_from_iter_full(data, msg.len, from))
		ret = cdev_message(reader, &msg, &data, &size);
	if (data == onstack)
		memzero_explicit(onstack, sizeof(onstack));
	else
		kvfree_sensitive(data, size);
	return ret ?: count;
}

static __poll_t cdev_poll(struct file *file, poll_table *wait)
{
	struct uscard_reader *reader = cdev_reader(file);

	if (!reader)
		return EPOLLERR;
	poll_wait(file, &reader->server, wait);
	return EPOLLOUT | EPOLLWRNORM |
	       (uscard_server_pending(reader) ? EPOLLIN | EPOLLRDNORM : 0);
}

static struct miscdevice cdev_misc;

static long cdev_create(struct cdev_server *server, void __user *uarg)
{
	struct uscard_reader *reader;
	struct uscard_create arg;

	if (copy_from_user(&arg, uarg, sizeof(arg)))
		return -EFAULT;
	if (mutex_lock_interruptible(&server->lock))
		return -ERESTARTSYS;
	reader = server->reader ? ERR_PTR(-EISCONN) :
				  uscard_reader_create(&arg, cdev_misc.this_device);
	if (!IS_ERR(reader))
		/* pairs with the smp_load_acquire() of cdev_reader() */
		smp_store_release(&server->reader, reader);
	mutex_unlock(&server->lock);
	if (IS_ERR(reader))
		return PTR_ERR(reader);
	/* the reader is there whether or not this can be told */
	return copy_to_user(uarg, &arg, sizeof(arg)) ? -EFAULT : 0;
}

static long cdev_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return cmd == USCARD_IOC_CREATE ? cdev_create(file->private_data, (void __user *)arg) :
					  -ENOTTY;
}

static int cdev_open(struct inode *inode, struct file *file)
{
	struct cdev_server *server;

	if ((file->f_mode & (FMODE_READ | FMODE_WRITE)) != (FMODE_READ | FMODE_WRITE))
		return -EINVAL;
	server = kzalloc(sizeof(*server), GFP_KERNEL_ACCOUNT);
	if (!server)
		return -ENOMEM;
	mutex_init(&server->lock);
	file->private_data = server;
	return stream_open(inode, file);
}

/* The last close: unplug. */
static int cdev_release(struct inode *inode, struct file *file)
{
	struct cdev_server *server = file->private_data;

	if (server->reader)
		uscard_reader_destroy(server->reader);
	mutex_destroy(&server->lock);
	kfree(server);
	return 0;
}

static const struct file_operations cdev_fops = {
	.owner = THIS_MODULE,
	.open = cdev_open,
	.release = cdev_release,
	.read_iter = cdev_read_iter,
	.write_iter = cdev_write_iter,
	.poll = cdev_poll,
	.unlocked_ioctl = cdev_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice cdev_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "uscard",
	.fops = &cdev_fops,
	.mode = 0600,
};

/**
 * uscard_cdev_init() - make /dev/uscard
 *
 * Return: 0 or a negative errno
 */
int uscard_cdev_init(void)
{
	int ret = uscard_reader_init();

	if (ret)
		return ret;
	ret = misc_register(&cdev_misc);
	if (ret)
		uscard_reader_exit();
	return ret;
}

/**
 * uscard_cdev_exit() - remove it; no file is open
 */
void uscard_cdev_exit(void)
{
	misc_deregister(&cdev_misc);
	uscard_reader_exit();
}
