// SPDX-License-Identifier: GPL-2.0-or-later
#include "level.h"

#include <string.h>

#include "answer.h"
#include "apdu.h"
#include "bytes.h"
#include "fault_card.h"
#include "slot.h"
#include "t0.h"
#include "t1.h"
#include "trace.h"

#define CHAIN_WHOLE 0
#define CHAIN_BEGINS 1
#define CHAIN_ENDS 2
#define CHAIN_MIDDLE 3
#define CHAIN_CONTINUE 0x10

/* Report a fault of the card that has the same answer at all levels. */
static bool reported_error(struct slot *s)
{
	long n;

	if (fault_card_is(FAULT_CARD_MUTE, &n)) {
		slot_fail(s, ERR_ICC_MUTE);
		return true;
	}
	if (fault_card_is(FAULT_CARD_PARITY, &n)) {
		slot_fail(s, ERR_XFR_PARITY);
		return true;
	}
	return false;
}

/* APDU levels */

static size_t max_payload(const struct slot *s)
{
	return (s->ccid->max_message > CCID_HEADER ? s->ccid->max_message : MIN_MESSAGE) -
	       CCID_HEADER;
}

/* Send as much of the response as a message holds. */
static void send_piece(struct slot *s)
{
	struct card *card = s->card;
	size_t room = max_payload(s), left = card->rsp_len - s->chain_out;
	bool first = !s->chain_out, last = left <= room || !(s->ccid->features & FEAT_EXTENDED);
	uint8_t chain = CHAIN_MIDDLE;
	size_t at = s->chain_out, n = last ? left : room;

	if (last)
		chain = first ? CHAIN_WHOLE : CHAIN_ENDS;
	else if (first)
		chain = CHAIN_BEGINS;
	s->chain_out += n;
	s->chain_more = !last;
	slot_reply(s, CMD_OK, 0, chain, card->rsp + at, n);
}

static void apdu_done(struct card *card, bool mute)
{
	struct slot *s = card->reader.owner;
	long n;

	if (mute) {
		slot_fail(s, ERR_ICC_MUTE);
		return;
	}
	if (reported_error(s))
		return;
	if (fault_card_is(FAULT_CARD_LRC, &n)) {
		slot_fail(s, ERR_XFR_PARITY);
		return;
	}
	if (fault_card_is(FAULT_CARD_PROC, &n)) {
		slot_fail(s, ERR_PROCEDURE_BYTE);
		return;
	}
	if (fault_card_is(FAULT_CARD_WTX, &n))
		answer_extend(s, (uint8_t)n);
	else if (fault_card_is(FAULT_CARD_NULL, &n))
		while (n-- > 0)
			answer_extend(s, 1);
	s->chain_out = 0;
	send_piece(s);
}

static void apdu_wait(struct card *card)
{
	answer_extend(card->reader.owner, 1);
}

static void run_apdu(struct slot *s, const uint8_t *apdu, size_t len)
{
	struct apdu a;

	if (!apdu_parse(&a, apdu, len)) {
		slot_violation(s, "XfrBlock with %zu bytes that are no APDU", len);
		slot_fail(s, ERR_HW_ERROR);
		return;
	}
	if (a.extended && !(s->ccid->features & FEAT_EXTENDED)) {
		slot_violation(s, "extended APDU to a short APDU level reader");
		slot_fail(s, ERR_HW_ERROR);
		return;
	}
	s->card->negotiable = false;
	card_run(s->card, apdu, len, apdu_done, apdu_wait);
}

static void chain_violation(struct slot *s, unsigned int level)
{
	slot_violation(s, "XfrBlock with wLevelParameter %#x out of order", level);
	s->chaining = false;
	s->chain_more = false;
	slot_fail(s, 8);
}

static void xfr_extended(struct slot *s, unsigned int level, const uint8_t *data, size_t len)
{
	bool begins = level == CHAIN_WHOLE || level == CHAIN_BEGINS;

	if (level > CHAIN_MIDDLE && level != CHAIN_CONTINUE) {
		chain_violation(s, level);
		return;
	}
	if (level == CHAIN_CONTINUE) {
		if (!s->chain_more || len)
			chain_violation(s, level);
		else
			send_piece(s);
		return;
	}
	if (begins == s->chaining || s->chain_in_len + len > sizeof(s->chain_in)) {
		chain_violation(s, level);
		return;
	}
	if (s->chain_more) {
		chain_violation(s, level);
		return;
	}
	if (level == CHAIN_WHOLE) {
		run_apdu(s, data, len);
		return;
	}
	memcpy(s->chain_in + s->chain_in_len, data, len);
	s->chain_in_len += len;
	s->chaining = level != CHAIN_ENDS;
	if (s->chaining) {
		slot_reply(s, CMD_OK, 0, CHAIN_CONTINUE, NULL, 0);
		return;
	}
	len = s->chain_in_len;
	s->chain_in_len = 0;
	run_apdu(s, s->chain_in, len);
}

/* TPDU and character level */

static void answer_bytes(struct slot *s)
{
	uint8_t out[sizeof(s->bytes)];
	size_t n = s->bytes_len < s->want ? s->bytes_len : s->want;

	memcpy(out, s->bytes, n);
	s->bytes_len -= n;
	memmove(s->bytes, s->bytes + n, s->bytes_len);
	s->want = 0;
	slot_ok(s, out, n);
}

