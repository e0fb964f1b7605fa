/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ladder: from an NT handle or a name to an object. Each rung notes in the trace what
 * it asked and what was answered, and says whether to climb on. INVALID_PARAMETER means "not with
 * these flags, not with this call": the next is tried. INVALID_HANDLE and OBJECT_TYPE_MISMATCH of a
 * kernel are about the handle itself and end the climb.
 */
#include <stdio.h>
#include <string.h>

#include "kmt/kernel_object.h"
#include "kmt/names.h"
#include "kmt/os/system.h"
#include "kmt/soft/soft.h"

struct climb {
    struct ntf_kmt *kmt;
    ntf_handle handle;
    struct ntf_trace *trace;
    enum ntf_result result; /* so far; the first that says more than "wrong object" stays */
    struct ntf_object *object;
};

enum ntf_result ntf_status_result(ntf_status status)
{
    switch (status) {
    case NTF_STATUS_SUCCESS:
        return NTF_OK;
    case NTF_STATUS_INVALID_HANDLE:
        return NTF_E_BAD_HANDLE;
    case NTF_STATUS_INVALID_PARAMETER:
    case NTF_STATUS_OBJECT_TYPE_MISMATCH:
        return NTF_E_WRONG_OBJECT;
    case NTF_STATUS_ACCESS_DENIED:
        return NTF_E_ACCESS_DENIED;
    case NTF_STATUS_NO_MEMORY:
        return NTF_E_NO_MEMORY;
    case NTF_STATUS_NOT_IMPLEMENTED:
    case NTF_STATUS_NOT_SUPPORTED:
        return NTF_E_UNSUPPORTED;
    case NTF_STATUS_OBJECT_NAME_NOT_FOUND:
        return NTF_E_NOT_FOUND;
    case NTF_STATUS_OBJECT_NAME_INVALID:
        return NTF_E_BAD_NAME;
    case NTF_STATUS_DEVICE_REMOVED:
        return NTF_E_LOST;
    default:
        return NTF_E_FAILED;
    }
}

/* Takes down a refusal. True: it is final. */
static bool refused(struct climb *climb, const char *step, ntf_status status, const char *detail,
                    enum ntf_result result)
{
    ntf_trace_add(climb->trace, step, status, detail);
    if (result == NTF_E_NOT_FOUND || result == NTF_E_BAD_NAME || result == NTF_E_LOST)
        result = NTF_E_FAILED; /* odd answers to a handle */
    if (status == NTF_STATUS_INVALID_HANDLE || status == NTF_STATUS_OBJECT_TYPE_MISMATCH) {
        climb->result = result;
        return true;
    }
    if (climb->result == NTF_E_WRONG_OBJECT)
        climb->result = result;
    return false;
}

/* ---- Rungs: each returns true when the climb is over ----------------------------------------- */

static bool try_soft(struct climb *climb)
{
    ntf_status status = NTF_STATUS_SUCCESS;
    const char *why = "";
    const enum ntf_result result =
        ntf_soft_open_handle(climb->handle, &climb->object, &status, &why);

    if (result == NTF_OK) {
        ntf_trace_add(climb->trace, "soft: class", NTF_STATUS_SUCCESS, "");
        return true;
    }
    ntf_trace_add(climb->trace, "soft: class", status, why);
    /* Only "no handle" is final here: what is no object of soft may be one of the kernel's. */
    if (climb->result == NTF_E_WRONG_OBJECT || result == NTF_E_BAD_HANDLE)
        climb->result = result;
    return result == NTF_E_BAD_HANDLE;
}

static const char *unpollable(D3DKMT_HANDLE local, const void *address)
{
    if (!local)
        return "success without an object";
    if (!address)
        return "success without a CPU address";
    return (uintptr_t)address % sizeof(uint64_t) ? "the CPU address is not aligned" : NULL;
}

/* Makes an object of what the kernel has opened, if its value can be polled. */
static bool adopt(struct climb *climb, const char *step, D3DKMT_HANDLE local, const void *address,
                  enum ntf_rung rung)
{
    const D3DKMT_DESTROYSYNCHRONIZATIONOBJECT destroy = { .hSyncObject = local };
    const char *why = unpollable(local, address);
    enum ntf_result result = NTF_E_UNSUPPORTED;

    if (!why) {
        result = ntf_kernel_object_make(climb->kmt, local, address, rung, &climb->object);
        why = result == NTF_OK ? "" : "no memory";
    }
    if (result == NTF_OK) {
        ntf_trace_add(climb->trace, step, NTF_STATUS_SUCCESS, why);
        return true;
    }
    if (local)
        (void)climb->kmt->thunks.DestroySynchronizationObject(&destroy);
    return refused(climb, step, NTF_STATUS_SUCCESS, why, result);
}

