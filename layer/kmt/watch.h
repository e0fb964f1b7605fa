/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A watch: "wake me when this value reaches this target". The one shape in which every fence object, of whatever
 * provider, is waited for; fence/ builds its waiter on it, soft its D3DKMT waits.
 *
 * An object gives the address of its CurrentValue (always readable, one aligned 64-bit load) and two operations.
 * After arm() has returned, a signal that the caller's next read of *value, which is seq_cst, does not show will wake
 * the parker, or the parker's safety period will make up for it.
 */
#ifndef NTF_KMT_WATCH_H
#define NTF_KMT_WATCH_H

#include "kmt/parker.h"

struct ntf_watch;
struct ntf_watch_ops {
    /* Publishes watch->target and tells the parker what to listen to. Failures are none: an object that cannot be
     * armed sets parker->crowded instead, and the caller re-reads. */
    void (*arm)(struct ntf_watch *watch, struct ntf_parker *parker);
    /* Takes that back. The target may have been reached or not. */
    void (*disarm)(struct ntf_watch *watch, struct ntf_parker *parker);
};

struct ntf_watch {
    const ntf_au64 *value; /* CurrentValue; never NULL */
    uint64_t target;
    const struct ntf_watch_ops *ops;
    void *object; /* for ops */
    uint32_t slot; /* for ops, between arm and disarm */
};

static inline bool ntf_watch_reached(const struct ntf_watch *watch)
{
    return ntf_load((ntf_au64 *)(uintptr_t)watch->value, NTF_ACQUIRE) >= watch->target;
}

/* Looks at all of them in order; the index of the first that is reached, or count. */
uint32_t ntf_watch_first(const struct ntf_watch *watches, uint32_t count);

/* Waits until one of them is reached. Looks once before anything else; parks at most once per wake. *index is
 * written on NTF_OK only. count 0 sleeps until the deadline or ntf_parker_wake. The parker is the caller's, begun.
 * Returns NTF_OK, NTF_TIMEOUT, or NTF_NOT_READY when ntf_parker_wake was called and nothing is reached. */
enum ntf_result ntf_watch_any(struct ntf_watch *watches, uint32_t count, uint64_t deadline_ns,
                              struct ntf_parker *parker, uint32_t *index);

#endif /* NTF_KMT_WATCH_H */
