/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The monitored-value poller: how a thread that must wait gets through the time.
 *
 * It is the caller itself that looks at CurrentValue: a central thread can never beat the wake that it has to make
 * (measured). A wait goes through three phases:
 *   look    once over all packed (address, target) pairs; most waits in practice end here;
 *   spin    over the same pairs for budget_ns at most, 0 meaning not at all;
 *   park    arm every object, read each value again, and sleep once on everything (kmt/watch.h).
 * A fence whose value is polled here is "monitored" in the kernel's sense while it is armed: its signaller finds the
 * target and wakes us; otherwise it makes no system call.
 *
 * The budget is 0 so far: a wait looks and parks. No state is kept between calls, nothing is allocated, no lock taken.
 */
#ifndef NTF_FENCE_POLLER_H
#define NTF_FENCE_POLLER_H

#include "kmt/watch.h"

struct ntf_poller {
    const struct ntf_park_ops *ops; /* NULL: the operating system's clock and sleep */
};

/* Waits until one of the watches has reached its target. *index is written on NTF_OK only.
 * NTF_OK, NTF_TIMEOUT. deadline_ns: absolute; one that has passed only looks. */
enum ntf_result ntf_poller_wait_any(const struct ntf_poller *poller, struct ntf_watch *watches, uint32_t count,
                                    uint64_t deadline_ns, uint32_t *index);

#endif /* NTF_FENCE_POLLER_H */
