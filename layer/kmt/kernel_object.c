/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An object of a real kernel, or of a library that stands for one: the value is read at its CPU
 * address, a wake comes as an event that the kernel sets.
 *
 * Registrations
 *   WaitForSynchronizationObjectFromCpu(target, event) returns at once; the kernel sets the event
 *   when the value is, or comes to be, at or above target. There is no call that takes it back: when
 *   a wait ends early, its registration stays until the value gets there or the object goes. Waits
 *   that end early are the rule (wait-any, timeouts, slices), so each round must not add one.
 *
 *   Which event is named by parker->bell. An event is borrowed by one thread at a time, and the pool
 *   orders one borrower before the next, so the record of (object, bell) needs no lock: whoever
 *   holds the event holds the record. It lists the targets registered for that pair and not yet
 *   reached, in falling order; the last is the lowest.
 *
 *   arm(T) first strikes out what the value has reached. Then
 *     lowest <= T   nothing to do: the kernel will set the event on the way to T. It may fire early,
 *                   which is a spurious wake; the next round finds that target reached, strikes it
 *                   out, and registers T itself.
 *     none, or T < lowest    registers T. Targets of one fence rise, so the second is rare: another
 *                   wait gave up on a higher target. At most DEPTH are pending; beyond that the
 *                   parker is told to re-read.
 *   Nothing is lost: a target is struck out only when the value was seen at or above it, so either
 *   it is still pending in the kernel, or the event has been set for it since the value was written.
 *   If an earlier borrower, or an earlier round, consumed that setting, it did so before this arm
 *   read the value, which therefore shows it. The kernel itself closes the race between registering
 *   and signalling (it re-reads the value after adding a waiter).
 *
 * Registrations that vanish
 *   Two things use a registration up although the value stays below its target: before Windows 11
 *   24H2 the kernel releases waiters when any process closes its handle of the object; and a value
 *   may be rewound before anybody looked. Neither can be asked for. So a registration that has been
 *   pending for longer than `patience` when it is armed again is made once more, and patience
 *   doubles: a vanished one is healed at the wake that its vanishing caused, and one that did not
 *   vanish costs as many copies as its age has binary digits, 23 for a day. Whatever slips
 *   through is caught by the parker's safety period (parker->shared).
 *   On WSL every registration fails when it is ten seconds old; there patience ends at NTF_WSL_TRUST_NS.
 *
 * Closing the object ends its registrations or leaves them to fire: either way no more than a spurious
 * wake of whoever has the event then. Events are never closed.
 */
#include <stdlib.h>

#include "base/deadline.h"
#include "kmt/kernel_object.h"
#include "kmt/wsl.h"

enum { DEPTH = 4, CHUNK = 32 };

struct record { /* protected by holding the event */
    uint64_t targets[DEPTH];
    uint32_t count;
    uint64_t renew_ns; /* when the lowest target is due to be registered once more */
    uint64_t patience_ns;
};

struct chunk {
    struct record records[CHUNK];
    ntf_aptr next; /* struct chunk *, set once by CAS (release), freed with the object */
};

struct kernel_object {
    struct ntf_object base;
    const struct ntf_kmt *kmt;
    D3DKMT_HANDLE local;
    struct chunk first; /* records of bells 0 to CHUNK - 1 */
};

static struct chunk *next_chunk(struct chunk *chunk)
{
    uintptr_t found = ntf_load(&chunk->next, NTF_ACQUIRE);
    struct chunk *fresh;

    if (found)
        return (struct chunk *)found;
    fresh = calloc(1, sizeof *fresh);
    if (!fresh)
        return NULL;
    ntf_init(&fresh->next, (uintptr_t)0);
    if (ntf_cas(&chunk->next, &found, (uintptr_t)fresh, NTF_ACQ_REL))
        return fresh;
    free(fresh);
    return (struct chunk *)ntf_load(&chunk->next, NTF_ACQUIRE);
}

