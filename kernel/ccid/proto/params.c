// SPDX-License-Identifier: GPL-2.0
/*
 * Which transmission parameters a card and a reader can have in common, how they
 * are told to both, and how long a card may be silent with them.
 */
#include "params.h"

#define TCCKS_INVERSE		0x02	/* bmTCCKSTx bit 1 */
#define TCCKS_T1		0x10	/* fixed bits of bmTCCKST1 */
#define TCCKS_CRC		0x01

#define PPS_PPSS		0xff
#define PPS_HAS_PPS1		0x10
#define PPS_HAS_PPS2_PPS3	0x60

#define RATE_DEFAULT		ATR_FI_DI_DEFAULT

/*
 * No card takes a clock near this one, but descriptors may claim it; with it every
 * product below fits its type.
 */
#define PARAMS_CLOCK_MAX	65535

/**
 * ccid_params_rate() - the data rate of parameters
 * @fi_di: parameters
 * @clock: kHz
 *
 * Return: bit/s, 0 for reserved values
 */
u32 ccid_params_rate(u8 fi_di, u32 clock)
{
	u16 f = ccid_atr_f(fi_di);

	return f ? min_u32(clock, PARAMS_CLOCK_MAX) * 1000 * ccid_atr_d(fi_di) / f : 0;
}

static bool params_has_rate(const struct params_reader *reader, u32 rate)
{
	unsigned int i;

	if (!rate || rate > reader->max_rate)
		return false;
	if (!reader->rates || !reader->nrates)
		return true;
	/* the table is in whole bit/s, rounded one way or the other */
	for (i = 0; i < reader->nrates; i++)
		if (rate + 1 >= reader->rates[i] && rate <= reader->rates[i] + 1)
			return true;
	return false;
}

/**
 * ccid_params_choose() - the fastest parameters that card and reader have in common
 * @fi_di: the result: TA1 of the parameters to use
 * @atr: the card's
 * @reader: the reader's
 *
 * A card in negotiable mode offers all D up to its own at its F. In specific mode
 * the parameters are the card's, and the reader has them or not.
 *
 * Return: 0 or -EPROTONOSUPPORT: specific mode, and the reader cannot
 */
int ccid_params_choose(u8 *fi_di, const struct atr *atr, const struct params_reader *reader)
{
	/* in the order of falling D: 64, 32, 20, 16, 12, 8, 4, 2, 1 */
	static const u8 falling[] = { 7, 6, 9, 5, 8, 4, 3, 2, 1 };
	u8 best = ccid_atr_d(atr->fi_di);
	unsigned int i;

	*fi_di = RATE_DEFAULT;
	if (atr->specific) {
		if (atr->implicit)
			return 0;
		*fi_di = atr->fi_di;
		if (atr->fi_di == RATE_DEFAULT ||
		    params_has_rate(reader, ccid_params_rate(atr->fi_di, reader->clock)))
			return 0;
		return -EPROTONOSUPPORT;
	}
	if (!best || !ccid_atr_f(atr->fi_di))
		return 0;
	for (i = 0; i < sizeof(falling); i++) {
		u8 candidate = (atr->fi_di & 0xf0) | falling[i];
		u32 rate = ccid_params_rate(candidate, reader->clock);

		if (ccid_atr_d(candidate) > best)
			continue;
		if (rate <= ccid_params_rate(RATE_DEFAULT, reader->clock))
			break;		/* not worth a negotiation */
		if (params_has_rate(reader, rate)) {
			*fi_di = candidate;
			break;
		}
	}
	return 0;
}

/**
 * ccid_params_put_t0() - abProtocolDataStructure for T=0
 * @buf: PARAMS_T0_LEN bytes
 * @atr: the card's
 * @fi_di: parameters in use
 *
 * Return: bytes written
 */
u32 ccid_params_put_t0(u8 *buf, const struct atr *atr, u8 fi_di)
{
	buf[0] = fi_di;
	buf[1] = atr->inverse ? TCCKS_INVERSE : 0;
	buf[2] = atr->guard_time;
	buf[3] = atr->wi;
	buf[4] = atr->clock_stop;
	return PARAMS_T0_LEN;
}

/**
 * ccid_params_put_t1() - abProtocolDataStructure for T=1
 * @buf: PARAMS_T1_LEN bytes
 * @atr: the card's
 * @fi_di: parameters in use
 * @ifsc: longest information field that the card takes
 *
 * Return: bytes written
 */
u32 ccid_params_put_t1(u8 *buf, const struct atr *atr, u8 fi_di, u8 ifsc)
{
	buf[0] = fi_di;
	buf[1] = TCCKS_T1 | (atr->crc ? TCCKS_CRC : 0) | (atr->inverse ? TCCKS_INVERSE : 0);
	buf[2] = atr->guard_time;
	buf[3] = atr->bwi << 4 | atr->cwi;
	buf[4] = atr->clock_stop;
	buf[5] = ifsc;
	buf[6] = 0;	/* NAD: node addresses are not used */
	return PARAMS_T1_LEN;
}

