// SPDX-License-Identifier: GPL-2.0-or-later
/* Replaces lib/netlink.c: the same functions, with a table instead of a socket. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "descriptors.h"
#include "netlink.h"
#include "reader_list.h"
#include "fake.h"
#include "fake_netlink.h"

#define MAX_SLOTS	300
#define STATE_BITS	(SCARD_STATE_BIT_PRESENT | SCARD_STATE_BIT_MUTE | SCARD_STATE_BIT_SETTLING)

struct netlink {
	int fd;
	unsigned int load;		/* family.load at open; differs after a reload */
	bool lost;
	bool gone;
	int changes[64];		/* minor + 1: added; -minor - 1: removed */
	unsigned int nchanges;
	bool states[MAX_SLOTS];		/* readers with a changed state */
};

static struct {
	pthread_mutex_t lock;
	bool there;
	unsigned int load;
	bool lose;
	struct reader slots[MAX_SLOTS];
	bool used[MAX_SLOTS];
	bool hidden[MAX_SLOTS];		/* a reader of another user */
	struct netlink *opened;		/* the library has one at most */
} family = { .lock = PTHREAD_MUTEX_INITIALIZER };

struct netlink *scard_netlink_open(void)
{
	struct netlink *nl = calloc(1, sizeof(*nl));

	scard_descriptors_lock();
	nl->fd = scard_descriptors_unlock(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
	if (nl->fd < 0) {
		free(nl);
		return NULL;
	}
	pthread_mutex_lock(&family.lock);
	if (family.there) {
		nl->load = family.load;
		if (!family.opened)
			family.opened = nl;
		pthread_mutex_unlock(&family.lock);
		return nl;
	}
	pthread_mutex_unlock(&family.lock);
	scard_netlink_close(nl);
	return NULL;
}

void scard_netlink_close(struct netlink *nl)
{
	pthread_mutex_lock(&family.lock);
	if (family.opened == nl)
		family.opened = NULL;
	pthread_mutex_unlock(&family.lock);
	scard_descriptors_close(nl->fd);
	free(nl);
}

int scard_netlink_fd(const struct netlink *nl)
{
	return nl->fd;
}

void scard_netlink_read(struct netlink *nl, struct netlink_events *events)
{
	struct reader changed[MAX_SLOTS];
	eventfd_t ignored;
	uint32_t minor;
	size_t n = 0, i, nchanges;
	int changes[64];

	if (!scard_descriptors_ours(nl->fd)) {
		events->lost = true;
		return;
	}
	pthread_mutex_lock(&family.lock);
	eventfd_read(nl->fd, &ignored);
	nchanges = nl->nchanges;
	memcpy(changes, nl->changes, sizeof(changes));
	events->stale |= nchanges != 0;
	events->lost |= nl->lost;
	events->closed |= nl->gone;
	nl->nchanges = 0;
	nl->lost = false;
	for (minor = 0; minor < MAX_SLOTS; minor++) {
		if (nl->states[minor] && family.used[minor])
			changed[n++] = family.slots[minor];
		nl->states[minor] = false;
	}
	pthread_mutex_unlock(&family.lock);
	for (i = 0; i < nchanges; i++) {
		if (changes[i] < 0)
			events->removed(-changes[i] - 1);
	}
	while (n-- > 0)
		events->changed(changed[n].minor, changed[n].state, changed[n].card_event);
}

bool scard_netlink_dump(struct netlink *nl, struct reader_list *list)
{
	uint32_t minor;
	bool known;

	pthread_mutex_lock(&family.lock);
	known = family.there && nl->load == family.load;
	for (minor = 0; minor < MAX_SLOTS && known; minor++) {
		if (family.used[minor] && !family.hidden[minor])
			scard_reader_list_add(list, &family.slots[minor]);
	}
	pthread_mutex_unlock(&family.lock);
	return known;
}

/* ---- called by fake.c and the tests ---- */

static void tell(uint32_t minor, int change)
{
	struct netlink *nl = family.opened;

	if (!nl || nl->load != family.load)
		return;
	if (family.lose || (change && nl->nchanges == 64)) {
		nl->lost = true;
		family.lose = false;
	} else if (change) {
		nl->changes[nl->nchanges++] = change;
	} else {
		nl->states[minor] = true;
	}
	eventfd_write(nl->fd, 1);
}

void fake_netlink_add(const struct scard_info *info, uint32_t state, uint32_t card_event)
{
	struct reader *r = &family.slots[info->minor];

	pthread_mutex_lock(&family.lock);
	*r = (struct reader){
		.minor = info->minor,
		.index = info->reader,
		.slot = info->slot,
		.state = state & STATE_BITS,
		.card_event = card_event,
		.vendor = info->vendor_id,
		.product = info->product_id,
	};
	snprintf(r->kernel_name, sizeof(r->kernel_name), "%s", info->name);
	family.used[info->minor] = true;
	tell(info->minor, info->minor + 1);
	pthread_mutex_unlock(&family.lock);
}

void fake_netlink_del(uint32_t minor)
{
	pthread_mutex_lock(&family.lock);
	family.used[minor] = false;
	tell(minor, -(int)minor - 1);
	pthread_mutex_unlock(&family.lock);
}

void fake_netlink_state(uint32_t minor, uint32_t state, uint32_t card_event)
{
	struct reader *r = &family.slots[minor];

	pthread_mutex_lock(&family.lock);
	if (r->state != (state & STATE_BITS) || r->card_event != card_event) {
		r->state = state & STATE_BITS;
		r->card_event = card_event;
		tell(minor, 0);
	}
	pthread_mutex_unlock(&family.lock);
}

const pthread_mutex_t *fake_netlink_lock(void)
{
	return &family.lock;
}

void fake_netlink_reset(void)
{
	pthread_mutex_lock(&family.lock);
	memset(family.used, 0, sizeof(family.used));
	memset(family.hidden, 0, sizeof(family.hidden));
	family.lose = false;
	pthread_mutex_unlock(&family.lock);
}

void fake_use_netlink(bool yes)
{
	pthread_mutex_lock(&family.lock);
	family.there = yes;
	pthread_mutex_unlock(&family.lock);
}

void fake_hide(uint32_t minor, bool hide)
{
	pthread_mutex_lock(&family.lock);
	family.hidden[minor] = hide;
	if (!hide && family.used[minor])
		tell(minor, minor + 1);
	pthread_mutex_unlock(&family.lock);
}

void fake_lose_events(void)
{
	pthread_mutex_lock(&family.lock);
	family.lose = true;
	pthread_mutex_unlock(&family.lock);
}

void fake_unload(void)
{
	pthread_mutex_lock(&family.lock);
	family.there = false;
	memset(family.used, 0, sizeof(family.used));
	family.load++;
	if (family.opened) {
		family.opened->gone = !family.lose;
		family.opened->lost |= family.lose;
		family.lose = false;
		eventfd_write(family.opened->fd, 1);
	}
	pthread_mutex_unlock(&family.lock);
}
