/* SPDX-License-Identifier: Apache-2.0 */
#include "vulkan/signal.h"

static enum ntf_route route_of(struct ntf_device *device, VkFence fence, struct ntf_payload **payload)
{
    *payload = ntf_device_payload(device, fence);
    if (!*payload)
        return ntf_device_clean(device, fence) ? NTF_ROUTE_STAND_IN : NTF_ROUTE_DRIVER;
    if (!ntf_payload_is_driver(*payload))
        return NTF_ROUTE_BRIDGE;
    /* A stand-in that has not been reset: the driver judges neither of its fences by the rules that are broken here. */
    return (*payload)->driver.pooled ? NTF_ROUTE_STAND_IN : NTF_ROUTE_DRIVER;
}

bool ntf_signal_is_plain(struct ntf_device *device, VkFence fence)
{
    struct ntf_payload *payload;

    return ntf_fences_none(&device->fences) || route_of(device, fence, &payload) == NTF_ROUTE_DRIVER;
}

static bool take(struct ntf_signal *signal, uint64_t queue, struct ntf_payload *payload)
{
    struct ntf_device *device = signal->device;

    signal->below = signal->fence;
    if (signal->route == NTF_ROUTE_BRIDGE) {
        if (ntf_bridge_prepare(device->bridge, queue, payload, &signal->of.record) != NTF_OK)
            return false;
        signal->below = ntf_fence_handle(ntf_bridge_record_fence(signal->of.record));
    } else if (signal->route == NTF_ROUTE_STAND_IN) {
        if (ntf_payload_new_stand_in(&device->pool, &signal->of.stand_in) != NTF_OK)
            return false;
        signal->below = ntf_fence_handle(signal->of.stand_in->driver.fence);
    }
    return true;
}

bool ntf_signal_of_queue(struct ntf_signal *signal, struct ntf_device *device, VkQueue queue, VkFence fence,
                         bool batch)
{
    struct ntf_payload *payload;

    signal->device = device;
    signal->fence = fence;
    signal->route = route_of(device, fence, &payload);
    if (signal->route == NTF_ROUTE_BRIDGE && !batch)
        ntf_timeline_bypass(payload);
    else if (signal->route == NTF_ROUTE_BRIDGE && ntf_timeline_begin(device, queue, payload, &signal->of.write)) {
        signal->route = NTF_ROUTE_TIMELINE;
        signal->below = VK_NULL_HANDLE;
        return true;
    }
    return take(signal, (uintptr_t)queue, payload);
}

/* Presents of different swapchains are in no order. */
bool ntf_signal_of_present(struct ntf_signal *signal, struct ntf_device *device, VkFence fence)
{
    struct ntf_payload *payload;

    signal->device = device;
    signal->fence = fence;
    signal->route = route_of(device, fence, &payload);
    if (signal->route == NTF_ROUTE_BRIDGE)
        ntf_timeline_bypass(payload);
    return take(signal, 0, payload);
}

bool ntf_signal_of_acquire(struct ntf_signal *signal, struct ntf_device *device, VkFence fence)
{
    struct ntf_payload *payload;

    signal->device = device;
    signal->fence = fence;
    signal->route = route_of(device, fence, &payload);
    if (signal->route == NTF_ROUTE_BRIDGE)
        signal->route = NTF_ROUTE_STAND_IN;
    return take(signal, 0, NULL);
}

static void end_bridge(struct ntf_signal *signal, enum ntf_outcome outcome)
{
    switch (outcome) {
    case NTF_OUTCOME_TAKEN: ntf_bridge_commit(signal->of.record); break;
    case NTF_OUTCOME_REFUSED: ntf_bridge_cancel(signal->of.record); break;
    case NTF_OUTCOME_LOST: ntf_bridge_lose(signal->of.record); break;
    }
}

static void end_timeline(struct ntf_signal *signal, enum ntf_outcome outcome)
{
    switch (outcome) {
    case NTF_OUTCOME_TAKEN: ntf_timeline_commit(&signal->of.write); break;
    case NTF_OUTCOME_REFUSED: ntf_timeline_cancel(&signal->of.write); break;
    case NTF_OUTCOME_LOST: ntf_timeline_abandon(&signal->of.write); break;
    }
}

static void end_stand_in(struct ntf_signal *signal, enum ntf_outcome outcome)
{
    struct ntf_device *device = signal->device;
    struct ntf_payload *stand_in = signal->of.stand_in;

    stand_in->driver.used = outcome != NTF_OUTCOME_REFUSED;
    if (outcome != NTF_OUTCOME_TAKEN) {
        ntf_payload_unref(stand_in);
        return;
    }
    ntf_fences_put_temporary(&device->fences, ntf_fence_number(signal->fence), stand_in);
    ntf_doorbells_ring(&device->bells); /* whoever waits for this fence waited for its submission first */
}

void ntf_signal_end(struct ntf_signal *signal, enum ntf_outcome outcome)
{
    struct ntf_device *device = signal->device;

    if (signal->route == NTF_ROUTE_BRIDGE)
        end_bridge(signal, outcome);
    else if (signal->route == NTF_ROUTE_TIMELINE)
        end_timeline(signal, outcome);
    else if (signal->route == NTF_ROUTE_STAND_IN)
        end_stand_in(signal, outcome);
    if (outcome == NTF_OUTCOME_LOST)
        ntf_device_lose(device);
    else if (ntf_device_lost(device)) { /* by another thread meanwhile, which could not know of this signal */
        ntf_bridge_lose_all(device->bridge);
        ntf_timelines_lose(device);
    }
}
