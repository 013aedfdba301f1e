/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Smart cards as devices: the ioctl interface of /dev/scardN.
 *
 * One device is one slot of one reader, which is one "reader" of the PC/SC
 * specification (PC/SC parts 3 and 5; the WinSCard API).  The handle of PC/SC
 * is the open file description: CONNECT turns the descriptor into a card
 * handle, DISCONNECT turns it back, and the last close of a descriptor that
 * is still connected resets the card before another program can speak to it.
 *
 * Rules for every structure: fixed-width members, naturally aligned, no holes,
 * the same layout for 32-bit and 64-bit callers.  Reserved words and unknown
 * flag bits must be zero, otherwise the call fails with EINVAL and changes
 * nothing.  New members take reserved words and are announced by a bit in
 * scard_info.features.
 *
 * Restart rule: a call that waits for its turn is interrupted by any signal
 * (and restarted by SA_RESTART); once bytes may have reached the card only a
 * fatal signal ends the wait, so that an APDU is never sent twice.
 *
 * The one meaning of each errno:
 *
 *   EFAULT          a pointer of the caller cannot be read or written
 *   EINVAL          bad value, unknown flag, reserved word not zero, bad length
 *   ENOTTY          not a command of this interface
 *   EBADF           the descriptor is read-only and the call needs write access
 *   EPERM           the call needs CAP_SYS_RAWIO (reader escape commands)
 *   ENOMEM          out of memory, nothing was sent
 *   EMFILE          the slot has too many connected handles
 *   ENODEV          the reader is gone
 *   ENOTCONN        the descriptor is not a card handle (CONNECT first), or is that of
 *                   another process (SCARD_CONNECT_PROCESS)
 *   EISCONN         CONNECT on a descriptor that is a card handle already
 *   EBUSY           sharing violation: held EXCLUSIVE or in a transaction by
 *                   another handle, or EXCLUSIVE asked while others are connected
 *   EAGAIN          O_NONBLOCK is set and the call would have to wait its turn
 *   EINTR           a signal ended the wait (ERESTARTSYS inside)
 *   ECANCELED       SCARD_IOC_CANCEL ended the wait
 *   ENOMEDIUM       no card in the slot
 *   ESTALE          the card was reset or powered off by another handle;
 *                   RECONNECT acknowledges it
 *   EIDRM           the card was removed since CONNECT; RECONNECT acknowledges it
 *   ENOLINK         the card is present but has no power
 *   EREMOTEIO       the card does not answer a power-up, reset or negotiation
 *   EPROTONOSUPPORT no common protocol, or not the active protocol
 *   ENOLCK          END without a transaction of this handle
 *   EMSGSIZE        the answer does not fit; its length is returned; the card has
 *                   executed the command
 *   EOPNOTSUPP      the reader or the card has no such control code, attribute
 *                   or function
 *   EIO             the exchange with the card or the reader failed
 *   ETIMEDOUT       the same, by timeout
 *
 * SCARD_IOC_* map to SCard calls as their names say; libscard maps each errno
 * to its SCARD_E_* / SCARD_W_* code.
 */
#ifndef _UAPI_LINUX_SCARD_H
#define _UAPI_LINUX_SCARD_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* scard_info.features: additions to the first version of this ABI */
#define SCARD_FEATURE_CANCEL		(1ULL << 0)	/* SCARD_IOC_CANCEL */
#define SCARD_FEATURE_CLOSE_POLICY	(1ULL << 1)	/* SCARD_CONNECT_CLOSE_* */
#define SCARD_FEATURE_PROCESS		(1ULL << 2)	/* SCARD_CONNECT_PROCESS */
#define SCARD_FEATURE_HANDLES		(1ULL << 3)	/* SCARD_IOC_GET_HANDLES */

#define SCARD_NAME_SIZE			128	/* bytes, with the final NUL */
#define SCARD_STRING_SIZE		64	/* bytes, with the final NUL */
#define SCARD_MAX_ATR_SIZE		33	/* bytes, ISO 7816-3 section 8.2 */

