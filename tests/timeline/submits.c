// SPDX-License-Identifier: Apache-2.0
/*
 * Submissions with an imported value that the GPU signals: what goes down, what an error leaves, which submissions go
 * by the bridge all the same, and that the lower chain has seen the end before the application is told.
 */
#include "route.h"

#include <string.h>

#include "kmt/thunks.h"

#define LEAP UINT64_C(0x7FFFFFFF) // the least maxTimelineSemaphoreValueDifference

static unsigned counter_calls(void)
{
    return fake->calls("vkGetSemaphoreCounterValue");
}

// ---- what goes down

// The application's batches with their chains, then one of ours; no fence, no thread that waits for one.
static void unchanged(void **state)
{
    static const uint32_t counts[] = {0, 1, 3, 8, 9, 10};
    VkPhysicalDeviceIDProperties last = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES};
    const VkDeviceGroupSubmitInfo first = {.sType = VK_STRUCTURE_TYPE_DEVICE_GROUP_SUBMIT_INFO, .pNext = &last};
    VkFence fence = imported(&object, 0, 1);
    (void)state;
    for (size_t i = 0; i < SPARSE * NTF_COUNT(counts); i++) {
        const enum shape shape = i % SPARSE;
        const uint32_t count = counts[i / SPARSE], ours = shape == SUBMIT ? 2 : 0;
        struct fake_call call;
        fake->queue_hold(world.queue);
        assert_int_equal(submit_chain(shape, world.queue, count, &first, fence), VK_SUCCESS);
        assert_true(by_gpu(shape, count));
        assert_true(fake->last(shape_commands[shape], &call));
        assert_ptr_equal(call.queue, world.queue);
        assert_int_equal(call.type_count, 2 * count + ours);
        for (uint32_t k = 0; k < count; k++) {
            assert_int_equal(call.types[2 * k], first.sType);
            assert_int_equal(call.types[2 * k + 1], last.sType);
        }
        for (uint32_t k = 0; k < ours; k++)
            assert_int_equal(call.types[2 * count + k], VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO);
        fence_expect(fence, false);
        assert_int_equal(kernel_value(&object), i);
        fake->queue_release(world.queue);
        assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
        assert_int_equal(kernel_value(&object), i + 1);
        fence_expect(fence, true);
        fence_reset(fence);
        fence_expect(fence, false);
    }
    assert_int_equal(fake->calls("vkWaitForFences"), 0);
    fence_free(fence);
}

// Peers see them one after the other, in the queue's order; the last of a queue says nothing of another.
static void in_order(void **state)
{
    VkFence fences[3];
    (void)state;
    fake->queue_hold(world.queue);
    for (uint32_t i = 0; i < 3; i++) {
        fences[i] = imported(&object, i % 2 ? VK_FENCE_IMPORT_TEMPORARY_BIT : 0, i + 1);
        assert_true(submits_by_gpu(world.queue, fences[i]));
    }
    for (uint32_t i = 0; i < 3; i++) {
        fake->queue_step(world.queue, 1);
        kernel_wait(&object, i + 1);
        assert_int_equal(kernel_value(&object), i + 1);
        fence_expect(fences[i], true);
        if (i < 2)
            fence_expect(fences[i + 1], false);
    }
    for (int i = 0; i < 3; i++)
        fence_free(fences[i]);
}

