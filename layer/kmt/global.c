/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Global handles: opening by them, and whether a provider serves them at all.
 *
 * D3DKMTOpenSynchronizationObject gives out no address of a value, and Microsoft's pages share monitored fences by NT
 * handle only; so a kernel is taken to serve them only after it has made one, opened it, and shown the same value at
 * both. Today that is soft as a library of its own, which says where the value is by a mark (kmt/soft/soft.h): without
 * the mark nothing that a kernel left in a reserved field is taken for an address.
 */
#include "kmt/climb.h"
#include "kmt/kernel_object.h"
#include "kmt/resource.h"
#include "kmt/soft/soft.h"

#define PROOF_INITIAL 5u

bool ntf_is_global_handle(D3DKMT_HANDLE number)
{
    return (number & NTF_KMT_HANDLE_TAG_MASK) != 0 &&
           (number & NTF_KMT_HANDLE_KIND_MASK) == NTF_KMT_HANDLE_KIND_GLOBAL;
}

/* ---- Opening: soft --------------------------------------------------------------------------- */

static enum ntf_result open_on_soft(D3DKMT_HANDLE number, enum ntf_wanted wanted, struct ntf_opened *out,
                                    struct ntf_trace *trace)
{
    ntf_status status = NTF_STATUS_SUCCESS, of_mutex = NTF_STATUS_SUCCESS;
    const char *why = "", *why_no_mutex = "";
    enum ntf_result result = ntf_soft_open_global(number, &out->object, &status, &why), as_mutex;

    if (result == NTF_OK && wanted == NTF_WANT_MUTEX) {
        ntf_opened_close(out);
        result = NTF_E_WRONG_OBJECT;
        status = NTF_STATUS_OBJECT_TYPE_MISMATCH;
        why = "a fence, not a keyed mutex";
    } else if (result == NTF_E_WRONG_OBJECT && wanted != NTF_WANT_FENCE) {
        as_mutex = ntf_soft_open_mutex_global(number, &out->mutex, &of_mutex, &why_no_mutex);
        if (as_mutex == NTF_OK || as_mutex != NTF_E_UNSUPPORTED) {
            result = as_mutex;
            status = of_mutex;
            why = why_no_mutex;
        }
    }
    ntf_trace_add(trace, "global open: soft", status, result == NTF_OK ? "" : why);
    return result;
}

/* ---- Opening: a kernel ----------------------------------------------------------------------- */

static const void *address_in(const D3DKMT_OPENSYNCHRONIZATIONOBJECT *open)
{
    const uintptr_t address = (uintptr_t)open->Reserved[0];

    if (open->Reserved[7] != NTF_SOFT_OPEN_MAPPED || address != open->Reserved[0] || address % sizeof(uint64_t))
        return NULL;
    return (const void *)address;
}

static enum ntf_result adopt(struct ntf_kmt *kmt, const D3DKMT_OPENSYNCHRONIZATIONOBJECT *open,
                             struct ntf_object **out, struct ntf_trace *trace)
{
    const void *address = address_in(open);
    enum ntf_result result = NTF_E_UNSUPPORTED;
    const char *why = address ? "" : "success without a CPU address";

    if (!open->hSyncObject) {
        why = "success without an object";
    } else if (address) {
        result = ntf_kernel_object_make(kmt, open->hSyncObject, address, NTF_RUNG_MONITORED, out);
        why = result == NTF_OK ? "" : "no memory";
    }
    ntf_trace_add(trace, "global open: kernel", NTF_STATUS_SUCCESS, why);
    if (result == NTF_OK)
        (*out)->global = open->hSharedHandle;
    else
        ntf_resource_close_sync(kmt, open->hSyncObject);
    return result;
}

/* What a kernel's refusal of a number means: unknown, dead, not of this session, not of this kind, it says the same
 * to all. */
static enum ntf_result refusal(ntf_status status)
{
    return status == NTF_STATUS_INVALID_PARAMETER ? NTF_E_NOT_FOUND : ntf_status_result(status);
}

static enum ntf_result open_on_kernel(struct ntf_kmt *kmt, D3DKMT_HANDLE number, struct ntf_object **out,
                                      struct ntf_trace *trace)
{
    D3DKMT_OPENSYNCHRONIZATIONOBJECT open = { .hSharedHandle = number };
    ntf_status status;

