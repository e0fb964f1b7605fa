// SPDX-License-Identifier: Apache-2.0
/*
 * Keyed mutexes behind VkFences, in one process: imports and their refusals, what a wait takes and when, and what ends
 * the ownership. What the layer holds is asked by D3DKMT calls alone.
 */
#include "peer.h"

#include <string.h>

#include "base/os/os.h"

static const struct keys keys = {3, 4};

static VkResult wait_for(uint32_t count, const VkFence *fences, bool all, uint64_t timeout_ns)
{
    return vk.WaitForFences(world.device, count, fences, all, timeout_ns);
}

// ---- somebody who does a thing when the wait is likely to sleep: not to be waited for, only to be varied

struct later {
    struct ntf_thread *thread;
    const struct peer_mutex *mutex;
    uint64_t key, value;
    bool raises; // the companion
    unsigned ms;
    ntf_au32 done;
};

static void later_body(void *context)
{
    struct later *later = context;
    os_sleep_ms(later->ms);
    ntf_store(&later->done, 1, NTF_RELEASE);
    if (later->raises)
        peer_signal(later->mutex, later->value);
    else if (peer_give(later->mutex, later->key, later->value) != NTF_STATUS_SUCCESS)
        ntf_store(&later->done, 2, NTF_RELEASE);
}

static void later_start(struct later *later)
{
    ntf_init(&later->done, 0);
    assert_int_equal(ntf_thread_start(&later->thread, "later", later_body, later), NTF_OK);
}

// After a wait has returned: it did not return before the thing was begun.
static void later_end(struct later *later)
{
    const uint32_t done = ntf_load(&later->done, NTF_ACQUIRE);
    ntf_thread_join(later->thread);
    assert_true(done >= 1);
    assert_int_equal(ntf_load(&later->done, NTF_ACQUIRE), 1);
}

// ---- imports

// By handle, by name and by number: the status never takes it, a wait does, a reset releases it.
static void every_way(void **state)
{
    (void)state;
    for (unsigned way = 0; way < WAYS; way++) {
        struct peer_mutex mutex;
        VkFence fence = fence_new();
        peer_make(&mutex, way, keys.acquire);
        assert_int_equal(import_mutex(fence, &mutex, &keys, TEMPORARY_IMPORT), VK_SUCCESS);
        for (int i = 0; i < 3; i++)
            assert_int_equal(fence_status(fence), VK_NOT_READY);
        expect_free(&mutex, keys.acquire, 0);
        assert_int_equal(wait_for(1, &fence, way % 2, 0), VK_SUCCESS);
        fence_expect(fence, true);
        expect_held(&mutex);
        fence_reset(fence);
        expect_free(&mutex, keys.release, 0);
        // The fence's own payload is back: nobody takes the mutex any more, and it can be submitted.
        fence_expect(fence, false);
        fence_submit(fence);
        assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
        expect_free(&mutex, keys.release, 0);
        fence_free(fence);
        peer_destroy(&mutex);
    }
}

// Without the structure both keys are 0; without our extension there is no structure.
static void keys_of_zero(void **state)
{
    VkDevice before = world.device;
    struct peer_mutex mutex;
    (void)state;
    for (int alone = 0; alone < 2; alone++) {
        if (alone)
            device_use(device_new((const char *const[]){VK_KHR_EXTERNAL_FENCE_WIN32_EXTENSION_NAME, NULL}));
        VkFence fence = fence_new();
        peer_make(&mutex, PEER_HANDLE, 0);
        assert_int_equal(import_mutex(fence, &mutex, NULL, TEMPORARY_IMPORT), VK_SUCCESS);
        assert_int_equal(fence_wait(fence, 0), VK_SUCCESS);
        expect_held(&mutex);
        fence_reset(fence);
        expect_free(&mutex, 0, 0);
        if (alone) {
            messages_clear();
            assert_int_equal(import_mutex(fence, &mutex, &keys, TEMPORARY_IMPORT), VK_ERROR_INVALID_EXTERNAL_HANDLE);
            assert_int_equal(messages_of("NTF-IMPORT-007"), 1);
        }
        fence_free(fence);
        peer_destroy(&mutex);
    }
    vk.DestroyDevice(world.device, NULL);
    device_use(before);
}

