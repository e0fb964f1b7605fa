// SPDX-License-Identifier: Apache-2.0
/*
 * vkImportFenceFdKHR and vkGetFenceFdKHR beside the layer's own imports. What the driver imports takes the place of a
 * payload of the layer's, for good or until the next reset; what is the layer's, the driver does not export.
 */
#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define OPAQUE VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_FD_BIT
#define SYNC VK_EXTERNAL_FENCE_HANDLE_TYPE_SYNC_FD_BIT
#define TEMPORARY VK_FENCE_IMPORT_TEMPORARY_BIT

static struct kernel_fence object;

static int setup(void **state)
{
    if (rig_setup(state))
        return -1;
    kernel_make(&object, true, false, 0);
    return 0;
}

static int teardown(void **state)
{
    kernel_destroy(&object);
    return rig_teardown(state);
}

static VkFence fd_exportable(VkExternalFenceHandleTypeFlags types)
{
    const VkExportFenceCreateInfo wanted = {.sType = VK_STRUCTURE_TYPE_EXPORT_FENCE_CREATE_INFO, .handleTypes = types};
    const VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO, .pNext = &wanted};
    VkFence fence;

    assert_int_equal(vk.CreateFence(world.device, &info, NULL, &fence), VK_SUCCESS);
    return fence;
}

static VkResult get_fd(VkFence fence, VkExternalFenceHandleTypeFlagBits type, int *fd)
{
    const VkFenceGetFdInfoKHR info = {.sType = VK_STRUCTURE_TYPE_FENCE_GET_FD_INFO_KHR, .fence = fence,
                                      .handleType = type};

    return vk.GetFenceFdKHR(world.device, &info, fd);
}

static VkResult import_fd(VkFence fence, VkExternalFenceHandleTypeFlagBits type, VkFenceImportFlags flags, int fd)
{
    const VkImportFenceFdInfoKHR info = {.sType = VK_STRUCTURE_TYPE_IMPORT_FENCE_FD_INFO_KHR, .fence = fence,
                                         .flags = flags, .handleType = type, .fd = fd};

    return vk.ImportFenceFdKHR(world.device, &info);
}

// Imports the payload of `of` by descriptor.
static void share(VkFence of, VkFence with, VkFenceImportFlags flags)
{
    int fd = -1;

    assert_int_equal(get_fd(of, OPAQUE, &fd), VK_SUCCESS);
    assert_int_equal(import_fd(with, OPAQUE, flags, fd), VK_SUCCESS);
}

// The states that a fence can be in when the driver imports into it.
enum before { PLAIN, PERMANENT, TEMPORARILY, ACQUIRED, ACQUIRED_OVER, BEFORE };

static VkSwapchainKHR swapchain;

static VkFence make(enum before before)
{
    const uint64_t next = kernel_value(&object) + 1;
    VkFence fence = fence_new();

    if (before == PERMANENT || before == ACQUIRED_OVER)
        assert_int_equal(import_by_handle(fence, object.handle, 0, next), VK_SUCCESS);
    if (before == TEMPORARILY)
        assert_int_equal(import_by_handle(fence, object.handle, TEMPORARY, next), VK_SUCCESS);
    if (before >= ACQUIRED)
        assert_int_equal(acquire(swapchain, fence, false), VK_SUCCESS);
    return fence;
}

// Signalled by a submission with the fence that it shares its payload with.
static void expect_shared(VkFence fence, VkFence with)
{
    fence_expect(fence, false);
    fence_submit(with);
    EXPECT_OWN("vkQueueSubmit", with);
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    fence_expect(with, true);
}

// For good: nothing of what was there before comes back.
static void opaque_for_good(void **state)
{
    (void)state;
    swapchain = swapchain_new();
    for (int before = PLAIN; before < BEFORE; before++) {
        VkFence source = fd_exportable(OPAQUE), fence = make(before);
        share(source, fence, 0);
        expect_shared(fence, source);
        fence_reset(fence);
        expect_shared(fence, source);
        fence_reset(source);
        fence_submit(fence);
        EXPECT_OWN("vkQueueSubmit", fence);
        assert_int_equal(fence_wait(source, UINT64_MAX), VK_SUCCESS);
        fence_free(fence);
        fence_free(source);
    }
    assert_int_equal(kernel_value(&object), 0);
    swapchain_free(swapchain);
}

