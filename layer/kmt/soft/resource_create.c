/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making and destroying resources and allocations. The first and the second version of CreateAllocation differ in the
 * structure of an allocation only.
 */
#include "kmt/soft/calls.h"
#include "kmt/soft/resource.h"

#include <stdlib.h>

#define MOST_ALLOCATIONS (SOFT_RESOURCE_ROOM / sizeof(uint32_t))
#define DESTROY_FLAGS 0x80000003u /* AssumeNotInUse, SynchronousDestroy, SystemUseOnly */

static struct soft_part part_of(const D3DKMT_CREATEALLOCATION *p, bool second, uint32_t i)
{
    struct soft_part part;

    part.data = (const uint8_t *)(second ? p->pAllocationInfo2[i].pPrivateDriverData
                                         : p->pAllocationInfo[i].pPrivateDriverData);
    part.bytes = second ? p->pAllocationInfo2[i].PrivateDriverDataSize : p->pAllocationInfo[i].PrivateDriverDataSize;
    return part;
}

static bool is_whole(const struct soft_part *part)
{
    return part->bytes == 0 || part->data;
}

/* What is to be made is said in flags that fit each other, and each size has its data. */
static ntf_status check(const D3DKMT_CREATEALLOCATION *p, bool second)
{
    const uint32_t flags = p->Flags;
    const struct soft_part runtime = { (const uint8_t *)p->pPrivateRuntimeData, p->PrivateRuntimeDataSize };
    uint32_t i;

    if (!soft_handle_is(p->hDevice, SOFT_DEVICE) || p->NumAllocations == 0 || !p->pAllocationInfo ||
        (flags & ~NTF_ALLOCATION_KNOWN_FLAGS) || p->hResource != 0)
        return NTF_STATUS_INVALID_PARAMETER;
    if ((flags & NTF_ALLOCATION_CREATE_SHARED) && !(flags & NTF_ALLOCATION_CREATE_RESOURCE))
        return NTF_STATUS_INVALID_PARAMETER;
    if ((flags & NTF_ALLOCATION_NT_SECURITY_SHARING) && !(flags & NTF_ALLOCATION_CREATE_SHARED))
        return NTF_STATUS_INVALID_PARAMETER;
    if ((flags & NTF_ALLOCATION_STANDARD || p->PrivateDriverDataSize) && !p->pPrivateDriverData)
        return NTF_STATUS_INVALID_PARAMETER;
    if (p->NumAllocations > MOST_ALLOCATIONS)
        return NTF_STATUS_NO_MEMORY;
    for (i = 0; i < p->NumAllocations; i++) {
        const struct soft_part part = part_of(p, second, i);
        if (!is_whole(&part))
            return NTF_STATUS_INVALID_PARAMETER;
    }
    return is_whole(&runtime) ? NTF_STATUS_SUCCESS : NTF_STATUS_INVALID_PARAMETER;
}

static uint32_t sharing_of(uint32_t flags)
{
    return (flags & NTF_ALLOCATION_CREATE_SHARED ? NTF_SYNC_SHARED : 0) |
           (flags & NTF_ALLOCATION_NT_SECURITY_SHARING ? NTF_SYNC_NT_SECURITY_SHARING : 0);
}

/* What a creation gives out. */
struct created {
    D3DKMT_HANDLE resource, global; /* 0: none */
    D3DKMT_HANDLE *allocations;
};

static ntf_status make_resource(const D3DKMT_CREATEALLOCATION *p, bool second, struct created *created)
{
    struct soft_part *parts = (struct soft_part *)calloc(p->NumAllocations, sizeof *parts);
    struct soft_resource_making making;
    struct soft_object *object;
    enum ntf_result result;
    ntf_status status;
    uint32_t i;

    if (!parts)
        return NTF_STATUS_NO_MEMORY;
    for (i = 0; i < p->NumAllocations; i++)
        parts[i] = part_of(p, second, i);
    making.flags = sharing_of(p->Flags);
    making.runtime.data = (const uint8_t *)p->pPrivateRuntimeData;
    making.runtime.bytes = p->PrivateRuntimeDataSize;
    making.driver.data = (const uint8_t *)p->pPrivateDriverData;
    making.driver.bytes = p->Flags & NTF_ALLOCATION_STANDARD ? 0 : p->PrivateDriverDataSize;
    making.allocations = p->NumAllocations;
    making.parts = parts;
    result = soft_resource_create(&making, &object);
    free(parts);
    if (result != NTF_OK)
        return soft_status_of(result);
    created->global = object->base.global; /* before the handle is there for others to destroy */
    status = soft_handle_new_object(SOFT_RESOURCE, object, 0, p->hDevice, &created->resource);
    if (status != NTF_STATUS_SUCCESS)
        soft_object_leave(object);
    return status;
}

