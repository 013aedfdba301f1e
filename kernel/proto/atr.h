/* SPDX-License-Identifier: GPL-2.0 */
#ifndef P_ATR_H
#define P_ATR_H
#include "port.h"
struct atr { u8 bytes[33]; u8 len; u16 protocols; };
int atr_parse(struct atr *a, const u8 *buf, size_t len);
#endif