/* For the event that the parker has borrowed. NULL: no memory for it. */
static struct record *record_of(struct kernel_object *object, struct ntf_parker *parker)
{
    uint32_t bell = ntf_load(&parker->bell, NTF_RELAXED) - 1; /* kept as index + 1 */
    struct chunk *chunk = &object->first;

    for (; chunk && bell >= CHUNK; bell -= CHUNK)
        chunk = next_chunk(chunk);
    return chunk ? &chunk->records[bell] : NULL;
}

static void strike_out(const struct kernel_object *object, struct record *record, uint64_t value)
{
    while (record->count && record->targets[record->count - 1] <= value) {
        record->count--;
        if (object->kmt->wsl) /* how old the next one is nobody has kept */
            record->renew_ns = 0;
    }
}

static bool ask_kernel(const struct kernel_object *object, uint64_t target, ntf_handle event)
{
    const D3DKMT_WAITFORSYNCHRONIZATIONOBJECTFROMCPU wait = {
        .hDevice = object->kmt->device,
        .ObjectCount = 1,
        .ObjectHandleArray = &object->local,
        .FenceValueArray = &target,
        .hAsyncEvent = event,
    };

    return ntf_status_registered(object->kmt->thunks.WaitForSynchronizationObjectFromCpu(&wait));
}

/* Sees to it that a registration at or below target is pending. */
static bool ensure(struct kernel_object *object, struct record *record, uint64_t target,
                   ntf_handle event, uint64_t now_ns)
{
    strike_out(object, record, ntf_object_value(&object->base));
    if (record->count && record->targets[record->count - 1] <= target) {
        if (now_ns < record->renew_ns)
            return true;
        record->patience_ns *= 2;
        if (object->kmt->wsl && record->patience_ns > NTF_WSL_TRUST_NS)
            record->patience_ns = NTF_WSL_TRUST_NS;
        record->renew_ns = now_ns + record->patience_ns;
        return ask_kernel(object, record->targets[record->count - 1], event);
    }
    if (record->count == DEPTH || !ask_kernel(object, target, event))
        return false;
    record->targets[record->count++] = target;
    record->patience_ns = NTF_REREAD_NS;
    record->renew_ns = now_ns + record->patience_ns;
    return true;
}

static void arm(struct ntf_watch *watch, struct ntf_parker *parker)
{
    struct kernel_object *object = watch->object;
    const ntf_handle event = ntf_parker_event(parker);
    struct record *record = event ? record_of(object, parker) : NULL;

    parker->shared = true;
    if (!record || !ensure(object, record, watch->target, event, parker->ops->now_ns()))
        parker->crowded = true;
}

/* Nothing can be taken back; but what is seen to have fired need not be waited for any more. */
static void disarm(struct ntf_watch *watch, struct ntf_parker *parker)
{
    struct kernel_object *object = watch->object;
    struct record *record = parker->event ? record_of(object, parker) : NULL;

    if (record)
        strike_out(object, record, ntf_object_value(&object->base));
}

/* The call may return before the value is there (D3DKMTSignalSynchronizationObjectFromCpu, remarks). Whoever signals
 * or resets next starts from what it reads, so nobody goes on before it shows; a second is far more than a kernel
 * takes. */
static void await_value(const struct kernel_object *object, uint64_t value)
{
    const uint64_t deadline_ns = ntf_deadline_after(ntf_os_now_ns(), NTF_SAFETY_NS);
    ntf_au32 nothing;

    ntf_init(&nothing, (uint32_t)0);
    while (ntf_object_value(&object->base) < value && !ntf_deadline_passed(deadline_ns, ntf_os_now_ns()))
        (void)ntf_os_park(&nothing, 0, ntf_os_now_ns() + 50000);
}

