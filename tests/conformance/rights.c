// SPDX-License-Identifier: Apache-2.0
/*
 * dwAccess, seen from the kernel's calls: whatever VkExportFenceWin32HandleInfoKHR asks for, the handle that is given
 * out has the rights to wait and to signal. (The page's default, DXGI_SHARED_RESOURCE_READ |
 * DXGI_SHARED_RESOURCE_WRITE, is 0x80000001: as a mask of a synchronisation object that is to read and to wait. A
 * kernel that honours masks would not let an importer signal; soft gives every right with any mask, so the mask itself
 * is looked at.)
 */
#include "matrix.h"

#include <stdlib.h>
#include <string.h>

#include "kmt/d3dkmt.h"
#include "rights_library.h"

#define GENERIC_ALL_BIT 0x10000000u
#define DXGI_PAIR 0x80000001u

static rights_fn rights_of(void)
{
    struct ntf_library *library = ntf_library_open_path(getenv("NTFENCE_D3DKMT"));
    void (*symbol)(void) = library ? ntf_library_symbol(library, RIGHTS_EXPORT) : NULL;
    assert_true(symbol != NULL);
    return (rights_fn)symbol;
}

static void export_with(const VkExportFenceWin32HandleInfoKHR *win32)
{
    struct device *device = first_device();
    const VkExportFenceCreateInfo types = {.sType = VK_STRUCTURE_TYPE_EXPORT_FENCE_CREATE_INFO,
                                           .pNext = win32,
                                           .handleTypes = VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT};
    const VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO, .pNext = &types};
    VkFenceGetWin32HandleInfoKHR get = {.sType = VK_STRUCTURE_TYPE_FENCE_GET_WIN32_HANDLE_INFO_KHR,
                                        .handleType = VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT};
    HANDLE handle = NULL;
    assert_int_equal(device->CreateFence(device->device, &info, NULL, &get.fence), VK_SUCCESS);
    assert_int_equal(device->GetFenceWin32HandleKHR(device->device, &get, &handle), VK_SUCCESS);
    os_handle_close(handle);
    device->DestroyFence(device->device, get.fence, NULL);
}

static void handles_can_wait_and_signal(void **state)
{
    static const uint32_t masks[] = {0, DXGI_PAIR, 0x80000000u, 1, 2, GENERIC_ALL_BIT, D3DDDI_SYNC_OBJECT_WAIT,
                                     0x00100000u};
    const uint32_t needed = D3DDDI_SYNC_OBJECT_WAIT | D3DDDI_SYNC_OBJECT_SIGNAL;
    const rights_fn rights = rights_of();
    uint32_t asked[RIGHTS_MAX];
    (void)state;
    for (size_t i = 0; i <= NTF_COUNT(masks); i++) {
        const VkExportFenceWin32HandleInfoKHR win32 = {
            .sType = VK_STRUCTURE_TYPE_EXPORT_FENCE_WIN32_HANDLE_INFO_KHR, .dwAccess = i ? masks[i - 1] : 0};
        rights(asked);
        export_with(i ? &win32 : NULL); // also without the structure
        const unsigned count = rights(asked);
        assert_in_range(count, 1, RIGHTS_MAX);
        for (unsigned k = 0; k < count; k++) {
            // A generic mask of the application's own is for the kernel to translate, as for any other object.
            const bool generic =
                (asked[k] & 0xF0000000u) != 0 && i && masks[i - 1] == asked[k] && asked[k] != DXGI_PAIR;
            if ((asked[k] & needed) != needed && !(asked[k] & GENERIC_ALL_BIT) && !generic)
                fail_msg("dwAccess 0x%08X: a handle is asked for with 0x%08X", i ? (unsigned)masks[i - 1] : 0u,
                         (unsigned)asked[k]);
        }
    }
}

int main(int argc, char **argv)
{
    static const struct matrix_case cases[] = {CASE(handles_can_wait_and_signal, 0)};
    return matrix_main(argc, argv, "conformance-rights", cases, NTF_COUNT(cases));
}
