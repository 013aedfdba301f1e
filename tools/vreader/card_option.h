/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VREADER_CARD_OPTION_H
#define VREADER_CARD_OPTION_H

#include <stdbool.h>
#include <stddef.h>

struct card_spec;

/* Read "KIND,OPTION=VALUE,..."; on failure write the reason to @err. */
bool card_option_parse(struct card_spec *spec, const char *text, char *err, size_t size);

#endif
