// SPDX-License-Identifier: Apache-2.0
/*
 * How it ends: semaphores go when no submission with them can be pending, and not before, whoever has raised the object
 * meanwhile; what a lost device will not write is signalled all the same; threads that share an object.
 */
#include "route.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOST VK_ERROR_DEVICE_LOST
#define LOST_MESSAGE "NTF-FENCE-007"

// ---- a peer that knows D3DKMT alone

// Makes an object, tells its name, then raises it to each value that it is sent (0: no further), and says where it is.
static int raiser(void)
{
    struct kernel_fence theirs;
    char line[NTF_LINE_MAX], name[64];

    kernel_open();
    kernel_make(&theirs, true, true, 0);
    for (size_t i = 0; i < NTF_COUNT(name); i++)
        name[i] = (char)theirs.name_units[i];
    ntf_parent_send("%s", name);
    while (ntf_parent_receive(line)) {
        if (strcmp(line, "0") != 0)
            kernel_signal(&theirs, strtoull(line, NULL, 10));
        ntf_parent_send("%" PRIu64, kernel_value(&theirs));
    }
    kernel_destroy(&theirs);
    return 0;
}

static struct ntf_child *raiser_start(char16_t name[64])
{
    struct ntf_child *child = ntf_child_start("raiser", NULL);
    char line[NTF_LINE_MAX];

    assert_true(ntf_child_receive(child, line));
    for (size_t i = 0; i < 64; i++)
        name[i] = (char16_t)(i <= strlen(line) ? line[i] : 0);
    return child;
}

static void raise_to(struct ntf_child *child, uint64_t value)
{
    char line[NTF_LINE_MAX];

    snprintf(line, sizeof line, "%" PRIu64, value);
    ntf_child_send(child, "%s", line);
    ntf_child_expect(child, line);
}

static void expect_at(struct ntf_child *child, uint64_t value)
{
    char line[NTF_LINE_MAX];

    snprintf(line, sizeof line, "%" PRIu64, value);
    ntf_child_send(child, "0");
    ntf_child_expect(child, line);
}

static VkFence imported_by_name(const char16_t *name, uint64_t value)
{
    VkFence fence = fence_new();

    assert_int_equal(import_by_name(fence, name, 0, value), VK_SUCCESS);
    return fence;
}

// ---- semaphores

// The queue's own; a thread of the layer may have another in its hands.
static void own_semaphore_stays(void)
{
    while (semaphores_live() > 1)
        os_sleep_ms(1);
    assert_int_equal(semaphores_live(), 1);
}

static void many_imports(void **state)
{
    (void)state;
    for (uint64_t i = 1; i <= 1000; i++) {
        VkFence fence = imported(&object, i % 3 ? 0 : VK_FENCE_IMPORT_TEMPORARY_BIT, i);
        if (i % 2) {
            assert_true(submits_by_gpu(world.queue, fence));
            assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
        }
        assert_in_range(semaphores_live(), 1, 4);
        fence_free(fence);
    }
    assert_int_equal(vk.QueueWaitIdle(world.queue), VK_SUCCESS);
    VkFence last = imported(&object, 0, 1); // lets go of what was over late
    fence_free(last);
    own_semaphore_stays();
}

// Imported over again, in one fence.
static void import_over_import(void **state)
{
    VkFence fence = fence_new();
    (void)state;
    for (uint64_t i = 1; i <= 200; i++) {
        const VkFenceImportFlags flags = i % 2 ? 0 : VK_FENCE_IMPORT_TEMPORARY_BIT;
        assert_int_equal(import_by_handle(fence, object.handle, flags, i), VK_SUCCESS);
        assert_true(submits_by_gpu(world.queue, fence));
    }
    kernel_wait(&object, 200);
    assert_int_equal(vk.QueueWaitIdle(world.queue), VK_SUCCESS);
    fence_free(fence);
    own_semaphore_stays();
}

// The work goes on without its fence, and its semaphore with it; then the watcher lets go, if nobody else does.
static void destroyed_in_flight(void **state)
{
    (void)state;
    for (uint64_t round = 1; round <= 3; round++) {
        VkFence fence = imported(&object, 0, round);
        fake->queue_hold(world.queue);
        assert_true(submits_by_gpu(world.queue, fence));
        fake->calls_clear();
        fence_free(fence);
        assert_int_equal(fake->calls("vkDestroySemaphore"), 0);
        assert_int_equal(kernel_value(&object), round - 1);
        fake->queue_release(world.queue);
        kernel_wait(&object, round);
        assert_true(fake->await_calls("vkDestroySemaphore", 1));
    }
}

