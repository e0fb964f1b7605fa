// SPDX-License-Identifier: Apache-2.0
// What the driver says of itself: vkGetPhysicalDeviceExternalFenceProperties under both names, and the extension.
#include "matrix.h"

#include <string.h>

#define BOTH (VK_EXTERNAL_FENCE_FEATURE_EXPORTABLE_BIT | VK_EXTERNAL_FENCE_FEATURE_IMPORTABLE_BIT)
enum { EXTENSIONS_MAX = 512 };

static PFN_vkGetPhysicalDeviceExternalFenceProperties query;

// Everything is poison first; sType and pNext are the application's and stay so.
static VkExternalFenceProperties ask(VkPhysicalDevice physical, uint32_t type)
{
    const VkPhysicalDeviceExternalFenceInfo info = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_FENCE_INFO,
                                                    .handleType = (VkExternalFenceHandleTypeFlagBits)type};
    VkExternalFenceProperties result;
    memset(&result, 0x5A, sizeof result);
    result.sType = VK_STRUCTURE_TYPE_EXTERNAL_FENCE_PROPERTIES;
    result.pNext = NULL;
    query(physical, &info, &result);
    assert_int_equal(result.sType, VK_STRUCTURE_TYPE_EXTERNAL_FENCE_PROPERTIES);
    assert_null(result.pNext);
    return result;
}

// "If handleType is not supported by the implementation, then ... externalFenceFeatures will be set to zero", and the
// masks with it; a type that is supported goes with itself.
static void check(VkPhysicalDevice physical, uint32_t type)
{
    const VkExternalFenceProperties found = ask(physical, type);
    assert_int_equal(found.externalFenceFeatures & ~(VkExternalFenceFeatureFlags)BOTH, 0);
    if (!found.externalFenceFeatures) {
        assert_int_equal(found.compatibleHandleTypes, 0);
        assert_int_equal(found.exportFromImportedHandleTypes, 0);
        return;
    }
    assert_true(found.compatibleHandleTypes & type);
    // What is compatible is so both ways.
    for (uint32_t bit = 1; bit; bit <<= 1)
        if (found.compatibleHandleTypes & bit)
            assert_true(ask(physical, bit).compatibleHandleTypes & type);
}

static void check_types(VkPhysicalDevice physical)
{
    static const uint32_t defined[] = {
        VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_FD_BIT, VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT,
        VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_KMT_BIT, VK_EXTERNAL_FENCE_HANDLE_TYPE_SYNC_FD_BIT};
    assert_non_null(query);
    for (size_t i = 0; i < NTF_COUNT(defined); i++)
        check(physical, defined[i]);
    assert_int_equal(ask(physical, VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT).externalFenceFeatures, BOTH);
}

static void query_under_its_core_name(void **state)
{
    (void)state;
    query = vk.GetPhysicalDeviceExternalFenceProperties;
    check_types(first_host()->world.physical);
}

// The alias, of an instance that enables its extension.
static void query_under_its_extension_name(void **state)
{
    (void)state;
    instance_open(&(struct world_options){.api_version = VK_API_VERSION_1_1,
                                          .instance_extension = VK_KHR_EXTERNAL_FENCE_CAPABILITIES_EXTENSION_NAME});
    query = vk.GetPhysicalDeviceExternalFencePropertiesKHR;
    check_types(world.physical);
    const VkExternalFenceProperties alias = ask(world.physical, VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT);
    instance_close();
    query = vk.GetPhysicalDeviceExternalFenceProperties;
    const VkExternalFenceProperties core =
        ask(first_host()->world.physical, VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT);
    assert_int_equal(alias.externalFenceFeatures, core.externalFenceFeatures);
    assert_int_equal(alias.compatibleHandleTypes, core.compatibleHandleTypes);
    assert_int_equal(alias.exportFromImportedHandleTypes, core.exportFromImportedHandleTypes);
}

// A bit that nobody knows is a type that is not supported, not an error.
static void query_of_any_bit(void **state)
{
    (void)state;
    messages_expect_foreign(); // to validation such a bit is news
    query = vk.GetPhysicalDeviceExternalFenceProperties;
    for (uint32_t bit = VK_EXTERNAL_FENCE_HANDLE_TYPE_SYNC_FD_BIT << 1; bit && bit < 0x80000000u; bit <<= 1) {
        const VkExternalFenceProperties found = ask(first_host()->world.physical, bit);
        assert_int_equal(found.externalFenceFeatures, 0);
        assert_int_equal(found.compatibleHandleTypes, 0);
        assert_int_equal(found.exportFromImportedHandleTypes, 0);
    }
}

static void the_result_is_the_same_in_every_instance(void **state)
{
    struct host second;
    const VkExternalFenceProperties here = host_query(first_host(), VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT);
    (void)state;
    host_open(&second);
    const VkExternalFenceProperties there = host_query(&second, VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT);
    host_close(&second);
    assert_memory_equal(&here, &there, sizeof here);
}

static unsigned listed(const char *name)
{
    static VkExtensionProperties list[EXTENSIONS_MAX];
    uint32_t count = EXTENSIONS_MAX;
    unsigned found = 0;
    assert_int_equal(vk.EnumerateDeviceExtensionProperties(first_host()->world.physical, NULL, &count, list),
                     VK_SUCCESS);
    for (uint32_t i = 0; i < count; i++)
        found += strcmp(list[i].extensionName, name) == 0;
    return found;
}