/* Largest command and answer in bytes: an extended APDU, ISO 7816-3 section 12.1 */
#define SCARD_COMMAND_MAX		65548
#define SCARD_ANSWER_MAX		65538
/* Largest control input and output, and largest attribute, in bytes */
#define SCARD_CONTROL_MAX		65548
#define SCARD_MAX_ATTRIBUTE_SIZE	264

/* scard_info.transport: how the reader is reached */
#define SCARD_TRANSPORT_USB		1	/* CCID or ICCD on USB */
#define SCARD_TRANSPORT_USER		2	/* a process, see <linux/uscard.h> */

/* scard_info.exchange_level: CCID 1.1 section 5.1, dwFeatures bits 16 to 18 */
#define SCARD_LEVEL_CHARACTER		0
#define SCARD_LEVEL_TPDU		1
#define SCARD_LEVEL_SHORT_APDU		2
#define SCARD_LEVEL_EXTENDED_APDU	3

/**
 * struct scard_info - properties of the slot and its reader; constant while they exist
 * @features: SCARD_FEATURE_* bits of this kernel
 * @minor: number N of /dev/scardN
 * @reader: index of the reader (one USB interface), lowest free one at plug-in;
 *	the "II" of the PC/SC reader name
 * @slot: bSlot of this slot, 0 to @slots - 1; the "SS" of the name
 * @slots: slots of the reader, 1 to 16
 * @busy_slots: commands that the reader accepts at the same time, 1 to @slots
 * @exchange_level: SCARD_LEVEL_*
 * @protocols: SCARD_PROTO_T0 and SCARD_PROTO_T1 as far as the reader has them
 * @dw_features: dwFeatures of the class descriptor
 * @mechanical: dwMechanical of the class descriptor
 * @max_message: longest CCID message in bytes that is used, header included
 * @max_apdu: longest command in bytes that TRANSMIT takes for this reader
 * @pin_support: bPINSupport: 1 verification, 2 modification
 * @lcd_layout: wLcdLayout: lines in the high byte, characters in the low byte
 * @vendor_id: idVendor of the USB device
 * @product_id: idProduct
 * @bcd_device: bcdDevice
 * @bcd_ccid: bcdCCID
 * @bus: USB bus number
 * @device: USB device address on the bus
 * @interface: bInterfaceNumber
 * @has_interrupt: 1 if the reader reports insertion and removal by itself
 * @transport: SCARD_TRANSPORT_*
 * @quirks: driver-internal bit set of the quirks applied, for diagnosis only
 * @reserved: zero
 * @name: PC/SC reader name, "maker product [interface] (serial) II SS"
 * @manufacturer: iManufacturer, sanitised, may be empty
 * @product: iProduct
 * @interface_name: iInterface
 * @serial: iSerialNumber
 *
 * All strings are UTF-8 without control characters and end with a NUL.
 */
struct scard_info {
	__u64 features;
	__u32 minor;
	__u32 reader;
	__u32 slot;
	__u32 slots;
	__u32 busy_slots;
	__u32 exchange_level;
	__u32 protocols;
	__u32 dw_features;
	__u32 mechanical;
	__u32 max_message;
	__u32 max_apdu;
	__u32 pin_support;
	__u32 lcd_layout;
	__u16 vendor_id;
	__u16 product_id;
	__u16 bcd_device;
	__u16 bcd_ccid;
	__u16 bus;
	__u16 device;
	__u8 interface;
	__u8 has_interrupt;
	__u16 transport;
	__u32 quirks;
	__u32 reserved[8];
	char name[SCARD_NAME_SIZE];
	char manufacturer[SCARD_STRING_SIZE];
	char product[SCARD_STRING_SIZE];
	char interface_name[SCARD_STRING_SIZE];
	char serial[SCARD_STRING_SIZE];
};

/* scard_status.flags, in */
/*
 * As SCardStatus: needs a card handle, waits while another handle is in a
 * transaction, and fails with ESTALE or EIDRM like the other gated calls.
 * Without it the call is a snapshot: never waits, needs no card handle, works
 * on a read-only descriptor, and marks the state as seen for poll(), unless the
 * handle is that of another process (SCARD_CONNECT_PROCESS).
 */
