/* SPDX-License-Identifier: GPL-2.0-or-later */
/* use.c: the programs that use a reader, from SCARD_IOC_GET_HANDLES and /proc. */
#ifndef USE_H
#define USE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/scard.h>

struct use {
	uint32_t count;
	struct scard_handle_entry *list;
	uint64_t now_ns;	/* CLOCK_BOOTTIME of the answer */
};

/* @fd is open for writing; 0 or an errno. use_free() may follow in any case. */
int use_read(int fd, struct use *use);
void use_free(struct use *use);

/* Is it an entry of a call, not of a handle? */
bool use_is_call(const struct scard_handle_entry *e);
/* Seconds from @since_ns until the answer */
double use_seconds(const struct use *use, uint64_t since_ns);
/* "exclusive", ... */
const char *use_mode(uint32_t share_mode);
/* "SCardBeginTransaction", ... */
const char *use_call(uint32_t call);

#define USE_NAME_SIZE	64

/* The name of a process, printable; false if it is not known */
bool use_name(int32_t pid, char *name, size_t size);
/* "name (process N)" */
const char *use_process(int32_t pid, char *buf, size_t size);
/* JSON: "pid" and "process", 0 and "" where they are not known */
void use_json(int32_t pid);

#endif
