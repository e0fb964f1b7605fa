/* SPDX-License-Identifier: Apache-2.0 */
#include "rig.h"

#include "kmt/soft/page.h"
#include "kmt/soft/soft.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ntf_kmt_thunks kmt;

bool rig_load_library(const char *path, struct ntf_kmt_thunks *table)
{
    struct ntf_library *library = ntf_library_open_path(path);
    void (*symbol)(void);

    if (!library)
        return false;
#define RESOLVE(Name, params, args, need)                                                          \
    symbol = ntf_library_symbol(library, "D3DKMT" #Name);                                          \
    memcpy(&table->Name, &symbol, sizeof symbol);
    NTF_KMT_THUNKS(RESOLVE)
#undef RESOLVE
    return true;
}

void rig_load(void)
{
    char path[1024];

    if (ntf_os_getenv("NTFENCE_D3DKMT", path, sizeof path) <= 0) {
        kmt = *ntf_soft_thunks();
    } else if (!rig_load_library(path, &kmt)) {
        fprintf(stderr, "cannot load %s\n", path);
        exit(3);
    }
}

D3DKMT_HANDLE rig_adapter(void)
{
    static D3DKMT_HANDLE adapter;
    D3DKMT_OPENADAPTERFROMLUID open = { { 0x4E46, 0 }, 0 };

    if (adapter == 0) {
        assert_int_equal(kmt.OpenAdapterFromLuid(&open), NTF_STATUS_SUCCESS);
        adapter = open.hAdapter;
    }
    return adapter;
}

D3DKMT_HANDLE rig_new_device(void)
{
    D3DKMT_CREATEDEVICE create;

    memset(&create, 0, sizeof create);
    create.hAdapter = rig_adapter();
    assert_int_equal(kmt.CreateDevice(&create), NTF_STATUS_SUCCESS);
    return create.hDevice;
}

D3DKMT_HANDLE rig_device(void)
{
    static D3DKMT_HANDLE device;

    if (device == 0)
        device = rig_new_device();
    return device;
}

struct rig_fence rig_monitored(uint32_t flags, uint64_t initial)
{
    D3DKMT_CREATESYNCHRONIZATIONOBJECT2 create;
    struct rig_fence fence;

    memset(&create, 0, sizeof create);
    create.hDevice = rig_device();
    create.Info.Type = D3DDDI_MONITORED_FENCE;
    create.Info.Flags = flags;
    create.Info.MonitoredFence.InitialFenceValue = initial;
    assert_int_equal(kmt.CreateSynchronizationObject2(&create), NTF_STATUS_SUCCESS);
    fence.handle = create.hSyncObject;
    fence.value = create.Info.MonitoredFence.FenceValueCPUVirtualAddress;
    assert_non_null(fence.value);
    assert_int_equal((uintptr_t)fence.value % 8, 0);
    return fence;
}

struct rig_fence rig_native(uint32_t flags, uint64_t initial)
{
    union {
        D3DKMT_CREATENATIVEFENCE create;
        uint8_t block[NTF_NATIVE_FENCE_BLOCK_SIZE];
    } u;
    struct rig_fence fence;

    memset(&u, 0, sizeof u);
    u.create.hDevice = rig_device();
    u.create.Info.Type = D3DDDI_NATIVEFENCE_TYPE_DEFAULT;
    u.create.Info.Flags = flags;
    u.create.Info.InitialFenceValue = initial;
    assert_int_equal(kmt.CreateNativeFence(&u.create), NTF_STATUS_SUCCESS);
    fence.handle = u.create.hSyncObject;
    fence.value = u.create.Info.NativeFenceMapping.CurrentValueCpuVa;
    assert_non_null(fence.value);
    return fence;
}

void rig_destroy(D3DKMT_HANDLE handle)
{
    const D3DKMT_DESTROYSYNCHRONIZATIONOBJECT destroy = { handle };

    assert_int_equal(kmt.DestroySynchronizationObject(&destroy), NTF_STATUS_SUCCESS);
}

uint64_t rig_value(const struct rig_fence *fence)
{
    return ntf_load((ntf_au64 *)(uintptr_t)fence->value, NTF_ACQUIRE);
}

void rig_until_armed(const struct rig_fence *fence, unsigned waiters)
{
    struct ntf_page *page = (struct ntf_page *)((uintptr_t)fence->value - offsetof(struct ntf_page, current));
    unsigned count;

    do {
        const uint64_t armed = ntf_load(&page->armed, NTF_ACQUIRE);
        count = 0;
        for (unsigned i = 0; i < NTF_PAGE_SLOTS; i++) {
            count += (armed >> i & 1) && ntf_load(&page->slots[i].owner, NTF_ACQUIRE) != 0;
            count += ntf_load(&page->slots[i].herd, NTF_ACQUIRE) & 0x7FFFFFFFu;
        }
        rig_yield();
    } while (count < waiters);
}

ntf_status rig_signal_flags(D3DKMT_HANDLE handle, uint64_t value, uint32_t flags)
{
    const D3DKMT_SIGNALSYNCHRONIZATIONOBJECTFROMCPU signal = { rig_device(), 1, &handle, &value, flags };

    return kmt.SignalSynchronizationObjectFromCpu(&signal);
}

ntf_status rig_signal(D3DKMT_HANDLE handle, uint64_t value)
{
    return rig_signal_flags(handle, value, 0);
}

ntf_status rig_wait_async(D3DKMT_HANDLE handle, uint64_t value, ntf_handle event)
{
    const D3DKMT_WAITFORSYNCHRONIZATIONOBJECTFROMCPU wait = { rig_device(), 1, &handle, &value, event, 0 };

    return kmt.WaitForSynchronizationObjectFromCpu(&wait);
}

ntf_status rig_wait(D3DKMT_HANDLE handle, uint64_t value)
{
    return rig_wait_async(handle, value, NULL);
}

ntf_handle rig_share(D3DKMT_HANDLE handle)
{
    ntf_handle nt = NULL;

    assert_int_equal(kmt.ShareObjects(1, &handle, NULL, D3DDDI_SYNC_OBJECT_ALL_ACCESS, &nt), NTF_STATUS_SUCCESS);
    assert_non_null(nt);
    return nt;
}

ntf_status rig_open(ntf_handle nt, uint32_t flags, struct rig_fence *out)
{
    D3DKMT_OPENSYNCOBJECTFROMNTHANDLE2 open;
    ntf_status status;

    memset(&open, 0, sizeof open);
    open.hNtHandle = nt;
    open.hDevice = rig_device();
    open.Flags = flags;
    status = kmt.OpenSyncObjectFromNtHandle2(&open);
    if (status == NTF_STATUS_SUCCESS) {
        out->handle = open.hSyncObject;
        out->value = open.MonitoredFence.FenceValueCPUVirtualAddress;
    }
    return status;
}

struct rig_fence rig_global(uint64_t initial, D3DKMT_HANDLE *number)
{
    D3DKMT_CREATESYNCHRONIZATIONOBJECT2 create;
    struct rig_fence fence;

    memset(&create, 0, sizeof create);
    create.hDevice = rig_device();
    create.Info.Type = D3DDDI_MONITORED_FENCE;
    create.Info.Flags = NTF_SYNC_SHARED;
    create.Info.MonitoredFence.InitialFenceValue = initial;
    assert_int_equal(kmt.CreateSynchronizationObject2(&create), NTF_STATUS_SUCCESS);
    assert_int_not_equal(create.Info.SharedHandle, 0);
    fence.handle = create.hSyncObject;
    fence.value = create.Info.MonitoredFence.FenceValueCPUVirtualAddress;
    *number = create.Info.SharedHandle;
    return fence;
}

ntf_status rig_open_global(D3DKMT_HANDLE number, struct rig_fence *out)
{
    D3DKMT_OPENSYNCHRONIZATIONOBJECT open, before;
    ntf_status status;

    memset(&open, 0xA5, sizeof open);
    open.hSharedHandle = number;
    before = open;
    status = kmt.OpenSynchronizationObject(&open);
    if (status != NTF_STATUS_SUCCESS) {
        assert_memory_equal(&open, &before, sizeof open);
        return status;
    }
    assert_int_equal(open.Reserved[7], NTF_SOFT_OPEN_MAPPED);
    out->handle = open.hSyncObject;
    out->value = (const ntf_au64 *)(uintptr_t)open.Reserved[0];
    return status;
}

/* What a holder that does not answer costs; what nobody has is refused before. */
#define SILENCE_NS UINT64_C(2000000000)

struct rig_fence rig_opened(D3DKMT_HANDLE number)
{
    struct rig_fence fence = { 0, NULL };

    assert_int_equal(rig_open_global(number, &fence), NTF_STATUS_SUCCESS);
    return fence;
}

void rig_expect_dead(D3DKMT_HANDLE number)
{
    const uint64_t begin = ntf_os_now_ns();
    struct rig_fence fence;

    assert_int_equal(rig_open_global(number, &fence), NTF_STATUS_INVALID_PARAMETER);
    assert_true(ntf_os_now_ns() - begin < SILENCE_NS);
}

void rig_raw_name(struct rig_name *name, const char *text)
{
    const size_t length = strlen(text);
    size_t i;

    assert_true(length <= sizeof name->units / sizeof name->units[0]);
    memset(name, 0, sizeof *name);
    for (i = 0; i < length; i++)
        name->units[i] = (char16_t)(unsigned char)text[i];
    name->string.Length = (uint16_t)(2 * length);
    name->string.MaximumLength = name->string.Length;
    name->string.Buffer = name->units;
    name->attributes.Length = sizeof name->attributes;
    name->attributes.ObjectName = &name->string;
}

void rig_name(struct rig_name *name, const char *text)
{
    char path[512];
    size_t length;

    rig_directory(path, sizeof path);
    length = strlen(path);
    (void)snprintf(path + length, sizeof path - length, "%s", text);
    rig_raw_name(name, path);
}

const char *rig_unique(const char *text)
{
    static char name[128];
    uint64_t random = 0;

    assert_true(ntf_os_random(&random, sizeof random));
    (void)snprintf(name, sizeof name, "%s-%016llX", text, (unsigned long long)random);
    return name;
}

ntf_status rig_share_as(D3DKMT_HANDLE handle, const char *text, ntf_handle *out)
{
    struct rig_name name;

    rig_name(&name, text);
    return kmt.ShareObjects(1, &handle, &name.attributes, D3DDDI_SYNC_OBJECT_ALL_ACCESS, out);
}

ntf_status rig_lookup(const char *text, uint32_t access, ntf_handle *out)
{
    struct rig_name name;
    D3DKMT_OPENSYNCOBJECTNTHANDLEFROMNAME lookup = { access, &name.attributes, NULL };
    ntf_status status;

    rig_name(&name, text);
    status = kmt.OpenSyncObjectNtHandleFromName(&lookup);
    if (status == NTF_STATUS_SUCCESS)
        *out = lookup.hNtHandle;
    return status;
}

static void run_waiter(void *context)
{
    struct rig_waiter *waiter = context;

    waiter->status = rig_wait(waiter->handle, waiter->target);
    ntf_store(&waiter->done, 1u, NTF_RELEASE);
}

void rig_waiter_start(struct rig_waiter *waiter, D3DKMT_HANDLE handle, uint64_t target)
{
    (void)rig_device(); /* made here, not in the thread */
    waiter->handle = handle;
    waiter->target = target;
    waiter->status = NTF_STATUS_PENDING;
    ntf_init(&waiter->done, 0u);
    assert_int_equal(ntf_thread_start(&waiter->thread, "waiter", run_waiter, waiter), NTF_OK);
}

ntf_status rig_waiter_join(struct rig_waiter *waiter)
{
    ntf_thread_join(waiter->thread);
    return waiter->status;
}
