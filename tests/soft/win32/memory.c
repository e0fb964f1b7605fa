/* SPDX-License-Identifier: Apache-2.0 */
/* Sections as payloads: what is accepted, what is refused and with which words, what is given out. */
#include "ntf_test.h"

#include <windows.h>
#include <aclapi.h>
#include <sddl.h>
#include <string.h>

#include "kmt/soft/os/win32/nt.h"

static HANDLE section_of(DWORD protection, DWORD size_bytes)
{
    const HANDLE section = CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, protection, 0, size_bytes, NULL);

    assert_non_null(section);
    return section;
}

static HANDLE with_access(HANDLE from, DWORD access)
{
    HANDLE to = NULL;

    assert_true(DuplicateHandle(GetCurrentProcess(), from, GetCurrentProcess(), &to, access, FALSE, 0));
    return to;
}

/* The handle is refused with this outcome and status and a reason; nothing is left behind. Closes the handle. */
static void assert_refused(HANDLE handle, enum ntf_result outcome, ntf_status expected, const char *word)
{
    struct soft_memory memory, poison;
    ntf_status status = 1;
    const char *why = NULL;
    const size_t before = ntf_test_open_handles();

    memset(&poison, 0xA5, sizeof poison);
    memory = poison;
    assert_int_equal(soft_memory_open(handle, &memory, &status, &why), outcome);
    assert_int_equal(status, expected);
    assert_non_null(why);
    if (!strstr(why, word))
        fail_msg("\"%s\" does not speak of \"%s\"", why, word);
    assert_int_equal(ntf_test_open_handles(), before);
    if (outcome != NTF_E_BAD_HANDLE)
        assert_true(CloseHandle(handle));
}

/* A page that one process made opens through any handle of it, and is the same memory. */
static void a_page_opens(void **state)
{
    static const DWORD rights[] = { SECTION_ALL_ACCESS, SECTION_QUERY | SECTION_MAP_READ | SECTION_MAP_WRITE };
    const size_t before = ntf_test_open_handles();
    struct soft_memory made, opened;
    ntf_status status;
    const char *why;

    (void)state;
    assert_int_equal(soft_memory_create(&made), NTF_OK);
    for (size_t i = 0; i < NTF_PAGE_BYTES; i++)
        assert_int_equal(((const unsigned char *)made.page)[i], 0);
    for (size_t i = 0; i < NTF_COUNT(rights); i++) {
        const HANDLE handle = with_access(made.handle, rights[i]);
        assert_int_equal(soft_memory_open(handle, &opened, &status, &why), NTF_OK);
        assert_true(CloseHandle(handle));
        ntf_store(&opened.page->current, 42 + i, NTF_SEQ_CST);
        assert_true(ntf_load(&made.page->current, NTF_SEQ_CST) == 42 + i);
        assert_true(soft_memory_is(&made, opened.handle));
        soft_memory_close(&opened);
    }
    soft_memory_close(&made);
    assert_int_equal(ntf_test_open_handles(), before);
}

/* What is no handle is told apart from what is another object. */
static void no_handles_are_refused(void **state)
{
    HANDLE closed = section_of(PAGE_READWRITE, NTF_PAGE_BYTES);

    (void)state;
    assert_true(CloseHandle(closed));
    assert_refused(closed, NTF_E_BAD_HANDLE, NTF_STATUS_INVALID_HANDLE, "not open");
    assert_refused(NULL, NTF_E_BAD_HANDLE, NTF_STATUS_INVALID_HANDLE, "never");
    assert_refused((HANDLE)(intptr_t)-1, NTF_E_BAD_HANDLE, NTF_STATUS_INVALID_HANDLE, "never");
    assert_refused((HANDLE)(intptr_t)-2, NTF_E_BAD_HANDLE, NTF_STATUS_INVALID_HANDLE, "never");
}

