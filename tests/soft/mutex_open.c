/* SPDX-License-Identifier: Apache-2.0 */
/* Keyed mutexes as the floors above see them (kmt/mutex.h), by number and from bundles; and a peer that writes
 * anything. For the copy that is linked in. */
#include "rig_bundle.h"

#include "base/deadline.h"
#include "kmt/soft/soft.h"

#include <stdlib.h>

static struct ntf_mutex *by_number(D3DKMT_HANDLE global)
{
    struct ntf_mutex *mutex = NULL;
    const char *why = "";
    ntf_status status;

    assert_int_equal(ntf_soft_open_mutex_global(global, &mutex, &status, &why), NTF_OK);
    assert_int_equal(status, NTF_STATUS_SUCCESS);
    return mutex;
}

static enum ntf_result take(struct ntf_mutex *mutex, uint64_t key)
{
    uint64_t fence_value;

    return mutex->ops->take(mutex, key, &fence_value, NULL);
}

static uint64_t turns(const struct ntf_mutex *mutex)
{
    return ntf_load((ntf_au64 *)(uintptr_t)mutex->turns, NTF_ACQUIRE);
}

/* Two openings exclude each other, and the handles of the interface; each release is a turn, and only that. */
static void takes_and_gives(void **state)
{
    D3DKMT_HANDLE global, handle = rig_mutex(0, 0, &global);
    struct ntf_mutex *one = by_number(global), *two = by_number(global), *local = NULL;
    uint64_t fence_value = POISON, before;
    ntf_status status;

    (void)state;
    assert_int_equal(ntf_soft_open_mutex_local(handle, &local), NTF_OK);
    assert_int_equal(ntf_soft_open_mutex_local(global, &local), NTF_E_BAD_HANDLE);
    assert_true(one->order == two->order && one->order == local->order && one->order != 0);
    assert_null(one->companion);
    before = turns(one);
    assert_int_equal(one->ops->take(one, 9, &fence_value, &status), NTF_NOT_READY);
    assert_int_equal(status, NTF_STATUS_TIMEOUT);
    assert_int_equal(fence_value, POISON);
    assert_int_equal(one->ops->take(one, 0, &fence_value, &status), NTF_OK);
    assert_int_equal(status, NTF_STATUS_SUCCESS);
    assert_int_equal(fence_value, 0);
    assert_int_equal(take(two, 0), NTF_NOT_READY);
    assert_int_equal(take(one, 0), NTF_NOT_READY);
    assert_int_equal(rig_try(handle, 0), NTF_STATUS_TIMEOUT);
    assert_int_equal(two->ops->give(two, 1, 1, &status), NTF_E_INVALID);
    assert_int_equal(status, NTF_STATUS_INVALID_PARAMETER);
    assert_int_equal(turns(two), before);
    assert_int_equal(one->ops->give(one, 5, 50, NULL), NTF_OK);
    assert_int_equal(turns(two), before + 1);
    assert_int_equal(two->ops->block(two, 5, 1000, &fence_value, &status), NTF_OK);
    assert_int_equal(fence_value, 50);
    assert_int_equal(one->ops->block(one, 5, 3000000, &fence_value, &status), NTF_TIMEOUT);
    assert_int_equal(status, NTF_STATUS_TIMEOUT);
    two->ops->close(two); /* holding */
    assert_int_equal(one->ops->take(one, 5, &fence_value, &status), NTF_E_ABANDONED);
    assert_int_equal(status, NTF_STATUS_ABANDONED);
    assert_int_equal(local->ops->block(local, 0, UINT64_MAX, &fence_value, NULL), NTF_E_ABANDONED);
    one->ops->close(one);
    local->ops->close(local);
    assert_int_equal(rig_try(handle, 5), NTF_STATUS_ABANDONED);
    assert_int_equal(rig_destroy_mutex(handle), NTF_STATUS_SUCCESS);
}

struct watcher {
    struct ntf_mutex *mutex;
    ntf_au32 tries;
    enum ntf_result result;
};

/* As the floors above do it: turns, take, a watch for one turn more. */
static void watch_and_take(void *context)
{
    struct watcher *watcher = context;
    struct ntf_parker parker;
    struct ntf_watch watch;

    ntf_parker_begin(&parker, NULL);
    for (;;) {
        const uint64_t now = turns(watcher->mutex);
        uint32_t index;
        watcher->result = take(watcher->mutex, 3);
        (void)ntf_fetch_add(&watcher->tries, 1u, NTF_RELEASE);
        if (watcher->result != NTF_NOT_READY)
            break;
        ntf_mutex_watch(watcher->mutex, now + 1, &watch);
        (void)ntf_watch_any(&watch, 1, NTF_FOREVER, &parker, &index);
    }
    ntf_parker_end(&parker);
}

