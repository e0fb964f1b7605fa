/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walking an application's pNext chain: only sType and pNext of a node are read until its type is known, and a
 * chain that never ends is left after NTF_CHAIN_NODES of them. Nothing is ever written.
 */
#ifndef NTF_VULKAN_CHAIN_H
#define NTF_VULKAN_CHAIN_H

#include <stdint.h>

#include "ntfence.h"

#define NTF_CHAIN_NODES 1024 /* a device's chain of features has a few hundred at the most */

struct ntf_chain {
    const VkBaseInStructure *at;
    uint32_t left;
};

static inline struct ntf_chain ntf_chain_begin(const void *next)
{
    return (struct ntf_chain){ next, NTF_CHAIN_NODES };
}

/* The next node, NULL at the end. */
static inline const VkBaseInStructure *ntf_chain_step(struct ntf_chain *chain)
{
    const VkBaseInStructure *node = chain->at;

    if (!node || chain->left == 0)
        return NULL;
    chain->left--;
    chain->at = node->pNext;
    return node;
}

/* The first node of that type, NULL if there is none. */
static inline const void *ntf_chain_find(const void *next, VkStructureType type)
{
    struct ntf_chain chain = ntf_chain_begin(next);
    const VkBaseInStructure *node;

    while ((node = ntf_chain_step(&chain)))
        if (node->sType == type)
            return node;
    return NULL;
}

#endif /* NTF_VULKAN_CHAIN_H */
