// SPDX-License-Identifier: GPL-2.0
/*
 * T=1, ISO 7816-3 section 11; the numbers of rules are those of section 11.6.3.
 *
 * A deviation, on purpose: after S(RESYNCH) the command is given up instead of
 * being sent again. The sequence numbers that tell a repeated block from a new one
 * start again, so the card could execute the command twice, and a wrong PIN twice
 * is two tries. Blocks repeated within a sequence are safe, the card knows them.
 *
 * Another: a block of the card longer than IFSD is taken. Some cards answer S(IFS) wrongly and
 * send longer ones all the same, and asking for a repetition brings the same block.
 */
#include "t1.h"

#define PCB_I_NS	0x40
#define PCB_I_MORE	0x20
#define PCB_I_RFU	0x1f
#define PCB_R		0x80
#define PCB_R_NR	0x10
#define PCB_R_EDC	0x01
#define PCB_R_OTHER	0x02
#define PCB_R_RFU	0x2c
#define PCB_S		0xc0
#define PCB_S_RESPONSE	0x20
#define PCB_S_TYPE	0x1f

#define S_RESYNCH	0x00
#define S_IFS		0x01
#define S_ABORT		0x02
#define S_WTX		0x03

#define T1_RETRIES	3	/* rule 6.4 and 7.4.2: then resynchronise */
#define T1_RESYNCHS	3	/* rule 6.4: then give up */
/* As many blocks as the longest command and answer have in bytes, and a reserve */
#define T1_STEPS_MAX	(65544 + 65538 + 4096)

enum t1_kind {
	T1_BAD_EDC,
	T1_BAD,
	T1_I,
	T1_R,
	T1_S,
};

/* A received block */
struct t1_block {
	enum t1_kind kind;
	u8 pcb;
	const u8 *inf;
	u32 len;
};

/**
 * ccid_t1_epilogue_len() - bytes that follow the information field
 * @t: the connection
 *
 * Return: 1 or 2
 */
u32 ccid_t1_epilogue_len(const struct t1 *t)
{
	return t->crc ? 2 : 1;
}

/*
 * ISO 7816-3 section 11.3.4 names ISO/IEC 13239 for the CRC and leaves open whether the
 * remainder is complemented, and which byte goes first. Drivers and readers that work
 * with cards do not complement it, and send the high byte first. The kernel has the same
 * as crc_ccitt(), user space has not.
 */
