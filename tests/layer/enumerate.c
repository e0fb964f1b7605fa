// SPDX-License-Identifier: Apache-2.0
// The two device extensions are listed like any other, whatever way the list is asked for.
#include "vulkan.h"

#include <stdlib.h>
#include <string.h>

enum { LIST_MAX = 1024 };
static VkExtensionProperties list[LIST_MAX];

static uint32_t read_list(const char *layer)
{
    uint32_t count = 0, again;
    assert_int_equal(vk.EnumerateDeviceExtensionProperties(world.physical, layer, &count, NULL),
                     VK_SUCCESS);
    assert_in_range(count, 0, LIST_MAX);
    again = LIST_MAX;
    assert_int_equal(vk.EnumerateDeviceExtensionProperties(world.physical, layer, &again, list),
                     VK_SUCCESS);
    assert_int_equal(count, again);
    return count;
}

static unsigned listed(const char *name, uint32_t count)
{
    unsigned found = 0;
    for (uint32_t i = 0; i < count; i++)
        found += strcmp(list[i].extensionName, name) == 0;
    return found;
}

static void both_are_listed_once(void **state)
{
    const uint32_t count = read_list(NULL);
    (void)state;
    assert_int_equal(listed(VK_KHR_EXTERNAL_FENCE_WIN32_EXTENSION_NAME, count), 1);
    assert_int_equal(listed(VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME, count), 1);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(listed(list[i].extensionName, count), 1);
        assert_int_not_equal(list[i].specVersion, 0);
    }
}

// Too little room: VK_INCOMPLETE, as many as fit, and the count of those.
static void incomplete(void **state)
{
    const uint32_t count = read_list(NULL);
    (void)state;
    for (uint32_t room = 0; room < count; room += room < count - 4 ? 7 : 1) {
        uint32_t n = room;
        memset(list, 0xA5, sizeof list);
        assert_int_equal(vk.EnumerateDeviceExtensionProperties(world.physical, NULL, &n, list),
                         VK_INCOMPLETE);
        assert_int_equal(n, room);
        assert_int_equal((unsigned char)list[room].extensionName[0], 0xA5);
        for (uint32_t i = 0; i < room; i++)
            assert_true(strlen(list[i].extensionName) < VK_MAX_EXTENSION_NAME_SIZE);
    }
    uint32_t exact = count;
    assert_int_equal(vk.EnumerateDeviceExtensionProperties(world.physical, NULL, &exact, list),
                     VK_SUCCESS);
    assert_int_equal(exact, count);
}

// By our own name: nothing but ours.
static void by_layer(void **state)
{
    const uint32_t count = read_list(NTFENCE_LAYER_NAME);
    (void)state;
    assert_int_equal(count, listed(VK_KHR_EXTERNAL_FENCE_WIN32_EXTENSION_NAME, count) +
                                listed(VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME, count));
}

// By another layer's name: nothing of ours.
static void by_another_layer(void **state)
{
    uint32_t count = LIST_MAX;
    (void)state;
    VkResult result = vk.EnumerateDeviceExtensionProperties(
        world.physical, "VK_LAYER_KHRONOS_validation", &count, list);
    if (result != VK_SUCCESS)
        count = 0; // no such layer here
    assert_int_equal(listed(VK_KHR_EXTERNAL_FENCE_WIN32_EXTENSION_NAME, count), 0);
    assert_int_equal(listed(VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME, count), 0);
}

// A 1.0 application: the driver lists VK_KHR_external_fence, so the dependency is met.
static void version_1_0(void **state)
{
    (void)state;
    instance_close();
    instance_open(&(struct world_options){.api_version = VK_API_VERSION_1_0});
    const uint32_t count = read_list(NULL);
    assert_int_equal(listed(VK_KHR_EXTERNAL_FENCE_EXTENSION_NAME, count),
                     listed(VK_KHR_EXTERNAL_FENCE_WIN32_EXTENSION_NAME, count));
    assert_int_equal(listed(VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME, count), 1);
    VkDevice device = device_new((const char *const[]){VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME, NULL});
    device_use(device);
    vk.DestroyDevice(device, NULL);
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
        WORLD_TEST(both_are_listed_once), WORLD_TEST(incomplete),  WORLD_TEST(by_layer),
        WORLD_TEST(by_another_layer),     WORLD_TEST(version_1_0),
    };
    return ntf_test_run("layer-enumerate", tests, NTF_COUNT(tests), setup, teardown);
}
