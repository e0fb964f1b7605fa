/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A keyed mutex of a real kernel, or of a library that stands for one. There is nothing to look at: it is asked.
 *
 * TIMEOUT and ABANDONED are successes by their sign, and so would any other odd answer be: each is compared as it is.
 * The first version of the calls is used, which carries no data of a runtime; both versions work on the same mutex
 * (D3DKMTAcquireKeyedMutex2, remarks).
 *
 * A companion that cannot be looked at (kmt/companion.h) is waited for before the mutex counts as taken. If that is not
 * to be waited for any longer, the mutex goes back as it came: at the same key, with the same value.
 */
#include "kmt/kernel_mutex.h"

#include <stdlib.h>

#include "base/deadline.h"

struct kernel_mutex {
    struct ntf_mutex base;
    const struct ntf_kmt *kmt;
    D3DKMT_HANDLE local;
    struct ntf_companion *companion; /* that cannot be looked at; NULL: none */
};

static const struct kernel_mutex *of(const struct ntf_mutex *base)
{
    return (const struct kernel_mutex *)(const void *)base;
}

static enum ntf_result acquired(ntf_status status, enum ntf_result late)
{
    switch (status) {
    case NTF_STATUS_SUCCESS:
        return NTF_OK;
    case NTF_STATUS_TIMEOUT:
        return late;
    case NTF_STATUS_ABANDONED:
        return NTF_E_ABANDONED;
    case NTF_STATUS_DEVICE_REMOVED:
        return NTF_E_LOST;
    default:
        return NTF_E_FAILED;
    }
}

static enum ntf_result give(struct ntf_mutex *base, uint64_t key, uint64_t fence_value, ntf_status *status);

/* Who has just got it hears of it only when the companion is there. */
static enum ntf_result complete(struct ntf_mutex *base, const D3DKMT_ACQUIREKEYEDMUTEX *call, uint64_t deadline_ns,
                                enum ntf_result late, ntf_status *status)
{
    struct ntf_companion *companion = of(base)->companion;
    enum ntf_result result;

    if (!companion || ntf_companion_reached(companion, call->FenceValue, deadline_ns))
        return NTF_OK;
    result = give(base, call->Key, call->FenceValue, status);
    if (result != NTF_OK)
        return result == NTF_E_LOST ? result : NTF_E_FAILED;
    /* Before its time: it could not be waited for, and whoever asks again at once would not be told either. */
    if (!ntf_deadline_passed(deadline_ns, ntf_os_now_ns())) {
        *status = NTF_STATUS_UNSUCCESSFUL;
        return NTF_E_FAILED;
    }
    *status = NTF_STATUS_TIMEOUT;
    return late;
}

static enum ntf_result acquire(struct ntf_mutex *base, D3DKMT_ACQUIREKEYEDMUTEX *call, uint64_t deadline_ns,
                               enum ntf_result late, uint64_t *fence_value, ntf_status *status)
{
    ntf_status answer;
    enum ntf_result result;

    call->hKeyedMutex = of(base)->local;
    answer = of(base)->kmt->thunks.AcquireKeyedMutex(call);
    result = acquired(answer, late);
    if (result == NTF_OK)
        result = complete(base, call, deadline_ns, late, &answer);
    if (status)
        *status = answer;
    if (result == NTF_OK)
        *fence_value = call->FenceValue;
    return result;
}

static enum ntf_result take(struct ntf_mutex *base, uint64_t key, uint64_t *fence_value, ntf_status *status)
{
    int64_t at_once = 0;
    D3DKMT_ACQUIREKEYEDMUTEX call = {.Key = key, .pTimeout = &at_once};

    return acquire(base, &call, ntf_os_now_ns(), NTF_NOT_READY, fence_value, status);
}

/* A negative timeout counts from now, in units of 100 ns; without one the kernel waits for ever. */
static enum ntf_result block(struct ntf_mutex *base, uint64_t key, uint64_t timeout_ns, uint64_t *fence_value,
                             ntf_status *status)
{
    const uint64_t deadline_ns = ntf_deadline_after(ntf_os_now_ns(), timeout_ns);
    int64_t relative = -(int64_t)(timeout_ns / 100 + (timeout_ns % 100 != 0));
    D3DKMT_ACQUIREKEYEDMUTEX call = {.Key = key, .pTimeout = timeout_ns == UINT64_MAX ? NULL : &relative};

    return acquire(base, &call, deadline_ns, NTF_TIMEOUT, fence_value, status);
}

static enum ntf_result give(struct ntf_mutex *base, uint64_t key, uint64_t fence_value, ntf_status *status)
{
    D3DKMT_RELEASEKEYEDMUTEX call = {.hKeyedMutex = of(base)->local, .Key = key, .FenceValue = fence_value};
    const ntf_status answer = of(base)->kmt->thunks.ReleaseKeyedMutex(&call);

    if (status)
        *status = answer;
    switch (answer) {
    case NTF_STATUS_SUCCESS:
        return NTF_OK;
    case NTF_STATUS_INVALID_PARAMETER:
        return NTF_E_INVALID;
    case NTF_STATUS_DEVICE_REMOVED:
        return NTF_E_LOST;
    default:
        return NTF_E_FAILED;
    }
}

/* The kernel abandons a mutex whose owner closes its handle; nothing has to be asked before. */
static void close_mutex(struct ntf_mutex *base)
{
    const D3DKMT_DESTROYKEYEDMUTEX destroy = {.hKeyedMutex = of(base)->local};

    (void)of(base)->kmt->thunks.DestroyKeyedMutex(&destroy);
    ntf_companion_end(of(base)->companion);
    free(base);
}

static const struct ntf_mutex_ops kernel_mutex_ops = {
    .take = take,
    .block = block,
    .give = give,
    .close = close_mutex,
};

bool ntf_kernel_has_mutexes(const struct ntf_kmt *kmt)
{
    return kmt->thunks.AcquireKeyedMutex && kmt->thunks.ReleaseKeyedMutex && kmt->thunks.DestroyKeyedMutex;
}

enum ntf_result ntf_kernel_mutex_make(const struct ntf_kmt *kmt, D3DKMT_HANDLE local, enum ntf_rung rung,
                                      uint64_t order, struct ntf_mutex **out)
{
    struct kernel_mutex *mutex = calloc(1, sizeof *mutex);

    if (!mutex)
        return NTF_E_NO_MEMORY;
    mutex->base.ops = &kernel_mutex_ops;
    mutex->base.rung = rung;
    mutex->base.order = order ? order : (uint64_t)(uintptr_t)mutex;
    mutex->kmt = kmt;
    mutex->local = local;
    *out = &mutex->base;
    return NTF_OK;
}

void ntf_kernel_mutex_follow(struct ntf_mutex *mutex, struct ntf_companion *companion)
{
    ((struct kernel_mutex *)(void *)mutex)->companion = companion;
}
