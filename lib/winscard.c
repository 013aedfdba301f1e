// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The SCard API: check the arguments, in the same order as pcsc-lite, and fill the caller's
 * buffers.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "PCSC/reader.h"
#include "api.h"
#include "call.h"
#include "card.h"
#include "connect.h"
#include "context.h"
#include "descriptors.h"
#include "device.h"
#include "discovery.h"
#include "heritage.h"
#include "reader_list.h"
#include "spare.h"
#include "status_change.h"

/* pcsc-lite 1.1's name for "T=0 or T=1", still in some programs */
#define PROTOCOL_ANY_OLD	0x1000

/* CM_IOCTL_GET_FEATURE_REQUEST of Windows */
#define WINDOWS_GET_FEATURE_REQUEST	0x313520

#define DEFAULT_READERS		"SCard$DefaultReaders"

API const SCARD_IO_REQUEST g_rgSCardT0Pci = { SCARD_PROTOCOL_T0, sizeof(SCARD_IO_REQUEST) };
API const SCARD_IO_REQUEST g_rgSCardT1Pci = { SCARD_PROTOCOL_T1, sizeof(SCARD_IO_REQUEST) };
API const SCARD_IO_REQUEST g_rgSCardRawPci = { SCARD_PROTOCOL_RAW, sizeof(SCARD_IO_REQUEST) };

/*
 * open(), close(), poll() and write() are cancellation points: a cancelled thread
 * would keep its lock and leak its descriptor.
 */
static int no_thread_cancel(void)
{
	int state;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	return state;
}

static void restore_thread_cancel(int state)
{
	pthread_setcancelstate(state, NULL);
}

static inline void restore_errno(const int *saved)
{
	errno = *saved;
}

/* First in each function: it leaves errno as it was */
#define KEEP_ERRNO	__attribute__((cleanup(restore_errno))) const int saved_errno = errno

/*
 * First where an argument of 32 bits is used: a program that declares it so leaves in the upper
 * half of a DWORD what was there before.
 */
#define LOW_HALF(argument)	((argument) = (uint32_t)(argument))

/*
 * Copy @n bytes to the caller and set *len to @n. @buf has room for *len bytes; with
 * SCARD_AUTOALLOCATE in *len it points to a pointer to set; if NULL, set only the length.
 * @part: if not all bytes fit, copy those that do.
 */
static LONG give(void *buf, DWORD *len, const void *data, size_t n, bool part)
{
	DWORD room = *len;
	LONG ret = SCARD_S_SUCCESS;

	*len = n;
	if (room == SCARD_AUTOALLOCATE) {
		void *copy;

		if (!buf)
			return SCARD_E_INVALID_PARAMETER;
		copy = malloc(n ? n : 1);
		if (!copy)
			return SCARD_E_NO_MEMORY;
		memcpy(copy, data, n);
		*(void **)buf = copy;
		return SCARD_S_SUCCESS;
	}
	if (!buf)
		return SCARD_S_SUCCESS;
	if (n > room) {
		ret = SCARD_E_INSUFFICIENT_BUFFER;
		n = part ? room : 0;
	}
	memcpy(buf, data, n);
	return ret;
}

/* ---- contexts ---- */

static LONG establish(DWORD dwScope, LPSCARDCONTEXT phContext)
{
	scard_context_init();
	if (!scard_discovery_exist())
		return SCARD_E_NO_SERVICE;
	if (!phContext)
		return SCARD_E_INVALID_PARAMETER;
	*phContext = 0;
	LOW_HALF(dwScope);
	if (dwScope > SCARD_SCOPE_GLOBAL)
		return SCARD_E_INVALID_VALUE;
	return scard_context_create(phContext);
}

API LONG SCardEstablishContext(DWORD dwScope, LPCVOID pvReserved1, LPCVOID pvReserved2,
			       LPSCARDCONTEXT phContext)
{
	KEEP_ERRNO;
	int state = no_thread_cancel();
	LONG ret = establish(dwScope, phContext);

	(void)pvReserved1;
	(void)pvReserved2;
	restore_thread_cancel(state);
	return ret;
}

