// SPDX-License-Identifier: Apache-2.0
// VkExportFenceWin32HandleInfoKHR: names, security attributes, inheritance, access (Vulkan 1.3, "Fences").
#include "matrix.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVERYTHING 0x10000000u // GENERIC_ALL
#define DXGI_PAIR 0x80000001u  // DXGI_SHARED_RESOURCE_READ | DXGI_SHARED_RESOURCE_WRITE: the default of the page

static const char *unique(const char *prefix)
{
    static char name[96];
    static unsigned count;
    snprintf(name, sizeof name, "%sntf-conformance-%u-%u", prefix, (unsigned)own_pid(), count++);
    return name;
}

static const char *const prefixes[] = {"", "Local\\", "Global\\"};

// ---- names

static void imported_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < NTF_COUNT(prefixes); i++) {
        const char *name = unique(prefixes[i]);
        const struct fence a = named_fence(exporter, i % 2, name), b = plain_fence(importer, true);
        // Before there is any handle.
        assert_int_equal(try_import(b, 0, name, import_flags()), VK_SUCCESS);
        EXPECT_ALL(i % 2, a, b);
        if (i % 2)
            reset(a);
        EXPECT_ALL(false, a, b);
        submit(b);
        await(a);
        EXPECT_ALL(true, a, b);
        // The fences that came by name and by handle are on one payload.
        const struct fence c = sharer(a, importer, import_flags());
        reset(a);
        EXPECT_ALL(false, a, b, c);
        destroy(a);
    }
}

// A bare name is one of the session, as "Local\" is.
static void bare_names_are_local_ones(void **state)
{
    char name[96];
    (void)state;
    snprintf(name, sizeof name, "%s", unique("Local\\"));
    const struct fence a = named_fence(exporter, true, name), b = plain_fence(importer, false);
    assert_int_equal(try_import(b, 0, name + strlen("Local\\"), import_flags()), VK_SUCCESS);
    reset(a);
    EXPECT_ALL(false, a, b);
}

// A name in use is an error when the fence is created (which none of vkCreateFence's own codes fits), and nothing
// happens to the fence that has it. With the fence and its handles the name goes, whoever has imported the payload.
static void a_name_has_one_owner(void **state)
{
    (void)state;
    for (size_t i = 0; i < NTF_COUNT(prefixes); i++) {
        const char *name = unique(prefixes[i]);
        const struct fence a = named_fence(exporter, true, name), b = sharer(a, importer, import_flags());
        struct fence second;
        const VkResult result = try_named_fence(exporter, false, name, &second);
        assert_true(result != VK_SUCCESS && result < 0);
        EXPECT_ALL(true, a, b);
        destroy(a);
        expect(b, true);
        const struct fence c = plain_fence(importer, true);
        assert_int_equal(try_import(c, 0, name, import_flags()), VK_ERROR_INVALID_EXTERNAL_HANDLE);
        expect(c, true);
        // It can be given again, to another payload.
        const struct fence d = named_fence(exporter, false, name);
        assert_int_equal(try_import(c, 0, name, import_flags()), VK_SUCCESS);
        EXPECT_ALL(false, c, d);
        expect(b, true);
        destroy(d);
    }
}

// Handles of a payload go on when its name has gone.
static void handles_outlive_the_name(void **state)
{
    const char *name = unique("");
    const struct fence a = named_fence(exporter, true, name), b = plain_fence(importer, false);
    const uint64_t handle = export_handle(a), carried = carry(exporter, handle, importer);
    (void)state;
    destroy(a);
    if (exporter->child != importer->child)
        close_handle(exporter, handle);
    import_handle(b, carried, import_flags());
    close_handle(importer, carried);
    expect(b, true);
    const struct fence c = sharer(b, exporter, 0);
    reset(c);
    EXPECT_ALL(false, b, c);
    assert_int_equal(try_import(plain_fence(importer, false), 0, name, 0), VK_ERROR_INVALID_EXTERNAL_HANDLE);
}

// ---- structures

static VkResult create(VkExternalFenceHandleTypeFlags types, const VkExportFenceWin32HandleInfoKHR *win32, VkFence *out)
{
    const VkExportFenceCreateInfo export = {.sType = VK_STRUCTURE_TYPE_EXPORT_FENCE_CREATE_INFO,
                                            .pNext = win32,
                                            .handleTypes = types};
    const VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO,
                                    .pNext = types ? (const void *)&export : win32};
    return first_device()->CreateFence(first_device()->device, &info, NULL, out);
}

// The fence is one of the exporter's from now on.
static struct fence adopt(VkFence fence)
{
    for (uint32_t i = 0; i < SITE_FENCES; i++)
        if (!exporter->site.fences[i]) {
            exporter->site.fences[i] = fence;
            return (struct fence){exporter, i};
        }
    abort();
}