static VkResult import_chained(VkFence fence, ntf_handle handle, VkFenceImportFlags flags, const void *chain)
{
    const VkImportFenceWin32HandleInfoKHR info = {
        .sType = VK_STRUCTURE_TYPE_IMPORT_FENCE_WIN32_HANDLE_INFO_KHR,
        .pNext = chain,
        .fence = fence,
        .flags = flags,
        .handleType = VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT,
        .handle = handle,
    };
    messages_clear();
    return vk.ImportFenceWin32HandleKHR(world.device, &info);
}

static void expect_refused(VkResult result, const char *code)
{
    assert_int_equal(result, VK_ERROR_INVALID_EXTERNAL_HANDLE);
    assert_int_equal(messages_of(code), 1);
}

// Each refusal has its reason, changes nothing, and holds nothing.
static void refusals(void **state)
{
    NtfenceImportKeyedMutexInfo keyed = {.sType = NTFENCE_STRUCTURE_TYPE_IMPORT_KEYED_MUTEX_INFO, .acquireKey = 3};
    NtfenceImportValueInfo value = {.sType = NTFENCE_STRUCTURE_TYPE_IMPORT_VALUE_INFO, .waitValue = 1};
    NtfenceImportKeyedMutexInfo again = keyed;
    struct peer_mutex mutex, number;
    struct kernel_fence object;
    VkFence fence = fence_new();
    (void)state;
    peer_make(&mutex, PEER_HANDLE, keys.acquire);
    peer_make(&number, PEER_NUMBER, keys.acquire);
    kernel_make(&object, false, false, 0);
    assert_int_equal(import_by_handle(fence, object.handle, 0, 5), VK_SUCCESS);
    const size_t handles = ntf_test_open_handles();
    for (int round = 0; round < 20; round++) {
        expect_refused(import_chained(fence, mutex.handle, 0, &keyed), "NTF-IMPORT-014");
        messages_clear();
        expect_refused(import_mutex(fence, &mutex, NULL, 0), "NTF-IMPORT-014");
        messages_clear();
        expect_refused(import_mutex(fence, &number, NULL, 0), "NTF-IMPORT-014");
        value.pNext = &keyed;
        expect_refused(import_chained(fence, mutex.handle, TEMPORARY_IMPORT, &value), "NTF-IMPORT-015");
        value.pNext = NULL;
        keyed.pNext = &again;
        expect_refused(import_chained(fence, mutex.handle, TEMPORARY_IMPORT, &keyed), "NTF-IMPORT-007");
        keyed.pNext = NULL;
        keyed.flags = 1;
        expect_refused(import_chained(fence, mutex.handle, TEMPORARY_IMPORT, &keyed), "NTF-IMPORT-008");
        keyed.flags = 0;
        // What is a fence alone is no mutex, and a mutex alone is no fence.
        expect_refused(import_chained(fence, object.handle, TEMPORARY_IMPORT, &keyed), "NTF-IMPORT-002");
    }
    ntf_test_until_handles(handles);
    expect_free(&mutex, keys.acquire, 0);
    // The payload is the one from before.
    kernel_signal(&object, 5);
    fence_expect(fence, true);
    fence_free(fence);
    kernel_destroy(&object);
    peer_destroy(&number);
    peer_destroy(&mutex);
}

