/* SPDX-License-Identifier: Apache-2.0 */
/* Users' names of payloads: where they may lie, how long they live, and what strangers may have put there. */
#include "ntf_test.h"

#include <windows.h>
#include <stdio.h>
#include <string.h>

#include "kmt/soft/os/win32/nt.h"

/* A path and the attributes that say it. */
struct path {
    wchar_t text[200];
    ntf_unicode_string string;
    ntf_object_attributes attributes;
};

static struct path *path_say(struct path *p, const wchar_t *directory, const wchar_t *name)
{
    memset(p, 0, sizeof *p);
    (void)swprintf(p->text, NTF_COUNT(p->text), L"%ls%ls", directory, name);
    p->string.Length = p->string.MaximumLength = (uint16_t)(wcslen(p->text) * sizeof(wchar_t));
    p->string.Buffer = (char16_t *)p->text;
    p->attributes.Length = sizeof p->attributes;
    p->attributes.ObjectName = &p->string;
    return p;
}

static const wchar_t *session_directory(void)
{
    static wchar_t text[64];
    DWORD session = 0;

    assert_true(ProcessIdToSessionId(GetCurrentProcessId(), &session));
    if (session == 0)
        (void)swprintf(text, NTF_COUNT(text), L"\\BaseNamedObjects\\");
    else
        (void)swprintf(text, NTF_COUNT(text), L"\\Sessions\\%lu\\BaseNamedObjects\\", session);
    return text;
}

static struct path *here(struct path *p, const wchar_t *name)
{
    return path_say(p, session_directory(), name);
}

static void assert_resolves(const struct path *p, const struct soft_memory *memory)
{
    ntf_handle handle;
    ntf_status status = 1;

    assert_int_equal(soft_name_resolve(&p->attributes, GENERIC_READ, &handle, &status), NTF_OK);
    assert_int_equal(status, NTF_STATUS_SUCCESS);
    assert_true(soft_memory_is(memory, handle));
    soft_nt_handle_close(handle);
}

static void assert_no_name(const struct path *p, enum ntf_result outcome, ntf_status expected)
{
    const ntf_handle poison = (ntf_handle)(intptr_t)0x55;
    const size_t before = ntf_test_open_handles();
    ntf_handle handle = poison;
    ntf_status status = 1;

    assert_int_equal(soft_name_resolve(p ? &p->attributes : NULL, 1, &handle, &status), outcome);
    assert_int_equal(status, expected);
    assert_ptr_equal(handle, poison);
    assert_int_equal(ntf_test_open_handles(), before);
}

static void assert_not_published(const struct path *p, const struct soft_memory *memory, enum ntf_result outcome,
                                 ntf_status expected)
{
    struct soft_name *const poison = (struct soft_name *)(intptr_t)0x55;
    struct soft_name *name = poison;
    ntf_status status = 1;

    assert_int_equal(soft_name_publish(p ? &p->attributes : NULL, memory, &name, &status), outcome);
    assert_int_equal(status, expected);
    assert_ptr_equal(name, poison);
}

/* A name is found while it is published, in any case of its letters, and not after. */
static void names_are_found(void **state)
{
    const size_t before = ntf_test_open_handles();
    struct soft_memory memory;
    struct soft_name *name;
    struct path p, other_case;
    ntf_handle handle;
    ntf_status status;

    (void)state;
    assert_int_equal(soft_memory_create(&memory), NTF_OK);
    here(&p, L"ntfence-test-Found");
    here(&other_case, L"NTFENCE-test-fOUND");
    assert_no_name(&p, NTF_E_NOT_FOUND, NTF_STATUS_OBJECT_NAME_NOT_FOUND);
    assert_int_equal(soft_name_publish(&p.attributes, &memory, &name, &status), NTF_OK);
    assert_resolves(&p, &memory);
    assert_resolves(&other_case, &memory);
    assert_int_equal(soft_name_resolve(&p.attributes, 0, &handle, &status), NTF_E_ACCESS_DENIED);
    assert_int_equal(status, NTF_STATUS_ACCESS_DENIED);
    soft_name_withdraw(name);
    assert_no_name(&p, NTF_E_NOT_FOUND, NTF_STATUS_OBJECT_NAME_NOT_FOUND);
    soft_memory_close(&memory);
    assert_int_equal(ntf_test_open_handles(), before);
}

/* The directory of all sessions works where the system lets us; an ordinary user on Windows is refused. */
static void global_names_work_or_say_why(void **state)
{
    struct soft_memory memory;
    struct soft_name *name;
    struct path p;
    ntf_status status;
    enum ntf_result r;

    (void)state;
    assert_int_equal(soft_memory_create(&memory), NTF_OK);
    path_say(&p, L"\\BaseNamedObjects\\", L"ntfence-test-global");
    r = soft_name_publish(&p.attributes, &memory, &name, &status);
    if (r == NTF_OK) {
        assert_resolves(&p, &memory);
        soft_name_withdraw(name);
    } else {
        assert_int_equal(r, NTF_E_ACCESS_DENIED);
        assert_true(status < 0);
    }
    soft_memory_close(&memory);
}

