// SPDX-License-Identifier: Apache-2.0
// What the physical devices say of themselves.
#include "driver.h"

#include <stdio.h>
#include <string.h>

#include "late_headers.h"

static void count(enum command command)
{
    struct call call;

    call_begin_instance(&call, command);
    (void)call_end(&call, VK_SUCCESS);
}

// ---- features

VKAPI_ATTR void VKAPI_CALL vkGetPhysicalDeviceFeatures(VkPhysicalDevice physical, VkPhysicalDeviceFeatures *features)
{
    (void)physical;
    count(CMD_GetPhysicalDeviceFeatures);
    memset(features, 0, sizeof *features);
    features->sparseBinding = VK_TRUE;
}

// Of all that have one feature and no more.
struct one_feature {
    VkStructureType sType;
    void *pNext;
    VkBool32 feature;
};

VKAPI_ATTR void VKAPI_CALL vkGetPhysicalDeviceFeatures2(VkPhysicalDevice physical, VkPhysicalDeviceFeatures2 *features)
{
    vkGetPhysicalDeviceFeatures(physical, &features->features);
    for (VkBaseOutStructure *node = features->pNext; node; node = node->pNext)
        switch ((unsigned)node->sType) {
        case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES:
        case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SYNCHRONIZATION_2_FEATURES:
        case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SWAPCHAIN_MAINTENANCE_1_FEATURES_EXT:
        case LATE_INTERNALLY_SYNCHRONIZED_QUEUES_FEATURES:
        case LATE_MAINTENANCE_5_FEATURES: ((struct one_feature *)node)->feature = VK_TRUE; break;
        case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES:
            ((VkPhysicalDeviceVulkan12Features *)node)->timelineSemaphore = VK_TRUE;
            break;
        case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES:
            ((VkPhysicalDeviceVulkan13Features *)node)->synchronization2 = VK_TRUE;
            break;
        }
}

// ---- properties

static unsigned index_of(VkPhysicalDevice handle, uint32_t *version)
{
    const struct physical *physical;
    unsigned index;

    state_lock();
    physical = object_find(NUMBER(handle), KIND_PHYSICAL);
    index = physical ? physical->index : 0;
    *version = state.version;
    state_unlock();
    return index;
}

VKAPI_ATTR void VKAPI_CALL vkGetPhysicalDeviceProperties(VkPhysicalDevice physical,
                                                         VkPhysicalDeviceProperties *properties)
{
    uint32_t version;
    const unsigned index = index_of(physical, &version);

    count(CMD_GetPhysicalDeviceProperties);
    memset(properties, 0, sizeof *properties);
    properties->apiVersion = version;
    properties->driverVersion = 1;
    properties->deviceType = VK_PHYSICAL_DEVICE_TYPE_OTHER;
    properties->deviceID = index;
    properties->pipelineCacheUUID[0] = (uint8_t)(index + 1);
    snprintf(properties->deviceName, sizeof properties->deviceName, "fake device %u", index);
    properties->limits.maxMemoryAllocationCount = 4096;
    properties->limits.nonCoherentAtomSize = 1;
}

static void fill_id(unsigned index, VkPhysicalDeviceIDProperties *id)
{
    memset(id->deviceUUID, 0, VK_UUID_SIZE);
    memset(id->driverUUID, 0, VK_UUID_SIZE);
    id->deviceUUID[0] = (uint8_t)(index + 1);
    id->driverUUID[0] = 0xFA;
    id->deviceNodeMask = 1;
    id->deviceLUIDValid = VK_FALSE;
}

VKAPI_ATTR void VKAPI_CALL vkGetPhysicalDeviceProperties2(VkPhysicalDevice physical,
                                                          VkPhysicalDeviceProperties2 *properties)
{
    uint32_t version;

    vkGetPhysicalDeviceProperties(physical, &properties->properties);
    for (VkBaseOutStructure *node = properties->pNext; node; node = node->pNext)
        if (node->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES)
            fill_id(index_of(physical, &version), (VkPhysicalDeviceIDProperties *)node);
        else if (node->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_PROPERTIES)
            ((VkPhysicalDeviceTimelineSemaphoreProperties *)node)->maxTimelineSemaphoreValueDifference = UINT64_MAX;
}

