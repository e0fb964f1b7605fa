// SPDX-License-Identifier: Apache-2.0
#include "layer.h"

#include <string.h>

#include "base/os/compiler.h"

// As many instances and devices as the benchmark has, one after another: no locks.
enum { KNOWN_MAX = 32 };

static struct {
    void *key;
    PFN_vkGetInstanceProcAddr gipa;
    PFN_vkGetDeviceProcAddr gdpa;
    VkInstance instance;
} known[KNOWN_MAX];
static unsigned known_count;

static unsigned find(const void *dispatchable)
{
    unsigned at = known_count;

    // The newest first: a key may come again when its owner is gone.
    while (at > 0 && known[at - 1].key != layer_key(dispatchable))
        at--;
    return at;
}

static void remember(const void *dispatchable, PFN_vkGetInstanceProcAddr gipa, PFN_vkGetDeviceProcAddr gdpa,
                     VkInstance instance)
{
    const unsigned at = known_count < KNOWN_MAX ? known_count++ : KNOWN_MAX - 1;

    known[at].key = layer_key(dispatchable);
    known[at].gipa = gipa;
    known[at].gdpa = gdpa;
    known[at].instance = instance;
}

// The loader's part of a creation's chain. Its structures for instances and for devices begin alike.
static void *find_link(const void *next, VkStructureType type)
{
    for (const VkLayerDeviceCreateInfo *node = next; node; node = node->pNext) {
        if (node->sType == type && node->function == VK_LAYER_LINK_INFO)
            return (void *)(uintptr_t)node;
    }
    return NULL;
}

static VKAPI_ATTR VkResult VKAPI_CALL create_instance(const VkInstanceCreateInfo *info,
                                                      const VkAllocationCallbacks *allocator, VkInstance *out)
{
    VkLayerInstanceCreateInfo *link = find_link(info->pNext, VK_STRUCTURE_TYPE_LOADER_INSTANCE_CREATE_INFO);
    const PFN_vkGetInstanceProcAddr next = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;

    link->u.pLayerInfo = link->u.pLayerInfo->pNext;
    const VkResult result = ((PFN_vkCreateInstance)next(NULL, "vkCreateInstance"))(info, allocator, out);
    if (result == VK_SUCCESS)
        remember(*out, next, NULL, *out);
    return result;
}

static VKAPI_ATTR VkResult VKAPI_CALL create_device(VkPhysicalDevice physical, const VkDeviceCreateInfo *info,
                                                    const VkAllocationCallbacks *allocator, VkDevice *out)
{
    VkLayerDeviceCreateInfo *link = find_link(info->pNext, VK_STRUCTURE_TYPE_LOADER_DEVICE_CREATE_INFO);
    const PFN_vkGetInstanceProcAddr next = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
    const PFN_vkGetDeviceProcAddr next_device = link->u.pLayerInfo->pfnNextGetDeviceProcAddr;
    const unsigned at = find(physical);

    link->u.pLayerInfo = link->u.pLayerInfo->pNext;
    const VkInstance instance = at ? known[at - 1].instance : VK_NULL_HANDLE;
    const VkResult result = ((PFN_vkCreateDevice)next(instance, "vkCreateDevice"))(physical, info, allocator, out);
    if (result == VK_SUCCESS) {
        remember(*out, NULL, next_device, VK_NULL_HANDLE);
        layer_device_made(*out, next_device);
    }
    return result;
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL get_device_proc_addr(VkDevice device, const char *name)
{
    const unsigned at = find(device);

    for (const struct layer_hook *hook = layer_hooks; hook->name; hook++) {
        if (strcmp(hook->name, name) == 0)
            return hook->function;
    }
    return at && known[at - 1].gdpa ? known[at - 1].gdpa(device, name) : NULL;
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL get_instance_proc_addr(VkInstance instance, const char *name)
{
    if (strcmp(name, "vkCreateInstance") == 0)
        return (PFN_vkVoidFunction)create_instance;
    if (strcmp(name, "vkCreateDevice") == 0)
        return (PFN_vkVoidFunction)create_device;
    if (strcmp(name, "vkGetDeviceProcAddr") == 0)
        return (PFN_vkVoidFunction)get_device_proc_addr;
    const unsigned at = instance ? find(instance) : 0;
    return at && known[at - 1].gipa ? known[at - 1].gipa(instance, name) : NULL;
}

NTF_EXPORT VKAPI_ATTR VkResult VKAPI_CALL vkNegotiateLoaderLayerInterfaceVersion(VkNegotiateLayerInterface *negotiate)
{
    negotiate->loaderLayerInterfaceVersion = 2;
    negotiate->pfnGetInstanceProcAddr = get_instance_proc_addr;
    negotiate->pfnGetDeviceProcAddr = get_device_proc_addr;
    negotiate->pfnGetPhysicalDeviceProcAddr = NULL;
    return VK_SUCCESS;
}
