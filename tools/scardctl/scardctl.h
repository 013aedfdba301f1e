/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scardctl: a command line for smart-card readers.
 *
 * main.c has the table of subcommands; the files of the groups implement them
 * (show.c, info.c, atr.c, card.c, who.c, watch.c, trace*.c, bench.c, doctor*.c, forward.c,
 * attach.c) over reader.c (choosing and opening readers, error messages), netlink.c (discovery)
 * and json.c.
 */
#ifndef SCARDCTL_H
#define SCARDCTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <linux/scard.h>

/* Exit codes, documented in scardctl(1) */
enum {
	EXIT_OK = 0,
	EXIT_CARD = 1,		/* the card or the reader failed */
	EXIT_USAGE = 2,		/* the command line is wrong */
	EXIT_NO_READER = 3,	/* no module, no reader, or no such reader */
	EXIT_PERMISSION = 4,	/* the device cannot be opened by this user */
	EXIT_NO_CARD = 5,	/* the slot is empty */
	EXIT_BUSY = 6,		/* another program holds the card */
	EXIT_SW = 7,		/* apdu: the last status word is not 9000, 61xx or 91xx */
};

struct command {
	const char *name;
	const char *args;
	const char *help;
	int (*run)(int argc, char **argv);
};

#define MAX_READERS	1024

/* One slot, as discovery knows it */
struct reader {
	unsigned int minor;
	unsigned int state;	/* SCARD_STATE_BIT_* */
	unsigned int event;
	unsigned int card_event;
	unsigned int vendor_id;
	unsigned int product_id;
	char path[32];
	char name[SCARD_NAME_SIZE];
};

struct readers {
	size_t count;
	struct reader *list;
};

/* reader.c */
int reader_list_some(struct readers *readers);
void reader_list(struct readers *readers);
void reader_list_free(struct readers *readers);
int reader_none(void);
int reader_pick(const char *which, struct reader *reader);
int reader_open(const struct reader *reader, int flags);
int reader_open_arg(int argc, char **argv, int flags, struct reader *reader, int *fd);
int reader_status(int fd, struct scard_status *status);
int reader_error(const struct reader *reader, const char *what, int error);
int usage_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* show.c: names of bits; the table ends with bit 0 */
struct words {
	uint32_t bit;
	const char *words;
};

void show_bits(const char *key, const char *label, const struct words *table, uint32_t bits);

/* netlink.c */
struct nl_watch;

int netlink_readers(struct readers *readers);
struct nl_watch *netlink_watch_open(void);
int netlink_watch_fd(const struct nl_watch *watch);
void netlink_watch_read(struct nl_watch *watch);
void netlink_watch_close(struct nl_watch *watch);

/* json.c */
extern bool json;	/* --json was given */

void json_open(const char *key, char bracket);
void json_close(char bracket);
void json_string(const char *key, const char *value);
void json_number(const char *key, unsigned long long value);
void json_integer(const char *key, long long value);
void json_real(const char *key, double value);
void json_bool(const char *key, bool value);
void json_hex(const char *key, const uint8_t *data, size_t len);
void json_end(void);

/* hex.c */
int hex_parse(const char *text, uint8_t *data, size_t size);
void hex_print(const uint8_t *data, size_t len);

/* atr.c: also used by the other groups */
void atr_describe(const uint8_t *atr, size_t len);
const char *atr_protocol_name(unsigned int protocol);

/* card.c: 0 or an errno */
int card_connect(int fd, unsigned int mode, unsigned int protocols);
int card_disconnect(int fd, unsigned int disposition);

/* names.c */
bool names_find(const uint8_t *atr, size_t len, void (*name)(const char *words));

/* sw.c */
const char *sw_words(unsigned int sw, char *buf, size_t size);

/* subcommands */
int cmd_list(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_info(int argc, char **argv);
int cmd_atr(int argc, char **argv);
int cmd_apdu(int argc, char **argv);
int cmd_reset(int argc, char **argv);
int cmd_unpower(int argc, char **argv);
int cmd_eject(int argc, char **argv);
int cmd_who(int argc, char **argv);
int cmd_watch(int argc, char **argv);
int cmd_trace(int argc, char **argv);
int cmd_bench(int argc, char **argv);
int cmd_forward(int argc, char **argv);
int cmd_attach(int argc, char **argv);
int cmd_doctor(int argc, char **argv);

#endif
