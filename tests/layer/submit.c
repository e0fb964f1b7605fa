// SPDX-License-Identifier: Apache-2.0
// Queue submissions that signal an imported fence.
#include "vulkan.h"

#include <string.h>

#include "base/os/os.h"

static struct kernel_fence object;
static VkFence fence;

static int setup(void **state)
{
    messages_setup(state);
    kernel_make(&object, true, false, 0);
    fence = fence_new();
    return import_by_handle(fence, object.handle, 0, 1) != VK_SUCCESS;
}

static int teardown(void **state)
{
    fence_free(fence);
    kernel_destroy(&object);
    return messages_teardown(state);
}

static bool has_validation(void)
{
    char layers[512];
    return ntf_os_getenv("VK_INSTANCE_LAYERS", layers, sizeof layers) > 0 &&
           strstr(layers, "VK_LAYER_KHRONOS_validation");
}

/* The test of the tests: the validation layer is there and is heard, and it is below ours, so that it sees nothing
 * of what an application does with an imported fence. */
static void validation_is_below(void **state)
{
    VkFence signalled = fence_new_signalled();
    (void)state;
    if (!has_validation()) {
        fence_free(signalled);
        skip();
    }
    messages_expect_foreign();
    fence_submit(signalled);
    assert_int_equal(vk.QueueWaitIdle(world.queue), VK_SUCCESS);
    assert_int_not_equal(messages_foreign(), 0);
    fence_free(signalled);
    // The same with an imported fence: invalid, too, but only a layer above could know.
    messages_clear();
    kernel_signal(&object, 1);
    fence_submit(fence);
    assert_int_equal(vk.QueueWaitIdle(world.queue), VK_SUCCESS);
    assert_int_equal(messages_foreign(), 0);
}

static void one(void **state)
{
    (void)state;
    fence_submit(fence);
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    assert_int_equal(kernel_value(&object), 1);
    assert_int_equal(fence_status(fence), VK_SUCCESS);
}

// Signalled after everything before it on the queue, and not before.
static void after_everything(void **state)
{
    (void)state;
    stuck_begin();
    fence_submit(fence);
    fence_expect(fence, false);
    assert_int_equal(fence_wait(fence, 30 * MS), VK_TIMEOUT);
    assert_int_equal(kernel_value(&object), 0);
    stuck_release();
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    assert_int_equal(kernel_value(&object), 1);
    stuck_end();
}

// A peer that sleeps in the kernel is woken though nobody here asks for anything.
static void pushed(void **state)
{
    (void)state;
    fence_submit(fence);
    kernel_wait(&object, 1);
    fence_expect(fence, true);
}

static void rounds(void (*idle)(uint64_t round))
{
    for (uint64_t k = 1; k <= 1000; k++) {
        fence_submit(fence);
        idle(k);
        // At once: idle means that all fences of the queue are signalled, for a peer too.
        assert_int_equal(kernel_value(&object), k);
        assert_int_equal(fence_status(fence), VK_SUCCESS);
        fence_reset(fence);
        assert_int_equal(fence_status(fence), VK_NOT_READY);
    }
    assert_int_equal(messages_of("NTF-FENCE-003"), 0);
}

static void by_wait(uint64_t round)
{
    const VkFence twice[] = {fence, fence};
    assert_int_equal(vk.WaitForFences(world.device, 1 + (uint32_t)(round & 1), twice, round % 3 == 0, UINT64_MAX),
                     VK_SUCCESS);
}

static void by_queue_idle(uint64_t round)
{
    (void)round;
    assert_int_equal(vk.QueueWaitIdle(world.queue), VK_SUCCESS);
}

static void by_device_idle(uint64_t round)
{
    (void)round;
    assert_int_equal(vk.DeviceWaitIdle(world.device), VK_SUCCESS);
}

static void by_status(uint64_t round)
{
    (void)round;
    while (fence_status(fence) == VK_NOT_READY)
        os_sleep_ms(0);
}

static void thousand_waits(void **state)
{
    (void)state;
    rounds(by_wait);
}

static void thousand_queue_idles(void **state)
{
    (void)state;
    rounds(by_queue_idle);
}

static void thousand_device_idles(void **state)
{
    (void)state;
    rounds(by_device_idle);
}

static void thousand_polls(void **state)
{
    (void)state;
    rounds(by_status);
}

