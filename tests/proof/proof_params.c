// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Parameters, PPS and waiting times: any card and any reader. No product overflows, also not an
 * unsigned one.
 */
#include "proof.h"
#include "atr.c"
#include "params.c"

#define RATES_MAX	4

/* What ccid_atr_parse() leaves at most */
static void any_atr(struct atr *a)
{
	a->inverse = nondet_bool();
	a->specific = nondet_bool();
	a->implicit = nondet_bool();
	a->crc = nondet_bool();
	ASSUME(a->bwi <= 15 && a->cwi <= 15 && a->wi && a->clock_stop <= 3);
}

void proof_params_choose(void)
{
	struct params_reader reader;
	u32 rates[RATES_MAX], i;
	struct atr a;
	u8 fi_di;
	int ret;

	any_atr(&a);
	reader.rates = nondet_bool() ? rates : NULL;
	ASSUME(reader.nrates <= RATES_MAX);
	/* behind it is 0, a rate that no reader has either */
	for (i = 0; i < RATES_MAX; i++)
		ASSUME(rates[i] < U32_MAX);
	ret = ccid_params_choose(&fi_di, &a, &reader);
	if (ret) {
		REACHED("refused");
		HOLDS(ret == -EPROTONOSUPPORT && a.specific && !a.implicit);
		return;
	}
	if (fi_di == ATR_FI_DI_DEFAULT) {
		REACHED("default");
		return;
	}
	REACHED("others");
	HOLDS(ccid_atr_f(fi_di) && ccid_atr_d(fi_di));
	HOLDS(fi_di >> 4 == a.fi_di >> 4 && ccid_atr_d(fi_di) <= ccid_atr_d(a.fi_di));
	HOLDS(!a.specific || fi_di == a.fi_di);
}

void proof_params_wait(void)
{
	u8 fi_di = nondet_u8();
	u32 clock = nondet_u32(), ms;
	struct atr a;

	any_atr(&a);
	ms = nondet_bool() ? ccid_params_wait_t0(&a, fi_di, clock) :
			     ccid_params_wait_t1(&a, fi_di, clock);
	REACHED("end");
	HOLDS(ms && ms <= PARAMS_WAIT_MAX_MS);
}

void proof_params_put(void)
{
	u8 fi_di = nondet_u8();
	struct atr a;
	u32 len;

	any_atr(&a);
	BUFFER(t0, PARAMS_T0_LEN, PARAMS_T0_LEN);
	BUFFER(t1, PARAMS_T1_LEN, PARAMS_T1_LEN);
	len = ccid_params_put_t0(t0, &a, fi_di);
	HOLDS(len == PARAMS_T0_LEN && t0[0] == fi_di);
	len = ccid_params_put_t1(t1, &a, fi_di, nondet_u8());
	HOLDS(len == PARAMS_T1_LEN && t1[0] == fi_di && (t1[1] & 0x10));
	REACHED("end");
}

/* A request of ours, and any answer */
void proof_pps(void)
{
	u8 protocol = nondet_u8(), wanted = nondet_u8(), fi_di;
	u32 len, answer_len = nondet_u32();
	int ret;

	ASSUME(protocol <= 15 && answer_len <= PPS_LEN_MAX + 1);
	BUFFER(request, PPS_LEN_MAX, PPS_LEN_MAX);
	BUFFER(answer, answer_len, PPS_LEN_MAX + 1);
	len = ccid_pps_put(request, protocol, wanted);
	HOLDS(len == (wanted == ATR_FI_DI_DEFAULT ? 3 : 4));
	ret = ccid_pps_check(&fi_di, request, len, answer, answer_len);
	if (ret) {
		REACHED("refused");
		HOLDS(ret == -EPROTO);
		return;
	}
	REACHED("agreed");
	HOLDS(fi_di == wanted || fi_di == ATR_FI_DI_DEFAULT);
	HOLDS(answer_len <= len && (answer[1] & 0x0f) == protocol);
}
