/* SPDX-License-Identifier: Apache-2.0 */
/* Making the objects that the layer itself shares. */
#include "kmt/kernel_object.h"
#include "kmt/soft/soft.h"

#define FLAGS                                                                                      \
    (NTF_SYNC_SHARED | NTF_SYNC_NT_SECURITY_SHARING | NTF_SYNC_NO_SIGNAL_MAX_ON_TDR |              \
     NTF_SYNC_NO_GPU_ACCESS)

static enum ntf_result create_on_kernel(struct ntf_kmt *kmt, uint64_t initial,
                                        struct ntf_object **out, struct ntf_trace *trace)
{
    D3DKMT_CREATESYNCHRONIZATIONOBJECT2 create = {
        .hDevice = kmt->device,
        .Info = {
            .Type = D3DDDI_MONITORED_FENCE,
            .Flags = FLAGS,
            .MonitoredFence = { .InitialFenceValue = initial },
        },
    };
    const ntf_status status = kmt->thunks.CreateSynchronizationObject2(&create);
    const D3DKMT_DESTROYSYNCHRONIZATIONOBJECT destroy = { .hSyncObject = create.hSyncObject };
    const void *address = create.Info.MonitoredFence.FenceValueCPUVirtualAddress;
    enum ntf_result result = ntf_status_result(status);

    ntf_trace_add(trace, "create: monitored", status, "");
    if (result != NTF_OK)
        return result == NTF_E_WRONG_OBJECT ? NTF_E_UNSUPPORTED : result;
    if (!address || (uintptr_t)address % sizeof(uint64_t)) {
        ntf_trace_add(trace, "create: map", NTF_STATUS_SUCCESS, "success without a usable address");
        result = NTF_E_UNSUPPORTED;
    } else {
        result = ntf_kernel_object_make(kmt, create.hSyncObject, address, NTF_RUNG_MONITORED, out);
    }
    if (result != NTF_OK)
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
