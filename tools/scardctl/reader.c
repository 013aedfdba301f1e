// SPDX-License-Identifier: GPL-2.0-or-later
/* Find and open a reader; error messages that say what to do. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "scardctl.h"

int usage_error(const char *format, ...)
{
	va_list args;

	fputs("scardctl: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputs(" (see scardctl --help)\n", stderr);
	return EXIT_USAGE;
}

/* Say why there is no reader. */
int reader_none(void)
{
	if (access("/sys/module/scard", F_OK))
		fputs("scardctl: the module is not loaded: modprobe scard\n", stderr);
	else
		fputs("scardctl: no reader: plug one in; if one is, dmesg says why the module does not drive it\n",
		      stderr);
	return EXIT_NO_READER;
}

static int permission_error(const char *path)
{
	fprintf(stderr,
		"scardctl: %s: permission denied: log in at this seat, join its group (ls -l %s), or be root\n",
		path, path);
	return EXIT_PERMISSION;
}

/* Print that @what failed with @error; return the exit code. */
int reader_error(const struct reader *reader, const char *what, int error)
{
	const char *why;
	int code = EXIT_CARD;

	switch (error) {
	case EACCES:
		return permission_error(reader->path);
	case EPERM:
		why = "not permitted: this needs CAP_SYS_RAWIO (be root)";
		code = EXIT_PERMISSION;
		break;
	case ENODEV:
	case ENXIO:
	case ENOENT:
		why = "the reader is gone: plug it in again";
		code = EXIT_NO_READER;
		break;
	case ENOMEDIUM:
		why = "no card: insert one";
		code = EXIT_NO_CARD;
		break;
	case EBUSY:
		why = "another program holds the card (see scardctl who): end it or try later";
		code = EXIT_BUSY;
		break;
	case EAGAIN:
		why = "another program is in a transaction (see scardctl who): try later, or without --no-wait";
		code = EXIT_BUSY;
		break;
	case ESTALE:
		why = "another program has reset the card: try again";
		break;
	case EIDRM:
		why = "the card was removed: insert it and try again";
		code = EXIT_NO_CARD;
		break;
	case EREMOTEIO:
		why = "the card does not answer: is it the right way round, and clean?";
		break;
	case ENOLINK:
		why = "the card has no power: scardctl reset powers it on";
		break;
	case EPROTONOSUPPORT:
		why = "the card or the reader does not support this protocol (see scardctl atr)";
		break;
	case ETIMEDOUT:
		why = "no answer in time: scardctl reset, or pull the card and insert it again";
		break;
	case EIO:
		why = "the exchange failed: scardctl reset, or pull the card and insert it again";
		break;
	case EOPNOTSUPP:
		why = "the reader cannot do this (see scardctl info)";
		break;
	case ENOTTY:
		why = "this is not a smart-card reader, or the module is older than scardctl";
		code = EXIT_NO_READER;
		break;
	default:
		why = strerror(error);
		break;
	}
	fprintf(stderr, "scardctl: %s: %s: %s\n", reader->path, what, why);
	return code;
}

static int by_minor(const void *a, const void *b)
{
	const struct reader *x = a, *y = b;

	return (x->minor > y->minor) - (x->minor < y->minor);
}

/* Take a snapshot of the slot; return 0 or an errno. */
int reader_status(int fd, struct scard_status *status)
{
	memset(status, 0, sizeof(*status));
	return ioctl(fd, SCARD_IOC_GET_STATUS, status) ? errno : 0;
}

