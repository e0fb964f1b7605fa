// SPDX-License-Identifier: Apache-2.0
#include "peer.h"

#include <stdio.h>
#include <string.h>

#include "base/os/os.h"
#include "kmt/thunks.h"

static struct {
    struct ntf_library *library;
    struct ntf_kmt_thunks calls;
    D3DKMT_HANDLE adapter, device;
    unsigned names;
} peer;

static void must(ntf_status status, const char *call)
{
    if (status != NTF_STATUS_SUCCESS)
        fail_msg("%s: 0x%08X (%s)", call, (unsigned)status, ntf_status_name(status));
}

void peer_open(void)
{
    D3DKMT_ADAPTERINFO infos[16];
    D3DKMT_ENUMADAPTERS2 list = {.NumAdapters = NTF_COUNT(infos), .pAdapters = infos};
    char path[1024];
    if (peer.library)
        return;
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
    memset(infos, 0, sizeof infos);
    must(peer.calls.EnumAdapters2(&list), "EnumAdapters2");
    assert_in_range(list.NumAdapters, 1, NTF_COUNT(infos));
    peer.adapter = infos[0].hAdapter;
    for (uint32_t i = 1; i < list.NumAdapters; i++)
        peer.calls.CloseAdapter(&(D3DKMT_CLOSEADAPTER){infos[i].hAdapter});
    D3DKMT_CREATEDEVICE create = {.hAdapter = peer.adapter};
    must(peer.calls.CreateDevice(&create), "CreateDevice");
    peer.device = create.hDevice;
}

void peer_close(void)
{
    peer.calls.DestroyDevice(&(D3DKMT_DESTROYDEVICE){peer.device});
    peer.calls.CloseAdapter(&(D3DKMT_CLOSEADAPTER){peer.adapter});
    ntf_library_close(peer.library);
    memset(&peer, 0, sizeof peer);
}

static void make_mutex(struct peer_mutex *mutex, uint32_t flags, uint64_t key)
{
    D3DKMT_CREATEKEYEDMUTEX2 create;
    memset(&create, 0, sizeof create);
    create.InitialValue = key;
    create.Flags = flags;
    must(peer.calls.CreateKeyedMutex2(&create), "CreateKeyedMutex2");
    mutex->mutex = create.hKeyedMutex;
    mutex->global = create.hSharedHandle;
}

static void make_resource(struct peer_mutex *mutex)
{
    uint8_t data[16] = {0};
    D3DDDI_ALLOCATIONINFO2 info;
    D3DKMT_CREATEALLOCATION create;
    memset(&info, 0, sizeof info);
    memset(&create, 0, sizeof create);
    info.pPrivateDriverData = data;
    info.PrivateDriverDataSize = sizeof data;
    create.hDevice = peer.device;
    create.pPrivateRuntimeData = data;
    create.PrivateRuntimeDataSize = sizeof data;
    create.NumAllocations = 1;
    create.pAllocationInfo2 = &info;
    create.Flags =
        NTF_ALLOCATION_CREATE_RESOURCE | NTF_ALLOCATION_CREATE_SHARED | NTF_ALLOCATION_NT_SECURITY_SHARING;
    must(peer.calls.CreateAllocation2(&create), "CreateAllocation2");
    mutex->resource = create.hResource;
}

static void make_companion(struct peer_mutex *mutex)
{
    D3DKMT_CREATESYNCHRONIZATIONOBJECT2 create = {
        .hDevice = peer.device,
        .Info = {.Type = D3DDDI_MONITORED_FENCE, .Flags = NTF_SYNC_SHARED | NTF_SYNC_NT_SECURITY_SHARING},
    };
    must(peer.calls.CreateSynchronizationObject2(&create), "CreateSynchronizationObject2");
    mutex->sync = create.hSyncObject;
    mutex->value = create.Info.MonitoredFence.FenceValueCPUVirtualAddress;
}

static void widen(const char *text, char16_t *units, size_t room)
{
    assert_true(strlen(text) < room);
    for (size_t i = 0; i <= strlen(text); i++)
        units[i] = (char16_t)(unsigned char)text[i];
}

static void share(struct peer_mutex *mutex)
{
    const D3DKMT_HANDLE three[3] = {mutex->resource, mutex->mutex, mutex->sync};
    ntf_object_attributes attributes = {.Length = sizeof attributes};
    ntf_unicode_string string = {0};
    static uint64_t run;
    char path[160];
    char16_t units[160];
    if (mutex->way == PEER_NAME) {
        if (!run)
            assert_true(ntf_os_random(&run, sizeof run));
        snprintf(mutex->name, sizeof mutex->name, "ntfence-keyed-%016llx-%u", (unsigned long long)run, peer.names++);
        widen(mutex->name, mutex->units, NTF_COUNT(mutex->units));
        if (os_session())
            snprintf(path, sizeof path, "\\Sessions\\%u\\BaseNamedObjects\\%s", (unsigned)os_session(), mutex->name);
        else
            snprintf(path, sizeof path, "\\BaseNamedObjects\\%s", mutex->name);
        widen(path, units, NTF_COUNT(units));
        string.Length = (uint16_t)(2 * strlen(path));
        string.MaximumLength = (uint16_t)(string.Length + 2);
        string.Buffer = units;
        attributes.ObjectName = &string;
        attributes.Attributes = NTF_OBJ_CASE_INSENSITIVE;
    }
    must(peer.calls.ShareObjects(3, three, &attributes, SHARED_ALLOCATION_ALL_ACCESS, &mutex->handle), "ShareObjects");
}

