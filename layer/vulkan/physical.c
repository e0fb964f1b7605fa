/* SPDX-License-Identifier: Apache-2.0 */
#include "vulkan/physical.h"

#include <stdlib.h>
#include <string.h>

#define ENUMERATE_TRIES 8 /* a list that grows while it is read is read again, but not for ever */

VkResult ntf_physical_extensions(struct ntf_instance *instance, VkPhysicalDevice physical,
                                 VkExtensionProperties **out, uint32_t *count)
{
    const PFN_vkEnumerateDeviceExtensionProperties next = instance->next.EnumerateDeviceExtensionProperties;

    for (unsigned i = 0; i < ENUMERATE_TRIES; i++) {
        VkExtensionProperties *list;
        uint32_t room = 0;
        VkResult result = next(physical, NULL, &room, NULL);

        if (result != VK_SUCCESS)
            return result;
        list = calloc((size_t)room + 1, sizeof *list);
        if (!list)
            return VK_ERROR_OUT_OF_HOST_MEMORY;
        result = next(physical, NULL, &room, list);
        if (result == VK_SUCCESS) {
            *out = list;
            *count = room;
            return VK_SUCCESS;
        }
        free(list);
        if (result != VK_INCOMPLETE)
            return result;
    }
    return VK_ERROR_OUT_OF_HOST_MEMORY;
}

uint32_t ntf_physical_version(struct ntf_instance *instance, VkPhysicalDevice physical)
{
    VkPhysicalDeviceProperties properties;

    instance->next.GetPhysicalDeviceProperties(physical, &properties);
    return properties.apiVersion < instance->api_version ? properties.apiVersion : instance->api_version;
}

unsigned ntf_physical_traits_of(struct ntf_instance *instance, VkPhysicalDevice physical,
                                const VkExtensionProperties *extensions, uint32_t count)
{
    unsigned traits = NTF_PHYSICAL_KNOWN;

    if (ntf_physical_version(instance, physical) >= VK_API_VERSION_1_1)
        traits |= NTF_PHYSICAL_BASE;
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(extensions[i].extensionName, VK_KHR_EXTERNAL_FENCE_WIN32_EXTENSION_NAME) == 0)
            traits |= NTF_PHYSICAL_NATIVE;
        else if (strcmp(extensions[i].extensionName, VK_KHR_EXTERNAL_FENCE_EXTENSION_NAME) == 0)
            traits |= NTF_PHYSICAL_BASE;
    }
    return traits;
}

unsigned ntf_physical_traits(struct ntf_instance *instance, VkPhysicalDevice physical)
{
    VkExtensionProperties *extensions;
    uint64_t traits = 0;
    uint32_t count;

    if (ntf_table_find(&instance->physicals, (uintptr_t)physical, &traits))
        return (unsigned)traits;
    if (ntf_physical_extensions(instance, physical, &extensions, &count) != VK_SUCCESS)
        return 0;
    traits = ntf_physical_traits_of(instance, physical, extensions, count);
    free(extensions);
    (void)ntf_table_insert(&instance->physicals, (uintptr_t)physical, traits); /* or it is asked again */
    return (unsigned)traits;
}

/* The adapter's LUID; false if the device has none. */
static bool luid_of(struct ntf_instance *instance, VkPhysicalDevice physical, struct ntf_luid *luid)
{
    VkPhysicalDeviceIDProperties id = { .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES };
    VkPhysicalDeviceProperties2 properties = { .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, .pNext = &id };
    PFN_vkGetPhysicalDeviceProperties2 next = NULL;

    /* Valid usage: the core command needs 1.1 of instance and device, the other one its extension. */
    if (ntf_physical_version(instance, physical) >= VK_API_VERSION_1_1)
        next = instance->next.GetPhysicalDeviceProperties2;
    else if (instance->properties2)
        next = instance->next.GetPhysicalDeviceProperties2KHR;
    if (!next)
        return false;
    next(physical, &properties);
    if (!id.deviceLUIDValid)
        return false;
    _Static_assert(sizeof *luid == VK_LUID_SIZE, "a LUID has 8 bytes");
    memcpy(luid, id.deviceLUID, sizeof *luid);
    return true;
}

enum ntf_result ntf_physical_open_kmt(struct ntf_instance *instance, VkPhysicalDevice physical, struct ntf_kmt **out,
                                      struct ntf_verdict verdicts[NTF_PROVIDER_COUNT])
{
    struct ntf_kmt_config config = {
        .provider = instance->settings.provider,
        .d3dkmt = instance->settings.d3dkmt,
        .rungs = instance->settings.rungs,
    };

    config.luid_valid = luid_of(instance, physical, &config.luid);
    return ntf_kmt_open(&config, out, verdicts);
}

unsigned ntf_physical_probe(struct ntf_instance *instance, VkPhysicalDevice physical)
{
    struct ntf_verdict verdicts[NTF_PROVIDER_COUNT];
    unsigned traits = ntf_physical_traits(instance, physical);
    struct ntf_kmt *kmt;
    enum ntf_result result;

    if ((traits & NTF_PHYSICAL_PROBED) || !(traits & NTF_PHYSICAL_KNOWN))
        return traits;
    result = ntf_physical_open_kmt(instance, physical, &kmt, verdicts);
    if (result == NTF_E_NO_MEMORY) /* that passes */
        return traits;
    traits |= NTF_PHYSICAL_PROBED;
    if (result == NTF_OK) {
        traits |= NTF_PHYSICAL_NT | (ntf_kmt_serves_global(kmt) ? NTF_PHYSICAL_GLOBAL : 0);
        ntf_kmt_close(kmt);
    }
    (void)ntf_table_insert(&instance->physicals, (uintptr_t)physical, traits); /* or it is probed again */
    return traits;
}
