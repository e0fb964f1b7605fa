/* SPDX-License-Identifier: Apache-2.0 */
/* Making, signalling and destroying synchronization objects. */
#include "base/os/nearby.h"
#include "kmt/soft/calls.h"
#include "kmt/soft/flags.h"
#include "kmt/soft/handles.h"

/* Types 1 to 4 can be made and shared, and have no value: they are there because callers make them. */
static ntf_status check_create(const D3DKMT_CREATESYNCHRONIZATIONOBJECT2 *p)
{
    const uint32_t flags = p->Info.Flags;

    if (p->Info.Type < D3DDDI_SYNCHRONIZATION_MUTEX || p->Info.Type > D3DDDI_MONITORED_FENCE)
        return NTF_STATUS_INVALID_PARAMETER;
    if ((flags & NTF_SYNC_SIGNAL_BY_KMD) && p->Info.Type != D3DDDI_CPU_NOTIFICATION)
        return NTF_STATUS_INVALID_PARAMETER;
    if ((flags & NTF_SYNC_TOP_OF_PIPELINE) && p->Info.Type != D3DDDI_MONITORED_FENCE)
        return NTF_STATUS_INVALID_PARAMETER;
    if (p->Info.Type == D3DDDI_CPU_NOTIFICATION) {
        ntf_handle event;
        const enum ntf_result result = soft_event_keep(p->Info.CPUNotification.Event, &event);
        if (result != NTF_OK)
            return soft_status_of(result);
        soft_event_drop(event); /* nothing of soft's notifies through it */
    }
    return soft_check_create_flags(flags);
}

/* What a creation gives out. */
struct created {
    void *cpu_va;
    D3DKMT_HANDLE global; /* 0: none */
};

/* A new object and its first handle. What is given out is taken before the handle is there for others to destroy. */
static ntf_status create(uint32_t kind, uint32_t flags, uint64_t initial, D3DKMT_HANDLE device,
                         struct created *created, D3DKMT_HANDLE *handle)
{
    struct soft_object *object;
    const enum ntf_result result = soft_object_create(kind, flags, initial, &object);
    ntf_status status;

    if (result != NTF_OK)
        return soft_status_of(result);
    created->cpu_va = soft_object_cpu_va(object);
    created->global = object->base.global;
    status = soft_handle_new_sync(object, flags, device, handle);
    if (status != NTF_STATUS_SUCCESS)
        soft_object_leave(object);
    return status;
}

ntf_status NTF_APIENTRY soft_CreateSynchronizationObject(D3DKMT_CREATESYNCHRONIZATIONOBJECT *p)
{
    struct created created = { NULL, 0 };

    if (!p || !soft_handle_is(p->hDevice, SOFT_DEVICE))
        return NTF_STATUS_INVALID_PARAMETER;
    if (p->Info.Type != D3DDDI_SYNCHRONIZATION_MUTEX && p->Info.Type != D3DDDI_SEMAPHORE)
        return NTF_STATUS_INVALID_PARAMETER;
    return create(p->Info.Type, 0, 0, p->hDevice, &created, &p->hSyncObject);
}

ntf_status NTF_APIENTRY soft_CreateSynchronizationObject2(D3DKMT_CREATESYNCHRONIZATIONOBJECT2 *p)
{
    struct created created = { NULL, 0 };
    uint64_t initial = 0;
    ntf_status status;

    if (!p || !soft_handle_is(p->hDevice, SOFT_DEVICE))
        return NTF_STATUS_INVALID_PARAMETER;
    status = check_create(p);
    if (status != NTF_STATUS_SUCCESS)
        return status;
    if (p->Info.Type == D3DDDI_MONITORED_FENCE)
        initial = p->Info.MonitoredFence.InitialFenceValue;
    status = create(p->Info.Type, p->Info.Flags, initial, p->hDevice, &created, &p->hSyncObject);
    if (status != NTF_STATUS_SUCCESS)
        return status;
    if (p->Info.Type == D3DDDI_MONITORED_FENCE) {
        p->Info.MonitoredFence.FenceValueCPUVirtualAddress = created.cpu_va;
        p->Info.MonitoredFence.FenceValueGPUVirtualAddress = 0;
    }
    if (created.global)
        p->Info.SharedHandle = created.global;
    return status;
}

