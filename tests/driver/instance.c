// SPDX-License-Identifier: Apache-2.0
// Instances and the lists of what there is. Physical devices' properties: physical.c.
#include "driver.h"

#include <string.h>

// ---- extensions

static const uint32_t spec_versions[] = {
#define ROW(name, version, of_instance, listed) version,
    FAKE_EXTENSIONS(ROW)
#undef ROW
};

static VkResult list_extensions(bool of_instance, uint32_t *count, VkExtensionProperties *list)
{
    uint32_t total = 0, written = 0;

    for (unsigned i = 0; i < EXTENSIONS; i++) {
        if (!extension_listed((enum extension)i) || extension_of_instance((enum extension)i) != of_instance)
            continue;
        total++;
        if (!list || written == *count)
            continue;
        memset(&list[written], 0, sizeof *list);
        strcpy(list[written].extensionName, extension_name((enum extension)i));
        list[written++].specVersion = spec_versions[i];
    }
    *count = list ? written : total;
    return list && written < total ? VK_INCOMPLETE : VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL vkEnumerateInstanceExtensionProperties(const char *layer, uint32_t *count,
                                                                      VkExtensionProperties *list)
{
    struct call call;
    VkResult result;
    (void)layer;

    call_begin_instance(&call, CMD_EnumerateInstanceExtensionProperties);
    result = call_order(&call);
    return call_end(&call, result == VK_SUCCESS ? list_extensions(true, count, list) : result);
}

VKAPI_ATTR VkResult VKAPI_CALL vkEnumerateDeviceExtensionProperties(VkPhysicalDevice physical, const char *layer,
                                                                    uint32_t *count, VkExtensionProperties *list)
{
    struct call call;
    VkResult result;
    (void)physical, (void)layer;

    call_begin_instance(&call, CMD_EnumerateDeviceExtensionProperties);
    result = call_order(&call);
    return call_end(&call, result == VK_SUCCESS ? list_extensions(false, count, list) : result);
}

VKAPI_ATTR VkResult VKAPI_CALL vkEnumerateDeviceLayerProperties(VkPhysicalDevice physical, uint32_t *count,
                                                                VkLayerProperties *list)
{
    (void)physical, (void)list;
    *count = 0;
    return VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL vkEnumerateInstanceVersion(uint32_t *version)
{
    struct call call;

    call_begin_instance(&call, CMD_EnumerateInstanceVersion);
    *version = state.version;
    return call_end(&call, VK_SUCCESS);
}

// ---- instances

static VkResult make(const VkInstanceCreateInfo *info, VkInstance *out)
{
    const VkApplicationInfo *application = info->pApplicationInfo;
    struct instance *instance;
    uint64_t enabled = 0;

    for (uint32_t i = 0; i < info->enabledExtensionCount; i++) {
        const enum extension extension = extension_by_name(info->ppEnabledExtensionNames[i]);
        if (extension == EXTENSIONS || !extension_listed(extension) || !extension_of_instance(extension))
            return VK_ERROR_EXTENSION_NOT_PRESENT;
        enabled |= UINT64_C(1) << extension;
    }
    // A driver of 1.1 or later takes any version; one of 1.0 does not.
    if (state.version < VK_API_VERSION_1_1 && application && application->apiVersion >= VK_API_VERSION_1_1)
        return VK_ERROR_INCOMPATIBLE_DRIVER;
    instance = object_new(KIND_INSTANCE, sizeof *instance, NULL);
    instance->version = application && application->apiVersion ? application->apiVersion : VK_API_VERSION_1_0;
    instance->extensions = enabled;
    for (unsigned i = 0; i < PHYSICALS; i++) {
        instance->physicals[i] = object_new(KIND_PHYSICAL, sizeof(struct physical), NULL);
        instance->physicals[i]->instance = instance;
        instance->physicals[i]->index = i;
    }
    *out = HANDLE_OF(VkInstance, instance);
    return VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL vkCreateInstance(const VkInstanceCreateInfo *info,
                                                const VkAllocationCallbacks *allocator, VkInstance *out)
{
    struct call call;
    VkResult result;
    (void)allocator;

    call_begin_instance(&call, CMD_CreateInstance);
    call_chain(&call, info->pNext);
    result = call_order(&call);
    return call_end(&call, result == VK_SUCCESS ? make(info, out) : result);
}

VKAPI_ATTR void VKAPI_CALL vkDestroyInstance(VkInstance handle, const VkAllocationCallbacks *allocator)
{
    struct call call;
    struct instance *instance;
    (void)allocator;

    call_begin_instance(&call, CMD_DestroyInstance);
    if (handle && (instance = call_object(&call, NUMBER(handle), KIND_INSTANCE))) {
        for (const struct device *device = state.devices; device; device = device->next)
            if (device->instance == instance)
                violation(&call, "device-busy", "vkDestroyInstance-instance-00629", "device %p is left",
                          (const void *)device);
        for (unsigned i = 0; i < PHYSICALS; i++)
            object_end(&instance->physicals[i]->object);
        object_end(&instance->object);
    }
    (void)call_end(&call, VK_SUCCESS);
}

// ---- physical devices

VKAPI_ATTR VkResult VKAPI_CALL vkEnumeratePhysicalDevices(VkInstance handle, uint32_t *count, VkPhysicalDevice *list)
{
    struct call call;
    struct instance *instance;
    VkResult result;

    call_begin_instance(&call, CMD_EnumeratePhysicalDevices);
    instance = call_object(&call, NUMBER(handle), KIND_INSTANCE);
    result = call_order(&call);
    if (result == VK_SUCCESS && instance) {
        const uint32_t room = list && *count < PHYSICALS ? *count : PHYSICALS;
        for (uint32_t i = 0; i < room && list; i++)
            list[i] = HANDLE_OF(VkPhysicalDevice, instance->physicals[i]);
        *count = room;
        result = room < PHYSICALS ? VK_INCOMPLETE : VK_SUCCESS;
    }
    return call_end(&call, result);
}

// One group of all.
VKAPI_ATTR VkResult VKAPI_CALL vkEnumeratePhysicalDeviceGroups(VkInstance handle, uint32_t *count,
                                                               VkPhysicalDeviceGroupProperties *list)
{
    struct call call;
    struct instance *instance;
    VkResult result;

    call_begin_instance(&call, CMD_EnumeratePhysicalDeviceGroups);
    instance = call_object(&call, NUMBER(handle), KIND_INSTANCE);
    result = call_order(&call);
    if (result == VK_SUCCESS && list && *count == 0) {
        result = VK_INCOMPLETE;
    } else if (result == VK_SUCCESS && instance) {
        *count = 1;
        for (unsigned i = 0; i < PHYSICALS && list; i++)
            list->physicalDevices[i] = HANDLE_OF(VkPhysicalDevice, instance->physicals[i]);
        if (list) {
            list->physicalDeviceCount = PHYSICALS;
            list->subsetAllocation = VK_FALSE;
        }
    }
    return call_end(&call, result);
}
