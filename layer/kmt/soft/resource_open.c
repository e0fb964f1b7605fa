/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking about resources, and opening them: by NT handle, with the keyed mutex and the synchronization object of a
 * bundle, and by global handle. A caller asks how much data there is, brings buffers, and opens.
 */
#include "kmt/soft/calls.h"
#include "kmt/soft/mutex.h"
#include "kmt/soft/resource.h"

#include <stdlib.h>
#include <string.h>

/* ---- what the calls for opening have in common ---- */

struct opening {
    D3DKMT_HANDLE device;
    uint32_t allocations;
    D3DDDI_OPENALLOCATIONINFO *infos;   /* of the first version, or NULL */
    D3DDDI_OPENALLOCATIONINFO2 *infos2; /* of the others, or NULL */
    void *runtime, *driver, *total;     /* the caller's buffers */
    uint32_t runtime_bytes, driver_bytes, total_bytes;
    D3DKMT_HANDLE resource; /* what is made, as is all below; 0: none */
    D3DKMT_HANDLE mutex, sync;
    D3DKMT_HANDLE *handles; /* of the allocations */
};

/* What can be said without the resource. The device is looked at before the handle. */
static bool is_sensible(const struct opening *opening)
{
    return soft_handle_is(opening->device, SOFT_DEVICE) && opening->allocations > 0 &&
           (opening->infos || opening->infos2);
}

static bool holds(const void *buffer, uint32_t bytes, uint32_t needed)
{
    return needed == 0 || (buffer && bytes >= needed);
}

/* The runtime's size is the exact one, as the query has said it; what is short otherwise is told apart in one case. */
static ntf_status check_buffers(const struct opening *opening, const struct soft_resource *resource)
{
    if (opening->allocations != resource->allocations || opening->runtime_bytes != resource->runtime_bytes ||
        !holds(opening->runtime, opening->runtime_bytes, resource->runtime_bytes) ||
        !holds(opening->driver, opening->driver_bytes, resource->driver_bytes) ||
        (resource->total_bytes && !opening->total))
        return NTF_STATUS_INVALID_PARAMETER;
    return opening->total_bytes >= resource->total_bytes ? NTF_STATUS_SUCCESS : NTF_STATUS_NO_MEMORY;
}

static void copy_part(void *to, const struct soft_part part)
{
    if (part.bytes > 0)
        memcpy(to, part.data, part.bytes);
}

/* Nothing fails from here on. */
static void give_out(struct opening *opening, const struct soft_resource *resource)
{
    uint8_t *at = (uint8_t *)opening->total;
    uint32_t i;

    copy_part(opening->runtime, soft_resource_runtime(resource));
    copy_part(opening->driver, soft_resource_driver(resource));
    copy_part(opening->total, soft_resource_total(resource));
    opening->total_bytes = resource->total_bytes;
    for (i = 0; i < resource->allocations; i++) {
        const uint32_t bytes = soft_resource_part_bytes(resource, i);
        if (opening->infos2) {
            opening->infos2[i].hAllocation = opening->handles[i];
            opening->infos2[i].pPrivateDriverData = bytes ? at : NULL;
            opening->infos2[i].PrivateDriverDataSize = bytes;
            opening->infos2[i].GpuVirtualAddress = 0;
        } else {
            opening->infos[i].hAllocation = opening->handles[i];
            opening->infos[i].pPrivateDriverData = bytes ? at : NULL;
            opening->infos[i].PrivateDriverDataSize = bytes;
        }
        at = bytes ? at + bytes : at;
    }
}

/* Makes the object a handle's; *object is NULL then, its user the handle's. */
static ntf_status make_handle(enum soft_class class, struct soft_object **object, D3DKMT_HANDLE device,
                              D3DKMT_HANDLE *out)
{
    const ntf_status status = soft_handle_new_object(class, *object, 0, device, out);

    if (status == NTF_STATUS_SUCCESS)
        *object = NULL;
    return status;
}

static void undo(const struct opening *opening)
{
    if (opening->mutex)
        (void)soft_handle_end(opening->mutex, SOFT_MUTEX);
    if (opening->sync)
        (void)soft_handle_end(opening->sync, SOFT_SYNC);
    if (opening->resource)
        (void)soft_handle_end(opening->resource, SOFT_RESOURCE); /* and the allocations with it */
}

