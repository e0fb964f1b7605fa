/* SPDX-License-Identifier: Apache-2.0 */
/* Keyed mutexes behind fences (fence/keyed.h), as the commands see them: their answers, and the reasons for these. */
#ifndef NTF_VULKAN_KEYED_H
#define NTF_VULKAN_KEYED_H

#include "fence/keyed_wait.h"
#include "vulkan/device.h"

/* The house's ear: context is the device. */
void ntf_keyed_complain(void *context, enum ntf_result result, ntf_status status);

/* One attempt of a wait at its mutexes. VK_TIMEOUT: they cannot be had now; VK_ERROR_UNKNOWN: why has been said, once
 * for each import. */
VkResult ntf_keyed_look(struct ntf_device *device, struct ntf_keyed_wait *wait);
/* The same until the deadline, when nothing else is left to be waited for. */
VkResult ntf_keyed_last(struct ntf_device *device, struct ntf_keyed_wait *wait, uint64_t deadline_ns);

/* Whether a command would signal a fence behind which a keyed mutex stands: nobody but a wait changes that. Then it has
 * been said, and the command returns VK_ERROR_UNKNOWN before the driver hears of it. */
bool ntf_keyed_refuses(struct ntf_device *device, VkFence fence, const char *command);

#endif /* NTF_VULKAN_KEYED_H */
