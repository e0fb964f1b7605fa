/* SPDX-License-Identifier: Apache-2.0 */
#include "vulkan/parts.h"

#include "base/deadline.h"

#define ASKED_SINGLY 8u

bool ntf_parts_begin(struct ntf_parts *parts, uint32_t count)
{
    parts->payloads = parts->payload_scratch;
    parts->plain = parts->plain_scratch;
    parts->below = parts->below_scratch;
    parts->memory = NULL;
    if (count <= NTF_WAIT_SCRATCH)
        return true;
    parts->memory =
        ntf_room_take(ntf_parts_rooms(parts), (size_t)count + 1, 2 * sizeof *parts->plain + sizeof *parts->payloads);
    if (!parts->memory)
        return false;
    parts->plain = parts->memory;
    parts->below = parts->plain + count;
    parts->payloads = (void *)(parts->below + count);
    return true;
}

bool ntf_parts_take(struct ntf_parts *parts, uint32_t count, const VkFence *fences)
{
    parts->payload_count = parts->plain_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct ntf_payload *payload = ntf_device_payload(parts->device, fences[i]);

        if (payload && ntf_payload_is_keyed(payload)) {
            if (ntf_keyed_wait_add(&parts->keyed, payload) != NTF_OK)
                return false;
        } else if (payload && !ntf_payload_is_driver(payload)) {
            ntf_device_pull(parts->device, payload);
            parts->payloads[parts->payload_count++] = payload;
        } else {
            parts->plain[parts->plain_count++] = fences[i];
        }
    }
    return true;
}

/* ---- the driver's part ---- */

void ntf_parts_look_up(struct ntf_parts *parts, bool watch)
{
    struct ntf_device *device = parts->device;

    parts->below_count = 0;
    parts->waiting = parts->exposed = false;
    for (uint32_t i = 0; i < parts->plain_count; i++) {
        struct ntf_payload *payload = ntf_device_payload(device, parts->plain[i]);

        if (!payload && ntf_device_clean(device, parts->plain[i])) {
            parts->waiting = true;
            continue;
        }
        parts->below[parts->below_count++] = payload ? ntf_fence_handle(payload->driver.fence) : parts->plain[i];
        if (!payload || !payload->driver.pooled || (watch && !ntf_bridge_watch(device->bridge, payload)))
            parts->exposed = true;
    }
}

VkResult ntf_parts_ask(const struct ntf_parts *parts, VkBool32 all, uint64_t timeout_ns)
{
    struct ntf_device *device = parts->device;
    VkResult result;

    if (parts->below_count == 0)
        return VK_TIMEOUT;
    result = device->next.WaitForFences(device->handle, parts->below_count, parts->below, all, timeout_ns);
    ntf_device_after(device, result);
    return result;
}

/* Few are asked one by one: drivers have been seen to take ten times as long for a wait that does not wait. */
VkResult ntf_parts_ask_now(const struct ntf_parts *parts)
{
    struct ntf_device *device = parts->device;
    VkResult result = VK_NOT_READY;

    if (parts->below_count > ASKED_SINGLY)
        return ntf_parts_ask(parts, VK_FALSE, 0);
    for (uint32_t i = 0; i < parts->below_count && result == VK_NOT_READY; i++)
        result = device->next.GetFenceStatus(device->handle, parts->below[i]);
    if (result == VK_NOT_READY)
        return VK_TIMEOUT;
    ntf_device_after(device, result);
    return result;
}

uint64_t ntf_parts_left(const struct ntf_parts *parts)
{
    return ntf_deadline_left(parts->deadline_ns, ntf_os_now_ns());
}
