/* SPDX-License-Identifier: Apache-2.0 */
/* Writes by the GPU: the queues that they are pending on, their ends, and who watches them. */
#include "vulkan/timeline.h"

#include <stdlib.h>

#include "vulkan/timeline_parts.h"

/* How long a write may have been over, or its device lost, before the watcher sees it. */
#define WATCH_NS 250000000ull

static struct ntf_timeline_queue *first_queue(struct ntf_timelines *timelines)
{
    return (struct ntf_timeline_queue *)ntf_load(&timelines->queues, NTF_ACQUIRE);
}

/* ---- the lists of pending writes ---- */

static void unlink_locked(struct ntf_timeline *timeline)
{
    struct ntf_timeline_queue *queue = timeline->queue;

    if (timeline->before)
        timeline->before->after = timeline->after;
    else
        queue->first = timeline->after;
    if (timeline->after)
        timeline->after->before = timeline->before;
    else
        queue->last = timeline->before;
    timeline->queue = NULL;
}

static void append_locked(struct ntf_timeline_queue *queue, struct ntf_timeline *timeline)
{
    timeline->before = queue->last;
    timeline->after = NULL;
    if (queue->last)
        queue->last->after = timeline;
    else
        queue->first = timeline;
    queue->last = timeline;
    timeline->queue = queue;
}

/* The first payload whose writes are over up to that turn, with the reference that they had; NULL if there is none. */
static struct ntf_payload *take_over(struct ntf_timeline_queue *queue, uint64_t turn, uint64_t *due)
{
    struct ntf_lock *lock = &queue->timelines->lock;
    struct ntf_payload *payload = NULL;

    ntf_lock_take(lock);
    if (queue->first && queue->first->turn <= turn) {
        struct ntf_timeline *timeline = queue->first;

        payload = timeline->payload;
        *due = timeline->due;
        unlink_locked(timeline);
        ntf_timeline_object_over(timeline->object, queue, turn);
    }
    ntf_lock_drop(lock);
    return payload;
}

static bool is_idle(struct ntf_timeline_queue *queue)
{
    bool idle;

    ntf_lock_take(&queue->timelines->lock);
    idle = !queue->first;
    ntf_lock_drop(&queue->timelines->lock);
    return idle;
}

/* ---- the ends of writes ---- */

static void retire(struct ntf_timeline_queue *queue)
{
    struct ntf_device *device = queue->timelines->device;
    struct ntf_payload *payload;
    uint64_t over = 0, due;
    VkResult result;

    if (is_idle(queue))
        return;
    result = queue->timelines->counter(device->handle, queue->semaphore, &over);
    if (result == VK_ERROR_DEVICE_LOST)
        ntf_device_lose(device);
    if (result != VK_SUCCESS)
        return;
    ntf_timeline_raise(&queue->over, over);
    while ((payload = take_over(queue, over, &due)))
        ntf_payload_unref(payload);
}

static void retire_all(struct ntf_timelines *timelines)
{
    for (struct ntf_timeline_queue *queue = first_queue(timelines); queue; queue = queue->next)
        retire(queue);
}

void ntf_timelines_retire(struct ntf_device *device)
{
    if (device->timelines)
        retire_all(device->timelines);
}

void ntf_timelines_lose(struct ntf_device *device)
{
    struct ntf_timeline_queue *queue = device->timelines ? first_queue(device->timelines) : NULL;
    struct ntf_payload *payload;
    uint64_t due;

    for (; queue; queue = queue->next) {
        /* Whoever is in the driver meanwhile and gives his write up must not find one before it that is pending. */
        ntf_timeline_raise(&queue->over, UINT64_MAX);
        while ((payload = take_over(queue, UINT64_MAX, &due))) {
            (void)ntf_payload_signal(payload, due, NULL);
            ntf_payload_unref(payload);
        }
    }
}

