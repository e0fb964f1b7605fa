/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chain of a VkPresentInfoKHR with one of its nodes replaced. The application's structures are not written to, so
 * the nodes before it are copied, and for that their sizes have to be known; what comes behind it stays the
 * application's.
 */
#ifndef NTF_VULKAN_PRESENT_CHAIN_H
#define NTF_VULKAN_PRESENT_CHAIN_H

#include <stdbool.h>
#include <stdlib.h>

#include "vulkan/chain.h"

struct ntf_present_chain {
    const void *first;
    VkStructureType unknown; /* of the node that could not be copied; 0: it was memory */
    void *memory;
};

/* replacement is the caller's, a copy of node; its pNext is written. False: nothing to free. */
bool ntf_present_chain_make(struct ntf_present_chain *chain, const void *first, const void *node, void *replacement);
void ntf_present_chain_free(struct ntf_present_chain *chain);

#endif /* NTF_VULKAN_PRESENT_CHAIN_H */
