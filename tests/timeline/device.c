// SPDX-License-Identifier: Apache-2.0
/*
 * What vkCreateDevice asks for so that the GPU can signal imported values, of which drivers, and what becomes of it
 * where the driver refuses, or does not keep what it promises: the bridge, and one line that says so.
 */
#include "route.h"

#include <string.h>

#define BOTH VK_KHR_EXTERNAL_FENCE_WIN32_EXTENSION_NAME, VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME
#define OLDER_TIMELINES VK_KHR_TIMELINE_SEMAPHORE_EXTENSION_NAME
#define FEATURE VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES
#define CORE_FEATURES VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES

static const char *const both[] = {BOTH, NULL};

static int setup(void **state)
{
    (void)state;
    fake->restore();
    fake->extension(SEMAPHORE_WIN32, true);
    messages_clear();
    kernel_make(&object, true, true, 0);
    return 0;
}
#define DEVICE_TEST(f) cmocka_unit_test_setup_teardown(f, setup, route_teardown)

static unsigned count_of(const char *name)
{
    struct fake_call call;
    unsigned count = 0;

    assert_true(fake->last("vkCreateDevice", &call));
    for (const char *at = call.names; (at = strstr(at, name)); at += strlen(name))
        count += at[strlen(name)] == ' ' && (at == call.names || at[-1] == ' ');
    return count;
}

static unsigned types_of(VkStructureType type)
{
    struct fake_call call;
    unsigned count = 0;

    assert_true(fake->last("vkCreateDevice", &call));
    assert_in_range(call.type_count, 0, NTF_COUNT(call.types));
    for (uint32_t i = 0; i < call.type_count; i++)
        count += call.types[i] == type;
    return count;
}

static void open_device(const char *const *extensions, const void *chain)
{
    messages_clear();
    rig_device(&(struct rig_options){.extensions = extensions, .chain = chain});
    assert_int_equal(messages_of(ROUTE_MESSAGE), 1);
}

// Whether the GPU signals; either way it has to work.
static bool works_by_gpu(void)
{
    const uint64_t value = kernel_value(&object) + 1;
    VkFence fence = imported(&object, 0, value);
    const bool gpu = submits_by_gpu(world.queue, fence);

    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    assert_int_equal(kernel_value(&object), value);
    fence_free(fence);
    assert_int_equal(vk.DeviceWaitIdle(world.device), VK_SUCCESS);
    assert_true(gpu == route_is_timeline());
    return gpu;
}

// ---- what is added

static void added(void **state)
{
    (void)state;
    open_device(NULL, NULL);
    assert_int_equal(count_of(SEMAPHORE_WIN32), 1);
    assert_int_equal(count_of(OLDER_TIMELINES), 0); // core
    assert_int_equal(types_of(FEATURE), 1);
    assert_true(works_by_gpu());
    rig_end();
    assert_int_equal(fake->calls("vkCreateSemaphore"), fake->calls("vkDestroySemaphore"));
}

// What the application has enabled itself is not added again, and its commands are not kept from it.
static void added_already(void **state)
{
    const char *const names[] = {BOTH, SEMAPHORE_WIN32, OLDER_TIMELINES, NULL};
    VkPhysicalDeviceTimelineSemaphoreFeatures feature = {.sType = FEATURE, .timelineSemaphore = VK_TRUE};
    VkPhysicalDeviceVulkan12Features core = {.sType = CORE_FEATURES, .timelineSemaphore = VK_TRUE};
    (void)state;
    for (int i = 0; i < 2; i++) {
        open_device(names, i ? (const void *)&core : &feature);
        assert_int_equal(count_of(SEMAPHORE_WIN32), 1);
        assert_int_equal(count_of(OLDER_TIMELINES), 1);
        assert_int_equal(types_of(FEATURE), !i);
        assert_int_equal(types_of(CORE_FEATURES), i);
        assert_non_null(vk.GetDeviceProcAddr(world.device, "vkImportSemaphoreWin32HandleKHR"));
        assert_non_null(vk.GetDeviceProcAddr(world.device, "vkSignalSemaphoreKHR"));
        assert_true(works_by_gpu());
        rig_end();
    }
}

