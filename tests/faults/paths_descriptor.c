// SPDX-License-Identifier: Apache-2.0
// Descriptors of the driver's beside our own payloads: fences that it can export, and what it imports into ours.
#include "paths.h"

#include <unistd.h>

#define OPAQUE VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_FD_BIT
#define POISON ((VkFence)(uintptr_t)0xA5A5A5A0)

static struct kernel_fence object;
static VkFence fence, source;
static int fd = -1;

// The next one that is shared needs a new table.
enum { CROWD = 64 };
static VkFence crowd[CROWD];

static VkResult create(VkFence *out)
{
    const VkExportFenceCreateInfo types = {.sType = VK_STRUCTURE_TYPE_EXPORT_FENCE_CREATE_INFO, .handleTypes = OPAQUE};
    const VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO, .pNext = &types};
    return vk.CreateFence(world.device, &info, NULL, out);
}

static int get(VkFence of)
{
    const VkFenceGetFdInfoKHR info = {
        .sType = VK_STRUCTURE_TYPE_FENCE_GET_FD_INFO_KHR, .fence = of, .handleType = OPAQUE};
    int out = -1;
    CHECK(vk.GetFenceFdKHR(world.device, &info, &out) == VK_SUCCESS);
    return out;
}

// ---- making one

static void crowd_open(int less)
{
    for (int i = less; i < CROWD && path->argument & CROWDED; i++)
        CHECK(create(&crowd[i]) == VK_SUCCESS);
}

static void crowd_close(void)
{
    for (int i = 0; i < CROWD; i++)
        fence_free(crowd[i]); // or there is none
}

void descriptor_create_arrange(void)
{
    crowd_open(0);
    source = POISON;
}

VkResult descriptor_create_act(void)
{
    return create(&source);
}

void descriptor_create_refused(void)
{
    CHECK(source == POISON);
}

void descriptor_create_done(VkResult result)
{
    CHECK(result == VK_SUCCESS);
    fence_expect(source, false);
    fence_submit(source);
    CHECK(fence_wait(source, UINT64_MAX) == VK_SUCCESS);
    CHECK(close(get(source)) == 0);
}

void descriptor_create_tidy(void)
{
    fence_free(source);
    crowd_close();
}

// ---- importing one

void descriptor_import_arrange(void)
{
    kernel_make(&object, true, false, 0);
    fence = fence_new();
    if (path->argument & OVER_ANOTHER)
        CHECK(import_by_handle(fence, object.handle, 0, 1) == VK_SUCCESS);
    CHECK(create(&source) == VK_SUCCESS);
    fd = get(source);
    crowd_open(1); // the source is one of them
}

VkResult descriptor_import_act(void)
{
    const VkImportFenceFdInfoKHR info = {
        .sType = VK_STRUCTURE_TYPE_IMPORT_FENCE_FD_INFO_KHR, .fence = fence,
        .flags = path->argument & TEMPORARY ? VK_FENCE_IMPORT_TEMPORARY_BIT : 0, .handleType = OPAQUE, .fd = fd};
    return vk.ImportFenceFdKHR(world.device, &info);
}

// The fence is what it was, and works as it did; the descriptor is the application's still.
void descriptor_import_refused(void)
{
    CHECK(os_handle_live((ntf_handle)(intptr_t)fd));
    fence_expect(fence, false);
    fence_submit(fence);
    CHECK(fence_wait(fence, UINT64_MAX) == VK_SUCCESS);
    CHECK(kernel_value(&object) == (path->argument & OVER_ANOTHER ? 1 : 0));
    fence_reset(fence);
    fence_expect(fence, false);
}

void descriptor_import_done(VkResult result)
{
    const uint64_t value = kernel_value(&object);
    CHECK(result == VK_SUCCESS);
    fence_expect(fence, false);
    kernel_signal(&object, value + 1); // it is no longer behind the fence
    fence_expect(fence, false);
    fence_submit(source);
    CHECK(fence_wait(fence, UINT64_MAX) == VK_SUCCESS);
    fence_reset(fence);
    // Behind what was imported for the time being is the object, and it has been signalled.
    if ((path->argument & (TEMPORARY | OVER_ANOTHER)) == (TEMPORARY | OVER_ANOTHER)) {
        kernel_signal(&object, value + 2);
        fence_expect(fence, true);
    } else {
        fence_expect(fence, false);
    }
    CHECK(vk.QueueWaitIdle(world.queue) == VK_SUCCESS);
}

void descriptor_import_tidy(void)
{
    fence_free(fence);
    fence_free(source);
    crowd_close();
    kernel_destroy(&object);
}
