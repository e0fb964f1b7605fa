/* SPDX-License-Identifier: Apache-2.0 */
#include "kmt/resource.h"

#include <stdlib.h>
#include <string.h>

/* More than any runtime or driver stores; what a kernel says beyond is not believed. */
#define ALLOCATIONS_MAX 4096u
#define DATA_MAX (1u << 20)

static const char absurd[] = "sizes beyond reason";
static const char empty[] = "a resource without allocations";
static const char no_memory[] = "no memory";

/* What both ways to ask for a resource's sizes give. */
struct sizes {
    uint32_t allocations, runtime, driver, total;
};

/* One block for all that the kernel fills in; each part is there, be it empty. */
struct room {
    D3DDDI_OPENALLOCATIONINFO2 *allocations; /* the block itself */
    uint8_t *runtime, *driver, *total, *mutex;
};

static size_t part(size_t bytes)
{
    return (bytes + 16) / 8 * 8;
}

static bool make_room(const struct sizes *sizes, struct room *room)
{
    const size_t allocations = part(sizes->allocations * sizeof *room->allocations);
    uint8_t *block = calloc(1, allocations + part(sizes->runtime) + part(sizes->driver) + part(sizes->total) +
                                   part(NTF_MUTEX_RUNTIME_BYTES));

    if (!block)
        return false;
    room->allocations = (D3DDDI_OPENALLOCATIONINFO2 *)(void *)block;
    room->runtime = block + allocations;
    room->driver = room->runtime + part(sizes->runtime);
    room->total = room->driver + part(sizes->driver);
    room->mutex = room->total + part(sizes->total);
    return true;
}

/* Why these sizes are not asked for; NULL: they are. */
static const char *unreasonable(const struct sizes *sizes)
{
    if (sizes->allocations == 0)
        return empty;
    return sizes->allocations > ALLOCATIONS_MAX || sizes->runtime > DATA_MAX || sizes->driver > DATA_MAX ||
                   sizes->total > DATA_MAX
               ? absurd
               : NULL;
}

void ntf_resource_close(const struct ntf_kmt *kmt, D3DKMT_HANDLE resource)
{
    const D3DKMT_DESTROYALLOCATION2 destroy = {.hDevice = kmt->device, .hResource = resource};
    const D3DKMT_DESTROYALLOCATION older = {.hDevice = kmt->device, .hResource = resource};

    if (!resource)
        return;
    if (kmt->thunks.DestroyAllocation2)
        (void)kmt->thunks.DestroyAllocation2(&destroy);
    else if (kmt->thunks.DestroyAllocation)
        (void)kmt->thunks.DestroyAllocation(&older);
}

void ntf_resource_close_sync(const struct ntf_kmt *kmt, D3DKMT_HANDLE sync)
{
    const D3DKMT_DESTROYSYNCHRONIZATIONOBJECT destroy = {.hSyncObject = sync};

    if (sync)
        (void)kmt->thunks.DestroySynchronizationObject(&destroy);
}

void ntf_resource_close_mutex(const struct ntf_kmt *kmt, D3DKMT_HANDLE mutex)
{
    const D3DKMT_DESTROYKEYEDMUTEX destroy = {.hKeyedMutex = mutex};

    if (mutex && kmt->thunks.DestroyKeyedMutex)
        (void)kmt->thunks.DestroyKeyedMutex(&destroy);
}

const char *ntf_resource_unwanted(const struct ntf_resource_parts *parts, enum ntf_wanted wanted)
{
    if (!parts->mutex && !parts->sync)
        return "a resource without keyed mutex and synchronization object";
    if (wanted == NTF_WANT_FENCE && !parts->sync)
        return "a keyed mutex without a fence";
    if (wanted == NTF_WANT_MUTEX && !parts->mutex)
        return "a fence without a keyed mutex";
    return NULL;
}

static bool closes(const struct ntf_kmt *kmt)
{
    return kmt->thunks.DestroyAllocation2 || kmt->thunks.DestroyAllocation;
}

bool ntf_resource_opens(const struct ntf_kmt *kmt)
{
    return kmt->thunks.QueryResourceInfoFromNtHandle && kmt->thunks.OpenResourceFromNtHandle && closes(kmt);
}

bool ntf_resource_reads(const struct ntf_kmt *kmt)
{
    return kmt->thunks.QueryResourceInfo && kmt->thunks.OpenResource2 && closes(kmt);
}

/* ---- By NT handle ---------------------------------------------------------------------------- */

static ntf_status open_all(const struct ntf_kmt *kmt, ntf_handle handle, const struct sizes *sizes,
                           const struct room *room, D3DKMT_OPENRESOURCEFROMNTHANDLE *open)
{
    *open = (D3DKMT_OPENRESOURCEFROMNTHANDLE){
        .hDevice = kmt->device,
        .hNtHandle = handle,
        .NumAllocations = sizes->allocations,
        .pOpenAllocationInfo2 = room->allocations,
        .PrivateRuntimeDataSize = sizes->runtime,
        .pPrivateRuntimeData = room->runtime,
        .ResourcePrivateDriverDataSize = sizes->driver,
        .pResourcePrivateDriverData = room->driver,
        .TotalPrivateDriverDataBufferSize = sizes->total,
        .pTotalPrivateDriverDataBuffer = room->total,
        .pKeyedMutexPrivateRuntimeData = room->mutex,
        .KeyedMutexPrivateRuntimeDataSize = NTF_MUTEX_RUNTIME_BYTES,
    };
    return kmt->thunks.OpenResourceFromNtHandle(open);
}