ntf_status NTF_APIENTRY soft_CreateNativeFence(D3DKMT_CREATENATIVEFENCE *p)
{
    struct created created = { NULL, 0 };
    ntf_status status;

    if (!p || !soft_handle_is(p->hDevice, SOFT_DEVICE))
        return NTF_STATUS_INVALID_PARAMETER;
    /* The other type lives in GPU memory and has no CPU address; no flag of the call itself is defined; and there is no
     * field for a global handle. */
    if (p->Info.Type != D3DDDI_NATIVEFENCE_TYPE_DEFAULT || p->Flags != 0 || soft_flags_global(p->Info.Flags) ||
        (p->Info.Flags & (NTF_SYNC_TOP_OF_PIPELINE | NTF_SYNC_SIGNAL_BY_KMD)))
        return NTF_STATUS_INVALID_PARAMETER;
    status = soft_check_create_flags(p->Info.Flags);
    if (status == NTF_STATUS_SUCCESS)
        status = create(D3DDDI_NATIVE_FENCE, p->Info.Flags, p->Info.InitialFenceValue, p->hDevice, &created,
                        &p->hSyncObject);
    if (status == NTF_STATUS_SUCCESS) {
        p->Info.NativeFenceMapping.CurrentValueCpuVa = created.cpu_va;
        p->Info.NativeFenceMapping.CurrentValueGpuVa = 0;
        p->Info.NativeFenceMapping.MonitoredValueGpuVa = 0;
    }
    return status;
}

ntf_status NTF_APIENTRY soft_DestroySynchronizationObject(const D3DKMT_DESTROYSYNCHRONIZATIONOBJECT *p)
{
    return p && soft_handle_end(p->hSyncObject, SOFT_SYNC) ? NTF_STATUS_SUCCESS : NTF_STATUS_INVALID_PARAMETER;
}

/* One object of a signal: judged only, or done. In a visit. */
static NTF_SIGNALS ntf_status signal_one(D3DKMT_HANDLE handle, uint64_t value, bool rewind, bool judge_only)
{
    const struct soft_fence *fence = soft_visited_fence(handle);

    if (!fence)
        return NTF_STATUS_INVALID_PARAMETER;
    if (fence->flags & NTF_SYNC_NO_SIGNAL)
        return NTF_STATUS_ACCESS_DENIED;
    if (judge_only ? !rewind && ntf_load(&fence->page->current, NTF_ACQUIRE) > value
                   : !ntf_page_signal(fence->page, value, rewind, fence->ops))
        return NTF_STATUS_INVALID_PARAMETER;
    return NTF_STATUS_SUCCESS;
}

/* All objects are judged before the first is signalled; only a race with another signaller can refuse one later. */
static NTF_SIGNALS ntf_status signal_all(const D3DKMT_SIGNALSYNCHRONIZATIONOBJECTFROMCPU *p)
{
    const bool rewind = (p->Flags & NTF_SIGNAL_ALLOW_REWIND) != 0;
    ntf_status status = NTF_STATUS_SUCCESS;
    uint32_t pass, i;

    if (!soft_visited_is(p->hDevice, SOFT_DEVICE) || p->ObjectCount == 0 || p->ObjectCount > SOFT_MOST_OBJECTS ||
        !p->ObjectHandleArray || !p->FenceValueArray ||
        (p->Flags & ~(NTF_SIGNAL_ALLOW_REWIND | NTF_SIGNAL_AT_SUBMISSION)))
        return NTF_STATUS_INVALID_PARAMETER;
    for (pass = p->ObjectCount > 1 ? 0 : 1; pass < 2; pass++)
        for (i = 0; i < p->ObjectCount && status == NTF_STATUS_SUCCESS; i++)
            status = signal_one(p->ObjectHandleArray[i], p->FenceValueArray[i], rewind, pass == 0);
    return status;
}

NTF_SIGNALS ntf_status NTF_APIENTRY
soft_SignalSynchronizationObjectFromCpu(const D3DKMT_SIGNALSYNCHRONIZATIONOBJECTFROMCPU *p)
{
    ntf_status status = NTF_STATUS_INVALID_PARAMETER;

    if (p) {
        uint32_t place;

        soft_handles_expect(p->hDevice);
        if (p->ObjectCount > 0 && p->ObjectHandleArray)
            soft_handles_expect(p->ObjectHandleArray[0]);
        place = soft_handles_visit();
        status = signal_all(p);
        soft_handles_leave(place);
    }
    return status;
}