/* Handles of all that is in the bundle. Its users pass to them; those that are left the caller ends. */
static ntf_status make_handles(struct opening *opening, struct soft_bundle *bundle)
{
    ntf_status status = make_handle(SOFT_RESOURCE, &bundle->resource, opening->device, &opening->resource);
    uint32_t i;

    for (i = 0; i < opening->allocations && status == NTF_STATUS_SUCCESS; i++)
        status = soft_handle_new_allocation(opening->device, opening->resource, &opening->handles[i]);
    if (status == NTF_STATUS_SUCCESS && bundle->mutex)
        status = make_handle(SOFT_MUTEX, &bundle->mutex, 0, &opening->mutex);
    if (status == NTF_STATUS_SUCCESS && bundle->sync)
        status = make_handle(SOFT_SYNC, &bundle->sync, opening->device, &opening->sync);
    if (status != NTF_STATUS_SUCCESS)
        undo(opening);
    return status;
}

/* Takes over what is in the bundle, whatever comes of it. */
static ntf_status open_bundle(struct opening *opening, struct soft_bundle *bundle)
{
    struct soft_object *resource = bundle->resource;
    ntf_status status = check_buffers(opening, resource->resource);

    if (status == NTF_STATUS_SUCCESS) {
        opening->handles = (D3DKMT_HANDLE *)calloc(opening->allocations, sizeof *opening->handles);
        status = NTF_STATUS_NO_MEMORY;
    }
    if (opening->handles) {
        soft_object_ref(resource); /* its handle may be destroyed while its data is given out */
        status = make_handles(opening, bundle);
        if (status == NTF_STATUS_SUCCESS)
            give_out(opening, resource->resource);
        soft_object_unref(resource);
    }
    free(opening->handles);
    opening->handles = NULL;
    soft_bundle_leave(bundle);
    return status;
}

/* ---- by NT handle ---- */

ntf_status NTF_APIENTRY soft_OpenResourceFromNtHandle(D3DKMT_OPENRESOURCEFROMNTHANDLE *p)
{
    struct soft_bundle bundle;
    struct opening opening;
    ntf_status status;
    const char *why;

    memset(&opening, 0, sizeof opening);
    if (p) {
        opening.device = p->hDevice;
        opening.allocations = p->NumAllocations;
        opening.infos2 = p->pOpenAllocationInfo2;
        opening.runtime = p->pPrivateRuntimeData;
        opening.runtime_bytes = p->PrivateRuntimeDataSize;
        opening.driver = p->pResourcePrivateDriverData;
        opening.driver_bytes = p->ResourcePrivateDriverDataSize;
        opening.total = p->pTotalPrivateDriverDataBuffer;
        opening.total_bytes = p->TotalPrivateDriverDataBufferSize;
    }
    if (!p || !is_sensible(&opening) || (p->KeyedMutexPrivateRuntimeDataSize && !p->pKeyedMutexPrivateRuntimeData))
        return NTF_STATUS_INVALID_PARAMETER;
    if (soft_bundle_open(p->hNtHandle, &bundle, &status, &why) != NTF_OK)
        return status;
    status = bundle.mutex ? soft_mutex_check_buffer(bundle.mutex, p->pKeyedMutexPrivateRuntimeData,
                                                    p->KeyedMutexPrivateRuntimeDataSize)
                          : NTF_STATUS_SUCCESS;
    if (status == NTF_STATUS_SUCCESS)
        status = open_bundle(&opening, &bundle);
    else
        soft_bundle_leave(&bundle);
    if (status == NTF_STATUS_SUCCESS) {
        p->hResource = opening.resource;
        p->hKeyedMutex = opening.mutex;
        p->hSyncObject = opening.sync;
        p->TotalPrivateDriverDataBufferSize = opening.total_bytes;
    }
    return status;
}

/* A synchronization object is refused by another status than what is no object of soft's. */
static ntf_status judge_query(ntf_handle nt, ntf_status status)
{
    enum soft_what what;

    if (status == NTF_STATUS_OBJECT_TYPE_MISMATCH && soft_bundle_what(nt, &what) && what != SOFT_IS_RESOURCE)
        return NTF_STATUS_INVALID_PARAMETER;
    return status;
}

