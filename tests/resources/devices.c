// SPDX-License-Identifier: Apache-2.0
// 1,000 devices one after the other. The argument is the layer's file.
#include "../layer/vulkan.h"
#include "counts.h"

enum { CYCLES = 1000, WARM = 20 };

static const char *const served[] = {VK_KHR_EXTERNAL_FENCE_WIN32_EXTENSION_NAME,
                                     VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME, NULL};
static const char *const nothing[] = {NULL};

static struct kernel_fence object;

static void use(uint64_t value)
{
    const VkFence fence = fence_new();
    assert_int_equal(import_by_handle(fence, object.handle, 0, value), VK_SUCCESS);
    fence_submit(fence);
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    assert_true(kernel_value(&object) == value);
    fence_free(fence);
}

static void cycles(const char *const *extensions, unsigned used_every)
{
    struct counts before = {0};
    uint64_t value = 0;
    kernel_make(&object, true, false, 0);
    for (unsigned i = 0; i < CYCLES; i++) {
        if (i == WARM)
            before = counts_now();
        if (i % 100 == 0)
            ntf_test_watchdog(60);
        messages_clear();
        device_use(device_new(extensions));
        if (used_every && i % used_every == 0)
            use(++value);
        vk.DestroyDevice(world.device, NULL);
    }
    world.device = VK_NULL_HANDLE;
    counts_same(before, "after 1,000 devices");
    kernel_destroy(&object);
}

static void made_and_destroyed(void **state)
{
    (void)state;
    cycles(served, 0);
}

static void used(void **state)
{
    (void)state;
    cycles(served, 5);
}

// Of those that are not served an entry each stays, until their number comes again.
static void not_served(void **state)
{
    (void)state;
    cycles(nothing, 0);
}

static int setup(void **state)
{
    (void)state;
    kernel_open();
    instance_open(&(struct world_options){0});
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    instance_close();
    kernel_close();
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 1;
    counts_follow(argv[1]);
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(made_and_destroyed),
        cmocka_unit_test(used),
        cmocka_unit_test(not_served),
    };
    return ntf_test_run("resources-devices", tests, NTF_COUNT(tests), setup, teardown);
}
