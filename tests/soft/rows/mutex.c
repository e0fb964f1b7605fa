/* SPDX-License-Identifier: Apache-2.0 */
/* 4.1 and 6.3, keyed mutexes; what of them is about bundles stands in resource.c. */
#include "../rig_bundle.h"
#include "rows.h"

#include <string.h>

/* ---- 4.1.1: timeouts ---- */

enum { POLL, RELATIVE, ABSOLUTE, PAST };

/* In units of 100 ns. */
static int64_t timeout_of(uint32_t which)
{
    switch (which) {
    case RELATIVE:
        return 30 * MS;
    case ABSOLUTE:
        return row_time_of_day() + 300000;
    case PAST:
        return 1;
    default:
        return 0;
    }
}

/* On a mutex that is held. a: which. */
static ntf_status acquire_held(uint32_t a, uint32_t b)
{
    const D3DKMT_HANDLE mutex = rig_mutex(0, 0, NULL);
    const uint64_t begin = ntf_os_now_ns();
    const int64_t timeout = timeout_of(a);
    uint64_t fence_value;
    ntf_status status;

    (void)b;
    ROW_CHECK(rig_try(mutex, 0) == NTF_STATUS_SUCCESS);
    status = rig_acquire(mutex, 0, &timeout, &fence_value);
    ROW_CHECK(fence_value == 0);
    if (a == RELATIVE || a == ABSOLUTE)
        ROW_CHECK(ntf_os_now_ns() - begin >= UINT64_C(20000000)); /* the time of day may be set a little */
    ROW_CHECK(rig_release(mutex, 0, 0) == NTF_STATUS_SUCCESS);
    ROW_CHECK(rig_destroy_mutex(mutex) == NTF_STATUS_SUCCESS);
    return status;
}

/* Without an end: it waits until the mutex is released at its key, and not at another. */
static ntf_status acquire_without_end(uint32_t a, uint32_t b)
{
    D3DKMT_HANDLE global, mutex = rig_mutex(0, 0, &global), other;
    struct rig_taker taker;
    ntf_status status;

    (void)b;
    assert_int_equal(rig_open_mutex(global, &other), NTF_STATUS_SUCCESS);
    ROW_CHECK(rig_try(mutex, 0) == NTF_STATUS_SUCCESS);
    rig_taker_start(&taker, other, 5);
    ROW_CHECK(rig_release(mutex, a, 77) == NTF_STATUS_SUCCESS);
    if (a != 5) {
        row_sleep_ms(20);
        ROW_CHECK(ntf_load(&taker.done, NTF_ACQUIRE) == 0);
        ROW_CHECK(rig_try(mutex, a) == NTF_STATUS_SUCCESS);
        ROW_CHECK(rig_release(mutex, 5, 77) == NTF_STATUS_SUCCESS);
    }
    status = rig_taker_join(&taker);
    ROW_CHECK(taker.fence_value == 77);
    ROW_CHECK(rig_release(other, 0, 0) == NTF_STATUS_SUCCESS);
    rig_destroy_mutex(other);
    rig_destroy_mutex(mutex);
    return status;
}

/* ---- 4.1.2, 3, 4, 8, 9: keys and fence values ---- */

/* a: the key that is asked for; b: the fence value that the release before has left, 0: there was none. */
static ntf_status acquire_free(uint32_t a, uint32_t b)
{
    const D3DKMT_HANDLE mutex = rig_mutex(0, 3, NULL);
    const int64_t now = 0;
    uint64_t fence_value;
    ntf_status status;

    if (b) {
        ROW_CHECK(rig_try(mutex, 3) == NTF_STATUS_SUCCESS);
        ROW_CHECK(rig_release(mutex, 3, b) == NTF_STATUS_SUCCESS);
    }
    status = rig_acquire(mutex, a, &now, &fence_value);
    ROW_CHECK(fence_value == (status == NTF_STATUS_SUCCESS ? b : 0));
    if (status == NTF_STATUS_SUCCESS)
        ROW_CHECK(rig_release(mutex, 0, 0) == NTF_STATUS_SUCCESS);
    rig_destroy_mutex(mutex);
    return status;
}

