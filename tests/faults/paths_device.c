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

/* The library of the kernel is the peer's as well: whether this system can share at all, which it asks once, has its
 * answer before anything fails. */
void device_arrange(void)
{
    struct kernel_fence object;
    kernel_make(&object, true, false, 0);
    kernel_destroy(&object);
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

// ---- the query

static VkExternalFenceProperties ask(VkExternalFenceHandleTypeFlagBits type)
{
    const VkPhysicalDeviceExternalFenceInfo info = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_FENCE_INFO,
                                                    .handleType = type};
    VkExternalFenceProperties properties = {.sType = VK_STRUCTURE_TYPE_EXTERNAL_FENCE_PROPERTIES,
                                            .exportFromImportedHandleTypes = 0xA5A5A5A5,
                                            .compatibleHandleTypes = 0xA5A5A5A5,
                                            .externalFenceFeatures = 0xA5A5A5A5};
    vk.GetPhysicalDeviceExternalFenceProperties(world.physical, &info, &properties);
    CHECK(properties.sType == VK_STRUCTURE_TYPE_EXTERNAL_FENCE_PROPERTIES && !properties.pNext);
    return properties;
}

// All or nothing.
static bool serves(VkExternalFenceHandleTypeFlagBits type)
{
    const VkExternalFenceProperties properties = ask(type);
    const VkExternalFenceHandleTypeFlags types = properties.externalFenceFeatures ? type : 0;
    CHECK(properties.externalFenceFeatures == 0 ||
          properties.externalFenceFeatures ==
              (VK_EXTERNAL_FENCE_FEATURE_EXPORTABLE_BIT | VK_EXTERNAL_FENCE_FEATURE_IMPORTABLE_BIT));
    CHECK(properties.compatibleHandleTypes == types && properties.exportFromImportedHandleTypes == types);
    return types != 0;
}

VkResult query_act(void)
{
    (void)serves(VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT);
    (void)serves(VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_KMT_BIT);
    return VK_SUCCESS;
}

// Want passes, and with it a no: but for a kernel's, which may tell of it for ever.
void query_done(VkResult result)
{
    const bool nt = serves(VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT);
    const bool global = serves(VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_KMT_BIT);
    CHECK(result == VK_SUCCESS);
    if (!faults_fired() || (faults_fired_is_want() && !path_has_kernel()))
        CHECK(nt && global);
    CHECK(nt || !global);
    for (int i = 0; i < 2; i++) {
        CHECK(serves(VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT) == nt);
        CHECK(serves(VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_KMT_BIT) == global);
    }
}