/* Objects of another class are named. */
static void other_classes_are_refused(void **state)
{
    wchar_t program[MAX_PATH];

    (void)state;
    assert_refused(CreateEventW(NULL, FALSE, FALSE, NULL), NTF_E_WRONG_OBJECT, NTF_STATUS_OBJECT_TYPE_MISMATCH,
                   "an event");
    assert_refused(CreateMutexW(NULL, FALSE, NULL), NTF_E_WRONG_OBJECT, NTF_STATUS_OBJECT_TYPE_MISMATCH, "a mutex");
    assert_refused(CreateSemaphoreW(NULL, 0, 1, NULL), NTF_E_WRONG_OBJECT, NTF_STATUS_OBJECT_TYPE_MISMATCH,
                   "a semaphore");
    assert_refused(CreateWaitableTimerW(NULL, FALSE, NULL), NTF_E_WRONG_OBJECT, NTF_STATUS_OBJECT_TYPE_MISMATCH,
                   "another class");
    assert_in_range(GetModuleFileNameW(NULL, program, MAX_PATH), 1, MAX_PATH - 1);
    assert_refused(CreateFileW(program, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL),
                   NTF_E_WRONG_OBJECT, NTF_STATUS_OBJECT_TYPE_MISMATCH, "a file");
}

/* Only plain committed memory of exactly a page: nothing that may shrink, be missing, or belong to a file. */
static void other_sections_are_refused(void **state)
{
    wchar_t program[MAX_PATH], folder[MAX_PATH], file[MAX_PATH];
    HANDLE opened;

    (void)state;
    assert_refused(section_of(PAGE_READWRITE, 2 * NTF_PAGE_BYTES), NTF_E_WRONG_OBJECT,
                   NTF_STATUS_OBJECT_TYPE_MISMATCH, "size");
    assert_refused(section_of(PAGE_READWRITE | SEC_RESERVE, NTF_PAGE_BYTES), NTF_E_WRONG_OBJECT,
                   NTF_STATUS_OBJECT_TYPE_MISMATCH, "committed");
    assert_refused(section_of(PAGE_READWRITE | SEC_COMMIT | SEC_NOCACHE, NTF_PAGE_BYTES), NTF_E_WRONG_OBJECT,
                   NTF_STATUS_OBJECT_TYPE_MISMATCH, "committed");

    assert_in_range(GetTempPathW(MAX_PATH, folder), 1, MAX_PATH - 1);
    assert_true(GetTempFileNameW(folder, L"ntf", 0, file) != 0);
    opened = CreateFileW(file, GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, FILE_FLAG_DELETE_ON_CLOSE, NULL);
    assert_true(opened != INVALID_HANDLE_VALUE);
    assert_refused(CreateFileMappingW(opened, NULL, PAGE_READWRITE, 0, NTF_PAGE_BYTES, NULL), NTF_E_WRONG_OBJECT,
                   NTF_STATUS_OBJECT_TYPE_MISMATCH, "committed");
    assert_true(CloseHandle(opened));

    assert_in_range(GetModuleFileNameW(NULL, program, MAX_PATH), 1, MAX_PATH - 1);
    opened = CreateFileW(program, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    assert_true(opened != INVALID_HANDLE_VALUE);
    assert_refused(CreateFileMappingW(opened, NULL, PAGE_READONLY | SEC_IMAGE, 0, 0, NULL), NTF_E_WRONG_OBJECT,
                   NTF_STATUS_OBJECT_TYPE_MISMATCH, "committed");
    assert_true(CloseHandle(opened));
}

/* Memory that can't be written is no payload. Windows refuses to map a section made for reading only; Wine maps it,
 * and then it can be written. */
static void what_opens_can_be_written(void **state)
{
    const HANDLE section = section_of(PAGE_READONLY, NTF_PAGE_BYTES);
    struct soft_memory opened;
    ntf_status status;
    const char *why;

    (void)state;
    if (soft_memory_open(section, &opened, &status, &why) != NTF_OK) {
        assert_refused(section, NTF_E_ACCESS_DENIED, NTF_STATUS_ACCESS_DENIED, "mapped");
        return;
    }
    ntf_store(&opened.page->current, 7, NTF_SEQ_CST);
    assert_true(ntf_load(&opened.page->current, NTF_SEQ_CST) == 7);
    soft_memory_close(&opened);
    assert_true(CloseHandle(section));
}

/* A handle with less than is needed opens only if the section's descriptor would give the rest. */
static void too_few_rights_are_refused(void **state)
{
    SECURITY_ATTRIBUTES attributes = { sizeof attributes, NULL, FALSE };
    HANDLE section;

    (void)state;
    assert_true(ConvertStringSecurityDescriptorToSecurityDescriptorW(L"D:(A;;0x1;;;WD)", SDDL_REVISION_1,
                                                                     &attributes.lpSecurityDescriptor, NULL));
    section = CreateFileMappingW(INVALID_HANDLE_VALUE, &attributes, PAGE_READWRITE, 0, NTF_PAGE_BYTES, NULL);
    assert_non_null(section);
    assert_refused(with_access(section, SECTION_QUERY), NTF_E_ACCESS_DENIED, NTF_STATUS_ACCESS_DENIED, "rights");
    LocalFree(attributes.lpSecurityDescriptor);
    assert_true(CloseHandle(section));
}

/* Zero access gives nothing; any other gives a handle to query, read and write, whatever the bits mean elsewhere. */
static void any_access_gives_all_that_a_fence_needs(void **state)
{
    static const uint32_t asked[] = { D3DDDI_SYNC_OBJECT_WAIT, D3DDDI_SYNC_OBJECT_ALL_ACCESS, GENERIC_ALL,
                                      SHARED_ALLOCATION_WRITE, STANDARD_RIGHTS_WRITE, GENERIC_READ, 0x80000000u };
    struct soft_memory made, opened;
    ntf_handle handle = (ntf_handle)(intptr_t)0x55;
    ntf_status status;
    const char *why;

    (void)state;
    assert_int_equal(soft_memory_create(&made), NTF_OK);
    assert_int_equal(soft_memory_share(&made, NULL, 0, &handle, &status), NTF_E_ACCESS_DENIED);
    assert_int_equal(status, NTF_STATUS_ACCESS_DENIED);
    assert_ptr_equal(handle, (ntf_handle)(intptr_t)0x55);
    for (size_t i = 0; i < NTF_COUNT(asked); i++) {
        assert_int_equal(soft_memory_share(&made, NULL, asked[i], &handle, &status), NTF_OK);
        assert_int_equal(status, NTF_STATUS_SUCCESS);
        assert_ptr_not_equal(handle, made.handle);
        assert_true(soft_memory_is(&made, handle));
        assert_int_equal(soft_memory_open(handle, &opened, &status, &why), NTF_OK);
        soft_memory_close(&opened);
        soft_nt_handle_close(handle);
    }
    soft_memory_close(&made);
}

/* OBJ_INHERIT makes the handle one that children inherit; without it they do not. */
static void inheritance_is_the_callers(void **state)
{
    ntf_object_attributes attributes = { 0 };
    struct soft_memory made;

    (void)state;
    attributes.Length = sizeof attributes;
    assert_int_equal(soft_memory_create(&made), NTF_OK);
    for (unsigned i = 0; i < 2; i++) {
        ntf_handle handle;
        ntf_status status;
        DWORD flags = 0;
        attributes.Attributes = i ? NTF_OBJ_INHERIT : 0;
        assert_int_equal(soft_memory_share(&made, &attributes, GENERIC_ALL, &handle, &status), NTF_OK);
        assert_true(GetHandleInformation(handle, &flags));
        assert_int_equal(flags & HANDLE_FLAG_INHERIT, i ? HANDLE_FLAG_INHERIT : 0);
        soft_nt_handle_close(handle);
    }
    soft_memory_close(&made);
}

/* The DACL as text; equal DACLs give equal text, which need not be the text that one was made from. */
static wchar_t *dacl_text(PSECURITY_DESCRIPTOR descriptor)
{
    wchar_t *text = NULL;

    assert_true(ConvertSecurityDescriptorToStringSecurityDescriptorW(descriptor, SDDL_REVISION_1,
                                                                     DACL_SECURITY_INFORMATION, &text, NULL));
    return text;
}

static void assert_dacl(HANDLE object, PSECURITY_DESCRIPTOR expected)
{
    PSECURITY_DESCRIPTOR descriptor = NULL;
    wchar_t *is, *should_be = dacl_text(expected);

    assert_int_equal(GetSecurityInfo(object, SE_KERNEL_OBJECT, DACL_SECURITY_INFORMATION, NULL, NULL, NULL, NULL,
                                     &descriptor),
                     ERROR_SUCCESS);
    is = dacl_text(descriptor);
    if (wcscmp(is, should_be) != 0)
        fail_msg("%ls is not %ls", is, should_be);
    LocalFree(is);
    LocalFree(should_be);
    LocalFree(descriptor);
}

/* The caller's descriptor is the section's from then on, relative or absolute; one that says nothing changes
 * nothing; one that is none is refused. */
static void the_callers_descriptor_is_set(void **state)
{
    static const wchar_t dacl[] = L"D:(A;;0xf001f;;;SY)(A;;0x7;;;WD)";
    SECURITY_DESCRIPTOR empty, absolute, invalid = { 0 };
    ntf_object_attributes attributes = { 0 };
    PSECURITY_DESCRIPTOR relative;
    struct soft_memory made, opened;
    ntf_handle handle, reshared = NULL;
    ntf_status status;
    const char *why;

    (void)state;
    attributes.Length = sizeof attributes;
    assert_true(ConvertStringSecurityDescriptorToSecurityDescriptorW(dacl, SDDL_REVISION_1, &relative, NULL));
    assert_int_equal(soft_memory_create(&made), NTF_OK);
    attributes.SecurityDescriptor = relative;
    assert_int_equal(soft_memory_share(&made, &attributes, READ_CONTROL, &handle, &status), NTF_OK);
    assert_dacl(handle, relative);
    /* What was opened and not made can be shared on under a descriptor too, by its owner. */
    assert_int_equal(soft_memory_open(handle, &opened, &status, &why), NTF_OK);
    soft_nt_handle_close(handle);
    assert_int_equal(soft_memory_share(&opened, &attributes, 1, &reshared, &status), NTF_OK);
    soft_nt_handle_close(reshared);
    soft_memory_close(&opened);

    assert_true(InitializeSecurityDescriptor(&empty, SECURITY_DESCRIPTOR_REVISION));
    attributes.SecurityDescriptor = &empty;
    assert_int_equal(soft_memory_share(&made, &attributes, READ_CONTROL, &handle, &status), NTF_OK);
    assert_dacl(handle, relative);
    soft_nt_handle_close(handle);

    assert_true(InitializeSecurityDescriptor(&absolute, SECURITY_DESCRIPTOR_REVISION));
    assert_true(SetSecurityDescriptorDacl(&absolute, TRUE, NULL, FALSE)); /* NULL: everybody, everything */
    attributes.SecurityDescriptor = &absolute;
    assert_int_equal(soft_memory_share(&made, &attributes, READ_CONTROL, &handle, &status), NTF_OK);
    soft_nt_handle_close(handle);

    invalid.Revision = 77;
    attributes.SecurityDescriptor = &invalid;
    handle = NULL;
    assert_true(soft_memory_share(&made, &attributes, READ_CONTROL, &handle, &status) < 0);
    assert_true(status < 0);
    assert_null(handle);
    LocalFree(relative);
    soft_memory_close(&made);
}

/* Sameness is the kernel's: two pages are two, however equal they look; a dead handle is the same as nothing. */
static void sameness_is_the_kernels(void **state)
{
    struct soft_memory first, second;
    HANDLE closed;

    (void)state;
    assert_int_equal(soft_memory_create(&first), NTF_OK);
    assert_int_equal(soft_memory_create(&second), NTF_OK);
    assert_true(soft_memory_is(&first, first.handle));
    assert_false(soft_memory_is(&first, second.handle));
    closed = CreateEventW(NULL, FALSE, FALSE, NULL);
    assert_false(soft_memory_is(&first, closed));
    assert_true(CloseHandle(closed));
    assert_false(soft_memory_is(&first, closed));
    soft_memory_close(&first);
    soft_memory_close(&second);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_opens),
        cmocka_unit_test(no_handles_are_refused),
        cmocka_unit_test(other_classes_are_refused),
        cmocka_unit_test(other_sections_are_refused),
        cmocka_unit_test(what_opens_can_be_written),
        cmocka_unit_test(too_few_rights_are_refused),
        cmocka_unit_test(any_access_gives_all_that_a_fence_needs),
        cmocka_unit_test(inheritance_is_the_callers),
        cmocka_unit_test(the_callers_descriptor_is_set),
        cmocka_unit_test(sameness_is_the_kernels),
    };

    (void)argc;
    (void)argv;
    return ntf_test_run("soft-win32-memory", tests, NTF_COUNT(tests), NULL, NULL);
}