/*
 * Version A of ICCD at character level: the token drops procedure bytes, and the host asks for the
 * status before each step.
 */
static void token_output(struct slot *s, const uint8_t *p, size_t len)
{
	const struct t0_state *t = &s->card->t0;

	if (len == 1) {		/* ACK: send the data */
		slot_ok(s, NULL, 0);
		s->ccid->iccd_status = ICCD_A_READY;
		return;
	}
	if (len > 2 && p[0] == t->header[1]) {
		p++;
		len--;
	}
	s->ccid->iccd_status = len > 2 ? ICCD_A_READY : ICCD_A_SW;
	slot_ok(s, p, len);
}

static void output(struct card *card, const uint8_t *p, size_t len)
{
	struct slot *s = card->reader.owner;

	if (s->busy && reported_error(s))
		return;
	if (s->ccid->profile.transport == TRANSPORT_ICCD_A && reader_char_level(s->ccid)) {
		token_output(s, p, len);
		return;
	}
	if (!reader_char_level(s->ccid)) {
		slot_ok(s, p, len);
		return;
	}
	if (s->bytes_len + len > sizeof(s->bytes))
		return;
	memcpy(s->bytes + s->bytes_len, p, len);
	s->bytes_len += len;
	if (s->want)
		answer_bytes(s);
}

static void fail(struct card *card, uint8_t error)
{
	struct slot *s = card->reader.owner;

	s->want = 0;
	if (s->busy)
		slot_fail(s, error);
}

static void wait(struct card *card)
{
	static const uint8_t null_byte = 0x60;
	struct slot *s = card->reader.owner;

	if (!reader_char_level(s->ccid))
		answer_extend(s, 1);
	else if (s->want && s->ccid->profile.transport == TRANSPORT_BULK)
		output(card, &null_byte, 1);
}

const struct card_port level_port = {
	.output = output,
	.fail = fail,
	.wait = wait,
};

static bool pps_valid(const struct card *card, const uint8_t *p, size_t len)
{
	size_t want = 3;
	uint8_t check = 0;

	if (len < 3)
		return false;
	for (int bit = 4; bit < 7; bit++)
		want += p[1] >> bit & 1;
	for (size_t i = 0; i < len; i++)
		check ^= p[i];
	return len == want && !check && !(p[1] & 0x80) && (p[1] & 0x0f) <= 1 &&
	       card->info.protocols >> (p[1] & 0x0f) & 1;
}

static void pps(struct slot *s, const uint8_t *p, size_t len)
{
	struct card *card = s->card;

	if (s->ccid->features & (FEAT_AUTO_PPS_CUR | FEAT_AUTO_PPS_PROP))
		slot_violation(s, "PPS by the host, the reader does it");
	if (!card->negotiable) {
		slot_violation(s, "PPS to a card that is not in negotiable mode");
		fail(card, ERR_ICC_MUTE);
		return;
	}
	if (!pps_valid(card, p, len)) {
		slot_violation(s, "PPS request that the ATR does not allow");
		fail(card, ERR_ICC_MUTE);
		return;
	}
	card->negotiable = false;
	card->proto = p[1] & 0x0f;
	card->fidi = p[1] & 0x10 ? p[2] : 0x11;
	t0_reset(card);
	t1_reset(card, T1_DEFAULT_IFSD);
	trace_note("slot %u: PPS T=%u Fi/Di %02x", s->number, card->proto, card->fidi);
	output(card, p, len);
}

void level_run_block(struct slot *s, const uint8_t *block, size_t len)
{
	struct card *card = s->card;

	if (s->proto != card->proto) {
		slot_violation(s, "T=%u data, but the parameters are for T=%u", card->proto,
			       s->proto);
		fail(card, ERR_ICC_MUTE);
		return;
	}
	card->negotiable = false;
	if (card->proto == 1)
		t1_block(card, block, len);
	else if (reader_char_level(s->ccid))
		t0_bytes(card, block, len);
	else
		t0_tpdu(card, block, len);
}

static void xfr_char(struct slot *s, unsigned int level, const uint8_t *data, size_t len)
{
	if (!level) {
		slot_violation(s, "XfrBlock at character level that expects no byte");
		slot_fail(s, 8);
		return;
	}
	s->want = level;
	if (!len) {
		if (s->bytes_len)
			answer_bytes(s);
		else if (!s->card->running)
			fail(s->card, ERR_ICC_MUTE);
		return;
	}
	s->bytes_len = 0;
	if (data[0] == 0xff && (s->card->negotiable || s->card->proto == 1))
		pps(s, data, len);
	else
		level_run_block(s, data, len);
}

void level_xfr(struct slot *s, const uint8_t *msg, size_t len)
{
	unsigned int level = get_le16(msg + 8);
	const uint8_t *data = msg + CCID_HEADER;

	len -= CCID_HEADER;
	if (s->ccid->features & FEAT_EXTENDED) {
		xfr_extended(s, level, data, len);
		return;
	}
	if (reader_char_level(s->ccid)) {
		xfr_char(s, level, data, len);
		return;
	}
	if (level)
		slot_violation(s, "XfrBlock with wLevelParameter %#x at this level", level);
	if (s->ccid->features & FEAT_SHORT)
		run_apdu(s, data, len);
	else if (len && data[0] == 0xff && (s->card->negotiable || s->card->proto == 1))
		pps(s, data, len);
	else
		level_run_block(s, data, len);
}
