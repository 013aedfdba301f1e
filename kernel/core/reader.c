// SPDX-License-Identifier: GPL-2.0
/*
 * The reader as an object: references, strings, counters, warnings, waiting for the resume.
 */
#include <linux/ctype.h>
#include <linux/ratelimit.h>
#include <linux/string.h>

#include "scard.h"

static void reader_release(struct kref *kref)
{
	struct scard_reader *reader = container_of(kref, struct scard_reader, kref);

	reader->ops->free(reader);
}

/**
 * scard_reader_put() - drop a reference
 * @reader: the reader
 */
void scard_reader_put(struct scard_reader *reader)
{
	kref_put(&reader->kref, reader_release);
}

/**
 * scard_reader_sanitise() - make a string of a device fit for names, logs and messages
 * @s: the string: printable ASCII without blanks in front afterwards
 * @kept: blanks at its end stay, if there is anything else in it
 */
void scard_reader_sanitise(char *s, bool kept)
{
	char *c;

	for (c = s; *c; c++)
		if (!isascii(*c) || !isprint(*c))
			*c = '.';
	c = skip_spaces(s);
	if (!kept || !*c)
		strim(s);
	memmove(s, c, strlen(c) + 1);
}

/**
 * scard_reader_count() - count one more of something
 * @reader: the reader
 * @counter: one of @reader->count
 */
void scard_reader_count(struct scard_reader *reader, u64 *counter)
{
	unsigned long flags;

	spin_lock_irqsave(&reader->lock, flags);
	++*counter;
	spin_unlock_irqrestore(&reader->lock, flags);
}

/**
 * scard_reader_warn() - write a fault of the reader into the log
 * @reader: the reader
 * @format: the fault, a colon, what to do about it; no newline
 *
 * For faults of the reader or the cable, not for those of programs; no byte that was sent is
 * shown. Called in any context; limited to a few lines a minute.
 */
void scard_reader_warn(struct scard_reader *reader, const char *format, ...)
{
	struct va_format text = { .fmt = format };
	va_list args;

	if (!__ratelimit(&reader->warnings))
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