static bool try_native(struct climb *climb)
{
    const char *step = climb->kmt->native ? "native open" : "native open, unproven";
    union {
        D3DKMT_OPENNATIVEFENCEFROMNTHANDLE open;
        _Alignas(8) uint8_t bytes[NTF_NATIVE_FENCE_BLOCK_SIZE];
    } block;
    ntf_status status;

    if (!climb->kmt->thunks.OpenNativeFenceFromNtHandle) {
        ntf_trace_add(climb->trace, step, NTF_STATUS_NOT_IMPLEMENTED, "not exported");
        return false;
    }
    memset(&block, 0, sizeof block);
    block.open.hNtHandle = climb->handle;
    block.open.hDevice = climb->kmt->device;
    block.open.EngineAffinity = 1;
    block.open.Flags = NTF_SYNC_SHARED | NTF_SYNC_NT_SECURITY_SHARING;
    status = climb->kmt->thunks.OpenNativeFenceFromNtHandle(&block.open);
    if (status != NTF_STATUS_SUCCESS)
        return refused(climb, step, status, "", ntf_status_result(status));
    return adopt(climb, step, block.open.hSyncObject,
                 block.open.NativeFenceMapping.CurrentValueCpuVa, NTF_RUNG_NATIVE);
}

/* The flags have to match those the object was made with: Direct3D's fences first, with
 * and without the flag that keeps waiters until the object itself dies, then those made by drivers
 * and by D3DKMT callers. */
static bool try_monitored(struct climb *climb)
{
    static const struct {
        uint32_t flags;
        const char *step;
    } ways[] = {
        { NTF_SYNC_SHARED | NTF_SYNC_NT_SECURITY_SHARING | NTF_SYNC_NO_GPU_ACCESS |
              NTF_SYNC_UNWAIT_ON_DESTROY,
          "monitored open 0x483" },
        { NTF_SYNC_NO_GPU_ACCESS, "monitored open 0x80" },
        { NTF_SYNC_SHARED | NTF_SYNC_NT_SECURITY_SHARING, "monitored open 0x3" },
        { 0, "monitored open 0" },
    };

    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        D3DKMT_OPENSYNCOBJECTFROMNTHANDLE2 open;
        ntf_status status;
        bool over;

        memset(&open, 0, sizeof open);
        open.hNtHandle = climb->handle;
        open.hDevice = climb->kmt->device;
        open.Flags = ways[i].flags;
        status = climb->kmt->thunks.OpenSyncObjectFromNtHandle2(&open);
        if (status != NTF_STATUS_SUCCESS)
            over = refused(climb, ways[i].step, status, "", ntf_status_result(status));
        else
            over = adopt(climb, ways[i].step, open.hSyncObject,
                         open.MonitoredFence.FenceValueCPUVirtualAddress, NTF_RUNG_MONITORED);
        if (over)
            return true;
    }
    return false;
}

static bool (*const rungs[NTF_RUNG_COUNT])(struct climb *) = {
    [NTF_RUNG_SOFT] = try_soft,
    [NTF_RUNG_NATIVE] = try_native,
    [NTF_RUNG_MONITORED] = try_monitored,
};

/* ---- The order ------------------------------------------------------------------------------- */

static void add_rung(struct ntf_kmt *kmt, enum ntf_rung rung)
{
    /* soft in the place of a kernel opens nothing that its own rung does not. */
    if (kmt->provider == NTF_PROVIDER_SOFT && rung != NTF_RUNG_SOFT)
        return;
    for (uint32_t i = 0; i < kmt->rung_count; i++) {
        if (kmt->rungs[i] == rung)
            return;
    }
    kmt->rungs[kmt->rung_count++] = rung;
}

/* Adds what a comma list names; returns whether it names any rung at all. */
static bool add_listed(struct ntf_kmt *kmt, const char *list)
{
    bool known = false;

    while (*list) {
        const size_t length = strcspn(list, ", ");

        for (int i = 0; i < NTF_RUNG_COUNT; i++) {
            const char *name = ntf_rung_name((enum ntf_rung)i);

            if (length == strlen(name) && memcmp(list, name, length) == 0) {
                add_rung(kmt, (enum ntf_rung)i);
                known = true;
            }
        }
        list += length;
        list += strspn(list, ", ");
    }
    return known;
}

void ntf_ladder_plan(struct ntf_kmt *kmt, const char *setting)
{
    kmt->rung_count = 0;
    if (setting && add_listed(kmt, setting))
        return;
    add_rung(kmt, NTF_RUNG_SOFT);
    if (kmt->native)
        add_rung(kmt, NTF_RUNG_NATIVE);
    add_rung(kmt, NTF_RUNG_MONITORED);
    add_rung(kmt, NTF_RUNG_NATIVE);
}

