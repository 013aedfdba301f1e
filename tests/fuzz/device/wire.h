/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device on its port of vhci_hcd, by USB/IP over a socket pair: transfers of the host, what
 * waits for them, their replies.
 */
#ifndef FUZZ_WIRE_H
#define FUZZ_WIRE_H

#include "fuzz.h"

struct transfer {
	uint32_t seqnum;
	uint32_t length;	/* of the host's buffer (IN) or data (OUT) */
	uint8_t ep;		/* with the direction bit */
	uint8_t setup[8];
	const uint8_t *data;	/* OUT */
};

/* On that port, from 0 on, of different controllers as far as possible; false: it cannot be attached. */
bool wire_plug(unsigned int port);
void wire_unplug(void);
/* The bus of USB 2.0 of that port, if the port is the first one of its root hub; else 0 */
unsigned int wire_bus(unsigned int port);
bool wire_plugged(void);
/* Is the directory of the last device gone, and the port free, within @ms? */
bool wire_gone(unsigned int ms);
/* The directory of the device in sysfs; false: there is none. */
bool wire_device(char *path, size_t size);

/* Serve the host for @ms, or until @fd (unless it is -1) can be read or the device is unplugged. */
void wire_run(unsigned int ms, int fd);
/* When the host last asked for something */
unsigned long wire_last_ms(void);

/* The reply to a transfer; @len of IN may be longer than its buffer, which is an overflow. */
void wire_reply(const struct transfer *t, int status, const uint8_t *data, size_t len);
/* In a while */
void wire_reply_later(const struct transfer *t, int status, size_t len, unsigned int ms);
/* Data, or an error, for the next IN transfer of an endpoint, in a while */
void wire_push(uint8_t ep, int status, const uint8_t *data, size_t len, unsigned int ms);
/* Forget what waits for IN transfers. */
void wire_forget(void);

/* reader.c: control and OUT transfers; @t->data is valid until it returns. */
void reader_transfer(const struct transfer *t);

#endif
