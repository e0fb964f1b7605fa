/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vkWaitForFences over any mixture of imported and plain fences. The relative timeout becomes one absolute deadline
 * here, and nowhere else. What the list is made of is in parts.h, mixed waits in wait_mixed.c.
 *
 *   all          the imported ones first, then the plain ones in one call of the driver's with what time is left:
 *                a value that has been reached stays reached, so no order can lose one;
 *   any, of imported ones only     one park (fence/waiter.h);
 *   imported ones only, that a submission of this process will signal: before all that a chase (fence/chase.h);
 *   any, of plain ones only        one call of the driver's;
 *   any, mixed   a spin over the values, with a look at the driver's in between; then one park as well, as far as the
 *                plain fences have stand-ins: a thread of the layer waits for those in the driver and rings
 *                (fence/bridge.h). The first mixed wait-any that its spin does not end makes the device give stand-ins
 *                to whatever signals a plain fence, from the fence's creation or next reset on (vulkan/signal.h). Until
 *                then, and where the payload may be shared through the driver, the calling thread looks at the fence
 *                itself, in the driver for 2 ms at a time.
 *
 * Behind some of the imported ones there are keyed mutexes (fence/keyed_wait.h): they come last in every look, and are
 * taken only by a wait that ends so.
 *
 * No thread but the caller's is ever inside the driver with a fence of the application's. A plain fence that is in no
 * queue has nothing to wait for: its submission rings.
 */
#include "base/deadline.h"
#include "base/os/compiler.h"
#include "base/os/nearby.h"
#include "vulkan/commands.h"
#include "vulkan/parts.h"

static NTF_WAY_OUT VkResult wait_all(struct ntf_parts *parts, struct ntf_wait *wait)
{
    const enum ntf_result result = ntf_wait_all(wait, &parts->device->poller, parts->deadline_ns);
    VkResult plain = VK_SUCCESS;

    if (result != NTF_OK)
        return ntf_vk_result(result);
    if (parts->plain_count)
        plain = ntf_mixed_plain_all(parts);
    if (plain == VK_SUCCESS && parts->keyed.count)
        plain = ntf_keyed_last(parts->device, &parts->keyed, parts->deadline_ns);
    if (plain != VK_SUCCESS)
        return plain;
    /* Only now has the application been told of any of them. */
    ntf_wait_told(wait);
    return VK_SUCCESS;
}

static NTF_WAY_OUT VkResult wait_any(struct ntf_parts *parts, struct ntf_wait *wait)
{
    uint32_t index;

    if (parts->plain_count || parts->keyed.count)
        return ntf_mixed_look(parts, wait, false);
    return ntf_vk_result(ntf_wait_any(wait, &parts->device->poller, parts->deadline_ns, &index));
}

static NTF_WAY_OUT VkResult wait_parts(struct ntf_parts *parts, VkBool32 all, uint64_t timeout_ns)
{
    struct ntf_wait wait;
    VkResult result;

    if (!all && (parts->plain_count || parts->keyed.count)) {
        ntf_parts_look_up(parts, false);
        if (parts->payload_count == 0 && !parts->waiting && parts->keyed.count == 0)
            return ntf_parts_ask(parts, VK_FALSE, timeout_ns);
        if (timeout_ns > 0)
            return ntf_mixed_any(parts);
    }
    if (ntf_wait_begin_in(&wait, ntf_parts_rooms(parts), parts->payloads, parts->payload_count) != NTF_OK)
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    result = all ? wait_all(parts, &wait) : wait_any(parts, &wait);
    ntf_wait_end(&wait);
    return result;
}

/* What needs no wait to be built, and no clock: imported fences that are signalled, or are only looked at.
 * VK_NOT_READY: they have to be waited for. */
