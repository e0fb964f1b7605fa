// SPDX-License-Identifier: Apache-2.0
/*
 * Imports that fail: VK_ERROR_INVALID_EXTERNAL_HANDLE, and the fence is as it was, in every state that it can have
 * (vkImportFenceWin32HandleKHR: "must perform whatever checks ... to ensure that the handle cannot crash, lose the
 * device or hang"). What is given here breaks valid usage (handleType-01457, -01460, -01461, handle-01462).
 */
#include "matrix.h"

#include <stdio.h>
#include <string.h>

enum state { UNSIGNALLED, SIGNALLED, PERMANENT, TEMPORARY, STATES };

struct subject {
    struct fence fence, permanent, temporary; // the last two: whose payloads were imported
};

static struct subject make(enum state state)
{
    const struct subject subject = {plain_fence(importer, state == SIGNALLED), exportable_fence(exporter, false),
                                    exportable_fence(exporter, true)};
    if (state == PERMANENT || state == TEMPORARY)
        transfer(subject.permanent, subject.fence, 0);
    if (state == TEMPORARY)
        transfer(subject.temporary, subject.fence, VK_FENCE_IMPORT_TEMPORARY_BIT);
    return subject;
}

// As if nothing had been asked for.
static void check(const struct subject *subject, enum state state)
{
    expect(subject->fence, state == SIGNALLED || state == TEMPORARY);
    expect(subject->temporary, true);
    expect(subject->permanent, false);
    if (state == TEMPORARY) {
        reset(subject->temporary);
        expect(subject->fence, false);
        submit(subject->temporary);
        await(subject->fence);
    }
    if (state == TEMPORARY || state == SIGNALLED)
        reset(subject->fence);
    expect(subject->fence, false);
    expect(subject->temporary, true);
    submit(subject->fence);
    await(subject->fence);
    expect(subject->permanent, state == PERMANENT || state == TEMPORARY);
    reset(subject->fence);
    EXPECT_ALL(false, subject->fence, subject->permanent);
    destroy(subject->fence);
    destroy(subject->permanent);
    destroy(subject->temporary);
}

struct input {
    uint64_t handle;
    const char *name;
    VkExternalFenceHandleTypeFlagBits type; // 0: the subject's
};

static void refused(const struct input *input)
{
    for (enum state state = 0; state < STATES; state++)
        for (VkFenceImportFlags flags = 0; flags <= VK_FENCE_IMPORT_TEMPORARY_BIT; flags++) {
            const struct subject subject = make(state);
            if (input->type)
                subject_type = input->type;
            const VkResult result = try_import(subject.fence, input->handle, input->name, flags);
            subject_type = config.type;
            assert_int_equal(result, VK_ERROR_INVALID_EXTERNAL_HANDLE);
            check(&subject, state);
        }
}

static void no_handle(void **state)
{
    (void)state;
    refused(&(struct input){.handle = 0}); // and no name
    refused(&(struct input){.handle = (uint64_t)(uintptr_t)-1});
    refused(&(struct input){.handle = (uint64_t)(uintptr_t)-2});
}

// What was a handle once.
static void closed_handle(void **state)
{
    (void)state;
    for (enum state at = 0; at < STATES; at++)
        for (VkFenceImportFlags flags = 0; flags <= VK_FENCE_IMPORT_TEMPORARY_BIT; flags++) {
            const struct subject subject = make(at);
            const struct fence gone = exportable_fence(exporter, true);
            const uint64_t handle = export_handle(gone);
            destroy(gone);
            close_handle(exporter, handle);
            assert_int_equal(try_import(subject.fence, handle, NULL, flags), VK_ERROR_INVALID_EXTERNAL_HANDLE);
            check(&subject, at);
        }
}

// Live handles of other objects; nobody closes them.
static void handle_of_something_else(void **state)
{
    (void)state;
    for (enum os_stranger kind = 0; kind < OS_STRANGERS; kind++) {
        const HANDLE stranger = os_stranger(kind);
        refused(&(struct input){.handle = (uintptr_t)stranger});
        assert_true(os_handle_live(stranger));
        os_handle_close(stranger);
    }
}

static void unknown_name(void **state)
{
    static const char *const names[] = {"ntf-conformance-nobody", "Local\\ntf-conformance-nobody",
                                        "Global\\ntf-conformance-nobody"};
    (void)state;
    for (size_t i = 0; i < NTF_COUNT(names); i++)
        refused(&(struct input){.name = names[i]});
}

