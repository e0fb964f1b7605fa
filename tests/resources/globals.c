// SPDX-License-Identifier: Apache-2.0
/*
 * Fences by global handle, made, imported and destroyed thousands of times. The argument is the layer's file.
 *
 * What stays in the process is the thread that serves numbers with what it listens to, and with the device the records
 * of as many fences as there were at once.
 */
#include <string.h>

#include "../layer/vulkan.h"
#include "base/os/os.h"
#include "counts.h"
#include "kmt/thunks.h"

#define KMT VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_KMT_BIT
enum { WARM = 16, MOST = 512, RECORDS_IN_BLOCK = 64, TABLES = 16 };

// ---- the layer's

static VkFence create(void)
{
    const VkExportFenceCreateInfo types = {.sType = VK_STRUCTURE_TYPE_EXPORT_FENCE_CREATE_INFO, .handleTypes = KMT};
    const VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO, .pNext = &types};
    VkFence fence;
    assert_int_equal(vk.CreateFence(world.device, &info, NULL, &fence), VK_SUCCESS);
    return fence;
}

static D3DKMT_HANDLE number_of(VkFence fence)
{
    const VkFenceGetWin32HandleInfoKHR info = {
        .sType = VK_STRUCTURE_TYPE_FENCE_GET_WIN32_HANDLE_INFO_KHR, .fence = fence, .handleType = KMT};
    HANDLE handle = NULL;
    assert_int_equal(vk.GetFenceWin32HandleKHR(world.device, &info, &handle), VK_SUCCESS);
    return (D3DKMT_HANDLE)(uintptr_t)handle;
}

static VkResult import(VkFence fence, D3DKMT_HANDLE number, bool temporary)
{
    const VkImportFenceWin32HandleInfoKHR info = {
        .sType = VK_STRUCTURE_TYPE_IMPORT_FENCE_WIN32_HANDLE_INFO_KHR, .fence = fence,
        .flags = temporary ? VK_FENCE_IMPORT_TEMPORARY_BIT : 0, .handleType = KMT,
        .handle = (HANDLE)(uintptr_t)number};
    return vk.ImportFenceWin32HandleKHR(world.device, &info);
}

// ---- a peer's, that speaks D3DKMT alone

static struct {
    struct ntf_library *library;
    struct ntf_kmt_thunks calls;
    D3DKMT_HANDLE adapter, device;
} peer;