static VkResult glance(struct ntf_device *device, struct ntf_payload *const *payloads, uint32_t count, VkBool32 all,
                       uint64_t timeout_ns)
{
    uint32_t index;
    const enum ntf_result result = ntf_wait_now(&device->poller, payloads, count, all, &index);

    return result == NTF_NOT_READY && timeout_ns == 0 ? VK_TIMEOUT : ntf_vk_result(result);
}

/* Submissions of this process: their fences can be asked sooner than a lane's thread wakes. */
struct chased {
    const struct ntf_parts *parts;
    VkBool32 all;
};

static enum ntf_result look_for_ends(void *context, uint64_t until_ns)
{
    const struct chased *chased = context;
    const struct ntf_parts *parts = chased->parts;
    uint32_t index;

    ntf_bridge_chase(parts->device->bridge, until_ns);
    return ntf_wait_now(&parts->device->poller, parts->payloads, parts->payload_count, chased->all, &index);
}

static bool owes_some(const struct ntf_parts *parts)
{
    for (uint32_t i = 0; i < parts->payload_count; i++)
        if (ntf_load(&parts->payloads[i]->pending, NTF_RELAXED))
            return true;
    return false;
}

static NTF_WAY_OUT VkResult wait_for_imported(struct ntf_parts *parts, VkBool32 all, uint64_t timeout_ns)
{
    struct ntf_device *device = parts->device;
    struct ntf_chase chase;
    VkResult result;

    if (!owes_some(parts))
        return wait_parts(parts, all, timeout_ns);
    result = ntf_vk_result(ntf_chase(&device->chaser, &chase, ntf_bridge_late_ns(device->bridge), parts->deadline_ns,
                                     look_for_ends, &(struct chased){ parts, all }));
    ntf_bridge_chase_end(device->bridge);
    if (result != VK_NOT_READY)
        return result;
    result = wait_parts(parts, all, timeout_ns);
    ntf_chase_over(&device->chaser, &chase, ntf_result_of(result));
    return result;
}

static NTF_WAY_OUT NTF_SELDOM VkResult wait_served(struct ntf_device *device, uint32_t count, const VkFence *fences,
                                                   VkBool32 all, uint64_t timeout_ns)
{
    struct ntf_parts parts;
    VkResult result = VK_NOT_READY;
    bool imported;

    parts.device = device;
    if (!ntf_parts_begin(&parts, count))
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    ntf_keyed_wait_begin(&parts.keyed, &device->keyed, all);
    if (!ntf_parts_take(&parts, count, fences))
        result = VK_ERROR_OUT_OF_HOST_MEMORY;
    imported = parts.plain_count == 0 && parts.keyed.count == 0;
    if (imported && result == VK_NOT_READY)
        result = glance(device, parts.payloads, parts.payload_count, all, timeout_ns);
    if (result == VK_NOT_READY) {
        parts.deadline_ns = ntf_deadline_after(ntf_os_now_ns(), timeout_ns);
        result = imported ? wait_for_imported(&parts, all, timeout_ns) : wait_parts(&parts, all, timeout_ns);
    }
    for (uint32_t i = 0; device->timelines && result == VK_SUCCESS && i < parts.payload_count; i++)
        ntf_timeline_see(device, parts.payloads[i]);
    /* Here the wait commits. */
    ntf_keyed_wait_end(&parts.keyed, result == VK_SUCCESS && !ntf_device_lost(device));
    ntf_room_give(ntf_parts_rooms(&parts), parts.memory);
    return result;
}

static NTF_WAY_OUT NTF_SELDOM VkResult wait_mixture(struct ntf_device *device, uint32_t count, const VkFence *fences,
                                                    VkBool32 all, uint64_t timeout_ns)
{
    const VkResult result =
        ntf_device_lost(device) ? VK_ERROR_DEVICE_LOST : wait_served(device, count, fences, all, timeout_ns);

    /* What a loss has signalled is no success. */
    return ntf_device_lost(device) ? VK_ERROR_DEVICE_LOST : result;
}

