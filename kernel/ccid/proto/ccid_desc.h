/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The CCID class descriptor, CCID 1.1 section 5.1.
 */
#ifndef SCARD_PROTO_CCID_DESC_H
#define SCARD_PROTO_CCID_DESC_H

#include "port.h"

#define CCID_DESC_LEN			54
#define CCID_DESC_TYPE			0x21

/* dwFeatures */
#define CCID_FEATURE_AUTO_PARAM_ATR	0x00000002	/* parameters from the ATR */
#define CCID_FEATURE_AUTO_ACTIVATION	0x00000004	/* power at insertion */
#define CCID_FEATURE_AUTO_VOLTAGE	0x00000008
#define CCID_FEATURE_AUTO_CLOCK		0x00000010
#define CCID_FEATURE_AUTO_BAUD		0x00000020
#define CCID_FEATURE_AUTO_NEGOTIATION	0x00000040	/* proprietary negotiation */
#define CCID_FEATURE_AUTO_PPS		0x00000080	/* PPS from SetParameters */
#define CCID_FEATURE_CLOCK_STOP		0x00000100
#define CCID_FEATURE_NAD		0x00000200
#define CCID_FEATURE_AUTO_IFSD		0x00000400	/* S(IFS) as first exchange */
#define CCID_FEATURE_TPDU		0x00010000
#define CCID_FEATURE_SHORT_APDU		0x00020000
#define CCID_FEATURE_EXTENDED_APDU	0x00040000
#define CCID_FEATURE_WAKEUP		0x00100000	/* wakes the host on insertion */

/* Bounds of credible values */
#define CCID_SLOTS_MAX			16
#define CCID_MESSAGE_MIN		271
#define CCID_PART_MIN			64
#define CCID_MESSAGE_MAX		(10 + 65548)
#define CCID_IFSD_MAX			254

/* Exchange levels; values of SCARD_LEVEL_* */
enum ccid_level {
	CCID_LEVEL_CHARACTER,
	CCID_LEVEL_TPDU,
	CCID_LEVEL_SHORT_APDU,
	CCID_LEVEL_EXTENDED_APDU,
};

/**
 * struct ccid_desc - the class descriptor, as read and as believed
 * @bcd_ccid: bcdCCID
 * @max_slot_index: bMaxSlotIndex
 * @voltage_support: bVoltageSupport: 1 5 V, 2 3 V, 4 1.8 V
 * @protocols: dwProtocols: bit 0 T=0, bit 1 T=1
 * @default_clock: dwDefaultClock, kHz
 * @maximum_clock: dwMaximumClock, kHz
 * @num_clock_supported: bNumClockSupported
 * @data_rate: dwDataRate, bps
 * @max_data_rate: dwMaxDataRate, bps
 * @num_data_rates_supported: bNumDataRatesSupported
 * @max_ifsd_raw: dwMaxIFSD
 * @synch_protocols: dwSynchProtocols
 * @mechanical: dwMechanical
 * @features: dwFeatures
 * @max_ccid_message_length: dwMaxCCIDMessageLength
 * @class_get_response: bClassGetResponse
 * @class_envelope: bClassEnvelope
 * @lcd_layout: wLcdLayout
 * @pin_support: bPINSupport
 * @max_ccid_busy_slots: bMaxCCIDBusySlots
 * @nslots: slots that are used, 1 to CCID_SLOTS_MAX
 * @nbusy: commands at the same time, 1 to @nslots
 * @level: exchange level; the highest one claimed
 * @max_msg: longest message used, CCID_MESSAGE_MIN to CCID_MESSAGE_MAX
 * @max_part: longest message with a part of something longer (a T=1 block, a piece of an
 *	extended APDU), up to @max_msg: here also a reader that claims too little is obeyed
 * @max_ifsd: 1 to CCID_IFSD_MAX
 */
struct ccid_desc {
	u16 bcd_ccid;
	u8 max_slot_index;
	u8 voltage_support;
	u32 protocols;
	u32 default_clock;
	u32 maximum_clock;
	u8 num_clock_supported;
	u32 data_rate;
	u32 max_data_rate;
	u8 num_data_rates_supported;
	u32 max_ifsd_raw;
	u32 synch_protocols;
	u32 mechanical;
	u32 features;
	u32 max_ccid_message_length;
	u8 class_get_response;
	u8 class_envelope;
	u16 lcd_layout;
	u8 pin_support;
	u8 max_ccid_busy_slots;

	u8 nslots;
	u8 nbusy;
	enum ccid_level level;
	u32 max_msg;
	u32 max_part;
	u32 max_ifsd;
};

int ccid_desc_parse(struct ccid_desc *d, const u8 *extra, size_t len);

#endif /* SCARD_PROTO_CCID_DESC_H */