enum ntf_result ntf_resource_open(const struct ntf_kmt *kmt, ntf_handle handle, struct ntf_resource_parts *parts,
                                  const char **step, ntf_status *status, const char **why)
{
    D3DKMT_QUERYRESOURCEINFOFROMNTHANDLE query = {.hDevice = kmt->device, .hNtHandle = handle};
    D3DKMT_OPENRESOURCEFROMNTHANDLE open;
    struct sizes sizes;
    struct room room;

    *step = "bundle query";
    *why = "";
    *status = kmt->thunks.QueryResourceInfoFromNtHandle(&query);
    if (*status != NTF_STATUS_SUCCESS)
        return ntf_status_result(*status);
    sizes = (struct sizes){query.NumAllocations, query.PrivateRuntimeDataSize, query.ResourcePrivateDriverDataSize,
                           query.TotalPrivateDriverDataSize};
    *why = unreasonable(&sizes);
    if (*why)
        return NTF_E_UNSUPPORTED;
    *step = "bundle open";
    *why = no_memory;
    if (!make_room(&sizes, &room))
        return NTF_E_NO_MEMORY;
    *why = "";
    *status = open_all(kmt, handle, &sizes, &room, &open);
    if (*status == NTF_STATUS_SUCCESS) {
        *parts = (struct ntf_resource_parts){.mutex = open.hKeyedMutex, .sync = open.hSyncObject};
        ntf_resource_close(kmt, open.hResource);
    }
    free(room.allocations);
    return ntf_status_result(*status);
}

/* ---- By global handle ------------------------------------------------------------------------ */

/* The head of what Direct3D's runtimes keep with a shared resource, all of 32 bits: size, version, width, height,
 * format, two more, then these. Whether a mutex is in it, its global handle, that of the synchronization object. */
enum { HEAD_SIZE = 0, HEAD_HAS_MUTEX = 7, HEAD_MUTEX = 8, HEAD_SYNC = 9, HEAD_WORDS = 10 };

/* Anybody may have written it: numbers of the right form are all that is taken from it. */
static void read_head(const uint8_t *runtime, uint32_t bytes, struct ntf_resource_parts *parts)
{
    uint32_t head[HEAD_WORDS];

    *parts = (struct ntf_resource_parts){0, 0};
    if (bytes < sizeof head)
        return;
    memcpy(head, runtime, sizeof head);
    if (head[HEAD_SIZE] < sizeof head || head[HEAD_SIZE] > bytes || !head[HEAD_HAS_MUTEX])
        return;
    if (ntf_is_global_handle(head[HEAD_MUTEX]))
        parts->mutex = head[HEAD_MUTEX];
    if (ntf_is_global_handle(head[HEAD_SYNC]))
        parts->sync = head[HEAD_SYNC];
}

/* The data comes with the opening; the query may leave its buffer alone. */
static ntf_status open_for_data(const struct ntf_kmt *kmt, D3DKMT_HANDLE number, const struct sizes *sizes,
                                const struct room *room)
{
    D3DKMT_OPENRESOURCE open = {
        .hDevice = kmt->device,
        .hGlobalShare = number,
        .NumAllocations = sizes->allocations,
        .pOpenAllocationInfo2 = room->allocations,
        .pPrivateRuntimeData = room->runtime,
        .PrivateRuntimeDataSize = sizes->runtime,
        .pResourcePrivateDriverData = room->driver,
        .ResourcePrivateDriverDataSize = sizes->driver,
        .pTotalPrivateDriverDataBuffer = room->total,
        .TotalPrivateDriverDataBufferSize = sizes->total,
    };
    const ntf_status status = kmt->thunks.OpenResource2(&open);

    if (status == NTF_STATUS_SUCCESS)
        ntf_resource_close(kmt, open.hResource);
    return status;
}

enum ntf_result ntf_resource_read(const struct ntf_kmt *kmt, D3DKMT_HANDLE number, struct ntf_resource_parts *parts,
                                  const char **step, ntf_status *status, const char **why)
{
    D3DKMT_QUERYRESOURCEINFO query = {.hDevice = kmt->device, .hGlobalShare = number};
    struct sizes sizes;
    struct room room;

    *step = "resource query";
    *why = "";
    *status = kmt->thunks.QueryResourceInfo(&query);
    if (*status != NTF_STATUS_SUCCESS)
        return ntf_status_result(*status);
    sizes = (struct sizes){query.NumAllocations, query.PrivateRuntimeDataSize, query.ResourcePrivateDriverDataSize,
                           query.TotalPrivateDriverDataSize};
    *why = unreasonable(&sizes);
    if (*why)
        return NTF_E_UNSUPPORTED;
    *step = "resource open";
    *why = no_memory;
    if (!make_room(&sizes, &room))
        return NTF_E_NO_MEMORY;
    *why = "";
    *status = open_for_data(kmt, number, &sizes, &room);
    if (*status == NTF_STATUS_SUCCESS)
        read_head(room.runtime, sizes.runtime, parts);
    free(room.allocations);
    return ntf_status_result(*status);
}
