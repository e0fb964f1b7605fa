// SPDX-License-Identifier: Apache-2.0
/*
 * A layer that goes below ours and, when told so, answers a command of fences, queues or creation
 * with VK_ERROR_OUT_OF_HOST_MEMORY instead of passing it on. One instance and one device at a time.
 */
#include "driver.h"

#include <string.h>
#include <vulkan/vk_layer.h>

#include "base/os/compiler.h"

#define DEVICE_COMMANDS(X)                                                                         \
    X(CreateFence, (VkDevice d, const VkFenceCreateInfo *i, const VkAllocationCallbacks *a,        \
                    VkFence *o),                                                                   \
      (d, i, a, o))                                                                                \
    X(ResetFences, (VkDevice d, uint32_t n, const VkFence *f), (d, n, f))                          \
    X(GetFenceStatus, (VkDevice d, VkFence f), (d, f))                                             \
    X(WaitForFences, (VkDevice d, uint32_t n, const VkFence *f, VkBool32 all, uint64_t t),         \
      (d, n, f, all, t))                                                                           \
    X(QueueSubmit, (VkQueue q, uint32_t n, const VkSubmitInfo *i, VkFence f), (q, n, i, f))

static struct {
    VkInstance instance;
    PFN_vkGetInstanceProcAddr gipa;
    PFN_vkGetDeviceProcAddr gdpa;
    PFN_vkEnumerateDeviceExtensionProperties enumerate;
#define X(Name, params, args) PFN_vk##Name Name;
    DEVICE_COMMANDS(X)
#undef X
} below;

static driver_step step;

NTF_EXPORT void ntf_driver_set_step(driver_step wanted);
void ntf_driver_set_step(driver_step wanted)
{
    step = wanted;
}

static bool fails(const char *command)
{
    return step && step(command);
}

#define X(Name, params, args)                                                                      \
    static VKAPI_ATTR VkResult VKAPI_CALL my_##Name params                                         \
    {                                                                                              \
        return fails("vk" #Name) ? VK_ERROR_OUT_OF_HOST_MEMORY : below.Name args;                  \
    }
DEVICE_COMMANDS(X)
#undef X

// In the pNext chain of a creation the loader's part comes first.
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
    VkResult result = VK_ERROR_OUT_OF_HOST_MEMORY;
    below.gipa = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
    link->u.pLayerInfo = link->u.pLayerInfo->pNext;
    if (!fails("vkCreateInstance"))
        result = ((PFN_vkCreateInstance)below.gipa(NULL, "vkCreateInstance"))(info, allocator, out);
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
    if (fails("vkEnumerateDeviceExtensionProperties"))
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    return below.enumerate(physical, layer, count, list);
}

static VKAPI_ATTR VkResult VKAPI_CALL create_device(VkPhysicalDevice physical,
                                                    const VkDeviceCreateInfo *info,
                                                    const VkAllocationCallbacks *allocator,
                                                    VkDevice *out)
{
    VkLayerDeviceCreateInfo *link =
        find_link(info->pNext, VK_STRUCTURE_TYPE_LOADER_DEVICE_CREATE_INFO);
    const PFN_vkGetInstanceProcAddr gipa = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
    VkResult result = VK_ERROR_OUT_OF_HOST_MEMORY;
    below.gdpa = link->u.pLayerInfo->pfnNextGetDeviceProcAddr;
    link->u.pLayerInfo = link->u.pLayerInfo->pNext;
    if (!fails("vkCreateDevice"))
        result = ((PFN_vkCreateDevice)gipa(below.instance, "vkCreateDevice"))(physical, info,
                                                                              allocator, out);
    if (result != VK_SUCCESS)
        return result;
#define X(Name, params, args) below.Name = (PFN_vk##Name)below.gdpa(*out, "vk" #Name);
    DEVICE_COMMANDS(X)
#undef X
    return VK_SUCCESS;
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL get_device_proc_addr(VkDevice device,
                                                                     const char *name)
{
#define X(Name, params, args)                                                                      \
    if (strcmp(name, "vk" #Name) == 0)                                                             \
        return (PFN_vkVoidFunction)my_##Name;
    DEVICE_COMMANDS(X)
#undef X
    return below.gdpa(device, name);
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL get_instance_proc_addr(VkInstance instance,
                                                                       const char *name)
{
    if (strcmp(name, "vkCreateInstance") == 0)
        return (PFN_vkVoidFunction)create_instance;
    if (strcmp(name, "vkGetDeviceProcAddr") == 0)
        return (PFN_vkVoidFunction)get_device_proc_addr;
    if (strcmp(name, "vkCreateDevice") == 0)
        return (PFN_vkVoidFunction)create_device;
    if (strcmp(name, "vkEnumerateDeviceExtensionProperties") == 0)
        return (PFN_vkVoidFunction)enumerate;
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
