/* SPDX-License-Identifier: Apache-2.0 */
#include "kmt/os/posix/futex.h"

#include "base/deadline.h"
#include "base/os/os.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449 /* the same number on every architecture that got it by then */
#endif
#define SIZE_U32 2u /* FUTEX_32, FUTEX2_SIZE_U32 */

_Static_assert(sizeof(struct ntf_futex_wait) == 24, "struct futex_waitv");

/* A timeout as this call takes it: 64-bit numbers on every architecture. */
struct wide_time {
    int64_t seconds;
    int64_t nanoseconds;
};

void ntf_futex_wait_fill(struct ntf_futex_wait *wait, ntf_au32 *word, uint32_t seen, bool shared)
{
    wait->value = seen;
    wait->address = (uintptr_t)word;
    wait->flags = SIZE_U32 | (shared ? 0 : (uint32_t)FUTEX_PRIVATE_FLAG);
    wait->reserved = 0;
}

bool ntf_futex_wait_any(struct ntf_futex_wait *waits, uint32_t count, uint64_t deadline_ns)
{
    struct wide_time until;
    ntf_au32 nothing;

    if (!ntf_futex_can_wait_any())
        return false;
    until.seconds = (int64_t)(deadline_ns / 1000000000u);
    until.nanoseconds = (int64_t)(deadline_ns % 1000000000u);
    if (syscall(SYS_futex_waitv, waits, count, 0, deadline_ns == NTF_FOREVER ? NULL : &until, CLOCK_MONOTONIC) >= 0)
        return true;
    if (errno == EAGAIN || errno == EINTR || errno == ETIMEDOUT)
        return true;
    /* Out of kernel memory, or a seccomp filter that came late: never spin on a call that fails. */
    ntf_init(&nothing, (uint32_t)0);
    (void)ntf_os_park(&nothing, 0, ntf_deadline_min(deadline_ns, ntf_deadline_after(ntf_os_now_ns(), 1000000)));
    return true;
}

bool ntf_futex_can_wait_any(void)
{
    static ntf_au32 known; /* 0 not asked yet, 1 no, 2 yes; two threads may both ask */
    uint32_t answer = ntf_load(&known, NTF_RELAXED);

    if (answer == 0) {
        /* No word at all is an invalid argument to a kernel that knows the call. */
        const long rc = syscall(SYS_futex_waitv, NULL, 0, 0, NULL, CLOCK_MONOTONIC);
        answer = rc == -1 && errno == EINVAL ? 2 : 1;
        ntf_store(&known, answer, NTF_RELAXED);
    }
    return answer == 2;
}

void ntf_futex_wake(ntf_au32 *word, bool shared)
{
    (void)syscall(SYS_futex, word, shared ? FUTEX_WAKE : FUTEX_WAKE | FUTEX_PRIVATE_FLAG, INT_MAX, NULL, NULL, 0);
}

void ntf_futex_wake_one(ntf_au32 *word)
{
    (void)syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, NULL, NULL, 0);
}
