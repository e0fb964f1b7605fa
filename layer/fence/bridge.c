/* SPDX-License-Identifier: Apache-2.0 */
#include "fence/bridge.h"

#include "base/os/os.h"

#include <stdlib.h>

/* How long a lane's thread stays in one driver call before it looks whether the device is going away. The driver
 * wakes it by itself when the fence is signalled; this is only for a submission that never completes. */
#define LANE_SLICE_NS 250000000ull
/* How long it stays away from a driver that could not wait (out of memory): nothing is known of the fence then. */
#define LANE_RETRY_NS 10000000ull

enum record_state {
    RECORD_PENDING,   /* its fence has not been seen signalled */
    RECORD_DELIVERED, /* the payload has been signalled; the record waits for its place at the head of the lane */
};

struct ntf_bridge_record {
    struct ntf_bridge_record *next; /* protected by the lane's lock */
    struct ntf_bridge_lane *lane;   /* immutable while in use */
    struct ntf_payload *payload;    /* one reference; immutable while in use */
    uint64_t value;                 /* the payload's target at submission; immutable while in use */
    uint64_t fence;                 /* of the pool; immutable */
    enum record_state state;        /* protected by the lane's lock */
    bool reusable;                  /* its fence can be reset; protected by the lane's lock */
    uint32_t holders;               /* the list and everybody who asks the driver about it; protected by the lock */
};

struct ntf_bridge_lane {
    struct ntf_bridge_lane *next; /* immutable once published */
    struct ntf_bridge *bridge;
    uint64_t queue;
    struct ntf_thread *thread;
    struct ntf_lock lock;
    struct ntf_bridge_record *head, *tail; /* in submission order; protected by lock */
    ntf_au32 wake;                         /* the thread sleeps on it; bumped after each commit and by stop */
    ntf_au32 stop;
};

struct ntf_bridge {
    struct ntf_bridge_driver driver; /* immutable */
    struct ntf_lock lock;            /* protects free and the making of lanes */
    struct ntf_bridge_record *free;  /* records with an unsignalled fence each */
    ntf_au32 pending;                /* records committed or about to be, and not delivered: the gate of pulling */
    ntf_aptr lanes;                  /* struct ntf_bridge_lane *, only ever grows at its head */
};

enum ntf_result ntf_bridge_new(const struct ntf_bridge_driver *driver, struct ntf_bridge **out)
{
    struct ntf_bridge *bridge = malloc(sizeof *bridge);

    if (!bridge)
        return NTF_E_NO_MEMORY;
    bridge->driver = *driver;
    ntf_lock_init(&bridge->lock);
    bridge->free = NULL;
    ntf_init(&bridge->pending, 0);
    ntf_init(&bridge->lanes, 0);
    *out = bridge;
    return NTF_OK;
}

static struct ntf_bridge_lane *first_lane(struct ntf_bridge *bridge)
{
    return (struct ntf_bridge_lane *)ntf_load(&bridge->lanes, NTF_ACQUIRE);
}

/* ---- records ---- */

static struct ntf_bridge_record *record_take(struct ntf_bridge *bridge)
{
    struct ntf_bridge_record *record;

    ntf_lock_take(&bridge->lock);
    record = bridge->free;
    if (record)
        bridge->free = record->next;
    ntf_lock_drop(&bridge->lock);
    if (record)
        return record;
    record = malloc(sizeof *record);
    if (record && bridge->driver.make(bridge->driver.context, &record->fence) != NTF_OK) {
        free(record);
        return NULL;
    }
    return record;
}

/* Gives back a record whose fence is unsignalled and in no queue. */
static void record_return(struct ntf_bridge *bridge, struct ntf_bridge_record *record)
{
    ntf_lock_take(&bridge->lock);
    record->next = bridge->free;
    bridge->free = record;
    ntf_lock_drop(&bridge->lock);
}

static void record_destroy(struct ntf_bridge *bridge, struct ntf_bridge_record *record)
{
    bridge->driver.destroy(bridge->driver.context, record->fence);
    free(record);
}

/* A payload that refused its signal. It is told of when no lock is held: the application's own code hears it. */
struct complaint {
    bool due;
    uint64_t value;
    ntf_status status;
};

static void tell(const struct ntf_bridge *bridge, const struct complaint *complaint)
{
    if (complaint->due)
        bridge->driver.complain(bridge->driver.context, complaint->value, complaint->status);
}

static void forget_pending(struct ntf_bridge_record *record)
{
    ntf_fetch_sub(&record->payload->pending, 1, NTF_RELEASE);
    ntf_fetch_sub(&record->lane->bridge->pending, 1, NTF_RELEASE);
}

/* The submission is complete (or its device lost): the payload is signalled, once. Called under the lane's lock. */
static struct complaint deliver_locked(struct ntf_bridge_record *record)
{
    struct complaint complaint = { false, record->value, NTF_STATUS_SUCCESS };

    if (record->state == RECORD_DELIVERED)
        return complaint;
    record->state = RECORD_DELIVERED;
    complaint.due = ntf_payload_signal(record->payload, record->value, &complaint.status) != NTF_OK;
    forget_pending(record);
    return complaint;
}

