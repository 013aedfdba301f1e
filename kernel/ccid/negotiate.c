// SPDX-License-Identifier: GPL-2.0
/*
 * Protocol and parameters after a power-up, as far as the reader does not set them itself.
 *
 * dwFeatures decides (CCID 1.1 section 5.1): a reader that negotiates by
 * itself (0x40) is left alone; one that makes PPS out of SetParameters (0x80) gets
 * these; for the others the host does the PPS as a raw exchange, and then tells the
 * reader. At TPDU and character level the host also announces its block size.
 */
#include <linux/slab.h>
#include <linux/string.h>

#include "apdu.h"
#include "negotiate.h"
#include "proto/params.h"
#include "req.h"
#include "slot.h"

#define NEGOTIATE_PPS_TIMEOUT_MS	3000
#define NEGOTIATE_PARAMS_TIMEOUT_MS	3000
#define NEGOTIATE_RATES_TIMEOUT_MS	1000

#define NEGOTIATE_GET_DATA_RATES	0x03	/* class request, CCID 1.1 section 5.3.3 */

/*
 * Ask once which data rates the reader has. A reader that fails to say is taken to
 * have all up to its fastest. Slots may ask at the same time; the first answer stays.
 */
static void negotiate_read_rates(struct ccid_reader *reader)
{
	unsigned int count = reader->desc.num_data_rates_supported, i;
	u32 *rates;
	int ret;

	if (!count || READ_ONCE(reader->rates))
		return;
	rates = kcalloc(count, sizeof(*rates), GFP_KERNEL);
	if (!rates)
		return;
	ret = reader->bus->control(reader, CCID_REQUEST_IN, NEGOTIATE_GET_DATA_RATES, 0, rates,
				   count * sizeof(*rates), NEGOTIATE_RATES_TIMEOUT_MS);
	if (ret < (int)sizeof(*rates)) {
		kfree(rates);
		return;
	}
	count = ret / sizeof(*rates);
	for (i = 0; i < count; i++)
		rates[i] = get_le32((u8 *)&rates[i]);
	spin_lock_irq(&reader->reader.lock);
	if (!reader->rates) {
		reader->nrates = count;
		smp_store_release(&reader->rates, rates);	/* with their number */
		rates = NULL;
	}
	spin_unlock_irq(&reader->reader.lock);
	kfree(rates);
}

static struct params_reader negotiate_limits(const struct ccid_reader *reader)
{
	struct params_reader limits = {
		.clock = reader->desc.default_clock,
		.max_rate = reader->desc.max_data_rate,
		/* pairs with negotiate_read_rates() */
		.rates = smp_load_acquire(&reader->rates),
	};

	if (limits.rates)
		limits.nrates = reader->nrates;
	return limits;
}

/* The parameters to try first: those of the last time, if the ATR is the same. */
static int negotiate_fi_di(struct ccid_slot *slot, u8 *fi_di)
{
	struct ccid_reader *reader = ccid_slot_reader(slot);
	struct params_reader limits;
	int ret;

	if (slot->chosen) {
		*fi_di = slot->choice;
		return 0;
	}
	negotiate_read_rates(reader);
	limits = negotiate_limits(reader);
	ret = ccid_params_choose(fi_di, &slot->atr, &limits);
	/* these readers take fixed parameters from the ATR themselves: ignore the rate limit */
	if (reader->desc.features & (CCID_FEATURE_AUTO_PARAM_ATR | CCID_FEATURE_AUTO_NEGOTIATION))
		ret = 0;
	slot->choice = *fi_di;
	/* a reader that could not tell its rates now may tell them the next time */
	slot->chosen = !ret && (limits.rates || !reader->desc.num_data_rates_supported);
	return ret;
}

