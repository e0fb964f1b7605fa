// SPDX-License-Identifier: Apache-2.0
/*
 * Two kinds of devices that have more of something: a group of two physical devices, whose fences are one payload for
 * all of them; and queues that several threads submit to without a lock (VK_KHR_internally_synchronized_queues).
 */
#include "rig.h"

#include <string.h>

#define INTERNALLY_SYNCHRONIZED_QUEUES "VK_KHR_internally_synchronized_queues"
#define INTERNALLY_SYNCHRONIZED_BIT 0x4u
#define INTERNALLY_SYNCHRONIZED_FEATURES ((VkStructureType)1000504000)

enum { THREADS = 8, ROUNDS = 60, BURST = 12 };

static int setup(void **state)
{
    (void)state;
    fake->restore();
    messages_clear();
    return 0;
}

// ---- a device group

static void group(void **state)
{
    const PFN_vkEnumeratePhysicalDeviceGroups enumerate = (PFN_vkEnumeratePhysicalDeviceGroups)vk.GetInstanceProcAddr(
        world.instance, "vkEnumeratePhysicalDeviceGroups");
    VkPhysicalDeviceGroupProperties properties = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_GROUP_PROPERTIES};
    uint32_t count = 1;
    (void)state;
    assert_in_range(enumerate(world.instance, &count, &properties), VK_SUCCESS, VK_INCOMPLETE);
    assert_int_equal(properties.physicalDeviceCount, 2);
    const VkDeviceGroupDeviceCreateInfo both = {.sType = VK_STRUCTURE_TYPE_DEVICE_GROUP_DEVICE_CREATE_INFO,
                                                .physicalDeviceCount = 2,
                                                .pPhysicalDevices = properties.physicalDevices};
    struct kernel_fence object;
    kernel_make(&object, true, false, 0);
    rig_device(&(struct rig_options){.chain = &both});
    VkFence fence = imported(&object, 0, 1), binary = exportable();
    for (uint32_t mask = 1; mask <= 3; mask++) {
        const VkDeviceGroupSubmitInfo masks = {.sType = VK_STRUCTURE_TYPE_DEVICE_GROUP_SUBMIT_INFO,
                                               .commandBufferCount = 1, .pCommandBufferDeviceMasks = &mask};
        const VkSubmitInfo info = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO, .pNext = &masks};
        struct fake_call call;
        fake->queue_hold(world.queue);
        assert_int_equal(vk.QueueSubmit(world.queue, 1, &info, fence), VK_SUCCESS);
        expect_pooled("vkQueueSubmit", fence);
        assert_true(fake->last("vkQueueSubmit", &call));
        assert_int_equal(call.type_count, 1);
        assert_int_equal(call.types[0], VK_STRUCTURE_TYPE_DEVICE_GROUP_SUBMIT_INFO);
        assert_int_equal(vk.QueueSubmit(world.queue, 1, &info, binary), VK_SUCCESS);
        fence_expect(fence, false);
        fence_expect(binary, false);
        fake->queue_release(world.queue);
        assert_int_equal(fence_wait(binary, UINT64_MAX), VK_SUCCESS);
        assert_int_equal(kernel_value(&object), mask);
        fence_expect(fence, true);
        fence_reset(fence);
        fence_reset(binary);
    }
    VkSwapchainKHR swapchain = swapchain_new();
    uint32_t index;
    const VkAcquireNextImageInfoKHR info = {.sType = VK_STRUCTURE_TYPE_ACQUIRE_NEXT_IMAGE_INFO_KHR,
                                            .swapchain = swapchain, .timeout = UINT64_MAX, .fence = fence,
                                            .deviceMask = 3};
    assert_int_equal(vk.AcquireNextImage2KHR(world.device, &info, &index), VK_SUCCESS);
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    assert_int_equal(kernel_value(&object), 3);
    swapchain_free(swapchain);
    fence_free(binary);
    fence_free(fence);
    kernel_destroy(&object);
}

// ---- internally synchronised queues

static VkQueue shared_queue(void)
{
    static const struct {
        VkStructureType type;
        const void *next;
        VkBool32 on;
    } features = {INTERNALLY_SYNCHRONIZED_FEATURES, NULL, VK_TRUE};
    static const char *const extensions[] = {VK_KHR_EXTERNAL_FENCE_WIN32_EXTENSION_NAME,
                                             VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME,
                                             VK_KHR_SYNCHRONIZATION_2_EXTENSION_NAME, INTERNALLY_SYNCHRONIZED_QUEUES,
                                             NULL};
    const VkDeviceQueueInfo2 info = {.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_INFO_2,
                                     .flags = INTERNALLY_SYNCHRONIZED_BIT};
    VkQueue queue;
    rig_device(&(struct rig_options){
        .extensions = extensions, .chain = &features, .queue_flags = INTERNALLY_SYNCHRONIZED_BIT});
    more.GetDeviceQueue2(world.device, &info, &queue);
    assert_non_null(queue);
    return queue;
}

