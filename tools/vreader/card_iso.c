// SPDX-License-Identifier: GPL-2.0-or-later
#include "card_iso.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "card.h"
#include "prng.h"

#define NO_FILE (-1)

enum { MF, DF, EF };

static const struct file {
	uint16_t fid;
	uint8_t kind;
	int parent;
	size_t size;
	bool pin_read, writable, pin_write, pattern;
} files[] = {
	{ .fid = 0x3f00, .kind = MF, .parent = NO_FILE },
	{ .fid = 0x2f00, .kind = EF, .parent = 0, .size = 64 },
	{ .fid = 0x0001, .kind = EF, .parent = 0, .size = 1024, .writable = true },
	{ .fid = 0x0002, .kind = EF, .parent = 0, .size = 256, .pin_read = true, .writable = true,
	  .pin_write = true },
	{ .fid = 0x0003, .kind = EF, .parent = 0, .size = 32767, .pattern = true },
	{ .fid = 0x5000, .kind = DF, .parent = 0 },
	{ .fid = 0x5001, .kind = EF, .parent = 5, .size = 128, .writable = true },
};

#define NUM_FILES ((int)ARRAY_SIZE(files))

static const uint8_t aid[] = { 0xa0, 0x00, 0x00, 0x00, 0x05, 0x34, 0x41, 0x52, 0x44 };

/* Survives a power-off, and with state=NAME also a removal. */
struct iso_memory {
	struct iso_memory *next;
	char name[32];
	uint8_t *data[NUM_FILES];
	char pin[9];
	int tries, max_tries;
	uint32_t counter;
};

struct iso {
	struct iso_memory *mem;
	bool verified, mute;
	int df, ef;		/* the selected files */
};

static struct iso_memory *named;

static void memory_free(struct iso_memory *mem)
{
	for (int i = 0; i < NUM_FILES; i++)
		free(mem->data[i]);
	explicit_bzero(mem->pin, sizeof(mem->pin));
	free(mem);
}

static struct iso_memory *memory_new(const struct card_spec *spec)
{
	struct iso_memory *mem = calloc(1, sizeof(*mem));

	if (!mem)
		return NULL;
	for (int i = 0; i < NUM_FILES; i++) {
		if (!files[i].size)
			continue;
		mem->data[i] = calloc(1, files[i].size);
		if (!mem->data[i]) {
			memory_free(mem);
			return NULL;
		}
		for (size_t n = 0; files[i].pattern && n < files[i].size; n++)
			mem->data[i][n] = (uint8_t)(n ^ n >> 8);
	}
	for (size_t n = 0; n < files[1].size; n++)
		mem->data[1][n] = (uint8_t)(0x40 + n);
	strcpy(mem->pin, spec->pin);
	mem->tries = spec->tries;
	mem->max_tries = spec->tries;
	strcpy(mem->name, spec->state);
	return mem;
}

static bool iso_insert(struct card *card)
{
	struct iso *iso = card->priv;
	struct iso_memory *mem;

	for (mem = named; mem && card->spec.state[0]; mem = mem->next)
		if (!strcmp(mem->name, card->spec.state))
			break;
	if (!card->spec.state[0])
		mem = NULL;
	if (!mem) {
		mem = memory_new(&card->spec);
		if (!mem)
			return false;
		if (mem->name[0]) {
			mem->next = named;
			named = mem;
		}
	}
	iso->mem = mem;
	iso->ef = NO_FILE;
	return true;
}

static void iso_eject(struct card *card)
{
	struct iso *iso = card->priv;

	if (!iso->mem->name[0])
		memory_free(iso->mem);
}

static enum card_result iso_reset(struct card *card, bool warm)
{
	struct iso *iso = card->priv;

	(void)warm;
	iso->verified = false;
	iso->mute = false;
	iso->df = 0;
	iso->ef = NO_FILE;
	return CARD_DONE;
}

static void iso_power_off(struct card *card)
{
	iso_reset(card, false);
}

static enum card_result sw(struct card *card, uint16_t value)
{
	return card_reply(card, NULL, NULL, 0, value);
}

static uint16_t p1p2(const struct apdu *a)
{
	return (uint16_t)(a->p1 << 8 | a->p2);
}

static enum card_result select_file(struct card *card, const struct apdu *a, int file)
{
	struct iso *iso = card->priv;
	uint8_t fci[16], n = 2;

