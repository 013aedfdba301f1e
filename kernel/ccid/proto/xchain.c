// SPDX-License-Identifier: GPL-2.0
/*
 * APDUs longer than a message: parts going out, parts coming in.
 */
#include "ccid_msg.h"
#include "xchain.h"

/* As many parts as the longest answer has in parts of one byte, and a reserve */
#define XCHAIN_STEPS_MAX	(65538 + 4096)

static enum xchain_action xchain_fail(struct xchain *x, int error)
{
	x->error = error;
	return XCHAIN_FAIL;
}

static enum xchain_action xchain_send(struct xchain *x)
{
	u32 left = x->len - x->off;
	bool first = !x->off;

	x->tx = x->cmd + x->off;
	x->tx_len = min_u32(left, x->block);
	x->off += x->tx_len;
	if (x->off < x->len)
		x->level = first ? CCID_CHAIN_BEGIN : CCID_CHAIN_MIDDLE;
	else
		x->level = first ? CCID_CHAIN_WHOLE : CCID_CHAIN_END;
	return XCHAIN_SEND;
}

/**
 * xchain_start() - begin a command
 * @x: the state
 * @cmd: the command; must stay there
 * @len: bytes of it
 * @block: bytes that fit into one message, not 0
 * @ans: where the answer goes
 * @size: room there
 *
 * Return: XCHAIN_SEND
 */
enum xchain_action xchain_start(struct xchain *x, const u8 *cmd, u32 len, u32 block, u8 *ans,
				u32 size)
{
	memset(x, 0, sizeof(*x));
	x->cmd = cmd;
	x->len = len;
	x->block = block;
	x->ans = ans;
	x->size = size;
	return xchain_send(x);
}

/**
 * xchain_step() - process an answer of the reader
 * @x: the state
 * @param: bChainParameter
 * @rx: payload
 * @rx_len: bytes of it
 *
 * Return: the next action
 */
enum xchain_action xchain_step(struct xchain *x, u8 param, const u8 *rx, u32 rx_len)
{
	if (++x->steps > XCHAIN_STEPS_MAX)
		return xchain_fail(x, -EPROTO);
	if (x->off < x->len) {
		/* an empty answer asks for the next part; some readers forget to say so */
		if (rx_len || (param != CCID_CHAIN_CONTINUE && param != CCID_CHAIN_WHOLE))
			return xchain_fail(x, -EPROTO);
		return xchain_send(x);
	}

	if (rx_len > x->size - x->ans_len)
		return xchain_fail(x, -EMSGSIZE);
	switch (param) {
	case CCID_CHAIN_WHOLE:
	case CCID_CHAIN_BEGIN:
		if (x->begun)
			return xchain_fail(x, -EPROTO);
		break;
	case CCID_CHAIN_MIDDLE:
	case CCID_CHAIN_END:
		if (!x->begun)
			return xchain_fail(x, -EPROTO);
		break;
	default:
		return xchain_fail(x, -EPROTO);
	}
	x->begun = true;
	memcpy(x->ans + x->ans_len, rx, rx_len);
	x->ans_len += rx_len;
	if (param == CCID_CHAIN_WHOLE || param == CCID_CHAIN_END)
		return XCHAIN_DONE;
	x->tx = x->cmd;
	x->tx_len = 0;
	x->level = CCID_CHAIN_CONTINUE;
	return XCHAIN_SEND;
}
