/* SPDX-License-Identifier: Apache-2.0 */
#include "rig_bundle.h"

#include <string.h>

/* ---- keyed mutexes ---- */

D3DKMT_HANDLE rig_mutex(uint32_t flags, uint64_t key, D3DKMT_HANDLE *global)
{
    D3DKMT_CREATEKEYEDMUTEX2 create;

    memset(&create, 0, sizeof create);
    create.InitialValue = key;
    create.Flags = flags;
    assert_int_equal(kmt.CreateKeyedMutex2(&create), NTF_STATUS_SUCCESS);
    assert_int_not_equal(create.hKeyedMutex, 0);
    if (global)
        *global = create.hSharedHandle;
    return create.hKeyedMutex;
}

ntf_status rig_acquire(D3DKMT_HANDLE mutex, uint64_t key, const int64_t *timeout, uint64_t *fence_value)
{
    int64_t copy = timeout ? *timeout : 0;
    D3DKMT_ACQUIREKEYEDMUTEX acquire = { mutex, key, timeout ? &copy : NULL, POISON };
    const ntf_status status = kmt.AcquireKeyedMutex(&acquire);

    *fence_value = acquire.FenceValue;
    return status;
}

ntf_status rig_try(D3DKMT_HANDLE mutex, uint64_t key)
{
    const int64_t now = 0;
    uint64_t fence_value;

    return rig_acquire(mutex, key, &now, &fence_value);
}

ntf_status rig_release(D3DKMT_HANDLE mutex, uint64_t key, uint64_t fence_value)
{
    D3DKMT_RELEASEKEYEDMUTEX release = { mutex, key, fence_value };

    return kmt.ReleaseKeyedMutex(&release);
}

ntf_status rig_open_mutex(D3DKMT_HANDLE global, D3DKMT_HANDLE *out)
{
    D3DKMT_OPENKEYEDMUTEX open = { global, POISON };
    const ntf_status status = kmt.OpenKeyedMutex(&open);

    if (status != NTF_STATUS_SUCCESS)
        assert_int_equal(open.hKeyedMutex, POISON);
    *out = open.hKeyedMutex;
    return status;
}

ntf_status rig_destroy_mutex(D3DKMT_HANDLE mutex)
{
    const D3DKMT_DESTROYKEYEDMUTEX destroy = { mutex };

    return kmt.DestroyKeyedMutex(&destroy);
}

static void run_taker(void *context)
{
    struct rig_taker *taker = context;

    taker->status = rig_acquire(taker->mutex, taker->key, taker->timeout, &taker->fence_value);
    ntf_store(&taker->done, 1u, NTF_RELEASE);
}

void rig_taker_start(struct rig_taker *taker, D3DKMT_HANDLE mutex, uint64_t key)
{
    taker->mutex = mutex;
    taker->key = key;
    taker->timeout = NULL;
    taker->status = NTF_STATUS_PENDING;
    ntf_init(&taker->done, 0u);
    assert_int_equal(ntf_thread_start(&taker->thread, "taker", run_taker, taker), NTF_OK);
}

ntf_status rig_taker_join(struct rig_taker *taker)
{
    ntf_thread_join(taker->thread);
    return taker->status;
}

/* ---- resources ---- */

static void fill(uint8_t *data, size_t size, uint8_t first)
{
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)(first + i);
}

ntf_status rig_make_resource(uint32_t flags, uint32_t parts, D3DKMT_HANDLE *resource, D3DKMT_HANDLE *allocations,
                             D3DKMT_HANDLE *global)
{
    uint8_t runtime[RIG_RUNTIME], driver[RIG_DRIVER], data[4][RIG_PART + 4];
    D3DDDI_ALLOCATIONINFO2 infos[4];
    D3DKMT_CREATEALLOCATION create;
    ntf_status status;

    assert_in_range(parts, 1, 4);
    fill(runtime, sizeof runtime, 1);
    fill(driver, sizeof driver, 101);
    memset(infos, 0, sizeof infos);
    for (uint32_t i = 0; i < parts; i++) {
        fill(data[i], sizeof data[i], (uint8_t)(10 * i));
        infos[i].hAllocation = POISON;
        infos[i].pPrivateDriverData = data[i];
        infos[i].PrivateDriverDataSize = RIG_PART + i;
    }
    memset(&create, 0, sizeof create);
    create.hDevice = rig_device();
    create.hGlobalShare = POISON;
    create.pPrivateRuntimeData = runtime;
    create.PrivateRuntimeDataSize = sizeof runtime;
    create.pPrivateDriverData = driver;
    create.PrivateDriverDataSize = sizeof driver;
    create.NumAllocations = parts;
    create.pAllocationInfo2 = infos;
    create.Flags = flags;
    status = kmt.CreateAllocation2(&create);
    *resource = create.hResource;
    if (global)
        *global = create.hGlobalShare;
    for (uint32_t i = 0; i < parts && allocations; i++)
        allocations[i] = infos[i].hAllocation;
    return status;
}