ntf_status NTF_APIENTRY soft_QueryResourceInfoFromNtHandle(D3DKMT_QUERYRESOURCEINFOFROMNTHANDLE *p)
{
    const struct soft_resource *resource;
    struct soft_bundle bundle;
    ntf_status status;
    const char *why;

    if (!p || !soft_handle_is(p->hDevice, SOFT_DEVICE))
        return NTF_STATUS_INVALID_PARAMETER;
    if (soft_bundle_open(p->hNtHandle, &bundle, &status, &why) != NTF_OK)
        return judge_query(p->hNtHandle, status);
    resource = bundle.resource->resource;
    p->PrivateRuntimeDataSize = resource->runtime_bytes; /* the data is not written, as Windows does not either */
    p->TotalPrivateDriverDataSize = resource->total_bytes;
    p->ResourcePrivateDriverDataSize = resource->driver_bytes;
    p->NumAllocations = resource->allocations;
    soft_bundle_leave(&bundle);
    return NTF_STATUS_SUCCESS;
}

/* ---- by global handle: one refusal for everything that is wrong with the number ---- */

static ntf_status open_global(D3DKMT_HANDLE number, struct soft_bundle *bundle)
{
    ntf_status status;
    const char *why;

    memset(bundle, 0, sizeof *bundle);
    if (soft_object_open_global(number, SOFT_IS_RESOURCE, &bundle->resource, &status, &why) == NTF_OK)
        return NTF_STATUS_SUCCESS;
    return status == NTF_STATUS_NO_MEMORY || status == NTF_STATUS_NOT_SUPPORTED ? status
                                                                                : NTF_STATUS_INVALID_PARAMETER;
}

static ntf_status open_resource(D3DKMT_OPENRESOURCE *p, bool second)
{
    struct soft_bundle bundle;
    struct opening opening;
    ntf_status status;

    if (!p)
        return NTF_STATUS_INVALID_PARAMETER;
    memset(&opening, 0, sizeof opening);
    opening.device = p->hDevice;
    opening.allocations = p->NumAllocations;
    if (second)
        opening.infos2 = p->pOpenAllocationInfo2;
    else
        opening.infos = p->pOpenAllocationInfo;
    opening.runtime = p->pPrivateRuntimeData;
    opening.runtime_bytes = p->PrivateRuntimeDataSize;
    opening.driver = p->pResourcePrivateDriverData;
    opening.driver_bytes = p->ResourcePrivateDriverDataSize;
    opening.total = p->pTotalPrivateDriverDataBuffer;
    opening.total_bytes = p->TotalPrivateDriverDataBufferSize;
    if (!is_sensible(&opening))
        return NTF_STATUS_INVALID_PARAMETER;
    status = open_global(p->hGlobalShare, &bundle);
    if (status == NTF_STATUS_SUCCESS)
        status = open_bundle(&opening, &bundle);
    if (status == NTF_STATUS_SUCCESS) {
        p->hResource = opening.resource;
        p->TotalPrivateDriverDataBufferSize = opening.total_bytes;
    }
    return status;
}

ntf_status NTF_APIENTRY soft_OpenResource(D3DKMT_OPENRESOURCE *p)
{
    return open_resource(p, false);
}

ntf_status NTF_APIENTRY soft_OpenResource2(D3DKMT_OPENRESOURCE *p)
{
    return open_resource(p, true);
}

/* By global handle the runtime's data is given to whoever has room for it: a keyed mutex is found through it. */
ntf_status NTF_APIENTRY soft_QueryResourceInfo(D3DKMT_QUERYRESOURCEINFO *p)
{
    const struct soft_resource *resource;
    struct soft_bundle bundle;
    ntf_status status;

    if (!p || !soft_handle_is(p->hDevice, SOFT_DEVICE))
        return NTF_STATUS_INVALID_PARAMETER;
    status = open_global(p->hGlobalShare, &bundle);
    if (status != NTF_STATUS_SUCCESS)
        return status;
    resource = bundle.resource->resource;
    if (p->pPrivateRuntimeData && p->PrivateRuntimeDataSize >= resource->runtime_bytes)
        copy_part(p->pPrivateRuntimeData, soft_resource_runtime(resource));
    p->PrivateRuntimeDataSize = resource->runtime_bytes;
    p->TotalPrivateDriverDataSize = resource->total_bytes;
    p->ResourcePrivateDriverDataSize = resource->driver_bytes;
    p->NumAllocations = resource->allocations;
    soft_bundle_leave(&bundle);
    return NTF_STATUS_SUCCESS;
}
