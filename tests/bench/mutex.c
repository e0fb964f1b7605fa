// SPDX-License-Identifier: Apache-2.0
/*
 * A layer as they are usually written: a lock and a hash map to find the device of a call, the same for each fence,
 * about which it knows something. All that it does with it is to hand the call on.
 */
#include <stdint.h>
#include <string.h>

#include "layer.h"
#include "map.h"

enum { DEVICE_BITS = 6, FENCE_BITS = 18, DEVICES_MAX = 8 };

struct device {
    PFN_vkCreateFence CreateFence;
    PFN_vkDestroyFence DestroyFence;
    PFN_vkResetFences ResetFences;
    PFN_vkGetFenceStatus GetFenceStatus;
    PFN_vkWaitForFences WaitForFences;
    PFN_vkQueueSubmit QueueSubmit;
};

static struct device devices[DEVICES_MAX];
static unsigned device_count;
static struct map *device_map, *fence_map;
static volatile uint64_t seen; // what was found is used

static struct device *device_of(const void *dispatchable)
{
    return &devices[map_find(device_map, (uint64_t)(uintptr_t)layer_key(dispatchable)) - 1];
}

static uint64_t number_of(VkFence fence)
{
    uint64_t number;
    memcpy(&number, &fence, sizeof number);
    return number;
}

void layer_device_made(VkDevice device, PFN_vkGetDeviceProcAddr next)
{
    if (!device_map) {
        device_map = map_new(DEVICE_BITS);
        fence_map = map_new(FENCE_BITS);
    }
    struct device *made = &devices[device_count++];
#define NEXT(Name) made->Name = (PFN_vk##Name)next(device, "vk" #Name);
    NEXT(CreateFence)
    NEXT(DestroyFence)
    NEXT(ResetFences)
    NEXT(GetFenceStatus)
    NEXT(WaitForFences)
    NEXT(QueueSubmit)
#undef NEXT
    map_insert(device_map, (uint64_t)(uintptr_t)layer_key(device), device_count);
}

static VKAPI_ATTR VkResult VKAPI_CALL create_fence(VkDevice device, const VkFenceCreateInfo *info,
                                                   const VkAllocationCallbacks *allocator, VkFence *out)
{
    const VkResult result = device_of(device)->CreateFence(device, info, allocator, out);

    if (result == VK_SUCCESS)
        map_insert(fence_map, number_of(*out), 1);
    return result;
}

static VKAPI_ATTR void VKAPI_CALL destroy_fence(VkDevice device, VkFence fence, const VkAllocationCallbacks *allocator)
{
    map_remove(fence_map, number_of(fence));
    device_of(device)->DestroyFence(device, fence, allocator);
}

static VKAPI_ATTR VkResult VKAPI_CALL reset_fences(VkDevice device, uint32_t count, const VkFence *fences)
{
    struct device *next = device_of(device);

    for (uint32_t i = 0; i < count; i++)
        seen = map_find(fence_map, number_of(fences[i]));
    return next->ResetFences(device, count, fences);
}

static VKAPI_ATTR VkResult VKAPI_CALL get_fence_status(VkDevice device, VkFence fence)
{
    struct device *next = device_of(device);

    seen = map_find(fence_map, number_of(fence));
    return next->GetFenceStatus(device, fence);
}

static VKAPI_ATTR VkResult VKAPI_CALL wait_for_fences(VkDevice device, uint32_t count, const VkFence *fences,
                                                      VkBool32 all, uint64_t timeout)
{
    struct device *next = device_of(device);

    for (uint32_t i = 0; i < count; i++)
        seen = map_find(fence_map, number_of(fences[i]));
    return next->WaitForFences(device, count, fences, all, timeout);
}

static VKAPI_ATTR VkResult VKAPI_CALL queue_submit(VkQueue queue, uint32_t count, const VkSubmitInfo *submits,
                                                   VkFence fence)
{
    struct device *next = device_of(queue);

    if (fence)
        seen = map_find(fence_map, number_of(fence));
    return next->QueueSubmit(queue, count, submits, fence);
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
