// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Readers and their events, by the kernel's generic netlink family "scard": subscribe, dump,
 * and dump again after an event of a new or removed reader, or a lost event.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/genetlink.h>
#include <linux/scard_netlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>

#include "descriptors.h"
#include "netlink.h"
#include "reader_list.h"

/* Tries of a dump that a change of the readers interrupts */
#define DUMP_TRIES	5

/* Overruns of the receive queue that one read tolerates */
#define OVERRUNS	100

struct netlink {
	struct nl_sock *events;
	int family;
};

/* With the lock of descriptors.c */
static struct nl_sock *connect_locked(void)
{
	struct nl_sock *sock = nl_socket_alloc(), *other;
	int error;

	if (!sock)
		return NULL;
	error = genl_connect(sock) ? -EIO : scard_descriptors_add(nl_socket_get_fd(sock));
	if (!error)
		return sock;
	/* a number that is taken: hold it until another socket has got another number */
	other = error == -EEXIST ? connect_locked() : NULL;
	nl_socket_free(sock);
	return other;
}

static struct nl_sock *connect_genl(void)
{
	struct nl_sock *sock;

	scard_descriptors_lock();
	sock = connect_locked();
	scard_descriptors_unlock(-1);
	return sock;
}

static void disconnect_genl(struct nl_sock *sock)
{
	scard_descriptors_lock();
	/* else the program has closed it: libnl would close the program's, so leave the memory */
	if (scard_descriptors_remove(nl_socket_get_fd(sock)))
		nl_socket_free(sock);
	scard_descriptors_unlock(-1);
}

/* Subscribe to the events; return NULL without the family, or without netlink. */
struct netlink *scard_netlink_open(void)
{
	struct netlink *nl = calloc(1, sizeof(*nl));
	int group;

	if (!nl)
		return NULL;
	nl->events = connect_genl();
	if (!nl->events)
		goto no_socket;
	nl->family = genl_ctrl_resolve(nl->events, SCARD_FAMILY_NAME);
	if (nl->family < 0)
		goto no_family;
	group = genl_ctrl_resolve_grp(nl->events, SCARD_FAMILY_NAME, SCARD_MCGRP_EVENTS);
	if (group < 0)
		goto no_family;
	nl_socket_disable_seq_check(nl->events);
	/* GENL_ID_CTRL: to learn that the module was unloaded */
	if (nl_socket_add_memberships(nl->events, group, GENL_ID_CTRL, 0) ||
	    nl_socket_set_nonblocking(nl->events))
		goto no_family;
	return nl;

no_family:
	disconnect_genl(nl->events);
no_socket:
	free(nl);
	return NULL;
}

void scard_netlink_close(struct netlink *nl)
{
	disconnect_genl(nl->events);
	free(nl);
}

int scard_netlink_fd(const struct netlink *nl)
{
	return nl_socket_get_fd(nl->events);
}

static uint32_t get_u32(struct nlattr **attrs, int which)
{
	return attrs[which] && nla_len(attrs[which]) >= 4 ? nla_get_u32(attrs[which]) : 0;
}

static uint16_t get_u16(struct nlattr **attrs, int which)
{
	return attrs[which] && nla_len(attrs[which]) >= 2 ? nla_get_u16(attrs[which]) : 0;
}

static bool parse(struct nl_msg *msg, struct nlattr **attrs)
{
	return !genlmsg_parse(nlmsg_hdr(msg), 0, attrs, SCARD_A_SLOT_MAX, NULL) &&
	       attrs[SCARD_A_SLOT_MINOR];
}

struct event_reader {
	const struct netlink *nl;
	struct netlink_events *events;
};

