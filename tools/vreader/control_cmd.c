// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "control_cmd.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bytes.h"
#include "card_option.h"
#include "card_vpcd.h"
#include "ccid_msg.h"
#include "ccid_notify.h"
#include "command.h"
#include "fault.h"
#include "host.h"
#include "prng.h"
#include "reader.h"
#include "replay.h"
#include "secure.h"
#include "slot_card.h"
#include "slot_list.h"
#include "text.h"
#include "trace.h"
#include "usb_ep.h"
#include "usb_sysfs.h"
#include "violation.h"

#define DEFAULT_TIMEOUT_MS 10000
#define MAX_NOTIFY 8

static enum control_result ok(FILE *out)
{
	fputs("OK\n", out);
	return CONTROL_DONE;
}

static enum control_result fail(FILE *out, const char *why)
{
	fprintf(out, "ERR %s\n", why);
	return CONTROL_DONE;
}

/* Take a slot number from the front of the arguments, by default 0. NULL: no such slot. */
static struct slot *take_slot(char **args)
{
	unsigned long n = 0;
	char *end;

	if (*args && **args >= '0' && **args <= '9') {
		n = strtoul(*args, &end, 10);
		if (*end && *end != ' ')
			return NULL;
		*args = *end ? end + 1 : NULL;
	}
	return slot_list_get((unsigned int)n);
}

static bool take_spec(char *args, struct card_spec *spec, const struct card_spec *last, FILE *out)
{
	char err[128];

	if (!args || !*args) {
		*spec = *last;
		return true;
	}
	if (!card_option_parse(spec, args, err, sizeof(err)) || !strcmp(spec->kind, "none")) {
		fail(out, "no such card");
		return false;
	}
	return true;
}

static enum control_result cmd_insert(char *args, FILE *out)
{
	struct slot *s = take_slot(&args);
	struct card_spec spec;

	if (!s)
		return fail(out, "no such slot");
	if (s->card)
		return fail(out, "a card is in the slot");
	if (!take_spec(args, &spec, &s->spec, out))
		return CONTROL_DONE;
	return slot_card_put(s, &spec) ? ok(out) : fail(out, "cannot insert the card");
}

static enum control_result cmd_remove(char *args, FILE *out)
{
	struct slot *s = take_slot(&args);

	if (!s)
		return fail(out, "no such slot");
	card_vpcd_close(s->number);
	return slot_card_remove(s) ? ok(out) : fail(out, "no card in the slot");
}

static enum control_result cmd_swap(char *args, FILE *out)
{
	struct slot *s = take_slot(&args);
	struct card_spec spec;

	if (!s)
		return fail(out, "no such slot");
	if (!take_spec(args, &spec, &s->spec, out))
		return CONTROL_DONE;
	card_vpcd_close(s->number);
	if (!slot_card_swap(s))
		return fail(out, "no card in the slot");
	return slot_card_put(s, &spec) ? ok(out) : fail(out, "cannot insert the card");
}

static enum control_result cmd_unplug(char *args, FILE *out)
{
	(void)args;
	if (!host_attached())
		return fail(out, "unplugged already");
	host_flush();
	host_unplug();
	return ok(out);
}

static enum control_result cmd_replug(char *args, FILE *out)
{
	int err;

	(void)args;
	if (host_attached())
		host_unplug();
	err = host_attach();
	return err ? fail(out, strerror(-err)) : ok(out);
}

static enum control_result cmd_log(char *args, FILE *out)
{
	unsigned long since = 0;

	if (args && !strcmp(args, "clear")) {
		trace_clear();
		return ok(out);
	}
	if (args && sscanf(args, "since %lu", &since) != 1)
		return fail(out, "log [clear | since N]");
	fprintf(out, "OK %u\n", trace_print(NULL, since));
	trace_print(out, since);
	return CONTROL_DONE;
}

/* The value of a counter, or -1. */
static long counter(const struct slot *s, const char *name)
{
	const struct command_info *info = command_by_name(name);
	unsigned int ins;

	if (info)
		return s->count[command_index(info)];
	if (!strcmp(name, "Xfr.bytes"))
		return (long)s->xfr_bytes;
	if (!strcmp(name, "warm"))
		return s->warm;
	if (!strcmp(name, "cold"))
		return s->cold;
	if (!strcmp(name, "apdu"))
		return s->apdus + (s->card ? s->card->commands : 0);
	if (sscanf(name, "ins.%2x", &ins) == 1 && ins < 256)
		return s->ins[ins] + (s->card ? s->card->ins[ins] : 0);
	return -1;
}

static void print_counters(const struct slot *s, FILE *out)
{
	static const char *const extra[] = { "Xfr.bytes", "warm", "cold", "apdu" };
	char name[16];

	for (int i = 0; i < NUM_COMMANDS; i++)
		fprintf(out, " %s=%ld", command_table[i].name, counter(s, command_table[i].name));
	for (size_t i = 0; i < ARRAY_SIZE(extra); i++)
		fprintf(out, " %s=%ld", extra[i], counter(s, extra[i]));
	for (int i = 0; i < 256; i++) {
		snprintf(name, sizeof(name), "ins.%02X", i);
		if (counter(s, name))
			fprintf(out, " %s=%ld", name, counter(s, name));
	}
}