/* List the nodes that can be opened, for lack of netlink; true if some cannot. */
static bool scan_nodes(struct readers *readers)
{
	bool denied = false;
	glob_t nodes;
	size_t i;

	if (glob("/dev/scard[0-9]*", 0, NULL, &nodes))
		return false;
	readers->list = calloc(nodes.gl_pathc, sizeof(*readers->list));
	for (i = 0; readers->list && i < nodes.gl_pathc; i++) {
		struct reader *r = &readers->list[readers->count];
		struct scard_status status;
		struct scard_info info;
		int fd = open(nodes.gl_pathv[i], O_RDONLY | O_CLOEXEC | O_NONBLOCK);

		if (fd < 0) {
			denied |= errno == EACCES;
			continue;
		}
		if (!ioctl(fd, SCARD_IOC_GET_INFO, &info) && !reader_status(fd, &status)) {
			r->minor = info.minor;
			r->state = status.state;
			r->event = status.event;
			r->card_event = status.card_event;
			r->vendor_id = info.vendor_id;
			r->product_id = info.product_id;
			snprintf(r->path, sizeof(r->path), "%s", nodes.gl_pathv[i]);
			memcpy(r->name, info.name, sizeof(r->name));
			r->name[sizeof(r->name) - 1] = 0;
			readers->count++;
		}
		close(fd);
	}
	globfree(&nodes);
	return denied;
}

void reader_list_free(struct readers *readers)
{
	free(readers->list);
	memset(readers, 0, sizeof(*readers));
}

/* List all readers, sorted; true if permissions hide some. */
static bool list_sorted(struct readers *readers)
{
	bool denied = false;

	memset(readers, 0, sizeof(*readers));
	if (netlink_readers(readers)) {
		reader_list_free(readers);
		denied = scan_nodes(readers);
	}
	if (readers->count)
		qsort(readers->list, readers->count, sizeof(*readers->list), by_minor);
	return denied;
}

/* List all readers, maybe none. */
void reader_list(struct readers *readers)
{
	list_sorted(readers);
}

/* List all readers; if there is none, print the error and return an exit code. */
int reader_list_some(struct readers *readers)
{
	bool denied = list_sorted(readers);

	if (readers->count)
		return EXIT_OK;
	return denied ? permission_error("/dev/scard*") : reader_none();
}

static bool contains(const char *text, const char *part)
{
	size_t len = strlen(part);

	for (; *text; text++)
		if (!strncasecmp(text, part, len))
			return true;
	return false;
}

static bool all_digits(const char *text)
{
	return *text && !text[strspn(text, "0123456789")];
}

static bool matches(const struct reader *r, const char *which)
{
	if (which[0] == '/')
		return !strcmp(r->path, which);
	if (all_digits(which))
		return r->minor == strtoul(which, NULL, 10);
	return contains(r->name, which);
}

/*
 * Find the reader for the argument READER: a path, a number, a part of the name, or NULL for
 * the first reader.
 */
int reader_pick(const char *which, struct reader *reader)
{
	struct readers readers;
	size_t i, found = 0;
	int code = reader_list_some(&readers);

	if (code)
		return code;
	for (i = 0; i < readers.count; i++) {
		if (which && !matches(&readers.list[i], which))
			continue;
		if (which && !strcmp(readers.list[i].name, which))
			found = 0;	/* an exact match wins */
		if (!found++)
			*reader = readers.list[i];
		if (!which || !strcmp(readers.list[i].name, which))
			break;
	}
	reader_list_free(&readers);
	if (!found) {
		fprintf(stderr, "scardctl: no reader \"%s\": scardctl list shows them\n", which);
		return EXIT_NO_READER;
	}
	if (found > 1)
		return usage_error("\"%s\" means %zu readers: take the number of scardctl list",
				   which, found);
	return EXIT_OK;
}

/* Open a reader; return the descriptor, or print the error and return a negative exit code. */
int reader_open(const struct reader *reader, int flags)
{
	int fd = open(reader->path, flags | O_CLOEXEC);

	if (fd < 0)
		return -reader_error(reader, "open", errno);
	return fd;
}

/* Find and open the READER of a subcommand that takes no other argument. */
int reader_open_arg(int argc, char **argv, int flags, struct reader *reader, int *fd)
{
	int code;

	if (argc > 2)
		return usage_error("%s takes one reader", argv[0]);
	code = reader_pick(argc > 1 ? argv[1] : NULL, reader);
	if (code)
		return code;
	*fd = reader_open(reader, flags);
	return *fd < 0 ? -*fd : EXIT_OK;
}