// An error promises that nothing has happened: the next one has the same target, and goes the same way.
static void refused(void **state)
{
    static const VkResult results[] = {VK_ERROR_OUT_OF_HOST_MEMORY, VK_ERROR_OUT_OF_DEVICE_MEMORY};
    VkFence fence = imported(&object, 0, 1);
    (void)state;
    for (size_t i = 0; i < 2 * SHAPES; i++) {
        fake->order(shape_commands[i / 2], 1, 1, results[i % 2]);
        assert_int_equal(submit_chain(i / 2, world.queue, i % 3, NULL, fence), results[i % 2]);
        fence_expect(fence, false);
        assert_int_equal(kernel_value(&object), i);
        assert_int_equal(submit(i / 2, fence), VK_SUCCESS);
        assert_int_equal(by_gpu(i / 2, 0), i / 2 != SPARSE);
        assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
        assert_int_equal(kernel_value(&object), i + 1);
        fence_reset(fence);
    }
    // Also behind one that is pending.
    fake->queue_hold(world.queue);
    VkFence later = imported(&object, 0, 100);
    assert_true(submits_by_gpu(world.queue, fence));
    fake->order("vkQueueSubmit", 1, 1, results[0]);
    assert_int_equal(submit(SUBMIT, later), results[0]);
    assert_false(submits_by_gpu(rig_queue(1), later)); // the first is pending still, elsewhere
    fake->queue_release(world.queue);
    assert_int_equal(fence_wait(later, UINT64_MAX), VK_SUCCESS);
    assert_int_equal(vk.DeviceWaitIdle(world.device), VK_SUCCESS);
    fence_free(fence); // which lets go of what is over
    // What another queue has refused is pending nowhere.
    fence_reset(later);
    fake->order("vkQueueSubmit", 1, 1, results[0]);
    assert_int_equal(submit_chain(SUBMIT, rig_queue(1), 0, NULL, later), results[0]);
    assert_true(submits_by_gpu(world.queue, later));
    assert_int_equal(fence_wait(later, UINT64_MAX), VK_SUCCESS);
    fence_free(later);
}

// Memory of the application's, in an array behind which nothing may be read or written.
static void application_memory(void **state)
{
    VkSubmitInfo infos[3], before[3];
    VkFence fence = imported(&object, 0, 1);
    (void)state;
    for (int i = 0; i < 3; i++)
        infos[i] = (VkSubmitInfo){.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO};
    memcpy(before, infos, sizeof infos);
    assert_int_equal(vk.QueueSubmit(world.queue, 3, infos, fence), VK_SUCCESS);
    assert_true(by_gpu(SUBMIT, 3));
    assert_memory_equal(infos, before, sizeof infos);
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    fence_free(fence);
}

// ---- values rise strictly

static void at_or_above_it(void **state)
{
    VkFence fence = imported(&object, 0, 5);
    (void)state;
    kernel_signal(&object, 5);
    assert_false(submits_by_gpu(world.queue, fence));
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    kernel_signal(&object, 9);
    assert_int_equal(vk.QueueWaitIdle(world.queue), VK_SUCCESS);
    assert_false(submits_by_gpu(world.queue, fence));
    assert_int_equal(vk.QueueWaitIdle(world.queue), VK_SUCCESS);
    fence_expect(fence, true);
    assert_int_equal(kernel_value(&object), 9);
    fence_reset(fence);
    assert_true(submits_by_gpu(world.queue, fence));
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    assert_int_equal(kernel_value(&object), 10);
    fence_free(fence);
}

// Imports of one object: nothing at or below what is on its way, by either route.
static void pending_values(void **state)
{
    VkFence five = imported(&object, 0, 5), same = imported(&object, 0, 5), three = imported(&object, 0, 3),
            six = imported(&object, 0, 6), seven = imported(&object, VK_FENCE_IMPORT_TEMPORARY_BIT, 7),
            seven_too = imported(&object, 0, 7);
    const VkFence all[] = {five, same, three, six, seven, seven_too};
    (void)state;
    fake->queue_hold(world.queue);
    assert_true(submits_by_gpu(world.queue, five));
    assert_false(submits_by_gpu(world.queue, same));
    assert_false(submits_by_gpu(world.queue, three));
    assert_true(submits_by_gpu(world.queue, six));
    // In no order with what is pending there; and once the bridge has it, the GPU shall not write it again.
    assert_false(submits_by_gpu(rig_queue(1), seven));
    assert_false(submits_by_gpu(world.queue, seven_too));
    assert_int_equal(fence_wait(seven, UINT64_MAX), VK_SUCCESS);
    assert_int_equal(kernel_value(&object), 7);
    fake->queue_release(world.queue);
    assert_int_equal(wait_for(6, all, VK_TRUE, UINT64_MAX), VK_SUCCESS);
    assert_int_equal(vk.DeviceWaitIdle(world.device), VK_SUCCESS);
    assert_int_equal(kernel_value(&object), 7);
    for (size_t i = 0; i < NTF_COUNT(all); i++)
        fence_free(all[i]);
}

