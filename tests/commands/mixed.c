// SPDX-License-Identifier: Apache-2.0
// Which fences get stand-ins, from when on, and what becomes of them (mixed.h).
#include "mixed.h"

// ---- the first one

// The calling thread is the only one in the driver, with a look at the imported one every now and then.
static void first(void **state)
{
    VkFence plain = fence_new();
    const VkFence both[] = {import, plain}, turned[] = {plain, import};
    struct waiter waiter;
    (void)state;
    fake->queue_hold(world.queue);
    fence_submit(plain);
    EXPECT_OWN("vkQueueSubmit", plain);
    for (int i = 0; i < 2; i++) {
        fake->calls_clear();
        waiter_start(&waiter, 2, i ? turned : both, VK_FALSE, UINT64_MAX);
        assert_true(fake->await_calls("vkWaitForFences", 3));
        assert_in_range(fake->inside("vkWaitForFences"), 0, 1);
        EXPECT_OWN("vkWaitForFences", plain);
        raise_import();
        assert_int_equal(waiter_join(&waiter), VK_SUCCESS);
        assert_int_equal(fake->inside("vkWaitForFences"), 0);
        lower_import();
    }
    fake->calls_clear();
    waiter_start(&waiter, 2, both, VK_FALSE, UINT64_MAX);
    assert_true(fake->await_calls("vkWaitForFences", 2));
    fake->queue_release(world.queue);
    assert_int_equal(waiter_join(&waiter), VK_SUCCESS);
    fence_expect(plain, true);
    fence_expect(import, false);
    fence_free(plain);
}

// One look, and a wait-all, change nothing for later submissions.
static void not_yet(void **state)
{
    VkFence plain;
    (void)state;
    for (int i = 0; i < 2; i++) {
        plain = fence_new();
        const VkFence both[] = {import, plain};
        assert_int_equal(wait_for(2, both, i != 0, i), VK_TIMEOUT);
        fence_free(plain);
    }
    plain = fence_new();
    fence_submit(plain);
    EXPECT_OWN("vkQueueSubmit", plain);
    assert_int_equal(fence_wait(plain, UINT64_MAX), VK_SUCCESS);
    fence_free(plain);
}

// ---- which fences get stand-ins

static void which(void **state)
{
    VkFence before = fence_new(), lit, after;
    (void)state;
    make_mixed();
    // Only from its next reset on: somebody may wait for it in the driver.
    fence_submit(before);
    EXPECT_OWN("vkQueueSubmit", before);
    assert_int_equal(fence_wait(before, UINT64_MAX), VK_SUCCESS);
    fence_reset(before);
    stand_in_submit(before);
    after = fence_new();
    stand_in_submit(after);
    lit = fence_new_signalled();
    fence_expect(lit, true);
    fence_reset(lit);
    stand_in_submit(lit);
    const VkFence all[] = {before, after, lit};
    assert_int_equal(wait_for(3, all, VK_TRUE, UINT64_MAX), VK_SUCCESS);
    for (int i = 0; i < 3; i++)
        fence_free(all[i]);
}

// What the driver may share by descriptor is signalled by its own handle, always.
static void exportable_by_descriptor(void **state)
{
    const VkExportFenceCreateInfo types = {.sType = VK_STRUCTURE_TYPE_EXPORT_FENCE_CREATE_INFO,
                                           .handleTypes = VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_FD_BIT};
    const VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO, .pNext = &types};
    VkFence fence;
    (void)state;
    if (!vk.GetFenceFdKHR)
        skip();
    assert_int_equal(vk.CreateFence(world.device, &info, NULL, &fence), VK_SUCCESS);
    const VkFence both[] = {import, fence};
    for (int round = 0; round < 3; round++) {
        struct waiter waiter;
        fake->queue_hold(world.queue);
        fence_submit(fence);
        EXPECT_OWN("vkQueueSubmit", fence);
        fake->calls_clear();
        waiter_start(&waiter, 2, both, VK_FALSE, UINT64_MAX);
        assert_true(fake->await_calls("vkWaitForFences", 3));
        EXPECT_OWN("vkWaitForFences", fence);
        if (round == 1)
            raise_import();
        else
            fake->queue_release(world.queue);
        assert_int_equal(waiter_join(&waiter), VK_SUCCESS);
        fake->queue_release(world.queue);
        assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
        fence_reset(fence);
        if (round == 1)
            lower_import();
    }
    fence_free(fence);
}

