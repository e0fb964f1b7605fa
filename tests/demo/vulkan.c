// SPDX-License-Identifier: Apache-2.0
#include "vulkan.h"

#include "os.h"
#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct vulkan_commands vk;

enum { DEVICES_MAX = 16, FAMILIES_MAX = 16 };

static const char *const device_extensions[] = {
    VK_KHR_EXTERNAL_FENCE_WIN32_EXTENSION_NAME,
    VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME,
};

void vulkan_must(VkResult result, const char *what)
{
    if (result != VK_SUCCESS)
        die("FAIL: %s: VkResult %d", what, (int)result);
}

static void must_have(bool present, const char *what)
{
    if (!present)
        die("FAIL: there is no %s", what);
}

static void open_loader(struct vulkan *vulkan)
{
    vulkan->loader = os_library_open_vulkan();
    if (!vulkan->loader)
        die("FAIL: no Vulkan loader");
    void (*get)(void) = os_library_symbol(vulkan->loader, "vkGetInstanceProcAddr");
    vk.vkGetInstanceProcAddr = (PFN_vkGetInstanceProcAddr)get;
    must_have(get, "vkGetInstanceProcAddr");
#define LOAD(name)                                                                                 \
    vk.name = (PFN_##name)vk.vkGetInstanceProcAddr(NULL, #name);                                   \
    must_have(vk.name, #name);
    VULKAN_GLOBAL(LOAD)
#undef LOAD
    char path[1024] = "?";
    os_library_file(get, path, sizeof path);
    vulkan_must(vk.vkEnumerateInstanceVersion(&vulkan->version), "vkEnumerateInstanceVersion");
    say("loader %s, instance version %u.%u.%u", path, VK_API_VERSION_MAJOR(vulkan->version),
        VK_API_VERSION_MINOR(vulkan->version), VK_API_VERSION_PATCH(vulkan->version));
}

static void open_instance(struct vulkan *vulkan)
{
    const char *extension = VK_EXT_DEBUG_UTILS_EXTENSION_NAME;
    VkDebugUtilsMessengerCreateInfoEXT messenger = {
        .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
        .messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_INFO_BIT_EXT |
                           VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT |
                           VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
        .messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_GENERAL_BIT_EXT |
                       VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT,
        .pfnUserCallback = message_receive,
    };
    VkApplicationInfo application = {.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
                                     .pApplicationName = "ntfence-consumer",
                                     .apiVersion = VK_API_VERSION_1_1};
    VkInstanceCreateInfo create = {.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
                                   .pApplicationInfo = &application,
                                   .enabledExtensionCount = 1,
                                   .ppEnabledExtensionNames = &extension};
    vulkan_must(vk.vkCreateInstance(&create, NULL, &vulkan->instance), "vkCreateInstance");
#define LOAD(name)                                                                                 \
    vk.name = (PFN_##name)vk.vkGetInstanceProcAddr(vulkan->instance, #name);                       \
    must_have(vk.name, #name);
    VULKAN_INSTANCE(LOAD)
#undef LOAD
    vulkan_must(
        vk.vkCreateDebugUtilsMessengerEXT(vulkan->instance, &messenger, NULL, &vulkan->messenger),
        "vkCreateDebugUtilsMessengerEXT");
}

static bool has_extensions(VkPhysicalDevice physical)
{
    uint32_t count = 0;
    vulkan_must(vk.vkEnumerateDeviceExtensionProperties(physical, NULL, &count, NULL),
                "vkEnumerateDeviceExtensionProperties");
    VkExtensionProperties *list = calloc(count + 1, sizeof *list);
    if (!list)
        die("out of memory");
    vulkan_must(vk.vkEnumerateDeviceExtensionProperties(physical, NULL, &count, list),
                "vkEnumerateDeviceExtensionProperties");
    unsigned found = 0;
    for (uint32_t i = 0; i < count; i++) {
        for (unsigned e = 0; e < 2; e++)
            found += strcmp(list[i].extensionName, device_extensions[e]) == 0;
    }
    free(list);
    return found == 2;
}

static void pick_device(struct vulkan *vulkan)
{
    VkPhysicalDevice list[DEVICES_MAX];
    VkPhysicalDeviceProperties properties;
    uint32_t count = DEVICES_MAX;
    VkResult result = vk.vkEnumeratePhysicalDevices(vulkan->instance, &count, list);
    vulkan_must(result == VK_INCOMPLETE ? VK_SUCCESS : result, "vkEnumeratePhysicalDevices");
    for (uint32_t i = 0; i < count && !vulkan->physical; i++) {
        vk.vkGetPhysicalDeviceProperties(list[i], &properties);
        if (properties.apiVersion >= VK_API_VERSION_1_1 && has_extensions(list[i]))
            vulkan->physical = list[i];
        else
            say("device %s: passed over, it lacks one of the two extensions",
                properties.deviceName);
    }
    if (!vulkan->physical)
        die("FAIL: no device has %s and %s: the layer is not on", device_extensions[0],
            device_extensions[1]);
    say("device %s, API %u.%u.%u", properties.deviceName,
        VK_API_VERSION_MAJOR(properties.apiVersion), VK_API_VERSION_MINOR(properties.apiVersion),
        VK_API_VERSION_PATCH(properties.apiVersion));
}

// A family that can fill a buffer; graphics and compute imply transfer.
static uint32_t pick_family(VkPhysicalDevice physical)
{
    VkQueueFamilyProperties list[FAMILIES_MAX];
    uint32_t count = FAMILIES_MAX;
    vk.vkGetPhysicalDeviceQueueFamilyProperties(physical, &count, list);
    for (uint32_t i = 0; i < count; i++) {
        if (list[i].queueFlags & (VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT))
            return i;
    }
    die("FAIL: no queue family");
}

static void open_device(struct vulkan *vulkan)
{
    float priority = 1;
    vulkan->family = pick_family(vulkan->physical);
    VkDeviceQueueCreateInfo queue = {.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
                                     .queueFamilyIndex = vulkan->family,
                                     .queueCount = 1,
                                     .pQueuePriorities = &priority};
    VkDeviceCreateInfo create = {.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
                                 .queueCreateInfoCount = 1,
                                 .pQueueCreateInfos = &queue,
                                 .enabledExtensionCount = 2,
                                 .ppEnabledExtensionNames = device_extensions};
    vulkan_must(vk.vkCreateDevice(vulkan->physical, &create, NULL, &vulkan->device),
                "vkCreateDevice");
#define LOAD(name)                                                                                 \
    vk.name = (PFN_##name)vk.vkGetDeviceProcAddr(vulkan->device, #name);                           \
    must_have(vk.name, #name);
    VULKAN_DEVICE(LOAD)
#undef LOAD
    vk.vkGetDeviceQueue(vulkan->device, vulkan->family, 0, &vulkan->queue);
}

bool vulkan_can_import(const struct vulkan *vulkan)
{
    VkPhysicalDeviceExternalFenceInfo info = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_FENCE_INFO,
        .handleType = VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT};
    VkExternalFenceProperties properties = {.sType = VK_STRUCTURE_TYPE_EXTERNAL_FENCE_PROPERTIES};
    vk.vkGetPhysicalDeviceExternalFenceProperties(vulkan->physical, &info, &properties);
    return properties.externalFenceFeatures & VK_EXTERNAL_FENCE_FEATURE_IMPORTABLE_BIT;
}

static uint32_t pick_memory(VkPhysicalDevice physical, uint32_t allowed)
{
    const VkMemoryPropertyFlags wanted =
        VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
    VkPhysicalDeviceMemoryProperties memory;
    vk.vkGetPhysicalDeviceMemoryProperties(physical, &memory);
    for (uint32_t i = 0; i < memory.memoryTypeCount; i++) {
        if ((allowed & (UINT32_C(1) << i)) &&
            (memory.memoryTypes[i].propertyFlags & wanted) == wanted)
            return i;
    }
    die("FAIL: no memory that the CPU sees");
}

static void make_buffer(struct vulkan *vulkan)
{
    VkBufferCreateInfo create = {.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
                                 .size = VULKAN_WORDS * sizeof(uint32_t),
                                 .usage = VK_BUFFER_USAGE_TRANSFER_DST_BIT};
    vulkan_must(vk.vkCreateBuffer(vulkan->device, &create, NULL, &vulkan->buffer),
                "vkCreateBuffer");
    VkMemoryRequirements needs;
    vk.vkGetBufferMemoryRequirements(vulkan->device, vulkan->buffer, &needs);
    VkMemoryAllocateInfo allocate = {.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
                                     .allocationSize = needs.size,
                                     .memoryTypeIndex =
                                         pick_memory(vulkan->physical, needs.memoryTypeBits)};
    vulkan_must(vk.vkAllocateMemory(vulkan->device, &allocate, NULL, &vulkan->memory),
                "vkAllocateMemory");
    vulkan_must(vk.vkBindBufferMemory(vulkan->device, vulkan->buffer, vulkan->memory, 0),
                "vkBindBufferMemory");
    void *words;
    vulkan_must(vk.vkMapMemory(vulkan->device, vulkan->memory, 0, VK_WHOLE_SIZE, 0, &words),
                "vkMapMemory");
    vulkan->words = words;
}

static void make_commands(struct vulkan *vulkan)
{
    VkCommandPoolCreateInfo pool = {.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
                                    .flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT,
                                    .queueFamilyIndex = vulkan->family};
    vulkan_must(vk.vkCreateCommandPool(vulkan->device, &pool, NULL, &vulkan->pool),
                "vkCreateCommandPool");
    VkCommandBufferAllocateInfo allocate = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
                                            .commandPool = vulkan->pool,
                                            .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
                                            .commandBufferCount = 1};
    vulkan_must(vk.vkAllocateCommandBuffers(vulkan->device, &allocate, &vulkan->commands),
                "vkAllocateCommandBuffers");
}

void vulkan_submit_fill(struct vulkan *vulkan, uint32_t word, VkFence fence)
{
    VkCommandBufferBeginInfo begin = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
                                      .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT};
    vulkan_must(vk.vkBeginCommandBuffer(vulkan->commands, &begin), "vkBeginCommandBuffer");
    vk.vkCmdFillBuffer(vulkan->commands, vulkan->buffer, 0, VK_WHOLE_SIZE, word);
    VkMemoryBarrier barrier = {.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
                               .srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT,
                               .dstAccessMask = VK_ACCESS_HOST_READ_BIT};
    vk.vkCmdPipelineBarrier(vulkan->commands, VK_PIPELINE_STAGE_TRANSFER_BIT,
                            VK_PIPELINE_STAGE_HOST_BIT, 0, 1, &barrier, 0, NULL, 0, NULL);
    vulkan_must(vk.vkEndCommandBuffer(vulkan->commands), "vkEndCommandBuffer");
    VkSubmitInfo submit = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
                           .commandBufferCount = 1,
                           .pCommandBuffers = &vulkan->commands};
    vulkan_must(vk.vkQueueSubmit(vulkan->queue, 1, &submit, fence), "vkQueueSubmit");
}

bool vulkan_is_filled(const struct vulkan *vulkan, uint32_t word)
{
    for (unsigned i = 0; i < VULKAN_WORDS; i++) {
        if (vulkan->words[i] != word)
            return false;
    }
    return true;
}

void vulkan_open(struct vulkan *vulkan)
{
    open_loader(vulkan);
    open_instance(vulkan);
    pick_device(vulkan);
    open_device(vulkan);
    make_buffer(vulkan);
    make_commands(vulkan);
}

void vulkan_close(struct vulkan *vulkan)
{
    vulkan_must(vk.vkDeviceWaitIdle(vulkan->device), "vkDeviceWaitIdle");
    vk.vkDestroyCommandPool(vulkan->device, vulkan->pool, NULL);
    vk.vkDestroyBuffer(vulkan->device, vulkan->buffer, NULL);
    vk.vkFreeMemory(vulkan->device, vulkan->memory, NULL);
    vk.vkDestroyDevice(vulkan->device, NULL);
    vk.vkDestroyDebugUtilsMessengerEXT(vulkan->instance, vulkan->messenger, NULL);
    vk.vkDestroyInstance(vulkan->instance, NULL);
    os_library_close(vulkan->loader);
}
