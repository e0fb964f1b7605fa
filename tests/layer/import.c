// SPDX-License-Identifier: Apache-2.0
// Imports that succeed: every way of asking, and what the fence is afterwards.
#include "vulkan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/os/os.h"

#define TEMPORARY VK_FENCE_IMPORT_TEMPORARY_BIT

static bool kernel_rungs; // the layer opens by the kernel's calls

static VkResult do_import(VkFence fence, struct kernel_fence *object, bool by_name,
                          VkFenceImportFlags flags, uint64_t wait_value)
{
    return by_name ? import_by_name(fence, object->name, flags, wait_value)
                   : import_by_handle(fence, object->handle, flags, wait_value);
}

// The whole life of one import. wait_value 0: the structure is not there, and 1 is what is waited for.
static void one_import(bool native, bool by_name, VkFenceImportFlags flags, uint64_t wait_value)
{
    const uint64_t target = wait_value ? wait_value : 1;
    struct kernel_fence object;
    VkFence fence = fence_new();

    messages_clear();
    kernel_make(&object, native, by_name, 0);
    assert_int_equal(do_import(fence, &object, by_name, flags, wait_value), VK_SUCCESS);
    // The handle stays the application's, which may close it at once.
    assert_true(os_handle_live(object.handle));
    kernel_close_handle(&object);
    assert_int_equal(messages_of("NTF-INFO-002"), 1);
    if (!kernel_rungs) // a kernel may open a monitored fence as a native one
        assert_non_null(strstr(messages_last("NTF-INFO-002"), native ? "a native" : "a monitored"));
    assert_non_null(strstr(messages_last("NTF-INFO-002"), by_name ? "by name" : "by handle"));
    fence_expect(fence, false);
    if (target > 1) {
        kernel_signal(&object, target - 1);
        fence_expect(fence, false);
    }
    kernel_signal(&object, target);
    fence_expect(fence, true);
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    fence_reset(fence);
    fence_expect(fence, false);
    kernel_signal(&object, target + 1);
    fence_expect(fence, !flags); // a temporary import is over with the reset
    if (flags) {
        // And the driver's own fence works as if nothing had been.
        fence_submit(fence);
        assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    }
    assert_int_equal(kernel_value(&object), target + 1);
    fence_free(fence);
    kernel_destroy(&object);
}

static void every_way(void **state)
{
    static const uint64_t values[] = {0, 1, 2, 1000000, UINT64_MAX - 2};
    (void)state;
    for (unsigned way = 0; way < 8; way++)
        for (size_t i = 0; i < NTF_COUNT(values); i++)
            one_import(way & 1, way & 2, way & 4 ? TEMPORARY : 0, values[i]);
}

// Only VK_KHR_external_fence_win32: the same import, without our structure.
static void khr_alone(void **state)
{
    VkDevice before = world.device;
    (void)state;
    device_use(device_new((const char *const[]){VK_KHR_EXTERNAL_FENCE_WIN32_EXTENSION_NAME, NULL}));
    one_import(true, false, 0, 0);
    one_import(false, true, TEMPORARY, 0);
    vk.DestroyDevice(world.device, NULL);
    device_use(before);
}

// The object is signalled already, and so is the fence.
static void already_signalled(void **state)
{
    struct kernel_fence object;
    VkFence fence = fence_new();
    (void)state;
    kernel_make(&object, true, false, 7);
    assert_int_equal(import_by_handle(fence, object.handle, 0, 7), VK_SUCCESS);
    fence_expect(fence, true);
    assert_int_equal(import_by_handle(fence, object.handle, 0, 8), VK_SUCCESS);
    fence_expect(fence, false);
    fence_free(fence);
    kernel_destroy(&object);
}

// A temporary payload hides a signalled permanent one; the reset restores that, and resets it.
static void temporary_over_signalled(void **state)
{
    struct kernel_fence object;
    VkFence fence = fence_new_signalled();
    (void)state;
    kernel_make(&object, true, false, 0);
    fence_expect(fence, true);
    assert_int_equal(import_by_handle(fence, object.handle, TEMPORARY, 0), VK_SUCCESS);
    fence_expect(fence, false);
    fence_reset(fence);
    fence_expect(fence, false);
    fence_submit(fence);
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    fence_free(fence);
    kernel_destroy(&object);
}

// A second temporary import replaces the first; the reset brings back the last permanent one.
static void import_again(void **state)
{
    struct kernel_fence a, b, c;
    VkFence fence = fence_new();
    (void)state;
    kernel_make(&a, true, false, 0);
    kernel_make(&b, false, false, 0);
    kernel_make(&c, true, false, 0);
    assert_int_equal(import_by_handle(fence, a.handle, 0, 5), VK_SUCCESS);
    assert_int_equal(import_by_handle(fence, b.handle, TEMPORARY, 5), VK_SUCCESS);
    assert_int_equal(import_by_handle(fence, c.handle, TEMPORARY, 5), VK_SUCCESS);
    kernel_signal(&a, 5);
    kernel_signal(&b, 5);
    fence_expect(fence, false);
    kernel_signal(&c, 5);
    fence_expect(fence, true);
    fence_reset(fence);
    // The permanent payload is back and has been reset: its signal of 5, which nobody was told of, is not lost to
    // others, but this fence now waits for 6.
    fence_expect(fence, false);
    kernel_signal(&a, 6);
    fence_expect(fence, true);
    // A permanent import drops the temporary payload, too.
    assert_int_equal(import_by_handle(fence, c.handle, TEMPORARY, 9), VK_SUCCESS);
    assert_int_equal(import_by_handle(fence, b.handle, 0, 5), VK_SUCCESS);
    fence_expect(fence, true);
    fence_reset(fence);
    fence_expect(fence, false);
    kernel_signal(&c, 9);
    fence_expect(fence, false);
    kernel_signal(&b, 6);
    fence_expect(fence, true);
    fence_free(fence);
    kernel_destroy(&a);
    kernel_destroy(&b);
    kernel_destroy(&c);
}

