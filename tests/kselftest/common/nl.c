// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/scard_netlink.h>

#include "nl.h"

#define HEAD	NLMSG_LENGTH(GENL_HDRLEN)

struct ask {
	struct nlmsghdr nl;
	struct genlmsghdr genl;
	struct nlattr attr;
	union {
		char name[8];
		uint32_t number;
	};
};

static const struct nlattr *attr_find(const void *from, int left, int type)
{
	const struct nlattr *attr = from;

	while (left >= (int)sizeof(*attr) && attr->nla_len >= sizeof(*attr)) {
		if ((attr->nla_type & NLA_TYPE_MASK) == type)
			return attr;
		left -= NLA_ALIGN(attr->nla_len);
		attr = (const void *)((const char *)attr + NLA_ALIGN(attr->nla_len));
	}
	return NULL;
}

static const void *attr_data(const struct nlattr *attr)
{
	return (const char *)attr + NLA_HDRLEN;
}

static int attr_len(const struct nlattr *attr)
{
	return attr->nla_len - NLA_HDRLEN;
}

static uint32_t message_minor(const struct nlmsghdr *nl)
{
	const struct nlattr *attr = attr_find((const char *)nl + HEAD, nl->nlmsg_len - HEAD,
					      SCARD_A_SLOT_MINOR);
	uint32_t minor = -1;

	if (attr)
		memcpy(&minor, attr_data(attr), sizeof(minor));
	return minor;
}

static int ask(const struct nl *nl, uint16_t flags, uint8_t cmd, const struct nlattr *attr)
{
	struct ask ask = {
		.nl = { .nlmsg_type = nl->family, .nlmsg_flags = NLM_F_REQUEST | flags },
		.genl = { .cmd = cmd, .version = SCARD_FAMILY_VERSION },
	};

	ask.nl.nlmsg_len = HEAD;
	if (attr) {
		memcpy(&ask.attr, attr, attr->nla_len);
		ask.nl.nlmsg_len += NLA_ALIGN(attr->nla_len);
	}
	return send(nl->sock, &ask, ask.nl.nlmsg_len, 0) < 0 ? -errno : 0;
}

/* The number of the multicast group, of the answer to CTRL_CMD_GETFAMILY */
static uint32_t group_number(const struct nlattr *groups)
{
	const struct nlattr *group = attr_data(groups);
	const struct nlattr *id = attr_find(attr_data(group), attr_len(group),
					    CTRL_ATTR_MCAST_GRP_ID);
	uint32_t number = 0;

	if (id)
		memcpy(&number, attr_data(id), sizeof(number));
	return number;
}

int nl_open(struct nl *nl)
{
	static char answer[8192];
	const struct nlmsghdr *head = (const struct nlmsghdr *)answer;
	struct { struct nlattr attr; char name[8]; } name = {
		.attr = { .nla_len = NLA_HDRLEN + sizeof(SCARD_FAMILY_NAME),
			  .nla_type = CTRL_ATTR_FAMILY_NAME },
		.name = SCARD_FAMILY_NAME,
	};
	const struct nlattr *id, *groups;
	ssize_t n = -1;

	nl->family = GENL_ID_CTRL;
	nl->sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (nl->sock < 0)
		return -errno;
	if (!ask(nl, 0, CTRL_CMD_GETFAMILY, &name.attr))
		n = recv(nl->sock, answer, sizeof(answer), 0);
	if (n < HEAD || head->nlmsg_type != GENL_ID_CTRL)
		goto fail;
	id = attr_find(answer + HEAD, n - HEAD, CTRL_ATTR_FAMILY_ID);
	groups = attr_find(answer + HEAD, n - HEAD, CTRL_ATTR_MCAST_GROUPS);
	if (!id || !groups)
		goto fail;
	memcpy(&nl->family, attr_data(id), sizeof(nl->family));
	nl->group = group_number(groups);
	return 0;

fail:
	close(nl->sock);
	return -EPROTO;
}

void nl_close(struct nl *nl)
{
	close(nl->sock);
}

int nl_get_slot(struct nl *nl, uint32_t minor)
{
	static char answer[8192];
	const struct nlmsghdr *head = (const struct nlmsghdr *)answer;
	struct { struct nlattr attr; uint32_t minor; } slot = {
		.attr = { .nla_len = sizeof(slot), .nla_type = SCARD_A_SLOT_MINOR },
		.minor = minor,
	};
	int error = ask(nl, 0, SCARD_CMD_GET_SLOT, &slot.attr);

	if (error)
		return error;
	if (recv(nl->sock, answer, sizeof(answer), 0) < 0)
		return -errno;
	if (head->nlmsg_type == NLMSG_ERROR)
		return *(const int *)NLMSG_DATA(head);
	return message_minor(head) == minor ? 0 : -EPROTO;
}

int nl_lists(struct nl *nl, uint32_t minor)
{
	static char answer[32768];
	int error = ask(nl, NLM_F_DUMP, SCARD_CMD_GET_SLOT, NULL), found = 0;

	if (error)
		return error;
	for (;;) {
		const struct nlmsghdr *head = (const struct nlmsghdr *)answer;
		ssize_t n = recv(nl->sock, answer, sizeof(answer), 0);

		if (n < 0)
			return -errno;
		for (; NLMSG_OK(head, n); head = NLMSG_NEXT(head, n)) {
			if (head->nlmsg_type == NLMSG_DONE)
				return found;
			if (head->nlmsg_type == NLMSG_ERROR)
				return *(const int *)NLMSG_DATA(head);
			found |= message_minor(head) == minor;
		}
	}
}

int nl_listen(struct nl *nl)
{
	return setsockopt(nl->sock, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &nl->group,
			  sizeof(nl->group)) ? -errno : 0;
}

bool nl_hears(struct nl *nl, uint8_t cmd, uint32_t minor, int ms)
{
	static char event[8192];
	const struct nlmsghdr *head = (const struct nlmsghdr *)event;
	struct pollfd p = { .fd = nl->sock, .events = POLLIN };

	while (poll(&p, 1, ms) > 0) {
		ssize_t n = recv(nl->sock, event, sizeof(event), 0);

		if (n >= HEAD && head->nlmsg_type == nl->family &&
		    ((const struct genlmsghdr *)NLMSG_DATA(head))->cmd == cmd &&
		    message_minor(head) == minor)
			return true;
	}
	return false;
}