// Whatever signals fences: nobody sees a difference.
static void every_command(void **state)
{
    VkSwapchainKHR swapchain = swapchain_new();
    VkFence fence = fence_new();
    const char *const commands[] = {"vkQueueSubmit", "vkQueueSubmit2", "vkQueueBindSparse", "vkAcquireNextImageKHR",
                                    "vkAcquireNextImage2KHR", "vkQueuePresentKHR"};
    (void)state;
    for (size_t i = 0; i < 3 * NTF_COUNT(commands); i++) {
        VkResult result;
        fake->queue_hold(world.queue);
        if (i % 6 == 3 || i % 6 == 4)
            fake->acquire_hold(swapchain);
        switch (i % 6) {
        case 0: result = vk.QueueSubmit(world.queue, 0, NULL, fence); break;
        case 1: result = vk.QueueSubmit2(world.queue, 0, NULL, fence); break;
        case 2: result = vk.QueueBindSparse(world.queue, 0, NULL, fence); break;
        case 3: result = acquire(swapchain, fence, false); break;
        case 4: result = acquire(swapchain, fence, true); break;
        default: result = present(swapchain, fence); break;
        }
        assert_int_equal(result, VK_SUCCESS);
        expect_pooled(commands[i % 6], fence);
        fence_expect(fence, false);
        fake->queue_release(world.queue);
        fake->acquire_release(swapchain);
        assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
        fence_expect(fence, true);
        expect_pooled(commands[i % 6], fence);
        fence_reset(fence);
        fence_expect(fence, false);
    }
    fence_free(fence);
    swapchain_free(swapchain);
}

// Refused by the driver, or for want of a fence to send down: everything is as before.
static void refused(void **state)
{
    VkFence fence = fence_new();
    unsigned live = 0;
    (void)state;
    for (int i = 0; i < 4; i++) {
        fake->order("vkQueueSubmit", 1, 1, i % 2 ? VK_ERROR_OUT_OF_HOST_MEMORY : VK_ERROR_OUT_OF_DEVICE_MEMORY);
        assert_int_not_equal(vk.QueueSubmit(world.queue, 0, NULL, fence), VK_SUCCESS);
        fence_expect(fence, false);
        live = live ? live : fake->fences_live(world.device);
        assert_int_equal(fake->fences_live(world.device), live);
    }
    pool_use_up();
    stand_in_submit(fence);
    VkFence second = fence_new();
    fake->calls_clear();
    fake->order("vkCreateFence", 1, FAKE_ALWAYS, VK_ERROR_OUT_OF_HOST_MEMORY);
    assert_int_equal(vk.QueueSubmit(world.queue, 0, NULL, second), VK_ERROR_OUT_OF_HOST_MEMORY);
    assert_int_equal(fake->calls("vkQueueSubmit"), 0);
    fake->order_nothing();
    fence_expect(second, false);
    stand_in_submit(second);
    pool_let_go();
    assert_int_equal(fence_wait(second, UINT64_MAX), VK_SUCCESS);
    fence_free(second);
    fence_free(fence);
}

// ---- what else happens to such fences

static void imported_over(void **state)
{
    VkFence fence = fence_new();
    (void)state;
    for (int round = 0; round < 3; round++) {
        stand_in_submit(fence);
        assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
        assert_int_equal(import_by_handle(fence, object.handle, VK_FENCE_IMPORT_TEMPORARY_BIT, target), VK_SUCCESS);
        fence_expect(fence, false);
        raise_import();
        fence_expect(fence, true);
        fence_reset(fence);
        lower_import();
        fence_expect(fence, false);
    }
    stand_in_submit(fence);
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    assert_int_equal(import_by_handle(fence, object.handle, 0, target), VK_SUCCESS);
    fence_expect(fence, false);
    fence_submit(fence);
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    assert_int_equal(kernel_value(&object), target);
    fence_free(fence);
}

// Destroyed while an acquire is on its way to it: the next fence with its number has nothing of it.
static void number_again(void **state)
{
    VkSwapchainKHR swapchain = swapchain_new();
    (void)state;
    fake->option(FAKE_REUSE, true);
    for (int round = 0; round < 20; round++) {
        VkFence first = fence_new(), second;
        fake->acquire_hold(swapchain);
        assert_int_equal(acquire(swapchain, first, false), VK_SUCCESS);
        const VkFence both[] = {import, first};
        assert_int_equal(wait_for(2, both, VK_FALSE, round % 2 * MS), VK_TIMEOUT);
        fence_free(first);
        second = fence_new();
        assert_true(second == first);
        fence_expect(second, false);
        fake->acquire_release(swapchain);
        fence_expect(second, false);
        stand_in_submit(second);
        assert_int_equal(fence_wait(second, UINT64_MAX), VK_SUCCESS);
        fence_free(second);
    }
    assert_in_range(fake->fences_live(world.device), 0, 12);
    swapchain_free(swapchain);
}

// Pooled fences go round, whoever is told first of their end.
static void nothing_is_left(void **state)
{
    VkFence fence = fence_new();
    const VkFence both[] = {import, fence};
    const unsigned live = fake->fences_live(world.device);
    (void)state;
    for (int round = 0; round < 500; round++) {
        stand_in_submit(fence);
        assert_int_equal(wait_for(2, both, VK_FALSE, UINT64_MAX), VK_SUCCESS);
        fence_reset(fence);
        assert_in_range(fake->fences_live(world.device), live, live + 8);
    }
    fence_free(fence);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        FIRST_TEST(first),
        FIRST_TEST(not_yet),
        FIRST_TEST(which),
        MIXED_TEST(exportable_by_descriptor),
        MIXED_TEST(every_command),
        MIXED_TEST(refused),
        MIXED_TEST(imported_over),
        MIXED_TEST(number_again),
        MIXED_TEST(nothing_is_left),
    };
    (void)argc, (void)argv;
    return ntf_test_run("commands-mixed", tests, NTF_COUNT(tests), rig_open, rig_close);
}
