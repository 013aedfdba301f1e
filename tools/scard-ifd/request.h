/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SCARD_IFD_REQUEST_H
#define SCARD_IFD_REQUEST_H

#include "atr.h"
#include "driver.h"
#include "uscard.h"

/**
 * struct request_card - what the requests of a slot know of its card
 * @protocols: those of its ATR
 * @room: DRIVER_ROOM bytes for answers, clear between requests
 */
struct request_card {
	struct atr_protocols protocols;
	uint8_t room[DRIVER_ROOM];
};

/*
 * Have the driver do what the kernel asks for, and answer. The caller holds the lock of the slot.
 * Return: false: the answer was that there is no card
 */
bool request_run(struct request_card *card, struct uscard_job *job);

/* Take the power from the card: 0, or the errno for an answer. */
int request_power_down(unsigned int slot);

/* The control codes by which a PIN is entered. Return: their number, up to @max */
unsigned int request_pin_codes(struct request_card *card, uint32_t *codes, unsigned int max);

#endif
