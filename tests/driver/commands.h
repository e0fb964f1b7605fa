// SPDX-License-Identifier: Apache-2.0
/*
 * The commands that the fake driver has: X(name without vk, level, version of Vulkan that has it, extension that has it
 * too). Version NEVER: only the extension has it. Each is a function of that very name, hidden in the library.
 */
#ifndef NTF_FAKE_COMMANDS_H
#define NTF_FAKE_COMMANDS_H

#include "extensions.h"

enum level { GLOBAL, INSTANCE, PHYSICAL, DEVICE };
#define NEVER 0xFFFFFFFFu

#define FAKE_COMMANDS(X)                                                                                               \
    X(CreateInstance, GLOBAL, VK_API_VERSION_1_0, NO_EXTENSION)                                                        \
    X(EnumerateInstanceVersion, GLOBAL, VK_API_VERSION_1_0, NO_EXTENSION)                                              \
    X(EnumerateInstanceExtensionProperties, GLOBAL, VK_API_VERSION_1_0, NO_EXTENSION)                                  \
    X(DestroyInstance, INSTANCE, VK_API_VERSION_1_0, NO_EXTENSION)                                                     \
    X(EnumeratePhysicalDevices, INSTANCE, VK_API_VERSION_1_0, NO_EXTENSION)                                            \
    X(EnumeratePhysicalDeviceGroups, INSTANCE, VK_API_VERSION_1_1, EXT_KHR_device_group_creation)                      \
    X(GetDeviceProcAddr, INSTANCE, VK_API_VERSION_1_0, NO_EXTENSION)                                                   \
    X(CreateHeadlessSurfaceEXT, INSTANCE, NEVER, EXT_EXT_headless_surface)                                             \
    X(DestroySurfaceKHR, INSTANCE, NEVER, EXT_KHR_surface)                                                             \
    X(GetPhysicalDeviceFeatures, PHYSICAL, VK_API_VERSION_1_0, NO_EXTENSION)                                           \
    X(GetPhysicalDeviceFeatures2, PHYSICAL, VK_API_VERSION_1_1, EXT_KHR_get_physical_device_properties2)               \
    X(GetPhysicalDeviceProperties, PHYSICAL, VK_API_VERSION_1_0, NO_EXTENSION)                                         \
    X(GetPhysicalDeviceProperties2, PHYSICAL, VK_API_VERSION_1_1, EXT_KHR_get_physical_device_properties2)             \
    X(GetPhysicalDeviceFormatProperties, PHYSICAL, VK_API_VERSION_1_0, NO_EXTENSION)                                   \
    X(GetPhysicalDeviceImageFormatProperties, PHYSICAL, VK_API_VERSION_1_0, NO_EXTENSION)                              \
    X(GetPhysicalDeviceSparseImageFormatProperties, PHYSICAL, VK_API_VERSION_1_0, NO_EXTENSION)                        \
    X(GetPhysicalDeviceQueueFamilyProperties, PHYSICAL, VK_API_VERSION_1_0, NO_EXTENSION)                              \
    X(GetPhysicalDeviceQueueFamilyProperties2, PHYSICAL, VK_API_VERSION_1_1, EXT_KHR_get_physical_device_properties2)  \
    X(GetPhysicalDeviceMemoryProperties, PHYSICAL, VK_API_VERSION_1_0, NO_EXTENSION)                                   \
    X(GetPhysicalDeviceMemoryProperties2, PHYSICAL, VK_API_VERSION_1_1, EXT_KHR_get_physical_device_properties2)       \
    X(GetPhysicalDeviceExternalFenceProperties, PHYSICAL, VK_API_VERSION_1_1, EXT_KHR_external_fence_capabilities)     \
    X(GetPhysicalDeviceExternalSemaphoreProperties, PHYSICAL, VK_API_VERSION_1_1,                                      \
      EXT_KHR_external_semaphore_capabilities)                                                                         \
    X(GetPhysicalDeviceSurfaceSupportKHR, PHYSICAL, NEVER, EXT_KHR_surface)                                            \
    X(GetPhysicalDeviceSurfaceCapabilitiesKHR, PHYSICAL, NEVER, EXT_KHR_surface)                                       \
    X(GetPhysicalDeviceSurfaceCapabilities2KHR, PHYSICAL, NEVER, EXT_KHR_get_surface_capabilities2)                    \
    X(GetPhysicalDeviceSurfaceFormatsKHR, PHYSICAL, NEVER, EXT_KHR_surface)                                            \
    X(GetPhysicalDeviceSurfacePresentModesKHR, PHYSICAL, NEVER, EXT_KHR_surface)                                       \
    X(EnumerateDeviceExtensionProperties, PHYSICAL, VK_API_VERSION_1_0, NO_EXTENSION)                                  \
    X(EnumerateDeviceLayerProperties, PHYSICAL, VK_API_VERSION_1_0, NO_EXTENSION)                                      \
    X(CreateDevice, PHYSICAL, VK_API_VERSION_1_0, NO_EXTENSION)                                                        \
    X(DestroyDevice, DEVICE, VK_API_VERSION_1_0, NO_EXTENSION)                                                         \
    X(GetDeviceQueue, DEVICE, VK_API_VERSION_1_0, NO_EXTENSION)                                                        \
    X(GetDeviceQueue2, DEVICE, VK_API_VERSION_1_1, NO_EXTENSION)                                                       \
    X(CreateFence, DEVICE, VK_API_VERSION_1_0, NO_EXTENSION)                                                           \
    X(DestroyFence, DEVICE, VK_API_VERSION_1_0, NO_EXTENSION)                                                          \
    X(ResetFences, DEVICE, VK_API_VERSION_1_0, NO_EXTENSION)                                                           \
    X(GetFenceStatus, DEVICE, VK_API_VERSION_1_0, NO_EXTENSION)                                                        \
    X(WaitForFences, DEVICE, VK_API_VERSION_1_0, NO_EXTENSION)                                                         \
    X(QueueSubmit, DEVICE, VK_API_VERSION_1_0, NO_EXTENSION)                                                           \
    X(QueueSubmit2, DEVICE, VK_API_VERSION_1_3, NO_EXTENSION)                                                          \
    X(QueueSubmit2KHR, DEVICE, NEVER, EXT_KHR_synchronization2)                                                        \
    X(QueueBindSparse, DEVICE, VK_API_VERSION_1_0, NO_EXTENSION)                                                       \
    X(QueueWaitIdle, DEVICE, VK_API_VERSION_1_0, NO_EXTENSION)                                                         \
    X(DeviceWaitIdle, DEVICE, VK_API_VERSION_1_0, NO_EXTENSION)                                                        \
    X(CreateSemaphore, DEVICE, VK_API_VERSION_1_0, NO_EXTENSION)                                                       \
    X(DestroySemaphore, DEVICE, VK_API_VERSION_1_0, NO_EXTENSION)                                                      \
    X(GetSemaphoreCounterValue, DEVICE, VK_API_VERSION_1_2, EXT_KHR_timeline_semaphore)                                \
    X(WaitSemaphores, DEVICE, VK_API_VERSION_1_2, EXT_KHR_timeline_semaphore)                                          \
    X(SignalSemaphore, DEVICE, VK_API_VERSION_1_2, EXT_KHR_timeline_semaphore)                                         \
    X(CreateEvent, DEVICE, VK_API_VERSION_1_0, NO_EXTENSION)                                                           \
    X(DestroyEvent, DEVICE, VK_API_VERSION_1_0, NO_EXTENSION)                                                          \
    X(SetEvent, DEVICE, VK_API_VERSION_1_0, NO_EXTENSION)                                                              \
    X(ResetEvent, DEVICE, VK_API_VERSION_1_0, NO_EXTENSION)                                                            \
    X(GetEventStatus, DEVICE, VK_API_VERSION_1_0, NO_EXTENSION)                                                        \
    X(CreateCommandPool, DEVICE, VK_API_VERSION_1_0, NO_EXTENSION)                                                     \
    X(DestroyCommandPool, DEVICE, VK_API_VERSION_1_0, NO_EXTENSION)                                                    \
    X(ResetCommandPool, DEVICE, VK_API_VERSION_1_0, NO_EXTENSION)                                                      \
    X(AllocateCommandBuffers, DEVICE, VK_API_VERSION_1_0, NO_EXTENSION)                                                \
    X(FreeCommandBuffers, DEVICE, VK_API_VERSION_1_0, NO_EXTENSION)                                                    \
    X(BeginCommandBuffer, DEVICE, VK_API_VERSION_1_0, NO_EXTENSION)                                                    \
    X(EndCommandBuffer, DEVICE, VK_API_VERSION_1_0, NO_EXTENSION)                                                      \
    X(ResetCommandBuffer, DEVICE, VK_API_VERSION_1_0, NO_EXTENSION)                                                    \
    X(CmdWaitEvents, DEVICE, VK_API_VERSION_1_0, NO_EXTENSION)                                                         \
    X(CmdSetEvent, DEVICE, VK_API_VERSION_1_0, NO_EXTENSION)                                                           \
    X(CmdResetEvent, DEVICE, VK_API_VERSION_1_0, NO_EXTENSION)                                                         \
    X(CmdPipelineBarrier, DEVICE, VK_API_VERSION_1_0, NO_EXTENSION)                                                    \
    X(CreateSwapchainKHR, DEVICE, NEVER, EXT_KHR_swapchain)                                                            \
    X(DestroySwapchainKHR, DEVICE, NEVER, EXT_KHR_swapchain)                                                           \
    X(GetSwapchainImagesKHR, DEVICE, NEVER, EXT_KHR_swapchain)                                                         \
    X(AcquireNextImageKHR, DEVICE, NEVER, EXT_KHR_swapchain)                                                           \
    X(AcquireNextImage2KHR, DEVICE, NEVER, EXT_KHR_swapchain)                                                          \
    X(QueuePresentKHR, DEVICE, NEVER, EXT_KHR_swapchain)                                                               \
    X(ReleaseSwapchainImagesEXT, DEVICE, NEVER, EXT_EXT_swapchain_maintenance1)                                        \
    X(RegisterDeviceEventEXT, DEVICE, NEVER, EXT_EXT_display_control)                                                  \
    X(RegisterDisplayEventEXT, DEVICE, NEVER, EXT_EXT_display_control)                                                 \
    X(GetFenceFdKHR, DEVICE, NEVER, EXT_KHR_external_fence_fd)                                                         \
    X(ImportFenceFdKHR, DEVICE, NEVER, EXT_KHR_external_fence_fd)                                                      \
    X(ImportFenceWin32HandleKHR, DEVICE, NEVER, EXT_KHR_external_fence_win32)                                          \
    X(GetFenceWin32HandleKHR, DEVICE, NEVER, EXT_KHR_external_fence_win32)                                             \
    X(ImportSemaphoreWin32HandleKHR, DEVICE, NEVER, EXT_KHR_external_semaphore_win32)                                  \
    X(GetSemaphoreWin32HandleKHR, DEVICE, NEVER, EXT_KHR_external_semaphore_win32)

