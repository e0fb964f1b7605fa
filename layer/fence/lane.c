/* SPDX-License-Identifier: Apache-2.0 */
/* Records of the bridge, the lanes they wait in, and the lanes' threads. */
#include "fence/lane.h"

#include <stdlib.h>

/* How long a lane's thread stays in one driver call before it looks whether the device is going away. The driver
 * wakes it by itself when the fence is signalled; this is only for a submission that never completes. */
#define LANE_SLICE_NS 250000000ull
/* How long it stays away from a driver that could not wait (out of memory): nothing is known of the fence then. */
#define LANE_RETRY_NS 10000000ull
/* How long the common lane waits for its oldest record before it looks at the others. */
#define COMMON_SLICE_NS 2000000ull
/* Every so many records one is waited for although somebody chases it. */
#define LEARN_FROM 64u
/* Later than this, the thread's CPU had been taken away. */
#define MOST_LATE_NS 1000000u

/* ---- records ---- */

/* A payload that refused its signal. It is told of when no lock is held: the application's own code hears it. */
struct complaint {
    bool due;
    uint64_t value;
    ntf_status status;
};

/* After a delivery, without a lock. */
static void tell(struct ntf_bridge *bridge, const struct complaint *complaint)
{
    const struct ntf_driver *driver = &bridge->pool->driver;

    if (complaint->due)
        driver->complain(driver->context, complaint->value, complaint->status);
    ntf_doorbells_ring(bridge->bells);
}

void ntf_record_forget(struct ntf_bridge_record *record)
{
    ntf_fetch_sub(&record->payload->pending, 1, NTF_RELEASE);
    ntf_fetch_sub(&record->lane->bridge->gate.pending, 1, NTF_RELEASE);
}

/* The submission is complete (or its device lost): the payload is signalled, once. A stand-in is what the driver says
 * of it. Called under the lane's lock. */
static struct complaint deliver_locked(struct ntf_bridge_record *record)
{
    struct complaint complaint = { false, record->value, NTF_STATUS_SUCCESS };

    if (record->state == RECORD_DELIVERED)
        return complaint;
    record->state = RECORD_DELIVERED;
    if (!ntf_payload_is_driver(record->payload))
        complaint.due = ntf_payload_signal(record->payload, record->value, &complaint.status) != NTF_OK;
    ntf_record_forget(record);
    return complaint;
}

void ntf_record_free(struct ntf_bridge_record *record, bool used)
{
    struct ntf_bridge *bridge = record->lane->bridge;

    ntf_lane_leave(record->lane);
    if (record->pooled && used)
        ntf_pool_put(bridge->pool, record->pooled);
    else if (record->pooled)
        ntf_pool_put_unused(bridge->pool, record->pooled);
    ntf_payload_unref(record->payload);
    free(record);
}

void ntf_record_release(struct ntf_bridge_record *record)
{
    struct ntf_bridge_lane *lane = record->lane;
    bool last;

    ntf_lock_take(&lane->lock);
    last = --record->holders == 0;
    ntf_lock_drop(&lane->lock);
    if (last)
        ntf_record_free(record, true);
}

struct ntf_bridge_record *ntf_record_new(struct ntf_bridge_lane *lane, struct ntf_payload *payload,
                                         struct ntf_pooled *pooled)
{
    struct ntf_bridge_record *record = malloc(sizeof *record);

    if (!record)
        return NULL;
    record->next = NULL;
    record->lane = lane;
    record->payload = ntf_payload_ref(payload);
    record->value = pooled ? ntf_payload_target(payload) : 0;
    record->pooled = pooled;
    record->fence = pooled ? pooled->fence : payload->driver.fence;
    record->turn = 0;
    ntf_init(&record->seen_ns, (uint64_t)0);
    record->state = RECORD_PENDING;
    record->holders = 1;
    ntf_fetch_add(&payload->pending, 1, NTF_RELAXED);
    ntf_fetch_add(&lane->bridge->gate.pending, 1, NTF_RELAXED);
    return record;
}

void ntf_record_deliver(struct ntf_bridge_record *record)
{
    struct complaint complaint;

    ntf_lock_take(&record->lane->lock);
    complaint = deliver_locked(record);
    ntf_lock_drop(&record->lane->lock);
    tell(record->lane->bridge, &complaint);
}

/* ---- lanes ---- */

/* Sleeps until there is a record; NULL when the lane is to end. It stays in the list, and is held for the caller. */
static struct ntf_bridge_record *lane_next(struct ntf_bridge_lane *lane)
{
    for (;;) {
        uint32_t seen = ntf_load(&lane->wake, NTF_ACQUIRE);
        struct ntf_bridge_record *record;

        ntf_lock_take(&lane->lock);
        record = lane->head;
        if (record)
            record->holders++;
        ntf_lock_drop(&lane->lock);
        if (record || ntf_load(&lane->stop, NTF_ACQUIRE))
            return record;
        ntf_os_park(&lane->wake, seen, UINT64_MAX);
    }
}

