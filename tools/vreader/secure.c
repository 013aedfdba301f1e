// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "secure.h"

#include <string.h>

#include "answer.h"
#include "bytes.h"
#include "event.h"
#include "level.h"
#include "slot.h"
#include "trace.h"

#define OP_VERIFY 0
#define OP_MODIFY 1
#define DEFAULT_TIMEOUT_S 30
#define MAX_KEYS 64

/* The fields that the data structures for verify and modify share. */
struct layout {
	bool modify;
	uint8_t timeout, format, block, length, validation, confirm;
	uint8_t min, max;
	uint8_t offset_old, offset_new;
	uint8_t prologue[3];
	const uint8_t *apdu;
	size_t apdu_len;
};

static char keys[MAX_KEYS];
static int num_keys;
static struct slot *last;	/* the slot of the last PIN entry */

/* The slot that waits for keys, or NULL: the pad serves one slot at a time. */
static struct slot *asking(void)
{
	return last && last->pin.active ? last : NULL;
}

bool secure_waiting(void)
{
	return asking() && !num_keys;
}

static bool take_layout(struct layout *l, const uint8_t *p, size_t len)
{
	size_t at = 14;

	memset(l, 0, sizeof(*l));
	if (len < 15)
		return false;
	l->modify = p[0] == OP_MODIFY;
	l->timeout = p[1];
	l->format = p[2];
	l->block = p[3];
	l->length = p[4];
	if (l->modify) {
		if (len < 19)
			return false;
		l->offset_old = p[5];
		l->offset_new = p[6];
		l->max = p[7];
		l->min = p[8];
		l->confirm = p[9];
		l->validation = p[10];
		at = 15;
		if (p[11])
			at++;
		if (p[11] == 3)
			at++;
	} else {
		l->max = p[5];
		l->min = p[6];
		l->validation = p[7];
		at = 12;
	}
	if (len < at + 3 + 4)
		return false;
	memcpy(l->prologue, p + at, 3);
	l->apdu = p + at + 3;
	l->apdu_len = len - at - 3;
	return true;
}

static void finish_error(struct slot *s, uint8_t error)
{
	slot_end_pin(s);
	slot_fail(s, error);
}

static void timeout_fired(struct timer *t)
{
	finish_error(container_of(container_of(t, struct pin_entry, timeout), struct slot, pin),
		     ERR_PIN_TIMEOUT);
}

/* Write digits to @to by bmFormatString and bmPINBlockString. Return the bytes used. */
static size_t put_pin(const struct layout *l, uint8_t *to, size_t room, const char *digits, int n)
{
	size_t used = 0;
	bool left = !(l->format & 4);
	int type = l->format & 3;

	for (int i = 0; i < n; i++) {
		uint8_t d = (uint8_t)(digits[i] - '0');

		if (type == 1) {		/* BCD: two digits per byte */
			used = (size_t)i / 2;
			if (used >= room)
				break;
			if (i % 2)
				to[used] = (uint8_t)((to[used] & 0xf0) | d);
			else
				to[used] = (uint8_t)(d << 4 | (to[used] & 0x0f));
			used++;
		} else {
			if (used >= room)
				break;
			to[used++] = type == 2 ? (uint8_t)digits[i] : d;
		}
	}
	/* Right justified in a block of its own size. */
	if (!left && (l->block & 0x0f) > used && (l->block & 0x0f) <= room) {
		memmove(to + (l->block & 0x0f) - used, to, used);
		used = l->block & 0x0f;
	}
	return used;
}

static void block_done(struct card *card, bool mute)
{
	struct slot *s = card->reader.owner;

	if (mute)
		slot_fail(s, ERR_ICC_MUTE);
	else
		slot_ok(s, card->rsp, card->rsp_len);
}

static void block_wait(struct card *card)
{
	answer_extend(card->reader.owner, 1);
}

/* Send the APDU, in a T=1 block with the prologue of the host if the card needs one. */
static void run(struct slot *s, const struct layout *l, const uint8_t *apdu, size_t len)
{
	uint8_t block[3 + 254 + 1];
	size_t n;

	if (reader_apdu_level(s->ccid) || s->card->proto != 1) {
		card_run(s->card, apdu, len, block_done, block_wait);
		return;
	}
	memcpy(block, l->prologue, 2);
	block[2] = (uint8_t)len;
	memcpy(block + 3, apdu, len);
	n = 3 + len;
	block[n] = 0;
	for (size_t i = 0; i < n; i++)
		block[n] ^= block[i];
	level_run_block(s, block, n + 1);
	explicit_bzero(block, sizeof(block));
}