// Of a bundle that has both, the structure says which is meant; its fence is one like others, also for good.
static void either_of_a_bundle(void **state)
{
    struct peer_mutex mutex;
    char kernel[8];
    (void)state;
    // A kernel opens the fence of a bundle without an address of its value.
    if (ntf_os_getenv("NTFENCE_RUNGS", kernel, sizeof kernel) >= 0)
        skip();
    VkFence fence = fence_new();
    peer_make(&mutex, PEER_HANDLE, keys.acquire);
    assert_int_equal(import_by_handle(fence, mutex.handle, 0, 2), VK_SUCCESS);
    fence_expect(fence, false);
    peer_signal(&mutex, 2);
    fence_expect(fence, true);
    expect_free(&mutex, keys.acquire, 0);
    assert_int_equal(import_mutex(fence, &mutex, &keys, TEMPORARY_IMPORT), VK_SUCCESS);
    assert_int_equal(fence_wait(fence, 0), VK_SUCCESS);
    expect_held(&mutex);
    fence_reset(fence); // the permanent payload is restored, and reset
    expect_free(&mutex, keys.release, 0);
    fence_expect(fence, false);
    peer_signal(&mutex, 3);
    fence_expect(fence, true);
    fence_free(fence);
    peer_destroy(&mutex);
}

// ---- what ends it

static void whatever_ends_it_releases(void **state)
{
    struct peer_mutex mutex, other;
    VkFence fence = fence_new();
    (void)state;
    peer_make(&mutex, PEER_HANDLE, keys.acquire);
    peer_make(&other, PEER_NUMBER, keys.acquire);
    // Nothing is released that was not taken.
    assert_int_equal(import_mutex(fence, &mutex, &keys, TEMPORARY_IMPORT), VK_SUCCESS);
    fence_reset(fence);
    expect_free(&mutex, keys.acquire, 0);
    // An import in its place.
    assert_int_equal(import_mutex(fence, &mutex, &keys, TEMPORARY_IMPORT), VK_SUCCESS);
    assert_int_equal(fence_wait(fence, 0), VK_SUCCESS);
    assert_int_equal(import_mutex(fence, &other, &keys, TEMPORARY_IMPORT), VK_SUCCESS);
    expect_free(&mutex, keys.release, 0);
    // The fence's end.
    assert_int_equal(fence_wait(fence, 0), VK_SUCCESS);
    expect_held(&other);
    fence_free(fence);
    expect_free(&other, keys.release, 0);
    peer_destroy(&other);
    peer_destroy(&mutex);
}

// What an acquire has returned is given on by the release.
static void the_value_goes_on(void **state)
{
    struct peer_mutex mutex;
    VkFence fence = fence_new();
    (void)state;
    peer_make(&mutex, PEER_HANDLE, keys.acquire);
    peer_signal(&mutex, 70);
    peer_take(&mutex, keys.acquire);
    assert_int_equal(peer_give(&mutex, keys.acquire, 66), NTF_STATUS_SUCCESS);
    assert_int_equal(import_mutex(fence, &mutex, &keys, TEMPORARY_IMPORT), VK_SUCCESS);
    assert_int_equal(fence_wait(fence, 0), VK_SUCCESS);
    fence_reset(fence);
    expect_free(&mutex, keys.release, 66);
    fence_free(fence);
    peer_destroy(&mutex);
}

// ---- waits

// A key that never comes: not earlier than asked for, nothing taken, also with others that could be had.
static void deadlines_hold(void **state)
{
    struct peer_mutex mutexes[3];
    VkFence fences[3];
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        peer_make(&mutexes[i], i, i == 1 ? 9 : keys.acquire);
        fences[i] = fence_new();
        assert_int_equal(import_mutex(fences[i], &mutexes[i], &keys, TEMPORARY_IMPORT), VK_SUCCESS);
    }
    assert_int_equal(fence_wait(fences[1], 0), VK_TIMEOUT);
    for (int round = 0; round < 4; round++) {
        const uint64_t begin_ns = ntf_os_now_ns(), timeout_ns = round ? 12 * MS * (unsigned)round : 0;
        assert_int_equal(wait_for(3, fences, true, timeout_ns), VK_TIMEOUT);
        assert_true(ntf_os_now_ns() - begin_ns >= timeout_ns);
        assert_int_equal(wait_for(1, &fences[1], false, timeout_ns), VK_TIMEOUT);
        assert_true(ntf_os_now_ns() - begin_ns >= 2 * timeout_ns);
        expect_free(&mutexes[0], keys.acquire, 0);
        expect_free(&mutexes[2], keys.acquire, 0);
        expect_free(&mutexes[1], 9, 0);
    }
    for (unsigned i = 0; i < 3; i++) {
        fence_free(fences[i]);
        peer_destroy(&mutexes[i]);
    }
}

