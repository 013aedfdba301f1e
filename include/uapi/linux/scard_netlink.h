/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Discovery of smart-card readers: generic-netlink family "scard".
 *
 * Subscribe to the multicast group first, dump second; after ENOBUFS dump again:
 * the counters in each message tell the kind of change.  Messages describe presence
 * only: ATR, names and connected handles are not multicast.  The names are in the
 * answers to GET_SLOT; the ATR is in SCARD_IOC_GET_STATUS on an open descriptor.
 *
 * scard.yaml beside this file describes the family for ynl.
 */
#ifndef _UAPI_LINUX_SCARD_NETLINK_H
#define _UAPI_LINUX_SCARD_NETLINK_H

#define SCARD_FAMILY_NAME	"scard"
#define SCARD_FAMILY_VERSION	1
#define SCARD_MCGRP_EVENTS	"events"

/**
 * enum scard_cmd - commands and notifications
 * @SCARD_CMD_UNSPEC: unused
 * @SCARD_CMD_GET_SLOT: do: the slot of SCARD_A_SLOT_MINOR; dump: all slots
 * @SCARD_CMD_SLOT_ADD_NTF: a slot appeared and its device node works
 * @SCARD_CMD_SLOT_DEL_NTF: a slot went away
 * @SCARD_CMD_SLOT_CHANGE_NTF: SCARD_A_SLOT_STATE or SCARD_A_SLOT_CARD_EVENT of a slot
 *	has changed
 * @__SCARD_CMD_MAX: internal use
 * @SCARD_CMD_MAX: the highest that this header knows
 */
enum scard_cmd {
	SCARD_CMD_UNSPEC,
	SCARD_CMD_GET_SLOT,
	SCARD_CMD_SLOT_ADD_NTF,
	SCARD_CMD_SLOT_DEL_NTF,
	SCARD_CMD_SLOT_CHANGE_NTF,
	__SCARD_CMD_MAX,
	SCARD_CMD_MAX = __SCARD_CMD_MAX - 1
};

/**
 * enum scard_slot_attr - attributes of a slot
 * @SCARD_A_SLOT_UNSPEC: unused
 * @SCARD_A_SLOT_PAD: unused
 * @SCARD_A_SLOT_MINOR: u32, N of /dev/scardN
 * @SCARD_A_SLOT_READER: u32, index of the reader, as scard_info.reader
 * @SCARD_A_SLOT_INDEX: u32, bSlot, as scard_info.slot
 * @SCARD_A_SLOT_STATE: u32, SCARD_STATE_BIT_PRESENT, _MUTE and _SETTLING
 * @SCARD_A_SLOT_EVENT: u32, as scard_status.event
 * @SCARD_A_SLOT_CARD_EVENT: u32, as scard_status.card_event
 * @SCARD_A_SLOT_NAME: string, as scard_info.name; not in notifications
 * @SCARD_A_SLOT_VENDOR_ID: u16, idVendor; not in notifications
 * @SCARD_A_SLOT_PRODUCT_ID: u16, idProduct; not in notifications
 * @__SCARD_A_SLOT_MAX: internal use
 * @SCARD_A_SLOT_MAX: the highest that this header knows
 */
enum scard_slot_attr {
	SCARD_A_SLOT_UNSPEC,
	SCARD_A_SLOT_PAD,
	SCARD_A_SLOT_MINOR,
	SCARD_A_SLOT_READER,
	SCARD_A_SLOT_INDEX,
	SCARD_A_SLOT_STATE,
	SCARD_A_SLOT_EVENT,
	SCARD_A_SLOT_CARD_EVENT,
	SCARD_A_SLOT_NAME,
	SCARD_A_SLOT_VENDOR_ID,
	SCARD_A_SLOT_PRODUCT_ID,
	__SCARD_A_SLOT_MAX,
	SCARD_A_SLOT_MAX = __SCARD_A_SLOT_MAX - 1
};

#endif /* _UAPI_LINUX_SCARD_NETLINK_H */
