// SPDX-License-Identifier: Apache-2.0
/*
 * Fences behind file descriptors and handles, within this process. Without FAKE_NATIVE_WORKS the commands of
 * VK_KHR_external_fence_win32 only give answers that nobody else gives.
 */
#include "driver.h"

#include <stdlib.h>

// A file and what it stands for; there may be several for one payload. A descriptor may come back after all fences have
// gone, so these stay for good, and their references with them.
struct share {
    struct share *next;
    struct payload *payload;
    uint64_t identity;
    enum share_kind { SHARE_OPAQUE, SHARE_SYNC, SHARE_HANDLE } kind;
};
static struct share *shares;

static void share(struct payload *payload, uint64_t identity, enum share_kind kind)
{
    struct share *share = malloc(sizeof *share);

    if (!share)
        give_up("out of memory");
    *share = (struct share){shares, payload, identity, kind};
    shares = share;
    payload->references++;
}

static struct payload *find_shared(uint64_t identity, enum share_kind kind)
{
    for (const struct share *share = shares; share; share = share->next)
        if (share->identity == identity && share->kind == kind)
            return share->payload;
    return NULL;
}

// ---- out

static int export_opaque(struct fence *fence)
{
    uint64_t identity;
    const int fd = descriptor_new(&identity);

    if (fd >= 0)
        share(fence_active(fence), identity, SHARE_OPAQUE);
    return fd;
}

// The state goes with the descriptor; for the fence it is as if it had been reset.
static int export_sync(struct fence *fence)
{
    struct payload *payload = fence_active(fence);
    uint64_t identity;
    int fd = -1;

    if (!payload->signalled || !state.options[FAKE_SYNC_FD_SIGNALLED]) {
        fd = descriptor_new_sync(&identity, &payload->raise);
        share(payload, identity, SHARE_SYNC);
        if (payload->signalled)
            payload_signal(payload);
    }
    fence->epoch++;
    fence->pending = 0;
    if (fence->temporary) {
        payload_drop(fence->temporary);
        fence->temporary = NULL;
        fence->permanent->signalled = false;
    } else {
        payload_drop(fence->permanent);
        fence->permanent = payload_new();
    }
    return fd;
}

VKAPI_ATTR VkResult VKAPI_CALL vkGetFenceFdKHR(VkDevice device, const VkFenceGetFdInfoKHR *info, int *fd)
{
    const bool sync = info->handleType == VK_EXTERNAL_FENCE_HANDLE_TYPE_SYNC_FD_BIT;
    struct call call;
    struct fence *fence;
    VkResult result;

    if (!call_begin(&call, CMD_GetFenceFdKHR, device))
        return call_end(&call, VK_ERROR_DEVICE_LOST);
    call_chain(&call, info->pNext);
    fence = call_fence(&call, info->fence, false);
    if (fence && !(fence->exports & (VkExternalFenceHandleTypeFlags)info->handleType))
        violation(&call, "fence-export", "VkFenceGetFdInfoKHR-handleType-01453", "it was not made for that");
    if (fence && sync && !fence_active(fence)->signalled && !fence->pending)
        violation(&call, "fence-export", "VkFenceGetFdInfoKHR-handleType-01454", "neither signalled nor about to be");
    result = call_order(&call);
    if (result == VK_SUCCESS)
        *fd = !fence ? -1 : sync ? export_sync(fence) : export_opaque(fence);
    return call_end(&call, result);
}

// ---- in

static struct payload *import(const VkImportFenceFdInfoKHR *info, bool sync)
{
    struct payload *payload;
    uint64_t identity;

    if (sync && info->fd == -1) {
        payload = payload_new();
        payload->signalled = true;
        return payload;
    }
    payload = descriptor_identity(info->fd, &identity)
                  ? find_shared(identity, sync ? SHARE_SYNC : SHARE_OPAQUE)
                  : NULL;
    if (!payload)
        return NULL;
    payload->references++;
    descriptor_close(info->fd); // a success takes it
    return payload;
}

static void replace(struct fence *fence, struct payload *payload, bool temporary)
{
    fence_use_temporary(fence, temporary ? payload : NULL);
    if (temporary)
        return;
    payload_drop(fence->permanent);
    fence->permanent = payload;
}

