/* SPDX-License-Identifier: Apache-2.0 */
/* Making the objects that the layer itself shares: by NT handle, or by global handle. */
#include "kmt/kernel_object.h"
#include "kmt/soft/soft.h"

#define BETTER (NTF_SYNC_NO_SIGNAL_MAX_ON_TDR | NTF_SYNC_NO_GPU_ACCESS)

/* The ways to share, each with the names of its two attempts. */
struct sharing {
    uint32_t flags;
    const char *step, *plain;
};
static const struct sharing by_nt_handle = { NTF_SYNC_SHARED | NTF_SYNC_NT_SECURITY_SHARING, "create: monitored 0xC3",
                                             "create: monitored 0x3" };
static const struct sharing by_global_handle = { NTF_SYNC_SHARED, "create: monitored 0xC1", "create: monitored 0x1" };

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

/* What a success lacks; NULL: nothing. */
static const char *lacking(const D3DKMT_CREATESYNCHRONIZATIONOBJECT2 *create, bool global)
{
    const void *address = create->Info.MonitoredFence.FenceValueCPUVirtualAddress;

    if (!create->hSyncObject || !address || (uintptr_t)address % sizeof(uint64_t))
        return "success without an object or a usable address";
    if (global && !create->Info.SharedHandle)
        return "success without a global handle";
    return NULL;
}

static enum ntf_result adopt(struct ntf_kmt *kmt, const D3DKMT_CREATESYNCHRONIZATIONOBJECT2 *create, bool global,
                             struct ntf_object **out, struct ntf_trace *trace)
{
    const D3DKMT_DESTROYSYNCHRONIZATIONOBJECT destroy = { .hSyncObject = create->hSyncObject };
    const char *why = lacking(create, global);
    enum ntf_result result = NTF_E_UNSUPPORTED;

    if (why)
        ntf_trace_add(trace, "create: map", NTF_STATUS_SUCCESS, why);
    else
        result = ntf_kernel_object_make(kmt, create->hSyncObject,
                                        create->Info.MonitoredFence.FenceValueCPUVirtualAddress, NTF_RUNG_MONITORED,
                                        out);
    if (result == NTF_OK)
        (*out)->global = global ? create->Info.SharedHandle : 0;
    else if (create->hSyncObject)
        (void)kmt->thunks.DestroySynchronizationObject(&destroy);
    return result;
}

static enum ntf_result create_on_kernel(struct ntf_kmt *kmt, uint64_t initial, const struct sharing *sharing,
                                        struct ntf_object **out, struct ntf_trace *trace)
{
    D3DKMT_CREATESYNCHRONIZATIONOBJECT2 create;
    ntf_status status = ask(kmt, initial, sharing->flags | BETTER, &create);
    enum ntf_result result;

    ntf_trace_add(trace, sharing->step, status, "");
    /* The two that only make it better are left out for a kernel that does not know them. */
    if (status == NTF_STATUS_INVALID_PARAMETER) {
        status = ask(kmt, initial, sharing->flags, &create);
        ntf_trace_add(trace, sharing->plain, status, "");
    }
    result = ntf_status_result(status);
    if (result != NTF_OK)
        return result == NTF_E_WRONG_OBJECT ? NTF_E_UNSUPPORTED : result;
    return adopt(kmt, &create, sharing == &by_global_handle, out, trace);
}

static enum ntf_result make(struct ntf_kmt *kmt, uint64_t initial, const struct sharing *sharing,
                            struct ntf_object **out, struct ntf_trace *trace)
{
    enum ntf_result result;

    trace->count = 0;
    if (kmt->provider != NTF_PROVIDER_SOFT)
        return create_on_kernel(kmt, initial, sharing, out, trace);
    result = ntf_soft_create(sharing->flags | BETTER, initial, out);
    if (result != NTF_OK)
        ntf_trace_add(trace, "soft: create", NTF_STATUS_UNSUCCESSFUL, ntf_result_name(result));
    return result;
}

enum ntf_result ntf_kmt_create(struct ntf_kmt *kmt, uint64_t initial, struct ntf_object **out,
                               struct ntf_trace *trace)
{
    return make(kmt, initial, &by_nt_handle, out, trace);
}

enum ntf_result ntf_kmt_create_global(struct ntf_kmt *kmt, uint64_t initial, struct ntf_object **out,
                                      struct ntf_trace *trace)
{
    return make(kmt, initial, &by_global_handle, out, trace);
}
