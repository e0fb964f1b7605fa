// SPDX-License-Identifier: Apache-2.0
/*
 * The consumer's Vulkan: the loader, an instance with a messenger, a device with the two
 * extensions, and a queue with something to do. What any program does that draws no picture.
 */
#ifndef DEMO_VULKAN_H
#define DEMO_VULKAN_H

#include <stdbool.h>
#include <stdint.h>

#define VK_NO_PROTOTYPES
#include "ntfence.h"

#define VULKAN_GLOBAL(X)                                                                           \
    X(vkEnumerateInstanceVersion)                                                                  \
    X(vkCreateInstance)
#define VULKAN_INSTANCE(X)                                                                         \
    X(vkDestroyInstance)                                                                           \
    X(vkCreateDebugUtilsMessengerEXT)                                                              \
    X(vkDestroyDebugUtilsMessengerEXT)                                                             \
    X(vkEnumeratePhysicalDevices)                                                                  \
    X(vkEnumerateDeviceExtensionProperties)                                                        \
    X(vkGetPhysicalDeviceProperties)                                                               \
    X(vkGetPhysicalDeviceQueueFamilyProperties)                                                    \
    X(vkGetPhysicalDeviceMemoryProperties)                                                         \
    X(vkGetPhysicalDeviceExternalFenceProperties)                                                  \
    X(vkCreateDevice)                                                                              \
    X(vkGetDeviceProcAddr)
#define VULKAN_DEVICE(X)                                                                           \
    X(vkDestroyDevice)                                                                             \
    X(vkGetDeviceQueue)                                                                            \
    X(vkQueueSubmit)                                                                               \
    X(vkDeviceWaitIdle)                                                                            \
    X(vkCreateFence)                                                                               \
    X(vkDestroyFence)                                                                              \
    X(vkResetFences)                                                                               \
    X(vkGetFenceStatus)                                                                            \
    X(vkWaitForFences)                                                                             \
    X(vkImportFenceWin32HandleKHR)                                                                 \
    X(vkCreateBuffer)                                                                              \
    X(vkDestroyBuffer)                                                                             \
    X(vkGetBufferMemoryRequirements)                                                               \
    X(vkAllocateMemory)                                                                            \
    X(vkFreeMemory)                                                                                \
    X(vkBindBufferMemory)                                                                          \
    X(vkMapMemory)                                                                                 \
    X(vkCreateCommandPool)                                                                         \
    X(vkDestroyCommandPool)                                                                        \
    X(vkAllocateCommandBuffers)                                                                    \
    X(vkBeginCommandBuffer)                                                                        \
    X(vkEndCommandBuffer)                                                                          \
    X(vkCmdFillBuffer)                                                                             \
    X(vkCmdPipelineBarrier)

/* One pointer per command, under its own name. */
struct vulkan_commands {
    PFN_vkGetInstanceProcAddr vkGetInstanceProcAddr;
#define VULKAN_MEMBER(name) PFN_##name name;
    VULKAN_GLOBAL(VULKAN_MEMBER) VULKAN_INSTANCE(VULKAN_MEMBER) VULKAN_DEVICE(VULKAN_MEMBER)
#undef VULKAN_MEMBER
};
extern struct vulkan_commands vk;

struct vulkan {
    struct os_library *loader;
    uint32_t version; // of the loader: what it can do for an instance
    VkInstance instance;
    VkDebugUtilsMessengerEXT messenger;
    VkPhysicalDevice physical;
    VkDevice device;
    VkQueue queue;
    uint32_t family;
    VkBuffer buffer;
    VkDeviceMemory memory;
    volatile uint32_t *words; // the buffer's memory
    VkCommandPool pool;
    VkCommandBuffer commands;
};

enum { VULKAN_WORDS = 64 };

/* Ends the program, with a reason, if there is no such Vulkan. */
void vulkan_open(struct vulkan *vulkan);
void vulkan_close(struct vulkan *vulkan);

/* The device can import OPAQUE_WIN32 handles into fences, and says so. */
bool vulkan_can_import(const struct vulkan *vulkan);

/* Submits a fill of the buffer with that word; the fence is signalled when it is done. */
void vulkan_submit_fill(struct vulkan *vulkan, uint32_t word, VkFence fence);
bool vulkan_is_filled(const struct vulkan *vulkan, uint32_t word);

/* Ends the program if the result is not success. */
void vulkan_must(VkResult result, const char *what);

/* What the layer has said: the last message whose line contains the text; NULL: none. */
const char *message_find(const char *text);
/* The messenger's callback. */
VkBool32 VKAPI_PTR message_receive(VkDebugUtilsMessageSeverityFlagBitsEXT severity,
                                   VkDebugUtilsMessageTypeFlagsEXT types,
                                   const VkDebugUtilsMessengerCallbackDataEXT *data, void *user);

#endif