static LONG release(SCARDCONTEXT hContext)
{
	struct card *cards;
	struct context *ctx = scard_context_release(hContext, &cards);

	/* it may be the parent's, see heritage.c */
	if (!ctx && SCardIsValidContext(hContext) == SCARD_S_SUCCESS)
		ctx = scard_context_release(hContext, &cards);
	if (!ctx)
		return SCARD_E_INVALID_HANDLE;
	scard_card_revoke(cards);
	scard_context_put(ctx);
	return SCARD_S_SUCCESS;
}

API LONG SCardReleaseContext(SCARDCONTEXT hContext)
{
	KEEP_ERRNO;
	int state = no_thread_cancel();
	LONG ret = release(hContext);

	restore_thread_cancel(state);
	return ret;
}

/*
 * dlclose(): leave nothing in the process, also if the program has left a context open. At
 * exit() leave all to the kernel, for other threads may be in calls.
 */
__attribute__((destructor))
static void unload(void)
{
	LONG id;

	if (scard_context_exiting())
		return;
	while ((id = scard_object_any_context()))
		release(id);
	scard_object_end();
	scard_heritage_end();
	scard_descriptors_end();
}

API LONG SCardIsValidContext(SCARDCONTEXT hContext)
{
	KEEP_ERRNO;
	struct context *ctx = scard_context_get(hContext);

	if (!ctx)
		return SCARD_E_INVALID_HANDLE;
	scard_context_put(ctx);
	return SCARD_S_SUCCESS;
}

API LONG SCardCancel(SCARDCONTEXT hContext)
{
	KEEP_ERRNO;
	struct context *ctx = scard_context_get(hContext);
	int state;

	if (!ctx)
		return SCARD_E_INVALID_HANDLE;
	state = no_thread_cancel();
	scard_context_cancel(ctx);
	scard_context_put(ctx);
	restore_thread_cancel(state);
	return SCARD_S_SUCCESS;
}

API LONG SCardFreeMemory(SCARDCONTEXT hContext, LPCVOID pvMem)
{
	KEEP_ERRNO;
	LONG ret = SCardIsValidContext(hContext);

	if (ret == SCARD_S_SUCCESS)
		free((void *)pvMem);
	return ret;
}

/* ---- readers ---- */

API LONG SCardListReaderGroups(SCARDCONTEXT hContext, LPSTR mszGroups, LPDWORD pcchGroups)
{
	KEEP_ERRNO;
	/* two NULs: the literal's own ends the list */
	static const char groups[] = DEFAULT_READERS "\0";
	LONG ret;

	if (!pcchGroups)
		return SCARD_E_INVALID_PARAMETER;
	ret = SCardIsValidContext(hContext);
	if (ret != SCARD_S_SUCCESS)
		return ret;
	return give(mszGroups, pcchGroups, groups, sizeof(groups), false);
}

static LONG list_readers(LPSTR mszReaders, LPDWORD pcchReaders)
{
	char *names;
	size_t len;
	LONG ret;

	ret = scard_discovery_refresh();
	if (ret != SCARD_S_SUCCESS)
		return ret;
	scard_discovery_settle();
	names = scard_discovery_names(&len);
	if (!names)
		return SCARD_E_NO_MEMORY;
	if (len == 1) {
		*pcchReaders = len;
		ret = SCARD_E_NO_READERS_AVAILABLE;
	} else {
		ret = give(mszReaders, pcchReaders, names, len, false);
	}
	free(names);
	return ret;
}

API LONG SCardListReaders(SCARDCONTEXT hContext, LPCSTR mszGroups, LPSTR mszReaders,
			  LPDWORD pcchReaders)
{
	KEEP_ERRNO;
	struct context *ctx;
	int state;
	LONG ret;

	(void)mszGroups;	/* there is only one group */
	if (!pcchReaders)
		return SCARD_E_INVALID_PARAMETER;
	ctx = scard_context_get(hContext);
	if (!ctx)
		return SCARD_E_INVALID_HANDLE;
	state = no_thread_cancel();
	scard_spare_drop(ctx, true);
	ret = list_readers(mszReaders, pcchReaders);
	scard_context_put(ctx);
	restore_thread_cancel(state);
	return ret;
}

