/* SPDX-License-Identifier: Apache-2.0 */
/* The futex calls that base's park does not have: several words at once, and words shared between processes. */
#ifndef NTF_KMT_OS_POSIX_FUTEX_H
#define NTF_KMT_OS_POSIX_FUTEX_H

#include "base/atomic.h"

#define NTF_FUTEX_WAITS 128u /* the kernel's limit */

/* struct futex_waitv of Linux 5.16, laid out here because older kernel headers lack it. */
struct ntf_futex_wait {
    uint64_t value;
    uint64_t address;
    uint32_t flags;
    uint32_t reserved;
};

void ntf_futex_wait_fill(struct ntf_futex_wait *wait, ntf_au32 *word, uint32_t seen, bool shared);
/* Sleeps while every word has its value, until the deadline; every return may be spurious. False: this system has no
 * such call, and nothing was waited for. */
bool ntf_futex_wait_any(struct ntf_futex_wait *waits, uint32_t count, uint64_t deadline_ns);
/* Whether the system has it. Cached after the first call. */
bool ntf_futex_can_wait_any(void);
/* Wakes everybody on the word. */
void ntf_futex_wake(ntf_au32 *word, bool shared);
/* Wakes one who sleeps on a word of this process, if there is one. */
void ntf_futex_wake_one(ntf_au32 *word);

#endif /* NTF_KMT_OS_POSIX_FUTEX_H */
