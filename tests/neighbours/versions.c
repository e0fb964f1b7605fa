// SPDX-License-Identifier: Apache-2.0
/*
 * A layer must not be noticed: what a device answers to a name, with which version of the interface
 * and with what enabled; names that are listed twice; many devices and instances (many.c); what
 * others keep about a fence; an application's allocator (callbacks.c).
 */
#include "callbacks.h"
#include "many.h"

#include "fake_driver.h"

#include "base/os/os.h"

#include <string.h>

static const uint32_t versions[] = {VK_API_VERSION_1_0, VK_API_VERSION_1_1, VK_API_VERSION_1_2, VK_API_VERSION_1_3};

#define NUMBER UINT64_C(0x1234567890)
#define KHR VK_KHR_EXTERNAL_FENCE_WIN32_EXTENSION_NAME
#define BEYOND VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME
static const char *const none[] = {NULL}, *const khr[] = {KHR, NULL}, *const beyond[] = {BEYOND, NULL},
                         *const both[] = {KHR, BEYOND, NULL};

static void for_each_version(void (*body)(void))
{
    for (size_t i = 0; i < NTF_COUNT(versions); i++) {
        instance_close();
        instance_open(&(struct world_options){.api_version = versions[i]});
        body();
    }
}

static void destroy(VkDevice device)
{
    const PFN_vkDestroyDevice function = (PFN_vkDestroyDevice)vk.GetDeviceProcAddr(device, "vkDestroyDevice");
    function(device, NULL);
}

/* ---- what vkGetDeviceProcAddr answers ---- */

// Of the instance, of nobody, or of no such version: NULL.
static const char *const no_device_commands[] = {
    "vkCreateInstance",
    "vkDestroyInstance",
    "vkEnumeratePhysicalDevices",
    "vkEnumerateDeviceExtensionProperties",
    "vkCreateDevice",
    "vkGetInstanceProcAddr",
    "vkGetPhysicalDeviceProperties",
    "vkGetPhysicalDeviceProperties2",
    "vkGetPhysicalDeviceExternalFenceProperties",
    "vkGetPhysicalDeviceExternalFencePropertiesKHR",
    "vkEnumerateInstanceExtensionProperties",
    "vkEnumerateInstanceVersion",
    "vkCreateDebugUtilsMessengerEXT",
    "vkDestroySurfaceKHR",
    "vk_layerGetPhysicalDeviceProcAddr",
    "vkNegotiateLoaderLayerInterfaceVersion",
    "vkImportFenceWin32Handle",
    "vkGetFenceWin32Handle",
    "vkWaitForFencesKHR",
    "vkNoSuchCommand",
    "",
};

static void check_no_device_commands(const char *const *extensions)
{
    const VkDevice device = device_new(extensions);
    for (size_t i = 0; i < NTF_COUNT(no_device_commands); i++)
        if (vk.GetDeviceProcAddr(device, no_device_commands[i]))
            fail_msg("vkGetDeviceProcAddr answers to \"%s\"", no_device_commands[i]);
    destroy(device);
}

// Everything else is there or not as it is without us; the two of the extension with it alone.
static const char *const device_commands[] = {
    "vkGetDeviceProcAddr",
    "vkDestroyDevice",
    "vkGetDeviceQueue",
    "vkGetDeviceQueue2",
    "vkQueueSubmit",
    "vkQueueSubmit2",
    "vkQueueSubmit2KHR",
    "vkQueueBindSparse",
    "vkQueueWaitIdle",
    "vkDeviceWaitIdle",
    "vkCreateFence",
    "vkDestroyFence",
    "vkResetFences",
    "vkGetFenceStatus",
    "vkWaitForFences",
    "vkGetFenceFdKHR",
    "vkImportFenceFdKHR",
    "vkAcquireNextImageKHR",
    "vkAcquireNextImage2KHR",
    "vkQueuePresentKHR",
    "vkCreateSwapchainKHR",
    "vkReleaseSwapchainImagesEXT",
    "vkRegisterDeviceEventEXT",
    "vkRegisterDisplayEventEXT",
    "vkWaitForPresentKHR",
    "vkCreateSemaphore",
    "vkWaitSemaphores",
    "vkWaitSemaphoresKHR",
    "vkGetSemaphoreFdKHR",
    "vkSetPrivateData",
    "vkSetPrivateDataEXT",
    "vkSetDebugUtilsObjectNameEXT",
    "vkTrimCommandPool",
    "vkBindBufferMemory2",
};

