/* SPDX-License-Identifier: Apache-2.0 */
/* Opening by NT handle and by global handle. */
#include "kmt/soft/calls.h"
#include "kmt/soft/flags.h"
#include "kmt/soft/handles.h"
#include "kmt/soft/soft.h"

/* Opens the object and makes a handle of it. The address is taken before the handle is there for others to destroy. */
static ntf_status open_handle(ntf_handle nt, D3DKMT_HANDLE device, uint32_t flags, bool fences_only, void **cpu_va,
                              D3DKMT_HANDLE *handle)
{
    struct soft_object *object;
    ntf_status status = NTF_STATUS_UNSUCCESSFUL;
    const char *why;

    if (soft_object_open(nt, SOFT_IS_SYNC, &object, &status, &why) != NTF_OK)
        return status;
    *cpu_va = soft_object_cpu_va(object);
    if (!soft_flags_match(object->header.flags, flags) || (fences_only && !soft_object_is_fence(object)))
        status = NTF_STATUS_INVALID_PARAMETER;
    else
        status = soft_handle_new_sync(object, flags, device, handle);
    if (status != NTF_STATUS_SUCCESS)
        soft_object_leave(object);
    return status;
}

ntf_status NTF_APIENTRY soft_OpenSyncObjectFromNtHandle(D3DKMT_OPENSYNCOBJECTFROMNTHANDLE *p)
{
    void *cpu_va = NULL;

    if (!p)
        return NTF_STATUS_INVALID_PARAMETER;
    return open_handle(p->hNtHandle, 0, 0, false, &cpu_va, &p->hSyncObject);
}

ntf_status NTF_APIENTRY soft_OpenSyncObjectFromNtHandle2(D3DKMT_OPENSYNCOBJECTFROMNTHANDLE2 *p)
{
    void *cpu_va = NULL;
    ntf_status status;

    /* The device is looked at before the handle. */
    if (!p || !soft_handle_is(p->hDevice, SOFT_DEVICE))
        return NTF_STATUS_INVALID_PARAMETER;
    status = soft_check_open_flags(p->Flags);
    if (status == NTF_STATUS_SUCCESS)
        status = open_handle(p->hNtHandle, p->hDevice, p->Flags, false, &cpu_va, &p->hSyncObject);
    if (status == NTF_STATUS_SUCCESS) {
        p->MonitoredFence.FenceValueCPUVirtualAddress = cpu_va;
        p->MonitoredFence.FenceValueGPUVirtualAddress = 0;
    }
    return status;
}

ntf_status NTF_APIENTRY soft_OpenNativeFenceFromNtHandle(D3DKMT_OPENNATIVEFENCEFROMNTHANDLE *p)
{
    void *cpu_va = NULL;
    ntf_status status;

    if (!p || !soft_handle_is(p->hDevice, SOFT_DEVICE))
        return NTF_STATUS_INVALID_PARAMETER;
    status = soft_check_open_flags(p->Flags);
    if (status == NTF_STATUS_SUCCESS)
        status = open_handle(p->hNtHandle, p->hDevice, p->Flags, true, &cpu_va, &p->hSyncObject);
    if (status == NTF_STATUS_SUCCESS) {
        p->NativeFenceMapping.CurrentValueCpuVa = cpu_va;
        p->NativeFenceMapping.CurrentValueGpuVa = 0;
        p->NativeFenceMapping.MonitoredValueGpuVa = 0;
    }
    return status;
}

/* The call knows one refusal for everything that is wrong with the number. */
ntf_status NTF_APIENTRY soft_OpenSynchronizationObject(D3DKMT_OPENSYNCHRONIZATIONOBJECT *p)
{
    struct soft_object *object;
    ntf_status status;
    const char *why;
    void *cpu_va = NULL;

    if (!p)
        return NTF_STATUS_INVALID_PARAMETER;
    if (soft_object_open_global(p->hSharedHandle, SOFT_IS_SYNC, &object, &status, &why) != NTF_OK)
        return status == NTF_STATUS_NO_MEMORY || status == NTF_STATUS_NOT_SUPPORTED ? status
                                                                                    : NTF_STATUS_INVALID_PARAMETER;
    cpu_va = soft_object_cpu_va(object);
    status = soft_handle_new_sync(object, 0, 0, &p->hSyncObject);
    if (status != NTF_STATUS_SUCCESS) {
        soft_object_leave(object);
        return status;
    }
    if (cpu_va) {
        p->Reserved[0] = (uint64_t)(uintptr_t)cpu_va;
        p->Reserved[7] = NTF_SOFT_OPEN_MAPPED;
    }
    return status;
}

enum ntf_result ntf_soft_create(uint32_t flags, uint64_t initial, struct ntf_object **out)
{
    struct soft_object *object;
    const enum ntf_result result = soft_object_create(D3DDDI_MONITORED_FENCE, flags, initial, &object);

    if (result == NTF_OK)
        *out = &object->base;
    return result;
}

enum ntf_result soft_object_as_fence(struct soft_object *object, struct ntf_object **out, ntf_status *status,
                                     const char **why)
{
    if (!soft_object_is_fence(object)) {
        soft_object_leave(object);
        *status = NTF_STATUS_OBJECT_TYPE_MISMATCH;
        *why = "a legacy synchronization object, which has no value";
        return NTF_E_WRONG_OBJECT;
    }
    *out = &object->base;
    *status = NTF_STATUS_SUCCESS;
    return NTF_OK;
}

enum ntf_result ntf_soft_open_handle(ntf_handle handle, struct ntf_object **out, ntf_status *status, const char **why)
{
    struct soft_object *object;
    const enum ntf_result result = soft_object_open(handle, SOFT_IS_SYNC, &object, status, why);

    return result == NTF_OK ? soft_object_as_fence(object, out, status, why) : result;
}

enum ntf_result ntf_soft_open_global(D3DKMT_HANDLE number, struct ntf_object **out, ntf_status *status,
                                     const char **why)
{
    struct soft_object *object;
    const enum ntf_result result = soft_object_open_global(number, SOFT_IS_SYNC, &object, status, why);

    return result == NTF_OK ? soft_object_as_fence(object, out, status, why) : result;
}