/* PPS as a raw exchange; at character level the answer's length has to be told. */
static int negotiate_pps(struct ccid_slot *slot, struct ccid_req *req, u8 t, u8 *fi_di)
{
	bool character = ccid_slot_reader(slot)->desc.level == CCID_LEVEL_CHARACTER;
	u8 request[PPS_LEN_MAX], params[3] = { };
	u32 len = ccid_pps_put(request, t, *fi_di);
	int ret;

	memcpy(ccid_req_payload(req), request, len);
	params[1] = character ? len : 0;
	ret = ccid_slot_cmd(slot, req, CCID_PC_TO_RDR_XFR_BLOCK, params, len,
			    NEGOTIATE_PPS_TIMEOUT_MS);
	return ret ?: ccid_pps_check(fi_di, request, len, req->ans.data, req->ans.len);
}

/* Are these other than what the card has after a reset? */
static bool negotiate_is_change(const struct atr *atr, u8 t, u8 fi_di)
{
	return t != atr->first || fi_di != ATR_FI_DI_DEFAULT;
}

/*
 * Tell the reader. One that refuses stays as it is, which will do only if the card does too:
 * @pps is set if it does not. A reader that makes PPS out of this may have asked the card.
 */
static int negotiate_set_parameters(struct ccid_slot *slot, struct ccid_req *req, u8 t, u8 fi_di,
				    bool pps)
{
	u8 params[3] = { t }, *payload = ccid_req_payload(req);
	bool asked;
	u32 len;
	int ret;

	len = t ? ccid_params_put_t1(payload, &slot->atr, fi_di, slot->t1.ifsc) :
		  ccid_params_put_t0(payload, &slot->atr, fi_di);
	ret = ccid_slot_cmd(slot, req, CCID_PC_TO_RDR_SET_PARAMETERS, params, len,
			    NEGOTIATE_PARAMS_TIMEOUT_MS);
	/* with -EINTR the answer may be there, and is not for this caller */
	if (!ret || ret == -EINTR || !req->ans.type || req->ans.cmd_status != CCID_CMD_FAILED ||
	    req->ans.icc_status == CCID_ICC_ABSENT)
		return ret;
	/* Command not supported, or the byte named by bError cannot be changed */
	if (req->ans.error < 0x80)
		return pps ? -EPROTO : 0;
	asked = ccid_slot_reader(slot)->desc.features & CCID_FEATURE_AUTO_PPS &&
		negotiate_is_change(&slot->atr, t, fi_di);
	return pps || asked ? ret : 0;
}

/* Everything for one choice of protocol and parameters */
static int negotiate_try(struct ccid_slot *slot, struct ccid_req *req, u8 t, u8 fi_di)
{
	const struct ccid_desc *desc = &ccid_slot_reader(slot)->desc;
	const struct atr *atr = &slot->atr;
	bool pps = false;
	int ret;

	/* the block around it is prologue and epilogue, 3 and at most 2 bytes */
	ccid_t1_init(&slot->t1, atr->ifsc, atr->crc);
	ccid_t1_limit(&slot->t1, desc->max_part - CCID_HEADER_LEN - 5);
	if (!(desc->features & CCID_FEATURE_AUTO_NEGOTIATION)) {
		if (!(desc->features & CCID_FEATURE_AUTO_PPS) && !atr->specific &&
		    negotiate_is_change(atr, t, fi_di)) {
			ret = negotiate_pps(slot, req, t, &fi_di);
			if (ret)
				return ret;
			/* the card may have kept the default rate */
			pps = negotiate_is_change(atr, t, fi_di);
		}
		ret = negotiate_set_parameters(slot, req, t, fi_di, pps);
		if (ret)
			return ret;
	}
	slot->fi_di = fi_di;
	slot->heard = false;
	slot->wait_ms = t ? ccid_params_wait_t1(atr, fi_di, desc->default_clock) :
			    ccid_params_wait_t0(atr, fi_di, desc->default_clock);

	if (t != 1 || desc->level >= CCID_LEVEL_SHORT_APDU ||
	    ccid_slot_reader(slot)->quirks & CCID_QUIRK_NO_IFSD)
		return 0;
	if (desc->features & CCID_FEATURE_AUTO_IFSD) {
		slot->t1.ifsd = desc->max_ifsd;
		return 0;
	}
	ret = ccid_apdu_t1_ifsd(slot, req, desc->max_ifsd);
	/* a card that does not agree sends short blocks */
	return ret == -EIO && !slot->t1.broken ? 0 : ret;
}

