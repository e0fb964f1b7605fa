/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queue submissions. A fence of ours never goes down: a pooled fence of the layer's takes its place, and the bridge
 * signals the payload when that one is signalled (fence/bridge.h). Its place is the fence's own, so the signal comes
 * after everything in the submission, and after everything earlier on the queue, also with a count of 0
 * (vkQueueSubmit: "fence signal operation").
 */
#include "vulkan/commands.h"
#include "vulkan/device.h"

/* One of the three shapes of a submission. */
struct submission {
    struct ntf_device *device;
    VkQueue queue;
    uint32_t count;
    const void *infos;
    VkResult (*down)(const struct submission *submission, VkFence fence);
};

static VkResult submit(const struct submission *submission, VkFence fence)
{
    struct ntf_device *device = submission->device;
    struct ntf_payload *payload = ntf_device_payload(device, fence);
    struct ntf_bridge_record *record;
    VkResult result;

    if (!payload)
        return submission->down(submission, fence);
    /* Whatever may fail fails here: an error of memory promises that nothing has happened. */
    if (ntf_bridge_prepare(device->bridge, (uintptr_t)submission->queue, payload, &record) != NTF_OK)
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    result = submission->down(submission, ntf_fence_handle(ntf_bridge_record_fence(record)));
    if (result == VK_SUCCESS)
        ntf_bridge_commit(record);
    else if (result == VK_ERROR_DEVICE_LOST)
        ntf_bridge_lose(record);
    else
        ntf_bridge_cancel(record);
    return result;
}

static VkResult down_submit(const struct submission *s, VkFence fence)
{
    return s->device->next.QueueSubmit(s->queue, s->count, s->infos, fence);
}

static VkResult down_submit2(const struct submission *s, VkFence fence)
{
    return s->device->next.QueueSubmit2(s->queue, s->count, s->infos, fence);
}

static VkResult down_submit2_khr(const struct submission *s, VkFence fence)
{
    return s->device->next.QueueSubmit2KHR(s->queue, s->count, s->infos, fence);
}

static VkResult down_bind_sparse(const struct submission *s, VkFence fence)
{
    return s->device->next.QueueBindSparse(s->queue, s->count, s->infos, fence);
}

NTF_COMMAND(VkResult)
ntf_vkQueueSubmit(VkQueue queue, uint32_t count, const VkSubmitInfo *infos, VkFence fence)
{
    return submit(&(struct submission){ ntf_device_of(queue), queue, count, infos, down_submit }, fence);
}

NTF_COMMAND(VkResult)
ntf_vkQueueSubmit2(VkQueue queue, uint32_t count, const VkSubmitInfo2 *infos, VkFence fence)
{
    return submit(&(struct submission){ ntf_device_of(queue), queue, count, infos, down_submit2 }, fence);
}

NTF_COMMAND(VkResult)
ntf_vkQueueSubmit2KHR(VkQueue queue, uint32_t count, const VkSubmitInfo2 *infos, VkFence fence)
{
    return submit(&(struct submission){ ntf_device_of(queue), queue, count, infos, down_submit2_khr }, fence);
}

NTF_COMMAND(VkResult)
ntf_vkQueueBindSparse(VkQueue queue, uint32_t count, const VkBindSparseInfo *infos, VkFence fence)
{
    return submit(&(struct submission){ ntf_device_of(queue), queue, count, infos, down_bind_sparse }, fence);
}
