/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * A process as a smart-card reader, a user-space reader: the interface of /dev/uscard.
 *
 * One open file is one reader.  It is opened for reading and writing (EINVAL otherwise).  The
 * process that opens it, the server, makes the reader with USCARD_IOC_CREATE; before that, poll()
 * says POLLERR and wakes up no waiter.  Each slot of the reader is then a /dev/scardN like any
 * other, with all that <linux/scard.h> promises.  The server read()s requests, one a call, and
 * write()s answers and events, one a call, also by readv() and writev().  poll() tells POLLIN when
 * there is a request to read.  With the last close of the file (dup, fork and SCM_RIGHTS make
 * references to it), or the death of the server, the reader is unplugged.
 *
 * The interface is at the level of APDUs: the server sees no blocks of T=1, no procedure bytes
 * and no sharing.  At most one request of a slot is open at a time; a request of another slot
 * may be, and the server is free to read it when it likes.
 *
 * Rules for every structure: fixed-width members, naturally aligned, no holes, the same layout
 * for 32-bit and 64-bit servers.  Reserved words and unknown flags must be zero (EINVAL).  New
 * members take reserved words; uscard_create.features tells of them.
 *
 * The one meaning of each errno:
 *
 *   EFAULT    a pointer of the server cannot be read or written; a request that could not be
 *             read is there to be read again; CREATE: the reader exists if its arguments
 *             could be read
 *   EINVAL    bad value, unknown flag, reserved word not zero, a length that does not agree
 *   ENOTTY    not a command of this interface
 *   ENOTCONN  CREATE has not been called
 *   EISCONN   CREATE has been called
 *   EPERM     node, owner or mode that only a privileged server may ask for
 *   EUSERS    this user has as many readers as the module parameter user_readers allows
 *   ENOSPC    the kernel has as many readers, or the slot as many attributes, as it can have
 *   ENOMEM    out of memory; nothing has changed
 *   EMSGSIZE  read(): the buffer is too small for the request, which is still there;
 *             write(): the answer is longer than any to this request may be
 *   ENOENT    write(): no request of this id waits for an answer: it was answered, it was
 *             withdrawn, its time is over, or it was never read
 *   EAGAIN    read(): O_NONBLOCK is set and there is no request
 *   EINTR     read(): a signal ended the wait
 */
#ifndef _UAPI_LINUX_USCARD_H
#define _UAPI_LINUX_USCARD_H

#include <linux/ioctl.h>
#include <linux/scard.h>
#include <linux/types.h>

#define USCARD_MAX_SLOTS	16	/* slots of a reader */
#define USCARD_MAX_PIN_CODES	8	/* control codes that enter a PIN */
#define USCARD_MAX_ATTRS	32	/* attributes of a slot, see USCARD_ATTR */

/* Longest data of a request and of a message, in bytes */
#define USCARD_MAX_DATA		SCARD_COMMAND_MAX

/* uscard_create.flags */
#define USCARD_CREATE_EJECT	(1U << 0)	/* the reader can eject a card: EJECT is sent */
/*
 * The nodes get @uid, @gid and @mode.  Without this flag they are those of the server (its
 * file-system uid and gid), mode 0600.  A server without CAP_SYS_ADMIN may name its own uid, a
 * group that it is in, and no permission for others or for the group.
 */
#define USCARD_CREATE_NODE	(1U << 1)
/*
 * The reader is listed for everybody, as those on USB are, and udev gives its nodes the usual
 * owners.  Needs CAP_SYS_ADMIN.  Without it the reader is private: only its @uid and
 * CAP_SYS_ADMIN find it by netlink (whose multicasts tell all listeners its number and
 * state, never its name), its name in sysfs is root's to read, and its nodes cannot be
 * opened by a user whom @uid, @gid and @mode do not allow it, whatever permissions they get
 * later.  Root ends this by writing 0 to the attribute "private" of the slot in sysfs.
 */
#define USCARD_CREATE_PUBLIC	(1U << 2)

/**
 * struct uscard_create - make the reader
 * @flags: in: USCARD_CREATE_*
 * @slots: in: 1 to USCARD_MAX_SLOTS
 * @busy_slots: in: commands that the server takes at the same time, 1 to @slots; told to
 *	programs, no request is held back for it
 * @protocols: in: SCARD_PROTO_T0 and SCARD_PROTO_T1 as far as the reader has them
 * @max_apdu: in: longest command in bytes, 261 to SCARD_COMMAND_MAX
 * @pin_codes: in: entries of @pin_code; the others are 0
 * @pin_code: in: control codes that have a PIN entered and sent to the card: CONTROL with one of
 *	them fails when a reset or removal is pending, and the card is reset when the
 *	process that uses it dies
 * @uid: in: owner of the nodes, see USCARD_CREATE_NODE; else 0
 * @gid: in: their group; else 0
 * @mode: in: their permission bits, 1 to 0666; else 0
 * @vendor_id: in: idVendor of the device behind the reader, or 0
 * @product_id: in: idProduct, or 0
 * @features: in: 0; out: additions to the first version of this interface: none so far, 0
 * @reader: in: 0; out: index of the reader, the "II" of its name
 * @minor: in: 0; out: number N of /dev/scardN of each slot
 * @reserved: zero
 * @manufacturer: in: strings as of a USB device, each with its NUL, may be empty: the PC/SC name
 *	is made of them.  Other than printable ASCII characters become dots.
 * @product: in: see @manufacturer
 * @interface_name: in: see @manufacturer
 * @serial: in: see @manufacturer
 *
 * All slots are empty until USCARD_EVENT says otherwise.
 */
