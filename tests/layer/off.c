// SPDX-License-Identifier: Apache-2.0
// A device without our extensions has nothing of the layer; one with them has.
#include "vulkan.h"

#include <string.h>

static const char *const fence_commands[] = {
    "vkGetDeviceProcAddr", "vkDestroyDevice",   "vkCreateFence",  "vkDestroyFence",
    "vkResetFences",       "vkGetFenceStatus",  "vkWaitForFences", "vkQueueSubmit",
    "vkQueueBindSparse",   "vkQueueWaitIdle",   "vkDeviceWaitIdle",
};

// Vulkan's calling convention is not C's own on 32-bit Windows.
static const char *module_of(PFN_vkVoidFunction function)
{
    return os_module_of((void (*)(void))function);
}

static bool is_ours(PFN_vkVoidFunction function)
{
    return strstr(module_of(function), "VkLayer_ntfence") != NULL;
}

// The loader answers these two itself, for whatever device.
static bool is_loaders(const char *name)
{
    return strcmp(name, "vkGetDeviceProcAddr") == 0 || strcmp(name, "vkDestroyDevice") == 0;
}

static void check_commands(VkDevice device, bool hooked)
{
    for (size_t i = 0; i < NTF_COUNT(fence_commands); i++) {
        PFN_vkVoidFunction function = vk.GetDeviceProcAddr(device, fence_commands[i]);
        assert_non_null(function);
        if (is_ours(function) != (hooked && !is_loaders(fence_commands[i])))
            fail_msg("%s is of %s", fence_commands[i], module_of(function));
    }
}

static void check_device(const char *const *extensions, bool hooked, bool imports, bool gets)
{
    VkDevice device = device_new(extensions);
    check_commands(device, hooked);
    assert_int_equal(vk.GetDeviceProcAddr(device, "vkImportFenceWin32HandleKHR") != NULL, imports);
    assert_int_equal(vk.GetDeviceProcAddr(device, "vkGetFenceWin32HandleKHR") != NULL, gets);
    assert_null(vk.GetDeviceProcAddr(device, "vkNoSuchCommand"));
    device_use(device);
    VkFence fence = fence_new();
    fence_submit(fence);
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    fence_reset(fence);
    fence_free(fence);
    fence_free(VK_NULL_HANDLE);
    vk.DestroyDevice(device, NULL);
}

// Neither extension: every pointer is the next layer's, and the two commands do not exist.
static void neither(void **state)
{
    (void)state;
    check_device((const char *const[]){NULL}, false, false, false);
    assert_int_equal(messages_of("NTF-INFO-001"), 0);
}

static void another(void **state)
{
    (void)state;
    check_device((const char *const[]){VK_KHR_TIMELINE_SEMAPHORE_EXTENSION_NAME, NULL}, false,
                 false, false);
}

static void khr_alone(void **state)
{
    (void)state;
    check_device((const char *const[]){VK_KHR_EXTERNAL_FENCE_WIN32_EXTENSION_NAME, NULL}, true,
                 true, true);
    assert_int_equal(messages_of("NTF-INFO-001"), 1);
}

// Our own brings the import and nothing that belongs to the other.
static void ours_alone(void **state)
{
    (void)state;
    check_device((const char *const[]){VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME, NULL}, true, true,
                 false);
}

// Every copy of our names is left out on the way down; names of others stay.
static void listed_twice(void **state)
{
    (void)state;
    check_device((const char *const[]){VK_KHR_EXTERNAL_FENCE_WIN32_EXTENSION_NAME,
                                       VK_KHR_EXTERNAL_FENCE_EXTENSION_NAME,
                                       VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME,
                                       VK_KHR_TIMELINE_SEMAPHORE_EXTENSION_NAME,
                                       VK_KHR_EXTERNAL_FENCE_WIN32_EXTENSION_NAME,
                                       VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME, NULL},
                 true, true, true);
}

// What a served device has hooked, one beside it that is not does not see; and the other way round.
static void side_by_side(void **state)
{
    static const char *const both[] = {VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME, NULL};
    static const char *const none[] = {NULL};
    VkDevice first = device_new(both), second = device_new(none), third = device_new(both);
    (void)state;
    check_commands(first, true);
    check_commands(second, false);
    check_commands(third, true);
    device_use(third);
    vk.DestroyDevice(third, NULL);
    // The cache held the third; the first is found all the same, and by its queue.
    device_use(first);
    VkFence fence = fence_new();
    fence_submit(fence);
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    fence_free(fence);
    vk.DestroyDevice(first, NULL);
    device_use(second);
    check_commands(second, false);
    vk.DestroyDevice(second, NULL);
}

// The same key again and again, now with, now without the layer.
static void in_turns(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++) {
        const char *const extensions[] = {i % 2 ? VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME : NULL, NULL};
        VkDevice device = device_new(extensions);
        check_commands(device, i % 2);
        device_use(device);
        vk.DestroyDevice(device, NULL);
    }
}

static int setup(void **state)
{
    (void)state;
    instance_open(&(struct world_options){0});
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    instance_close();
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(neither),      WORLD_TEST(another),      WORLD_TEST(khr_alone), WORLD_TEST(ours_alone),
        WORLD_TEST(listed_twice), WORLD_TEST(side_by_side), WORLD_TEST(in_turns),
    };
    return ntf_test_run("layer-off", tests, NTF_COUNT(tests), setup, teardown);
}
