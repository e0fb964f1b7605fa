/* SPDX-License-Identifier: Apache-2.0 */
/* The overview and the ordering argument stand in registry.h. */
#include "vulkan/registry.h"

#include <stdlib.h>
#include <string.h>

#include "vulkan/device.h"

ntf_aptr ntf_registry_cache;

static struct {
    struct ntf_lock lock; /* zero is unlocked */
    unsigned users;       /* protected by lock */
    ntf_au32 ready;       /* the tables are there */
    struct ntf_table instances, devices, passed;
    struct ntf_device *live, *retired; /* protected by lock */
} registry;

/* ---- lifetime ---- */

static enum ntf_result make_tables(void)
{
    if (ntf_table_init(&registry.instances) != NTF_OK)
        return NTF_E_NO_MEMORY;
    if (ntf_table_init(&registry.devices) == NTF_OK) {
        if (ntf_table_init(&registry.passed) == NTF_OK)
            return NTF_OK;
        ntf_table_finish(&registry.devices);
    }
    ntf_table_finish(&registry.instances);
    return NTF_E_NO_MEMORY;
}

enum ntf_result ntf_registry_enter(void)
{
    enum ntf_result result = NTF_OK;

    ntf_lock_take(&registry.lock);
    if (registry.users == 0)
        result = make_tables();
    if (result == NTF_OK) {
        registry.users++;
        ntf_store(&registry.ready, 1, NTF_RELEASE);
    }
    ntf_lock_drop(&registry.lock);
    return result;
}

void ntf_registry_leave(void)
{
    ntf_lock_take(&registry.lock);
    if (--registry.users == 0) {
        ntf_store(&registry.ready, 0, NTF_RELEASE);
        ntf_store(&ntf_registry_cache, 0, NTF_RELEASE);
        ntf_table_finish(&registry.passed);
        ntf_table_finish(&registry.devices);
        ntf_table_finish(&registry.instances);
        while (registry.retired) {
            struct ntf_device *device = registry.retired;

            registry.retired = device->slot.next;
            free(device);
        }
    }
    ntf_lock_drop(&registry.lock);
}

/* A question may come before the first instance, or about one that was made without us. */
static void *find(struct ntf_table *table, uint64_t key)
{
    uint64_t value;

    if (!ntf_load(&registry.ready, NTF_ACQUIRE) || !ntf_table_find(table, key, &value))
        return NULL;
    return (void *)(uintptr_t)value;
}

/* ---- instances ---- */

enum ntf_result ntf_registry_add_instance(struct ntf_instance *instance, uint64_t key)
{
    return ntf_table_insert(&registry.instances, key, (uintptr_t)instance);
}

void ntf_registry_remove_instance(uint64_t key)
{
    ntf_table_remove(&registry.instances, key, NULL);
}

struct ntf_instance *ntf_registry_instance(const void *dispatchable)
{
    return find(&registry.instances, ntf_key_of(dispatchable));
}

/* ---- devices ---- */

struct ntf_device *ntf_registry_make_device(void)
{
    struct ntf_device *device;

    ntf_lock_take(&registry.lock);
    device = registry.retired;
    if (device)
        registry.retired = device->slot.next;
    ntf_lock_drop(&registry.lock);
    if (!device) {
        device = malloc(sizeof *device);
        if (!device)
            return NULL;
        ntf_init(&device->slot.key, 0);
    }
    /* Not the key: a thread with a device of its own may be looking at it. */
    memset((char *)device + sizeof device->slot, 0, sizeof *device - sizeof device->slot);
    device->slot.next = NULL;
    return device;
}

void ntf_registry_retire_device(struct ntf_device *device)
{
    ntf_lock_take(&registry.lock);
    device->slot.next = registry.retired;
    registry.retired = device;
    ntf_lock_drop(&registry.lock);
}

enum ntf_result ntf_registry_add_device(struct ntf_device *device, uint64_t key)
{
    const enum ntf_result result = ntf_table_insert(&registry.devices, key, (uintptr_t)device);

    if (result != NTF_OK)
        return result;
    ntf_lock_take(&registry.lock);
    device->slot.next = registry.live;
    registry.live = device;
    ntf_store(&device->slot.key, (uintptr_t)key, NTF_RELEASE);
    ntf_store(&ntf_registry_cache, (uintptr_t)device, NTF_RELEASE);
    ntf_lock_drop(&registry.lock);
    return NTF_OK;
}

void ntf_registry_remove_device(struct ntf_device *device)
{
    struct ntf_device **at = &registry.live;

    ntf_table_remove(&registry.devices, ntf_load(&device->slot.key, NTF_RELAXED), NULL);
    ntf_lock_take(&registry.lock);
    while (*at && *at != device)
        at = &(*at)->slot.next;
    if (*at)
        *at = device->slot.next;
    ntf_store(&device->slot.key, 0, NTF_RELEASE);
    ntf_store(&ntf_registry_cache, (uintptr_t)registry.live, NTF_RELEASE);
    ntf_lock_drop(&registry.lock);
}

struct ntf_device *ntf_registry_search(uint64_t key)
{
    return find(&registry.devices, key);
}

/* ---- devices that are not served ---- */

enum ntf_result ntf_registry_add_passed(uint64_t key, PFN_vkGetDeviceProcAddr next)
{
    return ntf_table_insert(&registry.passed, key, (uintptr_t)next);
}

PFN_vkGetDeviceProcAddr ntf_registry_passed(VkDevice device)
{
    return (PFN_vkGetDeviceProcAddr)(uintptr_t)find(&registry.passed, ntf_key_of(device));
}