static VkExportFenceWin32HandleInfoKHR win32_info(uint32_t access, const SECURITY_ATTRIBUTES *attributes,
                                                  const char16_t *name)
{
    return (VkExportFenceWin32HandleInfoKHR){.sType = VK_STRUCTURE_TYPE_EXPORT_FENCE_WIN32_HANDLE_INFO_KHR,
                                             .pAttributes = attributes,
                                             .dwAccess = access,
                                             .name = (LPCWSTR)name};
}

static struct fence created(VkExternalFenceHandleTypeFlags types, const VkExportFenceWin32HandleInfoKHR *win32)
{
    VkFence fence = VK_NULL_HANDLE;
    assert_int_equal(create(types, win32, &fence), VK_SUCCESS);
    return adopt(fence);
}

static void works(struct fence a)
{
    const struct fence b = sharer(a, importer, import_flags());
    EXPECT_ALL(false, a, b);
    submit(a);
    await(b);
    reset(a);
    EXPECT_ALL(false, a, b);
    submit(b);
    await(a);
    EXPECT_ALL(true, a, b);
}

// Whatever right is asked for, also none and the default of the page: an importer has to wait and to signal.
static void access_masks(void **state)
{
    static const uint32_t masks[] = {0, DXGI_PAIR, EVERYTHING, 0x80000000u, 0xC0000000u, 0x001F0003u};
    (void)state;
    for (size_t i = 0; i < NTF_COUNT(masks); i++) {
        const VkExportFenceWin32HandleInfoKHR info = win32_info(masks[i], NULL, NULL);
        works(created(config.type, &info));
    }
}

// "If ... VkExportFenceCreateInfo is not in the chain ... this structure is ignored": a plain fence, without a name.
static void ignored_without_export_info(void **state)
{
    char16_t units[SITE_TEXT];
    const char *name = unique("");
    name_widen(units, name);
    const VkExportFenceWin32HandleInfoKHR info = win32_info(DXGI_PAIR, NULL, units);
    const struct fence plain = created(0, &info), b = plain_fence(importer, false);
    (void)state;
    expect(plain, false);
    submit(plain);
    await(plain);
    reset(plain);
    expect(plain, false);
    assert_int_equal(try_import(b, 0, name, 0), VK_ERROR_INVALID_EXTERNAL_HANDLE);
}

// VkExportFenceCreateInfo::handleTypes of 0 is no export.
static void no_types_is_a_plain_fence(void **state)
{
    const VkExportFenceCreateInfo export = {.sType = VK_STRUCTURE_TYPE_EXPORT_FENCE_CREATE_INFO};
    const VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO, .pNext = &export};
    VkFence fence = VK_NULL_HANDLE;
    (void)state;
    assert_int_equal(first_device()->CreateFence(first_device()->device, &info, NULL, &fence), VK_SUCCESS);
    const struct fence plain = adopt(fence);
    submit(plain);
    await(plain);
    expect(plain, true);
}

// The structure is for OPAQUE_WIN32 (VUID-VkExportFenceWin32HandleInfoKHR-handleTypes-01447), but the conformance tests
// of Khronos send it with OPAQUE_WIN32_KMT as well.
static void beside_any_type(void **state)
{
    const VkExportFenceWin32HandleInfoKHR info = win32_info(DXGI_PAIR, NULL, NULL);
    (void)state;
    works(created(config.type, &info));
}

// ---- security, inheritance

static VkResult import_here(VkFence fence, uint64_t handle)
{
    const VkImportFenceWin32HandleInfoKHR info = {
        .sType = VK_STRUCTURE_TYPE_IMPORT_FENCE_WIN32_HANDLE_INFO_KHR,
        .fence = fence,
        .handleType = VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT,
        .handle = (HANDLE)(uintptr_t)handle};
    return vk.ImportFenceWin32HandleKHR(world.device, &info);
}

// A child that has got nothing but the number of a handle, and what it inherits. 0: it has signalled the payload.
static int heir(void)
{
    static struct host host;
    static struct device device;
    const uint64_t handle = strtoull(ntf_test_role_arg(0), NULL, 10);
    const VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
    VkFence fence;
    host_open(&host);
    device_open(&device, &host);
    world.device = device.device;
    vk.ImportFenceWin32HandleKHR = device.ImportFenceWin32HandleKHR;
    if (device.CreateFence(device.device, &info, NULL, &fence) != VK_SUCCESS)
        return 1;
    const VkResult result = import_here(fence, handle);
    int status = result == VK_SUCCESS ? 0 : result == VK_ERROR_INVALID_EXTERNAL_HANDLE ? 2 : 3;
    if (status == 0 && (device.GetFenceStatus(device.device, fence) != VK_NOT_READY ||
                        device.QueueSubmit(device.queues[0], 0, NULL, fence) != VK_SUCCESS ||
                        device.WaitForFences(device.device, 1, &fence, VK_TRUE, UINT64_MAX) != VK_SUCCESS))
        status = 4;
    device.DestroyFence(device.device, fence, NULL);
    messages_clear();
    device_close(&device);
    host_close(&host);
    return complaints() ? 5 : status;
}

