/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keyed mutexes of one wait: which it takes, when, and what it sleeps for.
 *
 * A wait takes a mutex in order to end with it, and for no other reason:
 *   any   the first in array order that can be had, when nothing else has ended the wait (its caller looks at all else
 *         first);
 *   all   when all else is there, all of them in one go, in the order of ntf_mutex.order, none of them waited for. So
 *         two waits that want the same two never hold one each. If one cannot be had, all go back before the wait
 *         sleeps, and it sleeps for that one.
 * What has been taken is the wait's until ntf_keyed_wait_end, which leaves it to the fences or gives it back. A payload
 * that is owned already has nothing to be taken, and counts as signalled.
 *
 * A mutex whose companion lacks the value that the mutex came with cannot be had either: it goes back, and the wait
 * sleeps until the companion has it. What the companion has to reach may change meanwhile, when others take the mutex
 * and release it at the same key; that is noticed within NTF_SAFETY_NS, as the end of an owner is.
 *
 * What is slept for
 *   turns      of a mutex that counts them (kmt/mutex.h): one more than before the last attempt. A return of our own is
 *              such a turn too: it is added to what is waited for, lest a wait with the same mutex in two fences, of
 *              which the second never gets it, wakes itself for ever.
 *   a seat     where a mutex does not count them: a thread sits in it (fence/sitter.h). In a wait for all, ownership
 *              that it has brought in vain is followed by a pause of NTF_REREAD_NS without one, for the same reason.
 *   a value    of a companion.
 *   a bell     which rings when another wait has kept the mutex for the same fence, or a seat holds something.
 *
 * Ordering: the turns are read before the attempt, so a release after it is seen as one more; everything else is looked
 * at again after the bell has been hung up (fence/doorbell.h).
 *
 * A wait belongs to the thread that began it.
 */
#ifndef NTF_FENCE_KEYED_WAIT_H
#define NTF_FENCE_KEYED_WAIT_H

#include "fence/doorbell.h"
#include "fence/keyed.h"
#include "fence/waiter.h"

#define NTF_KEYED_SCRATCH 8 /* mutexes that a wait takes without asking for memory */

enum ntf_keyed_lack { NTF_LACK_TURN, NTF_LACK_SEAT, NTF_LACK_VALUE };

struct ntf_keyed_entry {
    struct ntf_payload *payload;
    bool taken;      /* by this wait, with this value */
    uint64_t value;
    bool wants_seat;
    bool seated;     /* a thread sits there */
    enum ntf_keyed_lack lack; /* why the last attempt was in vain, and what has to be reached */
    uint64_t target;
};

struct ntf_keyed_wait {
    struct ntf_keyed_entry *entries; /* any: in array order; all: in the mutexes' order, once the first was tried */
    uint32_t count, room;
    bool all;
    bool sorted;
    bool hollow;       /* all: what a seat has brought was in vain */
    uint32_t obstacle; /* all: the entry that could not be had */
    struct ntf_keyed_house *house;
    struct ntf_payload *culprit; /* after a failure: whose it is, and what was said */
    ntf_status status;
    struct ntf_keyed_entry scratch[NTF_KEYED_SCRATCH];
};

void ntf_keyed_wait_begin(struct ntf_keyed_wait *wait, struct ntf_keyed_house *house, bool all);
/* The same payload twice is one. NTF_E_NO_MEMORY; there is an end all the same. */
enum ntf_result ntf_keyed_wait_add(struct ntf_keyed_wait *wait, struct ntf_payload *payload);
/* success: the wait ends well, and each fence whose mutex was taken keeps it; else all go back. */
void ntf_keyed_wait_end(struct ntf_keyed_wait *wait, bool success);

/* One attempt: one of them, or all. NTF_OK: they are signalled, or taken; NTF_NOT_READY: nothing of what this attempt
 * has taken is still taken. NTF_E_ABANDONED, NTF_E_FAILED and the like: wait->culprit cannot be had; the same. */
enum ntf_result ntf_keyed_wait_try(struct ntf_keyed_wait *wait);

/* How many watches a rest adds at the most. */
static inline uint32_t ntf_keyed_wait_watches(const struct ntf_keyed_wait *wait)
{
    return wait->all && wait->count > 1 ? 1 : wait->count;
}

/* After an attempt in vain: sleeps until it is worth while to look again, or one of the watches of rest is reached, of
 * which the first `before` are the caller's, with a bell among them, and room for ours is behind them. As ntf_wait_any;
 * an *index at or above before, and NTF_TIMEOUT even before the deadline, mean: look. */
enum ntf_result ntf_keyed_wait_rest(struct ntf_keyed_wait *wait, struct ntf_wait *rest, uint32_t before,
                                    struct ntf_poller *poller, uint64_t deadline_ns, uint32_t *index);

/* Attempts and rests, for a wait that has nothing but mutexes left: NTF_OK, NTF_TIMEOUT, NTF_E_LOST, or a failure. */
enum ntf_result ntf_keyed_wait_for(struct ntf_keyed_wait *wait, struct ntf_poller *poller, uint64_t deadline_ns);

#endif /* NTF_FENCE_KEYED_WAIT_H */