// Another queue may go on when it is over, whether anybody has asked or not.
static void from_queue_to_queue(void **state)
{
    VkFence fence = imported(&object, 0, 1);
    (void)state;
    for (uint32_t i = 0; i < 20; i++) {
        assert_true(submits_by_gpu(rig_queue(i / 2 % 2), fence));
        assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
        while (fake->queue_pending(VK_NULL_HANDLE))
            ;
        fence_reset(fence);
    }
    assert_int_equal(kernel_value(&object), 20);
    fence_free(fence);
}

// What a driver need not take at once.
static void too_far(void **state)
{
    static const struct {
        uint64_t target;
        bool gpu;
    } steps[] = {{LEAP, true}, {2 * LEAP + 1, false}, {3 * LEAP + 1, true}, {UINT64_MAX - 1, false},
                 {UINT64_MAX, false}};
    (void)state;
    for (size_t i = 0; i < NTF_COUNT(steps); i++) {
        VkFence fence = imported(&object, 0, steps[i].target);
        assert_true(submits_by_gpu(world.queue, fence) == steps[i].gpu);
        assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
        assert_int_equal(kernel_value(&object), steps[i].target);
        fence_free(fence);
    }
}

// ---- the lower chain has seen it

enum way { WAIT_ALL, WAIT_ANY, WAIT_ONE, WAIT_MIXED, STATUS, WAYS };

static void learn(enum way way, VkFence fence, VkFence other)
{
    const VkFence both[] = {other, fence}, twice[] = {fence, fence};

    switch (way) {
    case WAIT_ALL: assert_int_equal(wait_for(2, twice, VK_TRUE, UINT64_MAX), VK_SUCCESS); break;
    case WAIT_ANY: assert_int_equal(wait_for(2, both, VK_FALSE, UINT64_MAX), VK_SUCCESS); break;
    case WAIT_ONE: assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS); break;
    case WAIT_MIXED: assert_int_equal(wait_for(2, both, VK_FALSE, UINT64_MAX), VK_SUCCESS); break;
    default:
        while (fence_status(fence) == VK_NOT_READY)
            ;
        break;
    }
}

// Once for each, and not again.
static void seen_below(void **state)
{
    VkFence fence = imported(&object, 0, 1), never = imported(&object, 0, 1000), plain = fence_new();
    (void)state;
    for (int i = 0; i < 2 * WAYS; i++) {
        const enum way way = i % WAYS;
        fake->queue_hold(world.queue);
        assert_true(submits_by_gpu(world.queue, fence));
        if (i < WAYS) { // over before anybody looks; else perhaps not
            fake->queue_release(world.queue);
            while (fake->queue_pending(world.queue))
                ;
        }
        const unsigned before = counter_calls();
        fake->queue_release(world.queue);
        learn(way, fence, way == WAIT_MIXED ? plain : never);
        assert_in_range(counter_calls(), before + 1, UINT32_MAX);
        fence_reset(fence);
    }
    // The watcher may ask of its own accord, but not that often.
    assert_true(submits_by_gpu(world.queue, fence));
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    const unsigned before = counter_calls();
    for (int i = 0; i < 1000; i++)
        assert_int_equal(fence_status(fence), VK_SUCCESS);
    assert_in_range(counter_calls(), before, before + 100);
    fence_free(plain);
    fence_free(never);
    fence_free(fence);
}

// A lower chain that does not answer is no reason to keep anybody waiting.
static void unseen(void **state)
{
    VkFence fence = imported(&object, 0, 1);
    (void)state;
    fake->order("vkGetSemaphoreCounterValue", 1, FAKE_ALWAYS, VK_ERROR_OUT_OF_HOST_MEMORY);
    for (uint64_t i = 1; i <= 5; i++) {
        assert_true(submits_by_gpu(world.queue, fence));
        assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
        assert_int_equal(kernel_value(&object), i);
        fence_reset(fence);
    }
    assert_false(submits_by_gpu(rig_queue(1), fence)); // nobody knows that the last one is over
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    fake->order_nothing();
    fence_reset(fence);
    assert_true(submits_by_gpu(rig_queue(1), fence));
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    fence_free(fence);
}

