/* SPDX-License-Identifier: Apache-2.0 */
/* The fake's keyed mutexes, and the resources that they are shared in. */
#include <string.h>

#include "fake_parts.h"
#include "rig.h"

enum { MUTEXES = 4, HANDLES = 16, MUTEX_TAG = 0x42 };

/* What the handles lead to; one that nobody has is free. */
static struct mutex {
    uint32_t handles;
    uint64_t key, fence_value;
    D3DKMT_HANDLE owner; /* 0: nobody */
    uint64_t owner_thread;
    bool abandoned;
} mutexes[MUTEXES];

static struct {
    struct mutex *mutex; /* NULL: free */
} handles[HANDLES];

static D3DKMT_HANDLE number_of(uint32_t index)
{
    return MUTEX_TAG << 24 | (index + 1) << 6;
}

static struct mutex *find(D3DKMT_HANDLE handle)
{
    const uint32_t index = ((handle & 0xFFFFFFu) >> 6) - 1;

    return handle >> 24 == MUTEX_TAG && index < HANDLES ? handles[index].mutex : NULL;
}

static ntf_status new_handle(const struct fake_answer *answer, struct mutex *mutex, D3DKMT_HANDLE *out)
{
    uint32_t i = 0;

    if (answer->status != NTF_STATUS_SUCCESS || answer->no_object)
        return answer->status;
    while (i < HANDLES && handles[i].mutex)
        i++;
    if (i == HANDLES || !mutex)
        return NTF_STATUS_NO_MEMORY;
    handles[i].mutex = mutex;
    mutex->handles++;
    control.mutexes_open++;
    *out = number_of(i);
    return NTF_STATUS_SUCCESS;
}

static struct mutex *fresh(uint64_t key)
{
    for (uint32_t i = 0; i < MUTEXES; i++) {
        if (!mutexes[i].handles) {
            mutexes[i] = (struct mutex){.key = key};
            return &mutexes[i];
        }
    }
    return NULL;
}

/* The one that all openings lead to: the first that anybody has, or one for the asking. */
static struct mutex *the_mutex(void)
{
    for (uint32_t i = 0; i < MUTEXES; i++) {
        if (mutexes[i].handles)
            return &mutexes[i];
    }
    return fresh(0);
}

/* A buffer for data of a runtime has to be as large as what is stored. */
static bool room_for_data(const void *data, uint32_t size)
{
    return (data || !size) && size >= control.mutex_data;
}

ntf_status NTF_APIENTRY D3DKMTCreateKeyedMutex2(D3DKMT_CREATEKEYEDMUTEX2 *p)
{
    ntf_status status;

    ntf_lock_take(&lock);
    if (p->hKeyedMutex || p->hSharedHandle)
        control.dirty++;
    status = new_handle(&control.mutex_create, fresh(p->InitialValue), &p->hKeyedMutex);
    if (status == NTF_STATUS_SUCCESS && !p->Flags)
        p->hSharedHandle = FAKE_GLOBAL_MUTEX;
    ntf_lock_drop(&lock);
    return status;
}

ntf_status NTF_APIENTRY D3DKMTOpenKeyedMutex2(D3DKMT_OPENKEYEDMUTEX2 *p)
{
    ntf_status status = NTF_STATUS_INVALID_PARAMETER;

    ntf_lock_take(&lock);
    fake_opened('M');
    if (p->hKeyedMutex)
        control.dirty++;
    if (p->hSharedHandle == FAKE_GLOBAL_MUTEX && room_for_data(p->pPrivateRuntimeData, p->PrivateRuntimeDataSize))
        status = new_handle(&control.mutex_open, the_mutex(), &p->hKeyedMutex);
    ntf_lock_drop(&lock);
    return status;
}

ntf_status NTF_APIENTRY D3DKMTOpenKeyedMutexFromNtHandle(D3DKMT_OPENKEYEDMUTEXFROMNTHANDLE *p)
{
    ntf_status status = NTF_STATUS_INVALID_PARAMETER;

    ntf_lock_take(&lock);
    fake_opened('m');
    if (p->hKeyedMutex)
        control.dirty++;
    if (control.mutex_by_handle)
        status = control.mutex_by_handle;
    else if (fake_kind_of(p->hNtHandle) != FAKE_MUTEX)
        status = NTF_STATUS_OBJECT_TYPE_MISMATCH;
    else if (room_for_data(p->pPrivateRuntimeData, p->PrivateRuntimeDataSize))
        status = new_handle(&control.mutex_open, the_mutex(), &p->hKeyedMutex);
    ntf_lock_drop(&lock);
    return status;
}

