/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Command APDUs, ISO 7816-3 section 12.1.
 */
#ifndef SCARD_PROTO_APDU_H
#define SCARD_PROTO_APDU_H

#include "port.h"

#define APDU_HEADER_LEN		4

/**
 * struct apdu - a command APDU, taken apart
 * @extended: the length fields are extended ones
 * @nc: bytes of command data, 0 to 65535
 * @data: their offset in the APDU
 * @ne: bytes of answer data expected at most, 0 to 65536
 * @has_le: an Le field is there; @ne is 0 without it
 */
struct apdu {
	bool extended;
	u32 nc;
	u32 data;
	u32 ne;
	bool has_le;
};

/* False: certainly not extended. The shortest that is has 7 bytes, and the first length is 0. */
static inline bool apdu_may_be_extended(const u8 *buf, u32 len)
{
	return len >= APDU_HEADER_LEN + 3 && !buf[APDU_HEADER_LEN];
}

int apdu_parse(struct apdu *a, const u8 *buf, u32 len);

#endif /* SCARD_PROTO_APDU_H */
