/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The library's file descriptors. */
#ifndef SCARD_DESCRIPTORS_H
#define SCARD_DESCRIPTORS_H

#include <stdbool.h>

int scard_descriptors_open(const char *path, int flags);
void scard_descriptors_close(int fd);
bool scard_descriptors_ours(int fd);

/* Hold the lock while another function opens or closes a descriptor. */
void scard_descriptors_lock(void);
int scard_descriptors_add(int fd);
int scard_descriptors_unlock(int fd);
bool scard_descriptors_remove(int fd);

void scard_descriptors_keep(int fd);
void scard_descriptors_forked(void);
void scard_descriptors_end(void);

#endif /* SCARD_DESCRIPTORS_H */