// A release at the key wakes the wait; with others that the wait has beside it, which end it or do not.
static void a_release_wakes(void **state)
{
    struct peer_mutex mutexes[2];
    struct kernel_fence object;
    VkFence fences[4];
    (void)state;
    kernel_make(&object, true, false, 0);
    for (unsigned i = 0; i < 2; i++) {
        peer_make(&mutexes[i], i ? PEER_NUMBER : PEER_HANDLE, keys.acquire);
        fences[i] = fence_new();
    }
    fences[2] = fence_new();
    assert_int_equal(import_by_handle(fences[2], object.handle, 0, 1), VK_SUCCESS);
    fences[3] = fence_new();
    for (unsigned round = 0; round < 12; round++) {
        const unsigned count = 1 + round % 4;
        const bool all = round & 4 && count < 3;
        for (unsigned i = 0; i < 2; i++) {
            assert_int_equal(import_mutex(fences[i], &mutexes[i], &(struct keys){3, 3}, TEMPORARY_IMPORT), VK_SUCCESS);
            peer_take(&mutexes[i], 3);
        }
        struct later later = {.mutex = &mutexes[0], .key = 3, .value = 0, .ms = round % 3 * 10};
        if (all && count == 2)
            assert_int_equal(peer_give(&mutexes[1], 3, 0), NTF_STATUS_SUCCESS);
        later_start(&later);
        assert_int_equal(wait_for(count, fences, all, UINT64_MAX), VK_SUCCESS);
        later_end(&later);
        expect_held(&mutexes[0]);
        fence_expect(fences[0], true);
        assert_int_equal(fence_status(fences[1]), all && count == 2 ? VK_SUCCESS : VK_NOT_READY);
        if (!(all && count == 2))
            assert_int_equal(peer_give(&mutexes[1], 3, 0), NTF_STATUS_SUCCESS);
        fence_reset(fences[0]);
        fence_reset(fences[1]);
    }
    for (unsigned i = 0; i < 4; i++)
        fence_free(fences[i]);
    kernel_destroy(&object);
    peer_destroy(&mutexes[0]);
    peer_destroy(&mutexes[1]);
}

// Its companion has not reached the value that the release has left: nobody has it until it has.
static void companion_comes_first(void **state)
{
    struct peer_mutex mutex;
    VkFence fence = fence_new();
    (void)state;
    peer_make(&mutex, PEER_HANDLE, keys.acquire);
    for (uint64_t round = 1; round < 6; round++) {
        struct later later = {.mutex = &mutex, .value = 10 * round, .raises = true, .ms = round % 3 * 10};
        peer_take(&mutex, keys.acquire);
        assert_int_equal(peer_give(&mutex, keys.acquire, 10 * round), NTF_STATUS_SUCCESS);
        assert_int_equal(import_mutex(fence, &mutex, &(struct keys){3, 3}, TEMPORARY_IMPORT), VK_SUCCESS);
        assert_int_equal(wait_for(1, &fence, round % 2, MS), VK_TIMEOUT);
        expect_free_soon(&mutex, keys.acquire, 10 * round);
        later_start(&later);
        assert_int_equal(wait_for(1, &fence, round % 2, UINT64_MAX), VK_SUCCESS);
        later_end(&later);
        expect_held(&mutex);
        fence_reset(fence);
    }
    fence_free(fence);
    peer_destroy(&mutex);
}