struct uscard_create {
	__u32 flags;
	__u32 slots;
	__u32 busy_slots;
	__u32 protocols;
	__u32 max_apdu;
	__u32 pin_codes;
	__u32 pin_code[USCARD_MAX_PIN_CODES];
	__u32 uid;
	__u32 gid;
	__u32 mode;
	__u16 vendor_id;
	__u16 product_id;
	__u32 features;
	__u32 reader;
	__u32 minor[USCARD_MAX_SLOTS];
	__u32 reserved[8];
	char manufacturer[SCARD_STRING_SIZE];
	char product[SCARD_STRING_SIZE];
	char interface_name[SCARD_STRING_SIZE];
	char serial[SCARD_STRING_SIZE];
};

/* 0xC5 10-1F of the range that <linux/scard.h> names */
#define USCARD_IOC_CREATE	_IOWR(SCARD_IOC_MAGIC, 0x10, struct uscard_create)

/*
 * uscard_request.op.  An answer is @error 0 with what stands here, or an errno without data:
 * ENOMEDIUM (no card: as with the event, the slot is empty then), EREMOTEIO (the card does not
 * answer), EPROTONOSUPPORT, EOPNOTSUPP, ETIMEDOUT, ECANCELED (after ABORT), EINVAL (CONTROL: the
 * code takes no such input); any other is taken for EIO.
 */
/* The answer to these two is the ATR, at most SCARD_MAX_ATR_SIZE bytes. */
#define USCARD_POWER_ON		1	/* power up; cold reset if it has power */
#define USCARD_RESET		2	/* warm reset */
#define USCARD_POWER_OFF	3	/* no data */
/* Agree on one of the protocols of the bit set @arg.  @value: the bit of that one, else EIO */
#define USCARD_SET_PROTOCOL	4
/*
 * @arg: the active protocol, or SCARD_PROTO_RAW.  Data: the command; the answer with SW1 SW2, 2
 * to SCARD_ANSWER_MAX bytes, else EIO for the caller
 */
#define USCARD_TRANSMIT		5
/* @arg: the control code.  Data: input; output, 0 to SCARD_CONTROL_MAX bytes */
#define USCARD_CONTROL		6
#define USCARD_EJECT		7	/* the card has no power.  No data */
/*
 * ABORT and SUSPEND have id 0 and are not answered themselves.  ABORT: the caller of the request
 * @arg64 is gone or its time is over: end that request and answer it (ECANCELED, or its result),
 * within 2 s to count; a reset follows in most cases.  SUSPEND: the system goes to sleep: power
 * the cards off.  Each card that is used later gets a POWER_ON first.
 */
#define USCARD_ABORT		8
#define USCARD_SUSPEND		9

/**
 * struct uscard_request - read(): a request, and its data behind it
 * @id: names the request in the answer, not used twice; 0: ABORT, SUSPEND
 * @arg64: ABORT: id of the request
 * @op: USCARD_POWER_ON to USCARD_SUSPEND
 * @slot: the slot, 0 to uscard_create.slots - 1
 * @arg: SET_PROTOCOL, TRANSMIT, CONTROL: see there; else 0
 * @timeout_ms: time for the answer; USCARD_MORE_TIME asks for more
 * @room: bytes of answer that the caller can take; a longer one is no fault, and its caller
 *	learns its length
 * @len: bytes of data that follow
 * @reserved: zero
 *
 * A request that is not read within 5 s is withdrawn, unless the server has one of another slot
 * to answer.
 */
struct uscard_request {
	__u64 id;
	__u64 arg64;
	__u32 op;
	__u32 slot;
	__u32 arg;
	__u32 timeout_ms;
	__u32 room;
	__u32 len;
	__u32 reserved[2];
};

/* uscard_message.type */
#define USCARD_ANSWER		1	/* the answer to the request @id */
/*
 * The request @id takes longer: its time is @value ms (1 or more) from now, up to five minutes in
 * all.  Without effect after ABORT.
 */
#define USCARD_MORE_TIME	2
#define USCARD_EVENT		3	/* slot @slot has a card (@value 1) or none (@value 0) */
/*
 * The attribute @value (class << 16 | tag) of slot @slot is the data, 0 to
 * SCARD_MAX_ATTRIBUTE_SIZE bytes, until it is set again; @error EOPNOTSUPP takes it away.
 * Programs read it without the server.  The kernel's own values come first: one that is set for
 * such an attribute is never read.
 */
#define USCARD_ATTR		4

/**
 * struct uscard_message - write(): a message, and its data behind it
 * @id: ANSWER, MORE_TIME: the request; else 0
 * @type: USCARD_ANSWER to USCARD_ATTR
 * @slot: EVENT, ATTR: the slot; else 0
 * @error: ANSWER, ATTR: 0 or a (positive) errno; else 0
 * @value: see the type and the operation; else 0
 * @len: bytes of data that follow; the length of the write() less that of this structure
 * @reserved: zero
 */
struct uscard_message {
	__u64 id;
	__u32 type;
	__u32 slot;
	__u32 error;
	__u32 value;
	__u32 len;
	__u32 reserved[3];
};

#endif /* _UAPI_LINUX_USCARD_H */
