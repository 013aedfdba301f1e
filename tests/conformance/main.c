// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage: conformance [NAME...]
 *
 * Run the cases whose names begin with a NAME, or all, and print the results. Each case runs in
 * its own process, so that it leaves nothing to the next one. CONFORMANCE_CONTROL is the command
 * that moves the card and the reader: vreaderctl. Prints the duration of each case, in ms, to
 * standard error.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conformance.h"

#define LONGEST_S	1000

extern const struct subject errors_subject, context_subject, list_subject, connect_subject,
	reconnect_subject, sharing_subject, status_subject, transmit_subject, transaction_subject,
	disconnect_subject, change_subject, news_subject, control_subject, attrib_subject,
	cancel_subject, process_subject, unplug_subject, two_subject;

static const struct subject *const subjects[] = {
	&errors_subject, &context_subject, &list_subject, &connect_subject, &reconnect_subject,
	&sharing_subject, &status_subject, &transmit_subject, &transaction_subject,
	&disconnect_subject, &change_subject, &news_subject, &control_subject, &attrib_subject,
	&cancel_subject, &process_subject, &unplug_subject, &two_subject,
};

static bool wanted(const char *name, int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++) {
		if (!strncmp(name, argv[i], strlen(argv[i])))
			return true;
	}
	return argc < 2;
}

/* @move: insert the card. False: the case did not end. */
static bool run(const struct test_case *c, bool move)
{
	struct test_case first = *c;
	long long start = now_ms();
	int status;
	pid_t pid;

	first.moves = move;
	pid = fork();
	if (pid < 0) {
		perror("fork");
		exit(1);
	}
	if (!pid) {
		alarm(LONGEST_S);
		if (c->run) {
			prepare(&first);
			c->run();
			clean_up();
		}
		_exit(0);
	}
	waitpid(pid, &status, 0);
	fprintf(stderr, "%s %lld\n", case_name, now_ms() - start);
	if (WIFSIGNALED(status))
		say("end", "%s",
		    WTERMSIG(status) == SIGALRM ? "hangs" : strsignal(WTERMSIG(status)));
	return !status;
}

/* Run the cases that keep this card in the reader; for NULL, the cases that move it. */
static void run_with(const char *spec, int argc, char **argv)
{
	bool move = true;
	size_t i, j;

	for (i = 0; i < COUNT(subjects); i++) {
		for (j = 0; j < subjects[i]->n; j++) {
			const struct test_case *c = &subjects[i]->cases[j];
			char name[100];

			snprintf(name, sizeof(name), "%s/%s", subjects[i]->name, c->name);
			if (c->moves != !spec || !wanted(name, argc, argv) ||
			    (spec && strcmp(spec, c->card ? c->card : DEFAULT_CARD)))
				continue;
			case_name = name;
			move = !run(c, move) || c->moves;
		}
	}
}

int main(int argc, char **argv)
{
	static const char *const specs[] = {
		DEFAULT_CARD, "iso,t=0", "iso,t=1", "iso,t=10", NO_CARD, "mute", NULL,
	};
	size_t i;

	for (i = 0; i < COUNT(specs); i++)
		run_with(specs[i], argc, argv);
	return 0;
}
