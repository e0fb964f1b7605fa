/* SPDX-License-Identifier: Apache-2.0 */
/* Where the loader comes in: the one exported function, and the three that answer for names. */
#include <string.h>

#include "base/os/compiler.h"
#include "vulkan/commands.h"
#include "vulkan/device.h"

#define INTERFACE_VERSION 2 /* loader and layer interface: the functions are given here, none but this is exported */

NTF_EXPORT NTF_COMMAND(VkResult) vkNegotiateLoaderLayerInterfaceVersion(VkNegotiateLayerInterface *negotiate)
{
    if (!negotiate || negotiate->sType != LAYER_NEGOTIATE_INTERFACE_STRUCT
        || negotiate->loaderLayerInterfaceVersion < INTERFACE_VERSION)
        return VK_ERROR_INITIALIZATION_FAILED;
    negotiate->loaderLayerInterfaceVersion = INTERFACE_VERSION;
    negotiate->pfnGetInstanceProcAddr = ntf_vkGetInstanceProcAddr;
    negotiate->pfnGetDeviceProcAddr = ntf_vkGetDeviceProcAddr;
    negotiate->pfnGetPhysicalDeviceProcAddr = ntf_vkGetPhysicalDeviceProcAddr;
    return VK_SUCCESS;
}

/* Names that have the same answer for every instance, and for none. */
static PFN_vkVoidFunction global_answer(const char *name)
{
    if (strcmp(name, "vkCreateInstance") == 0)
        return (PFN_vkVoidFunction)ntf_vkCreateInstance;
    if (strcmp(name, "vkGetInstanceProcAddr") == 0)
        return (PFN_vkVoidFunction)ntf_vkGetInstanceProcAddr;
    /* Layers ask the next one for it without an instance, as the loader's description of the interface does. */
    if (strcmp(name, "vkCreateDevice") == 0)
        return (PFN_vkVoidFunction)ntf_vkCreateDevice;
    return NULL;
}

/* Names that a live instance answers, whatever the next layer has. The Win32 commands are here for loaders that do
 * not know them: those make a trampoline of their own for a name that some layer knows, and fill it for each device
 * by vkGetDeviceProcAddr. */
static PFN_vkVoidFunction instance_answer(const char *name)
{
    if (strcmp(name, "vkGetDeviceProcAddr") == 0)
        return (PFN_vkVoidFunction)ntf_vkGetDeviceProcAddr;
    if (strcmp(name, "vk_layerGetPhysicalDeviceProcAddr") == 0)
        return (PFN_vkVoidFunction)ntf_vkGetPhysicalDeviceProcAddr;
    if (strcmp(name, "vkImportFenceWin32HandleKHR") == 0)
        return (PFN_vkVoidFunction)ntf_vkImportFenceWin32HandleKHR;
    if (strcmp(name, "vkGetFenceWin32HandleKHR") == 0)
        return (PFN_vkVoidFunction)ntf_vkGetFenceWin32HandleKHR;
    return NULL;
}

NTF_COMMAND(PFN_vkVoidFunction) ntf_vkGetInstanceProcAddr(VkInstance handle, const char *name)
{
    PFN_vkVoidFunction hook = global_answer(name);
    struct ntf_instance *instance;

    if (hook || !handle)
        return hook;
    instance = ntf_registry_instance(handle);
    if (!instance)
        return NULL;
    hook = instance_answer(name);
    if (hook)
        return hook;
    switch (ntf_instance_answer(&instance->next, name, &hook)) {
    case NTF_ANSWER_OURS: return hook;
    case NTF_ANSWER_NONE: return NULL;
    case NTF_ANSWER_NEXT: break;
    }
    return instance->next_gipa(handle, name);
}

NTF_COMMAND(PFN_vkVoidFunction) ntf_vkGetPhysicalDeviceProcAddr(VkInstance handle, const char *name)
{
    struct ntf_instance *instance = handle ? ntf_registry_instance(handle) : NULL;
    PFN_vkVoidFunction hook = NULL;

    if (!instance)
        return NULL;
    switch (ntf_physical_answer(&instance->next, name, &hook)) {
    case NTF_ANSWER_OURS: return hook;
    case NTF_ANSWER_NONE: return NULL;
    case NTF_ANSWER_NEXT: break;
    }
    return instance->next_gpdpa ? instance->next_gpdpa(handle, name) : NULL;
}

NTF_COMMAND(PFN_vkVoidFunction) ntf_vkGetDeviceProcAddr(VkDevice handle, const char *name)
{
    struct ntf_device *device = ntf_device_of(handle);
    PFN_vkVoidFunction hook = NULL;
    PFN_vkGetDeviceProcAddr passed;

    if (!device) {
        /* The extensions are not enabled: the next layer's own pointers, this one's among them. */
        passed = ntf_registry_passed(handle);
        return passed ? passed(handle, name) : NULL;
    }
    switch (ntf_device_answer(&device->next, device->khr, name, &hook)) {
    case NTF_ANSWER_OURS: return hook;
    case NTF_ANSWER_NONE: return NULL;
    case NTF_ANSWER_NEXT: break;
    }
    return ntf_timelines_hide(device, name) ? NULL : device->next_gdpa(handle, name);
}