/* Waits for the end of the record's submission for so long. */
static bool lane_await(struct ntf_bridge_lane *lane, struct ntf_bridge_record *record, uint64_t timeout_ns)
{
    const struct ntf_driver *driver = &lane->bridge->pool->driver;
    const uint32_t seen = ntf_load(&lane->wake, NTF_ACQUIRE);
    const enum ntf_result result = driver->wait(driver->context, record->fence, timeout_ns);

    if (ntf_record_is_over(result))
        return true;
    if (result != NTF_TIMEOUT)
        ntf_os_park(&lane->wake, seen, ntf_os_now_ns() + LANE_RETRY_NS);
    return false;
}

/* The driver's wait is back. How much later than a chase has seen the fence signalled? That look came before the
 * delivery, which this thread has made itself or has seen made. */
static void learn_late(struct ntf_bridge_record *record)
{
    ntf_au32 *const late = &record->lane->bridge->gate.late_ns;
    const uint64_t seen_ns = ntf_load(&record->seen_ns, NTF_RELAXED), now_ns = seen_ns ? ntf_os_now_ns() : 0;
    const uint32_t before = ntf_load(late, NTF_RELAXED);
    const uint32_t sample = now_ns - seen_ns < MOST_LATE_NS ? (uint32_t)(now_ns - seen_ns) : MOST_LATE_NS;

    if (now_ns > seen_ns)
        ntf_store(late, before == 0 ? sample : before - before / 4 + sample / 4, NTF_RELAXED);
}

/* Leaves the record to whoever chases it until he gives up; but now and then one is waited for all the same, to learn
 * how late the driver is. False: nobody chases, or the device ends. `wake` is read before all else that would change
 * it, as before a sleep for want of records. */
static bool lane_leave_to_chase(struct ntf_bridge_lane *lane, const struct ntf_bridge_record *record)
{
    const uint32_t seen = ntf_load(&lane->wake, NTF_ACQUIRE);
    const uint64_t until_ns = ntf_load(&lane->bridge->gate.chased_until_ns, NTF_RELAXED);
    bool pending;

    if (lane->common || record->turn % LEARN_FROM == 0 || until_ns <= ntf_os_now_ns() ||
        ntf_load(&lane->stop, NTF_ACQUIRE))
        return false;
    ntf_lock_take(&lane->lock);
    pending = record->state == RECORD_PENDING;
    ntf_lock_drop(&lane->lock);
    if (pending)
        ntf_os_park(&lane->wake, seen, until_ns);
    return true;
}

/* Takes what has been delivered out of the list: the first records, and out of a common lane's all. */
static void lane_sweep(struct ntf_bridge_lane *lane)
{
    struct ntf_bridge_record *record, *before = NULL, *done = NULL;

    ntf_lock_take(&lane->lock);
    while ((record = before ? before->next : lane->head) && (lane->common || record->state == RECORD_DELIVERED)) {
        if (record->state != RECORD_DELIVERED) {
            before = record;
            continue;
        }
        if (before)
            before->next = record->next;
        else
            lane->head = record->next;
        if (lane->tail == record)
            lane->tail = before;
        record->next = done;
        done = record;
    }
    ntf_lock_drop(&lane->lock);
    while ((record = done)) {
        done = record->next;
        ntf_record_release(record);
    }
}

static void lane_body(void *context)
{
    struct ntf_bridge_lane *lane = (struct ntf_bridge_lane *)context;
    struct ntf_bridge_record *record;

    while ((record = lane_next(lane))) {
        bool over;

        if (lane_leave_to_chase(lane, record)) {
            lane_sweep(lane);
            ntf_record_release(record);
            continue;
        }
        if (lane->common)
            ntf_lane_pull(lane, false);
        over = lane_await(lane, record, lane->common ? COMMON_SLICE_NS : LANE_SLICE_NS);
        if (over)
            ntf_record_deliver(record);
        if (over)
            learn_late(record);
        lane_sweep(lane);
        ntf_record_release(record);
        if (!over && ntf_load(&lane->stop, NTF_ACQUIRE))
            return;
    }
}

static struct ntf_bridge_lane *lane_find(struct ntf_bridge *bridge, uint64_t queue)
{
    struct ntf_bridge_lane *lane = ntf_lane_first(bridge);

    while (lane && lane->queue != queue)
        lane = lane->next;
    return lane;
}

/* Called under the bridge's lock. */
static struct ntf_bridge_lane *lane_make_locked(struct ntf_bridge *bridge, uint64_t queue, bool common)
{
    struct ntf_bridge_lane *lane = malloc(sizeof *lane);

