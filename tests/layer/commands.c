// SPDX-License-Identifier: Apache-2.0
/*
 * What the commands around fences answer on a device without swapchains: those that its extensions do not bring are not
 * there, and what cannot be exported is refused, with a reason. (Acquires, presents and descriptors: tests/commands.)
 */
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
    // Refused means that nothing has happened.
    fence_expect(fence, false);
    assert_int_equal(kernel_value(&object), 0);
    fence_submit(fence);
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    fence_free(fence);
    kernel_destroy(&object);
    return messages_teardown(state);
}

// A command of an extension that is not enabled is not hooked: the layer gives out what it got.
static void not_there(void **state)
{
    static const char *const names[] = {"vkAcquireNextImageKHR", "vkAcquireNextImage2KHR", "vkQueuePresentKHR",
                                        "vkGetFenceFdKHR", "vkImportFenceFdKHR", "vkRegisterDeviceEventEXT",
                                        "vkRegisterDisplayEventEXT"};
    (void)state;
    for (size_t i = 0; i < NTF_COUNT(names); i++)
        assert_null((void *)(uintptr_t)vk.GetDeviceProcAddr(world.device, names[i]));
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
    // The two types do not go together, nor with a descriptor.
    for (unsigned types = 3; types <= 7; types += types == 3 ? 2 : 1) {
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

int main(int argc, char **argv)
{
#define COMMAND_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    static const struct CMUnitTest tests[] = {
        COMMAND_TEST(not_there), COMMAND_TEST(export), COMMAND_TEST(export_of_nothing),
    };
    (void)argc, (void)argv;
    return ntf_test_run("layer-commands", tests, NTF_COUNT(tests), world_setup, world_teardown);
}
