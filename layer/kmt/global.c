/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Global handles: opening by them, and whether a provider serves them at all.
 *
 * D3DKMTOpenSynchronizationObject gives out no address of a value, and Microsoft's pages share monitored fences by NT
 * handle only; so a kernel is taken to serve them only after it has made one, opened it, and shown the same value at
 * both. Today that is soft as a library of its own, which says where the value is by a mark (kmt/soft/soft.h): without
 * the mark nothing that a kernel left in a reserved field is taken for an address.
 */
#include <stdio.h>

#include "kmt/kernel_object.h"
#include "kmt/soft/soft.h"

#define PROOF_INITIAL 5u

static bool is_global_handle(D3DKMT_HANDLE number)
{
    return (number & NTF_KMT_HANDLE_TAG_MASK) != 0 &&
           (number & NTF_KMT_HANDLE_KIND_MASK) == NTF_KMT_HANDLE_KIND_GLOBAL;
}

/* ---- Opening --------------------------------------------------------------------------------- */

static const void *address_in(const D3DKMT_OPENSYNCHRONIZATIONOBJECT *open)
{
    const uintptr_t address = (uintptr_t)open->Reserved[0];

    if (open->Reserved[7] != NTF_SOFT_OPEN_MAPPED || address != open->Reserved[0] || address % sizeof(uint64_t))
        return NULL;
    return (const void *)address;
}

static enum ntf_result open_on_soft(D3DKMT_HANDLE number, struct ntf_object **out, struct ntf_trace *trace)
{
    ntf_status status = NTF_STATUS_SUCCESS;
    const char *why = "";
    const enum ntf_result result = ntf_soft_open_global(number, out, &status, &why);

    ntf_trace_add(trace, "global open: soft", status, result == NTF_OK ? "" : why);
    return result;
}

static enum ntf_result adopt(struct ntf_kmt *kmt, const D3DKMT_OPENSYNCHRONIZATIONOBJECT *open,
                             struct ntf_object **out, struct ntf_trace *trace)
{
    const D3DKMT_DESTROYSYNCHRONIZATIONOBJECT destroy = { .hSyncObject = open->hSyncObject };
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
    else if (open->hSyncObject)
        (void)kmt->thunks.DestroySynchronizationObject(&destroy);
    return result;
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
    /* Unknown, dead, not of this session: a kernel says the same to all. */
    return status == NTF_STATUS_INVALID_PARAMETER ? NTF_E_NOT_FOUND : ntf_status_result(status);
}

enum ntf_result ntf_kmt_open_global(struct ntf_kmt *kmt, D3DKMT_HANDLE number, struct ntf_object **out,
                                    struct ntf_trace *trace)
{
    const bool ask_soft = ntf_has_rung(kmt, NTF_RUNG_SOFT);
    const bool ask_kernel = kmt->provider != NTF_PROVIDER_SOFT && ntf_has_rung(kmt, NTF_RUNG_MONITORED);
    const uint64_t late_ns = ntf_os_now_ns() + 1000000000u;
    enum ntf_result result = NTF_E_UNSUPPORTED, opened;

    trace->count = 0;
    if (!is_global_handle(number)) {
        ntf_trace_add(trace, "global handle", NTF_STATUS_INVALID_PARAMETER, "not one by its form");
        return NTF_E_BAD_HANDLE;
    }
    if (!ask_soft && !ask_kernel)
        ntf_trace_add(trace, "rungs", NTF_STATUS_NOT_SUPPORTED, "the setting leaves none");
    if (ask_soft)
        result = open_on_soft(number, out, trace);
    /* Somebody who did not answer has used up the two seconds. */
    if (result == NTF_OK || !ask_kernel || ntf_os_now_ns() >= late_ns)
        return result;
    opened = open_on_kernel(kmt, number, out, trace);
    return opened == NTF_OK ? opened : ntf_refused_twice(result, opened);
}

bool ntf_kmt_serves_global(const struct ntf_kmt *kmt)
{
    return kmt->global && ntf_has_rung(kmt, kmt->provider == NTF_PROVIDER_SOFT ? NTF_RUNG_SOFT : NTF_RUNG_MONITORED);
}

/* ---- The proof ------------------------------------------------------------------------------- */

static bool refuse(struct ntf_verdict *verdict, ntf_status status, const char *what)
{
    /* A step that succeeded, and did not do what it said. */
    verdict->status[NTF_PROOF_GLOBAL] = status == NTF_STATUS_SUCCESS ? NTF_STATUS_UNSUCCESSFUL : status;
    (void)snprintf(verdict->global_detail, sizeof verdict->global_detail, "%s", what);
    return false;
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
