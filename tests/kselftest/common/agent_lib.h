/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an agent does by the SCard API: 0, a status word, or a negative number. */
#ifndef KSELFTEST_AGENT_LIB_H
#define KSELFTEST_AGENT_LIB_H

#include <stdint.h>

int agent_lib_connect(uint32_t share_mode);
int agent_lib_begin(void);
int agent_lib_end(uint32_t disposition);
int agent_lib_apdu(const char *hex);
int agent_lib_release(void);

#endif
