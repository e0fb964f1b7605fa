/* SPDX-License-Identifier: Apache-2.0 */
#include "fence/bridge.h"

#include <stdlib.h>

#include "fence/lane.h"

enum ntf_result ntf_bridge_new(struct ntf_pool *pool, struct ntf_doorbells *bells, struct ntf_bridge **out)
{
    struct ntf_bridge *bridge = malloc(sizeof *bridge);

    if (!bridge)
        return NTF_E_NO_MEMORY;
    bridge->pool = pool;
    bridge->bells = bells;
    ntf_lock_init(&bridge->lock);
    ntf_init(&bridge->gate.pending, 0);
    ntf_init(&bridge->gate.late_ns, 0);
    ntf_init(&bridge->gate.chased_until_ns, (uint64_t)0);
    ntf_init(&bridge->lanes, 0);
    *out = bridge;
    return NTF_OK;
}

/* ---- submissions ---- */

enum ntf_result ntf_bridge_prepare(struct ntf_bridge *bridge, uint64_t queue, struct ntf_payload *payload,
                                   struct ntf_bridge_record **out)
{
    struct ntf_bridge_lane *lane = queue ? ntf_lane_of(bridge, queue) : ntf_lane_loose(bridge);
    struct ntf_pooled *pooled = lane ? ntf_pool_take(bridge->pool) : NULL;
    struct ntf_bridge_record *record = pooled ? ntf_record_new(lane, payload, pooled) : NULL;

    if (!record) {
        if (pooled)
            ntf_pool_put_unused(bridge->pool, pooled);
        if (lane)
            ntf_lane_leave(lane);
        return NTF_E_NO_MEMORY;
    }
    if (queue)
        ntf_lock_take(&lane->ticket);
    *out = record;
    return NTF_OK;
}

static void give_ticket_back(struct ntf_bridge_lane *lane)
{
    if (lane->queue)
        ntf_lock_drop(&lane->ticket);
}

uint64_t ntf_bridge_record_fence(const struct ntf_bridge_record *record)
{
    return record->fence;
}

void ntf_bridge_commit(struct ntf_bridge_record *record)
{
    struct ntf_bridge_lane *lane = record->lane; /* the record may be gone as soon as it is in the list */

    ntf_lane_append(record);
    give_ticket_back(lane);
}

void ntf_bridge_cancel(struct ntf_bridge_record *record)
{
    give_ticket_back(record->lane);
    ntf_record_forget(record);
    ntf_record_free(record, false);
}

void ntf_bridge_lose(struct ntf_bridge_record *record)
{
    give_ticket_back(record->lane);
    ntf_record_deliver(record);
    ntf_record_release(record);
}

bool ntf_bridge_watch(struct ntf_bridge *bridge, struct ntf_payload *stand_in)
{
    struct ntf_bridge_lane *lane;
    struct ntf_bridge_record *record;

    if (ntf_exchange(&stand_in->driver.watched, 1u, NTF_ACQ_REL))
        return true;
    lane = ntf_lane_loose(bridge);
    record = lane ? ntf_record_new(lane, stand_in, NULL) : NULL;
    if (record) {
        ntf_lane_append(record);
        return true;
    }
    if (lane)
        ntf_lane_leave(lane);
    ntf_store(&stand_in->driver.watched, 0u, NTF_RELEASE);
    ntf_doorbells_ring(bridge->bells); /* others may have taken it for watched meanwhile */
    return false;
}

/* ---- pulling ---- */

static void pull(struct ntf_bridge *bridge, uint64_t queue, bool chased)
{
    if (ntf_load(&bridge->gate.pending, NTF_ACQUIRE) == 0)
        return;
    for (struct ntf_bridge_lane *lane = ntf_lane_first(bridge); lane; lane = lane->next)
        if (!queue || lane->queue == queue)
            ntf_lane_pull(lane, chased);
}

void ntf_bridge_pull_queue(struct ntf_bridge *bridge, uint64_t queue)
{
    pull(bridge, queue, false);
}

void ntf_bridge_chase(struct ntf_bridge *bridge, uint64_t until_ns)
{
    if (ntf_load(&bridge->gate.chased_until_ns, NTF_RELAXED) < until_ns)
        ntf_store(&bridge->gate.chased_until_ns, until_ns, NTF_RELAXED);
    pull(bridge, 0, true);
}

/* Another who chases says so again with his next look. */
void ntf_bridge_chase_end(struct ntf_bridge *bridge)
{
    ntf_store(&bridge->gate.chased_until_ns, (uint64_t)0, NTF_RELAXED);
}

void ntf_bridge_lose_all(struct ntf_bridge *bridge)
{
    for (struct ntf_bridge_lane *lane = ntf_lane_first(bridge); lane; lane = lane->next) {
        struct ntf_bridge_record *record;
        uint64_t behind = 0;

        while ((record = ntf_lane_hold_pending(lane, behind))) {
            behind = record->turn;
            ntf_record_deliver(record);
            ntf_record_release(record);
        }
    }
    ntf_doorbells_ring(bridge->bells);
}

/* ---- the end ---- */

void ntf_bridge_destroy(struct ntf_bridge *bridge)
{
    struct ntf_bridge_lane *lane;

    if (!bridge)
        return;
    ntf_bridge_pull_queue(bridge, 0);
    for (lane = ntf_lane_first(bridge); lane; lane = lane->next) {
        ntf_store(&lane->stop, 1, NTF_RELEASE);
        ntf_lane_wake(lane);
    }
    /* Nothing goes before the last thread has ended: until then one may be told something by the driver, and ask. */
    for (lane = ntf_lane_first(bridge); lane; lane = lane->next)
        ntf_thread_join(lane->thread);
    while ((lane = ntf_lane_first(bridge))) {
        ntf_store(&bridge->lanes, (uintptr_t)lane->next, NTF_RELEASE);
        ntf_lane_finish(lane);
    }
    free(bridge);
}
