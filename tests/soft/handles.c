// SPDX-License-Identifier: Apache-2.0
// Handles as those see them who take no lock: what is ended while a signal is in it, and entries that are used again.
// handles.c is compiled here with a step before each attempt to hold an entry, so that a test can put something there.
#include "rig.h"

#include "base/os/pause.h"
#include "kmt/soft/wait.h"

static void (*meanwhile)(void); // once

static void step(void)
{
    void (*body)(void) = meanwhile;

    if (!body)
        return;
    meanwhile = NULL;
    body();
}

#undef ntf_cas
#define ntf_cas(p, expected, desired, order)                                                                           \
    (step(), atomic_compare_exchange_strong_explicit((p), (expected), (desired), (order), memory_order_relaxed))
#include "kmt/soft/handles.c"

enum { MANY = 5000, ROUNDS = 8000, SIGNALLERS = 3 };

static int fresh(void **state)
{
    (void)state;
    (void)rig_device();
    return 0;
}

// One thread is in it at a time; the next goes by a reference. Other handles of the object are others.
static void is_held_by_one(void **state)
{
    const struct rig_fence fence = rig_native(0, 0), other = rig_native(0, 0);
    struct soft_entry *first, *second;
    struct soft_sync *sync, *counted;

    (void)state;
    sync = soft_sync_enter(fence.handle, &first);
    assert_non_null(sync);
    assert_null(soft_sync_enter(fence.handle, &second));
    assert_non_null(soft_sync_enter(other.handle, &second));
    soft_sync_exit(second);
    counted = soft_sync_get(fence.handle);
    assert_ptr_equal(counted, sync);
    soft_sync_put(counted);
    soft_sync_exit(first);
    assert_ptr_equal(soft_sync_enter(fence.handle, &first), sync);
    soft_sync_exit(first);
    assert_null(soft_sync_enter(rig_device(), &first));
    assert_null(soft_sync_enter(0, &first));
    rig_destroy(fence.handle);
    rig_destroy(other.handle);
}

// The handle ends at once for everybody else; what it stands for stays until the exit, and goes then with the next
// handle that is made or ended.
static void ends_behind_whoever_is_in_it(void **state)
{
    const struct rig_fence fence = rig_native(0, 0);
    struct soft_entry *entry, *none;
    struct soft_sync *sync = soft_sync_enter(fence.handle, &entry);
    struct soft_object *object;

    (void)state;
    assert_non_null(sync);
    object = sync->object;
    soft_object_ref(object);
    rig_destroy(fence.handle);
    assert_null(soft_sync_get(fence.handle));
    assert_null(soft_sync_enter(fence.handle, &none));
    assert_int_equal(rig_signal(fence.handle, 1), NTF_STATUS_INVALID_PARAMETER);
    rig_destroy(rig_native(0, 0).handle);
    assert_true(object->references > 1);
    assert_ptr_equal(sync->object, object);
    assert_true(ntf_page_signal(object->page, 7, false, &object->page_ops));
    soft_sync_exit(entry);
    assert_null(soft_sync_enter(fence.handle, &none));
    rig_destroy(rig_native(0, 0).handle);
    assert_int_equal(object->references, 1);
    soft_object_unref(object);
}

static struct rig_fence predecessor, successor;

static void replace(void)
{
    rig_destroy(predecessor.handle);
    successor = rig_native(0, 0);
}

// The handle is ended, and its entry another's, between the look at it and the attempt to hold it.
static void is_not_taken_for_its_predecessor(void **state)
{
    struct soft_entry *entry, *same;

    (void)state;
    predecessor = rig_native(0, 0);
    assert_non_null(soft_sync_enter(predecessor.handle, &entry));
    soft_sync_exit(entry);
    meanwhile = replace;
    assert_null(soft_sync_enter(predecessor.handle, &same));
    assert_non_null(soft_sync_enter(successor.handle, &same));
    assert_ptr_equal(same, entry); // or it was not what this is about
    soft_sync_exit(same);
    assert_int_equal(rig_value(&successor), 0);
    rig_destroy(successor.handle);
}

// Also those that are not the first of their chain, and none of them when they are gone.
static void finds_thousands(void **state)
{
    static struct rig_fence fences[MANY];

    (void)state;
    for (unsigned i = 0; i < MANY; i++)
        fences[i] = rig_native(0, 0);
    for (unsigned i = 0; i < MANY; i++) {
        assert_int_equal(rig_signal(fences[i].handle, i + 1), NTF_STATUS_SUCCESS);
        assert_int_equal(rig_value(&fences[i]), i + 1);
    }
    // In another order than they came.
    for (unsigned i = 0; i < MANY; i++)
        rig_destroy(fences[i * 7 % MANY].handle);
    for (unsigned i = 0; i < MANY; i++)
        assert_int_equal(rig_signal(fences[i].handle, MANY + 1), NTF_STATUS_INVALID_PARAMETER);
}

static struct {
    ntf_au32 handle, stop;
    ntf_au32 wrong, done, late; // signals by status
} race;

static void signal_until_stopped(void *context)
{
    (void)context;
    while (!ntf_load(&race.stop, NTF_ACQUIRE)) {
        const ntf_status status = rig_signal(ntf_load(&race.handle, NTF_RELAXED), 1);

        ntf_fetch_add(status == NTF_STATUS_SUCCESS             ? &race.done
                      : status == NTF_STATUS_INVALID_PARAMETER ? &race.late
                                                               : &race.wrong,
                      1u, NTF_RELAXED);
    }
}

// Signals beside the end of their handle: done or refused, and never to what has come in its place. (What is used after
// its end is for the sanitizers to see.)
static void either_order_is_right(void **state)
{
    struct ntf_thread *threads[SIGNALLERS];
    struct rig_fence bystander;

    (void)state;
    ntf_store(&race.stop, 0u, NTF_RELAXED);
    for (unsigned i = 0; i < SIGNALLERS; i++)
        assert_int_equal(ntf_thread_start(&threads[i], "signaller", signal_until_stopped, NULL), NTF_OK);
    for (unsigned round = 0; round < ROUNDS; round++) {
        const struct rig_fence fence = rig_native(0, 0);
        const uint32_t before = ntf_load(&race.done, NTF_RELAXED);

        ntf_store(&race.handle, fence.handle, NTF_RELAXED);
        while (round % 64 == 0 && ntf_load(&race.done, NTF_RELAXED) == before)
            rig_yield();
        rig_destroy(fence.handle);
        // Its entry is used again, and nobody signals this one.
        bystander = rig_native(0, 0);
        assert_int_equal(rig_value(&bystander), 0);
        rig_destroy(bystander.handle);
    }
    ntf_store(&race.stop, 1u, NTF_RELEASE);
    for (unsigned i = 0; i < SIGNALLERS; i++)
        ntf_thread_join(threads[i]);
    assert_int_equal(ntf_load(&race.wrong, NTF_RELAXED), 0);
    assert_true(ntf_load(&race.done, NTF_RELAXED) > 0);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(is_held_by_one, fresh),
        cmocka_unit_test_setup(ends_behind_whoever_is_in_it, fresh),
        cmocka_unit_test_setup(is_not_taken_for_its_predecessor, fresh),
        cmocka_unit_test_setup(finds_thousands, fresh),
        cmocka_unit_test_setup(either_order_is_right, fresh),
    };
    (void)argc;
    (void)argv;
    rig_load();
    return ntf_test_run("soft-handles", tests, NTF_COUNT(tests), NULL, NULL);
}
