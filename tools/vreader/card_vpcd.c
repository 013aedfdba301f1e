// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A message is a big-endian length of two bytes and as many bytes. A message of one byte to the
 * emulator is a control (off, on, reset, get the ATR); the emulator answers only the last.
 */
#define _GNU_SOURCE
#include "card_vpcd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bytes.h"
#include "card.h"
#include "card_echo.h"
#include "loop.h"

#define VPCD_PORT 35963
#define CTRL_OFF 0
#define CTRL_ON 1
#define CTRL_RESET 2
#define CTRL_ATR 4

struct emulator {
	const struct card_vpcd_slot *slot;
	void *owner;
	struct card *card;
	struct watch listener, conn;
	uint8_t in[2 + 65535];
	size_t in_len;
	bool wants_atr;
};

static struct emulator *emulators[CARD_VPCD_MAX];	/* the listeners outlive the cards */

static struct emulator *emulator_of(const struct card *card)
{
	return emulators[card->reader.number];
}

static void hang_up(struct emulator *e)
{
	if (e->conn.fd < 0)
		return;
	loop_del(&e->conn);
	close(e->conn.fd);
	e->conn.fd = -1;
	e->in_len = 0;
}

/* The emulator reads one message before it answers, so this does not block for long. */
static bool send_message(struct emulator *e, const uint8_t *p, size_t len)
{
	uint8_t out[2 + 65535];
	size_t done = 0;

	if (e->conn.fd < 0 || len > 65535)
		return false;
	put_be16(out, (uint16_t)len);
	memcpy(out + 2, p, len);
	while (done < len + 2) {
		ssize_t n = send(e->conn.fd, out + done, len + 2 - done, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}

static bool send_control(struct emulator *e, uint8_t control)
{
	return send_message(e, &control, 1);
}

static bool vpcd_insert(struct card *card)
{
	struct emulator *e = emulator_of(card);

	if (e)
		e->card = card;
	return e;
}

static void vpcd_eject(struct card *card)
{
	emulator_of(card)->card = NULL;
}

static enum card_result vpcd_reset(struct card *card, bool warm)
{
	struct emulator *e = emulator_of(card);

	if (!send_control(e, warm ? CTRL_RESET : CTRL_ON) || !send_control(e, CTRL_ATR))
		return CARD_MUTE;
	e->wants_atr = true;
	return CARD_LATER;
}

static void vpcd_power_off(struct card *card)
{
	send_control(emulator_of(card), CTRL_OFF);
}

static enum card_result vpcd_command(struct card *card, const uint8_t *p, size_t len)
{
	/* The emulator would take one byte for a control. */
	if (len < 2 || !send_message(emulator_of(card), p, len))
		return CARD_MUTE;
	return CARD_LATER;
}

static bool vpcd_outgoing(const uint8_t *header)
{
	return card_echo.outgoing(header);
}

const struct card_kind card_vpcd = {
	.name = "vpcd",
	.external = true,
	.insert = vpcd_insert,
	.eject = vpcd_eject,
	.reset = vpcd_reset,
	.power_off = vpcd_power_off,
	.command = vpcd_command,
	.outgoing = vpcd_outgoing,
};

static void take_message(struct emulator *e, const uint8_t *p, size_t len)
{
	struct card *card = e->card;

	if (!card || !card->running)
		return;
	if (e->wants_atr) {
		e->wants_atr = false;
		if (len < 2 || len > MAX_ATR) {
			card_answer(card, true);
			return;
		}
		memcpy(card->atr, p, len);
		card->atr_len = (uint8_t)len;
		card_answer(card, false);
		return;
	}
	if (len < 2) {
		card_answer(card, true);
		return;
	}
	memcpy(card->rsp, p, len);
	card->rsp_len = len;
	card_answer(card, false);
}

static void conn_ready(struct watch *w, uint32_t events)
{
	struct emulator *e = container_of(w, struct emulator, conn);
	ssize_t n = recv(w->fd, e->in + e->in_len, sizeof(e->in) - e->in_len, MSG_DONTWAIT);
	size_t len;

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		hang_up(e);
		e->slot->gone(e->owner);
		return;
	}
	e->in_len += (size_t)n;
	while (e->in_len >= 2) {
		len = get_be16(e->in);
		if (e->in_len < 2 + len)
			break;
		take_message(e, e->in + 2, len);
		if (e->conn.fd < 0)
			return;
		e->in_len -= 2 + len;
		memmove(e->in, e->in + 2 + len, e->in_len);
	}
}

/* One emulator at a time. */
static void listen_ready(struct watch *w, uint32_t events)
{
	struct emulator *e = container_of(w, struct emulator, listener);
	int fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC), on = 1;

	(void)events;
	if (fd < 0)
		return;
	if (e->conn.fd >= 0 || e->card) {
		close(fd);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	e->conn.fd = fd;
	loop_add(&e->conn, EPOLLIN);
	if (!e->slot->connected(e->owner))
		hang_up(e);
}

bool card_vpcd_listen(unsigned int number, uint16_t port, const struct card_vpcd_slot *slot,
		      void *owner)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct emulator *e = emulators[number];
	int on = 1;

	if (e)
		return true;
	if (!port)
		port = (uint16_t)(VPCD_PORT + number);
	e = calloc(1, sizeof(*e));
	if (!e)
		return false;
	e->slot = slot;
	e->owner = owner;
	e->conn.fd = -1;
	e->conn.ready = conn_ready;
	e->listener.ready = listen_ready;
	e->listener.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	addr.sin_port = htons(port);
	setsockopt(e->listener.fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (e->listener.fd < 0 || bind(e->listener.fd, (struct sockaddr *)&addr, sizeof(addr)) ||
	    listen(e->listener.fd, 4) || loop_add(&e->listener, EPOLLIN)) {
		fprintf(stderr, "vreader: port %u: %s\n", port, strerror(errno));
		if (e->listener.fd >= 0)
			close(e->listener.fd);
		free(e);
		return false;
	}
	emulators[number] = e;
	return true;
}

void card_vpcd_close(unsigned int number)
{
	if (emulators[number])
		hang_up(emulators[number]);
}
