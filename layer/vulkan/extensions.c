/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two device extensions, listed by interception: what a manifest lists, the loader would add to every device,
 * whatever its driver has.
 */
#include <stdlib.h>
#include <string.h>

#include "vulkan/commands.h"
#include "vulkan/physical.h"

#define OURS_MAX 2

static bool lists(const VkExtensionProperties *list, uint32_t count, const char *name)
{
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(list[i].extensionName, name) == 0)
            return true;
    return false;
}

static void append(VkExtensionProperties *list, uint32_t *count, const char *name, uint32_t version)
{
    VkExtensionProperties *place = &list[(*count)++];

    memset(place, 0, sizeof *place);
    memcpy(place->extensionName, name, strlen(name));
    place->specVersion = version;
}

/* What a device with these traits gets of us, written to ours. */
static uint32_t list_ours(unsigned traits, VkExtensionProperties ours[OURS_MAX])
{
    uint32_t count = 0;

    /* Never promised without what it depends on; never listed twice. */
    if (!(traits & NTF_PHYSICAL_NATIVE) && (traits & NTF_PHYSICAL_BASE))
        append(ours, &count, VK_KHR_EXTERNAL_FENCE_WIN32_EXTENSION_NAME, VK_KHR_EXTERNAL_FENCE_WIN32_SPEC_VERSION);
    append(ours, &count, VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME, VK_NTFENCE_FENCE_IMPORT_SPEC_VERSION);
    return count;
}

/* vkEnumerateDeviceExtensionProperties: without an array the count of all; with one, as many as there is room for,
 * the count of those written, and VK_INCOMPLETE if that is not all. */
static VkResult serve(const VkExtensionProperties *list, uint32_t have, uint32_t *count,
                      VkExtensionProperties *properties)
{
    if (!properties) {
        *count = have;
        return VK_SUCCESS;
    }
    if (*count > have)
        *count = have;
    if (*count)
        memcpy(properties, list, *count * sizeof *list);
    return *count < have ? VK_INCOMPLETE : VK_SUCCESS;
}

static VkResult serve_ours(struct ntf_instance *instance, VkPhysicalDevice physical, uint32_t *count,
                           VkExtensionProperties *properties)
{
    VkExtensionProperties ours[OURS_MAX];

    return serve(ours, list_ours(ntf_physical_traits(instance, physical), ours), count, properties);
}

static VkResult serve_all(struct ntf_instance *instance, VkPhysicalDevice physical, uint32_t *count,
                          VkExtensionProperties *properties)
{
    VkExtensionProperties ours[OURS_MAX], *list, *longer;
    uint32_t have, ours_count;
    VkResult result = ntf_physical_extensions(instance, physical, &list, &have);

    if (result != VK_SUCCESS)
        return result;
    ours_count = list_ours(ntf_physical_traits_of(instance, physical, list, have), ours);
    longer = realloc(list, ((size_t)have + ours_count) * sizeof *list);
    if (!longer) {
        free(list);
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    }
    for (uint32_t i = 0; i < ours_count; i++)
        if (!lists(longer, have, ours[i].extensionName))
            longer[have++] = ours[i];
    result = serve(longer, have, count, properties);
    free(longer);
    return result;
}

NTF_COMMAND(VkResult)
ntf_vkEnumerateDeviceExtensionProperties(VkPhysicalDevice physical, const char *layer, uint32_t *count,
                                         VkExtensionProperties *properties)
{
    struct ntf_instance *instance = ntf_registry_instance(physical);

    if (!instance)
        return VK_ERROR_INITIALIZATION_FAILED;
    if (!layer || layer[0] == '\0') /* the loader takes an empty name for none, too */
        return serve_all(instance, physical, count, properties);
    if (strcmp(layer, NTFENCE_LAYER_NAME) == 0)
        return serve_ours(instance, physical, count, properties);
    return instance->next.EnumerateDeviceExtensionProperties(physical, layer, count, properties);
}
