// SPDX-License-Identifier: GPL-2.0-or-later
#include "ccid_cmd.h"

#include <string.h>

#include "bytes.h"
#include "card_power.h"
#include "ccid_notify.h"
#include "level.h"
#include "secure.h"
#include "slot.h"
#include "slot_card.h"
#include "t0.h"
#include "t1.h"

static uint8_t convention(const struct card *card)
{
	return card->info.inverse ? 2 : 0;
}

static void params_for(struct slot *s, uint8_t proto, uint8_t fidi)
{
	const struct atr_info *a = &s->card->info;

	s->proto = proto;
	s->params[0] = fidi;
	s->params[2] = a->tc1;
	s->params[4] = 0;
	s->params[5] = 0;
	s->params[6] = 0;
	if (proto == 1) {
		s->params[1] = (uint8_t)(0x10 | convention(s->card) | a->crc);
		s->params[3] = (uint8_t)(a->bwi << 4 | a->cwi);
		s->params[5] = a->ifsc;
	} else {
		s->params[1] = convention(s->card);
		s->params[3] = a->wi;
	}
}

/* The reader does PPS, or hides the protocol. */
static bool does_pps(const struct ccid *ccid)
{
	return ccid->features & (FEAT_AUTO_PPS_CUR | FEAT_AUTO_PPS_PROP) || reader_apdu_level(ccid);
}

/* The parameters after power-up or ResetParameters. */
static void default_params(struct slot *s)
{
	struct card *card = s->card;

	if (s->ccid->features & (FEAT_AUTO_PARAM_ATR | FEAT_AUTO_PPS_PROP) ||
	    reader_apdu_level(s->ccid)) {
		params_for(s, card->proto, card->info.ta1);
		return;
	}
	params_for(s, 0, 0x11);
	s->params[2] = 0;
	s->params[3] = 10;
}

static void power_on_done(struct card *card, bool mute)
{
	struct slot *s = card->reader.owner;

	if (mute) {
		s->powered = false;
		slot_fail(s, ERR_ICC_MUTE);
		return;
	}
	if (card->spec.tck == TCK_ERROR) {
		card_power_off(card);
		s->powered = false;
		slot_fail(s, ERR_BAD_ATR_TCK);
		return;
	}
	s->powered = true;
	s->told_unpowered = false;
	s->clock_stopped = false;
	slot_reset_exchange(s);
	if (s->ccid->features & FEAT_AUTO_IFSD)
		t1_reset(card, profile_le32(&s->ccid->profile, CCID_DWMAXIFSD));
	default_params(s);
	slot_ok(s, card->atr, card->atr_len);
}

static void power_on(struct slot *s, const uint8_t *msg)
{
	static const uint8_t mask[4] = { 7, 1, 2, 4 };
	uint8_t select = msg[7], supported = s->ccid->profile.desc[CCID_BVOLTAGESUPPORT];
	bool warm = s->powered && s->card;

	if (select > 3) {
		slot_violation(s, "IccPowerOn with bPowerSelect %u", select);
		slot_fail(s, 7);
		return;
	}
	if (!select && s->ccid->profile.transport == TRANSPORT_BULK &&
	    !(s->ccid->features & (FEAT_AUTO_VOLTAGE | FEAT_AUTO_ACTIVATION)))
		slot_violation(s,
			       "IccPowerOn leaves the voltage to a reader that does not choose it");
	if (select && supported && !(supported & mask[select])) {
		slot_violation(s, "IccPowerOn with bPowerSelect %u, bVoltageSupport is %02x",
			       select, supported);
		slot_fail(s, 7);
		return;
	}
	if (!s->card) {
		slot_fail(s, ERR_ICC_MUTE);
		return;
	}
	if (warm)
		s->warm++;
	else
		s->cold++;
	card_power_reset(s->card, warm, mask[select], power_on_done);
}

