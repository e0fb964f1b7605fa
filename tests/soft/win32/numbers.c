/* SPDX-License-Identifier: Apache-2.0 */
/* Global handles on Windows: who holds the label keeps the number, and what strangers may have put in its place. */
#include "ntf_test.h"

#include <windows.h>
#include <stdio.h>
#include <string.h>

#include "base/os/os.h"
#include "kmt/soft/flags.h"
#include "kmt/soft/os/win32/nt.h"

static D3DKMT_HANDLE some_number(void)
{
    uint32_t random = 0;

    assert_true(ntf_os_random(&random, sizeof random));
    return soft_global_number(random);
}

static const wchar_t *label_name(D3DKMT_HANDLE number)
{
    static wchar_t name[64];

    (void)swprintf(name, NTF_COUNT(name), L"Local\\ntfence-kmt-%08lx", (unsigned long)number);
    return name;
}

static void expect_resolved(D3DKMT_HANDLE value, const struct soft_memory *memory)
{
    struct soft_number *number;
    ntf_handle nt;

    assert_int_equal(soft_number_resolve(value, &nt, &number), NTF_OK);
    assert_true(soft_memory_is(memory, nt));
    soft_nt_handle_close(nt);
    soft_number_withdraw(number);
}

static void expect_refused(D3DKMT_HANDLE value, enum ntf_result expected)
{
    struct soft_number *const poison = (struct soft_number *)(intptr_t)0x55;
    const size_t before = ntf_test_open_handles();
    struct soft_number *number = poison;
    ntf_handle nt = poison;

    assert_int_equal(soft_number_resolve(value, &nt, &number), expected);
    assert_ptr_equal(number, poison);
    assert_ptr_equal(nt, poison);
    assert_int_equal(ntf_test_open_handles(), before);
}

/* Maker or opener: with the last of them it goes, and not before. It is nobody else's meanwhile. */
static void any_holder_keeps_it(void **state)
{
    const D3DKMT_HANDLE value = some_number();
    const size_t before = ntf_test_open_handles();
    struct soft_number *maker, *opener, *none = NULL;
    struct soft_memory memory, other;
    ntf_handle nt;

    (void)state;
    expect_refused(value, NTF_E_NOT_FOUND);
    assert_int_equal(soft_memory_create(&memory), NTF_OK);
    assert_int_equal(soft_memory_create(&other), NTF_OK);
    assert_int_equal(soft_number_publish(value, &memory, &maker), NTF_OK);
    assert_int_equal(soft_number_publish(value, &other, &none), NTF_E_COLLISION);
    assert_null(none);
    expect_resolved(value, &memory);
    assert_int_equal(soft_number_resolve(value, &nt, &opener), NTF_OK);
    soft_nt_handle_close(nt);
    soft_number_withdraw(maker);
    assert_int_equal(soft_number_publish(value, &other, &none), NTF_E_COLLISION);
    expect_resolved(value, &memory);
    soft_number_withdraw(opener);
    expect_refused(value, NTF_E_NOT_FOUND);
    soft_memory_close(&memory);
    soft_memory_close(&other);
    assert_int_equal(ntf_test_open_handles(), before);
}

/* The label is there, and what it names has gone. */
static void payload_gone(void **state)
{
    const D3DKMT_HANDLE value = some_number();
    struct soft_number *number;
    struct soft_memory memory;

    (void)state;
    assert_int_equal(soft_memory_create(&memory), NTF_OK);
    assert_int_equal(soft_number_publish(value, &memory, &number), NTF_OK);
    soft_memory_close(&memory);
    expect_refused(value, NTF_E_NOT_FOUND);
    soft_number_withdraw(number);
}

static HANDLE section(D3DKMT_HANDLE value, DWORD size, DWORD kind)
{
    const HANDLE made =
        CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE | kind, 0, size, label_name(value));

    assert_non_null(made);
    return made;
}

/* Whatever else has the name: the number is not found, and not given out. */
static void strangers(void **state)
{
    static const uint64_t magics[] = { 0, 0x656D616E6566746Eull, 0x72626D756E66746Eull };
    const D3DKMT_HANDLE value = some_number();
    struct soft_number *none = NULL;
    struct soft_memory memory;
    struct soft_page_name page;
    HANDLE made;

    (void)state;
    assert_int_equal(soft_memory_create(&memory), NTF_OK);
    assert_true(soft_memory_name(&memory, &page));
    made = CreateEventW(NULL, TRUE, FALSE, label_name(value));
    assert_non_null(made);
    expect_refused(value, NTF_E_NOT_FOUND);
    assert_int_equal(soft_number_publish(value, &memory, &none), NTF_E_COLLISION);
    assert_true(CloseHandle(made));
    made = section(value, 2 * NTF_PAGE_BYTES, SEC_COMMIT);
    expect_refused(value, NTF_E_NOT_FOUND);
    assert_int_equal(soft_number_publish(value, &memory, &none), NTF_E_COLLISION);
    assert_true(CloseHandle(made));
    made = section(value, NTF_PAGE_BYTES, SEC_RESERVE);
    expect_refused(value, NTF_E_NOT_FOUND);
    assert_true(CloseHandle(made));
    for (size_t i = 0; i < NTF_COUNT(magics); i++) { /* unfinished; a name's label; ours, of a name that is no page's */
        made = section(value, NTF_PAGE_BYTES, SEC_COMMIT);
        if (i == 2)
            page.units[0] = L'N';
        assert_true(soft_label_write(made, magics[i], &page));
        expect_refused(value, NTF_E_NOT_FOUND);
        assert_true(CloseHandle(made));
    }
    assert_null(none);
    soft_memory_close(&memory);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_holder_keeps_it),
        cmocka_unit_test(payload_gone),
        cmocka_unit_test(strangers),
    };

    (void)argc;
    (void)argv;
    return ntf_test_run("soft-win32-numbers", tests, NTF_COUNT(tests), NULL, NULL);
}