VKAPI_ATTR void VKAPI_CALL vkGetPhysicalDeviceQueueFamilyProperties(VkPhysicalDevice physical, uint32_t *families,
                                                                    VkQueueFamilyProperties *list)
{
    const VkQueueFamilyProperties all[] = {
        {.queueFlags = VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT | VK_QUEUE_TRANSFER_BIT |
                       VK_QUEUE_SPARSE_BINDING_BIT,
         .queueCount = 2, .timestampValidBits = 64, .minImageTransferGranularity = {1, 1, 1}},
        {.queueFlags = VK_QUEUE_COMPUTE_BIT | VK_QUEUE_TRANSFER_BIT,
         .queueCount = 1, .timestampValidBits = 64, .minImageTransferGranularity = {1, 1, 1}},
    };
    (void)physical;

    count(CMD_GetPhysicalDeviceQueueFamilyProperties);
    *families = list && *families < 2 ? *families : 2;
    for (uint32_t i = 0; i < *families && list; i++)
        list[i] = all[i];
}

VKAPI_ATTR void VKAPI_CALL vkGetPhysicalDeviceQueueFamilyProperties2(VkPhysicalDevice physical, uint32_t *families,
                                                                     VkQueueFamilyProperties2 *list)
{
    VkQueueFamilyProperties plain[2];

    vkGetPhysicalDeviceQueueFamilyProperties(physical, families, list ? plain : NULL);
    for (uint32_t i = 0; i < *families && list; i++)
        list[i].queueFamilyProperties = plain[i];
}

VKAPI_ATTR void VKAPI_CALL vkGetPhysicalDeviceMemoryProperties(VkPhysicalDevice physical,
                                                               VkPhysicalDeviceMemoryProperties *properties)
{
    (void)physical;
    memset(properties, 0, sizeof *properties);
    properties->memoryTypeCount = properties->memoryHeapCount = 1;
    properties->memoryTypes[0].propertyFlags = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT |
                                               VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT |
                                               VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
    properties->memoryHeaps[0] = (VkMemoryHeap){1 << 30, VK_MEMORY_HEAP_DEVICE_LOCAL_BIT};
}

VKAPI_ATTR void VKAPI_CALL vkGetPhysicalDeviceMemoryProperties2(VkPhysicalDevice physical,
                                                                VkPhysicalDeviceMemoryProperties2 *properties)
{
    vkGetPhysicalDeviceMemoryProperties(physical, &properties->memoryProperties);
}

VKAPI_ATTR void VKAPI_CALL vkGetPhysicalDeviceFormatProperties(VkPhysicalDevice physical, VkFormat format,
                                                               VkFormatProperties *properties)
{
    (void)physical, (void)format;
    memset(properties, 0, sizeof *properties);
}

VKAPI_ATTR VkResult VKAPI_CALL vkGetPhysicalDeviceImageFormatProperties(VkPhysicalDevice physical, VkFormat format,
                                                                        VkImageType type, VkImageTiling tiling,
                                                                        VkImageUsageFlags usage,
                                                                        VkImageCreateFlags flags,
                                                                        VkImageFormatProperties *properties)
{
    (void)physical, (void)format, (void)type, (void)tiling, (void)usage, (void)flags, (void)properties;
    return VK_ERROR_FORMAT_NOT_SUPPORTED;
}

VKAPI_ATTR void VKAPI_CALL vkGetPhysicalDeviceSparseImageFormatProperties(
    VkPhysicalDevice physical, VkFormat format, VkImageType type, VkSampleCountFlagBits samples,
    VkImageUsageFlags usage, VkImageTiling tiling, uint32_t *number, VkSparseImageFormatProperties *properties)
{
    (void)physical, (void)format, (void)type, (void)samples, (void)usage, (void)tiling, (void)properties;
    *number = 0;
}

// ---- external fences and semaphores

static VkExternalFenceProperties fence_properties(VkExternalFenceHandleTypeFlags type)
{
    VkExternalFenceProperties answer = {0};

    if (extension_listed(EXT_KHR_external_fence_fd) &&
        (type == VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_FD_BIT || type == VK_EXTERNAL_FENCE_HANDLE_TYPE_SYNC_FD_BIT)) {
        answer.externalFenceFeatures = 3;
        answer.compatibleHandleTypes = answer.exportFromImportedHandleTypes = type;
    }
    if (extension_listed(EXT_KHR_external_fence_win32) &&
        (type == VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT ||
         type == VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_KMT_BIT))
        answer.externalFenceFeatures = FAKE_FEATURES;
    return answer;
}

