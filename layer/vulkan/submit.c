/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queue submissions. A fence of ours never goes down: a pooled fence of the layer's takes its place (vulkan/signal.h).
 * Its place is the fence's own, so the signal comes after everything in the submission, and after everything earlier on
 * the queue, also with a count of 0 (vkQueueSubmit: "fence signal operation").
 */
#include "base/os/compiler.h"
#include "vulkan/commands.h"
#include "vulkan/signal.h"

/* One of the three shapes of a submission. */
struct submission {
    struct ntf_device *device;
    VkQueue queue;
    uint32_t count;
    const void *infos;
};

typedef VkResult (*down_function)(const struct submission *submission, VkFence fence);

static enum ntf_outcome outcome_of(VkResult result)
{
    if (result == VK_SUCCESS)
        return NTF_OUTCOME_TAKEN;
    return result == VK_ERROR_DEVICE_LOST ? NTF_OUTCOME_LOST : NTF_OUTCOME_REFUSED;
}

static NTF_SELDOM VkResult submit(VkQueue queue, uint32_t count, const void *infos, VkFence fence, down_function down)
{
    struct ntf_device *device = ntf_device_of(queue);
    const struct submission submission = { device, queue, count, infos };
    struct ntf_signal signal;
    VkResult result;

    /* Whatever may fail fails here: an error of memory promises that nothing has happened. */
    if (!ntf_signal_of_queue(&signal, device, queue, fence))
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    result = signal.route != NTF_ROUTE_DRIVER && ntf_device_lost(device)
                 ? VK_ERROR_DEVICE_LOST /* VK_KHR_maintenance5: once it has been said, it is said again */
                 : down(&submission, signal.below);
    ntf_signal_end(&signal, outcome_of(result));
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
    struct ntf_device *passes = ntf_device_passes(queue);

    if (passes)
        return passes->next.QueueSubmit(queue, count, infos, fence);
    return submit(queue, count, infos, fence, down_submit);
}

NTF_COMMAND(VkResult)
ntf_vkQueueSubmit2(VkQueue queue, uint32_t count, const VkSubmitInfo2 *infos, VkFence fence)
{
    struct ntf_device *passes = ntf_device_passes(queue);

    if (passes)
        return passes->next.QueueSubmit2(queue, count, infos, fence);
    return submit(queue, count, infos, fence, down_submit2);
}

NTF_COMMAND(VkResult)
ntf_vkQueueSubmit2KHR(VkQueue queue, uint32_t count, const VkSubmitInfo2 *infos, VkFence fence)
{
    struct ntf_device *passes = ntf_device_passes(queue);

    if (passes)
        return passes->next.QueueSubmit2KHR(queue, count, infos, fence);
    return submit(queue, count, infos, fence, down_submit2_khr);
}

NTF_COMMAND(VkResult)
ntf_vkQueueBindSparse(VkQueue queue, uint32_t count, const VkBindSparseInfo *infos, VkFence fence)
{
    struct ntf_device *passes = ntf_device_passes(queue);

    if (passes)
        return passes->next.QueueBindSparse(queue, count, infos, fence);
    return submit(queue, count, infos, fence, down_bind_sparse);
}
