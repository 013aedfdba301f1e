// SPDX-License-Identifier: GPL-2.0-or-later
/* Discovery by the generic-netlink family "scard": a dump, and events. */
#include <errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <stdlib.h>
#include <string.h>

#include <linux/scard_netlink.h>

#include "scardctl.h"

struct nl_watch {
	struct nl_sock *sock;
};

static struct nl_sock *family_open(int *family)
{
	struct nl_sock *sock = nl_socket_alloc();

	if (!sock)
		return NULL;
	if (!genl_connect(sock)) {
		*family = genl_ctrl_resolve(sock, SCARD_FAMILY_NAME);
		if (*family >= 0)
			return sock;
	}
	nl_socket_free(sock);
	return NULL;
}

static unsigned int get_u32(struct nlattr **attrs, int which)
{
	return attrs[which] && nla_len(attrs[which]) >= 4 ? nla_get_u32(attrs[which]) : 0;
}

static unsigned int get_u16(struct nlattr **attrs, int which)
{
	return attrs[which] && nla_len(attrs[which]) >= 2 ? nla_get_u16(attrs[which]) : 0;
}

static int on_slot(struct nl_msg *msg, void *arg)
{
	struct nlattr *attrs[SCARD_A_SLOT_MAX + 1];
	struct readers *readers = arg;
	struct reader *list, *r;

	if (genlmsg_parse(nlmsg_hdr(msg), 0, attrs, SCARD_A_SLOT_MAX, NULL) ||
	    !attrs[SCARD_A_SLOT_MINOR] || readers->count == MAX_READERS)
		return NL_SKIP;
	list = realloc(readers->list, (readers->count + 1) * sizeof(*list));
	if (!list)
		return NL_STOP;
	readers->list = list;
	r = &list[readers->count++];
	memset(r, 0, sizeof(*r));
	r->minor = get_u32(attrs, SCARD_A_SLOT_MINOR);
	r->state = get_u32(attrs, SCARD_A_SLOT_STATE);
	r->event = get_u32(attrs, SCARD_A_SLOT_EVENT);
	r->card_event = get_u32(attrs, SCARD_A_SLOT_CARD_EVENT);
	r->vendor_id = get_u16(attrs, SCARD_A_SLOT_VENDOR_ID);
	r->product_id = get_u16(attrs, SCARD_A_SLOT_PRODUCT_ID);
	snprintf(r->path, sizeof(r->path), "/dev/scard%u", r->minor);
	if (attrs[SCARD_A_SLOT_NAME])
		nla_strlcpy(r->name, attrs[SCARD_A_SLOT_NAME], sizeof(r->name));
	return NL_OK;
}

/*
 * List all slots; return 0, or -1 if there is no such family or no complete answer. The caller
 * frees the list in both cases.
 */
int netlink_readers(struct readers *readers)
{
	struct nl_sock *sock;
	int family, error;

	sock = family_open(&family);
	if (!sock)
		return -1;
	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, on_slot, readers);
	error = genl_send_simple(sock, family, SCARD_CMD_GET_SLOT, SCARD_FAMILY_VERSION,
				 NLM_F_DUMP);
	if (error >= 0)
		error = nl_recvmsgs_default(sock);
	nl_socket_free(sock);
	return error < 0 ? -1 : 0;
}

/* Subscribe to events; return NULL if there is no such family. */
struct nl_watch *netlink_watch_open(void)
{
	struct nl_watch *watch = calloc(1, sizeof(*watch));
	int family, group;

	if (!watch)
		return NULL;
	watch->sock = family_open(&family);
	if (watch->sock) {
		group = genl_ctrl_resolve_grp(watch->sock, SCARD_FAMILY_NAME, SCARD_MCGRP_EVENTS);
		nl_socket_disable_seq_check(watch->sock);
		if (group >= 0 && !nl_socket_add_membership(watch->sock, group) &&
		    !nl_socket_set_nonblocking(watch->sock))
			return watch;
		nl_socket_free(watch->sock);
	}
	free(watch);
	return NULL;
}

int netlink_watch_fd(const struct nl_watch *watch)
{
	return nl_socket_get_fd(watch->sock);
}

/*
 * Read and drop the queued messages. Lost ones do no harm: the caller reads the state of
 * all slots afterwards.
 */
void netlink_watch_read(struct nl_watch *watch)
{
	while (nl_recvmsgs_default(watch->sock) >= 0)
		;
}

void netlink_watch_close(struct nl_watch *watch)
{
	nl_socket_free(watch->sock);
	free(watch);
}