static struct submitter {
    struct ntf_thread *thread;
    VkQueue queue;
    struct kernel_fence object;
    VkFence fences[BURST]; // of the values 1, 2, ...
    unsigned rounds, index;
    bool waits; // with the first of them, over and over
    VkResult result;
} submitters[THREADS];
static ntf_au32 started;

// All begin at once.
static void line_up(void)
{
    ntf_fetch_add(&started, 1, NTF_SEQ_CST);
    while (ntf_load(&started, NTF_ACQUIRE) < THREADS)
        ;
}

static VkResult one_round(struct submitter *s, unsigned round)
{
    const VkFence fence = s->fences[s->waits ? 0 : round];
    VkResult result;

    if ((round + s->index) % 2)
        result = vk.QueueSubmit(s->queue, 0, NULL, fence);
    else
        result = vk.QueueSubmit2(s->queue, 0, NULL, fence);
    if (result == VK_SUCCESS && s->waits)
        result = vk.WaitForFences(world.device, 1, &fence, VK_TRUE, UINT64_MAX);
    if (result == VK_SUCCESS && s->waits)
        result = vk.ResetFences(world.device, 1, &fence);
    return result;
}

static void submitter_body(void *context)
{
    struct submitter *s = context;

    line_up();
    for (unsigned round = 0; round < s->rounds && s->result == VK_SUCCESS; round++)
        s->result = one_round(s, round);
}

static void run_submitters(VkQueue queue, unsigned rounds, bool waits)
{
    ntf_store(&started, 0, NTF_SEQ_CST);
    for (unsigned i = 0; i < THREADS; i++) {
        struct submitter *s = &submitters[i];
        s->queue = queue;
        s->rounds = rounds;
        s->index = i;
        s->waits = waits;
        s->result = VK_SUCCESS;
        assert_int_equal(ntf_thread_start(&s->thread, "test-submitter", submitter_body, s), NTF_OK);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        ntf_thread_join(submitters[i].thread);
        assert_int_equal(submitters[i].result, VK_SUCCESS);
    }
}

static void make_fences(void)
{
    for (unsigned i = 0; i < THREADS; i++) {
        kernel_make(&submitters[i].object, i % 2, false, 0);
        for (unsigned k = 0; k < BURST; k++)
            submitters[i].fences[k] = imported(&submitters[i].object, 0, k + 1);
    }
}

static void free_fences(void)
{
    for (unsigned i = 0; i < THREADS; i++) {
        for (unsigned k = 0; k < BURST; k++)
            fence_free(submitters[i].fences[k]);
        kernel_destroy(&submitters[i].object);
    }
}

static void all_delivered(void **state)
{
    VkQueue queue;
    (void)state;
    fake->extension(INTERNALLY_SYNCHRONIZED_QUEUES, true);
    queue = shared_queue();
    make_fences();
    run_submitters(queue, ROUNDS, true);
    assert_int_equal(vk.QueueWaitIdle(queue), VK_SUCCESS);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(kernel_value(&submitters[i].object), ROUNDS);
    free_fences();
}

static uint64_t signalled(void)
{
    uint64_t count = 0;

    for (unsigned i = 0; i < THREADS; i++)
        count += kernel_value(&submitters[i].object);
    return count;
}

// The layer knows them in the order in which the driver has them: as each is over, its object is signalled, without
// anybody having asked, and no other. A record in the wrong place would wait for a later one.
static void in_order(void **state)
{
    VkQueue queue;
    (void)state;
    fake->extension(INTERNALLY_SYNCHRONIZED_QUEUES, true);
    queue = shared_queue();
    for (int round = 0; round < 10; round++) {
        make_fences();
        fake->queue_hold(queue);
        run_submitters(queue, BURST, false);
        assert_int_equal(fake->queue_pending(queue), THREADS * BURST);
        for (unsigned over = 1; over <= THREADS * BURST; over++) {
            fake->queue_step(queue, 1);
            while (signalled() < over)
                ;
            assert_int_equal(signalled(), over);
        }
        fake->queue_release(queue);
        free_fences();
    }
}

int main(int argc, char **argv)
{
#define GROUP_TEST(f) cmocka_unit_test_setup_teardown(f, setup, rig_teardown)
    static const struct CMUnitTest tests[] = {GROUP_TEST(group), GROUP_TEST(all_delivered), GROUP_TEST(in_order)};
    (void)argc, (void)argv;
    return ntf_test_run("commands-groups", tests, NTF_COUNT(tests), rig_open, rig_close);
}
