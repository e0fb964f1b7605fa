// SPDX-License-Identifier: Apache-2.0
/*
 * A layer that stands for a driver with VK_KHR_external_fence_win32: it lists the extension, takes
 * its name, and answers its commands with results that nobody else gives. One instance and one
 * device at a time.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <vulkan/vk_layer.h>

#include "base/os/compiler.h"
#include "driver_layer.h"

static struct {
    VkInstance instance;
    PFN_vkGetInstanceProcAddr gipa;
    PFN_vkGetDeviceProcAddr gdpa;
    PFN_vkEnumerateDeviceExtensionProperties enumerate;
    PFN_vkQueueSubmit submit;
} below;

static bool enabled; // the last device has the extension

static const char extension[] = VK_KHR_EXTERNAL_FENCE_WIN32_EXTENSION_NAME;

// As pNext of the creation of an instance or device has it, the loader's part comes first.
static void *find_link(const void *next, VkStructureType type)
{
    for (const VkLayerDeviceCreateInfo *node = next; node; node = node->pNext)
        if (node->sType == type && node->function == VK_LAYER_LINK_INFO)
            return (void *)node;
    return NULL;
}

static VKAPI_ATTR VkResult VKAPI_CALL create_instance(const VkInstanceCreateInfo *info,
                                                      const VkAllocationCallbacks *allocator,
                                                      VkInstance *out)
{
    VkLayerInstanceCreateInfo *link =
        find_link(info->pNext, VK_STRUCTURE_TYPE_LOADER_INSTANCE_CREATE_INFO);
    below.gipa = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
    link->u.pLayerInfo = link->u.pLayerInfo->pNext;
    VkResult result =
        ((PFN_vkCreateInstance)below.gipa(NULL, "vkCreateInstance"))(info, allocator, out);
    if (result == VK_SUCCESS) {
        below.instance = *out;
        below.enumerate = (PFN_vkEnumerateDeviceExtensionProperties)below.gipa(
            *out, "vkEnumerateDeviceExtensionProperties");
    }
    return result;
}

static VKAPI_ATTR VkResult VKAPI_CALL enumerate(VkPhysicalDevice physical, const char *layer,
                                                uint32_t *count, VkExtensionProperties *list)
{
    const uint32_t room = *count;
    if (layer)
        return below.enumerate(physical, layer, count, list);
    VkResult result = below.enumerate(physical, NULL, count, list);
    if (result != VK_SUCCESS)
        return result;
    if (list && *count == room)
        return VK_INCOMPLETE;
    if (list) {
        memset(&list[*count], 0, sizeof *list);
        memcpy(list[*count].extensionName, extension, sizeof extension);
        list[*count].specVersion = 1;
    }
    ++*count;
    return VK_SUCCESS;
}

static VKAPI_ATTR void VKAPI_CALL properties(VkPhysicalDevice physical,
                                             const VkPhysicalDeviceExternalFenceInfo *info,
                                             VkExternalFenceProperties *out)
{
    (void)physical;
    (void)info;
    out->externalFenceFeatures = DRIVER_FEATURES;
    out->compatibleHandleTypes = out->exportFromImportedHandleTypes = 0;
}

static VKAPI_ATTR VkResult VKAPI_CALL create_device(VkPhysicalDevice physical,
                                                    const VkDeviceCreateInfo *info,
                                                    const VkAllocationCallbacks *allocator,
                                                    VkDevice *out)
{
    VkLayerDeviceCreateInfo *link =
        find_link(info->pNext, VK_STRUCTURE_TYPE_LOADER_DEVICE_CREATE_INFO);
    const PFN_vkGetInstanceProcAddr gipa = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
    const char *names[64];
    VkDeviceCreateInfo copy = *info;
    below.gdpa = link->u.pLayerInfo->pfnNextGetDeviceProcAddr;
    link->u.pLayerInfo = link->u.pLayerInfo->pNext;
    copy.enabledExtensionCount = 0;
    copy.ppEnabledExtensionNames = names;
    for (uint32_t i = 0; i < info->enabledExtensionCount && i < 64; i++)
        if (strcmp(info->ppEnabledExtensionNames[i], extension) != 0)
            names[copy.enabledExtensionCount++] = info->ppEnabledExtensionNames[i];
    enabled = copy.enabledExtensionCount != info->enabledExtensionCount;
    VkResult result =
        ((PFN_vkCreateDevice)gipa(below.instance, "vkCreateDevice"))(physical, &copy, allocator, out);
    if (result == VK_SUCCESS)
        below.submit = (PFN_vkQueueSubmit)below.gdpa(*out, "vkQueueSubmit");
    return result;
}

static VKAPI_ATTR VkResult VKAPI_CALL import(VkDevice device, const VkImportFenceWin32HandleInfoKHR *info)
{
    (void)device;
    (void)info;
    return DRIVER_IMPORT;
}

static VKAPI_ATTR VkResult VKAPI_CALL get(VkDevice device, const VkFenceGetWin32HandleInfoKHR *info,
                                          HANDLE *handle)
{
    (void)device;
    (void)info;
    (void)handle;
    return DRIVER_GET;
}

static VKAPI_ATTR VkResult VKAPI_CALL submit(VkQueue queue, uint32_t count, const VkSubmitInfo *infos,
                                             VkFence fence)
{
    return getenv(DRIVER_LOST) ? VK_ERROR_DEVICE_LOST : below.submit(queue, count, infos, fence);
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL get_device_proc_addr(VkDevice device, const char *name)
{
    if (strcmp(name, "vkImportFenceWin32HandleKHR") == 0)
        return enabled ? (PFN_vkVoidFunction)import : NULL;
    if (strcmp(name, "vkGetFenceWin32HandleKHR") == 0)
        return enabled ? (PFN_vkVoidFunction)get : NULL;
    if (strcmp(name, "vkQueueSubmit") == 0)
        return (PFN_vkVoidFunction)submit;
    return below.gdpa(device, name);
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL get_instance_proc_addr(VkInstance instance, const char *name)
{
    if (strcmp(name, "vkCreateInstance") == 0)
        return (PFN_vkVoidFunction)create_instance;
    if (strcmp(name, "vkGetDeviceProcAddr") == 0)
        return (PFN_vkVoidFunction)get_device_proc_addr;
    if (strcmp(name, "vkCreateDevice") == 0)
        return (PFN_vkVoidFunction)create_device;
    if (strcmp(name, "vkEnumerateDeviceExtensionProperties") == 0)
        return (PFN_vkVoidFunction)enumerate;
    if (strcmp(name, "vkGetPhysicalDeviceExternalFenceProperties") == 0)
        return (PFN_vkVoidFunction)properties;
    return below.gipa ? below.gipa(instance, name) : NULL;
}

NTF_EXPORT VKAPI_ATTR VkResult VKAPI_CALL
vkNegotiateLoaderLayerInterfaceVersion(VkNegotiateLayerInterface *negotiate)
{
    negotiate->loaderLayerInterfaceVersion = 2;
    negotiate->pfnGetInstanceProcAddr = get_instance_proc_addr;
    negotiate->pfnGetDeviceProcAddr = get_device_proc_addr;
    negotiate->pfnGetPhysicalDeviceProcAddr = NULL;
    return VK_SUCCESS;
}
