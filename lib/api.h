/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The exported functions. */
#ifndef SCARD_API_H
#define SCARD_API_H

#include "PCSC/winscard.h"

/* Exported; all other symbols are hidden */
#define API	__attribute__((visibility("default")))

#endif /* SCARD_API_H */
