// SPDX-License-Identifier: Apache-2.0
/*
 * vkAcquireNextImageKHR and vkAcquireNextImage2KHR with a fence. An acquire acts on an imported fence as a temporary
 * import of a payload that nobody shares (Vulkan 1.3, "Importing Fence Payloads"): the fence is signalled by the
 * presentation engine, whatever was imported stays as it is, and the next reset brings it back.
 */
#include "rig.h"

static const char *const commands[] = {"vkAcquireNextImageKHR", "vkAcquireNextImage2KHR"};

static struct kernel_fence object;
static VkSwapchainKHR swapchain;

static int setup(void **state)
{
    if (rig_setup(state))
        return -1;
    kernel_make(&object, true, false, 0);
    swapchain = swapchain_new();
    return 0;
}

static int teardown(void **state)
{
    fake->acquire_release(VK_NULL_HANDLE);
    swapchain_free(swapchain);
    kernel_destroy(&object);
    return rig_teardown(state);
}

// The application's own handle goes down, also while other fences are imported.
static void plain(void **state)
{
    VkFence other = imported(&object, 0, 1), fence = fence_new();
    (void)state;
    for (int second = 0; second < 2; second++) {
        fake->acquire_hold(swapchain);
        assert_int_equal(acquire(swapchain, fence, second), VK_SUCCESS);
        EXPECT_OWN(commands[second], fence);
        fence_expect(fence, false);
        fake->acquire_release(swapchain);
        fence_expect(fence, true);
        fence_reset(fence);
        fence_expect(fence, false);
    }
    fence_free(fence);
    fence_free(other);
}

// From the acquire to the reset.
static void acquired(VkFence fence, bool second)
{
    fake->acquire_hold(swapchain);
    assert_int_equal(acquire(swapchain, fence, second), VK_SUCCESS);
    expect_pooled(commands[second], fence);
    fence_expect(fence, false);
    assert_int_equal(wait_for(1, &fence, VK_FALSE, 0), VK_TIMEOUT);
    fake->acquire_release(swapchain);
    fence_expect(fence, true);
    assert_int_equal(wait_for(1, &fence, VK_FALSE, UINT64_MAX), VK_SUCCESS);
    assert_int_equal(wait_for(1, &fence, VK_TRUE, UINT64_MAX), VK_SUCCESS);
    expect_pooled(commands[second], fence);
    fence_reset(fence);
}

// What was imported is neither signalled nor reset by it, and comes back: the reset restores it, and resets that one.
static void permanent(void **state)
{
    VkFence fence = imported(&object, 0, 1), other = imported(&object, 0, 1);
    (void)state;
    for (int second = 0; second < 2; second++) {
        acquired(fence, second);
        assert_int_equal(kernel_value(&object), 0);
        fence_expect(other, false);
        fence_expect(fence, false);
    }
    kernel_signal(&object, 10);
    fence_expect(other, true);
    fence_expect(fence, true);
    fence_reset(fence);
    acquired(fence, false);
    assert_int_equal(kernel_value(&object), 10);
    fence_expect(other, true);
    fence_free(fence);
    fence_free(other);
}

// A temporary import is gone with the acquire, and the reset makes the fence plain.
static void temporary(void **state)
{
    VkFence fence = fence_new();
    (void)state;
    for (int second = 0; second < 2; second++) {
        assert_int_equal(import_by_handle(fence, object.handle, VK_FENCE_IMPORT_TEMPORARY_BIT, 1), VK_SUCCESS);
        acquired(fence, second);
        assert_int_equal(kernel_value(&object), 0);
        fence_submit(fence);
        EXPECT_OWN("vkQueueSubmit", fence);
        assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
        fence_reset(fence);
    }
    fence_free(fence);
}

