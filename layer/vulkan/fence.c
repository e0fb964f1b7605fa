/* SPDX-License-Identifier: Apache-2.0 */
/* Making and ending fences, their state, and its reset. */
#include <inttypes.h>

#include "base/os/compiler.h"
#include "vulkan/chain.h"
#include "vulkan/commands.h"
#include "vulkan/device.h"
#include "vulkan/export.h"
#include "vulkan/reasons.h"

#define WIN32_TYPES \
    (VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT | VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_KMT_BIT)
#define RESET_CHUNK 128 /* plain fences that go down in one vkResetFences */

/* ---- creation ---- */

/* A fence that is nobody else's: from the beginning, once the device gives stand-ins, as long as it is unsignalled. */
static VkResult create_plain(struct ntf_device *device, const VkFenceCreateInfo *info,
                             const VkAllocationCallbacks *allocator, VkFence *out)
{
    const VkResult result = device->next.CreateFence(device->handle, info, allocator, out);

    if (result == VK_SUCCESS && ntf_load(&device->mixed, NTF_ACQUIRE) && !(info->flags & VK_FENCE_CREATE_SIGNALED_BIT))
        ntf_fences_track(&device->fences, ntf_fence_number(*out));
    return result;
}

/* One that the driver may export. */
static VkResult create_shared(struct ntf_device *device, const VkFenceCreateInfo *info,
                              const VkExportFenceCreateInfo *export, const VkAllocationCallbacks *allocator,
                              VkFence *out)
{
    VkFence fence;
    VkResult result;

    if (!export || !export->handleTypes)
        return create_plain(device, info, allocator, out);
    result = device->next.CreateFence(device->handle, info, allocator, &fence);
    if (result == VK_SUCCESS && !ntf_device_share(device, fence)) {
        device->next.DestroyFence(device->handle, fence, allocator);
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    }
    if (result == VK_SUCCESS)
        *out = fence;
    return result;
}

/* A driver without the extension does not know VkExportFenceWin32HandleInfoKHR, which has no effect here: "ignored if
 * VkExportFenceCreateInfo is absent" or does not ask for its type. Of the chain remains the one other extender that
 * VkFenceCreateInfo has. */
static VkResult create_without_win32(struct ntf_device *device, const VkFenceCreateInfo *info,
                                     const VkExportFenceCreateInfo *export, const VkAllocationCallbacks *allocator,
                                     VkFence *out)
{
    VkExportFenceCreateInfo types = { .sType = VK_STRUCTURE_TYPE_EXPORT_FENCE_CREATE_INFO };
    VkFenceCreateInfo below = *info;

    below.pNext = NULL;
    if (export) {
        types.handleTypes = export->handleTypes;
        below.pNext = &types;
    }
    return create_shared(device, &below, export, allocator, out);
}

NTF_COMMAND(VkResult)
ntf_vkCreateFence(VkDevice handle, const VkFenceCreateInfo *info, const VkAllocationCallbacks *allocator, VkFence *out)
{
    struct ntf_device *device = ntf_device_of(handle);
    const VkExportFenceWin32HandleInfoKHR *win32;
    const VkExportFenceCreateInfo *export;

    if (!info->pNext)
        return create_plain(device, info, allocator, out);
    export = ntf_chain_find(info->pNext, VK_STRUCTURE_TYPE_EXPORT_FENCE_CREATE_INFO);
    /* VUID-VkExportFenceCreateInfo-handleTypes-01446: by the query, neither of the two goes with another type. */
    win32 = ntf_chain_find(info->pNext, VK_STRUCTURE_TYPE_EXPORT_FENCE_WIN32_HANDLE_INFO_KHR);
    if (device->native && !device->instance->force)
        return create_shared(device, info, export, allocator, out);
    if (export && export->handleTypes == VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT)
        return ntf_export_create_fence(device, info, win32, allocator, out);
    /* VUID-VkExportFenceWin32HandleInfoKHR-handleTypes-01447 is broken by programs that are taken for right. */
    if (export && export->handleTypes == VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_KMT_BIT)
        return ntf_export_create_global(device, info, allocator, out);
    if (export && (export->handleTypes & WIN32_TYPES)) {
        ntf_log_write(&device->instance->log, NTF_LOG_ERROR, ntf_reasons.FENCE_EXPORT,
                      "vkCreateFence: handle types 0x%X cannot be exported from one fence",
                      (unsigned)export->handleTypes);
        return VK_ERROR_UNKNOWN;
    }
    if (win32)
        return create_without_win32(device, info, export, allocator, out);
    return create_shared(device, info, export, allocator, out);
}

/* VK_EXT_display_control makes fences that no queue signals, and that a reset does not keep from being signalled: there
 * is no submission that a stand-in could be given to, so they are treated like those whose payload is shared. */
static VkResult keep_event_fence(struct ntf_device *device, VkResult result, const VkAllocationCallbacks *allocator,
                                 VkFence *out)
{
    if (result != VK_SUCCESS || ntf_device_share(device, *out))
        return result;
    device->next.DestroyFence(device->handle, *out, allocator);
    return VK_ERROR_OUT_OF_HOST_MEMORY;
}

NTF_COMMAND(VkResult)
ntf_vkRegisterDeviceEventEXT(VkDevice handle, const VkDeviceEventInfoEXT *info, const VkAllocationCallbacks *allocator,
                             VkFence *out)
{
    struct ntf_device *device = ntf_device_of(handle);

    return keep_event_fence(device, device->next.RegisterDeviceEventEXT(handle, info, allocator, out), allocator, out);
}