// ---- which payloads

// Our own kind has no value to write, and the presentation engine knows no semaphore of ours.
static void by_the_bridge(void **state)
{
    VkFence binary = exportable(), plain = fence_new(), fence = imported(&object, 0, 1);
    VkSwapchainKHR swapchain = swapchain_new();
    struct fake_call call;
    (void)state;
    assert_false(submits_by_gpu(world.queue, binary));
    assert_int_equal(fence_wait(binary, UINT64_MAX), VK_SUCCESS);
    assert_false(submits_by_gpu(world.queue, plain));
    EXPECT_OWN("vkQueueSubmit", plain);
    assert_int_equal(fence_wait(plain, UINT64_MAX), VK_SUCCESS);
    assert_int_equal(present(swapchain, fence), VK_SUCCESS);
    expect_pooled("vkQueuePresentKHR", fence);
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    assert_int_equal(kernel_value(&object), 1);
    fence_reset(fence);
    // A target that a present will have written is not the GPU's any more.
    fake->present_hold(swapchain);
    VkFence same = imported(&object, 0, 2);
    assert_int_equal(present(swapchain, fence), VK_SUCCESS);
    assert_false(submits_by_gpu(rig_queue(1), same));
    fake->present_release(swapchain);
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    assert_int_equal(fence_wait(same, UINT64_MAX), VK_SUCCESS);
    fence_free(same);
    fence_reset(fence);
    assert_int_equal(acquire(swapchain, fence, false), VK_SUCCESS);
    expect_pooled("vkAcquireNextImageKHR", fence);
    assert_true(fake->last("vkAcquireNextImageKHR", &call));
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    assert_int_equal(kernel_value(&object), 2);
    fence_reset(fence); // restores the import
    assert_true(submits_by_gpu(world.queue, fence));
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    swapchain_free(swapchain);
    fence_free(fence);
    fence_free(plain);
    fence_free(binary);
}

static void by_name(void **state)
{
    VkFence fence = fence_new();
    (void)state;
    assert_int_equal(import_by_name(fence, object.name, 0, 1), VK_SUCCESS);
    assert_true(submits_by_gpu(world.queue, fence));
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    assert_int_equal(kernel_value(&object), 1);
    fence_free(fence);
}