API LONG SCardGetStatusChange(SCARDCONTEXT hContext, DWORD dwTimeout,
			      SCARD_READERSTATE *rgReaderStates, DWORD cReaders)
{
	KEEP_ERRNO;
	bool interested = false;
	struct context *ctx;
	int state;
	LONG ret;
	DWORD i;

	LOW_HALF(dwTimeout);
	LOW_HALF(cReaders);
	if (!rgReaderStates && cReaders)
		return SCARD_E_INVALID_PARAMETER;
	for (i = 0; i < cReaders; i++) {
		if (!rgReaderStates[i].szReader)
			return SCARD_E_INVALID_VALUE;
		interested |= !(rgReaderStates[i].dwCurrentState & SCARD_STATE_IGNORE);
	}
	if (!interested)
		return SCARD_S_SUCCESS;
	ctx = scard_context_get(hContext);
	if (!ctx)
		return SCARD_E_INVALID_HANDLE;
	state = no_thread_cancel();
	scard_spare_drop(ctx, dwTimeout != 0);
	ret = scard_status_change(ctx, dwTimeout, rgReaderStates, cReaders, state);
	scard_context_put(ctx);
	restore_thread_cancel(state);
	return ret;
}

/* ---- connecting ---- */

static LONG check_share_mode(uint32_t mode)
{
	return mode >= SCARD_SHARE_EXCLUSIVE && mode <= SCARD_SHARE_DIRECT ?
	       SCARD_S_SUCCESS : SCARD_E_INVALID_VALUE;
}

/* The protocols that the kernel knows */
static uint32_t kernel_protocols(uint32_t protocols)
{
	uint32_t known = protocols & (SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1 | SCARD_PROTOCOL_RAW);

	if (protocols & PROTOCOL_ANY_OLD)
		known |= SCARD_PROTOCOL_ANY;
	return known;
}

static LONG check_protocols(uint32_t mode, uint32_t protocols)
{
	return mode == SCARD_SHARE_DIRECT || kernel_protocols(protocols) ?
	       SCARD_S_SUCCESS : SCARD_E_PROTO_MISMATCH;
}

API LONG SCardConnect(SCARDCONTEXT hContext, LPCSTR szReader, DWORD dwShareMode,
		      DWORD dwPreferredProtocols, LPSCARDHANDLE phCard, LPDWORD pdwActiveProtocol)
{
	KEEP_ERRNO;
	struct context *ctx;
	struct card *card;
	LONG ret;

	if (!phCard || !pdwActiveProtocol)
		return SCARD_E_INVALID_PARAMETER;
	*phCard = 0;
	if (!szReader)
		return SCARD_E_UNKNOWN_READER;
	if (strnlen(szReader, MAX_READERNAME + 1) > MAX_READERNAME)
		return SCARD_E_INVALID_VALUE;
	ret = check_protocols(dwShareMode, dwPreferredProtocols);
	if (ret == SCARD_S_SUCCESS)
		ret = check_share_mode(dwShareMode);
	ctx = ret == SCARD_S_SUCCESS ? scard_card_reuse(hContext, szReader, &card) : NULL;
	if (!ctx)
		ctx = scard_context_get(hContext);
	if (!ctx)
		return SCARD_E_INVALID_HANDLE;
	*pdwActiveProtocol = SCARD_PROTOCOL_UNDEFINED;
	if (ret == SCARD_S_SUCCESS)
		ret = scard_connect(ctx, szReader, card, dwShareMode,
				    kernel_protocols(dwPreferredProtocols), phCard,
				    pdwActiveProtocol);
	scard_context_put(ctx);
	return ret;
}