// Whatever else ends a wait for any, the mutexes in it are not taken; with a thread in the kernel they are given back.
static void not_taken_when_another_ends_it(void **state)
{
    struct peer_mutex mutexes[2];
    struct kernel_fence object;
    VkFence fences[4];
    (void)state;
    kernel_make(&object, true, false, 0);
    for (unsigned i = 0; i < 2; i++) {
        peer_make(&mutexes[i], i ? PEER_NUMBER : PEER_HANDLE, 3);
        fences[i] = fence_new();
        assert_int_equal(import_mutex(fences[i], &mutexes[i], &(struct keys){3, 3}, TEMPORARY_IMPORT), VK_SUCCESS);
    }
    fences[2] = fence_new();
    fences[3] = fence_new_signalled();
    assert_int_equal(import_by_handle(fences[2], object.handle, 0, 1), VK_SUCCESS);
    // A fence of the driver's; then one of the object's, though both mutexes are free.
    assert_int_equal(wait_for(4, fences, false, UINT64_MAX), VK_SUCCESS);
    expect_free(&mutexes[0], 3, 0);
    expect_free(&mutexes[1], 3, 0);
    fence_reset(fences[3]);
    kernel_signal(&object, 1);
    assert_int_equal(wait_for(4, fences, false, UINT64_MAX), VK_SUCCESS);
    expect_free(&mutexes[0], 3, 0);
    // While it sleeps.
    peer_take(&mutexes[0], 3);
    peer_take(&mutexes[1], 3);
    for (uint64_t round = 2; round < 6; round++) {
        struct later later = {.mutex = &mutexes[0], .key = 3, .ms = 20};
        fence_reset(fences[2]);
        assert_int_equal(wait_for(round % 2 ? 3 : 4, fences, false, 5 * MS), VK_TIMEOUT);
        later_start(&later);
        os_sleep_ms(15);
        kernel_signal(&object, round);
        assert_int_equal(wait_for(3, fences, false, UINT64_MAX), VK_SUCCESS);
        ntf_thread_join(later.thread);
        assert_int_equal(fence_status(fences[2]), VK_SUCCESS);
        assert_int_equal(fence_status(fences[0]), VK_NOT_READY);
        // A thread of the layer may still have it in its hands for a moment, where it waits in the kernel.
        expect_free_soon(&mutexes[0], 3, 0);
        peer_take(&mutexes[0], 3);
    }
    assert_int_equal(peer_give(&mutexes[0], 3, 0), NTF_STATUS_SUCCESS);
    assert_int_equal(peer_give(&mutexes[1], 3, 0), NTF_STATUS_SUCCESS);
    for (unsigned i = 0; i < 4; i++)
        fence_free(fences[i]);
    kernel_destroy(&object);
    peer_destroy(&mutexes[0]);
    peer_destroy(&mutexes[1]);
}

// A wait for all: whatever is missing, no mutex is taken; when all is there, all are.
static void all_or_none(void **state)
{
    struct peer_mutex mutexes[3];
    struct kernel_fence object;
    VkFence fences[5];
    (void)state;
    kernel_make(&object, true, false, 0);
    fences[0] = fence_new();
    assert_int_equal(import_by_handle(fences[0], object.handle, 0, 1), VK_SUCCESS);
    for (unsigned i = 0; i < 3; i++) {
        peer_make(&mutexes[i], i, 3);
        fences[1 + i] = fence_new();
        assert_int_equal(import_mutex(fences[1 + i], &mutexes[i], &(struct keys){3, 3}, TEMPORARY_IMPORT), VK_SUCCESS);
    }
    fences[4] = fence_new();
    assert_int_equal(wait_for(5, fences, true, 5 * MS), VK_TIMEOUT); // the object's, and the driver's
    kernel_signal(&object, 1);
    assert_int_equal(wait_for(5, fences, true, 5 * MS), VK_TIMEOUT); // the driver's
    fence_submit(fences[4]);
    peer_take(&mutexes[2], 3);
    assert_int_equal(wait_for(5, fences, true, 5 * MS), VK_TIMEOUT); // one mutex
    expect_free(&mutexes[0], 3, 0);
    expect_free(&mutexes[1], 3, 0);
    struct later later = {.mutex = &mutexes[2], .key = 3, .ms = 10};
    later_start(&later);
    assert_int_equal(wait_for(5, fences, true, UINT64_MAX), VK_SUCCESS);
    later_end(&later);
    for (unsigned i = 0; i < 3; i++)
        expect_held(&mutexes[i]);
    assert_int_equal(wait_for(5, fences, true, 0), VK_SUCCESS);
    assert_int_equal(vk.ResetFences(world.device, 5, fences), VK_SUCCESS);
    for (unsigned i = 0; i < 3; i++)
        expect_free_soon(&mutexes[i], 3, 0); // a thread that was late may take and return one
    for (unsigned i = 0; i < 5; i++)
        fence_free(fences[i]);
    for (unsigned i = 0; i < 3; i++)
        peer_destroy(&mutexes[i]);
    kernel_destroy(&object);
}

