/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Inside libscard.
 *
 *   winscard.c       the API: argument checks, buffers
 *   context.c        contexts and card handles, found by their numbers
 *   status_change.c  SCardGetStatusChange: waits
 *   discovery.c      which readers there are
 *   netlink.c        ... as the kernel's netlink family tells it
 *   nodes.c          ... as the device nodes tell it, where netlink is not there
 *   reader_list.c    lists of readers
 *   names.c          what readers are called
 *   device.c         /dev/scardN: open, ioctl, errno to SCARD_*
 *   descriptors.c    which descriptors are ours, for fork
 *   error.c          texts of codes
 *
 * Locks, outermost first: objects (context.c), readers (discovery.c), descriptors
 * (descriptors.c).  None is held over anything that waits: not over an ioctl that
 * may queue, nor over poll().  What a call uses while it waits (a card, a context, a
 * waiter) is kept by a reference.
 */
#ifndef SCARD_LIB_H
#define SCARD_LIB_H

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>

#include <linux/scard.h>

/*
 * Both headers have these, the kernel's with the values of PC/SC. The library uses
 * the kernel's SCARD_MODE_*, SCARD_PROTO_* and SCARD_DISP_* towards the kernel only.
 */
#include "PCSC/reader.h"
#include "PCSC/winscard.h"
#include "names.h"
#include "reader_list.h"

/* Where things are; the tests put them elsewhere */
#ifndef SCARD_DEV_DIR
#define SCARD_DEV_DIR	"/dev"
#endif
#ifndef SCARD_CLASS_DIR
#define SCARD_CLASS_DIR	"/sys/class/scard"
#endif
#ifndef SCARD_UDEV_DIR
#define SCARD_UDEV_DIR	"/run/udev"
#endif
#define SCARD_DEV_NAME	"scard"

/* How long a descriptor is kept for the next Connect, in ms; see context.c */
#define SPARE_MS	1000

/* How long a reader that was just plugged in, or a card, is waited for, in ms */
#define SETTLE_MS	2000

/* How often who waits looks at the nodes by himself where nothing tells of readers, in ms */
#define LOOK_MS		1000

/* How often to look whether a reader has got its permissions meanwhile, in ms */
#define PERMISSIONS_MS	50

#define API		__attribute__((visibility("default")))

/* ---- descriptors.c ---- */

void scard_descriptors_lock(void);
int scard_descriptors_unlock(int fd);
unsigned int scard_descriptors_overtaken(void);
bool scard_descriptors_strike_out(int fd);
int scard_descriptors_open(const char *path, int flags);
void scard_descriptors_close(int fd);
void scard_descriptors_forget(int fd);
void scard_descriptors_forked(void);

/* ---- device.c ---- */

int scard_device_open(uint32_t minor, const char *kernel_name, int flags);

/* As ioctl(); returns 0 or a positive errno. */
static inline int scard_device_ioctl(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) < 0 ? errno : 0;
}

LONG scard_device_code(int error);
LONG scard_device_open_code(int error);
LONG scard_device_power_up_code(int error);
int64_t scard_clock_ms(void);
int64_t scard_clock_coarse_ms(void);

/* ---- discovery.c ---- */

/* Somebody who waits; told by an eventfd when the list of readers has changed */
struct listener {
	struct listener *next;
	int eventfd;
};

bool scard_discovery_exist(void);
LONG scard_discovery_refresh(void);
void scard_discovery_settle(void);
int64_t scard_discovery_settle_until(const struct reader *r);
bool scard_discovery_find(const char *name, struct reader *found);
void scard_discovery_gone(uint32_t minor, const char *kernel_name);
char *scard_discovery_names(size_t *len);
unsigned int scard_discovery_generation(void);
unsigned int scard_discovery_changes(void);
void scard_discovery_watch_permissions(void);
#define DISCOVERY_POLLFDS 2
bool scard_discovery_pollfds(struct pollfd *fds);
void scard_discovery_listen(struct listener *l);
void scard_discovery_unlisten(struct listener *l);
void scard_discovery_close(void);
void scard_discovery_fork_prepare(void);
void scard_discovery_fork_parent(void);
void scard_discovery_fork_child(void);

/* ---- netlink.c ---- */

struct netlink;

/* What the events have said */
struct netlink_news {
	bool stale;		/* look at everything again */
	bool lost;		/* the same, and something has not been told */
	bool gone;		/* the family is not there any more */
	void (*came)(uint32_t minor);
	void (*left)(uint32_t minor);
	void (*state)(uint32_t minor, uint32_t state, uint32_t card_event);
};

#ifndef SCARD_NO_NETLINK

struct netlink *scard_netlink_open(void);
void scard_netlink_close(struct netlink *nl);
int scard_netlink_fd(const struct netlink *nl);
void scard_netlink_read(struct netlink *nl, struct netlink_news *news);
bool scard_netlink_dump(struct netlink *nl, struct reader_list *list);

#else	/* make NETLINK=0: there never is a family */

static inline struct netlink *scard_netlink_open(void)
{
	return NULL;
}