static int on_event(struct nl_msg *msg, void *arg)
{
	struct event_reader *r = arg;
	struct nlattr *attrs[SCARD_A_SLOT_MAX + 1];
	struct nlmsghdr *hdr = nlmsg_hdr(msg);
	uint32_t minor;
	int cmd;

	if (!genlmsg_valid_hdr(hdr, 0))
		return NL_SKIP;
	cmd = genlmsg_hdr(hdr)->cmd;
	if (hdr->nlmsg_type == GENL_ID_CTRL) {
		struct nlattr *id = nlmsg_find_attr(hdr, GENL_HDRLEN, CTRL_ATTR_FAMILY_ID);

		if (cmd == CTRL_CMD_DELFAMILY && id && nla_get_u16(id) == r->nl->family)
			r->events->closed = true;
		return NL_OK;
	}
	if (hdr->nlmsg_type != r->nl->family)
		return NL_SKIP;
	if (!parse(msg, attrs))
		return NL_SKIP;
	minor = get_u32(attrs, SCARD_A_SLOT_MINOR);
	switch (cmd) {
	case SCARD_CMD_SLOT_ADD_NTF:
		r->events->stale = true;
		break;
	case SCARD_CMD_SLOT_DEL_NTF:
		r->events->removed(minor);
		r->events->stale = true;
		break;
	case SCARD_CMD_SLOT_CHANGE_NTF:
		r->events->changed(minor, get_u32(attrs, SCARD_A_SLOT_STATE),
			       get_u32(attrs, SCARD_A_SLOT_CARD_EVENT));
		break;
	}
	return NL_OK;
}

/* Read the pending events; do not wait. */
void scard_netlink_read(struct netlink *nl, struct netlink_events *events)
{
	struct event_reader r = { .nl = nl, .events = events };
	int error, overruns = 0;

	/* usually there is no event: check before libnl allocates a buffer */
	if (recv(scard_netlink_fd(nl), NULL, 0, MSG_PEEK | MSG_DONTWAIT) < 0) {
		if (errno == EAGAIN || errno == EWOULDBLOCK)
			return;
		events->lost = true;	/* ENOBUFS: the kernel dropped events */
	}
	if (!scard_descriptors_ours(scard_netlink_fd(nl))) {
		events->lost = true;
		return;
	}
	nl_socket_modify_cb(nl->events, NL_CB_VALID, NL_CB_CUSTOM, on_event, &r);
	/*
	 * Empty the queue, also after ENOBUFS: until it is empty, the kernel drops more events
	 * without another ENOBUFS.
	 */
	do {
		error = nl_recvmsgs_default(nl->events);
		if (error < 0 && error != -NLE_AGAIN)
			events->lost = true;
	} while (error >= 0 || (error == -NLE_NOMEM && ++overruns < OVERRUNS));
}

static int on_slot(struct nl_msg *msg, void *arg)
{
	struct nlattr *attrs[SCARD_A_SLOT_MAX + 1];
	struct reader_list *list = arg;
	struct reader r = { 0 };

	if (!parse(msg, attrs) || !attrs[SCARD_A_SLOT_NAME])
		return NL_SKIP;
	r.minor = get_u32(attrs, SCARD_A_SLOT_MINOR);
	r.index = get_u32(attrs, SCARD_A_SLOT_READER);
	r.slot = get_u32(attrs, SCARD_A_SLOT_INDEX);
	r.state = get_u32(attrs, SCARD_A_SLOT_STATE);
	r.card_event = get_u32(attrs, SCARD_A_SLOT_CARD_EVENT);
	r.vendor = get_u16(attrs, SCARD_A_SLOT_VENDOR_ID);
	r.product = get_u16(attrs, SCARD_A_SLOT_PRODUCT_ID);
	nla_strlcpy(r.kernel_name, attrs[SCARD_A_SLOT_NAME], sizeof(r.kernel_name));
	return scard_reader_list_add(list, &r) ? NL_OK : NL_STOP;
}

/*
 * List all readers. Return false if the family does not answer. The list may be inconsistent
 * if readers change during every try; their events follow.
 */
bool scard_netlink_dump(struct netlink *nl, struct reader_list *list)
{
	struct nl_sock *sock = connect_genl();
	int error, tries;

	if (!sock)
		return false;
	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, on_slot, list);
	for (tries = 0; tries < DUMP_TRIES; tries++) {
		list->count = 0;
		error = genl_send_simple(sock, nl->family, SCARD_CMD_GET_SLOT,
					 SCARD_FAMILY_VERSION, NLM_F_DUMP);
		if (error >= 0)
			error = nl_recvmsgs_default(sock);
		if (error != -NLE_DUMP_INTR)
			break;
	}
	disconnect_genl(sock);
	return error >= 0 || error == -NLE_DUMP_INTR;
}