NTF_COMMAND(VkResult)
ntf_vkRegisterDisplayEventEXT(VkDevice handle, VkDisplayKHR display, const VkDisplayEventInfoEXT *info,
                              const VkAllocationCallbacks *allocator, VkFence *out)
{
    struct ntf_device *device = ntf_device_of(handle);

    return keep_event_fence(device, device->next.RegisterDisplayEventEXT(handle, display, info, allocator, out),
                            allocator, out);
}

NTF_COMMAND(void) ntf_vkDestroyFence(VkDevice handle, VkFence fence, const VkAllocationCallbacks *allocator)
{
    struct ntf_device *device = ntf_device_of(handle);

    if (fence && !ntf_fences_none(&device->fences)) {
        ntf_device_pull(device, ntf_device_payload(device, fence));
        ntf_timelines_retire(device);
        /* Before the driver's destroy: the driver may give the same value out again at once. */
        ntf_fences_forget(&device->fences, ntf_fence_number(fence));
    }
    /* What has been said of it is said again of the next fence with its number. */
    if (fence && ntf_load(&device->told.live, NTF_RELAXED))
        ntf_table_remove(&device->told, ntf_fence_number(fence), NULL);
    if (fence && ntf_load(&device->shared.live, NTF_RELAXED))
        ntf_table_remove(&device->shared, ntf_fence_number(fence), NULL);
    device->next.DestroyFence(handle, fence, allocator);
}

/* ---- state ---- */

static NTF_SELDOM VkResult status_of(VkDevice handle, VkFence fence)
{
    struct ntf_device *device = ntf_device_of(handle);
    struct ntf_payload *payload = ntf_device_payload(device, fence);
    VkResult result;

    if (!payload) {
        result = device->next.GetFenceStatus(handle, fence);
        ntf_device_after(device, result);
        return result;
    }
    if (ntf_device_lost(device))
        return VK_ERROR_DEVICE_LOST;
    ntf_device_pull(device, payload);
    if (ntf_payload_is_short(payload))
        return ntf_device_lost(device) ? VK_ERROR_DEVICE_LOST : VK_NOT_READY;
    result = ntf_vk_result(ntf_payload_status(payload));
    if (ntf_payload_is_driver(payload))
        ntf_device_after(device, result);
    else if (result == VK_SUCCESS && device->timelines)
        ntf_timeline_see(device, payload);
    /* What a loss has signalled is no success. */
    return ntf_device_lost(device) ? VK_ERROR_DEVICE_LOST : result;
}

NTF_COMMAND(VkResult) ntf_vkGetFenceStatus(VkDevice handle, VkFence fence)
{
    struct ntf_device *passes = ntf_device_passes(handle);

    if (passes)
        return passes->next.GetFenceStatus(handle, fence);
    return status_of(handle, fence);
}

/* ---- reset ---- */

/* What of a fence is ours: the temporary payload goes, a permanent one is reset. */
static VkResult reset_ours(struct ntf_device *device, VkFence fence)
{
    struct ntf_payload *payload = ntf_device_payload(device, fence);
    ntf_status status = NTF_STATUS_SUCCESS;
    enum ntf_result result = NTF_OK;

    if (!payload) {
        /* The driver has just reset it: whatever signals it from here on can be given a stand-in. */
        if (fence && ntf_load(&device->mixed, NTF_ACQUIRE) && !ntf_device_shares(device, fence))
            ntf_fences_track(&device->fences, ntf_fence_number(fence));
        return VK_SUCCESS;
    }
    ntf_device_pull(device, payload);
    ntf_fences_reset(&device->fences, ntf_fence_number(fence), &result, &status);
    if (result == NTF_OK)
        return VK_SUCCESS;
    ntf_log_write(&device->instance->log, NTF_LOG_ERROR, ntf_reasons.FENCE_RESET,
                  "vkResetFences: fence 0x%" PRIx64 ": its object refused: 0x%08X (%s)", ntf_fence_number(fence),
                  (unsigned)status, ntf_status_name(status));
    return VK_ERROR_UNKNOWN;
}

/* The driver's part comes first: if it fails, nothing of ours has changed. */
NTF_COMMAND(VkResult) ntf_vkResetFences(VkDevice handle, uint32_t count, const VkFence *fences)
{
    struct ntf_device *device = ntf_device_of(handle);
    VkFence plain[RESET_CHUNK];
    VkResult outcome = VK_SUCCESS;
    uint32_t held = 0;

    if (ntf_fences_none(&device->fences) && !ntf_load(&device->mixed, NTF_ACQUIRE))
        return device->next.ResetFences(handle, count, fences);
    for (uint32_t i = 0; i < count; i++) {
        if (!fences[i] || ntf_fences_driver_resets(&device->fences, ntf_fence_number(fences[i])))
            plain[held++] = fences[i];
        /* VUID-vkResetFences-fenceCount-arraylength: nothing goes down when nothing is the driver's. */
        if (held == RESET_CHUNK || (i + 1 == count && held > 0)) {
            const VkResult below = device->next.ResetFences(handle, held, plain);

            if (below != VK_SUCCESS)
                return below;
            held = 0;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        const VkResult result = reset_ours(device, fences[i]);

        if (outcome == VK_SUCCESS)
            outcome = result; /* the first refusal; the others are reset all the same */
    }
    return outcome;
}
