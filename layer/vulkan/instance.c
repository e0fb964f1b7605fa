/* SPDX-License-Identifier: Apache-2.0 */
#include "vulkan/instance.h"

#include <stdlib.h>
#include <string.h>

#include "vulkan/chain.h"
#include "vulkan/commands.h"
#include "vulkan/layer_settings.h"

static VkLayerInstanceCreateInfo *find_link(const void *next)
{
    struct ntf_chain chain = ntf_chain_begin(next);
    const VkBaseInStructure *node;

    while ((node = ntf_chain_step(&chain))) {
        VkLayerInstanceCreateInfo *link = (VkLayerInstanceCreateInfo *)(uintptr_t)node;

        if (node->sType == VK_STRUCTURE_TYPE_LOADER_INSTANCE_CREATE_INFO && link->function == VK_LAYER_LINK_INFO)
            return link;
    }
    return NULL;
}

static bool enables(const VkInstanceCreateInfo *info, const char *extension)
{
    for (uint32_t i = 0; i < info->enabledExtensionCount; i++)
        if (strcmp(info->ppEnabledExtensionNames[i], extension) == 0)
            return true;
    return false;
}

/* What does not need the instance: settings, log, messengers of the application's chain. */
static struct ntf_instance *instance_new(const VkInstanceCreateInfo *info)
{
    struct ntf_instance *instance = calloc(1, sizeof *instance);
    const VkApplicationInfo *application = info->pApplicationInfo;

    if (!instance)
        return NULL;
    if (ntf_table_init(&instance->physicals) != NTF_OK) {
        free(instance);
        return NULL;
    }
    /* VkApplicationInfo: no structure or a version of 0 means 1.0. */
    instance->api_version = application && application->apiVersion ? application->apiVersion : VK_API_VERSION_1_0;
    instance->properties2 = enables(info, VK_KHR_GET_PHYSICAL_DEVICE_PROPERTIES_2_EXTENSION_NAME);
    instance->semaphore_capabilities = enables(info, VK_KHR_EXTERNAL_SEMAPHORE_CAPABILITIES_EXTENSION_NAME);
    ntf_messages_init(&instance->messages);
    ntf_messages_add_chain(&instance->messages, info->pNext);
    ntf_log_init(&instance->log);
    instance->log.sink = ntf_messages_sink;
    instance->log.context = &instance->messages;
    ntf_layer_settings_read(&instance->settings, info->pNext, &instance->log);
    ntf_layer_settings_apply(&instance->settings, &instance->log);
    instance->force = ntf_settings_is_true(instance->settings.force);
    instance->route = ntf_layer_settings_route(&instance->settings, &instance->log);
    return instance;
}

static void instance_free(struct ntf_instance *instance)
{
    ntf_messages_finish(&instance->messages);
    ntf_table_finish(&instance->physicals);
    free(instance);
}

static VkResult create_next(struct ntf_instance *instance, VkLayerInstanceCreateInfo *link,
                            const VkInstanceCreateInfo *info, const VkAllocationCallbacks *allocator, VkInstance *out)
{
    PFN_vkCreateInstance create;
    VkResult result;

    instance->next_gipa = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
    instance->next_gpdpa = link->u.pLayerInfo->pfnNextGetPhysicalDeviceProcAddr;
    create = (PFN_vkCreateInstance)instance->next_gipa(NULL, "vkCreateInstance");
    if (!create)
        return VK_ERROR_INITIALIZATION_FAILED;
    /* The one write into what the application gave that the loader's protocol demands. */
    link->u.pLayerInfo = link->u.pLayerInfo->pNext;
    result = create(info, allocator, out);
    if (result != VK_SUCCESS)
        return result;
    instance->handle = *out;
    instance->key = ntf_key_of(*out);
    ntf_instance_table_fill(&instance->next, *out, instance->next_gipa);
    if (ntf_registry_add_instance(instance, instance->key) == NTF_OK)
        return VK_SUCCESS;
    if (instance->next.DestroyInstance)
        instance->next.DestroyInstance(*out, allocator);
    return VK_ERROR_OUT_OF_HOST_MEMORY;
}

NTF_COMMAND(VkResult)
ntf_vkCreateInstance(const VkInstanceCreateInfo *info, const VkAllocationCallbacks *allocator, VkInstance *out)
{
    VkLayerInstanceCreateInfo *link = find_link(info->pNext);
    struct ntf_instance *instance;
    VkResult result = VK_ERROR_OUT_OF_HOST_MEMORY;

    if (!link || !link->u.pLayerInfo)
        return VK_ERROR_INITIALIZATION_FAILED;
    if (ntf_registry_enter() != NTF_OK)
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    instance = instance_new(info);
    if (instance) {
        result = create_next(instance, link, info, allocator, out);
        ntf_messages_drop_chain(&instance->messages);
        if (result == VK_SUCCESS)
            return VK_SUCCESS;
        instance_free(instance);
    }
    ntf_registry_leave();
    return result;
}

NTF_COMMAND(void) ntf_vkDestroyInstance(VkInstance handle, const VkAllocationCallbacks *allocator)
{
    struct ntf_instance *instance = handle ? ntf_registry_instance(handle) : NULL;

    if (!instance)
        return;
    /* The record leaves before the handle is freed below, and with it its key. */
    ntf_registry_remove_instance(instance->key);
    instance->next.DestroyInstance(handle, allocator);
    instance_free(instance);
    ntf_registry_leave();
}
