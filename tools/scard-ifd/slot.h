/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SCARD_IFD_SLOT_H
#define SCARD_IFD_SLOT_H

#include <stdbool.h>
#include <stdint.h>

#include "uscard.h"

/* Make the slots; the control codes that enter a PIN are asked for. Return: 0 or an errno */
int slot_init(unsigned int count, bool at_once);
unsigned int slot_pin_codes(uint32_t *codes, unsigned int max);

/* Start the threads, once the reader is there. Return: 0 or an errno */
int slot_start(void);

/* Hand over a request. None of these waits for the driver. */
void slot_request(struct uscard_job *job);

/* Have the kernel wait for requests that are open. Return: true if there is one */
bool slot_more_time(uint32_t ms);

/* End the threads, and power the cards down. Return: false: the driver still runs */
bool slot_stop(void);

#endif
