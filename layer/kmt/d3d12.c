/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rung of the Direct3D 12 runtime, for fences that the kernel's own calls do not open.
 *
 * An ID3D12Fence is what a kernel's object is, but for one thing: its value has no address. It is asked for by a call.
 * So the object here is a kernel object (kernel_object.c) whose calls lead to the runtime, and whose value is a cell of
 * our own, into which the fence's value is brought
 *   - whenever the object is asked for its value, and when a watch is made: a status and a wait that may not last see
 *     what the fence shows at that moment (struct ntf_object, refresh);
 *   - before and after each sleep: ID3D12Fence::SetEventOnCompletion wakes the sleeper, and he reads the cell again.
 * Between these the cell stands still, so a spin over it finds nothing that no other thread has brought. What was set
 * before SetEventOnCompletion was asked sets the event at once, so no wake is lost in between.
 *
 * Asking the fence and storing the answer is one step under a lock: otherwise an older answer could be stored over a
 * newer one, and who has just asked would not find what he was told. The value may go back, as that of every Direct3D
 * fence. All ones, which a removed device's fences show, is above every target.
 *
 * A signal that another process makes between our look at the value and ID3D12Fence::Signal with a lower one is taken
 * back by that: the runtime has no call that only raises.
 */
#include <stdlib.h>
#include <string.h>

#include "base/table.h"
#include "kmt/d3d12.h"
#include "kmt/kernel_object.h"
#include "kmt/os/d3d12.h"
#include "kmt/os/system.h"

struct runtime_object {
    ntf_au64 value; /* the cell; first, so that it leads back here */
    struct ntf_lock lock; /* of asking the fence and storing what it says */
    struct ntf_d3d12_fence *fence;
    const struct ntf_object_ops *kernel_ops;
    struct ntf_object_ops ops; /* the same, with a look at the fence around a sleep */
};

/* The numbers by which a kernel object's calls name their object. */
static struct {
    struct ntf_lock lock;   /* of what follows; the table is read without */
    struct ntf_table table; /* there while count is not 0 */
    uint32_t count;
    D3DKMT_HANDLE last;
} objects;

/* ---- The cell -------------------------------------------------------------------------------- */

static struct runtime_object *of(const struct ntf_object *object)
{
    return (struct runtime_object *)(uintptr_t)object->value;
}

static uint64_t refresh(const struct ntf_object *base)
{
    struct runtime_object *object = of(base);
    uint64_t value;

    ntf_lock_take(&object->lock);
    value = ntf_d3d12_fence_value(object->fence);
    ntf_store(&object->value, value, NTF_RELEASE);
    ntf_lock_drop(&object->lock);
    return value;
}

static void arm(struct ntf_watch *watch, struct ntf_parker *parker)
{
    const struct ntf_object *base = watch->object;

    of(base)->kernel_ops->watch.arm(watch, parker);
    (void)refresh(base);
}

static void disarm(struct ntf_watch *watch, struct ntf_parker *parker)
{
    const struct ntf_object *base = watch->object;

    of(base)->kernel_ops->watch.disarm(watch, parker);
    (void)refresh(base);
}

/* ---- The calls of a kernel object ------------------------------------------------------------- */

static ntf_status to_status(int32_t answer)
{
    switch (answer) {
    case NTF_HRESULT_NOT_IMPLEMENTED:
    case NTF_HRESULT_UNSUPPORTED:
        return NTF_STATUS_NOT_SUPPORTED;
    case NTF_HRESULT_NO_ACCESS:
        return NTF_STATUS_ACCESS_DENIED;
    case NTF_HRESULT_NO_MEMORY:
        return NTF_STATUS_NO_MEMORY;
    case NTF_HRESULT_REMOVED:
        return NTF_STATUS_DEVICE_REMOVED;
    default:
        return answer < 0 ? (ntf_status)answer : NTF_STATUS_SUCCESS;
    }
}

static struct runtime_object *find(D3DKMT_HANDLE number)
{
    uint64_t found = 0;

    (void)ntf_table_find(&objects.table, number, &found);
    return (struct runtime_object *)(uintptr_t)found;
}

static ntf_status NTF_APIENTRY wait_for(const D3DKMT_WAITFORSYNCHRONIZATIONOBJECTFROMCPU *wait)
{
    return to_status(ntf_d3d12_fence_notify(find(wait->ObjectHandleArray[0])->fence, wait->FenceValueArray[0],
                                            wait->hAsyncEvent));
}

static ntf_status NTF_APIENTRY signal_value(const D3DKMT_SIGNALSYNCHRONIZATIONOBJECTFROMCPU *signal)
{
    return to_status(ntf_d3d12_fence_signal(find(signal->ObjectHandleArray[0])->fence, signal->FenceValueArray[0]));
}

