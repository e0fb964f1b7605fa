// SPDX-License-Identifier: Apache-2.0
// Queues, semaphores, events, and the rules of those and of devices.
#include "self.h"

#include <string.h>

static VkQueue second_queue(void)
{
    VkQueue queue;
    vk.GetDeviceQueue(world.device, 0, 1, &queue);
    assert_non_null(queue);
    return queue;
}

// ---- what is held

static void held(void **state)
{
    VkFence a = fence_new(), b = fence_new(), c = fence_new();
    (void)state;
    fake->queue_hold(world.queue);
    fence_submit(a);
    fence_submit(b);
    assert_int_equal(vk.QueueSubmit(second_queue(), 0, NULL, c), VK_SUCCESS);
    assert_int_equal(fence_wait(c, UINT64_MAX), VK_SUCCESS);
    fence_expect(a, false);
    assert_int_equal(fake->queue_pending(world.queue), 2);
    fake->queue_step(world.queue, 1);
    assert_int_equal(fence_wait(a, UINT64_MAX), VK_SUCCESS);
    fence_expect(b, false);
    assert_int_equal(fake->queue_pending(world.queue), 1);
    fake->queue_release(world.queue);
    assert_int_equal(vk.DeviceWaitIdle(world.device), VK_SUCCESS);
    fence_expect(b, true);
    assert_int_equal(fake->queue_pending(NULL), 0);
    fence_free(a);
    fence_free(b);
    fence_free(c);
}

// The queues of a device that comes later are held, too.
static void held_before_it_is_made(void **state)
{
    VkDevice first = world.device;
    (void)state;
    fake->queue_hold(NULL);
    device_use(open_device((const char *const[]){NULL}));
    VkFence fence = fence_new();
    fence_submit(fence);
    fence_expect(fence, false);
    fake->queue_release(NULL);
    assert_int_equal(vk.QueueWaitIdle(world.queue), VK_SUCCESS);
    fence_expect(fence, true);
    fence_free(fence);
    vk.DestroyDevice(world.device, NULL);
    device_use(first);
}

static void idle_body(struct other *other)
{
    other->result = vk.QueueWaitIdle(world.queue);
}

static void idle_waits(void **state)
{
    struct other other = {.body = idle_body};
    VkFence fence = fence_new();
    (void)state;
    fake->queue_hold(world.queue);
    fence_submit(fence);
    other_start(&other);
    assert_true(fake->await_inside("vkQueueWaitIdle", 1));
    fence_expect(fence, false);
    fake->queue_release(world.queue);
    other_end(&other);
    fence_expect(fence, true);
    fence_free(fence);
}

static void immediate(void **state)
{
    VkFence fence = fence_new();
    const size_t threads = ntf_test_threads();
    (void)state;
    fake->option(FAKE_IMMEDIATE, true);
    fence_submit(fence);
    fence_expect(fence, true);
    fence_reset(fence);
    fake->queue_hold(world.queue);
    fence_submit(fence);
    fence_expect(fence, false);
    fake->queue_release(world.queue);
    fence_expect(fence, true);
    assert_in_range(ntf_test_threads(), 1, threads);
    fence_free(fence);
}

// ---- what waits on the device

static void events(void **state)
{
    VkFence fence = fence_new();
    (void)state;
    stuck_begin();
    fence_submit(fence);
    fence_expect(fence, false);
    assert_int_equal(fake->queue_pending(world.queue), 2);
    stuck_release();
    stuck_end();
    fence_expect(fence, true);
    fence_free(fence);
}

