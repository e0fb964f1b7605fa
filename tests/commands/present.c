// SPDX-License-Identifier: Apache-2.0
/*
 * vkQueuePresentKHR with fences (VK_EXT_swapchain_maintenance1, VkSwapchainPresentFenceInfoEXT): one for each
 * swapchain, any of them VK_NULL_HANDLE, plain or imported. Presents of different swapchains are in no order.
 */
#include "rig.h"

#include <string.h>

enum { MOST = 20 }; // more than the layer has lanes for, and than it has room for without memory

static struct kernel_fence objects[MOST];
static VkSwapchainKHR swapchains[MOST];
static VkFence fences[MOST];
static uint32_t indices[MOST];

static int setup(void **state)
{
    if (rig_setup(state))
        return -1;
    for (int i = 0; i < MOST; i++) {
        kernel_make(&objects[i], i % 2, false, 0);
        swapchains[i] = swapchain_new();
        fences[i] = VK_NULL_HANDLE;
    }
    return 0;
}

static int teardown(void **state)
{
    fake->order_nothing();
    fake->present_release(VK_NULL_HANDLE);
    fake->queue_release(VK_NULL_HANDLE);
    assert_int_equal(vk.DeviceWaitIdle(world.device), VK_SUCCESS);
    for (int i = 0; i < MOST; i++) {
        swapchain_free(swapchains[i]);
        fence_free(fences[i]);
        kernel_destroy(&objects[i]);
    }
    return rig_teardown(state);
}

// An image of each of the first so many.
static void take_images(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        indices[i] = image_of(swapchains[i]);
}

static VkSwapchainPresentFenceInfoEXT fence_info(uint32_t count, const void *next)
{
    return (VkSwapchainPresentFenceInfoEXT){.sType = VK_STRUCTURE_TYPE_SWAPCHAIN_PRESENT_FENCE_INFO_EXT,
                                            .pNext = (void *)(uintptr_t)next,
                                            .swapchainCount = count,
                                            .pFences = fences};
}

static VkResult present_chain(uint32_t count, const void *chain)
{
    VkResult results[MOST];
    const VkPresentInfoKHR info = {.sType = VK_STRUCTURE_TYPE_PRESENT_INFO_KHR,
                                   .pNext = chain,
                                   .swapchainCount = count,
                                   .pSwapchains = swapchains,
                                   .pImageIndices = indices,
                                   .pResults = results};
    const VkPresentInfoKHR before = info;
    const VkResult result = vk.QueuePresentKHR(world.queue, &info);

    assert_memory_equal(&info, &before, sizeof info);
    return result;
}

static VkResult present_all(uint32_t count)
{
    const VkSwapchainPresentFenceInfoEXT info = fence_info(count, NULL);

    return present_chain(count, &info);
}

// A present in which the first of so many swapchains have imported fences.
static void pending_imports(uint32_t count)
{
    take_images(count);
    for (uint32_t i = 0; i < count; i++)
        fences[i] = imported(&objects[i], 0, 1);
    fake->present_hold(VK_NULL_HANDLE);
    assert_int_equal(present_all(count), VK_SUCCESS);
}

// ---- what goes down, and what comes back

enum kind { NONE, PLAIN, PERMANENT, TEMPORARY, KINDS };

static void make_fence(uint32_t i, enum kind kind)
{
    static const VkFenceImportFlags flags[KINDS] = {[TEMPORARY] = VK_FENCE_IMPORT_TEMPORARY_BIT};

    fences[i] = kind == NONE ? VK_NULL_HANDLE : fence_new();
    if (kind >= PERMANENT)
        assert_int_equal(import_by_handle(fences[i], objects[i].handle, flags[kind], kernel_value(&objects[i]) + 1),
                         VK_SUCCESS);
}

static void expect_down(uint32_t count, uint32_t kinds)
{
    struct fake_call call;
    uint32_t at = 0;

    assert_true(fake->last("vkQueuePresentKHR", &call));
    for (uint32_t i = 0; i < count; i++) {
        const enum kind kind = (i + kinds) % KINDS;
        if (kind == NONE)
            continue;
        if (at < NTF_COUNT(call.fences)) {
            assert_true((call.fences[at] == fences[i]) == (kind == PLAIN));
            assert_true((state_of(fences[i]) & FAKE_FENCE_PENDING) == (kind == PLAIN ? FAKE_FENCE_PENDING : 0));
        }
        at++;
        fence_expect(fences[i], false);
    }
    assert_int_equal(call.fence_count, at);
}

