// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SCardTransmit: pioSendPci, cbSendLength, pcbRecvLength, APDU cases.
 */
#include <stdlib.h>
#include <string.h>

#include "conformance.h"

#define MOST	70000

/* Count the commands that reach the card: it answers with the count in 4 bytes. */
static const BYTE count_it[] = { 0x80, 0xE2, 0x00, 0x00, 0x04 };
static const BYTE select_mf[] = { 0x00, 0xA4, 0x00, 0x0C, 0x02, 0x3F, 0x00 };

static BYTE big[MOST];

static void one(const char *what, SCARDHANDLE handle, const SCARD_IO_REQUEST *pci,
		const BYTE *command, DWORD n, BYTE *answer)
{
	DWORD len = 300;
	LONG ret = SCardTransmit(handle, pci, command, n, NULL, answer, &len);

	say(what, "%s %lu", code(ret), len);
}

static void missing(void)
{
	SCARDHANDLE handle = card(SCARD_SHARE_SHARED);
	SCARD_IO_REQUEST pci = { SCARD_PROTOCOL_T1, sizeof(pci) };
	BYTE answer[300];

	one("pci", handle, NULL, count_it, 5, answer);
	one("command", handle, &pci, NULL, 5, answer);
	one("answer", handle, &pci, count_it, 5, NULL);
	say("length", "%s", code(SCardTransmit(handle, &pci, count_it, 5, NULL, answer, NULL)));
	one("bad-handle", 0, &pci, count_it, 5, answer);
	one("bad-handle-no-pci", 0, NULL, count_it, 5, answer);
	one("no-command", handle, &pci, count_it, 0, answer);
	one("too-long", handle, &pci, big, 65549, answer);
	one("bad-handle-too-long", 0, &pci, big, 65549, answer);
	say("next", "%s", answer_to(handle, "00A4000C023F00"));
}

/* The answer has 6 bytes: the card executes the command also if they do not fit. */
static void room(void)
{
	SCARDHANDLE handle = card(SCARD_SHARE_SHARED);
	SCARD_IO_REQUEST pci = { SCARD_PROTOCOL_T1, sizeof(pci) };
	static const DWORD rooms[] = { 0, 1, 2, 3, 5, 6, 7, 300, MOST };
	size_t i;

	for (i = 0; i < COUNT(rooms); i++) {
		DWORD len = rooms[i];
		LONG ret;

		memset(big, 0xEE, 10);
		ret = SCardTransmit(handle, &pci, count_it, 5, NULL, big, &len);
		say(print("%lu", rooms[i]), "%s %lu %s", code(ret), len, bytes(big, 8));
	}
}

/* The caller's protocol in pioSendPci, against the active one */
static void pci_protocols(void)
{
	static const DWORD active[] = { SCARD_PROTOCOL_T0, SCARD_PROTOCOL_T1, SCARD_PROTOCOL_RAW };
	static const DWORD said[] = { 0, 1, 2, 3, 4, 8, 0x1000, 0x10000, 0x100000002 };
	size_t i, j;

	for (i = 0; i < COUNT(active); i++) {
		SCARDHANDLE handle = card_with(SCARD_SHARE_SHARED, active[i]);

		for (j = 0; j < COUNT(said); j++) {
			SCARD_IO_REQUEST pci = { said[j], sizeof(pci) };
			BYTE answer[300];
			DWORD len = sizeof(answer);
			LONG ret = SCardTransmit(handle, &pci, select_mf, sizeof(select_mf), NULL,
						 answer, &len);

			say(print("%s/%lx", protocol_name(active[i]), said[j]), "%s %lu %s",
			    code(ret), len, ret ? "" : bytes(answer, len));
		}
		SCardDisconnect(handle, SCARD_UNPOWER_CARD);
	}
}

static void pci_lengths(void)
{
	static const DWORD lengths[] = { 0, 1, 8, 17, 1000 };
	SCARDHANDLE handle = card(SCARD_SHARE_SHARED);
	BYTE answer[300];
	DWORD len;
	size_t i;
	LONG ret;

	for (i = 0; i < COUNT(lengths); i++) {
		SCARD_IO_REQUEST pci = { SCARD_PROTOCOL_T1, lengths[i] };

		len = sizeof(answer);
		ret = SCardTransmit(handle, &pci, select_mf, sizeof(select_mf), NULL, answer, &len);
		say(print("%lu", lengths[i]), "%s %lu", code(ret), len);
	}
	len = sizeof(answer);
	ret = SCardTransmit(handle, SCARD_PCI_T1, select_mf, sizeof(select_mf), NULL, answer, &len);
	say("SCARD_PCI_T1", "%s %lu", code(ret), len);
	len = sizeof(answer);
	ret = SCardTransmit(handle, SCARD_PCI_T0, select_mf, sizeof(select_mf), NULL, answer, &len);
	say("SCARD_PCI_T0", "%s %lu", code(ret), len);
}

static void received_pci(void)
{
	static const DWORD protocols[] = { SCARD_PROTOCOL_T0, SCARD_PROTOCOL_T1,
					   SCARD_PROTOCOL_RAW };
	size_t i;

	for (i = 0; i < COUNT(protocols); i++) {
		SCARDHANDLE handle = card_with(SCARD_SHARE_SHARED, protocols[i]);
		SCARD_IO_REQUEST pci = { protocols[i], sizeof(pci) }, recv = { 0x55, 0x66 };
		BYTE answer[300];
		DWORD len = sizeof(answer);
		LONG ret;

		ret = SCardTransmit(handle, &pci, select_mf, sizeof(select_mf), &recv, answer,
				    &len);
		say(protocol_name(protocols[i]), "%s, protocol %lx, length %lx", code(ret),
		    recv.dwProtocol, recv.cbPciLength);
		SCardDisconnect(handle, SCARD_UNPOWER_CARD);
	}
}