/* Gives up a hold of the record; the last one recycles it, without a lock: a driver's reset may call back. */
static void record_release(struct ntf_bridge_record *record, bool reusable)
{
    struct ntf_bridge_lane *lane = record->lane;
    struct ntf_bridge *bridge = lane->bridge;
    bool last;

    ntf_lock_take(&lane->lock);
    record->reusable = record->reusable && reusable;
    last = --record->holders == 0;
    ntf_lock_drop(&lane->lock);
    if (!last)
        return;
    ntf_payload_unref(record->payload);
    if (record->reusable && bridge->driver.reset(bridge->driver.context, record->fence) == NTF_OK)
        record_return(bridge, record);
    else
        record_destroy(bridge, record);
}

/* ---- lanes ---- */

/* Sleeps until something is pending; NULL when the lane is to end. The head stays in the list: only the lane's own
 * thread takes records out of it. */
static struct ntf_bridge_record *lane_next(struct ntf_bridge_lane *lane)
{
    for (;;) {
        uint32_t seen = ntf_load(&lane->wake, NTF_ACQUIRE);
        struct ntf_bridge_record *record;

        ntf_lock_take(&lane->lock);
        record = lane->head;
        ntf_lock_drop(&lane->lock);
        if (record || ntf_load(&lane->stop, NTF_ACQUIRE))
            return record;
        ntf_os_park(&lane->wake, seen, UINT64_MAX);
    }
}

/* What counts as the end of a submission: its fence is signalled, or will never be. An error of memory is neither. */
static bool is_over(enum ntf_result result)
{
    return result == NTF_OK || result == NTF_E_LOST;
}

/* Waits until the record's submission is over; false when the lane is to end before that. */
static bool lane_await(struct ntf_bridge_lane *lane, struct ntf_bridge_record *record, enum ntf_result *result)
{
    const struct ntf_bridge_driver *driver = &lane->bridge->driver;

    for (;;) {
        *result = driver->wait(driver->context, record->fence, LANE_SLICE_NS);
        if (is_over(*result))
            return true;
        if (ntf_load(&lane->stop, NTF_ACQUIRE))
            return false;
        if (*result != NTF_TIMEOUT)
            ntf_os_park(&lane->wake, ntf_load(&lane->wake, NTF_RELAXED), ntf_os_now_ns() + LANE_RETRY_NS);
    }
}

static void lane_body(void *context)
{
    struct ntf_bridge_lane *lane = context;
    struct ntf_bridge *bridge = lane->bridge;
    struct ntf_bridge_record *record;
    enum ntf_result result;

    while ((record = lane_next(lane)) && lane_await(lane, record, &result)) {
        struct complaint complaint;

        ntf_lock_take(&lane->lock);
        complaint = deliver_locked(record);
        lane->head = record->next;
        if (!lane->head)
            lane->tail = NULL;
        ntf_lock_drop(&lane->lock);
        tell(bridge, &complaint);
        record_release(record, result == NTF_OK);
    }
}

static struct ntf_bridge_lane *lane_find(struct ntf_bridge *bridge, uint64_t queue)
{
    struct ntf_bridge_lane *lane = first_lane(bridge);

    while (lane && lane->queue != queue)
        lane = lane->next;
    return lane;
}

/* Called under the bridge's lock. */
static struct ntf_bridge_lane *lane_make_locked(struct ntf_bridge *bridge, uint64_t queue)
{
    struct ntf_bridge_lane *lane = malloc(sizeof *lane);

    if (!lane)
        return NULL;
    lane->next = first_lane(bridge);
    lane->bridge = bridge;
    lane->queue = queue;
    ntf_lock_init(&lane->lock);
    lane->head = lane->tail = NULL;
    ntf_init(&lane->wake, 0);
    ntf_init(&lane->stop, 0);
    if (ntf_thread_start(&lane->thread, "ntfence-bridge", lane_body, lane) != NTF_OK) {
        free(lane);
        return NULL;
    }
    ntf_store(&bridge->lanes, (uintptr_t)lane, NTF_RELEASE);
    return lane;
}

static struct ntf_bridge_lane *lane_of(struct ntf_bridge *bridge, uint64_t queue)
{
    struct ntf_bridge_lane *lane = lane_find(bridge, queue);

    if (lane)
        return lane;
    ntf_lock_take(&bridge->lock);
    lane = lane_find(bridge, queue);
    if (!lane)
        lane = lane_make_locked(bridge, queue);
    ntf_lock_drop(&bridge->lock);
    return lane;
}

static void lane_wake(struct ntf_bridge_lane *lane)
{
    ntf_fetch_add(&lane->wake, 1, NTF_RELEASE);
    ntf_os_unpark_all(&lane->wake);
}

/* ---- submissions ---- */

enum ntf_result ntf_bridge_prepare(struct ntf_bridge *bridge, uint64_t queue, struct ntf_payload *payload,
                                   struct ntf_bridge_record **out)
{
    struct ntf_bridge_lane *lane = lane_of(bridge, queue);
    struct ntf_bridge_record *record = lane ? record_take(bridge) : NULL;

