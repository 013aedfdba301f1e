/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SCARD_CONNECT_H
#define SCARD_CONNECT_H

#include "handle.h"

int scard_connect_connect(struct scard_handle *h, struct scard_connect *arg, bool nonblock);
int scard_connect_reconnect(struct scard_handle *h, struct scard_connect *arg, bool nonblock);
int scard_connect_disconnect(struct scard_handle *h, u32 disposition, bool nonblock);
int scard_connect_end(struct scard_handle *h, u32 disposition, bool nonblock);

#endif