// The same mutex in two fences of a wait: a wait for all ends at its deadline, one for any takes it once.
static void the_same_mutex_twice(void **state)
{
    struct peer_mutex mutex;
    VkFence fences[2] = {fence_new(), fence_new()};
    (void)state;
    peer_make(&mutex, PEER_NUMBER, keys.acquire);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(import_mutex(fences[i], &mutex, &keys, TEMPORARY_IMPORT), VK_SUCCESS);
    assert_int_equal(wait_for(2, fences, true, 30 * MS), VK_TIMEOUT);
    expect_free_soon(&mutex, keys.acquire, 0);
    assert_int_equal(wait_for(2, fences, false, UINT64_MAX), VK_SUCCESS);
    assert_true((fence_status(fences[0]) == VK_SUCCESS) != (fence_status(fences[1]) == VK_SUCCESS));
    fence_free(fences[0]);
    fence_free(fences[1]);
    expect_free(&mutex, keys.release, 0);
    peer_destroy(&mutex);
}

// A list may hold a fence twice, and more fences than fit on the stack.
static void many(void **state)
{
    enum { MUTEXES = 20, PLAIN = 150 };
    struct peer_mutex mutexes[MUTEXES];
    VkFence fences[MUTEXES + PLAIN + 1];
    (void)state;
    for (unsigned i = 0; i < MUTEXES + PLAIN; i++)
        fences[i] = i < MUTEXES ? fence_new() : fence_new_signalled();
    for (unsigned i = 0; i < MUTEXES; i++) {
        peer_make(&mutexes[i], i % 2 ? PEER_HANDLE : PEER_NUMBER, i + 1 < MUTEXES ? 3 : 9);
        assert_int_equal(import_mutex(fences[i], &mutexes[i], &(struct keys){3, 3}, TEMPORARY_IMPORT), VK_SUCCESS);
    }
    fences[MUTEXES + PLAIN] = fences[0];
    assert_int_equal(wait_for(NTF_COUNT(fences), fences, true, 5 * MS), VK_TIMEOUT);
    peer_take(&mutexes[MUTEXES - 1], 9);
    struct later later = {.mutex = &mutexes[MUTEXES - 1], .key = 3, .ms = 10};
    later_start(&later);
    assert_int_equal(wait_for(NTF_COUNT(fences), fences, true, UINT64_MAX), VK_SUCCESS);
    later_end(&later);
    for (unsigned i = 0; i < MUTEXES; i++)
        assert_int_equal(fence_status(fences[i]), VK_SUCCESS);
    assert_int_equal(vk.ResetFences(world.device, MUTEXES + PLAIN, fences), VK_SUCCESS);
    peer_take(&mutexes[MUTEXES / 2], 3);
    for (unsigned i = 0; i < MUTEXES; i++)
        assert_int_equal(
            import_mutex(fences[i], &mutexes[i], &(struct keys){i == MUTEXES / 2 ? 3 : 8, 3}, TEMPORARY_IMPORT),
            VK_SUCCESS);
    assert_int_equal(wait_for(NTF_COUNT(fences), fences, false, 5 * MS), VK_TIMEOUT);
    later = (struct later){.mutex = &mutexes[MUTEXES / 2], .key = 3, .ms = 10};
    later_start(&later);
    assert_int_equal(wait_for(NTF_COUNT(fences), fences, false, UINT64_MAX), VK_SUCCESS);
    later_end(&later);
    assert_int_equal(fence_status(fences[MUTEXES / 2]), VK_SUCCESS);
    for (unsigned i = 0; i < MUTEXES + PLAIN; i++)
        fence_free(fences[i]);
    for (unsigned i = 0; i < MUTEXES; i++)
        peer_destroy(&mutexes[i]);
}

