/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints: calls of handles, and changes of a slot's state. Numbers only: no byte of an
 * APDU, of a PIN or of an ATR gets here, so that a trace can be handed on. scardctl trace
 * reads them. A number that the slot gives it at open() names a handle, never an address.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM scard

#if !defined(SCARD_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define SCARD_TRACE_H

#include <linux/tracepoint.h>

#include "handle.h"

u32 scard_trace_owner(const struct scard_slot *slot);

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

/* ---- calls of handles ---- */

TRACE_EVENT(scard_open,
	    TP_PROTO(const struct scard_handle *h),
	    TP_ARGS(h),
	    TP_STRUCT__entry(__field(u32, minor)
			     __field(u32, handle)),
	    TP_fast_assign(__entry->minor = MINOR(h->slot->dev.devt);
			   __entry->handle = h->id;),
	    TP_printk("scard%u handle=%u", __entry->minor, __entry->handle)
);

/*
 * the last close of the file, or one that ends the handle of a process (process.c); a share mode
 * other than NONE is an unannounced end
 */
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
 * The state of a slot, after each change: card, epoch, owner of the transaction, pending
 * reset (@owed), connected handles.
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

#endif /* SCARD_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH core
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
