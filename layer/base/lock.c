/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The word lock of os.h. It is the same on every system because it stands on park and unpark alone.
 *
 * The state says whether anybody may sleep: 1 is held and nobody does, so dropping it costs no system call; 2 is
 * held and somebody might. Who has slept once takes the lock as 2, since it can't know whether others still sleep.
 * A drop wakes all sleepers; sections are short and contention is rare, so a herd is cheaper than a second kind of
 * wake in every implementation of park.
 */
#include "base/deadline.h"
#include "base/os/os.h"

enum { FREE = 0, HELD = 1, CONTENDED = 2 };

void ntf_lock_init(struct ntf_lock *lock)
{
    ntf_init(&lock->state, (uint32_t)FREE);
}

void ntf_lock_take(struct ntf_lock *lock)
{
    uint32_t found = FREE;
    if (ntf_cas(&lock->state, &found, (uint32_t)HELD, NTF_ACQUIRE))
        return;
    while (ntf_exchange(&lock->state, (uint32_t)CONTENDED, NTF_ACQUIRE) != FREE)
        (void)ntf_os_park(&lock->state, CONTENDED, NTF_FOREVER);
}

void ntf_lock_drop(struct ntf_lock *lock)
{
    /* Once this is FREE another thread may take the lock and free its memory. The wake only needs the address, as
     * a key: at worst it is a spurious wake for whoever lives there now. */
    if (ntf_exchange(&lock->state, (uint32_t)FREE, NTF_RELEASE) == CONTENDED)
        ntf_os_unpark_all(&lock->state);
}
