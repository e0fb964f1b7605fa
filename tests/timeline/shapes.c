// SPDX-License-Identifier: Apache-2.0
/*
 * The two copies that the timeline route makes (layer/vulkan/device_chain.c, timeline_batch.c) alone: the chain of a
 * device's creation with the feature on, each structure in memory of exactly its size, so that a memory checker sees
 * who reads beyond it; and a submission's batches with one more behind them. What the application gave is as it was.
 */
#include "ntf_test.h"

#include <stdlib.h>
#include <string.h>

#include "vulkan/device_chain.h"
#include "vulkan/device_features.h"
#include "vulkan/timeline_batch.h"

#include <vulkan/vk_layer.h>

enum { UNKNOWN = 1999999000 };

// Sizes of what the headers of 1.3.239 lack, by hand: so many VkBool32 behind sType and pNext.
struct bools_1 {
    VkStructureType type;
    const void *next;
    VkBool32 members[1];
};
struct bools_21 {
    VkStructureType type;
    const void *next;
    VkBool32 members[21];
};

static const struct row {
    int type;
    size_t size;
} rows[] = {
#define ROW(TYPE, Struct) {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_##TYPE, sizeof(VkPhysicalDevice##Struct)},
    NTF_DEVICE_FEATURES(ROW)
#undef ROW
    {VK_STRUCTURE_TYPE_LOADER_DEVICE_CREATE_INFO, sizeof(VkLayerDeviceCreateInfo)},
    {VK_STRUCTURE_TYPE_DEVICE_GROUP_DEVICE_CREATE_INFO, sizeof(VkDeviceGroupDeviceCreateInfo)},
    {VK_STRUCTURE_TYPE_DEVICE_PRIVATE_DATA_CREATE_INFO, sizeof(VkDevicePrivateDataCreateInfo)},
    {55, sizeof(struct bools_21)},
    {1000470000, sizeof(struct bools_1)},
    {1000504000, sizeof(struct bools_1)},
};
enum { ROWS = NTF_COUNT(rows), TIMELINE = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES,
       CORE = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES };

static size_t size_of(int type)
{
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].type == type)
            return rows[i].size;
    return sizeof(VkBaseInStructure);
}

// A node of exactly its size, filled with something, before another.
static void *node_new(int type, const void *next)
{
    VkBaseOutStructure *node = malloc(size_of(type));
    assert_non_null(node);
    memset(node, 0x11 + type % 7, size_of(type));
    node->sType = (VkStructureType)type;
    node->pNext = (void *)(uintptr_t)next;
    return node;
}

static VkBool32 *member(void *node)
{
    if ((int)((VkBaseInStructure *)node)->sType == TIMELINE)
        return &((VkPhysicalDeviceTimelineSemaphoreFeatures *)node)->timelineSemaphore;
    return &((VkPhysicalDeviceVulkan12Features *)node)->timelineSemaphore;
}

static const VkBaseInStructure *at(const void *first, unsigned i)
{
    const VkBaseInStructure *node = first;
    while (node && i--)
        node = node->pNext;
    return node;
}

static void free_chain(void *first)
{
    for (VkBaseOutStructure *node = first, *next; node; node = next) {
        next = node->pNext;
        free(node);
    }
}

// ---- the chain of a device

// Nothing in it has the member: ours comes first, the application's is behind it, known or not.
static void prepended(void **state)
{
    void *first = node_new(UNKNOWN, node_new(VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, NULL));
    void *const chains[] = {NULL, first};
    (void)state;
    for (size_t i = 0; i < NTF_COUNT(chains); i++) {
        struct ntf_device_chain chain;
        assert_int_equal(ntf_device_chain_make(&chain, chains[i]), NTF_DEVICE_CHAIN_MADE);
        assert_int_equal(at(chain.first, 0)->sType, TIMELINE);
        assert_int_equal(*member((void *)(uintptr_t)chain.first), VK_TRUE);
        assert_ptr_equal(at(chain.first, 1), chains[i]);
        ntf_device_chain_free(&chain);
    }
    free_chain(first);
}