static void binary_semaphores(void **state)
{
    VkSemaphore semaphore = semaphore_new(false, 0);
    VkFence fence = fence_new();
    (void)state;
    fake->queue_hold(world.queue);
    assert_int_equal(submit(world.queue, VK_NULL_HANDLE, 0, semaphore, 0, VK_NULL_HANDLE), VK_SUCCESS);
    assert_int_equal(submit(second_queue(), semaphore, 0, VK_NULL_HANDLE, 0, fence), VK_SUCCESS);
    fence_expect(fence, false);
    fake->queue_release(world.queue);
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    assert_int_equal(submit(world.queue, VK_NULL_HANDLE, 0, semaphore, 0, VK_NULL_HANDLE), VK_SUCCESS);
    expect("semaphore", 0);
    assert_int_equal(submit(world.queue, VK_NULL_HANDLE, 0, semaphore, 0, VK_NULL_HANDLE), VK_SUCCESS);
    expect("semaphore", 1);
    assert_int_equal(submit(world.queue, semaphore, 0, VK_NULL_HANDLE, 0, VK_NULL_HANDLE), VK_SUCCESS);
    expect("semaphore", 0);
    assert_int_equal(vk.QueueWaitIdle(world.queue), VK_SUCCESS);
    // It was taken, and is not signalled a second time: what waits now waits for what comes later.
    assert_int_equal(submit(world.queue, semaphore, 0, VK_NULL_HANDLE, 0, VK_NULL_HANDLE), VK_SUCCESS);
    expect("semaphore", 1);
    assert_int_equal(submit(second_queue(), VK_NULL_HANDLE, 0, semaphore, 0, VK_NULL_HANDLE), VK_SUCCESS);
    assert_int_equal(vk.DeviceWaitIdle(world.device), VK_SUCCESS);
    semaphore_free(semaphore);
    fence_free(fence);
}

static uint64_t value_of(VkSemaphore semaphore)
{
    uint64_t value;
    assert_int_equal(more.GetSemaphoreCounterValue(world.device, semaphore, &value), VK_SUCCESS);
    return value;
}

// Waited for before it is signalled, by a queue and by the host.
static void timelines(void **state)
{
    VkSemaphore semaphore = semaphore_new(true, 5);
    VkFence fence = fence_new();
    const uint64_t seven = 7, eight = 8;
    const VkSemaphoreWaitInfo wait = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO, .semaphoreCount = 1,
                                      .pSemaphores = &semaphore, .pValues = &eight};
    const VkSemaphoreSignalInfo signal = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_SIGNAL_INFO, .semaphore = semaphore,
                                          .value = seven};
    (void)state;
    assert_int_equal(value_of(semaphore), 5);
    assert_int_equal(submit(world.queue, semaphore, 7, semaphore, 8, fence), VK_SUCCESS);
    fence_expect(fence, false);
    assert_int_equal(more.WaitSemaphores(world.device, &wait, 0), VK_TIMEOUT);
    assert_int_equal(more.SignalSemaphore(world.device, &signal), VK_SUCCESS);
    assert_int_equal(more.WaitSemaphores(world.device, &wait, UINT64_MAX), VK_SUCCESS);
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    assert_int_equal(value_of(semaphore), 8);
    expect("semaphore", 0);
    assert_int_equal(more.SignalSemaphore(world.device, &signal), VK_SUCCESS);
    expect("semaphore", 1);
    assert_int_equal(value_of(semaphore), 8);
    semaphore_free(semaphore);
    fence_free(fence);
}

static void features(void **state)
{
    VkDevice first = world.device;
    (void)state;
    more_use(device_new((const char *const[]){NULL}));
    semaphore_free(semaphore_new(true, 0));
    expect("feature", 1);
    assert_int_equal(vk.QueueSubmit2(world.queue, 0, NULL, VK_NULL_HANDLE), VK_SUCCESS);
    expect("feature", 1);
    assert_int_equal(vk.QueueWaitIdle(world.queue), VK_SUCCESS);
    vk.DestroyDevice(world.device, NULL);
    more_use(first);
}

// ---- queues' rules

static void submit_body(struct other *other)
{
    other->result = vk.QueueSubmit(world.queue, 0, NULL, VK_NULL_HANDLE);
}

static void two_threads(void **state)
{
    struct other other = {.body = idle_body}, submitting = {.body = submit_body};
    (void)state;
    fake->queue_hold(world.queue);
    fence_submit(VK_NULL_HANDLE);
    other_start(&other);
    assert_true(fake->await_inside("vkQueueWaitIdle", 1));
    other_start(&submitting);
    other_end(&submitting);
    expect("queue-threads", 1);
    // Another queue is another matter.
    assert_int_equal(vk.QueueSubmit(second_queue(), 0, NULL, VK_NULL_HANDLE), VK_SUCCESS);
    expect("queue-threads", 0);
    fake->queue_release(world.queue);
    other_end(&other);
}

