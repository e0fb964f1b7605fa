/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chasing: looking again and again at what only the driver can tell, the end of a submission of this process.
 *
 * Overview
 *   A thread that waits for an imported fence which a submission of its own process will signal has two ways to hear
 *   of it: the bridge's thread, which sleeps in the driver, wakes, delivers, and wakes the waiter; or a look of its own
 *   at the bridge's fence, which delivers at once (fence/bridge.h, `pulled`). The look is sooner by all that the driver
 *   takes to wake a thread, which on a GPU is several times what a submission without work takes.
 *   So a chase goes on for as long as what it saves: the driver's wake, which the bridge's threads measure (how long
 *   behind a look that found the fence signalled their own wait came back), and one wake of the kernel's behind it. No
 *   policy that does not know the future has a better worst case, which is twice the best one's.
 *
 * The budget is halved each time that a chase was in vain, and doubled each time that one was not, or that the whole
 * wait turns out to have been so short that all of it would have been enough. A chase between whose looks the clock
 * jumps has lost its CPU: it ends at once, and takes the budget to nothing. Where the process has one CPU, a driver that
 * works on it could not while we look: then only a GPU is chased.
 *
 * Ordering: look has its own. What is remembered of past chases is relaxed: it decides how the time passes, never how
 * a wait ends. No lock is taken, and nothing allocated.
 */
#ifndef NTF_FENCE_CHASE_H
#define NTF_FENCE_CHASE_H

#include "kmt/parker.h"

struct ntf_chaser {
    const struct ntf_park_ops *ops; /* NULL: the operating system's clock */
    bool beside;                    /* what is chased needs no CPU of the process's: it is a GPU's. Immutable */
    ntf_au32 halvings;              /* of the budget; atomic, relaxed */
};

/* Zeroed memory with ops and beside set is as good. */
void ntf_chaser_init(struct ntf_chaser *chaser, const struct ntf_park_ops *ops, bool beside);

/* One chase, and the wait behind it, on its thread's stack. */
struct ntf_chase {
    uint64_t start_ns;
    uint64_t whole_ns; /* the budget before it is halved; 0: there was no chase to learn from */
};

/* Asks look, which is told until when this may go on, until it says anything but NTF_NOT_READY, which is returned, or
 * until the budget or the deadline is over: NTF_NOT_READY; then the caller waits, and calls ntf_chase_over. driver_ns:
 * what the driver's wake has been measured to take (ntf_bridge_late_ns); 0: not yet. Any thread. */
enum ntf_result ntf_chase(struct ntf_chaser *chaser, struct ntf_chase *chase, uint64_t driver_ns, uint64_t deadline_ns,
                          enum ntf_result (*look)(void *context, uint64_t until_ns), void *context);
/* The wait behind a chase that was in vain has ended like this. */
void ntf_chase_over(struct ntf_chaser *chaser, const struct ntf_chase *chase, enum ntf_result result);

#endif /* NTF_FENCE_CHASE_H */