ntf_status NTF_APIENTRY D3DKMTAcquireKeyedMutex(D3DKMT_ACQUIREKEYEDMUTEX *p)
{
    ntf_status status = NTF_STATUS_INVALID_PARAMETER;
    struct mutex *mutex;

    ntf_lock_take(&lock);
    control.acquires++;
    control.last_timeout = p->pTimeout ? *p->pTimeout : 1;
    mutex = find(p->hKeyedMutex);
    p->FenceValue = 0;
    if (control.acquire_status && control.acquires >= control.acquire_from)
        status = control.acquire_status;
    else if (mutex && mutex->abandoned)
        status = NTF_STATUS_ABANDONED;
    else if (mutex && (mutex->owner || mutex->key != p->Key))
        status = NTF_STATUS_TIMEOUT;
    else if (mutex) {
        mutex->owner = p->hKeyedMutex;
        mutex->owner_thread = rig_thread();
        p->FenceValue = control.forgets_value ? 0 : mutex->fence_value;
        status = NTF_STATUS_SUCCESS;
    }
    ntf_lock_drop(&lock);
    return status;
}

ntf_status NTF_APIENTRY D3DKMTReleaseKeyedMutex(D3DKMT_RELEASEKEYEDMUTEX *p)
{
    ntf_status status = NTF_STATUS_INVALID_PARAMETER;
    struct mutex *mutex;

    ntf_lock_take(&lock);
    mutex = find(p->hKeyedMutex);
    if (control.release_status)
        status = control.release_status;
    else if (mutex && mutex->owner == p->hKeyedMutex && (!control.thread_owns || mutex->owner_thread == rig_thread())) {
        mutex->owner = 0;
        mutex->key = p->Key;
        mutex->fence_value = p->FenceValue;
        status = NTF_STATUS_SUCCESS;
    }
    ntf_lock_drop(&lock);
    return status;
}

ntf_status NTF_APIENTRY D3DKMTDestroyKeyedMutex(const D3DKMT_DESTROYKEYEDMUTEX *p)
{
    struct mutex *mutex;

    ntf_lock_take(&lock);
    mutex = find(p->hKeyedMutex);
    if (mutex) {
        mutex->abandoned |= mutex->owner == p->hKeyedMutex;
        mutex->handles--;
        handles[((p->hKeyedMutex & 0xFFFFFFu) >> 6) - 1].mutex = NULL;
        control.mutexes_open--;
    }
    ntf_lock_drop(&lock);
    return mutex ? NTF_STATUS_SUCCESS : NTF_STATUS_INVALID_PARAMETER;
}

/* ---- Resources ------------------------------------------------------------------------------- */

#define RESOURCE 0x43000040u

static const struct fake_sizes usual = {1, 16, 8, 24};

static const struct fake_sizes *sizes(void)
{
    return control.sizes.set ? &control.sizes.is : &usual;
}

static ntf_status open_resource(D3DKMT_HANDLE *out)
{
    if (control.resource_open.status == NTF_STATUS_SUCCESS && !control.resource_open.no_object) {
        control.resources_open++;
        *out = RESOURCE;
    }
    return control.resource_open.status;
}

ntf_status NTF_APIENTRY D3DKMTCreateAllocation2(D3DKMT_CREATEALLOCATION *p)
{
    if (p->hResource || p->hGlobalShare || p->pAllocationInfo2->hAllocation)
        control.dirty++;
    if (p->NumAllocations != 1 || !p->pAllocationInfo2->pSystemMem || !p->pStandardAllocation || p->Flags != 0x10063u)
        return NTF_STATUS_INVALID_PARAMETER;
    if (control.allocation_status)
        return control.allocation_status;
    control.resources_open++;
    p->hResource = RESOURCE;
    return NTF_STATUS_SUCCESS;
}

ntf_status NTF_APIENTRY D3DKMTDestroyAllocation2(const D3DKMT_DESTROYALLOCATION2 *p)
{
    if (p->hResource != RESOURCE || !p->hDevice || p->AllocationCount)
        return NTF_STATUS_INVALID_PARAMETER;
    control.resources_open--;
    return NTF_STATUS_SUCCESS;
}

ntf_status NTF_APIENTRY D3DKMTQueryResourceInfoFromNtHandle(D3DKMT_QUERYRESOURCEINFOFROMNTHANDLE *p)
{
    fake_opened('q');
    if (!p->hDevice || !p->hNtHandle)
        control.dirty++;
    if (control.query_status)
        return control.query_status;
    if (fake_kind_of(p->hNtHandle) != FAKE_BUNDLE)
        return NTF_STATUS_INVALID_PARAMETER;
    p->PrivateRuntimeDataSize = sizes()->runtime;
    p->ResourcePrivateDriverDataSize = sizes()->driver;
    p->TotalPrivateDriverDataSize = sizes()->total;
    p->NumAllocations = sizes()->allocations;
    return NTF_STATUS_SUCCESS;
}

