// SPDX-License-Identifier: Apache-2.0
/*
 * Over a driver that has VK_KHR_external_fence_win32 itself (driver_layer.c stands for it): the
 * layer keeps out of the way, unless its own extension is enabled, or the setting force. The
 * arguments are the folder of our manifest and that of the other one.
 */
#include "vulkan.h"

#include <stdio.h>
#include <string.h>

#include "driver_layer.h"

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
    assert_int_equal(features(), DRIVER_FEATURES);
}

// The driver's extension alone: the driver's own commands, and nothing hooked.
static void khr_alone(void **state)
{
    (void)state;
    open_device(KHR, NULL);
    assert_true(is_in((PFN_vkVoidFunction)vk.ImportFenceWin32HandleKHR, "test_driver"));
    assert_true(is_in((PFN_vkVoidFunction)vk.GetFenceWin32HandleKHR, "test_driver"));
    assert_false(is_in((PFN_vkVoidFunction)vk.WaitForFences, "VkLayer_ntfence"));
    VkFence fence = fence_new();
    assert_int_equal(import_by_handle(fence, object.handle, 0, 0), DRIVER_IMPORT);
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

// Both: our structure says whose import it is. The driver never gets a fence that is ours.
static void both(void **state)
{
    (void)state;
    open_device(KHR, OURS);
    VkFence fence = fence_new();
    assert_int_equal(get_handle(fence), DRIVER_GET);
    assert_int_equal(import_by_handle(fence, object.handle, 0, 0), DRIVER_IMPORT);
    assert_int_equal(import_by_handle(fence, object.handle, 0, 1), VK_SUCCESS);
    fence_expect(fence, false);
    assert_int_equal(import_by_handle(fence, object.handle, 0, 0), VK_ERROR_UNKNOWN);
    assert_int_equal(get_handle(fence), VK_ERROR_UNKNOWN);
    assert_int_equal(messages_of("NTF-FENCE-001"), 1);
    fence_free(fence);
    vk.DestroyDevice(world.device, NULL);
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
    // The device is lost with a submission that signals it: who waits for it, here or elsewhere, is let go.
    fence_expect(fence, false);
    os_setenv(DRIVER_LOST, "1");
    vk.GetDeviceQueue(world.device, 0, 0, &world.queue);
    assert_int_equal(vk.QueueSubmit(world.queue, 0, NULL, fence), VK_ERROR_DEVICE_LOST);
    os_setenv(DRIVER_LOST, NULL);
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
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

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(listed_once), WORLD_TEST(drivers_properties), WORLD_TEST(khr_alone),
        WORLD_TEST(ours_alone), WORLD_TEST(both), WORLD_TEST(forced),
    };
    char value[4096];
    if (argc != 3)
        return 2;
    // The loader of Debian 12 orders layers by the first of these, newer ones by the second.
    snprintf(value, sizeof value, "%s%s%s", argv[1], os_list_separator, argv[2]);
    os_setenv("VK_LAYER_PATH", value);
    snprintf(value, sizeof value, "%s%s%s", NTFENCE_LAYER_NAME, os_list_separator, DRIVER_LAYER_NAME);
    os_setenv("VK_INSTANCE_LAYERS", value);
    return ntf_test_run("layer-native", tests, NTF_COUNT(tests), setup, teardown);
}