// Once; and with what it needs, which a driver of 1.1 or later has in its core.
static void the_extension_is_listed_once(void **state)
{
    VkPhysicalDeviceProperties properties;
    (void)state;
    assert_int_equal(listed(VK_KHR_EXTERNAL_FENCE_WIN32_EXTENSION_NAME), 1);
    vk.GetPhysicalDeviceProperties(first_host()->world.physical, &properties);
    if (properties.apiVersion < VK_API_VERSION_1_1)
        assert_int_equal(listed(VK_KHR_EXTERNAL_FENCE_EXTENSION_NAME), 1);
}

static VkDevice bare_device(uint32_t extension_count, const char *const *extensions, const void *chain)
{
    static const float priority = 1;
    const VkDeviceQueueCreateInfo queue = {
        .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO, .queueCount = 1, .pQueuePriorities = &priority};
    const VkDeviceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
                                     .pNext = chain,
                                     .queueCreateInfoCount = 1,
                                     .pQueueCreateInfos = &queue,
                                     .enabledExtensionCount = extension_count,
                                     .ppEnabledExtensionNames = extensions};
    VkDevice device;
    assert_int_equal(vk.CreateDevice(first_host()->world.physical, &info, NULL, &device), VK_SUCCESS);
    return device;
}

static void end(VkDevice device)
{
    ((PFN_vkDestroyDevice)vk.GetDeviceProcAddr(device, "vkDestroyDevice"))(device, NULL);
}

// vkGetDeviceProcAddr: NULL for a command of an extension that is not enabled on this device, whatever others have.
static void commands_are_there_where_enabled(void **state)
{
    static const char *const one[] = {VK_KHR_EXTERNAL_FENCE_WIN32_EXTENSION_NAME};
    const VkDevice with = bare_device(1, one, NULL), without = bare_device(0, NULL, NULL);
    (void)state;
    assert_true(vk.GetDeviceProcAddr(with, "vkImportFenceWin32HandleKHR") != NULL);
    assert_true(vk.GetDeviceProcAddr(with, "vkGetFenceWin32HandleKHR") != NULL);
    assert_true(vk.GetDeviceProcAddr(without, "vkImportFenceWin32HandleKHR") == NULL);
    assert_true(vk.GetDeviceProcAddr(without, "vkGetFenceWin32HandleKHR") == NULL);
    // Nor does one extension bring the commands of another.
    assert_true(vk.GetDeviceProcAddr(with, "vkQueueSubmit2KHR") == NULL);
    assert_true(vk.GetDeviceProcAddr(with, "vkQueueSubmit") != NULL);
    end(with);
    end(without);
}

// A name that is there twice is one name (VUID-VkDeviceCreateInfo-ppEnabledExtensionNames-01387 has no word on it).
static void enabled_twice(void **state)
{
    static const char *const two[] = {VK_KHR_EXTERNAL_FENCE_WIN32_EXTENSION_NAME,
                                      VK_KHR_EXTERNAL_FENCE_WIN32_EXTENSION_NAME};
    const VkDevice device = bare_device(2, two, NULL);
    (void)state;
    assert_true(vk.GetDeviceProcAddr(device, "vkImportFenceWin32HandleKHR") != NULL);
    end(device);
}

// What the application enables is enabled once (VUID-VkDeviceCreateInfo-sType-unique, -pNext-02830), whatever a driver
// or a layer would like to have for its own ends.
static void features_are_the_applications(void **state)
{
    static const char *const one[] = {VK_KHR_EXTERNAL_FENCE_WIN32_EXTENSION_NAME};
    const VkPhysicalDeviceTimelineSemaphoreFeatures timeline = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES, .timelineSemaphore = VK_TRUE};
    const VkPhysicalDeviceTimelineSemaphoreFeatures none = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES};
    const VkPhysicalDeviceVulkan12Features vulkan12 = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
                                                       .timelineSemaphore = VK_TRUE};
    const VkPhysicalDeviceFeatures2 features2 = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
                                                 .pNext = (void *)(uintptr_t)&timeline};
    const void *const chains[] = {&timeline, &none, &vulkan12, &features2};
    (void)state;
    for (size_t i = 0; i < NTF_COUNT(chains); i++) {
        const VkDevice device = bare_device(1, one, chains[i]);
        assert_true(vk.GetDeviceProcAddr(device, "vkImportFenceWin32HandleKHR") != NULL);
        end(device);
    }
    assert_null(timeline.pNext);
    assert_null(vulkan12.pNext);
}

int main(int argc, char **argv)
{
    static const struct matrix_case cases[] = {
        CASE(query_under_its_core_name, 0),
        CASE(query_under_its_extension_name, 0),
        CASE(query_of_any_bit, 0),
        CASE(the_result_is_the_same_in_every_instance, 0),
        CASE(the_extension_is_listed_once, 0),
        CASE(commands_are_there_where_enabled, 0),
        CASE(enabled_twice, 0),
        CASE(features_are_the_applications, 0),
    };
    return matrix_main(argc, argv, "conformance-info", cases, NTF_COUNT(cases));
}
