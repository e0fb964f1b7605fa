// SPDX-License-Identifier: Apache-2.0
// Swapchains: acquiring, presenting, and the fences of both.
#include "self.h"

#include <string.h>

static PFN_vkCreateHeadlessSurfaceEXT create_surface;
static PFN_vkDestroySurfaceKHR destroy_surface;
static VkSurfaceKHR surface;
static VkSwapchainKHR chain;

// The shared instance has no surfaces without a window: one of its own.
static int setup(void **state)
{
    const VkHeadlessSurfaceCreateInfoEXT info = {.sType = VK_STRUCTURE_TYPE_HEADLESS_SURFACE_CREATE_INFO_EXT};
    self_setup(state);
    create_surface = (PFN_vkCreateHeadlessSurfaceEXT)vk.GetInstanceProcAddr(world.instance,
                                                                            "vkCreateHeadlessSurfaceEXT");
    destroy_surface = (PFN_vkDestroySurfaceKHR)vk.GetInstanceProcAddr(world.instance, "vkDestroySurfaceKHR");
    assert_int_equal(create_surface(world.instance, &info, NULL, &surface), VK_SUCCESS);
    const VkSwapchainCreateInfoKHR swapchain = {
        .sType = VK_STRUCTURE_TYPE_SWAPCHAIN_CREATE_INFO_KHR, .surface = surface, .minImageCount = 3,
        .imageFormat = VK_FORMAT_B8G8R8A8_UNORM, .imageExtent = {64, 64}, .imageArrayLayers = 1,
        .imageUsage = VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT, .preTransform = VK_SURFACE_TRANSFORM_IDENTITY_BIT_KHR,
        .compositeAlpha = VK_COMPOSITE_ALPHA_OPAQUE_BIT_KHR, .presentMode = VK_PRESENT_MODE_FIFO_KHR};
    assert_int_equal(more.CreateSwapchainKHR(world.device, &swapchain, NULL, &chain), VK_SUCCESS);
    return 0;
}

static int teardown(void **state)
{
    if (vk.DeviceWaitIdle(world.device) != VK_SUCCESS)
        return 1;
    more.DestroySwapchainKHR(world.device, chain, NULL);
    destroy_surface(world.instance, surface, NULL);
    return self_teardown(state);
}

static VkResult acquire(VkFence fence, uint64_t timeout_ns, uint32_t *index)
{
    return vk.AcquireNextImageKHR(world.device, chain, timeout_ns, VK_NULL_HANDLE, fence, index);
}

static VkResult acquire2(VkFence fence, uint32_t *index)
{
    const VkAcquireNextImageInfoKHR info = {.sType = VK_STRUCTURE_TYPE_ACQUIRE_NEXT_IMAGE_INFO_KHR,
                                            .swapchain = chain, .timeout = UINT64_MAX, .fence = fence, .deviceMask = 1};
    return vk.AcquireNextImage2KHR(world.device, &info, index);
}

static VkResult present(uint32_t index, VkSemaphore wait, VkFence fence)
{
    const VkSwapchainPresentFenceInfoEXT fences = {.sType = VK_STRUCTURE_TYPE_SWAPCHAIN_PRESENT_FENCE_INFO_EXT,
                                                   .swapchainCount = 1, .pFences = &fence};
    VkResult result = VK_EVENT_SET;
    const VkPresentInfoKHR info = {.sType = VK_STRUCTURE_TYPE_PRESENT_INFO_KHR, .pNext = fence ? &fences : NULL,
                                   .waitSemaphoreCount = wait != VK_NULL_HANDLE, .pWaitSemaphores = &wait,
                                   .swapchainCount = 1, .pSwapchains = &chain, .pImageIndices = &index,
                                   .pResults = &result};
    const VkResult whole = vk.QueuePresentKHR(world.queue, &info);
    assert_int_equal(result, whole);
    return whole;
}

static uint32_t take_image(void)
{
    VkFence fence = fence_new();
    uint32_t index;
    assert_int_equal(acquire(fence, UINT64_MAX, &index), VK_SUCCESS);
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    fence_free(fence);
    return index;
}