	if (file == NO_FILE)
		return sw(card, 0x6a82);
	if (files[file].kind == EF) {
		iso->ef = file;
		iso->df = files[file].parent;
	} else {
		iso->df = file;
		iso->ef = NO_FILE;
	}
	if ((a->p2 & 0x0c) == 0x0c)
		return sw(card, 0x9000);
	fci[0] = 0x6f;
	fci[n++] = 0x82;
	fci[n++] = 1;
	fci[n++] = files[file].kind == EF ? 0x01 : 0x38;
	fci[n++] = 0x83;
	fci[n++] = 2;
	fci[n++] = (uint8_t)(files[file].fid >> 8);
	fci[n++] = (uint8_t)files[file].fid;
	if (files[file].kind == EF) {
		fci[n++] = 0x80;
		fci[n++] = 2;
		fci[n++] = (uint8_t)(files[file].size >> 8);
		fci[n++] = (uint8_t)files[file].size;
	}
	fci[1] = (uint8_t)(n - 2);
	return card_reply(card, a, fci, n, 0x9000);
}

/* Find a child of the current DF, the DF itself, a sibling of it, or the MF. */
static int find_fid(const struct iso *iso, uint16_t fid)
{
	for (int i = 0; i < NUM_FILES; i++) {
		if (files[i].fid != fid)
			continue;
		if (!i || i == iso->df || files[i].parent == iso->df ||
		    files[i].parent == files[iso->df].parent)
			return i;
	}
	return NO_FILE;
}

static enum card_result do_select(struct card *card, const struct apdu *a)
{
	struct iso *iso = card->priv;

	if (a->p1 == 4) {
		if (a->lc > sizeof(aid) || memcmp(a->data, aid, a->lc))
			return sw(card, 0x6a82);
		return select_file(card, a, 0);
	}
	if (a->p1 != 0 && a->p1 != 2)
		return sw(card, 0x6a86);
	if (!a->lc)
		return select_file(card, a, 0);
	if (a->lc != 2)
		return sw(card, 0x6700);
	return select_file(card, a, find_fid(iso, get_be16(a->data)));
}

/* Find the file and offset of P1 P2. Return a status word, 0x9000 on success. */
static uint16_t locate(struct iso *iso, const struct apdu *a, int *file, size_t *offset)
{
	*file = iso->ef;
	*offset = p1p2(a);
	if (a->p1 & 0x80) {
		*file = find_fid(iso, a->p1 & 0x1f);
		*offset = a->p2;
		if (*file == NO_FILE)
			return 0x6a82;
		iso->ef = *file;
	}
	if (*file == NO_FILE)
		return 0x6986;
	return *offset > files[*file].size ? 0x6b00 : 0x9000;
}

static enum card_result read_binary(struct card *card, const struct apdu *a)
{
	struct iso *iso = card->priv;
	size_t offset, left, n;
	int file;
	uint16_t result = locate(iso, a, &file, &offset);

	if (result != 0x9000)
		return sw(card, result);
	if (files[file].pin_read && !iso->verified)
		return sw(card, 0x6982);
	left = files[file].size - offset;
	if (!left)
		return sw(card, 0x6b00);
	n = left < a->ne ? left : a->ne;
	/* Le 00 asks for the rest of the file; a short answer needs no warning. */
	if (n < a->ne && a->ne != 256 && a->ne != 65536)
		result = 0x6282;
	return card_reply(card, a, iso->mem->data[file] + offset, n, result);
}

static enum card_result update_binary(struct card *card, const struct apdu *a)
{
	struct iso *iso = card->priv;
	size_t offset;
	int file;
	uint16_t result = locate(iso, a, &file, &offset);

	if (result != 0x9000)
		return sw(card, result);
	if (!files[file].writable || (files[file].pin_write && !iso->verified))
		return sw(card, 0x6982);
	if (a->lc > files[file].size - offset)
		return sw(card, 0x6b00);
	memcpy(iso->mem->data[file] + offset, a->data, a->lc);
	return sw(card, 0x9000);
}

static uint16_t tries_sw(const struct iso *iso)
{
	return iso->mem->tries ? (uint16_t)(0x63c0 | iso->mem->tries) : 0x6983;
}

static size_t unpad(const uint8_t *pin, size_t len)
{
	while (len && pin[len - 1] == 0xff)
		len--;
	return len;
}

static uint16_t try_pin(struct iso *iso, const uint8_t *pin, size_t len)
{
	struct iso_memory *mem = iso->mem;

	if (!mem->tries)
		return 0x6983;
	len = unpad(pin, len);
	if (len == strlen(mem->pin) && !memcmp(pin, mem->pin, len)) {
		mem->tries = mem->max_tries;
		iso->verified = true;
		return 0x9000;
	}
	mem->tries--;
	iso->verified = false;
	return tries_sw(iso);
}

static enum card_result verify(struct card *card, const struct apdu *a)
{
	struct iso *iso = card->priv;

	if (a->p1 || a->p2 != 1)
		return sw(card, 0x6a88);
	if (!a->lc)
		return sw(card, iso->verified ? 0x9000 : tries_sw(iso));
	return sw(card, try_pin(iso, a->data, a->lc));
}

static enum card_result change_pin(struct card *card, const struct apdu *a)
{
	struct iso *iso = card->priv;
	size_t old = strlen(iso->mem->pin), new_len;
	uint16_t result;

