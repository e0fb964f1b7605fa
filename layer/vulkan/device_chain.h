/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chain of a VkDeviceCreateInfo, with the feature timelineSemaphore on. The application's structures are not
 * written to. Where it has a structure with that member already, a second one beside it would break
 * VUID-VkDeviceCreateInfo-pNext-02830, so that one is changed in a copy; for that everything before it is copied,
 * and of everything before it the size has to be known. What comes behind stays the application's.
 */
#ifndef NTF_VULKAN_DEVICE_CHAIN_H
#define NTF_VULKAN_DEVICE_CHAIN_H

#include "vulkan/chain.h"

enum ntf_device_chain_result {
    NTF_DEVICE_CHAIN_HAS,     /* the application has enabled it: first is its own chain */
    NTF_DEVICE_CHAIN_MADE,    /* first is the chain to use */
    NTF_DEVICE_CHAIN_UNKNOWN, /* a structure of unknown size (`unknown`) is before the member, or there is no end */
    NTF_DEVICE_CHAIN_MEMORY,
};

struct ntf_device_chain {
    const void *first;
    VkStructureType unknown;
    void *memory;
    VkPhysicalDeviceTimelineSemaphoreFeatures feature; /* the first, where no structure has the member */
};

/* The chain must not be moved afterwards. Its memory lasts until ntf_device_chain_free, which is allowed after every
 * answer. */
enum ntf_device_chain_result ntf_device_chain_make(struct ntf_device_chain *chain, const void *first);
void ntf_device_chain_free(struct ntf_device_chain *chain);

#endif /* NTF_VULKAN_DEVICE_CHAIN_H */
