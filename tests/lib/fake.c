// SPDX-License-Identifier: GPL-2.0-or-later
/* See fake.h. One lock for everything; calls that wait do so on one condition. */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/scard.h>

#include "fake.h"
#include "fake_netlink.h"
#include "policy.h"

#define MAX_FILES	8192
#define MAX_SLOTS	300

static const uint8_t atr[] = { 0x3b, 0x02, 0x14, 0x50 };

struct slot {
	struct slot *older;	/* had the same number; files of it may be open */
	struct pol_slot pol;
	struct scard_info info;
	uint32_t event;
	uint32_t card_event;
	uint32_t protocol;
	bool settling;
	bool atr_known;
	bool denied;
	bool held;
	bool verified;
	int power_error;
	unsigned int on_wire;
	unsigned int queued;
	unsigned int resets;
};

struct file {
	struct slot *slot;	/* NULL: not ours */
	struct pol_handle handle;
	uint32_t seen;
	bool writable;
	bool closed;
	unsigned int calls;
	int efd;
};

struct turn {
	struct pol_turn pol;
	bool woken;
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	struct slot *slots[MAX_SLOTS];
	struct file *files[MAX_FILES];
	unsigned int open_files;
	unsigned int ioctls;
	unsigned int interrupts;
	unsigned int polling;
} fake = { .lock = PTHREAD_MUTEX_INITIALIZER, .cond = PTHREAD_COND_INITIALIZER };

int __real_open(const char *path, int flags, ...);
int __real_close(int fd);
int __real_poll(struct pollfd *fds, nfds_t n, int timeout);
int __real_ioctl(int fd, unsigned long request, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_close(int fd);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout);
int __wrap_ioctl(int fd, unsigned long request, ...);

/* ---- the slot ---- */

static uint32_t state_of(const struct slot *s)
{
	uint32_t state = 0;

	if (s->pol.card != POL_CARD_ABSENT)
		state |= SCARD_STATE_BIT_PRESENT;
	if (s->pol.card == POL_CARD_ON)
		state |= SCARD_STATE_BIT_POWERED;
	if (s->pol.card == POL_CARD_MUTE)
		state |= SCARD_STATE_BIT_MUTE;
	if (s->protocol)
		state |= SCARD_STATE_BIT_NEGOTIATED;
	if (s->pol.connected)
		state |= SCARD_STATE_BIT_INUSE;
	if (s->pol.exclusive)
		state |= SCARD_STATE_BIT_EXCLUSIVE;
	if (s->pol.owner)
		state |= SCARD_STATE_BIT_TRANSACTION;
	if (s->settling)
		state |= SCARD_STATE_BIT_SETTLING;
	return state;
}

/* Make the files readable that have something to see. */
static void changed(struct slot *s)
{
	int fd;

	s->event++;
	for (fd = 0; fd < MAX_FILES; fd++) {
		if (fake.files[fd] && fake.files[fd]->slot == s)
			eventfd_write(fake.files[fd]->efd, 1);
	}
	fake_netlink_state(s->info.minor, state_of(s), s->card_event);
	pthread_cond_broadcast(&fake.cond);
}

static void wake(struct pol_turn *t)
{
	if (t->op != POL_OP_WORKER)
		((struct turn *)t)->woken = true;
	pthread_cond_broadcast(&fake.cond);
}

static void power(struct slot *s, enum pol_card card)
{
	s->verified = false;
	s->protocol = 0;
	if (s->pol.card == POL_CARD_ABSENT)
		return;
	s->pol.card = card;
	changed(s);
}

static int reset(struct slot *s)
{
	s->resets++;
	power(s, s->power_error ? POL_CARD_MUTE : POL_CARD_ON);
	return s->power_error;
}

/* What the kernel's worker does, at once. */
static void run_worker(struct slot *s)
{
	while (s->pol.actor == &s->pol.worker) {
		switch (pol_worker_job(&s->pol)) {
		case POL_JOB_RESET:
			reset(s);
			break;
		case POL_JOB_UNPOWER:
		case POL_JOB_EJECT:
		case POL_JOB_IDLE:
			power(s, POL_CARD_OFF);
			break;
		case POL_JOB_SETTLE:
		case POL_JOB_NONE:
			break;
		}
	}
}

