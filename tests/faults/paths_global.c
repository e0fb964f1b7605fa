// SPDX-License-Identifier: Apache-2.0
/*
 * Fences by global handle: their making, their import from a peer that speaks D3DKMT alone, and the service that others
 * find them by.
 */
#include "paths.h"

#include <stdlib.h>
#include <string.h>

#include "base/os/os.h"
#include "kmt/thunks.h"

#define KMT VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_KMT_BIT
#define POISON ((VkFence)(uintptr_t)0xA5A5A5A0)

static VkFence fence, other;

// ---- the peer

static struct {
    struct ntf_library *library;
    struct ntf_kmt_thunks calls;
    D3DKMT_HANDLE adapter, device, object, number;
    uint64_t *value;
} peer;

static void peer_open(void)
{
    D3DKMT_ADAPTERINFO info = {0};
    D3DKMT_ENUMADAPTERS2 list = {.NumAdapters = 1, .pAdapters = &info};
    D3DKMT_CREATEDEVICE create = {0};
    char path_of[1024];
    CHECK(ntf_os_getenv("NTFENCE_D3DKMT", path_of, sizeof path_of) > 0);
    peer.library = ntf_library_open_path(path_of);
    CHECK(peer.library);
#define RESOLVE(Name, params, args, need)                                                                              \
    {                                                                                                                  \
        void (*symbol)(void) = ntf_library_symbol(peer.library, "D3DKMT" #Name);                                       \
        memcpy(&peer.calls.Name, &symbol, sizeof symbol);                                                              \
    }
    NTF_KMT_THUNKS(RESOLVE)
#undef RESOLVE
    CHECK(peer.calls.EnumAdapters2(&list) == NTF_STATUS_SUCCESS);
    create.hAdapter = peer.adapter = info.hAdapter;
    CHECK(peer.calls.CreateDevice(&create) == NTF_STATUS_SUCCESS);
    peer.device = create.hDevice;
}

static void peer_make(void)
{
    D3DKMT_CREATESYNCHRONIZATIONOBJECT2 create = {
        .hDevice = peer.device, .Info = {.Type = D3DDDI_MONITORED_FENCE, .Flags = NTF_SYNC_SHARED}};
    CHECK(peer.calls.CreateSynchronizationObject2(&create) == NTF_STATUS_SUCCESS);
    peer.object = create.hSyncObject;
    peer.number = create.Info.SharedHandle;
    peer.value = create.Info.MonitoredFence.FenceValueCPUVirtualAddress;
    CHECK(peer.object && peer.number && peer.value);
}

static ntf_status peer_ask(D3DKMT_HANDLE number)
{
    D3DKMT_OPENSYNCHRONIZATIONOBJECT open = {.hSharedHandle = number};
    const ntf_status status = peer.calls.OpenSynchronizationObject(&open);
    if (status == NTF_STATUS_SUCCESS)
        peer.object = open.hSyncObject;
    return status;
}

static void peer_signal(uint64_t value)
{
    const D3DKMT_SIGNALSYNCHRONIZATIONOBJECTFROMCPU signal = {
        .hDevice = peer.device, .ObjectCount = 1, .ObjectHandleArray = &peer.object, .FenceValueArray = &value};
    CHECK(peer.calls.SignalSynchronizationObjectFromCpu(&signal) == NTF_STATUS_SUCCESS);
}

static void peer_close(void)
{
    if (peer.object)
        CHECK(peer.calls.DestroySynchronizationObject(&(D3DKMT_DESTROYSYNCHRONIZATIONOBJECT){peer.object}) ==
              NTF_STATUS_SUCCESS);
    peer.calls.DestroyDevice(&(D3DKMT_DESTROYDEVICE){peer.device});
    peer.calls.CloseAdapter(&(D3DKMT_CLOSEADAPTER){peer.adapter});
    ntf_library_close(peer.library);
}

// ---- what both do

static VkResult create(VkFence *out)
{
    const VkExportFenceCreateInfo types = {.sType = VK_STRUCTURE_TYPE_EXPORT_FENCE_CREATE_INFO, .handleTypes = KMT};
    const VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO, .pNext = &types};
    return vk.CreateFence(world.device, &info, NULL, out);
}