static void frames(void **state)
{
    VkSemaphore ready = semaphore_new(false, 0);
    VkFence fence = fence_new(), shown = fence_new();
    uint32_t index, seen = 0;
    (void)state;
    for (int i = 0; i < 12; i++) {
        assert_int_equal(i % 2 ? acquire(fence, UINT64_MAX, &index) : acquire2(fence, &index), VK_SUCCESS);
        assert_in_range(index, 0, 2);
        seen |= 1u << index;
        assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
        fence_reset(fence);
        assert_int_equal(submit(world.queue, VK_NULL_HANDLE, 0, ready, 0, VK_NULL_HANDLE), VK_SUCCESS);
        assert_int_equal(present(index, ready, shown), VK_SUCCESS);
        assert_int_equal(fence_wait(shown, UINT64_MAX), VK_SUCCESS);
        fence_reset(shown);
    }
    assert_int_equal(seen, 7);
    semaphore_free(ready);
    fence_free(fence);
    fence_free(shown);
}

static void held_acquire(void **state)
{
    VkFence fence = fence_new();
    uint32_t index;
    (void)state;
    fake->acquire_hold(chain);
    assert_int_equal(acquire(fence, 0, &index), VK_SUCCESS);
    fence_expect(fence, false);
    assert_int_equal(fake->fence_state(world.device, fence), FAKE_FENCE_LIVE | FAKE_FENCE_PENDING);
    fake->acquire_release(chain);
    fence_expect(fence, true);
    fence_reset(fence);
    fence_expect(fence, false);
    fence_free(fence);
}

static void held_present(void **state)
{
    const uint32_t index = take_image();
    VkFence fence = fence_new();
    (void)state;
    fake->present_hold(chain);
    assert_int_equal(present(index, VK_NULL_HANDLE, fence), VK_SUCCESS);
    assert_int_equal(vk.QueueWaitIdle(world.queue), VK_SUCCESS); // which a presentation engine is not part of
    fence_expect(fence, false);
    fake->present_release(chain);
    fence_expect(fence, true);
    fence_free(fence);
}

// More than there are, and while none is given out.
static void no_image(void **state)
{
    VkFence fence = fence_new();
    uint32_t index = 77, first = take_image();
    (void)state;
    (void)take_image();
    (void)take_image();
    assert_int_equal(acquire(fence, 0, &index), VK_NOT_READY);
    assert_int_equal(acquire(fence, 2 * MS, &index), VK_TIMEOUT);
    assert_int_equal(index, 77);
    fence_expect(fence, false);
    assert_int_equal(present(first, VK_NULL_HANDLE, VK_NULL_HANDLE), VK_SUCCESS);
    fake->acquire_starve(chain);
    assert_int_equal(vk.QueueWaitIdle(world.queue), VK_SUCCESS);
    assert_int_equal(acquire(fence, 0, &index), VK_NOT_READY);
    fake->acquire_release(chain);
    assert_int_equal(acquire(fence, UINT64_MAX, &index), VK_SUCCESS);
    assert_int_equal(index, first);
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    fence_free(fence);
}

// What Vulkan counts as enqueued signals, and what it does not leaves everything as it was.
static void failing_presents(void **state)
{
    static const struct {
        VkResult result;
        bool enqueued;
    } rows[] = {{VK_SUBOPTIMAL_KHR, true}, {VK_ERROR_OUT_OF_DATE_KHR, true}, {VK_ERROR_SURFACE_LOST_KHR, true},
                {VK_ERROR_FULL_SCREEN_EXCLUSIVE_MODE_LOST_EXT, true}, {VK_ERROR_OUT_OF_HOST_MEMORY, false},
                {VK_ERROR_OUT_OF_DEVICE_MEMORY, false}};
    VkFence fence = fence_new();
    (void)state;
    for (size_t i = 0; i < NTF_COUNT(rows); i++) {
        const uint32_t index = take_image();
        fake->order("vkQueuePresentKHR", 1, 1, rows[i].result);
        assert_int_equal(present(index, VK_NULL_HANDLE, fence), rows[i].result);
        assert_int_equal(vk.QueueWaitIdle(world.queue), VK_SUCCESS);
        fence_expect(fence, rows[i].enqueued);
        if (!rows[i].enqueued)
            assert_int_equal(present(index, VK_NULL_HANDLE, fence), VK_SUCCESS);
        assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
        fence_reset(fence);
    }
    fence_free(fence);
}