static enum ntf_result climb_from(struct ntf_kmt *kmt, ntf_handle handle, struct ntf_object **out,
                                  struct ntf_trace *trace)
{
    struct climb climb = {
        .kmt = kmt, .handle = handle, .trace = trace, .result = NTF_E_WRONG_OBJECT
    };
    char kind[NTF_HANDLE_KIND_BYTES];

    if (ntf_system_handle_kind(handle, kind) != NTF_OK) {
        ntf_trace_add(trace, "handle", NTF_STATUS_INVALID_HANDLE, "not a live handle");
        return NTF_E_BAD_HANDLE;
    }
    ntf_trace_add(trace, "handle", NTF_STATUS_SUCCESS, kind);
    if (kmt->rung_count == 0) {
        ntf_trace_add(trace, "rungs", NTF_STATUS_NOT_SUPPORTED, "the setting leaves none");
        return NTF_E_UNSUPPORTED;
    }
    for (uint32_t i = 0; i < kmt->rung_count; i++) {
        if (rungs[kmt->rungs[i]] && rungs[kmt->rungs[i]](&climb))
            break;
    }
    if (!climb.object)
        return climb.result;
    *out = climb.object;
    return NTF_OK;
}

enum ntf_result ntf_kmt_open_handle(struct ntf_kmt *kmt, ntf_handle handle, struct ntf_object **out,
                                    struct ntf_trace *trace)
{
    trace->count = 0;
    return climb_from(kmt, handle, out, trace);
}

/* ---- Names ----------------------------------------------------------------------------------- */

/* Asks one name service. On NTF_OK *handle is an NT handle of ours. */
static enum ntf_result look_up(const struct ntf_kmt_thunks *thunks, const char *step,
                               struct ntf_name_path *path, struct ntf_trace *trace,
                               ntf_handle *handle)
{
    D3DKMT_OPENSYNCOBJECTNTHANDLEFROMNAME open = {
        .dwDesiredAccess = D3DDDI_SYNC_OBJECT_ALL_ACCESS,
        .pObjAttrib = &path->attributes,
    };
    ntf_status status;

    if (!thunks->OpenSyncObjectNtHandleFromName) {
        ntf_trace_add(trace, step, NTF_STATUS_NOT_IMPLEMENTED, "not exported");
        return NTF_E_UNSUPPORTED;
    }
    status = thunks->OpenSyncObjectNtHandleFromName(&open);
    if (status == NTF_STATUS_SUCCESS && !open.hNtHandle) {
        ntf_trace_add(trace, step, status, "success without a handle");
        return NTF_E_UNSUPPORTED;
    }
    ntf_trace_add(trace, step, status, "");
    *handle = open.hNtHandle;
    return ntf_status_result(status);
}

bool ntf_has_rung(const struct ntf_kmt *kmt, enum ntf_rung rung)
{
    for (uint32_t i = 0; i < kmt->rung_count; i++) {
        if (kmt->rungs[i] == rung)
            return true;
    }
    return false;
}

enum ntf_result ntf_refused_twice(enum ntf_result first, enum ntf_result second)
{
    if (first == NTF_E_UNSUPPORTED || first == NTF_E_FAILED)
        return second;
    if (first == NTF_E_NOT_FOUND && second != NTF_E_UNSUPPORTED && second != NTF_E_FAILED)
        return second;
    return first;
}

enum ntf_result ntf_kmt_open_name(struct ntf_kmt *kmt, const char16_t *name,
                                  struct ntf_object **out, struct ntf_trace *trace)
{
    const uint64_t late_ns = ntf_os_now_ns() + 1000000000u;
    enum ntf_result result = NTF_E_UNSUPPORTED, opened;
    struct ntf_name_path path;
    ntf_handle handle = NULL;

    trace->count = 0;
    if (ntf_name_to_path(name, kmt->session, &path) != NTF_OK) {
        ntf_trace_add(trace, "name", NTF_STATUS_OBJECT_NAME_INVALID, "");
        return NTF_E_BAD_NAME;
    }
    if (ntf_has_rung(kmt, NTF_RUNG_SOFT) || kmt->provider == NTF_PROVIDER_SOFT) {
        result = look_up(ntf_soft_thunks(), "name lookup: soft", &path, trace, &handle);
        if (result == NTF_OK) {
            opened = climb_from(kmt, handle, out, trace);
            ntf_soft_close_nt_handle(handle);
            return opened;
        }
    }
    /* A server that did not answer has used up the two seconds. */
    if (kmt->provider == NTF_PROVIDER_SOFT || ntf_os_now_ns() >= late_ns)
        return result;
    opened = look_up(&kmt->thunks, "name lookup: kernel", &path, trace, &handle);
    if (opened != NTF_OK)
        return ntf_refused_twice(result, opened);
    opened = climb_from(kmt, handle, out, trace);
    ntf_system_close_handle(handle);
    return opened;
}
