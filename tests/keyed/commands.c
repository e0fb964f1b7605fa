// SPDX-License-Identifier: Apache-2.0
/*
 * Every command that would signal a fence behind which a keyed mutex stands, over the fake driver: refused before the
 * driver hears of it. And what the driver says meanwhile: its fences, its losses.
 */
#include "peer.h"
#include "rig.h"

static const struct keys keys = {3, 4};
static struct peer_mutex mutex;
static VkFence fence;

static int setup(void **state)
{
    if (rig_setup(state))
        return -1;
    peer_open();
    peer_make(&mutex, PEER_NUMBER, keys.acquire);
    fence = fence_new();
    assert_int_equal(import_mutex(fence, &mutex, &keys, TEMPORARY_IMPORT), VK_SUCCESS);
    fake->calls_clear();
    return 0;
}

static int teardown(void **state)
{
    fake->order_nothing();
    fence_free(fence);
    peer_destroy(&mutex);
    return rig_teardown(state);
}
#define KEYED_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static void expect_refused(VkResult result, const char *command, unsigned *refusals)
{
    assert_int_equal(result, VK_ERROR_UNKNOWN);
    assert_int_equal(fake->calls(command), 0);
    assert_int_equal(messages_of("NTF-FENCE-010"), ++*refusals);
    assert_int_equal(fence_status(fence), VK_NOT_READY);
}

static void no_queue_signals_it(void **state)
{
    unsigned refusals = 0;

    (void)state;
    expect_refused(vk.QueueSubmit(world.queue, 0, NULL, fence), "vkQueueSubmit", &refusals);
    expect_refused(vk.QueueSubmit2(world.queue, 0, NULL, fence), "vkQueueSubmit2", &refusals);
    expect_refused(vk.QueueSubmit2KHR(world.queue, 0, NULL, fence), "vkQueueSubmit2KHR", &refusals);
    expect_refused(vk.QueueBindSparse(world.queue, 0, NULL, fence), "vkQueueBindSparse", &refusals);
    assert_int_equal(fence_wait(fence, 0), VK_SUCCESS);
    fence_reset(fence);
    expect_free(&mutex, keys.release, 0);
    fence_submit(fence); // its own payload's
    EXPECT_OWN("vkQueueSubmit", fence);
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
}

static void no_swapchain_signals_it(void **state)
{
    VkSwapchainKHR swapchain = swapchain_new();
    unsigned refusals = 0;
    VkResult result;

    (void)state;
    for (int second = 0; second < 2; second++)
        expect_refused(acquire(swapchain, fence, second),
                       second ? "vkAcquireNextImage2KHR" : "vkAcquireNextImageKHR", &refusals);
    result = present(swapchain, fence);
    expect_refused(result, "vkQueuePresentKHR", &refusals);
    expect_free(&mutex, keys.acquire, 0);
    swapchain_free(swapchain);
}

// A fence of the driver's ends the wait, by a stand-in or by its own handle: the mutex is not taken.
static void the_drivers_fence_ends_it(void **state)
{
    VkFence both[2] = {fence, fence_new()};

    (void)state;
    for (int round = 0; round < 4; round++) {
        const bool held = round & 1;
        struct waiter waiter;

        if (held)
            peer_take(&mutex, keys.acquire);
        fake->queue_hold(world.queue);
        fence_submit(both[1]);
        if (held) {
            waiter_start(&waiter, 2, both, VK_FALSE, UINT64_MAX);
            fake->queue_release(world.queue);
            assert_int_equal(waiter_join(&waiter), VK_SUCCESS);
            assert_int_equal(peer_give(&mutex, keys.acquire, 0), NTF_STATUS_SUCCESS);
        } else {
            fake->queue_release(world.queue);
            assert_int_equal(fence_wait(both[1], UINT64_MAX), VK_SUCCESS);
            assert_int_equal(wait_for(2, both, VK_FALSE, round ? UINT64_MAX : 0), VK_SUCCESS);
        }
        assert_int_equal(fence_status(fence), VK_NOT_READY);
        expect_free_soon(&mutex, keys.acquire, 0);
        fence_reset(both[1]);
    }
    fence_free(both[1]);
}

