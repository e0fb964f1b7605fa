// SPDX-License-Identifier: Apache-2.0
/*
 * An application that does not import: plain fences, submissions and waits, with the validation layer
 * between it and ours. It has nothing to say, whether our extensions are enabled or not; and that it
 * is there, and above us, is proved.
 */
#include "../layer/vulkan.h"

#include <string.h>

static const char *const *extensions;

static const char *const none[] = {NULL};
static const char *const khr[] = {VK_KHR_EXTERNAL_FENCE_WIN32_EXTENSION_NAME, NULL};
static const char *const beyond[] = {VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME, NULL};
static const char *const both[] = {VK_KHR_EXTERNAL_FENCE_WIN32_EXTENSION_NAME, VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME,
                                   NULL};

// A validation layer says so of each device extension that it has not heard of, when it is enabled. Of ours that is
// right, and all that it may say.
static unsigned unheard_of;

static VKAPI_ATTR VkBool32 VKAPI_CALL take(VkDebugUtilsMessageSeverityFlagBitsEXT severity,
                                           VkDebugUtilsMessageTypeFlagsEXT types,
                                           const VkDebugUtilsMessengerCallbackDataEXT *data, void *user)
{
    if (severity < VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT &&
        (strstr(data->pMessage, VK_KHR_EXTERNAL_FENCE_WIN32_EXTENSION_NAME " is not supported by this layer") ||
         strstr(data->pMessage, VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME " is not supported by this layer"))) {
        unheard_of++;
        return VK_FALSE;
    }
    return messages_take(severity, types, data, user);
}

// The device's pointers are the validation layer's, so it is the one above; and ours is there, too: it has introduced
// itself, which it does for a device that it serves.
static void who_is_above(void **state)
{
    const bool served = extensions[0] != NULL;
    (void)state;
    assert_non_null(strstr(os_module_of((void (*)(void))vk.CreateFence), "validation"));
    assert_non_null(strstr(os_module_of((void (*)(void))vk.QueueSubmit), "validation"));
    assert_int_equal(messages_of("NTF-INFO-001"), served);
}

// It would not be silent about a mistake. (Nobody may look at these flags.)
static void it_listens(void **state)
{
    const VkFenceCreateInfo wrong = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO, .flags = 0x40};
    VkFence fence;
    (void)state;
    messages_expect_foreign();
    if (vk.CreateFence(world.device, &wrong, NULL, &fence) == VK_SUCCESS)
        fence_free(fence);
    assert_true(messages_foreign() > 0);
}

static void one_fence(void **state)
{
    VkFence fence = fence_new(), lit = fence_new_signalled();
    (void)state;
    fence_expect(fence, false);
    fence_expect(lit, true);
    for (int i = 0; i < 20; i++) {
        fence_submit(fence);
        assert_int_equal(fence_wait(fence, i % 2 ? UINT64_MAX : 60000 * MS), VK_SUCCESS);
        fence_expect(fence, true);
        fence_reset(fence);
        fence_expect(fence, false);
    }
    fence_reset(lit);
    fence_expect(lit, false);
    fence_free(fence);
    fence_free(lit);
    fence_free(VK_NULL_HANDLE);
}

enum { MANY = 200 };

static void many_fences(void **state)
{
    VkFence fences[MANY];
    (void)state;
    for (int i = 0; i < MANY; i++)
        fences[i] = fence_new();
    assert_int_equal(vk.WaitForFences(world.device, MANY, fences, VK_FALSE, 1 * MS), VK_TIMEOUT);
    fence_submit(fences[77]);
    assert_int_equal(vk.WaitForFences(world.device, MANY, fences, VK_FALSE, UINT64_MAX), VK_SUCCESS);
    assert_int_equal(fence_status(fences[77]), VK_SUCCESS);
    assert_int_equal(vk.WaitForFences(world.device, MANY, fences, VK_TRUE, 0), VK_TIMEOUT);
    for (int i = 0; i < MANY; i++)
        if (i != 77)
            fence_submit(fences[i]);
    assert_int_equal(vk.WaitForFences(world.device, MANY, fences, VK_TRUE, UINT64_MAX), VK_SUCCESS);
    assert_int_equal(vk.ResetFences(world.device, MANY, fences), VK_SUCCESS);
    for (int i = 0; i < MANY; i++) {
        fence_expect(fences[i], false);
        fence_free(fences[i]);
    }
}

// Work that the fence comes after, held up by the host.
static void held_up(void **state)
{
    VkFence fence = fence_new();
    (void)state;
    stuck_begin();
    fence_submit(fence);
    assert_int_equal(fence_wait(fence, 1 * MS), VK_TIMEOUT);
    stuck_release();
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    stuck_end();
    fence_free(fence);
}