// ---- two threads, one fence

struct second {
    struct ntf_thread *thread;
    VkFence fence;
    VkResult result;
};

static void second_body(void *context)
{
    struct second *second = context;
    second->result = vk.WaitForFences(world.device, 1, &second->fence, VK_FALSE, UINT64_MAX);
}

// One of them takes it, and the other learns of it: the fence is signalled.
static void two_waits_for_one_fence(void **state)
{
    struct peer_mutex mutex;
    VkFence fence = fence_new();
    (void)state;
    peer_make(&mutex, PEER_NUMBER, 3);
    for (int round = 0; round < 10; round++) {
        struct second second = {.fence = fence};
        struct later later = {.mutex = &mutex, .key = 3, .ms = 5};
        assert_int_equal(import_mutex(fence, &mutex, &(struct keys){3, 3}, TEMPORARY_IMPORT), VK_SUCCESS);
        peer_take(&mutex, 3);
        assert_int_equal(ntf_thread_start(&second.thread, "second", second_body, &second), NTF_OK);
        later_start(&later);
        assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
        ntf_thread_join(second.thread);
        later_end(&later);
        assert_int_equal(second.result, VK_SUCCESS);
        fence_reset(fence);
    }
    fence_free(fence);
    peer_destroy(&mutex);
}

// Abandoned by a handle's end: said once for an import, and nothing beside it stays taken.
static void abandoned(void **state)
{
    struct peer_mutex mutexes[2], owner;
    VkFence fences[2] = {fence_new(), fence_new()};
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        peer_make(&mutexes[i], PEER_NUMBER, 3);
        assert_int_equal(import_mutex(fences[i], &mutexes[i], &(struct keys){3, 3}, TEMPORARY_IMPORT), VK_SUCCESS);
    }
    peer_open_number(&owner, mutexes[0].global);
    peer_take(&owner, 3);
    assert_int_equal(wait_for(2, fences, true, 2 * MS), VK_TIMEOUT);
    peer_destroy(&owner); // while it has it
    for (int round = 0; round < 3; round++) {
        assert_int_equal(wait_for(2, fences, true, round ? 0 : UINT64_MAX), VK_ERROR_UNKNOWN);
        assert_int_equal(fence_wait(fences[0], round ? 0 : UINT64_MAX), VK_ERROR_UNKNOWN);
        assert_int_equal(fence_status(fences[0]), VK_NOT_READY);
        assert_int_equal(messages_of("NTF-FENCE-008"), 1);
        expect_free(&mutexes[1], 3, 0);
    }
    fence_reset(fences[0]);
    assert_int_equal(messages_of("NTF-FENCE-009"), 0);
    for (unsigned i = 0; i < 2; i++) {
        fence_free(fences[i]);
        peer_destroy(&mutexes[i]);
    }
}

// ---- signals

