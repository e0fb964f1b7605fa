/* SPDX-License-Identifier: Apache-2.0 */
/* The layer's record of a VkInstance. */
#ifndef NTF_VULKAN_INSTANCE_H
#define NTF_VULKAN_INSTANCE_H

#include "base/settings.h"
#include "vulkan/dispatch.h"
#include "vulkan/layer_settings.h"
#include "vulkan/messages.h"
#include "vulkan/registry.h"

struct ntf_instance { /* immutable after vkCreateInstance, but for messages and physicals */
    VkInstance handle;
    uint64_t key;
    uint32_t api_version; /* that the application asked for, major.minor */
    bool properties2;     /* VK_KHR_get_physical_device_properties2 is enabled */
    bool semaphore_capabilities; /* VK_KHR_external_semaphore_capabilities is enabled */
    struct ntf_instance_table next;
    PFN_vkGetInstanceProcAddr next_gipa;
    PFN_GetPhysicalDeviceProcAddr next_gpdpa; /* may be NULL */
    struct ntf_settings settings;
    bool force; /* the setting of that name */
    enum ntf_setting_route route; /* the setting of that name */
    struct ntf_messages messages;
    struct ntf_log log;
    struct ntf_table physicals; /* VkPhysicalDevice -> NTF_PHYSICAL_* (extensions.c) */
};

#define ntf_instance_wants(instance, severity) \
    ntf_messages_wanted(&(instance)->messages, &(instance)->log, severity)

#endif /* NTF_VULKAN_INSTANCE_H */
