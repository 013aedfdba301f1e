// SPDX-License-Identifier: GPL-2.0-or-later
/* See client.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/scard.h>
#include <linux/usbdevice_fs.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bytes.h"
#include "calls.h"
#include "client.h"
#include "cover.h"
#include "dir.h"
#include "usb.h"

#define DRIVER		"/sys/bus/usb/drivers/scard/"
#define DEBUGFS		"/sys/kernel/debug/scard/"
#define VERIFY_PIN	0x42330006
#define MODIFY_PIN	0x42330007

static char device[256];	/* its directory */
static int orders;
static int fds[FDS];
static unsigned int forked;

static int open_slot(unsigned int i, const uint8_t *v)
{
	static const int modes[] = { O_RDWR, O_RDWR, O_RDWR, O_RDONLY };
	char path[320];

	if (fds[i] >= 0)
		close(fds[i]);
	fds[i] = -1;
	if (dir_node(device, v[0] < 128 ? 0 : v[0], path, sizeof(path)))
		fds[i] = open(path, modes[v[1] % 4] | O_CLOEXEC);
	return fds[i];
}

/* An APDU of a correct form: cases 1 to 4, short or extended, Lc and Le of some lengths */
static int apdu(int fd, const uint8_t *v)
{
	static const uint32_t lengths[] = { 1, 5, 16, 200, 251, 254, 255, 256, 600, 4000, 65535 };
	static uint8_t send[66000], recv[66000];
	struct scard_transmit arg = {
		.send = (uintptr_t)send,
		.recv = (uintptr_t)recv,
		.recv_len = v[4] < 120 ? sizeof(recv) : v[4],
	};
	uint32_t lc = v[0] & 1 ? lengths[v[1] % ARRAY_SIZE(lengths)] : 0;
	uint32_t le = v[0] & 2 ? lengths[v[2] % ARRAY_SIZE(lengths)] : 0, n = 4;
	bool extended = lc > 255 || le > 256 || v[0] & 4;

	send[1] = (uint8_t)(v[3] % 2 ? 0xb0 : 0xa4);
	if (extended && (lc || le))
		send[n++] = 0;
	if (lc && extended)
		send[n++] = (uint8_t)(lc >> 8);
	if (lc)
		send[n++] = (uint8_t)lc;
	memset(send + n, v[3], lc);
	n += lc;
	if (le && extended)
		send[n++] = (uint8_t)(le >> 8);
	if (le)
		send[n++] = (uint8_t)le;
	arg.send_len = n;
	return ioctl(fd, SCARD_IOC_TRANSMIT, &arg);
}

/* PIN entry with a structure that is good but for one byte */
static int pin(int fd, const uint8_t *v)
{
	uint8_t in[64] = { 10, 10, 0x82, 0x08, 0x00 }, out[258];
	bool modify = v[0] % 2;
	unsigned int head = modify ? 24 : 19, len = 5 + v[1] % 16;
	struct scard_control arg = {
		.in = (uintptr_t)in,
		.out = (uintptr_t)out,
		.in_len = head + len,
		.out_len = sizeof(out),
		.code = modify ? MODIFY_PIN : VERIFY_PIN,
	};
	/* a feature has the same code in the driver of every reader */
	uint8_t *at = in + (modify ? 7 : 5);

	put_le16(at, 0x0408);
	at += modify ? 3 : 2;
	at[0] = 2;			/* validation */
	at[1] = (uint8_t)(v[2] % 4);	/* messages */
	put_le16(at + 2, 0x0409);
	put_le32(in + head - 4, len);
	in[head + 1] = modify ? 0x24 : 0x20;
	in[head + 4] = (uint8_t)(len - 5);
	if (v[3] >= 64)
		in[v[3] % (head + len)] = v[4];
	return ioctl(fd, SCARD_IOC_CONTROL, &arg);
}

static int order(const struct fuzz_call *call)
{
	int ret = write(orders, call, sizeof(*call)) == (ssize_t)sizeof(*call) ? 0 : -1;

	/* the device has seen it */
	usleep(1000);
	return ret;
}

static int set(const char *attribute, const char *value)
{
	char path[320];

	snprintf(path, sizeof(path), "%s/%s", device, attribute);
	return file_set(path, value);
}

/* Let an idle device sleep at once, or wake it up. */
static int sleep_device(const uint8_t *v)
{
	set("power/autosuspend_delay_ms", "0");
	return set("power/control", v[0] % 3 ? "auto" : "on");
}

static int unbind(const uint8_t *v)
{
	char name[64];
	int ret;

	snprintf(name, sizeof(name), "%s:1.0", strrchr(device, '/') + 1);
	ret = file_set(DRIVER "unbind", name);
	return v[0] % 8 ? file_set(DRIVER "bind", name) : ret;
}

static int reset(void)
{
	char path[64];
	int fd, ret = -1;

	snprintf(path, sizeof(path), "/dev/bus/usb/%03d/%03d", dir_number(device, "busnum"),
		 dir_number(device, "devnum"));
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd >= 0) {
		ret = ioctl(fd, USBDEVFS_RESET);
		close(fd);
	}
	return ret;
}

