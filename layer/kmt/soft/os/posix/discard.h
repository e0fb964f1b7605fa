/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Getting rid of descriptors that somebody else has made. The last close of one may sleep for as long as its maker
 * likes (a TCP socket that lingers, a file of a file system in user space), so it is not for a thread that somebody
 * waits for: neither one with a deadline nor one that serves others.
 *
 * They are closed by a thread of their own, which starts when there is one and ends when there are none. It is held up
 * by at most one; SOFT_DISCARDS may wait behind it. What finds no room, or no thread, is closed by the caller.
 */
#ifndef NTF_KMT_SOFT_OS_POSIX_DISCARD_H
#define NTF_KMT_SOFT_OS_POSIX_DISCARD_H

#include <stdint.h>

#define SOFT_DISCARDS 64u

/* Takes over fd; below 0 there is nothing to do. */
void soft_discard(int fd);
/* How many of them find room now. */
uint32_t soft_discard_room(void);

#endif /* NTF_KMT_SOFT_OS_POSIX_DISCARD_H */
