// SPDX-License-Identifier: Apache-2.0
// Fences: made, destroyed, reset, asked, waited for.
#include "driver.h"

#include <stdlib.h>

#include "base/deadline.h"

// ---- made

static bool is_enabled(const struct call *call, enum extension extension)
{
    return (call->device->extensions & UINT64_C(1) << extension) != 0;
}

static void judge_handle_types(struct call *call, VkExternalFenceHandleTypeFlags types)
{
    const VkExternalFenceHandleTypeFlags fd =
        VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_FD_BIT | VK_EXTERNAL_FENCE_HANDLE_TYPE_SYNC_FD_BIT;
    const VkExternalFenceHandleTypeFlags win32 =
        VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT | VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_KMT_BIT;
    VkExternalFenceHandleTypeFlags known = 0;

    if (is_enabled(call, EXT_KHR_external_fence_fd))
        known |= fd;
    if (is_enabled(call, EXT_KHR_external_fence_win32))
        known |= win32;
    if (types & ~known)
        violation(call, "handle-type", "VkExportFenceCreateInfo-handleTypes-01446", "handleTypes 0x%x", types);
}

static void judge_create(struct call *call, const VkFenceCreateInfo *info)
{
    for (const VkBaseInStructure *node = info->pNext; node; node = node->pNext)
        if (node->sType == VK_STRUCTURE_TYPE_EXPORT_FENCE_CREATE_INFO) {
            call->record.handle_types = ((const VkExportFenceCreateInfo *)node)->handleTypes;
            judge_handle_types(call, call->record.handle_types);
        } else if (node->sType != VK_STRUCTURE_TYPE_EXPORT_FENCE_WIN32_HANDLE_INFO_KHR) {
            violation(call, "chain", "VkFenceCreateInfo-pNext-pNext", "a structure of type %u", (unsigned)node->sType);
        }
    call_chain(call, info->pNext);
}

VKAPI_ATTR VkResult VKAPI_CALL vkCreateFence(VkDevice device, const VkFenceCreateInfo *info,
                                             const VkAllocationCallbacks *allocator, VkFence *out)
{
    struct call call;
    VkResult result;
    (void)allocator;

    if (!call_begin(&call, CMD_CreateFence, device))
        return call_end(&call, VK_ERROR_DEVICE_LOST);
    judge_create(&call, info);
    result = call_order(&call);
    if (result == VK_SUCCESS) {
        struct fence *fence = fence_new(call.device, info->flags & VK_FENCE_CREATE_SIGNALED_BIT);
        fence->exports = call.record.handle_types;
        *out = call.record.fence = HANDLE_OF(VkFence, fence);
    }
    return call_end(&call, result);
}

// ---- destroyed

VKAPI_ATTR void VKAPI_CALL vkDestroyFence(VkDevice device, VkFence handle, const VkAllocationCallbacks *allocator)
{
    struct call call;
    struct fence *fence;
    (void)allocator;

    if (call_begin(&call, CMD_DestroyFence, device) && handle && (fence = call_fence(&call, handle, true))) {
        (void)call_order(&call);
        if (fence->pending)
            violation(&call, "fence-destroy", "vkDestroyFence-fence-01120",
                      "fence 0x%llx is in use by an operation that is not finished", (unsigned long long)NUMBER(fence));
        fence->epoch++; // what is unfinished has its own reference to the payload, and no fence any more
        fence->pending = 0;
        if (fence->temporary)
            payload_drop(fence->temporary);
        payload_drop(fence->permanent);
        fence->temporary = fence->permanent = NULL;
        object_end(&fence->object);
        call.device->fences--;
    }
    (void)call_end(&call, VK_SUCCESS);
}

// ---- reset

static void reset(struct fence *fence)
{
    if (fence->temporary)
        payload_drop(fence->temporary);
    fence->temporary = NULL;
    fence_active(fence)->signalled = false;
}

// The fences of an array; those that are none are left out. The caller frees it.
static struct fence **take_fences(struct call *call, uint32_t count, const VkFence *handles, bool alone,
                                  uint32_t *taken)
{
    struct fence **fences = calloc(count + 1, sizeof *fences);

    if (!fences)
        give_up("out of memory");
    if (count == 0)
        violation(call, "fence-count", alone ? "vkResetFences-fenceCount-arraylength"
                                             : "vkWaitForFences-fenceCount-arraylength", "fenceCount is 0");
    *taken = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct fence *fence = call_fence(call, handles[i], alone);
        if (fence)
            fences[(*taken)++] = fence;
    }
    return fences;
}

