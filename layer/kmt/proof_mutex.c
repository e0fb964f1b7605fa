/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether keyed mutexes do what they are for, and come out of the bundles that they are shared in. A mutex cannot be
 * looked at: one that opens on a kernel which does nothing more with it would be waited for in vain.
 *
 * It has to be released by another thread than the one that took it, which may have ended: some systems give a mutex to
 * a thread. Here the owner is a fence, and any thread may wait for it and reset it.
 */
#include <stdlib.h>
#include <string.h>

#include "kmt/climb.h"
#include "kmt/os/system.h"
#include "kmt/resource.h"

#define PROOF_NS 3000000000ull /* for what the self-test has set off (provider.c) */
enum { KEY = 7, NEXT_KEY = 9, LEFT_VALUE = 1234, FENCE_INITIAL = 5 };

/* ---- Mutexes --------------------------------------------------------------------------------- */

static ntf_status create_mutex(const struct ntf_kmt *kmt, uint32_t flags, D3DKMT_CREATEKEYEDMUTEX2 *create)
{
    *create = (D3DKMT_CREATEKEYEDMUTEX2){.InitialValue = KEY, .Flags = flags};
    return kmt->thunks.CreateKeyedMutex2(create);
}

static ntf_status acquire(const struct ntf_kmt *kmt, D3DKMT_HANDLE mutex, uint64_t key, uint64_t *fence_value)
{
    int64_t at_once = 0;
    D3DKMT_ACQUIREKEYEDMUTEX call = {.hKeyedMutex = mutex, .Key = key, .pTimeout = &at_once};
    const ntf_status status = kmt->thunks.AcquireKeyedMutex(&call);

    *fence_value = call.FenceValue;
    return status;
}

struct release {
    const struct ntf_kmt *kmt;
    D3DKMT_HANDLE mutex;
    ntf_status status;
};

static void release(void *argument)
{
    struct release *release = argument;
    D3DKMT_RELEASEKEYEDMUTEX call = {.hKeyedMutex = release->mutex, .Key = NEXT_KEY, .FenceValue = LEFT_VALUE};

    release->status = release->kmt->thunks.ReleaseKeyedMutex(&call);
}

static ntf_status release_elsewhere(const struct ntf_kmt *kmt, D3DKMT_HANDLE mutex)
{
    struct release work = {kmt, mutex, NTF_STATUS_UNSUCCESSFUL};
    struct ntf_thread *thread;

    if (ntf_thread_start(&thread, "ntf-proof", release, &work) != NTF_OK)
        return NTF_STATUS_NO_MEMORY;
    ntf_thread_join(thread);
    return work.status;
}

/* Expects an answer of a step; any other is refused under its name. */
static bool answers(struct ntf_verdict *verdict, ntf_status status, ntf_status expected, const char *what)
{
    return status == expected || ntf_prove_refuse(verdict, NTF_PROOF_MUTEX, status, what);
}

static bool prove_owner(const struct ntf_kmt *kmt, D3DKMT_HANDLE mutex, struct ntf_verdict *verdict)
{
    uint64_t value;

    return answers(verdict, acquire(kmt, mutex, NEXT_KEY, &value), NTF_STATUS_TIMEOUT, "acquire at another key") &&
           answers(verdict, acquire(kmt, mutex, KEY, &value), NTF_STATUS_SUCCESS, "acquire") &&
           answers(verdict, acquire(kmt, mutex, KEY, &value), NTF_STATUS_TIMEOUT, "acquire while it is held") &&
           answers(verdict, release_elsewhere(kmt, mutex), NTF_STATUS_SUCCESS, "release by another thread");
}

static bool prove_opened(const struct ntf_kmt *kmt, D3DKMT_HANDLE number, struct ntf_verdict *verdict)
{
    uint64_t data[NTF_MUTEX_RUNTIME_BYTES / sizeof(uint64_t)] = {0};
    D3DKMT_OPENKEYEDMUTEX2 open = {
        .hSharedHandle = number, .pPrivateRuntimeData = data, .PrivateRuntimeDataSize = sizeof data};
    uint64_t value = 0;
    bool proven;

    if (!answers(verdict, kmt->thunks.OpenKeyedMutex2(&open), NTF_STATUS_SUCCESS, "open by global handle"))
        return false;
    proven = answers(verdict, acquire(kmt, open.hKeyedMutex, NEXT_KEY, &value), NTF_STATUS_SUCCESS,
                     "acquire what was opened");
    if (proven && value != LEFT_VALUE)
        proven =
            ntf_prove_refuse(verdict, NTF_PROOF_MUTEX, NTF_STATUS_SUCCESS, "the value left by the release is lost");
    ntf_resource_close_mutex(kmt, open.hKeyedMutex);
    return proven;
}

