// SPDX-License-Identifier: Apache-2.0
/*
 * Over a driver that has VK_KHR_external_fence_win32 itself (the fake driver with the extension listed): the layer
 * keeps out of the way, unless its own extension is enabled, or the setting force.
 */
#include "vulkan.h"

#include <stdlib.h>
#include <string.h>

#include "fake_driver.h"

#define KHR VK_KHR_EXTERNAL_FENCE_WIN32_EXTENSION_NAME
#define OURS VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME

static struct kernel_fence object;

static bool is_in(PFN_vkVoidFunction function, const char *file)
{
    return strstr(os_module_of((void (*)(void))function), file) != NULL;
}

static void open_device(const char *first, const char *second)
{
    device_use(device_new((const char *const[]){first, second, NULL}));
}

static VkResult get_handle(VkFence fence)
{
    const VkFenceGetWin32HandleInfoKHR info = {.sType = VK_STRUCTURE_TYPE_FENCE_GET_WIN32_HANDLE_INFO_KHR,
                                               .fence = fence,
                                               .handleType = VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT};
    HANDLE handle;
    return vk.GetFenceWin32HandleKHR(world.device, &info, &handle);
}

static void listed_once(void **state)
{
    static VkExtensionProperties list[1024];
    uint32_t count = NTF_COUNT(list);
    unsigned khr = 0, ours = 0;
    (void)state;
    assert_int_equal(vk.EnumerateDeviceExtensionProperties(world.physical, NULL, &count, list), VK_SUCCESS);
    for (uint32_t i = 0; i < count; i++) {
        khr += strcmp(list[i].extensionName, KHR) == 0;
        ours += strcmp(list[i].extensionName, OURS) == 0;
    }
    assert_int_equal(khr, 1);
    assert_int_equal(ours, 1);
}

static VkExternalFenceFeatureFlags features(void)
{
    const VkPhysicalDeviceExternalFenceInfo info = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_FENCE_INFO,
        .handleType = VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT};
    VkExternalFenceProperties result = {.sType = VK_STRUCTURE_TYPE_EXTERNAL_FENCE_PROPERTIES};
    vk.GetPhysicalDeviceExternalFenceProperties(world.physical, &info, &result);
    return result.externalFenceFeatures;
}

static void drivers_properties(void **state)
{
    (void)state;
    assert_int_equal(features(), FAKE_FEATURES);
}

// The driver's extension alone: the driver's own commands, and nothing hooked.
static void khr_alone(void **state)
{
    (void)state;
    open_device(KHR, NULL);
    assert_true(is_in((PFN_vkVoidFunction)vk.ImportFenceWin32HandleKHR, "ntf_fake"));
    assert_true(is_in((PFN_vkVoidFunction)vk.GetFenceWin32HandleKHR, "ntf_fake"));
    assert_false(is_in((PFN_vkVoidFunction)vk.WaitForFences, "VkLayer_ntfence"));
    VkFence fence = fence_new();
    assert_int_equal(import_by_handle(fence, object.handle, 0, 0), FAKE_IMPORT_RESULT);
    fence_free(fence);
    vk.DestroyDevice(world.device, NULL);
}

// Ours alone: the driver is not asked for its extension.
static void ours_alone(void **state)
{
    (void)state;
    open_device(OURS, NULL);
    assert_null(vk.GetFenceWin32HandleKHR);
    VkFence fence = fence_new();
    assert_int_equal(import_by_handle(fence, object.handle, 0, 0), VK_SUCCESS);
    assert_int_equal(import_by_handle(fence, object.handle, 0, 1), VK_SUCCESS);
    fence_free(fence);
    vk.DestroyDevice(world.device, NULL);
}

// Both: our structure says whose import it is.
static void both(void **state)
{
    (void)state;
    open_device(KHR, OURS);
    VkFence fence = fence_new();
    assert_int_equal(get_handle(fence), FAKE_GET_RESULT);
    assert_int_equal(import_by_handle(fence, object.handle, 0, 0), FAKE_IMPORT_RESULT);
    assert_int_equal(import_by_handle(fence, object.handle, 0, 1), VK_SUCCESS);
    fence_expect(fence, false);
    // What is ours is not the driver's to export.
    assert_int_equal(get_handle(fence), VK_ERROR_UNKNOWN);
    assert_int_equal(messages_of("NTF-FENCE-002"), 1);
    // An import that the driver refuses changes nothing: it is still ours.
    assert_int_equal(import_by_handle(fence, object.handle, 0, 0), FAKE_IMPORT_RESULT);
    assert_int_equal(get_handle(fence), VK_ERROR_UNKNOWN);
    fence_free(fence);
    vk.DestroyDevice(world.device, NULL);
}

