// SPDX-License-Identifier: Apache-2.0
// Submissions of every shape become one list of operations.
#include "driver.h"

#include <stdlib.h>

struct rules {
    const char *signalled, *pending;
};
static const struct rules submit_rules = {"vkQueueSubmit-fence-00063", "vkQueueSubmit-fence-00064"};
static const struct rules submit2_rules = {"vkQueueSubmit2-fence-04894", "vkQueueSubmit2-fence-04895"};
static const struct rules sparse_rules = {"vkQueueBindSparse-fence-01113", "vkQueueBindSparse-fence-01114"};

static void add_buffer(struct call *call, struct ops *ops, VkCommandBuffer handle)
{
    const struct buffer *buffer = call_object(call, NUMBER(handle), KIND_BUFFER);

    for (unsigned i = 0; buffer && i < buffer->ops.count; i++)
        *ops_add(ops, buffer->ops.list[i].kind) = buffer->ops.list[i];
}

// The i-th value of an array that may be absent or too short; binary semaphores ignore it.
static uint64_t value_at(const uint64_t *values, uint32_t count, uint32_t i)
{
    return values && i < count ? values[i] : 0;
}

static void add_batch(struct call *call, struct ops *ops, const VkSubmitInfo *info)
{
    static const VkTimelineSemaphoreSubmitInfo none = {.sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO};
    const VkTimelineSemaphoreSubmitInfo *values =
        chain_find(info->pNext, VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO);

    values = values ? values : &none;
    call_chain(call, info->pNext);
    for (uint32_t i = 0; i < info->waitSemaphoreCount; i++)
        semaphore_wait_add(call, ops, info->pWaitSemaphores[i],
                           value_at(values->pWaitSemaphoreValues, values->waitSemaphoreValueCount, i));
    for (uint32_t i = 0; i < info->commandBufferCount; i++)
        add_buffer(call, ops, info->pCommandBuffers[i]);
    for (uint32_t i = 0; i < info->signalSemaphoreCount; i++)
        semaphore_signal_add(call, ops, info->pSignalSemaphores[i],
                             value_at(values->pSignalSemaphoreValues, values->signalSemaphoreValueCount, i));
}

static void add_batch2(struct call *call, struct ops *ops, const VkSubmitInfo2 *info)
{
    call_chain(call, info->pNext);
    for (uint32_t i = 0; i < info->waitSemaphoreInfoCount; i++)
        semaphore_wait_add(call, ops, info->pWaitSemaphoreInfos[i].semaphore, info->pWaitSemaphoreInfos[i].value);
    for (uint32_t i = 0; i < info->commandBufferInfoCount; i++)
        add_buffer(call, ops, info->pCommandBufferInfos[i].commandBuffer);
    for (uint32_t i = 0; i < info->signalSemaphoreInfoCount; i++)
        semaphore_signal_add(call, ops, info->pSignalSemaphoreInfos[i].semaphore, info->pSignalSemaphoreInfos[i].value);
}

static void add_sparse(struct call *call, struct ops *ops, const VkBindSparseInfo *info)
{
    const VkSubmitInfo same = {.pNext = info->pNext,
                               .waitSemaphoreCount = info->waitSemaphoreCount,
                               .pWaitSemaphores = info->pWaitSemaphores,
                               .signalSemaphoreCount = info->signalSemaphoreCount,
                               .pSignalSemaphores = info->pSignalSemaphores};
    add_batch(call, ops, &same);
}

// The submission itself, when its list is complete.
static VkResult finish(struct call *call, struct work *work, VkFence handle, const struct rules *rules)
{
    struct fence *fence = handle ? call_fence(call, handle, true) : NULL;
    VkResult result;

    if (fence)
        fence_check(call, fence, rules->signalled, rules->pending);
    result = call_order_or_lost(call);
    if (result == VK_SUCCESS) {
        if (fence)
            fence_begin(ops_add(&work->ops, OP_FENCE), fence);
        queue_push(call->queue, work);
    } else {
        semaphores_take_back(&work->ops);
        work_end(work);
    }
    return call_end(call, result);
}

