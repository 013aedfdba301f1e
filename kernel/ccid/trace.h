/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints of the CCID transport: messages and requests on the wire. Numbers only, as in
 * core/trace.h. Completion handlers write them, too.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM scard

#if !defined(CCID_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define CCID_TRACE_H

#include <linux/tracepoint.h>

#include "core/scard.h"
#include "proto/ccid_msg.h"

/* bMessageType; unknown types, which a reader may send, are shown as numbers */
#define scard_show_message(type)					\
	__print_symbolic(type,						\
			 { CCID_PC_TO_RDR_SET_PARAMETERS, "SetParameters" },	\
			 { CCID_PC_TO_RDR_ICC_POWER_ON, "IccPowerOn" },	\
			 { CCID_PC_TO_RDR_ICC_POWER_OFF, "IccPowerOff" },	\
			 { CCID_PC_TO_RDR_GET_SLOT_STATUS, "GetSlotStatus" },	\
			 { CCID_PC_TO_RDR_SECURE, "Secure" },		\
			 { CCID_PC_TO_RDR_T0APDU, "T0APDU" },		\
			 { CCID_PC_TO_RDR_ESCAPE, "Escape" },		\
			 { CCID_PC_TO_RDR_GET_PARAMETERS, "GetParameters" },	\
			 { CCID_PC_TO_RDR_RESET_PARAMETERS, "ResetParameters" }, \
			 { CCID_PC_TO_RDR_ICC_CLOCK, "IccClock" },	\
			 { CCID_PC_TO_RDR_XFR_BLOCK, "XfrBlock" },	\
			 { CCID_PC_TO_RDR_MECHANICAL, "Mechanical" },	\
			 { CCID_PC_TO_RDR_ABORT, "Abort" },		\
			 { CCID_PC_TO_RDR_SET_DATA_RATE, "SetDataRateAndClockFrequency" }, \
			 { CCID_RDR_TO_PC_DATA_BLOCK, "DataBlock" },	\
			 { CCID_RDR_TO_PC_SLOT_STATUS, "SlotStatus" },	\
			 { CCID_RDR_TO_PC_PARAMETERS, "Parameters" },	\
			 { CCID_RDR_TO_PC_ESCAPE, "Escape" },		\
			 { CCID_RDR_TO_PC_DATA_RATE, "DataRateAndClockFrequency" })

/* A command, before it is sent */
TRACE_EVENT(scard_ccid_send,
	    TP_PROTO(const struct scard_slot *slot, u8 type, u8 seq, u32 len),
	    TP_ARGS(slot, type, seq, len),
	    TP_STRUCT__entry(__field(u32, minor)
			     __field(u32, reader)
			     __field(u8, slot)
			     __field(u8, type)
			     __field(u8, seq)
			     __field(u32, len)),
	    TP_fast_assign(__entry->minor = MINOR(slot->dev.devt);
			   __entry->reader = slot->reader->index;
			   __entry->slot = slot->index;
			   __entry->type = type;
			   __entry->seq = seq;
			   __entry->len = len;),
	    TP_printk("scard%u reader=%u slot=%u seq=%u %s len=%u", __entry->minor,
		      __entry->reader, __entry->slot, __entry->seq,
		      scard_show_message(__entry->type), __entry->len)
);

/*
 * A message from the reader. @slot: whose command it answers, or whose receive buffer
 * it came in, if it answers none: then @matched is false
 */
TRACE_EVENT(scard_ccid_receive,
	    TP_PROTO(const struct scard_slot *slot, const struct ccid_answer *ans, bool matched),
	    TP_ARGS(slot, ans, matched),
	    TP_STRUCT__entry(__field(u32, minor)
			     __field(u32, reader)
			     __field(u8, slot)
			     __field(u8, type)
			     __field(u8, seq)
			     __field(u8, icc_status)
			     __field(u8, cmd_status)
			     __field(u8, error)
			     __field(u8, param)
			     __field(u8, matched)
			     __field(u32, len)),
	    TP_fast_assign(__entry->minor = MINOR(slot->dev.devt);
			   __entry->reader = slot->reader->index;
			   __entry->slot = ans->slot;
			   __entry->type = ans->type;
			   __entry->seq = ans->seq;
			   __entry->icc_status = ans->icc_status;
			   __entry->cmd_status = ans->cmd_status;
			   __entry->error = ans->error;
			   __entry->param = ans->param;
			   __entry->matched = matched;
			   __entry->len = ans->len;),
	    TP_printk("scard%u reader=%u slot=%u seq=%u %s len=%u icc=%u cmd=%u error=0x%02x param=0x%02x matched=%u",
		      __entry->minor, __entry->reader, __entry->slot, __entry->seq,
		      scard_show_message(__entry->type), __entry->len, __entry->icc_status,
		      __entry->cmd_status, __entry->error, __entry->param, __entry->matched)
);

/* A command has come to its end without an answer: a failed transfer, a time-out */
TRACE_EVENT(scard_ccid_fail,
	    TP_PROTO(const struct scard_slot *slot, u8 seq, int status),
	    TP_ARGS(slot, seq, status),
	    TP_STRUCT__entry(__field(u32, minor)
			     __field(u32, reader)
			     __field(u8, slot)
			     __field(u8, seq)
			     __field(s32, status)),
	    TP_fast_assign(__entry->minor = MINOR(slot->dev.devt);
			   __entry->reader = slot->reader->index;
			   __entry->slot = slot->index;
			   __entry->seq = seq;
			   __entry->status = status;),
	    TP_printk("scard%u reader=%u slot=%u seq=%u status=%d", __entry->minor,
		      __entry->reader, __entry->slot, __entry->seq, __entry->status)
);

/* A request on the control pipe: ABORT, rates, halted pipes, and all that a token does */
TRACE_EVENT(scard_ccid_request,
	    TP_PROTO(const struct scard_reader *reader, u8 type, u8 request, u16 value, u16 len,
		     int ret),
	    TP_ARGS(reader, type, request, value, len, ret),
	    TP_STRUCT__entry(__field(u32, reader)
			     __field(u8, type)
			     __field(u8, request)
			     __field(u16, value)
			     __field(u16, len)
			     __field(s32, ret)),
	    TP_fast_assign(__entry->reader = reader->index;
			   __entry->type = type;
			   __entry->request = request;
			   __entry->value = value;
			   __entry->len = len;
			   __entry->ret = ret;),
	    TP_printk("reader=%u type=0x%02x request=0x%02x value=0x%04x len=%u ret=%d",
		      __entry->reader, __entry->type, __entry->request, __entry->value,
		      __entry->len, __entry->ret)
);

/* RDR_to_PC_NotifySlotChange; a bit for each slot */
TRACE_EVENT(scard_ccid_notify,
	    TP_PROTO(const struct scard_reader *reader, u32 changed, u32 present),
	    TP_ARGS(reader, changed, present),
	    TP_STRUCT__entry(__field(u32, reader)
			     __field(u32, changed)
			     __field(u32, present)),
	    TP_fast_assign(__entry->reader = reader->index;
			   __entry->changed = changed;
			   __entry->present = present;),
	    TP_printk("reader=%u changed=0x%x present=0x%x", __entry->reader, __entry->changed,
		      __entry->present)
);

#endif /* CCID_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH ccid
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
