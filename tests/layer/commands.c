// SPDX-License-Identifier: Apache-2.0
/*
 * The commands that do not serve an imported fence yet: refused, with a reason that is said once for
 * a fence, and the fence never goes down. The swapchain here is none: who passed it on would crash.
 */
#include "vulkan.h"

#include <string.h>

static struct kernel_fence object;
static VkFence fence;
static const VkSwapchainKHR no_swapchain = (VkSwapchainKHR)(uintptr_t)0xA5A5A5A0;

static int setup(void **state)
{
    messages_setup(state);
    kernel_make(&object, true, false, 0);
    fence = fence_new();
    return import_by_handle(fence, object.handle, 0, 1) != VK_SUCCESS;
}

static int teardown(void **state)
{
    // Refused means that nothing has happened.
    fence_expect(fence, false);
    assert_int_equal(kernel_value(&object), 0);
    fence_submit(fence);
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    fence_free(fence);
    kernel_destroy(&object);
    return messages_teardown(state);
}

static void expect_reason(const char *command, unsigned count)
{
    if (messages_of("NTF-FENCE-001") != count || !strstr(messages_last("NTF-FENCE-001"), command))
        fail_msg("%u reasons, the last is: %s", messages_of("NTF-FENCE-001"),
                 messages_last("NTF-FENCE-001"));
}

static void acquire(void **state)
{
    uint32_t index = 0xA5A5A5A5;
    (void)state;
    assert_non_null(vk.AcquireNextImageKHR);
    for (int i = 0; i < 3; i++)
        assert_int_equal(vk.AcquireNextImageKHR(world.device, no_swapchain, UINT64_MAX, VK_NULL_HANDLE,
                                                fence, &index), VK_ERROR_UNKNOWN);
    assert_int_equal(index, 0xA5A5A5A5);
    expect_reason("vkAcquireNextImageKHR", 1);
}

static void acquire2(void **state)
{
    const VkAcquireNextImageInfoKHR info = {.sType = VK_STRUCTURE_TYPE_ACQUIRE_NEXT_IMAGE_INFO_KHR,
                                            .swapchain = no_swapchain, .fence = fence, .deviceMask = 1};
    uint32_t index = 0xA5A5A5A5;
    (void)state;
    assert_non_null(vk.AcquireNextImage2KHR);
    assert_int_equal(vk.AcquireNextImage2KHR(world.device, &info, &index), VK_ERROR_UNKNOWN);
    assert_int_equal(index, 0xA5A5A5A5);
    expect_reason("vkAcquireNextImage2KHR", 1);
}

// An imported fence anywhere among them; entries may be NULL.
static void present(void **state)
{
    VkFence plain = fence_new();
    const VkFence fences[] = {VK_NULL_HANDLE, plain, fence};
    const VkSwapchainKHR swapchains[] = {no_swapchain, no_swapchain, no_swapchain};
    const uint32_t indices[] = {0, 0, 0};
    VkResult results[] = {VK_EVENT_SET, VK_EVENT_SET, VK_EVENT_SET};
    VkSwapchainPresentFenceInfoEXT chained = {.sType = VK_STRUCTURE_TYPE_SWAPCHAIN_PRESENT_FENCE_INFO_EXT,
                                              .swapchainCount = 3, .pFences = fences};
    VkDeviceGroupPresentInfoKHR before = {.sType = VK_STRUCTURE_TYPE_DEVICE_GROUP_PRESENT_INFO_KHR, .pNext = &chained};
    const VkPresentInfoKHR info = {.sType = VK_STRUCTURE_TYPE_PRESENT_INFO_KHR, .pNext = &before,
                                   .swapchainCount = 3, .pSwapchains = swapchains, .pImageIndices = indices,
                                   .pResults = results};
    (void)state;
    assert_non_null(vk.QueuePresentKHR);
    assert_int_equal(vk.QueuePresentKHR(world.queue, &info), VK_ERROR_UNKNOWN);
    for (size_t i = 0; i < NTF_COUNT(results); i++)
        assert_int_equal(results[i], VK_EVENT_SET);
    expect_reason("vkQueuePresentKHR", 1);
    fence_free(plain);
}

// Where the driver has them.
static void descriptors(void **state)
{
    int fd = 77;
    (void)state;
    const VkFenceGetFdInfoKHR get = {.sType = VK_STRUCTURE_TYPE_FENCE_GET_FD_INFO_KHR, .fence = fence,
                                     .handleType = VK_EXTERNAL_FENCE_HANDLE_TYPE_SYNC_FD_BIT};
    const VkImportFenceFdInfoKHR import = {.sType = VK_STRUCTURE_TYPE_IMPORT_FENCE_FD_INFO_KHR, .fence = fence,
                                           .flags = VK_FENCE_IMPORT_TEMPORARY_BIT,
                                           .handleType = VK_EXTERNAL_FENCE_HANDLE_TYPE_SYNC_FD_BIT, .fd = -1};
    if (vk.GetFenceFdKHR)
        assert_int_equal(vk.GetFenceFdKHR(world.device, &get, &fd), VK_ERROR_UNKNOWN);
    if (vk.ImportFenceFdKHR)
        assert_int_equal(vk.ImportFenceFdKHR(world.device, &import), VK_ERROR_UNKNOWN);
    assert_int_equal(fd, 77);
}

