// SPDX-License-Identifier: Apache-2.0
/*
 * Timeline semaphores that are somebody's Direct3D 12 fence: the object is opened by the D3DKMT calls of the library
 * that the variable NTFENCE_D3DKMT names, and what the queue signals is signalled there.
 */
#include "driver.h"

#include <stdlib.h>
#include <string.h>

#include "kmt/thunks.h"

struct kernel_timeline {
    D3DKMT_HANDLE object;
    ntf_au64 *value; // CurrentValue
};

static struct {
    struct ntf_library *library; // once opened it stays
    struct ntf_kmt_thunks calls;
    D3DKMT_HANDLE device;
} kernel;

static bool open_library(void)
{
    D3DKMT_ADAPTERINFO infos[16] = {{0}};
    D3DKMT_ENUMADAPTERS2 list = {.NumAdapters = 16, .pAdapters = infos};
    D3DKMT_CREATEDEVICE create = {0};
    char path[1024];

    if (kernel.device)
        return true;
    if (ntf_os_getenv("NTFENCE_D3DKMT", path, sizeof path) <= 0 || !(kernel.library = ntf_library_open_path(path)))
        return false;
#define RESOLVE(Name, params, args, need)                                                                              \
    {                                                                                                                  \
        void (*symbol)(void) = ntf_library_symbol(kernel.library, "D3DKMT" #Name);                                     \
        memcpy(&kernel.calls.Name, &symbol, sizeof symbol);                                                            \
    }
    NTF_KMT_THUNKS(RESOLVE)
#undef RESOLVE
    if (kernel.calls.EnumAdapters2(&list) != NTF_STATUS_SUCCESS || list.NumAdapters == 0)
        return false;
    create.hAdapter = infos[0].hAdapter;
    if (kernel.calls.CreateDevice(&create) != NTF_STATUS_SUCCESS)
        return false;
    kernel.device = create.hDevice;
    return true;
}

struct kernel_timeline *timeline_open(HANDLE handle)
{
    D3DKMT_OPENSYNCOBJECTFROMNTHANDLE2 open = {
        .hNtHandle = handle, .Flags = NTF_SYNC_SHARED | NTF_SYNC_NT_SECURITY_SHARING};
    struct kernel_timeline *timeline;

    if (!open_library())
        return NULL;
    open.hDevice = kernel.device;
    // Fences of a runtime are made without GPU access, and open with that flag only.
    if (kernel.calls.OpenSyncObjectFromNtHandle2(&open) != NTF_STATUS_SUCCESS) {
        open.Flags |= NTF_SYNC_NO_GPU_ACCESS;
        if (kernel.calls.OpenSyncObjectFromNtHandle2(&open) != NTF_STATUS_SUCCESS)
            return NULL;
    }
    timeline = calloc(1, sizeof *timeline);
    if (!timeline || !open.MonitoredFence.FenceValueCPUVirtualAddress)
        give_up("an imported timeline without memory or address");
    timeline->object = open.hSyncObject;
    timeline->value = open.MonitoredFence.FenceValueCPUVirtualAddress;
    return timeline;
}

void timeline_close(struct kernel_timeline *timeline)
{
    (void)kernel.calls.DestroySynchronizationObject(&(D3DKMT_DESTROYSYNCHRONIZATIONOBJECT){timeline->object});
    free(timeline);
}

// At or above the value already: nothing is left to do.
void timeline_signal(struct kernel_timeline *timeline, uint64_t value)
{
    const D3DKMT_SIGNALSYNCHRONIZATIONOBJECTFROMCPU signal = {
        .hDevice = kernel.device, .ObjectCount = 1, .ObjectHandleArray = &timeline->object, .FenceValueArray = &value};

    if (kernel.calls.SignalSynchronizationObjectFromCpu(&signal) != NTF_STATUS_SUCCESS &&
        timeline_value(timeline) < value)
        violation(NULL, "semaphore", "", "the imported object refuses to be signalled with %llu",
                  (unsigned long long)value);
}

uint64_t timeline_value(const struct kernel_timeline *timeline)
{
    return ntf_load(timeline->value, NTF_ACQUIRE);
}

// ---- the commands

static VkResult import(struct semaphore *semaphore, const VkImportSemaphoreWin32HandleInfoKHR *info)
{
    struct kernel_timeline *timeline;

    if (info->handleType != VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_D3D12_FENCE_BIT || !semaphore->timeline || !info->handle)
        return VK_ERROR_INVALID_EXTERNAL_HANDLE;
    timeline = timeline_open(info->handle);
    if (!timeline)
        return VK_ERROR_INVALID_EXTERNAL_HANDLE;
    if (semaphore->kernel)
        timeline_close(semaphore->kernel);
    semaphore->kernel = timeline;
    return VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL vkImportSemaphoreWin32HandleKHR(VkDevice device,
                                                               const VkImportSemaphoreWin32HandleInfoKHR *info)
{
    struct call call;
    struct semaphore *semaphore;
    VkResult result;

    if (!call_begin(&call, CMD_ImportSemaphoreWin32HandleKHR, device))
        return call_end(&call, VK_ERROR_DEVICE_LOST);
    semaphore = call_object(&call, NUMBER(info->semaphore), KIND_SEMAPHORE);
    if (semaphore && semaphore->timeline && (info->flags & VK_SEMAPHORE_IMPORT_TEMPORARY_BIT))
        violation(&call, "semaphore", "VkImportSemaphoreWin32HandleInfoKHR-flags-03322", "a temporary timeline");
    result = call_order(&call);
    if (result == VK_SUCCESS && semaphore)
        result = import(semaphore, info);
    return call_end(&call, result);
}

// Nothing is ever exported.
VKAPI_ATTR VkResult VKAPI_CALL vkGetSemaphoreWin32HandleKHR(VkDevice device,
                                                            const VkSemaphoreGetWin32HandleInfoKHR *info,
                                                            HANDLE *handle)
{
    struct call call;
    VkResult result;
    (void)info, (void)handle;

    if (!call_begin(&call, CMD_GetSemaphoreWin32HandleKHR, device))
        return call_end(&call, VK_ERROR_DEVICE_LOST);
    result = call_order(&call);
    return call_end(&call, result == VK_SUCCESS ? VK_ERROR_TOO_MANY_OBJECTS : result);
}
