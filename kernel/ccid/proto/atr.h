/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Answer to reset, ISO 7816-3 section 8.2.
 */
#ifndef SCARD_PROTO_ATR_H
#define SCARD_PROTO_ATR_H

#include "port.h"

#define ATR_LEN_MAX	33
#define ATR_LEN_MIN	2

/* TA1 when the card does not send it: Fd = 372, Dd = 1 */
#define ATR_FI_DI_DEFAULT	0x11

/**
 * struct atr - an answer to reset, taken apart
 * @bytes: as received
 * @len: bytes of it, 2 to 33
 * @inverse: inverse convention (TS is 3F)
 * @protocols: a bit for each T that is offered; T=15 is not a protocol
 * @first: the T that is offered first, which is used without negotiation
 * @specific: specific mode: TA2 is there, no PPS is possible
 * @specific_protocol: its T
 * @implicit: in specific mode, the parameters are not those of TA1 (TA2 bit 5)
 * @has_ta1: TA1 is there
 * @fi_di: TA1, or ATR_FI_DI_DEFAULT
 * @guard_time: TC1, extra guard time N
 * @wi: TC2, waiting time integer of T=0
 * @ifsc: first TA for T=1, longest information field that the card takes
 * @bwi: first TB for T=1, high nibble
 * @cwi: first TB for T=1, low nibble
 * @crc: first TC for T=1: blocks end with a CRC, not with an LRC
 * @clock_stop: first TA for T=15, bits 8 and 7
 * @classes: first TA for T=15, bits 6 to 1: bit 0 5 V, bit 1 3 V, bit 2 1.8 V; 0 if
 *	the card does not say
 * @hist: offset of the historical bytes in @bytes
 * @hist_len: number of them, 0 to 15, that are there
 * @has_tck: a check byte has to be and is there
 * @tck_ok: it is right, or there must be none
 * @truncated: bytes that T0 or TDi announce are missing
 */
struct atr {
	u8 bytes[ATR_LEN_MAX];
	u8 len;
	bool inverse;
	u16 protocols;
	u8 first;
	bool specific;
	u8 specific_protocol;
	bool implicit;
	bool has_ta1;
	u8 fi_di;
	u8 guard_time;
	u8 wi;
	u8 ifsc;
	u8 bwi;
	u8 cwi;
	bool crc;
	u8 clock_stop;
	u8 classes;
	u8 hist;
	u8 hist_len;
	bool has_tck;
	bool tck_ok;
	bool truncated;
};

int atr_parse(struct atr *a, const u8 *buf, size_t len);
u16 atr_f(u8 fi_di);
u8 atr_d(u8 fi_di);

#endif /* SCARD_PROTO_ATR_H */