static enum ntf_result signal_value(struct ntf_object *base, uint64_t value, ntf_status *status)
{
    const struct kernel_object *object = (const struct kernel_object *)(void *)base;
    const D3DKMT_SIGNALSYNCHRONIZATIONOBJECTFROMCPU signal = {
        .hDevice = object->kmt->device,
        .ObjectCount = 1,
        .ObjectHandleArray = &object->local,
        .FenceValueArray = &value,
    };
    ntf_status answer = NTF_STATUS_SUCCESS;

    if (ntf_object_value(base) < value)
        answer = object->kmt->wsl ? ntf_wsl_signal(object->kmt, &signal)
                                  : object->kmt->thunks.SignalSynchronizationObjectFromCpu(&signal);
    if (answer == NTF_STATUS_SUCCESS)
        await_value(object, value);
    /* Somebody else's signal came between the look and the call. */
    if (answer == NTF_STATUS_INVALID_PARAMETER && ntf_object_value(base) >= value)
        answer = NTF_STATUS_SUCCESS;
    if (status)
        *status = answer;
    /* Refused as lower than a signal that is queued but not executed yet. */
    return answer == NTF_STATUS_INVALID_PARAMETER ? NTF_E_INVALID : ntf_status_result(answer);
}

static enum ntf_result share(struct ntf_object *base, ntf_object_attributes *attributes, uint32_t access,
                             ntf_handle *out, ntf_status *status)
{
    const struct kernel_object *object = (const struct kernel_object *)(void *)base;
    ntf_object_attributes none = { .Length = sizeof none };
    ntf_handle nt = NULL;
    const ntf_status answer =
        object->kmt->wsl
            ? ntf_wsl_share(object->kmt, object->local, attributes, access, &nt)
            : object->kmt->thunks.ShareObjects(1, &object->local, attributes ? attributes : &none, access, &nt);

    if (status)
        *status = answer;
    if (answer == NTF_STATUS_OBJECT_NAME_COLLISION)
        return NTF_E_COLLISION;
    if (answer == NTF_STATUS_INVALID_PARAMETER)
        return NTF_E_INVALID;
    if (answer == NTF_STATUS_SUCCESS && !nt)
        return NTF_E_FAILED; /* success without a handle */
    if (answer == NTF_STATUS_SUCCESS)
        *out = nt;
    return ntf_status_result(answer);
}

/* The name of a kernel's object lives in its NT handles. */
static void unname(struct ntf_object *base)
{
    (void)base;
}

static void close_object(struct ntf_object *base)
{
    struct kernel_object *object = (struct kernel_object *)(void *)base;
    const D3DKMT_DESTROYSYNCHRONIZATIONOBJECT destroy = { .hSyncObject = object->local };
    struct chunk *chunk = (struct chunk *)ntf_load(&object->first.next, NTF_ACQUIRE);

    (void)object->kmt->thunks.DestroySynchronizationObject(&destroy);
    while (chunk) {
        struct chunk *next = (struct chunk *)ntf_load(&chunk->next, NTF_ACQUIRE);

        free(chunk);
        chunk = next;
    }
    free(object);
}

static const struct ntf_object_ops kernel_object_ops = {
    .watch = { .arm = arm, .disarm = disarm },
    .signal = signal_value,
    .share = share,
    .unname = unname,
    .close = close_object,
};

enum ntf_result ntf_kernel_object_make(const struct ntf_kmt *kmt, D3DKMT_HANDLE local,
                                       const void *address, enum ntf_rung rung,
                                       struct ntf_object **out)
{
    struct kernel_object *object = calloc(1, sizeof *object);

    if (!object)
        return NTF_E_NO_MEMORY;
    object->base.ops = &kernel_object_ops;
    object->base.value = (const ntf_au64 *)address;
    object->base.kind = rung == NTF_RUNG_NATIVE ? NTF_OBJECT_NATIVE : NTF_OBJECT_MONITORED;
    object->base.rung = rung;
    object->kmt = kmt;
    object->local = local;
    ntf_init(&object->first.next, (uintptr_t)0);
    *out = &object->base;
    return NTF_OK;
}
