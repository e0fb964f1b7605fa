/* SPDX-License-Identifier: Apache-2.0 */
/* Blocking and asynchronous waits in one process, through the D3DKMT calls. */
#include "rig.h"

#include <string.h>

#define MANY 200

static ntf_status wait_for(uint32_t count, const D3DKMT_HANDLE *handles, const uint64_t *values, ntf_handle event,
                           uint32_t flags)
{
    const D3DKMT_WAITFORSYNCHRONIZATIONOBJECTFROMCPU wait = { rig_device(), count, handles, values, event, flags };

    return kmt.WaitForSynchronizationObjectFromCpu(&wait);
}

/* An asynchronous wait that has ended tells that the thread which serves them has been round since. */
static void let_async_thread_look(void)
{
    /* Twice: the first event may be set at the beginning of a look, the second only by a look behind that. */
    for (int i = 0; i < 2; i++) {
        const struct rig_fence fence = rig_monitored(0, 0);
        const ntf_handle event = rig_event_new();

        assert_int_equal(rig_wait_async(fence.handle, 1, event), NTF_STATUS_SUCCESS);
        assert_int_equal(rig_signal(fence.handle, 1), NTF_STATUS_SUCCESS);
        rig_event_take(event);
        rig_handle_close(event);
        rig_destroy(fence.handle);
    }
}

/* Facts 6.3, CPU wait and signal: the whole table, on a monitored fence of initial value 1. */
static void table_of_facts(uint32_t flags, bool native)
{
    const struct rig_fence fence = native ? rig_native(flags, 1) : rig_monitored(flags, 1);
    const ntf_handle event = rig_event_new();

    for (uint64_t value = 0; value <= 1; value++) {
        assert_int_equal(rig_wait_async(fence.handle, value, event), NTF_STATUS_SUCCESS);
        assert_true(rig_event_is_set(event));
        rig_event_take(event);
    }
    assert_int_equal(rig_wait_async(fence.handle, 2, event), NTF_STATUS_SUCCESS);
    let_async_thread_look();
    assert_false(rig_event_is_set(event));
    assert_int_equal(rig_signal(fence.handle, 2), NTF_STATUS_SUCCESS);
    assert_int_equal(rig_value(&fence), 2);
    rig_event_take(event);
    assert_int_equal(rig_signal(fence.handle, 1), NTF_STATUS_INVALID_PARAMETER);
    assert_int_equal(rig_signal(fence.handle, 2), NTF_STATUS_SUCCESS);
    assert_int_equal(rig_value(&fence), 2);
    assert_int_equal(rig_signal_flags(fence.handle, 1, NTF_SIGNAL_ALLOW_REWIND), NTF_STATUS_SUCCESS);
    assert_int_equal(rig_value(&fence), 1);
    assert_int_equal(rig_wait_async(fence.handle, 2, event), NTF_STATUS_SUCCESS);
    let_async_thread_look();
    assert_false(rig_event_is_set(event));
    assert_int_equal(rig_signal(fence.handle, 2), NTF_STATUS_SUCCESS);
    rig_event_take(event);
    assert_int_equal(rig_wait(fence.handle, 2), NTF_STATUS_SUCCESS);
    rig_handle_close(event);
    rig_destroy(fence.handle);
}

static void table_private(void **state)
{
    (void)state;
    table_of_facts(0, false);
    table_of_facts(NTF_SYNC_NO_GPU_ACCESS | NTF_SYNC_NO_SIGNAL_MAX_ON_TDR, true);
}

static void table_shared(void **state)
{
    (void)state;
    table_of_facts(SHARED, false);
    table_of_facts(SHARED, true);
}

/* The largest value can be signalled and waited for, and is not sticky. */
static void all_ones(void **state)
{
    const struct rig_fence fence = rig_monitored(SHARED, 0);
    struct rig_waiter waiter;

    (void)state;
    rig_waiter_start(&waiter, fence.handle, UINT64_MAX);
    rig_until_armed(&fence, 1);
    assert_int_equal(rig_signal(fence.handle, UINT64_MAX), NTF_STATUS_SUCCESS);
    assert_int_equal(rig_waiter_join(&waiter), NTF_STATUS_SUCCESS);
    assert_int_equal(rig_signal_flags(fence.handle, 1, NTF_SIGNAL_ALLOW_REWIND), NTF_STATUS_SUCCESS);
    assert_int_equal(rig_value(&fence), 1);
    rig_destroy(fence.handle);
}

