/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Doorbells: how a thread that waits for several things learns that one of those that have no value of their own may
 * have come: a submission of a fence, its end, the loss of the device.
 *
 * A waiter hangs up a doorbell of its own, which it waits for like for any object: its value is 1 after a ring. What
 * has happened is not said; the waiter takes the bell down to 0 again and looks at everything.
 *
 * Ordering: hanging up, and taking down to 0, end with a seq_cst fence, after which the waiter looks. A ringer changes
 * what there is to see, then passes a seq_cst fence, then looks for bells. One of the fences comes first, so either the
 * ringer finds the bell or the waiter sees the change. Checked by tests/models/bridge_relacy.py, which has one hang up
 * and a ring beside the bridge.
 *
 * Thread rules: a bell belongs to the thread that hung it up; anybody rings.
 */
#ifndef NTF_FENCE_DOORBELL_H
#define NTF_FENCE_DOORBELL_H

#include "fence/payload.h"

struct ntf_doorbell {
    struct ntf_payload payload;   /* first: what a wait takes (fence/waiter.h); a value payload with target 1 */
    struct ntf_object object;
    ntf_au64 value;
    struct ntf_doorbells *board;
    struct ntf_doorbell *next;    /* protected by the board's lock */
    struct ntf_parker *parker;    /* whoever is armed; protected by the board's lock */
};

struct ntf_doorbells {
    struct ntf_lock lock;
    struct ntf_doorbell *first; /* protected by lock */
    ntf_au32 count;             /* of bells: the gate of a ring */
};

void ntf_doorbells_init(struct ntf_doorbells *board);
/* Wakes every waiter. One fence and one load when there is none. */
void ntf_doorbells_ring(struct ntf_doorbells *board);

void ntf_doorbell_hang(struct ntf_doorbell *bell, struct ntf_doorbells *board);
/* Before looking at everything once more. */
void ntf_doorbell_quiet(struct ntf_doorbell *bell);
void ntf_doorbell_remove(struct ntf_doorbell *bell);

#endif /* NTF_FENCE_DOORBELL_H */
