// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * In the guest: replays rows of a table of real readers through vreader, each as a reader of its
 * own, and uses it with scard: bind, name, power, APDUs, reset by disconnecting, unplug. One TAP
 * line a row. usage: check_readers FILE FIRST LAST
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/scard.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "../tap.h"
#include "vrctl.h"

/*
 * So many readers are plugged in ahead of the one that is used: most of an enumeration is waiting.
 */
#define AHEAD 6
#define DEADLINE_MS 15000

#define SELECT_2F00 "00A4000C022F00"
#define READ_4 "00B0000004"
#define COUNT "80E2000004"
#define VERIFY "002000010431323334"
#define VERIFY_STATE "00200001"
#define LONG_DATA 300

struct row {
	int number;
	struct vrctl vr;
	unsigned int vid, pid, interface, protocol, endpoints;
	unsigned int features, protocols;
	char node[64];
	char what[512];		/* why it failed; empty while it has not */
	bool up;
};

static const char *table;
static struct row rows[AHEAD + 1];

static long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

static bool failed(struct row *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Always false, to be returned. */
static bool failed(struct row *r, const char *fmt, ...)
{
	va_list ap;

	if (r->what[0])
		return false;
	va_start(ap, fmt);
	vsnprintf(r->what, sizeof(r->what), fmt, ap);
	va_end(ap);
	return false;
}

static unsigned int le32(const char *hex, int offset)
{
	unsigned int v = 0, byte;

	for (int i = 3; i >= 0; i--) {
		if (sscanf(hex + 2 * (offset + i), "%2x", &byte) != 1)
			return 0;
		v = v << 8 | byte;
	}
	return v;
}

/* What the row says, as far as the test expects to see it again. */
static bool read_row(struct row *r)
{
	char *line = NULL, *p, *col[14] = { NULL };
	size_t size = 0;
	bool ok = false;
	FILE *f = fopen(table, "re");

	for (int i = 0; f && i <= r->number && getline(&line, &size, f) > 0; i++)
		ok = i == r->number;
	p = line;
	for (int i = 0; ok && i < 14 && p; i++)
		col[i] = strsep(&p, "\t\n");
	if (ok && col[11] && strlen(col[11]) >= 108) {
		r->vid = strtoul(col[0], NULL, 16);
		r->pid = strtoul(col[1], NULL, 16);
		r->interface = strtoul(col[6], NULL, 0);
		r->protocol = strtoul(col[9], NULL, 0);
		r->endpoints = strtoul(col[10], NULL, 0);
		r->protocols = le32(col[11], 6);
		r->features = le32(col[11], 40);
	} else {
		ok = failed(r, "no such row");
	}
	free(line);
	if (f)
		fclose(f);
	return ok;
}

static void plug(struct row *r, int number)
{
	char arg[4096];
	const char *argv[] = { "--row", arg, "--card", "iso", NULL };
	int err;

	memset(r, 0, sizeof(*r));
	r->number = number;
	snprintf(arg, sizeof(arg), "%s:%d", table, number);
	if (!read_row(r))
		return;
	err = vrctl_start(&r->vr, argv);
	if (err)
		failed(r, "vreader: %s", strerror(-err));
	r->up = !err;
}

static const char *level_name(const struct row *r)
{
	if (r->features & 0x40000)
		return "extended APDU";
	if (r->features & 0x20000)
		return "short APDU";
	return r->features & 0x10000 ? "TPDU" : "character";
}

static unsigned int level(const struct row *r)
{
	if (r->features & 0x40000)
		return SCARD_LEVEL_EXTENDED_APDU;
	if (r->features & 0x20000)
		return SCARD_LEVEL_SHORT_APDU;
	return r->features & 0x10000 ? SCARD_LEVEL_TPDU : SCARD_LEVEL_CHARACTER;
}

/* The first match of a pattern, as a path. */
static bool find(const char *pattern, char *path, size_t size)
{
	glob_t g;
	bool found = !glob(pattern, 0, NULL, &g);

	if (found)
		snprintf(path, size, "%s", g.gl_pathv[0]);
	globfree(&g);
	return found;
}

/* The driver that has the interface, empty if none. */
static void driver_of(const struct row *r, int port, char *name, size_t size)
{
	char pattern[256], path[256], target[256] = "";
	ssize_t n;

	name[0] = 0;
	snprintf(pattern, sizeof(pattern),
		 "/sys/devices/platform/vhci_hcd.0/usb*/*-%d/*:1.%u/driver", port + 1,
		 r->interface);
	if (!find(pattern, path, sizeof(path)))
		return;
	n = readlink(path, target, sizeof(target) - 1);
	if (n > 0 && strrchr(target, '/'))
		snprintf(name, size, "%s", strrchr(target, '/') + 1);
}

/* Slots are numbered in a row, so that of slot 0 is the lowest. */
static bool first_slot(const char *pattern, char *node, size_t size)
{
	int lowest = -1, n;
	glob_t g;

	if (!glob(pattern, 0, NULL, &g)) {
		for (size_t i = 0; i < g.gl_pathc; i++) {
			n = atoi(strrchr(g.gl_pathv[i], '/') + strlen("/scard"));
			if (lowest < 0 || n < lowest)
				lowest = n;
		}
	}
	globfree(&g);
	snprintf(node, size, "/dev/scard%d", lowest);
	return lowest >= 0;
}

/* Waits for the slot's device of this very interface. */
static bool find_node(struct row *r)
{
	char reply[256], pattern[256], driver[64];
	long long end = now_ms() + DEADLINE_MS;
	int port;

	if (vrctl_cmd(&r->vr, reply, sizeof(reply), "info") || sscanf(reply, "port=%d", &port) != 1)
		return failed(r, "vreader does not answer");
	snprintf(pattern, sizeof(pattern),
		 "/sys/devices/platform/vhci_hcd.0/usb*/*-%d/*:1.%u/scard/scard*", port + 1,
		 r->interface);
	do {
		if (first_slot(pattern, r->node, sizeof(r->node)))
			return true;
		usleep(10000);
	} while (now_ms() < end);
	driver_of(r, port, driver, sizeof(driver));
	return failed(r, "not bound by scard (driver: %s)", driver[0] ? driver : "none");
}

static int from_hex(const char *hex, uint8_t *out)
{
	int n = 0;
	unsigned int byte;

	for (; sscanf(hex, "%2x", &byte) == 1; hex += 2)
		out[n++] = (uint8_t)byte;
	return n;
}

/* Sends a command; the answer must be this one. */
static bool transmit(struct row *r, int fd, const uint8_t *cmd, int len, const uint8_t *want,
		     int want_len)
{
	uint8_t answer[1024];
	struct scard_transmit t = {
		.send = (uintptr_t)cmd,
		.send_len = (unsigned int)len,
		.recv = (uintptr_t)answer,
		.recv_len = sizeof(answer),
	};

	if (ioctl(fd, SCARD_IOC_TRANSMIT, &t))
		return failed(r, "APDU %02X%02X of %d bytes: %s", cmd[0], cmd[1], len,
			      strerror(errno));
	if ((int)t.recv_len == want_len && !memcmp(answer, want, t.recv_len))
		return true;
	return failed(r, "APDU %02X%02X of %d bytes: answer of %u bytes, ends with %02X%02X",
		      cmd[0], cmd[1], len, t.recv_len, t.recv_len > 1 ? answer[t.recv_len - 2] : 0,
		      t.recv_len ? answer[t.recv_len - 1] : 0);
}

static bool apdu(struct row *r, int fd, const char *command, const char *answer)
{
	uint8_t cmd[300], want[300];
	int len = from_hex(command, cmd);

	return transmit(r, fd, cmd, len, want, from_hex(answer, want));
}

/* An extended command with data both ways. */
static bool long_apdu(struct row *r, int fd)
{
	uint8_t cmd[7 + LONG_DATA + 2] = { 0x80, 0xee, 0, 0, 0, LONG_DATA >> 8, LONG_DATA & 0xff };
	uint8_t want[LONG_DATA + 2];

	for (int i = 0; i < LONG_DATA; i++)
		cmd[7 + i] = (uint8_t)(i * 3);
	memcpy(want, cmd + 7, LONG_DATA);
	want[LONG_DATA] = 0x90;
	want[LONG_DATA + 1] = 0;
	return transmit(r, fd, cmd, sizeof(cmd), want, sizeof(want));
}

static bool connect_card(struct row *r, int fd)
{
	struct scard_connect c = {
		.share_mode = SCARD_MODE_SHARED, .protocols = SCARD_PROTO_T0 | SCARD_PROTO_T1,
	};
	struct pollfd p = { .fd = fd, .events = POLLPRI };
	struct scard_status s;
	long long end = now_ms() + DEADLINE_MS;

	/* The card is found when the reader has been asked. */
	do {
		memset(&s, 0, sizeof(s));
		if (ioctl(fd, SCARD_IOC_GET_STATUS, &s))
			return failed(r, "status: %s", strerror(errno));
		if (s.state & SCARD_STATE_BIT_PRESENT && !(s.state & SCARD_STATE_BIT_SETTLING))
			break;
		poll(&p, 1, 1000);
	} while (now_ms() < end);
	if (!ioctl(fd, SCARD_IOC_CONNECT, &c))
		return true;
	return failed(r, "connect: %s", strerror(errno));
}

static long state(struct row *r, const char *name)
{
	char reply[256], *at;

	if (vrctl_cmd(&r->vr, reply, sizeof(reply), "card-state 0"))
		return -1;
	at = strstr(reply, name);
	return at ? strtol(at + strlen(name), NULL, 10) : -1;
}

static bool disconnect(struct row *r, int fd)
{
	struct scard_disposition d = { .disposition = SCARD_DISP_RESET };
	long resets = state(r, " resets="), powerups = state(r, " powerups=");

	if (ioctl(fd, SCARD_IOC_DISCONNECT, &d))
		return failed(r, "disconnect: %s", strerror(errno));
	if (state(r, " resets=") + state(r, " powerups=") != resets + powerups + 1)
		return failed(r, "disconnecting did not reset the card once");
	if (state(r, " verified="))
		return failed(r, "the PIN is still verified");
	return true;
}

/*
 * Levels that the driver uses although the descriptor says something else: tokens, and readers that
 * can more than they say.
 */
static bool known_better(const struct row *r, unsigned int used)
{
	if (r->endpoints < 2)
		return used == (r->protocol == 1 ? SCARD_LEVEL_TPDU : SCARD_LEVEL_EXTENDED_APDU);
	return used == SCARD_LEVEL_EXTENDED_APDU && level(r) == SCARD_LEVEL_SHORT_APDU &&
	       ((r->vid == 0x046a && r->pid == 0x00a7) || (r->vid == 0x076b && r->pid == 0x3a21));
}

static bool check_info(struct row *r, int fd, struct scard_info *info)
{
	if (ioctl(fd, SCARD_IOC_GET_INFO, info))
		return failed(r, "info: %s", strerror(errno));
	if (info->vendor_id != r->vid || info->product_id != r->pid ||
	    info->interface != r->interface)
		return failed(r, "another reader: %04x:%04x", info->vendor_id, info->product_id);
	if (info->slot)
		return failed(r, "slot %u", info->slot);
	if (info->exchange_level != level(r) && !known_better(r, info->exchange_level))
		return failed(r, "exchange level %u", info->exchange_level);
	if (strlen(info->name) < 8 || strcmp(info->name + strlen(info->name) - 3, " 00"))
		return failed(r, "name \"%s\"", info->name);
	return true;
}

/*
 * Extended commands: at that level, and in T=1 blocks; not where only the driver believes that the
 * reader can.
 */
static bool can_long(struct row *r, const struct scard_info *info)
{
	if (info->max_apdu < 7 + LONG_DATA + 2)
		return false;
	if (level(r) == SCARD_LEVEL_SHORT_APDU)
		return r->endpoints < 2;
	return level(r) == SCARD_LEVEL_EXTENDED_APDU || state(r, " protocol=") == 1;
}

static bool use(struct row *r, int fd, const struct scard_info *info)
{
	if (!connect_card(r, fd) || !apdu(r, fd, SELECT_2F00, "9000") ||
	    !apdu(r, fd, READ_4, "404142439000") || !apdu(r, fd, COUNT, "000000019000") ||
	    !apdu(r, fd, VERIFY, "9000"))
		return false;
	if (can_long(r, info) && !long_apdu(r, fd))
		return false;
	if (level(r) == SCARD_LEVEL_EXTENDED_APDU && info->max_apdu < 7 + LONG_DATA + 2)
		return failed(r, "no long APDUs: %u bytes at most", info->max_apdu);
	return disconnect(r, fd) && connect_card(r, fd) && apdu(r, fd, VERIFY_STATE, "63C3") &&
	       apdu(r, fd, COUNT, "000000029000");
}

static bool unplug(struct row *r, int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLPRI };
	char reply[64];
	struct scard_status s = { 0 };

	if (vrctl_cmd(&r->vr, reply, sizeof(reply), "unplug"))
		return failed(r, "unplug: %s", reply);
	do {
		if (poll(&p, 1, DEADLINE_MS) != 1)
			return failed(r, "no hang-up after it was unplugged");
	} while (!(p.revents & POLLHUP) && !ioctl(fd, SCARD_IOC_GET_STATUS, &s));
	s.flags = SCARD_STATUS_GATED;
	if (!ioctl(fd, SCARD_IOC_GET_STATUS, &s) || errno != ENODEV)
		return failed(r, "a call after it was unplugged: %s", strerror(errno));
	return true;
}

