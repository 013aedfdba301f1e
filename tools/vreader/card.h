/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A virtual card: its kind, its state, and the execution of a command. */
#ifndef VREADER_CARD_H
#define VREADER_CARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "apdu.h"
#include "atr.h"
#include "card_spec.h"
#include "timer.h"

struct card;

enum card_result {
	CARD_DONE,		/* rsp holds the response, due after delay_us */
	CARD_LATER,		/* the kind will call card_answer() */
	CARD_MUTE,		/* no response */
};

struct card_kind {
	const char *name;
	size_t priv_size;
	bool external;		/* brings its own ATR, ENVELOPE and GET RESPONSE */
	bool (*insert)(struct card *card);
	void (*eject)(struct card *card);
	/* Warm, or after power-up. May change card->atr before the result. */
	enum card_result (*reset)(struct card *card, bool warm);
	void (*power_off)(struct card *card);
	enum card_result (*command)(struct card *card, const uint8_t *apdu, size_t len);
	/* T=0: whether the card sends the data after this header (P3 does not tell). */
	bool (*outgoing)(const uint8_t *header);
	void (*describe)(const struct card *card, FILE *out);
};

/* The reader's side of the exchange. */
struct card_port {
	/* Bytes of the card: a block, a T=0 response or procedure bytes. */
	void (*output)(struct card *card, const uint8_t *p, size_t len);
	/* The exchange fails with this bError. */
	void (*fail)(struct card *card, uint8_t error);
	/* A T=0 card asks for more time. */
	void (*wait)(struct card *card);
};

/* The reader that holds the card. */
struct card_reader {
	void *owner;		/* the slot */
	unsigned int iface, slot;
	unsigned int number;	/* of the slot, through all interfaces */
	uint32_t protocols;	/* bit n: T=n */
	uint32_t max_ifsd;
	bool nad;		/* supports NAD other than 00 */
	const struct card_port *port;
};

typedef void (*card_done_fn)(struct card *card, bool mute);
typedef void (*card_wait_fn)(struct card *card);

/* State of t0.c. */
struct t0_state {
	uint8_t header[5];
	bool have_header;
	uint8_t held[5];		/* the command answered with 6Cxx ... */
	uint8_t held_rsp[258];		/* ... and its response, for the repetition */
	size_t held_len;
	bool bytes;			/* character level: the host sees procedure bytes */
	uint8_t in[260];
	size_t in_len;
};

/* State of t1.c. */
struct t1_state {
	uint8_t ns, nr;			/* N(S) of the next I block sent and received */
	uint8_t in[MAX_APDU];
	size_t in_len;
	const uint8_t *out;		/* the response being sent */
	size_t out_len, out_off, chunk;
	bool sending;			/* a chained response waits for R blocks */
	bool host_waits;		/* the card owes the host a block */
	bool done, mute;		/* the command is over, its response not sent */
	bool wtx_pending;		/* the host owes an S(WTX response) */
	bool abort_pending, ifs_pending, dead;
	uint8_t wtx;
	size_t ifsd;
	uint8_t last[259];
	size_t last_len;
};

struct card {
	const struct card_kind *kind;
	struct card_spec spec;
	struct card_reader reader;
	uint8_t atr[MAX_ATR];
	uint8_t atr_len;
	struct atr_info info;
	bool powered;
	bool negotiable;	/* only the ATR has been exchanged */
	uint8_t proto;		/* T in use */
	uint8_t fidi;

	bool running;
	card_done_fn done, reset_cb;
	card_wait_fn wait;
	struct timer ready, tick;
	bool mute_now;
	uint64_t delay_us;	/* set by command(): its duration */

	uint8_t apdu[MAX_APDU];	/* pieces from ENVELOPE */
	size_t apdu_len;
	uint8_t rsp[MAX_RESPONSE];
	size_t rsp_len;
	uint8_t more[MAX_RESPONSE];	/* for GET RESPONSE */
	size_t more_len, more_off;
	uint8_t more_sw[2];

	struct t0_state t0;
	struct t1_state t1;

	unsigned int powerups, warm, offs, commands;
	unsigned int ins[256];
	void *priv;
};

struct card *card_new(const struct card_kind *kind, const struct card_spec *spec,
		      const struct card_reader *reader);
void card_free(struct card *card);
/* Execute a command; call @done now or later, and @wait each time the card wants more time. */
void card_run(struct card *card, const uint8_t *apdu, size_t len, card_done_fn done,
	      card_wait_fn wait);
/* Handle the result of a command or reset of the kind. */
void card_finish(struct card *card, enum card_result r);
/* End the command in progress: card->rsp holds the response unless @mute. */
void card_answer(struct card *card, bool mute);
/* Drop the command in progress. */
void card_cancel(struct card *card);
/*
 * Set the response: as much of @data as @apdu wants, the rest for GET RESPONSE. @data may be part
 * of card->rsp.
 */
enum card_result card_reply(struct card *card, const struct apdu *apdu, const uint8_t *data,
			    size_t len, uint16_t sw);

#endif