static int take_turn(struct file *f, struct turn *t, enum pol_op op, enum pol_share share)
{
	struct slot *s = f->slot;
	int ret;

	*t = (struct turn){ .pol = { .handle = &f->handle, .op = op, .share = share } };
	ret = pol_ask(&s->pol, &t->pol);
	if (ret != POL_WAIT)
		return ret;
	if (fake.interrupts) {
		fake.interrupts--;
		pol_withdraw(&s->pol, &t->pol);
		return -EINTR;
	}
	s->queued++;
	pthread_cond_broadcast(&fake.cond);
	while (!t->woken)
		pthread_cond_wait(&fake.cond, &fake.lock);
	s->queued--;
	return t->pol.result;
}

static void turn_done(struct slot *s, struct turn *t)
{
	pol_done(&s->pol, &t->pol);
	run_worker(s);
}

/* ---- ioctls; with the lock; return 0 or a negative errno ---- */

static int get_status(struct file *f, struct scard_status *st)
{
	struct slot *s = f->slot;
	struct turn t;
	int ret;

	if (st->flags & SCARD_STATUS_GATED) {
		ret = take_turn(f, &t, POL_OP_STATUS, 0);
		if (ret)
			return ret;
	} else if (s->pol.gone) {
		return -ENODEV;
	} else {
		eventfd_t ignored;

		f->seen = s->event;
		eventfd_read(f->efd, &ignored);
	}
	st->state = state_of(s);
	st->protocol = s->protocol;
	st->event = s->event;
	st->card_event = s->card_event;
	st->epoch = s->pol.epoch;
	st->handles = s->pol.connected;
	st->atr_len = s->atr_known ? sizeof(atr) : 0;
	memcpy(st->atr, atr, st->atr_len);
	return 0;
}

static int prepare(struct slot *s, const struct scard_connect *arg)
{
	uint32_t wanted = arg->protocols;

	if (arg->share_mode == SCARD_MODE_DIRECT)
		return 0;
	if (s->pol.card == POL_CARD_ABSENT)
		return -ENOMEDIUM;
	if (s->power_error) {
		power(s, POL_CARD_MUTE);
		return s->power_error;
	}
	if (s->pol.card != POL_CARD_ON)
		power(s, POL_CARD_ON);
	if (wanted & SCARD_PROTO_RAW)
		s->protocol = SCARD_PROTO_RAW;
	else if (!s->protocol)
		s->protocol = wanted & SCARD_PROTO_T1 ? SCARD_PROTO_T1 : SCARD_PROTO_T0;
	else if (!(wanted & s->protocol))
		return -EPROTONOSUPPORT;
	return 0;
}

static int connect_card(struct file *f, struct scard_connect *arg)
{
	struct slot *s = f->slot;
	struct turn t;
	int ret = take_turn(f, &t, POL_OP_CONNECT, arg->share_mode);

	if (ret)
		return ret;
	ret = prepare(s, arg);
	if (!ret) {
		pol_connected(&s->pol, &f->handle, arg->share_mode, POL_CLOSE_RESET);
		arg->protocol = s->protocol;
		changed(s);
	}
	turn_done(s, &t);
	return ret;
}

/* As the kernel's act() */
static int act(struct slot *s, uint32_t disposition)
{
	if (s->pol.card == POL_CARD_ABSENT)
		return -ENOMEDIUM;
	if (s->pol.card == POL_CARD_ON)
		pol_reset(&s->pol);
	if (disposition == SCARD_DISP_RESET)
		return reset(s);
	power(s, POL_CARD_OFF);
	return 0;
}

static int reconnect_card(struct file *f, struct scard_connect *arg)
{
	struct slot *s = f->slot;
	struct turn t;
	int ret = take_turn(f, &t, POL_OP_RECONNECT, arg->share_mode);

	if (ret)
		return ret;
	if (arg->initialization != SCARD_DISP_LEAVE)
		ret = act(s, arg->initialization);
	if (!ret)
		ret = prepare(s, arg);
	if (!ret) {
		pol_reconnected(&s->pol, &f->handle, arg->share_mode);
		arg->protocol = s->protocol;
		changed(s);
	}
	turn_done(s, &t);
	return ret;
}

