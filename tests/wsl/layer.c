// SPDX-License-Identifier: Apache-2.0
// The layer on WSL's calls: fences of others and of its own, waits that fail meanwhile, and what refusals say.
#include "vulkan.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/os/os.h"
#include "dxcore.h"

static struct dxcore_control *control;

static void find_control(void)
{
    struct ntf_library *library = ntf_library_open_path(getenv("NTFENCE_D3DKMT"));
    dxcore_control_fn find = library ? (dxcore_control_fn)ntf_library_symbol(library, "dxcore_control") : NULL;

    if (!find)
        abort();
    control = find();
}

// ---- Others' fences ----

static void imports(void **state)
{
    static const uint64_t values[] = {0, 1, 1000000};

    (void)state;
    for (unsigned way = 0; way < 6; way++) {
        const VkFenceImportFlags flags = way & 1 ? VK_FENCE_IMPORT_TEMPORARY_BIT : 0;
        const uint64_t target = values[way / 2] ? values[way / 2] : 1;
        struct kernel_fence object;
        VkFence fence = fence_new();

        messages_clear();
        kernel_make(&object, false, false, 0);
        assert_int_equal(import_by_handle(fence, object.handle, flags, values[way / 2]), VK_SUCCESS);
        assert_true(os_handle_live(object.handle));
        kernel_close_handle(&object);
        assert_non_null(strstr(messages_last("NTF-INFO-002"), "a monitored"));
        fence_expect(fence, false);
        kernel_signal(&object, target);
        fence_expect(fence, true);
        assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
        fence_reset(fence);
        fence_expect(fence, false);
        fence_submit(fence); // of a permanent one the next value: to the object
        if (!flags)
            kernel_wait(&object, target + 1);
        assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
        fence_free(fence);
        kernel_destroy(&object);
    }
}

struct waiting {
    VkFence fence;
    VkResult result;
};

static void wait_forever(void *context)
{
    struct waiting *waiting = context;

    waiting->result = fence_wait(waiting->fence, UINT64_MAX);
}

static void await_pending(void)
{
    ntf_au32 nothing;

    ntf_init(&nothing, 0u);
    while (control->pending() == 0)
        (void)ntf_os_park(&nothing, 0, ntf_os_now_ns() + 200000);
}

// vkWaitForFences sleeps, its wait fails, it asks again, and is woken.
static void waits_that_fail(void **state)
{
    struct waiting waiting = {.fence = fence_new()};
    struct kernel_fence object;
    struct ntf_thread *thread;

    (void)state;
    kernel_make(&object, false, false, 0);
    assert_int_equal(import_by_handle(waiting.fence, object.handle, 0, 1), VK_SUCCESS);
    assert_int_equal(ntf_thread_start(&thread, "wait", wait_forever, &waiting), NTF_OK);
    await_pending();
    control->cut(UINT64_MAX, false);
    await_pending();
    kernel_signal(&object, 1);
    ntf_thread_join(thread);
    assert_int_equal(waiting.result, VK_SUCCESS);
    fence_free(waiting.fence);
    kernel_destroy(&object);
}

// ---- Our own ----

static VkResult create(VkExternalFenceHandleTypeFlags type, const char16_t *name, VkFence *out)
{
    const VkExportFenceWin32HandleInfoKHR win32 = {
        .sType = VK_STRUCTURE_TYPE_EXPORT_FENCE_WIN32_HANDLE_INFO_KHR, .dwAccess = 0x80000001u, .name = (LPCWSTR)name};
    const VkExportFenceCreateInfo types = {
        .sType = VK_STRUCTURE_TYPE_EXPORT_FENCE_CREATE_INFO, .pNext = name ? &win32 : NULL, .handleTypes = type};
    const VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO, .pNext = &types};

    return vk.CreateFence(world.device, &info, NULL, out);
}