// Several acquired ones, and one that is waited for by a thread.
static void waited_for(void **state)
{
    VkFence fences[2] = {imported(&object, 0, 1), imported(&object, 0, 1)};
    VkSwapchainKHR second = swapchain_new();
    struct waiter any, all;
    (void)state;
    fake->acquire_hold(VK_NULL_HANDLE);
    assert_int_equal(acquire(swapchain, fences[0], false), VK_SUCCESS);
    assert_int_equal(acquire(second, fences[1], false), VK_SUCCESS);
    assert_int_equal(wait_for(2, fences, VK_FALSE, 0), VK_TIMEOUT);
    waiter_start(&any, 2, fences, VK_FALSE, UINT64_MAX);
    waiter_start(&all, 2, fences, VK_TRUE, UINT64_MAX);
    assert_true(fake->await_inside("vkWaitForFences", 2));
    fake->acquire_release(second);
    assert_int_equal(waiter_join(&any), VK_SUCCESS);
    assert_int_equal(fake->inside("vkWaitForFences"), 1);
    fake->acquire_release(swapchain);
    assert_int_equal(waiter_join(&all), VK_SUCCESS);
    for (int i = 0; i < 2; i++)
        fence_free(fences[i]);
    swapchain_free(second);
}

// Together with one that is imported, and stays so.
static void beside_imported(void **state)
{
    VkFence fence = imported(&object, 0, 1), other = imported(&object, 0, 1);
    const VkFence both[] = {other, fence};
    (void)state;
    for (int round = 0; round < 4; round++) {
        const uint64_t value = kernel_value(&object);
        struct waiter waiter;
        fake->acquire_hold(swapchain);
        assert_int_equal(acquire(swapchain, fence, round % 2), VK_SUCCESS);
        waiter_start(&waiter, 2, both, round == 3, UINT64_MAX);
        if (round == 2 || round == 3)
            kernel_signal(&object, value + 1);
        else
            assert_true(fake->await_inside("vkWaitForFences", 1));
        if (round != 2)
            fake->acquire_release(swapchain);
        assert_int_equal(waiter_join(&waiter), VK_SUCCESS);
        fence_expect(fence, round != 2);
        fence_expect(other, round > 1);
        fake->acquire_release(swapchain);
        assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
        fence_reset(fence);
        if (round == 2)
            fence_reset(other);
    }
    fence_free(fence);
    fence_free(other);
}

// VkFenceGetWin32HandleInfoKHR: "a payload that was imported by acquiring an image cannot be exported".
static void not_exported(void **state)
{
    VkFence fence = exportable(), peer = fence_new();
    HANDLE handle, refused = (HANDLE)(uintptr_t)0xA5A5A5A5;
    (void)state;
    assert_int_equal(export_handle(fence, &handle), VK_SUCCESS);
    assert_int_equal(import_by_handle(peer, handle, 0, 0), VK_SUCCESS);
    assert_int_equal(acquire(swapchain, fence, false), VK_SUCCESS);
    expect_pooled(commands[0], fence);
    assert_int_equal(export_handle(fence, &refused), VK_ERROR_UNKNOWN);
    assert_ptr_equal(refused, (HANDLE)(uintptr_t)0xA5A5A5A5);
    assert_int_equal(messages_of("NTF-FENCE-002"), 1);
    fence_expect(fence, true);
    fence_expect(peer, false);
    fence_reset(fence);
    fence_submit(peer);
    assert_int_equal(fence_wait(peer, UINT64_MAX), VK_SUCCESS);
    fence_expect(fence, true);
    os_handle_close(handle);
    assert_int_equal(export_handle(fence, &handle), VK_SUCCESS);
    // A reset of an acquired fence resets what it restores, which all sharers see.
    fence_reset(fence);
    assert_int_equal(acquire(swapchain, fence, true), VK_SUCCESS);
    fence_submit(peer);
    assert_int_equal(fence_wait(peer, UINT64_MAX), VK_SUCCESS);
    fence_reset(fence);
    fence_expect(peer, false);
    os_handle_close(handle);
    fence_free(fence);
    fence_free(peer);
}

