/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SCARD_PROCESS_H
#define SCARD_PROCESS_H

#include "handle.h"

struct pid *scard_process_bind(struct scard_handle *h, bool alone);
void scard_process_unbind(struct scard_handle *h);
bool scard_process_may_use(const struct scard_handle *h);
int scard_process_check(struct scard_handle *h);
bool scard_process_ends(struct scard_handle *h);

#endif
