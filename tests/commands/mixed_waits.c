// SPDX-License-Identifier: Apache-2.0
// Waits of every kind for fences that have stand-ins (mixed.h).
#include "mixed.h"

// Ended by either, with the other still to come, again and again with the same fences. While it sleeps, nobody is in
// the driver with the application's fence.
static void ended_by_either(void **state)
{
    VkFence plain = fence_new();
    const VkFence both[] = {plain, import};
    (void)state;
    for (int round = 0; round < 40; round++) {
        struct waiter waiter;
        fake->queue_hold(world.queue);
        stand_in_submit(plain);
        waiter_start(&waiter, 2, both, VK_FALSE, round % 3 ? UINT64_MAX : 3600 * SECONDS);
        if (round % 4 < 2)
            assert_true(fake->await_inside("vkWaitForFences", 1)); // a thread waits for the stand-in
        assert_int_equal(state_of(plain) & FAKE_FENCE_INSIDE, 0);
        if (round % 2)
            raise_import();
        else
            fake->queue_release(world.queue);
        assert_int_equal(waiter_join(&waiter), VK_SUCCESS);
        assert_int_equal(state_of(plain) & FAKE_FENCE_INSIDE, 0);
        fence_expect(plain, round % 2 == 0);
        fake->queue_release(world.queue);
        assert_int_equal(fence_wait(plain, UINT64_MAX), VK_SUCCESS);
        fence_reset(plain);
        if (round % 2)
            lower_import();
        fence_expect(import, false);
    }
    fence_free(plain);
}

// A fence that was never submitted has nothing to wait for; it may go as soon as the wait is over.
static void never_submitted(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        VkFence plain = fence_new();
        const VkFence both[] = {import, plain};
        struct waiter waiter;
        fake->calls_clear();
        waiter_start(&waiter, 2, both, VK_FALSE, UINT64_MAX);
        raise_import();
        assert_int_equal(waiter_join(&waiter), VK_SUCCESS);
        assert_int_equal(fake->calls("vkWaitForFences"), 0);
        fence_expect(plain, false);
        fence_free(plain);
        lower_import();
    }
}

static void timeouts(void **state)
{
    VkFence plain = fence_new(), never = fence_new();
    const VkFence three[] = {plain, import, never};
    (void)state;
    fake->queue_hold(world.queue);
    stand_in_submit(plain);
    for (int all = 0; all < 2; all++) {
        assert_int_equal(wait_for(3, three, all, 0), VK_TIMEOUT);
        assert_int_equal(wait_for(3, three, all, 1), VK_TIMEOUT);
        assert_int_equal(wait_for(3, three, all, 5 * MS), VK_TIMEOUT);
        assert_int_equal(wait_for(1, &never, all, 0), VK_TIMEOUT);
        assert_int_equal(wait_for(1, &never, all, 5 * MS), VK_TIMEOUT);
        assert_int_equal(wait_for(1, &plain, all, 5 * MS), VK_TIMEOUT);
    }
    fake->queue_release(world.queue);
    assert_int_equal(fence_wait(plain, UINT64_MAX), VK_SUCCESS);
    assert_int_equal(wait_for(3, three, VK_FALSE, 0), VK_SUCCESS);
    assert_int_equal(wait_for(3, three, VK_FALSE, UINT64_MAX), VK_SUCCESS);
    assert_int_equal(wait_for(3, three, VK_TRUE, 0), VK_TIMEOUT);
    assert_int_equal(wait_for(3, three, VK_TRUE, MS), VK_TIMEOUT);
    fence_free(never);
    fence_free(plain);
}

// Another thread submits what is waited for: the submission wakes the waiter, and its end ends the wait.
static void submitted_meanwhile(void **state)
{
    (void)state;
    for (int round = 0; round < 60; round++) {
        VkFence a = fence_new(), b = fence_new();
        const VkFence with_import[] = {import, a}, plain[] = {a, b}, all[] = {b, a, import};
        struct waiter mixed, any, every;
        waiter_start(&mixed, 2, with_import, VK_FALSE, UINT64_MAX);
        waiter_start(&any, 2, plain, VK_FALSE, UINT64_MAX);
        waiter_start(&every, round % 2 ? 3 : 2, all, VK_TRUE, UINT64_MAX);
        if (round % 3)
            fake->queue_hold(world.queue);
        stand_in_submit(a);
        if (round % 3 == 2) // until the layer waits for it
            assert_true(fake->await_inside("vkWaitForFences", 1));
        fake->queue_release(world.queue);
        assert_int_equal(waiter_join(&mixed), VK_SUCCESS);
        assert_int_equal(waiter_join(&any), VK_SUCCESS);
        stand_in_submit(b);
        if (round % 2)
            raise_import();
        assert_int_equal(waiter_join(&every), VK_SUCCESS);
        if (round % 2)
            lower_import();
        fence_free(a);
        fence_free(b);
    }
}

