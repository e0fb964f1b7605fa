// SPDX-License-Identifier: Apache-2.0
// Thousands of imports and exports: one after the other, and at once. Nothing grows that does not have to.
#include "matrix.h"

#include <stdlib.h>

enum { MANY = 4096, CHUNK = 512 };

static struct device *device;
static struct counts {
    size_t handles, threads;
} before;

static void count(struct counts *counts)
{
    counts->handles = ntf_test_open_handles();
    counts->threads = ntf_test_threads();
}

// As before, but for `more` handles at most. What a thread of somebody else's has in its hands for a moment goes by
// itself; what stays is a failure.
static void expect_counts(size_t more)
{
    const uint64_t end_ns = ntf_os_now_ns() + 10000 * MS;
    struct counts now;
    do
        count(&now);
    while ((now.handles > before.handles + more + ntf_test_spare_handles || now.threads > before.threads) &&
           ntf_os_now_ns() < end_ns);
    assert_in_range(now.handles, 0, before.handles + more + ntf_test_spare_handles);
    assert_in_range(now.threads, 1, before.threads);
}

static VkFence make(VkExternalFenceHandleTypeFlags type)
{
    const VkExportFenceCreateInfo types = {.sType = VK_STRUCTURE_TYPE_EXPORT_FENCE_CREATE_INFO, .handleTypes = type};
    const VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO, .pNext = type ? &types : NULL};
    VkFence fence = VK_NULL_HANDLE;
    assert_int_equal(device->CreateFence(device->device, &info, NULL, &fence), VK_SUCCESS);
    return fence;
}

static HANDLE get(VkFence fence)
{
    const VkFenceGetWin32HandleInfoKHR info = {
        .sType = VK_STRUCTURE_TYPE_FENCE_GET_WIN32_HANDLE_INFO_KHR, .fence = fence, .handleType = config.type};
    HANDLE handle = NULL;
    assert_int_equal(device->GetFenceWin32HandleKHR(device->device, &info, &handle), VK_SUCCESS);
    return handle;
}

static void import(VkFence fence, HANDLE handle)
{
    const VkImportFenceWin32HandleInfoKHR info = {.sType = VK_STRUCTURE_TYPE_IMPORT_FENCE_WIN32_HANDLE_INFO_KHR,
                                                  .fence = fence,
                                                  .flags = import_flags(),
                                                  .handleType = config.type,
                                                  .handle = handle};
    assert_int_equal(device->ImportFenceWin32HandleKHR(device->device, &info), VK_SUCCESS);
}

static void finish(HANDLE handle)
{
    if (!is_kmt())
        os_handle_close(handle);
}

static bool signalled(VkFence fence)
{
    const VkResult result = device->GetFenceStatus(device->device, fence);
    assert_int_equal(device->WaitForFences(device->device, 1, &fence, VK_TRUE, 0),
                     result == VK_SUCCESS ? VK_SUCCESS : VK_TIMEOUT);
    return result == VK_SUCCESS;
}

static void signal_with(VkFence fence, VkFence waited)
{
    assert_int_equal(device->QueueSubmit(device->queues[0], 0, NULL, fence), VK_SUCCESS);
    assert_int_equal(device->WaitForFences(device->device, 1, &waited, VK_TRUE, UINT64_MAX), VK_SUCCESS);
}

static void end(VkFence fence)
{
    device->DestroyFence(device->device, fence, NULL);
}

// What is made for the first import of a process, and the first submission, is there before the counting begins.
static VkFence begin(void)
{
    device = first_device();
    const VkFence a = make(config.type), b = make(0);
    const HANDLE handle = get(a);
    import(b, handle);
    finish(handle);
    signal_with(b, a);
    assert_int_equal(device->ResetFences(device->device, 1, &a), VK_SUCCESS);
    end(b);
    assert_int_equal(device->QueueWaitIdle(device->queues[0]), VK_SUCCESS);
    count(&before);
    return a;
}