VKAPI_ATTR VkResult VKAPI_CALL vkImportFenceFdKHR(VkDevice device, const VkImportFenceFdInfoKHR *info)
{
    const bool sync = info->handleType == VK_EXTERNAL_FENCE_HANDLE_TYPE_SYNC_FD_BIT;
    struct call call;
    struct fence *fence;
    VkResult result;

    if (!call_begin(&call, CMD_ImportFenceFdKHR, device))
        return call_end(&call, VK_ERROR_DEVICE_LOST);
    call_chain(&call, info->pNext);
    fence = call_fence(&call, info->fence, true);
    if (fence && fence->pending)
        violation(&call, "fence-import", "vkImportFenceFdKHR-fence-01463", "it is in use by an unfinished operation");
    if (sync && !(info->flags & VK_FENCE_IMPORT_TEMPORARY_BIT))
        violation(&call, "handle-type", "VkImportFenceFdInfoKHR-handleType-07306", "not temporary");
    result = call_order(&call);
    if (result == VK_SUCCESS && fence) {
        struct payload *payload = import(info, sync);
        if (payload)
            replace(fence, payload, info->flags & VK_FENCE_IMPORT_TEMPORARY_BIT);
        else
            result = VK_ERROR_INVALID_EXTERNAL_HANDLE;
    }
    return call_end(&call, result);
}

// ---- handles

static VkResult import_handle(struct fence *fence, const VkImportFenceWin32HandleInfoKHR *info)
{
    struct payload *payload = find_shared(NUMBER(info->handle), SHARE_HANDLE);

    if (!state.options[FAKE_NATIVE_WORKS])
        return FAKE_IMPORT_RESULT;
    if (payload) {
        payload->references++;
    } else {
        payload = payload_new();
        share(payload, NUMBER(info->handle), SHARE_HANDLE);
    }
    replace(fence, payload, info->flags & VK_FENCE_IMPORT_TEMPORARY_BIT);
    return VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL vkImportFenceWin32HandleKHR(VkDevice device,
                                                           const VkImportFenceWin32HandleInfoKHR *info)
{
    struct call call;
    struct fence *fence;
    VkResult result;

    if (!call_begin(&call, CMD_ImportFenceWin32HandleKHR, device))
        return call_end(&call, VK_ERROR_DEVICE_LOST);
    call_chain(&call, info->pNext);
    fence = call_fence(&call, info->fence, true);
    if (fence && fence->pending)
        violation(&call, "fence-import", "vkImportFenceWin32HandleKHR-fence-04448",
                  "it is in use by an unfinished operation");
    result = call_order(&call);
    if (result == VK_SUCCESS)
        result = fence ? import_handle(fence, info) : FAKE_IMPORT_RESULT;
    return call_end(&call, result);
}

static VkResult get_handle(struct fence *fence, HANDLE *handle)
{
    static uintptr_t number = 0xFA000000;

    if (!state.options[FAKE_NATIVE_WORKS])
        return FAKE_GET_RESULT;
    number += 4;
    share(fence_active(fence), number, SHARE_HANDLE);
    *handle = (HANDLE)number;
    return VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL vkGetFenceWin32HandleKHR(VkDevice device, const VkFenceGetWin32HandleInfoKHR *info,
                                                        HANDLE *handle)
{
    struct call call;
    struct fence *fence;
    VkResult result;

    if (!call_begin(&call, CMD_GetFenceWin32HandleKHR, device))
        return call_end(&call, VK_ERROR_DEVICE_LOST);
    call_chain(&call, info->pNext);
    fence = call_fence(&call, info->fence, false);
    // Where nothing is exported it is no matter what the fence was made for.
    if (fence && state.options[FAKE_NATIVE_WORKS] &&
        !(fence->exports & (VkExternalFenceHandleTypeFlags)info->handleType))
        violation(&call, "fence-export", "VkFenceGetWin32HandleInfoKHR-handleType-01448", "it was not made for that");
    result = call_order(&call);
    if (result == VK_SUCCESS)
        result = fence ? get_handle(fence, handle) : FAKE_GET_RESULT;
    return call_end(&call, result);
}