static void expect_over(uint32_t count, uint32_t kinds, const uint64_t *values)
{
    for (uint32_t i = 0; i < count; i++) {
        const enum kind kind = (i + kinds) % KINDS;
        if (kind == NONE)
            continue;
        assert_int_equal(fence_wait(fences[i], UINT64_MAX), VK_SUCCESS);
        fence_expect(fences[i], true);
        assert_int_equal(kernel_value(&objects[i]), values[i] + (kind >= PERMANENT));
        fence_reset(fences[i]);
        fence_expect(fences[i], false);
        fence_free(fences[i]);
        fences[i] = VK_NULL_HANDLE;
    }
}

static void every_number(void **state)
{
    VkFence before[MOST];
    uint64_t values[MOST];
    (void)state;
    for (uint32_t count = 1; count <= MOST; count++) {
        for (uint32_t i = 0; i < count; i++) {
            values[i] = kernel_value(&objects[i]);
            make_fence(i, (i + count) % KINDS);
        }
        take_images(count);
        memcpy(before, fences, sizeof fences);
        fake->present_hold(VK_NULL_HANDLE);
        assert_int_equal(present_all(count), VK_SUCCESS);
        assert_memory_equal(before, fences, sizeof fences);
        expect_down(count, count);
        fake->present_release(VK_NULL_HANDLE);
        expect_over(count, count, values);
    }
}

// ---- the chain

static void set_next(void *node, const void *next)
{
    memcpy((char *)node + offsetof(VkBaseOutStructure, pNext), &next, sizeof next);
}

// Each place that the fences may have: the nodes before are copied, those behind are not, and nothing is written.
static void anywhere_in_the_chain(void **state)
{
    static const VkPresentModeKHR mode = VK_PRESENT_MODE_FIFO_KHR;
    static const uint64_t id = 7;
    static const uint32_t mask = 1;
    VkPresentIdKHR ids = {.sType = VK_STRUCTURE_TYPE_PRESENT_ID_KHR, .swapchainCount = 1, .pPresentIds = &id};
    VkDeviceGroupPresentInfoKHR group = {.sType = VK_STRUCTURE_TYPE_DEVICE_GROUP_PRESENT_INFO_KHR,
                                         .swapchainCount = 1, .pDeviceMasks = &mask,
                                         .mode = VK_DEVICE_GROUP_PRESENT_MODE_LOCAL_BIT_KHR};
    VkSwapchainPresentModeInfoEXT modes = {.sType = VK_STRUCTURE_TYPE_SWAPCHAIN_PRESENT_MODE_INFO_EXT,
                                           .swapchainCount = 1, .pPresentModes = &mode};
    VkDisplayPresentInfoKHR display = {.sType = VK_STRUCTURE_TYPE_DISPLAY_PRESENT_INFO_KHR, .persistent = VK_TRUE};
    VkPresentRegionsKHR regions = {.sType = VK_STRUCTURE_TYPE_PRESENT_REGIONS_KHR, .swapchainCount = 1};
    VkSwapchainPresentFenceInfoEXT ours = fence_info(1, NULL);
    void *const nodes[] = {&ids, &group, &modes, &display, &regions};
    enum { OTHERS = NTF_COUNT(nodes) };
    struct fake_call call;
    (void)state;
    fences[0] = imported(&objects[0], 0, 1);
    for (int place = 0; place <= OTHERS; place++) {
        void *list[OTHERS + 1];
        for (int i = 0; i <= OTHERS; i++)
            list[i] = i == place ? &ours : nodes[i - (i > place)];
        for (int i = 0; i <= OTHERS; i++)
            set_next(list[i], i < OTHERS ? list[i + 1] : NULL);
        const VkPresentIdKHR ids_before = ids;
        const VkDisplayPresentInfoKHR display_before = display;
        const VkSwapchainPresentFenceInfoEXT ours_before = ours;
        take_images(1);
        fake->present_hold(VK_NULL_HANDLE);
        assert_int_equal(present_chain(1, list[0]), VK_SUCCESS);
        assert_memory_equal(&ids, &ids_before, sizeof ids);
        assert_memory_equal(&display, &display_before, sizeof display);
        assert_memory_equal(&ours, &ours_before, sizeof ours);
        assert_true(fake->last("vkQueuePresentKHR", &call));
        assert_int_equal(call.type_count, OTHERS + 1);
        for (int i = 0; i <= OTHERS; i++)
            assert_memory_equal(&call.types[i], list[i], sizeof call.types[i]);
        expect_pooled("vkQueuePresentKHR", fences[0]);
        fence_expect(fences[0], false);
        fake->present_release(VK_NULL_HANDLE);
        assert_int_equal(fence_wait(fences[0], UINT64_MAX), VK_SUCCESS);
        fence_reset(fences[0]);
    }
}