// What is complete is seen as soon as anybody asks: here a plain fence behind it on the queue says that it is.
static void complete(VkFence imported_fence, VkFence plain)
{
    fence_submit(imported_fence);
    fence_submit(plain);
    assert_int_equal(fence_wait(plain, UINT64_MAX), VK_SUCCESS);
    fence_reset(plain);
}

static void seen_at_once(void **state)
{
    VkFence plain = fence_new();
    const VkFence both[] = {fence, plain};
    (void)state;
    for (uint64_t k = 1; k <= 400; k++) {
        complete(fence, plain);
        if (k % 4 == 0)
            assert_int_equal(fence_status(fence), VK_SUCCESS);
        else if (k % 4 == 1)
            assert_int_equal(fence_wait(fence, 0), VK_SUCCESS);
        else if (k % 4 == 2)
            assert_int_equal(vk.WaitForFences(world.device, 2, both, VK_FALSE, 0), VK_SUCCESS);
        fence_reset(fence); // asks, too
        assert_int_equal(kernel_value(&object), k);
    }
    fence_free(plain);
}

// An import over it and its destruction ask once more before the payload is let go.
static void seen_at_the_end(void **state)
{
    VkFence plain = fence_new(), own;
    struct kernel_fence other;
    (void)state;
    kernel_make(&other, true, false, 0);
    for (uint64_t k = 1; k <= 100; k++) {
        own = fence_new();
        assert_int_equal(import_by_handle(own, other.handle, 0, 2 * k - 1), VK_SUCCESS);
        complete(own, plain);
        assert_int_equal(import_by_handle(own, other.handle, 0, 2 * k), VK_SUCCESS);
        assert_int_equal(kernel_value(&other), 2 * k - 1);
        complete(own, plain);
        fence_free(own);
        assert_int_equal(kernel_value(&other), 2 * k);
    }
    fence_free(plain);
    kernel_destroy(&other);
}

// The bridge has one thread for the queue and no more, and it goes with the device.
static void threads(void **state)
{
    VkDevice before = world.device;
    VkFence own;
    (void)state;
    device_use(device_new((const char *const[]){VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME, NULL}));
    own = fence_new();
    fence_submit(own);
    assert_int_equal(fence_wait(own, UINT64_MAX), VK_SUCCESS);
    fence_reset(own);
    const size_t plain = ntf_test_threads();
    assert_int_equal(import_by_handle(own, object.handle, 0, 1), VK_SUCCESS);
    assert_int_equal(ntf_test_threads(), plain); // none before the first submission
    for (uint64_t k = 1; k <= 20; k++) {
        fence_submit(own);
        assert_int_equal(fence_wait(own, UINT64_MAX), VK_SUCCESS);
        fence_reset(own);
    }
    assert_int_equal(ntf_test_threads(), plain + 1);
    fence_free(own);
    vk.DestroyDevice(world.device, NULL);
    assert_true(ntf_test_threads() < plain + 1);
    device_use(before);
}

// A temporary payload is signalled, and with the reset the fence is the driver's again.
static void temporary(void **state)
{
    VkFence own = fence_new();
    struct kernel_fence other;
    (void)state;
    kernel_make(&other, false, false, 10);
    assert_int_equal(import_by_handle(own, other.handle, VK_FENCE_IMPORT_TEMPORARY_BIT, 17), VK_SUCCESS);
    fence_submit(own);
    assert_int_equal(fence_wait(own, UINT64_MAX), VK_SUCCESS);
    assert_int_equal(kernel_value(&other), 17);
    fence_reset(own);
    fence_submit(own);
    assert_int_equal(fence_wait(own, UINT64_MAX), VK_SUCCESS);
    assert_int_equal(kernel_value(&other), 17);
    fence_free(own);
    kernel_destroy(&other);
}

// The object is beyond the target already: the submission takes nothing back.
static void nothing_to_raise(void **state)
{
    (void)state;
    kernel_signal(&object, 100);
    fence_submit(fence);
    assert_int_equal(vk.QueueWaitIdle(world.queue), VK_SUCCESS);
    assert_int_equal(kernel_value(&object), 100);
    assert_int_equal(messages_of("NTF-FENCE-003"), 0);
}

