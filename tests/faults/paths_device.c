// SPDX-License-Identifier: Apache-2.0
// Making an instance, and a device: settings, records, the provider and its proof.
#include "paths.h"

static const char *const extensions[] = {VK_KHR_EXTERNAL_FENCE_WIN32_EXTENSION_NAME,
                                         VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME};

// The loader has been opened, and the layer has been there and gone.
void instance_arrange(void)
{
    instance_open(&(struct world_options){.no_messenger = true});
    instance_close();
}

VkResult instance_act(void)
{
    const VkDebugUtilsMessengerCreateInfoEXT messenger = {
        .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
        .messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
        .messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_GENERAL_BIT_EXT,
        .pfnUserCallback = messages_take,
    };
    const char *const debug_utils = VK_EXT_DEBUG_UTILS_EXTENSION_NAME;
    const VkInstanceCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
        .pNext = &messenger,
        .enabledExtensionCount = 1,
        .ppEnabledExtensionNames = &debug_utils,
    };
    return vk.CreateInstance(&info, NULL, &world.instance);
}

void instance_done(VkResult result)
{
    CHECK(result == VK_SUCCESS);
    vk.DestroyInstance(world.instance, NULL);
    world.instance = VK_NULL_HANDLE;
}

VkResult device_act(void)
{
    static const float priority = 1;
    const VkDeviceQueueCreateInfo queue = {.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
                                           .queueFamilyIndex = world.family,
                                           .queueCount = 1,
                                           .pQueuePriorities = &priority};
    // The first alone, or both.
    const VkDeviceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
                                     .queueCreateInfoCount = 1,
                                     .pQueueCreateInfos = &queue,
                                     .enabledExtensionCount = (uint32_t)path->argument,
                                     .ppEnabledExtensionNames = extensions};
    return vk.CreateDevice(world.physical, &info, NULL, &world.device);
}

/* What fails in the proof of the provider, and is no want of memory, leaves a device that refuses
 * imports and says why. So does want that a kernel tells of, which may do so for ever. */
void device_done(VkResult result)
{
    struct kernel_fence object;
    VkFence fence;
    CHECK(result == VK_SUCCESS);
    device_use(world.device);
    kernel_make(&object, true, false, 0);
    fence = fence_new();
    messages_clear();
    result = import_by_handle(fence, object.handle, 0, 0);
    if (faults_fired() && (!faults_fired_is_want() || path_has_kernel()) && result != VK_SUCCESS) {
        CHECK(result == VK_ERROR_INVALID_EXTERNAL_HANDLE);
        CHECK(messages_of("NTF-IMPORT-011") == 1);
    } else {
        CHECK(result == VK_SUCCESS);
        fence_submit(fence);
        CHECK(fence_wait(fence, UINT64_MAX) == VK_SUCCESS);
        CHECK(kernel_value(&object) == 1);
    }
    fence_free(fence);
    kernel_destroy(&object);
}

void device_tidy(void)
{
}