static int leave(struct file *f)
{
	int ret = pol_leave(&f->slot->pol, &f->handle);

	if (!ret)
		changed(f->slot);
	run_worker(f->slot);
	return ret;
}

static int disconnect_card(struct file *f, const struct scard_disposition *arg)
{
	struct slot *s = f->slot;
	struct turn t;
	int ret;

	if (arg->disposition == SCARD_DISP_LEAVE)
		return leave(f);
	ret = take_turn(f, &t, POL_OP_DISCONNECT, 0);
	if (ret == -ENODEV)
		return leave(f);
	if (ret)
		return ret;
	ret = act(s, arg->disposition);
	leave(f);
	turn_done(s, &t);
	return ret == -ENOMEDIUM ? 0 : ret;
}

static int end_transaction(struct file *f, const struct scard_disposition *arg)
{
	struct slot *s = f->slot;
	struct turn t;
	int ret;

	if (arg->disposition == SCARD_DISP_LEAVE) {
		ret = pol_end(&s->pol, &f->handle);
		run_worker(s);
		return ret;
	}
	ret = take_turn(f, &t, POL_OP_END, 0);
	if (ret)
		return ret;
	ret = act(s, arg->disposition);
	pol_end_owned(&s->pol, &f->handle);
	turn_done(s, &t);
	return ret;
}

static int answer(struct slot *s, struct scard_transmit *arg)
{
	const uint8_t *send = (const uint8_t *)(uintptr_t)arg->send;
	uint8_t *recv = (uint8_t *)(uintptr_t)arg->recv;
	uint32_t len = arg->send_len, room = arg->recv_len;

	if (len >= 2 && send[1] == 0xff)
		return -EIO;
	if (len >= 2 && send[1] == 0x20)
		s->verified = true;
	if (len >= 3 && send[1] == 0xc0)
		len = send[2] * 256;
	arg->recv_len = len + 2;
	if (len + 2 > room)
		return -EMSGSIZE;
	memset(recv, 0xa5, len);
	memcpy(recv, send, len < arg->send_len ? len : arg->send_len);
	recv[len] = 0x90;
	recv[len + 1] = 0x00;
	return 0;
}

static int transmit(struct file *f, struct scard_transmit *arg)
{
	struct slot *s = f->slot;
	struct turn t;
	int ret = take_turn(f, &t, POL_OP_TRANSMIT, 0);

	if (ret)
		return ret;
	f->handle.spoke = true;
	s->on_wire++;
	while (s->held && !s->pol.gone)
		pthread_cond_wait(&fake.cond, &fake.lock);
	s->on_wire--;
	if (s->pol.gone)
		ret = -ENODEV;
	else if (s->pol.card != POL_CARD_ON)
		ret = s->pol.card == POL_CARD_ABSENT ? -ENOMEDIUM : -ENOLINK;
	else if (arg->protocol && arg->protocol != SCARD_PROTO_RAW && arg->protocol != s->protocol)
		ret = -EPROTONOSUPPORT;
	else
		ret = answer(s, arg);
	turn_done(s, &t);
	return ret;
}

/* 0x42000001 echoes its input; 0x42000D48 answers six bytes */
static int control(struct file *f, struct scard_control *arg)
{
	static const uint8_t features[] = { 0x12, 4, 0x42, 0x33, 0x00, 0x12 };
	const void *out = features;
	uint32_t room = arg->out_len;
	struct turn t;
	int ret = take_turn(f, &t, POL_OP_CONTROL, 0);

	if (ret)
		return ret;
	arg->out_len = sizeof(features);
	if (arg->code == 0x42000001) {
		out = (const void *)(uintptr_t)arg->in;
		arg->out_len = arg->in_len;
	} else if (arg->code != 0x42000d48) {
		ret = -EOPNOTSUPP;
	}
	if (!ret && arg->out_len > room)
		ret = -EMSGSIZE;
	if (!ret && arg->out_len)
		memcpy((void *)(uintptr_t)arg->out, out, arg->out_len);
	turn_done(f->slot, &t);
	return ret;
}

