// SPDX-License-Identifier: Apache-2.0
// What vkResetFences means for a value that only rises.
#include "vulkan.h"

static struct kernel_fence object;
static VkFence fence;

static int setup(void **state)
{
    messages_setup(state);
    kernel_make(&object, true, false, 0);
    fence = fence_new();
    return import_by_handle(fence, object.handle, 0, 1) != VK_SUCCESS;
}

static int teardown(void **state)
{
    fence_free(fence);
    kernel_destroy(&object);
    return messages_teardown(state);
}

// The next target lies above what was told, not above what is there by now.
static void signal_between_wait_and_reset(void **state)
{
    (void)state;
    kernel_signal(&object, 1);
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    kernel_signal(&object, 2); // nobody has been told of this one
    fence_reset(fence);
    fence_expect(fence, true);
    fence_reset(fence);
    fence_expect(fence, false);
    kernel_signal(&object, 3);
    fence_expect(fence, true);
}

static void signal_between_status_and_reset(void **state)
{
    (void)state;
    kernel_signal(&object, 1);
    assert_int_equal(fence_status(fence), VK_SUCCESS);
    kernel_signal(&object, 2);
    fence_reset(fence);
    assert_int_equal(fence_status(fence), VK_SUCCESS);
    fence_reset(fence);
    assert_int_equal(fence_status(fence), VK_NOT_READY);
}

// The same for each of the ways to wait.
static void signal_between_other_waits_and_reset(void **state)
{
    VkFence plain = fence_new_signalled();
    const VkFence both[] = {plain, fence};
    uint64_t value = 0;
    (void)state;
    for (int way = 0; way < 3; way++) {
        kernel_signal(&object, ++value);
        if (way == 0)
            assert_int_equal(vk.WaitForFences(world.device, 1, &fence, VK_FALSE, UINT64_MAX), VK_SUCCESS);
        else if (way == 1)
            assert_int_equal(vk.WaitForFences(world.device, 2, both, VK_TRUE, UINT64_MAX), VK_SUCCESS);
        else
            assert_int_equal(vk.WaitForFences(world.device, 2, both, VK_FALSE, UINT64_MAX), VK_SUCCESS);
        kernel_signal(&object, ++value);
        fence_reset(fence);
        fence_expect(fence, true);
        fence_reset(fence);
        fence_expect(fence, false);
    }
    fence_free(plain);
}

// Values that were jumped over have been told of with the one that was read.
static void jump(void **state)
{
    (void)state;
    kernel_signal(&object, 1000);
    fence_expect(fence, true);
    fence_reset(fence);
    fence_expect(fence, false);
    kernel_signal(&object, 1001);
    fence_expect(fence, true);
}

// The same when a wait has told of it, of whatever kind, and nobody has asked for the status.
static void jump_in_a_wait(void **state)
{
    VkFence plain = fence_new_signalled();
    const VkFence both[] = {fence, plain};
    (void)state;
    for (uint64_t way = 0; way < 4; way++) {
        kernel_signal(&object, 1000 * (way + 1));
        assert_int_equal(vk.WaitForFences(world.device, way < 2 ? 1 : 2, both, way % 2 != 0, UINT64_MAX), VK_SUCCESS);
        fence_reset(fence);
        fence_expect(fence, false);
    }
    fence_free(plain);
}

// A signal that came before the reset, but of which nothing was told: still there.
static void nobody_looked(void **state)
{
    (void)state;
    kernel_signal(&object, 5);
    fence_reset(fence); // target 1 -> 2
    fence_expect(fence, true);
}

// A reset of a fence that is not signalled asks for one signal more.
static void reset_unsignalled(void **state)
{
    (void)state;
    fence_reset(fence);
    kernel_signal(&object, 1);
    fence_expect(fence, false);
    kernel_signal(&object, 2);
    fence_expect(fence, true);
}

// A wait that times out has told of nothing.
static void timeout_tells_nothing(void **state)
{
    VkFence never = fence_new();
    const VkFence both[] = {fence, never};
    (void)state;
    kernel_signal(&object, 3);
    assert_int_equal(vk.WaitForFences(world.device, 2, both, VK_TRUE, 5 * MS), VK_TIMEOUT);
    fence_reset(fence); // 1 -> 2, since nobody heard of 3
    fence_expect(fence, true);
    fence_free(never);
}

// The last value of all stays signalled: nothing lies above it.
static void end_of_scale(void **state)
{
    (void)state;
    kernel_signal(&object, UINT64_MAX);
    fence_expect(fence, true);
    fence_reset(fence);
    fence_expect(fence, true);
}

// One call over plain and imported fences, more than go down at once.
static void long_list(void **state)
{
    enum { COUNT = 600 };
    VkFence fences[COUNT];
    struct kernel_fence objects[COUNT / 3];
    (void)state;
    for (unsigned i = 0; i < COUNT; i++) {
        fences[i] = i % 3 ? fence_new_signalled() : fence_new();
        if (i % 3 == 0) {
            kernel_make(&objects[i / 3], true, false, 1);
            assert_int_equal(import_by_handle(fences[i], objects[i / 3].handle, i % 2, 1), VK_SUCCESS);
        }
        assert_int_equal(fence_status(fences[i]), VK_SUCCESS);
    }
    assert_int_equal(vk.ResetFences(world.device, COUNT, fences), VK_SUCCESS);
    for (unsigned i = 0; i < COUNT; i++)
        assert_int_equal(fence_status(fences[i]), VK_NOT_READY);
    for (unsigned i = 0; i < COUNT; i++) {
        fence_free(fences[i]);
        if (i % 3 == 0)
            kernel_destroy(&objects[i / 3]);
    }
}

int main(void)
{
#define RESET_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    static const struct CMUnitTest tests[] = {
        RESET_TEST(signal_between_wait_and_reset), RESET_TEST(signal_between_status_and_reset),
        RESET_TEST(signal_between_other_waits_and_reset), RESET_TEST(jump), RESET_TEST(jump_in_a_wait),
        RESET_TEST(nobody_looked),
        RESET_TEST(reset_unsignalled), RESET_TEST(timeout_tells_nothing), RESET_TEST(end_of_scale),
        RESET_TEST(long_list),
    };
    return ntf_test_run("layer-reset", tests, NTF_COUNT(tests), world_setup, world_teardown);
}
