// SPDX-License-Identifier: LGPL-2.1-or-later
/* The functions of an IFD handler, version 3, that pcscd calls; see ifdhandler.h. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "channel.h"

#define API __attribute__((visibility("default")))

/* Readers that one instance drives; pcscd takes the number as one byte */
#define MAX_CHANNELS	255

/*
 * pcscd calls one function of a reader at a time, except IFDHCloseChannel(), which it calls
 * after a while even if another call still runs. A call that uses the channel holds @lock;
 * no call waits for the card while it holds the table's lock.
 */
struct entry {
	struct entry *next;
	DWORD lun;
	pthread_mutex_t lock;
	struct channel *channel;
	unsigned int users;		/* calls that have the entry (table) */
	bool closing;			/* no new users (table) */
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t left;		/* a user has left */
	struct entry *entries;
} table = { .lock = PTHREAD_MUTEX_INITIALIZER, .left = PTHREAD_COND_INITIALIZER };

/*
 * Polls of the card by this thread since it last changed the card's power. A thread of pcscd
 * that serves a client polls once before that; pcscd's polling thread polls all the time,
 * and powers the card down when no client uses it.
 */
static __thread unsigned int polls;

static struct entry *find(DWORD lun)
{
	struct entry *e = table.entries;

	while (e && e->lun != lun)
		e = e->next;
	return e;
}

/* Take the channel for one call, or return NULL */
static struct entry *get(DWORD lun)
{
	struct entry *e;

	pthread_mutex_lock(&table.lock);
	e = find(lun);
	if (e && e->closing)
		e = NULL;
	if (e)
		e->users++;
	pthread_mutex_unlock(&table.lock);
	if (e)
		pthread_mutex_lock(&e->lock);
	return e;
}

static void put(struct entry *e)
{
	pthread_mutex_unlock(&e->lock);
	pthread_mutex_lock(&table.lock);
	e->users--;
	pthread_cond_broadcast(&table.left);
	pthread_mutex_unlock(&table.lock);
}

API RESPONSECODE IFDHCreateChannelByName(DWORD Lun, LPSTR DeviceName)
{
	struct entry *e = calloc(1, sizeof(*e));
	bool known;

	if (!e)
		return IFD_COMMUNICATION_ERROR;
	e->lun = Lun;
	e->channel = channel_open(DeviceName);
	pthread_mutex_lock(&table.lock);
	known = find(Lun);
	if (e->channel && !known) {
		pthread_mutex_init(&e->lock, NULL);
		e->next = table.entries;
		table.entries = e;
		pthread_mutex_unlock(&table.lock);
		return IFD_SUCCESS;
	}
	pthread_mutex_unlock(&table.lock);
	if (e->channel)
		channel_close(e->channel);
	free(e);
	return known ? IFD_COMMUNICATION_ERROR : IFD_NO_SUCH_DEVICE;
}

/* Readers have names, no channel numbers. */
API RESPONSECODE IFDHCreateChannel(DWORD Lun, DWORD Channel)
{
	(void)Lun;
	(void)Channel;
	return IFD_NO_SUCH_DEVICE;
}

API RESPONSECODE IFDHCloseChannel(DWORD Lun)
{
	struct entry *e, **p;

	pthread_mutex_lock(&table.lock);
	e = find(Lun);
	if (!e || e->closing) {
		pthread_mutex_unlock(&table.lock);
		return IFD_COMMUNICATION_ERROR;
	}
	e->closing = true;
	/* a call may begin to wait after channel_stop(): stop again each second */
	while (e->users) {
		struct timespec soon;

		channel_stop(e->channel);
		clock_gettime(CLOCK_REALTIME, &soon);
		soon.tv_sec++;
		pthread_cond_timedwait(&table.left, &table.lock, &soon);
	}
	for (p = &table.entries; *p != e; p = &(*p)->next)
		;
	*p = e->next;
	pthread_mutex_unlock(&table.lock);
	channel_close(e->channel);
	pthread_mutex_destroy(&e->lock);
	free(e);
	return IFD_SUCCESS;
}

static RESPONSECODE give_byte(UCHAR byte, PDWORD len, PUCHAR value)
{
	if (*len < 1)
		return IFD_ERROR_INSUFFICIENT_BUFFER;
	*value = byte;
	*len = 1;
	return IFD_SUCCESS;
}

