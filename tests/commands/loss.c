// SPDX-License-Identifier: Apache-2.0
/*
 * A lost device. Whoever of the application's or the layer's threads hears of it first: from then on it is said to all
 * who ask about an imported fence (VK_KHR_maintenance5: once it has been said, it is said again), whoever sleeps comes
 * back, and what was on its way to a shared object is signalled, so that nobody elsewhere hangs.
 */
#include "rig.h"

#include <stdlib.h>

#define LOST VK_ERROR_DEVICE_LOST
#define LOST_MESSAGE "NTF-FENCE-007"

static struct kernel_fence idle, awaited; // nothing is pending for the first one
static VkFence quiet, pending, plain;
static VkSwapchainKHR swapchain;

static int setup(void **state)
{
    if (rig_setup(state))
        return -1;
    kernel_make(&idle, true, false, 0);
    kernel_make(&awaited, true, false, 0);
    quiet = imported(&idle, 0, 1);
    pending = imported(&awaited, 0, 1);
    plain = fence_new();
    swapchain = swapchain_new();
    return 0;
}

// Everything can be destroyed.
static int teardown(void **state)
{
    fake->order_nothing();
    swapchain_free(swapchain);
    fence_free(plain);
    fence_free(pending);
    fence_free(quiet);
    kernel_destroy(&awaited);
    kernel_destroy(&idle);
    return rig_teardown(state);
}

static void submit_pending(void)
{
    fake->queue_hold(world.queue);
    fence_submit(pending);
    fence_expect(pending, false);
}

static void expect_lost(VkFence fence)
{
    const VkFence pair[] = {fence, plain};

    for (int i = 0; i < 2; i++) {
        assert_int_equal(fence_status(fence), LOST);
        assert_int_equal(fence_wait(fence, 0), LOST);
        assert_int_equal(fence_wait(fence, UINT64_MAX), LOST);
        assert_int_equal(wait_for(2, pair, VK_FALSE, UINT64_MAX), LOST);
        assert_int_equal(wait_for(2, pair, VK_TRUE, i ? MS : UINT64_MAX), LOST);
    }
}

// For good, whatever the objects say; and what was pending has been signalled.
static void expect_all_lost(void)
{
    kernel_wait(&awaited, 1);
    expect_lost(pending);
    expect_lost(quiet);
    kernel_signal(&idle, 1);
    expect_lost(quiet);
    assert_int_equal(vk.QueueSubmit(world.queue, 0, NULL, pending), LOST);
    assert_int_equal(acquire(swapchain, quiet, false), LOST);
    assert_int_equal(vk.DeviceWaitIdle(world.device), LOST);
    expect_lost(quiet);
    while (messages_of(LOST_MESSAGE) == 0) // by whoever was the first to hear of it
        os_sleep_ms(1);
    assert_int_equal(messages_of(LOST_MESSAGE), 1);
}

// ---- who hears of it

enum hearer {
    WAIT, WAIT_SLICE, STATUS, STATUS_IMPORTED, SUBMIT, SUBMIT_IMPORTED, SUBMIT2, SUBMIT2_KHR, SPARSE, QUEUE_IDLE,
    DEVICE_IDLE, ACQUIRE, ACQUIRE_IMPORTED, ACQUIRE2_IMPORTED, PRESENT, PRESENT_IMPORTED, PRESENT_NONE, HEARERS
};
static const char *const commands[HEARERS] = {
    "vkWaitForFences", "vkWaitForFences", "vkGetFenceStatus", "vkGetFenceStatus", "vkQueueSubmit", "vkQueueSubmit",
    "vkQueueSubmit2", "vkQueueSubmit2KHR", "vkQueueBindSparse", "vkQueueWaitIdle", "vkDeviceWaitIdle",
    "vkAcquireNextImageKHR", "vkAcquireNextImageKHR", "vkAcquireNextImage2KHR", "vkQueuePresentKHR",
    "vkQueuePresentKHR", "vkQueuePresentKHR"};

static VkResult present_index(uint32_t index, const VkFence *fence)
{
    const VkSwapchainPresentFenceInfoEXT fences = {.sType = VK_STRUCTURE_TYPE_SWAPCHAIN_PRESENT_FENCE_INFO_EXT,
                                                   .swapchainCount = 1, .pFences = fence};
    const VkPresentInfoKHR info = {.sType = VK_STRUCTURE_TYPE_PRESENT_INFO_KHR, .pNext = fence ? &fences : NULL,
                                   .swapchainCount = 1, .pSwapchains = &swapchain, .pImageIndices = &index};

    return vk.QueuePresentKHR(world.queue, &info);
}

