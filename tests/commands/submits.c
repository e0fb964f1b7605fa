// SPDX-License-Identifier: Apache-2.0
/*
 * Submissions of every shape with an imported fence: what goes down, what an error leaves, that each is delivered once,
 * and that what came earlier on a queue reads signalled as soon as the driver has said that something later is over.
 */
#include "rig.h"

#include <string.h>

static struct kernel_fence object;

static int setup(void **state)
{
    if (rig_setup(state))
        return -1;
    kernel_make(&object, true, false, 0);
    return 0;
}

static int teardown(void **state)
{
    kernel_destroy(&object);
    return rig_teardown(state);
}

// ---- shapes

enum shape { SUBMIT, SUBMIT2, SUBMIT2_KHR, SPARSE, SHAPES };
static const char *const commands[SHAPES] = {"vkQueueSubmit", "vkQueueSubmit2", "vkQueueSubmit2KHR",
                                             "vkQueueBindSparse"};

static VkResult submit_chain(enum shape shape, uint32_t count, const void *chain, VkFence fence)
{
    const VkSubmitInfo one = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO, .pNext = chain};
    const VkSubmitInfo2 two = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2, .pNext = chain};
    const VkBindSparseInfo sparse = {.sType = VK_STRUCTURE_TYPE_BIND_SPARSE_INFO, .pNext = chain};
    const VkSubmitInfo ones[] = {one, one, one};
    const VkSubmitInfo2 twos[] = {two, two, two};
    const VkBindSparseInfo sparses[] = {sparse, sparse, sparse};

    switch (shape) {
    case SUBMIT: return vk.QueueSubmit(world.queue, count, ones, fence);
    case SUBMIT2: return vk.QueueSubmit2(world.queue, count, twos, fence);
    case SUBMIT2_KHR: return vk.QueueSubmit2KHR(world.queue, count, twos, fence);
    default: return vk.QueueBindSparse(world.queue, count, sparses, fence);
    }
}

static VkResult submit(enum shape shape, VkFence fence)
{
    return submit_chain(shape, 0, NULL, fence);
}

// Batches and chains arrive as they are, and the fence's place is taken by another; with none, by none.
static void unchanged(void **state)
{
    const VkPhysicalDeviceIDProperties last = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES};
    const VkTimelineSemaphoreSubmitInfo values = {.sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
                                                  .pNext = &last};
    const VkDeviceGroupSubmitInfo first = {.sType = VK_STRUCTURE_TYPE_DEVICE_GROUP_SUBMIT_INFO, .pNext = &values};
    VkFence fence = imported(&object, 0, 1), plain = fence_new();
    struct fake_call call;
    (void)state;
    for (int shape = SUBMIT; shape < SHAPES; shape++)
        for (uint32_t count = 0; count <= 3; count++) {
            assert_int_equal(submit_chain(shape, count, &first, fence), VK_SUCCESS);
            assert_true(fake->last(commands[shape], &call));
            assert_ptr_equal(call.queue, world.queue);
            assert_int_equal(call.batch_count, count);
            assert_int_equal(call.type_count, 3 * count);
            for (uint32_t i = 0; i < count; i++) {
                assert_int_equal(call.types[3 * i], VK_STRUCTURE_TYPE_DEVICE_GROUP_SUBMIT_INFO);
                assert_int_equal(call.types[3 * i + 1], VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO);
                assert_int_equal(call.types[3 * i + 2], VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES);
            }
            expect_pooled(commands[shape], fence);
            assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
            fence_reset(fence);
            assert_int_equal(submit_chain(shape, count, &first, plain), VK_SUCCESS);
            EXPECT_OWN(commands[shape], plain);
            assert_int_equal(fence_wait(plain, UINT64_MAX), VK_SUCCESS);
            fence_reset(plain);
            assert_int_equal(submit_chain(shape, count, &first, VK_NULL_HANDLE), VK_SUCCESS);
            assert_true(below(commands[shape]) == VK_NULL_HANDLE);
        }
    assert_int_equal(kernel_value(&object), 4 * SHAPES);
    fence_free(plain);
    fence_free(fence);
}

