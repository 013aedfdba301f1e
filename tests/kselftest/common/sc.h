/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ioctls of /dev/scardN, one function each. All return 0 (or a length) or -errno. */
#ifndef KSELFTEST_SC_H
#define KSELFTEST_SC_H

#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/scard.h>

#define SC_ANY		(SCARD_PROTO_T0 | SCARD_PROTO_T1)

/* Commands of vreader's ISO card (vreader(1)), in hexadecimal */
#define APDU_VERIFY	"002000010431323334"
#define APDU_VERIFIED	"0020000100"		/* asks: 9000 if verified */
#define APDU_COUNT	"80E2000000"
#define APDU_STATE	"80E4000000"
#define APDU_SELECT_EF	"00A4000C022F00"
#define APDU_SLEEP(ms4)	"80E0" ms4		/* four hexadecimal digits */
#define APDU_MUTE	"80E80000"

/* The first reader that is there; flags as of open(2), O_CLOEXEC is added. */
int sc_open(int flags);
/* That slot of a reader; for reading and writing */
int sc_open_slot(unsigned int slot);
/* SCARD_IOC_CONNECT on @fd: @fd, or the negative errno, and @fd is closed. */
int sc_connected(int fd, uint32_t share_mode, uint32_t protocols);
/* The first reader, for a card handle: connected, or the negative errno. */
int sc_open_connected(uint32_t share_mode);

/* Does a new card handle work? Leaves nothing behind. */
bool sc_works(void);

int sc_info(int fd, struct scard_info *info);
int sc_snapshot(int fd, struct scard_status *status);
/* The snapshot once the state is known, within @ms; or false */
bool sc_settled(int fd, struct scard_status *status, int ms);
int sc_status(int fd);				/* gated */
int sc_connect(int fd, uint32_t share_mode, uint32_t protocols);
int sc_connect_flags(int fd, uint32_t share_mode, uint32_t protocols, uint32_t flags);
int sc_reconnect(int fd, uint32_t share_mode, uint32_t protocols, uint32_t initialization);
int sc_disconnect(int fd, uint32_t disposition);
int sc_begin(int fd);
int sc_end(int fd, uint32_t disposition);
int sc_cancel(int fd);
int sc_transmit(int fd, const void *send, uint32_t len, void *recv, uint32_t room);
/* An APDU in hexadecimal: its status word, or -errno. */
int sc_apdu(int fd, const char *hex);
/* The counter of vreader's ISO card, advanced by one. */
long sc_count(int fd);
int sc_features(int fd);			/* CONTROL: GET_FEATURE_REQUEST */
int sc_escape(int fd);				/* CONTROL: a vendor's escape command */
int sc_get_attr(int fd, uint32_t id, void *buf, uint32_t *len);
int sc_set_attr(int fd, uint32_t id, const void *buf, uint32_t len);
/* Handles and calls of the slot; @count becomes their number. */
int sc_handles(int fd, struct scard_handle_entry *list, uint32_t room, uint32_t *count);

/* The six gated calls of PC/SC, each by its name, for tests that must make all. */
struct sc_call {
	const char *name;
	int (*call)(int fd);
};

#define SC_GATED	6
extern const struct sc_call sc_gated[SC_GATED];

#define SCARD_ATTR_ATR_STRING		0x00090303
#define SCARD_ATTR_VENDOR_NAME		0x00010100
#define SCARD_ATTR_SUPRESS_T1_IFS	0x00078000
#define SCARD_CTL_GET_FEATURE		0x42000D48
#define SCARD_CTL_ESCAPE		0x42000001

#endif