static void enabled_already(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        void *last = node_new(i ? CORE : TIMELINE, NULL), *first = node_new(UNKNOWN, last);
        struct ntf_device_chain chain;
        *member(last) = VK_TRUE;
        assert_int_equal(ntf_device_chain_make(&chain, first), NTF_DEVICE_CHAIN_HAS);
        assert_ptr_equal(chain.first, first);
        ntf_device_chain_free(&chain);
        free_chain(first);
    }
}

// Behind every structure that is known, in each of the two that have the member: it is on in the copy, off in the
// application's, nothing else differs, and what comes behind is the application's own.
static void copied(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * ROWS; i++) {
        const int type = rows[i / 2].type, having = i % 2 ? CORE : TIMELINE;
        void *last = node_new(UNKNOWN, NULL), *middle = node_new(having, last), *first = node_new(type, middle);
        struct ntf_device_chain chain;
        if (type == TIMELINE || type == CORE) {
            free_chain(first);
            continue;
        }
        *member(middle) = VK_FALSE;
        assert_int_equal(ntf_device_chain_make(&chain, first), NTF_DEVICE_CHAIN_MADE);
        assert_ptr_not_equal(chain.first, first);
        assert_int_equal(at(chain.first, 0)->sType, type);
        const size_t head = sizeof(VkBaseInStructure);
        assert_memory_equal((const char *)chain.first + head, (const char *)first + head, size_of(type) - head);
        VkBaseInStructure *changed = (void *)(uintptr_t)at(chain.first, 1);
        assert_ptr_not_equal(changed, middle);
        assert_int_equal(*member(changed), VK_TRUE);
        assert_int_equal(*member(middle), VK_FALSE);
        *member(changed) = VK_FALSE;
        assert_memory_equal(changed, middle, size_of(having));
        assert_ptr_equal(at(chain.first, 2), last);
        assert_ptr_equal(at(first, 1), middle);
        ntf_device_chain_free(&chain);
        free_chain(first);
    }
}

// What cannot be copied stays; a chain without end is left.
static void impossible(void **state)
{
    void *last = node_new(TIMELINE, NULL), *middle = node_new(UNKNOWN, last);
    VkBaseOutStructure *first = node_new(VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES, middle);
    VkBaseOutStructure *ring = node_new(VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, NULL);
    struct ntf_device_chain chain;
    (void)state;
    *member(last) = VK_FALSE;
    assert_int_equal(ntf_device_chain_make(&chain, first), NTF_DEVICE_CHAIN_UNKNOWN);
    assert_int_equal(chain.unknown, UNKNOWN);
    assert_ptr_equal(chain.first, first);
    ntf_device_chain_free(&chain);
    ((VkBaseOutStructure *)middle)->sType = (VkStructureType)0; // a type as well, and none of this chain's
    assert_int_equal(ntf_device_chain_make(&chain, first), NTF_DEVICE_CHAIN_UNKNOWN);
    assert_ptr_equal(chain.first, first);
    ntf_device_chain_free(&chain);
    ring->pNext = ring;
    assert_int_equal(ntf_device_chain_make(&chain, ring), NTF_DEVICE_CHAIN_UNKNOWN);
    ntf_device_chain_free(&chain);
    free(ring);
    free_chain(first);
}

// ---- the batches of a submission

static const VkSemaphore semaphores[NTF_BATCH_SIGNALS] = {(VkSemaphore)(uintptr_t)0x51, (VkSemaphore)(uintptr_t)0x52};
static const uint64_t values[NTF_BATCH_SIGNALS] = {UINT64_C(0x100000007), 9};

static void expect_signal(const void *next, uint32_t i)
{
    const VkTimelineSemaphoreSubmitInfo *info = next;
    assert_int_equal(info->sType, VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO);
    assert_null(info->pNext);
    assert_int_equal(info->waitSemaphoreValueCount, 0);
    assert_int_equal(info->signalSemaphoreValueCount, 1);
    assert_int_equal(*info->pSignalSemaphoreValues, values[i]);
}