// The mutex ends it: the driver's fence stays pending.
static void the_mutex_ends_it(void **state)
{
    VkFence both[2] = {fence_new(), fence};

    (void)state;
    for (int round = 0; round < 3; round++) {
        struct waiter waiter;

        peer_take(&mutex, keys.acquire);
        fake->queue_hold(world.queue);
        fence_submit(both[0]);
        waiter_start(&waiter, 2, both, VK_FALSE, UINT64_MAX);
        assert_int_equal(peer_give(&mutex, keys.acquire, 0), NTF_STATUS_SUCCESS);
        assert_int_equal(waiter_join(&waiter), VK_SUCCESS);
        fence_expect(fence, true);
        assert_int_equal(fence_status(both[0]), VK_NOT_READY);
        fake->queue_release(world.queue);
        assert_int_equal(wait_for(2, both, VK_TRUE, UINT64_MAX), VK_SUCCESS);
        assert_int_equal(vk.ResetFences(world.device, 2, both), VK_SUCCESS);
        peer_take(&mutex, keys.release);
        assert_int_equal(peer_give(&mutex, keys.acquire, 0), NTF_STATUS_SUCCESS);
        assert_int_equal(import_mutex(fence, &mutex, &keys, TEMPORARY_IMPORT), VK_SUCCESS);
    }
    fence_free(both[0]);
}

// A wait for mutexes alone is no reason to give plain fences stand-ins.
static void plain_fences_stay_plain(void **state)
{
    VkFence plain = fence_new();

    (void)state;
    peer_take(&mutex, keys.acquire);
    assert_int_equal(wait_for(1, &fence, VK_FALSE, MS), VK_TIMEOUT);
    assert_int_equal(peer_give(&mutex, keys.acquire, 0), NTF_STATUS_SUCCESS);
    for (int i = 0; i < 2; i++) {
        fence_submit(plain);
        EXPECT_OWN("vkQueueSubmit", plain);
        assert_int_equal(fence_wait(plain, UINT64_MAX), VK_SUCCESS);
        fence_reset(plain);
    }
    fence_free(plain);
}

// The device is lost while threads sleep: they come back, hold nothing, and nothing is taken from then on.
static void loss_takes_nothing(void **state)
{
    VkFence both[2] = {fence, fence_new()};
    struct waiter any, all;

    (void)state;
    peer_take(&mutex, keys.acquire);
    waiter_start(&any, 2, both, VK_FALSE, UINT64_MAX);
    waiter_start(&all, 1, both, VK_TRUE, UINT64_MAX);
    fake->order("vkDeviceWaitIdle", 1, FAKE_ALWAYS, VK_ERROR_DEVICE_LOST);
    assert_int_equal(vk.DeviceWaitIdle(world.device), VK_ERROR_DEVICE_LOST);
    assert_int_equal(waiter_join(&any), VK_ERROR_DEVICE_LOST);
    assert_int_equal(waiter_join(&all), VK_ERROR_DEVICE_LOST);
    assert_int_equal(peer_give(&mutex, keys.acquire, 0), NTF_STATUS_SUCCESS);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(wait_for(2, both, i, i ? UINT64_MAX : 0), VK_ERROR_DEVICE_LOST);
        assert_int_equal(fence_wait(fence, i ? UINT64_MAX : 0), VK_ERROR_DEVICE_LOST);
    }
    assert_int_equal(fence_status(fence), VK_ERROR_DEVICE_LOST);
    expect_free_soon(&mutex, keys.acquire, 0);
    fake->order_nothing();
    fence_free(both[1]);
}

// The device's end, with a fence that is left, against the rules.
static void the_devices_end_releases(void **state)
{
    struct peer_mutex left;
    VkFence kept = fence_new();

    (void)state;
    peer_open();
    peer_make(&left, PEER_NUMBER, keys.acquire);
    assert_int_equal(import_mutex(kept, &left, &keys, TEMPORARY_IMPORT), VK_SUCCESS);
    assert_int_equal(fence_wait(kept, 0), VK_SUCCESS);
    expect_held(&left);
    fake->option(FAKE_QUIET, true);
    rig_end();
    assert_int_equal(fake->violations_of("fence-leak"), 1);
    fake->violations_clear();
    expect_free(&left, keys.release, 0);
    peer_destroy(&left);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        KEYED_TEST(no_queue_signals_it),
        KEYED_TEST(no_swapchain_signals_it),
        KEYED_TEST(the_drivers_fence_ends_it),
        KEYED_TEST(the_mutex_ends_it),
        KEYED_TEST(plain_fences_stay_plain),
        KEYED_TEST(loss_takes_nothing),
        RIG_TEST(the_devices_end_releases),
    };
    int result;

    result = ntf_test_run("keyed-commands", tests, NTF_COUNT(tests), rig_open, rig_close);
    peer_close();
    return result;
}
