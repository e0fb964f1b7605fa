// SPDX-License-Identifier: Apache-2.0
/*
 * A layer that stands for the fastest driver there can be: the commands for fences return at once. What is measured
 * above it is the way there alone. Fences are memory of its own, so there may be as many as wanted.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "layer.h"

enum { FENCE_SIZE = 80 };

void layer_device_made(VkDevice device, PFN_vkGetDeviceProcAddr next)
{
    (void)device;
    (void)next;
}

static VKAPI_ATTR VkResult VKAPI_CALL create_fence(VkDevice device, const VkFenceCreateInfo *info,
                                                   const VkAllocationCallbacks *allocator, VkFence *out)
{
    void *fence = malloc(FENCE_SIZE);
    const uint64_t number = (uint64_t)(uintptr_t)fence;

    (void)device;
    (void)info;
    (void)allocator;
    if (!fence)
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    memcpy(out, &number, sizeof number);
    return VK_SUCCESS;
}

static VKAPI_ATTR void VKAPI_CALL destroy_fence(VkDevice device, VkFence fence, const VkAllocationCallbacks *allocator)
{
    uint64_t number;

    (void)device;
    (void)allocator;
    memcpy(&number, &fence, sizeof number);
    free((void *)(uintptr_t)number);
}

static VKAPI_ATTR VkResult VKAPI_CALL reset_fences(VkDevice device, uint32_t count, const VkFence *fences)
{
    (void)device;
    (void)count;
    (void)fences;
    return VK_SUCCESS;
}

static VKAPI_ATTR VkResult VKAPI_CALL get_fence_status(VkDevice device, VkFence fence)
{
    (void)device;
    (void)fence;
    return VK_SUCCESS;
}

static VKAPI_ATTR VkResult VKAPI_CALL wait_for_fences(VkDevice device, uint32_t count, const VkFence *fences,
                                                      VkBool32 all, uint64_t timeout)
{
    (void)device;
    (void)count;
    (void)fences;
    (void)all;
    (void)timeout;
    return VK_SUCCESS;
}

static VKAPI_ATTR VkResult VKAPI_CALL queue_submit(VkQueue queue, uint32_t count, const VkSubmitInfo *submits,
                                                   VkFence fence)
{
    (void)queue;
    (void)count;
    (void)submits;
    (void)fence;
    return VK_SUCCESS;
}

const struct layer_hook layer_hooks[] = {
    LAYER_HOOK(CreateFence, create_fence),
    LAYER_HOOK(DestroyFence, destroy_fence),
    LAYER_HOOK(ResetFences, reset_fences),
    LAYER_HOOK(GetFenceStatus, get_fence_status),
    LAYER_HOOK(WaitForFences, wait_for_fences),
    LAYER_HOOK(QueueSubmit, queue_submit),
    LAYER_HOOKS_END,
};