#define SCARD_STATUS_GATED		(1U << 0)

/* scard_status.state, out */
#define SCARD_STATE_BIT_PRESENT		(1U << 0)	/* a card is in the slot */
#define SCARD_STATE_BIT_POWERED		(1U << 1)	/* it has power and has sent its ATR */
#define SCARD_STATE_BIT_NEGOTIATED	(1U << 2)	/* a protocol is active */
#define SCARD_STATE_BIT_MUTE		(1U << 3)	/* it did not answer its last power-up */
#define SCARD_STATE_BIT_INUSE		(1U << 4)	/* at least one handle is connected */
#define SCARD_STATE_BIT_EXCLUSIVE	(1U << 5)	/* one handle is connected EXCLUSIVE */
#define SCARD_STATE_BIT_TRANSACTION	(1U << 6)	/* a handle is in a transaction */
#define SCARD_STATE_BIT_SETTLING	(1U << 7)	/* presence or ATR is being found out */

/**
 * struct scard_status - the state of the slot at one moment
 * @flags: in: SCARD_STATUS_*
 * @state: out: SCARD_STATE_BIT_*
 * @protocol: out: active protocol, SCARD_PROTO_*, 0 for none
 * @event: out: counts every change that a waiter may want to see; wraps
 * @card_event: out: counts insertions and removals; wraps
 * @epoch: out: counts resets, power-offs (but none while no handle is connected) and
 *	removals; wraps
 * @handles: out: connected handles
 * @atr_len: out: valid bytes of @atr, 0 to 33
 * @atr: out: answer to reset; the last one, also while the card has no power
 * @reserved8: zero
 * @reserved: zero
 */
struct scard_status {
	__u32 flags;
	__u32 state;
	__u32 protocol;
	__u32 event;
	__u32 card_event;
	__u32 epoch;
	__u32 handles;
	__u32 atr_len;
	__u8 atr[SCARD_MAX_ATR_SIZE];
	__u8 reserved8[7];
	__u32 reserved[4];
};

/* share_mode: values of PC/SC part 5 */
#define SCARD_MODE_EXCLUSIVE		1
#define SCARD_MODE_SHARED		2
#define SCARD_MODE_DIRECT		3

/* protocols: a bit set going in, one bit coming out (pcsc-lite's values) */
#define SCARD_PROTO_T0			(1U << 0)
#define SCARD_PROTO_T1			(1U << 1)
#define SCARD_PROTO_RAW			(1U << 2)

/* disposition and initialization */
#define SCARD_DISP_LEAVE		0
#define SCARD_DISP_RESET		1
#define SCARD_DISP_UNPOWER		2
#define SCARD_DISP_EJECT		3

/*
 * scard_connect.flags, CONNECT only: effect of a close without DISCONNECT.
 * DEFAULT is that of the module parameter close_policy (reset).  A caller may
 * choose a stricter policy than the default; a laxer one needs CAP_SYS_RAWIO
 * (EPERM).  RESET: warm reset.  UNPOWER: power off.  TRANSACTION: warm reset only
 * if the handle was EXCLUSIVE or in a transaction.
 */
#define SCARD_CONNECT_CLOSE_DEFAULT	0
#define SCARD_CONNECT_CLOSE_RESET	1
#define SCARD_CONNECT_CLOSE_TRANSACTION	2
#define SCARD_CONNECT_CLOSE_UNPOWER	3
#define SCARD_CONNECT_CLOSE_MASK	3U

/*
 * scard_connect.flags, CONNECT only: the handle is that of the calling process. For another
 * process that has the open file, such as a forked child, the calls that need a card handle
 * fail with ENOTCONN. The handle ends as by the last close, whatever duplicates there are, when
 * its process is killed or closes a descriptor of the file; exec closes one that is
 * close-on-exec. When the process exits by itself, the first other process that calls takes the
 * handle over, as after daemon(3); if none has the file, the handle ends.
 */
#define SCARD_CONNECT_PROCESS		(1U << 2)

