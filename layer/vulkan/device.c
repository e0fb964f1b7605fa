/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making and ending a device. What the application enables decides how much of the layer there is:
 *
 *   neither extension, or only a VK_KHR_external_fence_win32 that the driver has
 *       the application's arguments go down as they are, and the layer keeps no more than the next layer's
 *       vkGetDeviceProcAddr, whose answers it passes on: nothing is hooked;
 *   otherwise
 *       our names are left out (VK_KHR_external_fence_win32 only where the driver lacks it) of a copy of the list;
 *       chain and features stay the application's own. A record is made, and every fence command is hooked.
 */
#include "vulkan/device.h"

#include <stdlib.h>

#include "vulkan/chain.h"
#include "vulkan/commands.h"
#include "vulkan/keyed.h"
#include "vulkan/origin.h"
#include "vulkan/physical.h"
#include "vulkan/reasons.h"

/* What the application has asked for, and what becomes of it. */
struct plan {
    bool khr, beyond; /* enabled by the application */
    bool native;      /* the driver has the first, and its name goes down */
    bool serve;
};

static VkLayerDeviceCreateInfo *find_link(const void *next)
{
    struct ntf_chain chain = ntf_chain_begin(next);
    const VkBaseInStructure *node;

    while ((node = ntf_chain_step(&chain))) {
        VkLayerDeviceCreateInfo *link = (VkLayerDeviceCreateInfo *)(uintptr_t)node;

        if (node->sType == VK_STRUCTURE_TYPE_LOADER_DEVICE_CREATE_INFO && link->function == VK_LAYER_LINK_INFO)
            return link;
    }
    return NULL;
}

static bool is_khr(const char *name)
{
    return strcmp(name, VK_KHR_EXTERNAL_FENCE_WIN32_EXTENSION_NAME) == 0;
}

static bool is_beyond(const char *name)
{
    return strcmp(name, VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME) == 0;
}

/* False without memory to learn what the driver has: a guess would take the extension away from it. */
static bool make_plan(struct ntf_instance *instance, VkPhysicalDevice physical, const VkDeviceCreateInfo *info,
                      struct plan *plan)
{
    unsigned traits;

    *plan = (struct plan){ false, false, false, false };
    for (uint32_t i = 0; i < info->enabledExtensionCount; i++) {
        plan->khr |= is_khr(info->ppEnabledExtensionNames[i]);
        plan->beyond |= is_beyond(info->ppEnabledExtensionNames[i]);
    }
    if (!plan->khr && !plan->beyond)
        return true;
    traits = ntf_physical_traits(instance, physical);
    plan->native = plan->khr && (traits & NTF_PHYSICAL_NATIVE);
    plan->serve = plan->beyond || ntf_physical_served(instance, traits);
    return (traits & NTF_PHYSICAL_KNOWN) != 0;
}

/* The names that go down, in an array of the caller's to free, with room for those of the timeline route; NULL without
 * memory. Every copy of ours is left out: an application may list a name twice. */
static const char **names_below(const struct plan *plan, const VkDeviceCreateInfo *info, uint32_t *count)
{
    const char **names = malloc(((size_t)info->enabledExtensionCount + NTF_TIMELINE_NAMES) * sizeof *names);

    *count = 0;
    for (uint32_t i = 0; names && i < info->enabledExtensionCount; i++) {
        const char *name = info->ppEnabledExtensionNames[i];

        if (!is_beyond(name) && (plan->native || !is_khr(name)))
            names[(*count)++] = name;
    }
    return names;
}

/* ---- the record ---- */

static void device_finish(struct ntf_device *device)
{
    ntf_timelines_stop(device);
    ntf_bridge_destroy(device->bridge);
    ntf_store(&device->lost, 1u, NTF_RELAXED); /* what the driver says from here on has no consequences */
    ntf_timelines_finish(device);
    ntf_fences_finish(&device->fences);
    ntf_keyed_house_finish(&device->keyed);
    ntf_pool_finish(&device->pool);
    ntf_table_finish(&device->shared);
    ntf_table_finish(&device->told);
    if (device->kmt)
        ntf_kmt_close(device->kmt);
    ntf_registry_retire_device(device);
}