static void suboptimal(void **state)
{
    VkFence fence = imported(&object, 0, 1);
    (void)state;
    for (int second = 0; second < 2; second++) {
        fake->order(commands[second], 1, 1, VK_SUBOPTIMAL_KHR);
        assert_int_equal(acquire(swapchain, fence, second), VK_SUBOPTIMAL_KHR);
        fence_expect(fence, true);
        assert_int_equal(kernel_value(&object), 0);
        fence_reset(fence);
    }
    fence_free(fence);
}

// With any other answer the fence is as it was, and the fence that went down in vain is used again.
static void not_acquired(void **state)
{
    static const VkResult results[] = {VK_NOT_READY, VK_TIMEOUT, VK_ERROR_OUT_OF_DATE_KHR, VK_ERROR_SURFACE_LOST_KHR,
                                       VK_ERROR_OUT_OF_HOST_MEMORY, VK_ERROR_OUT_OF_DEVICE_MEMORY, VK_ERROR_UNKNOWN};
    VkFence kept = imported(&object, 0, 1), temporarily = imported(&object, VK_FENCE_IMPORT_TEMPORARY_BIT, 1);
    unsigned live = 0;
    (void)state;
    for (size_t i = 0; i < 2 * NTF_COUNT(results); i++) {
        const bool second = i % 2;
        fake->order(commands[second], 1, 2, results[i / 2]);
        assert_int_equal(acquire(swapchain, kept, second), results[i / 2]);
        assert_int_equal(acquire(swapchain, temporarily, second), results[i / 2]);
        fence_expect(kept, false);
        fence_expect(temporarily, false);
        live = live ? live : fake->fences_live(world.device);
        assert_int_equal(fake->fences_live(world.device), live);
    }
    fake->order_nothing();
    fake->acquire_starve(swapchain);
    for (int second = 0; second < 2; second++) {
        assert_int_equal(acquire_for(swapchain, kept, 0, second), VK_NOT_READY);
        assert_int_equal(acquire_for(swapchain, temporarily, 1, second), VK_TIMEOUT);
    }
    kernel_signal(&object, 1);
    fence_expect(kept, true);
    fence_expect(temporarily, true);
    assert_int_equal(fake->fences_live(world.device), live);
    fence_free(kept);
    fence_free(temporarily);
}

// No fence for the layer to send down: nothing goes down, and nothing has changed.
static void no_memory(void **state)
{
    VkFence fence = imported(&object, 0, 1);
    (void)state;
    pool_use_up();
    fake->order("vkCreateFence", 1, FAKE_ALWAYS, VK_ERROR_OUT_OF_DEVICE_MEMORY);
    fake->calls_clear();
    for (int second = 0; second < 2; second++) {
        assert_int_equal(acquire(swapchain, fence, second), VK_ERROR_OUT_OF_HOST_MEMORY);
        assert_int_equal(fake->calls(commands[second]), 0);
    }
    fake->order_nothing();
    pool_let_go();
    fence_expect(fence, false);
    kernel_signal(&object, 1);
    fence_expect(fence, true);
    fence_free(fence);
}

static void semaphore_only(void **state)
{
    const VkSemaphoreCreateInfo info = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO};
    VkFence fence = imported(&object, 0, 1);
    VkSemaphore semaphore;
    uint32_t index;
    (void)state;
    assert_int_equal(more.CreateSemaphore(world.device, &info, NULL, &semaphore), VK_SUCCESS);
    assert_int_equal(vk.AcquireNextImageKHR(world.device, swapchain, UINT64_MAX, semaphore, VK_NULL_HANDLE, &index),
                     VK_SUCCESS);
    assert_true(below(commands[0]) == VK_NULL_HANDLE);
    fence_expect(fence, false);
    more.DestroySemaphore(world.device, semaphore, NULL);
    fence_free(fence);
}

