// SPDX-License-Identifier: Apache-2.0
// Fences: their life, and what is breached with them.
#include "self.h"

#include <string.h>

static void life(void **state)
{
    VkFence fence = fence_new(), signalled = fence_new_signalled();
    (void)state;
    fence_expect(fence, false);
    fence_expect(signalled, true);
    fence_submit(fence);
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    fence_expect(fence, true);
    fence_reset(fence);
    fence_expect(fence, false);
    assert_int_equal(fake->fences_live(world.device), 2);
    assert_int_equal(fake->fence_state(world.device, signalled), FAKE_FENCE_LIVE | FAKE_FENCE_SIGNALLED);
    fence_free(fence);
    fence_free(signalled);
    fence_free(VK_NULL_HANDLE);
    assert_int_equal(fake->fences_live(world.device), 0);
    assert_int_equal(fake->fence_state(world.device, fence), 0);
}

static void any_and_all(void **state)
{
    const VkFence fences[] = {fence_new(), fence_new_signalled(), fence_new()};
    (void)state;
    assert_int_equal(vk.WaitForFences(world.device, 3, fences, VK_FALSE, 0), VK_SUCCESS);
    assert_int_equal(vk.WaitForFences(world.device, 3, fences, VK_TRUE, 0), VK_TIMEOUT);
    const uint64_t start_ns = ntf_os_now_ns();
    assert_int_equal(vk.WaitForFences(world.device, 3, fences, VK_TRUE, 10 * MS), VK_TIMEOUT);
    assert_true(ntf_os_now_ns() - start_ns >= 10 * MS);
    fence_submit(fences[0]);
    fence_submit(fences[2]);
    assert_int_equal(vk.WaitForFences(world.device, 3, fences, VK_TRUE, UINT64_MAX), VK_SUCCESS);
    assert_int_equal(vk.ResetFences(world.device, 3, fences), VK_SUCCESS);
    assert_int_equal(vk.WaitForFences(world.device, 3, fences, VK_FALSE, 0), VK_TIMEOUT);
    for (int i = 0; i < 3; i++)
        fence_free(fences[i]);
}

// Somebody sleeps in the driver until the queue is released.
static void woken(void **state)
{
    struct other other = {.body = other_waits, .fence = fence_new()};
    (void)state;
    fake->queue_hold(world.queue);
    fence_submit(other.fence);
    assert_int_equal(fake->fences_pending(world.device), 1);
    other_start(&other);
    assert_true(fake->await_inside("vkWaitForFences", 1));
    assert_int_equal(fake->fence_state(world.device, other.fence),
                     FAKE_FENCE_LIVE | FAKE_FENCE_PENDING | FAKE_FENCE_INSIDE);
    fake->queue_release(world.queue);
    other_end(&other);
    assert_int_equal(other.result, VK_SUCCESS);
    assert_int_equal(fake->fences_pending(world.device), 0);
    fence_free(other.fence);
}

static void unknown(void **state)
{
    VkFence fence = fence_new(), never = (VkFence)(uintptr_t)0xA5A5A5A0;
    (void)state;
    (void)fence_status(never);
    expect("fence-unknown", 1);
    fence_free(fence);
    (void)fence_status(fence);
    (void)fence_wait(fence, 0);
    (void)vk.ResetFences(world.device, 1, &fence);
    (void)vk.QueueSubmit(world.queue, 0, NULL, fence);
    fence_free(fence);
    expect("fence-unknown", 5);
}

static void of_another_device(void **state)
{
    VkFence fence = fence_new();
    VkDevice first = world.device, second = open_device((const char *const[]){NULL});
    (void)state;
    (void)vk.GetFenceStatus(second, fence);
    (void)vk.ResetFences(second, 1, &fence);
    expect("fence-device", 2);
    device_use(second);
    fence_submit(fence);
    expect("fence-device", 1);
    assert_int_equal(vk.QueueWaitIdle(world.queue), VK_SUCCESS);
    vk.DestroyDevice(second, NULL);
    device_use(first);
    fence_free(fence);
}

static VkResult submit1(VkFence fence)
{
    return vk.QueueSubmit(world.queue, 0, NULL, fence);
}

static VkResult submit2(VkFence fence)
{
    return vk.QueueSubmit2(world.queue, 0, NULL, fence);
}

static VkResult bind_sparse(VkFence fence)
{
    return vk.QueueBindSparse(world.queue, 0, NULL, fence);
}

static void submitted_signalled(void **state)
{
    static VkResult (*const commands[])(VkFence) = {submit1, submit2, bind_sparse};
    (void)state;
    for (size_t i = 0; i < NTF_COUNT(commands); i++) {
        VkFence fence = fence_new_signalled();
        assert_int_equal(commands[i](fence), VK_SUCCESS);
        expect("fence-signalled", 1);
        assert_int_equal(vk.QueueWaitIdle(world.queue), VK_SUCCESS);
        fence_reset(fence);
        fake->queue_hold(world.queue);
        assert_int_equal(commands[i](fence), VK_SUCCESS);
        expect("fence-signalled", 0);
        assert_int_equal(commands[i](fence), VK_SUCCESS);
        expect("fence-pending", 1);
        fake->queue_release(world.queue);
        assert_int_equal(vk.QueueWaitIdle(world.queue), VK_SUCCESS);
        fence_free(fence);
    }
}

static void reset_pending(void **state)
{
    VkFence fence = fence_new();
    (void)state;
    fake->queue_hold(world.queue);
    fence_submit(fence);
    fence_reset(fence);
    expect("fence-reset", 1);
    fake->queue_release(world.queue);
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    fence_free(fence);
}

