/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SCARD_IFD_USCARD_H
#define SCARD_IFD_USCARD_H

#include <linux/uscard.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct uscard_job - a request of the kernel
 * @head: the request
 * @data: its data
 */
struct uscard_job {
	struct uscard_request head;
	uint8_t data[];
};

/*
 * Make the reader, for all users if this process may, and else private. Return: the descriptor or
 * a negative errno
 */
int uscard_open(const char *path, struct uscard_create *create);

/* Unplug the reader. */
void uscard_close(void);

/* The next request; *@job is NULL if there is none. Return: 0 or a negative errno */
int uscard_read(struct uscard_job **job);

/* Clear a request and free it. */
void uscard_free(struct uscard_job *job);

/* These may be called by any thread, and do not sleep. */
void uscard_answer(uint64_t id, uint32_t value, const uint8_t *data, size_t len);
void uscard_answer_error(uint64_t id, int error);
void uscard_more_time(uint64_t id, uint32_t ms);
void uscard_event(unsigned int slot, bool present);
void uscard_attr(unsigned int slot, uint32_t id, const uint8_t *data, size_t len);
void uscard_attr_remove(unsigned int slot, uint32_t id);

#endif