void ntf_timeline_see(struct ntf_device *device, struct ntf_payload *payload)
{
    struct ntf_timeline *timeline = ntf_timeline_of(payload);
    uint64_t seen, value = 0;
    VkResult result;

    if (!timeline || !device->timelines)
        return;
    seen = ntf_load(&timeline->seen, NTF_ACQUIRE);
    if (ntf_load(&timeline->submitted, NTF_ACQUIRE) <= seen || ntf_object_value(payload->object) <= seen)
        return;
    result = device->timelines->counter(device->handle, timeline->semaphore, &value);
    if (result == VK_SUCCESS)
        ntf_timeline_raise(&timeline->seen, value);
    else if (result == VK_ERROR_DEVICE_LOST)
        ntf_device_lose(device);
}

/* ---- the watcher ---- */

static bool fall_asleep(struct ntf_timelines *timelines)
{
    bool idle = true;

    ntf_lock_take(&timelines->lock);
    for (struct ntf_timeline_queue *queue = first_queue(timelines); queue && idle; queue = queue->next)
        idle = !queue->first;
    timelines->asleep = idle;
    ntf_lock_drop(&timelines->lock);
    return idle;
}

static void rouse(struct ntf_timelines *timelines)
{
    ntf_fetch_add(&timelines->beat, 1, NTF_RELEASE);
    ntf_os_unpark_all(&timelines->beat);
}

static void watch(void *context)
{
    struct ntf_timelines *timelines = context;

    for (;;) {
        const uint32_t beat = ntf_load(&timelines->beat, NTF_ACQUIRE);

        if (ntf_load(&timelines->stop, NTF_ACQUIRE))
            return;
        if (fall_asleep(timelines)) {
            ntf_os_park(&timelines->beat, beat, UINT64_MAX);
        } else {
            ntf_os_park(&timelines->beat, beat, ntf_os_now_ns() + WATCH_NS);
            retire_all(timelines);
        }
    }
}

/* ---- queues ---- */

static struct ntf_timeline_queue *queue_find(struct ntf_timelines *timelines, VkQueue handle)
{
    struct ntf_timeline_queue *queue = first_queue(timelines);

    while (queue && queue->handle != handle)
        queue = queue->next;
    return queue;
}

static struct ntf_timeline_queue *queue_make(struct ntf_timelines *timelines, VkQueue handle)
{
    struct ntf_timeline_queue *queue = malloc(sizeof *queue);

    if (!queue)
        return NULL;
    *queue = (struct ntf_timeline_queue){ .timelines = timelines, .handle = handle };
    ntf_lock_init(&queue->ticket);
    ntf_init(&queue->over, 0);
    if (ntf_timeline_semaphore(timelines->device, &queue->semaphore) == VK_SUCCESS)
        return queue;
    free(queue);
    return NULL;
}

static void queue_free(struct ntf_timeline_queue *queue)
{
    struct ntf_device *device = queue->timelines->device;

    device->next.DestroySemaphore(device->handle, queue->semaphore, NULL);
    free(queue);
}

static bool has_watcher_locked(struct ntf_timelines *timelines)
{
    return timelines->watcher ||
           ntf_thread_start(&timelines->watcher, "ntfence-watch", watch, timelines) == NTF_OK;
}

/* Made before the lock is taken, since no call of the driver's is made under it. */
static struct ntf_timeline_queue *queue_of(struct ntf_timelines *timelines, VkQueue handle)
{
    struct ntf_timeline_queue *found = queue_find(timelines, handle);
    struct ntf_timeline_queue *made = found ? NULL : queue_make(timelines, handle);

    if (!made)
        return found;
    ntf_lock_take(&timelines->making);
    found = queue_find(timelines, handle);
    if (!found && has_watcher_locked(timelines)) {
        found = made;
        made = NULL;
        found->next = first_queue(timelines);
        ntf_store(&timelines->queues, (uintptr_t)found, NTF_RELEASE);
    }
    ntf_lock_drop(&timelines->making);
    if (made)
        queue_free(made);
    return found;
}

/* ---- submissions ---- */

