/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vkImportFenceFdKHR and vkGetFenceFdKHR beside the layer's own pair. Descriptors are the driver's affair: what it
 * imports takes the place of a payload of ours, and what is ours is not exported by it.
 */
#include "vulkan/descriptor.h"

#include <inttypes.h>

#include "vulkan/commands.h"
#include "vulkan/reasons.h"

/* ---- import ---- */

bool ntf_driver_import_begin(struct ntf_device *device, VkFence fence, bool temporary, struct ntf_payload **loan)
{
    const uint64_t number = ntf_fence_number(fence);

    *loan = NULL;
    ntf_device_pull(device, ntf_device_payload(device, fence));
    /* Others may have the payload from now on. (If the driver refuses, the fence is just never given a stand-in.) */
    if (!ntf_device_share(device, fence))
        return false;
    /* A permanent payload of ours comes back with the next reset; until then the handle is the driver's. */
    if (!temporary || !ntf_fences_has_permanent(&device->fences, number))
        return true;
    return ntf_payload_new_loan(&device->pool, number, loan) == NTF_OK;
}

void ntf_driver_import_end(struct ntf_device *device, VkFence fence, struct ntf_payload *loan, VkResult result)
{
    const uint64_t number = ntf_fence_number(fence);

    if (result != VK_SUCCESS)
        ntf_payload_unref(loan);
    else if (loan)
        ntf_fences_put_temporary(&device->fences, number, loan);
    else
        ntf_fences_forget(&device->fences, number);
}

NTF_COMMAND(VkResult) ntf_vkImportFenceFdKHR(VkDevice handle, const VkImportFenceFdInfoKHR *info)
{
    struct ntf_device *device = ntf_device_of(handle);
    const bool temporary = (info->flags & VK_FENCE_IMPORT_TEMPORARY_BIT) != 0;
    struct ntf_payload *loan;
    VkResult result;

    if (!ntf_driver_import_begin(device, info->fence, temporary, &loan))
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    result = device->next.ImportFenceFdKHR(handle, info);
    ntf_driver_import_end(device, info->fence, loan, result);
    return result;
}

/* ---- export ---- */

/* Says once per fence that a command does not serve its payload. */
static VkResult refuse(struct ntf_device *device, VkFence fence, const char *why)
{
    const uint64_t number = ntf_fence_number(fence);
    uint64_t before;

    /* Without memory to remember it, it is said again. */
    if (ntf_table_find(&device->told, number, &before))
        return VK_ERROR_UNKNOWN;
    (void)ntf_table_insert(&device->told, number, 1);
    ntf_log_write(&device->instance->log, NTF_LOG_ERROR, ntf_reasons.FENCE_COMMAND,
                  "vkGetFenceFdKHR: fence 0x%" PRIx64 " %s", number, why);
    return VK_ERROR_UNKNOWN;
}

/* An export by copy has "the same side effects on the source fence's payload as vkResetFences" (Vulkan 1.3, "Fence
 * Payloads: exporting"): a temporary payload is gone, and a permanent one of ours is restored and reset. */
static void after_copy(struct ntf_device *device, VkFence fence)
{
    enum ntf_result ignored;
    ntf_status status;

    if (ntf_device_payload(device, fence))
        ntf_fences_reset(&device->fences, ntf_fence_number(fence), &ignored, &status);
}

NTF_COMMAND(VkResult) ntf_vkGetFenceFdKHR(VkDevice handle, const VkFenceGetFdInfoKHR *info, int *fd)
{
    struct ntf_device *device = ntf_device_of(handle);
    const struct ntf_payload *payload = ntf_device_payload(device, info->fence);
    VkResult result;

    if (payload && !ntf_payload_is_driver(payload))
        return refuse(device, info->fence, "has an imported payload, which is no payload of the driver's");
    if (payload && payload->driver.pooled)
        return refuse(device, info->fence, "has a payload that an acquire has put in, and which cannot be exported");
    result = device->next.GetFenceFdKHR(handle, info, fd);
    if (result == VK_SUCCESS && info->handleType == VK_EXTERNAL_FENCE_HANDLE_TYPE_SYNC_FD_BIT)
        after_copy(device, info->fence);
    return result;
}
