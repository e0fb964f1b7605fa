// SPDX-License-Identifier: Apache-2.0
/*
 * The fake driver on trial: that it does what Vulkan says, and that its judge sees every kind of breach, so that a run
 * without violations means something.
 */
#include "self.h"

#include <stdlib.h>
#include <string.h>

const struct fake *fake;
struct more more;

void more_use(VkDevice device)
{
#define FETCH(Name) more.Name = (PFN_vk##Name)vk.GetDeviceProcAddr(device, "vk" #Name);
    MORE_COMMANDS(FETCH)
#undef FETCH
    device_use(device);
}

VkDevice open_device(const char *const *extensions)
{
    static const float priorities[] = {1, 1};
    const VkDeviceQueueCreateInfo queues[] = {
        {.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO, .queueFamilyIndex = 0, .queueCount = 2,
         .pQueuePriorities = priorities},
        {.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO, .queueFamilyIndex = 1, .queueCount = 1,
         .pQueuePriorities = priorities}};
    VkPhysicalDeviceTimelineSemaphoreFeatures timeline = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES, .timelineSemaphore = VK_TRUE};
    VkPhysicalDeviceSynchronization2Features synchronization2 = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SYNCHRONIZATION_2_FEATURES, .pNext = &timeline,
        .synchronization2 = VK_TRUE};
    VkDeviceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
                               .pNext = &synchronization2,
                               .queueCreateInfoCount = 2,
                               .pQueueCreateInfos = queues,
                               .ppEnabledExtensionNames = extensions};
    VkDevice device;
    while (extensions[info.enabledExtensionCount])
        info.enabledExtensionCount++;
    assert_int_equal(vk.CreateDevice(world.physical, &info, NULL, &device), VK_SUCCESS);
    return device;
}

void expect(const char *word, unsigned count)
{
    if (fake->violations_of(word) != count || fake->violations() != count)
        fail_msg("%u violations, %u of them %s, not %u; the first: %s", fake->violations(), fake->violations_of(word),
                 word, count, fake->violation(0) ? fake->violation(0) : "none");
    fake->violations_clear();
}

static void other_body(void *context)
{
    struct other *other = context;
    other->body(other);
}

void other_start(struct other *other)
{
    assert_int_equal(ntf_thread_start(&other->thread, "other", other_body, other), NTF_OK);
}

void other_end(struct other *other)
{
    ntf_thread_join(other->thread);
}

void other_waits(struct other *other)
{
    other->result = vk.WaitForFences(world.device, 1, &other->fence, VK_TRUE, UINT64_MAX);
}

VkSemaphore semaphore_new(bool timeline, uint64_t initial)
{
    const VkSemaphoreTypeCreateInfo type = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
                                            .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE,
                                            .initialValue = initial};
    const VkSemaphoreCreateInfo info = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO,
                                        .pNext = timeline ? &type : NULL};
    VkSemaphore semaphore;
    assert_int_equal(more.CreateSemaphore(world.device, &info, NULL, &semaphore), VK_SUCCESS);
    return semaphore;
}

void semaphore_free(VkSemaphore semaphore)
{
    more.DestroySemaphore(world.device, semaphore, NULL);
}

VkResult submit(VkQueue queue, VkSemaphore wait, uint64_t wait_value, VkSemaphore signal, uint64_t signal_value,
                VkFence fence)
{
    const VkPipelineStageFlags stage = VK_PIPELINE_STAGE_ALL_COMMANDS_BIT;
    const VkTimelineSemaphoreSubmitInfo values = {.sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
                                                  .waitSemaphoreValueCount = 1, .pWaitSemaphoreValues = &wait_value,
                                                  .signalSemaphoreValueCount = 1,
                                                  .pSignalSemaphoreValues = &signal_value};
    const VkSubmitInfo info = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO, .pNext = &values,
                               .waitSemaphoreCount = wait != VK_NULL_HANDLE, .pWaitSemaphores = &wait,
                               .pWaitDstStageMask = &stage,
                               .signalSemaphoreCount = signal != VK_NULL_HANDLE, .pSignalSemaphores = &signal};
    return vk.QueueSubmit(queue, 1, &info, fence);
}

int self_setup(void **state)
{
    (void)state;
    fake->restore();
    fake->option(FAKE_QUIET, true);
    more_use(open_device((const char *const[]){VK_KHR_SWAPCHAIN_EXTENSION_NAME,
                                               VK_EXT_SWAPCHAIN_MAINTENANCE_1_EXTENSION_NAME,
                                               VK_EXT_DISPLAY_CONTROL_EXTENSION_NAME, NULL}));
    return 0;
}

int self_teardown(void **state)
{
    (void)state;
    fake->queue_release(NULL);
    (void)vk.DeviceWaitIdle(world.device); // it may be lost
    vk.DestroyDevice(world.device, NULL);
    for (unsigned i = 0; fake->violation(i); i++)
        print_message("%s\n", fake->violation(i));
    return fake->violations() != 0;
}

static int setup(void **state)
{
    (void)state;
    instance_open(&(struct world_options){.api_version = VK_API_VERSION_1_3,
                                          .instance_extension = VK_KHR_SURFACE_EXTENSION_NAME,
                                          .another_extension = VK_EXT_HEADLESS_SURFACE_EXTENSION_NAME});
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fake->restore();
    instance_close();
    return fake->violations() != 0;
}

int main(void)
{
    static struct CMUnitTest tests[200];
    size_t count = 0;
    fake = fake_find();
    if (!fake || fake->size != sizeof *fake)
        return EXIT_FAILURE;
#define ADD(of)                                                                                                        \
    memcpy(&tests[count], of##_tests, of##_test_count * sizeof *tests);                                                \
    count += of##_test_count;
    ADD(fence)
    ADD(queue)
    ADD(failure)
    ADD(present)
    ADD(other)
#undef ADD
    return ntf_test_run("driver-self", tests, count, setup, teardown);
}