/* A name belongs to one: neither a second payload nor a name that is an event can be had; both stay as they were. */
static void names_are_exclusive(void **state)
{
    struct soft_memory first, second;
    struct soft_name *name;
    struct path p, q;
    ntf_status status;
    HANDLE event;

    (void)state;
    assert_int_equal(soft_memory_create(&first), NTF_OK);
    assert_int_equal(soft_memory_create(&second), NTF_OK);
    here(&p, L"ntfence-test-taken");
    assert_int_equal(soft_name_publish(&p.attributes, &first, &name, &status), NTF_OK);
    assert_not_published(&p, &second, NTF_E_COLLISION, NTF_STATUS_OBJECT_NAME_COLLISION);
    assert_not_published(here(&q, L"NTFENCE-TEST-TAKEN"), &second, NTF_E_COLLISION, NTF_STATUS_OBJECT_NAME_COLLISION);
    assert_not_published(&p, &first, NTF_E_COLLISION, NTF_STATUS_OBJECT_NAME_COLLISION);
    assert_resolves(&p, &first);
    soft_name_withdraw(name);

    event = CreateEventW(NULL, FALSE, FALSE, L"ntfence-test-event");
    assert_non_null(event);
    assert_not_published(here(&q, L"ntfence-test-event"), &first, NTF_E_COLLISION, NTF_STATUS_OBJECT_NAME_COLLISION);
    assert_no_name(&q, NTF_E_WRONG_OBJECT, NTF_STATUS_OBJECT_TYPE_MISMATCH);
    assert_true(CloseHandle(event));
    soft_memory_close(&first);
    soft_memory_close(&second);
}

/* What is not a path of an existing directory is refused with the system's own words. */
static void bad_paths_are_refused(void **state)
{
    struct soft_memory memory;
    struct path p;

    (void)state;
    assert_int_equal(soft_memory_create(&memory), NTF_OK);
    assert_not_published(NULL, &memory, NTF_E_BAD_NAME, NTF_STATUS_OBJECT_NAME_INVALID);
    assert_no_name(NULL, NTF_E_BAD_NAME, NTF_STATUS_OBJECT_NAME_INVALID);
    path_say(&p, L"", L"");
    assert_not_published(&p, &memory, NTF_E_BAD_NAME, NTF_STATUS_OBJECT_NAME_INVALID);
    assert_no_name(&p, NTF_E_BAD_NAME, NTF_STATUS_OBJECT_NAME_INVALID);
    path_say(&p, L"", L"no-root");
    assert_not_published(&p, &memory, NTF_E_BAD_NAME, SOFT_STATUS_OBJECT_PATH_SYNTAX_BAD);
    path_say(&p, L"\\ntfence-no-such-folder\\", L"x");
    assert_not_published(&p, &memory, NTF_E_NOT_FOUND, SOFT_STATUS_OBJECT_PATH_NOT_FOUND);
    assert_no_name(&p, NTF_E_NOT_FOUND, SOFT_STATUS_OBJECT_PATH_NOT_FOUND);
    soft_memory_close(&memory);
}

/* Relative to a directory's handle, as D3DKMT's callers may ask. */
static void root_directories_are_respected(void **state)
{
    ntf_status(NTAPI * open)(HANDLE *, ACCESS_MASK, ntf_object_attributes *);
    FARPROC found = GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "NtOpenDirectoryObject");
    struct soft_memory memory;
    struct soft_name *name;
    struct path directory, relative, whole;
    ntf_status status;
    HANDLE root;

    (void)state;
    assert_non_null(found);
    memcpy(&open, &found, sizeof open);
    here(&directory, L"");
    directory.string.Length = (uint16_t)(directory.string.Length - sizeof(wchar_t)); /* without the backslash */
    assert_int_equal(open(&root, 0x7 /* query, traverse, create objects */, &directory.attributes), 0);
    assert_int_equal(soft_memory_create(&memory), NTF_OK);
    path_say(&relative, L"", L"ntfence-test-relative");
    relative.attributes.RootDirectory = root;
    assert_int_equal(soft_name_publish(&relative.attributes, &memory, &name, &status), NTF_OK);
    assert_resolves(&relative, &memory);
    assert_resolves(here(&whole, L"ntfence-test-relative"), &memory);
    soft_name_withdraw(name);
    soft_memory_close(&memory);
    assert_true(CloseHandle(root));
}

/* An object that was opened and not made can be published too; the name then holds while it is published, and with
 * the last handle of the payload it leads nowhere. */
