// SPDX-License-Identifier: Apache-2.0
/*
 * The fake driver's eyes above the loader: the loader leaves names that a driver does not list out of what it hands to
 * vkCreateDevice, so the driver cannot see that they were given. This layer, to be put right below the layer under
 * test, sees them. It is in the driver's library, hooks two commands, and changes nothing.
 */
#include <string.h>
#include <vulkan/vk_layer.h>

#include "driver.h"

// The loader gives every instance, and every device, the same ones.
static PFN_vkGetInstanceProcAddr next_gipa;
static PFN_vkGetDeviceProcAddr next_gdpa;

// In the chain of a creation the loader's part is there once for each purpose.
static void *find_link(const void *next, VkStructureType type)
{
    for (const VkLayerDeviceCreateInfo *node = next; node; node = node->pNext)
        if (node->sType == type && node->function == VK_LAYER_LINK_INFO)
            return (void *)(uintptr_t)node;
    return NULL;
}

static VKAPI_ATTR VkResult VKAPI_CALL create_instance(const VkInstanceCreateInfo *info,
                                                      const VkAllocationCallbacks *allocator, VkInstance *out)
{
    VkLayerInstanceCreateInfo *link = find_link(info->pNext, VK_STRUCTURE_TYPE_LOADER_INSTANCE_CREATE_INFO);
    PFN_vkGetInstanceProcAddr gipa = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;

    link->u.pLayerInfo = link->u.pLayerInfo->pNext;
    state_lock();
    next_gipa = gipa;
    state_unlock();
    return ((PFN_vkCreateInstance)gipa(NULL, "vkCreateInstance"))(info, allocator, out);
}

static void judge(const VkDeviceCreateInfo *info)
{
    const struct call call = {.command = CMD_CreateDevice};

    for (uint32_t i = 0; i < info->enabledExtensionCount; i++) {
        const enum extension extension = extension_by_name(info->ppEnabledExtensionNames[i]);
        if (extension == EXTENSIONS || !extension_listed(extension))
            violation(&call, "extension", "vkCreateDevice-ppEnabledExtensionNames-01387", "%s comes down",
                      info->ppEnabledExtensionNames[i]);
    }
}

static VKAPI_ATTR VkResult VKAPI_CALL create_device(VkPhysicalDevice physical, const VkDeviceCreateInfo *info,
                                                    const VkAllocationCallbacks *allocator, VkDevice *out)
{
    VkLayerDeviceCreateInfo *link = find_link(info->pNext, VK_STRUCTURE_TYPE_LOADER_DEVICE_CREATE_INFO);
    PFN_vkGetInstanceProcAddr gipa = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
    PFN_vkGetDeviceProcAddr gdpa = link->u.pLayerInfo->pfnNextGetDeviceProcAddr;
    PFN_vkCreateDevice create;

    link->u.pLayerInfo = link->u.pLayerInfo->pNext;
    state_lock();
    next_gdpa = gdpa;
    judge(info);
    state_unlock();
    create = (PFN_vkCreateDevice)gipa(NULL, "vkCreateDevice");
    return create(physical, info, allocator, out);
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL get_device_proc_addr(VkDevice device, const char *name)
{
    state_lock();
    PFN_vkGetDeviceProcAddr gdpa = next_gdpa;
    state_unlock();
    return gdpa(device, name);
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL get_instance_proc_addr(VkInstance instance, const char *name)
{
    if (strcmp(name, "vkCreateInstance") == 0)
        return (PFN_vkVoidFunction)create_instance;
    if (strcmp(name, "vkCreateDevice") == 0)
        return (PFN_vkVoidFunction)create_device;
    if (strcmp(name, "vkGetDeviceProcAddr") == 0)
        return (PFN_vkVoidFunction)get_device_proc_addr;
    state_lock();
    PFN_vkGetInstanceProcAddr gipa = next_gipa;
    state_unlock();
    return gipa ? gipa(instance, name) : NULL;
}

NTF_EXPORT VKAPI_ATTR VkResult VKAPI_CALL vkNegotiateLoaderLayerInterfaceVersion(VkNegotiateLayerInterface *negotiate)
{
    (void)ntf_os_pin_module(); // what the judge has seen stays
    negotiate->loaderLayerInterfaceVersion = 2;
    negotiate->pfnGetInstanceProcAddr = get_instance_proc_addr;
    negotiate->pfnGetDeviceProcAddr = get_device_proc_addr;
    negotiate->pfnGetPhysicalDeviceProcAddr = NULL;
    return VK_SUCCESS;
}