static void check_same_answers(const char *const *extensions, bool imports, bool gets)
{
    const VkDevice without = device_new(none), with = device_new(extensions);
    for (size_t i = 0; i < NTF_COUNT(device_commands); i++)
        if (!vk.GetDeviceProcAddr(without, device_commands[i]) != !vk.GetDeviceProcAddr(with, device_commands[i]))
            fail_msg("with the extension %s is %s", device_commands[i],
                     vk.GetDeviceProcAddr(with, device_commands[i]) ? "there" : "not there");
    assert_null(vk.GetDeviceProcAddr(without, "vkImportFenceWin32HandleKHR"));
    assert_null(vk.GetDeviceProcAddr(without, "vkGetFenceWin32HandleKHR"));
    assert_int_equal(vk.GetDeviceProcAddr(with, "vkImportFenceWin32HandleKHR") != NULL, imports);
    assert_int_equal(vk.GetDeviceProcAddr(with, "vkGetFenceWin32HandleKHR") != NULL, gets);
    destroy(with);
    destroy(without);
}

static void answers_of_version(void)
{
    check_no_device_commands(none);
    check_no_device_commands(khr);
    check_no_device_commands(beyond);
    check_same_answers(khr, true, true);
    check_same_answers(beyond, true, false);
    check_same_answers(both, true, true);
}

static void answers_to_names(void **state)
{
    (void)state;
    for_each_version(answers_of_version);
}

// Without an instance there are the global commands alone.
static void without_an_instance(void **state)
{
    static const char *const globals[] = {"vkCreateInstance", "vkEnumerateInstanceVersion",
                                          "vkEnumerateInstanceExtensionProperties",
                                          "vkEnumerateInstanceLayerProperties"};
    (void)state;
    for (size_t i = 0; i < NTF_COUNT(globals); i++)
        assert_non_null(vk.GetInstanceProcAddr(NULL, globals[i]));
    assert_null(vk.GetInstanceProcAddr(NULL, "vkCreateDevice"));
    assert_null(vk.GetInstanceProcAddr(NULL, "vkImportFenceWin32HandleKHR"));
    for (size_t i = 0; i < NTF_COUNT(device_commands); i++)
        assert_null(vk.GetInstanceProcAddr(NULL, device_commands[i]));
}

/* ---- many ---- */

// An instance extension that is listed twice; on the device, ours between two of others' that are.
static void listed_twice(void **state)
{
    (void)state;
    instance_close();
    instance_open(&(struct world_options){.instance_extension = VK_EXT_DEBUG_UTILS_EXTENSION_NAME});
    const char *const names[] = {
        VK_KHR_EXTERNAL_FENCE_EXTENSION_NAME, BEYOND, VK_KHR_EXTERNAL_FENCE_EXTENSION_NAME, BEYOND, KHR, KHR, NULL};
    const VkDevice device = device_new(names);
    device_use(device);
    VkFence fence = fence_new();
    fence_submit(fence);
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    fence_free(fence);
    destroy(device);
}

/* ---- what is kept about a fence ---- */

static VkResult name_it(VkFence fence, const char *name)
{
    const PFN_vkSetDebugUtilsObjectNameEXT set =
        (PFN_vkSetDebugUtilsObjectNameEXT)vk.GetInstanceProcAddr(world.instance, "vkSetDebugUtilsObjectNameEXT");
    const VkDebugUtilsObjectNameInfoEXT info = {.sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_OBJECT_NAME_INFO_EXT,
                                                .objectType = VK_OBJECT_TYPE_FENCE,
                                                .objectHandle = (uint64_t)fence,
                                                .pObjectName = name};
    return set(world.device, &info);
}