static void watching(void **state)
{
    D3DKMT_HANDLE global, handle = rig_mutex(0, 0, &global);
    struct watcher watcher;
    struct ntf_thread *thread;

    (void)state;
    for (int abandons = 0; abandons < 2; abandons++) {
        watcher.mutex = by_number(global);
        ntf_init(&watcher.tries, 0u);
        assert_int_equal(rig_try(handle, abandons ? 3 : 0), NTF_STATUS_SUCCESS);
        assert_int_equal(ntf_thread_start(&thread, "watcher", watch_and_take, &watcher), NTF_OK);
        while (ntf_load(&watcher.tries, NTF_ACQUIRE) < 1)
            rig_yield();
        if (abandons)
            assert_int_equal(rig_destroy_mutex(handle), NTF_STATUS_SUCCESS);
        else
            assert_int_equal(rig_release(handle, 3, 0), NTF_STATUS_SUCCESS);
        ntf_thread_join(thread);
        assert_int_equal(watcher.result, abandons ? NTF_E_ABANDONED : NTF_OK);
        assert_in_range(ntf_load(&watcher.tries, NTF_ACQUIRE), 2, 3);
        if (!abandons)
            assert_int_equal(watcher.mutex->ops->give(watcher.mutex, 3, 0, NULL), NTF_OK);
        watcher.mutex->ops->close(watcher.mutex);
    }
}

/* What is in a bundle, by whatever is wanted of it. */
static void bundles(void **state)
{
    struct rig_bundle bundle;
    struct ntf_object *object = NULL;
    struct ntf_mutex *mutex = NULL;
    const char *why = "";
    ntf_status status;
    ntf_handle nt;

    (void)state;
    rig_bundle_make(&bundle, 0);
    nt = rig_bundle_share(&bundle);
    assert_int_equal(ntf_soft_open_bundle(nt, &object, &mutex, &status, &why), NTF_OK);
    assert_int_equal(take(mutex, 0), NTF_OK);
    assert_int_equal(rig_try(bundle.mutex, 0), NTF_STATUS_TIMEOUT);
    assert_int_equal(mutex->ops->give(mutex, 1, 0, NULL), NTF_OK);
    assert_int_equal(rig_signal(bundle.sync, 6), NTF_STATUS_SUCCESS);
    assert_int_equal(ntf_object_value(object), 6);
    assert_int_equal(ntf_object_value(mutex->companion), 6);
    object->ops->close(object);
    assert_int_equal(ntf_object_value(mutex->companion), 6);
    mutex->companion->ops->close(mutex->companion);
    mutex->ops->close(mutex);
    assert_int_equal(ntf_soft_open_bundle(nt, NULL, &mutex, &status, &why), NTF_OK);
    mutex->companion->ops->close(mutex->companion);
    mutex->ops->close(mutex);
    assert_int_equal(ntf_soft_open_bundle(nt, &object, NULL, &status, &why), NTF_OK);
    object->ops->close(object);
    rig_handle_close(nt);
    rig_bundle_destroy(&bundle);
}

/* A synchronization object without a value is no companion; with nothing else wanted there is nothing. */
static void bundle_with_a_legacy_object(void **state)
{
    D3DKMT_CREATESYNCHRONIZATIONOBJECT2 create = { .hDevice = rig_device() };
    D3DKMT_HANDLE three[3] = { rig_resource(NT_RESOURCE), rig_mutex(NT_MUTEX, 0, NULL), 0 };
    struct ntf_object *object = (struct ntf_object *)(uintptr_t)POISON;
    struct ntf_mutex *mutex = NULL;
    const char *why = "";
    ntf_status status;
    ntf_handle nt;

    (void)state;
    create.Info.Type = D3DDDI_SEMAPHORE;
    create.Info.Flags = SHARED;
    assert_int_equal(kmt.CreateSynchronizationObject2(&create), NTF_STATUS_SUCCESS);
    three[2] = create.hSyncObject;
    assert_int_equal(kmt.ShareObjects(3, three, NULL, 1, &nt), NTF_STATUS_SUCCESS);
    assert_int_equal(ntf_soft_open_bundle(nt, &object, NULL, &status, &why), NTF_E_WRONG_OBJECT);
    assert_int_equal((uintptr_t)object, POISON);
    assert_int_equal(ntf_soft_open_bundle(nt, &object, &mutex, &status, &why), NTF_OK);
    assert_null(object);
    assert_null(mutex->companion);
    mutex->ops->close(mutex);
    rig_handle_close(nt);
    rig_destroy(three[2]);
    assert_int_equal(rig_destroy_mutex(three[1]), NTF_STATUS_SUCCESS);
    assert_int_equal(rig_destroy_resource(three[0]), NTF_STATUS_SUCCESS);
}

