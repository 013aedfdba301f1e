/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tell the control socket that the state of the reader has changed. */
#ifndef VREADER_EVENT_H
#define VREADER_EVENT_H

/* Call @fn at each event_happened(). */
void event_listen(void (*fn)(void));
/* A condition of the control command "wait" may have become true. */
void event_happened(void);

#endif
