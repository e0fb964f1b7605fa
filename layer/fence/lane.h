/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of the bridge: records, and the lanes that they wait in. For bridge.c alone. fence/bridge.h has the whole
 * story: what is delivered by whom, the states of a record, the ordering argument, and the model that checks both files
 * (tests/models/bridge_relacy.py).
 *
 * A lane's list is in the order of commit. Only the lane's thread takes records out of it: from its head, out of the
 * common lane's from anywhere. Lock order: a queue's ticket, then its lane's lock, which may be held over the signal of
 * a payload; the bridge's lock by itself.
 */
#ifndef NTF_FENCE_LANE_H
#define NTF_FENCE_LANE_H

#include "base/os/os.h"
#include "fence/bridge.h"

enum record_state {
    RECORD_PENDING,   /* its fence has not been seen signalled */
    RECORD_DELIVERED, /* the payload has been signalled; the record waits to be taken out of the list */
};

struct ntf_bridge_record {
    struct ntf_bridge_record *next; /* protected by the lane's lock */
    struct ntf_bridge_lane *lane;   /* immutable while in use */
    struct ntf_payload *payload;    /* one reference; immutable while in use */
    uint64_t value;                 /* the payload's target at submission; immutable while in use */
    struct ntf_pooled *pooled;      /* NULL: the payload is a stand-in, and its fence is waited for */
    uint64_t fence;                 /* of one or the other; immutable while in use */
    uint64_t turn;                  /* counts the lane's records; protected by the lane's lock */
    ntf_au64 seen_ns;               /* when a chase saw its fence signalled; 0: none did */
    enum record_state state;        /* protected by the lane's lock */
    uint32_t holders;               /* the list and everybody who asks the driver about it; protected by the lock */
};

struct ntf_bridge_lane {
    struct ntf_bridge_lane *next; /* immutable once published */
    struct ntf_bridge *bridge;
    uint64_t queue;               /* 0: loose */
    bool common;                  /* a loose one that any number of records share, in no order; immutable */
    uint32_t used;                /* of a loose lane: records; protected by the bridge's lock */
    struct ntf_thread *thread;
    struct ntf_lock ticket;       /* of a queue: who prepares holds it until commit */
    struct ntf_lock lock;
    struct ntf_bridge_record *head, *tail; /* in submission order; protected by lock */
    uint64_t turns;                        /* protected by lock */
    ntf_au32 wake;                         /* the thread sleeps on it; bumped after each commit and by stop */
    ntf_au32 stop;
};

struct ntf_bridge {
    struct ntf_bridge_gate gate;
    struct ntf_pool *pool;
    struct ntf_doorbells *bells;
    struct ntf_lock lock; /* protects the making of lanes and the choice of a loose one */
    ntf_aptr lanes;       /* struct ntf_bridge_lane *, only ever grows at its head */
};

/* The newest lane; their list only grows. */
static inline struct ntf_bridge_lane *ntf_lane_first(struct ntf_bridge *bridge)
{
    return (struct ntf_bridge_lane *)ntf_load(&bridge->lanes, NTF_ACQUIRE);
}

/* What counts as the end of a submission: its fence is signalled, or will never be. An error of memory is neither. */
static inline bool ntf_record_is_over(enum ntf_result result)
{
    return result == NTF_OK || result == NTF_E_LOST;
}

/* ---- lanes ---- */

/* The lane of a queue, made if there is none; NULL without memory or thread. */
struct ntf_bridge_lane *ntf_lane_of(struct ntf_bridge *bridge, uint64_t queue);
/* A loose lane that has no record; a new one while there are not too many; else the common one. NULL without memory or
 * thread. Counts the record that it is wanted for: ntf_record_free gives that back, or ntf_lane_leave if none was made.
 */
struct ntf_bridge_lane *ntf_lane_loose(struct ntf_bridge *bridge);
void ntf_lane_leave(struct ntf_bridge_lane *lane);
/* Puts the record behind all others, and wakes the thread. The record may be gone when this returns. */
void ntf_lane_append(struct ntf_bridge_record *record);
void ntf_lane_wake(struct ntf_bridge_lane *lane);
/* The first record of the lane behind that turn that has not been delivered, held; NULL if there is none. */
struct ntf_bridge_record *ntf_lane_hold_pending(struct ntf_bridge_lane *lane, uint64_t behind);
/* Delivers all of its records that are due. chased: by somebody who does nothing else, so that what is seen signalled
 * has just been signalled. */
void ntf_lane_pull(struct ntf_bridge_lane *lane, bool chased);
/* The thread has ended: frees the lane with what is left of its list, which has either been delivered by a pull or
 * never completed. */
void ntf_lane_finish(struct ntf_bridge_lane *lane);

/* ---- records ---- */

/* pooled NULL: the payload is a stand-in. Takes pooled over on success. Counted as pending before the driver has it:
 * whoever learns of the submission afterwards finds it so. */
struct ntf_bridge_record *ntf_record_new(struct ntf_bridge_lane *lane, struct ntf_payload *payload,
                                         struct ntf_pooled *pooled);
/* The submission will never be: nothing is pending any more. */
void ntf_record_forget(struct ntf_bridge_record *record);
/* Delivers it, unless somebody has; then tells, without a lock. */
void ntf_record_deliver(struct ntf_bridge_record *record);
/* Gives up a hold; the last one recycles the record, without a lock: a driver's reset may call back. */
void ntf_record_release(struct ntf_bridge_record *record);
/* Nobody holds it. used: the driver has had its fence. */
void ntf_record_free(struct ntf_bridge_record *record, bool used);

#endif /* NTF_FENCE_LANE_H */
