/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints: what the module is asked for, what it tells the readers, and how the
 * state of a slot changes. Numbers only: no byte of an APDU, of a PIN or of an ATR
 * ever gets here, so that a trace can be handed on. scardctl trace reads them.
 *
 * A handle is named by a number that the slot gives it at open(), never by an
 * address. Events of the wire are written by whoever sees the message, also in
 * interrupt context.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM scard

#if !defined(SCARD_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define SCARD_TRACE_H

#include <linux/tracepoint.h>

#include "scard.h"

TRACE_DEFINE_ENUM(POL_OP_CONNECT);
TRACE_DEFINE_ENUM(POL_OP_RECONNECT);
TRACE_DEFINE_ENUM(POL_OP_DISCONNECT);
TRACE_DEFINE_ENUM(POL_OP_BEGIN);
TRACE_DEFINE_ENUM(POL_OP_END);
TRACE_DEFINE_ENUM(POL_OP_STATUS);
TRACE_DEFINE_ENUM(POL_OP_TRANSMIT);
TRACE_DEFINE_ENUM(POL_OP_CONTROL);
TRACE_DEFINE_ENUM(POL_OP_ATTR);
TRACE_DEFINE_ENUM(POL_CARD_ABSENT);
TRACE_DEFINE_ENUM(POL_CARD_OFF);
TRACE_DEFINE_ENUM(POL_CARD_ON);
TRACE_DEFINE_ENUM(POL_CARD_MUTE);

#define scard_show_op(op)					\
	__print_symbolic(op,					\
			 { POL_OP_CONNECT, "CONNECT" },		\
			 { POL_OP_RECONNECT, "RECONNECT" },	\
			 { POL_OP_DISCONNECT, "DISCONNECT" },	\
			 { POL_OP_BEGIN, "BEGIN" },		\
			 { POL_OP_END, "END" },			\
			 { POL_OP_STATUS, "STATUS" },		\
			 { POL_OP_TRANSMIT, "TRANSMIT" },	\
			 { POL_OP_CONTROL, "CONTROL" },		\
			 { POL_OP_ATTR, "ATTR" })

#define scard_show_share(share)					\
	__print_symbolic(share,					\
			 { 0, "NONE" },				\
			 { SCARD_MODE_EXCLUSIVE, "EXCLUSIVE" },	\
			 { SCARD_MODE_SHARED, "SHARED" },	\
			 { SCARD_MODE_DIRECT, "DIRECT" })

#define scard_show_disposition(disposition)			\
	__print_symbolic(disposition,				\
			 { SCARD_DISP_LEAVE, "LEAVE" },		\
			 { SCARD_DISP_RESET, "RESET" },		\
			 { SCARD_DISP_UNPOWER, "UNPOWER" },	\
			 { SCARD_DISP_EJECT, "EJECT" })

#define scard_show_card(card)					\
	__print_symbolic(card,					\
			 { POL_CARD_ABSENT, "ABSENT" },		\
			 { POL_CARD_OFF, "OFF" },		\
			 { POL_CARD_ON, "ON" },			\
			 { POL_CARD_MUTE, "MUTE" })

/* Bits of scard_slot.changed */
#define SCARD_TRACED_CARD	0x01
#define SCARD_TRACED_EPOCH	0x02
#define SCARD_TRACED_OWNER	0x04
#define SCARD_TRACED_OWED	0x08
#define SCARD_TRACED_HANDLES	0x10
#define SCARD_TRACED_PROTOCOL	0x20
#define SCARD_TRACED_GONE	0x40

#define scard_show_changed(changed)				\
	__print_flags(changed, "|",				\
		      { SCARD_TRACED_CARD, "CARD" },		\
		      { SCARD_TRACED_EPOCH, "EPOCH" },		\
		      { SCARD_TRACED_OWNER, "OWNER" },		\
		      { SCARD_TRACED_OWED, "OWED" },		\
		      { SCARD_TRACED_HANDLES, "HANDLES" },	\
		      { SCARD_TRACED_PROTOCOL, "PROTOCOL" },	\
		      { SCARD_TRACED_GONE, "GONE" })