// A peer is faster than the queue: that says nothing of the queue's work, whose semaphore stays.
static void raised_by_a_peer(void **state)
{
    char16_t name[64];
    struct ntf_child *child = raiser_start(name);
    VkFence fence = imported_by_name(name, 5), later = imported_by_name(name, 20);
    struct waiter waiter;
    (void)state;
    fake->queue_hold(world.queue);
    assert_true(submits_by_gpu(world.queue, fence));
    waiter_start(&waiter, 1, &fence, VK_TRUE, UINT64_MAX);
    raise_to(child, 10);
    assert_int_equal(waiter_join(&waiter), VK_SUCCESS);
    fence_expect(fence, true);
    fake->calls_clear();
    fence_free(fence);
    assert_false(submits_by_gpu(rig_queue(1), later)); // the other one is pending still
    assert_int_equal(fence_wait(later, UINT64_MAX), VK_SUCCESS);
    assert_int_equal(fake->calls("vkDestroySemaphore"), 0);
    fake->queue_release(world.queue);
    assert_true(fake->await_calls("vkDestroySemaphore", 1));
    raise_to(child, 30);
    fence_expect(later, true); // and 30 has been told, so 31 is next
    fence_reset(later);
    assert_true(submits_by_gpu(world.queue, later));
    assert_int_equal(fence_wait(later, UINT64_MAX), VK_SUCCESS);
    expect_at(child, 31);
    fence_free(later);
    assert_int_equal(ntf_child_wait(child), 0);
}

// In turns with a peer, every wait comes back.
static void in_turns_with_a_peer(void **state)
{
    char16_t name[64];
    struct ntf_child *child = raiser_start(name);
    VkFence fence = imported_by_name(name, 1);
    (void)state;
    for (uint64_t i = 1; i <= 100; i++) {
        assert_true(submits_by_gpu(rig_queue(i / 7 % 2), fence));
        assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
        expect_at(child, 2 * i - 1);
        while (fake->queue_pending(VK_NULL_HANDLE))
            ;
        fence_reset(fence);
        raise_to(child, 2 * i);
        assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
        fence_reset(fence);
    }
    fence_free(fence);
    assert_int_equal(ntf_child_wait(child), 0);
}

// A device that goes with its imports, and with writes whose fences went before.
static void device_destroyed(void **state)
{
    VkFence fence = imported(&object, 0, 1), other = imported(&object, 0, 2);
    (void)state;
    fake->queue_hold(world.queue);
    assert_true(submits_by_gpu(world.queue, fence));
    assert_true(submits_by_gpu(world.queue, other));
    fence_free(fence);
    fence_free(other);
    rig_end();
    assert_int_equal(semaphores_live(), 0);
    assert_int_equal(kernel_value(&object), 2);
}

// Another device of the process with the same object: its signals are in no order with ours.
static void two_devices(void **state)
{
    const VkDevice first = world.device;
    VkFence here = imported(&object, 0, 1);
    (void)state;
    const VkDevice second = rig_device(&(struct rig_options){0});
    VkFence there = imported(&object, 0, 2);
    rig_use(first);
    fake->queue_hold(world.queue);
    assert_true(submits_by_gpu(world.queue, here));
    rig_use(second);
    assert_false(submits_by_gpu(world.queue, there));
    assert_int_equal(fence_wait(there, UINT64_MAX), VK_SUCCESS);
    fence_reset(there);
    fake->queue_release(VK_NULL_HANDLE);
    rig_use(first);
    assert_int_equal(vk.QueueWaitIdle(world.queue), VK_SUCCESS);
    fence_free(here); // which lets go of what is over
    rig_use(second);
    assert_true(submits_by_gpu(world.queue, there));
    assert_int_equal(fence_wait(there, UINT64_MAX), VK_SUCCESS);
    fence_free(there);
    vk.DestroyDevice(second, NULL);
    rig_use(first);
}

// ---- a lost device

static void expect_lost(VkFence fence)
{
    assert_int_equal(fence_status(fence), LOST);
    assert_int_equal(fence_wait(fence, 0), LOST);
    assert_int_equal(fence_wait(fence, UINT64_MAX), LOST);
    assert_int_equal(submit(SUBMIT, fence), LOST);
    assert_int_equal(messages_of(LOST_MESSAGE), 1);
}

enum hearer {
    NOBODY, A_WAITER, PLAIN_STATUS, A_SUBMISSION, A_SUBMISSION_OF_ITS_OWN, IDLE, COUNTER, A_DESTROY, HEARERS
};

