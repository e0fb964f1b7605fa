/* SPDX-License-Identifier: Apache-2.0 */
#include "maker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kmt/os/system.h"

enum { HEAP = 0x10000, PAGE = 0x1000 };

static void must(ntf_status status, const char *what)
{
    if (status == NTF_STATUS_SUCCESS)
        return;
    (void)fprintf(stderr, "maker: %s: 0x%08X %s\n", what, (unsigned)status, ntf_status_name(status));
    abort();
}

void maker_begin(struct maker *maker, const char *library)
{
    memset(maker, 0, sizeof *maker);
    producer_begin(&maker->base, library);
}

static void make_resource(struct maker *maker, uint32_t flags, const void *data, uint32_t bytes)
{
    const struct {
        uint32_t type;
        size_t size;
        uint32_t flags;
    } standard = {1, HEAP, 0};
    D3DDDI_ALLOCATIONINFO2 allocation;
    D3DKMT_CREATEALLOCATION create;

    memset(&allocation, 0, sizeof allocation);
    memset(&create, 0, sizeof create);
    maker->memory = calloc(1, HEAP + PAGE);
    allocation.pSystemMem = (void *)(((uintptr_t)maker->memory + PAGE - 1) / PAGE * PAGE);
    create.hDevice = maker->base.device;
    create.pPrivateRuntimeData = data;
    create.PrivateRuntimeDataSize = bytes;
    create.pStandardAllocation = &standard;
    create.NumAllocations = 1;
    create.pAllocationInfo2 = &allocation;
    create.Flags = flags | NTF_ALLOCATION_CREATE_RESOURCE | NTF_ALLOCATION_CREATE_SHARED |
                   NTF_ALLOCATION_EXISTING_SYS_MEM | NTF_ALLOCATION_STANDARD;
    must(maker->base.kernel.CreateAllocation2(&create), "CreateAllocation2");
    maker->resource = create.hResource;
    maker->resource_number = create.hGlobalShare;
}

static void make_mutex(struct maker *maker, uint32_t flags)
{
    D3DKMT_CREATEKEYEDMUTEX2 create = {.Flags = flags};

    must(maker->base.kernel.CreateKeyedMutex2(&create), "CreateKeyedMutex2");
    maker->mutex = create.hKeyedMutex;
    maker->mutex_number = create.hSharedHandle;
}

static void make_fence(struct maker *maker, uint32_t flags)
{
    D3DKMT_CREATESYNCHRONIZATIONOBJECT2 create;

    memset(&create, 0, sizeof create);
    create.hDevice = maker->base.device;
    create.Info.Type = D3DDDI_MONITORED_FENCE;
    create.Info.Flags = flags | NTF_SYNC_SHARED | NTF_SYNC_NO_GPU_ACCESS;
    create.Info.MonitoredFence.InitialFenceValue = 5;
    must(maker->base.kernel.CreateSynchronizationObject2(&create), "CreateSynchronizationObject2");
    maker->fence = create.hSyncObject;
    maker->fence_number = create.Info.SharedHandle;
}

void maker_share(struct maker *maker, unsigned parts, const char16_t *name)
{
    const uint64_t data[2] = {1, 2};
    D3DKMT_HANDLE objects[3];
    struct ntf_name_path path;
    uint32_t count = 0;

    if (parts & MAKER_RESOURCE) {
        make_resource(maker, NTF_ALLOCATION_NT_SECURITY_SHARING, data, sizeof data);
        objects[count++] = maker->resource;
    }
    if (parts & MAKER_MUTEX) {
        make_mutex(maker, NTF_KEYED_MUTEX_NT_SECURITY_SHARING);
        objects[count++] = maker->mutex;
    }
    if (parts & MAKER_FENCE) {
        make_fence(maker, NTF_SYNC_NT_SECURITY_SHARING);
        objects[count++] = maker->fence;
    }
    if (name && ntf_name_to_path(name, ntf_system_session(), &path) != NTF_OK)
        abort();
    must(maker->base.kernel.ShareObjects(count, objects, name ? &path.attributes : NULL, 0x10000000u, &maker->nt),
         "ShareObjects");
}

void maker_make_global(struct maker *maker)
{
    uint32_t data[0x68 / 4] = {0x68, 4, 64, 64, 28, 0, 0, 1};

    make_mutex(maker, 0);
    make_fence(maker, 0);
    data[8] = maker->mutex_number;
    data[9] = maker->fence_number;
    make_resource(maker, 0, data, sizeof data);
}

ntf_status maker_acquire(struct maker *maker, uint64_t key, uint64_t *fence_value)
{
    int64_t at_once = 0;
    D3DKMT_ACQUIREKEYEDMUTEX call = {.hKeyedMutex = maker->mutex, .Key = key, .pTimeout = &at_once};
    const ntf_status status = maker->base.kernel.AcquireKeyedMutex(&call);

    *fence_value = call.FenceValue;
    return status;
}

ntf_status maker_release(struct maker *maker, uint64_t key, uint64_t fence_value)
{
    D3DKMT_RELEASEKEYEDMUTEX call = {.hKeyedMutex = maker->mutex, .Key = key, .FenceValue = fence_value};

    return maker->base.kernel.ReleaseKeyedMutex(&call);
}

ntf_status maker_signal(struct maker *maker, uint64_t value)
{
    const D3DKMT_SIGNALSYNCHRONIZATIONOBJECTFROMCPU call = {.hDevice = maker->base.device,
                                                            .ObjectCount = 1,
                                                            .ObjectHandleArray = &maker->fence,
                                                            .FenceValueArray = &value};

    return maker->base.kernel.SignalSynchronizationObjectFromCpu(&call);
}

void maker_destroy(struct maker *maker)
{
    const D3DKMT_DESTROYALLOCATION2 resource = {.hDevice = maker->base.device, .hResource = maker->resource};
    const D3DKMT_DESTROYKEYEDMUTEX mutex = {.hKeyedMutex = maker->mutex};
    const D3DKMT_DESTROYSYNCHRONIZATIONOBJECT fence = {.hSyncObject = maker->fence};

    if (maker->resource)
        must(maker->base.kernel.DestroyAllocation2(&resource), "DestroyAllocation2");
    if (maker->mutex)
        must(maker->base.kernel.DestroyKeyedMutex(&mutex), "DestroyKeyedMutex");
    if (maker->fence)
        must(maker->base.kernel.DestroySynchronizationObject(&fence), "DestroySynchronizationObject");
    maker->resource = maker->mutex = maker->fence = 0;
    free(maker->memory);
    maker->memory = NULL;
}

void maker_end(struct maker *maker)
{
    maker_destroy(maker);
    if (maker->nt)
        ntf_system_close_handle(maker->nt);
    producer_end(&maker->base);
}
