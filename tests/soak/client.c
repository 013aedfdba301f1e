// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * See client.h. A client verifies the PIN only while it is alone with the card: EXCLUSIVE, or in
 * a transaction; it leaves the card by a reset, or dies. So any answer 9000 to the question
 * whether the PIN is verified, from a handle that has not verified it, is a fault.
 */
#include <errno.h>
#include <unistd.h>

#include "client.h"
#include "death.h"
#include "sc.h"
#include "usb.h"
#include "vr.h"

struct client {
	struct rnd rnd;
	unsigned int slot;
	unsigned int stages;	/* until it dies */
	int fd;
};

/* A moment at which the client may die */
static void stage(struct client *c)
{
	if (!c->stages--)
		death(&c->rnd, c->fd);
}

static int apdu(struct client *c, const char *hex)
{
	int sw = sc_apdu(c->fd, hex);

	soak->apdus++;
	stage(c);
	return sw;
}

/* The first question to a card that this handle has not verified; false: do not go on. */
static bool ask(struct client *c, const char *when)
{
	int sw = apdu(c, APDU_VERIFIED);

	if (sw == 0x9000) {
		soak->strangers++;
		soak_note("slot %u: verified for a stranger, %s", c->slot, when);
	}
	return sw == 0x63c3;
}

static void work(struct client *c)
{
	unsigned int n = rnd_below(&c->rnd, 6);

	if (apdu(c, APDU_VERIFY) == 0x9000)
		soak->verified++;
	while (n--)
		apdu(c, n % 2 ? APDU_COUNT : APDU_SELECT_EF);
}

static void be_exclusive(struct client *c)
{
	unsigned int way = rnd_below(&c->rnd, 3);

	work(c);
	if (way == 0) {
		/* the reset ends what VERIFY has allowed */
		if (!sc_reconnect(c->fd, SCARD_MODE_EXCLUSIVE, SC_ANY, SCARD_DISP_RESET))
			ask(c, "after RECONNECT with a reset");
	}
	stage(c);
	if (way < 2)
		sc_disconnect(c->fd, way ? SCARD_DISP_UNPOWER : SCARD_DISP_RESET);
}

static void be_transacting(struct client *c)
{
	unsigned int n;

	for (n = 1 + rnd_below(&c->rnd, 4); n; n--) {
		int ret = sc_begin(c->fd);

		stage(c);
		if (ret == -ESTALE)
			ret = sc_reconnect(c->fd, SCARD_MODE_SHARED, SC_ANY, SCARD_DISP_LEAVE);
		else if (!ret && ask(c, "in a new transaction"))
			work(c);
		if (ret || sc_end(c->fd, SCARD_DISP_RESET))
			break;
		stage(c);
	}
}

static void be_plain(struct client *c)
{
	unsigned int n;

	for (n = 1 + rnd_below(&c->rnd, 10); n; n--) {
		if (!ask(c, "beside other handles") &&
		    sc_reconnect(c->fd, SCARD_MODE_SHARED, SC_ANY, rnd_below(&c->rnd, 3)))
			break;
		sc_status(c->fd);
		if (!rnd_below(&c->rnd, 4))
			apdu(c, APDU_SLEEP("0040"));
	}
	if (rnd_below(&c->rnd, 2))
		sc_disconnect(c->fd, rnd_below(&c->rnd, 3));
}

static void session(struct client *c)
{
	static const uint32_t policies[] = {
		SCARD_CONNECT_CLOSE_DEFAULT, SCARD_CONNECT_CLOSE_RESET,
		SCARD_CONNECT_CLOSE_TRANSACTION, SCARD_CONNECT_CLOSE_UNPOWER,
	};
	uint32_t flags = policies[rnd_below(&c->rnd, 4)];
	unsigned int way = rnd_below(&c->rnd, 3);

	if (rnd_below(&c->rnd, 3) == 0)
		flags |= SCARD_CONNECT_PROCESS;
	c->fd = sc_open_slot(c->slot);
	if (c->fd < 0) {
		pause_ms(5);
		return;
	}
	if (!sc_connect_flags(c->fd, way ? SCARD_MODE_SHARED : SCARD_MODE_EXCLUSIVE, SC_ANY,
			      flags)) {
		soak->connects++;
		stage(c);
		if (ask(c, "after CONNECT")) {
			if (way == 0)
				be_exclusive(c);
			else if (way == 1)
				be_transacting(c);
			else
				be_plain(c);
		}
	} else {
		pause_ms(2);
	}
	close(c->fd);
	c->fd = -1;
}

void client_run(uint64_t seed, unsigned int slots)
{
	struct client c = { .fd = -1 };

	rnd_seed(&c.rnd, seed);
	c.slot = rnd_below(&c.rnd, slots);
	c.stages = 1 + rnd_below(&c.rnd, 40);
	for (;;)
		session(&c);
}
