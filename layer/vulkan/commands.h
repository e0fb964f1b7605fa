/* SPDX-License-Identifier: Apache-2.0 */
/* The layer's own commands, by the file that each is found in. */
#ifndef NTF_VULKAN_COMMANDS_H
#define NTF_VULKAN_COMMANDS_H

#include <vulkan/vk_layer.h>

#include "ntfence.h"

#define NTF_COMMAND(Type) VKAPI_ATTR Type VKAPI_CALL

/* negotiate.c */
NTF_COMMAND(PFN_vkVoidFunction) ntf_vkGetInstanceProcAddr(VkInstance instance, const char *name);
NTF_COMMAND(PFN_vkVoidFunction) ntf_vkGetPhysicalDeviceProcAddr(VkInstance instance, const char *name);
NTF_COMMAND(PFN_vkVoidFunction) ntf_vkGetDeviceProcAddr(VkDevice device, const char *name);

/* instance.c */
NTF_COMMAND(VkResult)
ntf_vkCreateInstance(const VkInstanceCreateInfo *info, const VkAllocationCallbacks *allocator, VkInstance *out);
NTF_COMMAND(void) ntf_vkDestroyInstance(VkInstance instance, const VkAllocationCallbacks *allocator);

/* messages.c */
NTF_COMMAND(VkResult)
ntf_vkCreateDebugUtilsMessengerEXT(VkInstance instance, const VkDebugUtilsMessengerCreateInfoEXT *info,
                                   const VkAllocationCallbacks *allocator, VkDebugUtilsMessengerEXT *out);
NTF_COMMAND(void)
ntf_vkDestroyDebugUtilsMessengerEXT(VkInstance instance, VkDebugUtilsMessengerEXT messenger,
                                    const VkAllocationCallbacks *allocator);
NTF_COMMAND(VkResult)
ntf_vkCreateDebugReportCallbackEXT(VkInstance instance, const VkDebugReportCallbackCreateInfoEXT *info,
                                   const VkAllocationCallbacks *allocator, VkDebugReportCallbackEXT *out);
NTF_COMMAND(void)
ntf_vkDestroyDebugReportCallbackEXT(VkInstance instance, VkDebugReportCallbackEXT callback,
                                    const VkAllocationCallbacks *allocator);

/* extensions.c */
NTF_COMMAND(VkResult)
ntf_vkEnumerateDeviceExtensionProperties(VkPhysicalDevice physical, const char *layer, uint32_t *count,
                                         VkExtensionProperties *properties);

/* device.c */
NTF_COMMAND(VkResult)
ntf_vkCreateDevice(VkPhysicalDevice physical, const VkDeviceCreateInfo *info,
                   const VkAllocationCallbacks *allocator, VkDevice *out);
NTF_COMMAND(void) ntf_vkDestroyDevice(VkDevice device, const VkAllocationCallbacks *allocator);

/* external.c */
NTF_COMMAND(void)
ntf_vkGetPhysicalDeviceExternalFenceProperties(VkPhysicalDevice physical,
                                               const VkPhysicalDeviceExternalFenceInfo *info,
                                               VkExternalFenceProperties *properties);
NTF_COMMAND(void)
ntf_vkGetPhysicalDeviceExternalFencePropertiesKHR(VkPhysicalDevice physical,
                                                  const VkPhysicalDeviceExternalFenceInfo *info,
                                                  VkExternalFenceProperties *properties);
NTF_COMMAND(VkResult)
ntf_vkImportFenceWin32HandleKHR(VkDevice device, const VkImportFenceWin32HandleInfoKHR *info);

/* export.c */
NTF_COMMAND(VkResult)
ntf_vkGetFenceWin32HandleKHR(VkDevice device, const VkFenceGetWin32HandleInfoKHR *info, HANDLE *handle);

/* fence.c */
NTF_COMMAND(VkResult)
ntf_vkCreateFence(VkDevice device, const VkFenceCreateInfo *info, const VkAllocationCallbacks *allocator,
                  VkFence *out);
NTF_COMMAND(void) ntf_vkDestroyFence(VkDevice device, VkFence fence, const VkAllocationCallbacks *allocator);
NTF_COMMAND(VkResult) ntf_vkResetFences(VkDevice device, uint32_t count, const VkFence *fences);
NTF_COMMAND(VkResult) ntf_vkGetFenceStatus(VkDevice device, VkFence fence);

NTF_COMMAND(VkResult)
ntf_vkRegisterDeviceEventEXT(VkDevice device, const VkDeviceEventInfoEXT *info, const VkAllocationCallbacks *allocator,
                             VkFence *out);
NTF_COMMAND(VkResult)
ntf_vkRegisterDisplayEventEXT(VkDevice device, VkDisplayKHR display, const VkDisplayEventInfoEXT *info,
                              const VkAllocationCallbacks *allocator, VkFence *out);

/* wait.c */
NTF_COMMAND(VkResult)
ntf_vkWaitForFences(VkDevice device, uint32_t count, const VkFence *fences, VkBool32 all, uint64_t timeout_ns);

/* submit.c */
NTF_COMMAND(VkResult)
ntf_vkQueueSubmit(VkQueue queue, uint32_t count, const VkSubmitInfo *infos, VkFence fence);
NTF_COMMAND(VkResult)
ntf_vkQueueSubmit2(VkQueue queue, uint32_t count, const VkSubmitInfo2 *infos, VkFence fence);
NTF_COMMAND(VkResult)
ntf_vkQueueSubmit2KHR(VkQueue queue, uint32_t count, const VkSubmitInfo2 *infos, VkFence fence);
NTF_COMMAND(VkResult)
ntf_vkQueueBindSparse(VkQueue queue, uint32_t count, const VkBindSparseInfo *infos, VkFence fence);

/* swapchain.c */
NTF_COMMAND(VkResult)
ntf_vkAcquireNextImageKHR(VkDevice device, VkSwapchainKHR swapchain, uint64_t timeout_ns, VkSemaphore semaphore,
                          VkFence fence, uint32_t *index);
NTF_COMMAND(VkResult)
ntf_vkAcquireNextImage2KHR(VkDevice device, const VkAcquireNextImageInfoKHR *info, uint32_t *index);
NTF_COMMAND(VkResult) ntf_vkQueuePresentKHR(VkQueue queue, const VkPresentInfoKHR *info);

/* descriptor.c */
NTF_COMMAND(VkResult) ntf_vkGetFenceFdKHR(VkDevice device, const VkFenceGetFdInfoKHR *info, int *fd);
NTF_COMMAND(VkResult) ntf_vkImportFenceFdKHR(VkDevice device, const VkImportFenceFdInfoKHR *info);

/* idle.c */
NTF_COMMAND(VkResult) ntf_vkQueueWaitIdle(VkQueue queue);
NTF_COMMAND(VkResult) ntf_vkDeviceWaitIdle(VkDevice device);

#endif /* NTF_VULKAN_COMMANDS_H */