/* Everything that needs memory and no VkDevice. */
static struct ntf_device *device_new(struct ntf_instance *instance, const struct plan *plan)
{
    struct ntf_device *device = ntf_registry_make_device();
    struct ntf_driver driver;

    if (!device)
        return NULL;
    device->instance = instance;
    device->native = plan->native;
    device->khr = plan->khr;
    device->beyond = plan->beyond;
    ntf_init(&device->lost, 0u);
    ntf_init(&device->mixed, 0u);
    device->poller.lost = &device->lost;
    driver = ntf_device_driver(device);
    ntf_pool_init(&device->pool, &driver);
    ntf_doorbells_init(&device->bells);
    ntf_keyed_house_init(&device->keyed, &device->bells, ntf_keyed_complain, device);
    if (ntf_fences_init(&device->fences) != NTF_OK) {
        ntf_registry_retire_device(device);
        return NULL;
    }
    /* A table that could not be made is empty, and may be finished. */
    if (ntf_table_init(&device->told) == NTF_OK && ntf_table_init(&device->shared) == NTF_OK &&
        ntf_bridge_new(&device->pool, &device->bells, &device->bridge) == NTF_OK)
        return device;
    device_finish(device);
    return NULL;
}

/* Without a usable provider the device is there all the same: its imports will be refused, with the reason. False
 * without memory: that passes, and would be held against the provider as long as the device lives. */
static bool open_kmt(struct ntf_device *device, VkPhysicalDevice physical)
{
    const enum ntf_result result =
        ntf_physical_open_kmt(device->instance, physical, &device->kmt, device->verdicts);

    if (result != NTF_OK)
        device->kmt = NULL;
    return result != NTF_E_NO_MEMORY;
}

static void introduce(struct ntf_device *device, VkPhysicalDevice physical)
{
    struct ntf_instance *instance = device->instance;
    VkPhysicalDeviceProperties properties;
    struct ntf_text text;

    instance->next.GetPhysicalDeviceProperties(physical, &properties);
    device->chaser.beside = properties.deviceType != VK_PHYSICAL_DEVICE_TYPE_CPU;
    if (!ntf_instance_wants(instance, NTF_LOG_INFO))
        return;
    ntf_text_init(&text);
    if (device->kmt)
        ntf_kmt_describe(device->kmt, &text);
    else
        ntf_text_add(&text, "no D3DKMT provider is usable: imports will be refused");
    ntf_log_write(&instance->log, NTF_LOG_INFO, ntf_reasons.INFO_DEVICE, "device \"%s\"; the layer came in by %s; %s",
                  properties.deviceName, ntf_origin(), text.bytes);
    ntf_text_init(&text);
    ntf_kmt_describe_verdicts(device->verdicts, &text);
    ntf_log_write(&instance->log, NTF_LOG_INFO, ntf_reasons.INFO_PROVIDER, "%s", text.bytes);
}

/* ---- vkCreateDevice ---- */

struct creation {
    struct ntf_instance *instance;
    VkPhysicalDevice physical;
    const VkAllocationCallbacks *allocator;
    VkLayerDeviceCreateInfo *link;
    PFN_vkCreateDevice next;
    PFN_vkGetDeviceProcAddr next_gdpa;
};

/* Memory has run out after the device was made: it goes again, as if it had never been. */
static VkResult undo(const struct creation *creation, VkDevice device)
{
    const PFN_vkDestroyDevice next = (PFN_vkDestroyDevice)creation->next_gdpa(device, "vkDestroyDevice");

    if (next)
        next(device, creation->allocator);
    return VK_ERROR_OUT_OF_HOST_MEMORY;
}

static VkResult create_passed(const struct creation *creation, const VkDeviceCreateInfo *info, VkDevice *out)
{
    const VkResult result = creation->next(creation->physical, info, creation->allocator, out);

    if (result != VK_SUCCESS || ntf_registry_add_passed(ntf_key_of(*out), creation->next_gdpa) == NTF_OK)
        return result;
    return undo(creation, *out);
}

/* With what the timeline route needs beside the application's wishes; if the driver makes no such device, without.
 * names: of info, with room for ours. */
