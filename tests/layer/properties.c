// SPDX-License-Identifier: Apache-2.0
// vkGetPhysicalDeviceExternalFenceProperties, under both of its names.
#include "vulkan.h"

#include <string.h>

#include "base/os/os.h"

static PFN_vkGetPhysicalDeviceExternalFenceProperties query;

static void ask(unsigned type, VkExternalFenceFeatureFlags features, VkExternalFenceHandleTypeFlags compatible)
{
    const VkPhysicalDeviceExternalFenceInfo info = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_FENCE_INFO,
        .handleType = (VkExternalFenceHandleTypeFlagBits)type};
    VkExternalFenceProperties result;
    // Everything is poison, and what is no result stays so.
    memset(&result, 0xA5, sizeof result);
    const VkExternalFenceProperties poison = result;
    query(world.physical, &info, &result);
    assert_memory_equal(&result.sType, &poison.sType, sizeof poison.sType);
    assert_memory_equal(&result.pNext, &poison.pNext, sizeof poison.pNext);
    assert_int_equal(result.externalFenceFeatures, features);
    assert_int_equal(result.compatibleHandleTypes, compatible);
    assert_int_equal(result.exportFromImportedHandleTypes, compatible);
}

static void ask_all(void)
{
    assert_non_null(query);
    ask(VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT,
        VK_EXTERNAL_FENCE_FEATURE_EXPORTABLE_BIT | VK_EXTERNAL_FENCE_FEATURE_IMPORTABLE_BIT,
        VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT);
    ask(VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_KMT_BIT,
        VK_EXTERNAL_FENCE_FEATURE_EXPORTABLE_BIT | VK_EXTERNAL_FENCE_FEATURE_IMPORTABLE_BIT,
        VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_KMT_BIT);
}

// In an instance of its own, whose settings are read when it is made.
static void with_variable(const char *name, const char *value, const char *afterwards, void (*check)(void))
{
    os_setenv(name, value);
    instance_close();
    instance_open(&(struct world_options){0});
    os_setenv(name, afterwards);
    query = vk.GetPhysicalDeviceExternalFenceProperties;
    check();
    instance_close();
    instance_open(&(struct world_options){0});
}

static void nothing(void)
{
    ask(VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT, 0, 0);
    ask(VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_KMT_BIT, 0, 0);
}

// What no provider can serve has no features. (Neither Linux nor Wine has a graphics kernel.)
static void without_provider(void **state)
{
    char library[1024];
    (void)state;
    assert_true(ntf_os_getenv("NTFENCE_D3DKMT", library, sizeof library) > 0);
    os_setenv("NTFENCE_D3DKMT", NULL);
    with_variable("NTFENCE_PROVIDER", "system", "soft", nothing);
    os_setenv("NTFENCE_D3DKMT", library);
}

static void core(void **state)
{
    (void)state;
    query = vk.GetPhysicalDeviceExternalFenceProperties;
    ask_all();
}

static void khr(void **state)
{
    (void)state;
    instance_close();
    instance_open(&(struct world_options){
        .instance_extension = VK_KHR_EXTERNAL_FENCE_CAPABILITIES_EXTENSION_NAME});
    query = vk.GetPhysicalDeviceExternalFencePropertiesKHR;
    ask_all();
    query = vk.GetPhysicalDeviceExternalFenceProperties;
    ask_all();
}

// Types of others are asked of the driver, which answers what it answers without us.
static void passed_down(void **state)
{
    static const VkExternalFenceHandleTypeFlagBits types[] = {
        VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_FD_BIT, VK_EXTERNAL_FENCE_HANDLE_TYPE_SYNC_FD_BIT};
    (void)state;
    for (size_t i = 0; i < NTF_COUNT(types); i++) {
        const VkPhysicalDeviceExternalFenceInfo info = {
            .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_FENCE_INFO, .handleType = types[i]};
        VkExternalFenceProperties result = {.sType = VK_STRUCTURE_TYPE_EXTERNAL_FENCE_PROPERTIES};
        vk.GetPhysicalDeviceExternalFenceProperties(world.physical, &info, &result);
        assert_false(result.compatibleHandleTypes & ~(unsigned)(VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_FD_BIT |
                                                                VK_EXTERNAL_FENCE_HANDLE_TYPE_SYNC_FD_BIT));
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
    static const struct CMUnitTest tests[] = {WORLD_TEST(core), WORLD_TEST(passed_down), WORLD_TEST(khr),
                                              WORLD_TEST(without_provider)};
    return ntf_test_run("layer-properties", tests, NTF_COUNT(tests), setup, teardown);
}
