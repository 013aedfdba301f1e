/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SCARD_IFD_NODE_H
#define SCARD_IFD_NODE_H

#include <stdbool.h>

/* Find the device's node in DEVICENAME, which may have none or be NULL. */
void node_find(const char *device);

/* A descriptor that is readable when nodes beside the device's are removed; -1: there is no node */
int node_fd(void);

/* Read what node_fd() has. Return: node_gone() */
bool node_changed(void);

/* Is the device's node no more? */
bool node_gone(void);

#endif