static int get_attr(struct file *f, struct scard_attr *arg)
{
	static const char maker[] = "Maker";
	struct turn t;
	int ret = take_turn(f, &t, POL_OP_ATTR, 0);

	if (ret)
		return ret;
	switch (arg->id) {
	case 0x00010100:
		arg->len = sizeof(maker);
		memcpy((void *)(uintptr_t)arg->buf, maker, sizeof(maker));
		return 0;
	case 0x00090300:
		arg->len = 1;
		*(uint8_t *)(uintptr_t)arg->buf = 2;
		return 0;
	case 0x00090303:
		arg->len = sizeof(atr);
		memcpy((void *)(uintptr_t)arg->buf, atr, sizeof(atr));
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

static int dispatch(struct file *f, unsigned long request, void *arg)
{
	struct turn t;

	switch (request) {
	case SCARD_IOC_GET_INFO:
		if (f->slot->pol.gone)
			return -ENODEV;
		memcpy(arg, &f->slot->info, sizeof(f->slot->info));
		return 0;
	case SCARD_IOC_GET_STATUS:
		return get_status(f, arg);
	}
	if (!f->writable)
		return -EBADF;
	switch (request) {
	case SCARD_IOC_CONNECT:
		return connect_card(f, arg);
	case SCARD_IOC_RECONNECT:
		return reconnect_card(f, arg);
	case SCARD_IOC_DISCONNECT:
		return disconnect_card(f, arg);
	case SCARD_IOC_BEGIN:
		return take_turn(f, &t, POL_OP_BEGIN, 0);
	case SCARD_IOC_END:
		return end_transaction(f, arg);
	case SCARD_IOC_TRANSMIT:
		return transmit(f, arg);
	case SCARD_IOC_CONTROL:
		return control(f, arg);
	case SCARD_IOC_GET_ATTR:
		return get_attr(f, arg);
	case SCARD_IOC_SET_ATTR:
		return take_turn(f, &t, POL_OP_ATTR, 0) ?: -EOPNOTSUPP;
	case SCARD_IOC_CANCEL:
		pol_cancel(&f->slot->pol, &f->handle);
		return 0;
	default:
		return -ENOTTY;
	}
}

/* ---- system calls ---- */

/* The last reference to the open file is gone: with the lock */
static void release(struct file *f)
{
	if (!f->closed || f->calls)
		return;
	if (f->handle.share != POL_UNCONNECTED) {
		pol_close(&f->slot->pol, &f->handle);
		run_worker(f->slot);
		changed(f->slot);
	}
	fake.open_files--;
	free(f);
}

int __wrap_open(const char *path, int flags, ...)
{
	struct slot *s = NULL;
	unsigned int minor;
	struct file *f;
	char end;
	int fd;

	if (sscanf(path, FAKE_DIR "/scard%u%c", &minor, &end) != 1)
		return __real_open(path, flags);
	/* it is the node that is opened */
	fd = __real_open(path, flags);
	if (fd < 0)
		return fd;
	__real_close(fd);

	pthread_mutex_lock(&fake.lock);
	if (minor < MAX_SLOTS)
		s = fake.slots[minor];
	errno = !s ? ENXIO : s->pol.gone ? ENODEV : s->denied ? EACCES : 0;
	if (errno) {
		pthread_mutex_unlock(&fake.lock);
		return -1;
	}
	f = calloc(1, sizeof(*f));
	fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!f || fd < 0 || fd >= MAX_FILES)
		abort();
	f->slot = s;
	f->seen = s->event;
	f->writable = (flags & O_ACCMODE) != O_RDONLY;
	f->efd = fd;
	fake.files[fd] = f;
	fake.open_files++;
	pthread_mutex_unlock(&fake.lock);
	return fd;
}

int __wrap_close(int fd)
{
	struct file *f;

	pthread_mutex_lock(&fake.lock);
	f = fd >= 0 && fd < MAX_FILES ? fake.files[fd] : NULL;
	if (f) {
		fake.files[fd] = NULL;
		f->closed = true;
		release(f);
	}
	pthread_mutex_unlock(&fake.lock);
	return __real_close(fd);
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	struct file *f;
	va_list ap;
	void *arg;
	int ret;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);

	pthread_mutex_lock(&fake.lock);
	f = fd >= 0 && fd < MAX_FILES ? fake.files[fd] : NULL;
	if (!f) {
		pthread_mutex_unlock(&fake.lock);
		return __real_ioctl(fd, request, arg);
	}
	fake.ioctls++;
	f->calls++;
	ret = dispatch(f, request, arg);
	f->calls--;
	release(f);
	pthread_mutex_unlock(&fake.lock);
	errno = -ret;
	return ret ? -1 : 0;
}