// Somebody's fence that is shared by a number: no handle of it can be had, which is said.
static void by_number(void **state)
{
    char path[1024];
    struct ntf_kmt_thunks calls;
    D3DKMT_ADAPTERINFO infos[16] = {{0}};
    D3DKMT_ENUMADAPTERS2 list = {.NumAdapters = 16, .pAdapters = infos};
    D3DKMT_CREATEDEVICE device = {0};
    D3DKMT_CREATESYNCHRONIZATIONOBJECT2 create = {.Info = {.Type = D3DDDI_MONITORED_FENCE, .Flags = NTF_SYNC_SHARED}};
    VkFence fence = fence_new();
    (void)state;
    assert_in_range(ntf_os_getenv("NTFENCE_D3DKMT", path, sizeof path), 1, sizeof path - 1);
    struct ntf_library *library = ntf_library_open_path(path);
    assert_non_null(library);
#define RESOLVE(Name, params, args, need)                                                                              \
    {                                                                                                                  \
        void (*symbol)(void) = ntf_library_symbol(library, "D3DKMT" #Name);                                            \
        memcpy(&calls.Name, &symbol, sizeof symbol);                                                                   \
    }
    NTF_KMT_THUNKS(RESOLVE)
#undef RESOLVE
    assert_int_equal(calls.EnumAdapters2(&list), NTF_STATUS_SUCCESS);
    device.hAdapter = infos[0].hAdapter;
    assert_int_equal(calls.CreateDevice(&device), NTF_STATUS_SUCCESS);
    create.hDevice = device.hDevice;
    assert_int_equal(calls.CreateSynchronizationObject2(&create), NTF_STATUS_SUCCESS);
    const uint64_t *value = create.Info.MonitoredFence.FenceValueCPUVirtualAddress;
    const NtfenceImportValueInfo target = {.sType = NTFENCE_STRUCTURE_TYPE_IMPORT_VALUE_INFO, .waitValue = 4};
    const VkImportFenceWin32HandleInfoKHR info = {
        .sType = VK_STRUCTURE_TYPE_IMPORT_FENCE_WIN32_HANDLE_INFO_KHR, .pNext = &target, .fence = fence,
        .handleType = VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_KMT_BIT,
        .handle = (HANDLE)(uintptr_t)create.Info.SharedHandle};
    messages_clear();
    assert_int_equal(vk.ImportFenceWin32HandleKHR(world.device, &info), VK_SUCCESS);
    assert_int_equal(messages_of(ROUTE_MESSAGE), 1);
    assert_false(submits_by_gpu(world.queue, fence));
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    assert_int_equal(*value, 4);
    fence_free(fence);
    calls.DestroySynchronizationObject(&(D3DKMT_DESTROYSYNCHRONIZATIONOBJECT){create.hSyncObject});
    calls.DestroyDevice(&(D3DKMT_DESTROYDEVICE){device.hDevice});
    ntf_library_close(library);
}

// An import that the driver does not take is one all the same; that import alone goes by the bridge.
static void not_taken(void **state)
{
    static const char *const commands[] = {"vkCreateSemaphore", "vkImportSemaphoreWin32HandleKHR"};
    VkFence others = imported(&object, 0, 50);
    (void)state;
    for (size_t i = 0; i < NTF_COUNT(commands); i++) {
        VkFence fence = fence_new();
        messages_clear();
        fake->calls_clear();
        fake->order(commands[i], 1, 1, VK_ERROR_OUT_OF_DEVICE_MEMORY);
        assert_int_equal(import_by_handle(fence, object.handle, 0, i + 1), VK_SUCCESS);
        assert_int_equal(fake->calls(commands[i]), 1);
        assert_int_equal(messages_of(ROUTE_MESSAGE), 1);
        assert_false(submits_by_gpu(world.queue, fence));
        assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
        assert_int_equal(kernel_value(&object), i + 1);
        fence_free(fence);
        assert_int_equal(fake->calls("vkCreateSemaphore"), 1);
        assert_int_equal(fake->calls("vkDestroySemaphore"), i);
    }
    assert_true(submits_by_gpu(world.queue, others));
    assert_int_equal(fence_wait(others, UINT64_MAX), VK_SUCCESS);
    fence_free(others);
}

// The queue's own semaphore is not to be had: that submission goes by the bridge, the next one tries again.
static void no_count(void **state)
{
    VkFence fence = imported(&object, 0, 1);
    (void)state;
    fake->order("vkCreateSemaphore", 1, 1, VK_ERROR_OUT_OF_HOST_MEMORY);
    assert_false(submits_by_gpu(world.queue, fence));
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    fence_reset(fence);
    assert_true(submits_by_gpu(world.queue, fence));
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    assert_int_equal(kernel_value(&object), 2);
    fence_free(fence);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        ROUTE_TEST(unchanged),      ROUTE_TEST(in_order),   ROUTE_TEST(refused),
        ROUTE_TEST(application_memory), ROUTE_TEST(at_or_above_it), ROUTE_TEST(pending_values),
        ROUTE_TEST(from_queue_to_queue), ROUTE_TEST(too_far), ROUTE_TEST(seen_below),
        ROUTE_TEST(unseen),         ROUTE_TEST(by_the_bridge), ROUTE_TEST(by_name),
        ROUTE_TEST(by_number),      ROUTE_TEST(not_taken),  ROUTE_TEST(no_count),
    };
    (void)argc, (void)argv;
    return ntf_test_run("timeline-submits", tests, NTF_COUNT(tests), route_open, route_close);
}