// One structure that has the member, and it is on, in a copy.
static void in_a_copy(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        VkPhysicalDevice16BitStorageFeatures last = {
            .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_16BIT_STORAGE_FEATURES};
        VkPhysicalDeviceTimelineSemaphoreFeatures feature = {.sType = FEATURE, .pNext = i / 2 ? &last : NULL};
        VkPhysicalDeviceVulkan12Features core = {.sType = CORE_FEATURES, .pNext = i / 2 ? &last : NULL};
        VkPhysicalDeviceTimelineSemaphoreFeatures feature_before;
        VkPhysicalDeviceVulkan12Features core_before;
        memcpy(&feature_before, &feature, sizeof feature); // with what lies between members
        memcpy(&core_before, &core, sizeof core);
        open_device(both, i % 2 ? (const void *)&core : &feature);
        assert_int_equal(types_of(FEATURE), !(i % 2));
        assert_int_equal(types_of(CORE_FEATURES), i % 2);
        assert_int_equal(types_of(last.sType), i / 2);
        assert_int_equal(types_of(VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SYNCHRONIZATION_2_FEATURES), 1);
        assert_memory_equal(&feature, &feature_before, sizeof feature);
        assert_memory_equal(&core, &core_before, sizeof core);
        assert_true(works_by_gpu()); // and vkCreateSemaphore was no breach
        rig_end();
    }
}

// What cannot be copied stays as it is.
static void not_to_be_copied(void **state)
{
    const VkPhysicalDeviceTimelineSemaphoreFeatures feature = {.sType = FEATURE};
    const struct {
        VkStructureType type;
        const void *next;
    } unknown = {(VkStructureType)1999999000, &feature};
    (void)state;
    open_device(both, &unknown);
    assert_int_equal(count_of(SEMAPHORE_WIN32), 0);
    assert_int_equal(types_of(FEATURE), 1);
    assert_int_equal(types_of(unknown.type), 1);
    assert_false(works_by_gpu());
}

// Without our own extension the layer asks for nothing of its own.
static void not_ours(void **state)
{
    const char *const names[] = {VK_KHR_EXTERNAL_FENCE_WIN32_EXTENSION_NAME, NULL};
    (void)state;
    open_device(names, NULL);
    assert_int_equal(count_of(SEMAPHORE_WIN32), 0);
    assert_int_equal(types_of(FEATURE), 0);
    assert_false(route_is_timeline());
    assert_int_equal(fake->calls("vkCreateSemaphore"), 0);
}

static void not_listed(void **state)
{
    (void)state;
    fake->extension(SEMAPHORE_WIN32, false);
    open_device(NULL, NULL);
    assert_int_equal(types_of(FEATURE), 0);
    assert_false(works_by_gpu());
    assert_int_equal(fake->calls("vkCreateSemaphore"), 0);
}

static void group(void **state)
{
    const PFN_vkEnumeratePhysicalDeviceGroups enumerate = (PFN_vkEnumeratePhysicalDeviceGroups)vk.GetInstanceProcAddr(
        world.instance, "vkEnumeratePhysicalDeviceGroups");
    VkPhysicalDeviceGroupProperties properties = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_GROUP_PROPERTIES};
    uint32_t count = 1;
    (void)state;
    assert_in_range(enumerate(world.instance, &count, &properties), VK_SUCCESS, VK_INCOMPLETE);
    for (uint32_t size = 1; size <= 2; size++) {
        const VkDeviceGroupDeviceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_DEVICE_GROUP_DEVICE_CREATE_INFO,
                                                    .physicalDeviceCount = size,
                                                    .pPhysicalDevices = properties.physicalDevices};
        open_device(NULL, &info);
        assert_int_equal(count_of(SEMAPHORE_WIN32), size == 1);
        assert_true(works_by_gpu() == (size == 1));
        rig_end();
    }
}

// ---- older versions

static bool has(const char *command)
{
    return vk.GetDeviceProcAddr(world.device, command) != NULL;
}

