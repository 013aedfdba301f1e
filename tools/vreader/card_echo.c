// SPDX-License-Identifier: GPL-2.0-or-later
#include "card_echo.h"

#include "card.h"

static enum card_result echo_command(struct card *card, const uint8_t *p, size_t len)
{
	struct apdu a;
	uint8_t *fill = card->rsp;
	size_t n;

	if (!apdu_parse(&a, p, len))
		return card_reply(card, NULL, NULL, 0, 0x6700);
	if (a.lc)
		return card_reply(card, &a, a.data, a.lc, 0x9000);
	n = a.ne;
	for (size_t i = 0; i < n; i++)
		fill[i] = (uint8_t)i;
	return card_reply(card, &a, fill, n, 0x9000);
}

/* The common instructions that read. */
static bool echo_outgoing(const uint8_t *header)
{
	switch (header[1]) {
	case 0x84:
	case 0xb0:
	case 0xb2:
	case 0xc0:
	case 0xca:
	case 0xcb:
		return true;
	}
	return false;
}

const struct card_kind card_echo = {
	.name = "echo",
	.command = echo_command,
	.outgoing = echo_outgoing,
};

static enum card_result mute_reset(struct card *card, bool warm)
{
	(void)card;
	(void)warm;
	return CARD_MUTE;
}

static enum card_result mute_command(struct card *card, const uint8_t *p, size_t len)
{
	(void)card;
	(void)p;
	(void)len;
	return CARD_MUTE;
}

const struct card_kind card_echo_mute = {
	.name = "mute",
	.reset = mute_reset,
	.command = mute_command,
	.outgoing = echo_outgoing,
};
