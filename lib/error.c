// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Texts of SCARD_* codes, the same as those of pcsc-lite.
 */
#include <stdio.h>

#include "api.h"

static const char *text_of(LONG code)
{
	switch (code) {
	case SCARD_S_SUCCESS:			return "Command successful.";
	case SCARD_F_INTERNAL_ERROR:		return "Internal error.";
	case SCARD_E_CANCELLED:			return "Command cancelled.";
	case SCARD_E_INVALID_HANDLE:		return "Invalid handle.";
	case SCARD_E_INVALID_PARAMETER:		return "Invalid parameter given.";
	case SCARD_E_INVALID_TARGET:		return "Invalid target given.";
	case SCARD_E_NO_MEMORY:			return "Not enough memory.";
	case SCARD_F_WAITED_TOO_LONG:		return "Waited too long.";
	case SCARD_E_INSUFFICIENT_BUFFER:	return "Insufficient buffer.";
	case SCARD_E_UNKNOWN_READER:		return "Unknown reader specified.";
	case SCARD_E_TIMEOUT:			return "Command timeout.";
	case SCARD_E_SHARING_VIOLATION:		return "Sharing violation.";
	case SCARD_E_NO_SMARTCARD:		return "No smart card inserted.";
	case SCARD_E_UNKNOWN_CARD:		return "Unknown card.";
	case SCARD_E_CANT_DISPOSE:		return "Cannot dispose handle.";
	case SCARD_E_PROTO_MISMATCH:		return "Card protocol mismatch.";
	case SCARD_E_NOT_READY:			return "Subsystem not ready.";
	case SCARD_E_INVALID_VALUE:		return "Invalid value given.";
	case SCARD_E_SYSTEM_CANCELLED:		return "System cancelled.";
	case SCARD_F_COMM_ERROR:		return "RPC transport error.";
	case SCARD_F_UNKNOWN_ERROR:		return "Unknown error.";
	case SCARD_E_INVALID_ATR:		return "Invalid ATR.";
	case SCARD_E_NOT_TRANSACTED:		return "Transaction failed.";
	case SCARD_E_READER_UNAVAILABLE:	return "Reader is unavailable.";
	case SCARD_E_PCI_TOO_SMALL:		return "PCI struct too small.";
	case SCARD_E_READER_UNSUPPORTED:	return "Reader is unsupported.";
	case SCARD_E_DUPLICATE_READER:		return "Reader already exists.";
	case SCARD_E_CARD_UNSUPPORTED:		return "Card is unsupported.";
	case SCARD_E_NO_SERVICE:		return "Service not available.";
	case SCARD_E_SERVICE_STOPPED:		return "Service was stopped.";
	case SCARD_E_UNSUPPORTED_FEATURE:	return "Feature not supported.";
	case SCARD_E_NO_READERS_AVAILABLE:	return "Cannot find a smart card reader.";
	case SCARD_W_UNSUPPORTED_CARD:		return "Card is not supported.";
	case SCARD_W_UNRESPONSIVE_CARD:		return "Card is unresponsive.";
	case SCARD_W_UNPOWERED_CARD:		return "Card is unpowered.";
	case SCARD_W_RESET_CARD:		return "Card was reset.";
	case SCARD_W_REMOVED_CARD:		return "Card was removed.";
	case SCARD_W_SECURITY_VIOLATION:	return "Access denied.";
	default:				return NULL;
	}
}

API const char *pcsc_stringify_error(const LONG pcscError)
{
	/* older headers returned char *: a program may write to it */
	static __thread char text[75];
	const char *known = text_of(pcscError);

	if (known)
		snprintf(text, sizeof(text), "%s", known);
	else
		snprintf(text, sizeof(text), "Unknown error: 0x%08lX", pcscError);
	return text;
}