// Second names of the same function: X(second name, first name, extension). They are counted as one.
#define FAKE_ALIASES(X)                                                                                                \
    X(EnumeratePhysicalDeviceGroupsKHR, EnumeratePhysicalDeviceGroups, EXT_KHR_device_group_creation)                  \
    X(GetPhysicalDeviceFeatures2KHR, GetPhysicalDeviceFeatures2, EXT_KHR_get_physical_device_properties2)              \
    X(GetPhysicalDeviceProperties2KHR, GetPhysicalDeviceProperties2, EXT_KHR_get_physical_device_properties2)          \
    X(GetPhysicalDeviceQueueFamilyProperties2KHR, GetPhysicalDeviceQueueFamilyProperties2,                             \
      EXT_KHR_get_physical_device_properties2)                                                                         \
    X(GetPhysicalDeviceMemoryProperties2KHR, GetPhysicalDeviceMemoryProperties2,                                       \
      EXT_KHR_get_physical_device_properties2)                                                                         \
    X(GetPhysicalDeviceExternalFencePropertiesKHR, GetPhysicalDeviceExternalFenceProperties,                           \
      EXT_KHR_external_fence_capabilities)                                                                             \
    X(GetPhysicalDeviceExternalSemaphorePropertiesKHR, GetPhysicalDeviceExternalSemaphoreProperties,                   \
      EXT_KHR_external_semaphore_capabilities)                                                                         \
    X(GetSemaphoreCounterValueKHR, GetSemaphoreCounterValue, EXT_KHR_timeline_semaphore)                               \
    X(WaitSemaphoresKHR, WaitSemaphores, EXT_KHR_timeline_semaphore)                                                   \
    X(SignalSemaphoreKHR, SignalSemaphore, EXT_KHR_timeline_semaphore)                                                 \
    X(ReleaseSwapchainImagesKHR, ReleaseSwapchainImagesEXT, EXT_KHR_swapchain_maintenance1)

#define FAKE_COMMAND_MEMBER(Name, level, version, extension) CMD_##Name,
enum command { FAKE_COMMANDS(FAKE_COMMAND_MEMBER) COMMANDS };
#undef FAKE_COMMAND_MEMBER

#endif