static short events_of(int fd)
{
	struct file *f = fd >= 0 && fd < MAX_FILES ? fake.files[fd] : NULL;

	if (!f)
		return -1;
	if (f->slot->pol.gone)
		return POLLHUP | POLLERR;
	return f->seen != f->slot->event ? POLLPRI : 0;
}

struct polling {
	struct pollfd *fds;
	int timeout;
};

static void end_poll(void *arg)
{
	struct polling *p = arg;

	pthread_mutex_lock(&fake.lock);
	fake.polling -= p->timeout != 0;
	pthread_mutex_unlock(&fake.lock);
	free(p->fds);
}

/* An eventfd stands for a device: it is readable when the device has something to see. */
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout)
{
	struct polling p = { .fds = malloc(n * sizeof(*p.fds)), .timeout = timeout };
	nfds_t i;
	int ret;

	if (!p.fds)
		abort();
	memcpy(p.fds, fds, n * sizeof(*p.fds));
	pthread_cleanup_push(end_poll, &p);
	pthread_mutex_lock(&fake.lock);
	for (i = 0; i < n; i++) {
		short events = events_of(fds[i].fd);

		if (events < 0)
			continue;
		p.fds[i].events = POLLIN;
		if (events)
			p.timeout = 0;
	}
	fake.polling += p.timeout != 0;
	pthread_mutex_unlock(&fake.lock);
	ret = __real_poll(p.fds, n, p.timeout);
	pthread_mutex_lock(&fake.lock);
	if (ret >= 0)
		ret = 0;
	for (i = 0; i < n && ret >= 0; i++) {
		short events = events_of(fds[i].fd);

		fds[i].revents = events < 0 ? p.fds[i].revents :
				 events & (fds[i].events | POLLHUP | POLLERR);
		ret += fds[i].revents != 0;
	}
	pthread_mutex_unlock(&fake.lock);
	pthread_cleanup_pop(1);
	return ret;
}

/* ---- for the tests ---- */

static void fork_prepare(void)
{
	pthread_mutex_lock(&fake.lock);
}

static void fork_done(void)
{
	pthread_mutex_unlock(&fake.lock);
}

/* Before the library registers its own: so it can close our files in the child. */
void fake_init(void)
{
	pthread_atfork(fork_prepare, fork_done, fork_done);
}

static struct slot *locked_slot(unsigned int minor)
{
	pthread_mutex_lock(&fake.lock);
	if (minor >= MAX_SLOTS || !fake.slots[minor])
		abort();
	return fake.slots[minor];
}

static void unlock(void)
{
	pthread_cond_broadcast(&fake.cond);
	pthread_mutex_unlock(&fake.lock);
}

static void node_path(char *path, unsigned int minor)
{
	sprintf(path, FAKE_DIR "/scard%u", minor);
}

void fake_plug(const struct fake_reader *r)
{
	struct slot *s = calloc(1, sizeof(*s));
	char path[64];

	if (!s)
		abort();
	pol_init(&s->pol, wake);
	s->pol.card = r->card ? POL_CARD_ON : POL_CARD_ABSENT;
	s->atr_known = r->card;
	s->card_event = r->card;
	s->settling = r->settling;
	s->info.minor = r->minor;
	s->info.reader = r->index;
	s->info.slot = r->slot;
	s->info.vendor_id = r->vendor;
	s->info.product_id = r->product;
	snprintf(s->info.name, sizeof(s->info.name), "%s %02X %02X", r->name, r->index, r->slot);
	pthread_mutex_lock(&fake.lock);
	s->older = fake.slots[r->minor];
	fake.slots[r->minor] = s;
	node_path(path, r->minor);
	__real_close(__real_open(path, O_CREAT | O_WRONLY, 0600));
	fake_netlink_add(&s->info, state_of(s), s->card_event);
	unlock();
}

