// SPDX-License-Identifier: Apache-2.0
// vkQueuePresentKHR: its waits and images go into the queue, with a fence for each swapchain that has one.
#include "driver.h"

struct present {
    struct call call;
    const VkPresentInfoKHR *info;
    struct swapchain *swapchain; // of the one that is looked at
    struct work *work;
};

// With these the command has done what it would have done with VK_SUCCESS, fences and semaphores included.
bool is_enqueued(enum command command, VkResult result)
{
    if (result == VK_SUBOPTIMAL_KHR)
        return true;
    return command == CMD_QueuePresentKHR &&
           (result == VK_ERROR_OUT_OF_DATE_KHR || result == VK_ERROR_SURFACE_LOST_KHR ||
            result == VK_ERROR_FULL_SCREEN_EXCLUSIVE_MODE_LOST_EXT);
}

static const VkSwapchainPresentFenceInfoEXT *fences_of(struct present *present)
{
    const VkSwapchainPresentFenceInfoEXT *fences =
        chain_find(present->info->pNext, VK_STRUCTURE_TYPE_SWAPCHAIN_PRESENT_FENCE_INFO_EXT);

    if (fences && fences->swapchainCount != present->info->swapchainCount)
        violation(&present->call, "swapchain", "VkSwapchainPresentFenceInfoEXT-swapchainCount-07757",
                  "%u fences for %u swapchains", fences->swapchainCount, present->info->swapchainCount);
    return fences;
}

static void judge_image(struct present *present, uint32_t i)
{
    const uint32_t index = present->info->pImageIndices[i];
    const struct swapchain *swapchain = present->swapchain;

    if (index >= swapchain->count || swapchain->states[index] != IMAGE_ACQUIRED)
        violation(&present->call, "swapchain", "VkPresentInfoKHR-pImageIndices-01430", "image %u has not been acquired",
                  index);
}

static void judge_fence(struct present *present, const struct fence *fence)
{
    fence_check(&present->call, fence, "VkSwapchainPresentFenceInfoEXT-pFences-07758",
                "VkSwapchainPresentFenceInfoEXT-pFences-07759");
    for (unsigned i = 0; i < present->work->ops.count; i++)
        if (present->work->ops.list[i].fence == fence)
            violation(&present->call, "fence-pending", "VkSwapchainPresentFenceInfoEXT-pFences-07759",
                      "fence 0x%llx is given for two swapchains", (unsigned long long)NUMBER(fence));
}

// Fences are only noted here: they are in use from the moment that the command goes on.
static void add_swapchain(struct present *present, uint32_t i, VkFence handle)
{
    struct fence *fence = handle ? call_fence(&present->call, handle, true) : NULL;
    struct op *op;

    present->swapchain = call_object(&present->call, NUMBER(present->info->pSwapchains[i]), KIND_SWAPCHAIN);
    if (fence)
        judge_fence(present, fence);
    if (!present->swapchain)
        return;
    judge_image(present, i);
    op = ops_add(&present->work->ops, OP_PRESENT);
    op->swapchain = present->swapchain;
    op->value = present->info->pImageIndices[i];
    op->fence = fence;
}

static void enqueue(struct present *present)
{
    const struct ops *ops = &present->work->ops;

    for (unsigned i = 0; i < ops->count; i++) {
        struct op *op = &ops->list[i];
        if (op->kind != OP_PRESENT)
            continue;
        if (op->value < op->swapchain->count)
            op->swapchain->states[op->value] = IMAGE_PRESENTED;
        if (op->fence)
            fence_begin(op, op->fence);
    }
    queue_push(present->call.queue, present->work);
}

static void give_up_work(struct present *present)
{
    semaphores_take_back(&present->work->ops);
    for (unsigned i = 0; i < present->work->ops.count; i++)
        present->work->ops.list[i].fence = NULL;
    work_end(present->work);
}

static bool is_retired(const struct work *work)
{
    for (unsigned i = 0; i < work->ops.count; i++)
        if (work->ops.list[i].kind == OP_PRESENT && work->ops.list[i].swapchain->retired)
            return true;
    return false;
}

VKAPI_ATTR VkResult VKAPI_CALL vkQueuePresentKHR(VkQueue queue, const VkPresentInfoKHR *info)
{
    struct present present = {.info = info};
    const VkSwapchainPresentFenceInfoEXT *fences;
    VkResult result;

    if (!call_begin_queue(&present.call, CMD_QueuePresentKHR, queue))
        return call_end(&present.call, VK_ERROR_DEVICE_LOST);
    present.work = work_new();
    call_chain(&present.call, info->pNext);
    fences = fences_of(&present);
    for (uint32_t i = 0; i < info->waitSemaphoreCount; i++)
        semaphore_wait_add(&present.call, &present.work->ops, info->pWaitSemaphores[i], 0);
    for (uint32_t i = 0; i < info->swapchainCount; i++)
        add_swapchain(&present, i, fences && i < fences->swapchainCount ? fences->pFences[i] : VK_NULL_HANDLE);
    result = call_order_or_lost(&present.call);
    if (result == VK_SUCCESS && is_retired(present.work))
        result = VK_ERROR_OUT_OF_DATE_KHR;
    if (result == VK_SUCCESS || is_enqueued(CMD_QueuePresentKHR, result))
        enqueue(&present);
    else
        give_up_work(&present);
    for (uint32_t i = 0; i < info->swapchainCount && info->pResults; i++)
        info->pResults[i] = result;
    return call_end(&present.call, result);
}

VKAPI_ATTR VkResult VKAPI_CALL vkReleaseSwapchainImagesEXT(VkDevice device, const VkReleaseSwapchainImagesInfoEXT *info)
{
    struct call call;
    struct swapchain *swapchain;
    VkResult result;

    if (!call_begin(&call, CMD_ReleaseSwapchainImagesEXT, device))
        return call_end(&call, VK_ERROR_DEVICE_LOST);
    swapchain = call_object(&call, NUMBER(info->swapchain), KIND_SWAPCHAIN);
    result = call_order(&call);
    for (uint32_t i = 0; i < info->imageIndexCount && swapchain && result == VK_SUCCESS; i++)
        if (info->pImageIndices[i] < swapchain->count)
            swapchain->states[info->pImageIndices[i]] = IMAGE_FREE;
    state_changed();
    return call_end(&call, result);
}
