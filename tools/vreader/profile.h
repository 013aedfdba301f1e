/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The descriptors of a CCID interface: built in, from a table of readers, or field by field. */
#ifndef VREADER_PROFILE_H
#define VREADER_PROFILE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "bytes.h"
#include "card_spec.h"

#define MAX_SLOTS 16
#define CCID_DESC_LEN 54
#define MAX_RATES 512

/* dwFeatures */
#define FEAT_AUTO_PARAM_ATR	0x00000002
#define FEAT_AUTO_ACTIVATION	0x00000004
#define FEAT_AUTO_VOLTAGE	0x00000008
#define FEAT_AUTO_CLOCK		0x00000010
#define FEAT_AUTO_BAUD		0x00000020
#define FEAT_AUTO_PPS_PROP	0x00000040
#define FEAT_AUTO_PPS_CUR	0x00000080
#define FEAT_CLOCK_STOP		0x00000100
#define FEAT_NAD		0x00000200
#define FEAT_AUTO_IFSD		0x00000400
#define FEAT_TPDU		0x00010000
#define FEAT_SHORT		0x00020000
#define FEAT_EXTENDED		0x00040000
#define FEAT_LEVEL		0x00070000
#define FEAT_WAKEUP		0x00100000

/* Offsets in the class descriptor */
#define CCID_BMAXSLOTINDEX	4
#define CCID_BVOLTAGESUPPORT	5
#define CCID_DWPROTOCOLS	6
#define CCID_DWDEFAULTCLOCK	10
#define CCID_BNUMCLOCK		18
#define CCID_DWDATARATE		19
#define CCID_BNUMDATARATES	27
#define CCID_DWMAXIFSD		28
#define CCID_DWMECHANICAL	36
#define CCID_DWFEATURES		40
#define CCID_DWMAXMSG		44
#define CCID_WLCDLAYOUT		50
#define CCID_BPINSUPPORT	52
#define CCID_BMAXBUSY		53

enum transport { TRANSPORT_BULK, TRANSPORT_ICCD_A, TRANSPORT_ICCD_B };

struct profile {
	uint8_t number, class, subclass, protocol;
	bool number_given;
	enum transport transport;
	bool interrupt;
	bool late;		/* class descriptor after the last endpoint */
	uint16_t max_packet;	/* bulk; 0: the default of the bus speed */
	uint8_t desc[255];
	uint8_t desc_len;
	char string[128];
	uint32_t clocks[MAX_RATES], rates[MAX_RATES];
	int num_clocks, num_rates;
	struct card_spec cards[MAX_SLOTS];
	bool cards_given;
};

struct usb_device;

bool profile_builtin(struct profile *p, const char *name);
void profile_list(FILE *out);
/* Read data row @row of a table, and ids and strings to @ids unless NULL. Print errors. */
bool profile_row(struct profile *p, const char *file, int row, struct usb_device *ids);
/* Set a descriptor field by its name. */
bool profile_set(struct profile *p, const char *field, const char *value);
/* Read a list "N,N,..." of at most @max numbers. Return how many, or -1. */
int profile_numbers(const char *list, uint32_t *out, int max);
void profile_slots(struct profile *p, int slots);

static inline uint32_t profile_le32(const struct profile *p, int offset)
{
	return get_le32(p->desc + offset);
}

#endif