static bool prove_mutex(const struct ntf_kmt *kmt, struct ntf_verdict *verdict)
{
    D3DKMT_CREATEKEYEDMUTEX2 create;
    bool proven;

    if (!kmt->thunks.CreateKeyedMutex2 || !kmt->thunks.OpenKeyedMutex2 || !ntf_kernel_has_mutexes(kmt))
        return ntf_prove_refuse(verdict, NTF_PROOF_MUTEX, NTF_STATUS_NOT_IMPLEMENTED, "not exported");
    if (!answers(verdict, create_mutex(kmt, 0, &create), NTF_STATUS_SUCCESS, "create"))
        return false;
    if (!create.hKeyedMutex || !create.hSharedHandle)
        proven = ntf_prove_refuse(verdict, NTF_PROOF_MUTEX, NTF_STATUS_SUCCESS, "success without a mutex");
    else
        proven = prove_owner(kmt, create.hKeyedMutex, verdict) && prove_opened(kmt, create.hSharedHandle, verdict);
    ntf_resource_close_mutex(kmt, create.hKeyedMutex);
    return proven;
}

void ntf_prove_mutexes(struct ntf_kmt *kmt, struct ntf_verdict *verdict)
{
    verdict->status[NTF_PROOF_MUTEX] = NTF_STATUS_SUCCESS;
    /* soft is ours, and to ask it would start its threads in a process that never wants them. */
    verdict->mutexes = kmt->mutexes = kmt->provider == NTF_PROVIDER_SOFT || prove_mutex(kmt, verdict);
}

/* ---- Bundles --------------------------------------------------------------------------------- */

/* The kind of allocation that needs nothing of the driver: memory that is there already. */
#define HEAP_BYTES 0x10000u
#define PAGE_BYTES 0x1000u
enum { STANDARD_EXISTING_HEAP = 1 };

struct standard { /* D3DKMT_CREATESTANDARDALLOCATION */
    uint32_t type;
    size_t size;
    uint32_t flags;
};

/* Local handles of what goes into the bundle, and the NT handle of it. */
struct parts {
    void *memory;
    D3DKMT_HANDLE objects[D3DKMT_MAX_OBJECTS_PER_HANDLE]; /* resource, mutex, fence: the one legal order */
    ntf_handle nt;
};

static bool refuse(struct ntf_verdict *verdict, ntf_status status, const char *what)
{
    return ntf_prove_refuse(verdict, NTF_PROOF_BUNDLE, status, what);
}