// What cannot be exported: said at creation, and by the query (properties.c). What can stands in export.c.
static void export(void **state)
{
    VkFence plain = fence_new(), made = (VkFence)(uintptr_t)0xA5A5A5A0;
    VkFenceGetWin32HandleInfoKHR get = {.sType = VK_STRUCTURE_TYPE_FENCE_GET_WIN32_HANDLE_INFO_KHR, .fence = plain,
                                        .handleType = VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT};
    HANDLE handle = (HANDLE)(uintptr_t)0xA5A5A5A5;
    (void)state;
    assert_int_equal(vk.GetFenceWin32HandleKHR(world.device, &get, &handle), VK_ERROR_UNKNOWN);
    assert_int_equal(messages_of("NTF-FENCE-002"), 1);
    get.fence = fence;
    assert_int_equal(vk.GetFenceWin32HandleKHR(world.device, &get, &handle), VK_ERROR_UNKNOWN);
    assert_ptr_equal(handle, (HANDLE)(uintptr_t)0xA5A5A5A5);
    assert_int_equal(messages_of("NTF-FENCE-002"), 2);
    for (unsigned types = 3; types <= 6; types++) {
        const VkExportFenceCreateInfo chained = {.sType = VK_STRUCTURE_TYPE_EXPORT_FENCE_CREATE_INFO,
                                                 .handleTypes = types};
        const VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO, .pNext = &chained};
        assert_int_equal(vk.CreateFence(world.device, &info, NULL, &made), VK_ERROR_UNKNOWN);
        assert_ptr_equal((void *)(uintptr_t)made, (void *)(uintptr_t)0xA5A5A5A0);
    }
    assert_int_equal(messages_of("NTF-FENCE-002"), 6);
    fence_free(plain);
}

// Structures about an export that is not asked for have no effect, and do not reach a driver that does not know them.
static void export_of_nothing(void **state)
{
    const VkExportFenceWin32HandleInfoKHR win32 = {.sType = VK_STRUCTURE_TYPE_EXPORT_FENCE_WIN32_HANDLE_INFO_KHR};
    const VkExportFenceCreateInfo none = {.sType = VK_STRUCTURE_TYPE_EXPORT_FENCE_CREATE_INFO, .pNext = &win32};
    const void *const chains[] = {&win32, &none};
    (void)state;
    for (size_t i = 0; i < NTF_COUNT(chains); i++) {
        const VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO, .pNext = chains[i],
                                        .flags = VK_FENCE_CREATE_SIGNALED_BIT};
        VkFence made;
        assert_int_equal(vk.CreateFence(world.device, &info, NULL, &made), VK_SUCCESS);
        assert_int_equal(fence_status(made), VK_SUCCESS);
        fence_free(made);
    }
}

// The reason belongs to the fence: said for the next one again, also when that has the same handle.
static void said_once_per_fence(void **state)
{
    uint32_t index;
    (void)state;
    for (unsigned i = 1; i <= 4; i++) {
        VkFence own = fence_new();
        const VkFenceImportFlags flags = i % 2 ? VK_FENCE_IMPORT_TEMPORARY_BIT : 0;
        assert_int_equal(import_by_handle(own, object.handle, flags, 9), VK_SUCCESS);
        for (int again = 0; again < 2; again++)
            assert_int_equal(vk.AcquireNextImageKHR(world.device, no_swapchain, 0, VK_NULL_HANDLE, own, &index),
                             VK_ERROR_UNKNOWN);
        expect_reason("vkAcquireNextImageKHR", i);
        fence_reset(own); // a temporary one is a plain fence again
        fence_free(own);
    }
}

static int open_world(void **state)
{
    (void)state;
    kernel_open();
    instance_open(&(struct world_options){.instance_extension = VK_KHR_SURFACE_EXTENSION_NAME});
    device_use(device_new((const char *const[]){VK_KHR_EXTERNAL_FENCE_WIN32_EXTENSION_NAME,
                                                VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME,
                                                VK_KHR_SWAPCHAIN_EXTENSION_NAME, NULL}));
    return 0;
}

int main(void)
{
#define COMMAND_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    static const struct CMUnitTest tests[] = {
        COMMAND_TEST(acquire), COMMAND_TEST(acquire2), COMMAND_TEST(present), COMMAND_TEST(descriptors),
        COMMAND_TEST(export), COMMAND_TEST(export_of_nothing), COMMAND_TEST(said_once_per_fence),
    };
    return ntf_test_run("layer-commands", tests, NTF_COUNT(tests), open_world, world_teardown);
}