// One fence that is imported into again and again, each time by a new handle.
static void one_after_the_other(void **state)
{
    const VkFence a = begin(), b = make(0);
    (void)state;
    for (int i = 0; i < MANY; i++) {
        const HANDLE handle = get(a);
        import(b, handle);
        finish(handle);
        if (i % CHUNK == CHUNK - 1)
            expect_counts(0);
    }
    assert_false(signalled(b));
    signal_with(a, b);
    assert_true(signalled(b));
    end(b);
    end(a);
    expect_counts(0);
}

// A new payload each time: of those that were replaced nothing is left.
static void a_new_payload_each_time(void **state)
{
    const VkFence a = begin(), b = make(0);
    (void)state;
    for (int i = 0; i < CHUNK; i++) {
        const VkFence source = make(config.type);
        const HANDLE handle = get(source);
        import(b, handle);
        finish(handle);
        end(source);
    }
    // Those of the last one that b has.
    expect_counts(4);
    assert_false(signalled(b));
    signal_with(b, b);
    end(b);
    end(a);
    expect_counts(0);
}

// As many fences on one payload, all alive: one handle more or less for all of them, no thread.
static void all_at_once(void **state)
{
    const VkFence a = begin();
    const HANDLE handle = get(a);
    VkFence *fences = calloc(MANY, sizeof *fences);
    (void)state;
    assert_non_null(fences);
    for (int i = 0; i < MANY; i++) {
        fences[i] = make(0);
        import(fences[i], handle);
    }
    finish(handle);
    expect_counts(0);
    assert_int_equal(device->WaitForFences(device->device, MANY, fences, VK_FALSE, 0), VK_TIMEOUT);
    signal_with(fences[MANY / 3], fences[MANY - 1]);
    assert_int_equal(device->WaitForFences(device->device, MANY, fences, VK_TRUE, UINT64_MAX), VK_SUCCESS);
    assert_int_equal(device->ResetFences(device->device, 1, &a), VK_SUCCESS);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(device->GetFenceStatus(device->device, fences[i]), VK_NOT_READY);
    assert_int_equal(device->WaitForFences(device->device, MANY, fences, VK_FALSE, 0), VK_TIMEOUT);
    for (int i = 0; i < MANY; i++)
        end(fences[i]);
    free(fences);
    end(a);
    expect_counts(0);
}

// Exports: as many handles as were asked for, and none when they have been closed. KMT: none at all.
static void many_exports(void **state)
{
    const VkFence a = begin();
    HANDLE handles[CHUNK / 2];
    (void)state;
    for (size_t i = 0; i < NTF_COUNT(handles); i++)
        handles[i] = get(a);
    expect_counts(is_kmt() ? 0 : NTF_COUNT(handles));
    for (size_t i = 0; i < NTF_COUNT(handles); i++)
        finish(handles[i]);
    expect_counts(0);
    assert_false(signalled(a));
    end(a);
}

// One submission after the other to one of two fences: neither threads nor handles.
static void many_submissions(void **state)
{
    const VkFence a = begin(), b = make(0);
    const HANDLE handle = get(a);
    (void)state;
    import(b, handle);
    finish(handle);
    for (int i = 0; i < CHUNK; i++) {
        signal_with(i % 2 ? a : b, i % 2 ? b : a);
        assert_int_equal(device->ResetFences(device->device, 1, &a), VK_SUCCESS);
        assert_int_equal(device->GetFenceStatus(device->device, b), VK_NOT_READY);
    }
    expect_counts(0);
    end(a);
    end(b);
    expect_counts(0);
}

int main(int argc, char **argv)
{
    static const struct matrix_case cases[] = {
        CASE(one_after_the_other, OVER_TYPES | OVER_PERMANENCE),
        CASE(a_new_payload_each_time, OVER_TYPES | OVER_PERMANENCE),
        CASE(all_at_once, OVER_TYPES | OVER_PERMANENCE),
        CASE(many_exports, OVER_TYPES),
        CASE(many_submissions, OVER_TYPES),
    };
    return matrix_main(argc, argv, "conformance-many", cases, NTF_COUNT(cases));
}
