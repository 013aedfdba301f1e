// SPDX-License-Identifier: GPL-2.0-or-later
/* Global options and the table of subcommands. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "scardctl.h"

static const struct command commands[] = {
	{ "list", "", "readers, and whether a card is present", cmd_list },
	{ "status", "[READER]", "the state of the slot and its card", cmd_status },
	{ "info", "[READER]", "features of the reader", cmd_info },
	{ "atr", "[READER|HEX]", "an answer to reset, explained", cmd_atr },
	{ "apdu", "[options] [READER] HEX...", "send commands to the card, in one transaction",
	  cmd_apdu },
	{ "who", "[READER]", "the programs that use the readers, and those that wait", cmd_who },
	{ "watch", "[options] [READER]", "one line for each event of readers and cards", cmd_watch },
	{ "trace", "[options] [READER]", "one line for each call and message, with times", cmd_trace },
	{ "bench", "[options] [READER]", "the time of each kind of call", cmd_bench },
	{ "reset", "[READER]", "reset the card", cmd_reset },
	{ "unpower", "[READER]", "power the card off", cmd_unpower },
	{ "eject", "[READER]", "eject the card, or power it off", cmd_eject },
	{ "forward", "[READER] HOST...", "the card as one of another machine, by ssh",
	  cmd_forward },
	{ "attach", "", "the far end of forward, on standard input and output", cmd_attach },
	{ "doctor", "", "problems of this machine, and what to do", cmd_doctor },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void help(void)
{
	size_t i;

	puts("usage: scardctl [--json] COMMAND [ARGUMENT...]\n");
	for (i = 0; i < COMMANDS; i++) {
		char usage[64];

		snprintf(usage, sizeof(usage), "%s %s", commands[i].name, commands[i].args);
		printf("  %-32s %s\n", usage, commands[i].help);
	}
	puts("\nREADER is a device (/dev/scard0), a number (0) or a part of the name; without it\n"
	     "scardctl takes the first one, who and watch all.\n\n"
	     "options of apdu:   --end leave|reset|unpower|eject (reset), --exclusive,\n"
	     "                   --no-wait, --protocol t0|t1|raw\n"
	     "options of watch:  --events N, --seconds N\n"
	     "options of bench:  --times N, --apdu HEX\n"
	     "options of forward: --command COMMAND, --exclusive\n"
	     "options of trace:  --events N, --seconds N, --file FILE\n\n"
	     "exit status: 0 success, 1 the card or reader failed, 2 wrong usage, 3 no (such) reader,\n"
	     "4 no permission, 5 no card, 6 held by another program, 7 error status word");
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 }
	};
	size_t i;
	int c;

	while ((c = getopt_long(argc, argv, "+hj", longs, NULL)) != -1) {
		switch (c) {
		case 'h':
			help();
			return EXIT_OK;
		case 'j':
			json = true;
			break;
		default:
			return EXIT_USAGE;
		}
	}
	argc -= optind;
	argv += optind;
	if (!argc)
		return usage_error("which command?");
	/* take --json as the last argument, too */
	if (argc > 1 && !strcmp(argv[argc - 1], "--json")) {
		json = true;
		argv[--argc] = NULL;
	}
	for (i = 0; i < COMMANDS; i++)
		if (!strcmp(commands[i].name, argv[0]))
			return commands[i].run(argc, argv);
	return usage_error("no command \"%s\"", argv[0]);
}
