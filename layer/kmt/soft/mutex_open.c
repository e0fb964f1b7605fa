/* SPDX-License-Identifier: Apache-2.0 */
/* Keyed mutexes as the floors above see them: struct ntf_mutex (kmt/mutex.h). */
#include "kmt/soft/mutex.h"
#include "kmt/soft/resource.h"
#include "kmt/soft/soft.h"

#include "base/deadline.h"

#include <stdlib.h>
#include <string.h>

struct opened {
    struct ntf_mutex base; /* first */
    struct soft_object *object;
};

static struct opened *of(struct ntf_mutex *mutex)
{
    return (struct opened *)(void *)mutex;
}

static void arm(struct ntf_watch *watch, struct ntf_parker *parker)
{
    struct opened *opened = of((struct ntf_mutex *)watch->object);

    soft_mutex_look(opened->object);
    soft_object_arm(opened->object, watch, parker);
}

static void disarm(struct ntf_watch *watch, struct ntf_parker *parker)
{
    (void)parker;
    soft_object_disarm(of((struct ntf_mutex *)watch->object)->object, watch);
}

static enum ntf_result say(enum ntf_result result, ntf_status *status)
{
    if (status)
        *status = result == NTF_NOT_READY || result == NTF_TIMEOUT ? NTF_STATUS_TIMEOUT
                  : result == NTF_E_ABANDONED                      ? NTF_STATUS_ABANDONED
                                                                   : soft_status_of(result);
    return result;
}

static enum ntf_result take(struct ntf_mutex *mutex, uint64_t key, uint64_t *fence_value, ntf_status *status)
{
    const struct soft_taker taker = { mutex, NULL };

    return say(soft_mutex_take(of(mutex)->object, &taker, key, fence_value), status);
}

static enum ntf_result block(struct ntf_mutex *mutex, uint64_t key, uint64_t timeout_ns, uint64_t *fence_value,
                             ntf_status *status)
{
    const struct soft_taker taker = { mutex, NULL };
    const uint64_t deadline_ns = ntf_deadline_after(ntf_os_now_ns(), timeout_ns);

    return say(soft_mutex_block(of(mutex)->object, &taker, key, deadline_ns, fence_value), status);
}

static enum ntf_result give(struct ntf_mutex *mutex, uint64_t key, uint64_t fence_value, ntf_status *status)
{
    return say(soft_mutex_give(of(mutex)->object, mutex, key, fence_value, NULL), status);
}

static void close_mutex(struct ntf_mutex *mutex)
{
    struct soft_object *object = of(mutex)->object;

    soft_mutex_end(object, mutex);
    soft_object_leave(object);
    free(of(mutex));
}

static const struct ntf_mutex_ops ops = { { arm, disarm }, take, block, give, close_mutex };

/* Takes over the caller's user of the object, on success only. */
static struct ntf_mutex *wrap(struct soft_object *object, enum ntf_rung rung)
{
    struct opened *opened = (struct opened *)calloc(1, sizeof *opened);

    if (!opened)
        return NULL;
    opened->object = object;
    opened->base.ops = &ops;
    opened->base.turns = &object->page->current;
    opened->base.rung = rung;
    memcpy(&opened->base.order, object->header.id, sizeof opened->base.order); /* random, and the same everywhere */
    return &opened->base;
}

enum ntf_result ntf_soft_open_mutex_global(D3DKMT_HANDLE number, struct ntf_mutex **out, ntf_status *status,
                                           const char **why)
{
    struct soft_object *object;
    struct ntf_mutex *mutex;
    const enum ntf_result result = soft_object_open_global(number, SOFT_IS_MUTEX, &object, status, why);

    if (result != NTF_OK)
        return result;
    mutex = wrap(object, NTF_RUNG_SOFT);
    if (!mutex) {
        soft_object_leave(object);
        *status = NTF_STATUS_NO_MEMORY;
        *why = "out of memory";
        return NTF_E_NO_MEMORY;
    }
    *out = mutex;
    *status = NTF_STATUS_SUCCESS;
    return NTF_OK;
}

enum ntf_result ntf_soft_open_mutex_local(D3DKMT_HANDLE local, struct ntf_mutex **out)
{
    struct soft_sync *sync = soft_handle_get(local, SOFT_MUTEX);
    struct ntf_mutex *mutex;

    if (!sync)
        return NTF_E_BAD_HANDLE;
    mutex = wrap(sync->object, NTF_RUNG_SOFT);
    if (mutex)
        soft_object_join(sync->object);
    soft_sync_put(sync);
    if (!mutex)
        return NTF_E_NO_MEMORY;
    *out = mutex;
    return NTF_OK;
}

/* ---- bundles ---- */

/* The parts of a bundle that were wanted, until they are given out. */
struct wanted {
    struct ntf_object *object; /* an opening of the fence */
    struct ntf_mutex *mutex;
};

static void drop(struct wanted *wanted)
{
    if (wanted->mutex && wanted->mutex->companion)
        wanted->mutex->companion->ops->close(wanted->mutex->companion);
    if (wanted->mutex)
        wanted->mutex->ops->close(wanted->mutex);
    if (wanted->object)
        wanted->object->ops->close(wanted->object);
}

/* The bundle's users pass to what is made of them; what is left of it the caller ends. */
static bool take_mutex(struct soft_bundle *bundle, struct wanted *wanted)
{
    wanted->mutex = wrap(bundle->mutex, NTF_RUNG_SOFT);
    if (!wanted->mutex)
        return false;
    bundle->mutex = NULL;
    if (soft_object_is_fence(bundle->sync)) {
        soft_object_join(bundle->sync);
        wanted->mutex->companion = &bundle->sync->base;
    }
    return true;
}

static void take_fence(struct soft_bundle *bundle, struct wanted *wanted)
{
    if (!soft_object_is_fence(bundle->sync))
        return;
    wanted->object = &bundle->sync->base;
    bundle->sync = NULL;
}

enum ntf_result ntf_soft_open_bundle(ntf_handle handle, struct ntf_object **object, struct ntf_mutex **mutex,
                                     ntf_status *status, const char **why)
{
    struct wanted wanted = { NULL, NULL };
    struct soft_bundle bundle;
    enum ntf_result result = soft_bundle_open(handle, &bundle, status, why);

    if (result != NTF_OK)
        return result;
    *status = NTF_STATUS_OBJECT_TYPE_MISMATCH;
    *why = "a resource that was shared alone";
    result = NTF_E_WRONG_OBJECT;
    if (bundle.mutex && bundle.sync) {
        *why = "a bundle whose synchronization object has no value";
        if (mutex && !take_mutex(&bundle, &wanted)) {
            *status = NTF_STATUS_NO_MEMORY;
            *why = "out of memory";
            result = NTF_E_NO_MEMORY;
        } else if (object) {
            take_fence(&bundle, &wanted);
        }
    }
    soft_bundle_leave(&bundle);
    if (result == NTF_E_NO_MEMORY || (!wanted.mutex && !wanted.object)) {
        drop(&wanted);
        return result;
    }
    if (object)
        *object = wanted.object;
    if (mutex)
        *mutex = wanted.mutex;
    *status = NTF_STATUS_SUCCESS;
    return NTF_OK;
}
