/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a dispatchable handle to the layer's record of it.
 *
 * Overview
 *   The key is the first word of a dispatchable handle, the loader's dispatch table: an instance shares it with its
 *   physical devices, a device with its queues. Three lock-free tables: instances; devices that are served; and
 *   devices that are not, of which no more is kept than the next layer's vkGetDeviceProcAddr, since the loader goes
 *   on asking us for pointers. Those devices' destruction is not seen, so such an entry stays until its key comes
 *   again or the last instance is gone; a device that is served is looked for first.
 *
 * The fast path
 *   ntf_device_of() looks at one cached record first, the device made last. A record that was ever in the cache may
 *   be read by a thread that works with another device, so records are not freed before the last instance goes:
 *   they are retired, their key is cleared, and they are used again. The key is stored last (release) and read
 *   first (acquire): who finds its own key holds a live device, hence the record is that device's.
 *
 * Everything here may be called from any thread. Writers take the registry's lock.
 */
#ifndef NTF_VULKAN_REGISTRY_H
#define NTF_VULKAN_REGISTRY_H

#include <vulkan/vk_layer.h>

#include "base/table.h"

struct ntf_device;
struct ntf_instance;

/* The dispatch key of an instance, physical device, device or queue. */
static inline uint64_t ntf_key_of(const void *dispatchable)
{
    return (uint64_t)(uintptr_t)*(void *const *)dispatchable;
}

/* The first member of every device's record. */
struct ntf_device_slot {
    ntf_aptr key;            /* 0 while the record is retired; atomic */
    struct ntf_device *next; /* in the list of live or of retired records; protected by the registry's lock */
};

/* Makes the tables for the first instance. NTF_E_NO_MEMORY. Each success needs one ntf_registry_leave. */
enum ntf_result ntf_registry_enter(void);
/* Frees everything behind the last instance. */
void ntf_registry_leave(void);

enum ntf_result ntf_registry_add_instance(struct ntf_instance *instance, uint64_t key);
void ntf_registry_remove_instance(uint64_t key);
/* NULL if it is none of ours. */
struct ntf_instance *ntf_registry_instance(const void *dispatchable);

/* A record, zeroed behind its slot; NULL without memory. */
struct ntf_device *ntf_registry_make_device(void);
/* Gives a record back that never was, or is no longer, in the table. */
void ntf_registry_retire_device(struct ntf_device *device);
enum ntf_result ntf_registry_add_device(struct ntf_device *device, uint64_t key);
void ntf_registry_remove_device(struct ntf_device *device);

/* A device that the layer does not serve. */
enum ntf_result ntf_registry_add_passed(uint64_t key, PFN_vkGetDeviceProcAddr next);
PFN_vkGetDeviceProcAddr ntf_registry_passed(VkDevice device);

/* private to ntf_device_of */
extern ntf_aptr ntf_registry_cache; /* struct ntf_device * */
struct ntf_device *ntf_registry_search(uint64_t key);

/* The same as ntf_device_of, if that is the device that was made last; else NULL. No call, so that a command that
 * has no more to do than to pass on needs no stack frame. */
static inline struct ntf_device *ntf_device_at_hand(const void *dispatchable)
{
    struct ntf_device_slot *slot = (struct ntf_device_slot *)ntf_load(&ntf_registry_cache, NTF_ACQUIRE);

    return slot && ntf_load(&slot->key, NTF_ACQUIRE) == ntf_key_of(dispatchable) ? (struct ntf_device *)slot : NULL;
}

/* The record of a served device, by the device or one of its queues; NULL for any other. No lock, no store. */
static inline struct ntf_device *ntf_device_of(const void *dispatchable)
{
    struct ntf_device *device = ntf_device_at_hand(dispatchable);

    return device ? device : ntf_registry_search(ntf_key_of(dispatchable));
}

#endif /* NTF_VULKAN_REGISTRY_H */