static u32 params_ms(u64 ms)
{
	return ms < PARAMS_WAIT_MAX_MS ? ms : PARAMS_WAIT_MAX_MS;
}

/* The clock of a reader that does not say is the slowest that a card must take. */
static u32 params_clock(u32 clock)
{
	return clock ? min_u32(clock, PARAMS_CLOCK_MAX) : 1000;
}

/* @etu elementary time units in ms, rounded up */
static u64 params_etu_ms(u8 fi_di, u32 clock, u64 etu)
{
	u32 f = ccid_atr_f(fi_di), d = ccid_atr_d(fi_di);

	if (!f || !d) {
		f = 372;
		d = 1;
	}
	/* an etu has F / D clock cycles, and clock is in cycles per ms */
	return div_u64(etu * f, d * clock) + 1;
}

/* Extra guard time; N = 255 stands for the shortest one that the protocol has */
static u32 params_extra(const struct atr *atr)
{
	return atr->guard_time == 255 ? 0 : atr->guard_time;
}

/**
 * ccid_params_wait_t0() - how long a T=0 exchange of one TPDU may take
 * @atr: the card's
 * @fi_di: parameters in use
 * @clock: kHz
 *
 * The work waiting time is 960 x WI x Fi / f (ISO 7816-3 section 10.2), and a card may take it
 * before each character that it sends: 260 at most, after a header of 5.
 *
 * Return: ms, up to PARAMS_WAIT_MAX_MS
 */
u32 ccid_params_wait_t0(const struct atr *atr, u8 fi_di, u32 clock)
{
	u32 f = ccid_atr_f(fi_di) ? ccid_atr_f(fi_di) : 372;
	u64 wwt;

	clock = params_clock(clock);
	wwt = 960 * atr->wi * f / clock + 1;
	return params_ms(params_etu_ms(fi_di, clock, 262ULL * (12 + params_extra(atr))) +
			 260 * wwt);
}

/**
 * ccid_params_wait_t1() - how long a T=1 block and its answer may take
 * @atr: the card's
 * @fi_di: parameters in use
 * @clock: kHz
 *
 * BWT = 11 etu + 2^BWI x 960 x 372 / f, CWT = (11 + 2^CWI) etu (ISO 7816-3 section
 * 11.4.3), for a block of 259 characters each way; and a second in which the reader says
 * that the card has not met these.
 *
 * Return: ms, up to PARAMS_WAIT_MAX_MS
 */
u32 ccid_params_wait_t1(const struct atr *atr, u8 fi_di, u32 clock)
{
	u64 sent, received;
	u32 bwt;

	clock = params_clock(clock);
	/* BWI above 9 is reserved */
	bwt = (960U * 372 << min_u32(atr->bwi, 9)) / clock + 1;
	sent = params_etu_ms(fi_di, clock, 260ULL * (12 + params_extra(atr)));
	received = params_etu_ms(fi_di, clock, 260ULL * (11 + (1U << atr->cwi)));
	return params_ms(sent + bwt + received + 1000);
}

/**
 * ccid_pps_put() - a PPS request
 * @buf: PPS_LEN_MAX bytes
 * @protocol: T
 * @fi_di: parameters; the default ones are not mentioned
 *
 * Return: bytes written
 */
u32 ccid_pps_put(u8 *buf, u8 protocol, u8 fi_di)
{
	u32 len = 0;

	buf[len++] = PPS_PPSS;
	buf[len++] = protocol;
	if (fi_di != ATR_FI_DI_DEFAULT) {
		buf[1] |= PPS_HAS_PPS1;
		buf[len++] = fi_di;
	}
	buf[len] = buf[0] ^ buf[1] ^ (len == 3 ? buf[2] : 0);
	return len + 1;
}

/**
 * ccid_pps_check() - has the card agreed?
 * @fi_di: the result: parameters in use from now on
 * @request: the PPS request
 * @request_len: bytes of it
 * @answer: the PPS response
 * @answer_len: bytes of it
 *
 * The card repeats the request, or leaves PPS1 out to keep the default parameters
 * (ISO 7816-3 section 9.3).
 *
 * Return: 0 or -EPROTO
 */
int ccid_pps_check(u8 *fi_di, const u8 *request, u32 request_len, const u8 *answer, u32 answer_len)
{
	u8 sum = 0;
	u32 i;

	if (answer_len < 3 || answer_len > request_len)
		return -EPROTO;
	for (i = 0; i < answer_len; i++)
		sum ^= answer[i];
	if (sum || answer[0] != PPS_PPSS || (answer[1] ^ request[1]) & 0x0f ||
	    answer[1] & PPS_HAS_PPS2_PPS3)
		return -EPROTO;
	if (!(answer[1] & PPS_HAS_PPS1)) {
		*fi_di = ATR_FI_DI_DEFAULT;
		return answer_len == 3 ? 0 : -EPROTO;
	}
	if (answer_len != 4 || request_len != 4 || answer[2] != request[2])
		return -EPROTO;
	*fi_di = answer[2];
	return 0;
}