/* Is this failure worth another attempt with slower parameters? */
static bool negotiate_again(int ret)
{
	return ret == -EPROTO || ret == -EIO || ret == -ETIMEDOUT || ret == -EREMOTEIO;
}

/* Did card and reader agree, and then not hear each other? */
static bool negotiate_is_unheard(const struct ccid_slot *slot, int ret)
{
	return ret == -EIO && slot->t1.broken;
}

/* PPS is possible once after a reset only (ISO 7816-3 section 9.1). */
static int negotiate_anew(struct ccid_slot *slot, struct ccid_req *req, u8 t, u8 fi_di)
{
	int ret = scard_card_cycle(&slot->slot, &req->req);

	return ret ?: negotiate_try(slot, req, t, fi_di);
}

/* Half as fast, or less */
static u8 negotiate_slower(const struct ccid_slot *slot, u8 fi_di)
{
	struct params_reader limits = negotiate_limits(ccid_slot_reader(slot));

	limits.max_rate = ccid_params_rate(fi_di, limits.clock) / 2;
	return ccid_params_choose(&fi_di, &slot->atr, &limits) ? ATR_FI_DI_DEFAULT : fi_di;
}

/* What works is remembered for the card. */
static int negotiate_fall_back(struct ccid_slot *slot, struct ccid_req *req, u8 t, u8 fi_di,
			       int ret)
{
	bool unheard = negotiate_is_unheard(slot, ret) && !slot->atr.specific &&
		       fi_di != ATR_FI_DI_DEFAULT;

	if (unheard) {
		fi_di = negotiate_slower(slot, fi_di);
		slot->choice = fi_di;
		slot->chosen = true;
		if (fi_di != ATR_FI_DI_DEFAULT) {
			ret = negotiate_anew(slot, req, t, fi_di);
			if (!negotiate_again(ret))
				return ret;
		}
	}
	ret = negotiate_anew(slot, req, t, slot->atr.specific ? fi_di : ATR_FI_DI_DEFAULT);
	if (negotiate_again(ret))
		return -EREMOTEIO;
	if (!ret && unheard)
		slot->choice = ATR_FI_DI_DEFAULT;
	return ret;
}

static int negotiate(struct ccid_slot *slot, struct ccid_req *req, u8 t)
{
	u8 fi_di;
	int ret = negotiate_fi_di(slot, &fi_di);

	if (ret)
		return ret;
	ret = negotiate_try(slot, req, t, fi_di);
	return negotiate_again(ret) ? negotiate_fall_back(slot, req, t, fi_di, ret) : ret;
}

/**
 * ccid_negotiate() - scard_reader_ops.set_protocol
 * @slot: the slot; the card is on
 * @req: a request
 * @protocols: SCARD_PROTO_* that the caller takes
 *
 * T=1 wins where both are possible, as with pcsc-lite.
 *
 * Return: SCARD_PROTO_T0 or SCARD_PROTO_T1, -EPROTONOSUPPORT, or a negative errno of the
 * exchange
 */
int ccid_negotiate(struct scard_slot *slot, struct scard_req *req, u32 protocols)
{
	struct ccid_slot *ccid = to_ccid_slot(slot);
	const struct atr *atr = &ccid->atr;
	u32 protocol;

	protocols &= slot->reader->protocols &
		     (atr->specific ? BIT(atr->specific_protocol) : atr->protocols);
	if (protocols & SCARD_PROTO_T1)
		protocol = SCARD_PROTO_T1;
	else if (protocols & SCARD_PROTO_T0)
		protocol = SCARD_PROTO_T0;
	else
		return -EPROTONOSUPPORT;
	return negotiate(ccid, to_ccid_req(req), protocol == SCARD_PROTO_T1) ?: protocol;
}
