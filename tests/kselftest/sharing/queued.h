/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two callers and a transaction, for SCARD_IOC_TRANSMIT of a caller that waits for its turn: the
 * caller itself sends its command, once, whatever becomes of the handle before it and of the
 * reader.
 */
#ifndef KSELFTEST_QUEUED_H
#define KSELFTEST_QUEUED_H

#include "kselftest_harness.h"

#include "agent.h"
#include "job.h"
#include "sc.h"
#include "vr.h"

FIXTURE(queued)
{
	int owner;		/* in a transaction */
	int fd;			/* connected SHARED */
	struct agent agent;	/* connected SHARED */
};

FIXTURE_VARIANT(queued)
{
	const char *options, *card;
};

FIXTURE_VARIANT_ADD(queued, short_apdu)
{
	.options = "--profile short", .card = VR_CARD,
};

FIXTURE_VARIANT_ADD(queued, extended_apdu)
{
	.options = "--profile extended", .card = VR_CARD,
};

FIXTURE_VARIANT_ADD(queued, tpdu_t1)
{
	.options = "--profile tpdu", .card = VR_CARD,
};

/* bMaxCCIDBusySlots 1: the command may have to wait for a token */
FIXTURE_VARIANT_ADD(queued, multi_slot)
{
	.options = "--profile multi4-serial", .card = VR_CARD,
};

FIXTURE_SETUP(queued)
{
	vr_prepare(variant->options, variant->card);
	agent_start(&self->agent);
	self->owner = sc_open_connected(SCARD_MODE_SHARED);
	ASSERT_LE(0, self->owner);
	self->fd = sc_open_connected(SCARD_MODE_SHARED);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, agent_do(&self->agent, AGENT_OPEN, 0));
	ASSERT_EQ(0, agent_do(&self->agent, AGENT_CONNECT, SCARD_MODE_SHARED));
	ASSERT_EQ(0, sc_begin(self->owner));
	vr_clear();
}

FIXTURE_TEARDOWN(queued)
{
	agent_stop(&self->agent);
}

static int count(int fd)
{
	return sc_count(fd);
}

static const struct sc_call transmit = { "TRANSMIT", count };

#endif