/* A thread that sleeps in a blocking wait is woken by the signal that reaches its target, and by none before. */
static void blocking(uint32_t flags)
{
    const struct rig_fence fence = rig_monitored(flags, 0);
    struct rig_waiter early, late;

    rig_waiter_start(&early, fence.handle, 5);
    rig_waiter_start(&late, fence.handle, 9);
    rig_until_armed(&fence, 2);
    assert_int_equal(rig_signal(fence.handle, 4), NTF_STATUS_SUCCESS);
    assert_int_equal(ntf_load(&early.done, NTF_ACQUIRE), 0);
    assert_int_equal(rig_signal(fence.handle, 6), NTF_STATUS_SUCCESS);
    assert_int_equal(rig_waiter_join(&early), NTF_STATUS_SUCCESS);
    assert_int_equal(ntf_load(&late.done, NTF_ACQUIRE), 0);
    assert_int_equal(rig_signal(fence.handle, 9), NTF_STATUS_SUCCESS);
    assert_int_equal(rig_waiter_join(&late), NTF_STATUS_SUCCESS);
    rig_destroy(fence.handle);
}

static void blocking_private(void **state)
{
    (void)state;
    blocking(0);
}

static void blocking_shared(void **state)
{
    (void)state;
    blocking(SHARED);
}

struct group {
    struct ntf_thread *thread;
    uint32_t count, flags;
    const D3DKMT_HANDLE *handles;
    const uint64_t *values;
    ntf_status status;
    ntf_au32 done;
};

static void run_group(void *context)
{
    struct group *group = context;

    group->status = wait_for(group->count, group->handles, group->values, NULL, group->flags);
    ntf_store(&group->done, 1u, NTF_RELEASE);
}

/* Any and all, over a mixture of private, shared and native fences; also above what one park can listen to. */
static void any_and_all(uint32_t count)
{
    static struct rig_fence fences[MANY];
    static D3DKMT_HANDLE handles[MANY];
    static uint64_t values[MANY];
    struct group any = { NULL, count, NTF_WAIT_FROM_CPU_ANY, handles, values, NTF_STATUS_PENDING, 0 };
    struct group all = { NULL, count, 0, handles, values, NTF_STATUS_PENDING, 0 };

    for (uint32_t i = 0; i < count; i++) {
        fences[i] = i % 3 == 0 ? rig_monitored(0, 0) : i % 3 == 1 ? rig_monitored(SHARED, 0) : rig_native(SHARED, 0);
        handles[i] = fences[i].handle;
        values[i] = 1 + i;
    }
    assert_int_equal(ntf_thread_start(&any.thread, "any", run_group, &any), NTF_OK);
    assert_int_equal(ntf_thread_start(&all.thread, "all", run_group, &all), NTF_OK);
    rig_until_armed(&fences[count - 1], 2);
    assert_int_equal(rig_signal(handles[count / 2], 1 + count / 2), NTF_STATUS_SUCCESS);
    ntf_thread_join(any.thread);
    assert_int_equal(any.status, NTF_STATUS_SUCCESS);
    assert_int_equal(ntf_load(&all.done, NTF_ACQUIRE), 0);
    for (uint32_t i = count; i-- > 0;) {
        assert_int_equal(ntf_load(&all.done, NTF_ACQUIRE), 0);
        if (i != count / 2)
            assert_int_equal(rig_signal(handles[i], 1 + i), NTF_STATUS_SUCCESS);
    }
    ntf_thread_join(all.thread);
    assert_int_equal(all.status, NTF_STATUS_SUCCESS);
    for (uint32_t i = 0; i < count; i++)
        rig_destroy(handles[i]);
}

static void any_and_all_few(void **state)
{
    (void)state;
    any_and_all(3);
    any_and_all(32);
}

static void any_and_all_many(void **state)
{
    (void)state;
    any_and_all(MANY);
}

