// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * APDUs in parts (wLevelParameter). A hostile reader: parts go out in order and fit, the answer
 * stays within its buffer, and the exchange ends. An honest reader: it gets the command, the host
 * the answer.
 */
#include "fuzz.h"
#include "xchain.h"

#define LENGTH_MAX	2000

/* The reader's position of a part in the command */
static bool level_fits(u8 level, bool first, bool last)
{
	switch (level) {
	case 0:
		return first && last;
	case 1:
		return first && !last;
	case 2:
		return !first && last;
	case 3:
		return !first && !last;
	default:
		return false;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len)
{
	struct input in = { data, data_len };
	bool honest = take(&in) & 1;
	u32 len = take16(&in) % LENGTH_MAX, size = take16(&in) % LENGTH_MAX;
	u32 block = take16(&in) % 500 + 1, total = take16(&in) % LENGTH_MAX, got = 0, given = 0, i;
	u8 *cmd = malloc(len + 1), *ans = malloc(size + 1);
	enum xchain_action action;
	unsigned int idle = 0;
	struct xchain x;

	memset(ans, 0xee, size + 1);
	action = ccid_xchain_start(&x, cmd, len, block, ans, size);
	for (i = 0; i < len; i++)
		cmd[i] = i;
	while (action == XCHAIN_SEND) {
		bool sending = got < len || (!len && !idle);
		u32 n = take16(&in) % (block + 1);
		u8 param = take(&in);
		u8 *rx;

		HOLDS(x.tx_len <= block && x.ans_len <= size);
		if (sending) {
			HOLDS(x.tx == cmd + got);
			HOLDS(level_fits(x.level, !got, got + x.tx_len == len));
			HOLDS(x.tx_len || !len);
			got += x.tx_len;
		} else {
			HOLDS(!x.tx_len && x.level == 0x10);
		}
		HOLDS(got <= len && x.off == got);
		if (honest && got < len) {
			n = 0;
			param = param & 1 ? 0x10 : 0;
		} else if (honest) {
			bool first = !given, last;

			if (!n)
				n = block;
			n = n < total - given ? n : total - given;
			last = given + n == total;
			param = first ? (last ? 0 : 1) : last ? 2 : 3;
		} else if (param >= 0xf0) {
			n = 0;
			param = 0x10;
		} else if (param >= 0x10) {
			param = got < len ? 0x10 : param & 3;
			n = got < len ? 0 : n;
		}
		rx = malloc(n ? n : 1);
		for (i = 0; i < n; i++)
			rx[i] = (given + i) * 13;
		given += n;
		action = ccid_xchain_step(&x, param, rx, n);
		free(rx);
		HOLDS(in.len || ++idle < 2 * LENGTH_MAX);
		idle += !len;
		if (!in.len && !honest)
			break;
	}
	HOLDS(x.ans_len <= size && ans[size] == 0xee);
	for (i = 0; i < x.ans_len; i++)
		HOLDS(ans[i] == (u8)(i * 13));
	if (honest) {
		HOLDS(total <= size ? action == XCHAIN_DONE && x.ans_len == total :
				      action == XCHAIN_FAIL && x.error == -EMSGSIZE);
		HOLDS(got == len);
	}
	HOLDS(action != XCHAIN_FAIL || x.error == -EPROTO || x.error == -EMSGSIZE);
	free(cmd);
	free(ans);
	return 0;
}
