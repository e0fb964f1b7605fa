/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An opened keyed mutex, whatever provider serves it and whichever rung opened it: what fence/ knows of it, and what
 * its tests replace by a fake.
 *
 * A keyed mutex is held by at most one owner. It is released at a key, and taken by whoever asks for that key next; the
 * release leaves a value too, which its companion, a fence that came in the same bundle, has to reach before the
 * taker's work may begin (D3DKMTAcquireKeyedMutex). When an owner ends without having released it, it is abandoned, for
 * good.
 *
 * Two ways to wait for one. soft counts `turns`: a number that rises with every release and when an owner is found to
 * be gone, so that a wait is a watch for one turn more, followed by take(). A kernel's has no such number: `turns` is
 * NULL, and a thread that can be spared sits in block().
 *
 * Thread rules: all of ops from any thread; close once, when nobody else is in a call. Two takers of one struct
 * ntf_mutex exclude each other as those of two processes do.
 */
#ifndef NTF_KMT_MUTEX_H
#define NTF_KMT_MUTEX_H

#include "kmt/object.h"

struct ntf_mutex;
struct ntf_mutex_ops {
    struct ntf_watch_ops watch; /* of turns; watch->object is the struct ntf_mutex. Not called where turns is NULL */
    /* Takes it if it is free and was last released at this key (or made with it). Never waits. *fence_value, written on
     * NTF_OK only: what the companion has to reach. NTF_NOT_READY: held, or released at another key;
     * NTF_E_ABANDONED: for good; NTF_E_LOST; NTF_E_FAILED. *status gets the NTSTATUS; it may be NULL. */
    enum ntf_result (*take)(struct ntf_mutex *mutex, uint64_t key, uint64_t *fence_value, ntf_status *status);
    /* The same, waiting for up to this long, in units of 1 ns (rounded up to the 100 ns of the kernel's clock).
     * NTF_TIMEOUT instead of NTF_NOT_READY. */
    enum ntf_result (*block)(struct ntf_mutex *mutex, uint64_t key, uint64_t timeout_ns, uint64_t *fence_value,
                             ntf_status *status);
    /* Releases at a key. NTF_E_INVALID: it is not held through this struct ntf_mutex. */
    enum ntf_result (*give)(struct ntf_mutex *mutex, uint64_t key, uint64_t fence_value, ntf_status *status);
    /* Abandons it if it is held. */
    void (*close)(struct ntf_mutex *mutex);
};

struct ntf_mutex {
    const struct ntf_mutex_ops *ops; /* immutable, as is all of this */
    const ntf_au64 *turns;           /* NULL: only block() can wait */
    struct ntf_object *companion;    /* owned by whoever owns the mutex, and closed by him first; NULL: none, or one
                                      * that cannot be looked at: then take() and block() wait for its value
                                      * themselves, and give the mutex back as it came if it is not there in time */
    enum ntf_rung rung;
    uint64_t order; /* the same number for the same mutex in all processes as far as that can be known, else its address:
                     * in this order a wait for several takes them */
};

static inline void ntf_mutex_watch(struct ntf_mutex *mutex, uint64_t target, struct ntf_watch *watch)
{
    watch->value = mutex->turns;
    watch->target = target;
    watch->ops = &mutex->ops->watch;
    watch->object = mutex;
    watch->slot = 0;
}

#endif /* NTF_KMT_MUTEX_H */
