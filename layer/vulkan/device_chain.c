/* SPDX-License-Identifier: Apache-2.0 */
#include "vulkan/device_chain.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <vulkan/vk_layer.h>

#include "vulkan/device_features.h"

/* Features that the headers of 1.3.239 lack; they have nothing but VkBool32 members behind sType and pNext. */
#define BOOLS(count) (sizeof(struct { VkBaseInStructure head; VkBool32 members[count]; }))

static const struct {
    unsigned type;
    size_t size;
} known[] = {
#define ROW(TYPE, Struct) { VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_##TYPE, sizeof(VkPhysicalDevice##Struct) },
    NTF_DEVICE_FEATURES(ROW)
#undef ROW
    { 55 /* VULKAN_1_4_FEATURES */, BOOLS(21) },
    { 1000470000 /* MAINTENANCE_5_FEATURES */, BOOLS(1) },
    { 1000504000 /* INTERNALLY_SYNCHRONIZED_QUEUES_FEATURES */, BOOLS(1) },
    /* The loader's own, which come first. */
    { VK_STRUCTURE_TYPE_LOADER_DEVICE_CREATE_INFO, sizeof(VkLayerDeviceCreateInfo) },
    { VK_STRUCTURE_TYPE_DEVICE_GROUP_DEVICE_CREATE_INFO, sizeof(VkDeviceGroupDeviceCreateInfo) },
    { VK_STRUCTURE_TYPE_DEVICE_PRIVATE_DATA_CREATE_INFO, sizeof(VkDevicePrivateDataCreateInfo) },
    { VK_STRUCTURE_TYPE_DEVICE_MEMORY_OVERALLOCATION_CREATE_INFO_AMD,
      sizeof(VkDeviceMemoryOverallocationCreateInfoAMD) },
    { VK_STRUCTURE_TYPE_DEVICE_DIAGNOSTICS_CONFIG_CREATE_INFO_NV, sizeof(VkDeviceDiagnosticsConfigCreateInfoNV) },
    { VK_STRUCTURE_TYPE_DEVICE_DEVICE_MEMORY_REPORT_CREATE_INFO_EXT, sizeof(VkDeviceDeviceMemoryReportCreateInfoEXT) },
};

static size_t size_of(VkStructureType type)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].type == (unsigned)type)
            return known[i].size;
    return 0;
}

/* Each copy begins where any of them may. */
static size_t aligned(size_t size)
{
    return (size + 7) & ~(size_t)7;
}

/* The member, of the two structures that have one; NULL of any other. */
static VkBool32 *member_of(void *node)
{
    switch (((const VkBaseInStructure *)node)->sType) {
    case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES:
        return &((VkPhysicalDeviceTimelineSemaphoreFeatures *)node)->timelineSemaphore;
    case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES:
        return &((VkPhysicalDeviceVulkan12Features *)node)->timelineSemaphore;
    default: return NULL;
    }
}

/* Looks for the member, and measures what has to be copied to change it. */
struct search {
    const VkBaseInStructure *node; /* NULL: there is none */
    bool strange;                  /* there is one of unknown size before it: */
    VkStructureType unknown;       /* the first such; 0 is a type too */
    bool endless;
    size_t bytes;
};

static struct search search_member(const void *first)
{
    struct search search = { NULL, false, (VkStructureType)0, false, 0 };
    struct ntf_chain walk = ntf_chain_begin(first);
    const VkBaseInStructure *at;

    while ((at = ntf_chain_step(&walk))) {
        const size_t size = size_of(at->sType);

        if (size == 0 && !search.strange) {
            search.strange = true;
            search.unknown = at->sType;
        }
        search.bytes += aligned(size);
        if (member_of((void *)(uintptr_t)at)) {
            search.node = at;
            return search;
        }
    }
    search.endless = walk.at != NULL;
    return search;
}

static enum ntf_device_chain_result copy(struct ntf_device_chain *chain, const void *first, const struct search *search)
{
    struct ntf_chain walk = ntf_chain_begin(first);
    VkBaseOutStructure *last = NULL;
    const VkBaseInStructure *at;
    char *room = malloc(search->bytes);

    if (!room)
        return NTF_DEVICE_CHAIN_MEMORY;
    chain->first = chain->memory = room;
    do {
        at = ntf_chain_step(&walk);
        memcpy(room, at, size_of(at->sType));
        if (last)
            last->pNext = (void *)room;
        last = (void *)room;
        room += aligned(size_of(at->sType));
    } while (at != search->node);
    *member_of(last) = VK_TRUE; /* and pNext is the application's still */
    return NTF_DEVICE_CHAIN_MADE;
}

enum ntf_device_chain_result ntf_device_chain_make(struct ntf_device_chain *chain, const void *first)
{
    const struct search search = search_member(first);

    *chain = (struct ntf_device_chain){ .first = first };
    if (search.node && *member_of((void *)(uintptr_t)search.node))
        return NTF_DEVICE_CHAIN_HAS;
    if (search.endless)
        return NTF_DEVICE_CHAIN_UNKNOWN;
    if (!search.node) {
        chain->feature.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES;
        chain->feature.pNext = (void *)(uintptr_t)first;
        chain->feature.timelineSemaphore = VK_TRUE;
        chain->first = &chain->feature;
        return NTF_DEVICE_CHAIN_MADE;
    }
    chain->unknown = search.unknown;
    return search.strange ? NTF_DEVICE_CHAIN_UNKNOWN : copy(chain, first, &search);
}

void ntf_device_chain_free(struct ntf_device_chain *chain)
{
    free(chain->memory);
    chain->memory = NULL;
}