static VkResult hear(enum hearer hearer, uint32_t image)
{
    const VkFence both[] = {quiet, plain};

    switch (hearer) {
    case WAIT: return fence_wait(plain, UINT64_MAX);
    case WAIT_SLICE: return wait_for(2, both, VK_FALSE, UINT64_MAX);
    case STATUS: return fence_status(plain);
    case STATUS_IMPORTED: return fence_status(pending); // which asks about the fence that went down
    case SUBMIT: return vk.QueueSubmit(world.queue, 0, NULL, plain);
    case SUBMIT_IMPORTED: return vk.QueueSubmit(world.queue, 0, NULL, quiet);
    case SUBMIT2: return vk.QueueSubmit2(world.queue, 0, NULL, VK_NULL_HANDLE);
    case SUBMIT2_KHR: return vk.QueueSubmit2KHR(world.queue, 0, NULL, quiet);
    case SPARSE: return vk.QueueBindSparse(world.queue, 0, NULL, quiet);
    case QUEUE_IDLE: return vk.QueueWaitIdle(world.queue);
    case DEVICE_IDLE: return vk.DeviceWaitIdle(world.device);
    case ACQUIRE: return acquire(swapchain, plain, false);
    case ACQUIRE_IMPORTED: return acquire(swapchain, quiet, false);
    case ACQUIRE2_IMPORTED: return acquire(swapchain, quiet, true);
    case PRESENT: return present_index(image, &plain);
    case PRESENT_IMPORTED: return present_index(image, &quiet);
    default: return present_index(image, NULL);
    }
}

static void any_command(void **state)
{
    enum hearer hearer = WAIT;
    (void)state;
    for (;;) {
        const uint32_t image = image_of(swapchain);
        submit_pending();
        fake->order(commands[hearer], 1, 1, LOST);
        const VkResult result = hear(hearer, image);
        if (result != LOST)
            fail_msg("%u: %s answers %d", hearer, commands[hearer], result);
        expect_all_lost();
        if (hearer == SUBMIT_IMPORTED || hearer >= SUBMIT2_KHR || hearer == SPARSE)
            assert_in_range(kernel_value(&idle), 1, UINT64_MAX);
        if (++hearer == HEARERS)
            return;
        assert_int_equal(teardown(state), 0);
        assert_int_equal(setup(state), 0);
    }
}

// The submission that hears of it itself: nobody knows what became of it, so its object is signalled.
static void at_submission(void **state)
{
    (void)state;
    fake->order("vkQueueSubmit", 1, 1, LOST);
    assert_int_equal(vk.QueueSubmit(world.queue, 0, NULL, pending), LOST);
    assert_in_range(kernel_value(&awaited), 1, UINT64_MAX);
    assert_int_equal(kernel_value(&idle), 0);
    expect_all_lost();
}

// A thread of the layer's hears of it, which waits for a submission.
static void in_a_lane(void **state)
{
    (void)state;
    fake->queue_hold(world.queue);
    fake->order("vkWaitForFences", 1, 1, LOST);
    fence_submit(pending);
    expect_all_lost();
}

// No thread of the layer's gets to look: who hears of it signals what is pending.
static void behind_a_lane(void **state)
{
    (void)state;
    fake->queue_hold(world.queue);
    lane_hold();
    fence_submit(pending);
    lane_held();
    fake->device_lose(world.device);
    assert_int_equal(kernel_value(&awaited), 0);
    assert_int_equal(fence_status(plain), LOST);
    assert_int_equal(kernel_value(&awaited), 1);
    lane_release();
    expect_all_lost();
}

static void while_a_lane_waits(void **state)
{
    (void)state;
    submit_pending();
    assert_true(fake->await_inside("vkWaitForFences", 1));
    fake->device_lose(world.device);
    expect_all_lost();
}

// ---- who sleeps

// Nothing is pending for any of them, so only the loss can end their waits.
static void sleepers(void **state)
{
    const VkFence both[] = {quiet, plain};
    struct waiter alone, any, all, pair;
    VkFence other = imported(&idle, 0, 1);
    const VkFence imports[] = {quiet, other};
    (void)state;
    submit_pending();
    waiter_start(&alone, 1, &quiet, VK_TRUE, UINT64_MAX);
    waiter_start(&pair, 2, imports, VK_FALSE, 3600 * SECONDS);
    waiter_start(&all, 2, both, VK_TRUE, UINT64_MAX);
    waiter_start(&any, 2, both, VK_FALSE, UINT64_MAX);
    assert_true(fake->await_inside("vkWaitForFences", 2)); // a lane's thread, and the last one
    fake->order("vkGetFenceStatus", 1, 1, LOST);
    assert_int_equal(fence_status(plain), LOST);
    assert_int_equal(waiter_join(&any), LOST);
    assert_int_equal(waiter_join(&all), LOST);
    assert_int_equal(waiter_join(&alone), LOST);
    assert_int_equal(waiter_join(&pair), LOST);
    fence_free(other);
    expect_all_lost();
}