API LONG SCardReconnect(SCARDHANDLE hCard, DWORD dwShareMode, DWORD dwPreferredProtocols,
			DWORD dwInitialization, LPDWORD pdwActiveProtocol)
{
	KEEP_ERRNO;
	struct scard_connect arg = {
		.share_mode = dwShareMode,
		.protocols = kernel_protocols(dwPreferredProtocols),
		.initialization = dwInitialization,
	};
	struct card *card;
	int error;
	LONG ret;

	if (!pdwActiveProtocol)
		return SCARD_E_INVALID_PARAMETER;
	card = scard_card_get(hCard);
	if (!card)
		return SCARD_E_INVALID_HANDLE;
	*pdwActiveProtocol = SCARD_PROTOCOL_UNDEFINED;
	ret = arg.initialization > SCARD_UNPOWER_CARD ? SCARD_E_INVALID_VALUE :
						      check_share_mode(dwShareMode);
	if (ret == SCARD_S_SUCCESS)
		ret = check_protocols(dwShareMode, dwPreferredProtocols);
	if (ret == SCARD_S_SUCCESS) {
		error = scard_call_no_blocking(card, SCARD_IOC_RECONNECT, &arg,
					       arg.share_mode == SCARD_SHARE_EXCLUSIVE);
		ret = scard_device_power_up_code(error);
	}
	if (ret == SCARD_S_SUCCESS)
		*pdwActiveProtocol = arg.protocol;
	scard_card_put(card);
	return ret;
}

API LONG SCardDisconnect(SCARDHANDLE hCard, DWORD dwDisposition)
{
	KEEP_ERRNO;
	struct scard_disposition arg = { .disposition = dwDisposition };
	struct card *card = scard_card_get(hCard);
	bool alone;
	LONG ret;
	int error;

	if (!card)
		return SCARD_E_INVALID_HANDLE;
	if (arg.disposition > SCARD_EJECT_CARD) {
		scard_card_put(card);
		return SCARD_E_INVALID_VALUE;
	}
	/* keep the card as a spare, unless another call is using it */
	alone = scard_card_alone(card);
	error = scard_call(card, SCARD_IOC_DISCONNECT, &arg);
	if (!error && alone)	/* retire fails if another thread was faster */
		return scard_card_retire(card) ? SCARD_S_SUCCESS : SCARD_E_INVALID_HANDLE;
	/* the handle is valid though the reader is gone, or the program closed the descriptor */
	if (error == ENODEV || error == EBADF)
		error = 0;
	ret = scard_device_code(error);
	/* EREMOTEIO: the disposition failed, but the handle is disconnected */
	if ((!error || error == EREMOTEIO) && !scard_card_remove(card))
		ret = SCARD_E_INVALID_HANDLE;
	scard_card_put(card);
	return ret;
}

/* ---- using a card ---- */

API LONG SCardBeginTransaction(SCARDHANDLE hCard)
{
	KEEP_ERRNO;
	struct card *card = scard_card_get(hCard);
	LONG ret;

	if (!card)
		return SCARD_E_INVALID_HANDLE;
	ret = scard_device_code(scard_call(card, SCARD_IOC_BEGIN, NULL));
	scard_card_put(card);
	return ret;
}

API LONG SCardEndTransaction(SCARDHANDLE hCard, DWORD dwDisposition)
{
	KEEP_ERRNO;
	struct scard_disposition arg = { .disposition = dwDisposition };
	struct card *card = scard_card_get(hCard);
	LONG ret;

	if (!card)
		return SCARD_E_INVALID_HANDLE;
	ret = arg.disposition > SCARD_EJECT_CARD ? SCARD_E_INVALID_VALUE :
	      scard_device_code(scard_call(card, SCARD_IOC_END, &arg));
	scard_card_put(card);
	return ret;
}

/* SCARD_STATE_BIT_* as the bit set of SCardStatus */
static DWORD status_bits(uint32_t state)
{
	if (!(state & SCARD_STATE_BIT_PRESENT))
		return SCARD_ABSENT;
	if (state & SCARD_STATE_BIT_MUTE)
		return SCARD_PRESENT | SCARD_SWALLOWED;
	if (state & SCARD_STATE_BIT_POWERED)
		return SCARD_PRESENT | SCARD_POWERED | SCARD_NEGOTIABLE;
	return SCARD_PRESENT;
}

