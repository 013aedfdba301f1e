// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A reader driver (IFD handler 3.0) without a reader. DEVICENAME is a directory: files in it say
 * what the reader is like, and the driver logs its calls in the file "log" there.
 *
 *   card, card1     the card is in slot 0, 1
 *   slots           this number of slots
 *   parallel        slots may be used at the same time
 *   waits           the driver waits for cards itself
 *   no-reset        no warm reset
 *   keeps-power     the reader fails to power the card up and down, and to reset it
 *   slow-power      seconds that a power-up takes
 *   gone            the reader has been unplugged
 *   t0              the card speaks T=0 only
 *
 * The card, which has T=0 and T=1 and the PIN 1234:
 *   00 20 00 01 [04 PIN]   verify; without a PIN: was one verified since the last power-up?
 *   80 E4 00 SECONDS       takes this time
 *   80 CC                  crashes the driver
 *   80 E6 HI LO            an answer of this length
 *   80 E8                  the protocol, as the driver was told
 *   other                  the command, as it came
 */
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <ifdhandler.h>
#include <reader.h>
#include <debuglog.h>

#define PIN_CODE	(0x42000000 + 2600)
#define SLOTS		16

static char dir[200];
static atomic_int running;
static atomic_bool stopped;
static struct { bool powered, verified; UCHAR ups; DWORD protocol; } cards[SLOTS];

static const UCHAR atr_both[] = { 0x3b, 0x80, 0x80, 0x01, 0x01 };
static const UCHAR atr_t0[] = { 0x3b, 0x02, 0x14, 0x50 };

static int value(const char *name)
{
	char path[300];
	int n = 1;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (fscanf(f, "%d", &n) != 1)
		n = 1;
	fclose(f);
	return n;
}

static void note(DWORD lun, const char *fmt, ...)
{
	char path[300];
	va_list args;
	FILE *f;

	snprintf(path, sizeof(path), "%s/log", dir);
	f = fopen(path, "ae");
	if (!f)
		return;
	va_start(args, fmt);
	fprintf(f, "%lu ", (unsigned long)lun);
	vfprintf(f, fmt, args);
	fputc('\n', f);
	va_end(args);
	fclose(f);
}

/* Each call but that which waits; two at the same time are logged. */
static void enter(DWORD lun)
{
	if (atomic_fetch_add(&running, 1))
		note(lun, "overlap");
}

static RESPONSECODE leave(RESPONSECODE code)
{
	atomic_fetch_sub(&running, 1);
	return value("gone") ? IFD_NO_SUCH_DEVICE : code;
}

static bool has_card(DWORD lun)
{
	return value(lun ? "card1" : "card");
}

static RESPONSECODE open_lun(DWORD lun, const char *name)
{
	snprintf(dir, sizeof(dir), "%s", name);
	note(lun, "open");
	log_msg(PCSC_LOG_ERROR, "hello from the driver");
	return lun < SLOTS ? IFD_SUCCESS : IFD_NO_SUCH_DEVICE;
}

RESPONSECODE IFDHCreateChannelByName(DWORD Lun, LPSTR DeviceName)
{
	return open_lun(Lun, DeviceName);
}

RESPONSECODE IFDHCreateChannel(DWORD Lun, DWORD Channel)
{
	char name[64];

	snprintf(name, sizeof(name), "/run/ifd%lu", (unsigned long)Channel);
	return open_lun(Lun, name);
}

RESPONSECODE IFDHCloseChannel(DWORD Lun)
{
	note(Lun, "close");
	return IFD_SUCCESS;
}

/* Waits for a change as the interrupt endpoint of a reader does. */
static RESPONSECODE wait_for_change(DWORD lun, int timeout)
{
	bool had = has_card(lun);

	note(lun, "wait");
	for (; timeout > 0 && !stopped && had == has_card(lun); timeout -= 50)
		usleep(50000);
	return IFD_SUCCESS;
}

static RESPONSECODE stop_waiting(DWORD lun)
{
	note(lun, "stop");
	stopped = true;
	return IFD_SUCCESS;
}

static RESPONSECODE give(PDWORD len, PUCHAR to, const void *from, DWORD n)
{
	if (*len < n)
		return IFD_ERROR_INSUFFICIENT_BUFFER;
	memcpy(to, from, n);
	*len = n;
	return IFD_SUCCESS;
}

RESPONSECODE IFDHGetCapabilities(DWORD Lun, DWORD Tag, PDWORD Length, PUCHAR Value)
{
	RESPONSECODE (*wait)(DWORD, int) = wait_for_change;
	RESPONSECODE (*stop)(DWORD) = stop_waiting;
	UCHAR n;

	switch (Tag) {
	case TAG_IFD_SLOTS_NUMBER:
		n = (UCHAR)value("slots");
		return give(Length, Value, &n, 1);
	case TAG_IFD_SLOT_THREAD_SAFE:
		n = (UCHAR)value("parallel");
		return give(Length, Value, &n, 1);
	case TAG_IFD_POLLING_THREAD_WITH_TIMEOUT:
		return value("waits") ? give(Length, Value, &wait, sizeof(wait)) : IFD_ERROR_TAG;
	case TAG_IFD_STOP_POLLING_THREAD:
		return give(Length, Value, &stop, sizeof(stop));
	case SCARD_ATTR_CHANNEL_ID:
		return give(Length, Value, "Fake", 4);
	case SCARD_ATTR_CURRENT_F:	/* the power-ups of the card */
		return give(Length, Value, &cards[Lun].ups, 1);
	}
	return IFD_ERROR_TAG;
}