// An error of memory promises that nothing has happened; the fence that went down in vain is used again.
static void refused(void **state)
{
    static const VkResult results[] = {VK_ERROR_OUT_OF_HOST_MEMORY, VK_ERROR_OUT_OF_DEVICE_MEMORY};
    VkFence fence = imported(&object, 0, 1), binary = exportable();
    unsigned live = 0;
    (void)state;
    for (int i = 0; i < 2 * SHAPES; i++) {
        fake->order(commands[i / 2], 1, 2, results[i % 2]);
        assert_int_equal(submit(i / 2, fence), results[i % 2]);
        assert_int_equal(submit(i / 2, binary), results[i % 2]);
        fence_expect(fence, false);
        fence_expect(binary, false);
        live = live ? live : fake->fences_live(world.device);
        assert_int_equal(fake->fences_live(world.device), live);
    }
    fake->order_nothing();
    assert_int_equal(vk.DeviceWaitIdle(world.device), VK_SUCCESS);
    fence_expect(fence, false);
    assert_int_equal(kernel_value(&object), 0);
    for (int shape = SUBMIT; shape < SHAPES; shape++) {
        assert_int_equal(submit(shape, fence), VK_SUCCESS);
        assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
        fence_reset(fence);
    }
    fence_free(binary);
    fence_free(fence);
}

static void no_memory(void **state)
{
    VkFence fence = imported(&object, 0, 1);
    (void)state;
    pool_use_up();
    fake->order("vkCreateFence", 1, FAKE_ALWAYS, VK_ERROR_OUT_OF_DEVICE_MEMORY);
    fake->calls_clear();
    for (int shape = SUBMIT; shape < SHAPES; shape++) {
        assert_int_equal(submit(shape, fence), VK_ERROR_OUT_OF_HOST_MEMORY);
        assert_int_equal(fake->calls(commands[shape]), 0);
    }
    pool_let_go();
    fence_expect(fence, false);
    fence_free(fence);
}

// ---- nothing is delivered but by who asks (lane_hold)

// The submission of an imported fence, for whose end the layer's thread does not get to wait.
static void submit_unpushed(enum shape shape, VkFence fence)
{
    lane_hold();
    assert_int_equal(submit(shape, fence), VK_SUCCESS);
    lane_held();
}

// Ways in which an application learns that something is over.
enum way { WAIT_ALL, WAIT_ANY, STATUS, QUEUE_IDLE, DEVICE_IDLE, WAYS };

static void learn(enum way way, VkFence later)
{
    switch (way) {
    case WAIT_ALL: assert_int_equal(wait_for(1, &later, VK_TRUE, UINT64_MAX), VK_SUCCESS); break;
    case WAIT_ANY: assert_int_equal(wait_for(1, &later, VK_FALSE, UINT64_MAX), VK_SUCCESS); break;
    case STATUS:
        while (fence_status(later) == VK_NOT_READY)
            ;
        break;
    case QUEUE_IDLE: assert_int_equal(vk.QueueWaitIdle(world.queue), VK_SUCCESS); break;
    default: assert_int_equal(vk.DeviceWaitIdle(world.device), VK_SUCCESS); break;
    }
}

// B imported, then A plain: with A over, B is, for everybody, and may be reset at once, once and for all.
static void earlier_ones(void **state)
{
    VkFence later = fence_new();
    (void)state;
    for (int i = 0; i < WAYS * SHAPES; i++) {
        const uint64_t value = kernel_value(&object);
        VkFence fence = imported(&object, 0, value + 1), binary = exportable();
        fake->queue_hold(world.queue);
        submit_unpushed(i / WAYS, i % 2 ? fence : binary);
        assert_int_equal(submit(i / WAYS, i % 2 ? binary : fence), VK_SUCCESS);
        assert_int_equal(submit(i / WAYS, later), VK_SUCCESS);
        fence_expect(fence, false);
        fake->queue_release(world.queue);
        learn(i % WAYS, later);
        assert_int_equal(kernel_value(&object), value + 1); // nobody was asked about it
        fence_expect(fence, true);
        fence_reset(fence);
        fence_reset(binary);
        fence_expect(fence, false);
        fence_expect(binary, false);
        lane_release();
        assert_int_equal(vk.DeviceWaitIdle(world.device), VK_SUCCESS);
        fence_expect(fence, false);
        fence_expect(binary, false);
        assert_int_equal(kernel_value(&object), value + 1);
        fence_free(fence);
        fence_free(binary);
        fence_reset(later);
    }
    fence_free(later);
}

