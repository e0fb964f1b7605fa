/* SPDX-License-Identifier: Apache-2.0 */
/* Linux: what holders of global handles, and askers for them, can do that do not keep to the rules. */
#ifndef NTF_TEST_SOFT_GLOBALS_RAW_POSIX_H
#define NTF_TEST_SOFT_GLOBALS_RAW_POSIX_H

#include "rig.h"

#include <fcntl.h>

#define RAW_SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)
#define RAW_FDS   100u
#define RAW_MAGIC 0x4B4E4654u
#define RAW_ASK_NS UINT64_C(2000000000)

/* What is on the wire. */
struct raw_packet {
    uint32_t magic, version, number;
};

/* One that nobody has. */
D3DKMT_HANDLE raw_number(void);
/* A page as ours are, with these flags in its header. */
int raw_page(uint32_t flags, int seals);
/* Sends what it is told to, to the number's address or, without one, over a connection. At most RAW_FDS descriptors. */
bool raw_send(int fd, const D3DKMT_HANDLE *number, const void *bytes, size_t size, const int *fds, unsigned count);
/* The number is refused, however long that takes; or found. */
void raw_refused(const char *what, D3DKMT_HANDLE number);
void raw_found(D3DKMT_HANDLE number);
/* A set-up for groups of tests that count descriptors. */
int raw_begin(void **state);

#endif /* NTF_TEST_SOFT_GLOBALS_RAW_POSIX_H */
