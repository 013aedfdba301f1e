/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SCARD_PROTO_PORT_H
#define SCARD_PROTO_PORT_H
#ifdef __KERNEL__
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/string.h>
#include <linux/types.h>
#else
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
typedef uint8_t u8; typedef uint16_t u16; typedef uint32_t u32; typedef int32_t s32;
#define U32_MAX UINT32_MAX
#endif
static inline u32 get_le32_(const u8 *p) { return p[0] | p[1] << 8 | p[2] << 16 | (u32)p[3] << 24; }
static inline u16 get_le16_(const u8 *p) { return p[0] | p[1] << 8; }
#endif