    if (!kmt->thunks.OpenSynchronizationObject) {
        ntf_trace_add(trace, "global open: kernel", NTF_STATUS_NOT_IMPLEMENTED, "not exported");
        return NTF_E_UNSUPPORTED;
    }
    status = kmt->thunks.OpenSynchronizationObject(&open);
    if (status == NTF_STATUS_SUCCESS) {
        open.hSharedHandle = number;
        return adopt(kmt, &open, out, trace);
    }
    ntf_trace_add(trace, "global open: kernel", status, "");
    return refusal(status);
}

static enum ntf_result open_mutex(struct ntf_kmt *kmt, D3DKMT_HANDLE number, enum ntf_rung rung,
                                  struct ntf_mutex **out, struct ntf_trace *trace)
{
    static const char step[] = "global open: keyed mutex";
    uint64_t data[NTF_MUTEX_RUNTIME_BYTES / sizeof(uint64_t)] = { 0 };
    D3DKMT_OPENKEYEDMUTEX2 open = {
        .hSharedHandle = number, .pPrivateRuntimeData = data, .PrivateRuntimeDataSize = sizeof data
    };
    enum ntf_result result = NTF_E_UNSUPPORTED;
    ntf_status status;

    if (!kmt->mutexes || !kmt->thunks.OpenKeyedMutex2) {
        ntf_trace_add(trace, step, NTF_STATUS_NOT_SUPPORTED, "the self-test of keyed mutexes has failed");
        return NTF_E_UNSUPPORTED;
    }
    status = kmt->thunks.OpenKeyedMutex2(&open);
    if (status != NTF_STATUS_SUCCESS || !open.hKeyedMutex) {
        ntf_trace_add(trace, step, status, status == NTF_STATUS_SUCCESS ? "success without a mutex" : "");
        return status == NTF_STATUS_SUCCESS ? result : refusal(status);
    }
    result = ntf_kernel_mutex_make(kmt, open.hKeyedMutex, rung, number, out);
    ntf_trace_add(trace, step, status, result == NTF_OK ? "" : "no memory");
    if (result != NTF_OK)
        ntf_resource_close_mutex(kmt, open.hKeyedMutex);
    return result;
}

/* What the numbers are opened by that a runtime has left: on soft, in the place of a kernel, by soft. */
static enum ntf_result open_fence_part(struct ntf_kmt *kmt, D3DKMT_HANDLE number, struct ntf_object **out,
                                       struct ntf_trace *trace)
{
    struct ntf_opened opened = { NULL, NULL };
    enum ntf_result result;

    if (kmt->provider != NTF_PROVIDER_SOFT)
        return open_on_kernel(kmt, number, out, trace);
    result = open_on_soft(number, NTF_WANT_FENCE, &opened, trace);
    if (result == NTF_OK)
        *out = opened.object;
    return result;
}

static enum ntf_result open_mutex_part(struct ntf_kmt *kmt, D3DKMT_HANDLE number, struct ntf_mutex **out,
                                       struct ntf_trace *trace)
{
    struct ntf_opened opened = { NULL, NULL };
    enum ntf_result result;

    if (kmt->provider != NTF_PROVIDER_SOFT)
        return open_mutex(kmt, number, NTF_RUNG_BUNDLE, out, trace);
    result = open_on_soft(number, NTF_WANT_MUTEX, &opened, trace);
    if (result == NTF_OK)
        *out = opened.mutex;
    return result;
}

/* The mutex with its companion, without which it is of no use (kmt/bundle.c), or the fence. */
static enum ntf_result open_parts(struct ntf_kmt *kmt, const struct ntf_resource_parts *numbers, enum ntf_wanted wanted,
                                  struct ntf_opened *out, struct ntf_trace *trace)
{
    struct ntf_object *fence = NULL;
    enum ntf_result result = numbers->sync ? open_fence_part(kmt, numbers->sync, &fence, trace) : NTF_OK;

    if (result != NTF_OK)
        return result;
    if (wanted == NTF_WANT_FENCE || !numbers->mutex) {
        out->object = fence;
        return NTF_OK;
    }
    result = open_mutex_part(kmt, numbers->mutex, &out->mutex, trace);
    if (result == NTF_OK)
        out->mutex->companion = fence;
    else if (fence)
        fence->ops->close(fence);
    return result;
}