/* bMessageType; what is not known, which a reader may send, is shown as a number */
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

/* ---- handles and what is asked of them ---- */

TRACE_EVENT(scard_open,
	    TP_PROTO(const struct scard_handle *h),
	    TP_ARGS(h),
	    TP_STRUCT__entry(__field(u32, minor)
			     __field(u32, handle)),
	    TP_fast_assign(__entry->minor = MINOR(h->slot->dev.devt);
			   __entry->handle = h->id;),
	    TP_printk("scard%u handle=%u", __entry->minor, __entry->handle)
);

/* the last close of the file; a share mode other than NONE is an unannounced end */
TRACE_EVENT(scard_close,
	    TP_PROTO(const struct scard_handle *h),
	    TP_ARGS(h),
	    TP_STRUCT__entry(__field(u32, minor)
			     __field(u32, handle)
			     __field(u32, share)),
	    TP_fast_assign(__entry->minor = MINOR(h->slot->dev.devt);
			   __entry->handle = h->id;
			   __entry->share = h->pol.share;),
	    TP_printk("scard%u handle=%u share=%s", __entry->minor, __entry->handle,
		      scard_show_share(__entry->share))
);

TRACE_EVENT(scard_connect,
	    TP_PROTO(const struct scard_handle *h, enum pol_op op, const struct scard_connect *arg),
	    TP_ARGS(h, op, arg),
	    TP_STRUCT__entry(__field(u32, minor)
			     __field(u32, handle)
			     __field(u32, op)
			     __field(u32, share)
			     __field(u32, protocols)
			     __field(u32, initialization)
			     __field(u32, flags)),
	    TP_fast_assign(__entry->minor = MINOR(h->slot->dev.devt);
			   __entry->handle = h->id;
			   __entry->op = op;
			   __entry->share = arg->share_mode;
			   __entry->protocols = arg->protocols;
			   __entry->initialization = arg->initialization;
			   __entry->flags = arg->flags;),
	    TP_printk("scard%u handle=%u %s share=%s protocols=0x%x initialization=%s flags=0x%x",
		      __entry->minor, __entry->handle, scard_show_op(__entry->op),
		      scard_show_share(__entry->share), __entry->protocols,
		      scard_show_disposition(__entry->initialization), __entry->flags)
);

/* DISCONNECT and END */
TRACE_EVENT(scard_disconnect,
	    TP_PROTO(const struct scard_handle *h, enum pol_op op, u32 disposition),
	    TP_ARGS(h, op, disposition),
	    TP_STRUCT__entry(__field(u32, minor)
			     __field(u32, handle)
			     __field(u32, op)
			     __field(u32, disposition)),
	    TP_fast_assign(__entry->minor = MINOR(h->slot->dev.devt);
			   __entry->handle = h->id;
			   __entry->op = op;
			   __entry->disposition = disposition;),
	    TP_printk("scard%u handle=%u %s disposition=%s", __entry->minor, __entry->handle,
		      scard_show_op(__entry->op), scard_show_disposition(__entry->disposition))
);

/* A step of a call, and one number about it */
DECLARE_EVENT_CLASS(scard_step,
		    TP_PROTO(const struct scard_handle *h, enum pol_op op, u32 number),
		    TP_ARGS(h, op, number),
		    TP_STRUCT__entry(__field(u32, minor)
				     __field(u32, handle)
				     __field(u32, op)
				     __field(u32, number)),
		    TP_fast_assign(__entry->minor = MINOR(h->slot->dev.devt);
				   __entry->handle = h->id;
				   __entry->op = op;
				   __entry->number = number;),
		    TP_printk("scard%u handle=%u %s arg=0x%x", __entry->minor, __entry->handle,
			      scard_show_op(__entry->op), __entry->number)
);

/* Calls with at most one number as their argument: BEGIN, gated STATUS, ATTR */
DEFINE_EVENT(scard_step, scard_call,
	     TP_PROTO(const struct scard_handle *h, enum pol_op op, u32 number),
	     TP_ARGS(h, op, number)
);

