/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SCARD_IFD_LOG_H
#define SCARD_IFD_LOG_H

/* A line on standard error */
void log_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Also the messages that a driver has for developers */
void log_be_verbose(void);

#endif
