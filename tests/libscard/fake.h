/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device layer without a module, for tests of the library on any machine.
 *
 * The library's open, close, ioctl, poll, fcntl, fstatat and syscall are linked to fake.c, which
 * knows the files in a temporary directory: each holds the minor number of a device, and is
 * called scardN unless a test renames it.  The kernel's own
 * kernel/core/policy.c decides which call may run.  The card answers a command with its own
 * bytes and 9000, except
 *   00 20 ...   verifies: from now on the card is "verified", until it is reset
 *   00 C0 nn    answers nn * 256 bytes
 *   00 FF ...   fails with EIO
 */
#ifndef TESTS_LIB_FAKE_H
#define TESTS_LIB_FAKE_H

#include <stdbool.h>
#include <stdint.h>

#define FAKE_DIR	"dev"
#define FAKE_CLASS	"class"
#define FAKE_DEVICES	"devices"	/* as /proc/devices */

struct fake_reader {
	unsigned int minor;
	unsigned int index;
	unsigned int slot;
	uint16_t vendor;
	uint16_t product;
	const char *name;	/* without the " II SS" */
	bool card;
	bool settling;
};

void fake_init(void);
void fake_reset(void);			/* no readers, nothing counted */
void fake_use_netlink(bool yes);	/* else only nodes */
void fake_lose_events(void);		/* the next netlink event is lost: ENOBUFS */
void fake_hide(uint32_t minor, bool hide);	/* netlink: a private reader of another user */
void fake_unload(void);			/* the netlink family disappears */

void fake_plug(const struct fake_reader *reader);
void fake_unplug(unsigned int minor);
void fake_unplug_begin(unsigned int minor);	/* the device is dead; nobody was told */
void fake_unplug_end(unsigned int minor);
void fake_keep_nodes(bool yes);		/* when readers leave, as in a container */
void fake_rename(const char *from, const char *to);	/* nodes; to NULL: remove it */
enum fake_list { FAKE_LIST, FAKE_NO_OPEN, FAKE_NO_READ };
void fake_refuse_list(enum fake_list how);	/* open(): EACCES; getdents64(): EPERM */
void fake_insert(unsigned int minor);
void fake_insert_begin(unsigned int minor);	/* present, no ATR yet */
void fake_insert_end(unsigned int minor, bool mute);
void fake_remove(unsigned int minor);
void fake_settled(unsigned int minor);
void fake_deny(unsigned int minor, bool deny);	/* EACCES for open() */
void fake_hold(unsigned int minor, bool hold);	/* TRANSMIT stays on the wire */
void fake_interrupt(unsigned int times);	/* waits that begin end with EINTR */
void fake_refuse_random(bool yes);	/* EPERM for getrandom() */
void fake_no_processes(bool yes);	/* the kernel has no SCARD_CONNECT_PROCESS */
void fake_fail_power(unsigned int minor, int error);

bool fake_verified(unsigned int minor);
unsigned int fake_resets(unsigned int minor);
unsigned int fake_handles(unsigned int minor);
unsigned int fake_waiting(unsigned int minor);	/* queued calls, and TRANSMIT held */
unsigned int fake_open_files(void);
unsigned int fake_opens(void);			/* since the last time, as the next */
unsigned int fake_ioctls(void);
bool fake_in_poll(void);			/* some thread sleeps in poll() */

/*
 * Call f at this thread's nth next moment, and at each one after it: when it has locked or
 * unlocked a mutex, has got memory that it had before, or is about to enter the kernel. NULL: not
 * any more. Returns whether the one before was called.
 */
bool fake_at_moment(unsigned int n, void (*f)(void));
/* Locks of the library that this thread holds */
extern __thread unsigned int fake_locks;

#endif /* TESTS_LIB_FAKE_H */