static void exports(void **state)
{
    const uint32_t shares = ntf_load(&control->shares, NTF_RELAXED);
    VkFence made = VK_NULL_HANDLE, other = fence_new();
    const VkFenceGetWin32HandleInfoKHR get = {.sType = VK_STRUCTURE_TYPE_FENCE_GET_WIN32_HANDLE_INFO_KHR,
                                              .handleType = VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT};
    VkFenceGetWin32HandleInfoKHR info = get;
    HANDLE handle = NULL;

    (void)state;
    assert_int_equal(create(VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT, NULL, &made), VK_SUCCESS);
    info.fence = made;
    assert_int_equal(vk.GetFenceWin32HandleKHR(world.device, &info, &handle), VK_SUCCESS);
    assert_true((intptr_t)handle >= 3);
    assert_int_equal(ntf_load(&control->shares, NTF_RELAXED), shares + 1); // it is WSL's
    assert_int_equal(import_by_handle(other, handle, 0, 0), VK_SUCCESS);
    os_handle_close(handle);
    fence_submit(made);
    assert_int_equal(fence_wait(other, UINT64_MAX), VK_SUCCESS);
    fence_reset(other);
    fence_expect(made, false);
    fence_free(made);
    fence_free(other);
}

// ---- What is refused ----

static void names(void **state)
{
    VkFence fence = (VkFence)(uintptr_t)0xA5A5A5A0, other = fence_new();

    (void)state;
    assert_int_equal(create(VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT, u"ntfence-test-wsl", &fence),
                     VK_ERROR_UNKNOWN);
    assert_true((uintptr_t)fence == 0xA5A5A5A0);
    assert_int_equal(messages_of("NTF-FENCE-005"), 1);
    assert_non_null(strstr(messages_last("NTF-FENCE-005"), "(0xC00000BB NOT_SUPPORTED)"));
    assert_int_equal(import_by_name(other, u"ntfence-test-wsl", 0, 0), VK_ERROR_INVALID_EXTERNAL_HANDLE);
    assert_non_null(strstr(messages_last("NTF-IMPORT-003"), "name lookup: kernel (0xC00000BB NOT_SUPPORTED)"));
    fence_free(other);
}

static void strangers(void **state)
{
    const int fd = eventfd(0, EFD_CLOEXEC);
    VkFence fence = fence_new();

    (void)state;
    assert_int_equal(import_by_handle(fence, (ntf_handle)(intptr_t)fd, 0, 0), VK_ERROR_INVALID_EXTERNAL_HANDLE);
    assert_non_null(strstr(messages_last("NTF-IMPORT-002"), "handle (0x00000000 SUCCESS: eventfd)"));
    assert_non_null(strstr(messages_last("NTF-IMPORT-002"), "monitored open 0x483 (0xC000000D INVALID_PARAMETER)"));
    assert_non_null(strstr(messages_last("NTF-IMPORT-002"), "(0xC0000002 NOT_IMPLEMENTED: not exported)"));
    fence_free(fence);
    (void)close(fd);
}

// No global handles, so the query says no.
static void properties(void **state)
{
    const VkPhysicalDeviceExternalFenceInfo info = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_FENCE_INFO,
                                                    .handleType = VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_KMT_BIT};
    VkExternalFenceProperties answer = {.sType = VK_STRUCTURE_TYPE_EXTERNAL_FENCE_PROPERTIES};

    (void)state;
    vk.GetPhysicalDeviceExternalFenceProperties(world.physical, &info, &answer);
    assert_int_equal(answer.externalFenceFeatures, 0);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(imports), WORLD_TEST(waits_that_fail), WORLD_TEST(exports),
        WORLD_TEST(names),   WORLD_TEST(strangers),       WORLD_TEST(properties),
    };

    (void)argc;
    (void)argv;
    find_control();
    return ntf_test_run("wsl-layer", tests, NTF_COUNT(tests), world_setup, world_teardown);
}