/* A call has to wait for its turn; the number: the handle in a transaction, or 0 */
DEFINE_EVENT_PRINT(scard_step, scard_wait,
		   TP_PROTO(const struct scard_handle *h, enum pol_op op, u32 number),
		   TP_ARGS(h, op, number),
		   TP_printk("scard%u handle=%u %s owner=%u", __entry->minor, __entry->handle,
			     scard_show_op(__entry->op), __entry->number)
);

/* Calls that carry @len bytes; @what: the protocol, or the control code */
DECLARE_EVENT_CLASS(scard_bytes,
		    TP_PROTO(const struct scard_handle *h, u32 what, u32 len),
		    TP_ARGS(h, what, len),
		    TP_STRUCT__entry(__field(u32, minor)
				     __field(u32, handle)
				     __field(u32, what)
				     __field(u32, len)),
		    TP_fast_assign(__entry->minor = MINOR(h->slot->dev.devt);
				   __entry->handle = h->id;
				   __entry->what = what;
				   __entry->len = len;),
		    TP_printk("scard%u handle=%u protocol=0x%x len=%u", __entry->minor,
			      __entry->handle, __entry->what, __entry->len)
);

DEFINE_EVENT(scard_bytes, scard_transmit,
	     TP_PROTO(const struct scard_handle *h, u32 what, u32 len),
	     TP_ARGS(h, what, len)
);

DEFINE_EVENT_PRINT(scard_bytes, scard_control,
		   TP_PROTO(const struct scard_handle *h, u32 what, u32 len),
		   TP_ARGS(h, what, len),
		   TP_printk("scard%u handle=%u code=0x%x len=%u", __entry->minor,
			     __entry->handle, __entry->what, __entry->len)
);

/* The end of each of these calls; @len: bytes of the answer, where there is one */
TRACE_EVENT(scard_return,
	    TP_PROTO(const struct scard_handle *h, enum pol_op op, long ret, u32 len),
	    TP_ARGS(h, op, ret, len),
	    TP_STRUCT__entry(__field(u32, minor)
			     __field(u32, handle)
			     __field(u32, op)
			     __field(s32, ret)
			     __field(u32, len)),
	    TP_fast_assign(__entry->minor = MINOR(h->slot->dev.devt);
			   __entry->handle = h->id;
			   __entry->op = op;
			   __entry->ret = ret;
			   __entry->len = len;),
	    TP_printk("scard%u handle=%u %s ret=%d len=%u", __entry->minor, __entry->handle,
		      scard_show_op(__entry->op), __entry->ret, __entry->len)
);

/* ---- the slot ---- */

/*
 * The state of a slot, each time something of it has changed: card, epoch, whose
 * transaction it is, what is owed to the card, how many are connected.
 */
TRACE_EVENT(scard_slot,
	    TP_PROTO(u32 minor, const struct scard_traced *now, u32 changed),
	    TP_ARGS(minor, now, changed),
	    TP_STRUCT__entry(__field(u32, minor)
			     __field(u32, changed)
			     __field(u32, card)
			     __field(u32, epoch)
			     __field(u32, owner)
			     __field(u32, owed)
			     __field(u32, connected)
			     __field(u32, exclusive)
			     __field(u32, protocol)
			     __field(u32, gone)),
	    TP_fast_assign(__entry->minor = minor;
			   __entry->changed = changed;
			   __entry->card = now->card;
			   __entry->epoch = now->epoch;
			   __entry->owner = now->owner;
			   __entry->owed = now->owed;
			   __entry->connected = now->connected;
			   __entry->exclusive = now->exclusive;
			   __entry->protocol = now->protocol;
			   __entry->gone = now->gone;),
	    TP_printk("scard%u changed=%s card=%s epoch=%u owner=%u owed=%s connected=%u exclusive=%u protocol=0x%x gone=%u",
		      __entry->minor, scard_show_changed(__entry->changed),
		      scard_show_card(__entry->card), __entry->epoch, __entry->owner,
		      scard_show_disposition(__entry->owed), __entry->connected,
		      __entry->exclusive, __entry->protocol, __entry->gone)
);

/* ---- the wire ---- */

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

#endif /* SCARD_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
