/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control socket. */
#ifndef VREADER_CONTROL_H
#define VREADER_CONTROL_H

#include <stdbool.h>

bool control_open(const char *path);
void control_close(void);

#endif
