/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SCARD_IFD_DRIVER_H
#define SCARD_IFD_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ifdhandler.h>

#include "config.h"

/* Room for an answer; larger than any that the kernel takes */
#define DRIVER_ROOM	MAX_BUFFER_SIZE_EXTENDED

/* The logical unit of a slot: this process has one reader. */
static inline DWORD driver_lun(unsigned int slot)
{
	return slot;
}

/* Load the driver, and open the channel of its first slot. Return: false, with a message */
bool driver_open(const struct config *config);

/* Open the channel of another slot. */
bool driver_open_slot(const struct config *config, unsigned int slot);

/* Close the channel of a slot. */
void driver_close_slot(unsigned int slot);

/* A descriptor that is readable when the driver has lost the reader */
int driver_gone_fd(void);

/* May functions of two slots run at the same time? */
bool driver_takes_slots_at_once(void);

/* Slots of the reader, at least 1 */
unsigned int driver_slots(void);

/*
 * The functions of the driver. They return its codes, and lengths no longer than the buffer. The
 * caller holds the lock of the slot.
 */
RESPONSECODE driver_power(unsigned int slot, DWORD action, uint8_t *atr, size_t *len);
RESPONSECODE driver_set_protocol(unsigned int slot, DWORD protocol);
RESPONSECODE driver_transmit(unsigned int slot, DWORD protocol, uint8_t *tx, size_t tx_len,
			     uint8_t *rx, size_t *rx_len);
RESPONSECODE driver_control(unsigned int slot, DWORD code, uint8_t *tx, size_t tx_len,
			    uint8_t *rx, size_t *rx_len);
RESPONSECODE driver_get(unsigned int slot, DWORD tag, uint8_t *value, size_t *len);
/* Is there a card? Not in a slot whose state the driver does not know. */
bool driver_present(unsigned int slot);
/* Does the driver know that there is none? */
bool driver_absent(unsigned int slot);

/* Does the driver wait for a card itself? */
bool driver_waits(unsigned int slot);

/* Wait until the driver has seen a change, without the lock. Return: false: it cannot wait */
bool driver_wait(unsigned int slot);

/* End the wait, if the driver can. */
void driver_wait_end(unsigned int slot);

#endif