// The wait for what the loss itself signals is no success, however soon it looks.
static void waiting_for_the_pending(void **state)
{
    (void)state;
    for (int round = 0;; round++) {
        struct waiter waiter;
        submit_pending();
        waiter_start(&waiter, 1, &pending, round % 2, UINT64_MAX);
        if (round % 3 == 0)
            assert_true(fake->await_inside("vkWaitForFences", 1));
        fake->device_lose(world.device);
        assert_int_equal(fence_status(plain), LOST);
        assert_int_equal(waiter_join(&waiter), LOST);
        expect_all_lost();
        if (round == 20)
            return;
        assert_int_equal(teardown(state), 0);
        assert_int_equal(setup(state), 0);
    }
}

// The same where plain fences have stand-ins, pending or never submitted.
static void sleepers_with_stand_ins(void **state)
{
    VkFence never = fence_new(), submitted;
    const VkFence first[] = {quiet, never};
    struct waiter any, both, all;
    (void)state;
    assert_int_equal(wait_for(2, first, VK_FALSE, MS), VK_TIMEOUT);
    fence_free(never);
    never = fence_new();
    submitted = fence_new();
    submit_pending();
    fence_submit(submitted);
    expect_pooled("vkQueueSubmit", submitted);
    const VkFence list[] = {quiet, never, submitted};
    waiter_start(&any, 2, list, VK_FALSE, UINT64_MAX);
    waiter_start(&both, 3, list, VK_FALSE, UINT64_MAX);
    waiter_start(&all, 2, list + 1, VK_TRUE, UINT64_MAX);
    assert_true(fake->await_inside("vkWaitForFences", 2)); // for the imported one, and for the stand-in
    fake->device_lose(world.device);
    assert_int_equal(fence_status(plain), LOST);
    assert_int_equal(waiter_join(&any), LOST);
    assert_int_equal(waiter_join(&both), LOST);
    assert_int_equal(waiter_join(&all), LOST);
    expect_lost(submitted);
    assert_int_equal(vk.QueueSubmit(world.queue, 0, NULL, never), LOST);
    expect_all_lost();
    fence_free(never);
    fence_free(submitted);
}

// ---- elsewhere

// Another device of this process waits for what the lost one would have signalled, and is not lost itself.
static void another_device(void **state)
{
    const VkDevice lost = world.device;
    const VkDevice other = rig_device(&(struct rig_options){0});
    VkFence there = imported(&awaited, 0, 1), later;
    struct waiter waiter;
    (void)state;
    waiter_start(&waiter, 1, &there, VK_TRUE, UINT64_MAX);
    rig_use(lost);
    submit_pending();
    fake->device_lose(lost);
    assert_int_equal(vk.QueueWaitIdle(world.queue), LOST);
    expect_all_lost();
    rig_use(other);
    assert_int_equal(waiter_join(&waiter), VK_SUCCESS);
    fence_expect(there, true);
    fence_reset(there);
    later = fence_new();
    fence_submit(later);
    assert_int_equal(fence_wait(later, UINT64_MAX), VK_SUCCESS);
    fence_free(later);
    fence_free(there);
    vk.DestroyDevice(other, NULL);
    rig_use(lost);
}

// The end of the scale reads as signalled, and is no loss: anybody may write it.
static void all_ones(void **state)
{
    (void)state;
    kernel_signal(&idle, UINT64_MAX);
    fence_expect(quiet, true);
    fence_expect(pending, false);
    fence_submit(pending);
    assert_int_equal(fence_wait(pending, UINT64_MAX), VK_SUCCESS);
    assert_int_equal(vk.DeviceWaitIdle(world.device), VK_SUCCESS);
    fence_expect(quiet, true);
    assert_int_equal(messages_of(LOST_MESSAGE), 0);
}

int main(int argc, char **argv)
{
#define LOSS_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    static const struct CMUnitTest tests[] = {
        LOSS_TEST(any_command),        LOSS_TEST(at_submission), LOSS_TEST(in_a_lane),
        LOSS_TEST(behind_a_lane),
        LOSS_TEST(while_a_lane_waits), LOSS_TEST(sleepers),      LOSS_TEST(sleepers_with_stand_ins),
        LOSS_TEST(waiting_for_the_pending),
        LOSS_TEST(another_device),     LOSS_TEST(all_ones),
    };
    (void)argc, (void)argv;
    return ntf_test_run("commands-loss", tests, NTF_COUNT(tests), rig_open, rig_close);
}