static void failing_acquires(void **state)
{
    static const VkResult results[] = {VK_NOT_READY, VK_TIMEOUT, VK_ERROR_OUT_OF_DATE_KHR, VK_ERROR_SURFACE_LOST_KHR,
                                       VK_ERROR_OUT_OF_HOST_MEMORY};
    VkFence fence = fence_new();
    uint32_t index;
    (void)state;
    for (size_t i = 0; i < NTF_COUNT(results); i++) {
        fake->order("vkAcquireNextImageKHR", 1, 1, results[i]);
        assert_int_equal(acquire(fence, UINT64_MAX, &index), results[i]);
        assert_int_equal(fake->fence_state(world.device, fence), FAKE_FENCE_LIVE);
    }
    fake->order("vkAcquireNextImage2KHR", 1, 1, VK_SUBOPTIMAL_KHR);
    assert_int_equal(acquire2(fence, &index), VK_SUBOPTIMAL_KHR);
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    fence_free(fence);
}

static void acquire_breaches(void **state)
{
    VkFence signalled = fence_new_signalled(), fence = fence_new();
    VkSemaphore semaphore = semaphore_new(false, 0);
    uint32_t index;
    (void)state;
    assert_int_equal(acquire(signalled, UINT64_MAX, &index), VK_SUCCESS);
    expect("fence-signalled", 1);
    fake->acquire_hold(chain);
    assert_int_equal(acquire(fence, UINT64_MAX, &index), VK_SUCCESS);
    assert_int_equal(acquire2(fence, &index), VK_SUCCESS);
    expect("fence-pending", 1);
    fake->acquire_release(chain);
    assert_int_equal(present(0, VK_NULL_HANDLE, VK_NULL_HANDLE), VK_SUCCESS);
    assert_int_equal(vk.QueueWaitIdle(world.queue), VK_SUCCESS);
    assert_int_equal(vk.AcquireNextImageKHR(world.device, chain, 0, VK_NULL_HANDLE, VK_NULL_HANDLE, &index),
                     VK_SUCCESS);
    expect("swapchain", 1);
    assert_int_equal(present(index, VK_NULL_HANDLE, VK_NULL_HANDLE), VK_SUCCESS);
    assert_int_equal(vk.QueueWaitIdle(world.queue), VK_SUCCESS);
    assert_int_equal(vk.AcquireNextImageKHR(world.device, chain, 0, semaphore, VK_NULL_HANDLE, &index), VK_SUCCESS);
    assert_int_equal(present(index, VK_NULL_HANDLE, VK_NULL_HANDLE), VK_SUCCESS);
    assert_int_equal(vk.QueueWaitIdle(world.queue), VK_SUCCESS);
    assert_int_equal(vk.AcquireNextImageKHR(world.device, chain, 0, semaphore, VK_NULL_HANDLE, &index), VK_SUCCESS);
    expect("semaphore", 1);
    semaphore_free(semaphore);
    fence_free(fence);
    fence_free(signalled);
}

static void present_breaches(void **state)
{
    VkFence signalled = fence_new_signalled(), fence = fence_new();
    uint32_t index = take_image();
    (void)state;
    assert_int_equal(present(index, VK_NULL_HANDLE, signalled), VK_SUCCESS);
    expect("fence-signalled", 1);
    assert_int_equal(vk.QueueWaitIdle(world.queue), VK_SUCCESS);
    assert_int_equal(present(index, VK_NULL_HANDLE, VK_NULL_HANDLE), VK_SUCCESS); // not acquired
    expect("swapchain", 1);
    index = take_image();
    fake->queue_hold(world.queue);
    fence_submit(fence);
    assert_int_equal(present(index, VK_NULL_HANDLE, fence), VK_SUCCESS);
    expect("fence-pending", 1);
    fake->queue_release(world.queue);
    assert_int_equal(vk.QueueWaitIdle(world.queue), VK_SUCCESS);
    fence_free(fence);
    fence_free(signalled);
}