/* Cases of ISO 7816-3, and malformed commands */
static void apdus(DWORD protocol)
{
	static const struct {
		const char *name;
		const char *hex;
	} list[] = {
		{ "1-byte", "00" },
		{ "3-bytes", "00A400" },
		{ "case-1", "80E69000" },
		{ "case-2", "80EE000404" },
		{ "case-2-Le-0", "80EE000400" },
		{ "case-2-wrong-Le", "80EE000402" },
		{ "case-3", "00A4000C023F00" },
		{ "case-3-short", "00A4000C053F00" },
		{ "case-3-long", "00A4000C013F00" },
		{ "case-4", "80EE00000301020300" },
		{ "case-4-Le-2", "80EE00000301020302" },
		{ "status-word", "80E66985" },
		{ "more-data", "80E66105" },
		{ "wrong-length", "80E66C05" },
		{ "unknown-class", "F0A4000C023F00" },
		{ "unknown-instruction", "00FF000000" },
		{ "odd-instruction", "0061000000" },
		{ "verify-no-data", "00200001" },
		{ "verify-wrong", "002000010430303030" },
		{ "verify-right", "002000010431323334" },
		{ "verified", "00200001" },
		{ "select-with-answer", "00A40000023F0000" },
		{ "select-AID", "00A4040007A0000000534341" },
		{ "read", "00B0000004" },
		{ "read-binary", "00A4000C022F00" },
		{ "read-4", "00B0000004" },
		{ "read-256", "00B0000000" },
		{ "extended-case-2", "80EE0004000004" },
		{ "extended-case-3", "00A4000C0000023F00" },
	};
	SCARDHANDLE handle = card_with(SCARD_SHARE_SHARED, protocol);
	size_t i;

	for (i = 0; i < COUNT(list); i++)
		say(list[i].name, "%s", answer_to(handle, list[i].hex));
}

static void by_t0(void)
{
	apdus(SCARD_PROTOCOL_T0);
}

static void by_t1(void)
{
	apdus(SCARD_PROTOCOL_T1);
}

/* Answers of these lengths */
static void long_answers(DWORD protocol)
{
	static const unsigned int lengths[] = { 1, 62, 63, 64, 126, 127, 128, 200, 253, 254, 255 };
	SCARDHANDLE handle = card_with(SCARD_SHARE_SHARED, protocol);
	size_t i;

	for (i = 0; i < COUNT(lengths); i++) {
		BYTE answer[300];
		DWORD len = sizeof(answer), j, wrong = 0;
		LONG ret =
			apdu(handle, print("80EE00%02X%02X", lengths[i], lengths[i]), answer, &len);

		for (j = 0; j + 2 < len; j++)
			wrong += answer[j] != (BYTE)j;
		say(print("%u", lengths[i]), "%s %lu, %lu wrong", code(ret), len, wrong);
	}
}

static void long_t0(void)
{
	long_answers(SCARD_PROTOCOL_T0);
}

static void long_t1(void)
{
	long_answers(SCARD_PROTOCOL_T1);
}

/* The card never answers. */
static void mute_command(void)
{
	SCARDHANDLE handle = card(SCARD_SHARE_SHARED);
	struct call c = { .op = OP_RECONNECT, .card = handle, .disposition = SCARD_RESET_CARD };

	say("command", "%s", answer_to(handle, "80E80000"));
	say("reset", "%s", call_now(&c));
	say("next", "%s", answer_to(handle, "00A4000C023F00"));
}

static void slow(void)
{
	SCARDHANDLE handle = card(SCARD_SHARE_SHARED);

	say(NULL, "%s", answer_to(handle, "80E00BB8"));
}

static void removed_meanwhile(void)
{
	SCARDHANDLE handle = card(SCARD_SHARE_SHARED);

	control("fault at 1 on XfrBlock remove");
	say("during", "%s", answer_to(handle, "00A4000C023F00"));
	card_is(SCARD_STATE_EMPTY);
	say("after", "%s", answer_to(handle, "00A4000C023F00"));
}

static void by_direct(void)
{
	SCARDHANDLE handle = card_with(SCARD_SHARE_DIRECT, 0);
	static const DWORD said[] = { 0, SCARD_PROTOCOL_T0, SCARD_PROTOCOL_T1, SCARD_PROTOCOL_RAW };
	size_t i;

	for (i = 0; i < COUNT(said); i++) {
		SCARD_IO_REQUEST pci = { said[i], sizeof(pci) };
		BYTE answer[300];

		one(protocol_name(said[i]), handle, &pci, select_mf, sizeof(select_mf), answer);
	}
}

static const struct test_case transmit_cases[] = {
	{ "missing", missing, NULL, false },
	{ "room", room, NULL, false },
	{ "protocol", pci_protocols, NULL, false },
	{ "pci-length", pci_lengths, NULL, false },
	{ "received-pci", received_pci, NULL, false },
	{ "T0", by_t0, NULL, false },
	{ "T1", by_t1, NULL, false },
	{ "long-T0", long_t0, NULL, false },
	{ "long-T1", long_t1, NULL, false },
	{ "direct", by_direct, NULL, false },
	{ "direct-empty", by_direct, NO_CARD, false },
	{ "slow", slow, NULL, false },
	{ "mute", mute_command, NULL, true },
	{ "removed", removed_meanwhile, NULL, true },
};

SUBJECT(transmit);
