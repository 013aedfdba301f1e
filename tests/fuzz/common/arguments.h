/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a fuzzer is told on its command line. */
#ifndef FUZZ_ARGUMENTS_H
#define FUZZ_ARGUMENTS_H

#include <stdbool.h>

/**
 * struct fuzz_options - the options -t -s -x -o -r -n
 * @seed: of the random numbers; the time of day if none is given
 * @seconds: how long to run; afterwards, how long it was
 * @times: how often to run @hex
 * @scale: by which limits of time are longer than on a fast machine
 * @dir: directory for results, or NULL
 * @hex: the only case, or NULL
 */
struct fuzz_options {
	unsigned long seed, seconds;
	unsigned int times, scale;
	const char *dir, *hex;
};

/* Also sets standard output to lines, as processes of a case print, too; false: unknown option. */
bool options_parse(struct fuzz_options *o, int argc, char **argv);

#endif
