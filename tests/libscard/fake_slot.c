// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A slot of a fake reader: the ioctls of kernel/core/cdev.c, with the policy of the kernel, and
 * with a card that answers at once. See fake.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "fake.h"
#include "fake_netlink.h"
#include "fake_slot.h"

static const uint8_t atr[] = { 0x3b, 0x02, 0x14, 0x50 };

struct turn {
	struct pol_turn pol;
	bool woken;
};

/* ---- the slot ---- */

uint32_t slot_state(const struct slot *s)
{
	uint32_t state = 0;

	if (s->pol.card != POL_CARD_ABSENT)
		state |= SCARD_STATE_BIT_PRESENT;
	if (s->pol.card == POL_CARD_ON)
		state |= SCARD_STATE_BIT_POWERED;
	if (s->pol.card == POL_CARD_MUTE)
		state |= SCARD_STATE_BIT_MUTE;
	if (s->protocol)
		state |= SCARD_STATE_BIT_NEGOTIATED;
	if (s->pol.connected)
		state |= SCARD_STATE_BIT_INUSE;
	if (s->pol.exclusive)
		state |= SCARD_STATE_BIT_EXCLUSIVE;
	if (s->pol.owner)
		state |= SCARD_STATE_BIT_TRANSACTION;
	if (s->settling)
		state |= SCARD_STATE_BIT_SETTLING;
	return state;
}

/* Make the files with an event readable. */
void slot_changed(struct slot *s)
{
	int fd;

	s->event++;
	for (fd = 0; fd < MAX_FILES; fd++) {
		if (fake.files[fd] && fake.files[fd]->slot == s)
			eventfd_write(fake.files[fd]->efd, 1);
	}
	fake_netlink_state(s->info.minor, slot_state(s), s->card_event);
	pthread_cond_broadcast(&fake.cond);
}

void slot_wake(struct pol_turn *t)
{
	if (t->op != POL_OP_WORKER)
		((struct turn *)t)->woken = true;
	pthread_cond_broadcast(&fake.cond);
}

static void power(struct slot *s, enum pol_card card)
{
	s->verified = false;
	s->protocol = 0;
	if (s->pol.card == POL_CARD_ABSENT)
		return;
	s->pol.card = card;
	slot_changed(s);
}

static int reset(struct slot *s)
{
	s->resets++;
	power(s, s->power_error ? POL_CARD_MUTE : POL_CARD_ON);
	return s->power_error;
}

/* Do the jobs of the kernel's worker, at once. */
void slot_run_worker(struct slot *s)
{
	while (s->pol.running == &s->pol.worker) {
		switch (scard_pol_worker_job(&s->pol)) {
		case POL_JOB_RESET:
			reset(s);
			break;
		case POL_JOB_UNPOWER:
		case POL_JOB_EJECT:
		case POL_JOB_IDLE:
			power(s, POL_CARD_OFF);
			break;
		case POL_JOB_SETTLE:
		case POL_JOB_NONE:
			break;
		}
	}
}

static int take_turn(struct file *f, struct turn *t, enum pol_op op, enum pol_share share)
{
	struct slot *s = f->slot;
	int ret;

	*t = (struct turn){ .pol = { .handle = &f->handle, .op = op, .share = share } };
	ret = scard_pol_ask(&s->pol, &t->pol);
	if (ret != POL_WAIT)
		return ret;
	if (f->nonblock) {
		scard_pol_withdraw(&s->pol, &t->pol);
		return -EAGAIN;
	}
	if (fake.interrupts) {
		fake.interrupts--;
		scard_pol_withdraw(&s->pol, &t->pol);
		return -EINTR;
	}
	s->queued++;
	pthread_cond_broadcast(&fake.cond);
	while (!t->woken)
		pthread_cond_wait(&fake.cond, &fake.lock);
	s->queued--;
	return t->pol.result;
}

static void turn_done(struct slot *s, struct turn *t)
{
	scard_pol_done(&s->pol, &t->pol);
	slot_run_worker(s);
}

/* ---- ioctls; with the lock; return 0 or a negative errno ---- */

static bool process_lives(pid_t pid)
{
	char path[32], state = 'X';
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		state = 'X';
	fclose(file);
	return state != 'Z' && state != 'X';
}

/* As scard_process_check() of the kernel, for a process that exits by itself */
static int check_process(struct file *f)
{
	if (!f->process || f->process == getpid())
		return 0;
	if (process_lives(f->process))
		return -ENOTCONN;
	f->process = getpid();
	return 0;
}

