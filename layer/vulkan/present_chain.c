/* SPDX-License-Identifier: Apache-2.0 */
#include "vulkan/present_chain.h"

#include <string.h>

/* Structures that the registry lets into VkPresentInfoKHR and that a header may be too old or too general for: type,
 * size by the members behind sType and pNext. */
struct head {
    VkStructureType type;
    const void *next;
};
struct counted { /* VkPresentId2KHR, VkPresentTimingsInfoEXT, VkFrameBoundaryTensorsARM */
    struct head head;
    uint32_t count;
    const void *array;
};
struct frame_token { /* VkPresentFrameTokenGGP */
    struct head head;
    uint64_t token;
};
struct config { /* VkSetPresentConfigNV */
    struct head head;
    uint32_t frames, feedback;
};
struct frame_boundary { /* VkFrameBoundaryEXT */
    struct head head;
    VkFlags flags;
    uint64_t frame;
    uint32_t image_count;
    const VkImage *images;
    uint32_t buffer_count;
    const VkBuffer *buffers;
    uint64_t tag;
    size_t tag_size;
    const void *tag_data;
};

static const struct {
    int type;
    size_t size;
} known[] = {
    { VK_STRUCTURE_TYPE_DEVICE_GROUP_PRESENT_INFO_KHR, sizeof(VkDeviceGroupPresentInfoKHR) },
    { VK_STRUCTURE_TYPE_DISPLAY_PRESENT_INFO_KHR, sizeof(VkDisplayPresentInfoKHR) },
    { VK_STRUCTURE_TYPE_PRESENT_ID_KHR, sizeof(VkPresentIdKHR) },
    { VK_STRUCTURE_TYPE_PRESENT_REGIONS_KHR, sizeof(VkPresentRegionsKHR) },
    { VK_STRUCTURE_TYPE_PRESENT_TIMES_INFO_GOOGLE, sizeof(VkPresentTimesInfoGOOGLE) },
    { VK_STRUCTURE_TYPE_SWAPCHAIN_PRESENT_MODE_INFO_EXT, sizeof(VkSwapchainPresentModeInfoEXT) },
    { 1000191000 /* PRESENT_FRAME_TOKEN_GGP */, sizeof(struct frame_token) },
    { 1000208003 /* PRESENT_TIMINGS_INFO_EXT */, sizeof(struct counted) },
    { 1000375001 /* FRAME_BOUNDARY_EXT */, sizeof(struct frame_boundary) },
    { 1000460023 /* FRAME_BOUNDARY_TENSORS_ARM */, sizeof(struct counted) },
    { 1000479001 /* PRESENT_ID_2_KHR */, sizeof(struct counted) },
    { 1000613000 /* SET_PRESENT_CONFIG_NV */, sizeof(struct config) },
};

static size_t size_of(VkStructureType type)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].type == (int)type)
            return known[i].size;
    return 0;
}

/* Each copy begins where any of them may. */
static size_t aligned(size_t size)
{
    return (size + 7) & ~(size_t)7;
}

/* The room that copies of the nodes before this one take; false with chain->unknown. */
static bool measure(struct ntf_present_chain *chain, const void *first, const void *node, size_t *bytes)
{
    struct ntf_chain walk = ntf_chain_begin(first);
    const VkBaseInStructure *at;

    *bytes = 0;
    while ((at = ntf_chain_step(&walk)) && at != node) {
        const size_t size = size_of(at->sType);

        if (size == 0) {
            chain->unknown = at->sType;
            return false;
        }
        *bytes += aligned(size);
    }
    return true;
}

bool ntf_present_chain_make(struct ntf_present_chain *chain, const void *first, const void *node, void *replacement)
{
    VkBaseOutStructure *last = NULL, *replaced = replacement;
    struct ntf_chain walk = ntf_chain_begin(first);
    const VkBaseInStructure *at;
    size_t bytes;
    char *room;

    *chain = (struct ntf_present_chain){ replacement, (VkStructureType)0, NULL };
    if (!measure(chain, first, node, &bytes))
        return false;
    chain->memory = room = bytes ? malloc(bytes) : NULL;
    if (bytes && !room)
        return false;
    while ((at = ntf_chain_step(&walk)) && at != node) {
        VkBaseOutStructure *copy = (void *)room;
        const size_t size = size_of(at->sType);

        memcpy(copy, at, size);
        if (last)
            last->pNext = copy;
        else
            chain->first = copy;
        last = copy;
        room += aligned(size);
    }
    if (last)
        last->pNext = replaced;
    replaced->pNext = (VkBaseOutStructure *)(uintptr_t)((const VkBaseInStructure *)node)->pNext;
    return true;
}

void ntf_present_chain_free(struct ntf_present_chain *chain)
{
    free(chain->memory);
}
