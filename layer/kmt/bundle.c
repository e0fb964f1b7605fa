/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rungs that open what a resource was shared with, and keyed mutexes by a handle of their own.
 *
 * A keyed mutex is waited for together with its companion: who takes the mutex gets a value that the companion has to
 * reach before the work of the last owner is done. The kernel gives out the companion without an address of its value;
 * opened by the handle of the bundle as if that were its own, it may have one. If not, it is waited for by the mutex
 * (kmt/companion.h). A mutex whose companion can neither be read nor waited for is refused: what says "yours" before
 * the last owner's work is done would be wrong.
 */
#include "kmt/climb.h"
#include "kmt/resource.h"

static const char unproven_mutexes[] = "the self-test of keyed mutexes has failed";

/* The fence in the bundle, by the handle of the bundle. What is asked on the way is not noted: it is known what the
 * handle is. */
static enum ntf_result open_fence(const struct ntf_climb *climb, struct ntf_object **out)
{
    struct ntf_trace unheard = {.count = 0};
    struct ntf_climb inner = {
        .kmt = climb->kmt, .handle = climb->handle, .trace = &unheard, .result = NTF_E_WRONG_OBJECT};

    (void)ntf_climb_monitored(&inner, NTF_RUNG_BUNDLE);
    if (!inner.opened.object)
        return inner.result == NTF_E_NO_MEMORY ? inner.result : NTF_E_UNSUPPORTED;
    *out = inner.opened.object;
    return NTF_OK;
}

/* What of the parts belongs to what was opened is taken out of them. */
static enum ntf_result adopt_mutex(struct ntf_climb *climb, struct ntf_resource_parts *parts, const char **why)
{
    struct ntf_object *fence = NULL;
    struct ntf_companion *companion = NULL;
    enum ntf_result result = NTF_OK;

    *why = unproven_mutexes;
    if (!climb->kmt->mutexes)
        return NTF_E_UNSUPPORTED;
    *why = "the companion of its keyed mutex can neither be read nor waited for";
    if (parts->sync && open_fence(climb, &fence) != NTF_OK)
        result = ntf_companion_begin(climb->kmt, parts->sync, &companion);
    if (result != NTF_OK)
        return result;
    if (companion)
        parts->sync = 0;
    *why = "no memory";
    result = ntf_kernel_mutex_make(climb->kmt, parts->mutex, NTF_RUNG_BUNDLE, 0, &climb->opened.mutex);
    if (result == NTF_OK) {
        parts->mutex = 0;
        climb->opened.mutex->companion = fence;
        ntf_kernel_mutex_follow(climb->opened.mutex, companion);
        return NTF_OK;
    }
    if (fence)
        fence->ops->close(fence);
    ntf_companion_end(companion);
    return result;
}

static enum ntf_climb_go sort_out(struct ntf_climb *climb, const char *step, struct ntf_resource_parts *parts)
{
    const bool take_mutex = parts->mutex && climb->wanted != NTF_WANT_FENCE;
    const char *why = ntf_resource_unwanted(parts, climb->wanted);
    enum ntf_result result = NTF_E_WRONG_OBJECT;

    if (!why && take_mutex) {
        result = adopt_mutex(climb, parts, &why);
    } else if (!why) {
        result = open_fence(climb, &climb->opened.object);
        why = "its fence has no CPU address by which it could be polled";
    }
    ntf_resource_close_mutex(climb->kmt, parts->mutex);
    ntf_resource_close_sync(climb->kmt, parts->sync);
    return ntf_climb_end(climb, step, NTF_STATUS_SUCCESS, result == NTF_OK ? "" : why, result);
}

/* Says no more than that the call is not to be had. */
static enum ntf_climb_go absent(struct ntf_climb *climb, const char *step, ntf_status status, const char *why)
{
    ntf_trace_add(climb->trace, step, status, why);
    return NTF_CLIMB_NEXT;
}

static bool is_absence(ntf_status status)
{
    return status == NTF_STATUS_NOT_IMPLEMENTED || status == NTF_STATUS_NOT_SUPPORTED;
}

enum ntf_climb_go ntf_rung_bundle(struct ntf_climb *climb)
{
    struct ntf_resource_parts parts = {0, 0};
    const char *step, *why;
    enum ntf_result result;
    ntf_status status;

    if (!ntf_resource_opens(climb->kmt))
        return absent(climb, "bundle query", NTF_STATUS_NOT_IMPLEMENTED, "not exported");
    result = ntf_resource_open(climb->kmt, climb->handle, &parts, &step, &status, &why);
    if (result == NTF_OK)
        return sort_out(climb, climb->kmt->bundles ? step : "bundle open, unproven", &parts);
    return is_absence(status) ? absent(climb, step, status, why) : ntf_climb_refuse(climb, step, status, why, result);
}

bool ntf_climb_is_resource(const struct ntf_climb *climb)
{
    D3DKMT_QUERYRESOURCEINFOFROMNTHANDLE query = {.hDevice = climb->kmt->device, .hNtHandle = climb->handle};

    return ntf_has_rung(climb->kmt, NTF_RUNG_BUNDLE) && ntf_resource_opens(climb->kmt) &&
           climb->kmt->thunks.QueryResourceInfoFromNtHandle(&query) == NTF_STATUS_SUCCESS;
}

/* A mutex that was not proven is not asked for: it would open, and wait for nothing. */
enum ntf_climb_go ntf_rung_mutex(struct ntf_climb *climb)
{
    static const char step[] = "keyed mutex open";
    uint64_t data[NTF_MUTEX_RUNTIME_BYTES / sizeof(uint64_t)] = {0};
    D3DKMT_OPENKEYEDMUTEXFROMNTHANDLE open = {
        .hNtHandle = climb->handle, .pPrivateRuntimeData = data, .PrivateRuntimeDataSize = sizeof data};
    enum ntf_result result;
    ntf_status status;

    if (!climb->kmt->thunks.OpenKeyedMutexFromNtHandle || !ntf_kernel_has_mutexes(climb->kmt))
        return absent(climb, step, NTF_STATUS_NOT_IMPLEMENTED, "not exported");
    if (!climb->kmt->mutexes)
        return absent(climb, step, NTF_STATUS_NOT_SUPPORTED, unproven_mutexes);
    status = climb->kmt->thunks.OpenKeyedMutexFromNtHandle(&open);
    if (is_absence(status))
        return absent(climb, step, status, "");
    if (status != NTF_STATUS_SUCCESS)
        return ntf_climb_refuse(climb, step, status, "", ntf_status_result(status));
    if (!open.hKeyedMutex)
        return ntf_climb_refuse(climb, step, status, "success without a mutex", NTF_E_UNSUPPORTED);
    result = ntf_kernel_mutex_make(climb->kmt, open.hKeyedMutex, NTF_RUNG_MUTEX, 0, &climb->opened.mutex);
    if (result != NTF_OK)
        ntf_resource_close_mutex(climb->kmt, open.hKeyedMutex);
    return ntf_climb_end(climb, step, status, result == NTF_OK ? "" : "no memory", result);
}