static enum ntf_result open_resource(struct ntf_kmt *kmt, D3DKMT_HANDLE number, enum ntf_wanted wanted,
                                     struct ntf_opened *out, struct ntf_trace *trace)
{
    struct ntf_resource_parts numbers = { 0, 0 };
    const char *step, *why;
    enum ntf_result result;
    ntf_status status;

    if (!ntf_resource_reads(kmt)) {
        ntf_trace_add(trace, "resource query", NTF_STATUS_NOT_IMPLEMENTED, "not exported");
        return NTF_E_UNSUPPORTED;
    }
    result = ntf_resource_read(kmt, number, &numbers, &step, &status, &why);
    if (result != NTF_OK) {
        ntf_trace_add(trace, step, status, why);
        return why[0] ? result : refusal(status);
    }
    why = ntf_resource_unwanted(&numbers, wanted);
    ntf_trace_add(trace, step, status, why);
    return why ? NTF_E_WRONG_OBJECT : open_parts(kmt, &numbers, wanted, out, trace);
}

/* What soft knows, and is neither fence nor mutex; what is no resource either has been told by what it is. */
static enum ntf_result open_soft_resource(struct ntf_kmt *kmt, D3DKMT_HANDLE number, enum ntf_wanted wanted,
                                          struct ntf_opened *out, struct ntf_trace *trace)
{
    const uint32_t told = trace->count;
    const enum ntf_result result = open_resource(kmt, number, wanted, out, trace);

    if (trace->count > told && trace->steps[told].status == NTF_STATUS_SUCCESS)
        return result;
    trace->count = told;
    return NTF_E_WRONG_OBJECT;
}

/* Whether the last call has opened something: then it is known what the number stands for, be it of no use. */
static bool is_known(enum ntf_result result, const struct ntf_trace *trace)
{
    return result == NTF_OK ||
           (trace->count && trace->steps[trace->count - 1].status == NTF_STATUS_SUCCESS);
}

/* Fence, mutex, resource: a number is of one kind, and a kernel that has another refuses it like an unknown one. */
static enum ntf_result try_kinds(struct ntf_kmt *kmt, D3DKMT_HANDLE number, enum ntf_wanted wanted,
                                 struct ntf_opened *out, struct ntf_trace *trace)
{
    enum ntf_result result = NTF_E_UNSUPPORTED, next;

    if (ntf_has_rung(kmt, NTF_RUNG_MONITORED) && wanted != NTF_WANT_MUTEX)
        result = open_on_kernel(kmt, number, &out->object, trace);
    if (ntf_has_rung(kmt, NTF_RUNG_MUTEX) && wanted != NTF_WANT_FENCE && !is_known(result, trace)) {
        next = open_mutex(kmt, number, NTF_RUNG_MUTEX, &out->mutex, trace);
        result = next == NTF_OK ? next : ntf_refused_twice(result, next);
    }
    if (ntf_has_rung(kmt, NTF_RUNG_BUNDLE) && !is_known(result, trace)) {
        next = open_resource(kmt, number, wanted, out, trace);
        result = next == NTF_OK ? next : ntf_refused_twice(result, next);
    }
    return result;
}

static bool asks_kernel(const struct ntf_kmt *kmt)
{
    return kmt->provider != NTF_PROVIDER_SOFT && (ntf_has_rung(kmt, NTF_RUNG_MONITORED) ||
                                                  ntf_has_rung(kmt, NTF_RUNG_MUTEX) ||
                                                  ntf_has_rung(kmt, NTF_RUNG_BUNDLE));
}

enum ntf_result ntf_kmt_open_any_global(struct ntf_kmt *kmt, D3DKMT_HANDLE number, enum ntf_wanted wanted,
                                        struct ntf_opened *out, struct ntf_trace *trace)
{
    const bool ask_soft = ntf_has_rung(kmt, NTF_RUNG_SOFT), ask_kernel = asks_kernel(kmt);
    const uint64_t late_ns = ntf_os_now_ns() + 1000000000u;
    struct ntf_opened opened = { NULL, NULL };
    enum ntf_result result = NTF_E_UNSUPPORTED, second;