static void device_idle_body(struct other *other)
{
    other->result = vk.DeviceWaitIdle(world.device);
}

// It has the queues, all of them.
static void device_idle_and_submit(void **state)
{
    struct other other = {.body = device_idle_body};
    (void)state;
    fake->queue_hold(world.queue);
    fence_submit(VK_NULL_HANDLE);
    other_start(&other);
    assert_true(fake->await_inside("vkDeviceWaitIdle", 1));
    assert_int_equal(vk.QueueSubmit(second_queue(), 0, NULL, VK_NULL_HANDLE), VK_SUCCESS);
    expect("queue-threads", 1);
    fake->queue_release(world.queue);
    other_end(&other);
}

// And nobody else may have one of them when it comes.
static void submit_and_device_idle(void **state)
{
    struct other other = {.body = idle_body}, both = {.body = device_idle_body};
    (void)state;
    fake->queue_hold(world.queue);
    fence_submit(VK_NULL_HANDLE);
    other_start(&other);
    assert_true(fake->await_inside("vkQueueWaitIdle", 1));
    other_start(&both);
    assert_true(fake->await_inside("vkDeviceWaitIdle", 1));
    expect("queue-threads", 1);
    fake->queue_release(world.queue);
    other_end(&other);
    other_end(&both);
}

// VK_KHR_internally_synchronized_queues: that flag has the number 4.
static void internally_synchronised(void **state)
{
    static const float priority = 1;
    const VkDeviceQueueCreateInfo queues = {.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO, .flags = 4,
                                            .queueCount = 1, .pQueuePriorities = &priority};
    const char *const name = "VK_KHR_internally_synchronized_queues";
    const VkDeviceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO, .queueCreateInfoCount = 1,
                                     .pQueueCreateInfos = &queues, .enabledExtensionCount = 1,
                                     .ppEnabledExtensionNames = &name};
    const VkDeviceQueueInfo2 which = {.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_INFO_2, .flags = 4};
    struct other other = {.body = idle_body};
    VkDevice first = world.device, device;
    (void)state;
    fake->extension(name, true);
    assert_int_equal(vk.CreateDevice(world.physical, &info, NULL, &device), VK_SUCCESS);
    more_use(device);
    assert_null(world.queue); // without the flag there is no such queue
    more.GetDeviceQueue2(device, &which, &world.queue);
    fake->queue_hold(world.queue);
    fence_submit(VK_NULL_HANDLE);
    other_start(&other);
    assert_true(fake->await_inside("vkQueueWaitIdle", 1));
    fence_submit(VK_NULL_HANDLE);
    expect("queue-threads", 0);
    fake->queue_release(world.queue);
    other_end(&other);
    vk.DestroyDevice(device, NULL);
    more_use(first);
}

static void busy_device(void **state)
{
    VkDevice first = world.device;
    (void)state;
    device_use(open_device((const char *const[]){NULL}));
    fake->queue_hold(world.queue);
    fence_submit(VK_NULL_HANDLE);
    vk.DestroyDevice(world.device, NULL);
    expect("device-busy", 1);
    device_use(first);
}

// Who is in it is let go, and told that it is lost.
static void busy_with_a_thread(void **state)
{
    VkDevice first = world.device;
    struct other other = {.body = other_waits};
    (void)state;
    device_use(open_device((const char *const[]){NULL}));
    other.fence = fence_new();
    other_start(&other);
    assert_true(fake->await_inside("vkWaitForFences", 1));
    vk.DestroyDevice(world.device, NULL);
    other_end(&other);
    assert_int_equal(other.result, VK_ERROR_DEVICE_LOST);
    assert_int_equal(fake->violations_of("device-busy"), 1);
    assert_int_equal(fake->violations_of("fence-leak"), 1);
    fake->violations_clear();
    device_use(first);
}

static void after_the_end(void **state)
{
    VkDevice first = world.device, gone = open_device((const char *const[]){NULL});
    VkQueue queue;
    (void)state;
    device_use(gone);
    queue = world.queue;
    vk.DestroyDevice(gone, NULL);
    (void)vk.GetFenceStatus(gone, VK_NULL_HANDLE);
    expect("device-unknown", 1);
    (void)vk.QueueSubmit(queue, 0, NULL, VK_NULL_HANDLE);
    expect("queue-unknown", 1);
    device_use(first);
}

