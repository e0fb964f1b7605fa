// SPDX-License-Identifier: Apache-2.0
/*
 * How the layer is turned on and off by variables. The first argument is the folder of the implicit
 * manifest, the second that of the explicit one.
 */
#include "vulkan.h"

#include <string.h>

static const char *explicit_folder;

static bool is_listed(void)
{
    static VkExtensionProperties list[1024];
    uint32_t count = NTF_COUNT(list);
    bool khr = false, ours = false;
    assert_int_equal(vk.EnumerateDeviceExtensionProperties(world.physical, NULL, &count, list), VK_SUCCESS);
    for (uint32_t i = 0; i < count; i++) {
        khr |= strcmp(list[i].extensionName, VK_KHR_EXTERNAL_FENCE_WIN32_EXTENSION_NAME) == 0;
        ours |= strcmp(list[i].extensionName, VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME) == 0;
    }
    assert_int_equal(khr, ours);
    return ours;
}

// Opens an instance and says whether the layer is in it; if it is, `origin` has to be in its first line.
static bool is_on(const char *origin)
{
    instance_open(&(struct world_options){0});
    const bool on = is_listed();
    if (on) {
        VkDevice device = device_new((const char *const[]){VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME, NULL});
        device_use(device);
        if (!strstr(messages_last("NTF-INFO-001"), origin))
            fail_msg("'%s' is not in: %s", origin, messages_last("NTF-INFO-001"));
        vk.DestroyDevice(device, NULL);
    }
    instance_close();
    return on;
}

static int clean(void **state)
{
    os_setenv("NTFENCE_ENABLE", NULL);
    os_setenv("NTFENCE_DISABLE", NULL);
    os_setenv("VK_INSTANCE_LAYERS", NULL);
    os_setenv("VK_LOADER_LAYERS_ENABLE", NULL);
    os_setenv("VK_LAYER_PATH", NULL);
    return messages_setup(state);
}

static void off_by_default(void **state)
{
    (void)state;
    assert_false(is_on(""));
}

static void enable(void **state)
{
    (void)state;
    os_setenv("NTFENCE_ENABLE", "1");
    assert_true(is_on("NTFENCE_ENABLE"));
}

// Only this value.
static void enable_with_another_value(void **state)
{
    (void)state;
    os_setenv("NTFENCE_ENABLE", "0");
    assert_false(is_on(""));
}

// That the variable is there is enough.
static void disable(void **state)
{
    (void)state;
    os_setenv("NTFENCE_ENABLE", "1");
    os_setenv("NTFENCE_DISABLE", "1");
    assert_false(is_on(""));
    os_setenv("NTFENCE_DISABLE", "0");
    assert_false(is_on(""));
}

static void by_pattern(void **state)
{
    (void)state;
    os_setenv("VK_LOADER_LAYERS_ENABLE", "VK_LAYER_nobody,*ntfence*");
    assert_true(is_on("VK_LOADER_LAYERS_ENABLE"));
}

static void explicitly(void **state)
{
    (void)state;
    os_setenv("VK_LAYER_PATH", explicit_folder);
    assert_false(is_on(""));
    os_setenv("VK_INSTANCE_LAYERS", NTFENCE_LAYER_NAME);
    assert_true(is_on("VK_INSTANCE_LAYERS"));
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(off_by_default, clean, messages_teardown),
        cmocka_unit_test_setup_teardown(enable, clean, messages_teardown),
        cmocka_unit_test_setup_teardown(enable_with_another_value, clean, messages_teardown),
        cmocka_unit_test_setup_teardown(disable, clean, messages_teardown),
        cmocka_unit_test_setup_teardown(by_pattern, clean, messages_teardown),
        cmocka_unit_test_setup_teardown(explicitly, clean, messages_teardown),
    };
    if (argc != 3)
        return 2;
    os_use_implicit_folder(argv[1]);
    explicit_folder = argv[2];
    return ntf_test_run("layer-switches", tests, NTF_COUNT(tests), NULL, NULL);
}