/* The same object several times in one wait. */
static void same_object_twice(void **state)
{
    const struct rig_fence fence = rig_monitored(SHARED, 3);
    const D3DKMT_HANDLE handles[3] = { fence.handle, fence.handle, fence.handle };
    const uint64_t values[3] = { 9, 4, 3 };
    const ntf_handle event = rig_event_new();

    (void)state;
    assert_int_equal(wait_for(3, handles, values, NULL, NTF_WAIT_FROM_CPU_ANY), NTF_STATUS_SUCCESS);
    assert_int_equal(wait_for(3, handles, values, event, 0), NTF_STATUS_SUCCESS);
    assert_int_equal(rig_signal(fence.handle, 8), NTF_STATUS_SUCCESS);
    let_async_thread_look();
    assert_false(rig_event_is_set(event));
    assert_int_equal(rig_signal(fence.handle, 9), NTF_STATUS_SUCCESS);
    rig_event_take(event);
    rig_handle_close(event);
    rig_destroy(fence.handle);
}

/* An object of a wait for all that has been seen at its target stays done, whatever becomes of its value. */
static void seen_is_seen(void **state)
{
    const struct rig_fence a = rig_monitored(SHARED, 0), b = rig_monitored(0, 0);
    const D3DKMT_HANDLE handles[2] = { a.handle, b.handle };
    const uint64_t values[2] = { 1, 1 };
    const ntf_handle event = rig_event_new();

    (void)state;
    assert_int_equal(wait_for(2, handles, values, event, 0), NTF_STATUS_SUCCESS);
    let_async_thread_look();
    assert_int_equal(rig_signal(a.handle, 1), NTF_STATUS_SUCCESS);
    let_async_thread_look();
    assert_int_equal(rig_signal_flags(a.handle, 0, NTF_SIGNAL_ALLOW_REWIND), NTF_STATUS_SUCCESS);
    assert_int_equal(rig_signal(b.handle, 1), NTF_STATUS_SUCCESS);
    rig_event_take(event);
    rig_handle_close(event);
    rig_destroy(a.handle);
    rig_destroy(b.handle);
}

/* Asynchronous any and all; one event for many waits; the caller may close its event at once. */
static void async_any_and_all(void **state)
{
    struct rig_fence fences[4];
    D3DKMT_HANDLE handles[4];
    const uint64_t values[4] = { 1, 1, 1, 1 };
    const ntf_handle any = rig_event_new(), all = rig_event_new(), closed = rig_event_new();

    (void)state;
    for (int i = 0; i < 4; i++) {
        fences[i] = rig_monitored(i % 2 ? SHARED : 0, 0);
        handles[i] = fences[i].handle;
    }
    assert_int_equal(wait_for(4, handles, values, any, NTF_WAIT_FROM_CPU_ANY), NTF_STATUS_SUCCESS);
    assert_int_equal(wait_for(4, handles, values, all, 0), NTF_STATUS_SUCCESS);
    assert_int_equal(wait_for(4, handles, values, closed, 0), NTF_STATUS_SUCCESS);
    rig_handle_close(closed);
    for (int i = 0; i < 4; i++) {
        let_async_thread_look();
        assert_false(rig_event_is_set(all));
        assert_int_equal(rig_signal(handles[i], 1), NTF_STATUS_SUCCESS);
        if (i == 0)
            rig_event_take(any);
    }
    rig_event_take(all);
    let_async_thread_look();
    assert_false(rig_event_is_set(any));
    for (int i = 0; i < 4; i++)
        rig_destroy(handles[i]);
    rig_handle_close(any);
    rig_handle_close(all);
}

/* Many pending waits are one thread; none leaves anything behind. */
static void async_many(void **state)
{
    struct rig_fence fence;
    ntf_handle event;
    size_t handles, threads;

    (void)state;
    let_async_thread_look();
    handles = ntf_test_open_handles();
    threads = ntf_test_threads();
    event = rig_event_new();
    fence = rig_monitored(SHARED, 0);
    for (uint64_t i = 1; i <= 300; i++)
        assert_int_equal(rig_wait_async(fence.handle, i, event), NTF_STATUS_SUCCESS);
    assert_in_range(ntf_test_threads(), 1, threads);
    assert_int_equal(rig_signal(fence.handle, 300), NTF_STATUS_SUCCESS);
    rig_event_take(event);
    let_async_thread_look();
    rig_destroy(fence.handle);
    rig_handle_close(event);
    /* The thread drops its duplicate of an event after it has set it. */
    ntf_test_until_handles(handles + ntf_test_spare_handles);
}

