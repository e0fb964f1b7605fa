/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which commands the layer knows: one list for devices and one for instances. Each list makes the table of the next
 * layer's pointers, fills it, and answers questions for a name.
 *
 * All of a table is fetched before vkCreateInstance or vkCreateDevice returns. Asking the next layer later is not
 * safe: the loader of 1.3.239 then hands out the layer's own commands.
 */
#ifndef NTF_VULKAN_DISPATCH_H
#define NTF_VULKAN_DISPATCH_H

#include <stdbool.h>
#include <vulkan/vk_layer.h>

#include "ntfence.h"

#undef CreateSemaphore /* windows.h has a macro of that name, which would get into the lists below */

/*
 * Device commands that have to do with fences. HOOK: the layer's own is given out where the next layer has the
 * command. OWN: one of ours, which the next layer is asked for only if the driver has the extension. CALL: only called.
 * (Vulkan-Docs registry, every command with a VkFence or a structure that holds one.)
 */
#define NTF_DEVICE_COMMANDS(HOOK, OWN, CALL) \
    HOOK(GetDeviceProcAddr)                  \
    HOOK(DestroyDevice)                      \
    HOOK(CreateFence)                        \
    HOOK(DestroyFence)                       \
    HOOK(ResetFences)                        \
    HOOK(GetFenceStatus)                     \
    HOOK(WaitForFences)                      \
    HOOK(QueueSubmit)                        \
    HOOK(QueueSubmit2)                       \
    HOOK(QueueSubmit2KHR)                    \
    HOOK(QueueBindSparse)                    \
    HOOK(QueueWaitIdle)                      \
    HOOK(DeviceWaitIdle)                     \
    HOOK(AcquireNextImageKHR)                \
    HOOK(AcquireNextImage2KHR)               \
    HOOK(QueuePresentKHR)                    \
    HOOK(GetFenceFdKHR)                      \
    HOOK(ImportFenceFdKHR)                   \
    HOOK(RegisterDeviceEventEXT)             \
    HOOK(RegisterDisplayEventEXT)            \
    OWN(GetFenceWin32HandleKHR)              \
    OWN(ImportFenceWin32HandleKHR)           \
    CALL(CreateSemaphore)                    \
    CALL(DestroySemaphore)                   \
    CALL(ImportSemaphoreWin32HandleKHR)      \
    CALL(GetSemaphoreCounterValue)           \
    CALL(GetSemaphoreCounterValueKHR)        \
    CALL(SignalSemaphore)                    \
    CALL(SignalSemaphoreKHR)

/* Instance commands. PHYSICAL: hooked, its first argument is a VkPhysicalDevice. HOOK: hooked. CALL: only called. */
#define NTF_INSTANCE_COMMANDS(PHYSICAL, HOOK, CALL)       \
    HOOK(DestroyInstance)                                 \
    HOOK(CreateDebugUtilsMessengerEXT)                    \
    HOOK(DestroyDebugUtilsMessengerEXT)                   \
    HOOK(CreateDebugReportCallbackEXT)                    \
    HOOK(DestroyDebugReportCallbackEXT)                   \
    PHYSICAL(CreateDevice)                                \
    PHYSICAL(EnumerateDeviceExtensionProperties)          \
    PHYSICAL(GetPhysicalDeviceExternalFenceProperties)    \
    PHYSICAL(GetPhysicalDeviceExternalFencePropertiesKHR) \
    CALL(GetPhysicalDeviceProperties)                     \
    CALL(GetPhysicalDeviceProperties2)                    \
    CALL(GetPhysicalDeviceProperties2KHR)                 \
    CALL(GetPhysicalDeviceFeatures2)                      \
    CALL(GetPhysicalDeviceFeatures2KHR)                   \
    CALL(GetPhysicalDeviceExternalSemaphoreProperties)    \
    CALL(GetPhysicalDeviceExternalSemaphorePropertiesKHR)

#define NTF_TABLE_MEMBER(Name) PFN_vk##Name Name;
struct ntf_device_table {
    NTF_DEVICE_COMMANDS(NTF_TABLE_MEMBER, NTF_TABLE_MEMBER, NTF_TABLE_MEMBER)
};
struct ntf_instance_table {
    NTF_INSTANCE_COMMANDS(NTF_TABLE_MEMBER, NTF_TABLE_MEMBER, NTF_TABLE_MEMBER)
};
#undef NTF_TABLE_MEMBER

/* native: the driver has VK_KHR_external_fence_win32 and has been asked for it. */
void ntf_device_table_fill(struct ntf_device_table *table, VkDevice device, PFN_vkGetDeviceProcAddr next, bool native);
void ntf_instance_table_fill(struct ntf_instance_table *table, VkInstance instance, PFN_vkGetInstanceProcAddr next);

enum ntf_answer {
    NTF_ANSWER_NEXT, /* the layer has nothing to say about that name */
    NTF_ANSWER_OURS, /* *hook is the answer */
    NTF_ANSWER_NONE, /* there is no such command here */
};
/* can_get: the device has VK_KHR_external_fence_win32 enabled, so both of its commands exist. */
enum ntf_answer ntf_device_answer(const struct ntf_device_table *table, bool can_get, const char *name,
                                  PFN_vkVoidFunction *hook);
enum ntf_answer ntf_instance_answer(const struct ntf_instance_table *table, const char *name,
                                    PFN_vkVoidFunction *hook);
/* The same for vk_layerGetPhysicalDeviceProcAddr: only commands on a physical device are ours to give. */
enum ntf_answer ntf_physical_answer(const struct ntf_instance_table *table, const char *name,
                                    PFN_vkVoidFunction *hook);

#endif /* NTF_VULKAN_DISPATCH_H */
