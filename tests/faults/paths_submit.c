// SPDX-License-Identifier: Apache-2.0
// Submissions, their delivery, resets, and the end of fences and devices.
#include "paths.h"

static struct kernel_fence object;
static VkFence fence, plain;

void submit_arrange(void)
{
    kernel_make(&object, true, false, 0);
    fence = fence_new();
    CHECK(import_by_handle(fence, object.handle, 0, 1) == VK_SUCCESS);
}

VkResult submit_act(void)
{
    return vk.QueueSubmit(world.queue, 0, NULL, fence);
}

// Nothing has been submitted, and nothing will come of it.
void submit_refused(void)
{
    CHECK(vk.QueueWaitIdle(world.queue) == VK_SUCCESS);
    fence_expect(fence, false);
    CHECK(kernel_value(&object) == 0);
}

void submit_done(VkResult result)
{
    CHECK(result == VK_SUCCESS);
    // A peer in the kernel's wait needs no help.
    kernel_wait(&object, 1);
    CHECK(fence_wait(fence, UINT64_MAX) == VK_SUCCESS);
    CHECK(kernel_value(&object) == 1);
    fence_expect(fence, true);
}

void submit_tidy(void)
{
    fence_free(fence);
    kernel_destroy(&object);
}

// ---- delivery: the queue is held up while calls fail

void pull_arrange(void)
{
    submit_arrange();
    stuck_begin();
    fence_submit(fence);
}

VkResult pull_act(void)
{
    const VkResult result = fence_status(fence);
    CHECK(result != VK_SUCCESS);
    CHECK(fence_wait(fence, 0) == VK_TIMEOUT);
    CHECK(kernel_value(&object) == 0);
    return result;
}

void pull_done(VkResult result)
{
    CHECK(result == VK_NOT_READY);
    stuck_release();
    submit_done(VK_SUCCESS);
    stuck_end();
}

// The lane's thread meets the failure.
VkResult lane_act(void)
{
    stuck_begin();
    fence_submit(fence);
    // Its first call has been made, or will be; none of them may deliver.
    for (int i = 0; i < 20 && !faults_fired(); i++)
        os_sleep_ms(1);
    os_sleep_ms(1);
    CHECK(kernel_value(&object) == 0);
    CHECK(fence_status(fence) == VK_NOT_READY);
    stuck_release();
    kernel_wait(&object, 1);
    return VK_SUCCESS;
}

void lane_done(VkResult result)
{
    submit_done(result);
    stuck_end();
}

// ---- reset

void reset_arrange(void)
{
    submit_arrange();
    plain = fence_new_signalled();
    kernel_signal(&object, 1);
    fence_expect(fence, true);
    fence_expect(plain, true);
}

VkResult reset_act(void)
{
    const VkFence both[] = {fence, plain};
    return vk.ResetFences(world.device, 2, both);
}

void reset_refused(void)
{
    fence_expect(fence, true);
    fence_expect(plain, true);
}

void reset_done(VkResult result)
{
    CHECK(result == VK_SUCCESS);
    fence_expect(fence, false);
    fence_expect(plain, false);
    kernel_signal(&object, 2);
    fence_expect(fence, true);
}

void reset_tidy(void)
{
    fence_free(plain);
    submit_tidy();
}

// ---- the end

void destroy_arrange(void)
{
    submit_arrange();
    fence_submit(fence);
    kernel_wait(&object, 1);
    kernel_destroy(&object); // the last to hold it is the fence
}

VkResult destroy_act(void)
{
    fence_free(fence);
    return VK_SUCCESS;
}

VkResult destroy_device_act(void)
{
    // The fence is the driver's to leak, but what we have for it goes.
    fence_free(fence);
    CHECK(vk.DeviceWaitIdle(world.device) == VK_SUCCESS);
    vk.DestroyDevice(world.device, NULL);
    world.device = VK_NULL_HANDLE;
    return VK_SUCCESS;
}

void destroy_done(VkResult result)
{
    CHECK(result == VK_SUCCESS);
}
