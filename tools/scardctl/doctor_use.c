// SPDX-License-Identifier: GPL-2.0-or-later
/* doctor: programs that keep a card from others for long. */
#include <fcntl.h>
#include <unistd.h>

#include "doctor.h"
#include "scardctl.h"
#include "use.h"

/* How long a program may hold a card, s */
#define LONG_S	10

static unsigned int waiting(const struct use *use)
{
	unsigned int n = 0;
	uint32_t i;

	for (i = 0; i < use->count; i++)
		n += !!(use->list[i].flags & SCARD_HANDLE_WAITING);
	return n;
}

static void check(const struct reader *reader, const struct use *use)
{
	char process[128], others[48] = "";
	uint32_t i;

	if (waiting(use))
		snprintf(others, sizeof(others), "; calls that wait: %u", waiting(use));
	for (i = 0; i < use->count; i++) {
		const struct scard_handle_entry *e = &use->list[i];
		double held;

		if (use_is_call(e))
			continue;
		use_process(e->pid, process, sizeof(process));
		if (e->flags & SCARD_HANDLE_TRANSACTION) {
			held = use_seconds(use, e->since_ns);
			if (held >= LONG_S)
				doctor_finding("end that program if it hangs; the parameter transaction_ms of the module limits idle transactions",
					       "%s has held %s (%s) in a transaction for %.0f s%s",
					       process, reader->path, reader->name, held, others);
		} else if (e->share_mode == SCARD_MODE_EXCLUSIVE) {
			held = use_seconds(use, e->connected_ns);
			if (held >= LONG_S)
				doctor_finding("end that program if others need the card",
					       "%s has held %s (%s) exclusively for %.0f s%s",
					       process, reader->path, reader->name, held, others);
		}
	}
}

/* A device that this user may not open is another check's finding. */
void doctor_use(void)
{
	struct readers readers;
	struct use use;
	size_t i;
	int fd;

	reader_list(&readers);
	for (i = 0; i < readers.count; i++) {
		fd = open(readers.list[i].path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (!use_read(fd, &use))
			check(&readers.list[i], &use);
		use_free(&use);
		close(fd);
	}
	reader_list_free(&readers);
}