static ntf_status NTF_APIENTRY share(uint32_t count, const D3DKMT_HANDLE *numbers, ntf_object_attributes *attributes,
                                     uint32_t access, ntf_handle *out)
{
    (void)count;
    (void)access; /* the runtime knows GENERIC_ALL alone */
    if (attributes && attributes->ObjectName)
        return NTF_STATUS_NOT_SUPPORTED; /* a name belongs to who has made the fence */
    return to_status(ntf_d3d12_fence_share(find(numbers[0])->fence, attributes, out));
}

static ntf_status NTF_APIENTRY destroy(const D3DKMT_DESTROYSYNCHRONIZATIONOBJECT *destroyed)
{
    uint64_t found = 0;
    struct runtime_object *object;

    ntf_lock_take(&objects.lock);
    (void)ntf_table_remove(&objects.table, destroyed->hSyncObject, &found);
    if (--objects.count == 0)
        ntf_table_finish(&objects.table);
    ntf_lock_drop(&objects.lock);
    object = (struct runtime_object *)(uintptr_t)found;
    ntf_d3d12_fence_close(object->fence);
    free(object);
    return NTF_STATUS_SUCCESS;
}

static const struct ntf_kmt runtime = {
    .thunks = {
        .WaitForSynchronizationObjectFromCpu = wait_for,
        .SignalSynchronizationObjectFromCpu = signal_value,
        .ShareObjects = share,
        .DestroySynchronizationObject = destroy,
    },
};

/* ---- Making one ------------------------------------------------------------------------------ */

/* 0: no memory. */
static D3DKMT_HANDLE give_number(struct runtime_object *object)
{
    D3DKMT_HANDLE number = 0;
    uint64_t taken;

    ntf_lock_take(&objects.lock);
    if (objects.count != 0 || ntf_table_init(&objects.table) == NTF_OK) {
        do
            number = ++objects.last;
        while (number == 0 || ntf_table_find(&objects.table, number, &taken));
        if (ntf_table_insert(&objects.table, number, (uintptr_t)object) != NTF_OK)
            number = 0;
        else
            objects.count++;
        if (objects.count == 0)
            ntf_table_finish(&objects.table);
    }
    ntf_lock_drop(&objects.lock);
    return number;
}

/* Takes the fence over, also when there is no memory for it. */
static struct ntf_object *make_object(struct ntf_d3d12_fence *fence)
{
    struct runtime_object *object = calloc(1, sizeof *object);
    const D3DKMT_HANDLE number = object ? give_number(object) : 0;
    struct ntf_object *base = NULL;

    if (number == 0) {
        free(object);
        ntf_d3d12_fence_close(fence);
        return NULL;
    }
    object->fence = fence;
    ntf_lock_init(&object->lock);
    ntf_init(&object->value, (uint64_t)0);
    if (ntf_kernel_object_make(&runtime, number, (const void *)&object->value, NTF_RUNG_D3D12, &base) != NTF_OK) {
        const D3DKMT_DESTROYSYNCHRONIZATIONOBJECT gone = { .hSyncObject = number };

        (void)destroy(&gone);
        return NULL;
    }
    object->kernel_ops = base->ops;
    object->ops = *base->ops;
    object->ops.watch.arm = arm;
    object->ops.watch.disarm = disarm;
    base->ops = &object->ops;
    base->refresh = refresh;
    (void)refresh(base);
    return base;
}

/* ---- The rung -------------------------------------------------------------------------------- */

/* What the runtime's refusal says of the handle. */
static enum ntf_result to_result(int32_t answer)
{
    switch (answer) {
    case NTF_HRESULT_INVALID:
    case NTF_HRESULT_BAD_HANDLE:
    case NTF_HRESULT_NO_INTERFACE:
        return NTF_E_WRONG_OBJECT;
    case NTF_HRESULT_REMOVED:
        return NTF_E_FAILED; /* the runtime's device, not the caller's */
    default:
        return ntf_status_result(to_status(answer));
    }
}

/* Asking costs a device, so it is done for what its type says is a fence of the kernel's. */
static bool worth_asking(const struct ntf_climb *climb)
{
    char kind[NTF_HANDLE_KIND_BYTES];

    if (climb->kmt->asks_d3d12)
        return true;
    (void)ntf_system_handle_kind(climb->handle, kind);
    return strcmp(kind, "DxgkSharedSyncObject") == 0;
}

enum ntf_climb_go ntf_d3d12_open(struct ntf_climb *climb)
{
    struct ntf_d3d12_fence *fence;
    int32_t answer = 0;

    if (!worth_asking(climb))
        return NTF_CLIMB_NEXT;
    fence = ntf_d3d12_fence_open(climb->handle, climb->kmt->luid, climb->trace, &answer);
    if (fence) {
        climb->opened.object = make_object(fence);
        if (climb->opened.object)
            return NTF_CLIMB_OVER;
        return ntf_climb_refuse(climb, "d3d12", NTF_STATUS_NO_MEMORY, "", NTF_E_NO_MEMORY);
    }
    /* What is said of the runtime, and not of the handle, leaves the others' verdict alone. */
    if (answer != 0 && climb->result == NTF_E_WRONG_OBJECT)
        climb->result = to_result(answer);
    return NTF_CLIMB_NEXT;
}
