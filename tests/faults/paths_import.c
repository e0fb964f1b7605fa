// SPDX-License-Identifier: Apache-2.0
// Imports, into fences of every history.
#include "paths.h"

enum { CROWD = 64 }; // the next import needs a new table and a new chunk of records

static struct kernel_fence object, before;
static VkFence fence, crowd[CROWD];

static VkResult import(VkFence into)
{
    const VkFenceImportFlags flags = path->argument & TEMPORARY ? VK_FENCE_IMPORT_TEMPORARY_BIT : 0;
    if (path->argument & BY_NAME)
        return import_by_name(into, object.name, flags, 0);
    return import_by_handle(into, object.handle, flags, 0);
}

void import_arrange(void)
{
    kernel_make(&object, true, path->argument & BY_NAME, 0);
    fence = fence_new();
    kernel_make(&before, false, false, 0);
    if (path->argument & OVER_ANOTHER)
        CHECK(import_by_handle(fence, before.handle, 0, 7) == VK_SUCCESS);
    if (path->argument & KNOWN) {
        crowd[0] = fence_new();
        CHECK(import_by_handle(crowd[0], object.handle, 0, 0) == VK_SUCCESS);
    }
    for (unsigned i = 0; i < CROWD && path->argument & CROWDED; i++) {
        crowd[i] = fence_new();
        CHECK(import_by_handle(crowd[i], object.handle, 0, 0) == VK_SUCCESS);
    }
}

VkResult import_act(void)
{
    messages_clear();
    return import(fence);
}

// The fence is what it was, and works as it did.
void import_refused(void)
{
    if (path->argument & OVER_ANOTHER) {
        fence_expect(fence, false);
        kernel_signal(&before, 6);
        fence_expect(fence, false);
        kernel_signal(&before, 7);
        fence_expect(fence, true);
        fence_reset(fence);
        fence_expect(fence, false);
    } else {
        fence_expect(fence, false);
        fence_submit(fence);
        CHECK(fence_wait(fence, UINT64_MAX) == VK_SUCCESS);
        fence_reset(fence);
    }
    CHECK(kernel_value(&object) == 0);
    // The handle is the application's still.
    CHECK(os_handle_live(object.handle));
    messages_clear();
}

void import_done(VkResult result)
{
    CHECK(result == VK_SUCCESS);
    CHECK(os_handle_live(object.handle));
    fence_expect(fence, false);
    kernel_signal(&object, 1);
    fence_expect(fence, true);
    fence_reset(fence);
    fence_expect(fence, false);
}

void import_tidy(void)
{
    fence_free(fence);
    for (unsigned i = 0; i < CROWD; i++)
        if (crowd[i])
            fence_free(crowd[i]);
    kernel_destroy(&object);
    kernel_destroy(&before);
}