/* A fence value below the one before is taken, and found by the next owner. */
static ntf_status lower_fence_value(uint32_t a, uint32_t b)
{
    const D3DKMT_HANDLE mutex = rig_mutex(0, 0, NULL);
    const int64_t now = 0;
    uint64_t fence_value = POISON;
    ntf_status status;

    ROW_CHECK(rig_try(mutex, 0) == NTF_STATUS_SUCCESS);
    ROW_CHECK(rig_release(mutex, 0, a) == NTF_STATUS_SUCCESS);
    ROW_CHECK(rig_try(mutex, 0) == NTF_STATUS_SUCCESS);
    status = rig_release(mutex, 0, b);
    ROW_CHECK(rig_acquire(mutex, 0, &now, &fence_value) == NTF_STATUS_SUCCESS);
    ROW_CHECK(fence_value == b);
    rig_destroy_mutex(mutex);
    return status;
}

/* ---- 4.1.5, 6: refusals ---- */

enum { NOTHING, ZERO, GLOBAL, OF_A_FENCE, ENDED };

static D3DKMT_HANDLE wrong_handle(uint32_t which, D3DKMT_HANDLE *keep)
{
    D3DKMT_HANDLE global, mutex = rig_mutex(0, 0, &global);

    *keep = mutex;
    switch (which) {
    case GLOBAL:
        return global;
    case OF_A_FENCE:
        rig_destroy_mutex(mutex);
        *keep = row_made(MONITORED, 0);
        return *keep;
    case ENDED:
        rig_destroy_mutex(mutex);
        *keep = 0;
        return mutex;
    default:
        return 0;
    }
}

static void unkeep(uint32_t which, D3DKMT_HANDLE keep)
{
    if (which == OF_A_FENCE)
        rig_destroy(keep);
    else if (keep)
        rig_destroy_mutex(keep);
}

/* a: which handle; b: the version of the call. */
static ntf_status acquire_wrong(uint32_t a, uint32_t b)
{
    D3DKMT_ACQUIREKEYEDMUTEX2 two = { 0, 0, NULL, POISON, NULL, 0 };
    D3DKMT_ACQUIREKEYEDMUTEX one = { 0, 0, NULL, POISON };
    D3DKMT_HANDLE keep;
    ntf_status status;

    one.hKeyedMutex = two.hKeyedMutex = wrong_handle(a, &keep);
    if (b == 1)
        status = kmt.AcquireKeyedMutex(a == NOTHING ? NULL : &one);
    else
        status = kmt.AcquireKeyedMutex2(a == NOTHING ? NULL : &two);
    ROW_CHECK(one.FenceValue == POISON && two.FenceValue == POISON);
    unkeep(a, keep);
    return status;
}

static ntf_status release_wrong(uint32_t a, uint32_t b)
{
    D3DKMT_RELEASEKEYEDMUTEX2 two = { 0, 1, 2, NULL, 0 };
    D3DKMT_RELEASEKEYEDMUTEX one = { 0, 1, 2 };
    D3DKMT_HANDLE keep;
    ntf_status status;

    one.hKeyedMutex = two.hKeyedMutex = wrong_handle(a, &keep);
    if (b == 1)
        status = kmt.ReleaseKeyedMutex(a == NOTHING ? NULL : &one);
    else
        status = kmt.ReleaseKeyedMutex2(a == NOTHING ? NULL : &two);
    ROW_CHECK(one.FenceValue == 2 && one.Key == 1 && two.FenceValue == 2 && two.Key == 1);
    unkeep(a, keep);
    return status;
}