/* With the queue's ticket. */
static bool claim(struct ntf_timeline_write *write)
{
    struct ntf_timeline_object *object = write->timeline->object;
    struct ntf_timeline_queue *elsewhere = ntf_timeline_object_elsewhere(object, write->queue);

    if (elsewhere)
        retire(elsewhere); /* it may be over, and nobody has looked */
    return ntf_timeline_object_claim(object, write, write->values[1]);
}

bool ntf_timeline_begin(struct ntf_device *device, VkQueue queue, struct ntf_payload *payload,
                        struct ntf_timeline_write *write)
{
    struct ntf_timeline *timeline = ntf_timeline_of(payload);

    if (!timeline || !device->timelines)
        return false;
    write->timeline = timeline;
    write->queue = queue_of(device->timelines, queue);
    if (write->queue) {
        ntf_lock_take(&write->queue->ticket);
        write->semaphores[0] = timeline->semaphore;
        write->semaphores[1] = write->queue->semaphore;
        write->values[0] = ntf_payload_target(payload);
        write->values[1] = write->queue->turns + 1;
        if (claim(write)) {
            write->queue->turns++;
            /* Before the driver has it: whoever learns of the submission has the lower chain see it. */
            ntf_timeline_raise(&timeline->submitted, write->values[0]);
            return true;
        }
        ntf_lock_drop(&write->queue->ticket);
    }
    ntf_timeline_bypass(payload);
    return false;
}

void ntf_timeline_commit(struct ntf_timeline_write *write)
{
    struct ntf_timeline *timeline = write->timeline;
    struct ntf_timelines *timelines = write->queue->timelines;
    bool asleep;

    ntf_lock_take(&timelines->lock);
    if (timeline->queue)
        unlink_locked(timeline);
    else
        ntf_payload_ref(timeline->payload);
    timeline->turn = write->values[1];
    timeline->due = write->values[0];
    append_locked(write->queue, timeline);
    asleep = timelines->asleep;
    timelines->asleep = false;
    ntf_lock_drop(&timelines->lock);
    ntf_lock_drop(&write->queue->ticket);
    if (asleep)
        rouse(timelines);
}

void ntf_timeline_cancel(struct ntf_timeline_write *write)
{
    ntf_timeline_object_unclaim(write->timeline->object, write);
    write->queue->turns--;
    ntf_lock_drop(&write->queue->ticket);
}

void ntf_timeline_abandon(struct ntf_timeline_write *write)
{
    (void)ntf_payload_signal(write->timeline->payload, write->values[0], NULL);
    ntf_timeline_cancel(write);
}

void ntf_timeline_bypass(struct ntf_payload *payload)
{
    if (payload->writer)
        ntf_timeline_object_note(ntf_timeline_of(payload)->object, ntf_payload_target(payload));
}

/* ---- the end ---- */

/* Those that are not over are given up, and said so. */
static void queue_finish(struct ntf_timeline_queue *queue)
{
    struct ntf_device *device = queue->timelines->device;
    struct ntf_payload *payload;
    uint64_t due;

    while ((payload = take_over(queue, UINT64_MAX, &due))) {
        device->pool.driver.complain(device, due, NTF_STATUS_PENDING);
        ntf_payload_unref(payload);
    }
    queue_free(queue);
}

void ntf_timelines_stop(struct ntf_device *device)
{
    struct ntf_timelines *timelines = device->timelines;

    if (!timelines)
        return;
    ntf_store(&timelines->stop, 1, NTF_RELEASE);
    rouse(timelines);
    if (timelines->watcher)
        ntf_thread_join(timelines->watcher);
    retire_all(timelines);
}

void ntf_timelines_finish(struct ntf_device *device)
{
    struct ntf_timelines *timelines = device->timelines;
    struct ntf_timeline_queue *queue, *next;

    if (!timelines)
        return;
    for (queue = first_queue(timelines); queue; queue = next) {
        next = queue->next;
        queue_finish(queue);
    }
    device->timelines = NULL;
    free(timelines);
}