RESPONSECODE IFDHSetCapabilities(DWORD Lun, DWORD Tag, DWORD Length, PUCHAR Value)
{
	(void)Lun, (void)Tag, (void)Length, (void)Value;
	return IFD_NOT_SUPPORTED;
}

RESPONSECODE IFDHSetProtocolParameters(DWORD Lun, DWORD Protocol, UCHAR Flags, UCHAR PTS1,
				       UCHAR PTS2, UCHAR PTS3)
{
	enter(Lun);
	note(Lun, "protocol %lu flags %u %u %u %u", (unsigned long)Protocol, Flags, PTS1, PTS2,
	     PTS3);
	cards[Lun].protocol = Protocol;
	return leave(IFD_SUCCESS);
}

RESPONSECODE IFDHPowerICC(DWORD Lun, DWORD Action, PUCHAR Atr, PDWORD AtrLength)
{
	RESPONSECODE code = IFD_SUCCESS;

	enter(Lun);
	note(Lun, Action == IFD_POWER_UP ? "up" : Action == IFD_RESET ? "reset" : "down");
	if (value("keeps-power"))
		return leave(IFD_COMMUNICATION_ERROR);
	cards[Lun].verified = false;
	cards[Lun].powered = false;
	if (Action == IFD_POWER_DOWN) {
		*AtrLength = 0;
		return leave(code);
	}
	if (Action == IFD_RESET && value("no-reset"))
		return leave(IFD_NOT_SUPPORTED);
	sleep((unsigned int)value("slow-power"));
	cards[Lun].powered = has_card(Lun);
	cards[Lun].ups++;
	if (!has_card(Lun))
		code = IFD_ERROR_POWER_ACTION;
	else if (value("t0"))
		code = give(AtrLength, Atr, atr_t0, sizeof(atr_t0));
	else
		code = give(AtrLength, Atr, atr_both, sizeof(atr_both));
	return leave(code);
}

static DWORD card_answers(DWORD lun, DWORD protocol, const UCHAR *tx, DWORD n, UCHAR *rx)
{
	UCHAR sw[2] = { 0x90, 0x00 };
	DWORD len = 0;

	if (n >= 4 && tx[0] == 0x80 && tx[1] == 0xcc)
		raise(SIGSEGV);
	if (n >= 4 && tx[0] == 0x80 && tx[1] == 0xe4) {
		sleep(tx[3]);
	} else if (n >= 4 && tx[0] == 0x80 && tx[1] == 0xe6) {
		len = (DWORD)(tx[2] << 8 | tx[3]);
		memset(rx, 0x5a, len);
	} else if (n >= 4 && tx[0] == 0x80 && tx[1] == 0xe8) {
		rx[len++] = (UCHAR)protocol;
		rx[len++] = (UCHAR)cards[lun].protocol;
	} else if (n >= 4 && tx[1] == 0x20) {
		if (n == 9)
			cards[lun].verified = !memcmp(tx + 5, "1234", 4);
		if (!cards[lun].verified)
			sw[0] = 0x63, sw[1] = 0xc2;
	} else {
		memcpy(rx, tx, n);
		len = n;
	}
	memcpy(rx + len, sw, 2);
	return len + 2;
}

RESPONSECODE IFDHTransmitToICC(DWORD Lun, SCARD_IO_HEADER SendPci, PUCHAR TxBuffer, DWORD TxLength,
			       PUCHAR RxBuffer, PDWORD RxLength, PSCARD_IO_HEADER RecvPci)
{
	enter(Lun);
	note(Lun, "apdu %lu", (unsigned long)TxLength);
	*RecvPci = SendPci;
	if (!has_card(Lun)) {
		*RxLength = 0;
		return leave(IFD_COMMUNICATION_ERROR);
	}
	*RxLength = card_answers(Lun, SendPci.Protocol, TxBuffer, TxLength, RxBuffer);
	note(Lun, "answered");
	return leave(IFD_SUCCESS);
}

RESPONSECODE IFDHControl(DWORD Lun, DWORD dwControlCode, PUCHAR TxBuffer, DWORD TxLength,
			 PUCHAR RxBuffer, DWORD RxLength, LPDWORD pdwBytesReturned)
{
	const UCHAR features[] = { FEATURE_VERIFY_PIN_DIRECT, 4, 0x42, 0, PIN_CODE >> 8 & 0xff,
				   PIN_CODE & 0xff };
	RESPONSECODE code;

	(void)TxBuffer, (void)TxLength;
	enter(Lun);
	note(Lun, "control %lx", (unsigned long)dwControlCode);
	*pdwBytesReturned = RxLength;
	if (dwControlCode == CM_IOCTL_GET_FEATURE_REQUEST)
		code = give(pdwBytesReturned, RxBuffer, features, sizeof(features));
	else if (dwControlCode == PIN_CODE)
		code = give(pdwBytesReturned, RxBuffer, "\x90\x00", 2);
	else
		code = IFD_NOT_SUPPORTED;
	if (dwControlCode == PIN_CODE)
		cards[Lun].verified = true;
	if (code != IFD_SUCCESS)
		*pdwBytesReturned = 0;
	return leave(code);
}

RESPONSECODE IFDHICCPresence(DWORD Lun)
{
	enter(Lun);
	return leave(has_card(Lun) ? IFD_ICC_PRESENT : IFD_ICC_NOT_PRESENT);
}