static void a_name_outlives_its_payload(void **state)
{
    struct soft_memory made, opened;
    struct soft_name *name;
    struct path p;
    ntf_status status;
    const char *why;

    (void)state;
    assert_int_equal(soft_memory_create(&made), NTF_OK);
    assert_int_equal(soft_memory_open(made.handle, &opened, &status, &why), NTF_OK);
    soft_memory_close(&made);
    here(&p, L"ntfence-test-outlives");
    assert_int_equal(soft_name_publish(&p.attributes, &opened, &name, &status), NTF_OK);
    assert_resolves(&p, &opened);
    soft_memory_close(&opened);
    assert_no_name(&p, NTF_E_NOT_FOUND, NTF_STATUS_OBJECT_NAME_NOT_FOUND);
    soft_name_withdraw(name);
}

/* The inheritance asked for is the new handle's. */
static void inheritance_is_the_callers(void **state)
{
    struct soft_memory memory;
    struct soft_name *name;
    struct path p;
    ntf_handle handle;
    ntf_status status;
    DWORD flags = 0;

    (void)state;
    assert_int_equal(soft_memory_create(&memory), NTF_OK);
    here(&p, L"ntfence-test-inherit");
    assert_int_equal(soft_name_publish(&p.attributes, &memory, &name, &status), NTF_OK);
    p.attributes.Attributes = NTF_OBJ_INHERIT;
    assert_int_equal(soft_name_resolve(&p.attributes, GENERIC_ALL, &handle, &status), NTF_OK);
    assert_true(GetHandleInformation(handle, &flags));
    assert_int_equal(flags & HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
    soft_nt_handle_close(handle);
    soft_name_withdraw(name);
    soft_memory_close(&memory);
}

/* A stranger's section under the name: never mapped unless it is a page, never believed unless it is a label, and
 * the name in it never used unless it has the one form that ours have. */
static void strangers_labels_are_judged(void **state)
{
    static const wchar_t *const names[] = {
        L"", L"ntfence-page-", L"ntfence-page-0123456789abcdef0123456789abcdeG",
        L"ntfence-page-0123456789abcdef\\123456789abcdef0", L"NTFENCE-PAGE-0123456789abcdef0123456789abcdef",
        L"x\\..\\ntfence-page-0123456789abcdef012345678901",
    };
    struct path p;
    HANDLE section;
    unsigned char *bytes;

    (void)state;
    here(&p, L"ntfence-test-stranger");
    section = CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 65536, L"Local\\ntfence-test-stranger");
    assert_non_null(section);
    assert_no_name(&p, NTF_E_WRONG_OBJECT, NTF_STATUS_OBJECT_TYPE_MISMATCH);
    assert_true(CloseHandle(section));

    section = CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 4096, L"Local\\ntfence-test-stranger");
    assert_non_null(section);
    bytes = (unsigned char *)MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0);
    assert_non_null(bytes);
    assert_no_name(&p, NTF_E_NOT_FOUND, NTF_STATUS_OBJECT_NAME_NOT_FOUND); /* not written yet */
    memset(bytes, 0xFF, 4096);
    assert_no_name(&p, NTF_E_WRONG_OBJECT, NTF_STATUS_OBJECT_TYPE_MISMATCH);
    memcpy(bytes, "ntfename", 8);
    assert_no_name(&p, NTF_E_WRONG_OBJECT, NTF_STATUS_OBJECT_TYPE_MISMATCH); /* no end to the name either */
    for (size_t i = 0; i < NTF_COUNT(names); i++) {
        memset(bytes + 8, 0, 4096 - 8);
        memcpy(bytes + 8, names[i], wcslen(names[i]) * sizeof(wchar_t));
        assert_no_name(&p, NTF_E_WRONG_OBJECT, NTF_STATUS_OBJECT_TYPE_MISMATCH);
    }
    /* Well formed, and nobody's. */
    memset(bytes + 8, 0, 4096 - 8);
    memcpy(bytes + 8, L"ntfence-page-0123456789abcdef0123456789abcdef", 45 * sizeof(wchar_t));
    assert_no_name(&p, NTF_E_NOT_FOUND, NTF_STATUS_OBJECT_NAME_NOT_FOUND);
    assert_true(UnmapViewOfFile(bytes));
    assert_true(CloseHandle(section));
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_found),
        cmocka_unit_test(global_names_work_or_say_why),
        cmocka_unit_test(names_are_exclusive),
        cmocka_unit_test(bad_paths_are_refused),
        cmocka_unit_test(root_directories_are_respected),
        cmocka_unit_test(a_name_outlives_its_payload),
        cmocka_unit_test(inheritance_is_the_callers),
        cmocka_unit_test(strangers_labels_are_judged),
    };

    (void)argc;
    (void)argv;
    return ntf_test_run("soft-win32-names", tests, NTF_COUNT(tests), NULL, NULL);
}
