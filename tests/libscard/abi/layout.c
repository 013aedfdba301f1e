// SPDX-License-Identifier: GPL-2.0-or-later
/* ABI: prints sizes and offsets of the structures of winscard.h. Built with each header. */
#include <stddef.h>
#include <stdio.h>

#include <winscard.h>
#include <reader.h>

#define SIZE(type)		printf("sizeof %s %zu\n", #type, sizeof(type))
#define OFFSET(type, field)	printf("%s.%s %zu\n", #type, #field, offsetof(type, field))

int main(void)
{
	SIZE(BYTE);
	SIZE(UCHAR);
	SIZE(WORD);
	SIZE(USHORT);
	SIZE(BOOL);
	SIZE(DWORD);
	SIZE(ULONG);
	SIZE(LONG);
	SIZE(SCARDCONTEXT);
	SIZE(SCARDHANDLE);
	SIZE(SCARD_READERSTATE);
	OFFSET(SCARD_READERSTATE, szReader);
	OFFSET(SCARD_READERSTATE, pvUserData);
	OFFSET(SCARD_READERSTATE, dwCurrentState);
	OFFSET(SCARD_READERSTATE, dwEventState);
	OFFSET(SCARD_READERSTATE, cbAtr);
	OFFSET(SCARD_READERSTATE, rgbAtr);
	SIZE(SCARD_IO_REQUEST);
	OFFSET(SCARD_IO_REQUEST, dwProtocol);
	OFFSET(SCARD_IO_REQUEST, cbPciLength);
	SIZE(PCSC_TLV_STRUCTURE);
	OFFSET(PCSC_TLV_STRUCTURE, length);
	OFFSET(PCSC_TLV_STRUCTURE, value);
	SIZE(PIN_VERIFY_STRUCTURE);
	OFFSET(PIN_VERIFY_STRUCTURE, wPINMaxExtraDigit);
	OFFSET(PIN_VERIFY_STRUCTURE, wLangId);
	OFFSET(PIN_VERIFY_STRUCTURE, bTeoPrologue);
	OFFSET(PIN_VERIFY_STRUCTURE, ulDataLength);
	OFFSET(PIN_VERIFY_STRUCTURE, abData);
	SIZE(PIN_MODIFY_STRUCTURE);
	OFFSET(PIN_MODIFY_STRUCTURE, bInsertionOffsetOld);
	OFFSET(PIN_MODIFY_STRUCTURE, wPINMaxExtraDigit);
	OFFSET(PIN_MODIFY_STRUCTURE, bConfirmPIN);
	OFFSET(PIN_MODIFY_STRUCTURE, wLangId);
	OFFSET(PIN_MODIFY_STRUCTURE, bMsgIndex3);
	OFFSET(PIN_MODIFY_STRUCTURE, ulDataLength);
	OFFSET(PIN_MODIFY_STRUCTURE, abData);
	SIZE(PIN_PROPERTIES_STRUCTURE);
	OFFSET(PIN_PROPERTIES_STRUCTURE, bTimeOut2);
	return 0;
}