/* pcscd passes on any tag of a client: never return a pointer into pcscd. */
API RESPONSECODE IFDHGetCapabilities(DWORD Lun, DWORD Tag, PDWORD Length, PUCHAR Value)
{
	struct entry *e;
	RESPONSECODE ret;

	switch (Tag) {
	case TAG_IFD_SIMULTANEOUS_ACCESS:
		return give_byte(MAX_CHANNELS, Length, Value);
	case TAG_IFD_THREAD_SAFE:
		return give_byte(1, Length, Value);
	case TAG_IFD_SLOTS_NUMBER:
		return give_byte(1, Length, Value);
	case TAG_IFD_SLOT_THREAD_SAFE:
	case TAG_IFD_POLLING_THREAD_KILLABLE:
		return give_byte(0, Length, Value);
	case TAG_IFD_ATR:
		Tag = SCARD_ATTR_ATR_STRING;
		break;
	}
	e = get(Lun);
	if (!e)
		return IFD_NO_SUCH_DEVICE;
	ret = channel_get_attr(e->channel, Tag, Value, Length);
	put(e);
	return ret;
}

API RESPONSECODE IFDHSetCapabilities(DWORD Lun, DWORD Tag, DWORD Length, PUCHAR Value)
{
	(void)Lun;
	(void)Tag;
	(void)Length;
	(void)Value;
	return IFD_ERROR_TAG;
}

API RESPONSECODE IFDHSetProtocolParameters(DWORD Lun, DWORD Protocol, UCHAR Flags, UCHAR PTS1,
					   UCHAR PTS2, UCHAR PTS3)
{
	struct entry *e;
	RESPONSECODE ret;

	(void)PTS1;
	(void)PTS2;
	(void)PTS3;
	/* the module negotiates the rates */
	if (Flags)
		return IFD_NOT_SUPPORTED;
	if (Protocol != SCARD_PROTOCOL_T0 && Protocol != SCARD_PROTOCOL_T1)
		return IFD_PROTOCOL_NOT_SUPPORTED;
	e = get(Lun);
	if (!e)
		return IFD_NO_SUCH_DEVICE;
	ret = channel_protocol(e->channel, Protocol);
	put(e);
	return ret;
}

API RESPONSECODE IFDHPowerICC(DWORD Lun, DWORD Action, PUCHAR Atr, PDWORD AtrLength)
{
	bool idle = polls > 1;
	struct entry *e;
	RESPONSECODE ret;

	polls = 0;
	*AtrLength = 0;
	e = get(Lun);
	if (!e)
		return IFD_NO_SUCH_DEVICE;
	switch (Action) {
	case IFD_POWER_UP:
		ret = channel_power_up(e->channel, Atr, AtrLength);
		break;
	case IFD_POWER_DOWN:
		ret = channel_power_down(e->channel, idle);
		break;
	case IFD_RESET:
		ret = channel_reset(e->channel, Atr, AtrLength);
		break;
	default:
		ret = IFD_NOT_SUPPORTED;
	}
	put(e);
	return ret;
}

API RESPONSECODE IFDHTransmitToICC(DWORD Lun, SCARD_IO_HEADER SendPci, PUCHAR TxBuffer,
				   DWORD TxLength, PUCHAR RxBuffer, PDWORD RxLength,
				   PSCARD_IO_HEADER RecvPci)
{
	struct entry *e = get(Lun);
	RESPONSECODE ret;

	if (!e) {
		*RxLength = 0;
		return IFD_NO_SUCH_DEVICE;
	}
	ret = channel_transmit(e->channel, TxBuffer, TxLength, RxBuffer, RxLength);
	put(e);
	if (RecvPci)
		RecvPci->Protocol = SendPci.Protocol;
	return ret;
}

API RESPONSECODE IFDHControl(DWORD Lun, DWORD dwControlCode, PUCHAR TxBuffer, DWORD TxLength,
			     PUCHAR RxBuffer, DWORD RxLength, LPDWORD pdwBytesReturned)
{
	struct entry *e = get(Lun);
	RESPONSECODE ret;

	*pdwBytesReturned = 0;
	if (!e)
		return IFD_NO_SUCH_DEVICE;
	ret = channel_control(e->channel, dwControlCode, TxBuffer, TxLength, RxBuffer, RxLength,
			      pdwBytesReturned);
	put(e);
	return ret;
}

API RESPONSECODE IFDHICCPresence(DWORD Lun)
{
	struct entry *e = get(Lun);
	RESPONSECODE ret;

	if (!e)
		return IFD_NO_SUCH_DEVICE;
	ret = channel_presence(e->channel);
	put(e);
	polls = ret == IFD_SUCCESS ? polls + 1 : 0;
	return ret;
}
