/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SCARD_FILE_H
#define SCARD_FILE_H

#include "handle.h"

struct scard_handle *scard_file_open(struct scard_slot *slot);
void scard_file_end(struct scard_handle *h);
void scard_file_close(struct scard_handle *h);
void scard_file_info(struct scard_handle *h, struct scard_info *info);
int scard_file_status(struct scard_handle *h, struct scard_status *st, bool nonblock);
int scard_file_begin(struct scard_handle *h, bool nonblock);
int scard_file_transmit(struct scard_handle *h, struct scard_req **reqp, u32 protocol,
			bool nonblock);
int scard_file_control(struct scard_handle *h, struct scard_req **reqp, u32 code, bool nonblock);
int scard_file_get_attr(struct scard_handle *h, u32 id, u8 *buf, u32 *len);
int scard_file_set_attr(struct scard_handle *h, u32 id);
void scard_file_cancel(struct scard_handle *h);

#endif