/* a: 0 was never acquired; 1 has been released; 2 is held through another handle. */
static ntf_status release_not_held(uint32_t a, uint32_t b)
{
    D3DKMT_HANDLE global, mutex = rig_mutex(0, 0, &global), other;
    ntf_status status;

    (void)b;
    assert_int_equal(rig_open_mutex(global, &other), NTF_STATUS_SUCCESS);
    if (a == 1) {
        ROW_CHECK(rig_try(mutex, 0) == NTF_STATUS_SUCCESS);
        ROW_CHECK(rig_release(mutex, 0, 0) == NTF_STATUS_SUCCESS);
    }
    if (a == 2)
        ROW_CHECK(rig_try(other, 0) == NTF_STATUS_SUCCESS);
    status = rig_release(mutex, 9, 9);
    if (a != 2) /* nothing has changed */
        ROW_CHECK(rig_try(other, 0) == NTF_STATUS_SUCCESS);
    ROW_CHECK(rig_release(other, 0, 0) == NTF_STATUS_SUCCESS);
    rig_destroy_mutex(other);
    rig_destroy_mutex(mutex);
    return status;
}

/* ---- 4.1.7: abandoned ---- */

/* a: 0 what the waiter gets; 1 what a later acquire gets, at any key. */
static ntf_status abandon(uint32_t a, uint32_t b)
{
    D3DKMT_HANDLE global, owner = rig_mutex(0, 0, &global), other;
    struct rig_taker taker;
    uint64_t fence_value;
    ntf_status status;

    assert_int_equal(rig_open_mutex(global, &other), NTF_STATUS_SUCCESS);
    ROW_CHECK(rig_try(owner, 0) == NTF_STATUS_SUCCESS);
    rig_taker_start(&taker, other, 0);
    row_sleep_ms(b);
    ROW_CHECK(ntf_load(&taker.done, NTF_ACQUIRE) == 0);
    ROW_CHECK(rig_destroy_mutex(owner) == NTF_STATUS_SUCCESS);
    status = rig_taker_join(&taker);
    ROW_CHECK(taker.fence_value == 0);
    if (a) {
        ROW_CHECK(rig_acquire(other, 7, NULL, &fence_value) == NTF_STATUS_ABANDONED && fence_value == 0);
        ROW_CHECK(rig_release(other, 0, 0) == NTF_STATUS_INVALID_PARAMETER);
        status = rig_acquire(other, 0, NULL, &fence_value);
        ROW_CHECK(fence_value == 0);
    }
    rig_destroy_mutex(other);
    return status;
}

/* ---- 6.3 ---- */

enum { NUMBER_ZERO, NUMBER_LOCAL, NUMBER_DEAD, NUMBER_OF_A_FENCE, NUMBER_LIVE };

/* a: which number; b: the version of the call. */
static ntf_status open_number(uint32_t a, uint32_t b)
{
    D3DKMT_HANDLE global, mutex = rig_mutex(0, 0, &global);
    D3DKMT_OPENKEYEDMUTEX2 two = { 0, POISON, NULL, 0 };
    D3DKMT_OPENKEYEDMUTEX one = { 0, POISON };
    struct rig_fence fence = { 0, NULL };
    ntf_status status;

    if (a == NUMBER_OF_A_FENCE)
        fence = rig_global(0, &one.hSharedHandle);
    else
        one.hSharedHandle = a == NUMBER_ZERO ? 0 : a == NUMBER_LOCAL ? mutex : global;
    if (a == NUMBER_DEAD)
        rig_destroy_mutex(mutex);
    two.hSharedHandle = one.hSharedHandle;
    status = b == 1 ? kmt.OpenKeyedMutex(&one) : kmt.OpenKeyedMutex2(&two);
    ROW_CHECK((status == NTF_STATUS_SUCCESS) == (one.hKeyedMutex != POISON || two.hKeyedMutex != POISON));
    if (status == NTF_STATUS_SUCCESS)
        rig_destroy_mutex(b == 1 ? one.hKeyedMutex : two.hKeyedMutex);
    if (fence.handle)
        rig_destroy(fence.handle);
    if (a != NUMBER_DEAD)
        rig_destroy_mutex(mutex);
    return status;
}

/* a: 0, 1 the first and 2 the second time, 3 by the call for synchronization objects. */
static ntf_status destroy(uint32_t a, uint32_t b)
{
    D3DKMT_HANDLE mutex;
    ntf_status status;

    (void)b;
    if (a == 0)
        return rig_destroy_mutex(0);
    mutex = rig_mutex(0, 0, NULL);
    status = a == 3 ? row_destroy(mutex) : rig_destroy_mutex(mutex);
    if (a == 2)
        status = rig_destroy_mutex(mutex);
    if (a == 3)
        rig_destroy_mutex(mutex);
    return status;
}

