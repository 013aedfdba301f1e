// SPDX-License-Identifier: GPL-2.0-or-later
/* See agent.h. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"
#include "agent_lib.h"
#include "sc.h"

#define PATIENCE_MS	10000

struct order {
	enum agent_op op;
	uint32_t value;
	char text[64];
};

static int card = -1;		/* in the agent: the descriptor */
static int second = -1;		/* and its duplicate */

static void __attribute__((noreturn)) die(const char *what)
{
	printf("# agent: %s: %s\n", what, strerror(errno));
	fflush(stdout);
	_exit(1);
}

static void *exit_thread(void *arg)
{
	(void)arg;
	_exit(0);
}

static void __attribute__((noreturn)) become_another_program(void)
{
	execl("/bin/sleep", "sleep", "60", (char *)NULL);
	_exit(127);
}

static int make_child(bool exec)
{
	pid_t pid = fork();

	if (pid)
		return pid < 0 ? -errno : pid;
	/* it dies when the test's process tells it to, or with it (the reaper) */
	if (exec)
		become_another_program();
	for (;;)
		pause();
}

static int send_fd(int sock, int fd)
{
	char data = 'f', control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { .iov_base = &data, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	return sendmsg(sock, &msg, 0) < 0 ? -errno : 0;
}

/* Bytes to the card as they are: no protocol need be active. */
static int apdu_raw(int fd, const char *hex)
{
	uint8_t command[32], answer[258];
	struct scard_transmit arg = {
		.send = (uintptr_t)command, .recv = (uintptr_t)answer,
		.recv_len = sizeof(answer), .protocol = SCARD_PROTO_RAW,
	};
	unsigned int byte;

	for (; sscanf(hex, "%2x", &byte) == 1; hex += 2)
		command[arg.send_len++] = (uint8_t)byte;
	return ioctl(fd, SCARD_IOC_TRANSMIT, &arg) ? -errno : 0;
}

/* Use the card in every way, until that fails with something that is no answer of a card. */
static int hammer(int fd)
{
	static const uint32_t dispositions[] = {
		SCARD_DISP_LEAVE, SCARD_DISP_RESET, SCARD_DISP_UNPOWER, SCARD_DISP_LEAVE,
	};
	unsigned int i;

	for (i = 0; ; i++) {
		int ret = sc_connect(fd, SCARD_MODE_SHARED, SC_ANY);
		long count;

		if (ret == -ENODEV)
			return ret;
		ret = sc_begin(fd);
		count = sc_count(fd);
		if (!ret)
			ret = sc_end(fd, dispositions[i / 4 % 4]);
		sc_disconnect(fd, dispositions[i % 4]);
		if (ret == -ENODEV || count == -ENODEV)
			return -ENODEV;
	}
}

static void agent_main(int sock) __attribute__((noreturn));

/* A child that is an agent too, whose socket goes to the test. */
static int make_agent(int sock)
{
	int pair[2], error;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	pid = fork();
	if (!pid) {
		close(sock);
		close(pair[0]);
		agent_main(pair[1]);
	}
	close(pair[1]);
	error = pid < 0 ? -errno : send_fd(sock, pair[0]);
	close(pair[0]);
	return error ? error : pid;
}

static int carry_out(const struct order *order, int sock)
{
	pthread_t thread;
	long count;

	switch (order->op) {
	case AGENT_OPEN:
		card = order->value ? sc_open_slot(order->value) : sc_open(O_RDWR);
		return card < 0 ? card : 0;
	case AGENT_CONNECT:
		return sc_connect(card, order->value,
				  order->value == SCARD_MODE_DIRECT ? 0 : SC_ANY);
	case AGENT_CONNECT_PROCESS:
		return sc_connect_flags(card, order->value,
					order->value == SCARD_MODE_DIRECT ? 0 : SC_ANY,
					SCARD_CONNECT_PROCESS);
	case AGENT_RECONNECT:
		return sc_reconnect(card, SCARD_MODE_SHARED, SC_ANY, order->value);
	case AGENT_RECONNECT_EXCLUSIVE:
		return sc_reconnect(card, SCARD_MODE_EXCLUSIVE, SC_ANY, order->value);
	case AGENT_DISCONNECT:
		return sc_disconnect(card, order->value);
	case AGENT_BEGIN:
		return sc_begin(card);
	case AGENT_END:
		return sc_end(card, order->value);
	case AGENT_STATUS:
		return sc_status(card);
	case AGENT_COUNT:
		count = sc_count(card);
		return count < 0 ? (int)count : 0;
	case AGENT_HAMMER:
		return hammer(card);
	case AGENT_APDU:
		return sc_apdu(card, order->text);
	case AGENT_APDU_RAW:
		return apdu_raw(card, order->text);
	case AGENT_DUP:
		second = dup(card);
		return second < 0 ? -errno : 0;
	case AGENT_CLOSE_ONE:
		return close(second) ? -errno : 0;
	case AGENT_CLOSE:
		return close(card) ? -errno : 0;
	case AGENT_FORK:
		return make_child(false);
	case AGENT_FORK_EXEC:
		return make_child(true);
	case AGENT_FORK_AGENT:
		return make_agent(sock);
	case AGENT_DAEMON:
		return daemon(1, 1) ? -errno : getpid();
	case AGENT_SEND_FD:
		return send_fd(sock, card);
	case AGENT_EXIT:
		exit(0);
	case AGENT_THREAD_EXIT:
		if (!pthread_create(&thread, NULL, exit_thread, NULL))
			pause();
		_exit(1);
	case AGENT_ABORT:
		abort();
	case AGENT_EXEC:
		become_another_program();
	case AGENT_LIB_CONNECT:
		return agent_lib_connect(order->value);
	case AGENT_LIB_BEGIN:
		return agent_lib_begin();
	case AGENT_LIB_END:
		return agent_lib_end(order->value);
	case AGENT_LIB_APDU:
		return agent_lib_apdu(order->text);
	case AGENT_LIB_RELEASE:
		return agent_lib_release();
	}
	return -EOPNOTSUPP;
}

static void agent_main(int sock)
{
	struct rlimit no_core = { 0, 0 };
	struct order order;

	setrlimit(RLIMIT_CORE, &no_core);
	signal(SIGALRM, SIG_DFL);
	while (read(sock, &order, sizeof(order)) == sizeof(order)) {
		int result = carry_out(&order, sock);

		if (write(sock, &result, sizeof(result)) != sizeof(result))
			break;
	}
	_exit(0);
}

void agent_start(struct agent *agent)
{
	int pair[2];
	pid_t pid;

	fflush(stdout);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		die("socketpair");
	/* *agent may be memory that the child shares: only the parent writes to it */
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		close(pair[0]);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		agent_main(pair[1]);
	}
	close(pair[1]);
	agent->pid = pid;
	agent->sock = pair[0];
}