// Whoever hears of it first, the application asking or not: what is pending is signalled, for peers as well.
static void lost(void **state)
{
    for (enum hearer hearer = NOBODY;;) {
        VkFence fence = imported(&object, 0, 3), other = imported(&object, 0, 7), plain = fence_new(),
                gone = imported(&object, 0, 8);
        struct waiter waiter;
        fake->queue_hold(world.queue);
        assert_true(submits_by_gpu(world.queue, fence));
        assert_true(submits_by_gpu(world.queue, other));
        assert_true(submits_by_gpu(world.queue, gone));
        if (hearer == A_WAITER)
            waiter_start(&waiter, 1, &fence, VK_TRUE, UINT64_MAX);
        fake->device_lose(world.device);
        switch (hearer) {
        case PLAIN_STATUS: assert_int_equal(fence_status(plain), LOST); break;
        case A_SUBMISSION: assert_int_equal(submit(SUBMIT, plain), LOST); break;
        case A_SUBMISSION_OF_ITS_OWN: {
            VkFence own = imported(&object, 0, 9);
            assert_int_equal(submit(SUBMIT, own), LOST);
            assert_int_equal(kernel_value(&object), 9);
            fence_free(own);
            break;
        }
        case IDLE: assert_int_equal(vk.DeviceWaitIdle(world.device), LOST); break;
        case COUNTER: // a peer's signal, and then the look that the lower chain is given
            kernel_signal(&object, 4);
            assert_int_equal(fence_wait(fence, UINT64_MAX), LOST);
            break;
        case A_DESTROY:
            fence_free(gone);
            gone = VK_NULL_HANDLE;
            break;
        default: break;
        }
        if (hearer != NOBODY && hearer != A_WAITER)
            assert_in_range(kernel_value(&object), 8, 9);
        kernel_wait(&object, 8);
        if (hearer == A_WAITER)
            assert_int_equal(waiter_join(&waiter), LOST);
        expect_lost(fence);
        expect_lost(other);
        fence_free(fence);
        fence_free(other);
        fence_free(plain);
        if (gone)
            fence_free(gone);
        if (++hearer == HEARERS)
            return;
        assert_int_equal(route_teardown(state), 0);
        assert_int_equal(route_setup(state), 0);
    }
}

// REVIEW: lost, and nobody has said so before the device goes.
static void lost_then_destroyed(void **state)
{
    VkFence fence = imported(&object, 0, 3);
    (void)state;
    fake->queue_hold(world.queue);
    assert_true(submits_by_gpu(world.queue, fence));
    fence_free(fence);
    fake->device_lose(world.device);
    vk.DestroyDevice(world.device, NULL);
    world.device = VK_NULL_HANDLE;
    assert_int_equal(kernel_value(&object), 3);
}

struct heard {
    VkDevice device;
    VkFence plain;
};

static VkResult hear_inside(void *context, const char *command)
{
    struct heard *heard = context;
    (void)command;
    fake->device_lose(heard->device);
    (void)vk.GetFenceStatus(heard->device, heard->plain); // hears of it, and signals what is pending
    return VK_SUCCESS;
}

// REVIEW: heard of by somebody while a second write of the object is inside the driver.
static void lost_inside(void **state)
{
    const VkDevice first = world.device;
    VkFence one = imported(&object, 0, 3), two = imported(&object, 0, 4);
    struct heard heard = {first, fence_new()};
    (void)state;
    const VkDevice second = rig_device(&(struct rig_options){0});
    VkFence there = imported(&object, 0, 9);
    rig_use(first);
    fake->queue_hold(world.queue);
    assert_true(submits_by_gpu(world.queue, one));
    fake->on_call("vkQueueSubmit", hear_inside, &heard);
    assert_int_equal(submit(SUBMIT, two), LOST);
    fake->on_call("vkQueueSubmit", NULL, NULL);
    fence_free(one);
    fence_free(two);
    fence_free(heard.plain);
    vk.DestroyDevice(first, NULL);
    rig_use(second);
    assert_true(submits_by_gpu(world.queue, there));
    assert_int_equal(fence_wait(there, UINT64_MAX), VK_SUCCESS);
    fence_free(there);
}

// The submission that hears of it itself.
static void lost_by_submission(void **state)
{
    for (enum shape shape = SUBMIT; shape < SHAPES; shape++) {
        VkFence fence = imported(&object, 0, 6);
        fake->order(shape_commands[shape], 1, 1, LOST);
        assert_int_equal(submit(shape, fence), LOST);
        assert_int_equal(kernel_value(&object), 6);
        expect_lost(fence);
        fence_free(fence);
        assert_int_equal(route_teardown(state), 0);
        assert_int_equal(route_setup(state), 0);
    }
}

// ---- threads

enum { THREADS = 4, ROUNDS = 200 };

