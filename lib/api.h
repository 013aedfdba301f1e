/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The exported functions. File by file, callers first:
 *
 *   winscard.c       the API: argument checks, buffers
 *   error.c          texts of codes
 *   status_change.c  SCardGetStatusChange
 *   connect.c        SCardConnect
 *   card.c           card handles
 *   context.c        contexts, fork
 *   call.c           ioctls on a card handle
 *   spare.c          the card that a context keeps for its next SCardConnect
 *   waiter.c         eventfds and device descriptors of SCardGetStatusChange
 *   object.c         contexts and card handles by number
 *   discovery.c      the list of readers, up to date
 *   netlink.c        ... from the kernel's netlink family
 *   nodes.c          ... from the device nodes; the node of a reader
 *   reader_list.c    lists of readers
 *   names.c          names of readers
 *   device.c         /dev/scardN: open, errno to SCARD_*
 *   descriptors.c    the library's file descriptors, closed by a forked child
 *
 * Locks, outermost first: scard_object_lock, that of discovery.c, that of descriptors.c. No
 * thread holds one while it waits in poll() or in an ioctl that may queue. A call that waits
 * holds references to its context and card.
 */
#ifndef SCARD_API_H
#define SCARD_API_H

#include "PCSC/winscard.h"

/* Exported; all other symbols are hidden */
#define API	__attribute__((visibility("default")))

#endif /* SCARD_API_H */
