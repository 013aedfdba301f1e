// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage: pkcs11_daemon MODULE LABEL PIN DATA SIGNATURE [again]
 *
 * A daemon that signs with a PKCS#11 module: logs in to the token LABEL, calls daemon(3), signs
 * the file DATA with key 01. With "again" the child calls C_Initialize first and logs in itself,
 * as PKCS#11 demands of a child; else it goes on in its parent's session. Prints "signed" at the
 * end.
 */
#define _DEFAULT_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of PKCS#11 2.40 */
#define CKF_SERIAL_SESSION	4
#define CKU_USER		1
#define CKA_CLASS		0
#define CKA_ID			0x102
#define CKO_PRIVATE_KEY		3
#define CKM_SHA256_RSA_PKCS	0x40

struct attribute {
	unsigned long type;
	void *value;
	unsigned long length;
};

struct mechanism {
	unsigned long type;
	void *parameter;
	unsigned long length;
};

static void *module;

/* Call a function of the module, whose arguments are all pointers or unsigned long. */
#define CALL(name, ...)								\
	do {									\
		unsigned long (*function)() =					\
			(unsigned long (*)())dlsym(module, #name);		\
		unsigned long rv = function ? function(__VA_ARGS__) : ~0UL;	\
										\
		if (rv) {							\
			printf("%s: 0x%lx\n", #name, rv);			\
			exit(1);						\
		}								\
	} while (0)

static unsigned long find_token(const char *label)
{
	unsigned long slots[64], count = 64;
	char info[512];

	CALL(C_GetSlotList, 1UL, slots, &count);
	for (unsigned long i = 0; i < count; i++) {
		CALL(C_GetTokenInfo, slots[i], info);
		if (!strncmp(info, label, strlen(label)))
			return slots[i];
	}
	printf("no token %s among %lu\n", label, count);
	exit(1);
}

static unsigned long log_in(const char *label, char *pin)
{
	const unsigned long flags = CKF_SERIAL_SESSION, user = CKU_USER;
	unsigned long session;

	CALL(C_Initialize, NULL);
	CALL(C_OpenSession, find_token(label), flags, NULL, NULL, &session);
	CALL(C_Login, session, user, pin, strlen(pin));
	return session;
}

static unsigned long find_key(unsigned long session)
{
	unsigned long class = CKO_PRIVATE_KEY, key, count;
	unsigned char id = 1;
	struct attribute wanted[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_ID, &id, sizeof(id) },
	};

	CALL(C_FindObjectsInit, session, wanted, 2UL);
	CALL(C_FindObjects, session, &key, 1UL, &count);
	CALL(C_FindObjectsFinal, session);
	if (count != 1) {
		printf("no key\n");
		exit(1);
	}
	return key;
}

static void sign(unsigned long session, unsigned long key, FILE *data, FILE *out)
{
	struct mechanism mechanism = { .type = CKM_SHA256_RSA_PKCS };
	unsigned char text[4096], signature[512];
	unsigned long length = sizeof(signature);
	size_t size = fread(text, 1, sizeof(text), data);

	CALL(C_SignInit, session, &mechanism, key);
	CALL(C_Sign, session, text, size, signature, &length);
	if (fwrite(signature, 1, length, out) != length || fclose(out)) {
		perror("signature");
		exit(1);
	}
}

int main(int argc, char **argv)
{
	unsigned long session, key;
	FILE *data, *out;

	if (argc < 6)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	module = dlopen(argv[1], RTLD_NOW);
	data = fopen(argv[4], "r");
	out = fopen(argv[5], "w");
	if (!module || !data || !out) {
		printf("%s\n", module ? "a file" : dlerror());
		return 2;
	}

	session = log_in(argv[2], argv[3]);
	key = find_key(session);
	if (daemon(1, 1)) {
		perror("daemon");
		return 1;
	}
	if (argc > 6) {
		session = log_in(argv[2], argv[3]);
		key = find_key(session);
	}
	sign(session, key, data, out);
	printf("signed\n");
	return 0;
}