static int get_status(struct file *f, struct scard_status *st)
{
	struct slot *s = f->slot;
	struct turn t;
	int ret;

	if (st->flags & SCARD_STATUS_GATED) {
		ret = check_process(f);
		if (ret)
			return ret;
		ret = take_turn(f, &t, POL_OP_STATUS, 0);
		if (ret)
			return ret;
	} else if (s->pol.gone) {
		return -ENODEV;
	} else {
		eventfd_t ignored;

		f->seen = s->event;
		eventfd_read(f->efd, &ignored);
	}
	st->state = slot_state(s);
	st->protocol = s->protocol;
	st->event = s->event;
	st->card_event = s->card_event;
	st->epoch = s->pol.epoch;
	st->handles = s->pol.connected;
	st->atr_len = s->atr_known ? sizeof(atr) : 0;
	memcpy(st->atr, atr, st->atr_len);
	return 0;
}

static int prepare(struct slot *s, const struct scard_connect *arg)
{
	uint32_t wanted = arg->protocols;

	if (arg->share_mode == SCARD_MODE_DIRECT)
		return 0;
	if (s->pol.card == POL_CARD_ABSENT)
		return -ENOMEDIUM;
	if (s->power_error) {
		power(s, POL_CARD_MUTE);
		return s->power_error;
	}
	if (s->pol.card != POL_CARD_ON)
		power(s, POL_CARD_ON);
	if (wanted & SCARD_PROTO_RAW)
		s->protocol = SCARD_PROTO_RAW;
	else if (!s->protocol)
		s->protocol = wanted & SCARD_PROTO_T1 ? SCARD_PROTO_T1 : SCARD_PROTO_T0;
	else if (!(wanted & s->protocol))
		return -EPROTONOSUPPORT;
	return 0;
}

static int connect_card(struct file *f, struct scard_connect *arg)
{
	struct slot *s = f->slot;
	struct turn t;
	int ret;

	if (arg->flags && fake.no_processes)
		return -EINVAL;
	ret = take_turn(f, &t, POL_OP_CONNECT, arg->share_mode);
	if (ret)
		return ret;
	ret = prepare(s, arg);
	if (!ret) {
		scard_pol_connected(&s->pol, &f->handle, arg->share_mode, POL_CLOSE_RESET);
		f->process = arg->flags & SCARD_CONNECT_PROCESS ? getpid() : 0;
		arg->protocol = s->protocol;
		slot_changed(s);
	}
	turn_done(s, &t);
	return ret;
}

/* As connect_act() of the kernel */
static int act(struct slot *s, uint32_t disposition)
{
	if (s->pol.card == POL_CARD_ABSENT)
		return -ENOMEDIUM;
	if (s->pol.card == POL_CARD_ON)
		scard_pol_reset(&s->pol);
	if (disposition == SCARD_DISP_RESET)
		return reset(s);
	power(s, POL_CARD_OFF);
	return 0;
}

static int reconnect_card(struct file *f, struct scard_connect *arg)
{
	struct slot *s = f->slot;
	struct turn t;
	int ret = take_turn(f, &t, POL_OP_RECONNECT, arg->share_mode);

	if (ret)
		return ret;
	if (arg->initialization != SCARD_DISP_LEAVE)
		ret = act(s, arg->initialization);
	if (!ret)
		ret = prepare(s, arg);
	if (!ret) {
		scard_pol_reconnected(&s->pol, &f->handle, arg->share_mode);
		arg->protocol = s->protocol;
		slot_changed(s);
	}
	turn_done(s, &t);
	return ret;
}

static int leave(struct file *f)
{
	int ret = scard_pol_leave(&f->slot->pol, &f->handle);

	if (!ret)
		slot_changed(f->slot);
	slot_run_worker(f->slot);
	return ret;
}

static int disconnect_card(struct file *f, const struct scard_disposition *arg)
{
	struct slot *s = f->slot;
	struct turn t;
	int ret;

	if (arg->disposition == SCARD_DISP_LEAVE)
		return leave(f);
	ret = take_turn(f, &t, POL_OP_DISCONNECT, 0);
	if (ret == -ENODEV)
		return leave(f);
	if (ret)
		return ret;
	ret = act(s, arg->disposition);
	leave(f);
	turn_done(s, &t);
	return ret == -ENOMEDIUM ? 0 : ret;
}

static int end_transaction(struct file *f, const struct scard_disposition *arg)
{
	struct slot *s = f->slot;
	struct turn t;
	int ret;

	if (arg->disposition == SCARD_DISP_LEAVE) {
		ret = scard_pol_end(&s->pol, &f->handle);
		slot_run_worker(s);
		return ret;
	}
	ret = take_turn(f, &t, POL_OP_END, 0);
	if (ret)
		return ret;
	ret = act(s, arg->disposition);
	scard_pol_end_owned(&s->pol, &f->handle);
	turn_done(s, &t);
	return ret;
}