static void destroy_pending(void **state)
{
    VkFence fence = fence_new();
    (void)state;
    fake->queue_hold(world.queue);
    fence_submit(fence);
    fence_free(fence);
    expect("fence-destroy", 1);
    fake->queue_release(world.queue);
    assert_int_equal(vk.QueueWaitIdle(world.queue), VK_SUCCESS);
}

// The one who has it alone comes while somebody waits for it.
static void in_use_elsewhere(void **state)
{
    struct other other = {.body = other_waits, .fence = fence_new()};
    (void)state;
    other_start(&other);
    assert_true(fake->await_inside("vkWaitForFences", 1));
    assert_int_equal(fence_status(other.fence), VK_NOT_READY); // two may ask
    expect("fence-threads", 0);
    fence_reset(other.fence);
    expect("fence-threads", 1);
    fence_submit(other.fence);
    expect("fence-threads", 1);
    other_end(&other);
    assert_int_equal(other.result, VK_SUCCESS);
    fence_free(other.fence);
}

static void destroyed_elsewhere(void **state)
{
    struct other other = {.body = other_waits, .fence = fence_new()};
    (void)state;
    other_start(&other);
    assert_true(fake->await_inside("vkWaitForFences", 1));
    fence_free(other.fence);
    expect("fence-threads", 1);
    fake->device_lose(world.device); // or it would wait for ever
    other_end(&other);
    assert_int_equal(other.result, VK_ERROR_DEVICE_LOST);
}

// The one who asks comes while somebody has it alone.
static VkResult ask_status(void *context, const char *command)
{
    (void)command;
    (void)fence_status((VkFence)(uintptr_t)context);
    return VK_SUCCESS;
}

static void asked_while_taken(void **state)
{
    VkFence fence = fence_new();
    (void)state;
    fake->on_call("vkResetFences", ask_status, (void *)(uintptr_t)fence);
    fence_reset(fence);
    expect("fence-threads", 1);
    fake->order_nothing();
    fence_reset(fence);
    fence_free(fence);
}

static void none_at_all(void **state)
{
    (void)state;
    (void)vk.ResetFences(world.device, 0, NULL);
    (void)vk.WaitForFences(world.device, 0, NULL, VK_TRUE, 0);
    expect("fence-count", 2);
}

static void leaked(void **state)
{
    VkDevice first = world.device;
    (void)state;
    device_use(open_device((const char *const[]){NULL}));
    (void)fence_new();
    (void)fence_new();
    vk.DestroyDevice(world.device, NULL);
    expect("fence-leak", 2);
    device_use(first);
}

static void create_with(const void *chain)
{
    const VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO, .pNext = chain};
    VkFence fence;
    assert_int_equal(vk.CreateFence(world.device, &info, NULL, &fence), VK_SUCCESS);
    fence_free(fence);
}

// What a driver that lacks the extensions has never heard of.
static void foreign_words(void **state)
{
    const VkExportFenceWin32HandleInfoKHR win32 = {.sType = VK_STRUCTURE_TYPE_EXPORT_FENCE_WIN32_HANDLE_INFO_KHR};
    const NtfenceImportValueInfo ours = {.sType = NTFENCE_STRUCTURE_TYPE_IMPORT_VALUE_INFO};
    const VkEventCreateInfo other = {.sType = VK_STRUCTURE_TYPE_EVENT_CREATE_INFO};
    VkExportFenceCreateInfo export = {.sType = VK_STRUCTURE_TYPE_EXPORT_FENCE_CREATE_INFO};
    (void)state;
    create_with(&export);
    expect("chain", 0);
    create_with(&win32);
    expect("chain", 1);
    create_with(&other);
    expect("chain", 1);
    create_with(&ours);
    expect("chain", 2); // unknown there, and to every driver
    for (unsigned bit = 1; bit <= 8; bit <<= 1) {
        export.handleTypes = bit;
        create_with(&export);
        expect("handle-type", 1);
    }
}

static void words_in_submissions(void **state)
{
    const NtfenceImportValueInfo ours = {.sType = NTFENCE_STRUCTURE_TYPE_IMPORT_VALUE_INFO};
    const VkSubmitInfo info = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO, .pNext = &ours};
    struct fake_call call;
    (void)state;
    assert_int_equal(vk.QueueSubmit(world.queue, 1, &info, VK_NULL_HANDLE), VK_SUCCESS);
    expect("chain", 1);
    assert_true(fake->last("vkQueueSubmit", &call));
    assert_int_equal(call.type_count, 1);
    assert_int_equal(call.types[0], NTFENCE_STRUCTURE_TYPE_IMPORT_VALUE_INFO);
    assert_int_equal(call.batch_count, 1);
}

// With the option a handle comes back at once, without it never.
static void reuse(void **state)
{
    VkFence first = fence_new(), second;
    (void)state;
    fence_free(first);
    second = fence_new();
    assert_true(first != second);
    fake->option(FAKE_REUSE, true);
    fence_free(second);
    for (int i = 0; i < 10; i++) {
        first = fence_new_signalled();
        assert_true(first == second);
        fence_expect(first, true);
        fence_free(first);
        first = fence_new();
        fence_expect(first, false);
        fence_free(first);
    }
}

const struct CMUnitTest fence_tests[] = {
    SELF_TEST(life), SELF_TEST(any_and_all), SELF_TEST(woken), SELF_TEST(unknown), SELF_TEST(of_another_device),
    SELF_TEST(submitted_signalled), SELF_TEST(reset_pending), SELF_TEST(destroy_pending),
    SELF_TEST(in_use_elsewhere), SELF_TEST(destroyed_elsewhere), SELF_TEST(asked_while_taken), SELF_TEST(none_at_all),
    SELF_TEST(leaked), SELF_TEST(foreign_words), SELF_TEST(words_in_submissions), SELF_TEST(reuse),
};
const size_t fence_test_count = NTF_COUNT(fence_tests);
