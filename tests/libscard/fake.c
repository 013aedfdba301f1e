// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The system calls of the library, and what the tests do to the fake readers. See
 * fake.h. One lock for everything; calls that wait do so on one condition.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "fake.h"
#include "fake_netlink.h"
#include "fake_slot.h"

#define FAKE_MAJOR	240

struct fake fake = { .lock = PTHREAD_MUTEX_INITIALIZER, .cond = PTHREAD_COND_INITIALIZER };

int __real_open(const char *path, int flags, ...);
int __real_close(int fd);
int __real_poll(struct pollfd *fds, nfds_t n, int timeout);
int __real_ioctl(int fd, unsigned long request, ...);
int __real_fcntl(int fd, int command, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_close(int fd);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout);
int __wrap_ioctl(int fd, unsigned long request, ...);
int __wrap_fcntl(int fd, int command, ...);
int __real_pthread_mutex_lock(pthread_mutex_t *mutex);
int __real_pthread_mutex_unlock(pthread_mutex_t *mutex);
void *__real_realloc(void *old, size_t size);
int __real_fstatat(int dir, const char *path, struct stat *st, int flags);
int __wrap_fstatat(int dir, const char *path, struct stat *st, int flags);
long __real_syscall(long number, ...);
long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f);
ssize_t __real_getrandom(void *buf, size_t len, unsigned int flags);
ssize_t __wrap_getrandom(void *buf, size_t len, unsigned int flags);
int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_unlock(pthread_mutex_t *mutex);
void *__wrap_realloc(void *old, size_t size);

/* ---- moments ---- */

static __thread unsigned int moments_left;
static __thread void (*at_moment)(void);
static __thread bool called;
__thread unsigned int fake_locks;

static void moment(void)
{
	void (*f)(void) = at_moment;

	if (!f || (moments_left && --moments_left))
		return;
	at_moment = NULL;	/* it has moments itself */
	called = true;
	f();
	at_moment = f;
}

static bool is_librarys(const pthread_mutex_t *mutex)
{
	return mutex != &fake.lock && mutex != fake_netlink_lock();
}

int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex)
{
	int ret = __real_pthread_mutex_lock(mutex);

	fake_locks += is_librarys(mutex);
	if (is_librarys(mutex))
		moment();
	return ret;
}

int __wrap_pthread_mutex_unlock(pthread_mutex_t *mutex)
{
	int ret = __real_pthread_mutex_unlock(mutex);

	fake_locks -= is_librarys(mutex);
	if (is_librarys(mutex))
		moment();
	return ret;
}

void *__wrap_realloc(void *old, size_t size)
{
	void *new = __real_realloc(old, size);

	if (old)
		moment();
	return new;
}

bool fake_at_moment(unsigned int n, void (*f)(void))
{
	bool before = called;

	moments_left = n;
	at_moment = f;
	called = false;
	return before;
}

/* ---- system calls ---- */

/* The last reference to the open file is gone: with the lock */
static void release(struct file *f)
{
	if (!f->closed || f->calls)
		return;
	if (f->handle.share != POL_UNCONNECTED) {
		scard_pol_close(&f->slot->pol, &f->handle);
		slot_run_worker(f->slot);
		slot_changed(f->slot);
	}
	fake.open_files--;
	free(f);
}

/* The number in a node; -1: not a node. */
static int node_minor(const char *path)
{
	char text[16] = "";
	int fd, minor = -1;

	if (strncmp(path, FAKE_DIR "/", sizeof(FAKE_DIR)))
		return -1;
	fd = __real_open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (read(fd, text, sizeof(text) - 1) <= 0 || sscanf(text, "%d", &minor) != 1)
		minor = -1;
	__real_close(fd);
	return minor;
}

int __wrap_fstatat(int dir, const char *path, struct stat *st, int flags)
{
	int ret = __real_fstatat(dir, path, st, flags), minor;

	if (ret || !S_ISREG(st->st_mode))
		return ret;
	minor = node_minor(path);
	if (minor >= 0) {
		st->st_mode = S_IFCHR | (st->st_mode & 0777);
		st->st_rdev = makedev(FAKE_MAJOR, minor);
	}
	return 0;
}

long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	if (number != SYS_getdents64 || fake.list != FAKE_NO_READ)
		return __real_syscall(number, a, b, c, d, e, f);
	errno = EPERM;
	return -1;
}

int __wrap_open(const char *path, int flags, ...)
{
	struct slot *s = NULL;
	struct file *f;
	int fd, minor;

	if (fake.list == FAKE_NO_OPEN && !strcmp(path, FAKE_DIR)) {
		errno = EACCES;
		return -1;
	}
	minor = node_minor(path);
	if (minor < 0)
		return __real_open(path, flags);

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
	fake.opens++;
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
		f->closed = !f->duplicates;
		f->duplicates -= !f->closed;
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

	moment();
	pthread_mutex_lock(&fake.lock);
	f = fd >= 0 && fd < MAX_FILES ? fake.files[fd] : NULL;
	if (!f) {
		pthread_mutex_unlock(&fake.lock);
		return __real_ioctl(fd, request, arg);
	}
	fake.ioctls++;
	f->calls++;
	ret = slot_ioctl(f, request, arg);
	f->calls--;
	release(f);
	pthread_mutex_unlock(&fake.lock);
	errno = -ret;
	return ret ? -1 : 0;
}

