/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PIN pad: the command Secure with keys from the control socket. */
#ifndef VREADER_SECURE_H
#define VREADER_SECURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slot;

/* Execute the command. */
void secure_start(struct slot *s, const uint8_t *data, size_t len);
/* Press keys; they are kept until a slot asks for them. */
void secure_press(const char *keys);
/* The pad waits for keys. */
bool secure_waiting(void);

#endif