// After the reset it is again what it was for good.
static void expect_back(VkFence fence, enum before before)
{
    const bool ours = before == PERMANENT || before == ACQUIRED_OVER;
    const uint64_t value = kernel_value(&object);

    fence_expect(fence, false);
    fence_submit(fence);
    if (ours)
        expect_pooled("vkQueueSubmit", fence);
    else
        EXPECT_OWN("vkQueueSubmit", fence);
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    if (ours)
        assert_in_range(kernel_value(&object), value + 1, UINT64_MAX);
    else
        assert_int_equal(kernel_value(&object), value);
}

static void opaque_temporarily(void **state)
{
    (void)state;
    swapchain = swapchain_new();
    for (int before = PLAIN; before < BEFORE; before++) {
        const uint64_t value = kernel_value(&object);
        VkFence source = fd_exportable(OPAQUE), fence = make(before);
        share(source, fence, TEMPORARY);
        expect_shared(fence, source);
        assert_int_equal(kernel_value(&object), value);
        fence_reset(fence);
        fence_expect(source, true); // what was temporary is not touched by the reset
        expect_back(fence, before);
        fence_free(fence);
        fence_free(source);
    }
    swapchain_free(swapchain);
}

static void sync_fds(void **state)
{
    (void)state;
    swapchain = swapchain_new();
    for (int before = PLAIN; before < BEFORE; before++) {
        VkFence source = fd_exportable(SYNC), fence = make(before);
        int fd = -1;
        fake->queue_hold(world.queue);
        fence_submit(source);
        assert_int_equal(get_fd(source, SYNC, &fd), VK_SUCCESS);
        fence_expect(source, false);
        assert_int_equal(import_fd(fence, SYNC, TEMPORARY, fd), VK_SUCCESS);
        fence_expect(fence, false);
        fake->queue_release(world.queue);
        assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
        fence_reset(fence);
        expect_back(fence, before);
        fence_reset(fence);
        // -1 stands for one that is signalled.
        assert_int_equal(import_fd(fence, SYNC, TEMPORARY, -1), VK_SUCCESS);
        fence_expect(fence, true);
        fence_reset(fence);
        expect_back(fence, before);
        fence_free(fence);
        fence_free(source);
    }
    swapchain_free(swapchain);
}

// The other way round: ours over the driver's.
static void ours_over_shared(void **state)
{
    VkFence source = fd_exportable(OPAQUE), fence = fence_new();
    (void)state;
    share(source, fence, 0);
    assert_int_equal(import_by_handle(fence, object.handle, TEMPORARY, 1), VK_SUCCESS);
    kernel_signal(&object, 1);
    fence_expect(fence, true);
    fence_expect(source, false);
    fence_reset(fence);
    expect_shared(fence, source);
    fence_reset(source);
    share(source, fence, TEMPORARY);
    assert_int_equal(import_by_handle(fence, object.handle, 0, 2), VK_SUCCESS);
    fence_submit(source);
    assert_int_equal(fence_wait(source, UINT64_MAX), VK_SUCCESS);
    fence_expect(fence, false);
    fence_reset(fence);
    kernel_signal(&object, 3);
    fence_expect(fence, true);
    fence_free(fence);
    fence_free(source);
}

static void exports_refused(void **state)
{
    VkFence fence = fd_exportable(OPAQUE | SYNC);
    int fd = 77;
    (void)state;
    swapchain = swapchain_new();
    assert_int_equal(import_by_handle(fence, object.handle, 0, 1), VK_SUCCESS);
    fake->calls_clear();
    for (int i = 0; i < 3; i++)
        assert_int_equal(get_fd(fence, i % 2 ? OPAQUE : SYNC, &fd), VK_ERROR_UNKNOWN);
    assert_int_equal(messages_of("NTF-FENCE-001"), 1); // once for a fence
    assert_non_null(strstr(messages_last("NTF-FENCE-001"), "vkGetFenceFdKHR"));
    fence_free(fence);
    fence = fd_exportable(OPAQUE | SYNC);
    assert_int_equal(import_by_handle(fence, object.handle, 0, 1), VK_SUCCESS);
    assert_int_equal(acquire(swapchain, fence, false), VK_SUCCESS);
    assert_int_equal(get_fd(fence, SYNC, &fd), VK_ERROR_UNKNOWN);
    assert_int_equal(messages_of("NTF-FENCE-001"), 2);
    assert_int_equal(fake->calls("vkGetFenceFdKHR"), 0);
    assert_int_equal(fd, 77);
    fence_expect(fence, true);
    fence_reset(fence);
    fence_expect(fence, false);
    fence_free(fence);
    // Gone with the reset of a temporary import.
    fence = fd_exportable(OPAQUE);
    assert_int_equal(import_by_handle(fence, object.handle, TEMPORARY, 1), VK_SUCCESS);
    assert_int_equal(get_fd(fence, OPAQUE, &fd), VK_ERROR_UNKNOWN);
    fence_reset(fence);
    assert_int_equal(get_fd(fence, OPAQUE, &fd), VK_SUCCESS);
    assert_int_equal(close(fd), 0);
    fence_free(fence);
    swapchain_free(swapchain);
}