// Timelines are an extension in 1.1; its commands are the layer's alone.
static void version_1_1(void **state)
{
    (void)state;
    fake->api_version(VK_API_VERSION_1_1);
    open_device(NULL, NULL);
    assert_int_equal(count_of(SEMAPHORE_WIN32), 1);
    assert_int_equal(count_of(OLDER_TIMELINES), 1);
    assert_int_equal(count_of(VK_KHR_EXTERNAL_SEMAPHORE_EXTENSION_NAME), 0); // core
    assert_true(works_by_gpu());
    assert_false(has("vkImportSemaphoreWin32HandleKHR") || has("vkGetSemaphoreWin32HandleKHR"));
    assert_false(has("vkSignalSemaphoreKHR") || has("vkGetSemaphoreCounterValueKHR") || has("vkWaitSemaphoresKHR"));
    assert_true(has("vkCreateSemaphore") && has("vkDestroySemaphore"));
    rig_end();
    fake->extension(OLDER_TIMELINES, false);
    open_device(NULL, NULL);
    assert_int_equal(count_of(SEMAPHORE_WIN32), 0);
    assert_false(works_by_gpu());
}

// In 1.0 the instance has to have something, too.
static void version_1_0(void **state)
{
    (void)state;
    fake->api_version(VK_API_VERSION_1_0);
    open_device(NULL, NULL);
    assert_int_equal(count_of(SEMAPHORE_WIN32), 0);
    assert_false(works_by_gpu());
    rig_end();
    route_instance_close();
    instance_open(&(struct world_options){
        .api_version = VK_API_VERSION_1_0,
        .instance_extension = VK_KHR_GET_PHYSICAL_DEVICE_PROPERTIES_2_EXTENSION_NAME,
        .another_extension = VK_KHR_EXTERNAL_SEMAPHORE_CAPABILITIES_EXTENSION_NAME});
    messages_clear();
    rig_use(device_new(both));
    assert_int_equal(count_of(SEMAPHORE_WIN32), 1);
    assert_int_equal(count_of(OLDER_TIMELINES), 1);
    assert_int_equal(count_of(VK_KHR_EXTERNAL_SEMAPHORE_EXTENSION_NAME), 1);
    assert_true(works_by_gpu());
    rig_end();
    instance_close();
    route_instance();
}

// ---- refusals

// A device that is not to be had with it is made without, and if that fails, too, that is the answer.
static void refused(void **state)
{
    static const VkPhysicalDeviceVulkan12Features core = {.sType = CORE_FEATURES};
    static const float priority = 1;
    const VkDeviceQueueCreateInfo queue = {.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO, .queueCount = 1,
                                           .pQueuePriorities = &priority};
    const VkDeviceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO, .queueCreateInfoCount = 1,
                                     .pQueueCreateInfos = &queue, .enabledExtensionCount = 2,
                                     .ppEnabledExtensionNames = both};
    const VkDevice none = (VkDevice)(uintptr_t)0xA5A5A5A5;
    VkDevice device = none;
    (void)state;
    for (int i = 0; i < 2; i++) {
        fake->calls_clear();
        fake->order("vkCreateDevice", 1, 1, VK_ERROR_FEATURE_NOT_PRESENT);
        open_device(both, i ? &core : NULL);
        assert_int_equal(fake->calls("vkCreateDevice"), 2);
        assert_int_equal(count_of(SEMAPHORE_WIN32), 0);
        assert_int_equal(types_of(FEATURE), 0);
        assert_int_equal(types_of(CORE_FEATURES), i);
        assert_false(works_by_gpu());
        assert_int_equal(fake->calls("vkCreateSemaphore"), 0);
        rig_end();
    }
    fake->calls_clear();
    fake->order("vkCreateDevice", 1, 2, VK_ERROR_TOO_MANY_OBJECTS);
    assert_int_equal(vk.CreateDevice(world.physical, &info, NULL, &device), VK_ERROR_TOO_MANY_OBJECTS);
    assert_int_equal(fake->calls("vkCreateDevice"), 2);
}

