// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * See exec.h. A case is run by one thread; some calls have the calls after them run by another
 * thread or process meanwhile.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/scard.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "calls.h"
#include "case.h"
#include "cover.h"
#include "exec.h"
#include "random.h"
#include "server.h"
#include "usb.h"
#include "user.h"
#include "vr.h"

#define THREADS		3
#define JOIN_MS		100
#define NOBODY		65534
#define MINORS		32	/* nodes among which the USB reader is looked for */

static const struct fuzz_case *now;
static bool telling;
static atomic_int fds[FDS];

static struct part {
	pthread_t thread;
	unsigned int first, end;
} parts[THREADS];

static atomic_uint nparts;
static __thread unsigned int fail_next;	/* what the next call shall not get */

static bool on_usb(void)
{
	return now->head[0] >= HEAD_USB && shared->usb;
}

static int open_minor(unsigned int minor, int flags)
{
	char path[32];

	snprintf(path, sizeof(path), "/dev/scard%u", minor);
	return open(path, flags | O_CLOEXEC);
}

static bool is_usb(unsigned int minor)
{
	int fd = open_minor(minor, O_RDONLY), ret;
	struct scard_info info;

	if (fd < 0)
		return false;
	ret = ioctl(fd, SCARD_IOC_GET_INFO, &info);
	close(fd);
	return !ret && info.transport == SCARD_TRANSPORT_USB;
}

int exec_usb_minor(void)
{
	unsigned int minor;

	if (is_usb(shared->usb_minor))
		return (int)shared->usb_minor;
	for (minor = 0; minor < MINORS; minor++)
		if (is_usb(minor)) {
			shared->usb_minor = minor;
			return (int)minor;
		}
	return -1;
}

static void put_fd(unsigned int i, int fd)
{
	int was = atomic_exchange(&fds[i], fd);

	if (was >= 0)
		close(was);
}

static int open_card(unsigned int i, const uint8_t *v)
{
	static const int flags[] = {
		O_RDWR, O_RDWR, O_RDWR, O_RDWR | O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY,
		O_RDONLY | O_NONBLOCK,
	};
	int minor = on_usb() ? exec_usb_minor() : (int)shared->minor[v[1] % 8 == 7];
	int fd = minor < 0 ? -1 : open_minor((unsigned int)minor, flags[v[0] % 8]);

	put_fd(i, fd);
	return fd;
}

static int poll_fd(int fd, const uint8_t *v)
{
	struct pollfd p = {
		.fd = fd,
		.events = v[1] < 192 ? POLLPRI | POLLIN : v[1],
	};

	return poll(&p, 1, v[0] % 32);
}

/* The calls [first, end), and what a signal handler does: nothing */
static void run(unsigned int first, unsigned int end);

static void on_signal(int number)
{
	(void)number;
}

static void *thread_run(void *arg)
{
	const struct part *part = arg;

	cover_enable(1 + shared->tasks++);
	run(part->first, part->end);
	return NULL;
}

static int start_thread(unsigned int first, unsigned int end)
{
	unsigned int i = nparts++;

	if (i >= THREADS)
		return -1;
	parts[i].first = first;
	parts[i].end = end;
	if (pthread_create(&parts[i].thread, NULL, thread_run, &parts[i])) {
		parts[i].end = 0;
		return -1;
	}
	return 0;
}

/* Wait a while for a process of this case, then kill it or leave it alone. */
static void end_process(pid_t pid, const uint8_t *v)
{
	unsigned int ms = v[1] % 3 ? v[3] % 40 : 100;

	while (ms-- && !waitpid(pid, NULL, WNOHANG))
		pause_ms(1);
	if (v[1] % 3 < 2) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
}

static int start_process(unsigned int first, unsigned int end, const struct fuzz_call *call)
{
	bool freeze = call->op == OP_FREEZE && shared->cgroup;
	pid_t pid = fork();

	if (pid < 0)
		return -1;
	if (!pid) {
		cover_enable(1 + shared->tasks++);
		if (freeze)
			file_set(FREEZER_GROUP "/cgroup.procs", "0");
		nparts = 0;
		run(first, end);
		_exit(0);
	}
	if (freeze) {
		pause_ms(call->v[4] % 24);
		file_set(FREEZER_GROUP "/cgroup.freeze", "1");
		pause_ms(call->v[5] % 8);
		if (call->v[2] % 2)
			file_set(FREEZER_GROUP "/cgroup.freeze", "0");
	}
	end_process(pid, call->v);
	return 0;
}