static void send_pin(struct slot *s)
{
	struct pin_entry *e = &s->pin;
	struct layout l;
	uint8_t apdu[260];
	size_t len, pos, offset, block, end;

	take_layout(&l, e->request + 0, e->len);
	len = l.apdu_len < 5 ? 5 : l.apdu_len;
	memset(apdu, 0, sizeof(apdu));
	memcpy(apdu, l.apdu, l.apdu_len);
	pos = l.format >> 3 & 0x0f;		/* bytes between Lc and the PIN */
	block = l.block & 0x0f;
	offset = 5 + pos;
	if (!l.modify) {
		end = offset +
		      put_pin(&l, apdu + offset, sizeof(apdu) - offset, e->digits, e->num_digits);
	} else {
		end = offset + l.offset_new +
		      put_pin(&l, apdu + offset + l.offset_new, 32, e->digits, e->num_digits);
		if (e->num_first) {
			pos = offset + l.offset_old +
			      put_pin(&l, apdu + offset + l.offset_old, 32, e->first, e->num_first);
			end = pos > end ? pos : end;
		}
	}
	/* The APDU contains a block of fixed size with its padding; else it grows with the PIN. */
	if (!block || end > len)
		len = end > len || !block ? end : len;
	apdu[4] = (uint8_t)(len - 5);
	slot_end_pin(s);
	run(s, &l, apdu, len);
	explicit_bzero(apdu, sizeof(apdu));
}

/* Modify asks for the old PIN (bConfirmPIN bit 1), the new one, and the new one again (bit 0). */
static void entered(struct slot *s, const struct layout *l)
{
	struct pin_entry *e = &s->pin;

	if (!l->modify) {
		send_pin(s);
		return;
	}
	if (e->phase == 0 && l->confirm & 2) {
		memcpy(e->first, e->digits, sizeof(e->first));
		e->num_first = e->num_digits;
		e->num_digits = 0;
		e->phase = 1;
	} else if (e->phase < 2 && l->confirm & 1) {
		memcpy(e->again, e->digits, sizeof(e->again));
		e->num_again = e->num_digits;
		e->num_digits = 0;
		e->phase = 2;
	} else if (e->phase == 2 && (e->num_again != e->num_digits ||
				     memcmp(e->again, e->digits, (size_t)e->num_digits))) {
		finish_error(s, ERR_PIN_CANCELLED);
	} else {
		send_pin(s);
	}
}

static void key(struct slot *s, char k)
{
	struct pin_entry *e = &s->pin;
	struct layout l;

	take_layout(&l, e->request, e->len);
	switch (k) {
	case 'C':
		finish_error(s, ERR_PIN_CANCELLED);
		return;
	case 'T':
		finish_error(s, ERR_PIN_TIMEOUT);
		return;
	case '<':
		e->num_digits = 0;
		return;
	case 'E':
		if (e->num_digits >= l.min)
			entered(s, &l);
		return;
	}
	if (k < '0' || k > '9' || e->num_digits == l.max || e->num_digits == sizeof(e->digits))
		return;
	e->digits[e->num_digits++] = k;
	if (e->num_digits == l.max && l.validation & 1)
		entered(s, &l);
}

static void next_key(struct slot *s)
{
	while (asking() == s && num_keys) {
		char k = keys[0];

		num_keys--;
		memmove(keys, keys + 1, (size_t)num_keys);
		keys[num_keys] = 0;
		key(s, k);
	}
}

void secure_press(const char *pressed)
{
	for (; *pressed && num_keys < MAX_KEYS; pressed++)
		keys[num_keys++] = *pressed;
	if (asking())
		next_key(asking());
}

void secure_start(struct slot *s, const uint8_t *p, size_t len)
{
	uint8_t supported = s->ccid->profile.desc[CCID_BPINSUPPORT];
	struct layout l;

	if (!len || p[0] > OP_MODIFY || !(supported & 1 << p[0])) {
		slot_violation(s, "Secure with bPINOperation %u, bPINSupport is %u",
			       len ? p[0] : 255, supported);
		slot_fail(s, len && p[0] <= OP_MODIFY ? ERR_NOT_SUPPORTED : CCID_HEADER);
		return;
	}
	if (len > sizeof(s->pin.request) || !take_layout(&l, p, len)) {
		slot_violation(s, "Secure whose data structure does not fit");
		slot_fail(s, 1);
		return;
	}
	if (l.max < l.min || !l.validation || l.validation > 7) {
		slot_violation(
			s, "Secure with wPINMaxExtraDigit %02x%02x, bEntryValidationCondition %u",
			l.min, l.max, l.validation);
		slot_fail(s, CCID_HEADER + 5);
		return;
	}
	if (asking()) {
		slot_fail(s, 0xf2);
		return;
	}
	memcpy(s->pin.request, p, len);
	s->pin.len = len;
	s->pin.active = true;
	last = s;
	timer_arm(&s->pin.timeout, (l.timeout ? l.timeout : DEFAULT_TIMEOUT_S) * 1000000ULL,
		  timeout_fired);
	trace_note("slot %u: the PIN pad waits for keys", s->number);
	event_happened();
	next_key(s);
}