void fake_unplug(unsigned int minor)
{
	struct slot *s = locked_slot(minor);
	char path[64];

	node_path(path, minor);
	unlink(path);
	pol_gone(&s->pol);
	changed(s);
	fake_netlink_del(minor);
	unlock();
}

void fake_insert_begin(unsigned int minor)
{
	struct slot *s = locked_slot(minor);

	s->pol.card = POL_CARD_OFF;
	s->atr_known = false;
	s->settling = true;
	s->card_event++;
	changed(s);
	unlock();
}

void fake_insert_end(unsigned int minor, bool mute)
{
	struct slot *s = locked_slot(minor);

	s->pol.card = mute ? POL_CARD_MUTE : POL_CARD_ON;
	s->atr_known = !mute;
	s->settling = false;
	changed(s);
	unlock();
}

void fake_insert(unsigned int minor)
{
	fake_insert_begin(minor);
	fake_insert_end(minor, false);
}

void fake_remove(unsigned int minor)
{
	struct slot *s = locked_slot(minor);

	s->protocol = 0;
	s->verified = false;
	s->card_event++;
	pol_removed(&s->pol);
	run_worker(s);
	changed(s);
	unlock();
}

void fake_settled(unsigned int minor)
{
	struct slot *s = locked_slot(minor);

	s->settling = false;
	changed(s);
	unlock();
}

void fake_deny(unsigned int minor, bool deny)
{
	char path[64];

	locked_slot(minor)->denied = deny;
	/* what inotify sees of udev's chmod */
	node_path(path, minor);
	chmod(path, deny ? 0600 : 0660);
	unlock();
}

void fake_hold(unsigned int minor, bool hold)
{
	locked_slot(minor)->held = hold;
	unlock();
}

void fake_fail_power(unsigned int minor, int error)
{
	locked_slot(minor)->power_error = -error;
	unlock();
}

void fake_interrupt(unsigned int times)
{
	pthread_mutex_lock(&fake.lock);
	fake.interrupts = times;
	unlock();
}

bool fake_verified(unsigned int minor)
{
	bool verified = locked_slot(minor)->verified;

	unlock();
	return verified;
}

unsigned int fake_resets(unsigned int minor)
{
	unsigned int n = locked_slot(minor)->resets;

	unlock();
	return n;
}

unsigned int fake_handles(unsigned int minor)
{
	unsigned int n = locked_slot(minor)->pol.connected;

	unlock();
	return n;
}

unsigned int fake_waiting(unsigned int minor)
{
	struct slot *s = locked_slot(minor);
	unsigned int n = s->queued + (s->held ? s->on_wire : 0);

	unlock();
	return n;
}

unsigned int fake_open_files(void)
{
	unsigned int n;

	pthread_mutex_lock(&fake.lock);
	n = fake.open_files;
	unlock();
	return n;
}

unsigned int fake_ioctls(void)
{
	unsigned int n;

	pthread_mutex_lock(&fake.lock);
	n = fake.ioctls;
	fake.ioctls = 0;
	unlock();
	return n;
}

bool fake_in_poll(void)
{
	bool polling;

	pthread_mutex_lock(&fake.lock);
	polling = fake.polling;
	unlock();
	return polling;
}

/* Between tests: all files are closed. */
void fake_reset(void)
{
	unsigned int minor;
	struct slot *s;
	char path[64];

	pthread_mutex_lock(&fake.lock);
	for (minor = 0; minor < MAX_SLOTS; minor++) {
		node_path(path, minor);
		unlink(path);
		while ((s = fake.slots[minor])) {
			fake.slots[minor] = s->older;
			free(s);
		}
	}
	fake.interrupts = 0;
	fake.ioctls = 0;
	fake_netlink_reset();
	unlock();
}
