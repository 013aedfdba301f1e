// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Conversations of real readers, as vreader(1) plays them: each file of transcripts/ is a test.
 * Its lines "#: WORD ..." say what is expected, in this order:
 *
 *   #: options OPTION ...      of vreader
 *   #: connect RESULT          T=0, T=1, or the name of an errno
 *   #: atr BYTES
 *   #: apdu COMMAND RESULT     the answer, or the name of an errno; any number of these
 *
 * The module must have sent the transcript's commands, all of them and no other.
 */
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../tap.h"
#include "sc.h"
#include "vr.h"

#define FILES		"tests/kselftest/ccid/transcripts/*.replay"
#define ROOM		65544
#define LINE_SIZE	4096

static uint8_t command[ROOM], answer[ROOM];

/* Bytes in hexadecimal, with blanks, as the tests print them */
static void print_hex(char *text, const uint8_t *bytes, size_t len)
{
	size_t i;

	*text = 0;
	for (i = 0; i < len && i < LINE_SIZE / 3; i++)
		text += sprintf(text, "%02X", bytes[i]);
}

static size_t read_hex(const char *text, uint8_t *bytes)
{
	size_t len = 0;

	while (len < ROOM && sscanf(text, "%2hhx", &bytes[len]) == 1) {
		len++;
		text += 2;
	}
	return len;
}

static void check_text(const char *what, const char *got, const char *want)
{
	if (strcmp(got, want))
		tap_fail(__FILE__, __LINE__, "%s: %s, expected %s", what, got, want);
}

static void expect_connect(int fd, const char *want)
{
	struct scard_status status;
	int ret = sc_connect(fd, SCARD_MODE_SHARED, SC_ANY);
	const char *got = ret ? strerrorname_np(-ret) : "T=?";

	if (!ret && !sc_snapshot(fd, &status))
		got = status.protocol == SCARD_PROTO_T0 ? "T=0" : "T=1";
	check_text("connect", got, want);
}

static void expect_atr(int fd, const char *want)
{
	struct scard_status status;
	char got[LINE_SIZE];

	CHECK_EQ(sc_snapshot(fd, &status), 0);
	print_hex(got, status.atr, status.atr_len);
	check_text("atr", got, want);
}

static void expect_apdu(int fd, const char *apdu, const char *want)
{
	int ret = sc_transmit(fd, command, read_hex(apdu, command), answer, sizeof(answer));
	char got[LINE_SIZE];

	if (ret >= 0)
		print_hex(got, answer, ret);
	check_text(apdu, ret < 0 ? strerrorname_np(-ret) : got, want);
}

/* Join the bytes of a line: "3B 00" becomes "3B00". */
static const char *joined(char *text)
{
	char *to = text, *from;

	for (from = text; *from; from++)
		if (*from != ' ')
			*to++ = *from;
	*to = 0;
	return text;
}

/* One "#: " line; return the reader, opened by the first one */
static int expect(int fd, const char *file, char *line)
{
	char *word = strsep(&line, " "), *apdu;

	if (!line || (fd < 0) != !strcmp(word, "options")) {
		tap_fail(__FILE__, __LINE__, "#: %s: expected \"options\" first, and only once", word);
		return fd;
	}
	if (fd < 0) {
		vr_replay(line, file);
		fd = sc_open(O_RDWR);
		CHECK(fd >= 0);
	} else if (!strcmp(word, "connect")) {
		expect_connect(fd, line);
	} else if (!strcmp(word, "atr")) {
		expect_atr(fd, joined(line));
	} else if (!strcmp(word, "apdu")) {
		apdu = strsep(&line, " ");
		expect_apdu(fd, apdu, line ? joined(line) : "");
	} else {
		tap_fail(__FILE__, __LINE__, "#: %s is no expectation", word);
	}
	return fd;
}

static void play(const char *file)
{
	FILE *in = fopen(file, "r");
	char line[LINE_SIZE];
	int fd = -1;

	CHECK(in);
	while (in && fgets(line, sizeof(line), in)) {
		line[strcspn(line, "\n")] = 0;
		if (!strncmp(line, "#: ", 3))
			fd = expect(fd, file, line + 3);
	}
	if (in)
		fclose(in);
	if (fd < 0)
		return;
	check_text("transcript", vr_do("replay"), "done");
	check_text("violations", vr_do("violations"), "");
	if (tap_failed)
		puts(vr_do("log"));
	/* a close resets the card, which no transcript has */
	vr_stop();
	close(fd);
}

int main(void)
{
	glob_t files;
	size_t i;

	if (glob(FILES, 0, NULL, &files) || !files.gl_pathc) {
		puts("Bail out! no " FILES);
		return 1;
	}
	for (i = 0; i < files.gl_pathc; i++) {
		tap_test("replay: %s", strrchr(files.gl_pathv[i], '/') + 1);
		play(files.gl_pathv[i]);
	}
	globfree(&files);
	return tap_end();
}