static VkResult create_below(const struct creation *creation, struct ntf_timeline_plan *timeline,
                             const VkDeviceCreateInfo *info, const char **names, VkDevice *out)
{
    VkLayerDeviceLink *const next = creation->link->u.pLayerInfo;
    VkDeviceCreateInfo more = *info;

    if (!ntf_timeline_plan_adds(timeline, info))
        return creation->next(creation->physical, info, creation->allocator, out);
    more.pNext = timeline->chain.first;
    for (uint32_t i = 0; i < timeline->name_count; i++)
        names[more.enabledExtensionCount++] = timeline->names[i];
    if (creation->next(creation->physical, &more, creation->allocator, out) == VK_SUCCESS)
        return VK_SUCCESS;
    timeline->wanted = timeline->adds_semaphores = timeline->adds_timelines = false;
    timeline->why = "the driver makes no device with what it needs";
    creation->link->u.pLayerInfo = next; /* layers below have moved on in it */
    return creation->next(creation->physical, info, creation->allocator, out);
}

static VkResult create_served(const struct creation *creation, const struct plan *plan,
                              const VkDeviceCreateInfo *info, VkDevice *out)
{
    VkDeviceCreateInfo below = *info;
    const char **names = names_below(plan, info, &below.enabledExtensionCount);
    struct ntf_device *device = names ? device_new(creation->instance, plan) : NULL;
    struct ntf_timeline_plan timeline;
    VkResult result = VK_ERROR_OUT_OF_HOST_MEMORY;

    if (device) {
        below.ppEnabledExtensionNames = names;
        ntf_timeline_plan_make(&timeline, creation->instance, creation->physical, info);
        result = create_below(creation, &timeline, &below, names, out);
        ntf_timeline_plan_free(&timeline);
    }
    free((void *)names);
    if (result != VK_SUCCESS) {
        if (device)
            device_finish(device);
        return result;
    }
    device->handle = *out;
    device->next_gdpa = creation->next_gdpa;
    ntf_device_table_fill(&device->next, *out, creation->next_gdpa, plan->native);
    if (!open_kmt(device, creation->physical) || ntf_registry_add_device(device, ntf_key_of(*out)) != NTF_OK) {
        device_finish(device);
        return undo(creation, *out);
    }
    introduce(device, creation->physical);
    ntf_timelines_begin(device, creation->physical, &timeline);
    return VK_SUCCESS;
}

NTF_COMMAND(VkResult)
ntf_vkCreateDevice(VkPhysicalDevice physical, const VkDeviceCreateInfo *info,
                   const VkAllocationCallbacks *allocator, VkDevice *out)
{
    VkLayerDeviceCreateInfo *link = find_link(info->pNext);
    struct creation creation = { ntf_registry_instance(physical), physical, allocator, link, NULL, NULL };
    struct plan plan;

    if (!creation.instance || !link || !link->u.pLayerInfo)
        return VK_ERROR_INITIALIZATION_FAILED;
    creation.next_gdpa = link->u.pLayerInfo->pfnNextGetDeviceProcAddr;
    creation.next = (PFN_vkCreateDevice)link->u.pLayerInfo->pfnNextGetInstanceProcAddr(creation.instance->handle,
                                                                                      "vkCreateDevice");
    if (!creation.next)
        return VK_ERROR_INITIALIZATION_FAILED;
    if (!make_plan(creation.instance, physical, info, &plan))
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    /* The one write into what the application gave that the loader's protocol demands. */
    link->u.pLayerInfo = link->u.pLayerInfo->pNext;
    return plan.serve ? create_served(&creation, &plan, info, out) : create_passed(&creation, info, out);
}

NTF_COMMAND(void) ntf_vkDestroyDevice(VkDevice handle, const VkAllocationCallbacks *allocator)
{
    struct ntf_device *device = handle ? ntf_device_of(handle) : NULL;
    PFN_vkDestroyDevice next;

    if (!device)
        return;
    next = device->next.DestroyDevice;
    /* Out of the table before the handle's key may be given out again; the bridge's fences go while the device is
     * still there. */
    ntf_registry_remove_device(device);
    device_finish(device);
    next(handle, allocator);
}
