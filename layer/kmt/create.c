/* SPDX-License-Identifier: Apache-2.0 */
/* Making the objects that the layer itself shares. */
#include "kmt/kernel_object.h"
#include "kmt/soft/soft.h"

#define FLAGS                                                                                      \
    (NTF_SYNC_SHARED | NTF_SYNC_NT_SECURITY_SHARING | NTF_SYNC_NO_SIGNAL_MAX_ON_TDR |              \
     NTF_SYNC_NO_GPU_ACCESS)

static ntf_status ask(struct ntf_kmt *kmt, uint64_t initial, uint32_t flags,
                      D3DKMT_CREATESYNCHRONIZATIONOBJECT2 *create)
{
    *create = (D3DKMT_CREATESYNCHRONIZATIONOBJECT2){
        .hDevice = kmt->device,
        .Info = {
            .Type = D3DDDI_MONITORED_FENCE,
            .Flags = flags,
            .MonitoredFence = { .InitialFenceValue = initial },
        },
    };
    return kmt->thunks.CreateSynchronizationObject2(create);
}

static enum ntf_result create_on_kernel(struct ntf_kmt *kmt, uint64_t initial,
                                        struct ntf_object **out, struct ntf_trace *trace)
{
    D3DKMT_CREATESYNCHRONIZATIONOBJECT2 create;
    D3DKMT_DESTROYSYNCHRONIZATIONOBJECT destroy;
    ntf_status status = ask(kmt, initial, FLAGS, &create);
    const void *address;
    enum ntf_result result;

    ntf_trace_add(trace, "create: monitored 0xC3", status, "");
    /* The two that only make it better are left out for a kernel that does not know them. */
    if (status == NTF_STATUS_INVALID_PARAMETER) {
        status = ask(kmt, initial, NTF_SYNC_SHARED | NTF_SYNC_NT_SECURITY_SHARING, &create);
        ntf_trace_add(trace, "create: monitored 0x3", status, "");
    }
    result = ntf_status_result(status);
    if (result != NTF_OK)
        return result == NTF_E_WRONG_OBJECT ? NTF_E_UNSUPPORTED : result;
    address = create.Info.MonitoredFence.FenceValueCPUVirtualAddress;
    destroy.hSyncObject = create.hSyncObject;
    if (!create.hSyncObject || !address || (uintptr_t)address % sizeof(uint64_t)) {
        ntf_trace_add(trace, "create: map", NTF_STATUS_SUCCESS, "success without an object or a usable address");
        result = NTF_E_UNSUPPORTED;
    } else {
        result = ntf_kernel_object_make(kmt, create.hSyncObject, address, NTF_RUNG_MONITORED, out);
    }
    if (result != NTF_OK && create.hSyncObject)
        (void)kmt->thunks.DestroySynchronizationObject(&destroy);
    return result;
}

enum ntf_result ntf_kmt_create(struct ntf_kmt *kmt, uint64_t initial, struct ntf_object **out,
                               struct ntf_trace *trace)
{
    enum ntf_result result;

    trace->count = 0;
    if (kmt->provider != NTF_PROVIDER_SOFT)
        return create_on_kernel(kmt, initial, out, trace);
    result = ntf_soft_create(FLAGS, initial, out);
    if (result != NTF_OK)
        ntf_trace_add(trace, "soft: create", NTF_STATUS_UNSUCCESSFUL, ntf_result_name(result));
    return result;
}
