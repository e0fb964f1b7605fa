/* SPDX-License-Identifier: Apache-2.0 */
/* The layer's record of a VkDevice that has one of the two extensions enabled. */
#ifndef NTF_VULKAN_DEVICE_H
#define NTF_VULKAN_DEVICE_H

#include <string.h>

#include "fence/bridge.h"
#include "fence/fences.h"
#include "fence/poller.h"
#include "kmt/kmt.h"
#include "vulkan/dispatch.h"
#include "vulkan/instance.h"
#include "vulkan/registry.h"

struct ntf_device { /* immutable after vkCreateDevice, but for slot, fences, told and what bridge points to */
    struct ntf_device_slot slot; /* must be first */
    VkDevice handle;
    struct ntf_instance *instance;
    PFN_vkGetDeviceProcAddr next_gdpa;
    struct ntf_device_table next;
    bool native; /* the driver serves VK_KHR_external_fence_win32 itself */
    bool khr;    /* the application has enabled VK_KHR_external_fence_win32 */
    bool beyond; /* the application has enabled VK_NTFENCE_fence_import */
    struct ntf_fences fences;
    struct ntf_table told; /* VkFence -> which reasons have been written for it: each is said once */
    struct ntf_poller poller;
    struct ntf_bridge *bridge;
    struct ntf_kmt *kmt; /* NULL: no provider is usable, and verdicts says why */
    struct ntf_verdict verdicts[NTF_PROVIDER_COUNT];
};

/* A VkFence as a number, and back: it is 64 bits wide on every platform. */
_Static_assert(sizeof(VkFence) == sizeof(uint64_t), "a VkFence has 64 bits");
static inline uint64_t ntf_fence_number(VkFence fence)
{
    uint64_t number;

    memcpy(&number, &fence, sizeof number);
    return number;
}
static inline VkFence ntf_fence_handle(uint64_t number)
{
    VkFence fence;

    memcpy(&fence, &number, sizeof fence);
    return fence;
}

/* The payload of ours that a fence has now; NULL: it is the driver's. One relaxed load when nothing is imported. */
static inline struct ntf_payload *ntf_device_payload(struct ntf_device *device, VkFence fence)
{
    if (ntf_fences_none(&device->fences) || !fence)
        return NULL;
    return ntf_fences_active(&device->fences, ntf_fence_number(fence));
}

/* Delivers what submissions of this process still owe: to the payload in hand, and to whatever shares its object, so
 * it is all that are complete. For the driver's own payload, NULL, there is nothing to do. */
static inline void ntf_device_pull(struct ntf_device *device, const struct ntf_payload *payload)
{
    if (payload)
        ntf_bridge_pull_queue(device->bridge, 0);
}

/* The driver has said that something is over. What came before it on its queue is over as well, and has to read so. */
static inline void ntf_device_after(struct ntf_device *device, VkResult result)
{
    if (result == VK_SUCCESS && !ntf_fences_none(&device->fences))
        ntf_bridge_pull_queue(device->bridge, 0);
}

/* The driver as the bridge needs it (driver.c). */
struct ntf_bridge_driver ntf_device_driver(struct ntf_device *device);
VkResult ntf_vk_result(enum ntf_result result);
enum ntf_result ntf_result_of(VkResult result);

/* Says once per fence that a command does not serve it (refuse.c). Returns VK_ERROR_UNKNOWN. */
VkResult ntf_refuse_imported(struct ntf_device *device, VkFence fence, const char *command);

#endif /* NTF_VULKAN_DEVICE_H */
