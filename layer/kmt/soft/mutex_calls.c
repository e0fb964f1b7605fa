/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keyed mutex calls. The first and the second version of each are the same call, but for the runtime's data: what
 * was made by the one is opened, acquired and released by the other.
 */
#include "kmt/soft/calls.h"
#include "kmt/soft/mutex.h"

#include "base/deadline.h"

ntf_status soft_mutex_check_buffer(struct soft_object *object, const void *buffer, uint32_t bytes)
{
    if (bytes == 0)
        return NTF_STATUS_SUCCESS; /* not wanted */
    return buffer && bytes >= soft_mutex_data(object, NULL, 0) ? NTF_STATUS_SUCCESS : NTF_STATUS_INVALID_PARAMETER;
}

/* ---- making and opening ---- */

struct created {
    D3DKMT_HANDLE global, local;
};

static ntf_status create(uint32_t flags, uint64_t key, const struct soft_runtime_data *data, struct created *created)
{
    struct soft_object *object;
    const enum ntf_result result = soft_mutex_create(flags, key, data, &object);
    ntf_status status;

    if (result != NTF_OK)
        return soft_status_of(result);
    created->global = object->base.global; /* before the handle is there for others to destroy */
    status = soft_handle_new_object(SOFT_MUTEX, object, flags, 0, &created->local);
    if (status != NTF_STATUS_SUCCESS)
        soft_object_leave(object);
    return status;
}

ntf_status NTF_APIENTRY soft_CreateKeyedMutex(D3DKMT_CREATEKEYEDMUTEX *p)
{
    const struct soft_runtime_data none = { NULL, 0 };
    struct created created;
    ntf_status status;

    if (!p)
        return NTF_STATUS_INVALID_PARAMETER;
    status = create(NTF_SYNC_SHARED, p->InitialValue, &none, &created);
    if (status != NTF_STATUS_SUCCESS)
        return status;
    p->hSharedHandle = created.global;
    p->hKeyedMutex = created.local;
    return status;
}

ntf_status NTF_APIENTRY soft_CreateKeyedMutex2(D3DKMT_CREATEKEYEDMUTEX2 *p)
{
    struct soft_runtime_data data;
    struct created created;
    ntf_status status;
    uint32_t flags = NTF_SYNC_SHARED;

    if (!p || (p->Flags & ~NTF_KEYED_MUTEX_NT_SECURITY_SHARING) ||
        (p->PrivateRuntimeDataSize && !p->pPrivateRuntimeData))
        return NTF_STATUS_INVALID_PARAMETER;
    if (p->PrivateRuntimeDataSize > NTF_MUTEX_DATA_BYTES)
        return NTF_STATUS_NO_MEMORY;
    if (p->Flags & NTF_KEYED_MUTEX_NT_SECURITY_SHARING)
        flags |= NTF_SYNC_NT_SECURITY_SHARING;
    data.data = p->pPrivateRuntimeData;
    data.bytes = p->PrivateRuntimeDataSize;
    status = create(flags, p->InitialValue, &data, &created);
    if (status != NTF_STATUS_SUCCESS)
        return status;
    p->hSharedHandle = created.global; /* 0 with NT handles */
    p->hKeyedMutex = created.local;
    return status;
}

/* Takes over the caller's user of the object. The data itself is not written, as Windows does not either. */
static ntf_status open_handle(struct soft_object *object, const void *buffer, uint32_t bytes, D3DKMT_HANDLE *out)
{
    ntf_status status = soft_mutex_check_buffer(object, buffer, bytes);

    if (status == NTF_STATUS_SUCCESS)
        status = soft_handle_new_object(SOFT_MUTEX, object, 0, 0, out);
    if (status != NTF_STATUS_SUCCESS)
        soft_object_leave(object);
    return status;
}

/* The call knows one refusal for everything that is wrong with the number. */
static ntf_status open_global(D3DKMT_HANDLE number, const void *buffer, uint32_t bytes, D3DKMT_HANDLE *out)
{
    struct soft_object *object;
    ntf_status status;
    const char *why;

    if (soft_object_open_global(number, SOFT_IS_MUTEX, &object, &status, &why) == NTF_OK)
        return open_handle(object, buffer, bytes, out);
    return status == NTF_STATUS_NO_MEMORY || status == NTF_STATUS_NOT_SUPPORTED ? status
                                                                                : NTF_STATUS_INVALID_PARAMETER;
}

ntf_status NTF_APIENTRY soft_OpenKeyedMutex(D3DKMT_OPENKEYEDMUTEX *p)
{
    return p ? open_global(p->hSharedHandle, NULL, 0, &p->hKeyedMutex) : NTF_STATUS_INVALID_PARAMETER;
}

ntf_status NTF_APIENTRY soft_OpenKeyedMutex2(D3DKMT_OPENKEYEDMUTEX2 *p)
{
    if (!p || (p->PrivateRuntimeDataSize && !p->pPrivateRuntimeData))
        return NTF_STATUS_INVALID_PARAMETER;
    return open_global(p->hSharedHandle, p->pPrivateRuntimeData, p->PrivateRuntimeDataSize, &p->hKeyedMutex);
}

ntf_status NTF_APIENTRY soft_OpenKeyedMutexFromNtHandle(D3DKMT_OPENKEYEDMUTEXFROMNTHANDLE *p)
{
    struct soft_object *object;
    ntf_status status;
    const char *why;

    if (!p || (p->PrivateRuntimeDataSize && !p->pPrivateRuntimeData))
        return NTF_STATUS_INVALID_PARAMETER;
    if (soft_object_open(p->hNtHandle, SOFT_IS_MUTEX, &object, &status, &why) != NTF_OK)
        return status;
    return open_handle(object, p->pPrivateRuntimeData, p->PrivateRuntimeDataSize, &p->hKeyedMutex);
}