static void idle(void **state)
{
    VkFence fence = fence_new();
    (void)state;
    fence_submit(fence);
    assert_int_equal(vk.QueueWaitIdle(world.queue), VK_SUCCESS);
    assert_int_equal(fence_status(fence), VK_SUCCESS);
    fence_reset(fence);
    fence_submit(fence);
    assert_int_equal(vk.DeviceWaitIdle(world.device), VK_SUCCESS);
    assert_int_equal(fence_status(fence), VK_SUCCESS);
    fence_free(fence);
}

// vkQueueSubmit2, as the extension that brought it.
static void submit2(void **state)
{
    VkPhysicalDeviceSynchronization2FeaturesKHR features = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SYNCHRONIZATION_2_FEATURES_KHR, .synchronization2 = VK_TRUE};
    const char *names[4] = {VK_KHR_SYNCHRONIZATION_2_EXTENSION_NAME};
    const VkSubmitInfo2KHR empty = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2_KHR};
    (void)state;
    for (size_t i = 0; extensions[i]; i++)
        names[i + 1] = extensions[i];
    VkDevice shared = world.device;
    device_use(device_new_with(names, &features));
    VkFence fence = fence_new();
    for (uint32_t count = 0; count < 2; count++) {
        assert_int_equal(vk.QueueSubmit2KHR(world.queue, count, &empty, fence), VK_SUCCESS);
        assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
        fence_reset(fence);
    }
    fence_free(fence);
    vk.DestroyDevice(world.device, NULL);
    device_use(shared);
}

static bool binds_sparse(void)
{
    VkQueueFamilyProperties families[8];
    uint32_t count = NTF_COUNT(families);
    const PFN_vkGetPhysicalDeviceQueueFamilyProperties get =
        (PFN_vkGetPhysicalDeviceQueueFamilyProperties)vk.GetInstanceProcAddr(
            world.instance, "vkGetPhysicalDeviceQueueFamilyProperties");
    get(world.physical, &count, families);
    return (families[world.family].queueFlags & VK_QUEUE_SPARSE_BINDING_BIT) != 0;
}

// Where the queue may (VUID-vkQueueBindSparse-queuetype).
static void bind_sparse(void **state)
{
    const VkBindSparseInfo empty = {.sType = VK_STRUCTURE_TYPE_BIND_SPARSE_INFO};
    VkFence fence;
    (void)state;
    if (!binds_sparse())
        skip();
    fence = fence_new();
    for (uint32_t count = 0; count < 2; count++) {
        assert_int_equal(vk.QueueBindSparse(world.queue, count, &empty, fence), VK_SUCCESS);
        assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
        fence_reset(fence);
    }
    fence_free(fence);
}

/* ---- a device with each of our extensions, and with none ---- */

static int open_with(const char *const *names, void **state)
{
    unsigned count = 0;
    extensions = names;
    while (names[count])
        count++;
    messages_setup(state);
    unheard_of = 0;
    device_use(device_new(names));
    return unheard_of > count;
}

// Also what it has to say about the device's end.
static int close_again(void **state)
{
    vk.DestroyDevice(world.device, NULL);
    world.device = VK_NULL_HANDLE;
    return messages_teardown(state);
}

static int with_none(void **state)
{
    return open_with(none, state);
}
static int with_khr(void **state)
{
    return open_with(khr, state);
}
static int with_beyond(void **state)
{
    return open_with(beyond, state);
}
static int with_both(void **state)
{
    return open_with(both, state);
}

static int setup(void **state)
{
    const VkDebugUtilsMessengerCreateInfoEXT info = {
        .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
        .messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_INFO_BIT_EXT |
                           VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT |
                           VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
        .messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_GENERAL_BIT_EXT | VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT,
        .pfnUserCallback = take,
    };
    (void)state;
    instance_open(&(struct world_options){.no_messenger = true});
    return vk.CreateDebugUtilsMessengerEXT(world.instance, &info, NULL, &world.messenger) != VK_SUCCESS;
}

static int teardown(void **state)
{
    (void)state;
    messages_clear();
    instance_close();
    return messages_foreign() != 0;
}

int main(void)
{
#define TEST(f, with)                                                                                                  \
    {                                                                                                                  \
#f " " #with, f, with, close_again, NULL                                                                       \
    }
#define TESTS(with)                                                                                                    \
    TEST(who_is_above, with), TEST(it_listens, with), TEST(one_fence, with), TEST(many_fences, with),                  \
        TEST(held_up, with), TEST(idle, with), TEST(submit2, with), TEST(bind_sparse, with)
    static const struct CMUnitTest tests[] = {
        TESTS(with_none),
        TESTS(with_khr),
        TESTS(with_beyond),
        TESTS(with_both),
    };
    return ntf_test_run("neighbours-validated", tests, NTF_COUNT(tests), setup, teardown);
}
