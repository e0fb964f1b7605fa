/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NTF_VULKAN_EXPORT_H
#define NTF_VULKAN_EXPORT_H

#include "vulkan/device.h"

/* vkCreateFence for a fence that asks for VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT. win32: from its chain, or
 * NULL. *out is written on VK_SUCCESS only. */
VkResult ntf_export_create_fence(struct ntf_device *device, const VkFenceCreateInfo *info,
                                 const VkExportFenceWin32HandleInfoKHR *win32, const VkAllocationCallbacks *allocator,
                                 VkFence *out);

/* The same for VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_KMT_BIT, which knows no attributes. */
VkResult ntf_export_create_global(struct ntf_device *device, const VkFenceCreateInfo *info,
                                  const VkAllocationCallbacks *allocator, VkFence *out);

#endif /* NTF_VULKAN_EXPORT_H */
