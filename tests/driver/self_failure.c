// SPDX-License-Identifier: Apache-2.0
// What a test orders: failures, callbacks, the loss of a device; and what it is told of the calls.
#include "self.h"

#include <string.h>

static void nth_call(void **state)
{
    VkFence fence = fence_new();
    (void)state;
    fake->calls_clear();
    fake->order("vkGetFenceStatus", 2, 2, VK_ERROR_OUT_OF_DEVICE_MEMORY);
    assert_int_equal(fence_status(fence), VK_NOT_READY);
    assert_int_equal(fence_status(fence), VK_ERROR_OUT_OF_DEVICE_MEMORY);
    assert_int_equal(fence_status(fence), VK_ERROR_OUT_OF_DEVICE_MEMORY);
    assert_int_equal(fence_status(fence), VK_NOT_READY);
    assert_int_equal(fake->calls("vkGetFenceStatus"), 4);
    fake->order("vkWaitForFences", 1, FAKE_ALWAYS, VK_TIMEOUT);
    for (int i = 0; i < 3; i++)
        assert_int_equal(fence_wait(fence, UINT64_MAX), VK_TIMEOUT);
    fake->order_nothing();
    // A submission that fails has no effect.
    fake->order("vkQueueSubmit", 1, 1, VK_ERROR_OUT_OF_HOST_MEMORY);
    assert_int_equal(vk.QueueSubmit(world.queue, 0, NULL, fence), VK_ERROR_OUT_OF_HOST_MEMORY);
    assert_int_equal(vk.QueueWaitIdle(world.queue), VK_SUCCESS);
    fence_expect(fence, false);
    fence_submit(fence);
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    fence_free(fence);
}

static VkResult refuse(void *context, const char *command)
{
    strcpy(context, command);
    return VK_ERROR_OUT_OF_HOST_MEMORY;
}

static void callbacks(void **state)
{
    const VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
    char name[64] = "";
    VkFence fence;
    (void)state;
    fake->on_call("vkCreateFence", refuse, name);
    assert_int_equal(vk.CreateFence(world.device, &info, NULL, &fence), VK_ERROR_OUT_OF_HOST_MEMORY);
    assert_string_equal(name, "vkCreateFence");
    fake->on_call("vkCreateFence", NULL, NULL);
    fake->on_call(NULL, refuse, name);
    assert_int_equal(vk.DeviceWaitIdle(world.device), VK_ERROR_OUT_OF_HOST_MEMORY);
    assert_string_equal(name, "vkDeviceWaitIdle");
    fake->order_nothing();
    assert_int_equal(vk.CreateFence(world.device, &info, NULL, &fence), VK_SUCCESS);
    fence_free(fence);
}

static void last_call(void **state)
{
    VkFence fences[2] = {fence_new(), fence_new()};
    struct fake_call call;
    (void)state;
    assert_int_equal(vk.WaitForFences(world.device, 2, fences, VK_FALSE, 3), VK_TIMEOUT);
    assert_true(fake->last("vkWaitForFences", &call));
    assert_ptr_equal(call.device, world.device);
    assert_int_equal(call.fence_count, 2);
    assert_memory_equal(call.fences, fences, sizeof fences);
    assert_int_equal(call.timeout_ns, 3);
    assert_int_equal(call.result, VK_TIMEOUT);
    fence_submit(fences[1]);
    assert_true(fake->last("vkQueueSubmit", &call));
    assert_ptr_equal(call.queue, world.queue);
    assert_true(call.fence == fences[1]);
    fake->calls_clear();
    assert_false(fake->last("vkQueueSubmit", &call));
    assert_int_equal(vk.QueueWaitIdle(world.queue), VK_SUCCESS);
    fence_free(fences[0]);
    fence_free(fences[1]);
}

// ---- loss

static void expect_lost(VkFence fence)
{
    assert_int_equal(fence_status(fence), VK_ERROR_DEVICE_LOST);
    assert_int_equal(fence_wait(fence, 0), VK_ERROR_DEVICE_LOST);
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_ERROR_DEVICE_LOST);
    assert_int_equal(vk.QueueSubmit(world.queue, 0, NULL, VK_NULL_HANDLE), VK_ERROR_DEVICE_LOST);
    assert_int_equal(vk.QueueWaitIdle(world.queue), VK_ERROR_DEVICE_LOST);
    assert_int_equal(vk.DeviceWaitIdle(world.device), VK_ERROR_DEVICE_LOST);
}

// Who waits is let go; what was pending may be destroyed; other devices have nothing of it.
static void lost(void **state)
{
    struct other other = {.body = other_waits, .fence = fence_new()};
    VkDevice healthy = world.device;
    (void)state;
    fence_free(other.fence);
    device_use(open_device((const char *const[]){NULL}));
    other.fence = fence_new();
    fake->queue_hold(world.queue);
    fence_submit(other.fence);
    other_start(&other);
    assert_true(fake->await_inside("vkWaitForFences", 1));
    fake->device_lose(world.device);
    other_end(&other);
    assert_int_equal(other.result, VK_ERROR_DEVICE_LOST);
    expect_lost(other.fence);
    assert_int_equal(fake->fences_pending(world.device), 0);
    fence_free(other.fence);
    vk.DestroyDevice(world.device, NULL);
    device_use(healthy);
    VkFence fence = fence_new();
    fence_submit(fence);
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    fence_free(fence);
}

// An order to say that it is lost is the loss, with no way back.
static void lost_by_order(void **state)
{
    VkFence fence = fence_new();
    (void)state;
    fake->order("vkQueueSubmit", 1, 1, VK_ERROR_DEVICE_LOST);
    assert_int_equal(vk.QueueSubmit(world.queue, 0, NULL, fence), VK_ERROR_DEVICE_LOST);
    expect_lost(fence);
    fence_free(fence);
}

const struct CMUnitTest failure_tests[] = {
    SELF_TEST(nth_call), SELF_TEST(callbacks), SELF_TEST(last_call), SELF_TEST(lost), SELF_TEST(lost_by_order),
};
const size_t failure_test_count = NTF_COUNT(failure_tests);