static D3DKMT_HANDLE number_of(VkFence of)
{
    const VkFenceGetWin32HandleInfoKHR info = {.sType = VK_STRUCTURE_TYPE_FENCE_GET_WIN32_HANDLE_INFO_KHR,
                                               .fence = of, .handleType = KMT};
    HANDLE handle = NULL;
    CHECK(vk.GetFenceWin32HandleKHR(world.device, &info, &handle) == VK_SUCCESS);
    CHECK(handle && (uintptr_t)handle <= UINT32_MAX);
    return (D3DKMT_HANDLE)(uintptr_t)handle;
}

static VkResult import(VkFence into, D3DKMT_HANDLE number)
{
    const VkImportFenceWin32HandleInfoKHR info = {
        .sType = VK_STRUCTURE_TYPE_IMPORT_FENCE_WIN32_HANDLE_INFO_KHR, .fence = into,
        .flags = path->argument & TEMPORARY ? VK_FENCE_IMPORT_TEMPORARY_BIT : 0,
        .handleType = KMT, .handle = (HANDLE)(uintptr_t)number};
    return vk.ImportFenceWin32HandleKHR(world.device, &info);
}

// ---- making one

void global_create_arrange(void)
{
    struct kernel_fence object;

    // What stands for a kernel has been asked by now whether it can share at all: an answer that is kept.
    kernel_make(&object, false, false, 0);
    kernel_destroy(&object);
    fence = POISON;
}

VkResult global_create_act(void)
{
    messages_clear();
    return create(&fence);
}

void global_create_refused(void)
{
    CHECK(fence == POISON);
    messages_clear();
}

void global_create_done(VkResult result)
{
    CHECK(result == VK_SUCCESS);
    other = fence_new();
    fence_expect(fence, false);
    CHECK(import(other, number_of(fence)) == VK_SUCCESS);
    CHECK(number_of(other) == number_of(fence));
    fence_submit(fence);
    CHECK(fence_wait(other, UINT64_MAX) == VK_SUCCESS);
    fence_reset(other);
    fence_expect(fence, false);
}

void global_create_tidy(void)
{
    fence_free(other);
    fence_free(fence);
}

// ---- importing one

static struct kernel_fence before;

void global_import_arrange(void)
{
    peer_open();
    peer_make();
    kernel_make(&before, false, false, 0);
    fence = fence_new();
    if (path->argument & OVER_ANOTHER)
        CHECK(import_by_handle(fence, before.handle, 0, 7) == VK_SUCCESS);
}

VkResult global_import_act(void)
{
    messages_clear();
    return import(fence, peer.number);
}

// The fence is what it was, and works as it did.
void global_import_refused(void)
{
    fence_expect(fence, false);
    if (path->argument & OVER_ANOTHER) {
        kernel_signal(&before, 7);
    } else {
        fence_submit(fence);
        CHECK(fence_wait(fence, UINT64_MAX) == VK_SUCCESS);
    }
    fence_expect(fence, true);
    fence_reset(fence);
    fence_expect(fence, false);
    CHECK(*peer.value == 0);
    messages_clear();
}

void global_import_done(VkResult result)
{
    if (result != VK_SUCCESS)
        attempt_fail("tried again: %d, %s%s", result, messages_last("NTF-IMPORT-001"), messages_last("NTF-IMPORT-010"));
    fence_expect(fence, false);
    peer_signal(1);
    fence_expect(fence, true);
    fence_reset(fence);
    fence_expect(fence, false);
    if (path->argument & TEMPORARY)
        return;
    peer_signal(2);
    fence_expect(fence, true);
}

void global_import_tidy(void)
{
    fence_free(fence);
    kernel_destroy(&before);
    peer_close();
}

// ---- being asked for one: the thread that answers meets the failure

void global_serve_arrange(void)
{
    peer_open();
    CHECK(create(&fence) == VK_SUCCESS);
}

// Whoever asks does so again until the answer is there.
VkResult global_serve_act(void)
{
    const ntf_status status = peer_ask(number_of(fence));
    if (status != NTF_STATUS_SUCCESS)
        attempt_fail("the peer got 0x%08X", (unsigned)status);
    return VK_SUCCESS;
}

void global_serve_done(VkResult result)
{
    CHECK(result == VK_SUCCESS);
    fence_expect(fence, false);
    fence_submit(fence);
    CHECK(fence_wait(fence, UINT64_MAX) == VK_SUCCESS);
}

void global_serve_tidy(void)
{
    fence_free(fence);
    peer_close();
}
