// SPDX-License-Identifier: Apache-2.0
// Fences that can be exported: their making, and the export.
#include "paths.h"

#include <stdio.h>
#include <unistd.h>

static const HANDLE POISON = (HANDLE)(uintptr_t)0xA5A5A5A5;
static VkFence fence, other;
static HANDLE handle;

// Of this attempt alone: others may be under way.
static const char16_t *name(void)
{
    static char16_t units[48];
    char text[48];
    snprintf(text, sizeof text, "ntfence-faults-export-%ld", (long)getpid());
    for (size_t i = 0; i < NTF_COUNT(text); i++)
        units[i] = (unsigned char)text[i];
    return units;
}

static VkResult create(VkFence *out)
{
    const VkExportFenceWin32HandleInfoKHR named = {.sType = VK_STRUCTURE_TYPE_EXPORT_FENCE_WIN32_HANDLE_INFO_KHR,
                                                   .name = (LPCWSTR)name()};
    const VkExportFenceCreateInfo types = {.sType = VK_STRUCTURE_TYPE_EXPORT_FENCE_CREATE_INFO,
                                           .pNext = path->argument & BY_NAME ? &named : NULL,
                                           .handleTypes = VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT};
    const VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO, .pNext = &types};
    return vk.CreateFence(world.device, &info, NULL, out);
}

static VkResult get(HANDLE *out)
{
    const VkFenceGetWin32HandleInfoKHR info = {.sType = VK_STRUCTURE_TYPE_FENCE_GET_WIN32_HANDLE_INFO_KHR,
                                               .fence = fence,
                                               .handleType = VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT};
    return vk.GetFenceWin32HandleKHR(world.device, &info, out);
}

// What was made can be signalled, exported, and imported by handle or name.
static void use(void)
{
    other = fence_new();
    fence_expect(fence, false);
    if (path->argument & BY_NAME)
        CHECK(import_by_name(other, name(), 0, 0) == VK_SUCCESS);
    else
        CHECK(import_by_handle(other, handle, 0, 0) == VK_SUCCESS);
    fence_submit(fence);
    CHECK(fence_wait(other, UINT64_MAX) == VK_SUCCESS);
    fence_reset(other);
    fence_expect(fence, false);
}

void exportable_arrange(void)
{
    struct kernel_fence object;

    // What stands for a kernel has been asked by now whether it can share at all: an answer that is kept.
    kernel_make(&object, false, false, 0);
    kernel_destroy(&object);
    fence = (VkFence)(uintptr_t)0xA5A5A5A0;
}

VkResult exportable_act(void)
{
    messages_clear();
    return create(&fence);
}

// Nothing was written, and no name is left that would be in the way.
void exportable_refused(void)
{
    CHECK((uintptr_t)fence == 0xA5A5A5A0);
    messages_clear();
}

void exportable_done(VkResult result)
{
    if (result != VK_SUCCESS)
        attempt_fail("tried again: %d, %s", result, messages_last("NTF-FENCE-005"));
    CHECK(get(&handle) == VK_SUCCESS);
    use();
}

void export_arrange(void)
{
    CHECK(create(&fence) == VK_SUCCESS);
    handle = POISON;
}

VkResult export_act(void)
{
    messages_clear();
    return get(&handle);
}

void export_refused(void)
{
    CHECK(handle == POISON);
    fence_expect(fence, false);
    messages_clear();
}

void export_done(VkResult result)
{
    CHECK(result == VK_SUCCESS);
    use();
}

void export_tidy(void)
{
    os_handle_close(handle);
    fence_free(other);
    fence_free(fence);
}