    if (!lane)
        return NULL;
    lane->next = ntf_lane_first(bridge);
    lane->bridge = bridge;
    lane->queue = queue;
    lane->common = common;
    lane->used = 0;
    ntf_lock_init(&lane->ticket);
    ntf_lock_init(&lane->lock);
    lane->head = lane->tail = NULL;
    lane->turns = 0;
    ntf_init(&lane->wake, 0);
    ntf_init(&lane->stop, 0);
    if (ntf_thread_start(&lane->thread, "ntfence-bridge", lane_body, lane) != NTF_OK) {
        free(lane);
        return NULL;
    }
    ntf_store(&bridge->lanes, (uintptr_t)lane, NTF_RELEASE);
    return lane;
}

struct ntf_bridge_lane *ntf_lane_of(struct ntf_bridge *bridge, uint64_t queue)
{
    struct ntf_bridge_lane *lane = lane_find(bridge, queue);

    if (lane)
        return lane;
    ntf_lock_take(&bridge->lock);
    lane = lane_find(bridge, queue);
    if (!lane)
        lane = lane_make_locked(bridge, queue, false);
    ntf_lock_drop(&bridge->lock);
    return lane;
}

struct ntf_bridge_lane *ntf_lane_loose(struct ntf_bridge *bridge)
{
    struct ntf_bridge_lane *best = NULL, *common = NULL;
    uint32_t others = 0;

    ntf_lock_take(&bridge->lock);
    for (struct ntf_bridge_lane *lane = ntf_lane_first(bridge); lane; lane = lane->next) {
        if (lane->queue)
            continue;
        if (lane->common)
            common = lane;
        else
            others++;
        if (!lane->common && lane->used == 0)
            best = lane;
    }
    if (!best && others < NTF_BRIDGE_LOOSE_LANES - 1)
        best = lane_make_locked(bridge, 0, false);
    if (!best)
        best = common ? common : lane_make_locked(bridge, 0, true);
    if (best)
        best->used++;
    ntf_lock_drop(&bridge->lock);
    return best;
}

void ntf_lane_wake(struct ntf_bridge_lane *lane)
{
    ntf_fetch_add(&lane->wake, 1, NTF_RELEASE);
    ntf_os_unpark_all(&lane->wake);
}

void ntf_lane_leave(struct ntf_bridge_lane *lane)
{
    if (lane->queue)
        return;
    ntf_lock_take(&lane->bridge->lock);
    lane->used--;
    ntf_lock_drop(&lane->bridge->lock);
}

void ntf_lane_append(struct ntf_bridge_record *record)
{
    struct ntf_bridge_lane *lane = record->lane;

    ntf_lock_take(&lane->lock);
    record->turn = ++lane->turns;
    if (lane->tail)
        lane->tail->next = record;
    else
        lane->head = record;
    lane->tail = record;
    ntf_lock_drop(&lane->lock);
    ntf_lane_wake(lane);
}

struct ntf_bridge_record *ntf_lane_hold_pending(struct ntf_bridge_lane *lane, uint64_t behind)
{
    struct ntf_bridge_record *record;

    ntf_lock_take(&lane->lock);
    record = lane->head;
    while (record && (record->state == RECORD_DELIVERED || record->turn <= behind))
        record = record->next;
    if (record)
        record->holders++;
    ntf_lock_drop(&lane->lock);
    return record;
}

/* Delivers the first record behind that turn that is due. True when there may be more: in a queue, nothing is over
 * behind a record that is not. */
static bool pull_one(struct ntf_bridge_lane *lane, bool chased, uint64_t *behind)
{
    const struct ntf_driver *driver = &lane->bridge->pool->driver;
    struct ntf_bridge_record *record = ntf_lane_hold_pending(lane, *behind);
    bool over;

    if (!record)
        return false;
    *behind = record->turn;
    over = ntf_record_is_over(driver->status(driver->context, record->fence));
    if (over && chased)
        ntf_store(&record->seen_ns, ntf_os_now_ns(), NTF_RELAXED);
    if (over)
        ntf_record_deliver(record);
    ntf_record_release(record);
    return over || !lane->queue;
}

void ntf_lane_pull(struct ntf_bridge_lane *lane, bool chased)
{
    uint64_t behind = 0;

    while (pull_one(lane, chased, &behind))
        ;
    /* A queue's thread comes by with the next signal of the driver's; the common lane's may have others to wait for. */
    if (lane->common)
        lane_sweep(lane);
}

void ntf_lane_finish(struct ntf_bridge_lane *lane)
{
    const struct ntf_driver *driver = &lane->bridge->pool->driver;

    for (struct ntf_bridge_record *record = lane->head, *next; record; record = next) {
        next = record->next;
        if (record->state == RECORD_PENDING) {
            if (!ntf_payload_is_driver(record->payload))
                driver->complain(driver->context, record->value, NTF_STATUS_PENDING);
            ntf_record_forget(record);
        }
        ntf_record_free(record, true);
    }
    free(lane);
}