/**
 * struct scard_connect - CONNECT and RECONNECT
 * @share_mode: in: SCARD_MODE_*
 * @protocols: in: acceptable protocols; EXCLUSIVE and SHARED need at least one
 *	(EPROTONOSUPPORT); RAW means no negotiation; may be 0 for DIRECT
 * @initialization: in: RECONNECT: SCARD_DISP_LEAVE, _RESET (warm) or _UNPOWER
 *	(cold); CONNECT: must be SCARD_DISP_LEAVE
 * @flags: in: CONNECT: SCARD_CONNECT_CLOSE_* | SCARD_CONNECT_PROCESS; RECONNECT: must be 0
 * @protocol: out: active protocol, 0 for none (DIRECT)
 * @epoch: out: the epoch that the handle belongs to
 * @reserved: zero
 */
struct scard_connect {
	__u32 share_mode;
	__u32 protocols;
	__u32 initialization;
	__u32 flags;
	__u32 protocol;
	__u32 epoch;
	__u32 reserved[2];
};

/**
 * struct scard_disposition - DISCONNECT and END
 * @disposition: in: SCARD_DISP_*
 * @flags: in: must be 0
 * @reserved: zero
 */
struct scard_disposition {
	__u32 disposition;
	__u32 flags;
	__u32 reserved[2];
};

/**
 * struct scard_transmit - one command APDU (or raw block) and its answer
 * @send: in: address of the command
 * @recv: in: address for the answer; must not be 0
 * @send_len: in: bytes of the command, 0 to SCARD_COMMAND_MAX
 * @recv_len: in: room at @recv; out: bytes of the answer, also with EMSGSIZE
 * @protocol: in: the active protocol, or SCARD_PROTO_RAW, or 0 for "the active one"
 * @flags: in: must be 0
 * @reserved: zero
 */
struct scard_transmit {
	__u64 send;
	__u64 recv;
	__u32 send_len;
	__u32 recv_len;
	__u32 protocol;
	__u32 flags;
	__u32 reserved[2];
};

/**
 * struct scard_control - SCardControl
 * @in: in: address of the input, may be 0 if @in_len is 0
 * @out: in: address for the output, may be 0 if @out_len is 0
 * @in_len: in: bytes of input, 0 to SCARD_CONTROL_MAX
 * @out_len: in: room at @out; out: bytes of the output, also with EMSGSIZE
 * @code: in: control code: SCARD_CTL_CODE(n) is 0x42000000 + n (PC/SC part 10)
 * @flags: in: must be 0
 * @reserved: zero
 *
 * PIN entry (VERIFY_PIN_DIRECT, MODIFY_PIN_DIRECT) fails with ESTALE or EIDRM while such
 * an event is pending; the other controls do not mind.
 */
struct scard_control {
	__u64 in;
	__u64 out;
	__u32 in_len;
	__u32 out_len;
	__u32 code;
	__u32 flags;
	__u32 reserved[2];
};

/**
 * struct scard_attr - SCardGetAttrib and SCardSetAttrib
 * @buf: in: address of the value; GET_ATTR: 0 asks for the length alone
 * @id: in: attribute, class << 16 | tag (PC/SC part 3)
 * @len: in: room or length at @buf, in bytes; out (GET_ATTR): length of the
 *	value, also with EMSGSIZE
 * @flags: in: must be 0
 * @reserved: zero
 */
struct scard_attr {
	__u64 buf;
	__u32 id;
	__u32 len;
	__u32 flags;
	__u32 reserved;
};

/* scard_handle_entry.flags */
#define SCARD_HANDLE_SELF		(1U << 0)	/* of the descriptor that asks */
#define SCARD_HANDLE_TRANSACTION	(1U << 1)	/* the handle is in a transaction */
#define SCARD_HANDLE_RUNNING		(1U << 2)	/* a call that has its turn */
#define SCARD_HANDLE_WAITING		(1U << 3)	/* a call that waits for its turn */