// A number and a name are the fence's, not its payload's: they stay through import, reset and submission.
static void private_data_and_names(void **state)
{
    VkPhysicalDevicePrivateDataFeaturesEXT features = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PRIVATE_DATA_FEATURES_EXT, .privateData = VK_TRUE};
    const VkPrivateDataSlotCreateInfoEXT info = {.sType = VK_STRUCTURE_TYPE_PRIVATE_DATA_SLOT_CREATE_INFO_EXT};
    struct kernel_fence object;
    VkPrivateDataSlotEXT slot;
    uint64_t data = 0;
    (void)state;
    if (fake_find()) // has no private data
        skip();
    kernel_make(&object, true, false, 0);
    device_use(
        device_new_with((const char *const[]){VK_EXT_PRIVATE_DATA_EXTENSION_NAME, BEYOND, KHR, NULL}, &features));
#define GET(Name) const PFN_vk##Name Name = (PFN_vk##Name)vk.GetDeviceProcAddr(world.device, "vk" #Name)
    GET(CreatePrivateDataSlotEXT);
    GET(DestroyPrivateDataSlotEXT);
    GET(SetPrivateDataEXT);
    GET(GetPrivateDataEXT);
#undef GET
    assert_int_equal(CreatePrivateDataSlotEXT(world.device, &info, NULL, &slot), VK_SUCCESS);
    VkFence fence = fence_new(), other = fence_new();
    const uint64_t number = (uint64_t)fence;
    assert_int_equal(SetPrivateDataEXT(world.device, VK_OBJECT_TYPE_FENCE, number, slot, NUMBER), VK_SUCCESS);
    assert_int_equal(name_it(fence, "before the import"), VK_SUCCESS);
    for (unsigned k = 1; k <= 4; k++) {
        const VkFenceImportFlags flags = k % 2 ? VK_FENCE_IMPORT_TEMPORARY_BIT : 0;
        assert_int_equal(import_by_handle(fence, object.handle, flags, k), VK_SUCCESS);
        GetPrivateDataEXT(world.device, VK_OBJECT_TYPE_FENCE, number, slot, &data);
        assert_true(data == NUMBER + k - 1);
        assert_int_equal(SetPrivateDataEXT(world.device, VK_OBJECT_TYPE_FENCE, number, slot, NUMBER + k), VK_SUCCESS);
        assert_int_equal(name_it(fence, k == 3 ? "" : "imported"), VK_SUCCESS);
        fence_expect(fence, false);
        fence_submit(fence);
        assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
        fence_reset(fence);
        GetPrivateDataEXT(world.device, VK_OBJECT_TYPE_FENCE, number, slot, &data);
        assert_true(data == NUMBER + k);
    }
    GetPrivateDataEXT(world.device, VK_OBJECT_TYPE_FENCE, (uint64_t)other, slot, &data);
    assert_true(data == 0);
    fence_free(fence);
    fence_free(other);
    DestroyPrivateDataSlotEXT(world.device, slot, NULL);
    vk.DestroyDevice(world.device, NULL);
    world.device = VK_NULL_HANDLE;
    kernel_destroy(&object);
}

/* ---- */

static int setup(void **state)
{
    (void)state;
    kernel_open();
    instance_open(&(struct world_options){0});
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    instance_close();
    kernel_close();
    return 0;
}

static int open_device(void **state)
{
    device_use(device_new(both));
    return messages_setup(state);
}

static int close_device(void **state)
{
    vk.DestroyDevice(world.device, NULL);
    world.device = VK_NULL_HANDLE;
    return messages_teardown(state);
}

int main(void)
{
#define DEVICE_TEST(f) cmocka_unit_test_setup_teardown(f, open_device, close_device)
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(answers_to_names),     WORLD_TEST(without_an_instance),
        WORLD_TEST(listed_twice),         WORLD_TEST(many_devices),
        WORLD_TEST(many_instances),       WORLD_TEST(private_data_and_names),
        DEVICE_TEST(fences_are_balanced), DEVICE_TEST(fences_of_a_failing_allocator),
        WORLD_TEST(devices_are_balanced), WORLD_TEST(devices_of_a_failing_allocator),
    };
    return ntf_test_run("neighbours-versions", tests, NTF_COUNT(tests), setup, teardown);
}
