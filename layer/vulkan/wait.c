/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vkWaitForFences over any mixture of imported and plain fences. The relative timeout becomes one absolute deadline
 * here, and nowhere else.
 *
 *   all          the imported ones first, then the plain ones in one call of the driver's with what time is left:
 *                a value that has been reached stays reached, so no order can lose one;
 *   any, of imported ones only     one park (fence/waiter.h);
 *   any, mixed   the calling thread looks at the imported ones, then stays in the driver for a slice, and so on.
 *                A plain fence that was never submitted has nothing special: the driver times out on it.
 */
#include <stdlib.h>

#include "base/deadline.h"
#include "fence/waiter.h"
#include "vulkan/commands.h"
#include "vulkan/device.h"

#define SLICE_NS 2000000ull

/* A wait list taken apart. */
struct parts {
    struct ntf_device *device;
    struct ntf_payload **payloads; /* of the imported ones */
    VkFence *plain;                /* in the application's order */
    uint32_t payload_count, plain_count;
    void *memory; /* NULL: the scratch on the stack was enough */
    struct ntf_payload *payload_scratch[NTF_WAIT_SCRATCH];
    VkFence plain_scratch[NTF_WAIT_SCRATCH];
};

static uint32_t count_imported(struct ntf_device *device, uint32_t count, const VkFence *fences)
{
    uint32_t imported = 0;

    for (uint32_t i = 0; i < count; i++)
        imported += ntf_device_payload(device, fences[i]) != NULL;
    return imported;
}

/* False without memory. */
static bool make_room(struct parts *parts, uint32_t count)
{
    parts->payloads = parts->payload_scratch;
    parts->plain = parts->plain_scratch;
    parts->memory = NULL;
    if (count <= NTF_WAIT_SCRATCH)
        return true;
    parts->memory = calloc(count, sizeof *parts->plain + sizeof *parts->payloads);
    if (!parts->memory)
        return false;
    parts->plain = parts->memory;
    parts->payloads = (void *)(parts->plain + count);
    return true;
}

/* Takes the list apart, and delivers what submissions of this process still owe the imported ones. */
static void take_apart(struct parts *parts, uint32_t count, const VkFence *fences)
{
    parts->payload_count = parts->plain_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct ntf_payload *payload = ntf_device_payload(parts->device, fences[i]);

        if (payload) {
            ntf_device_pull(parts->device, payload);
            parts->payloads[parts->payload_count++] = payload;
        } else {
            parts->plain[parts->plain_count++] = fences[i];
        }
    }
}

static VkResult wait_plain(const struct parts *parts, VkBool32 all, uint64_t timeout_ns)
{
    struct ntf_device *device = parts->device;
    const VkResult result =
        device->next.WaitForFences(device->handle, parts->plain_count, parts->plain, all, timeout_ns);

    ntf_device_after(device, result);
    return result;
}

static VkResult wait_all(const struct parts *parts, struct ntf_wait *wait, uint64_t deadline_ns)
{
    const enum ntf_result result = ntf_wait_all(wait, &parts->device->poller, deadline_ns);
    VkResult plain = VK_SUCCESS;

    if (result != NTF_OK)
        return ntf_vk_result(result);
    if (parts->plain_count)
        plain = wait_plain(parts, VK_TRUE, ntf_deadline_left(deadline_ns, ntf_os_now_ns()));
    if (plain != VK_SUCCESS)
        return plain;
    /* Only now has the application been told of any of them. */
    ntf_wait_told(wait);
    return VK_SUCCESS;
}

static VkResult wait_any_mixed(const struct parts *parts, struct ntf_wait *wait, uint64_t deadline_ns)
{
    for (;;) {
        uint64_t left;
        uint32_t index;
        VkResult result;

        if (ntf_wait_any(wait, &parts->device->poller, 0, &index) == NTF_OK)
            return VK_SUCCESS;
        left = ntf_deadline_left(deadline_ns, ntf_os_now_ns());
        result = wait_plain(parts, VK_FALSE, left < SLICE_NS ? left : SLICE_NS);
        if (result != VK_TIMEOUT || left == 0)
            return result;
    }
}

static VkResult wait_any(const struct parts *parts, struct ntf_wait *wait, uint64_t deadline_ns)
{
    uint32_t index;

    if (parts->plain_count)
        return wait_any_mixed(parts, wait, deadline_ns);
    return ntf_vk_result(ntf_wait_any(wait, &parts->device->poller, deadline_ns, &index));
}

static VkResult wait_parts(const struct parts *parts, VkBool32 all, uint64_t deadline_ns)
{
    struct ntf_wait wait;
    VkResult result;

    if (ntf_wait_begin(&wait, parts->payloads, parts->payload_count) != NTF_OK)
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    result = all ? wait_all(parts, &wait, deadline_ns) : wait_any(parts, &wait, deadline_ns);
    ntf_wait_end(&wait);
    return result;
}

NTF_COMMAND(VkResult)
ntf_vkWaitForFences(VkDevice handle, uint32_t count, const VkFence *fences, VkBool32 all, uint64_t timeout_ns)
{
    struct ntf_device *device = ntf_device_of(handle);
    struct parts parts;
    uint64_t deadline_ns;
    VkResult result;

    if (ntf_fences_none(&device->fences) || count_imported(device, count, fences) == 0) {
        result = device->next.WaitForFences(handle, count, fences, all, timeout_ns);
        ntf_device_after(device, result);
        return result;
    }
    deadline_ns = ntf_deadline_after(ntf_os_now_ns(), timeout_ns);
    parts.device = device;
    if (!make_room(&parts, count))
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    take_apart(&parts, count, fences);
    result = wait_parts(&parts, all, deadline_ns);
    free(parts.memory);
    return result;
}
