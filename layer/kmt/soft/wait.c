/* SPDX-License-Identifier: Apache-2.0 */
#include "kmt/soft/wait.h"

#include "base/deadline.h"
#include "kmt/soft/calls.h"

#include <stdlib.h>

#define FEW_OBJECTS 32u    /* these need no memory beside the stack */

/* A thread that sleeps in a blocking wait. What a wait holds does not change while it is listed. */
struct sleeper {
    struct ntf_parker *parker;
    const struct soft_wait *wait;
    struct sleeper *next, **at; /* in the list; at: where the pointer to this one is */
};

static struct {
    struct ntf_lock lock; /* protects the list; each sleeper is on the stack of its own thread */
    struct sleeper *list;
} sleepers;

static bool is_released(const struct soft_wait_item *item)
{
    const struct soft_sync *sync = item->sync;

    return soft_sync_released(sync) || (!(sync->flags & NTF_SYNC_UNWAIT_ON_DESTROY) &&
                                        ntf_load(&sync->object->releases, NTF_ACQUIRE) != item->releases);
}

bool soft_wait_look(struct soft_wait *wait)
{
    uint32_t i, done = 0;

    for (i = 0; i < wait->count; i++) {
        struct soft_wait_item *item = &wait->items[i];
        if (!item->done)
            item->done = ntf_object_value(&item->sync->object->base) >= item->target || is_released(item);
        done += item->done;
    }
    return wait->any ? done > 0 : done == wait->count;
}

uint32_t soft_wait_watches(const struct soft_wait *wait, struct ntf_watch *watches)
{
    uint32_t i, count = 0;

    for (i = 0; i < wait->count; i++)
        if (!wait->items[i].done)
            ntf_object_watch(&wait->items[i].sync->object->base, wait->items[i].target, &watches[count++]);
    return count;
}

void soft_wait_drop(struct soft_wait *wait)
{
    uint32_t i;

    for (i = 0; i < wait->count; i++)
        soft_sync_put(wait->items[i].sync);
    wait->count = 0;
}

static bool any_released(const struct soft_wait *wait)
{
    uint32_t i = 0;

    while (i < wait->count && !is_released(&wait->items[i]))
        i++;
    return i < wait->count;
}

void soft_waits_look_again(void)
{
    struct sleeper *sleeper;

    ntf_lock_take(&sleepers.lock);
    for (sleeper = sleepers.list; sleeper; sleeper = sleeper->next)
        if (any_released(sleeper->wait))
            ntf_parker_wake(sleeper->parker);
    ntf_lock_drop(&sleepers.lock);
    soft_async_look_again();
}

static void enter(struct sleeper *sleeper)
{
    ntf_lock_take(&sleepers.lock);
    sleeper->next = sleepers.list;
    sleeper->at = &sleepers.list;
    if (sleeper->next)
        sleeper->next->at = &sleeper->next;
    sleepers.list = sleeper;
    ntf_lock_drop(&sleepers.lock);
}

static void leave(struct sleeper *sleeper)
{
    ntf_lock_take(&sleepers.lock);
    *sleeper->at = sleeper->next;
    if (sleeper->next)
        sleeper->next->at = sleeper->at;
    ntf_lock_drop(&sleepers.lock);
}

/* Sleeps until the wait's end. It is entered in the list before the first look, so that no release is missed. */
static void block(struct soft_wait *wait, struct ntf_watch *watches)
{
    struct ntf_parker parker;
    struct sleeper sleeper = { &parker, wait, NULL, NULL };

    ntf_parker_begin(&parker, NULL);
    enter(&sleeper);
    while (!soft_wait_look(wait)) {
        const uint32_t count = soft_wait_watches(wait, watches);
        uint32_t index;
        (void)ntf_watch_any(watches, count, NTF_FOREVER, &parker, &index);
    }
    leave(&sleeper);
    ntf_parker_end(&parker);
}

