// SPDX-License-Identifier: Apache-2.0
/*
 * Wait-any over one imported fence and plain ones that were never submitted: the imported one, or the
 * limit, ends the wait, and the plain ones are destroyed at once. They are in use by no queue, so
 * that is right (VUID-vkDestroyFence-fence-01120), and nobody below may still have them in hands:
 * the layers below would say so, or crash.
 */
#include "any.h"

#include <string.h>

#include "../layer/vulkan.h"

#include "base/deadline.h"
#include "base/os/os.h"

enum { ROUNDS = 1000, PLAIN_MAX = 6 };

// Signals what the other thread waits for, a moment after that was told to.
static struct {
    struct ntf_thread *thread;
    struct kernel_fence object;
    VkFence fence; // an import of the object
    ntf_au32 round, wrong;
} signaller;

static void signal_by_queue(uint64_t value)
{
    const bool right = import_by_handle(signaller.fence, signaller.object.handle, 0, value) == VK_SUCCESS &&
                       vk.QueueSubmit(world.queue, 0, NULL, signaller.fence) == VK_SUCCESS &&
                       vk.QueueWaitIdle(world.queue) == VK_SUCCESS;
    if (!right)
        ntf_fetch_add(&signaller.wrong, 1, NTF_RELAXED);
}

static void signal_all(void *nothing)
{
    (void)nothing;
    for (uint32_t k = 1; k <= ROUNDS; k++) {
        uint32_t round;
        while ((round = ntf_load(&signaller.round, NTF_ACQUIRE)) < k)
            (void)ntf_os_park(&signaller.round, round, NTF_FOREVER);
        // From before the wait has begun to when it has slept for long.
        for (unsigned i = 0; i < k * 37 % 400; i++)
            (void)ntf_load(&signaller.round, NTF_SEQ_CST);
        if (k % 64 == 0)
            os_sleep_ms(5);
        if (k % 2)
            kernel_signal(&signaller.object, k);
        else
            signal_by_queue(k);
    }
}

static void one_round(uint64_t k)
{
    static const uint64_t short_limits_ns[] = {0, 1000, 50000};
    const uint32_t count = 2 + (uint32_t)(k % PLAIN_MAX);
    const uint32_t imported = (uint32_t)(k * 7 % count);
    const bool temporary = k % 3 == 0;
    VkFence fences[PLAIN_MAX + 2];
    for (uint32_t i = 0; i < count; i++)
        fences[i] = fence_new();
    assert_int_equal(
        import_by_handle(fences[imported], signaller.object.handle, temporary ? VK_FENCE_IMPORT_TEMPORARY_BIT : 0, k),
        VK_SUCCESS);
    // Nobody has signalled yet.
    assert_int_equal(vk.WaitForFences(world.device, count, fences, VK_FALSE, short_limits_ns[k % 3]), VK_TIMEOUT);
    ntf_store(&signaller.round, (uint32_t)k, NTF_RELEASE);
    ntf_os_unpark_all(&signaller.round);
    assert_int_equal(vk.WaitForFences(world.device, count, fences, VK_FALSE, k % 4 ? UINT64_MAX : 60000 * MS),
                     VK_SUCCESS);
    for (uint32_t i = 0; i < count; i++)
        if (i != imported)
            fence_free(fences[i]);
    assert_true(kernel_value(&signaller.object) >= k);
    assert_int_equal(fence_status(fences[imported]), VK_SUCCESS);
    fence_free(fences[imported]);
}

void ended_by_import(void **state)
{
    (void)state;
    kernel_make(&signaller.object, true, false, 0);
    signaller.fence = fence_new();
    ntf_init(&signaller.round, 0);
    ntf_init(&signaller.wrong, 0);
    assert_int_equal(ntf_thread_start(&signaller.thread, "signaller", signal_all, NULL), NTF_OK);
    for (uint64_t k = 1; k <= ROUNDS; k++) {
        if (k % 256 == 0)
            ntf_test_watchdog(60);
        one_round(k);
    }
    ntf_thread_join(signaller.thread);
    assert_int_equal(ntf_load(&signaller.wrong, NTF_RELAXED), 0);
    fence_free(signaller.fence);
    kernel_destroy(&signaller.object);
}

// The other end: a plain fence that was submitted ends the wait, and the application asks which one it was; then all
// plain ones go at once, the imported one stays unsignalled.
void ended_by_plain(void **state)
{
    struct kernel_fence object;
    VkFence imported = fence_new();
    (void)state;
    kernel_make(&object, true, false, 0);
    assert_int_equal(import_by_handle(imported, object.handle, 0, 1), VK_SUCCESS);
    for (unsigned k = 0; k < ROUNDS; k++) {
        VkFence fences[] = {fence_new(), imported, fence_new()};
        fence_submit(fences[k % 2 * 2]);
        assert_int_equal(vk.WaitForFences(world.device, 3, fences, VK_FALSE, UINT64_MAX), VK_SUCCESS);
        assert_int_equal(fence_status(fences[k % 2 * 2]), VK_SUCCESS);
        assert_int_equal(fence_status(fences[2 - k % 2 * 2]), VK_NOT_READY);
        fence_free(fences[0]);
        fence_free(fences[2]);
        assert_int_equal(fence_status(imported), VK_NOT_READY);
    }
    fence_free(imported);
    kernel_destroy(&object);
}