static void undo(const struct created *created, uint32_t count)
{
    uint32_t i;

    for (i = 0; i < count; i++)
        (void)soft_handle_end(created->allocations[i], SOFT_ALLOCATION);
    if (created->resource)
        (void)soft_handle_end(created->resource, SOFT_RESOURCE);
}

static ntf_status make(const D3DKMT_CREATEALLOCATION *p, bool second, struct created *created)
{
    ntf_status status = NTF_STATUS_SUCCESS;
    uint32_t i;

    if (p->Flags & NTF_ALLOCATION_CREATE_RESOURCE)
        status = make_resource(p, second, created);
    for (i = 0; i < p->NumAllocations && status == NTF_STATUS_SUCCESS; i++)
        status = soft_handle_new_allocation(p->hDevice, created->resource, &created->allocations[i]);
    if (status != NTF_STATUS_SUCCESS)
        undo(created, i > 0 ? i - 1 : 0);
    return status;
}

static void give_out(D3DKMT_CREATEALLOCATION *p, bool second, const struct created *created)
{
    uint32_t i;

    for (i = 0; i < p->NumAllocations; i++) {
        if (second) {
            p->pAllocationInfo2[i].hAllocation = created->allocations[i];
            p->pAllocationInfo2[i].GpuVirtualAddress = 0;
        } else {
            p->pAllocationInfo[i].hAllocation = created->allocations[i];
        }
    }
    if (created->resource)
        p->hResource = created->resource;
    if (created->global)
        p->hGlobalShare = created->global;
}

static ntf_status create(D3DKMT_CREATEALLOCATION *p, bool second)
{
    struct created created = { 0, 0, NULL };
    ntf_status status = p ? check(p, second) : NTF_STATUS_INVALID_PARAMETER;

    if (status != NTF_STATUS_SUCCESS)
        return status;
    created.allocations = (D3DKMT_HANDLE *)calloc(p->NumAllocations, sizeof *created.allocations);
    if (!created.allocations)
        return NTF_STATUS_NO_MEMORY;
    status = make(p, second, &created);
    if (status == NTF_STATUS_SUCCESS)
        give_out(p, second, &created);
    free(created.allocations);
    return status;
}

ntf_status NTF_APIENTRY soft_CreateAllocation(D3DKMT_CREATEALLOCATION *p)
{
    return create(p, false);
}

ntf_status NTF_APIENTRY soft_CreateAllocation2(D3DKMT_CREATEALLOCATION *p)
{
    return create(p, true);
}

/* ---- destroying ---- */

static ntf_status destroy(D3DKMT_HANDLE device, D3DKMT_HANDLE resource, const D3DKMT_HANDLE *list, uint32_t count)
{
    bool ended = true;
    uint32_t i;

    if (!soft_handle_is(device, SOFT_DEVICE))
        return NTF_STATUS_INVALID_PARAMETER;
    if (resource != 0)
        return soft_handle_is_of(resource, SOFT_RESOURCE, device) && soft_handle_end(resource, SOFT_RESOURCE)
                   ? NTF_STATUS_SUCCESS
                   : NTF_STATUS_INVALID_PARAMETER;
    if (count == 0 || !list)
        return NTF_STATUS_INVALID_PARAMETER;
    for (i = 0; i < count; i++) /* all are judged before the first goes */
        if (!soft_handle_is_of(list[i], SOFT_ALLOCATION, device))
            return NTF_STATUS_INVALID_PARAMETER;
    for (i = 0; i < count; i++)
        ended = soft_handle_end(list[i], SOFT_ALLOCATION) && ended;
    return ended ? NTF_STATUS_SUCCESS : NTF_STATUS_INVALID_PARAMETER;
}

ntf_status NTF_APIENTRY soft_DestroyAllocation(const D3DKMT_DESTROYALLOCATION *p)
{
    return p ? destroy(p->hDevice, p->hResource, p->phAllocationList, p->AllocationCount)
             : NTF_STATUS_INVALID_PARAMETER;
}

ntf_status NTF_APIENTRY soft_DestroyAllocation2(const D3DKMT_DESTROYALLOCATION2 *p)
{
    if (!p || (p->Flags & ~DESTROY_FLAGS))
        return NTF_STATUS_INVALID_PARAMETER;
    return destroy(p->hDevice, p->hResource, p->phAllocationList, p->AllocationCount);
}
