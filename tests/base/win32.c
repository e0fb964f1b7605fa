/* SPDX-License-Identifier: Apache-2.0 */
/* What only Windows has: wide variables, its own idea of paths, descriptors of files. */
#include "ntf_test.h"

#include <stdio.h>
#include <string.h>
#include <windows.h>
#include <aclapi.h>

#include "base/os/os.h"

/* Values come as UTF-8, half pairs as U+FFFD; an empty value exists. */
static void variables_are_utf8(void **state)
{
    static const wchar_t value[] = { 0xE9, 0x20AC, 0xD83C, 0xDFC1, 0xD800, L'!', 0 };
    char buffer[64];

    (void)state;
    assert_true(SetEnvironmentVariableW(L"NTF_TEST_WIDE", value));
    assert_int_equal(ntf_os_getenv("NTF_TEST_WIDE", buffer, sizeof buffer), 13);
    assert_string_equal(buffer, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x8f\x81\xef\xbf\xbd!");
    assert_true(SetEnvironmentVariableW(L"NTF_TEST_WIDE", L""));
    assert_int_equal(ntf_os_getenv("NTF_TEST_WIDE", buffer, sizeof buffer), 0);
    assert_string_equal(buffer, "");
    assert_true(SetEnvironmentVariableW(L"NTF_TEST_WIDE", NULL));
    assert_int_equal(ntf_os_getenv("NTF_TEST_WIDE", buffer, sizeof buffer), -1);
}

/* A value longer than the first guess at its length is read whole. */
static void long_variables_are_whole(void **state)
{
    static wchar_t value[30001];
    static char buffer[30001];

    (void)state;
    for (size_t i = 0; i < 30000; i++)
        value[i] = (wchar_t)(L'a' + i % 26);
    for (size_t length = 250; length <= 260; length++) { /* around the guess */
        const wchar_t kept = value[length];
        value[length] = 0;
        assert_true(SetEnvironmentVariableW(L"NTF_TEST_WIDE", value));
        assert_int_equal(ntf_os_getenv("NTF_TEST_WIDE", buffer, sizeof buffer), length);
        assert_int_equal(strlen(buffer), length);
        value[length] = kept;
    }
    assert_true(SetEnvironmentVariableW(L"NTF_TEST_WIDE", value));
    assert_int_equal(ntf_os_getenv("NTF_TEST_WIDE", buffer, sizeof buffer), 30000);
    assert_int_equal(buffer[29999], 'a' + 29999 % 26);
    assert_int_equal(ntf_os_getenv("NTF_TEST_WIDE", buffer, 16), 30000);
    assert_string_equal(buffer, "abcdefghijklmno");
    (void)SetEnvironmentVariableW(L"NTF_TEST_WIDE", NULL);
}

/* Nothing but an absolute path is opened; slashes of either kind are. */
static void paths_are_absolute(void **state)
{
    char path[MAX_PATH], relative[MAX_PATH];
    struct ntf_library *library;

    (void)state;
    assert_in_range(GetSystemDirectoryA(path, MAX_PATH - 16), 3, MAX_PATH - 16);
    strcat(path, "\\version.dll");
    library = ntf_library_open_path(path);
    assert_non_null(library);
    ntf_library_close(library);
    for (char *c = path; *c; c++)
        if (*c == '\\')
            *c = '/';
    library = ntf_library_open_path(path);
    assert_non_null(library);
    ntf_library_close(library);
    assert_null(ntf_library_open_path(path + 2)); /* "/windows/...": on whatever drive is current */
    snprintf(relative, sizeof relative, "%c:version.dll", path[0]);
    assert_null(ntf_library_open_path(relative));
    assert_null(ntf_library_open_path("version.dll"));
    assert_null(ntf_library_open_path("\xff\xfe")); /* not UTF-8 */
    assert_null(ntf_library_open_system("..\\system32\\version.dll"));
}

/* A new log is its maker's alone: one entry in its list. */
static void log_file_is_private(void **state)
{
    wchar_t folder[MAX_PATH], path[2 * MAX_PATH];
    char utf8[3 * MAX_PATH];
    PSECURITY_DESCRIPTOR descriptor = NULL;
    SECURITY_DESCRIPTOR_CONTROL control = 0;
    DWORD revision;
    ACL *list = NULL;

    (void)state;
    assert_in_range(GetTempPathW(MAX_PATH, folder), 1, MAX_PATH - 1);
    swprintf(path, 2 * MAX_PATH, L"%lsbase-win32-\x00e9-%lu.log", folder, (unsigned long)GetCurrentProcessId());
    assert_true(WideCharToMultiByte(CP_UTF8, 0, path, -1, utf8, sizeof utf8, NULL, NULL) > 0);
    (void)DeleteFileW(path);
    ntf_os_append_line(utf8, "first");
    ntf_os_append_line(utf8, "second");
    assert_int_equal(GetNamedSecurityInfoW(path, SE_FILE_OBJECT, DACL_SECURITY_INFORMATION, NULL, NULL, &list, NULL,
                                           &descriptor),
                     ERROR_SUCCESS);
    assert_true(GetSecurityDescriptorControl(descriptor, &control, &revision));
    assert_non_null(list);
    assert_in_range(list->AceCount, 1, 2); /* Wine makes two of the one, from the mode of the Unix file */
    for (DWORD i = 0; i < list->AceCount; i++) {
        ACCESS_ALLOWED_ACE *entry;
        assert_true(GetAce(list, i, (void **)&entry));
        assert_false(IsWellKnownSid((PSID)&entry->SidStart, WinWorldSid));
        assert_false(IsWellKnownSid((PSID)&entry->SidStart, WinBuiltinUsersSid));
    }
    (void)LocalFree(descriptor);
    assert_true(DeleteFileW(path));
}

/* A line for a person that is longer than the buffer for it is cut, not run over. Under Wine it goes to stderr,
 * here the end of a pipe; Windows' debugger is not looked at. */
static void long_lines_are_cut(void **state)
{
    static char line[5000], got[8192];
    const HMODULE ntdll = GetModuleHandleW(L"ntdll.dll");
    const HANDLE before = GetStdHandle(STD_ERROR_HANDLE);
    HANDLE reader, writer;
    DWORD length;

    (void)state;
    memset(line, 'x', sizeof line - 1);
    assert_true(CreatePipe(&reader, &writer, NULL, sizeof got));
    assert_true(SetStdHandle(STD_ERROR_HANDLE, writer));
    ntf_os_say(line);
    ntf_os_say("short");
    assert_true(SetStdHandle(STD_ERROR_HANDLE, before));
    if (GetProcAddress(ntdll, "wine_get_version")) {
        assert_true(PeekNamedPipe(reader, got, sizeof got, &length, NULL, NULL));
        assert_int_equal(length, 2047 + 6);
        assert_memory_equal(got + 2040, "xxxxxx\nshort\n", 13);
    }
    (void)CloseHandle(reader);
    (void)CloseHandle(writer);
}

/* Of ticks, one that was written just now: under Wine a process writes them that may be late by more than a tick. */
static uint64_t fresh_ticks_ms(void)
{
    uint64_t ms = GetTickCount64();

    for (int changes = 0; changes < 2; changes++) {
        const uint64_t before = ms;

        while ((ms = GetTickCount64()) == before)
            Sleep(0);
    }
    return ms;
}

/* The clock counts nanoseconds: each of two measured spans lies inside the other clock's, whoever is delayed. */
static void clock_counts_nanoseconds(void **state)
{
    enum { SPAN_MS = 200, TICK_MS = 32 };
    uint64_t ns[2], ms[2];

    (void)state;
    ns[0] = ntf_os_now_ns();
    ms[0] = fresh_ticks_ms();
    do
        ms[1] = GetTickCount64();
    while (ms[1] - ms[0] < SPAN_MS);
    ns[1] = ntf_os_now_ns();
    assert_true((ns[1] - ns[0]) / 1000000 + TICK_MS >= ms[1] - ms[0]);

    ms[0] = GetTickCount64();
    ns[0] = ntf_os_now_ns();
    do
        ns[1] = ntf_os_now_ns();
    while ((ns[1] - ns[0]) / 1000000 < SPAN_MS);
    ms[1] = fresh_ticks_ms();
    assert_true((ns[1] - ns[0]) / 1000000 <= ms[1] - ms[0] + TICK_MS);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(variables_are_utf8),  cmocka_unit_test(long_variables_are_whole),
        cmocka_unit_test(paths_are_absolute),  cmocka_unit_test(log_file_is_private),
        cmocka_unit_test(long_lines_are_cut),
        cmocka_unit_test(clock_counts_nanoseconds),
    };
    (void)argc;
    (void)argv;
    return ntf_test_run("base-win32", tests, NTF_COUNT(tests), NULL, NULL);
}