static void chain_is_kept(void **state)
{
    const VkApplicationInfo behind = {.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO};
    const VkMemoryBarrier first = {.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER, .pNext = &behind};
    VkFence fence = imported(&object, 0, 1);
    const VkAcquireNextImageInfoKHR info = {.sType = VK_STRUCTURE_TYPE_ACQUIRE_NEXT_IMAGE_INFO_KHR,
                                            .pNext = &first,
                                            .swapchain = swapchain,
                                            .timeout = 123456789,
                                            .fence = fence,
                                            .deviceMask = 1};
    struct fake_call call;
    uint32_t index;
    (void)state;
    assert_int_equal(vk.AcquireNextImage2KHR(world.device, &info, &index), VK_SUCCESS);
    assert_true(fake->last(commands[1], &call));
    assert_int_equal(call.type_count, 2);
    assert_int_equal(call.types[0], VK_STRUCTURE_TYPE_MEMORY_BARRIER);
    assert_int_equal(call.types[1], VK_STRUCTURE_TYPE_APPLICATION_INFO);
    assert_int_equal(call.timeout_ns, 123456789);
    assert_true(info.fence == fence);
    fence_free(fence);
}

// Destroyed while its acquire is under way: what went down is used again as soon as the driver has signalled it. One
// that never comes hides no other, though all of them come two rounds late.
static void destroyed(void **state)
{
    enum { LATE = 3, ROUNDS = 400 };
    VkSwapchainKHR late[LATE];
    VkFence fence = imported(&object, 0, 1);
    unsigned live;
    (void)state;
    fake->acquire_hold(swapchain);
    assert_int_equal(acquire(swapchain, fence, false), VK_SUCCESS);
    fence_free(fence);
    for (int i = 0; i < LATE; i++)
        late[i] = swapchain_new();
    live = fake->fences_live(world.device);
    for (int round = 0; round < ROUNDS; round++) {
        fake->acquire_hold(late[round % LATE]);
        fence = imported(&object, 0, 1);
        assert_int_equal(acquire(late[round % LATE], fence, round % 2), VK_SUCCESS);
        fence_expect(fence, false);
        fence_free(fence);
        fake->acquire_release(late[(round + 1) % LATE]);
    }
    assert_in_range(fake->fences_live(world.device), live, live + 2 * LATE + 4);
    for (int i = 0; i < LATE; i++) {
        fake->acquire_release(late[i]);
        swapchain_free(late[i]);
    }
}

// A thousand fences, each destroyed without anybody having waited for it.
static void never_waited(void **state)
{
    const unsigned live = fake->fences_live(world.device);
    (void)state;
    for (int round = 0; round < 1000; round++) {
        VkFence fence = imported(&object, round % 2 ? VK_FENCE_IMPORT_TEMPORARY_BIT : 0, 1);
        assert_int_equal(acquire(swapchain, fence, round % 3 == 0), VK_SUCCESS);
        fence_free(fence);
        assert_in_range(fake->fences_live(world.device), live, live + 3);
    }
}

int main(int argc, char **argv)
{
#define ACQUIRE_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    static const struct CMUnitTest tests[] = {
        ACQUIRE_TEST(plain),          ACQUIRE_TEST(permanent),    ACQUIRE_TEST(temporary),
        ACQUIRE_TEST(waited_for),     ACQUIRE_TEST(not_exported), ACQUIRE_TEST(suboptimal),
        ACQUIRE_TEST(beside_imported),
        ACQUIRE_TEST(not_acquired),   ACQUIRE_TEST(no_memory),    ACQUIRE_TEST(semaphore_only),
        ACQUIRE_TEST(chain_is_kept),  ACQUIRE_TEST(destroyed),    ACQUIRE_TEST(never_waited),
    };
    (void)argc, (void)argv;
    return ntf_test_run("commands-acquire", tests, NTF_COUNT(tests), rig_open, rig_close);
}
