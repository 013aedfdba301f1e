// SPDX-License-Identifier: GPL-2.0-or-later
/* The programs that use a reader: its handles and calls, and the names of their processes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "scardctl.h"
#include "use.h"

int use_read(int fd, struct use *use)
{
	struct scard_handle_list arg = { 0 };
	struct timespec now;
	int error;

	memset(use, 0, sizeof(*use));
	do {
		/* handles and calls may come in between */
		arg.room = arg.count + 16;
		free(use->list);
		use->list = calloc(arg.room, sizeof(*use->list));
		if (!use->list)
			return ENOMEM;
		arg.buf = (uintptr_t)use->list;
		error = ioctl(fd, SCARD_IOC_GET_HANDLES, &arg) ? errno : 0;
	} while (error == EMSGSIZE);
	clock_gettime(CLOCK_BOOTTIME, &now);
	use->now_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	use->count = error ? 0 : arg.count;
	return error;
}

void use_free(struct use *use)
{
	free(use->list);
	memset(use, 0, sizeof(*use));
}

bool use_is_call(const struct scard_handle_entry *e)
{
	return e->flags & (SCARD_HANDLE_RUNNING | SCARD_HANDLE_WAITING);
}

double use_seconds(const struct use *use, uint64_t since_ns)
{
	return use->now_ns > since_ns ? (double)(use->now_ns - since_ns) / 1e9 : 0;
}

const char *use_mode(uint32_t share_mode)
{
	switch (share_mode) {
	case SCARD_MODE_EXCLUSIVE:
		return "exclusive";
	case SCARD_MODE_SHARED:
		return "shared";
	case SCARD_MODE_DIRECT:
		return "direct";
	default:
		return "not connected";
	}
}

const char *use_call(uint32_t call)
{
	switch (call) {
	case _IOC_NR(SCARD_IOC_CONNECT):
		return "SCardConnect";
	case _IOC_NR(SCARD_IOC_RECONNECT):
		return "SCardReconnect";
	case _IOC_NR(SCARD_IOC_DISCONNECT):
		return "SCardDisconnect";
	case _IOC_NR(SCARD_IOC_BEGIN):
		return "SCardBeginTransaction";
	case _IOC_NR(SCARD_IOC_END):
		return "SCardEndTransaction";
	case _IOC_NR(SCARD_IOC_GET_STATUS):
		return "SCardStatus";
	case _IOC_NR(SCARD_IOC_TRANSMIT):
		return "SCardTransmit";
	case _IOC_NR(SCARD_IOC_CONTROL):
		return "SCardControl";
	default:
		return "another call";
	}
}

/* A program chooses its name freely, and it goes to a terminal: keep printable ASCII only. */
static void clean(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

bool use_name(int32_t pid, char *name, size_t size)
{
	char path[64];
	size_t len;
	FILE *f;

	if (pid <= 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	len = fread(name, 1, size - 1, f);
	fclose(f);
	if (len && name[len - 1] == '\n')
		len--;
	name[len] = '\0';
	clean(name);
	return len;
}

const char *use_process(int32_t pid, char *buf, size_t size)
{
	char name[USE_NAME_SIZE];

	if (use_name(pid, name, sizeof(name)))
		snprintf(buf, size, "%s (process %d)", name, pid);
	else if (pid > 0)
		snprintf(buf, size, "process %d", pid);
	else
		snprintf(buf, size, "a process that has ended or is not visible here");
	return buf;
}

void use_json(int32_t pid)
{
	char name[USE_NAME_SIZE] = "";

	use_name(pid, name, sizeof(name));
	json_integer("pid", pid);
	json_string("process", name);
}
