/* SPDX-License-Identifier: Apache-2.0 */
/* Acquires and presents: commands of the presentation engine that signal fences (vulkan/signal.h). */
#include <inttypes.h>

#include "vulkan/commands.h"
#include "vulkan/device.h"
#include "vulkan/keyed.h"
#include "vulkan/present_chain.h"
#include "vulkan/reasons.h"
#include "vulkan/signal.h"

/* ---- acquire ---- */

/* vkAcquireNextImageKHR: with any other answer the fence is not signalled. */
static enum ntf_outcome outcome_of_acquire(VkResult result)
{
    if (result == VK_SUCCESS || result == VK_SUBOPTIMAL_KHR)
        return NTF_OUTCOME_TAKEN;
    return result == VK_ERROR_DEVICE_LOST ? NTF_OUTCOME_LOST : NTF_OUTCOME_REFUSED;
}

NTF_COMMAND(VkResult)
ntf_vkAcquireNextImageKHR(VkDevice handle, VkSwapchainKHR swapchain, uint64_t timeout_ns, VkSemaphore semaphore,
                          VkFence fence, uint32_t *index)
{
    struct ntf_device *device = ntf_device_of(handle);
    struct ntf_signal signal;
    VkResult result;

    if (ntf_keyed_refuses(device, fence, "vkAcquireNextImageKHR"))
        return VK_ERROR_UNKNOWN;
    if (!ntf_signal_of_acquire(&signal, device, fence))
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    result = device->next.AcquireNextImageKHR(handle, swapchain, timeout_ns, semaphore, signal.below, index);
    ntf_signal_end(&signal, outcome_of_acquire(result));
    return result;
}

NTF_COMMAND(VkResult)
ntf_vkAcquireNextImage2KHR(VkDevice handle, const VkAcquireNextImageInfoKHR *info, uint32_t *index)
{
    struct ntf_device *device = ntf_device_of(handle);
    VkAcquireNextImageInfoKHR below = *info;
    struct ntf_signal signal;
    VkResult result;

    if (ntf_keyed_refuses(device, info->fence, "vkAcquireNextImage2KHR"))
        return VK_ERROR_UNKNOWN;
    if (!ntf_signal_of_acquire(&signal, device, info->fence))
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    below.fence = signal.below;
    result = device->next.AcquireNextImage2KHR(handle, &below, index);
    ntf_signal_end(&signal, outcome_of_acquire(result));
    return result;
}

/* ---- present ---- */

/* vkQueuePresentKHR: after these the presentation is "still considered enqueued", fence signals included. The last one
 * is VK_EXT_present_timing's, which older headers lack. */
#define PRESENT_TIMING_QUEUE_FULL ((VkResult)-1000208000)

static enum ntf_outcome outcome_of_present(VkResult result)
{
    switch ((int)result) {
    case VK_SUCCESS:
    case VK_SUBOPTIMAL_KHR:
    case VK_ERROR_OUT_OF_DATE_KHR:
    case VK_ERROR_SURFACE_LOST_KHR:
    case VK_ERROR_FULL_SCREEN_EXCLUSIVE_MODE_LOST_EXT:
    case (int)PRESENT_TIMING_QUEUE_FULL: return NTF_OUTCOME_TAKEN;
    case VK_ERROR_DEVICE_LOST: return NTF_OUTCOME_LOST;
    default: return NTF_OUTCOME_REFUSED;
    }
}

#define PRESENTS 16 /* swapchains of one present that need no memory of their own */

struct present {
    struct ntf_device *device;
    uint32_t count;
    struct ntf_signal *signals;
    VkFence *fences;
    void *memory; /* NULL: the scratch was enough */
    struct ntf_signal signal_scratch[PRESENTS];
    VkFence fence_scratch[PRESENTS];
};

static void end_present(struct present *present, enum ntf_outcome outcome)
{
    for (uint32_t i = 0; i < present->count; i++)
        ntf_signal_end(&present->signals[i], outcome);
    free(present->memory);
}

static bool begin_present(struct present *present, struct ntf_device *device,
                          const VkSwapchainPresentFenceInfoEXT *info)
{
    present->device = device;
    present->count = 0;
    present->memory = NULL;
    present->signals = present->signal_scratch;
    present->fences = present->fence_scratch;
    if (info->swapchainCount > PRESENTS) {
        present->memory = malloc(info->swapchainCount * (sizeof(struct ntf_signal) + sizeof(VkFence)));
        if (!present->memory)
            return false;
        present->signals = present->memory;
        present->fences = (void *)(present->signals + info->swapchainCount);
    }
    for (uint32_t i = 0; i < info->swapchainCount; i++) {
        /* Entries may be VK_NULL_HANDLE. */
        if (!ntf_signal_of_present(&present->signals[i], device, info->pFences[i])) {
            end_present(present, NTF_OUTCOME_REFUSED);
            return false;
        }
        present->fences[i] = present->signals[i].below;
        present->count++;
    }
    return true;
}

static bool all_plain(struct ntf_device *device, const VkSwapchainPresentFenceInfoEXT *info)
{
    for (uint32_t i = 0; info && info->pFences && i < info->swapchainCount; i++)
        if (!ntf_signal_is_plain(device, info->pFences[i]))
            return false;
    return true;
}

static VkResult present_down(struct ntf_device *device, VkQueue queue, const VkPresentInfoKHR *info,
                             const VkSwapchainPresentFenceInfoEXT *fences)
{
    VkSwapchainPresentFenceInfoEXT replaced = *fences;
    struct ntf_present_chain chain;
    VkPresentInfoKHR below = *info;
    struct present present;
    VkResult result;

    for (uint32_t i = 0; i < fences->swapchainCount; i++)
        if (ntf_keyed_refuses(device, fences->pFences[i], "vkQueuePresentKHR"))
            return VK_ERROR_UNKNOWN;
    if (!ntf_present_chain_make(&chain, info->pNext, fences, &replaced)) {
        if (!chain.unknown)
            return VK_ERROR_OUT_OF_HOST_MEMORY;
        ntf_log_write(&device->instance->log, NTF_LOG_ERROR, ntf_reasons.FENCE_COMMAND,
                      "vkQueuePresentKHR: a structure of unknown type %d stands before the imported fences in the chain",
                      (int)chain.unknown);
        return VK_ERROR_UNKNOWN;
    }
    if (!begin_present(&present, device, fences)) {
        ntf_present_chain_free(&chain);
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    }
    replaced.pFences = present.fences;
    below.pNext = chain.first;
    result = device->next.QueuePresentKHR(queue, &below);
    end_present(&present, outcome_of_present(result));
    ntf_present_chain_free(&chain);
    return result;
}

NTF_COMMAND(VkResult) ntf_vkQueuePresentKHR(VkQueue queue, const VkPresentInfoKHR *info)
{
    struct ntf_device *device = ntf_device_of(queue);
    const VkSwapchainPresentFenceInfoEXT *fences = NULL;
    VkResult result;

    /* VK_KHR_swapchain_maintenance1 has the same structure under the same number. */
    if (info->pNext && !ntf_fences_none(&device->fences))
        fences = ntf_chain_find(info->pNext, VK_STRUCTURE_TYPE_SWAPCHAIN_PRESENT_FENCE_INFO_EXT);
    if (!all_plain(device, fences))
        return present_down(device, queue, info, fences);
    result = device->next.QueuePresentKHR(queue, info);
    if (result == VK_ERROR_DEVICE_LOST)
        ntf_device_lose(device);
    return result;
}
