/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SCARD_IFD_ATTR_H
#define SCARD_IFD_ATTR_H

/*
 * Give the kernel the attributes of a slot that the driver has. The caller holds the lock of the
 * slot.
 */
void attr_push_reader(unsigned int slot);

/* The same for those that change with the power of the card and with its protocol */
void attr_push_card(unsigned int slot);

#endif