static int answer(struct slot *s, struct scard_transmit *arg)
{
	const uint8_t *send = (const uint8_t *)(uintptr_t)arg->send;
	uint8_t *recv = (uint8_t *)(uintptr_t)arg->recv;
	uint32_t len = arg->send_len, room = arg->recv_len;

	if (len >= 2 && send[1] == 0xff)
		return -EIO;
	if (len >= 2 && send[1] == 0x20)
		s->verified = true;
	if (len >= 3 && send[1] == 0xc0)
		len = send[2] * 256;
	arg->recv_len = len + 2;
	if (len + 2 > room)
		return -EMSGSIZE;
	memset(recv, 0xa5, len);
	memcpy(recv, send, len < arg->send_len ? len : arg->send_len);
	recv[len] = 0x90;
	recv[len + 1] = 0x00;
	return 0;
}

static int transmit(struct file *f, struct scard_transmit *arg)
{
	struct slot *s = f->slot;
	struct turn t;
	int ret = take_turn(f, &t, POL_OP_TRANSMIT, 0);

	if (ret)
		return ret;
	f->handle.spoke = true;
	s->on_wire++;
	while (s->held && !s->pol.gone)
		pthread_cond_wait(&fake.cond, &fake.lock);
	s->on_wire--;
	if (s->pol.gone)
		ret = -ENODEV;
	else if (s->pol.card != POL_CARD_ON)
		ret = s->pol.card == POL_CARD_ABSENT ? -ENOMEDIUM : -ENOLINK;
	else if (arg->protocol && arg->protocol != SCARD_PROTO_RAW && arg->protocol != s->protocol)
		ret = -EPROTONOSUPPORT;
	else
		ret = answer(s, arg);
	turn_done(s, &t);
	return ret;
}

/* 0x42000001 echoes its input; 0x42000D48 answers six bytes */
static int control(struct file *f, struct scard_control *arg)
{
	static const uint8_t features[] = { 0x12, 4, 0x42, 0x33, 0x00, 0x12 };
	const void *out = features;
	uint32_t room = arg->out_len;
	struct turn t;
	int ret = take_turn(f, &t, POL_OP_CONTROL, 0);

	if (ret)
		return ret;
	arg->out_len = sizeof(features);
	if (arg->code == 0x42000001) {
		out = (const void *)(uintptr_t)arg->in;
		arg->out_len = arg->in_len;
	} else if (arg->code != 0x42000d48) {
		ret = -EOPNOTSUPP;
	}
	if (!ret && arg->out_len > room)
		ret = -EMSGSIZE;
	if (!ret && arg->out_len)
		memcpy((void *)(uintptr_t)arg->out, out, arg->out_len);
	turn_done(f->slot, &t);
	return ret;
}

static int get_attr(struct file *f, struct scard_attr *arg)
{
	static const char maker[] = "Maker";
	struct turn t;
	int ret = take_turn(f, &t, POL_OP_ATTR, 0);

	if (ret)
		return ret;
	switch (arg->id) {
	case 0x00010100:
		arg->len = sizeof(maker);
		memcpy((void *)(uintptr_t)arg->buf, maker, sizeof(maker));
		return 0;
	case 0x00090300:
		arg->len = 1;
		*(uint8_t *)(uintptr_t)arg->buf = 2;
		return 0;
	case 0x00090303:
		arg->len = sizeof(atr);
		memcpy((void *)(uintptr_t)arg->buf, atr, sizeof(atr));
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

int slot_ioctl(struct file *f, unsigned long request, void *arg)
{
	struct turn t;
	int ret;

	switch (request) {
	case SCARD_IOC_GET_INFO:
		if (f->slot->pol.gone)
			return -ENODEV;
		memcpy(arg, &f->slot->info, sizeof(f->slot->info));
		((struct scard_info *)arg)->features = fake.no_processes ? 0 : SCARD_FEATURE_PROCESS;
		return 0;
	case SCARD_IOC_GET_STATUS:
		return get_status(f, arg);
	}
	if (!f->writable)
		return -EBADF;
	if (request == SCARD_IOC_CONNECT)
		return connect_card(f, arg);
	ret = check_process(f);
	if (ret)
		return ret;
	switch (request) {
	case SCARD_IOC_RECONNECT:
		return reconnect_card(f, arg);
	case SCARD_IOC_DISCONNECT:
		return disconnect_card(f, arg);
	case SCARD_IOC_BEGIN:
		return take_turn(f, &t, POL_OP_BEGIN, 0);
	case SCARD_IOC_END:
		return end_transaction(f, arg);
	case SCARD_IOC_TRANSMIT:
		return transmit(f, arg);
	case SCARD_IOC_CONTROL:
		return control(f, arg);
	case SCARD_IOC_GET_ATTR:
		return get_attr(f, arg);
	case SCARD_IOC_SET_ATTR:
		return take_turn(f, &t, POL_OP_ATTR, 0) ?: -EOPNOTSUPP;
	case SCARD_IOC_CANCEL:
		scard_pol_cancel(&f->slot->pol, &f->handle);
		return 0;
	default:
		return -ENOTTY;
	}
}