// One object in two fences: each import has its own target, and a reset moves only that.
static void two_fences(void **state)
{
    struct kernel_fence object;
    VkFence low = fence_new(), high = fence_new();
    (void)state;
    kernel_make(&object, true, false, 0);
    assert_int_equal(import_by_handle(low, object.handle, 0, 3), VK_SUCCESS);
    assert_int_equal(import_by_handle(high, object.handle, 0, 4), VK_SUCCESS);
    kernel_signal(&object, 3);
    fence_expect(low, true);
    fence_expect(high, false);
    fence_reset(low);
    kernel_signal(&object, 4);
    fence_expect(low, true);
    fence_expect(high, true);
    fence_reset(low);
    fence_expect(low, false);
    fence_expect(high, true);
    fence_free(low);
    fence_free(high);
    kernel_destroy(&object);
}

// The payload lives on when the one who made the object has gone.
static void outlives_its_maker(void **state)
{
    struct kernel_fence object;
    VkFence fence = fence_new(), second = fence_new();
    (void)state;
    kernel_make(&object, true, false, 0);
    assert_int_equal(import_by_handle(fence, object.handle, 0, 2), VK_SUCCESS);
    kernel_signal(&object, 1);
    kernel_destroy(&object);
    fence_expect(fence, false);
    assert_int_equal(fence_wait(fence, 20 * MS), VK_TIMEOUT);
    // And the fence can be destroyed over it, or imported over.
    kernel_make(&object, true, false, 5);
    assert_int_equal(import_by_handle(fence, object.handle, 0, 2), VK_SUCCESS);
    fence_expect(fence, true);
    fence_free(fence);
    fence_free(second);
    kernel_destroy(&object);
}

// Drivers give a handle out again at once: the new fence has nothing of the old one. (The validation layer makes
// handles of its own, so this is also run without it.)
static void handle_given_out_again(void **state)
{
    struct kernel_fence object;
    (void)state;
    kernel_make(&object, true, false, 9);
    for (int i = 0; i < 50; i++) {
        VkFence fence = fence_new();
        assert_int_equal(import_by_handle(fence, object.handle, i % 2, 1), VK_SUCCESS);
        fence_expect(fence, true);
        fence_free(fence);
        fence = fence_new();
        fence_expect(fence, false);
        fence_submit(fence);
        assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
        fence_reset(fence);
        fence_expect(fence, false);
        fence_free(fence);
    }
    assert_int_equal(kernel_value(&object), 9);
    kernel_destroy(&object);
}

// No thread, handle or descriptor is left behind, however often.
static void thousands(void **state)
{
    struct kernel_fence object;
    VkFence fence = fence_new();
    size_t handles = 0, threads = 0;
    (void)state;
    kernel_make(&object, true, true, 0);
    for (uint64_t i = 1; i <= 4096; i++) {
        if (i == 64) {
            handles = ntf_test_open_handles();
            threads = ntf_test_threads();
        }
        if (i % 512 == 0)
            messages_clear();
        assert_int_equal(do_import(fence, &object, i % 8 == 0, i % 2 ? TEMPORARY : 0, i), VK_SUCCESS);
        kernel_signal(&object, i);
        assert_int_equal(fence_status(fence), VK_SUCCESS);
        if (i % 3 == 0)
            fence_reset(fence);
    }
    ntf_test_until_handles(handles); // the peer's name server closes its end of a question a little later
    assert_in_range(ntf_test_threads(), 1, threads);
    fence_free(fence);
    kernel_destroy(&object);
}

// The first line says how the layer came in, and by what.
static void introduction(void **state)
{
    VkDevice device = device_new((const char *const[]){VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME, NULL});
    (void)state;
    assert_int_equal(messages_of("NTF-INFO-001"), 1);
    assert_non_null(strstr(messages_last("NTF-INFO-001"),
                           getenv("NTFENCE_ENABLE") ? "NTFENCE_ENABLE" : "VK_INSTANCE_LAYERS"));
    assert_non_null(strstr(messages_last("NTF-INFO-001"), "provider "));
    assert_int_equal(messages_of("NTF-INFO-003"), 1);
    PFN_vkDestroyDevice destroy = (PFN_vkDestroyDevice)vk.GetDeviceProcAddr(device, "vkDestroyDevice");
    destroy(device, NULL);
}

int main(void)
{
    char rungs[64];
    kernel_rungs = ntf_os_getenv("NTFENCE_RUNGS", rungs, sizeof rungs) > 0;
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(every_way),    WORLD_TEST(khr_alone),  WORLD_TEST(already_signalled),
        WORLD_TEST(temporary_over_signalled), WORLD_TEST(import_again), WORLD_TEST(two_fences),
        WORLD_TEST(outlives_its_maker), WORLD_TEST(handle_given_out_again),
        WORLD_TEST(thousands), WORLD_TEST(introduction),
    };
    return ntf_test_run("layer-import", tests, NTF_COUNT(tests), world_setup, world_teardown);
}
