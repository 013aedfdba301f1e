// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ATRs: the results of the parser in kernel/ccid/proto/atr.c (parameters, PPS, waiting times). A
 * second parser, which uses an index and a table, has to agree with it.
 */
#include "atr.h"
#include "fuzz.h"
#include "params.h"

struct table {
	int ta[34], tb[34], tc[34], td[34];	/* by i from 1; -1 if absent */
	unsigned int n;
	size_t hist;
	bool missing;
};

static int byte_at(const u8 *p, size_t len, size_t *at, u8 y, unsigned int bit, bool *missing)
{
	if (!(y >> bit & 1))
		return -1;
	if (*at >= len) {
		*missing = true;
		return -1;
	}
	return p[(*at)++];
}

static void tabulate(struct table *t, const u8 *p, size_t len)
{
	u8 y = p[1] >> 4;

	memset(t, 0, sizeof(*t));
	t->hist = 2;
	do {
		t->n++;
		t->ta[t->n] = byte_at(p, len, &t->hist, y, 0, &t->missing);
		t->tb[t->n] = byte_at(p, len, &t->hist, y, 1, &t->missing);
		t->tc[t->n] = byte_at(p, len, &t->hist, y, 2, &t->missing);
		t->td[t->n] = byte_at(p, len, &t->hist, y, 3, &t->missing);
		y = t->td[t->n] >> 4;
	} while (t->td[t->n] >= 0);
}

static void compare(const struct atr *a, const u8 *p, size_t len)
{
	u8 ifsc = 32, bwi = 4, cwi = 13, classes = 0, clock_stop = 0, sum = 0;
	bool crc = false, t1_seen = false, t15_seen = false, check = false;
	u16 protocols = 0;
	int first = -1;
	struct table t;
	unsigned int i;
	size_t end;

	tabulate(&t, p, len);
	for (i = 1; i <= t.n && t.td[i] >= 0; i++) {
		u8 type = t.td[i] & 15;

		if (type)
			check = true;
		if (type == 15)
			continue;
		if (first < 0)
			first = type;
		protocols |= 1 << type;
	}
	HOLDS(a->protocols == (protocols ? protocols : 1) && a->first == (first < 0 ? 0 : first));
	HOLDS(a->has_ta1 == (t.ta[1] >= 0) && a->fi_di == (t.ta[1] >= 0 ? t.ta[1] : 0x11));
	HOLDS(a->guard_time == (t.tc[1] >= 0 ? t.tc[1] : 0));
	HOLDS(a->specific == (t.n >= 2 && t.ta[2] >= 0));
	HOLDS(!a->specific || (a->specific_protocol == (t.ta[2] & 15) &&
			       a->implicit == (t.ta[2] >> 4 & 1)));
	HOLDS(a->wi == (t.n >= 2 && t.tc[2] > 0 ? t.tc[2] : 10));

	for (i = 3; i <= t.n; i++) {
		u8 type = t.td[i - 1] & 15;

		/* a group without bytes is absent */
		if (!(t.td[i - 1] >> 4))
			continue;
		if (type == 1 && !t1_seen) {
			t1_seen = true;
			if (t.ta[i] > 0 && t.ta[i] < 255)
				ifsc = t.ta[i];
			if (t.tb[i] >= 0) {
				bwi = t.tb[i] >> 4;
				cwi = t.tb[i] & 15;
			}
			if (t.tc[i] >= 0)
				crc = t.tc[i] & 1;
		} else if (type == 15 && !t15_seen) {
			t15_seen = true;
			if (t.ta[i] >= 0) {
				clock_stop = t.ta[i] >> 6;
				classes = t.ta[i] & 63;
			}
		}
	}
	HOLDS(a->ifsc == ifsc && a->bwi == bwi && a->cwi == cwi && a->crc == crc);
	HOLDS(a->classes == classes && a->clock_stop == clock_stop);

	end = t.hist + (p[1] & 15);
	HOLDS(a->hist == t.hist && a->hist_len == (end > len ? len : end) - t.hist);
	if (!check || end >= len) {
		HOLDS(!a->has_tck && a->tck_ok == !check);
		HOLDS(a->truncated == (t.missing || end > len || check));
		return;
	}
	for (i = 1; i <= end; i++)
		sum ^= p[i];
	HOLDS(a->has_tck && a->tck_ok == !sum && a->truncated == t.missing);
}

static void fuzz_params(const struct atr *a, struct input *in)
{
	struct params_reader r = { .clock = take32(in), .max_rate = take32(in) };
	u8 fi_di = 0, agreed = 0, buf[16], pps[PPS_LEN_MAX], protocol = take(in) & 15;
	u32 rates[4] = { take32(in), take32(in), take32(in), take32(in) }, len, wait;
	int ret;

	r.nrates = take(in) % 5;
	r.rates = r.nrates ? rates : NULL;
	ret = ccid_params_choose(&fi_di, a, &r);
	HOLDS(ret == 0 || (ret == -EPROTONOSUPPORT && a->specific));
	if (!ret && fi_di != ATR_FI_DI_DEFAULT) {
		u64 clock = r.clock < 65535 ? r.clock : 65535;

		HOLDS(ccid_atr_f(fi_di) && ccid_atr_d(fi_di));
		HOLDS(fi_di >> 4 == a->fi_di >> 4 && ccid_atr_d(fi_di) <= ccid_atr_d(a->fi_di));
		HOLDS(clock * 1000 * ccid_atr_d(fi_di) / ccid_atr_f(fi_di) <= r.max_rate);
	}
	HOLDS(ccid_params_put_t0(buf, a, fi_di) == PARAMS_T0_LEN && buf[0] == fi_di);
	HOLDS(ccid_params_put_t1(buf, a, fi_di, a->ifsc) == PARAMS_T1_LEN && buf[5] == a->ifsc);
	wait = ccid_params_wait_t0(a, a->fi_di, r.clock);
	HOLDS(wait && wait <= PARAMS_WAIT_MAX_MS);
	wait = ccid_params_wait_t1(a, a->fi_di, r.clock);
	HOLDS(wait && wait <= PARAMS_WAIT_MAX_MS);

	/* a copy of the request is an answer that agrees; any other answer agrees to no more */
	len = ccid_pps_put(pps, protocol, fi_di);
	HOLDS(len == 3 || len == 4);
	HOLDS(!ccid_pps_check(&agreed, pps, len, pps, len) && agreed == fi_di);
	wait = take(in) % 8;
	memset(buf, 0, sizeof(buf));
	for (ret = 0; ret < (int)wait; ret++)
		buf[ret] = take(in);
	if (!ccid_pps_check(&agreed, pps, len, buf, wait)) {
		HOLDS(agreed == fi_di || agreed == ATR_FI_DI_DEFAULT);
		HOLDS(buf[0] == 0xff && (buf[1] & 15) == protocol);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input in = { data, len };
	size_t n = take(&in) % 40;
	struct atr a;
	u8 *atr;
	int ret;

	if (n > in.len)
		n = in.len;
	atr = take_copy(&in, n);
	ret = ccid_atr_parse(&a, atr, n);
	HOLDS(ret == (n < 2 || n > 33 || (atr[0] != 0x3b && atr[0] != 0x3f) ? -EINVAL : 0));
	if (!ret) {
		HOLDS(a.len == n && !memcmp(a.bytes, atr, n));
		HOLDS(a.ifsc >= 1 && a.ifsc <= 254 && a.protocols && a.first <= 14);
		HOLDS(a.hist + a.hist_len <= a.len);
		compare(&a, atr, n);
		fuzz_params(&a, &in);
	}
	free(atr);
	return 0;
}