static void power_off(struct slot *s)
{
	if (s->card && s->powered)
		card_power_off(s->card);
	s->powered = false;
	s->told_unpowered = true;
	slot_reset_exchange(s);
	slot_ok(s, NULL, 0);
}

static void reply_params(struct slot *s)
{
	slot_reply(s, CMD_OK, 0, s->proto, s->params, s->proto ? 7 : 5);
}

/* Either the reader does the PPS now, or the host has done it before. */
static void apply_params(struct slot *s, uint8_t proto, const uint8_t *p)
{
	struct card *card = s->card;
	bool reader_does = does_pps(s->ccid);

	if (proto != card->proto) {
		if (reader_does && card->negotiable) {
			card->proto = proto;
			card->negotiable = false;
			t0_reset(card);
			t1_reset(card, s->ccid->features & FEAT_AUTO_IFSD ?
				 profile_le32(&s->ccid->profile, CCID_DWMAXIFSD) : T1_DEFAULT_IFSD);
		} else {
			slot_violation(s, "SetParameters for T=%u, the card speaks T=%u", proto,
				       card->proto);
		}
	}
	if (!reader_does && !(s->ccid->features & FEAT_AUTO_BAUD) && p[0] != card->fidi)
		slot_violation(s, "SetParameters with Fi/Di %02x, the card is at %02x", p[0],
			       card->fidi);
	s->proto = proto;
	memset(s->params, 0, sizeof(s->params));
	memcpy(s->params, p, proto ? 7 : 5);
}

static void set_params(struct slot *s, const uint8_t *msg, size_t len)
{
	uint8_t proto = msg[7];
	const uint8_t *p = msg + CCID_HEADER;
	size_t want = proto ? 7 : 5;
	uint32_t supported = profile_le32(&s->ccid->profile, CCID_DWPROTOCOLS);

	if (proto > 1) {
		slot_violation(s, "SetParameters with bProtocolNum %u", proto);
		slot_fail(s, 7);
		return;
	}
	if (len - CCID_HEADER != want) {
		slot_violation(s, "SetParameters for T=%u with dwLength %zu", proto,
			       len - CCID_HEADER);
		slot_fail(s, 1);
		return;
	}
	/* Some real readers claim no protocol at all. */
	if (supported & 3 && !(supported & 1U << proto)) {
		slot_violation(s, "SetParameters for T=%u, which dwProtocols lacks", proto);
		slot_fail(s, 7);
		return;
	}
	if (!(s->card->info.protocols & 1 << proto)) {
		slot_violation(s, "SetParameters for T=%u, which the card's ATR does not offer",
			       proto);
		slot_fail(s, 7);
		return;
	}
	if ((p[1] & ~3) != (proto ? 0x10 : 0) || (!proto && p[1] & 1)) {
		slot_violation(s, "SetParameters with bmTCCKS %02x", p[1]);
		slot_fail(s, 11);
		return;
	}
	if ((p[1] & 2) != convention(s->card))
		slot_violation(s, "SetParameters with the convention that the card does not have");
	if (proto && (p[1] & 1) != s->card->info.crc)
		slot_violation(s, "SetParameters with the error code that the card does not have");
	if (proto && (p[5] < 1 || p[5] == 255)) {
		slot_violation(s, "SetParameters with bIFSC %u", p[5]);
		slot_fail(s, 15);
		return;
	}
	if (proto && p[6] && !(s->ccid->features & FEAT_NAD)) {
		slot_violation(s, "SetParameters with NAD %02x, the reader knows only 00", p[6]);
		slot_fail(s, 16);
		return;
	}
	apply_params(s, proto, p);
	reply_params(s);
}

static void icc_clock(struct slot *s, uint8_t command)
{
	if (!(s->ccid->features & FEAT_CLOCK_STOP)) {
		slot_violation(s, "IccClock to a reader without clock stop");
		slot_fail(s, ERR_NOT_SUPPORTED);
		return;
	}
	if (command > 1) {
		slot_violation(s, "IccClock with bClockCommand %u", command);
		slot_fail(s, 7);
		return;
	}
	s->clock_stopped = command;
	slot_ok(s, NULL, 0);
}