static ntf_status make_resource(const struct ntf_kmt *kmt, struct parts *parts)
{
    const struct standard standard = {STANDARD_EXISTING_HEAP, HEAP_BYTES, 0};
    const uint64_t runtime_data[2] = {0};
    D3DDDI_ALLOCATIONINFO2 allocation = {.hAllocation = 0};
    D3DKMT_CREATEALLOCATION create = {
        .hDevice = kmt->device,
        .pPrivateRuntimeData = runtime_data,
        .PrivateRuntimeDataSize = sizeof runtime_data,
        .pStandardAllocation = &standard,
        .NumAllocations = 1,
        .pAllocationInfo2 = &allocation,
        .Flags = NTF_ALLOCATION_CREATE_RESOURCE | NTF_ALLOCATION_CREATE_SHARED | NTF_ALLOCATION_EXISTING_SYS_MEM |
                 NTF_ALLOCATION_NT_SECURITY_SHARING | NTF_ALLOCATION_STANDARD,
    };
    ntf_status status;

    parts->memory = malloc(HEAP_BYTES + PAGE_BYTES);
    if (!parts->memory)
        return NTF_STATUS_NO_MEMORY;
    allocation.pSystemMem = (void *)(((uintptr_t)parts->memory + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES);
    status = kmt->thunks.CreateAllocation2(&create);
    parts->objects[0] = status == NTF_STATUS_SUCCESS ? create.hResource : 0;
    return status;
}

static ntf_status make_mutex(const struct ntf_kmt *kmt, struct parts *parts)
{
    D3DKMT_CREATEKEYEDMUTEX2 create;
    const ntf_status status = create_mutex(kmt, NTF_KEYED_MUTEX_NT_SECURITY_SHARING, &create);

    parts->objects[1] = status == NTF_STATUS_SUCCESS ? create.hKeyedMutex : 0;
    return status;
}

static ntf_status make_fence(const struct ntf_kmt *kmt, struct parts *parts)
{
    D3DKMT_CREATESYNCHRONIZATIONOBJECT2 create = {
        .hDevice = kmt->device,
        .Info =
            {
                .Type = D3DDDI_MONITORED_FENCE,
                .Flags = NTF_SYNC_SHARED | NTF_SYNC_NT_SECURITY_SHARING | NTF_SYNC_NO_GPU_ACCESS,
                .MonitoredFence = {.InitialFenceValue = FENCE_INITIAL},
            },
    };
    const ntf_status status = kmt->thunks.CreateSynchronizationObject2(&create);

    parts->objects[2] = status == NTF_STATUS_SUCCESS ? create.hSyncObject : 0;
    return status;
}

static bool make(const struct ntf_kmt *kmt, struct parts *parts, struct ntf_verdict *verdict)
{
    ntf_object_attributes none = {.Length = sizeof none};
    ntf_status status = make_resource(kmt, parts);

    if (status != NTF_STATUS_SUCCESS)
        return refuse(verdict, status, "create the resource");
    status = make_mutex(kmt, parts);
    if (status != NTF_STATUS_SUCCESS)
        return refuse(verdict, status, "create the mutex");
    status = make_fence(kmt, parts);
    if (status != NTF_STATUS_SUCCESS)
        return refuse(verdict, status, "create the fence");
    status = kmt->thunks.ShareObjects(D3DKMT_MAX_OBJECTS_PER_HANDLE, parts->objects, &none, NTF_ACCESS_ALL, &parts->nt);
    return status == NTF_STATUS_SUCCESS || refuse(verdict, status, "share");
}

static void give_back(const struct ntf_kmt *kmt, struct parts *parts)
{
    if (parts->nt)
        ntf_system_close_handle(parts->nt);
    ntf_resource_close_sync(kmt, parts->objects[2]);
    ntf_resource_close_mutex(kmt, parts->objects[1]);
    ntf_resource_close(kmt, parts->objects[0]);
    free(parts->memory);
}

static ntf_status signal(const struct ntf_kmt *kmt, D3DKMT_HANDLE fence, uint64_t value)
{
    const D3DKMT_SIGNALSYNCHRONIZATIONOBJECTFROMCPU call = {
        .hDevice = kmt->device, .ObjectCount = 1, .ObjectHandleArray = &fence, .FenceValueArray = &value};

    return kmt->thunks.SignalSynchronizationObjectFromCpu(&call);
}

/* The fence that went in is what the mutex waits for that came out: at its address, or asked for by the mutex. */
static bool follows(const struct ntf_kmt *kmt, const struct parts *parts, struct ntf_mutex *opened,
                    struct ntf_verdict *verdict)
{
    uint64_t value;
    ntf_status status;

    if (opened->companion)
        return ntf_object_value(opened->companion) == FENCE_INITIAL ||
               refuse(verdict, NTF_STATUS_SUCCESS, "the fence does not show its value");
    if (opened->ops->take(opened, KEY, &value, &status) != NTF_NOT_READY)
        return refuse(verdict, status, "the fence does not hold the mutex back");
    status = signal(kmt, parts->objects[2], FENCE_INITIAL + 1);
    return status == NTF_STATUS_SUCCESS || refuse(verdict, status, "signal the fence");
}

/* What came out of it is what went in. */
static bool same(const struct ntf_kmt *kmt, const struct parts *parts, struct ntf_mutex *opened,
                 struct ntf_verdict *verdict)
{
    uint64_t value;
    ntf_status status;

    if (opened->ops->take(opened, KEY, &value, &status) != NTF_OK)
        return refuse(verdict, status, "acquire");
    status = acquire(kmt, parts->objects[1], KEY, &value);
    if (status != NTF_STATUS_TIMEOUT)
        return refuse(verdict, status, "what was opened is another mutex");
    if (opened->ops->give(opened, KEY, FENCE_INITIAL + 1, &status) != NTF_OK)
        return refuse(verdict, status, "release");
    if (!follows(kmt, parts, opened, verdict))
        return false;
    return opened->ops->block(opened, KEY, PROOF_NS, &value, &status) == NTF_OK ||
           refuse(verdict, status, "acquire once more");
}

static bool prove_bundle(struct ntf_kmt *kmt, struct ntf_verdict *verdict)
{
    struct parts parts = {.memory = NULL};
    struct ntf_trace trace = {.count = 0};
    struct ntf_climb climb = {.kmt = kmt, .wanted = NTF_WANT_MUTEX, .trace = &trace, .result = NTF_E_WRONG_OBJECT};
    bool proven;

    if (!kmt->mutexes)
        return refuse(verdict, NTF_STATUS_NOT_SUPPORTED, "there are no keyed mutexes");
    if (!kmt->thunks.CreateAllocation2 || !ntf_resource_opens(kmt))
        return refuse(verdict, NTF_STATUS_NOT_IMPLEMENTED, "not exported");
    proven = make(kmt, &parts, verdict);
    if (proven) {
        climb.handle = parts.nt;
        (void)ntf_rung_bundle(&climb);
        proven = climb.opened.mutex ? same(kmt, &parts, climb.opened.mutex, verdict)
                                    : refuse(verdict, trace.steps[0].status,
                                             trace.steps[0].detail[0] ? trace.steps[0].detail : trace.steps[0].step);
        ntf_opened_close(&climb.opened);
    }
    give_back(kmt, &parts);
    return proven;
}

void ntf_prove_bundles(struct ntf_kmt *kmt, struct ntf_verdict *verdict)
{
    verdict->status[NTF_PROOF_BUNDLE] = NTF_STATUS_SUCCESS;
    verdict->bundles = kmt->bundles = kmt->provider == NTF_PROVIDER_SOFT || prove_bundle(kmt, verdict);
}
