// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * See agent_lib.h. The library is opened at run time, so that only the tests that
 * use it need it.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "agent_lib.h"

#define LIBRARY		"libscard.so.1"
#define S_PROTOCOL_T0	1UL
#define S_PROTOCOL_T1	2UL
#define S_SHARE_DIRECT	3

/* PC/SC part 5, in the types of 64-bit Linux */
struct io_request {
	unsigned long protocol;
	unsigned long length;
};

static struct {
	long (*establish)(unsigned long scope, const void *r1, const void *r2, long *context);
	long (*release)(long context);
	long (*list)(long context, const char *groups, char *readers, unsigned long *len);
	long (*connect)(long context, const char *reader, unsigned long mode,
			unsigned long protocols, long *card, unsigned long *protocol);
	long (*begin)(long card);
	long (*end)(long card, unsigned long disposition);
	long (*transmit)(long card, const struct io_request *send, const uint8_t *command,
			 unsigned long len, struct io_request *recv, uint8_t *answer,
			 unsigned long *room);
} api;

static long context, card;
static unsigned long protocol;

static int load(void)
{
	void *lib = dlopen(LIBRARY, RTLD_NOW);

	if (!lib) {
		printf("# %s\n", dlerror());
		return -1;
	}
	*(void **)&api.establish = dlsym(lib, "SCardEstablishContext");
	*(void **)&api.release = dlsym(lib, "SCardReleaseContext");
	*(void **)&api.list = dlsym(lib, "SCardListReaders");
	*(void **)&api.connect = dlsym(lib, "SCardConnect");
	*(void **)&api.begin = dlsym(lib, "SCardBeginTransaction");
	*(void **)&api.end = dlsym(lib, "SCardEndTransaction");
	*(void **)&api.transmit = dlsym(lib, "SCardTransmit");
	return api.establish && api.release && api.list && api.connect && api.begin &&
	       api.end && api.transmit ? 0 : -1;
}

/* Error codes of the API are positive on 64-bit Linux; any is a failure here. */
static int failed(long result)
{
	if (result)
		printf("# libscard: 0x%08lX\n", (unsigned long)result & 0xffffffff);
	return result ? -1 : 0;
}

int agent_lib_connect(uint32_t share_mode)
{
	unsigned long len;
	char readers[4096];

	len = sizeof(readers);
	if (load() || failed(api.establish(2, NULL, NULL, &context)) ||
	    failed(api.list(context, NULL, readers, &len)))
		return -1;
	return failed(api.connect(context, readers, share_mode, share_mode == S_SHARE_DIRECT ? 0 :
				  S_PROTOCOL_T0 | S_PROTOCOL_T1, &card, &protocol));
}

int agent_lib_begin(void)
{
	return failed(api.begin(card));
}

int agent_lib_end(uint32_t disposition)
{
	return failed(api.end(card, disposition));
}

int agent_lib_apdu(const char *hex)
{
	struct io_request request = { protocol, sizeof(request) };
	unsigned long room = 258;
	uint8_t command[32], answer[258];
	unsigned int byte;
	unsigned long len = 0;

	for (; sscanf(hex, "%2x", &byte) == 1; hex += 2)
		command[len++] = (uint8_t)byte;
	if (failed(api.transmit(card, &request, command, len, NULL, answer, &room)) || room < 2)
		return -1;
	return answer[room - 2] << 8 | answer[room - 1];
}

int agent_lib_release(void)
{
	return failed(api.release(context));
}