/**
 * struct scard_handle_entry - a connected handle, or a call that runs or waits
 * @id: number of the handle at this slot, from 1 on; not used twice
 * @pid: its process in the caller's pid namespace: of a handle the one that connected it,
 *	of a call the one that calls; 0: it has ended, or is not visible there
 * @share_mode: SCARD_MODE_* of the handle; 0: it is not connected (a CONNECT)
 * @flags: SCARD_HANDLE_*; RUNNING or WAITING makes the entry one of a call
 * @call: a call: _IOC_NR() of its ioctl, for example _IOC_NR(SCARD_IOC_BEGIN); else 0
 * @reserved32: zero
 * @connected_ns: a handle: time of its CONNECT; else 0. Times are up to a tick (10 ms) early
 * @since_ns: a handle in a transaction: time of the outermost BEGIN; a call: time of its
 *	begin; else 0
 * @reserved: zero
 *
 * Times are of CLOCK_BOOTTIME, in ns.
 */
struct scard_handle_entry {
	__u32 id;
	__s32 pid;
	__u32 share_mode;
	__u32 flags;
	__u32 call;
	__u32 reserved32;
	__u64 connected_ns;
	__u64 since_ns;
	__u64 reserved[2];
};

/**
 * struct scard_handle_list - GET_HANDLES: the users of the slot at one moment
 * @buf: in: address of an array of struct scard_handle_entry; 0 asks for the count alone
 * @room: in: entries at @buf
 * @count: out: entries that there are, also with EMSGSIZE, which fills in none
 * @flags: in: must be 0
 * @reserved: zero
 *
 * First the connected handles, in the order of their CONNECT; then the call that runs; then
 * the calls that wait, in the order in which they are served. Needs no card handle, never
 * waits, and causes nothing.
 */
struct scard_handle_list {
	__u64 buf;
	__u32 room;
	__u32 count;
	__u32 flags;
	__u32 reserved;
};

/*
 * 0xC5 00-1F is free in Documentation/userspace-api/ioctl/ioctl-number.rst of
 * Linux 6.12.
 */
#define SCARD_IOC_MAGIC			0xC5

#define SCARD_IOC_GET_INFO	_IOR(SCARD_IOC_MAGIC, 0x00, struct scard_info)
#define SCARD_IOC_GET_STATUS	_IOWR(SCARD_IOC_MAGIC, 0x01, struct scard_status)
#define SCARD_IOC_CONNECT	_IOWR(SCARD_IOC_MAGIC, 0x02, struct scard_connect)
#define SCARD_IOC_RECONNECT	_IOWR(SCARD_IOC_MAGIC, 0x03, struct scard_connect)
#define SCARD_IOC_DISCONNECT	_IOW(SCARD_IOC_MAGIC, 0x04, struct scard_disposition)
#define SCARD_IOC_BEGIN		_IO(SCARD_IOC_MAGIC, 0x05)	/* argument must be 0 */
#define SCARD_IOC_END		_IOW(SCARD_IOC_MAGIC, 0x06, struct scard_disposition)
#define SCARD_IOC_TRANSMIT	_IOWR(SCARD_IOC_MAGIC, 0x07, struct scard_transmit)
#define SCARD_IOC_CONTROL	_IOWR(SCARD_IOC_MAGIC, 0x08, struct scard_control)
#define SCARD_IOC_GET_ATTR	_IOWR(SCARD_IOC_MAGIC, 0x09, struct scard_attr)
#define SCARD_IOC_SET_ATTR	_IOW(SCARD_IOC_MAGIC, 0x0a, struct scard_attr)
/*
 * Ends every wait of this open file that has begun and sent nothing to the card
 * yet (CONNECT, RECONNECT, DISCONNECT, BEGIN, GET_STATUS, TRANSMIT while queued)
 * with ECANCELED.  Leaves nothing behind for waits that begin later.  Argument
 * must be 0.
 */
#define SCARD_IOC_CANCEL	_IO(SCARD_IOC_MAGIC, 0x0b)
#define SCARD_IOC_GET_HANDLES	_IOWR(SCARD_IOC_MAGIC, 0x0c, struct scard_handle_list)

#endif /* _UAPI_LINUX_SCARD_H */
