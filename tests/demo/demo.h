/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Steps of the demonstration: each prints its action and checks the result. */
#ifndef DEMO_H
#define DEMO_H

#include <stdbool.h>
#include <winscard.h>

/* demo.c: print a verdict on the last action; a failure sets the exit status */
void check(bool good, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *code_name(LONG code);

/* A connected handle with a context of its own */
struct handle {
	SCARDCONTEXT context;
	SCARDHANDLE card;
	DWORD protocol;
};

bool handle_connect(struct handle *h, const char *reader);
void handle_disconnect(struct handle *h, DWORD disposition);
/* Watch the CCID messages to the reader. */
bool watch_reader(const char *reader);
LONG handle_status(const struct handle *h);
/* Send an APDU; return the status word, or -1. With @say print both. */
int handle_apdu(const struct handle *h, const BYTE *apdu, DWORD len, bool say);

/* Run this program as another process that uses the card and waits; return its pid, or 0. */
pid_t start_process(const char *reader, const char *what);
void kill_process(pid_t pid);
/* The process that start_process() runs */
int process_main(const char *reader, const char *what);

/* APDUs of the steps */
extern const BYTE select_applet[12], verify_pin[9], ask_pin[4];

/* session.c, pin.c: the parts */
void session(const char *reader);
void pin(const char *reader);

#endif
