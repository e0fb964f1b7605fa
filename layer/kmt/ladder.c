/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ladder: from an NT handle or a name to an object. Which rungs there are, in which order they are tried, and for
 * what; the rungs themselves lie in files of their own (kmt/climb.h says how they answer).
 */
#include <string.h>

#include "kmt/climb.h"
#include "kmt/d3d12.h"
#include "kmt/kernel_mutex.h"
#include "kmt/names.h"
#include "kmt/os/system.h"
#include "kmt/soft/soft.h"

/* What a rung opens. A type mismatch says something about one of these kinds. */
enum kind { KIND_ANY, KIND_FENCE, KIND_RESOURCE, KIND_MUTEX };

static const struct {
    enum ntf_climb_go (*climb)(struct ntf_climb *);
    enum kind kind;
} rungs[NTF_RUNG_COUNT] = {
    [NTF_RUNG_SOFT] = { ntf_rung_soft, KIND_ANY },
    [NTF_RUNG_NATIVE] = { ntf_rung_native, KIND_FENCE },
    [NTF_RUNG_MONITORED] = { ntf_rung_monitored, KIND_FENCE },
    [NTF_RUNG_BUNDLE] = { ntf_rung_bundle, KIND_RESOURCE },
    [NTF_RUNG_MUTEX] = { ntf_rung_mutex, KIND_MUTEX },
    [NTF_RUNG_D3D12] = { ntf_d3d12_open, KIND_FENCE },
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

/* Who names a rung that was not proven takes it as it is. */
static void add_named(struct ntf_kmt *kmt, enum ntf_rung rung)
{
    add_rung(kmt, rung);
    if ((rung == NTF_RUNG_BUNDLE || rung == NTF_RUNG_MUTEX) && ntf_kernel_has_mutexes(kmt))
        kmt->mutexes = true;
    if (rung == NTF_RUNG_BUNDLE)
        kmt->bundles = true;
    if (rung == NTF_RUNG_D3D12)
        kmt->asks_d3d12 = true;
}

/* The next rung that a comma list names, NTF_RUNG_COUNT at its end; *list moves on. */
static enum ntf_rung next_listed(const char **list)
{
    while (**list) {
        const char *word = *list;
        const size_t length = strcspn(word, ", ");

        *list += length;
        *list += strspn(*list, ", ");
        for (int i = 0; i < NTF_RUNG_COUNT; i++) {
            const char *name = ntf_rung_name((enum ntf_rung)i);

            if (length == strlen(name) && memcmp(word, name, length) == 0)
                return (enum ntf_rung)i;
        }
    }
    return NTF_RUNG_COUNT;
}

bool ntf_ladder_may_use(const char *setting, enum ntf_rung rung)
{
    bool any = false;

    for (const char *list = setting ? setting : ""; *list;) {
        const enum ntf_rung named = next_listed(&list);

        if (named != NTF_RUNG_COUNT && named == rung)
            return true;
        any |= named != NTF_RUNG_COUNT;
    }
    return !any;
}

void ntf_ladder_plan(struct ntf_kmt *kmt, const char *setting)
{
    enum ntf_rung named;

    kmt->rung_count = 0;
    for (const char *list = setting ? setting : ""; (named = next_listed(&list)) != NTF_RUNG_COUNT;)
        add_named(kmt, named);
    if (setting && !ntf_ladder_may_use(setting, NTF_RUNG_COUNT))
        return;
    add_rung(kmt, NTF_RUNG_SOFT);
    if (kmt->native)
        add_rung(kmt, NTF_RUNG_NATIVE);
    add_rung(kmt, NTF_RUNG_MONITORED);
    add_rung(kmt, NTF_RUNG_BUNDLE);
    add_rung(kmt, NTF_RUNG_MUTEX);
    add_rung(kmt, NTF_RUNG_NATIVE);
    add_rung(kmt, NTF_RUNG_D3D12);
}

bool ntf_has_rung(const struct ntf_kmt *kmt, enum ntf_rung rung)
{
    for (uint32_t i = 0; i < kmt->rung_count; i++) {
        if (kmt->rungs[i] == rung)
            return true;
    }
    return false;
}

/* ---- The climb ------------------------------------------------------------------------------- */

/* Whether the rung can open what is wanted. A bundle may hold either. */
static bool may_give(enum kind kind, enum ntf_wanted wanted)
{
    return !(kind == KIND_FENCE && wanted == NTF_WANT_MUTEX) && !(kind == KIND_MUTEX && wanted == NTF_WANT_FENCE);
}

/* A kernel that opens the fence of a bundle by the bundle's handle must not hide the mutex beside it. */
static void look_for_the_bundle(struct ntf_climb *climb)
{
    if (climb->wanted != NTF_WANT_ANY || !ntf_climb_is_resource(climb))
        return;
    ntf_opened_close(&climb->opened);
    (void)ntf_rung_bundle(climb);
}

static void climb_all(struct ntf_climb *climb)
{
    const struct ntf_kmt *kmt = climb->kmt;
    uint32_t refused = 0; /* kinds that the object is known not to be of */

    for (uint32_t i = 0; i < kmt->rung_count; i++) {
        const enum kind kind = rungs[kmt->rungs[i]].kind;
        enum ntf_climb_go go;

        if (!may_give(kind, climb->wanted) || (refused & 1u << kind))
            continue;
        go = rungs[kmt->rungs[i]].climb(climb);
        if (go == NTF_CLIMB_OTHER_KIND)
            refused |= 1u << kind;
        if (go != NTF_CLIMB_OVER)
            continue;
        if (kind == KIND_FENCE && climb->opened.object)
            look_for_the_bundle(climb);
        return;
    }
}

static enum ntf_result climb_from(struct ntf_kmt *kmt, ntf_handle handle, enum ntf_wanted wanted,
                                  struct ntf_opened *out, struct ntf_trace *trace)
{
    struct ntf_climb climb = {
        .kmt = kmt, .handle = handle, .wanted = wanted, .trace = trace, .result = NTF_E_WRONG_OBJECT
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
    climb_all(&climb);
    if (!climb.opened.object && !climb.opened.mutex)
        return climb.result;
    *out = climb.opened;
    return NTF_OK;
}

enum ntf_result ntf_kmt_open_any_handle(struct ntf_kmt *kmt, ntf_handle handle, enum ntf_wanted wanted,
                                        struct ntf_opened *out, struct ntf_trace *trace)
{
    trace->count = 0;
    return climb_from(kmt, handle, wanted, out, trace);
}

enum ntf_result ntf_kmt_open_handle(struct ntf_kmt *kmt, ntf_handle handle, struct ntf_object **out,
                                    struct ntf_trace *trace)
{
    struct ntf_opened opened;
    const enum ntf_result result = ntf_kmt_open_any_handle(kmt, handle, NTF_WANT_FENCE, &opened, trace);

    if (result == NTF_OK)
        *out = opened.object;
    return result;
}

/* ---- Names ----------------------------------------------------------------------------------- */

enum ntf_result ntf_refused_twice(enum ntf_result first, enum ntf_result second)
{
    if (first == NTF_E_UNSUPPORTED || first == NTF_E_FAILED)
        return second;
    if (first == NTF_E_NOT_FOUND && second != NTF_E_UNSUPPORTED && second != NTF_E_FAILED)
        return second;
    return first;
}

/* A name service, and what it calls its steps. */
struct service {
    const struct ntf_kmt_thunks *thunks;
    const char *fences, *resources;
};

/* Notes an answer, unless the last one has said the same: names of both kinds lie in one directory. */
static void note(struct ntf_trace *trace, const char *step, ntf_status status, const char *why, bool again)
{
    if (!again || trace->steps[trace->count - 1].status != status)
        ntf_trace_add(trace, step, status, why);
}

static enum ntf_result looked_up(ntf_status status, ntf_handle found, const char *step, bool again,
                                 struct ntf_trace *trace, ntf_handle *handle)
{
    const bool nothing = status == NTF_STATUS_SUCCESS && !found;

    note(trace, step, status, nothing ? "success without a handle" : "", again);
    if (nothing)
        return NTF_E_UNSUPPORTED;
    *handle = found;
    return ntf_status_result(status);
}

static enum ntf_result look_up_fence(const struct service *service, struct ntf_name_path *path,
                                     struct ntf_trace *trace, ntf_handle *handle)
{
    D3DKMT_OPENSYNCOBJECTNTHANDLEFROMNAME open = {
        .dwDesiredAccess = D3DDDI_SYNC_OBJECT_ALL_ACCESS,
        .pObjAttrib = &path->attributes,
    };
    ntf_status status;

    if (!service->thunks->OpenSyncObjectNtHandleFromName) {
        ntf_trace_add(trace, service->fences, NTF_STATUS_NOT_IMPLEMENTED, "not exported");
        return NTF_E_UNSUPPORTED;
    }
    status = service->thunks->OpenSyncObjectNtHandleFromName(&open);
    return looked_up(status, open.hNtHandle, service->fences, false, trace, handle);
}

#define GENERIC_ALL_ACCESS 0x10000000u

static enum ntf_result look_up_resource(const struct service *service, struct ntf_name_path *path,
                                        struct ntf_trace *trace, ntf_handle *handle)
{
    D3DKMT_OPENNTHANDLEFROMNAME open = { .dwDesiredAccess = GENERIC_ALL_ACCESS, .pObjAttrib = &path->attributes };
    const ntf_status status = service->thunks->OpenNtHandleFromName(&open);

    return looked_up(status, open.hNtHandle, service->resources, true, trace, handle);
}

/* Asks one name service, for a fence and then for a resource. On NTF_OK *handle is an NT handle of ours. late_ns: when
 * somebody who did not answer has used up the time; who says that it is something else has answered. */
static enum ntf_result look_up(const struct service *service, bool resources, uint64_t late_ns,
                               struct ntf_name_path *path, struct ntf_trace *trace, ntf_handle *handle)
{
    const enum ntf_result result = look_up_fence(service, path, trace, handle);
    enum ntf_result second;

    if (result == NTF_OK || !resources || !service->thunks->OpenNtHandleFromName)
        return result;
    if (result != NTF_E_WRONG_OBJECT && ntf_os_now_ns() >= late_ns)
        return result;
    second = look_up_resource(service, path, trace, handle);
    /* What is no fence has to be looked at for that: who could not for want of memory does not know what it is. */
    if (second == NTF_OK || (second == NTF_E_NO_MEMORY && result == NTF_E_WRONG_OBJECT))
        return second;
    return ntf_refused_twice(result, second);
}

enum ntf_result ntf_kmt_open_any_name(struct ntf_kmt *kmt, const char16_t *name, enum ntf_wanted wanted,
                                      struct ntf_opened *out, struct ntf_trace *trace)
{
    const struct service soft = { ntf_soft_thunks(), "name lookup: soft", "resource name lookup: soft" };
    const struct service kernel = { &kmt->thunks, "name lookup: kernel", "resource name lookup: kernel" };
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
        result = look_up(&soft, true, late_ns, &path, trace, &handle);
        if (result == NTF_OK) {
            opened = climb_from(kmt, handle, wanted, out, trace);
            ntf_soft_close_nt_handle(handle);
            return opened;
        }
    }
    if (kmt->provider == NTF_PROVIDER_SOFT || ntf_os_now_ns() >= late_ns)
        return result;
    opened = look_up(&kernel, ntf_has_rung(kmt, NTF_RUNG_BUNDLE), late_ns, &path, trace, &handle);
    if (opened != NTF_OK)
        return ntf_refused_twice(result, opened);
    opened = climb_from(kmt, handle, wanted, out, trace);
    ntf_system_close_handle(handle);
    return opened;
}

enum ntf_result ntf_kmt_open_name(struct ntf_kmt *kmt, const char16_t *name, struct ntf_object **out,
                                  struct ntf_trace *trace)
{
    struct ntf_opened opened;
    const enum ntf_result result = ntf_kmt_open_any_name(kmt, name, NTF_WANT_FENCE, &opened, trace);

    if (result == NTF_OK)
        *out = opened.object;
    return result;
}