/* The commonest list of ours: one imported fence, that is signalled, or is only looked at. */
static NTF_WAY_OUT NTF_SELDOM VkResult wait_one_served(struct ntf_device *device, struct ntf_payload *payload,
                                                       const VkFence *fence, VkBool32 all, uint64_t timeout_ns)
{
    VkResult result = VK_NOT_READY;

    if (payload && !ntf_payload_is_driver(payload)) {
        ntf_device_pull(device, payload);
        if (timeout_ns == 0 && ntf_payload_is_short(payload)) {
            result = VK_TIMEOUT;
        } else if (ntf_payload_status(payload) == NTF_OK) {
            ntf_history_lapse(&payload->history);
            if (device->timelines)
                ntf_timeline_see(device, payload);
            result = VK_SUCCESS;
        } else if (timeout_ns == 0 && !ntf_payload_is_keyed(payload)) {
            result = VK_TIMEOUT;
        }
    }
    if (result == VK_NOT_READY)
        return wait_mixture(device, 1, fence, all, timeout_ns);
    return ntf_device_lost(device) ? VK_ERROR_DEVICE_LOST : result;
}

/* The driver can be asked for the application's own handles. */
static NTF_SELDOM VkResult ask_plain(struct ntf_device *device, uint32_t count, const VkFence *fences, VkBool32 all,
                                     uint64_t timeout_ns)
{
    const VkResult result = device->next.WaitForFences(device->handle, count, fences, all, timeout_ns);

    ntf_device_after(device, result);
    return result;
}

static NTF_WAY_OUT NTF_SELDOM VkResult wait_one(struct ntf_device *device, const VkFence *only, VkBool32 all,
                                                uint64_t timeout_ns)
{
    struct ntf_fence *fence = ntf_fences_find(&device->fences, ntf_fence_number(*only));

    if (fence && ntf_fence_is_ours(fence))
        return wait_one_served(device, ntf_fence_active(fence), only, all, timeout_ns);
    return ask_plain(device, 1, only, all, timeout_ns);
}

static NTF_WAY_OUT NTF_SELDOM VkResult wait_list(struct ntf_device *device, uint32_t count, const VkFence *fences,
                                                 VkBool32 all, uint64_t timeout_ns)
{
    if (!ntf_fences_all_plain(&device->fences, fences, count))
        return wait_mixture(device, count, fences, all, timeout_ns);
    return ask_plain(device, count, fences, all, timeout_ns);
}

/* The device is not the one that was asked for last. */
static NTF_SELDOM VkResult wait_elsewhere(VkDevice handle, uint32_t count, const VkFence *fences, VkBool32 all,
                                          uint64_t timeout_ns)
{
    struct ntf_device *device = ntf_device_of(handle);

    if (count == 1)
        return wait_one(device, fences, all, timeout_ns);
    return wait_list(device, count, fences, all, timeout_ns);
}

/* One fence, on a device of which something is ours. count: so that the arguments stay where they are. */
static NTF_WAY_OUT NTF_SELDOM VkResult wait_single(struct ntf_device *device, uint32_t count, const VkFence *fences,
                                                   VkBool32 all, uint64_t timeout_ns)
{
    if (ntf_table_absent(&device->fences.table, fences, 1))
        return ask_plain(device, count, fences, all, timeout_ns);
    return wait_one(device, fences, all, timeout_ns);
}

/* Each way is a function of its own, so that it saves no more registers than it needs. */
NTF_COMMAND(VkResult)
ntf_vkWaitForFences(VkDevice handle, uint32_t count, const VkFence *fences, VkBool32 all, uint64_t timeout_ns)
{
    struct ntf_device *device = ntf_device_at_hand(handle);

    if (!device)
        return wait_elsewhere(handle, count, fences, all, timeout_ns);
    if (ntf_fences_none(&device->fences))
        return device->next.WaitForFences(handle, count, fences, all, timeout_ns);
    if (count != 1)
        return wait_list(device, count, fences, all, timeout_ns);
    return wait_single(device, count, fences, all, timeout_ns);
}
