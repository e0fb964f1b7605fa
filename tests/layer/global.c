// SPDX-License-Identifier: Apache-2.0
/*
 * VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_KMT_BIT: a number that names a payload and holds nothing alive.
 */
#include "vulkan.h"

#include <string.h>

#define KMT VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_KMT_BIT
#define POISON ((HANDLE)(uintptr_t)0xA5A5A5A5)

static VkFence exportable(unsigned types, VkFenceCreateFlags flags, const void *chain)
{
    const VkExportFenceCreateInfo export = {.sType = VK_STRUCTURE_TYPE_EXPORT_FENCE_CREATE_INFO, .pNext = chain,
                                            .handleTypes = types};
    const VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO, .pNext = &export, .flags = flags};
    VkFence fence;
    assert_int_equal(vk.CreateFence(world.device, &info, NULL, &fence), VK_SUCCESS);
    return fence;
}

static VkResult get(VkFence fence, unsigned type, HANDLE *handle)
{
    const VkFenceGetWin32HandleInfoKHR info = {.sType = VK_STRUCTURE_TYPE_FENCE_GET_WIN32_HANDLE_INFO_KHR,
                                               .fence = fence,
                                               .handleType = (VkExternalFenceHandleTypeFlagBits)type};
    return vk.GetFenceWin32HandleKHR(world.device, &info, handle);
}

static HANDLE number_of(VkFence fence)
{
    HANDLE handle = NULL;
    assert_int_equal(get(fence, KMT, &handle), VK_SUCCESS);
    assert_true((uintptr_t)handle != 0 && (uintptr_t)handle <= UINT32_MAX);
    return handle;
}

static VkResult import(VkFence fence, HANDLE number, VkFenceImportFlags flags)
{
    const VkImportFenceWin32HandleInfoKHR info = {.sType = VK_STRUCTURE_TYPE_IMPORT_FENCE_WIN32_HANDLE_INFO_KHR,
                                                  .fence = fence, .flags = flags, .handleType = KMT,
                                                  .handle = number};
    return vk.ImportFenceWin32HandleKHR(world.device, &info);
}

// The same number as often as one asks, and from every fence on the payload; it is shared by reference.
static void reference(void **state)
{
    VkFence made = exportable(KMT, 0, NULL), other = fence_new();
    const HANDLE number = number_of(made);
    (void)state;
    assert_ptr_equal(number_of(made), number);
    assert_int_equal(import(other, number, 0), VK_SUCCESS);
    assert_ptr_equal(number_of(other), number);
    fence_submit(made);
    assert_int_equal(fence_wait(other, UINT64_MAX), VK_SUCCESS);
    fence_expect(made, true);
    fence_reset(other);
    fence_expect(made, false);
    fence_free(made);
    fence_free(other);
}

static void temporary(void **state)
{
    VkFence made = exportable(KMT, VK_FENCE_CREATE_SIGNALED_BIT, NULL), other = fence_new();
    (void)state;
    assert_int_equal(import(other, number_of(made), VK_FENCE_IMPORT_TEMPORARY_BIT), VK_SUCCESS);
    fence_expect(other, true);
    fence_reset(other);
    fence_expect(other, false);
    fence_expect(made, true);
    fence_free(made);
    fence_free(other);
}

// It lives as long as any fence on the payload, not only the one that made it, and no longer.
static void life(void **state)
{
    VkFence made = exportable(KMT, 0, NULL), heir = fence_new(), late = fence_new();
    const HANDLE number = number_of(made);
    (void)state;
    assert_int_equal(import(heir, number, 0), VK_SUCCESS);
    fence_free(made);
    assert_int_equal(import(late, number, VK_FENCE_IMPORT_TEMPORARY_BIT), VK_SUCCESS);
    fence_reset(late);
    // (No submission here: a thread of the layer may hold the payload for a moment after its end has been seen.)
    fence_free(heir);
    messages_clear();
    assert_int_equal(import(late, number, 0), VK_ERROR_INVALID_EXTERNAL_HANDLE);
    assert_int_equal(messages_of("NTF-IMPORT-001"), 1);
    fence_expect(late, false);
    fence_free(late);
}

// Numbers are not given twice at once.
static void many(void **state)
{
    enum { COUNT = 200 };
    VkFence fences[COUNT];
    (void)state;
    for (int i = 0; i < COUNT; i++)
        fences[i] = exportable(KMT, 0, NULL);
    for (int i = 0; i < COUNT; i++)
        for (int j = 0; j < i; j++)
            assert_true(number_of(fences[i]) != number_of(fences[j]));
    for (int i = 0; i < COUNT; i++)
        fence_free(fences[i]);
}

// Attributes are for the other type, and are ignored here, whatever is in them.
static void attributes_are_ignored(void **state)
{
    const VkExportFenceWin32HandleInfoKHR win32 = {.sType = VK_STRUCTURE_TYPE_EXPORT_FENCE_WIN32_HANDLE_INFO_KHR,
                                                   .dwAccess = 1, .name = (const void *)u"ntfence-test-kmt\\bad\\"};
    VkFence made = exportable(KMT, 0, &win32);
    (void)state;
    (void)number_of(made);
    fence_free(made);
}

// Neither type is exported from the other, and both at once cannot be had.
static void not_with_the_other(void **state)
{
    const VkExportFenceCreateInfo both = {.sType = VK_STRUCTURE_TYPE_EXPORT_FENCE_CREATE_INFO,
                                          .handleTypes = KMT | VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT};
    const VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO, .pNext = &both};
    VkFence nt = exportable(VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT, 0, NULL), kmt = exportable(KMT, 0, NULL);
    VkFence none = (VkFence)(uintptr_t)0xA5A5A5A0;
    HANDLE handle = POISON;
    (void)state;
    assert_int_equal(get(nt, KMT, &handle), VK_ERROR_UNKNOWN);
    assert_int_equal(get(kmt, VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT, &handle), VK_ERROR_UNKNOWN);
    assert_int_equal(vk.CreateFence(world.device, &info, NULL, &none), VK_ERROR_UNKNOWN);
    assert_ptr_equal(handle, POISON);
    assert_ptr_equal((void *)(uintptr_t)none, (void *)(uintptr_t)0xA5A5A5A0);
    assert_int_equal(messages_of("NTF-FENCE-002"), 3);
    fence_free(nt);
    fence_free(kmt);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(reference), WORLD_TEST(temporary), WORLD_TEST(life), WORLD_TEST(many),
        WORLD_TEST(attributes_are_ignored), WORLD_TEST(not_with_the_other),
    };
    return ntf_test_run("layer-global", tests, NTF_COUNT(tests), world_setup, world_teardown);
}