void peer_make(struct peer_mutex *mutex, enum peer_way way, uint64_t key)
{
    memset(mutex, 0, sizeof *mutex);
    mutex->way = way;
    make_mutex(mutex, way == PEER_NUMBER ? 0 : NTF_KEYED_MUTEX_NT_SECURITY_SHARING, key);
    if (way == PEER_NUMBER)
        return;
    make_resource(mutex);
    make_companion(mutex);
    share(mutex);
}

void peer_open_number(struct peer_mutex *mutex, D3DKMT_HANDLE number)
{
    D3DKMT_OPENKEYEDMUTEX open = {.hSharedHandle = number};
    memset(mutex, 0, sizeof *mutex);
    must(peer.calls.OpenKeyedMutex(&open), "OpenKeyedMutex");
    mutex->way = PEER_NUMBER;
    mutex->mutex = open.hKeyedMutex;
    mutex->global = number;
}

void peer_destroy(struct peer_mutex *mutex)
{
    if (mutex->handle)
        os_handle_close(mutex->handle);
    must(peer.calls.DestroyKeyedMutex(&(D3DKMT_DESTROYKEYEDMUTEX){mutex->mutex}), "DestroyKeyedMutex");
    if (mutex->sync)
        must(peer.calls.DestroySynchronizationObject(&(D3DKMT_DESTROYSYNCHRONIZATIONOBJECT){mutex->sync}),
             "DestroySynchronizationObject");
    if (mutex->resource)
        must(peer.calls.DestroyAllocation(
                 &(D3DKMT_DESTROYALLOCATION){.hDevice = peer.device, .hResource = mutex->resource}),
             "DestroyAllocation");
}

ntf_status peer_try(const struct peer_mutex *mutex, uint64_t key, uint64_t *value)
{
    int64_t at_once = 0;
    D3DKMT_ACQUIREKEYEDMUTEX acquire = {.hKeyedMutex = mutex->mutex, .Key = key, .pTimeout = &at_once};
    const ntf_status status = peer.calls.AcquireKeyedMutex(&acquire);
    *value = acquire.FenceValue;
    return status;
}

ntf_status peer_give(const struct peer_mutex *mutex, uint64_t key, uint64_t value)
{
    D3DKMT_RELEASEKEYEDMUTEX release = {.hKeyedMutex = mutex->mutex, .Key = key, .FenceValue = value};
    return peer.calls.ReleaseKeyedMutex(&release);
}

void peer_signal(const struct peer_mutex *mutex, uint64_t value)
{
    must(peer.calls.SignalSynchronizationObjectFromCpu(
             &(D3DKMT_SIGNALSYNCHRONIZATIONOBJECTFROMCPU){.hDevice = peer.device,
                                                          .ObjectCount = 1,
                                                          .ObjectHandleArray = &mutex->sync,
                                                          .FenceValueArray = &value}),
         "SignalSynchronizationObjectFromCpu");
}

void expect_free(const struct peer_mutex *mutex, uint64_t key, uint64_t value)
{
    uint64_t found;
    assert_int_equal(peer_try(mutex, key, &found), NTF_STATUS_SUCCESS);
    assert_true(found == value);
    assert_int_equal(peer_give(mutex, key, value), NTF_STATUS_SUCCESS);
}

static uint64_t take(const struct peer_mutex *mutex, uint64_t key)
{
    uint64_t value;
    ntf_status status;
    while ((status = peer_try(mutex, key, &value)) == NTF_STATUS_TIMEOUT)
        os_sleep_ms(1);
    assert_int_equal(status, NTF_STATUS_SUCCESS);
    return value;
}

void peer_take(const struct peer_mutex *mutex, uint64_t key)
{
    (void)take(mutex, key);
}

void expect_free_soon(const struct peer_mutex *mutex, uint64_t key, uint64_t value)
{
    assert_true(take(mutex, key) == value);
    assert_int_equal(peer_give(mutex, key, value), NTF_STATUS_SUCCESS);
}

// At whatever key it was: those that these tests use.
void expect_held(const struct peer_mutex *mutex)
{
    uint64_t found;
    for (uint64_t key = 0; key < 16; key++)
        assert_int_equal(peer_try(mutex, key, &found), NTF_STATUS_TIMEOUT);
}

VkResult import_mutex(VkFence fence, const struct peer_mutex *mutex, const struct keys *keys, VkFenceImportFlags flags)
{
    const NtfenceImportKeyedMutexInfo info = {.sType = NTFENCE_STRUCTURE_TYPE_IMPORT_KEYED_MUTEX_INFO,
                                              .acquireKey = keys ? keys->acquire : 0,
                                              .releaseKey = keys ? keys->release : 0};
    const bool number = mutex->way == PEER_NUMBER;
    const VkImportFenceWin32HandleInfoKHR import = {
        .sType = VK_STRUCTURE_TYPE_IMPORT_FENCE_WIN32_HANDLE_INFO_KHR,
        .pNext = keys ? &info : NULL,
        .fence = fence,
        .flags = flags,
        .handleType = number ? VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_KMT_BIT
                             : VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT,
        .handle = number                    ? (HANDLE)(uintptr_t)mutex->global
                  : mutex->way == PEER_HANDLE ? mutex->handle
                                            : NULL,
        .name = mutex->way == PEER_NAME ? (LPCWSTR)mutex->units : NULL,
    };
    return vk.ImportFenceWin32HandleKHR(world.device, &import);
}
