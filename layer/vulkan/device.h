/* SPDX-License-Identifier: Apache-2.0 */
/* The layer's record of a VkDevice that has one of the two extensions enabled. */
#ifndef NTF_VULKAN_DEVICE_H
#define NTF_VULKAN_DEVICE_H

#include <string.h>

#include "fence/bridge.h"
#include "fence/chase.h"
#include "fence/doorbell.h"
#include "fence/driver.h"
#include "fence/fences.h"
#include "fence/keyed.h"
#include "fence/poller.h"
#include "kmt/kmt.h"
#include "vulkan/dispatch.h"
#include "vulkan/instance.h"
#include "vulkan/registry.h"
#include "vulkan/timeline.h"

struct ntf_device { /* immutable after vkCreateDevice, but for slot, lost, mixed, the fences and the tables */
    struct ntf_device_slot slot; /* must be first */
    VkDevice handle;
    struct ntf_instance *instance;
    PFN_vkGetDeviceProcAddr next_gdpa;
    struct ntf_device_table next;
    bool native; /* the driver serves VK_KHR_external_fence_win32 itself */
    bool khr;    /* the application has enabled VK_KHR_external_fence_win32 */
    bool beyond; /* the application has enabled VK_NTFENCE_fence_import */
    bool adds_semaphores, adds_timelines; /* extensions that the layer has enabled for itself (vulkan/timeline.h) */
    ntf_au32 lost;  /* somebody has been told so: it stays so, and whoever waits comes back */
    ntf_au32 mixed; /* a wait-any for imported and plain fences has blocked (vulkan/wait_mixed.c) */
    struct ntf_fences fences;
    struct ntf_table told;   /* VkFence -> which reasons have been written for it: each is said once */
    struct ntf_table shared; /* VkFence -> 1: its driver's payload may be shared by descriptor or handle */
    struct ntf_poller poller;
    struct ntf_chaser chaser;
    struct ntf_pool pool;
    struct ntf_doorbells bells; /* of threads in a mixed wait-any, or in one for keyed mutexes */
    struct ntf_keyed_house keyed;
    struct ntf_bridge *bridge;
    struct ntf_timelines *timelines; /* NULL: queue signals go by the bridge alone */
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
 * it is all that are complete. For a payload of the driver's there is nothing to do. */
static inline void ntf_device_pull(struct ntf_device *device, const struct ntf_payload *payload)
{
    if (payload && !ntf_payload_is_driver(payload) && ntf_bridge_owes(device->bridge))
        ntf_bridge_pull_queue(device->bridge, 0);
}

/* The device if nothing of it is ours and it is at hand: then a command of it goes down as it is. Two loads more than
 * without the layer, no store, and no stack frame. */
static inline struct ntf_device *ntf_device_passes(const void *dispatchable)
{
    struct ntf_device *device = ntf_device_at_hand(dispatchable);

    return device && ntf_fences_none(&device->fences) ? device : NULL;
}

/* Whether signals of a plain fence go by stand-ins. */
static inline bool ntf_device_clean(struct ntf_device *device, VkFence fence)
{
    return fence && ntf_load(&device->mixed, NTF_ACQUIRE) && ntf_fences_clean(&device->fences, ntf_fence_number(fence));
}

/* A driver's fence whose payload others may signal or see: it is given no stand-in. False without memory. */
bool ntf_device_share(struct ntf_device *device, VkFence fence);
bool ntf_device_shares(struct ntf_device *device, VkFence fence);

/* The driver has said that the device is lost. Whatever is pending is signalled, so that nobody hangs, here or in
 * another process; the answer stays what it was (Vulkan 1.4, "Lost Device"). Any thread, any number of times. */
void ntf_device_lose(struct ntf_device *device);
/* Before the first fence becomes ours: asks the driver whether the device is lost already. */
void ntf_device_ask(struct ntf_device *device);
static inline bool ntf_device_lost(struct ntf_device *device)
{
    return ntf_load(&device->lost, NTF_ACQUIRE) != 0;
}

/* The driver has answered. If something is over, what came before it on its queue is over as well, and reads so. */
static inline void ntf_device_after(struct ntf_device *device, VkResult result)
{
    if (result == VK_SUCCESS && !ntf_fences_none(&device->fences) && ntf_bridge_owes(device->bridge))
        ntf_bridge_pull_queue(device->bridge, 0);
    else if (result == VK_ERROR_DEVICE_LOST)
        ntf_device_lose(device);
}

/* The driver as fence/ needs it (driver.c). */
struct ntf_driver ntf_device_driver(struct ntf_device *device);
VkResult ntf_vk_result(enum ntf_result result);
enum ntf_result ntf_result_of(VkResult result);

#endif /* NTF_VULKAN_DEVICE_H */
