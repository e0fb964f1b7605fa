// SPDX-License-Identifier: Apache-2.0
/*
 * The copy of a present's chain (layer/vulkan/present_chain.c) alone: every structure that may stand before the fences,
 * each in memory of exactly its size, so that a memory checker sees who reads beyond it.
 */
#include "ntf_test.h"

#include <stdlib.h>
#include <string.h>

#include "vulkan/present_chain.h"

// Sizes by hand, since headers may be too old: of the members behind sType and pNext, for 64-bit pointers and for 32.
struct counted {
    VkStructureType type;
    const void *next;
    uint32_t count;
    const void *array;
};
struct numbered {
    VkStructureType type;
    const void *next;
    uint64_t number;
};
struct pair {
    VkStructureType type;
    const void *next;
    uint32_t first, second;
};
struct boundary {
    VkStructureType type;
    const void *next;
    uint32_t flags;
    uint64_t frame;
    uint32_t images;
    const void *image_array;
    uint32_t buffers;
    const void *buffer_array;
    uint64_t tag;
    size_t tag_size;
    const void *tag_data;
};
static const struct {
    int type;
    size_t size;
} rows[] = {
    {1000060011 /* DEVICE_GROUP_PRESENT_INFO_KHR */, sizeof(VkDeviceGroupPresentInfoKHR)},
    {1000003000 /* DISPLAY_PRESENT_INFO_KHR */, sizeof(VkDisplayPresentInfoKHR)},
    {1000294000 /* PRESENT_ID_KHR */, sizeof(struct counted)},
    {1000084000 /* PRESENT_REGIONS_KHR */, sizeof(struct counted)},
    {1000092000 /* PRESENT_TIMES_INFO_GOOGLE */, sizeof(struct counted)},
    {1000275003 /* SWAPCHAIN_PRESENT_MODE_INFO_EXT */, sizeof(struct counted)},
    {1000191000 /* PRESENT_FRAME_TOKEN_GGP */, sizeof(struct numbered)},
    {1000208003 /* PRESENT_TIMINGS_INFO_EXT */, sizeof(struct counted)},
    {1000375001 /* FRAME_BOUNDARY_EXT */, sizeof(struct boundary)},
    {1000460023 /* FRAME_BOUNDARY_TENSORS_ARM */, sizeof(struct counted)},
    {1000479001 /* PRESENT_ID_2_KHR */, sizeof(struct counted)},
    {1000613000 /* SET_PRESENT_CONFIG_NV */, sizeof(struct pair)},
};
enum { ROWS = NTF_COUNT(rows), FENCES = 1000275001, UNKNOWN = 1999999000 };

// Bytes that tell where they belong, with a type and a next of their own.
static void fill(void *node, size_t size, int type, const void *next)
{
    memset(node, type & 0xFF, size);
    memcpy(node, &type, sizeof type);
    memcpy((char *)node + offsetof(VkBaseInStructure, pNext), &next, sizeof next);
}

static const void *next_of(const void *node)
{
    const void *next;
    memcpy(&next, (const char *)node + offsetof(VkBaseInStructure, pNext), sizeof next);
    return next;
}

static int type_of(const void *node)
{
    int type;
    memcpy(&type, node, sizeof type);
    return type;
}

// The same but for what it points on to.
static void expect_copy(const void *copy, const void *of, size_t size)
{
    const size_t behind = offsetof(VkBaseInStructure, pNext) + sizeof(void *);
    assert_ptr_not_equal(copy, of);
    assert_int_equal((uintptr_t)copy % sizeof(uint64_t), 0);
    assert_int_equal(type_of(copy), type_of(of));
    assert_memory_equal((const char *)copy + behind, (const char *)of + behind, size - behind);
}

// All of them, from each on, before the fences.
static void every_structure(void **state)
{
    VkSwapchainPresentFenceInfoEXT node, copy;
    const VkBaseInStructure tail = {.sType = (VkStructureType)UNKNOWN};
    (void)state;
    for (size_t from = 0; from <= ROWS; from++) {
        struct ntf_present_chain chain;
        void *nodes[ROWS + 1];
        nodes[ROWS] = &node;
        fill(&node, sizeof node, FENCES, &tail);
        for (size_t i = ROWS; i-- > from;) {
            nodes[i] = malloc(rows[i].size);
            assert_non_null(nodes[i]);
            fill(nodes[i], rows[i].size, rows[i].type, nodes[i + 1]);
        }
        memcpy(&copy, &node, sizeof copy);
        assert_true(ntf_present_chain_make(&chain, nodes[from], &node, &copy));
        const void *at = chain.first;
        for (size_t i = from; i < ROWS; i++) {
            expect_copy(at, nodes[i], rows[i].size);
            assert_ptr_equal(next_of(nodes[i]), nodes[i + 1]);
            at = next_of(at);
        }
        assert_ptr_equal(at, &copy);
        assert_ptr_equal(next_of(at), &tail);
        ntf_present_chain_free(&chain);
        for (size_t i = from; i < ROWS; i++)
            free(nodes[i]);
    }
}

static void unknown_structure(void **state)
{
    VkSwapchainPresentFenceInfoEXT node, copy;
    VkBaseInStructure unknown;
    struct counted first;
    struct ntf_present_chain chain;
    (void)state;
    fill(&node, sizeof node, FENCES, NULL);
    fill(&unknown, sizeof unknown, UNKNOWN, &node);
    fill(&first, sizeof first, rows[2].type, &unknown);
    memcpy(&copy, &node, sizeof copy);
    assert_false(ntf_present_chain_make(&chain, &first, &node, &copy));
    assert_int_equal(chain.unknown, UNKNOWN);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(every_structure), cmocka_unit_test(unknown_structure)};
    (void)argc, (void)argv;
    return ntf_test_run("commands-chain", tests, NTF_COUNT(tests), NULL, NULL);
}
