// SPDX-License-Identifier: GPL-2.0
/*
 * Protocol and parameters after a power-up: what the reader does not do by itself.
 * For the actor.
 *
 * What dwFeatures says decides (CCID 1.1 section 5.1): a reader that negotiates by
 * itself (0x40) is left alone; one that makes PPS out of SetParameters (0x80) gets
 * these; for the others the host does the PPS as a raw exchange, and then tells the
 * reader. At TPDU and character level the host also announces its block size.
 */
#include <linux/slab.h>
#include <linux/string.h>

#include "proto/params.h"
#include "scard.h"

#define NEGOTIATE_PPS_TIMEOUT_MS	3000
#define NEGOTIATE_PARAMS_TIMEOUT_MS	3000
#define NEGOTIATE_RATES_TIMEOUT_MS	1000

#define CCID_REQUEST_IN			0xa1	/* device to host, class, interface */
#define CCID_GET_DATA_RATES		0x03

/*
 * Ask once which data rates the reader has. A reader that fails to say is taken to
 * have all up to its fastest. Slots may ask at the same time; the first answer stays.
 */
static void negotiate_read_rates(struct scard_reader *reader)
{
	unsigned int count = reader->desc.num_data_rates_supported, i;
	u32 *rates;
	int ret;

	if (!count || READ_ONCE(reader->rates))
		return;
	rates = kcalloc(count, sizeof(*rates), GFP_KERNEL);
	if (!rates)
		return;
	ret = reader->ops->control(reader, CCID_REQUEST_IN, CCID_GET_DATA_RATES, 0, rates,
				   count * sizeof(*rates), NEGOTIATE_RATES_TIMEOUT_MS);
	if (ret < (int)sizeof(*rates)) {
		kfree(rates);
		return;
	}
	count = ret / sizeof(*rates);
	for (i = 0; i < count; i++)
		rates[i] = get_le32((u8 *)&rates[i]);
	spin_lock_irq(&reader->lock);
	if (!reader->rates) {
		reader->nrates = count;
		smp_store_release(&reader->rates, rates);	/* with their number */
		rates = NULL;
	}
	spin_unlock_irq(&reader->lock);
	kfree(rates);
}

/* What to try first: the same as the last time, if the card's ATR is. */
static int negotiate_fi_di(struct scard_slot *slot, u8 *fi_di)
{
	struct scard_reader *reader = slot->reader;
	struct params_reader limits = {
		.clock = reader->desc.default_clock,
		.max_rate = reader->desc.max_data_rate,
	};
	int ret;

	if (slot->chosen) {
		*fi_di = slot->choice;
		return 0;
	}
	negotiate_read_rates(reader);
	/* pairs with negotiate_read_rates() */
	limits.rates = smp_load_acquire(&reader->rates);
	if (limits.rates)
		limits.nrates = reader->nrates;
	ret = params_choose(fi_di, &slot->info, &limits);
	/* what the ATR fixes such a reader takes from the ATR, whatever rates it claims */
	if (reader->desc.features & (CCID_FEATURE_AUTO_PARAM_ATR | CCID_FEATURE_AUTO_NEGOTIATION))
		ret = 0;
	slot->choice = *fi_di;
	/* a reader that could not tell its rates now may tell them the next time */
	slot->chosen = !ret && (limits.rates || !reader->desc.num_data_rates_supported);
	return ret;
}

/* PPS as a raw exchange; at character level the answer's length has to be told. */
static int negotiate_pps(struct scard_slot *slot, struct scard_req *req, u8 t, u8 *fi_di)
{
	bool character = slot->reader->desc.level == CCID_LEVEL_CHARACTER;
	u8 request[PPS_LEN_MAX], params[3] = { };
	u32 len = pps_put(request, t, *fi_di);
	int ret;

	memcpy(req->tx + CCID_HEADER_LEN, request, len);
	params[1] = character ? len : 0;
	ret = scard_slot_cmd(slot, req, CCID_PC_TO_RDR_XFR_BLOCK, params, len,
			     NEGOTIATE_PPS_TIMEOUT_MS);
	return ret ?: pps_check(fi_di, request, len, req->ans.data, req->ans.len);
}

static int negotiate_set_parameters(struct scard_slot *slot, struct scard_req *req, u8 t, u8 fi_di)
{
	u8 params[3] = { t }, *payload = req->tx + CCID_HEADER_LEN;
	u32 len;
	int ret;

	len = t ? params_put_t1(payload, &slot->info, fi_di, slot->t1.ifsc) :
		  params_put_t0(payload, &slot->info, fi_di);
	ret = scard_slot_cmd(slot, req, CCID_PC_TO_RDR_SET_PARAMETERS, params, len,
			     NEGOTIATE_PARAMS_TIMEOUT_MS);
	/* Command not supported, or the byte named by bError cannot be changed: it is
	 * what it is.
	 */
	if (ret && req->ans.type && req->ans.cmd_status == CCID_CMD_FAILED &&
	    req->ans.error < 0x80)
		return 0;
	return ret;
}

