/* SPDX-License-Identifier: Apache-2.0 */
#include "producer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/os/os.h"
#include "kmt/os/system.h"
#include "kmt/soft/soft.h"

/* Not an assertion of cmocka: children use this too. */
static void must(ntf_status status, const char *what)
{
    if (status == NTF_STATUS_SUCCESS)
        return;
    (void)fprintf(stderr, "producer: %s: 0x%08X %s\n", what, (unsigned)status,
                  ntf_status_name(status));
    abort();
}

void producer_begin(struct producer *producer, const char *path)
{
    D3DKMT_ADAPTERINFO adapters[8];
    D3DKMT_ENUMADAPTERS2 list = { .NumAdapters = 8, .pAdapters = adapters };
    D3DKMT_CREATEDEVICE device = { { 0 }, 0, 0, 0, 0, 0, 0, 0, 0 };

    memset(producer, 0, sizeof *producer);
    if (path) {
        struct ntf_library *library = ntf_library_open_path(path); /* until the end of the process */

        must(library ? NTF_STATUS_SUCCESS : NTF_STATUS_OBJECT_NAME_NOT_FOUND, path);
#define FIND(Name, params, args, need)                                                             \
    producer->kernel.Name =                                                                        \
        (ntf_status(NTF_APIENTRY *) params)ntf_library_symbol(library, "D3DKMT" #Name);
        NTF_KMT_THUNKS(FIND)
#undef FIND
    } else {
        producer->kernel = *ntf_soft_thunks();
    }
    must(producer->kernel.EnumAdapters2(&list), "EnumAdapters2");
    producer->adapter = adapters[0].hAdapter;
    device.hAdapter = producer->adapter;
    must(producer->kernel.CreateDevice(&device), "CreateDevice");
    producer->device = device.hDevice;
}

void producer_make(struct producer *producer, bool native, uint32_t flags, uint64_t initial)
{
    union {
        D3DKMT_CREATENATIVEFENCE fence;
        _Alignas(8) uint8_t bytes[NTF_NATIVE_FENCE_BLOCK_SIZE];
    } block;
    D3DKMT_CREATESYNCHRONIZATIONOBJECT2 create;

    flags |= NTF_SYNC_SHARED | NTF_SYNC_NT_SECURITY_SHARING;
    if (native) {
        memset(&block, 0, sizeof block);
        block.fence.hDevice = producer->device;
        block.fence.Info.InitialFenceValue = initial;
        block.fence.Info.Flags = flags;
        must(producer->kernel.CreateNativeFence(&block.fence), "CreateNativeFence");
        producer->fence = block.fence.hSyncObject;
        return;
    }
    memset(&create, 0, sizeof create);
    create.hDevice = producer->device;
    create.Info.Type = D3DDDI_MONITORED_FENCE;
    create.Info.Flags = flags;
    create.Info.MonitoredFence.InitialFenceValue = initial;
    must(producer->kernel.CreateSynchronizationObject2(&create), "CreateSynchronizationObject2");
    producer->fence = create.hSyncObject;
}

static void path_of(const char16_t *name, struct ntf_name_path *path)
{
    if (ntf_name_to_path(name, ntf_system_session(), path) != NTF_OK)
        must(NTF_STATUS_OBJECT_NAME_INVALID, "name");
}

void producer_share(struct producer *producer, const char16_t *name)
{
    struct ntf_name_path path;

    if (name)
        path_of(name, &path);
    must(producer->kernel.ShareObjects(1, &producer->fence, name ? &path.attributes : NULL,
                                       D3DDDI_SYNC_OBJECT_ALL_ACCESS, &producer->nt),
         "ShareObjects");
}

void producer_open(struct producer *producer, const char16_t *name, uint32_t flags)
{
    struct ntf_name_path path;
    D3DKMT_OPENSYNCOBJECTNTHANDLEFROMNAME by_name = {
        .dwDesiredAccess = D3DDDI_SYNC_OBJECT_ALL_ACCESS, .pObjAttrib = &path.attributes
    };
    D3DKMT_OPENSYNCOBJECTFROMNTHANDLE2 open;

    path_of(name, &path);
    must(producer->kernel.OpenSyncObjectNtHandleFromName(&by_name), "by name");
    memset(&open, 0, sizeof open);
    open.hNtHandle = by_name.hNtHandle;
    open.hDevice = producer->device;
    open.Flags = flags;
    must(producer->kernel.OpenSyncObjectFromNtHandle2(&open), "OpenSyncObjectFromNtHandle2");
    producer->fence = open.hSyncObject;
    ntf_system_close_handle(by_name.hNtHandle);
}

ntf_status producer_signal(struct producer *producer, uint64_t value)
{
    const D3DKMT_SIGNALSYNCHRONIZATIONOBJECTFROMCPU signal = { .hDevice = producer->device,
                                                               .ObjectCount = 1,
                                                               .ObjectHandleArray = &producer->fence,
                                                               .FenceValueArray = &value };

    return producer->kernel.SignalSynchronizationObjectFromCpu(&signal);
}

void producer_destroy(struct producer *producer)
{
    const D3DKMT_DESTROYSYNCHRONIZATIONOBJECT destroy = { .hSyncObject = producer->fence };

    if (producer->fence)
        must(producer->kernel.DestroySynchronizationObject(&destroy), "Destroy");
    producer->fence = 0;
}

void producer_end(struct producer *producer)
{
    const D3DKMT_DESTROYDEVICE device = { .hDevice = producer->device };
    const D3DKMT_CLOSEADAPTER adapter = { .hAdapter = producer->adapter };

    producer_destroy(producer);
    must(producer->kernel.DestroyDevice(&device), "DestroyDevice");
    must(producer->kernel.CloseAdapter(&adapter), "CloseAdapter");
    if (producer->nt)
        ntf_system_close_handle(producer->nt);
    memset(producer, 0, sizeof *producer);
}
