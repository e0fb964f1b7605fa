// SPDX-License-Identifier: Apache-2.0
/*
 * What a queue does with its work: operation by operation, in order, until one has to wait. By a thread of the queue's,
 * made with the first work, or by whoever changes something (FAKE_IMMEDIATE).
 */
#include "driver.h"

#include <stdlib.h>
#include <string.h>

struct op *ops_add(struct ops *ops, enum op_kind kind)
{
    if (ops->count == ops->room) {
        ops->room = ops->room ? 2 * ops->room : 8;
        ops->list = realloc(ops->list, ops->room * sizeof *ops->list);
        if (!ops->list)
            give_up("out of memory");
    }
    struct op *op = &ops->list[ops->count++];
    memset(op, 0, sizeof *op);
    op->kind = kind;
    return op;
}

struct work *work_new(void)
{
    struct work *work = calloc(1, sizeof *work);

    if (!work)
        give_up("out of memory");
    return work;
}

// What of it has not been done is given up.
void work_end(struct work *work)
{
    for (unsigned i = work->done; i < work->ops.count; i++)
        if (work->ops.list[i].fence)
            fence_finish(&work->ops.list[i], false);
    free(work->ops.list);
    free(work);
}

// ---- one operation

static bool can_run(const struct op *op)
{
    switch (op->kind) {
    case OP_WAIT_SEMAPHORE:
        return op->semaphore->timeline ? semaphore_value(op->semaphore) >= op->value : op->semaphore->value != 0;
    case OP_WAIT_EVENT: return op->event->set;
    default: return true;
    }
}

static void run(const struct op *op)
{
    switch (op->kind) {
    case OP_WAIT_SEMAPHORE:
        if (!op->semaphore->timeline)
            op->semaphore->value = 0;
        break;
    case OP_SIGNAL_SEMAPHORE: semaphore_signal(op->semaphore, op->value); break;
    case OP_WAIT_EVENT: break;
    case OP_SET_EVENT: op->event->set = true; break;
    case OP_RESET_EVENT: op->event->set = false; break;
    case OP_FENCE: fence_finish(op, true); break;
    case OP_PRESENT: swapchain_present(op); break;
    }
}

// ---- a queue

static bool may_begin(struct queue *queue)
{
    if (!queue->held)
        return true;
    if (!queue->steps)
        return false;
    queue->steps--;
    return true;
}

static void finish_first(struct queue *queue)
{
    struct work *work = queue->first;

    queue->first = work->next;
    if (!queue->first)
        queue->last = NULL;
    queue->length--;
    work_end(work);
}

// Does what can be done now; true if that was something.
static bool advance(struct queue *queue)
{
    bool progress = false;

    while (queue->first) {
        struct work *work = queue->first;
        if (!work->begun && !may_begin(queue))
            return progress;
        work->begun = true;
        for (; work->done < work->ops.count; work->done++) {
            if (!can_run(&work->ops.list[work->done]))
                return progress;
            run(&work->ops.list[work->done]);
            progress = true;
        }
        finish_first(queue);
        progress = true;
    }
    return progress;
}

// Somebody may have to be looked after whom nobody tells: an imported object is signalled by strangers.
static bool waits_for_stranger(const struct queue *queue)
{
    const struct work *work = queue->first;
    const struct op *op = work && work->begun && work->done < work->ops.count ? &work->ops.list[work->done] : NULL;

    return op && op->kind == OP_WAIT_SEMAPHORE && op->semaphore->kernel;
}

static void thread_body(void *context)
{
    struct queue *queue = context;

    state_lock();
    while (!queue->object.device->ending) {
        if (advance(queue))
            state_changed();
        else
            (void)state_wait(waits_for_stranger(queue) ? ntf_os_now_ns() + 1000000 : UINT64_MAX);
    }
    state_unlock();
}

void queues_advance(void)
{
    bool progress = state.options[FAKE_IMMEDIATE];

    while (progress) {
        progress = false;
        for (struct device *device = state.devices; device; device = device->next)
            for (unsigned i = 0; i < device->queue_count; i++)
                progress |= advance(device->queues[i]);
    }
    state_changed();
}

void queue_push(struct queue *queue, struct work *work)
{
    work->next = NULL;
    if (queue->last)
        queue->last->next = work;
    else
        queue->first = work;
    queue->last = work;
    queue->length++;
    if (!state.options[FAKE_IMMEDIATE] && !queue->thread &&
        ntf_thread_start(&queue->thread, "fake-queue", thread_body, queue) != NTF_OK)
        give_up("no thread for a queue");
    queues_advance();
}

bool queues_refer_to(const struct device *device, const struct object *object)
{
    for (unsigned i = 0; i < device->queue_count; i++)
        for (const struct work *work = device->queues[i]->first; work; work = work->next)
            for (unsigned k = work->done; k < work->ops.count; k++)
                if (work->ops.list[k].object == object)
                    return true;
    return false;
}

// ---- the end of a device

static void drop_all(struct queue *queue)
{
    while (queue->first)
        finish_first(queue);
}

void device_lose(struct device *device)
{
    device->lost = true;
    for (unsigned i = 0; i < device->queue_count; i++)
        drop_all(device->queues[i]);
    for (struct object *object = device->objects; object; object = object->next_of_device)
        if (object->kind == KIND_SWAPCHAIN && object->live) {
            swapchain_release_held((struct swapchain *)object, true, false);
            swapchain_release_held((struct swapchain *)object, false, false);
        }
    state_changed();
}

// The device is ending, so the thread will see it.
void queue_stop(struct queue *queue)
{
    struct ntf_thread *thread = queue->thread;

    queue->thread = NULL;
    if (thread) {
        state_unlock();
        ntf_thread_join(thread);
        state_lock();
    }
    drop_all(queue);
    queue->object.live = false;
}
