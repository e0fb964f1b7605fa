// SPDX-License-Identifier: Apache-2.0
/*
 * Over a driver that has VK_KHR_external_fence_win32 itself: the layer is not there unless its own extension is
 * enabled, and then keeps to what is its own; with the setting force it takes the driver's place.
 */
#include "rig.h"

#include <string.h>

#define KHR VK_KHR_EXTERNAL_FENCE_WIN32_EXTENSION_NAME
#define OURS VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME

static struct kernel_fence object;

static int setup(void **state)
{
    (void)state;
    fake->restore();
    messages_clear();
    kernel_make(&object, true, false, 0);
    return 0;
}

static int teardown(void **state)
{
    kernel_destroy(&object);
    return rig_teardown(state);
}

static void open_device(const char *first, const char *second)
{
    rig_device(&(struct rig_options){
        .extensions = (const char *const[]){VK_KHR_SWAPCHAIN_EXTENSION_NAME,
                                            VK_EXT_SWAPCHAIN_MAINTENANCE_1_EXTENSION_NAME,
                                            VK_EXT_DISPLAY_CONTROL_EXTENSION_NAME, first, second, NULL}});
}

static bool is_in(PFN_vkVoidFunction function, const char *module)
{
    return strstr(os_module_of((void (*)(void))function), module) != NULL;
}

// Every command that the layer hooks where it is served.
static const char *const hooked[] = {
    "vkGetDeviceProcAddr", "vkDestroyDevice", "vkCreateFence", "vkDestroyFence", "vkResetFences", "vkGetFenceStatus",
    "vkWaitForFences", "vkQueueSubmit", "vkQueueSubmit2", "vkQueueBindSparse", "vkQueueWaitIdle", "vkDeviceWaitIdle",
    "vkAcquireNextImageKHR", "vkAcquireNextImage2KHR", "vkQueuePresentKHR", "vkRegisterDeviceEventEXT",
    "vkRegisterDisplayEventEXT", "vkImportFenceWin32HandleKHR", "vkGetFenceWin32HandleKHR"};

static unsigned count_ours(void)
{
    unsigned count = 0;

    // The loader has its own of some; below it, the layer must not be found.
    for (size_t i = 0; i < NTF_COUNT(hooked); i++) {
        const PFN_vkVoidFunction function = vk.GetDeviceProcAddr(world.device, hooked[i]);
        assert_non_null(function);
        count += is_in(function, "VkLayer_ntfence");
    }
    return count;
}

static VkResult import_natively(VkFence fence, VkFenceImportFlags flags)
{
    return import_by_handle(fence, object.handle, flags, 0);
}

// The extension alone: nothing is hooked, and everything is the driver's.
static void inert(void **state)
{
    HANDLE handle = (HANDLE)(uintptr_t)0xA5A5A5A5;
    (void)state;
    fake->extension(KHR, true);
    open_device(KHR, NULL);
    assert_int_equal(count_ours(), 0);
    assert_true(is_in((PFN_vkVoidFunction)vk.ImportFenceWin32HandleKHR, "ntf_fake"));
    assert_true(is_in((PFN_vkVoidFunction)vk.WaitForFences, "ntf_fake"));
    VkFence fence = fence_new();
    assert_int_equal(import_natively(fence, 0), FAKE_IMPORT_RESULT);
    assert_int_equal(export_handle(fence, &handle), FAKE_GET_RESULT);
    fence_free(fence);
}

static void served(void **state)
{
    (void)state;
    fake->extension(KHR, true);
    open_device(KHR, OURS);
    assert_in_range(count_ours(), NTF_COUNT(hooked) - 2, NTF_COUNT(hooked)); // but what the loader puts before them
}

// Both: our structure in the chain says that an import is ours; without it, it is the driver's.
static void side_by_side(void **state)
{
    HANDLE handle = (HANDLE)(uintptr_t)0xA5A5A5A5;
    (void)state;
    fake->extension(KHR, true);
    open_device(KHR, OURS);
    for (int temporary = 0; temporary < 2; temporary++) {
        const VkFenceImportFlags flags = temporary ? VK_FENCE_IMPORT_TEMPORARY_BIT : 0;
        const uint64_t next = kernel_value(&object) + 1;
        VkFence fence = fence_new();
        assert_int_equal(import_natively(fence, flags), FAKE_IMPORT_RESULT);
        EXPECT_OWN("vkImportFenceWin32HandleKHR", fence);
        assert_int_equal(export_handle(fence, &handle), FAKE_GET_RESULT);
        // Ours over the driver's.
        fake->calls_clear();
        assert_int_equal(import_by_handle(fence, object.handle, flags, next), VK_SUCCESS);
        assert_int_equal(fake->calls("vkImportFenceWin32HandleKHR"), 0);
        fence_submit(fence);
        expect_pooled("vkQueueSubmit", fence);
        assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
        assert_int_equal(export_handle(fence, &handle), VK_ERROR_UNKNOWN);
        // The driver's over ours: refused by the driver, nothing changes.
        assert_int_equal(import_natively(fence, 0), FAKE_IMPORT_RESULT);
        assert_int_equal(import_natively(fence, VK_FENCE_IMPORT_TEMPORARY_BIT), FAKE_IMPORT_RESULT);
        assert_int_equal(fake->calls("vkImportFenceWin32HandleKHR"), 2);
        fence_expect(fence, true);
        assert_int_equal(kernel_value(&object), next);
        fence_reset(fence);
        fence_expect(fence, false);
        kernel_signal(&object, next + 1);
        fence_expect(fence, !temporary);
        fence_free(fence);
    }
    assert_ptr_equal(handle, (HANDLE)(uintptr_t)0xA5A5A5A5);
}

