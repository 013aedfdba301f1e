/* SPDX-License-Identifier: GPL-2.0 */
#ifndef P_CCID_DESC_H
#define P_CCID_DESC_H
#include "port.h"
#define CCID_FEATURE_AUTO_PARAM_ATR 0x2
#define CCID_FEATURE_AUTO_ACTIVATION 0x4
#define CCID_FEATURE_AUTO_VOLTAGE 0x8
#define CCID_FEATURE_WAKEUP 0x100000
enum ccid_level { CCID_LEVEL_CHARACTER, CCID_LEVEL_TPDU, CCID_LEVEL_SHORT_APDU, CCID_LEVEL_EXTENDED_APDU };
struct ccid_desc { u16 bcd_ccid; u8 max_slot_index, voltage_support; u32 protocols, default_clock, maximum_clock; u8 num_clock_supported; u32 data_rate, max_data_rate; u8 num_data_rates_supported; u32 max_ifsd_raw, synch_protocols, mechanical, features, max_ccid_message_length; u8 class_get_response, class_envelope; u16 lcd_layout; u8 pin_support, max_ccid_busy_slots; u8 nslots, nbusy; enum ccid_level level; u32 max_msg, max_ifsd; };
int ccid_desc_parse(struct ccid_desc *d, const u8 *extra, size_t len);
#endif
