// SPDX-License-Identifier: Apache-2.0
/*
 * The fences that vkRegisterDeviceEventEXT and vkRegisterDisplayEventEXT make (VK_EXT_display_control): signalled by no
 * queue, otherwise fences like all others.
 */
#include "rig.h"

static struct kernel_fence object;

static int setup(void **state)
{
    if (rig_setup(state))
        return -1;
    kernel_make(&object, true, false, 0);
    return 0;
}

static int teardown(void **state)
{
    kernel_destroy(&object);
    return rig_teardown(state);
}

enum { DEVICE, DISPLAY, BOTH };

static VkFence registered(int what)
{
    const VkDeviceEventInfoEXT device = {.sType = VK_STRUCTURE_TYPE_DEVICE_EVENT_INFO_EXT,
                                         .deviceEvent = VK_DEVICE_EVENT_TYPE_DISPLAY_HOTPLUG_EXT};
    const VkDisplayEventInfoEXT display = {.sType = VK_STRUCTURE_TYPE_DISPLAY_EVENT_INFO_EXT,
                                           .displayEvent = VK_DISPLAY_EVENT_TYPE_FIRST_PIXEL_OUT_EXT};
    const VkDisplayKHR none = (VkDisplayKHR)(uintptr_t)1; // the driver asks nothing of it
    VkFence fence = VK_NULL_HANDLE;
    const VkResult result = what == DEVICE
                                ? more.RegisterDeviceEventEXT(world.device, &device, NULL, &fence)
                                : more.RegisterDisplayEventEXT(world.device, none, &display, NULL, &fence);
    assert_int_equal(result, VK_SUCCESS);
    return fence;
}

static void waited_and_reset(void **state)
{
    VkFence other = imported(&object, 0, 1);
    (void)state;
    for (int what = DEVICE; what < BOTH; what++) {
        VkFence fence = registered(what);
        const VkFence pair[] = {fence, other};
        struct waiter waiter;
        fence_expect(fence, false);
        waiter_start(&waiter, 1, &fence, VK_TRUE, UINT64_MAX);
        fake->events_fire(world.device);
        assert_int_equal(waiter_join(&waiter), VK_SUCCESS);
        assert_int_equal(wait_for(2, pair, VK_FALSE, UINT64_MAX), VK_SUCCESS);
        assert_int_equal(wait_for(2, pair, VK_TRUE, 0), VK_TIMEOUT);
        fence_reset(fence);
        fence_expect(fence, false);
        fence_submit(fence);
        assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
        fence_free(fence);
    }
    fence_free(other);
}

// What it is signalled by is another payload's affair then.
static void imported_over(void **state)
{
    (void)state;
    for (int i = 0; i < 2 * BOTH; i++) {
        VkFence fence = registered(i / 2);
        const VkFenceImportFlags flags = i % 2 ? VK_FENCE_IMPORT_TEMPORARY_BIT : 0;
        const uint64_t next = kernel_value(&object) + 1;
        assert_int_equal(import_by_handle(fence, object.handle, flags, next), VK_SUCCESS);
        fence_expect(fence, false);
        kernel_signal(&object, next);
        assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
        fence_reset(fence);
        fence_expect(fence, false);
        fake->events_fire(world.device);
        fence_expect(fence, flags != 0);
        fence_free(fence);
    }
}

// One that was reset before its event is signalled by it all the same, also on a device that gives other fences in
// place of the application's once there has been a wait for one of several kinds.
static void reset_before_the_event(void **state)
{
    VkFence other = imported(&object, 0, 1), plain = fence_new();
    const VkFence mixture[] = {other, plain};
    (void)state;
    assert_int_equal(wait_for(2, mixture, VK_FALSE, MS), VK_TIMEOUT);
    for (int what = DEVICE; what < BOTH; what++) {
        VkFence fence = registered(what);
        const VkFence pair[] = {other, fence};
        struct waiter any, all;
        fence_reset(fence);
        fence_expect(fence, false);
        fake->calls_clear();
        waiter_start(&any, 2, pair, VK_FALSE, UINT64_MAX);
        waiter_start(&all, 1, &fence, VK_TRUE, UINT64_MAX);
        assert_true(fake->await_calls("vkWaitForFences", 2));
        fake->events_fire(world.device);
        assert_int_equal(waiter_join(&any), VK_SUCCESS);
        assert_int_equal(waiter_join(&all), VK_SUCCESS);
        fence_expect(fence, true);
        fence_free(fence);
    }
    fence_free(plain);
    fence_free(other);
}

// The driver gives the number of a destroyed fence out again, whatever it was.
static void numbers_again(void **state)
{
    VkFence other;
    (void)state;
    fake->option(FAKE_REUSE, true);
    other = imported(&object, 0, 1);
    for (int i = 0; i < 20; i++) {
        VkFence first = i % 2 ? registered(i / 2 % BOTH) : fence_new(), second;
        assert_int_equal(import_by_handle(first, object.handle, i % 3 ? 0 : VK_FENCE_IMPORT_TEMPORARY_BIT, 1),
                         VK_SUCCESS);
        kernel_signal(&object, 1);
        fence_expect(first, true);
        fence_free(first);
        second = registered(i % BOTH);
        assert_true(second == first);
        fence_expect(second, false);
        fake->events_fire(world.device);
        fence_expect(second, true);
        fence_free(second);
    }
    fence_free(other);
}

static void failures_pass(void **state)
{
    const VkDeviceEventInfoEXT info = {.sType = VK_STRUCTURE_TYPE_DEVICE_EVENT_INFO_EXT};
    VkFence other = imported(&object, 0, 1), fence = (VkFence)(uintptr_t)0xA5A5A5A0;
    (void)state;
    fake->order("vkRegisterDeviceEventEXT", 1, 1, VK_ERROR_OUT_OF_HOST_MEMORY);
    assert_int_equal(more.RegisterDeviceEventEXT(world.device, &info, NULL, &fence), VK_ERROR_OUT_OF_HOST_MEMORY);
    assert_true(fence == (VkFence)(uintptr_t)0xA5A5A5A0);
    fence_free(other);
}

int main(int argc, char **argv)
{
#define DISPLAY_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    static const struct CMUnitTest tests[] = {
        DISPLAY_TEST(waited_and_reset), DISPLAY_TEST(imported_over), DISPLAY_TEST(reset_before_the_event),
        DISPLAY_TEST(numbers_again),    DISPLAY_TEST(failures_pass),
    };
    (void)argc, (void)argv;
    return ntf_test_run("commands-display", tests, NTF_COUNT(tests), rig_open, rig_close);
}