// What the driver may share is given no other fence in its place, ever.
static void no_stand_ins(void **state)
{
    const VkExportFenceCreateInfo types = {.sType = VK_STRUCTURE_TYPE_EXPORT_FENCE_CREATE_INFO,
                                           .handleTypes = VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT};
    const VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO, .pNext = &types};
    VkFence native, taken, plain, import;
    (void)state;
    fake->extension(KHR, true);
    open_device(KHR, OURS);
    plain = fence_new();
    import = imported(&object, 0, 1);
    const VkFence both[] = {import, plain};
    assert_int_equal(wait_for(2, both, VK_FALSE, MS), VK_TIMEOUT); // from here on others are
    assert_int_equal(vk.CreateFence(world.device, &info, NULL, &native), VK_SUCCESS);
    taken = fence_new();
    assert_int_equal(import_natively(taken, VK_FENCE_IMPORT_TEMPORARY_BIT), FAKE_IMPORT_RESULT);
    for (int round = 0; round < 3; round++) {
        fence_submit(native);
        EXPECT_OWN("vkQueueSubmit", native);
        assert_int_equal(fence_wait(native, UINT64_MAX), VK_SUCCESS);
        fence_reset(native);
        // (The driver has refused it: whatever it is, both are right for it.)
        fence_submit(taken);
        assert_int_equal(fence_wait(taken, UINT64_MAX), VK_SUCCESS);
        fence_reset(taken);
    }
    fence_free(native);
    fence_free(taken);
    native = fence_new();
    fence_submit(native);
    expect_pooled("vkQueueSubmit", native);
    assert_int_equal(fence_wait(native, UINT64_MAX), VK_SUCCESS);
    fence_free(native);
    fence_free(import);
    fence_free(plain);
}

// Ours alone: the driver's extension is not asked for.
static void ours_alone(void **state)
{
    struct fake_call call;
    (void)state;
    fake->extension(KHR, true);
    open_device(OURS, NULL);
    assert_true(fake->last("vkCreateDevice", &call));
    assert_null(strstr(call.names, KHR));
    assert_null(strstr(call.names, OURS));
    VkFence fence = fence_new();
    fake->calls_clear();
    assert_int_equal(import_natively(fence, 0), VK_SUCCESS);
    assert_int_equal(fake->calls("vkImportFenceWin32HandleKHR"), 0);
    kernel_signal(&object, 1);
    fence_expect(fence, true);
    fence_free(fence);
}

// The setting is read by an instance.
static void forced(void **state)
{
    HANDLE handle;
    struct fake_call call;
    (void)state;
    fake->extension(KHR, true);
    rig_instance_close();
    os_setenv("NTFENCE_FORCE", "1");
    rig_instance();
    os_setenv("NTFENCE_FORCE", NULL);
    open_device(KHR, NULL);
    VkFence fence = exportable(), sharer = fence_new();
    assert_true(fake->last("vkCreateFence", &call));
    assert_int_equal(call.handle_types, 0);
    fake->calls_clear();
    assert_int_equal(export_handle(fence, &handle), VK_SUCCESS);
    assert_int_equal(import_by_handle(sharer, handle, 0, 0), VK_SUCCESS);
    os_handle_close(handle);
    fence_submit(fence);
    expect_pooled("vkQueueSubmit", fence);
    assert_int_equal(fence_wait(sharer, UINT64_MAX), VK_SUCCESS);
    assert_int_equal(fake->calls("vkImportFenceWin32HandleKHR"), 0);
    assert_int_equal(fake->calls("vkGetFenceWin32HandleKHR"), 0);
    fence_free(sharer);
    fence_free(fence);
    rig_end();
    rig_instance_close();
    rig_instance();
}

int main(int argc, char **argv)
{
#define NATIVE_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    static const struct CMUnitTest tests[] = {
        NATIVE_TEST(inert),        NATIVE_TEST(served),     NATIVE_TEST(side_by_side),
        NATIVE_TEST(no_stand_ins), NATIVE_TEST(ours_alone), NATIVE_TEST(forced),
    };
    (void)argc, (void)argv;
    return ntf_test_run("commands-native", tests, NTF_COUNT(tests), rig_open, rig_close);
}