static void clear_counters(struct slot *s)
{
	memset(s->count, 0, sizeof(s->count));
	s->xfr_bytes = 0;
	s->warm = 0;
	s->cold = 0;
	s->apdus = 0;
	memset(s->ins, 0, sizeof(s->ins));
	if (s->card) {
		s->card->commands = 0;
		memset(s->card->ins, 0, sizeof(s->card->ins));
	}
}

static enum control_result cmd_count(char *args, FILE *out)
{
	unsigned int first = 0, end = slot_list_count();
	long sum = 0, one;
	struct slot *s;

	if (args && !strcmp(args, "clear")) {
		for (unsigned int i = 0; i < end; i++)
			clear_counters(slot_list_get(i));
		return ok(out);
	}
	if (args && !strncmp(args, "all", 3) && (!args[3] || args[3] == ' ')) {
		args += args[3] ? 4 : 3;
	} else {
		s = take_slot(&args);
		if (!s)
			return fail(out, "no such slot");
		first = s->number;
		end = first + 1;
	}
	if (!args || !*args) {
		fputs("OK", out);
		for (unsigned int i = first; i < end; i++) {
			if (end - first > 1)
				fprintf(out, " slot=%u", i);
			print_counters(slot_list_get(i), out);
		}
		fputc('\n', out);
		return CONTROL_DONE;
	}
	for (unsigned int i = first; i < end; i++) {
		one = counter(slot_list_get(i), args);
		if (one < 0)
			return fail(out, "no such counter");
		sum += one;
	}
	fprintf(out, "OK %ld\n", sum);
	return CONTROL_DONE;
}

static enum control_result cmd_card_state(char *args, FILE *out)
{
	struct slot *s = take_slot(&args);
	struct card *card;

	if (!s)
		return fail(out, "no such slot");
	card = s->card;
	fprintf(out, "OK present=%d powered=%d busy=%d", !!card, s->powered, s->busy);
	if (card) {
		fprintf(out, " kind=%s protocol=%u powerups=%u resets=%u offs=%u apdus=%u",
			card->kind->name, card->proto, card->powerups, card->warm, card->offs,
			card->commands);
		if (card->kind->describe)
			card->kind->describe(card, out);
	}
	fputc('\n', out);
	return CONTROL_DONE;
}

static enum control_result cmd_fault(char *args, FILE *out)
{
	char err[128];

	if (args && !strcmp(args, "clear")) {
		fault_clear();
		return ok(out);
	}
	if (!args || !fault_add(args, err, sizeof(err)))
		return fail(out, args ? err : "fault LINE | clear");
	return ok(out);
}

static enum control_result cmd_faults(char *args, FILE *out)
{
	(void)args;
	fprintf(out, "OK %u\n", fault_count());
	fault_print(out);
	return CONTROL_DONE;
}

static enum control_result cmd_notify(char *args, FILE *out)
{
	uint8_t bytes[MAX_NOTIFY];
	int n = args ? text_hex(args, bytes, sizeof(bytes)) : 0;

	if (n <= 0)
		return fail(out, "notify HEX");
	ccid_notify_bytes(slot_list_get(0)->ccid, bytes, (size_t)n);
	return ok(out);
}

static enum control_result cmd_press(char *args, FILE *out)
{
	if (!args)
		return fail(out, "press KEYS");
	secure_press(args);
	return ok(out);
}

static enum control_result cmd_wakeup(char *args, FILE *out)
{
	(void)args;
	if (!usb.wakeup_armed)
		return fail(out, "the host has not armed remote wake-up");
	return usb_sysfs_resume(usb.port) ? ok(out) : fail(out, "not suspended");
}

static enum control_result cmd_violations(char *args, FILE *out)
{
	unsigned int n = violation_count();

	if (args && !strcmp(args, "clear")) {
		violation_clear();
		return ok(out);
	}
	fprintf(out, "OK %u\n", n);
	violation_print(out);
	return CONTROL_DONE;
}

static enum control_result cmd_replay(char *args, FILE *out)
{
	(void)args;
	if (!replay_active())
		return fail(out, "no transcript");
	if (replay_line())
		fprintf(out, "OK line %u\n", replay_line());
	else
		fputs("OK done\n", out);
	return CONTROL_DONE;
}

static enum control_result cmd_info(char *args, FILE *out)
{
	(void)args;
	fprintf(out, "OK port=%d speed=%s interfaces=%d slots=%u seed=%llu pid=%d", usb.port,
		usb.speed == USB_SPEED_HIGH ? "high" : "full", usb.num_ifs, slot_list_count(),
		(unsigned long long)prng_seed_get(), (int)getpid());
	fprintf(out, " configured=%d suspended=%d violations=%u\n", usb.configured,
		usb_sysfs_suspended(usb.port), violation_count());
	return CONTROL_DONE;
}

static enum control_result cmd_quit(char *args, FILE *out)
{
	(void)args;
	fprintf(out, "OK %u\n", violation_count());
	return CONTROL_QUIT;
}