// Each call of the proof fails once: the bridge, and nothing is left.
static void unproven(void **state)
{
    static const char *const commands[] = {"vkCreateSemaphore", "vkImportSemaphoreWin32HandleKHR", "vkSignalSemaphore",
                                           "vkGetSemaphoreCounterValue"};
    (void)state;
    for (size_t i = 0; i < NTF_COUNT(commands); i++) {
        fake->calls_clear();
        fake->order(commands[i], 1, 1, VK_ERROR_OUT_OF_DEVICE_MEMORY);
        open_device(NULL, NULL);
        assert_int_equal(fake->calls(commands[i]), 1);
        assert_int_equal(fake->calls("vkDestroySemaphore"), i ? 1 : 0);
        assert_false(works_by_gpu());
        assert_false(has("vkImportSemaphoreWin32HandleKHR"));
        rig_end();
    }
}

// ---- the setting

struct setting { // VkLayerSettingEXT
    const char *layer, *name;
    int32_t type;
    uint32_t count;
    const void *values;
};
struct settings { // VkLayerSettingsCreateInfoEXT
    VkStructureType type;
    const void *next;
    uint32_t count;
    const struct setting *list;
};

static void expect_route(const char *variable, bool asks, bool timeline)
{
    os_setenv("NTFENCE_ROUTE", variable);
    route_instance_close();
    route_instance();
    open_device(NULL, NULL);
    os_setenv("NTFENCE_ROUTE", NULL);
    assert_int_equal(count_of(SEMAPHORE_WIN32), asks);
    assert_true(works_by_gpu() == timeline);
    rig_end();
}

static void by_variable(void **state)
{
    (void)state;
    expect_route("auto", true, true);
    expect_route("bridge", false, false);
    expect_route("timeline", true, true);
    expect_route("nonsense", true, true);
    // Forced where it is unproven, though not where it is not listed.
    fake->order("vkSignalSemaphore", 1, FAKE_ALWAYS, VK_ERROR_OUT_OF_DEVICE_MEMORY);
    expect_route("auto", true, false);
    fake->order("vkSignalSemaphore", 1, FAKE_ALWAYS, VK_ERROR_OUT_OF_DEVICE_MEMORY);
    expect_route("timeline", true, true);
    fake->extension(SEMAPHORE_WIN32, false);
    expect_route("timeline", false, false);
    route_instance_close();
    route_instance();
}

static void by_chain(void **state)
{
    static const char *const bridge[] = {"bridge"}, *const nonsense[] = {"nonsense"};
    (void)state;
    route_instance_close();
    for (int i = 0; i < 2; i++) {
        const struct setting setting = {NTFENCE_LAYER_NAME, "route", 7 /* string */, 1, i ? nonsense : bridge};
        const struct settings settings = {(VkStructureType)1000496000, NULL, 1, &setting};
        VkDebugUtilsMessengerCreateInfoEXT hears = {
            .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
            .pNext = &settings,
            .messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT,
            .messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_GENERAL_BIT_EXT,
            .pfnUserCallback = messages_take};
        messages_clear();
        instance_open(&(struct world_options){.instance_chain = &hears, .api_version = VK_API_VERSION_1_3});
        assert_int_equal(messages_of("NTF-SETTING-001"), i);
        rig_use(device_new(both));
        assert_true(works_by_gpu() == i);
        rig_end();
        instance_close();
    }
    route_instance();
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        DEVICE_TEST(added),       DEVICE_TEST(added_already), DEVICE_TEST(in_a_copy),
        DEVICE_TEST(not_to_be_copied), DEVICE_TEST(not_ours), DEVICE_TEST(not_listed),
        DEVICE_TEST(group),       DEVICE_TEST(version_1_1),   DEVICE_TEST(version_1_0),
        DEVICE_TEST(refused),     DEVICE_TEST(unproven),
        DEVICE_TEST(by_variable), DEVICE_TEST(by_chain),
    };
    (void)argc, (void)argv;
    return ntf_test_run("timeline-device", tests, NTF_COUNT(tests), route_open, route_close);
}