struct submitter {
    struct ntf_thread *thread;
    VkQueue queue;
    VkFence fence;
    unsigned failed;
};

static void submit_often(void *context)
{
    struct submitter *submitter = context;

    for (int i = 0; i < ROUNDS; i++) {
        submitter->failed += vk.QueueSubmit(submitter->queue, 0, NULL, submitter->fence) != VK_SUCCESS;
        submitter->failed += vk.WaitForFences(world.device, 1, &submitter->fence, VK_TRUE, UINT64_MAX) != VK_SUCCESS;
        submitter->failed += vk.ResetFences(world.device, 1, &submitter->fence) != VK_SUCCESS;
    }
}

// Two imports of one object on two queues: each wait comes back, and the object has risen once for each of the longest.
static void two_queues(void **state)
{
    struct submitter submitters[2];
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        submitters[i] = (struct submitter){.queue = rig_queue(i), .fence = imported(&object, 0, 1)};
        assert_int_equal(ntf_thread_start(&submitters[i].thread, "submitter", submit_often, &submitters[i]), NTF_OK);
    }
    for (uint32_t i = 0; i < 2; i++) {
        ntf_thread_join(submitters[i].thread);
        assert_int_equal(submitters[i].failed, 0);
        fence_free(submitters[i].fence);
    }
    assert_int_equal(vk.DeviceWaitIdle(world.device), VK_SUCCESS);
    assert_in_range(kernel_value(&object), ROUNDS, 2 * ROUNDS);
}

// Whoever comes first stays in the driver for a while, so that somebody else could get before him.
static VkResult linger(void *context, const char *command)
{
    ntf_au32 *lingered = context;
    const uint64_t end_ns = ntf_os_now_ns() + 50 * MS;

    if (!ntf_exchange(lingered, 1u, NTF_ACQ_REL))
        while (fake->inside(command) < 2 && ntf_os_now_ns() < end_ns)
            ;
    return VK_SUCCESS;
}

// A queue that needs no lock: counts and values rise all the same.
static void one_queue_of_many_threads(void **state)
{
    static const char *const extensions[] = {VK_KHR_EXTERNAL_FENCE_WIN32_EXTENSION_NAME,
                                             VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME,
                                             "VK_KHR_internally_synchronized_queues", NULL};
    static const struct {
        VkStructureType type;
        const void *next;
        VkBool32 on;
    } feature = {(VkStructureType)1000504000, NULL, VK_TRUE};
    const VkDeviceQueueInfo2 info = {.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_INFO_2, .flags = 0x4};
    struct submitter submitters[THREADS];
    struct kernel_fence objects[THREADS];
    ntf_au32 lingered;
    VkQueue queue;
    (void)state;
    ntf_init(&lingered, 0);
    rig_end();
    fake->extension("VK_KHR_internally_synchronized_queues", true);
    rig_device(&(struct rig_options){.extensions = extensions, .chain = &feature, .queue_flags = info.flags});
    assert_true(route_is_timeline());
    more.GetDeviceQueue2(world.device, &info, &queue);
    fake->on_call("vkQueueSubmit", linger, &lingered);
    for (int i = 0; i < THREADS; i++) {
        kernel_make(&objects[i], i % 2, false, 0);
        submitters[i] = (struct submitter){.queue = queue, .fence = imported(&objects[i], 0, 1)};
        assert_int_equal(ntf_thread_start(&submitters[i].thread, "submitter", submit_often, &submitters[i]), NTF_OK);
    }
    for (int i = 0; i < THREADS; i++) {
        ntf_thread_join(submitters[i].thread);
        assert_int_equal(submitters[i].failed, 0);
        assert_int_equal(kernel_value(&objects[i]), ROUNDS);
        fence_free(submitters[i].fence);
        kernel_destroy(&objects[i]);
    }
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        ROUTE_TEST(many_imports),     ROUTE_TEST(import_over_import),   ROUTE_TEST(destroyed_in_flight),
        ROUTE_TEST(raised_by_a_peer), ROUTE_TEST(in_turns_with_a_peer), ROUTE_TEST(device_destroyed),
        ROUTE_TEST(two_devices),      ROUTE_TEST(lost),                 ROUTE_TEST(lost_by_submission),
        ROUTE_TEST(two_queues), ROUTE_TEST(lost_inside), ROUTE_TEST(lost_then_destroyed),
        ROUTE_TEST(one_queue_of_many_threads),
    };
    const char *role = ntf_test_role(argc, argv);

    if (role)
        return raiser();
    return ntf_test_run("timeline-ends", tests, NTF_COUNT(tests), route_open, route_close);
}
