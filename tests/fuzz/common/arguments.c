// SPDX-License-Identifier: GPL-2.0-or-later
/* See arguments.h. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "arguments.h"

bool options_parse(struct fuzz_options *o, int argc, char **argv)
{
	int option;

	*o = (struct fuzz_options){
		.seed = (unsigned long)time(NULL), .seconds = 60, .times = 20, .scale = 1,
	};
	while ((option = getopt(argc, argv, "t:s:x:o:r:n:")) != -1) {
		if (option == 't')
			o->seconds = strtoul(optarg, NULL, 10);
		else if (option == 's')
			o->seed = strtoul(optarg, NULL, 0);
		else if (option == 'x')
			o->scale = (unsigned int)strtoul(optarg, NULL, 10);
		else if (option == 'o')
			o->dir = optarg;
		else if (option == 'r')
			o->hex = optarg;
		else if (option == 'n')
			o->times = (unsigned int)strtoul(optarg, NULL, 10);
		else
			return false;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("# seed %lu, limits times %u\n", o->seed, o->scale);
	return true;
}