	if (a->p1 || a->p2 != 1)
		return sw(card, 0x6a88);
	if (a->lc == 16)
		old = 8;
	if (a->lc <= old)
		return sw(card, 0x6700);
	new_len = unpad(a->data + old, a->lc - old);
	if (new_len < 4 || new_len > 8)
		return sw(card, 0x6a80);
	result = try_pin(iso, a->data, old);
	if (result == 0x9000) {
		memset(iso->mem->pin, 0, sizeof(iso->mem->pin));
		memcpy(iso->mem->pin, a->data + old, new_len);
	}
	return sw(card, result);
}

static enum card_result reset_retry(struct card *card, const struct apdu *a)
{
	struct iso *iso = card->priv;

	if (a->p1 != 3 || a->p2 != 1)
		return sw(card, 0x6a88);
	iso->mem->tries = iso->mem->max_tries;
	return sw(card, 0x9000);
}

static enum card_result challenge(struct card *card, const struct apdu *a)
{
	for (size_t i = 0; i < a->ne; i++)
		card->rsp[i] = (uint8_t)prng_next();
	return card_reply(card, a, card->rsp, a->ne, 0x9000);
}

static enum card_result echo(struct card *card, const struct apdu *a)
{
	size_t n = p1p2(a);

	if (a->lc)
		return card_reply(card, a, a->data, a->lc, 0x9000);
	for (size_t i = 0; i < n; i++)
		card->rsp[i] = (uint8_t)i;
	return card_reply(card, a, card->rsp, n, 0x9000);
}

static enum card_result sleep_ms(struct card *card, const struct apdu *a)
{
	card->delay_us += (uint64_t)p1p2(a) * 1000;
	return sw(card, 0x9000);
}

static enum card_result count(struct card *card, const struct apdu *a)
{
	struct iso *iso = card->priv;
	uint8_t out[4];

	put_be32(out, ++iso->mem->counter);
	return card_reply(card, a, out, sizeof(out), 0x9000);
}

static enum card_result state(struct card *card, const struct apdu *a)
{
	struct iso *iso = card->priv;
	uint8_t out[12] = { iso->verified, (uint8_t)iso->mem->tries, card->proto,
			    (uint8_t)card->powerups, (uint8_t)card->warm };

	put_be32(out + 8, iso->mem->counter);
	return card_reply(card, a, out, sizeof(out), 0x9000);
}

static enum card_result own_class(struct card *card, const struct apdu *a)
{
	struct iso *iso = card->priv;

	switch (a->ins) {
	case 0xee:
		return echo(card, a);
	case 0xe0:
		return sleep_ms(card, a);
	case 0xe2:
		return count(card, a);
	case 0xe4:
		return state(card, a);
	case 0xe6:
		return card_reply(card, a, a->data, a->lc, p1p2(a));
	case 0xe8:
		iso->mute = true;
		return CARD_MUTE;
	}
	return sw(card, 0x6d00);
}

static enum card_result iso_class(struct card *card, const struct apdu *a)
{
	switch (a->ins) {
	case 0xa4:
		return do_select(card, a);
	case 0xb0:
		return read_binary(card, a);
	case 0xd6:
		return update_binary(card, a);
	case 0x20:
		return verify(card, a);
	case 0x24:
		return change_pin(card, a);
	case 0x2c:
		return reset_retry(card, a);
	case 0x84:
		return challenge(card, a);
	}
	return sw(card, 0x6d00);
}

static enum card_result iso_command(struct card *card, const uint8_t *p, size_t len)
{
	struct iso *iso = card->priv;
	struct apdu a;

	if (iso->mute)
		return CARD_MUTE;
	if (!apdu_parse(&a, p, len))
		return sw(card, 0x6700);
	if (a.cla == 0x80)
		return own_class(card, &a);
	if (a.cla)
		return sw(card, 0x6e00);
	return iso_class(card, &a);
}

/* An unknown instruction gets its status word at once, without data. */
static bool iso_outgoing(const uint8_t *h)
{
	if (h[0] == 0x80)
		return !(h[1] == 0xe6 || (h[1] == 0xee && !h[2] && !h[3]));
	switch (h[1]) {
	case 0x20:
	case 0x24:
	case 0x2c:
	case 0xa4:
	case 0xc2:
	case 0xd6:
		return h[0] != 0;
	}
	return true;
}

static void iso_describe(const struct card *card, FILE *out)
{
	const struct iso *iso = card->priv;

	fprintf(out, " verified=%d tries=%d counter=%u", iso->verified, iso->mem->tries,
		iso->mem->counter);
}

const struct card_kind card_iso = {
	.name = "iso",
	.priv_size = sizeof(struct iso),
	.insert = iso_insert,
	.eject = iso_eject,
	.reset = iso_reset,
	.power_off = iso_power_off,
	.command = iso_command,
	.outgoing = iso_outgoing,
	.describe = iso_describe,
};
