/* SPDX-License-Identifier: Apache-2.0 */
/* Private futexes: the kernel needs no more than the address. */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/os/os.h"

/* What SYS_futex takes, whatever time_t the C library has chosen: on 32-bit systems two 32-bit numbers. They are
 * enough, since the clock counts from boot. */
struct kernel_time {
    long seconds;
    long nanoseconds;
};

static struct kernel_time kernel_time_of(uint64_t ns)
{
    const uint64_t seconds = ns / UINT64_C(1000000000);
    struct kernel_time t;

    t.seconds = seconds > (uint64_t)LONG_MAX ? LONG_MAX : (long)seconds;
    t.nanoseconds = (long)(ns % UINT64_C(1000000000));
    return t;
}

enum ntf_result ntf_os_park(ntf_au32 *word, uint32_t expected, uint64_t deadline_ns)
{
    const struct kernel_time until = kernel_time_of(deadline_ns);
    long rc;

    if (ntf_load(word, NTF_ACQUIRE) != expected)
        return NTF_OK;
    /* WAIT_BITSET and not WAIT, because its timeout is absolute on CLOCK_MONOTONIC. */
    rc = syscall(SYS_futex, word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, expected,
                 deadline_ns == NTF_FOREVER ? NULL : &until, NULL, FUTEX_BITSET_MATCH_ANY);
    if (rc == -1 && errno == ETIMEDOUT && ntf_deadline_passed(deadline_ns, ntf_os_now_ns()))
        return NTF_TIMEOUT;
    return NTF_OK; /* woken, changed before, or a signal */
}

void ntf_os_unpark_all(ntf_au32 *word)
{
    (void)syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, INT_MAX, NULL, NULL, 0);
}
