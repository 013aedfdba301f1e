// SPDX-License-Identifier: GPL-2.0-or-later
#include "fault_answer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "bytes.h"
#include "ccid_notify.h"
#include "ccid_send.h"
#include "fault.h"
#include "prng.h"
#include "reader.h"
#include "trace.h"
#include "usb_ep.h"
#include "usbip_tx.h"

static void held_fired(struct timer *t)
{
	struct held_answer *h = container_of(t, struct held_answer, timer);
	struct slot *s = h->slot;
	struct held_answer **p = &s->held;

	while (*p != h)
		p = &(*p)->next;
	*p = h->next;
	s->busy = false;
	ccid_send(s->ccid, h->msg, h->len);
	free(h);
}

static struct held_answer *hold(struct slot *s, const uint8_t *msg, size_t len)
{
	struct held_answer *h = calloc(1, sizeof(*h) + len);

	if (!h)
		abort();
	h->slot = s;
	h->len = len;
	memcpy(h->msg, msg, len);
	h->next = s->held;
	s->held = h;
	return h;
}

static void extend_fired(struct timer *t)
{
	struct slot *s = container_of(t, struct slot, extend);

	if (!s->busy)
		return;
	answer_extend(s, 1);
	if (!s->extend_endless && !--s->extensions) {
		if (s->held)
			timer_arm(&s->held->timer, s->extend_us, held_fired);
		return;
	}
	timer_arm(t, s->extend_us, extend_fired);
}

void fault_answer_extend(struct slot *s, const struct fault *f)
{
	s->extensions = (unsigned int)f->arg;
	s->extend_endless = !f->arg;
	s->extend_us = (uint64_t)f->arg2 * 1000;
	timer_arm(&s->extend, s->extend_us, extend_fired);
}

static void send_random(struct ccid *ccid, const uint8_t *msg, size_t len, size_t extra)
{
	uint8_t *longer = malloc(len + extra + 1);

	if (!longer)
		abort();
	memcpy(longer, msg, len);
	for (size_t i = 0; i < extra; i++)
		longer[len + i] = (uint8_t)prng_next();
	ccid_send(ccid, longer, len + extra);
	free(longer);
}

static void send_padded(struct ccid *ccid, const uint8_t *msg, size_t len, size_t zeros)
{
	uint8_t *padded = calloc(1, len + zeros);

	if (!padded)
		abort();
	memcpy(padded, msg, len);
	ccid_send(ccid, padded, len + zeros);
	free(padded);
}

static void send_split(struct ccid *ccid, const uint8_t *msg, size_t len, size_t piece)
{
	trace_message(ccid->index, '>', msg, len);
	for (size_t at = 0; at < len; at += piece)
		usb_ep_send(ccid->iface->in, msg + at, len - at < piece ? len - at : piece);
}

/* Send a time extension and the answer in one transfer. */
static void send_merged(struct ccid *ccid, const uint8_t *msg, size_t len)
{
	uint8_t *both = calloc(1, CCID_HEADER + len);

	if (!both)
		abort();
	memcpy(both, msg, CCID_HEADER);
	put_le32(both + 1, 0);
	both[7] = (uint8_t)(CMD_TIME_EXTENSION | (msg[7] & 3));
	both[8] = 1;
	memcpy(both + CCID_HEADER, msg, len);
	ccid_send(ccid, both, CCID_HEADER + len);
	free(both);
}

static void send_changed(struct ccid *ccid, const struct fault *f, const uint8_t *msg, size_t len)
{
	uint8_t *m = malloc(len);

	if (!m)
		abort();
	memcpy(m, msg, len);
	switch (f->action) {
	case FAULT_LENGTH:
		put_le32(m + 1, get_le32(m + 1) + (uint32_t)f->arg);
		break;
	case FAULT_SLOT:
		m[5] = (uint8_t)(m[5] + f->arg);
		break;
	case FAULT_SEQ:
		m[6] = (uint8_t)(m[6] + f->arg);
		break;
	case FAULT_TYPE:
		m[0] = (uint8_t)f->arg;
		break;
	case FAULT_STATUS:
		m[7] = (uint8_t)f->arg;
		break;
	case FAULT_REFUSE:
		m[0] = RDR_SLOTSTATUS;
		m[7] = (uint8_t)(CMD_FAILED | (m[7] & 3));
		m[8] = 0;
		len = CCID_HEADER;
		put_le32(m + 1, 0);
		break;
	case FAULT_ERROR:
		m[7] = (uint8_t)(CMD_FAILED | (m[7] & 3));
		m[8] = (uint8_t)f->arg;
		len = CCID_HEADER;
		put_le32(m + 1, 0);
		break;
	case FAULT_CHAIN:
		m[9] = (uint8_t)f->arg;
		break;
	default:
		break;
	}
	ccid_send(ccid, m, len);
	free(m);
}