// The driver's import takes the place of ours, and ours that of the driver's.
static void in_turns(void **state)
{
    struct kernel_fence own;
    (void)state;
    kernel_make(&own, true, false, 0);
    open_device(KHR, OURS);
    fake_find()->option(FAKE_NATIVE_WORKS, true);
    VkFence fence = fence_new();
    for (uint64_t k = 1; k <= 3; k++) {
        assert_int_equal(import_by_handle(fence, own.handle, 0, k), VK_SUCCESS);
        fence_submit(fence);
        assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
        assert_int_equal(kernel_value(&own), k);
        assert_int_equal(import_by_handle(fence, (ntf_handle)(uintptr_t)(0xF0000 + 4 * k), 0, 0), VK_SUCCESS);
        fence_expect(fence, false);
        fence_submit(fence);
        assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
        assert_int_equal(kernel_value(&own), k);
        // A temporary one is over with the reset.
        assert_int_equal(import_by_handle(fence, own.handle, VK_FENCE_IMPORT_TEMPORARY_BIT, k), VK_SUCCESS);
        fence_expect(fence, true);
        fence_reset(fence);
        fence_expect(fence, false);
    }
    fake_find()->option(FAKE_NATIVE_WORKS, false);
    fence_free(fence);
    vk.DestroyDevice(world.device, NULL);
    kernel_destroy(&own);
}

// For tests: the layer takes the driver's place.
static void forced(void **state)
{
    VkInstance instance = world.instance;
    VkDebugUtilsMessengerEXT messenger = world.messenger;
    (void)state;
    os_setenv("NTFENCE_FORCE", "1");
    instance_open(&(struct world_options){0});
    os_setenv("NTFENCE_FORCE", NULL);
    assert_int_equal(features(),
                     VK_EXTERNAL_FENCE_FEATURE_EXPORTABLE_BIT | VK_EXTERNAL_FENCE_FEATURE_IMPORTABLE_BIT);
    open_device(KHR, NULL);
    assert_true(is_in((PFN_vkVoidFunction)vk.ImportFenceWin32HandleKHR, "VkLayer_ntfence"));
    VkFence fence = fence_new();
    assert_int_equal(import_by_handle(fence, object.handle, 0, 0), VK_SUCCESS);
    // The device is lost with a submission that signals it: who waits for it is told so, who waits elsewhere is let go.
    fence_expect(fence, false);
    fake_find()->order("vkQueueSubmit", 1, 1, VK_ERROR_DEVICE_LOST);
    vk.GetDeviceQueue(world.device, 0, 0, &world.queue);
    assert_int_equal(vk.QueueSubmit(world.queue, 0, NULL, fence), VK_ERROR_DEVICE_LOST);
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_ERROR_DEVICE_LOST);
    assert_int_equal(fence_status(fence), VK_ERROR_DEVICE_LOST);
    assert_true(kernel_value(&object) >= 1);
    fence_free(fence);
    vk.DestroyDevice(world.device, NULL);
    instance_close();
    world.instance = instance;
    world.messenger = messenger;
}

static int setup(void **state)
{
    (void)state;
    kernel_open();
    kernel_make(&object, true, false, 0);
    instance_open(&(struct world_options){0});
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    instance_close();
    kernel_destroy(&object);
    kernel_close();
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(listed_once), WORLD_TEST(drivers_properties), WORLD_TEST(khr_alone),
        WORLD_TEST(ours_alone), WORLD_TEST(both), WORLD_TEST(in_turns), WORLD_TEST(forced),
    };
    if (!fake_find())
        return EXIT_FAILURE;
    return ntf_test_run("layer-native", tests, NTF_COUNT(tests), setup, teardown);
}