/* Every refusal says why, writes nothing else, and keeps nothing open. */
static void refusals(void **state)
{
    struct rig_fence fence;
    D3DKMT_HANDLE number, mutex_number, handle = rig_mutex(0, 0, &mutex_number);
    struct ntf_mutex *mutex = (struct ntf_mutex *)(uintptr_t)POISON;
    struct ntf_object *object = (struct ntf_object *)(uintptr_t)POISON;
    struct rig_bundle bundle;
    ntf_handle plain, shared, event = rig_event_new();
    const char *why;
    ntf_status status;
    size_t handles = 0;

    (void)state;
    fence = rig_global(0, &number);
    rig_bundle_make(&bundle, 0);
    plain = rig_share(bundle.resource);
    shared = rig_share(bundle.sync);
    for (int round = 0; round < 3; round++) {
        const struct {
            ntf_handle nt;
            enum ntf_result expected;
        } rows[] = {
            { NULL, NTF_E_BAD_HANDLE }, { event, NTF_E_WRONG_OBJECT },
            { plain, NTF_E_WRONG_OBJECT }, { shared, NTF_E_WRONG_OBJECT },
        };
        handles = round == 1 ? ntf_test_open_handles() : handles;
        for (unsigned i = 0; i < NTF_COUNT(rows); i++) {
            why = NULL;
            status = NTF_STATUS_SUCCESS;
            assert_int_equal(ntf_soft_open_bundle(rows[i].nt, &object, &mutex, &status, &why), rows[i].expected);
            assert_non_null(why);
            assert_true(status < 0);
        }
        why = NULL;
        assert_int_equal(ntf_soft_open_mutex_global(number, &mutex, &status, &why), NTF_E_WRONG_OBJECT);
        assert_non_null(why);
        assert_int_equal(ntf_soft_open_mutex_global(number ^ 0x40, &mutex, &status, &why), NTF_E_NOT_FOUND);
        assert_int_equal(ntf_soft_open_mutex_global(handle, &mutex, &status, &why), NTF_E_BAD_HANDLE);
        assert_int_equal(ntf_soft_open_global(mutex_number, &object, &status, &why), NTF_E_WRONG_OBJECT);
        assert_int_equal(ntf_soft_open_handle(plain, &object, &status, &why), NTF_E_WRONG_OBJECT);
        assert_int_equal((uintptr_t)mutex, POISON);
        assert_int_equal((uintptr_t)object, POISON);
    }
    ntf_test_until_handles(handles);
    rig_handle_close(plain);
    rig_handle_close(shared);
    rig_handle_close(event);
    rig_bundle_destroy(&bundle);
    rig_destroy(fence.handle);
    assert_int_equal(rig_destroy_mutex(handle), NTF_STATUS_SUCCESS);
}

/* ---- a peer that writes anything ---- */

struct scribbler {
    ntf_au64 *page; /* 8 bytes each */
    ntf_au32 stop;
};

static void scribble(void *context)
{
    struct scribbler *scribbler = context;
    uint64_t random = 88172645463325252u;

    while (ntf_load(&scribbler->stop, NTF_ACQUIRE) == 0) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        ntf_store(&scribbler->page[8 + random % 504], random & 4 ? UINT64_MAX : random & 8 ? random : random & 3,
                  NTF_RELAXED);
    }
}

/* Finite waits end, calls come back, and the next mutex is as good as new. */
static void a_peer_writes_anything(void **state)
{
    const uint64_t until = ntf_os_now_ns() + UINT64_C(300000000);

    (void)state;
    do {
        D3DKMT_HANDLE global, handle = rig_mutex(0, 0, &global);
        struct ntf_mutex *mutex = by_number(global);
        struct scribbler scribbler = { (ntf_au64 *)(uintptr_t)mutex->turns - 8, 0 };
        struct ntf_thread *thread;

        assert_int_equal(take(mutex, 0), NTF_OK);
        assert_int_equal(mutex->ops->give(mutex, 0, 0, NULL), NTF_OK);
        assert_int_equal(ntf_thread_start(&thread, "scribbler", scribble, &scribbler), NTF_OK);
        for (unsigned i = 0; i < 30; i++) {
            uint64_t fence_value;
            if (mutex->ops->block(mutex, i % 3, 200000, &fence_value, NULL) == NTF_OK)
                (void)mutex->ops->give(mutex, i % 2, 1, NULL);
            (void)rig_try(handle, 0);
            (void)rig_release(handle, 0, 0);
        }
        ntf_store(&scribbler.stop, 1u, NTF_RELEASE);
        ntf_thread_join(thread);
        mutex->ops->close(mutex);
        assert_int_equal(rig_destroy_mutex(handle), NTF_STATUS_SUCCESS);
    } while (ntf_os_now_ns() < until);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_and_gives), cmocka_unit_test(watching),
        cmocka_unit_test(bundles),         cmocka_unit_test(bundle_with_a_legacy_object),
        cmocka_unit_test(refusals),        cmocka_unit_test(a_peer_writes_anything),
    };

    (void)argc;
    (void)argv;
    kmt = *ntf_soft_thunks();
    return ntf_test_run("soft-mutex-open", tests, NTF_COUNT(tests), NULL, NULL);
}