/* Facts 2.1, row 18: with its handle a wait ends, reached or not; so does an asynchronous one. */
static void destroy_releases(void **state)
{
    const struct rig_fence fence = rig_monitored(SHARED, 0);
    const ntf_handle event = rig_event_new(), other_event = rig_event_new(), nt = rig_share(fence.handle);
    struct rig_fence other;
    struct rig_waiter waiter;

    (void)state;
    assert_int_equal(rig_open(nt, 0, &other), NTF_STATUS_SUCCESS);
    rig_waiter_start(&waiter, fence.handle, 7);
    rig_until_armed(&fence, 1);
    assert_int_equal(rig_wait_async(fence.handle, 7, event), NTF_STATUS_SUCCESS);
    assert_int_equal(rig_wait_async(other.handle, 7, other_event), NTF_STATUS_SUCCESS);
    rig_destroy(fence.handle);
    assert_int_equal(rig_waiter_join(&waiter), NTF_STATUS_SUCCESS);
    rig_event_take(event);
    let_async_thread_look();
    assert_false(rig_event_is_set(other_event));
    assert_int_equal(rig_signal(other.handle, 7), NTF_STATUS_SUCCESS);
    rig_event_take(other_event);
    rig_destroy(other.handle);
    rig_handle_close(event);
    rig_handle_close(other_event);
    rig_handle_close(nt);
}

/* Flag bit 10: such a wait outlives its handle while the object has others here, and ends with the last. */
static void unwait_only_on_destroy(void **state)
{
    const struct rig_fence fence = rig_monitored(SHARED | NTF_SYNC_UNWAIT_ON_DESTROY, 0);
    const ntf_handle event = rig_event_new(), nt = rig_share(fence.handle);
    struct rig_fence other;

    (void)state;
    assert_int_equal(rig_open(nt, 0, &other), NTF_STATUS_SUCCESS);
    assert_int_equal(rig_wait_async(fence.handle, 7, event), NTF_STATUS_SUCCESS);
    rig_destroy(fence.handle);
    let_async_thread_look();
    assert_false(rig_event_is_set(event));
    rig_destroy(other.handle);
    rig_event_take(event);
    rig_handle_close(event);
    rig_handle_close(nt);
}

/* More waiters than slots: they share the overflow word, private and shared. */
static void more_waiters_than_slots(void **state)
{
    static struct rig_waiter waiters[80];
    const uint32_t kinds[2] = { 0, SHARED };

    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        const struct rig_fence fence = rig_monitored(kinds[kind], 0);
        for (unsigned i = 0; i < NTF_COUNT(waiters); i++)
            rig_waiter_start(&waiters[i], fence.handle, 1 + i);
        rig_until_armed(&fence, 64);
        for (unsigned i = 0; i < NTF_COUNT(waiters); i++)
            assert_int_equal(rig_signal(fence.handle, 1 + i), NTF_STATUS_SUCCESS);
        for (unsigned i = 0; i < NTF_COUNT(waiters); i++)
            assert_int_equal(rig_waiter_join(&waiters[i]), NTF_STATUS_SUCCESS);
        rig_destroy(fence.handle);
    }
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_private),          cmocka_unit_test(table_shared),
        cmocka_unit_test(all_ones),               cmocka_unit_test(blocking_private),
        cmocka_unit_test(blocking_shared),        cmocka_unit_test(any_and_all_few),
        cmocka_unit_test(any_and_all_many),       cmocka_unit_test(same_object_twice),
        cmocka_unit_test(seen_is_seen),           cmocka_unit_test(async_any_and_all),
        cmocka_unit_test(async_many),             cmocka_unit_test(destroy_releases),
        cmocka_unit_test(unwait_only_on_destroy),
        cmocka_unit_test(more_waiters_than_slots),
    };

    (void)argc;
    (void)argv;
    rig_load();
    return ntf_test_run("soft-waits", tests, NTF_COUNT(tests), NULL, NULL);
}
