/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands that do not serve an imported fence yet. Its handle never goes down: the driver would signal a fence that
 * nobody waits for. The answer is VK_ERROR_UNKNOWN, which any command may give.
 */
#include <inttypes.h>

#include "vulkan/chain.h"
#include "vulkan/commands.h"
#include "vulkan/device.h"
#include "vulkan/reasons.h"

VkResult ntf_refuse_imported(struct ntf_device *device, VkFence fence, const char *command)
{
    const uint64_t number = ntf_fence_number(fence);
    uint64_t before;

    /* Without memory to remember it, it is said again. */
    if (ntf_table_find(&device->told, number, &before))
        return VK_ERROR_UNKNOWN;
    (void)ntf_table_insert(&device->told, number, 1);
    ntf_log_write(&device->instance->log, NTF_LOG_ERROR, ntf_reasons.FENCE_COMMAND,
                  "%s does not serve the imported fence 0x%" PRIx64 " yet; it and its like answer VK_ERROR_UNKNOWN",
                  command, number);
    return VK_ERROR_UNKNOWN;
}

NTF_COMMAND(VkResult)
ntf_vkAcquireNextImageKHR(VkDevice handle, VkSwapchainKHR swapchain, uint64_t timeout_ns, VkSemaphore semaphore,
                          VkFence fence, uint32_t *index)
{
    struct ntf_device *device = ntf_device_of(handle);

    if (ntf_device_payload(device, fence))
        return ntf_refuse_imported(device, fence, "vkAcquireNextImageKHR");
    return device->next.AcquireNextImageKHR(handle, swapchain, timeout_ns, semaphore, fence, index);
}

NTF_COMMAND(VkResult)
ntf_vkAcquireNextImage2KHR(VkDevice handle, const VkAcquireNextImageInfoKHR *info, uint32_t *index)
{
    struct ntf_device *device = ntf_device_of(handle);

    if (ntf_device_payload(device, info->fence))
        return ntf_refuse_imported(device, info->fence, "vkAcquireNextImage2KHR");
    return device->next.AcquireNextImage2KHR(handle, info, index);
}

NTF_COMMAND(VkResult) ntf_vkQueuePresentKHR(VkQueue queue, const VkPresentInfoKHR *info)
{
    struct ntf_device *device = ntf_device_of(queue);
    const VkSwapchainPresentFenceInfoEXT *fences;

    if (!info->pNext || ntf_fences_none(&device->fences))
        return device->next.QueuePresentKHR(queue, info);
    /* VK_KHR_swapchain_maintenance1 has the same structure under the same number. Entries may be NULL. */
    fences = ntf_chain_find(info->pNext, VK_STRUCTURE_TYPE_SWAPCHAIN_PRESENT_FENCE_INFO_EXT);
    for (uint32_t i = 0; fences && fences->pFences && i < fences->swapchainCount; i++)
        if (ntf_device_payload(device, fences->pFences[i]))
            return ntf_refuse_imported(device, fences->pFences[i], "vkQueuePresentKHR");
    return device->next.QueuePresentKHR(queue, info);
}

NTF_COMMAND(VkResult) ntf_vkGetFenceFdKHR(VkDevice handle, const VkFenceGetFdInfoKHR *info, int *fd)
{
    struct ntf_device *device = ntf_device_of(handle);

    if (ntf_device_payload(device, info->fence))
        return ntf_refuse_imported(device, info->fence, "vkGetFenceFdKHR");
    return device->next.GetFenceFdKHR(handle, info, fd);
}

NTF_COMMAND(VkResult) ntf_vkImportFenceFdKHR(VkDevice handle, const VkImportFenceFdInfoKHR *info)
{
    struct ntf_device *device = ntf_device_of(handle);

    if (ntf_device_payload(device, info->fence))
        return ntf_refuse_imported(device, info->fence, "vkImportFenceFdKHR");
    return device->next.ImportFenceFdKHR(handle, info);
}
