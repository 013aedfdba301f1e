// SPDX-License-Identifier: GPL-2.0-or-later
/* Meanings of status words SW1 SW2, ISO 7816-4 section 5.6. */
#include "scardctl.h"

static const struct {
	unsigned int sw;
	const char *words;
} known[] = {
	{ 0x9000, "success" },
	{ 0x6200, "warning, memory unchanged" },
	{ 0x6281, "the data may be corrupt" },
	{ 0x6282, "end of file before Le bytes" },
	{ 0x6283, "the file is deactivated" },
	{ 0x6284, "the control information is malformed" },
	{ 0x6285, "the file is terminated" },
	{ 0x6300, "warning, memory changed" },
	{ 0x6381, "the file is full" },
	{ 0x6400, "error, memory unchanged (PIN pad: timeout)" },
	{ 0x6401, "the card needs an answer at once (PIN pad: cancelled)" },
	{ 0x6402, "PIN pad: the two new PINs differ" },
	{ 0x6403, "PIN pad: PIN too short or too long" },
	{ 0x6500, "error, memory changed" },
	{ 0x6581, "memory failure" },
	{ 0x6700, "wrong length" },
	{ 0x6881, "logical channel not supported" },
	{ 0x6882, "secure messaging not supported" },
	{ 0x6883, "last command of the chain expected" },
	{ 0x6884, "command chaining not supported" },
	{ 0x6981, "command incompatible with the file" },
	{ 0x6982, "security status not satisfied (PIN or key first)" },
	{ 0x6983, "authentication blocked" },
	{ 0x6984, "reference data not usable" },
	{ 0x6985, "conditions of use not satisfied" },
	{ 0x6986, "no current file" },
	{ 0x6987, "secure messaging data missing" },
	{ 0x6988, "secure messaging data wrong" },
	{ 0x6a80, "wrong data in the command" },
	{ 0x6a81, "function not supported" },
	{ 0x6a82, "file or application not found" },
	{ 0x6a83, "record not found" },
	{ 0x6a84, "not enough memory" },
	{ 0x6a85, "Lc inconsistent with the data" },
	{ 0x6a86, "wrong P1 P2" },
	{ 0x6a87, "Lc inconsistent with P1 P2" },
	{ 0x6a88, "referenced data not found" },
	{ 0x6a89, "the file exists already" },
	{ 0x6a8a, "the name exists already" },
	{ 0x6b00, "wrong P1 P2 (outside of the file)" },
	{ 0x6d00, "instruction not supported" },
	{ 0x6e00, "class not supported" },
	{ 0x6f00, "no precise diagnosis" },
};

const char *sw_words(unsigned int sw, char *buf, size_t size)
{
	unsigned int sw1 = sw >> 8, sw2 = sw & 0xff;
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].sw == sw)
			return known[i].words;
	if (sw1 == 0x61) {
		snprintf(buf, size, "success, %u more bytes: GET RESPONSE (00C00000%02X)",
			 sw2 ? sw2 : 256, sw2);
		return buf;
	}
	if (sw1 == 0x6c) {
		snprintf(buf, size, "wrong Le, send again with Le %02X (%u bytes)", sw2,
			 sw2 ? sw2 : 256);
		return buf;
	}
	if ((sw & 0xfff0) == 0x63c0) {
		snprintf(buf, size, "verification failed, %u tries left", sw2 & 15);
		return buf;
	}
	switch (sw1) {
	case 0x62:
		return "warning, memory unchanged";
	case 0x63:
		return "warning, memory changed";
	case 0x64:
		return "error, memory unchanged";
	case 0x65:
		return "error, memory changed";
	case 0x66:
		return "security error";
	case 0x67:
		return "wrong length";
	case 0x68:
		return "function of the class not supported";
	case 0x69:
		return "command not allowed";
	case 0x6a:
		return "wrong parameters";
	case 0x91:
		return "success, a proactive command is pending";
	case 0x9f:
		return "success, more data available";
	default:
		return "meaning defined by the card";
	}
}