// Destroyed as soon as the queue is idle; the peer gets its signal all the same.
static void destroyed_after_idle(void **state)
{
    VkFence own = fence_new();
    struct kernel_fence other;
    (void)state;
    kernel_make(&other, true, false, 0);
    assert_int_equal(import_by_handle(own, other.handle, 0, 3), VK_SUCCESS);
    kernel_close_handle(&other);
    fence_submit(own);
    assert_int_equal(vk.QueueWaitIdle(world.queue), VK_SUCCESS);
    fence_free(own);
    assert_int_equal(kernel_value(&other), 3);
    kernel_destroy(&other);
}

// Plain and imported fences in turns, on one queue.
static void in_turns(void **state)
{
    VkFence plain = fence_new();
    (void)state;
    for (uint64_t k = 1; k <= 50; k++) {
        const VkFence both[] = {fence, plain};
        fence_submit(fence);
        fence_submit(plain);
        assert_int_equal(vk.WaitForFences(world.device, 2, both, k % 2 != 0, UINT64_MAX), VK_SUCCESS);
        assert_int_equal(vk.WaitForFences(world.device, 2, both, VK_TRUE, UINT64_MAX), VK_SUCCESS);
        assert_int_equal(vk.ResetFences(world.device, 2, both), VK_SUCCESS);
        assert_int_equal(kernel_value(&object), k);
    }
    fence_free(plain);
}

// The other shapes of a submission.
static void other_shapes(void **state)
{
    VkPhysicalDeviceSynchronization2Features features = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SYNCHRONIZATION_2_FEATURES, .synchronization2 = VK_TRUE};
    VkDevice before = world.device;
    VkFence own;
    (void)state;
    device_use(device_new_with((const char *const[]){VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME,
                                                     VK_KHR_SYNCHRONIZATION_2_EXTENSION_NAME, NULL}, &features));
    own = fence_new();
    assert_int_equal(import_by_handle(own, object.handle, 0, 1), VK_SUCCESS);
    assert_non_null(vk.QueueSubmit2KHR);
    assert_int_equal(vk.QueueSubmit2KHR(world.queue, 0, NULL, own), VK_SUCCESS);
    assert_int_equal(fence_wait(own, UINT64_MAX), VK_SUCCESS);
    assert_int_equal(kernel_value(&object), 1);
    fence_reset(own);
    // Not a sparse queue, and 1.1 has no vkQueueSubmit2: invalid, but what is under test is our hook.
    messages_expect_foreign();
    if (vk.QueueBindSparse(world.queue, 0, NULL, own) == VK_SUCCESS) {
        assert_int_equal(fence_wait(own, UINT64_MAX), VK_SUCCESS);
        assert_int_equal(kernel_value(&object), 2);
        fence_reset(own);
    } else {
        // The driver has refused it: nothing has been submitted, and nothing will be signalled.
        fence_expect(own, false);
        assert_int_equal(kernel_value(&object), 1);
        // Nor does anything stand in the way of the next one.
        fence_submit(own);
        assert_int_equal(fence_wait(own, UINT64_MAX), VK_SUCCESS);
        assert_int_equal(kernel_value(&object), 2);
        fence_reset(own);
    }
    const uint64_t before_last = kernel_value(&object);
    if (vk.QueueSubmit2) {
        assert_int_equal(vk.QueueSubmit2(world.queue, 0, NULL, own), VK_SUCCESS);
        assert_int_equal(fence_wait(own, UINT64_MAX), VK_SUCCESS);
        assert_int_equal(kernel_value(&object), before_last + 1);
    }
    fence_free(own);
    vk.DestroyDevice(world.device, NULL);
    device_use(before);
}

int main(void)
{
#define SUBMIT_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    static const struct CMUnitTest tests[] = {
        SUBMIT_TEST(validation_is_below), SUBMIT_TEST(one), SUBMIT_TEST(after_everything), SUBMIT_TEST(pushed),
        SUBMIT_TEST(thousand_waits), SUBMIT_TEST(thousand_queue_idles), SUBMIT_TEST(thousand_device_idles),
        SUBMIT_TEST(thousand_polls), SUBMIT_TEST(seen_at_once), SUBMIT_TEST(seen_at_the_end),
        SUBMIT_TEST(threads), SUBMIT_TEST(temporary), SUBMIT_TEST(nothing_to_raise),
        SUBMIT_TEST(destroyed_after_idle), SUBMIT_TEST(in_turns), SUBMIT_TEST(other_shapes),
    };
    return ntf_test_run("layer-submit", tests, NTF_COUNT(tests), world_setup, world_teardown);
}