int __wrap_fcntl(int fd, int command, ...)
{
	struct file *f;
	va_list ap;
	long arg;
	int ret;

	va_start(ap, command);
	arg = va_arg(ap, long);
	va_end(ap);

	pthread_mutex_lock(&fake.lock);
	f = fd >= 0 && fd < MAX_FILES ? fake.files[fd] : NULL;
	if (f && command == F_SETFL) {
		f->nonblock = arg & O_NONBLOCK;
		ret = 0;
	} else {
		ret = __real_fcntl(fd, command, arg);
		if (f && command == F_DUPFD_CLOEXEC && ret >= 0) {
			if (ret >= MAX_FILES)
				abort();
			fake.files[ret] = f;
			f->duplicates++;
		}
	}
	pthread_mutex_unlock(&fake.lock);
	return ret;
}

ssize_t __wrap_getrandom(void *buf, size_t len, unsigned int flags)
{
	if (!fake.no_random)
		return __real_getrandom(buf, len, flags);
	errno = EPERM;
	return -1;
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

static void fork_parent(void)
{
	pthread_mutex_unlock(&fake.lock);
}

/* A condition on which threads of the parent wait may not be used in the child. */
static void fork_child(void)
{
	fake.cond = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
	pthread_mutex_unlock(&fake.lock);
}

/* Before the library registers its own: so it can close our files in the child. */
void fake_init(void)
{
	FILE *devices = fopen(FAKE_DEVICES, "w");

	if (!devices || fprintf(devices, "Character devices:\n  1 mem\n%3d scard\n\n"
				"Block devices:\n  7 loop\n", FAKE_MAJOR) < 0 || fclose(devices))
		abort();
	pthread_atfork(fork_prepare, fork_parent, fork_child);
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

static void make_node(unsigned int minor)
{
	char path[64];
	int fd;

	sprintf(path, FAKE_DIR "/scard%u", minor);
	fd = __real_open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
	if (fd < 0 || dprintf(fd, "%u", minor) < 1)
		abort();
	__real_close(fd);
}

/* Call f for each node of a device; -1: of all. */
static void for_each_node(int minor, void (*f)(const char *path, bool yes), bool yes)
{
	DIR *dir = opendir(FAKE_DIR);
	char path[sizeof(FAKE_DIR) + 256];
	struct dirent *entry;

	while ((entry = readdir(dir))) {
		sprintf(path, FAKE_DIR "/%s", entry->d_name);
		if (entry->d_name[0] != '.' && (minor < 0 || node_minor(path) == minor))
			f(path, yes);
	}
	closedir(dir);
}

static void remove_node(const char *path, bool yes)
{
	if (yes)
		unlink(path);
}

/* What inotify sees of udev's chmod. */
static void change_node(const char *path, bool deny)
{
	chmod(path, deny ? 0600 : 0660);
}

void fake_rename(const char *from, const char *to)
{
	char old[64], new[64];

	snprintf(old, sizeof(old), FAKE_DIR "/%s", from);
	snprintf(new, sizeof(new), FAKE_DIR "/%s", to ? to : "");
	if (to ? rename(old, new) : unlink(old))
		abort();
}

void fake_refuse_list(enum fake_list how)
{
	pthread_mutex_lock(&fake.lock);
	fake.list = how;
	unlock();
}

void fake_plug(const struct fake_reader *r)
{
	struct slot *s = calloc(1, sizeof(*s));

	if (!s)
		abort();
	scard_pol_init(&s->pol, slot_wake);
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
	make_node(r->minor);
	fake_netlink_add(&s->info, slot_state(s), s->card_event);
	unlock();
}

void fake_unplug_begin(unsigned int minor)
{
	struct slot *s = locked_slot(minor);

	scard_pol_gone(&s->pol);
	slot_changed(s);
	unlock();
}

void fake_unplug_end(unsigned int minor)
{
	locked_slot(minor);
	for_each_node(minor, remove_node, !fake.keep_nodes);
	fake_netlink_del(minor);
	unlock();
}

static void set_flag(bool *flag, bool yes)
{
	pthread_mutex_lock(&fake.lock);
	*flag = yes;
	unlock();
}

void fake_keep_nodes(bool yes)
{
	set_flag(&fake.keep_nodes, yes);
}

void fake_unplug(unsigned int minor)
{
	fake_unplug_begin(minor);
	fake_unplug_end(minor);
}

void fake_insert_begin(unsigned int minor)
{
	struct slot *s = locked_slot(minor);

	s->pol.card = POL_CARD_OFF;
	s->atr_known = false;
	s->settling = true;
	s->card_event++;
	slot_changed(s);
	unlock();
}

void fake_insert_end(unsigned int minor, bool mute)
{
	struct slot *s = locked_slot(minor);

	s->pol.card = mute ? POL_CARD_MUTE : POL_CARD_ON;
	s->atr_known = !mute;
	s->settling = false;
	slot_changed(s);
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
	scard_pol_removed(&s->pol);
	slot_run_worker(s);
	slot_changed(s);
	unlock();
}

void fake_settled(unsigned int minor)
{
	struct slot *s = locked_slot(minor);

	s->settling = false;
	slot_changed(s);
	unlock();
}

void fake_deny(unsigned int minor, bool deny)
{
	locked_slot(minor)->denied = deny;
	for_each_node(minor, change_node, deny);
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

void fake_refuse_random(bool yes)
{
	set_flag(&fake.no_random, yes);
}

void fake_no_processes(bool yes)
{
	set_flag(&fake.no_processes, yes);
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

unsigned int fake_opens(void)
{
	unsigned int n;

	pthread_mutex_lock(&fake.lock);
	n = fake.opens;
	fake.opens = 0;
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

	pthread_mutex_lock(&fake.lock);
	for_each_node(-1, remove_node, true);
	fake.list = FAKE_LIST;
	for (minor = 0; minor < MAX_SLOTS; minor++) {
		while ((s = fake.slots[minor])) {
			fake.slots[minor] = s->older;
			free(s);
		}
	}
	fake.interrupts = 0;
	fake.ioctls = 0;
	fake.opens = 0;
	fake_netlink_reset();
	unlock();
}
