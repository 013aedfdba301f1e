// SPDX-License-Identifier: GPL-2.0
#include <linux/ratelimit.h>
#include "scard.h"

static void scard_reader_release(struct kref *kref)
{
	struct scard_reader *reader = container_of(kref, struct scard_reader, kref);

	reader->release(reader);
}

/**
 * scard_reader_put() - drop a reference
 * @reader: the reader
 */
void scard_reader_put(struct scard_reader *reader)
{
	kref_put(&reader->kref, scard_reader_release);
}

/**
 * scard_reader_complain() - write into the log what is wrong with a reader
 * @reader: the reader
 * @format: what is wrong, a colon, what to do about it; no newline
 *
 * For faults of the reader or the cable, not for what programs ask in vain; nothing of
 * what was sent is shown. Called in any context.
 */
void scard_reader_complain(struct scard_reader *reader, const char *format, ...)
{
	struct va_format text = { .fmt = format };
	va_list args;

	if (!__ratelimit(&reader->complaints))
		return;
	va_start(args, format);
	text.va = &args;
	dev_warn(reader->parent, "%pV\n", &text);
	va_end(args);
}

/**
 * scard_reader_wait_resumed() - wait until the reader is not suspended
 * @reader: the reader
 *
 * Return: 0, -EINTR (killed) or -ENODEV
 */
int scard_reader_wait_resumed(struct scard_reader *reader)
{
	if (wait_event_killable(reader->resumed,
				!READ_ONCE(reader->paused) || scard_reader_gone(reader)))
		return -EINTR;
	return scard_reader_gone(reader) ? -ENODEV : 0;
}