static void read_file(const char *dir, const char *name, void *data)
{
	char path[600], text[4096];
	int fd;

	(void)data;
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return;
	while (read(fd, text, sizeof(text)) > 0)
		;
	close(fd);
}

/* Read what the driver shows of a slot. */
static int look(const uint8_t *v)
{
	char path[320], dir[400];

	if (!dir_node(device, v[0], path, sizeof(path)))
		return -1;
	snprintf(dir, sizeof(dir), "/sys/class/scard/%s", path + strlen("/dev/"));
	dir_each(dir, read_file, NULL);
	read_file(DEBUGFS, path + strlen("/dev/"), NULL);
	return 0;
}

static int do_call(const struct fuzz_call *call)
{
	unsigned int i = call->fd % FDS;
	const uint8_t *v = call->v;
	int fd = fds[i];
	struct pollfd p = { .fd = fd, .events = POLLPRI | POLLIN };

	switch (call->op) {
	case OP_OPEN:
		return open_slot(i, v);
	case OP_CLOSE:
		fds[i] = -1;
		return close(fd);
	case OP_NONBLOCK:
		return fcntl(fd, F_SETFL, v[0] % 2 ? O_NONBLOCK : 0);
	case OP_APDU:
		return apdu(fd, v);
	case OP_PIN:
		return pin(fd, v);
	case OP_POLL:
		return poll(&p, 1, v[0] % 32);
	case OP_DIE:
		return raise(SIGKILL);
	case OP_PAUSE:
		pause_ms(v[0] % 32);
		return 0;
	case OP_NOTIFY:
	case OP_CARD:
	case OP_SPEAK:
	case OP_UNPLUG:
		return order(call);
	case OP_SLEEP:
		return sleep_device(v);
	case OP_UNBIND:
		return unbind(v);
	case OP_RESET:
		return reset();
	case OP_LOOK:
		return look(v);
	default:
		return calls_card(fd, call);
	}
}

static void run(const struct fuzz_case *c, unsigned int first, unsigned int end);

/* Processes of a client, which have its memory: none uses malloc(). */
static struct part {
	const struct fuzz_case *c;
	unsigned int area, first, end;
	long stack[8192];
} parts[CALLS];

static int run_part(void *arg)
{
	const struct part *part = arg;

	cover_enable(part->area);
	run(part->c, part->first, part->end);
	return 0;
}

/*
 * The next calls run in another process, which may be killed. CLONE_VM, since UML 6.12 does not
 * survive the death of a process in fork(), where tlb_flush() meets a mm that is
 * half done.
 */
static void fork_client(const struct fuzz_case *c, unsigned int first, unsigned int end,
			const uint8_t *v)
{
	struct part *part = &parts[forked++ % CALLS];
	pid_t pid;

	part->c = c;
	part->first = first;
	part->end = end;
	part->area = AREA_FORKED + forked % (AREAS - AREA_FORKED);
	pid = clone(run_part, part->stack + ARRAY_SIZE(part->stack), CLONE_VM | SIGCHLD, part);
	if (pid < 0 || v[1] % 2)
		return;
	pause_ms(v[2] % 32);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void run(const struct fuzz_case *c, unsigned int first, unsigned int end)
{
	unsigned int i;

	for (i = first; i < end; i++) {
		struct fuzz_call call = c->call[i];
		int ret;

		call.op %= OPS;
		if (call.op == OP_FORK) {
			unsigned int until = i + 2 + call.v[0] % 3;

			if (until > end)
				until = end;
			fork_client(c, i + 1, until, call.v);
			i = until - 1;
			continue;
		}
		ret = do_call(&call);
		if (ret < 0)
			shared->bad[call.op]++;
		else
			shared->good[call.op]++;
		if (shared->tell)
			printf("# %d %s fd %u: %d%s%s\n", (int)getpid(), fuzz_op_name(call.op),
			       call.fd % FDS, ret, ret < 0 ? " " : "",
			       ret < 0 ? strerror(errno) : "");
	}
}

void client_run(const struct fuzz_case *c, const char *dir, int pipe)
{
	unsigned int i;

	snprintf(device, sizeof(device), "%s", dir);
	orders = pipe;
	for (i = 0; i < FDS; i++)
		fds[i] = -1;
	cover_enable(AREA_CLIENT);
	run(c, 0, c->count);
	_exit(0);
}

void client_check(const char *dir)
{
	struct scard_connect arg = { .share_mode = SCARD_MODE_SHARED, .protocols = 3 };
	static const uint8_t select[] = { 0x00, 0xa4, 0x00, 0x0c, 0x02, 0x2f, 0x00 };
	uint8_t recv[258] = { 0 };
	struct scard_transmit apdu = {
		.send = (uintptr_t)select,
		.send_len = sizeof(select),
		.recv = (uintptr_t)recv,
		.recv_len = sizeof(recv),
	};
	char path[320];
	int fd;

	if (!dir_node(dir, 0, path, sizeof(path)))
		_exit(ENOENT);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, SCARD_IOC_CONNECT, &arg) || ioctl(fd, SCARD_IOC_TRANSMIT, &apdu))
		_exit(errno);
	_exit(apdu.recv_len == 2 && recv[0] == 0x90 && !recv[1] ? 0 : EPROTO);
}