/* A signal in a while; with SA_RESTART or not */
static int signal_later(const uint8_t *v)
{
	struct sigevent event = {
		.sigev_notify = SIGEV_SIGNAL,
		.sigev_signo = v[0] % 2 ? SIGUSR1 : SIGUSR2,
	};
	struct itimerspec when = { .it_value.tv_nsec = 1000000L * (1 + v[1] % 60) };
	timer_t timer;

	return timer_create(CLOCK_MONOTONIC, &event, &timer) ?:
	       timer_settime(timer, 0, &when, NULL);
}

static int change_card(const uint8_t *v)
{
	static const uint8_t orders[] = { ORDER_REMOVE, ORDER_INSERT, ORDER_ATTR, ORDER_REMOVE };
	static const char * const words[] = {
		"remove 0", "insert 0 " VR_CARD, "swap 0 " VR_CARD, "insert 0 mute",
		"fault clear", "notify 5003", "remove 0", "insert 0 " VR_CARD,
	};

	if (on_usb())
		return vr_try("%s", words[v[0] % 8]) ? -1 : 0;
	server_order(orders[v[0] % 4] | (v[1] % 8 == 7));
	return 0;
}

/* The reader, or its driver */
static int change_reader(const uint8_t *v)
{
	if (!on_usb()) {
		server_order(ORDER_PLUG | v[0] % 8);
		return 0;
	}
	/* seldom, as a new reader takes long */
	if (v[1] >= 64)
		return vr_try("notify 5002") ? -1 : 0;
	return vr_try("unplug") | vr_try("replug") ? -1 : 0;
}

/* As another user from now on, or for a while */
static int change_uid(const uint8_t *v)
{
	/* libc would change all threads */
	return (int)syscall(SYS_setresuid, -1, v[0] % 2 ? NOBODY : 0, v[0] % 8 == 7 ? NOBODY : -1);
}

static int write_nth(int fd, unsigned int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", nth);

	return pwrite(fd, text, (size_t)len, 0) == len ? 0 : -1;
}

static int do_call(const struct fuzz_call *call)
{
	unsigned int i = call->fd % FDS;
	const uint8_t *v = call->v;
	int fd = fds[i];

	switch (call->op) {
	case OP_OPEN:
		return open_card(i, v);
	case OP_DUP:
		fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		put_fd(v[0] % FDS, fd);
		return fd;
	case OP_CLOSE:
		put_fd(i, -1);
		return fd < 0 ? -1 : 0;
	case OP_NONBLOCK:
		return fcntl(fd, F_SETFL, v[0] % 2 ? O_NONBLOCK : 0);
	case OP_POLL:
		return poll_fd(fd, v);
	case OP_READ:
		return read(fd, calls_buffer(v[0]), calls_length(v[1], v[2]) % 70000) < 0 ? -1 : 0;
	case OP_WRITE:
		return write(fd, calls_buffer(v[0]), calls_length(v[1], v[2]) % 70000) < 0 ? -1 : 0;
	case OP_SIGNAL:
		return signal_later(v);
	case OP_PAUSE:
		pause_ms(v[0] % 24);
		return 0;
	case OP_MODE:
		shared->mode = v[0] % MODES;
		shared->value = v[2] | v[3] << 8;
		shared->left = 1 + v[1] % 4;
		return 0;
	case OP_CARD:
		return change_card(v);
	case OP_PLUG:
		return change_reader(v);
	case OP_FAIL:
		fail_next = v[0] < 192 ? 1 + v[0] % 12 : 1 + v[0] % 64 * 4;
		return 0;
	case OP_UID:
		return change_uid(v);
	case OP_USER_OPEN:
		fd = user_open(call);
		put_fd(i, fd);
		return fd;
	case OP_USER_NODE:
		fd = user_node(call);
		put_fd(i, fd);
		return fd;
	case OP_USER_CREATE:
	case OP_USER_TAKE:
	case OP_USER_SAY:
	case OP_USER_SERVE:
		return user_call(fd, call);
	default:
		return calls_card(fd, call);
	}
}

