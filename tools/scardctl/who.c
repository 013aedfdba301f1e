// SPDX-License-Identifier: GPL-2.0-or-later
/* who: the programs that use a reader, and those that wait for it. */
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "scardctl.h"
#include "use.h"

/* The moment of the wall clock that was @seconds ago, in ms */
static long long wall_ms(double seconds)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000 - (long long)(seconds * 1000);
}

/* "14:03:22"; with the date if that was another day */
static const char *moment(double seconds, char *buf, size_t size)
{
	time_t now = time(NULL), then = (time_t)(wall_ms(seconds) / 1000);
	struct tm today, tm;

	localtime_r(&now, &today);
	localtime_r(&then, &tm);
	strftime(buf, size, today.tm_yday == tm.tm_yday && today.tm_year == tm.tm_year ?
		 "%H:%M:%S" : "%Y-%m-%d %H:%M:%S", &tm);
	return buf;
}

static void json_handle(const struct use *use, const struct scard_handle_entry *e)
{
	bool owner = e->flags & SCARD_HANDLE_TRANSACTION;

	json_open(NULL, '{');
	json_number("handle", e->id);
	use_json(e->pid);
	json_string("mode", use_mode(e->share_mode));
	json_integer("since_ms", wall_ms(use_seconds(use, e->connected_ns)));
	json_real("seconds", use_seconds(use, e->connected_ns));
	json_bool("transaction", owner);
	if (owner)
		json_real("transaction_seconds", use_seconds(use, e->since_ns));
	json_close('}');
}

static void json_call(const struct use *use, const struct scard_handle_entry *e)
{
	json_open(NULL, '{');
	json_number("handle", e->id);
	use_json(e->pid);
	json_string("call", use_call(e->call));
	json_bool("waits", e->flags & SCARD_HANDLE_WAITING);
	json_integer("since_ms", wall_ms(use_seconds(use, e->since_ns)));
	json_real("seconds", use_seconds(use, e->since_ns));
	json_close('}');
}

static void json_use(const struct reader *reader, const struct use *use)
{
	uint32_t i;

	json_open(NULL, '{');
	json_number("number", reader->minor);
	json_string("device", reader->path);
	json_string("name", reader->name);
	json_open("handles", '[');
	for (i = 0; i < use->count; i++)
		if (!use_is_call(&use->list[i]))
			json_handle(use, &use->list[i]);
	json_close(']');
	json_open("calls", '[');
	for (i = 0; i < use->count; i++)
		if (use_is_call(&use->list[i]))
			json_call(use, &use->list[i]);
	json_close(']');
	json_close('}');
}

static void print_use(const struct reader *reader, const struct use *use)
{
	char process[128], since[32];
	uint32_t i;

	printf("%s  %s\n", reader->path, reader->name);
	if (!use->count)
		puts("  free");
	for (i = 0; i < use->count; i++) {
		const struct scard_handle_entry *e = &use->list[i];

		use_process(e->pid, process, sizeof(process));
		if (use_is_call(e)) {
			printf("  %s: %s %s for %.1f s\n", process,
			       e->flags & SCARD_HANDLE_WAITING ? "waits in" : "runs",
			       use_call(e->call), use_seconds(use, e->since_ns));
			continue;
		}
		printf("  %s: %s, since %s", process, use_mode(e->share_mode),
		       moment(use_seconds(use, e->connected_ns), since, sizeof(since)));
		if (e->flags & SCARD_HANDLE_TRANSACTION)
			printf(", in a transaction for %.1f s", use_seconds(use, e->since_ns));
		putchar('\n');
	}
}

static int who(const struct reader *reader)
{
	struct use use;
	int error, fd = reader_open(reader, O_RDWR);

	if (fd < 0)
		return -fd;
	error = use_read(fd, &use);
	close(fd);
	if (!error && json)
		json_use(reader, &use);
	else if (!error)
		print_use(reader, &use);
	use_free(&use);
	return error ? reader_error(reader, "who", error) : EXIT_OK;
}

int cmd_who(int argc, char **argv)
{
	struct readers readers = { 0 };
	struct reader named;
	int code, failed;
	size_t i;

	if (argc > 2)
		return usage_error("%s takes one reader", argv[0]);
	code = argc > 1 ? reader_pick(argv[1], &named) : reader_list_some(&readers);
	if (json)
		json_open(NULL, '[');
	if (!code && argc > 1)
		code = who(&named);
	for (i = 0; i < readers.count; i++) {
		failed = who(&readers.list[i]);
		if (failed)
			code = failed;
	}
	if (json) {
		json_close(']');
		json_end();
	}
	reader_list_free(&readers);
	return code;
}