static inline void scard_netlink_close(struct netlink *nl)
{
	(void)nl;
}

static inline int scard_netlink_fd(const struct netlink *nl)
{
	(void)nl;
	return -1;
}

static inline void scard_netlink_read(struct netlink *nl, struct netlink_news *news)
{
	(void)nl;
	(void)news;
}

static inline bool scard_netlink_dump(struct netlink *nl, struct reader_list *list)
{
	(void)nl;
	(void)list;
	return false;
}

#endif

/* ---- nodes.c ---- */

int scard_nodes_watch(void);
bool scard_nodes_read(int fd, bool *permissions);
bool scard_nodes_exist(void);
bool scard_nodes_scan(struct reader_list *list);

/* ---- context.c ---- */

/* Anything that the caller knows by a number */
struct object {
	struct object *next;
	LONG id;
	bool is_card;
	atomic_uint refs;
};

struct waiter;

/**
 * struct context - SCARDCONTEXT
 * @obj: its number; the table holds a reference
 * @cards: its card handles, also those that are being connected
 * @waiting: calls of SCardGetStatusChange in progress
 * @idle: waiters for the next ones, with their descriptors
 * @spare: the card that was disconnected last, its descriptor open; or NULL
 * @spare_since: when that was, as scard_clock_coarse_ms() says
 * @no_blocking: PCSCLITE_NO_BLOCKING is set
 * @cancels: counts SCardCancel and the release, for calls that a signal interrupted
 * @released: SCardReleaseContext was called
 */
struct context {
	struct object obj;
	struct card *cards;
	struct waiter *waiting;
	struct waiter *idle;
	struct card *spare;
	int64_t spare_since;
	bool no_blocking;
	atomic_uint cancels;
	bool released;
};

/**
 * struct card - SCARDHANDLE: one open file of /dev/scardN
 * @obj: its number, 0 while it is being connected
 * @next: next card of the context
 * @link: what points to this one; NULL if it is not among them
 * @context: its context, referenced
 * @fd: the descriptor
 * @overtaken: scard_descriptors_overtaken() when the handle was kept
 * @revoked: the context was released: begin nothing any more
 * @no_blocking: held by the call that has set O_NONBLOCK
 * @name_size: bytes of @name, with its NUL
 * @name: the reader's
 */
struct card {
	struct object obj;
	struct card *next;
	struct card **link;
	struct context *context;
	int fd;
	pthread_mutex_t no_blocking;
	unsigned int overtaken;
	atomic_bool revoked;
	size_t name_size;
	char name[MAX_READERNAME];
};

void scard_context_init(void);
LONG scard_context_create(SCARDCONTEXT *id);
LONG scard_context_release(SCARDCONTEXT id);
struct context *scard_context_get(SCARDCONTEXT id);
struct context *scard_card_reuse(SCARDCONTEXT id, const char *name, struct card **card);
void scard_context_put(struct context *ctx);
void scard_context_cancel(struct context *ctx);
void scard_spare_drop(struct context *ctx, bool fresh);

LONG scard_card_create(struct context *ctx, int fd, const char *name, struct card **new);
LONG scard_card_publish(struct card *card, SCARDHANDLE *id);
struct card *scard_card_get(SCARDHANDLE id);
void scard_card_put(struct card *card);
bool scard_card_alone(const struct card *card);
bool scard_card_remove(struct card *card);
bool scard_card_retire(struct card *card);
int scard_call_once(struct card *card, unsigned long request, void *arg);
int scard_call(struct card *card, unsigned long request, void *arg);

/* ---- no_blocking.c ---- */

bool scard_call_no_blocking_wanted(void);
void scard_call_no_blocking_wait(struct card *card);
int scard_call_no_blocking(struct card *card, unsigned long request, void *arg, bool exclusive);

/* ---- status_change.c ---- */

/**
 * struct waiter - one call of SCardGetStatusChange at a time
 * @next: next waiter of the context
 * @listener: wakes it: the list of readers has changed, or @cancelled
 * @cancelled: SCardCancel was called
 * @watches: the readers that it looks at
 * @nwatches: number of them
 * @at: where the next one is looked for first
 * @fds: for poll()
 * @nfds: room there
 *
 * One call has it for itself, with its descriptors: what GET_STATUS marks as seen is
 * lost to nobody else.
 */
struct waiter {
	struct waiter *next;
	struct listener listener;
	atomic_bool cancelled;
	struct watch *watches;
	size_t nwatches;
	size_t at;
	struct pollfd *fds;
	size_t nfds;
};

LONG scard_status_change(struct context *ctx, DWORD timeout, SCARD_READERSTATE *states, DWORD n,
		   int cancel_state);
struct waiter *scard_waiter_new(void);
void scard_waiter_begin(struct waiter *w);
void scard_waiter_cancel(struct waiter *w);
void scard_waiter_free(struct waiter *w);

/* context.c, for status_change.c */
struct waiter *scard_waiter_get(struct context *ctx);
void scard_waiter_put(struct context *ctx, struct waiter *w);

#endif /* SCARD_LIB_H */