static const struct {
	const char *name;
	enum control_result (*run)(char *args, FILE *out);
} table[] = {
	{ "insert", cmd_insert },
	{ "remove", cmd_remove },
	{ "swap", cmd_swap },
	{ "unplug", cmd_unplug },
	{ "replug", cmd_replug },
	{ "log", cmd_log },
	{ "count", cmd_count },
	{ "card-state", cmd_card_state },
	{ "fault", cmd_fault },
	{ "faults", cmd_faults },
	{ "notify", cmd_notify },
	{ "press", cmd_press },
	{ "wakeup", cmd_wakeup },
	{ "violations", cmd_violations },
	{ "replay", cmd_replay },
	{ "info", cmd_info },
	{ "quit", cmd_quit },
};

static const char *const plain_events[] = {
	"configured", "powered", "unpowered", "busy", "idle",
	"notified",   "polled",	 "pin",	      "gone", NULL,
};

/* wait EVENT [SLOT] [MS]; msg NAME [SLOT] [MS]; count NAME N [SLOT] [MS] */
static enum control_result cmd_wait(char *args, FILE *out, struct wait_condition *w)
{
	char name[32];
	bool slotted;
	int n = 0;

	*w = (struct wait_condition) { .timeout_ms = DEFAULT_TIMEOUT_MS };
	if (!args || sscanf(args, "%15s%n", w->event, &n) != 1)
		return fail(out, "wait EVENT");
	args += n;
	if (!strcmp(w->event, "msg") || !strcmp(w->event, "count")) {
		if (sscanf(args, "%31s%n", name, &n) != 1)
			return fail(out, "wait msg NAME");
		args += n;
		snprintf(w->name, sizeof(w->name), "%s", name);
		w->info = command_by_name(name);
		if (w->event[0] == 'c' && sscanf(args, "%lu%n", &w->target, &n) != 1)
			return fail(out, "wait count NAME N");
		if (w->event[0] == 'c')
			args += n;
		if (w->event[0] == 'm' ? !w->info : counter(slot_list_get(0), name) < 0)
			return fail(out, "no such name");
	} else if (text_find(plain_events, w->event) < 0) {
		return fail(out, "no such event");
	}
	slotted = w->info || w->name[0] || strstr("powered unpowered busy", w->event);
	if (slotted && slot_list_count() > 1) {
		if (sscanf(args, "%u%n", &w->slot, &n) == 1)
			args += n;
	} else if (slotted) {
		unsigned int a, b;

		/* With one slot, accept "busy 0 500" and "busy 500". */
		if (sscanf(args, "%u %u", &a, &b) == 2 || (sscanf(args, "%u", &a) == 1 && a == 0)) {
			n = 0;
			sscanf(args, "%*u%n", &n);
			args += n;
		}
	}
	if (sscanf(args, "%u", &n) == 1)
		w->timeout_ms = (unsigned int)n;
	if (!slot_list_get(w->slot))
		return fail(out, "no such slot");
	if (w->info)
		w->seen = slot_list_get(w->slot)->seen[command_index(w->info)];
	return CONTROL_WAIT;
}

static bool all_interfaces(bool (*test)(const struct ccid *c))
{
	for (int i = 0; i < usb.num_ifs; i++)
		if (usb.ifs[i].ccid && !test(usb.ifs[i].ccid))
			return false;
	return true;
}

static bool is_idle(const struct ccid *c)
{
	return !ccid_msg_busy_slots(c);
}

static bool is_notified(const struct ccid *c)
{
	for (unsigned int i = 0; i < c->num_slots; i++)
		if (c->slots[i].changed)
			return false;
	return true;
}

static bool is_polled(const struct ccid *c)
{
	return c->iface->intr && usb_ep_polled(c->iface->intr);
}

bool control_cmd_condition(const struct wait_condition *w)
{
	const struct slot *s = slot_list_get(w->slot);

	if (!strcmp(w->event, "configured"))
		return usb.configured;
	if (!strcmp(w->event, "gone"))
		return !host_attached();
	if (!strcmp(w->event, "powered"))
		return s->powered;
	if (!strcmp(w->event, "unpowered"))
		return !s->powered;
	if (!strcmp(w->event, "busy"))
		return s->busy;
	if (!strcmp(w->event, "idle"))
		return all_interfaces(is_idle);
	if (!strcmp(w->event, "notified"))
		return all_interfaces(is_notified);
	if (!strcmp(w->event, "polled"))
		return all_interfaces(is_polled);
	if (!strcmp(w->event, "pin"))
		return secure_waiting();
	if (!strcmp(w->event, "msg"))
		return s->seen[command_index(w->info)] != w->seen;
	return counter(s, w->name) >= (long)w->target;
}

enum control_result control_cmd_run(char *line, FILE *out, struct wait_condition *wait)
{
	char *args = strchr(line, ' ');

	if (args) {
		*args++ = 0;
		while (*args == ' ')
			args++;
	}
	if (!strcmp(line, "wait"))
		return cmd_wait(args, out, wait);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (!strcmp(table[i].name, line))
			return table[i].run(args, out);
	return fail(out, "no such command");
}