/* Faults of the interrupt endpoint and of the cable do not change the answer. */
static bool beside_the_answer(struct ccid *ccid, const struct fault *f, const uint8_t *msg)
{
	uint8_t error[4] = { RDR_HARDWAREERROR, msg[5], msg[6], (uint8_t)f->arg };

	switch (f->action) {
	case FAULT_STORM:
		ccid->storm = (unsigned int)f->arg;
		ccid->storm_endless = !f->arg;
		ccid_notify(ccid);
		return true;
	case FAULT_HW_ERROR:
		ccid_notify_bytes(ccid, error, sizeof(error));
		return true;
	case FAULT_NOTIFY:
		ccid_notify_bytes(ccid, f->bytes, f->num_bytes);
		return true;
	case FAULT_STALL_INT:
		if (ccid->iface->intr) {
			ccid->iface->intr->broken = true;
			usb_ep_halt(ccid->iface->intr);
		}
		return true;
	case FAULT_UNPLUG:
		usbip_tx_cut_after((size_t)f->arg);
		return true;
	default:
		return false;
	}
}

/* Faults of the bulk-IN endpoint; a token has none and answers correctly. */
static bool on_the_endpoint(struct ccid *ccid, const struct fault *f, const uint8_t *msg,
			    size_t len)
{
	struct endpoint *in = ccid->iface->in;

	if (!in)
		return false;
	switch (f->action) {
	case FAULT_STALL:
		usb_ep_halt(in);
		return true;
	case FAULT_BABBLE:
		usb_ep_fail(in, -EOVERFLOW, len);
		return true;
	case FAULT_SPLIT:
		send_split(ccid, msg, len, f->arg > 0 ? (size_t)f->arg : 1);
		return true;
	case FAULT_MERGE:
		send_merged(ccid, msg, len);
		return true;
	case FAULT_ZLP:
		usb_ep_send_zlp(in);
		ccid_send(ccid, msg, len);
		return true;
	case FAULT_ZLP_AFTER:
		ccid_send(ccid, msg, len);
		usb_ep_send_zlp(in);
		return true;
	default:
		return false;
	}
}

bool fault_answer(struct ccid *ccid, struct slot *s, const struct fault *f, const uint8_t *msg,
		  size_t len)
{
	size_t n = (size_t)(f->arg > 0 ? f->arg : 0);

	switch (f->action) {
	case FAULT_NO_ANSWER:
		return false;
	case FAULT_DELAY:
		timer_arm(&hold(s, msg, len)->timer, n * 1000, held_fired);
		return false;
	case FAULT_EXTEND:
		if (s && (s->extend_endless || s->extensions)) {
			hold(s, msg, len);
			return false;
		}
		break;
	case FAULT_SHORT:
		ccid_send(ccid, msg, n < len ? n : len);
		return true;
	case FAULT_LONG:
		send_random(ccid, msg, len, n);
		return true;
	case FAULT_GARBAGE:
		send_random(ccid, msg, 0, n);
		return true;
	case FAULT_PAD:
		send_padded(ccid, msg, len, n);
		return true;
	case FAULT_BEFORE:
		ccid_send(ccid, f->bytes, f->num_bytes);
		break;
	case FAULT_AFTER:
		ccid_send(ccid, msg, len);
		ccid_send(ccid, f->bytes, f->num_bytes);
		return true;
	case FAULT_INSTEAD:
		ccid_send(ccid, f->bytes, f->num_bytes);
		return true;
	case FAULT_TWICE:
		ccid_send(ccid, msg, len);
		break;
	case FAULT_STALE:
		if (ccid->last_in_len)
			ccid_send(ccid, ccid->last_in, ccid->last_in_len);
		break;
	case FAULT_LENGTH:
	case FAULT_SEQ:
	case FAULT_SLOT:
	case FAULT_TYPE:
	case FAULT_STATUS:
	case FAULT_ERROR:
	case FAULT_REFUSE:
	case FAULT_CHAIN:
		send_changed(ccid, f, msg, len);
		return true;
	default:
		if (on_the_endpoint(ccid, f, msg, len))
			return true;
		beside_the_answer(ccid, f, msg);
		break;
	}
	ccid_send(ccid, msg, len);
	return true;
}

void fault_answer_cancel(struct slot *s)
{
	s->fault = NULL;
	s->extensions = 0;
	s->extend_endless = false;
	timer_cancel(&s->extend);
	while (s->held) {
		struct held_answer *h = s->held;

		s->held = h->next;
		timer_cancel(&h->timer);
		free(h);
	}
}