// A structure of an unknown size before them cannot be copied: nothing goes down. Behind them, and with plain fences,
// it does no harm.
static void unknown_structure(void **state)
{
    VkSwapchainPresentFenceInfoEXT ours = fence_info(1, NULL);
    VkBaseOutStructure unknown = {.sType = (VkStructureType)1999999000, .pNext = (void *)&ours};
    VkFence plain = fence_new();
    (void)state;
    fences[0] = imported(&objects[0], 0, 1);
    take_images(1);
    fake->calls_clear();
    assert_int_equal(present_chain(1, &unknown), VK_ERROR_UNKNOWN);
    assert_int_equal(fake->calls("vkQueuePresentKHR"), 0);
    assert_int_equal(messages_of("NTF-FENCE-001"), 1);
    assert_non_null(strstr(messages_last("NTF-FENCE-001"), "1999999000"));
    fence_expect(fences[0], false);
    unknown.pNext = NULL;
    ours.pNext = &unknown;
    assert_int_equal(present_chain(1, &ours), VK_SUCCESS);
    assert_int_equal(fence_wait(fences[0], UINT64_MAX), VK_SUCCESS);
    unknown.pNext = (void *)&ours;
    ours.pNext = NULL;
    ours.pFences = &plain;
    take_images(1);
    assert_int_equal(present_chain(1, &unknown), VK_SUCCESS);
    EXPECT_OWN("vkQueuePresentKHR", plain);
    assert_int_equal(fence_wait(plain, UINT64_MAX), VK_SUCCESS);
    fence_free(plain);
}

// Without the structure, and with one that has no fences.
static void no_fences(void **state)
{
    VkFence other = imported(&objects[0], 0, 1);
    (void)state;
    take_images(2);
    assert_int_equal(present_chain(1, NULL), VK_SUCCESS);
    take_images(1);
    assert_int_equal(present_all(1), VK_SUCCESS);
    fence_expect(other, false);
    fence_free(other);
}

// ---- answers

// After these "the presentation operation is still considered to be enqueued", its fence signals included.
static void enqueued_all_the_same(void **state)
{
    static const VkResult results[] = {VK_SUBOPTIMAL_KHR, VK_ERROR_OUT_OF_DATE_KHR, VK_ERROR_SURFACE_LOST_KHR,
                                       VK_ERROR_FULL_SCREEN_EXCLUSIVE_MODE_LOST_EXT};
    (void)state;
    fences[0] = imported(&objects[0], 0, 1);
    for (size_t i = 0; i < NTF_COUNT(results); i++) {
        take_images(1);
        fake->present_hold(VK_NULL_HANDLE);
        fake->order("vkQueuePresentKHR", 1, 1, results[i]);
        assert_int_equal(present_all(1), results[i]);
        fence_expect(fences[0], false);
        fake->present_release(VK_NULL_HANDLE);
        assert_int_equal(fence_wait(fences[0], UINT64_MAX), VK_SUCCESS);
        assert_int_equal(kernel_value(&objects[0]), i + 1);
        fence_reset(fences[0]);
    }
}

