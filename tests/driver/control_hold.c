// SPDX-License-Identifier: Apache-2.0
// What a test holds back and lets go.
#include "control.h"

static void for_queues(VkQueue handle, void (*change)(struct queue *queue, unsigned number), unsigned number)
{
    const struct queue *one = object_find(NUMBER(handle), KIND_QUEUE);

    if (handle && !one)
        give_up("a test names a queue that there is none of");
    for (struct device *device = state.devices; device; device = device->next)
        for (unsigned i = 0; i < device->queue_count; i++)
            if (!one || device->queues[i] == one)
                change(device->queues[i], number);
}

static void set_held(struct queue *queue, unsigned held)
{
    queue->held = held;
    queue->steps = 0;
}

static void add_steps(struct queue *queue, unsigned count)
{
    queue->steps += count;
}

void control_queue_hold(VkQueue queue)
{
    state_lock();
    if (!queue)
        state.hold_queues = true;
    for_queues(queue, set_held, true);
    state_unlock();
}

void control_queue_release(VkQueue queue)
{
    state_lock();
    if (!queue)
        state.hold_queues = false;
    for_queues(queue, set_held, false);
    queues_advance();
    state_unlock();
}

void control_queue_step(VkQueue queue, unsigned count)
{
    state_lock();
    for_queues(queue, add_steps, count);
    queues_advance();
    state_unlock();
}

unsigned control_queue_pending(VkQueue handle)
{
    unsigned count = 0;

    state_lock();
    const struct queue *one = object_find(NUMBER(handle), KIND_QUEUE);
    for (struct device *device = state.devices; device; device = device->next)
        for (unsigned i = 0; i < device->queue_count; i++)
            if (!handle || device->queues[i] == one)
                count += device->queues[i]->length;
    state_unlock();
    return count;
}

enum held { ACQUIRES, PRESENTS, STARVE };

static void set_swapchain(struct swapchain *swapchain, enum held what, bool on)
{
    if (what == STARVE)
        swapchain->starve = on;
    else if (what == ACQUIRES)
        swapchain->hold_acquire = on;
    else
        swapchain->hold_present = on;
    if (!on && what == ACQUIRES)
        swapchain->starve = false;
    if (!on)
        swapchain_release_held(swapchain, what == ACQUIRES, true);
}

static void for_swapchains(VkSwapchainKHR handle, enum held what, bool on)
{
    struct swapchain *one;

    state_lock();
    one = object_find(NUMBER(handle), KIND_SWAPCHAIN);
    if (handle && !one)
        give_up("a test names a swapchain that there is none of");
    if (!handle && what == ACQUIRES)
        state.hold_acquires = on;
    if (!handle && what == PRESENTS)
        state.hold_presents = on;
    if (!handle && what != PRESENTS)
        state.starve = what == STARVE;
    for (struct device *device = state.devices; device; device = device->next)
        for (struct object *object = device->objects; object; object = object->next_of_device)
            if (object->kind == KIND_SWAPCHAIN && object->live && (!handle || object == &one->object))
                set_swapchain((struct swapchain *)object, what, on);
    queues_advance();
    state_unlock();
}

void control_acquire_hold(VkSwapchainKHR swapchain)
{
    for_swapchains(swapchain, ACQUIRES, true);
}

void control_acquire_release(VkSwapchainKHR swapchain)
{
    for_swapchains(swapchain, ACQUIRES, false);
}

void control_present_hold(VkSwapchainKHR swapchain)
{
    for_swapchains(swapchain, PRESENTS, true);
}

void control_present_release(VkSwapchainKHR swapchain)
{
    for_swapchains(swapchain, PRESENTS, false);
}

void control_acquire_starve(VkSwapchainKHR swapchain)
{
    for_swapchains(swapchain, STARVE, true);
}

void control_events_fire(VkDevice handle)
{
    state_lock();
    struct device *one = control_device(handle);
    for (struct device *device = state.devices; device; device = device->next)
        for (struct object *object = device->objects; object; object = object->next_of_device) {
            struct fence *fence = (struct fence *)object;
            if (object->kind != KIND_FENCE || !object->live || (one && one != device) || !fence->waits_for_event)
                continue;
            fence->waits_for_event = false;
            payload_signal(fence->permanent);
        }
    state_changed();
    state_unlock();
}