// No queue signals it, and it goes to nobody else: said, and nothing has changed.
static void no_signal_no_export(void **state)
{
    const VkFenceGetWin32HandleInfoKHR get = {
        .sType = VK_STRUCTURE_TYPE_FENCE_GET_WIN32_HANDLE_INFO_KHR,
        .handleType = VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT,
    };
    VkFenceGetWin32HandleInfoKHR info = get;
    struct peer_mutex mutex;
    VkFence fence = fence_new();
    HANDLE handle = NULL;
    (void)state;
    peer_make(&mutex, PEER_HANDLE, keys.acquire);
    assert_int_equal(import_mutex(fence, &mutex, &keys, TEMPORARY_IMPORT), VK_SUCCESS);
    for (unsigned i = 1; i < 3; i++) {
        assert_int_equal(vk.QueueSubmit(world.queue, 0, NULL, fence), VK_ERROR_UNKNOWN);
        assert_int_equal(messages_of("NTF-FENCE-010"), i);
    }
    info.fence = fence;
    assert_int_equal(vk.GetFenceWin32HandleKHR(world.device, &info, &handle), VK_ERROR_UNKNOWN);
    assert_null(handle);
    assert_int_equal(fence_wait(fence, 0), VK_SUCCESS);
    fence_reset(fence);
    expect_free(&mutex, keys.release, 0);
    fence_submit(fence);
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    fence_free(fence);
    peer_destroy(&mutex);
}

// ---- what is left

static void come_and_go(const struct peer_mutex *mutex, VkFence fence)
{
    for (int i = 0; i < 60; i++) {
        assert_int_equal(import_mutex(fence, mutex, &(struct keys){3, 3}, TEMPORARY_IMPORT), VK_SUCCESS);
        if (i % 2) {
            assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
        } else {
            peer_take(mutex, 3);
            assert_int_equal(wait_for(1, &fence, i % 4, MS / 4), VK_TIMEOUT);
            assert_int_equal(peer_give(mutex, 3, 0), NTF_STATUS_SUCCESS);
        }
        fence_reset(fence);
    }
}

// Imports and waits that come and go leave no thread and no handle; a device goes with all of its threads.
static void nothing_is_left(void **state)
{
    struct peer_mutex mutex;
    size_t handles = 0, threads = 0;
    (void)state;
    vk.DestroyDevice(world.device, NULL); // with threads that still have their idle second
    peer_make(&mutex, PEER_HANDLE, 3);
    for (int device = 0; device < 4; device++) {
        device_use(device_new((const char *const[]){VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME, NULL}));
        VkFence fence = fence_new();
        come_and_go(&mutex, fence);
        fence_free(fence);
        vk.DestroyDevice(world.device, NULL);
        if (device == 1) { // by then all has been made that stays
            handles = ntf_test_open_handles();
            threads = ntf_test_threads();
        }
    }
    assert_int_equal(ntf_test_threads(), threads);
    ntf_test_until_handles(handles + ntf_test_spare_handles);
    expect_free(&mutex, 3, 0);
    device_use(device_new((const char *const[]){VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME, NULL}));
    peer_destroy(&mutex);
}

static int setup(void **state)
{
    peer_open();
    return world_setup(state);
}

static int teardown(void **state)
{
    const int result = world_teardown(state);
    peer_close();
    return result;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(every_way),
        WORLD_TEST(keys_of_zero),
        WORLD_TEST(refusals),
        WORLD_TEST(either_of_a_bundle),
        WORLD_TEST(whatever_ends_it_releases),
        WORLD_TEST(the_value_goes_on),
        WORLD_TEST(deadlines_hold),
        WORLD_TEST(a_release_wakes),
        WORLD_TEST(companion_comes_first),
        WORLD_TEST(not_taken_when_another_ends_it),
        WORLD_TEST(all_or_none),
        WORLD_TEST(the_same_mutex_twice),
        WORLD_TEST(many),
        WORLD_TEST(two_waits_for_one_fence),
        WORLD_TEST(abandoned),
        WORLD_TEST(no_signal_no_export),
        WORLD_TEST(nothing_is_left),
    };
    return ntf_test_run("keyed-rules", tests, NTF_COUNT(tests), setup, teardown);
}
