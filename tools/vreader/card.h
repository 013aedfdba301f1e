/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtual cards: what a kind of card is, and how one of them carries out a command. */
#ifndef VREADER_CARD_H
#define VREADER_CARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "loop.h"

#define MAX_ATR 33
#define MAX_APDU 65544		/* CLA INS P1 P2, 3 bytes Lc, 65535 bytes, 2 bytes Le */
#define MAX_RESPONSE 65538	/* 65536 bytes and a status word */

enum tck_mode { TCK_GOOD, TCK_BAD, TCK_ERROR };

/* What --card and insert say, before the reader and the ATR are known. */
struct card_spec {
	char kind[8];		/* empty: nothing said */
	char protocols[3];	/* "0", "1", "01", "10", or empty */
	uint8_t atr[MAX_ATR];
	uint8_t atr_len;	/* 0: built from the fields below */
	uint8_t hist[15];
	int hist_len;		/* -1: the kind's name */
	int ta1, ta2, tc1;	/* -1: not in the ATR */
	int wi, ifsc, bwi, cwi;
	bool crc, inverse;
	enum tck_mode tck;
	char pin[9];
	int tries;
	unsigned int delay_ms, wtx_ms;
	uint8_t voltage;
	uint16_t port;
	char state[32];
};

/* An answer to reset, taken apart. */
struct atr_info {
	uint8_t protocols;	/* bit n: T=n */
	uint8_t first;		/* the default protocol */
	bool specific;		/* TA2 is there */
	uint8_t specific_t;
	uint8_t ta1;		/* 0x11 when not there */
	uint8_t tc1;
	uint8_t wi, ifsc, bwi, cwi;
	bool crc, inverse;
};

struct apdu {
	uint8_t cla, ins, p1, p2;
	const uint8_t *data;
	size_t lc;
	size_t ne;		/* 0: no answer data wanted */
	bool extended;
};

struct card;

enum card_result {
	CARD_DONE,		/* rsp holds the response, after delay_us */
	CARD_LATER,		/* card_answer() will be called */
	CARD_MUTE,		/* no response, ever */
};

struct card_kind {
	const char *name;
	size_t priv_size;
	bool (*insert)(struct card *card);
	void (*eject)(struct card *card);
	/*
	 * Reset, warm or after power came: forget what a reset clears. May change card->atr, at
	 * once or later (CARD_LATER).
	 */
	enum card_result (*reset)(struct card *card, bool warm);
	void (*power_off)(struct card *card);
	enum card_result (*command)(struct card *card, const uint8_t *apdu, size_t len);
	/* In T=0, whether data comes from the card after the header (it cannot be told from P3). */
	bool (*outgoing)(const uint8_t *header);
	void (*describe)(const struct card *card, FILE *out);
};

typedef void (*card_done_fn)(struct card *card, bool mute);
typedef void (*card_wait_fn)(struct card *card);

/* Card-side T=0 (t0.c). */
struct t0_state {
	uint8_t header[5];
	bool have_header;
	uint8_t held[5];		/* the command that got 6Cxx ... */
	uint8_t held_rsp[258];		/* ... and its response, kept for when it comes again */
	size_t held_len;
	bool bytes;			/* character level: procedure bytes are seen */
	uint8_t in[260];
	size_t in_len;
};

/* Card-side T=1 (t1.c). */
struct t1_state {
	uint8_t ns, nr;			/* N(S) of the next I block out, and of the next one in */
	uint8_t in[MAX_APDU];
	size_t in_len;
	const uint8_t *out;		/* the response being sent */
	size_t out_len, out_off, chunk;
	bool sending;			/* a chained response waits for R blocks */
	bool host_waits;		/* a block of the host is not answered yet */
	bool done, mute; /* the command is carried out, its answer waits for the host */
	bool wtx_pending;		/* S(WTX) was sent and not answered */
	bool abort_pending, ifs_pending, dead;
	uint8_t wtx;
	size_t ifsd;
	uint8_t last[259];
	size_t last_len;
};

struct card {
	const struct card_kind *kind;
	struct card_spec spec;
	void *owner;		/* the slot */
	unsigned int index;	/* its number */
	uint8_t atr[MAX_ATR];
	uint8_t atr_len;
	struct atr_info info;
	bool powered;
	bool negotiable;	/* nothing but the ATR has been exchanged */
	uint8_t proto;		/* T in use */
	uint8_t fidi;

	bool running;
	card_done_fn done, reset_cb;
	card_wait_fn wait;
	struct timer ready, tick;
	bool mute_now;
	uint64_t delay_us;	/* set by command(): how long it takes */

	uint8_t apdu[MAX_APDU];	/* ENVELOPE collects here */
	size_t apdu_len;
	uint8_t rsp[MAX_RESPONSE];
	size_t rsp_len;
	uint8_t more[MAX_RESPONSE];	/* what GET RESPONSE fetches */
	size_t more_len, more_off;
	uint8_t more_sw[2];

	struct t0_state t0;
	struct t1_state t1;

	unsigned int powerups, warm, offs, commands;
	unsigned int ins[256];
	void *priv;
};

/* card.c */
bool card_spec_parse(struct card_spec *spec, const char *text, char *err, size_t size);
struct card *card_new(const struct card_spec *spec, void *owner, unsigned int index,
		      uint32_t reader_protocols);
void card_free(struct card *card);
void card_reset(struct card *card, bool warm, uint8_t voltage, card_done_fn done);
void card_power_off(struct card *card);
void card_run(struct card *card, const uint8_t *apdu, size_t len, card_done_fn done,
	      card_wait_fn wait);
void card_cancel(struct card *card);
void card_answer(struct card *card, bool mute);
/*
 * Sets the response: @len bytes of @data, as many as @apdu wants, the rest kept for GET RESPONSE.
 */
enum card_result card_reply(struct card *card, const struct apdu *apdu, const uint8_t *data,
			    size_t len, uint16_t sw);
bool apdu_parse(struct apdu *a, const uint8_t *p, size_t len);

/* Both protocol engines start anew (levels.c). */
void card_protocols_reset(struct card *card);

/* atr.c */
bool atr_parse(struct atr_info *info, const uint8_t *atr, size_t len);
uint8_t atr_build(uint8_t *atr, const struct card_spec *spec, const char *hist);

extern const struct card_kind card_iso, card_echo, card_mute, card_vpcd;

#endif
