// SPDX-License-Identifier: Apache-2.0
#include "route.h"

#include <string.h>

struct kernel_fence object;
static VkDebugUtilsMessengerEXT informant;

// ---- groups and tests

static void informant_open(void)
{
    const VkDebugUtilsMessengerCreateInfoEXT info = {
        .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
        .messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_INFO_BIT_EXT,
        .messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_GENERAL_BIT_EXT,
        .pfnUserCallback = messages_take};

    assert_int_equal(vk.CreateDebugUtilsMessengerEXT(world.instance, &info, NULL, &informant), VK_SUCCESS);
}

void route_instance(void)
{
    rig_instance();
    informant_open();
}

void route_instance_close(void)
{
    vk.DestroyDebugUtilsMessengerEXT(world.instance, informant, NULL);
    rig_instance_close();
}

int route_open(void **state)
{
    const int result = rig_open(state);
    informant_open();
    return result;
}

int route_close(void **state)
{
    (void)state;
    route_instance_close();
    kernel_close();
    return 0;
}

int route_setup(void **state)
{
    (void)state;
    fake->restore();
    fake->extension(SEMAPHORE_WIN32, true);
    messages_clear();
    rig_device(&(struct rig_options){0});
    fake->calls_clear();
    kernel_make(&object, true, true, 0);
    assert_true(route_is_timeline());
    return 0;
}

int route_teardown(void **state)
{
    kernel_destroy(&object);
    return rig_teardown(state);
}

bool route_is_timeline(void)
{
    const char *line = messages_last(ROUTE_MESSAGE);
    assert_non_null(strstr(line, "queue signals go by the "));
    return strstr(line, "by the timeline route: ") != NULL;
}

// ---- submissions

const char *const shape_commands[SHAPES] = {"vkQueueSubmit", "vkQueueSubmit2", "vkQueueSubmit2KHR",
                                            "vkQueueBindSparse"};

enum { BATCHES_MAX = 16 };

VkResult submit_chain(enum shape shape, VkQueue queue, uint32_t count, const void *chain, VkFence fence)
{
    const VkSubmitInfo one = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO, .pNext = chain};
    const VkSubmitInfo2 two = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2, .pNext = chain};
    const VkBindSparseInfo sparse = {.sType = VK_STRUCTURE_TYPE_BIND_SPARSE_INFO, .pNext = chain};
    VkSubmitInfo ones[BATCHES_MAX];
    VkSubmitInfo2 twos[BATCHES_MAX];
    VkBindSparseInfo sparses[BATCHES_MAX];

    assert_in_range(count, 0, BATCHES_MAX);
    for (uint32_t i = 0; i < count; i++) {
        ones[i] = one;
        twos[i] = two;
        sparses[i] = sparse;
    }
    switch (shape) {
    case SUBMIT: return vk.QueueSubmit(queue, count, ones, fence);
    case SUBMIT2: return vk.QueueSubmit2(queue, count, twos, fence);
    case SUBMIT2_KHR: return vk.QueueSubmit2KHR(queue, count, twos, fence);
    default: return vk.QueueBindSparse(queue, count, sparses, fence);
    }
}

VkResult submit(enum shape shape, VkFence fence)
{
    return submit_chain(shape, world.queue, 0, NULL, fence);
}

bool by_gpu(enum shape shape, uint32_t count)
{
    struct fake_call call;

    assert_true(fake->last(shape_commands[shape], &call));
    // Either a fence and the application's batches, or none and one more.
    assert_int_equal(call.batch_count, count + (call.fence ? 0 : 2));
    return !call.fence;
}

bool submits_by_gpu(VkQueue queue, VkFence fence)
{
    assert_int_equal(submit_chain(SUBMIT, queue, 0, NULL, fence), VK_SUCCESS);
    return by_gpu(SUBMIT, 0);
}

unsigned semaphores_live(void)
{
    return fake->calls("vkCreateSemaphore") - fake->calls("vkDestroySemaphore");
}