static u16 t1_crc(const u8 *p, u32 len)
{
	u16 crc = 0xffff;
	unsigned int bit;

	while (len--) {
		crc ^= *p++;
		for (bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0x8408 : crc >> 1;
	}
	return crc;
}

static u8 t1_lrc(const u8 *p, u32 len)
{
	u8 lrc = 0;

	while (len--)
		lrc ^= *p++;
	return lrc;
}

static bool t1_edc_ok(const struct t1 *t, const u8 *p, u32 len)
{
	u16 crc;

	if (!t->crc)
		return !t1_lrc(p, len);
	crc = t1_crc(p, len - 2);
	return p[len - 2] == crc >> 8 && p[len - 1] == (crc & 0xff);
}

/* Finish the block in @tx, whose information field is in place. */
static enum t1_action t1_send(struct t1 *t, u8 *tx, enum t1_sent sent, u8 pcb, u32 inf)
{
	u32 len = T1_PROLOGUE_LEN + inf;

	tx[0] = t->nad;
	tx[1] = pcb;
	tx[2] = inf;
	if (t->crc) {
		u16 crc = t1_crc(tx, len);

		tx[len++] = crc >> 8;
		tx[len++] = crc;
	} else {
		tx[len] = t1_lrc(tx, len);
		len++;
	}
	t->tx_len = len;
	t->sent = sent;
	return T1_SEND;
}

static enum t1_action t1_send_i(struct t1 *t, u8 *tx)
{
	bool more;

	t->chunk = min_u32(t->cmd_len - t->cmd_off, t->ifsc);
	more = t->cmd_off + t->chunk < t->cmd_len;
	memcpy(tx + T1_PROLOGUE_LEN, t->cmd + t->cmd_off, t->chunk);
	return t1_send(t, tx, more ? T1_SENT_I_MORE : T1_SENT_I,
		       (t->ns ? PCB_I_NS : 0) | (more ? PCB_I_MORE : 0), t->chunk);
}

static enum t1_action t1_send_r(struct t1 *t, u8 *tx, enum t1_sent sent, u8 error)
{
	return t1_send(t, tx, sent, PCB_R | (t->nr ? PCB_R_NR : 0) | error, 0);
}

static enum t1_action t1_fail(struct t1 *t, int error)
{
	t->error = error;
	t->broken = true;
	return T1_FAIL;
}

static enum t1_action t1_resynch(struct t1 *t, u8 *tx)
{
	if (t->resynchs++ >= T1_RESYNCHS)
		return t1_fail(t, -EIO);
	return t1_send(t, tx, T1_SENT_S_RESYNCH, PCB_S | S_RESYNCH, 0);
}

/* Something invalid, or nothing, was received: rules 7.1 to 7.4. */
static enum t1_action t1_bad(struct t1 *t, u8 *tx, u8 error)
{
	if (t->sent == T1_SENT_S_RESYNCH)
		return t1_resynch(t, tx);
	if (t->retries++ >= T1_RETRIES)
		return t1_resynch(t, tx);
	if (t->sent == T1_SENT_S_IFS) {
		tx[T1_PROLOGUE_LEN] = t->ifsd;
		return t1_send(t, tx, T1_SENT_S_IFS, PCB_S | S_IFS, 1);	/* rule 7.3 */
	}
	if (t->sent != T1_SENT_R_ERROR)
		t->before = t->sent;
	return t1_send_r(t, tx, T1_SENT_R_ERROR, error);
}

/* The block on its way, behind attempts to have its answer repeated */
static enum t1_sent t1_pending(const struct t1 *t)
{
	return t->sent == T1_SENT_R_ERROR ? t->before : t->sent;
}

static void t1_parse(const struct t1 *t, struct t1_block *b, const u8 *rx, u32 len)
{
	u32 epilogue = ccid_t1_epilogue_len(t);

	b->kind = T1_BAD;
	if (len < T1_PROLOGUE_LEN + epilogue)
		return;
	if (!t1_edc_ok(t, rx, len)) {
		b->kind = T1_BAD_EDC;
		return;
	}
	b->pcb = rx[1];
	b->inf = rx + T1_PROLOGUE_LEN;
	b->len = rx[2];
	if (rx[0] != (u8)(t->nad << 4 | t->nad >> 4) || b->len > T1_INF_MAX ||
	    b->len != len - T1_PROLOGUE_LEN - epilogue)
		return;
	if (!(b->pcb & PCB_R)) {
		if (!(b->pcb & PCB_I_RFU))
			b->kind = T1_I;
	} else if ((b->pcb & PCB_S) == PCB_R) {
		if (!(b->pcb & PCB_R_RFU) && !b->len)
			b->kind = T1_R;
	} else {
		b->kind = T1_S;
	}
}

static enum t1_action t1_got_i(struct t1 *t, const struct t1_block *b, u8 *tx)
{
	enum t1_sent pending = t1_pending(t);

	/* not before it has got the whole command, and in sequence */
	if ((pending != T1_SENT_I && pending != T1_SENT_R) || !!(b->pcb & PCB_I_NS) != t->nr)
		return t1_bad(t, tx, PCB_R_OTHER);
	if (!t->answered) {
		/* the first block of the answer acknowledges the command, rule 2.1 */
		t->cmd_off = t->cmd_len;
		t->ns = !t->ns;
		t->answered = true;
	}
	if (b->len > t->ans_size - t->ans_len)
		return t1_fail(t, -EMSGSIZE);
	memcpy(t->ans + t->ans_len, b->inf, b->len);
	t->ans_len += b->len;
	t->nr = !t->nr;
	t->retries = 0;
	if (b->pcb & PCB_I_MORE)
		return t1_send_r(t, tx, T1_SENT_R, 0);	/* rule 2.2 */
	return T1_DONE;
}

static enum t1_action t1_got_r(struct t1 *t, const struct t1_block *b, u8 *tx)
{
	bool again = !!(b->pcb & PCB_R_NR) == t->ns;
	enum t1_sent pending = t1_pending(t);
	/* an R-block that answers ours is about the failure which that one has counted */
	bool counted = t->sent == T1_SENT_R_ERROR;

	switch (pending) {
	case T1_SENT_I_MORE:
	case T1_SENT_I:
		if (again) {
			/* rule 7.1: the card asks for our block again */
			if (t->secure)
				return t1_fail(t, -EIO);
			if (!counted && t->retries++ >= T1_RETRIES)
				return t1_resynch(t, tx);
			return t1_send_i(t, tx);
		}
		if (pending == T1_SENT_I)
			return t1_bad(t, tx, PCB_R_OTHER);
		t->cmd_off += t->chunk;	/* rule 2.2 */
		t->ns = !t->ns;
		t->retries = 0;
		return t1_send_i(t, tx);
	case T1_SENT_R:
		if (!counted && t->retries++ >= T1_RETRIES)
			return t1_resynch(t, tx);
		return t1_send_r(t, tx, T1_SENT_R, 0);	/* it has not understood ours */
	default:
		return t1_bad(t, tx, PCB_R_OTHER);
	}
}

static enum t1_action t1_got_response(struct t1 *t, const struct t1_block *b, u8 *tx)
{
	u8 type = b->pcb & PCB_S_TYPE;

	if (t->sent == T1_SENT_S_RESYNCH && type == S_RESYNCH && !b->len) {
		/* cards differ in whether the lengths start again too: suit both */
		t->ns = false;
		t->nr = false;
		t->ifsc = min_u32(t->ifsc, t->ifsc_initial);
		t->ifsd = t->ifsd < T1_IFSD_INITIAL ? T1_IFSD_INITIAL : t->ifsd;
		t->broken = false;
		if (t->deferred) {
			t->deferred = false;
			t->retries = 0;
			return t->cmd ? t1_send_i(t, tx) : T1_DONE;
		}
		t->error = -EIO;	/* see the top of this file */
		return T1_FAIL;
	}
	if (t->sent == T1_SENT_S_IFS && type == S_IFS && b->len == 1 && b->inf[0] == t->ifsd)
		return T1_DONE;
	return t1_bad(t, tx, PCB_R_OTHER);
}

static enum t1_action t1_got_request(struct t1 *t, const struct t1_block *b, u8 *tx)
{
	u8 type = b->pcb & PCB_S_TYPE;

	if (t->sent == T1_SENT_S_RESYNCH)
		return t1_bad(t, tx, PCB_R_OTHER);
	switch (type) {
	case S_IFS:
		if (b->len != 1 || !b->inf[0] || b->inf[0] > T1_INF_MAX)
			return t1_bad(t, tx, PCB_R_OTHER);
		break;
	case S_WTX:
		if (b->len != 1)
			return t1_bad(t, tx, PCB_R_OTHER);
		break;
	case S_ABORT:
		if (b->len)
			return t1_bad(t, tx, PCB_R_OTHER);
		/* rule 9: agree; the card then gives the right to send back */
		return t1_send(t, tx, T1_SENT_S_ABORTED, PCB_S | PCB_S_RESPONSE | S_ABORT, 0);
	default:
		return t1_bad(t, tx, PCB_R_OTHER);	/* RESYNCH is for the host alone */
	}
	/*
	 * The answer repeats the request (rules 3 and 4). What is pending behind it
	 * stays pending.
	 */
	t->before = t1_pending(t);
	t->retries = 0;
	if (type == S_IFS)
		t->ifsc = min_u32(b->inf[0], t->ifsc_max);
	else
		t->wtx = b->inf[0] ? b->inf[0] : 1;
	tx[T1_PROLOGUE_LEN] = b->inf[0];
	return t1_send(t, tx, t->before, PCB_S | PCB_S_RESPONSE | type, 1);
}

/**
 * ccid_t1_init() - a card was reset
 * @t: the connection
 * @ifsc: from the ATR
 * @crc: from the ATR
 */
void ccid_t1_init(struct t1 *t, u8 ifsc, bool crc)
{
	memset(t, 0, sizeof(*t));
	t->ifsc = clamp_u32(ifsc, 1, T1_INF_MAX);
	t->ifsc_initial = t->ifsc;
	t->ifsc_max = T1_INF_MAX;
	t->ifsd = T1_IFSD_INITIAL;
	t->crc = crc;
}

/**
 * ccid_t1_limit() - the reader cannot carry blocks as long as the card may ask for
 * @t: the connection, just begun
 * @max: longest information field that it can carry
 */
void ccid_t1_limit(struct t1 *t, u32 max)
{
	t->ifsc_max = clamp_u32(max, 1, T1_INF_MAX);
	t->ifsc = min_u32(t->ifsc, t->ifsc_max);
	t->ifsc_initial = t->ifsc;
}

static void t1_begin(struct t1 *t)
{
	t->cmd = NULL;
	t->cmd_len = 0;
	t->cmd_off = 0;
	t->chunk = 0;
	t->ans = NULL;
	t->ans_size = 0;
	t->ans_len = 0;
	t->answered = false;
	t->wtx = 1;
	t->retries = 0;
	t->resynchs = 0;
	t->steps = 0;
	t->secure = false;
	t->deferred = false;
	t->error = 0;
}

/**
 * ccid_t1_start() - begin a command
 * @t: the connection
 * @cmd: the command; must stay there
 * @len: bytes of it
 * @ans: where the answer goes
 * @size: room there
 * @tx: T1_BLOCK_MAX bytes, where blocks to send are made
 *
 * Return: T1_SEND
 */
enum t1_action ccid_t1_start(struct t1 *t, const u8 *cmd, u32 len, u8 *ans, u32 size, u8 *tx)
{
	t1_begin(t);
	t->cmd = cmd;
	t->cmd_len = len;
	t->ans = ans;
	t->ans_size = size;
	if (t->broken) {
		t->deferred = true;
		return t1_resynch(t, tx);
	}
	return t1_send_i(t, tx);
}

/**
 * ccid_t1_start_ifs() - tell the card how long its blocks may be
 * @t: the connection
 * @ifsd: longest information field that the reader takes, 1 to 254
 * @tx: T1_BLOCK_MAX bytes, where blocks to send are made
 *
 * Return: T1_SEND; T1_DONE of ccid_t1_step() means that the card agrees
 */
enum t1_action ccid_t1_start_ifs(struct t1 *t, u8 ifsd, u8 *tx)
{
	t1_begin(t);
	t->ifsd = ifsd;
	tx[T1_PROLOGUE_LEN] = ifsd;
	return t1_send(t, tx, T1_SENT_S_IFS, PCB_S | S_IFS, 1);
}

/**
 * ccid_t1_start_resynch() - agree with the card again, before a block that the host does not make
 * @t: the connection
 * @tx: T1_BLOCK_MAX bytes, where blocks to send are made
 *
 * Return: T1_SEND; T1_DONE of ccid_t1_step() means that both begin anew
 */
enum t1_action ccid_t1_start_resynch(struct t1 *t, u8 *tx)
{
	t1_begin(t);
	t->deferred = true;
	return t1_resynch(t, tx);
}

/**
 * ccid_t1_start_secure() - begin a command whose one block the reader completes itself
 * @t: the connection, not broken
 * @prologue: T1_PROLOGUE_LEN bytes, the result
 * @len: bytes of the information field behind it
 * @ans: where the answer goes
 * @size: room there
 *
 * For PIN entry, where the host does not know what is sent. The card's answer goes to
 * ccid_t1_step(). If the card asks for the block again, the command has failed.
 *
 * Return: 0, or -EINVAL: the card does not take a block of this length, and the reader
 * makes no chain
 */
int ccid_t1_start_secure(struct t1 *t, u8 *prologue, u32 len, u8 *ans, u32 size)
{
	if (len > t->ifsc)
		return -EINVAL;
	t1_begin(t);
	t->ans = ans;
	t->ans_size = size;
	t->sent = T1_SENT_I;
	t->secure = true;
	prologue[0] = t->nad;
	prologue[1] = t->ns ? PCB_I_NS : 0;
	prologue[2] = len;
	return 0;
}

/**
 * ccid_t1_step() - process a block of the card
 * @t: the connection
 * @rx: the block; anything else, also nothing, is handled as a transmission error
 * @rx_len: bytes of it
 * @tx: where the next block is made; may not overlap @rx
 *
 * Return: the next action
 */
enum t1_action ccid_t1_step(struct t1 *t, const u8 *rx, u32 rx_len, u8 *tx)
{
	struct t1_block b = { };

	t->wtx = 1;
	if (++t->steps > T1_STEPS_MAX)
		return t1_fail(t, -EIO);
	t1_parse(t, &b, rx, rx_len);
	/* the card has aborted its chain, and has now given the right to send back */
	if (t->sent == T1_SENT_S_ABORTED)
		return t1_fail(t, -EIO);
	switch (b.kind) {
	case T1_BAD_EDC:
		return t1_bad(t, tx, PCB_R_EDC);
	case T1_BAD:
		return t1_bad(t, tx, PCB_R_OTHER);
	case T1_I:
		return t1_got_i(t, &b, tx);
	case T1_R:
		return t1_got_r(t, &b, tx);
	default:
		return b.pcb & PCB_S_RESPONSE ? t1_got_response(t, &b, tx) :
						t1_got_request(t, &b, tx);
	}
}
