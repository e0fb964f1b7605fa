/* SPDX-License-Identifier: Apache-2.0 */
/* What vkCreateDevice asks for beyond the application's wishes, so that the timeline route can be taken. */
#include <stdlib.h>
#include <string.h>

#include "vulkan/physical.h"
#include "vulkan/timeline_parts.h"

static bool lists(const VkExtensionProperties *list, uint32_t count, const char *name)
{
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(list[i].extensionName, name) == 0)
            return true;
    return false;
}

static bool enables(const VkDeviceCreateInfo *info, const char *name)
{
    for (uint32_t i = 0; i < info->enabledExtensionCount; i++)
        if (strcmp(info->ppEnabledExtensionNames[i], name) == 0)
            return true;
    return false;
}

static bool is_group(const VkDeviceCreateInfo *info)
{
    const VkDeviceGroupDeviceCreateInfo *group =
        ntf_chain_find(info->pNext, VK_STRUCTURE_TYPE_DEVICE_GROUP_DEVICE_CREATE_INFO);

    return group && group->physicalDeviceCount > 1;
}

static bool has_feature(struct ntf_instance *instance, VkPhysicalDevice physical, uint32_t version)
{
    VkPhysicalDeviceTimelineSemaphoreFeatures timeline = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES,
    };
    VkPhysicalDeviceFeatures2 features = { .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, .pNext = &timeline };
    const PFN_vkGetPhysicalDeviceFeatures2 next = version >= VK_API_VERSION_1_1
                                                      ? instance->next.GetPhysicalDeviceFeatures2
                                                      : instance->next.GetPhysicalDeviceFeatures2KHR;

    if (!next)
        return false;
    next(physical, &features);
    return timeline.timelineSemaphore;
}

/* False: it is neither there nor to be had. */
static bool want_name(struct ntf_timeline_plan *plan, const VkDeviceCreateInfo *info, const char *name,
                      const VkExtensionProperties *list, uint32_t count, bool *adds)
{
    if (enables(info, name))
        return true;
    if (!lists(list, count, name))
        return false;
    plan->names[plan->name_count++] = name;
    *adds = true;
    return true;
}

/* NULL: the names are in the plan, as far as the application has not enabled them itself. */
static const char *want_names(struct ntf_timeline_plan *plan, const VkDeviceCreateInfo *info, uint32_t version,
                              const VkExtensionProperties *list, uint32_t count)
{
    bool older = false;

    if (!want_name(plan, info, VK_KHR_EXTERNAL_SEMAPHORE_WIN32_EXTENSION_NAME, list, count, &plan->adds_semaphores))
        return "the driver does not list VK_KHR_external_semaphore_win32";
    if (version < VK_API_VERSION_1_1 &&
        !want_name(plan, info, VK_KHR_EXTERNAL_SEMAPHORE_EXTENSION_NAME, list, count, &older))
        return "the driver does not list VK_KHR_external_semaphore";
    if (version < VK_API_VERSION_1_2 &&
        !want_name(plan, info, VK_KHR_TIMELINE_SEMAPHORE_EXTENSION_NAME, list, count, &plan->adds_timelines))
        return "the driver does not list VK_KHR_timeline_semaphore";
    return NULL;
}

static const char *want_chain(struct ntf_timeline_plan *plan, const VkDeviceCreateInfo *info)
{
    switch (ntf_device_chain_make(&plan->chain, info->pNext)) {
    case NTF_DEVICE_CHAIN_UNKNOWN: return "a structure that is not known stands before the features of the application";
    case NTF_DEVICE_CHAIN_MEMORY: return "out of memory";
    default: return NULL;
    }
}

static const char *want(struct ntf_timeline_plan *plan, struct ntf_instance *instance, VkPhysicalDevice physical,
                        const VkDeviceCreateInfo *info)
{
    const uint32_t version = ntf_physical_version(instance, physical);
    VkExtensionProperties *list;
    const char *why;
    uint32_t count;

    if (instance->route == NTF_SETTING_BRIDGE)
        return "the setting route wants it";
    if (is_group(info))
        return "a semaphore's signal is for one physical device, and this one is a group";
    /* What the extensions depend on of the instance's, before 1.1. */
    if (version < VK_API_VERSION_1_1 && !(instance->properties2 && instance->semaphore_capabilities))
        return "the instance lacks extensions for external semaphores";
    if (ntf_physical_extensions(instance, physical, &list, &count) != VK_SUCCESS)
        return "the driver does not say what it has";
    why = want_names(plan, info, version, list, count);
    free(list);
    if (!why && !has_feature(instance, physical, version))
        why = "the driver lacks timelineSemaphore";
    return why ? why : want_chain(plan, info);
}

void ntf_timeline_plan_make(struct ntf_timeline_plan *plan, struct ntf_instance *instance, VkPhysicalDevice physical,
                            const VkDeviceCreateInfo *info)
{
    *plan = (struct ntf_timeline_plan){ .forced = instance->route == NTF_SETTING_TIMELINE };
    plan->chain.first = info->pNext;
    if (!enables(info, VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME))
        plan->why = "VK_NTFENCE_fence_import is not enabled";
    else
        plan->why = want(plan, instance, physical, info);
    plan->wanted = !plan->why;
}

void ntf_timeline_plan_free(struct ntf_timeline_plan *plan)
{
    ntf_device_chain_free(&plan->chain);
}

bool ntf_timeline_plan_adds(const struct ntf_timeline_plan *plan, const VkDeviceCreateInfo *info)
{
    return plan->wanted && (plan->name_count || plan->chain.first != info->pNext);
}

static bool is_one_of(const char *name, const char *const *names)
{
    while (*names && strcmp(*names, name) != 0)
        names++;
    return *names != NULL;
}

bool ntf_timelines_hide(const struct ntf_device *device, const char *name)
{
    static const char *const semaphores[] = { "vkImportSemaphoreWin32HandleKHR", "vkGetSemaphoreWin32HandleKHR", NULL };
    static const char *const timelines[] = { "vkGetSemaphoreCounterValueKHR", "vkWaitSemaphoresKHR",
                                             "vkSignalSemaphoreKHR", NULL };

    return (device->adds_semaphores && is_one_of(name, semaphores)) ||
           (device->adds_timelines && is_one_of(name, timelines));
}