VKAPI_ATTR VkResult VKAPI_CALL vkResetFences(VkDevice device, uint32_t count, const VkFence *handles)
{
    struct call call;
    struct fence **fences;
    VkResult result;
    uint32_t taken;

    if (!call_begin(&call, CMD_ResetFences, device))
        return call_end(&call, VK_ERROR_DEVICE_LOST);
    fences = take_fences(&call, count, handles, true, &taken);
    for (uint32_t i = 0; i < taken; i++)
        if (fences[i]->pending)
            violation(&call, "fence-reset", "vkResetFences-pFences-01123",
                      "fence 0x%llx is in use by an operation that is not finished",
                      (unsigned long long)NUMBER(fences[i]));
    result = call_order(&call);
    for (uint32_t i = 0; i < taken && result == VK_SUCCESS; i++)
        reset(fences[i]);
    free(fences);
    return call_end(&call, result);
}

// ---- asked

VKAPI_ATTR VkResult VKAPI_CALL vkGetFenceStatus(VkDevice device, VkFence handle)
{
    struct call call;
    struct fence *fence;
    VkResult result;

    if (!call_begin(&call, CMD_GetFenceStatus, device))
        return call_end(&call, VK_ERROR_DEVICE_LOST);
    fence = call_fence(&call, handle, false);
    result = call_order_or_lost(&call);
    if (result == VK_SUCCESS)
        result = fence && fence_active(fence)->signalled ? VK_SUCCESS : VK_NOT_READY;
    return call_end(&call, result);
}

// ---- waited for

static bool is_satisfied(struct fence *const *fences, uint32_t count, bool all)
{
    for (uint32_t i = 0; i < count; i++)
        if (fence_active(fences[i])->signalled != all)
            return !all;
    return all;
}

static VkResult wait(struct device *device, struct fence *const *fences, uint32_t count, bool all, uint64_t timeout_ns)
{
    const uint64_t deadline_ns = ntf_deadline_after(ntf_os_now_ns(), timeout_ns);
    bool in_time = timeout_ns != 0;

    for (;;) {
        if (device->lost || device->ending)
            return VK_ERROR_DEVICE_LOST;
        if (is_satisfied(fences, count, all))
            return VK_SUCCESS;
        if (!in_time)
            return VK_TIMEOUT;
        in_time = state_wait(deadline_ns);
    }
}

VKAPI_ATTR VkResult VKAPI_CALL vkWaitForFences(VkDevice device, uint32_t count, const VkFence *handles, VkBool32 all,
                                               uint64_t timeout_ns)
{
    struct call call;
    struct fence **fences;
    VkResult result;
    uint32_t taken;

    if (!call_begin(&call, CMD_WaitForFences, device))
        return call_end(&call, VK_ERROR_DEVICE_LOST);
    call.record.timeout_ns = timeout_ns;
    fences = take_fences(&call, count, handles, false, &taken);
    result = call_order_or_lost(&call);
    if (result == VK_SUCCESS)
        result = wait(call.device, fences, taken, all, timeout_ns);
    free(fences);
    return call_end(&call, result);
}

// ---- events of displays, which signal a fence that they make

static VkResult register_event(enum command command, VkDevice device, VkFence *out)
{
    struct call call;
    VkResult result;

    if (!call_begin(&call, command, device))
        return call_end(&call, VK_ERROR_DEVICE_LOST);
    result = call_order(&call);
    if (result == VK_SUCCESS) {
        struct fence *fence = fence_new(call.device, false);
        fence->waits_for_event = true;
        *out = call.record.fence = HANDLE_OF(VkFence, fence);
    }
    return call_end(&call, result);
}

VKAPI_ATTR VkResult VKAPI_CALL vkRegisterDeviceEventEXT(VkDevice device, const VkDeviceEventInfoEXT *info,
                                                        const VkAllocationCallbacks *allocator, VkFence *out)
{
    (void)info;
    (void)allocator;
    return register_event(CMD_RegisterDeviceEventEXT, device, out);
}

VKAPI_ATTR VkResult VKAPI_CALL vkRegisterDisplayEventEXT(VkDevice device, VkDisplayKHR display,
                                                         const VkDisplayEventInfoEXT *info,
                                                         const VkAllocationCallbacks *allocator, VkFence *out)
{
    (void)display;
    (void)info;
    (void)allocator;
    return register_event(CMD_RegisterDisplayEventEXT, device, out);
}