API LONG SCardStatus(SCARDHANDLE hCard, LPSTR szReaderName, LPDWORD pcchReaderLen,
		     LPDWORD pdwState, LPDWORD pdwProtocol, LPBYTE pbAtr, LPDWORD pcbAtrLen)
{
	KEEP_ERRNO;
	struct scard_status status = { .flags = SCARD_STATUS_GATED };
	DWORD name_len = 0, atr_len = 0;
	struct card *card;
	LONG ret, ret_atr;

	if (pdwState)
		*pdwState = 0;
	if (pdwProtocol)
		*pdwProtocol = 0;
	if (!pcchReaderLen)
		pcchReaderLen = &name_len;
	if (!pcbAtrLen)
		pcbAtrLen = &atr_len;
	name_len = *pcchReaderLen;
	atr_len = *pcbAtrLen;
	*pcchReaderLen = 0;
	*pcbAtrLen = 0;

	card = scard_card_get(hCard);
	if (!card)
		return SCARD_E_INVALID_HANDLE;
	ret = scard_device_code(scard_call_no_blocking(card, SCARD_IOC_GET_STATUS, &status, false));
	if (ret == SCARD_S_SUCCESS) {
		if (pdwState)
			*pdwState = (DWORD)(status.card_event & 0xffff) << 16 |
				    status_bits(status.state);
		if (pdwProtocol)
			*pdwProtocol = status.protocol;
		*pcchReaderLen = name_len;
		*pcbAtrLen = atr_len;
		ret = give(szReaderName, pcchReaderLen, card->name, card->name_size, true);
		ret_atr = give(pbAtr, pcbAtrLen, status.atr, status.atr_len, true);
		if (ret == SCARD_S_SUCCESS)
			ret = ret_atr;
	}
	scard_card_put(card);
	return ret;
}

/*
 * The protocol of an SCARD_IO_REQUEST for the kernel. Programs made for structures of 32 bits have
 * the length in the upper half.
 */
static uint32_t pci_protocol(uint32_t protocol)
{
	if (protocol == PROTOCOL_ANY_OLD)
		return 0;	/* the active one */
	/* T=15 never matches the active protocol */
	return protocol ? protocol : SCARD_PROTOCOL_T15;
}

API LONG SCardTransmit(SCARDHANDLE hCard, const SCARD_IO_REQUEST *pioSendPci, LPCBYTE pbSendBuffer,
		       DWORD cbSendLength, SCARD_IO_REQUEST *pioRecvPci, LPBYTE pbRecvBuffer,
		       LPDWORD pcbRecvLength)
{
	KEEP_ERRNO;
	struct scard_transmit arg;
	struct card *card;
	LONG ret;

	(void)pioRecvPci;	/* unused with T=0 and T=1 */
	if (!pbSendBuffer || !pbRecvBuffer || !pcbRecvLength || !pioSendPci)
		return SCARD_E_INVALID_PARAMETER;
	card = scard_card_get(hCard);
	if (!card) {
		*pcbRecvLength = 0;
		return SCARD_E_INVALID_HANDLE;
	}
	LOW_HALF(cbSendLength);
	if (cbSendLength > MAX_BUFFER_SIZE_EXTENDED) {
		scard_card_put(card);
		return SCARD_E_INSUFFICIENT_BUFFER;
	}
	/* the kernel uses the caller's buffers: no copy of the APDUs to clear */
	arg = (struct scard_transmit){
		.send = (uintptr_t)pbSendBuffer,
		.recv = (uintptr_t)pbRecvBuffer,
		.send_len = cbSendLength,
		.recv_len = *pcbRecvLength > UINT32_MAX ? UINT32_MAX : *pcbRecvLength,
		.protocol = pci_protocol(pioSendPci->dwProtocol),
	};
	ret = scard_device_code(scard_call_no_blocking(card, SCARD_IOC_TRANSMIT, &arg, false));
	/* if the answer does not fit, return the length it needs */
	*pcbRecvLength = ret == SCARD_S_SUCCESS || ret == SCARD_E_INSUFFICIENT_BUFFER ?
			 arg.recv_len : 0;
	scard_card_put(card);
	return ret;
}

