// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Load the library as pcsc-lite's redirector does: the program itself has functions with the same
 * names. argv[1]: the library. Then unload it, and fork.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <winscard.h>

/* The redirector's function: the library must not call it. */
LONG SCardIsValidContext(SCARDCONTEXT hContext)
{
	(void)hContext;
	return 42;
}

static const char *const functions[] = {
	"SCardEstablishContext", "SCardReleaseContext", "SCardIsValidContext", "SCardConnect",
	"SCardReconnect", "SCardDisconnect", "SCardBeginTransaction", "SCardEndTransaction",
	"SCardStatus", "SCardGetStatusChange", "SCardControl", "SCardTransmit",
	"SCardListReaderGroups", "SCardListReaders", "SCardFreeMemory", "SCardCancel",
	"SCardGetAttrib", "SCardSetAttrib",
};

static int one_round(const char *path)
{
	LONG (*establish)(DWORD, LPCVOID, LPCVOID, LPSCARDCONTEXT);
	LONG (*release)(SCARDCONTEXT), (*valid)(SCARDCONTEXT);
	LONG (*free_memory)(SCARDCONTEXT, LPCVOID);
	SCARDCONTEXT ctx;
	void *lib = dlopen(path, RTLD_LAZY);
	size_t i;

	if (!lib) {
		printf("%s\n", dlerror());
		return 1;
	}
	for (i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		if (!dlsym(lib, functions[i])) {
			printf("no %s\n", functions[i]);
			return 1;
		}
	}
	*(void **)&establish = dlsym(lib, "SCardEstablishContext");
	*(void **)&release = dlsym(lib, "SCardReleaseContext");
	*(void **)&valid = dlsym(lib, "SCardIsValidContext");
	*(void **)&free_memory = dlsym(lib, "SCardFreeMemory");
	if (valid(5) != SCARD_E_INVALID_HANDLE || free_memory(5, NULL) != SCARD_E_INVALID_HANDLE) {
		printf("the library calls the program's functions\n");
		return 1;
	}
	/* without the module it fails, too: the test is about loading and unloading */
	if (establish(SCARD_SCOPE_SYSTEM, NULL, NULL, &ctx) == SCARD_S_SUCCESS)
		release(ctx);
	dlclose(lib);
	return 0;
}

int main(int argc, char **argv)
{
	int i, status;

	for (i = 0; i < 3; i++) {
		pid_t pid;

		if (argc < 2 || one_round(argv[1]))
			return 1;
		/* dlclose() has removed its fork handlers */
		pid = fork();
		if (!pid)
			_exit(0);
		if (waitpid(pid, &status, 0) != pid || status)
			return 1;
	}
	return 0;
}
