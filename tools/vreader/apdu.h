/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Command APDUs. */
#ifndef VREADER_APDU_H
#define VREADER_APDU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_APDU 65544		/* CLA INS P1 P2, 3 bytes Lc, 65535 bytes, 2 bytes Le */
#define MAX_RESPONSE 65538	/* 65536 bytes and a status word */

struct apdu {
	uint8_t cla, ins, p1, p2;
	const uint8_t *data;
	size_t lc;
	size_t ne;		/* 0: no response data wanted */
	bool extended;
};

/* Split an APDU into its fields; false if it is none. */
bool apdu_parse(struct apdu *a, const uint8_t *p, size_t len);

#endif
