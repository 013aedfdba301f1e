// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs all tests of the library over the fake devices, once with each discovery of readers
 * (netlink, device nodes).
 */
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "open_files.h"
#include "test.h"

#define TEST_SECONDS	60

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
bool with_netlink;

void test_pause(void)
{
	const struct timespec ms = { .tv_nsec = 1000000 };

#ifdef __SANITIZE_THREAD__
	/* its nanosleep() stores the stack, see other_forks() */
	syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &ms, NULL);
#else
	nanosleep(&ms, NULL);
#endif
}

double test_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

void plug_reader(bool card)
{
	const struct fake_reader reader = { .name = "Test Reader", .card = card };

	fake_plug(&reader);
}

SCARDCONTEXT establish(void)
{
	SCARDCONTEXT ctx = 0;

	CHECK_EQ(SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &ctx), SCARD_S_SUCCESS);
	return ctx;
}

SCARDHANDLE connect_to(SCARDCONTEXT ctx, const char *reader, DWORD mode)
{
	SCARDHANDLE card = 0;
	DWORD protocol;

	CHECK_EQ(SCardConnect(ctx, reader, mode, SCARD_PROTOCOL_ANY, &card, &protocol),
		 SCARD_S_SUCCESS);
	return card;
}

LONG transmit(SCARDHANDLE card, const void *command, DWORD len, void *response, DWORD *n)
{
	return SCardTransmit(card, SCARD_PCI_T1, command, len, NULL, response, n);
}

LONG send_simple(SCARDHANDLE card)
{
	BYTE response[16];
	DWORD n = sizeof(response);

	return transmit(card, "\x00\xa4\x00\x00", 4, response, &n);
}

/* ---- calls in other threads ---- */

static void *call_thread(void *arg)
{
	struct call *c = arg;
	LONG result = c->f(c);

	pthread_mutex_lock(&lock);
	c->result = result;
	c->done = true;
	pthread_mutex_unlock(&lock);
	return NULL;
}

void start(struct call *c)
{
	c->done = false;
	if (pthread_create(&c->thread, NULL, call_thread, c))
		abort();
}

bool is_done(struct call *c)
{
	bool done;

	pthread_mutex_lock(&lock);
	done = c->done;
	pthread_mutex_unlock(&lock);
	return done;
}

LONG finish(struct call *c)
{
	pthread_join(c->thread, NULL);
	return c->result;
}

LONG call_begin(struct call *c)
{
	return SCardBeginTransaction(c->card);
}

LONG call_status(struct call *c)
{
	return SCardStatus(c->card, NULL, NULL, NULL, NULL, NULL, NULL);
}

LONG call_transmit(struct call *c)
{
	return send_simple(c->card);
}

LONG call_connect(struct call *c)
{
	DWORD protocol;

	return SCardConnect(c->ctx, READER, c->arg, SCARD_PROTOCOL_ANY, &c->card, &protocol);
}

LONG call_reconnect(struct call *c)
{
	DWORD protocol;

	return SCardReconnect(c->card, c->arg, SCARD_PROTOCOL_ANY, SCARD_LEAVE_CARD, &protocol);
}

LONG call_disconnect(struct call *c)
{
	return SCardDisconnect(c->card, c->arg);
}

LONG call_change(struct call *c)
{
	return SCardGetStatusChange(c->ctx, INFINITE, c->state, c->arg);
}

/* ---- running ---- */

#ifdef __SANITIZE_THREAD__
/* A forked child never had the parent's other threads, and waits for the end of the parent. */
const char *__tsan_default_options(void);

const char *__tsan_default_options(void)
{
	return "report_thread_leaks=0:atexit_sleep_ms=0";
}
#endif

static void run(const struct test *tests, const char *discovery)
{
	for (; tests->name; tests++) {
		unsigned int before = open_files();

		tap_test("%s (%s)", tests->name, discovery);
		alarm(TEST_SECONDS);
		tests->run();
		alarm(0);
		/* nothing is left behind when the last context is released */
		CHECK_EQ(fake_open_files(), 0);
		CHECK_EQ(open_files(), before);
		fake_reset();
		tap_test_end();
	}
}

int main(int argc, char **argv)
{
	static const struct test *const all[] = {
		argument_tests, card_tests, status_tests, life_tests, spare_tests,
		no_blocking_tests, moment_tests, foreign_tests, process_tests,
		node_tests, daemon_tests,
	};
	char dir[] = "/tmp/scard-lib-test.XXXXXX";
	unsigned int i, netlink;

	moments_init();
	if (argc > 1)
		return first_moment(strtoul(argv[1], NULL, 10));
	if (!mkdtemp(dir) || chdir(dir) || mkdir(FAKE_DIR, 0700) || mkdir(FAKE_CLASS, 0700)) {
		perror(dir);
		return 2;
	}
	fake_init();
	for (netlink = 0; netlink < 2; netlink++) {
		with_netlink = netlink;
		fake_use_netlink(netlink);
		for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
			run(all[i], netlink ? "netlink" : "nodes");
	}
	rmdir(FAKE_DIR);
	rmdir(FAKE_CLASS);
	unlink(FAKE_DEVICES);
	if (chdir("/") || rmdir(dir))
		perror(dir);
	return tap_end();
}