static void malformed_name(void **state)
{
    static char tall[SITE_TEXT];
    (void)state;
    memset(tall, 'x', sizeof tall - 1);
    for (size_t i = 20; i + 1 < sizeof tall; i += 20)
        tall[i] = '\\';
    refused(&(struct input){.name = "a\\b"});
    refused(&(struct input){.name = "Local\\"});
    refused(&(struct input){.name = tall});
}

// Types that the query does not list for import.
static void type_that_is_not_supported(void **state)
{
    static const VkExternalFenceHandleTypeFlagBits types[] = {
        VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_KMT_BIT, VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_FD_BIT,
        VK_EXTERNAL_FENCE_HANDLE_TYPE_SYNC_FD_BIT, (VkExternalFenceHandleTypeFlagBits)0x100};
    const struct fence a = exportable_fence(exporter, true);
    const uint64_t handle = export_handle(a);
    (void)state;
    for (size_t i = 0; i < NTF_COUNT(types); i++)
        refused(&(struct input){.handle = handle, .type = types[i]});
    close_handle(exporter, handle);
    expect(a, true);
}

// A handle of one type given as the other, in either direction.
static void handle_of_the_other_type(void **state)
{
    const VkExternalFenceHandleTypeFlagBits other = is_kmt() ? VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT
                                                             : VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_KMT_BIT;
    const struct fence a = exportable_fence(exporter, true);
    const uint64_t handle = export_handle(a);
    (void)state;
    refused(&(struct input){.handle = handle, .type = other});
    expect(a, true);
    close_handle(exporter, handle);
}

// VUID-VkImportFenceWin32HandleInfoKHR-handleType-01459: a number has no name.
static void name_with_a_type_that_has_none(void **state)
{
    char name[64];
    (void)state;
    snprintf(name, sizeof name, "ntf-conformance-%u-none", (unsigned)own_pid());
    const struct fence a = named_fence(exporter, true, name);
    refused(&(struct input){.name = name, .type = VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_KMT_BIT});
    expect(a, true);
}

// VUID-VkImportFenceWin32HandleInfoKHR-handle-01462: only one of them may be given. Taken for the handle's, or refused.
static void handle_and_name(void **state)
{
    char name[64];
    const struct fence a = exportable_fence(exporter, true);
    const uint64_t handle = export_handle(a);
    (void)state;
    snprintf(name, sizeof name, "ntf-conformance-%u-both", (unsigned)own_pid());
    const struct fence b = named_fence(exporter, false, name);
    for (enum state at = 0; at < STATES; at++) {
        const struct subject subject = make(at);
        const VkResult result = try_import(subject.fence, handle, name, 0);
        if (result == VK_SUCCESS) {
            expect(subject.fence, true);
            continue;
        }
        assert_int_equal(result, VK_ERROR_INVALID_EXTERNAL_HANDLE);
        check(&subject, at);
    }
    close_handle(exporter, handle);
    expect(a, true);
    expect(b, false);
}

// Refusals cost nothing that stays.
static void refusals_leave_no_handles(void **state)
{
    const HANDLE stranger = os_stranger(OS_EVENT);
    const struct fence b = plain_fence(importer, false);
    (void)state;
    assert_int_not_equal(try_import(b, (uintptr_t)stranger, NULL, 0), VK_SUCCESS);
    assert_int_not_equal(try_import(b, 0, "ntf-conformance-nobody", 0), VK_SUCCESS);
    const size_t before = ntf_test_open_handles(), threads = ntf_test_threads();
    for (int i = 0; i < 200; i++) {
        assert_int_not_equal(try_import(b, (uintptr_t)stranger, NULL, i % 2), VK_SUCCESS);
        assert_int_not_equal(try_import(b, 0, "ntf-conformance-nobody", i % 2), VK_SUCCESS);
    }
    // Fewer are as good: what earlier refusals were sent is closed by a thread of its own, which then ends.
    ntf_test_until_handles(before + ntf_test_spare_handles);
    assert_in_range(ntf_test_threads(), 0, threads);
    os_handle_close(stranger);
}

int main(int argc, char **argv)
{
    static const struct matrix_case cases[] = {
        CASE(no_handle, 0),
        CASE(closed_handle, OVER_TYPES),
        CASE(handle_of_something_else, OVER_TYPES),
        CASE(unknown_name, 0),
        CASE(malformed_name, 0),
        CASE(type_that_is_not_supported, 0),
        CASE(handle_of_the_other_type, OVER_TYPES),
        CASE(name_with_a_type_that_has_none, 0),
        CASE(handle_and_name, 0),
        CASE(refusals_leave_no_handles, 0),
    };
    return matrix_main(argc, argv, "conformance-refuse", cases, NTF_COUNT(cases));
}
