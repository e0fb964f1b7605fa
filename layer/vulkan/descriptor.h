/* SPDX-License-Identifier: Apache-2.0 */
/* Imports by the driver into a fence that may be ours at the time. */
#ifndef NTF_VULKAN_DESCRIPTOR_H
#define NTF_VULKAN_DESCRIPTOR_H

#include "vulkan/device.h"

/* Before: what may fail. *loan gets a payload for after, or NULL. False: out of memory. */
bool ntf_driver_import_begin(struct ntf_device *device, VkFence fence, bool temporary, struct ntf_payload **loan);
/* The driver has answered; on success the fence's payload is the driver's, temporarily or for good. */
void ntf_driver_import_end(struct ntf_device *device, VkFence fence, struct ntf_payload *loan, VkResult result);

#endif /* NTF_VULKAN_DESCRIPTOR_H */