// Two swapchains and one fence; and fences without the extension.
static void present_breaches_of_many(void **state)
{
    const uint32_t indices[] = {take_image(), take_image()};
    const VkSwapchainKHR chains[] = {chain, chain};
    VkFence fence = fence_new();
    const VkFence fences[] = {fence, fence};
    const VkSwapchainPresentFenceInfoEXT twice = {.sType = VK_STRUCTURE_TYPE_SWAPCHAIN_PRESENT_FENCE_INFO_EXT,
                                                  .swapchainCount = 2, .pFences = fences};
    const VkPresentInfoKHR info = {.sType = VK_STRUCTURE_TYPE_PRESENT_INFO_KHR, .pNext = &twice, .swapchainCount = 2,
                                   .pSwapchains = chains, .pImageIndices = indices};
    VkDevice first = world.device;
    (void)state;
    assert_int_equal(vk.QueuePresentKHR(world.queue, &info), VK_SUCCESS);
    expect("fence-pending", 1);
    assert_int_equal(vk.QueueWaitIdle(world.queue), VK_SUCCESS);
    fence_free(fence);
    more_use(open_device((const char *const[]){VK_KHR_SWAPCHAIN_EXTENSION_NAME, NULL}));
    const VkSwapchainPresentFenceInfoEXT none = {.sType = VK_STRUCTURE_TYPE_SWAPCHAIN_PRESENT_FENCE_INFO_EXT};
    const VkPresentInfoKHR nothing = {.sType = VK_STRUCTURE_TYPE_PRESENT_INFO_KHR, .pNext = &none};
    assert_int_equal(vk.QueuePresentKHR(world.queue, &nothing), VK_SUCCESS);
    expect("chain", 1);
    const VkSwapchainPresentFenceInfoEXT one = {.sType = VK_STRUCTURE_TYPE_SWAPCHAIN_PRESENT_FENCE_INFO_EXT,
                                                .swapchainCount = 1, .pFences = fences};
    const VkPresentInfoKHR mismatch = {.sType = VK_STRUCTURE_TYPE_PRESENT_INFO_KHR, .pNext = &one};
    assert_int_equal(vk.QueueWaitIdle(world.queue), VK_SUCCESS);
    vk.DestroyDevice(world.device, NULL);
    more_use(first);
    assert_int_equal(vk.QueuePresentKHR(world.queue, &mismatch), VK_SUCCESS);
    expect("swapchain", 1);
}

static void destroyed_too_early(void **state)
{
    const uint32_t index = take_image();
    VkFence fence = fence_new();
    (void)state;
    fake->present_hold(chain);
    assert_int_equal(present(index, VK_NULL_HANDLE, fence), VK_SUCCESS);
    assert_int_equal(vk.QueueWaitIdle(world.queue), VK_SUCCESS);
    more.DestroySwapchainKHR(world.device, chain, NULL);
    chain = VK_NULL_HANDLE;
    expect("swapchain", 1);
    fence_expect(fence, true);
    fence_free(fence);
}

// ---- fences that the driver makes

static void display_events(void **state)
{
    const VkDeviceEventInfoEXT device_event = {.sType = VK_STRUCTURE_TYPE_DEVICE_EVENT_INFO_EXT};
    const VkDisplayEventInfoEXT display_event = {.sType = VK_STRUCTURE_TYPE_DISPLAY_EVENT_INFO_EXT};
    VkFence a, b;
    (void)state;
    assert_int_equal(more.RegisterDeviceEventEXT(world.device, &device_event, NULL, &a), VK_SUCCESS);
    assert_int_equal(more.RegisterDisplayEventEXT(world.device, (VkDisplayKHR)(uintptr_t)1, &display_event, NULL, &b),
                     VK_SUCCESS);
    fence_expect(a, false);
    fence_expect(b, false);
    fake->events_fire(world.device);
    fence_expect(a, true);
    fence_expect(b, true);
    fence_reset(a);
    fence_expect(a, false);
    fence_free(a);
    fence_free(b);
}

#define PRESENT_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
const struct CMUnitTest present_tests[] = {
    PRESENT_TEST(frames), PRESENT_TEST(held_acquire), PRESENT_TEST(held_present), PRESENT_TEST(no_image),
    PRESENT_TEST(failing_presents), PRESENT_TEST(failing_acquires), PRESENT_TEST(acquire_breaches),
    PRESENT_TEST(present_breaches), PRESENT_TEST(present_breaches_of_many), PRESENT_TEST(destroyed_too_early),
    PRESENT_TEST(display_events),
};
const size_t present_test_count = NTF_COUNT(present_tests);