/* Every buffer has to be there, and of exactly the size that was said; all of each is written. */
static bool right_buffers(uint32_t count, D3DDDI_OPENALLOCATIONINFO2 *allocations, uint32_t runtime_size, void *runtime,
                          uint32_t driver_size, void *driver, uint32_t total_size, void *total)
{
    if (count != sizes()->allocations || runtime_size != sizes()->runtime || driver_size != sizes()->driver ||
        total_size != sizes()->total || !allocations || !runtime || !driver || !total)
        return false;
    memset(allocations, 0xA5, count * sizeof *allocations);
    memset(runtime, 0xA5, runtime_size);
    memset(driver, 0xA5, driver_size);
    memset(total, 0xA5, total_size);
    return true;
}

ntf_status NTF_APIENTRY D3DKMTOpenResourceFromNtHandle(D3DKMT_OPENRESOURCEFROMNTHANDLE *p)
{
    static const struct fake_answer plainly = {.status = NTF_STATUS_SUCCESS};
    ntf_status status;
    void *address;

    fake_opened('r');
    if (p->hResource || p->hKeyedMutex || p->hSyncObject || !p->hDevice)
        control.dirty++;
    if (!right_buffers(p->NumAllocations, p->pOpenAllocationInfo2, p->PrivateRuntimeDataSize, p->pPrivateRuntimeData,
                       p->ResourcePrivateDriverDataSize, p->pResourcePrivateDriverData,
                       p->TotalPrivateDriverDataBufferSize, p->pTotalPrivateDriverDataBuffer) ||
        !room_for_data(p->pKeyedMutexPrivateRuntimeData, p->KeyedMutexPrivateRuntimeDataSize))
        return NTF_STATUS_INVALID_PARAMETER;
    status = open_resource(&p->hResource);
    if (status == NTF_STATUS_SUCCESS && !control.without_mutex)
        (void)new_handle(&plainly, the_mutex(), &p->hKeyedMutex);
    if (status == NTF_STATUS_SUCCESS && !control.without_sync)
        (void)fake_make(&plainly, fake_companion(), 0, &p->hSyncObject, &address);
    return status;
}

ntf_status NTF_APIENTRY D3DKMTQueryResourceInfo(D3DKMT_QUERYRESOURCEINFO *p)
{
    fake_opened('Q');
    if (p->hGlobalShare != FAKE_GLOBAL_RESOURCE)
        return NTF_STATUS_INVALID_PARAMETER;
    p->PrivateRuntimeDataSize = sizes()->runtime;
    p->ResourcePrivateDriverDataSize = sizes()->driver;
    p->TotalPrivateDriverDataSize = sizes()->total;
    p->NumAllocations = sizes()->allocations;
    return NTF_STATUS_SUCCESS;
}

ntf_status NTF_APIENTRY D3DKMTOpenResource2(D3DKMT_OPENRESOURCE *p)
{
    fake_opened('R');
    if (p->hResource)
        control.dirty++;
    if (!right_buffers(p->NumAllocations, p->pOpenAllocationInfo2, p->PrivateRuntimeDataSize, p->pPrivateRuntimeData,
                       p->ResourcePrivateDriverDataSize, p->pResourcePrivateDriverData,
                       p->TotalPrivateDriverDataBufferSize, p->pTotalPrivateDriverDataBuffer))
        return NTF_STATUS_INVALID_PARAMETER;
    memcpy(p->pPrivateRuntimeData, control.head,
           p->PrivateRuntimeDataSize < sizeof control.head ? p->PrivateRuntimeDataSize : sizeof control.head);
    return open_resource(&p->hResource);
}

/* The only thing that is shared here is the bundle of the self-test. */
ntf_status NTF_APIENTRY D3DKMTShareObjects(uint32_t count, const D3DKMT_HANDLE *objects,
                                           ntf_object_attributes *attributes, uint32_t access, ntf_handle *out)
{
    if (count != 3 || objects[0] != RESOURCE || !find(objects[1]) || !attributes || !access)
        return NTF_STATUS_NOT_SUPPORTED;
    if (control.share_status)
        return control.share_status;
    control.companion = fake_value_of(objects[2]);
    control.bundle = *out = rig_event_new();
    return NTF_STATUS_SUCCESS;
}

ntf_status NTF_APIENTRY D3DKMTOpenNtHandleFromName(D3DKMT_OPENNTHANDLEFROMNAME *p)
{
    control.resource_names++;
    if (!control.resource_name_status)
        return NTF_STATUS_OBJECT_NAME_NOT_FOUND;
    if (control.resource_name_status != NTF_STATUS_PENDING)
        return control.resource_name_status;
    p->hNtHandle = control.name_handle;
    return NTF_STATUS_SUCCESS;
}
