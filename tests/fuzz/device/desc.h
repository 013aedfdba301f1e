/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The descriptors of the device, out of the head of a case. */
#ifndef FUZZ_DESC_H
#define FUZZ_DESC_H

#include "fuzz.h"

#define EP_OUT		0x01
#define EP_IN		0x82
#define EP_INTR		0x83

enum level { LEVEL_CHARACTER, LEVEL_TPDU, LEVEL_APDU, LEVEL_EXTENDED, LEVEL_ICCD_A, LEVEL_ICCD_B };

struct desc {
	enum level level;
	unsigned int slots;
	unsigned int packet;	/* bytes of a bulk packet */
	bool high_speed;
};

extern struct desc desc;

void desc_build(const uint8_t *head);
/* The answer to GET_DESCRIPTOR: its length, or -1 */
int desc_get(uint8_t type, uint8_t index, uint8_t *buf, size_t size);

#endif