static void plain_only(void **state)
{
    VkFence a = fence_new(), b = fence_new();
    const VkFence both[] = {a, b}, twice[] = {a, a, b, a};
    struct waiter any, all;
    (void)state;
    fake->queue_hold(world.queue);
    stand_in_submit(a);
    stand_in_submit(b);
    waiter_start(&any, 2, both, VK_FALSE, UINT64_MAX);
    waiter_start(&all, 4, twice, VK_TRUE, UINT64_MAX);
    assert_true(fake->await_inside("vkWaitForFences", 2));
    fake->queue_step(world.queue, 1);
    assert_int_equal(waiter_join(&any), VK_SUCCESS);
    fence_expect(b, false);
    fake->queue_step(world.queue, 1);
    assert_int_equal(waiter_join(&all), VK_SUCCESS);
    fence_free(a);
    fence_free(b);
}

static void duplicates(void **state)
{
    VkFence plain = fence_new();
    const VkFence list[] = {plain, import, plain, import, import, plain};
    struct waiter waiter;
    (void)state;
    fake->queue_hold(world.queue);
    stand_in_submit(plain);
    assert_int_equal(wait_for(6, list, VK_FALSE, MS), VK_TIMEOUT);
    waiter_start(&waiter, 6, list, VK_FALSE, UINT64_MAX);
    raise_import();
    assert_int_equal(waiter_join(&waiter), VK_SUCCESS);
    waiter_start(&waiter, 6, list, VK_TRUE, UINT64_MAX);
    fake->queue_release(world.queue);
    assert_int_equal(waiter_join(&waiter), VK_SUCCESS);
    assert_int_equal(vk.ResetFences(world.device, 6, list), VK_SUCCESS);
    fence_expect(plain, false);
    fence_free(plain);
}

// More than fit on a stack, than go down in one reset, and than there are lanes for.
static void many(void **state)
{
    enum { MANY = 200 };
    VkFence list[MANY + 1];
    (void)state;
    for (int i = 0; i < MANY; i++)
        list[i] = fence_new();
    list[MANY] = import;
    for (int round = 0; round < 3; round++) {
        fake->queue_hold(world.queue);
        for (int i = 0; i < MANY; i++)
            stand_in_submit(list[i]);
        assert_int_equal(wait_for(MANY + 1, list, VK_FALSE, MS), VK_TIMEOUT);
        fake->queue_step(world.queue, 1);
        assert_int_equal(wait_for(MANY + 1, list, VK_FALSE, UINT64_MAX), VK_SUCCESS);
        assert_int_equal(wait_for(MANY, list + 1, VK_FALSE, 0), VK_TIMEOUT);
        fake->queue_release(world.queue);
        assert_int_equal(wait_for(MANY, list, VK_TRUE, UINT64_MAX), VK_SUCCESS);
        assert_int_equal(wait_for(MANY + 1, list, VK_TRUE, 1), VK_TIMEOUT);
        raise_import();
        assert_int_equal(wait_for(MANY + 1, list, VK_TRUE, UINT64_MAX), VK_SUCCESS);
        assert_int_equal(vk.ResetFences(world.device, MANY + 1, list), VK_SUCCESS);
        target++;
    }
    for (int i = 0; i < MANY; i++)
        fence_free(list[i]);
}

// The one that comes is behind many that do not.
static void behind_others(void **state)
{
    enum { MANY = 20 };
    VkSwapchainKHR swapchains[MANY];
    VkFence list[MANY + 1];
    (void)state;
    list[MANY] = import;
    fake->acquire_hold(VK_NULL_HANDLE);
    for (int i = 0; i < MANY; i++) {
        swapchains[i] = swapchain_new();
        list[i] = fence_new();
        assert_int_equal(acquire(swapchains[i], list[i], false), VK_SUCCESS);
        expect_pooled("vkAcquireNextImageKHR", list[i]);
    }
    assert_int_equal(wait_for(MANY + 1, list, VK_FALSE, MS), VK_TIMEOUT); // all are watched now
    for (int i = MANY; i-- > 0;) {
        struct waiter waiter;
        const VkFence few[] = {import, list[0], list[i]};
        waiter_start(&waiter, i ? 3 : 2, few, VK_FALSE, UINT64_MAX);
        fake->acquire_release(swapchains[i]);
        assert_int_equal(waiter_join(&waiter), VK_SUCCESS);
        fence_expect(list[i], true);
        if (i)
            fence_expect(list[i - 1], false);
    }
    for (int i = 0; i < MANY; i++) {
        fence_free(list[i]);
        swapchain_free(swapchains[i]);
    }
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        MIXED_TEST(ended_by_either),
        MIXED_TEST(never_submitted),
        MIXED_TEST(timeouts),
        MIXED_TEST(submitted_meanwhile),
        MIXED_TEST(plain_only),
        MIXED_TEST(duplicates),
        MIXED_TEST(many),
        MIXED_TEST(behind_others),
    };
    (void)argc, (void)argv;
    return ntf_test_run("commands-mixed-waits", tests, NTF_COUNT(tests), rig_open, rig_close);
}