static ntf_status destroy_nothing(uint32_t a, uint32_t b)
{
    (void)b;
    switch (a) {
    case 0:
        return kmt.DestroyKeyedMutex(NULL);
    case 1:
        return kmt.CreateKeyedMutex(NULL);
    case 2:
        return kmt.CreateKeyedMutex2(NULL);
    case 3:
        return kmt.OpenKeyedMutex(NULL);
    case 4:
        return kmt.OpenKeyedMutex2(NULL);
    default:
        return kmt.OpenKeyedMutexFromNtHandle(NULL);
    }
}

/* The global handle is there for as long as any local one is. */
static ntf_status number_of_two(uint32_t a, uint32_t b)
{
    D3DKMT_HANDLE global, first = rig_mutex(0, 0, &global), second, third;
    ntf_status status;

    (void)b;
    assert_int_equal(rig_open_mutex(global, &second), NTF_STATUS_SUCCESS);
    rig_destroy_mutex(first);
    if (a)
        rig_destroy_mutex(second);
    status = rig_open_mutex(global, &third);
    if (status == NTF_STATUS_SUCCESS)
        rig_destroy_mutex(third);
    if (!a)
        rig_destroy_mutex(second);
    return status;
}

const struct row rows_mutex[] = {
    ROW("4.1.1", "Acquire held, timeout 0", acquire_held, POLL, 0, TIMEOUT),
    ROW("4.1.1", "Acquire held, relative", acquire_held, RELATIVE, 0, TIMEOUT),
    ROW("4.1.1", "Acquire held, absolute", acquire_held, ABSOLUTE, 0, TIMEOUT),
    ROW("4.1.1", "Acquire held, absolute in the past", acquire_held, PAST, 0, TIMEOUT),
    ROW("4.1.1", "Acquire without an end", acquire_without_end, 5, 0, SUCCESS),
    ROW("4.1.2", "Release with a value, then Acquire", acquire_free, 3, 1234, SUCCESS),
    ROW("4.1.3", "Acquire, never released", acquire_free, 3, 0, SUCCESS),
    ROW("4.1.3", "Acquire after a release with 4294967295", acquire_free, 3, 0xFFFFFFFFu, SUCCESS),
    ROW("4.1.4", "Acquire, wrong key", acquire_free, 4, 1234, TIMEOUT),
    ROW("4.1.4", "Acquire, already held", acquire_held, POLL, 0, TIMEOUT),
    ROW("4.1.4", "Acquire waits through a release at another key", acquire_without_end, 6, 0, SUCCESS),
    ROW("4.1.5", "Acquire NULL", acquire_wrong, NOTHING, 1, INVALID_PARAMETER),
    ROW("4.1.5", "Acquire2 NULL", acquire_wrong, NOTHING, 2, INVALID_PARAMETER),
    ROW("4.1.5", "Acquire 0", acquire_wrong, ZERO, 1, INVALID_PARAMETER),
    ROW("4.1.5", "Acquire2 0", acquire_wrong, ZERO, 2, INVALID_PARAMETER),
    ROW("4.1.5", "Acquire global handle", acquire_wrong, GLOBAL, 1, INVALID_PARAMETER),
    ROW("4.1.5", "Acquire2 fence", acquire_wrong, OF_A_FENCE, 2, INVALID_PARAMETER),
    ROW("4.1.5", "Acquire destroyed", acquire_wrong, ENDED, 1, INVALID_PARAMETER),
    ROW("4.1.6", "Release NULL", release_wrong, NOTHING, 1, INVALID_PARAMETER),
    ROW("4.1.6", "Release2 NULL", release_wrong, NOTHING, 2, INVALID_PARAMETER),
    ROW("4.1.6", "Release 0", release_wrong, ZERO, 1, INVALID_PARAMETER),
    ROW("4.1.6", "Release2 fence", release_wrong, OF_A_FENCE, 2, INVALID_PARAMETER),
    ROW("4.1.6", "Release destroyed", release_wrong, ENDED, 1, INVALID_PARAMETER),
    ROW("4.1.6", "Release never acquired", release_not_held, 0, 0, INVALID_PARAMETER),
    ROW("4.1.6", "Release a second time", release_not_held, 1, 0, INVALID_PARAMETER),
    ROW("4.1.6", "Release what another handle holds", release_not_held, 2, 0, INVALID_PARAMETER),
    ROW("4.1.7", "waiter, its owner's handle destroyed", abandon, 0, 10, ABANDONED),
    ROW("4.1.7", "Acquire afterwards", abandon, 1, 0, ABANDONED),
    ROW("4.1.8", "Acquire at the initial key", acquire_free, 3, 0, SUCCESS),
    ROW("4.1.8", "Acquire at another", acquire_free, 0, 0, TIMEOUT),
    ROW("4.1.9", "Release with a lower value", lower_fence_value, 1234, 12, SUCCESS),
    ROW("4.1.9", "Release with 0", lower_fence_value, 1234, 0, SUCCESS),

    ROW("6.3.mutex.1", "rows 3 to 10 of 4.1: Acquire, wrong key", acquire_free, 9, 0, TIMEOUT),
    ROW("6.3.mutex.2", "OpenKeyedMutex 0", open_number, NUMBER_ZERO, 1, INVALID_PARAMETER),
    ROW("6.3.mutex.2", "OpenKeyedMutex2 0", open_number, NUMBER_ZERO, 2, INVALID_PARAMETER),
    ROW("6.3.mutex.2", "OpenKeyedMutex local handle", open_number, NUMBER_LOCAL, 1, INVALID_PARAMETER),
    ROW("6.3.mutex.2", "OpenKeyedMutex2 local handle", open_number, NUMBER_LOCAL, 2, INVALID_PARAMETER),
    ROW("6.3.mutex.2", "OpenKeyedMutex number of a fence", open_number, NUMBER_OF_A_FENCE, 1, INVALID_PARAMETER),
    ROW("6.3.mutex.2", "OpenKeyedMutex live number", open_number, NUMBER_LIVE, 1, SUCCESS),
    ROW("6.3.mutex.2", "OpenKeyedMutex2 live number", open_number, NUMBER_LIVE, 2, SUCCESS),
    ROW("6.3.mutex.3", "DestroyKeyedMutex 0", destroy, 0, 0, INVALID_PARAMETER),
    ROW("6.3.mutex.3", "DestroyKeyedMutex", destroy, 1, 0, SUCCESS),
    ROW("6.3.mutex.3", "DestroyKeyedMutex twice", destroy, 2, 0, INVALID_PARAMETER),
    ROW("6.3.mutex.3", "DestroySynchronizationObject of a mutex", destroy, 3, 0, INVALID_PARAMETER),
    ROW("6.3.mutex.3", "Destroy NULL", destroy_nothing, 0, 0, INVALID_PARAMETER),
    ROW("6.3.mutex.3", "Create NULL", destroy_nothing, 1, 0, INVALID_PARAMETER),
    ROW("6.3.mutex.3", "Create2 NULL", destroy_nothing, 2, 0, INVALID_PARAMETER),
    ROW("6.3.mutex.3", "Open NULL", destroy_nothing, 3, 0, INVALID_PARAMETER),
    ROW("6.3.mutex.3", "Open2 NULL", destroy_nothing, 4, 0, INVALID_PARAMETER),
    ROW("6.3.mutex.3", "OpenFromNtHandle NULL", destroy_nothing, 5, 0, INVALID_PARAMETER),
    ROW("6.3.mutex.4", "OpenKeyedMutex, one local handle of two left", number_of_two, 0, 0, SUCCESS),
    ROW("6.3.mutex.4", "OpenKeyedMutex, the last one gone", number_of_two, 1, 0, INVALID_PARAMETER),
    ROW("6.3.mutex.4", "OpenKeyedMutex2, the last one gone", open_number, NUMBER_DEAD, 2, INVALID_PARAMETER),
};
const size_t rows_mutex_count = NTF_COUNT(rows_mutex);