static void check(struct row *r, struct scard_info *info)
{
	int fd;

	if (!find_node(r))
		return;
	fd = open(r->node, O_RDWR | O_CLOEXEC);
	for (int i = 0; fd < 0 && i < 100; i++) {
		usleep(10000);
		fd = open(r->node, O_RDWR | O_CLOEXEC);
	}
	if (fd < 0) {
		failed(r, "%s: %s", r->node, strerror(errno));
		return;
	}
	if (check_info(r, fd, info) && use(r, fd, info))
		unplug(r, fd);
	close(fd);
}

/* How many; the lines that follow are read, and printed with the rest. */
static int violations(struct row *r)
{
	char line[512], reply[64];
	int n;

	if (vrctl_cmd(&r->vr, reply, sizeof(reply), "violations"))
		return -1;
	n = atoi(reply);
	for (int i = 0; i < n && !vrctl_line(&r->vr, line, sizeof(line)); i++)
		printf("# violation: %s\n", line);
	return n;
}

static void print_log(struct row *r)
{
	char line[512], reply[64];
	int n, from;

	if (vrctl_cmd(&r->vr, reply, sizeof(reply), "log"))
		return;
	from = atoi(reply) - 12;
	for (n = 0; n < atoi(reply) && !vrctl_line(&r->vr, line, sizeof(line)); n++)
		if (n >= from)
			printf("# %.160s\n", line);
}