static void mechanical(struct slot *s, uint8_t function)
{
	static const uint8_t needs[6] = { 0, 1, 2, 4, 8, 8 };	/* dwMechanical */
	uint32_t has = profile_le32(&s->ccid->profile, CCID_DWMECHANICAL);

	if (!function || function > 5 || !(has & needs[function])) {
		slot_violation(s, "Mechanical with bFunction %u, dwMechanical is %x", function,
			       has);
		slot_fail(s, function && function <= 5 ? ERR_NOT_SUPPORTED : 7);
		return;
	}
	if (function == 4 || function == 5)
		s->locked = function == 4;
	if (function == 2 || function == 3) {
		if (s->locked) {
			slot_fail(s, ERR_HW_ERROR);
			return;
		}
		if (s->card) {
			s->busy = false;
			slot_card_swap(s);
			s->busy = true;
			s->changed = true;
		}
	}
	slot_ok(s, NULL, 0);
	ccid_notify(s->ccid);
}

static bool in_table(const uint32_t *table, int n, uint32_t v)
{
	for (int i = 0; i < n; i++)
		if (table[i] == v)
			return true;
	return !n;
}

static void set_rate(struct slot *s, const uint8_t *p)
{
	const struct profile *pr = &s->ccid->profile;

	if (!in_table(pr->clocks, pr->num_clocks, get_le32(p))) {
		slot_fail(s, CCID_HEADER);
		return;
	}
	if (!in_table(pr->rates, pr->num_rates, get_le32(p + 4))) {
		slot_fail(s, CCID_HEADER + 4);
		return;
	}
	slot_ok(s, p, 8);
}

static bool has_power(struct slot *s, const struct command_info *info)
{
	if (s->card && s->powered)
		return true;
	/* The host may not know yet that the card or its power is gone: that is no violation. */
	if (s->card && s->told_unpowered)
		slot_violation(s, "%s to a card without power", info->name);
	slot_fail(s, ERR_ICC_MUTE);
	return false;
}

void ccid_cmd_run(struct slot *s, const uint8_t *msg, size_t len)
{
	const struct command_info *info = command_by_type(msg[0]);

	if (info->needs_power && !has_power(s, info))
		return;
	if (s->clock_stopped && (msg[0] == PC_XFRBLOCK || msg[0] == PC_SECURE)) {
		slot_violation(s, "%s while the clock is stopped", info->name);
		s->clock_stopped = false;
	}
	switch (msg[0]) {
	case PC_ICCPOWERON:
		power_on(s, msg);
		break;
	case PC_ICCPOWEROFF:
		power_off(s);
		break;
	case PC_GETSLOTSTATUS:
		if (!s->ccid->iface->intr)
			s->changed = false;
		slot_ok(s, NULL, 0);
		break;
	case PC_XFRBLOCK:
		s->xfr_bytes += len - CCID_HEADER;
		level_xfr(s, msg, len);
		break;
	case PC_RESETPARAMETERS:
		default_params(s);
		reply_params(s);
		break;
	case PC_GETPARAMETERS:
		reply_params(s);
		break;
	case PC_SETPARAMETERS:
		set_params(s, msg, len);
		break;
	case PC_ESCAPE:
		slot_ok(s, msg + CCID_HEADER, len - CCID_HEADER);
		break;
	case PC_ICCCLOCK:
		icc_clock(s, msg[7]);
		break;
	case PC_T0APDU:
		slot_ok(s, NULL, 0);
		break;
	case PC_SECURE:
		secure_start(s, msg + CCID_HEADER, len - CCID_HEADER);
		break;
	case PC_MECHANICAL:
		mechanical(s, msg[7]);
		break;
	case PC_SETDATARATE:
		set_rate(s, msg + CCID_HEADER);
		break;
	}
}
