/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queue submissions. A fence of ours never goes down: a pooled fence of the layer's takes its place, or a batch that
 * signals behind all others (vulkan/signal.h). So the signal comes after everything in the submission, and after
 * everything earlier on the queue, also with a count of 0 (vkQueueSubmit: "fence signal operation").
 */
#include "base/os/compiler.h"
#include "vulkan/commands.h"
#include "vulkan/keyed.h"
#include "vulkan/signal.h"

/* One of the three shapes of a submission. */
struct submission {
    struct ntf_device *device;
    VkQueue queue;
    uint32_t count;
    const void *infos;
};

struct shape {
    VkResult (*down)(const struct submission *submission, VkFence fence);
    ntf_batches_append append; /* NULL: none can be put behind */
};

static enum ntf_outcome outcome_of(VkResult result)
{
    if (result == VK_SUCCESS)
        return NTF_OUTCOME_TAKEN;
    return result == VK_ERROR_DEVICE_LOST ? NTF_OUTCOME_LOST : NTF_OUTCOME_REFUSED;
}

/* With a batch of ours, and no fence: an error says that nothing of it has been submitted. */
static VkResult pass_down_with_batch(const struct submission *submission, const struct ntf_signal *signal,
                                const struct shape *shape)
{
    const struct ntf_timeline_write *write = &signal->of.write;
    struct submission more = *submission;
    struct ntf_batches batches;
    VkResult result;

    if (!shape->append(&batches, submission->count, submission->infos, write->semaphores, write->values))
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    more.count = batches.count;
    more.infos = batches.infos;
    result = shape->down(&more, signal->below);
    ntf_batches_free(&batches);
    return result;
}

static VkResult pass_down(const struct submission *submission, const struct ntf_signal *signal,
                          const struct shape *shape)
{
    if (signal->route != NTF_ROUTE_DRIVER && ntf_device_lost(submission->device))
        return VK_ERROR_DEVICE_LOST; /* VK_KHR_maintenance5: once it has been said, it is said again */
    if (signal->route == NTF_ROUTE_TIMELINE)
        return pass_down_with_batch(submission, signal, shape);
    return shape->down(submission, signal->below);
}

static NTF_SELDOM VkResult submit(VkQueue queue, uint32_t count, const void *infos, VkFence fence,
                                  const struct shape *shape)
{
    struct ntf_device *device = ntf_device_of(queue);
    const struct submission submission = { device, queue, count, infos };
    struct ntf_signal signal;
    VkResult result;

    if (ntf_keyed_refuses(device, fence, "a queue submission"))
        return VK_ERROR_UNKNOWN;
    /* Whatever may fail fails here: an error of memory promises that nothing has happened. */
    if (!ntf_signal_of_queue(&signal, device, queue, fence, shape->append != NULL))
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    result = pass_down(&submission, &signal, shape);
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

static const struct shape shape_submit = { down_submit, ntf_batches_append_submit };
static const struct shape shape_submit2 = { down_submit2, ntf_batches_append_submit2 };
static const struct shape shape_submit2_khr = { down_submit2_khr, ntf_batches_append_submit2 };
/* vkQueueBindSparse: batches "may complete out of order", and a batch's semaphores are signalled when its own bindings
 * are done (VkBindSparseInfo): the one behind them says nothing of them. A fence does. */
static const struct shape shape_bind_sparse = { down_bind_sparse, NULL };

NTF_COMMAND(VkResult)
ntf_vkQueueSubmit(VkQueue queue, uint32_t count, const VkSubmitInfo *infos, VkFence fence)
{
    struct ntf_device *passes = ntf_device_passes(queue);

    if (passes)
        return passes->next.QueueSubmit(queue, count, infos, fence);
    return submit(queue, count, infos, fence, &shape_submit);
}

NTF_COMMAND(VkResult)
ntf_vkQueueSubmit2(VkQueue queue, uint32_t count, const VkSubmitInfo2 *infos, VkFence fence)
{
    struct ntf_device *passes = ntf_device_passes(queue);

    if (passes)
        return passes->next.QueueSubmit2(queue, count, infos, fence);
    return submit(queue, count, infos, fence, &shape_submit2);
}

NTF_COMMAND(VkResult)
ntf_vkQueueSubmit2KHR(VkQueue queue, uint32_t count, const VkSubmitInfo2 *infos, VkFence fence)
{
    struct ntf_device *passes = ntf_device_passes(queue);

    if (passes)
        return passes->next.QueueSubmit2KHR(queue, count, infos, fence);
    return submit(queue, count, infos, fence, &shape_submit2_khr);
}

NTF_COMMAND(VkResult)
ntf_vkQueueBindSparse(VkQueue queue, uint32_t count, const VkBindSparseInfo *infos, VkFence fence)
{
    struct ntf_device *passes = ntf_device_passes(queue);

    if (passes)
        return passes->next.QueueBindSparse(queue, count, infos, fence);
    return submit(queue, count, infos, fence, &shape_bind_sparse);
}