ntf_status NTF_APIENTRY soft_DestroyKeyedMutex(const D3DKMT_DESTROYKEYEDMUTEX *p)
{
    return p && soft_handle_end(p->hKeyedMutex, SOFT_MUTEX) ? NTF_STATUS_SUCCESS : NTF_STATUS_INVALID_PARAMETER;
}

/* ---- acquiring ---- */

/* In units of 100 ns: negative from now, positive a time of day, 0 at once; NULL never ends. */
static uint64_t deadline_of(const int64_t *timeout)
{
    uint64_t left;

    if (!timeout)
        return NTF_FOREVER;
    if (*timeout > 0) {
        const int64_t now = soft_time_of_day();
        left = *timeout > now ? (uint64_t)(*timeout - now) : 0;
    } else {
        left = 0 - (uint64_t)*timeout; /* of the least number there is no positive one */
    }
    return ntf_deadline_after(ntf_os_now_ns(), left > UINT64_MAX / 100 ? UINT64_MAX : left * 100);
}

/* What a call says of the outcome. *fence_value is 0 unless it was taken. */
static ntf_status outcome(enum ntf_result result, uint64_t *fence_value)
{
    if (result != NTF_OK)
        *fence_value = 0;
    switch (result) {
    case NTF_NOT_READY:
    case NTF_TIMEOUT:
        return NTF_STATUS_TIMEOUT;
    case NTF_E_ABANDONED:
        return NTF_STATUS_ABANDONED;
    default:
        return soft_status_of(result);
    }
}

static ntf_status acquire(struct soft_sync *sync, uint64_t key, const int64_t *timeout, uint64_t *fence_value)
{
    const struct soft_taker taker = { sync, &sync->ended };
    enum ntf_result result = soft_mutex_take(sync->object, &taker, key, fence_value);

    if (result == NTF_NOT_READY && (!timeout || *timeout != 0))
        result = soft_mutex_block(sync->object, &taker, key, deadline_of(timeout), fence_value);
    return outcome(result, fence_value);
}

/* What is written to the caller: nothing on a refusal. */
static bool is_refusal(ntf_status status)
{
    return status < 0;
}

ntf_status NTF_APIENTRY soft_AcquireKeyedMutex(D3DKMT_ACQUIREKEYEDMUTEX *p)
{
    struct soft_sync *sync = p ? soft_handle_get(p->hKeyedMutex, SOFT_MUTEX) : NULL;
    uint64_t fence_value = 0;
    ntf_status status;

    if (!sync)
        return NTF_STATUS_INVALID_PARAMETER;
    status = acquire(sync, p->Key, p->pTimeout, &fence_value);
    if (!is_refusal(status))
        p->FenceValue = fence_value;
    soft_sync_put(sync);
    return status;
}

ntf_status NTF_APIENTRY soft_AcquireKeyedMutex2(D3DKMT_ACQUIREKEYEDMUTEX2 *p)
{
    struct soft_sync *sync = p ? soft_handle_get(p->hKeyedMutex, SOFT_MUTEX) : NULL;
    uint64_t fence_value = 0;
    ntf_status status;

    if (!sync)
        return NTF_STATUS_INVALID_PARAMETER;
    status = soft_mutex_check_buffer(sync->object, p->pPrivateRuntimeData, p->PrivateRuntimeDataSize);
    if (status == NTF_STATUS_SUCCESS)
        status = acquire(sync, p->Key, p->pTimeout, &fence_value);
    if (!is_refusal(status))
        p->FenceValue = fence_value;
    if (status == NTF_STATUS_SUCCESS && p->PrivateRuntimeDataSize)
        (void)soft_mutex_data(sync->object, p->pPrivateRuntimeData, p->PrivateRuntimeDataSize);
    soft_sync_put(sync);
    return status;
}

/* ---- releasing ---- */

static ntf_status release(D3DKMT_HANDLE handle, uint64_t key, uint64_t fence_value,
                          const struct soft_runtime_data *data)
{
    struct soft_sync *sync = soft_handle_get(handle, SOFT_MUTEX);
    ntf_status status;

    if (!sync)
        return NTF_STATUS_INVALID_PARAMETER;
    status = soft_status_of(soft_mutex_give(sync->object, sync, key, fence_value, data));
    soft_sync_put(sync);
    return status;
}

ntf_status NTF_APIENTRY soft_ReleaseKeyedMutex(D3DKMT_RELEASEKEYEDMUTEX *p)
{
    return p ? release(p->hKeyedMutex, p->Key, p->FenceValue, NULL) : NTF_STATUS_INVALID_PARAMETER;
}

ntf_status NTF_APIENTRY soft_ReleaseKeyedMutex2(D3DKMT_RELEASEKEYEDMUTEX2 *p)
{
    struct soft_runtime_data data;

    if (!p || (p->PrivateRuntimeDataSize && !p->pPrivateRuntimeData) ||
        p->PrivateRuntimeDataSize > NTF_MUTEX_DATA_BYTES)
        return NTF_STATUS_INVALID_PARAMETER;
    data.data = p->pPrivateRuntimeData;
    data.bytes = p->PrivateRuntimeDataSize;
    return release(p->hKeyedMutex, p->Key, p->FenceValue, data.bytes ? &data : NULL);
}
