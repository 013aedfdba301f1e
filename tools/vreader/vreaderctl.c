// SPDX-License-Identifier: GPL-2.0-or-later
/* vreaderctl: send one control command. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vrctl.h"

static struct vrctl vr;
static char text[65536];

static int usage(void)
{
	fprintf(stderr, "usage: vreaderctl [-s socket] command [argument ...], see vreader(1)\n");
	return 1;
}

static int lines(const char *command)
{
	static const char *const listing[] = { "log", "violations", "faults" };

	for (size_t i = 0; i < sizeof(listing) / sizeof(listing[0]); i++)
		if (!strcmp(command, listing[i]))
			return atoi(text);
	return 0;
}

int main(int argc, char **argv)
{
	const char *path = NULL;
	char line[4096] = "";
	int err, n, first = 1;

	if (argc > 2 && !strcmp(argv[1], "-s")) {
		path = argv[2];
		first = 3;
	}
	if (first >= argc || argv[first][0] == '-')
		return usage();
	for (int i = first; i < argc; i++) {
		if (strlen(line) + strlen(argv[i]) + 2 > sizeof(line))
			return usage();
		if (i > first)
			strcat(line, " ");
		strcat(line, argv[i]);
	}
	err = vrctl_open(&vr, path);
	if (!err)
		err = vrctl_cmd(&vr, text, sizeof(text), "%s", line);
	if (err) {
		fprintf(stderr, "vreaderctl: %s\n", err < 0 ? strerror(-err) : text);
		return 1;
	}
	if (text[0])
		printf("%s\n", text);
	for (n = lines(argv[first]); n > 0 && !vrctl_line(&vr, text, sizeof(text)); n--)
		printf("%s\n", text);
	vrctl_stop(&vr);
	return n ? 1 : 0;
}