// Counts around the scratch; a null array is allowed with 0.
static const uint32_t counts[] = {0, 1, NTF_BATCH_SCRATCH, NTF_BATCH_SCRATCH + 1, 300};

#define BEGIN(Type)                                                                                                    \
    Type *infos = count ? malloc(count * sizeof *infos) : NULL, *same = count ? malloc(count * sizeof *infos) : NULL;  \
    struct ntf_batches batches;                                                                                        \
    for (uint32_t i = 0; i < count; i++)                                                                               \
        memset(&infos[i], (int)(0x21 + i), sizeof *infos);                                                             \
    if (count)                                                                                                         \
        memcpy(same, infos, count * sizeof *infos);
#define END(Type)                                                                                                      \
    assert_int_equal(batches.count, count + 2);                                                                        \
    assert_true((batches.memory != NULL) == (count > NTF_BATCH_SCRATCH));                                              \
    if (count) {                                                                                                       \
        assert_memory_equal(batches.infos, same, count * sizeof(Type));                                                \
        assert_memory_equal(infos, same, count * sizeof(Type));                                                        \
    }                                                                                                                  \
    ntf_batches_free(&batches);                                                                                        \
    free(infos);                                                                                                       \
    free(same);

static void one(uint32_t count)
{
    BEGIN(VkSubmitInfo)
    assert_true(ntf_batches_append_submit(&batches, count, infos, semaphores, values));
    for (uint32_t i = 0; i < NTF_BATCH_SIGNALS; i++) {
        const VkSubmitInfo *last = (const VkSubmitInfo *)batches.infos + count + i;
        assert_int_equal(last->sType, VK_STRUCTURE_TYPE_SUBMIT_INFO);
        assert_int_equal(last->waitSemaphoreCount + last->commandBufferCount, 0);
        assert_int_equal(last->signalSemaphoreCount, 1);
        assert_ptr_equal(last->pSignalSemaphores, &semaphores[i]);
        expect_signal(last->pNext, i);
    }
    END(VkSubmitInfo)
}

static void two(uint32_t count)
{
    BEGIN(VkSubmitInfo2)
    assert_true(ntf_batches_append_submit2(&batches, count, infos, semaphores, values));
    for (uint32_t i = 0; i < NTF_BATCH_SIGNALS; i++) {
        const VkSubmitInfo2 *last = (const VkSubmitInfo2 *)batches.infos + count + i;
        assert_int_equal(last->sType, VK_STRUCTURE_TYPE_SUBMIT_INFO_2);
        assert_null(last->pNext);
        assert_int_equal(last->flags + last->waitSemaphoreInfoCount + last->commandBufferInfoCount, 0);
        assert_int_equal(last->signalSemaphoreInfoCount, 1);
        const VkSemaphoreSubmitInfo *signal = last->pSignalSemaphoreInfos;
        assert_int_equal(signal->sType, VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO);
        assert_null(signal->pNext);
        assert_true(signal->semaphore == semaphores[i]);
        assert_int_equal(signal->value, values[i]);
        assert_int_equal(signal->stageMask, VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT);
        assert_int_equal(signal->deviceIndex, 0);
    }
    END(VkSubmitInfo2)
}

static void batches(void **state)
{
    (void)state;
    for (size_t i = 0; i < NTF_COUNT(counts); i++) {
        one(counts[i]);
        two(counts[i]);
    }
}

// More than there can be memory for.
static void too_many(void **state)
{
    struct ntf_batches batches;
    (void)state;
    assert_false(ntf_batches_append_submit(&batches, UINT32_MAX, NULL, semaphores, values));
    assert_false(ntf_batches_append_submit2(&batches, UINT32_MAX, NULL, semaphores, values));
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(prepended),  cmocka_unit_test(enabled_already), cmocka_unit_test(copied),
        cmocka_unit_test(impossible), cmocka_unit_test(batches),         cmocka_unit_test(too_many),
    };
    (void)argc, (void)argv;
    return ntf_test_run("timeline-shapes", tests, NTF_COUNT(tests), NULL, NULL);
}