void agent_fork(struct agent *parent, struct agent *child)
{
	agent_begin(parent, AGENT_FORK_AGENT, 0);
	child->sock = agent_take_fd(parent);
	child->pid = agent_result(parent, PATIENCE_MS);
	if (child->sock < 0 || child->pid <= 0)
		die("fork of the agent");
}

static void begin(struct agent *agent, enum agent_op op, uint32_t value, const char *text)
{
	struct order order = { .op = op, .value = value };

	snprintf(order.text, sizeof(order.text), "%s", text);
	if (write(agent->sock, &order, sizeof(order)) != sizeof(order))
		die("write");
}

void agent_begin(struct agent *agent, enum agent_op op, uint32_t value)
{
	begin(agent, op, value, "");
}

void agent_begin_apdu(struct agent *agent, enum agent_op op, const char *hex)
{
	begin(agent, op, 0, hex);
}

int agent_result(struct agent *agent, int ms)
{
	struct pollfd pfd = { .fd = agent->sock, .events = POLLIN };
	int result;

	if (poll(&pfd, 1, ms) != 1)
		return AGENT_RUNNING;
	if (read(agent->sock, &result, sizeof(result)) != sizeof(result))
		return -EPIPE;
	return result;
}

int agent_do(struct agent *agent, enum agent_op op, uint32_t value)
{
	int result;

	agent_begin(agent, op, value);
	result = agent_result(agent, PATIENCE_MS);
	if (result == AGENT_RUNNING) {
		errno = ETIMEDOUT;
		die("a call that should return at once");
	}
	return result;
}

int agent_apdu(struct agent *agent, const char *hex)
{
	agent_begin_apdu(agent, AGENT_APDU, hex);
	return agent_result(agent, PATIENCE_MS);
}

static FILE *open_proc(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return fopen(path, "r");
}

/* On a kernel that does not tell the call */
static long sleeping_in_any(pid_t pid)
{
	FILE *file = open_proc(pid, "stat");
	char state = 'R';

	if (!file)
		return -1;
	/* no name of a test's program has parentheses */
	if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		state = 'R';
	fclose(file);
	return state == 'S' || state == 'D' ? SYS_ioctl : -1;
}

long agent_sleeping_in(pid_t pid)
{
	FILE *file = open_proc(pid, "syscall");
	long number = -1;

	if (!file)
		return sleeping_in_any(pid);
	if (fscanf(file, "%ld", &number) != 1)
		number = -1;
	fclose(file);
	return number;
}

bool agent_runs(pid_t pid, const char *program)
{
	FILE *file = open_proc(pid, "comm");
	char name[32] = "";

	if (!file)
		return false;
	if (!fgets(name, sizeof(name), file))
		name[0] = '\0';
	fclose(file);
	name[strcspn(name, "\n")] = '\0';
	return !strcmp(name, program);
}

bool agent_is_blocked(struct agent *agent)
{
	struct timespec pause = { .tv_nsec = 1000000 };
	int i, calm = 0;

	/* twice in a row: a call that is about to return may sleep for a moment */
	for (i = 0; i < 2000 && calm < 3; i++) {
		calm = agent_sleeping_in(agent->pid) == SYS_ioctl ? calm + 1 : 0;
		if (agent_result(agent, 0) != AGENT_RUNNING)
			return false;
		nanosleep(&pause, NULL);
	}
	return calm >= 3;
}

bool agent_blocks(struct agent *agent, enum agent_op op, uint32_t value)
{
	agent_begin(agent, op, value);
	return agent_is_blocked(agent);
}

int agent_take_fd(struct agent *agent)
{
	char data, control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { .iov_base = &data, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg;
	int fd;

	if (recvmsg(agent->sock, &msg, MSG_CMSG_CLOEXEC) != 1)
		return -errno;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (!cmsg || cmsg->cmsg_type != SCM_RIGHTS)
		return -EBADMSG;
	memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
	return fd;
}

void agent_kill(struct agent *agent, int sig)
{
	kill(agent->pid, sig);
}

bool agent_ended(struct agent *agent)
{
	struct timespec pause = { .tv_nsec = 1000000 };
	int i;

	for (i = 0; i < PATIENCE_MS; i++) {
		if (waitpid(agent->pid, NULL, WNOHANG) == agent->pid) {
			close(agent->sock);
			agent->pid = 0;
			return true;
		}
		nanosleep(&pause, NULL);
	}
	agent_stop(agent);
	return false;
}

void agent_stop(struct agent *agent)
{
	if (agent->pid <= 0)
		return;
	kill(agent->pid, SIGKILL);
	waitpid(agent->pid, NULL, 0);
	close(agent->sock);
	agent->pid = 0;
}