// Whoever asks for a state delivers what it owes; also who resets or destroys it.
static void pulled(void **state)
{
    (void)state;
    for (int way = 0; way <= 4; way++) {
        const uint64_t value = kernel_value(&object);
        VkFence fence = imported(&object, 0, value + 1);
        submit_unpushed(SUBMIT, fence);
        while (fake->queue_pending(world.queue))
            ;
        assert_int_equal(kernel_value(&object), value);
        switch (way) {
        case 0: assert_int_equal(fence_status(fence), VK_SUCCESS); break;
        case 1: assert_int_equal(fence_wait(fence, 0), VK_SUCCESS); break;
        case 2: fence_reset(fence); break;
        case 3: assert_int_equal(import_by_handle(fence, object.handle, 0, value + 2), VK_SUCCESS); break;
        default: break;
        }
        fence_free(fence);
        assert_int_equal(kernel_value(&object), value + 1);
        lane_release();
    }
}

// In the order of the queue, one by one; another queue does not wait for it.
static void in_order(void **state)
{
    VkFence fences[4];
    struct kernel_fence other;
    (void)state;
    kernel_make(&other, true, false, 0);
    fake->queue_hold(world.queue);
    for (uint32_t i = 0; i < 3; i++) {
        fences[i] = imported(&object, 0, i + 1);
        fence_submit(fences[i]);
    }
    fences[3] = imported(&other, 0, 1);
    assert_int_equal(vk.QueueSubmit(rig_queue(1), 0, NULL, fences[3]), VK_SUCCESS);
    assert_int_equal(fence_wait(fences[3], UINT64_MAX), VK_SUCCESS);
    for (uint32_t i = 0; i < 3; i++) {
        fake->queue_step(world.queue, 1);
        kernel_wait(&object, i + 1); // a peer's wait, so it is pushed
        assert_int_equal(kernel_value(&object), i + 1);
        fence_expect(fences[i], true);
        if (i < 2)
            fence_expect(fences[i + 1], false);
    }
    for (int i = 0; i < 4; i++)
        fence_free(fences[i]);
    kernel_destroy(&other);
}

// A reset right behind the wait is not undone by whoever comes late to deliver.
static void once(void **state)
{
    VkFence fence = exportable();
    (void)state;
    for (int round = 0; round < 500; round++) {
        assert_int_equal(submit(round % SHAPES, fence), VK_SUCCESS);
        assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
        fence_reset(fence);
        assert_int_equal(fence_status(fence), VK_NOT_READY);
    }
    assert_int_equal(vk.DeviceWaitIdle(world.device), VK_SUCCESS);
    fence_expect(fence, false);
    fence_free(fence);
}

// The payload outlives its handle: what is on its way arrives.
static void destroyed_in_flight(void **state)
{
    (void)state;
    for (uint64_t round = 1; round <= 50; round++) {
        VkFence fence = imported(&object, 0, round);
        fake->queue_hold(world.queue);
        fence_submit(fence);
        fence_free(fence);
        assert_int_equal(kernel_value(&object), round - 1);
        fake->queue_release(world.queue);
        kernel_wait(&object, round);
    }
    assert_in_range(fake->fences_live(world.device), 0, 8);
}

int main(int argc, char **argv)
{
#define SUBMIT_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    static const struct CMUnitTest tests[] = {
        SUBMIT_TEST(unchanged), SUBMIT_TEST(refused),  SUBMIT_TEST(no_memory), SUBMIT_TEST(earlier_ones),
        SUBMIT_TEST(pulled),    SUBMIT_TEST(in_order), SUBMIT_TEST(once),      SUBMIT_TEST(destroyed_in_flight),
    };
    (void)argc, (void)argv;
    return ntf_test_run("commands-submits", tests, NTF_COUNT(tests), rig_open, rig_close);
}