/* Fills the items from the caller's arrays; on failure nothing is held. */
static ntf_status gather(const D3DKMT_WAITFORSYNCHRONIZATIONOBJECTFROMCPU *p, struct soft_wait *wait)
{
    ntf_status status = NTF_STATUS_SUCCESS;
    uint32_t i;

    for (i = 0; i < p->ObjectCount && status == NTF_STATUS_SUCCESS; i++) {
        struct soft_sync *sync = soft_sync_get(p->ObjectHandleArray[i]);
        if (!sync) {
            status = NTF_STATUS_INVALID_PARAMETER;
            break;
        }
        wait->items[i].sync = sync;
        wait->items[i].target = p->FenceValueArray[i];
        wait->items[i].releases = ntf_load(&sync->object->releases, NTF_RELAXED);
        wait->items[i].done = false;
        wait->count = i + 1;
        if (!soft_object_is_fence(sync->object))
            status = NTF_STATUS_INVALID_PARAMETER;
        else if (sync->flags & NTF_SYNC_NO_WAIT)
            status = NTF_STATUS_ACCESS_DENIED;
    }
    if (status != NTF_STATUS_SUCCESS)
        soft_wait_drop(wait);
    return status;
}

/* The event is looked at first, also when it can be set at once: a wrong one is refused in every case. */
static ntf_status wait_async(struct soft_wait *wait, ntf_handle event)
{
    ntf_handle kept;
    enum ntf_result result = soft_event_keep(event, &kept);

    if (result != NTF_OK) {
        soft_wait_drop(wait);
        return soft_status_of(result);
    }
    if (soft_wait_look(wait)) {
        soft_event_set(kept);
    } else {
        result = soft_async_add(wait, kept);
        if (result == NTF_OK)
            return NTF_STATUS_SUCCESS;
    }
    soft_event_drop(kept);
    soft_wait_drop(wait);
    return soft_status_of(result);
}

static ntf_status wait_with(const D3DKMT_WAITFORSYNCHRONIZATIONOBJECTFROMCPU *p, struct soft_wait_item *items,
                            struct ntf_watch *watches)
{
    struct soft_wait wait = { items, 0, (p->Flags & NTF_WAIT_FROM_CPU_ANY) != 0 };
    ntf_status status = gather(p, &wait);

    if (status != NTF_STATUS_SUCCESS)
        return status;
    if (p->hAsyncEvent)
        return wait_async(&wait, p->hAsyncEvent);
    if (!soft_wait_look(&wait))
        block(&wait, watches);
    soft_wait_drop(&wait);
    return NTF_STATUS_SUCCESS;
}

ntf_status NTF_APIENTRY soft_WaitForSynchronizationObjectFromCpu(const D3DKMT_WAITFORSYNCHRONIZATIONOBJECTFROMCPU *p)
{
    struct soft_wait_item few_items[FEW_OBJECTS], *items = few_items;
    struct ntf_watch few_watches[FEW_OBJECTS], *watches = few_watches;
    ntf_status status = NTF_STATUS_NO_MEMORY;

    if (!p || !soft_handle_is(p->hDevice, SOFT_DEVICE) || p->ObjectCount == 0 || p->ObjectCount > SOFT_MOST_OBJECTS ||
        !p->ObjectHandleArray || !p->FenceValueArray || (p->Flags & ~NTF_WAIT_FROM_CPU_ANY))
        return NTF_STATUS_INVALID_PARAMETER;
    if (p->ObjectCount > FEW_OBJECTS) {
        items = (struct soft_wait_item *)calloc(p->ObjectCount, sizeof *items);
        watches = (struct ntf_watch *)calloc(p->ObjectCount, sizeof *watches);
    }
    if (items && watches)
        status = wait_with(p, items, watches);
    if (items != few_items)
        free(items);
    if (watches != few_watches)
        free(watches);
    return status;
}