D3DKMT_HANDLE rig_resource(uint32_t flags)
{
    D3DKMT_HANDLE resource, allocation;

    assert_int_equal(rig_make_resource(flags, 1, &resource, &allocation, NULL), NTF_STATUS_SUCCESS);
    return resource;
}

ntf_status rig_destroy_resource(D3DKMT_HANDLE resource)
{
    const D3DKMT_DESTROYALLOCATION destroy = { rig_device(), resource, NULL, 0 };

    return kmt.DestroyAllocation(&destroy);
}

ntf_status rig_destroy_allocation(D3DKMT_HANDLE allocation)
{
    const D3DKMT_DESTROYALLOCATION destroy = { rig_device(), 0, &allocation, 1 };

    return kmt.DestroyAllocation(&destroy);
}

void rig_opening(struct rig_opening *opening, ntf_handle nt, uint32_t parts)
{
    D3DKMT_OPENRESOURCEFROMNTHANDLE *open = &opening->open;

    memset(opening, 0xA5, sizeof *opening);
    open->hDevice = rig_device();
    open->hNtHandle = nt;
    open->NumAllocations = parts;
    open->pOpenAllocationInfo2 = opening->infos;
    open->PrivateRuntimeDataSize = RIG_RUNTIME;
    open->pPrivateRuntimeData = opening->runtime;
    open->ResourcePrivateDriverDataSize = RIG_DRIVER;
    open->pResourcePrivateDriverData = opening->driver;
    open->TotalPrivateDriverDataBufferSize = sizeof opening->total;
    open->pTotalPrivateDriverDataBuffer = opening->total;
    open->pKeyedMutexPrivateRuntimeData = NULL;
    open->KeyedMutexPrivateRuntimeDataSize = 0;
}

ntf_status rig_open_resource(struct rig_opening *opening)
{
    struct rig_opening before;
    ntf_status status;

    memcpy(&before, opening, sizeof before);
    status = kmt.OpenResourceFromNtHandle(&opening->open);
    if (status != NTF_STATUS_SUCCESS)
        assert_memory_equal(opening, &before, sizeof before);
    return status;
}

void rig_opening_close(struct rig_opening *opening)
{
    if (opening->open.hKeyedMutex)
        assert_int_equal(rig_destroy_mutex(opening->open.hKeyedMutex), NTF_STATUS_SUCCESS);
    if (opening->open.hSyncObject)
        rig_destroy(opening->open.hSyncObject);
    assert_int_equal(rig_destroy_resource(opening->open.hResource), NTF_STATUS_SUCCESS);
}

/* ---- bundles ---- */

void rig_bundle_make(struct rig_bundle *bundle, uint64_t key)
{
    const struct rig_fence fence = rig_monitored(SHARED, 0);

    bundle->resource = rig_resource(NT_RESOURCE);
    bundle->mutex = rig_mutex(NT_MUTEX, key, NULL);
    bundle->sync = fence.handle;
    bundle->value = fence.value;
}

ntf_status rig_bundle_share_as(const struct rig_bundle *bundle, const char *text, ntf_handle *out)
{
    const D3DKMT_HANDLE three[3] = { bundle->resource, bundle->mutex, bundle->sync };
    struct rig_name name;

    if (text)
        rig_name(&name, text);
    return kmt.ShareObjects(3, three, text ? &name.attributes : NULL, SHARED_ALLOCATION_ALL_ACCESS, out);
}

ntf_handle rig_bundle_share(const struct rig_bundle *bundle)
{
    ntf_handle nt = NULL;

    assert_int_equal(rig_bundle_share_as(bundle, NULL, &nt), NTF_STATUS_SUCCESS);
    assert_non_null(nt);
    return nt;
}

ntf_status rig_bundle_open(ntf_handle nt, struct rig_bundle *out)
{
    struct rig_opening opening;
    ntf_status status;

    rig_opening(&opening, nt, 1);
    status = rig_open_resource(&opening);
    if (status == NTF_STATUS_SUCCESS) {
        out->resource = opening.open.hResource;
        out->mutex = opening.open.hKeyedMutex;
        out->sync = opening.open.hSyncObject;
        out->value = NULL;
    }
    return status;
}

void rig_bundle_destroy(struct rig_bundle *bundle)
{
    assert_int_equal(rig_destroy_mutex(bundle->mutex), NTF_STATUS_SUCCESS);
    rig_destroy(bundle->sync);
    assert_int_equal(rig_destroy_resource(bundle->resource), NTF_STATUS_SUCCESS);
}

ntf_status rig_lookup_resource(const char *text, uint32_t access, ntf_handle *out)
{
    struct rig_name name;
    D3DKMT_OPENNTHANDLEFROMNAME lookup = { access, &name.attributes, (ntf_handle)(uintptr_t)POISON };
    ntf_status status;

    rig_name(&name, text);
    status = kmt.OpenNtHandleFromName(&lookup);
    *out = lookup.hNtHandle;
    return status;
}