static void leaked_objects(void **state)
{
    VkDevice first = world.device;
    (void)state;
    more_use(open_device((const char *const[]){NULL}));
    (void)semaphore_new(false, 0);
    vk.DestroyDevice(world.device, NULL);
    expect("object", 1);
    more_use(first);
}

static void destroyed_in_use(void **state)
{
    VkSemaphore semaphore = semaphore_new(false, 0);
    (void)state;
    fake->queue_hold(world.queue);
    assert_int_equal(submit(world.queue, VK_NULL_HANDLE, 0, semaphore, 0, VK_NULL_HANDLE), VK_SUCCESS);
    semaphore_free(semaphore);
    expect("object", 1);
    semaphore_free(semaphore); // no longer there
    expect("object", 1);
    fake->queue_release(world.queue);
    assert_int_equal(vk.QueueWaitIdle(world.queue), VK_SUCCESS);
}

static void event_destroyed_in_use(void **state)
{
    const VkEventCreateInfo event_info = {.sType = VK_STRUCTURE_TYPE_EVENT_CREATE_INFO};
    const VkCommandPoolCreateInfo pool_info = {.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO};
    const VkCommandBufferBeginInfo begin = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
    VkCommandBufferAllocateInfo allocate = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
                                            .commandBufferCount = 1};
    VkCommandBuffer buffer;
    const VkSubmitInfo info = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO, .commandBufferCount = 1,
                               .pCommandBuffers = &buffer};
    VkEvent event;
    (void)state;
    assert_int_equal(vk.CreateEvent(world.device, &event_info, NULL, &event), VK_SUCCESS);
    assert_int_equal(vk.CreateCommandPool(world.device, &pool_info, NULL, &allocate.commandPool), VK_SUCCESS);
    assert_int_equal(vk.AllocateCommandBuffers(world.device, &allocate, &buffer), VK_SUCCESS);
    assert_int_equal(vk.BeginCommandBuffer(buffer, &begin), VK_SUCCESS);
    more.CmdSetEvent(buffer, event, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT);
    assert_int_equal(vk.EndCommandBuffer(buffer), VK_SUCCESS);
    assert_int_equal(vk.QueueSubmit(world.queue, 1, &info, VK_NULL_HANDLE), VK_SUCCESS);
    assert_int_equal(vk.QueueWaitIdle(world.queue), VK_SUCCESS);
    assert_int_equal(more.GetEventStatus(world.device, event), VK_EVENT_SET);
    assert_int_equal(more.ResetEvent(world.device, event), VK_SUCCESS);
    assert_int_equal(more.GetEventStatus(world.device, event), VK_EVENT_RESET);
    fake->queue_hold(world.queue);
    assert_int_equal(vk.QueueSubmit(world.queue, 1, &info, VK_NULL_HANDLE), VK_SUCCESS);
    vk.DestroyEvent(world.device, event, NULL);
    expect("object", 1);
    fake->queue_release(world.queue);
    assert_int_equal(vk.QueueWaitIdle(world.queue), VK_SUCCESS);
    vk.DestroyCommandPool(world.device, allocate.commandPool, NULL);
}

const struct CMUnitTest queue_tests[] = {
    SELF_TEST(held), SELF_TEST(held_before_it_is_made), SELF_TEST(idle_waits), SELF_TEST(immediate), SELF_TEST(events),
    SELF_TEST(binary_semaphores), SELF_TEST(timelines), SELF_TEST(features), SELF_TEST(two_threads),
    SELF_TEST(device_idle_and_submit), SELF_TEST(submit_and_device_idle), SELF_TEST(internally_synchronised),
    SELF_TEST(busy_device), SELF_TEST(busy_with_a_thread), SELF_TEST(after_the_end), SELF_TEST(leaked_objects),
    SELF_TEST(destroyed_in_use), SELF_TEST(event_destroyed_in_use),
};
const size_t queue_test_count = NTF_COUNT(queue_tests);