API LONG SCardControl(SCARDHANDLE hCard, DWORD dwControlCode, LPCVOID pbSendBuffer,
		      DWORD cbSendLength, LPVOID pbRecvBuffer, DWORD cbRecvLength,
		      LPDWORD lpBytesReturned)
{
	KEEP_ERRNO;
	struct scard_control arg;
	struct card *card;
	LONG ret;

	if (lpBytesReturned)
		*lpBytesReturned = 0;
	card = scard_card_get(hCard);
	if (!card)
		return SCARD_E_INVALID_HANDLE;
	LOW_HALF(dwControlCode);
	LOW_HALF(cbSendLength);
	if (cbSendLength > MAX_BUFFER_SIZE_EXTENDED) {
		scard_card_put(card);
		return SCARD_E_INSUFFICIENT_BUFFER;
	}
	arg = (struct scard_control){
		.in = (uintptr_t)pbSendBuffer,
		.out = (uintptr_t)pbRecvBuffer,
		.in_len = pbSendBuffer ? cbSendLength : 0,
		.out_len = pbRecvBuffer ? cbRecvLength : 0,
		.code = dwControlCode == WINDOWS_GET_FEATURE_REQUEST ?
			CM_IOCTL_GET_FEATURE_REQUEST : dwControlCode,
	};
	ret = scard_device_code(scard_call(card, SCARD_IOC_CONTROL, &arg));
	/* if the answer does not fit, return the length it needs */
	if (lpBytesReturned && (ret == SCARD_S_SUCCESS || ret == SCARD_E_INSUFFICIENT_BUFFER))
		*lpBytesReturned = arg.out_len;
	scard_card_put(card);
	return ret;
}

static bool is_name_attribute(uint32_t id)
{
	return id == SCARD_ATTR_DEVICE_FRIENDLY_NAME_A || id == SCARD_ATTR_DEVICE_SYSTEM_NAME_A;
}

static LONG get_attribute(struct card *card, uint32_t id, LPBYTE pbAttr, LPDWORD pcbAttrLen)
{
	uint8_t value[SCARD_MAX_ATTRIBUTE_SIZE];
	struct scard_attr arg = {
		.buf = (uintptr_t)value,
		.id = id,
		.len = sizeof(value),
	};
	LONG ret;

	/* read another attribute in place of the name, for the kernel's checks */
	if (is_name_attribute(id))
		arg.id = SCARD_ATTR_ICC_PRESENCE;
	ret = scard_device_code(scard_call(card, SCARD_IOC_GET_ATTR, &arg));
	if (ret != SCARD_S_SUCCESS)
		return ret;
	if (is_name_attribute(id))
		return give(pbAttr, pcbAttrLen, card->name, card->name_size, true);
	return give(pbAttr, pcbAttrLen, value, arg.len, true);
}

API LONG SCardGetAttrib(SCARDHANDLE hCard, DWORD dwAttrId, LPBYTE pbAttr, LPDWORD pcbAttrLen)
{
	KEEP_ERRNO;
	struct card *card;
	bool allocate;
	LONG ret;

	if (!pcbAttrLen)
		return SCARD_E_INVALID_PARAMETER;
	allocate = *pcbAttrLen == SCARD_AUTOALLOCATE;
	if (allocate && !pbAttr)
		return SCARD_E_INVALID_PARAMETER;
	card = scard_card_get(hCard);
	if (!card)
		return SCARD_E_INVALID_HANDLE;
	/* pcsc-lite refuses lengths above MAX_BUFFER_SIZE */
	if (pbAttr && !allocate && *pcbAttrLen > MAX_BUFFER_SIZE)
		ret = SCARD_E_INSUFFICIENT_BUFFER;
	else
		ret = get_attribute(card, dwAttrId, pbAttr, pcbAttrLen);
	scard_card_put(card);
	return ret;
}

API LONG SCardSetAttrib(SCARDHANDLE hCard, DWORD dwAttrId, LPCBYTE pbAttr, DWORD cbAttrLen)
{
	KEEP_ERRNO;
	struct scard_attr arg = {
		.buf = (uintptr_t)pbAttr,
		.id = dwAttrId,
		.len = cbAttrLen,
	};
	struct card *card;
	LONG ret;

	LOW_HALF(cbAttrLen);
	if (!pbAttr || !cbAttrLen)
		return SCARD_E_INVALID_PARAMETER;
	card = scard_card_get(hCard);
	if (!card)
		return SCARD_E_INVALID_HANDLE;
	if (cbAttrLen > MAX_BUFFER_SIZE)
		ret = SCARD_E_INSUFFICIENT_BUFFER;
	else
		ret = scard_device_code(scard_call(card, SCARD_IOC_SET_ATTR, &arg));
	scard_card_put(card);
	return ret;
}
