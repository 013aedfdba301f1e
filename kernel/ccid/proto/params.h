/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Transmission parameters, PPS and waiting times: ISO 7816-3 sections 7.1, 8.3, 9,
 * 10.2 and 11.4; CCID 1.1 sections 6.1.7 and 6.2.3.
 */
#ifndef SCARD_PROTO_PARAMS_H
#define SCARD_PROTO_PARAMS_H

#include "atr.h"
#include "port.h"

#define PPS_LEN_MAX		4	/* PPSS PPS0 PPS1 PCK */
#define PARAMS_T0_LEN		5	/* abProtocolDataStructure of T=0 */
#define PARAMS_T1_LEN		7
/* No waiting time of a card is believed to be longer, ms */
#define PARAMS_WAIT_MAX_MS	300000U

/**
 * struct params_reader - limits of a reader
 * @clock: clock frequency that the card gets, kHz
 * @max_rate: fastest data rate, bit/s
 * @rates: the data rates that it has, bit/s; NULL if it does not say
 * @nrates: number of them
 */
struct params_reader {
	u32 clock;
	u32 max_rate;
	const u32 *rates;
	unsigned int nrates;
};

u32 ccid_params_rate(u8 fi_di, u32 clock);
int ccid_params_choose(u8 *fi_di, const struct atr *atr, const struct params_reader *reader);
u32 ccid_params_put_t0(u8 *buf, const struct atr *atr, u8 fi_di);
u32 ccid_params_put_t1(u8 *buf, const struct atr *atr, u8 fi_di, u8 ifsc);
u32 ccid_params_wait_t0(const struct atr *atr, u8 fi_di, u32 clock);
u32 ccid_params_wait_t1(const struct atr *atr, u8 fi_di, u32 clock);

u32 ccid_pps_put(u8 *buf, u8 protocol, u8 fi_di);
int ccid_pps_check(u8 *fi_di, const u8 *request, u32 request_len, const u8 *answer, u32 answer_len);

#endif /* SCARD_PROTO_PARAMS_H */
