/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PIN entry, PC/SC part 10, for /dev/uscard: controls become the message of a CCID driver. */
#ifndef VREADER_USCARD_PIN_H
#define VREADER_USCARD_PIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct profile;

#define CONTROL_GET_FEATURE	0x42000d48	/* SCARD_CTL_CODE(3400) */
#define CONTROL_ESCAPE		0x42000001	/* SCARD_CTL_CODE(1) */
#define USCARD_PIN_INFO		64		/* room for features or properties */

/* The codes that have a PIN entered, at most two: their number */
unsigned int uscard_pin_codes(const struct profile *p, uint32_t *codes);
/* Features or properties, up to USCARD_PIN_INFO bytes at @to: their number; 0: not such a code */
size_t uscard_pin_info(const struct profile *p, uint32_t code, uint8_t *to);
/* Does the code have a PIN entered? */
bool uscard_pin_is_entry(const struct profile *p, uint32_t code);
/*
 * The data of PC_to_RDR_Secure for the structure of @len bytes, at most as many, at @to: their
 * number; 0: it is none
 */
size_t uscard_pin_secure(uint32_t code, const uint8_t *from, size_t len, uint8_t *to);

#endif