static void peer_open(void)
{
    D3DKMT_ADAPTERINFO info = {0};
    D3DKMT_ENUMADAPTERS2 list = {.NumAdapters = 1, .pAdapters = &info};
    D3DKMT_CREATEDEVICE create_device = {0};
    char path[1024];
    assert_true(ntf_os_getenv("NTFENCE_D3DKMT", path, sizeof path) > 0);
    peer.library = ntf_library_open_path(path);
    assert_non_null(peer.library);
#define RESOLVE(Name, params, args, need)                                                                              \
    {                                                                                                                  \
        void (*symbol)(void) = ntf_library_symbol(peer.library, "D3DKMT" #Name);                                       \
        memcpy(&peer.calls.Name, &symbol, sizeof symbol);                                                              \
    }
    NTF_KMT_THUNKS(RESOLVE)
#undef RESOLVE
    assert_int_equal(peer.calls.EnumAdapters2(&list), NTF_STATUS_SUCCESS);
    create_device.hAdapter = peer.adapter = info.hAdapter;
    assert_int_equal(peer.calls.CreateDevice(&create_device), NTF_STATUS_SUCCESS);
    peer.device = create_device.hDevice;
}

static void peer_close(void)
{
    peer.calls.DestroyDevice(&(D3DKMT_DESTROYDEVICE){peer.device});
    peer.calls.CloseAdapter(&(D3DKMT_CLOSEADAPTER){peer.adapter});
    ntf_library_close(peer.library);
}

static D3DKMT_HANDLE peer_make(D3DKMT_HANDLE *number)
{
    D3DKMT_CREATESYNCHRONIZATIONOBJECT2 make = {
        .hDevice = peer.device, .Info = {.Type = D3DDDI_MONITORED_FENCE, .Flags = NTF_SYNC_SHARED}};
    assert_int_equal(peer.calls.CreateSynchronizationObject2(&make), NTF_STATUS_SUCCESS);
    *number = make.Info.SharedHandle;
    return make.hSyncObject;
}

static D3DKMT_HANDLE peer_ask(D3DKMT_HANDLE number)
{
    D3DKMT_OPENSYNCHRONIZATIONOBJECT open = {.hSharedHandle = number};
    assert_int_equal(peer.calls.OpenSynchronizationObject(&open), NTF_STATUS_SUCCESS);
    return open.hSyncObject;
}

static void peer_destroy(D3DKMT_HANDLE object)
{
    assert_int_equal(peer.calls.DestroySynchronizationObject(&(D3DKMT_DESTROYSYNCHRONIZATIONOBJECT){object}),
                     NTF_STATUS_SUCCESS);
}

// ---- one after the other

// Ours, imported by us; opened by the peer, who keeps it longest.
static void ours(uint32_t i)
{
    VkFence made = create(), other = fence_new();
    const D3DKMT_HANDLE number = number_of(made);
    const D3DKMT_HANDLE opened = i % 4 == 0 ? peer_ask(number) : 0;
    assert_int_equal(import(other, number, i % 3 == 0), VK_SUCCESS);
    fence_free(made);
    fence_free(other);
    if (opened)
        peer_destroy(opened);
}

// The peer's, imported by us, who keep it longest.
static void theirs(uint32_t i)
{
    VkFence fence = fence_new();
    D3DKMT_HANDLE number;
    const D3DKMT_HANDLE made = peer_make(&number);
    assert_int_equal(import(fence, number, i % 2), VK_SUCCESS);
    peer_destroy(made);
    fence_expect(fence, false);
    fence_free(fence);
}

static void gone(uint32_t i)
{
    VkFence fence = fence_new();
    D3DKMT_HANDLE number;
    peer_destroy(peer_make(&number));
    assert_int_equal(import(fence, number, i % 2), VK_ERROR_INVALID_EXTERNAL_HANDLE);
    fence_free(fence);
}

static void repeat(uint32_t cycles, void (*one)(uint32_t i), const char *what)
{
    struct counts before = {0};
    for (uint32_t i = 0; i < cycles; i++) {
        if (i == WARM)
            before = counts_now();
        one(i);
        if (i % 256 == 0)
            messages_clear();
    }
    counts_same(before, what);
}

static void one_by_one(void **state)
{
    (void)state;
    repeat(counts_exact ? 4096 : 512, ours, "after as many of ours");
    repeat(counts_exact ? 1024 : 256, theirs, "after as many of the peer's");
    repeat(256, gone, "after as many that had gone");
}

// ---- many at once

static void at_once(void **state)
{
    static VkFence made[MOST], other[MOST];
    const struct counts before = counts_now();
    (void)state;
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < MOST; i++) {
            made[i] = create();
            other[i] = fence_new();
            assert_int_equal(import(other[i], number_of(made[i]), false), VK_SUCCESS);
        }
        messages_clear();
        for (int i = 0; i < MOST; i++)
            fence_free(made[i]);
        for (int i = 0; i < MOST; i++)
            assert_true(number_of(other[i]) != 0);
        for (int i = 0; i < MOST; i++)
            fence_free(other[i]);
        counts_settle(before,
                      (struct counts){.handles = COUNTS_SLACK, .blocks = 2 * MOST / RECORDS_IN_BLOCK + TABLES},
                      "after 512 at once");
    }
}

static int setup(void **state)
{
    if (world_setup(state))
        return -1;
    peer_open();
    return 0;
}

static int teardown(void **state)
{
    peer_close();
    return world_teardown(state);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 1;
    raise_limit();
    counts_follow(argv[1]);
    static const struct CMUnitTest tests[] = {WORLD_TEST(one_by_one), WORLD_TEST(at_once)};
    return ntf_test_run("resources-globals", tests, NTF_COUNT(tests), setup, teardown);
}
