// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "uscard_answer.h"

#include <assert.h>
#include <errno.h>
#include <linux/uscard.h>
#include <string.h>
#include <unistd.h>

#include "bytes.h"
#include "reader.h"
#include "trace.h"
#include "usbip_tx.h"

static_assert(MAX_SLOTS == USCARD_MAX_SLOTS, "a reader of /dev/uscard has as many slots");

static int device = -1;
static bool broken;
static struct ccid *source;
static struct uscard_job jobs[MAX_SLOTS];
static bool told[MAX_SLOTS];	/* the last event: there is a card */

struct uscard_job *uscard_answer_job(unsigned int slot)
{
	return &jobs[slot];
}

bool uscard_answer_broken(void)
{
	return broken || usbip_tx_cutting();
}

/* Write a message; 0 or a negative errno. */
static int put(struct uscard_message *m, const uint8_t *data, size_t len)
{
	static uint8_t tx[sizeof(*m) + MAX_MESSAGE];

	if (uscard_answer_broken())
		return -ENODEV;
	m->len = (uint32_t)len;
	memcpy(tx, m, sizeof(*m));
	if (len)
		memcpy(tx + sizeof(*m), data, len);
	return write(device, tx, sizeof(*m) + len) < 0 ? -errno : 0;
}

void uscard_answer(unsigned int slot, uint32_t error, uint32_t value, const uint8_t *data,
		   size_t len)
{
	struct uscard_message m = { .type = USCARD_ANSWER, .error = error, .value = value };
	int err;

	m.id = jobs[slot].id;
	jobs[slot] = (struct uscard_job) { 0 };
	if (error == ENOMEDIUM)
		told[slot] = false;
	err = put(&m, data, len);
	if (err == -EMSGSIZE) {
		trace_note("uscard: an answer of %zu bytes is too long", len);
		m.error = EIO;
		m.value = 0;
		err = put(&m, NULL, 0);
	}
	if (err == -ENOENT)
		trace_note("uscard: no request waits for the answer");
	else if (err)
		broken = true;
}

static void tell(unsigned int slot, bool present)
{
	struct uscard_message m = { .type = USCARD_EVENT, .slot = slot, .value = present };

	told[slot] = present;
	if (put(&m, NULL, 0))
		broken = true;
}

/* A card that came between two notifications has no power: tell of the removal too. */
static void notified(struct endpoint *ep, const uint8_t *m, size_t len)
{
	(void)ep;
	/* With endless ones the loop would not end; one has the same effect. */
	source->storm = 0;
	source->storm_endless = false;
	if (!len || m[0] != RDR_NOTIFYSLOTCHANGE)
		return;
	for (unsigned int i = 0; i < source->num_slots && 1 + i / 4 < len; i++) {
		unsigned int bits = m[1 + i / 4] >> i % 4 * 2 & 3;

		if (!(bits & 2))
			continue;
		if (told[i] && !(bits & 1 && source->slots[i].powered))
			tell(i, false);
		if (bits & 1 && !told[i])
			tell(i, true);
	}
}

static int error_of(const struct uscard_job *j, const uint8_t *m)
{
	if ((m[7] & 3) == 2)
		return -ENOMEDIUM;
	switch (m[8]) {
	case ERR_ICC_MUTE:
		return -EREMOTEIO;
	case ERR_CMD_ABORTED:
		return -ECANCELED;
	case ERR_NOT_SUPPORTED:
		return j->type == PC_ESCAPE || j->type == PC_MECHANICAL ? -EOPNOTSUPP : -EIO;
	}
	return -EIO;
}

void uscard_answer_more_time(unsigned int slot, uint32_t ms)
{
	struct uscard_message m = { .id = jobs[slot].id, .type = USCARD_MORE_TIME, .value = ms };
	int err = put(&m, NULL, 0);

	if (err && err != -ENOENT)
		broken = true;
}

/* The length that the message claims, if its type and its chain parameter are right. */
static bool sound(const struct uscard_job *j, const uint8_t *m, size_t len)
{
	return m[0] == command_by_type(j->type)->reply && get_le32(m + 1) <= len - CCID_HEADER &&
	       !(j->type == PC_XFRBLOCK && m[9]);
}

/* No PIN was sent to the card: PC/SC has status words for that. */
static bool take_no_pin(const struct uscard_job *j, const uint8_t *m)
{
	const uint8_t sw[] = { 0x64, m[8] == ERR_PIN_CANCELLED };

	if (j->type != PC_SECURE || (m[8] != ERR_PIN_CANCELLED && m[8] != ERR_PIN_TIMEOUT))
		return false;
	uscard_answer(m[5], 0, 0, sw, sizeof(sw));
	return true;
}

static void take(const uint8_t *m, size_t len)
{
	unsigned int slot = m[5];
	struct uscard_job *j;

	if (slot >= source->num_slots)
		return;
	j = &jobs[slot];
	if (!j->id || j->next || m[6] != j->seq)
		return;
	if ((m[7] & 0xc0) == CMD_TIME_EXTENSION)
		uscard_answer_more_time(slot, j->timeout_ms);
	else if (j->aborted)
		uscard_answer(slot, ECANCELED, 0, NULL, 0);
	else if ((m[7] & 0xc0) == CMD_FAILED && take_no_pin(j, m))
		return;
	else if ((m[7] & 0xc0) == CMD_FAILED)
		uscard_answer(slot, (uint32_t)-error_of(j, m), 0, NULL, 0);
	else if ((m[7] & 0xc0) != CMD_OK || !sound(j, m, len))
		uscard_answer(slot, EIO, 0, NULL, 0);
	else if (j->op == USCARD_POWER_ON && j->type == PC_ICCPOWEROFF)
		j->next = true;
	else
		uscard_answer(slot, 0, j->op == USCARD_SET_PROTOCOL ? 1U << m[9] : 0,
			      m + CCID_HEADER,
			      j->op == USCARD_SET_PROTOCOL ? 0 : get_le32(m + 1));
}

static void fail_all(void)
{
	for (unsigned int i = 0; i < source->num_slots; i++)
		if (jobs[i].id)
			uscard_answer(i, EIO, 0, NULL, 0);
}

/* A transfer of the bulk-IN endpoint; @m is NULL if it failed. */
static void answered(struct endpoint *ep, const uint8_t *m, size_t len)
{
	size_t n;

	(void)ep;
	if (!m || len < CCID_HEADER) {
		fail_all();
		return;
	}
	for (; len >= CCID_HEADER; m += n, len -= n) {
		n = CCID_HEADER + (size_t)get_le32(m + 1);
		take(m, len);
		if (n > len)
			n = len;
	}
}

void uscard_answer_open(int fd, struct ccid *ccid)
{
	device = fd;
	source = ccid;
	broken = false;
	memset(jobs, 0, sizeof(jobs));
	memset(told, 0, sizeof(told));
	ccid->iface->in->sink = answered;
	ccid->iface->intr->sink = notified;
}

void uscard_answer_close(void)
{
	source->iface->in->sink = NULL;
	source->iface->intr->sink = NULL;
	device = -1;
}