/* Everything for one choice of protocol and parameters */
static int negotiate_try(struct scard_slot *slot, struct scard_req *req, u8 t, u8 fi_di)
{
	const struct ccid_desc *desc = &slot->reader->desc;
	const struct atr *atr = &slot->info;
	int ret;

	/* the block around it is prologue and epilogue, 3 and at most 2 bytes */
	t1_init(&slot->t1, atr->ifsc, atr->crc);
	t1_limit(&slot->t1, desc->max_part - CCID_HEADER_LEN - 5);
	if (!(desc->features & CCID_FEATURE_AUTO_NEGOTIATION)) {
		if (!(desc->features & CCID_FEATURE_AUTO_PPS) && !atr->specific &&
		    (t != atr->first || fi_di != ATR_FI_DI_DEFAULT)) {
			ret = negotiate_pps(slot, req, t, &fi_di);
			if (ret)
				return ret;
		}
		ret = negotiate_set_parameters(slot, req, t, fi_di);
		if (ret)
			return ret;
	}
	slot->fi_di = fi_di;
	slot->wait_ms = t ? params_wait_t1(atr, fi_di, desc->default_clock) :
			    params_wait_t0(atr, fi_di, desc->default_clock);

	if (t != 1 || desc->level >= CCID_LEVEL_SHORT_APDU ||
	    slot->reader->quirks & SCARD_QUIRK_NO_IFSD)
		return 0;
	if (desc->features & CCID_FEATURE_AUTO_IFSD) {
		slot->t1.ifsd = desc->max_ifsd;
		return 0;
	}
	ret = scard_slot_t1_ifsd(slot, req, desc->max_ifsd);
	return ret == -EIO ? 0 : ret;	/* a card that does not agree sends short blocks */
}

/* Is this failure worth another attempt with slower parameters? */
static bool negotiate_again(int ret)
{
	return ret == -EPROTO || ret == -EIO || ret == -ETIMEDOUT || ret == -EREMOTEIO;
}

static int negotiate(struct scard_slot *slot, struct scard_req *req, u8 t)
{
	u8 fi_di;
	int ret = negotiate_fi_di(slot, &fi_di);

	if (ret)
		return ret;
	ret = negotiate_try(slot, req, t, fi_di);
	if (!negotiate_again(ret))
		return ret;
	/* PPS is possible once after a reset only (ISO 7816-3 section 9.1). */
	scard_slot_mark_reset(slot);
	ret = scard_slot_power_off(slot, req);
	if (ret == -EINTR || ret == -ENODEV || ret == -ENOMEDIUM)
		return ret;
	ret = scard_slot_power_on(slot, req, false);
	if (ret)
		return ret;
	ret = negotiate_try(slot, req, t, slot->info.specific ? fi_di : ATR_FI_DI_DEFAULT);
	return negotiate_again(ret) ? -EREMOTEIO : ret;
}

/**
 * scard_slot_negotiate() - make a protocol active
 * @slot: the slot; the card is on
 * @req: a request
 * @protocols: SCARD_PROTO_* that the caller takes
 *
 * A protocol that is active stays: only a reset allows another one. T=1 wins where
 * both are possible, as with pcsc-lite.
 *
 * Return: 0, -EPROTONOSUPPORT, or a negative errno of the exchange
 */
int scard_slot_negotiate(struct scard_slot *slot, struct scard_req *req, u32 protocols)
{
	const struct atr *atr = &slot->info;
	u32 protocol = slot->protocol, both;
	int ret;

	if (protocol)
		return protocols & (protocol | SCARD_PROTO_RAW) ? 0 : -EPROTONOSUPPORT;

	if (protocols & SCARD_PROTO_RAW) {
		protocol = SCARD_PROTO_RAW;
	} else {
		both = protocols & slot->reader->desc.protocols &
		       (atr->specific ? BIT(atr->specific_protocol) : atr->protocols);
		if (both & SCARD_PROTO_T1)
			protocol = SCARD_PROTO_T1;
		else if (both & SCARD_PROTO_T0)
			protocol = SCARD_PROTO_T0;
		else
			return -EPROTONOSUPPORT;
		ret = negotiate(slot, req, protocol == SCARD_PROTO_T1);
		if (ret)
			return ret;
	}
	spin_lock(&slot->lock);
	/* without its power it has none, and the caller finds that out by itself */
	if (slot->pol.card == POL_CARD_ON)
		slot->protocol = protocol;
	scard_slot_unlock(slot);
	return 0;
}
