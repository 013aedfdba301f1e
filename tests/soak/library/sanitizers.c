// SPDX-License-Identifier: GPL-2.0-or-later
/* Options of the sanitizers: any report ends its process with a status that is not 0. */

#ifdef __SANITIZE_THREAD__
/* A daemon never had its parent's other threads. */
const char *__tsan_default_options(void);

const char *__tsan_default_options(void)
{
	return "report_thread_leaks=0:atexit_sleep_ms=0:exitcode=66";
}
#endif