static void not_enqueued(void **state)
{
    static const VkResult results[] = {VK_ERROR_OUT_OF_HOST_MEMORY, VK_ERROR_OUT_OF_DEVICE_MEMORY, VK_ERROR_UNKNOWN};
    unsigned live = 0;
    (void)state;
    fences[0] = imported(&objects[0], 0, 1);
    fences[1] = imported(&objects[1], VK_FENCE_IMPORT_TEMPORARY_BIT, 1);
    take_images(2);
    for (size_t i = 0; i < 3 * NTF_COUNT(results); i++) {
        fake->order("vkQueuePresentKHR", 1, 1, results[i / 3]);
        assert_int_equal(present_all(2), results[i / 3]);
        fence_expect(fences[0], false);
        fence_expect(fences[1], false);
        live = live ? live : fake->fences_live(world.device);
        assert_int_equal(fake->fences_live(world.device), live);
    }
    // The first can be had, the second cannot.
    fences[2] = imported(&objects[2], 0, 1);
    take_images(3);
    pool_use_up();
    fake->calls_clear();
    fake->order("vkCreateFence", 2, FAKE_ALWAYS - 2, VK_ERROR_OUT_OF_HOST_MEMORY);
    assert_int_equal(present_all(3), VK_ERROR_OUT_OF_HOST_MEMORY);
    fake->order_nothing();
    assert_int_equal(fake->calls("vkQueuePresentKHR"), 0);
    pool_let_go();
    for (int i = 0; i < 3; i++)
        fence_expect(fences[i], false);
    assert_int_equal(present_all(3), VK_SUCCESS);
    assert_int_equal(wait_for(3, fences, VK_TRUE, UINT64_MAX), VK_SUCCESS);
}

// ---- in no order

// A peer that knows nothing of this process's waits is told of each present when it is over, and of no other.
static void expect_pushed(uint32_t i, uint32_t count, const bool *over)
{
    kernel_wait(&objects[i], 1);
    for (uint32_t k = 0; k < count; k++)
        assert_int_equal(kernel_value(&objects[k]), over[k]);
}

static void any_order(void **state)
{
    bool over[3] = {false};
    (void)state;
    pending_imports(3);
    for (uint32_t i = 3; i-- > 0;) {
        over[i] = true;
        fake->present_release(swapchains[i]);
        expect_pushed(i, 3, over);
    }
}

static void more_than_lanes(void **state)
{
    bool over[MOST] = {false};
    (void)state;
    pending_imports(MOST);
    for (uint32_t k = 0; k < MOST; k++) {
        const uint32_t i = (k * 7 + MOST - 1) % MOST; // 19, 6, 13, 0, ...
        over[i] = true;
        fake->present_release(swapchains[i]);
        expect_pushed(i, MOST, over);
    }
}

// A thread of this process waits for the last one, while no other is over.
static void waited_for_behind_others(void **state)
{
    struct waiter waiter;
    (void)state;
    pending_imports(MOST);
    waiter_start(&waiter, 1, &fences[MOST - 1], VK_TRUE, UINT64_MAX);
    fake->present_release(swapchains[MOST - 1]);
    assert_int_equal(waiter_join(&waiter), VK_SUCCESS);
    for (int i = 0; i < MOST - 1; i++)
        fence_expect(fences[i], false);
}

// Presents that are never over take nothing from those that are.
static void beside_stuck_ones(void **state)
{
    unsigned live;
    (void)state;
    pending_imports(MOST - 1);
    fake->present_release(swapchains[MOST - 1]);
    fences[MOST - 1] = imported(&objects[MOST - 1], 0, 1);
    live = fake->fences_live(world.device);
    for (uint64_t round = 1; round <= 100; round++) {
        assert_int_equal(present(swapchains[MOST - 1], fences[MOST - 1]), VK_SUCCESS);
        assert_int_equal(fence_wait(fences[MOST - 1], UINT64_MAX), VK_SUCCESS);
        assert_int_equal(kernel_value(&objects[MOST - 1]), round);
        fence_reset(fences[MOST - 1]);
        assert_in_range(fake->fences_live(world.device), live, live + 8);
    }
}

int main(int argc, char **argv)
{
#define PRESENT_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    static const struct CMUnitTest tests[] = {
        PRESENT_TEST(every_number),    PRESENT_TEST(anywhere_in_the_chain),    PRESENT_TEST(unknown_structure),
        PRESENT_TEST(no_fences),       PRESENT_TEST(enqueued_all_the_same),    PRESENT_TEST(not_enqueued),
        PRESENT_TEST(any_order),       PRESENT_TEST(more_than_lanes),          PRESENT_TEST(waited_for_behind_others),
        PRESENT_TEST(beside_stuck_ones),
    };
    (void)argc, (void)argv;
    return ntf_test_run("commands-present", tests, NTF_COUNT(tests), rig_open, rig_close);
}