VKAPI_ATTR void VKAPI_CALL vkGetPhysicalDeviceExternalFenceProperties(VkPhysicalDevice physical,
                                                                      const VkPhysicalDeviceExternalFenceInfo *info,
                                                                      VkExternalFenceProperties *properties)
{
    struct call call;
    VkExternalFenceProperties answer;
    (void)physical;

    call_begin_instance(&call, CMD_GetPhysicalDeviceExternalFenceProperties);
    answer = fence_properties((VkExternalFenceHandleTypeFlags)info->handleType);
    (void)call_end(&call, VK_SUCCESS);
    properties->externalFenceFeatures = answer.externalFenceFeatures;
    properties->compatibleHandleTypes = answer.compatibleHandleTypes;
    properties->exportFromImportedHandleTypes = answer.exportFromImportedHandleTypes;
}

// A timeline can be imported from a Direct3D 12 fence, and nothing else.
VKAPI_ATTR void VKAPI_CALL vkGetPhysicalDeviceExternalSemaphoreProperties(
    VkPhysicalDevice physical, const VkPhysicalDeviceExternalSemaphoreInfo *info,
    VkExternalSemaphoreProperties *properties)
{
    const VkSemaphoreTypeCreateInfo *type = chain_find(info->pNext, VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO);
    struct call call;
    bool has;
    (void)physical;

    call_begin_instance(&call, CMD_GetPhysicalDeviceExternalSemaphoreProperties);
    has = extension_listed(EXT_KHR_external_semaphore_win32) && type &&
          type->semaphoreType == VK_SEMAPHORE_TYPE_TIMELINE &&
          info->handleType == VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_D3D12_FENCE_BIT;
    (void)call_end(&call, VK_SUCCESS);
    properties->externalSemaphoreFeatures = has ? VK_EXTERNAL_SEMAPHORE_FEATURE_IMPORTABLE_BIT : 0;
    properties->compatibleHandleTypes = has ? VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_D3D12_FENCE_BIT : 0;
    properties->exportFromImportedHandleTypes = 0;
}

// ---- surfaces

VKAPI_ATTR VkResult VKAPI_CALL vkGetPhysicalDeviceSurfaceSupportKHR(VkPhysicalDevice physical, uint32_t family,
                                                                    VkSurfaceKHR surface, VkBool32 *supported)
{
    (void)physical, (void)surface;
    *supported = family == 0;
    return VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL vkGetPhysicalDeviceSurfaceCapabilitiesKHR(VkPhysicalDevice physical,
                                                                         VkSurfaceKHR surface,
                                                                         VkSurfaceCapabilitiesKHR *capabilities)
{
    (void)physical, (void)surface;
    *capabilities = (VkSurfaceCapabilitiesKHR){
        .minImageCount = 1, .maxImageCount = IMAGES_MAX, .currentExtent = {64, 64}, .minImageExtent = {1, 1},
        .maxImageExtent = {4096, 4096}, .maxImageArrayLayers = 1,
        .supportedTransforms = VK_SURFACE_TRANSFORM_IDENTITY_BIT_KHR,
        .currentTransform = VK_SURFACE_TRANSFORM_IDENTITY_BIT_KHR,
        .supportedCompositeAlpha = VK_COMPOSITE_ALPHA_OPAQUE_BIT_KHR,
        .supportedUsageFlags = VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT};
    return VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL vkGetPhysicalDeviceSurfaceCapabilities2KHR(VkPhysicalDevice physical,
                                                                          const VkPhysicalDeviceSurfaceInfo2KHR *info,
                                                                          VkSurfaceCapabilities2KHR *capabilities)
{
    return vkGetPhysicalDeviceSurfaceCapabilitiesKHR(physical, info->surface, &capabilities->surfaceCapabilities);
}

VKAPI_ATTR VkResult VKAPI_CALL vkGetPhysicalDeviceSurfaceFormatsKHR(VkPhysicalDevice physical, VkSurfaceKHR surface,
                                                                    uint32_t *number, VkSurfaceFormatKHR *list)
{
    (void)physical, (void)surface;
    if (list && *number)
        *list = (VkSurfaceFormatKHR){VK_FORMAT_B8G8R8A8_UNORM, VK_COLOR_SPACE_SRGB_NONLINEAR_KHR};
    const VkResult result = list && !*number ? VK_INCOMPLETE : VK_SUCCESS;
    *number = list && !*number ? 0 : 1;
    return result;
}

VKAPI_ATTR VkResult VKAPI_CALL vkGetPhysicalDeviceSurfacePresentModesKHR(VkPhysicalDevice physical,
                                                                         VkSurfaceKHR surface, uint32_t *number,
                                                                         VkPresentModeKHR *list)
{
    (void)physical, (void)surface;
    if (list && *number)
        *list = VK_PRESENT_MODE_FIFO_KHR;
    const VkResult result = list && !*number ? VK_INCOMPLETE : VK_SUCCESS;
    *number = list && !*number ? 0 : 1;
    return result;
}