/* The call, with a fault if one was asked for; USB/IP does not survive faults. */
static int do_call_failing(const struct fuzz_call *call)
{
	unsigned int nth = fail_next;
	int fd, ret, error;

	fail_next = 0;
	if (!nth || on_usb() || !shared->fail)
		return do_call(call);
	fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (fd >= 0)
		write_nth(fd, nth);
	ret = do_call(call);
	error = errno;
	/* what has not failed yet may be this write */
	while (fd >= 0 && write_nth(fd, 0) && errno != EBADF)
		;
	if (fd >= 0)
		close(fd);
	errno = error;
	return ret;
}

static void count(const struct fuzz_call *call, int ret)
{
	int error = errno;

	if (ret < 0)
		shared->bad[call->op]++;
	else
		shared->good[call->op]++;
	if (telling)
		printf("# %d %s fd %u: %d%s%s\n", (int)gettid(), fuzz_op_name(call->op),
		       call->fd % FDS, ret, ret < 0 ? " " : "", ret < 0 ? strerror(error) : "");
}

static void run(unsigned int first, unsigned int end)
{
	unsigned int i;

	for (i = first; i < end; i++) {
		struct fuzz_call call = now->call[i];
		unsigned int until = i + 2 + call.v[0] % 3;
		int ret;

		call.op %= OPS;
		if (until > end)
			until = end;
		if (call.op == OP_THREAD) {
			ret = start_thread(i + 1, until);
			i = until - 1;
		} else if (call.op == OP_FORK || call.op == OP_FREEZE) {
			ret = start_process(i + 1, until, &call);
			i = until - 1;
		} else {
			ret = do_call_failing(&call);
		}
		count(&call, ret);
	}
}

/* Signals end what waits: by head[1] often, seldom, not at all, or with a restart */
static void start_signals(void)
{
	static const unsigned int periods[] = { 20, 40, 40, 80, 80, 80, 40, 0 };
	unsigned int ms = periods[now->head[1] % 8] * (1 + shared->scale) / 2;
	struct itimerval every = {
		.it_interval.tv_usec = 1000 * (suseconds_t)ms,
		.it_value.tv_usec = 1000 * (suseconds_t)ms,
	};
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGUSR1, &action, NULL);
	if (now->head[1] % 16 != 14)
		sigaction(SIGALRM, &action, NULL);
	action.sa_flags = SA_RESTART;
	sigaction(SIGUSR2, &action, NULL);
	if (now->head[1] % 16 == 14)
		sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
}

static uint64_t hash(const struct fuzz_case *c)
{
	const uint8_t *bytes = (const uint8_t *)c;
	uint64_t sum = 1469598103934665603ULL;
	size_t i;

	for (i = 0; i < sizeof(*c); i++)
		sum = (sum ^ bytes[i]) * 1099511628211ULL;
	return sum;
}

void exec_case(const struct fuzz_case *c, bool tell)
{
	struct timespec until;
	unsigned int i;

	now = c;
	telling = tell;
	for (i = 0; i < FDS; i++)
		fds[i] = -1;
	random_seed(hash(c));
	/* the server errs from the beginning in some cases */
	shared->mode = c->head[2] % MODES;
	shared->value = c->head[2];
	shared->left = c->head[2] < 64 ? 1 + c->head[2] / MODES : 0;
	start_signals();
	cover_enable(1 + shared->tasks++);
	run(0, c->count);
	for (i = 0; i < nparts && i < THREADS; i++) {
		if (!parts[i].end)
			continue;
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += JOIN_MS * 1000000L;
		until.tv_sec += until.tv_nsec / 1000000000L;
		until.tv_nsec %= 1000000000L;
		pthread_timedjoin_np(parts[i].thread, NULL, &until);
	}
	if (tell)
		fflush(stdout);
	_exit(0);
}