// bInheritHandle: the handles of the fence go to children that inherit; those of others, and the copies that somebody
// makes of them, do not.
static void inheritance(void **state)
{
    const SECURITY_ATTRIBUTES attributes = {.nLength = sizeof attributes, .bInheritHandle = 1};
    const VkExportFenceWin32HandleInfoKHR info = win32_info(DXGI_PAIR, &attributes, NULL);
    const struct fence a = created(config.type, &info), b = exportable_fence(exporter, false);
    const uint64_t inherited = export_handle(a), again = export_handle(a), kept = export_handle(b),
                   copy = handle_duplicate(inherited);
    char text[32];
    (void)state;
    assert_true(os_handle_inherits((HANDLE)(uintptr_t)inherited));
    assert_true(os_handle_inherits((HANDLE)(uintptr_t)again));
    assert_false(os_handle_inherits((HANDLE)(uintptr_t)kept));
    snprintf(text, sizeof text, "%" PRIu64, inherited);
    assert_int_equal(run_heir("heir", text), 0);
    expect(a, true); // signalled over there
    reset(a);
    snprintf(text, sizeof text, "%" PRIu64, kept);
    assert_int_equal(run_heir("heir", text), 2);
    snprintf(text, sizeof text, "%" PRIu64, copy);
    assert_int_equal(run_heir("heir", text), 2);
    EXPECT_ALL(false, a, b);
    close_handle(exporter, inherited);
    close_handle(exporter, again);
    close_handle(exporter, kept);
    close_handle(exporter, copy);
}

// A copy that the system made of a handle is a handle of the payload.
static void duplicated_handles(void **state)
{
    const struct fence a = exportable_fence(exporter, false), b = plain_fence(importer, false);
    const uint64_t handle = export_handle(a), copy = handle_duplicate(handle);
    (void)state;
    assert_int_not_equal(handle, copy);
    assert_int_not_equal(handle_same(handle, copy), NOT_SAME);
    close_handle(exporter, handle);
    const struct fence other = exportable_fence(exporter, false);
    const uint64_t of_other = export_handle(other);
    assert_int_not_equal(handle_same(copy, of_other), SAME);
    import_handle(b, copy, import_flags());
    close_handle(exporter, copy);
    close_handle(exporter, of_other);
    submit(b);
    await(a);
    EXPECT_ALL(true, a, b);
    expect(other, false);
}

// A descriptor counts for who opens by name. (Where the system has none, everybody may.)
static void security_descriptors(void **state)
{
    SECURITY_ATTRIBUTES attributes = {.nLength = sizeof attributes, .lpSecurityDescriptor = descriptor_for_everybody()};
    const char *name = unique("");
    char16_t units[SITE_TEXT];
    (void)state;
    name_widen(units, name);
    const VkExportFenceWin32HandleInfoKHR open = win32_info(EVERYTHING, &attributes, units);
    const struct fence a = created(config.type, &open), b = plain_fence(importer, true);
    assert_int_equal(try_import(b, 0, name, import_flags()), VK_SUCCESS);
    submit(b);
    await(a);
    works(exportable_fence(exporter, false));
    destroy(a);
    attributes.lpSecurityDescriptor = descriptor_for_nobody();
    const VkExportFenceWin32HandleInfoKHR shut = win32_info(EVERYTHING, &attributes, units);
    const struct fence c = created(config.type, &shut), d = plain_fence(importer, false);
    const VkResult result = try_import(d, 0, name, import_flags());
    assert_int_equal(result, attributes.lpSecurityDescriptor ? VK_ERROR_INVALID_EXTERNAL_HANDLE : VK_SUCCESS);
    // To whom the handle is given, the payload is open.
    works(c);
}

int main(int argc, char **argv)
{
    static const struct matrix_case cases[] = {
        CASE(imported_by_name, OVER_PERMANENCE | OVER_PLACES),
        CASE(bare_names_are_local_ones, OVER_PLACES),
        CASE(a_name_has_one_owner, OVER_PERMANENCE | OVER_PLACES),
        CASE(handles_outlive_the_name, OVER_PERMANENCE | OVER_PLACES),
        CASE(access_masks, OVER_ALL),
        CASE(ignored_without_export_info, 0),
        CASE(no_types_is_a_plain_fence, 0),
        CASE(beside_any_type, OVER_ALL),
        CASE(inheritance, 0),
        CASE(duplicated_handles, OVER_PERMANENCE),
        CASE(security_descriptors, 0),
    };
    const char *role = ntf_test_role(argc, argv);
    if (role && strcmp(role, "heir") == 0)
        return heir();
    return matrix_main(argc, argv, "conformance-names", cases, NTF_COUNT(cases));
}