static void finish(struct row *r, const struct scard_info *info)
{
	int status;

	if (r->up && violations(r))
		failed(r, "rules of CCID broken");
	if (r->what[0] && r->up)
		print_log(r);
	status = r->up ? vrctl_stop(&r->vr) : 1;
	if (status && !r->what[0])
		failed(r, "vreader ended with %d%s", status,
		       status == 2 ? ": rules of CCID broken" : "");
	if (r->what[0])
		printf("# %s\n", r->what);
	tap_result(!r->what[0], "row %d: %04x:%04x.%u %s%s \"%s\"", r->number, r->vid, r->pid,
		   r->interface, level_name(r), r->protocols & 2 ? " T=1" : " T=0", info->name);
}

int main(int argc, char **argv)
{
	int first, last;

	if (argc != 4)
		return 2;
	table = argv[1];
	first = atoi(argv[2]);
	last = atoi(argv[3]);
	for (int n = first; n <= last + AHEAD; n++) {
		struct scard_info info = { 0 };
		int ready = n - AHEAD;

		if (n <= last)
			plug(&rows[n % (AHEAD + 1)], n);
		if (ready < first)
			continue;
		if (rows[ready % (AHEAD + 1)].up)
			check(&rows[ready % (AHEAD + 1)], &info);
		finish(&rows[ready % (AHEAD + 1)], &info);
	}
	return tap_end();
}