// An export by copy has the side effects of a reset: a temporary payload of the driver's is gone, and the permanent one
// of ours is back, and reset.
static void copy_resets(void **state)
{
    VkFence source = fd_exportable(SYNC), fence = fd_exportable(SYNC);
    int fd = -1;
    (void)state;
    assert_int_equal(import_by_handle(fence, object.handle, 0, 1), VK_SUCCESS);
    kernel_signal(&object, 1);
    fence_expect(fence, true);
    for (int i = 0; i < 2; i++) {
        fence_submit(source);
        assert_int_equal(get_fd(source, SYNC, &fd), VK_SUCCESS);
        assert_int_equal(import_fd(fence, SYNC, TEMPORARY, fd), VK_SUCCESS);
        assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
        assert_int_equal(get_fd(fence, SYNC, &fd), VK_SUCCESS);
        assert_int_equal(close(fd), 0);
        fence_expect(fence, false);
        kernel_signal(&object, kernel_value(&object) + 1);
        fence_expect(fence, true);
    }
    assert_int_equal(vk.DeviceWaitIdle(world.device), VK_SUCCESS);
    fence_free(fence);
    fence_free(source);
}

// A refused import changes nothing: neither the descriptor nor any payload.
static void failures(void **state)
{
    static const VkResult results[] = {VK_SUCCESS, VK_ERROR_OUT_OF_HOST_MEMORY, VK_ERROR_INVALID_EXTERNAL_HANDLE};
    const int stranger = open("/dev/null", O_RDONLY | O_CLOEXEC);
    (void)state;
    swapchain = swapchain_new();
    assert_true(stranger >= 0);
    for (size_t i = 0; i < 2 * NTF_COUNT(results); i++)
        for (int before = PLAIN; before < BEFORE; before++) {
            const bool ours = before == PERMANENT || before == TEMPORARILY;
            const VkResult expected = results[i / 2] ? results[i / 2] : VK_ERROR_INVALID_EXTERNAL_HANDLE;
            VkFence fence;
            kernel_destroy(&object);
            kernel_make(&object, true, false, 0);
            fence = make(before);
            if (results[i / 2])
                fake->order("vkImportFenceFdKHR", 1, 1, results[i / 2]);
            assert_int_equal(import_fd(fence, OPAQUE, i % 2 ? TEMPORARY : 0, stranger), expected);
            fence_expect(fence, before >= ACQUIRED);
            kernel_signal(&object, 1);
            fence_expect(fence, ours || before >= ACQUIRED);
            fence_reset(fence);
            fence_expect(fence, false);
            expect_back(fence, before);
            fence_free(fence);
        }
    assert_int_equal(fcntl(stranger, F_GETFD), FD_CLOEXEC);
    assert_int_equal(close(stranger), 0);
    swapchain_free(swapchain);
}

int main(int argc, char **argv)
{
#define FD_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    static const struct CMUnitTest tests[] = {
        FD_TEST(opaque_for_good), FD_TEST(opaque_temporarily), FD_TEST(sync_fds), FD_TEST(ours_over_shared),
        FD_TEST(exports_refused), FD_TEST(copy_resets),        FD_TEST(failures),
    };
    (void)argc, (void)argv;
    return ntf_test_run("commands-descriptors", tests, NTF_COUNT(tests), rig_open, rig_close);
}