    if (!record)
        return NTF_E_NO_MEMORY;
    record->next = NULL;
    record->lane = lane;
    record->payload = ntf_payload_ref(payload);
    record->value = ntf_payload_target(payload);
    record->state = RECORD_PENDING;
    record->reusable = true;
    record->holders = 1;
    /* Counted before the driver has it: whoever learns of the submission afterwards finds the payload pending. */
    ntf_fetch_add(&payload->pending, 1, NTF_RELAXED);
    ntf_fetch_add(&bridge->pending, 1, NTF_RELAXED);
    *out = record;
    return NTF_OK;
}

uint64_t ntf_bridge_record_fence(const struct ntf_bridge_record *record)
{
    return record->fence;
}

void ntf_bridge_commit(struct ntf_bridge_record *record)
{
    struct ntf_bridge_lane *lane = record->lane;

    ntf_lock_take(&lane->lock);
    if (lane->tail)
        lane->tail->next = record;
    else
        lane->head = record;
    lane->tail = record;
    ntf_lock_drop(&lane->lock);
    lane_wake(lane);
}

void ntf_bridge_cancel(struct ntf_bridge_record *record)
{
    struct ntf_bridge *bridge = record->lane->bridge;

    forget_pending(record);
    ntf_payload_unref(record->payload);
    record_return(bridge, record);
}

void ntf_bridge_lose(struct ntf_bridge_record *record)
{
    struct ntf_bridge_lane *lane = record->lane;
    struct complaint complaint;

    ntf_lock_take(&lane->lock);
    complaint = deliver_locked(record);
    ntf_lock_drop(&lane->lock);
    tell(lane->bridge, &complaint);
    record_release(record, false);
}

/* ---- pulling ---- */

/* The first record of the lane that has not been delivered, held; NULL if there is none. */
static struct ntf_bridge_record *hold_first_pending(struct ntf_bridge_lane *lane)
{
    struct ntf_bridge_record *record;

    ntf_lock_take(&lane->lock);
    record = lane->head;
    while (record && record->state == RECORD_DELIVERED)
        record = record->next;
    if (record)
        record->holders++;
    ntf_lock_drop(&lane->lock);
    return record;
}

/* Delivers the first record that is due; false when there is none: behind one that is not over, nothing can be. */
static bool pull_one(struct ntf_bridge_lane *lane)
{
    const struct ntf_bridge_driver *driver = &lane->bridge->driver;
    struct ntf_bridge_record *record = hold_first_pending(lane);
    struct complaint complaint;
    enum ntf_result result;

    if (!record)
        return false;
    result = driver->status(driver->context, record->fence);
    if (is_over(result)) {
        ntf_lock_take(&lane->lock);
        complaint = deliver_locked(record);
        ntf_lock_drop(&lane->lock);
        tell(lane->bridge, &complaint);
    }
    record_release(record, result != NTF_E_LOST);
    return is_over(result);
}

void ntf_bridge_pull_queue(struct ntf_bridge *bridge, uint64_t queue)
{
    if (ntf_load(&bridge->pending, NTF_ACQUIRE) == 0)
        return;
    for (struct ntf_bridge_lane *lane = first_lane(bridge); lane; lane = lane->next)
        while ((!queue || lane->queue == queue) && pull_one(lane))
            ;
}

/* ---- the end ---- */

/* The thread has ended; what is left of its list has either been delivered by a pull or never completed. */
static void lane_finish(struct ntf_bridge_lane *lane)
{
    struct ntf_bridge *bridge = lane->bridge;
    const struct ntf_bridge_driver *driver = &bridge->driver;

    for (struct ntf_bridge_record *record = lane->head, *next; record; record = next) {
        next = record->next;
        if (record->state == RECORD_PENDING) {
            driver->complain(driver->context, record->value, NTF_STATUS_PENDING);
            forget_pending(record);
        }
        ntf_payload_unref(record->payload);
        record_destroy(bridge, record);
    }
    free(lane);
}

void ntf_bridge_destroy(struct ntf_bridge *bridge)
{
    struct ntf_bridge_lane *lane;

    if (!bridge)
        return;
    ntf_bridge_pull_queue(bridge, 0);
    for (lane = first_lane(bridge); lane; lane = lane->next) {
        ntf_store(&lane->stop, 1, NTF_RELEASE);
        lane_wake(lane);
    }
    /* Nothing goes before the last thread has ended: until then one may be told something by the driver, and ask. */
    for (lane = first_lane(bridge); lane; lane = lane->next)
        ntf_thread_join(lane->thread);
    while ((lane = first_lane(bridge))) {
        ntf_store(&bridge->lanes, (uintptr_t)lane->next, NTF_RELEASE);
        lane_finish(lane);
    }
    while (bridge->free) {
        struct ntf_bridge_record *record = bridge->free;

        bridge->free = record->next;
        record_destroy(bridge, record);
    }
    free(bridge);
}