VKAPI_ATTR VkResult VKAPI_CALL vkQueueSubmit(VkQueue queue, uint32_t count, const VkSubmitInfo *infos, VkFence fence)
{
    struct call call;
    struct work *work;

    if (!call_begin_queue(&call, CMD_QueueSubmit, queue))
        return call_end(&call, VK_ERROR_DEVICE_LOST);
    work = work_new();
    call.record.batch_count = count;
    for (uint32_t i = 0; i < count; i++)
        add_batch(&call, &work->ops, &infos[i]);
    return finish(&call, work, fence, &submit_rules);
}

static VkResult submit2(enum command command, VkQueue queue, uint32_t count, const VkSubmitInfo2 *infos, VkFence fence)
{
    struct call call;
    struct work *work;

    if (!call_begin_queue(&call, command, queue))
        return call_end(&call, VK_ERROR_DEVICE_LOST);
    if (!call.device->synchronization2)
        violation(&call, "feature", "vkQueueSubmit2-synchronization2-03866", "synchronization2 is not enabled");
    work = work_new();
    call.record.batch_count = count;
    for (uint32_t i = 0; i < count; i++)
        add_batch2(&call, &work->ops, &infos[i]);
    return finish(&call, work, fence, &submit2_rules);
}

VKAPI_ATTR VkResult VKAPI_CALL vkQueueSubmit2(VkQueue queue, uint32_t count, const VkSubmitInfo2 *infos, VkFence fence)
{
    return submit2(CMD_QueueSubmit2, queue, count, infos, fence);
}

VKAPI_ATTR VkResult VKAPI_CALL vkQueueSubmit2KHR(VkQueue queue, uint32_t count, const VkSubmitInfo2 *infos,
                                                 VkFence fence)
{
    return submit2(CMD_QueueSubmit2KHR, queue, count, infos, fence);
}

VKAPI_ATTR VkResult VKAPI_CALL vkQueueBindSparse(VkQueue queue, uint32_t count, const VkBindSparseInfo *infos,
                                                 VkFence fence)
{
    struct call call;
    struct work *work;

    if (!call_begin_queue(&call, CMD_QueueBindSparse, queue))
        return call_end(&call, VK_ERROR_DEVICE_LOST);
    work = work_new();
    call.record.batch_count = count;
    for (uint32_t i = 0; i < count; i++)
        add_sparse(&call, &work->ops, &infos[i]);
    return finish(&call, work, fence, &sparse_rules);
}

// ---- idle

static bool is_idle(const struct device *device, const struct queue *queue)
{
    if (queue)
        return queue->length == 0;
    for (unsigned i = 0; i < device->queue_count; i++)
        if (device->queues[i]->length)
            return false;
    return true;
}

static VkResult wait_idle(struct call *call)
{
    VkResult result = call_order_or_lost(call);

    while (result == VK_SUCCESS && !is_idle(call->device, call->queue)) {
        (void)state_wait(UINT64_MAX);
        if (call->device->lost || call->device->ending)
            result = VK_ERROR_DEVICE_LOST;
    }
    return result;
}

VKAPI_ATTR VkResult VKAPI_CALL vkQueueWaitIdle(VkQueue queue)
{
    struct call call;

    if (!call_begin_queue(&call, CMD_QueueWaitIdle, queue))
        return call_end(&call, VK_ERROR_DEVICE_LOST);
    return call_end(&call, wait_idle(&call));
}

// The queues' host access has to be synchronised here, too.
static void use_queues(struct call *call, int by)
{
    for (unsigned i = 0; i < call->device->queue_count; i++) {
        struct queue *queue = call->device->queues[i];
        if (by > 0 && queue->object.uses && !queue->internally_synchronised)
            violation(call, "queue-threads", "", "another thread is in a command with queue %p", (void *)queue);
        queue->object.uses += (unsigned)by;
    }
}

VKAPI_ATTR VkResult VKAPI_CALL vkDeviceWaitIdle(VkDevice device)
{
    struct call call;
    VkResult result;

    if (!call_begin(&call, CMD_DeviceWaitIdle, device))
        return call_end(&call, VK_ERROR_DEVICE_LOST);
    use_queues(&call, 1);
    result = wait_idle(&call);
    use_queues(&call, -1);
    return call_end(&call, result);
}