    trace->count = 0;
    if (!ntf_is_global_handle(number)) {
        ntf_trace_add(trace, "global handle", NTF_STATUS_INVALID_PARAMETER, "not one by its form");
        return NTF_E_BAD_HANDLE;
    }
    if (!ask_soft && !ask_kernel)
        ntf_trace_add(trace, "rungs", NTF_STATUS_NOT_SUPPORTED, "the setting leaves none");
    if (ask_soft)
        result = open_on_soft(number, wanted, &opened, trace);
    /* Somebody who did not answer has used up the two seconds. */
    if (result != NTF_OK && ask_kernel && ntf_os_now_ns() < late_ns) {
        second = try_kinds(kmt, number, wanted, &opened, trace);
        result = second == NTF_OK ? second : ntf_refused_twice(result, second);
    } else if (result == NTF_E_WRONG_OBJECT && kmt->provider == NTF_PROVIDER_SOFT) {
        result = open_soft_resource(kmt, number, wanted, &opened, trace);
    }
    if (result == NTF_OK)
        *out = opened;
    return result;
}

enum ntf_result ntf_kmt_open_global(struct ntf_kmt *kmt, D3DKMT_HANDLE number, struct ntf_object **out,
                                    struct ntf_trace *trace)
{
    struct ntf_opened opened;
    const enum ntf_result result = ntf_kmt_open_any_global(kmt, number, NTF_WANT_FENCE, &opened, trace);

    if (result == NTF_OK)
        *out = opened.object;
    return result;
}

bool ntf_kmt_serves_global(const struct ntf_kmt *kmt)
{
    return kmt->global && ntf_has_rung(kmt, kmt->provider == NTF_PROVIDER_SOFT ? NTF_RUNG_SOFT : NTF_RUNG_MONITORED);
}

/* ---- The proof ------------------------------------------------------------------------------- */

static bool refuse(struct ntf_verdict *verdict, ntf_status status, const char *what)
{
    return ntf_prove_refuse(verdict, NTF_PROOF_GLOBAL, status, what);
}

/* The last step is the one that was refused, and says why in its detail, if it succeeded. */
static bool refuse_by(struct ntf_verdict *verdict, const struct ntf_trace *trace)
{
    const uint32_t last = trace->count - 1;

    return refuse(verdict, trace->steps[last].status,
                  trace->steps[last].detail[0] ? trace->steps[last].detail : trace->steps[last].step);
}

static bool signal_shows(struct ntf_object *made, const struct ntf_object *opened, struct ntf_verdict *verdict)
{
    ntf_status status = NTF_STATUS_SUCCESS;

    if (ntf_object_value(opened) != PROOF_INITIAL)
        return refuse(verdict, NTF_STATUS_SUCCESS, "the opened one does not show the initial value");
    if (made->ops->signal(made, PROOF_INITIAL + 1, &status) != NTF_OK)
        return refuse(verdict, status, "signal");
    if (ntf_object_value(made) != PROOF_INITIAL + 1 || ntf_object_value(opened) != PROOF_INITIAL + 1)
        return refuse(verdict, NTF_STATUS_SUCCESS, "the signal does not show at both");
    return true;
}

static bool prove(struct ntf_kmt *kmt, struct ntf_verdict *verdict)
{
    struct ntf_object *made, *opened;
    struct ntf_trace trace;
    bool shown;

    if (!kmt->thunks.OpenSynchronizationObject)
        return refuse(verdict, NTF_STATUS_NOT_IMPLEMENTED, "D3DKMTOpenSynchronizationObject is not exported");
    if (ntf_kmt_create_global(kmt, PROOF_INITIAL, &made, &trace) != NTF_OK)
        return refuse_by(verdict, &trace);
    trace.count = 0;
    if (open_on_kernel(kmt, made->global, &opened, &trace) == NTF_OK) {
        shown = signal_shows(made, opened, verdict);
        opened->ops->close(opened);
    } else {
        shown = refuse_by(verdict, &trace);
    }
    made->ops->close(made);
    return shown;
}

void ntf_prove_global(struct ntf_kmt *kmt, struct ntf_verdict *verdict)
{
    verdict->status[NTF_PROOF_GLOBAL] = NTF_STATUS_SUCCESS;
    /* soft is ours, and to ask it would start its threads in a process that never wants them. */
    verdict->global = kmt->provider == NTF_PROVIDER_SOFT || prove(kmt, verdict);
    kmt->global = verdict->global;
}
