// SPDX-License-Identifier: Apache-2.0
#include "os.h"

#include "start_win32.h"

#include <stdio.h>
#include <string.h>
#include <windows.h>

uint32_t own_pid(void)
{
    return GetCurrentProcessId();
}

const char *carry_door(void)
{
    return "-"; // the parent takes it itself
}

void carry_out(const char *door, uint64_t handle)
{
    (void)door;
    (void)handle;
}

uint64_t carry_in(const struct ntf_child *child, uint64_t handle)
{
    HANDLE process = OpenProcess(PROCESS_DUP_HANDLE, FALSE, ntf_child_pid(child)), taken = NULL;
    assert_non_null(process);
    assert_true(DuplicateHandle(process, (HANDLE)(uintptr_t)handle, GetCurrentProcess(), &taken, 0, FALSE,
                                DUPLICATE_SAME_ACCESS));
    CloseHandle(process);
    return (uintptr_t)taken;
}

uint64_t handle_duplicate(uint64_t handle)
{
    const HANDLE self = GetCurrentProcess();
    HANDLE copy = NULL;
    assert_true(DuplicateHandle(self, (HANDLE)(uintptr_t)handle, self, &copy, 0, FALSE, DUPLICATE_SAME_ACCESS));
    return (uintptr_t)copy;
}

enum same handle_same(uint64_t a, uint64_t b)
{
    typedef BOOL(WINAPI *compare_fn)(HANDLE, HANDLE);
    const HMODULE module = GetModuleHandleW(L"kernelbase.dll");
    const FARPROC found = module ? GetProcAddress(module, "CompareObjectHandles") : NULL;
    compare_fn compare;
    if (!found)
        return SAME_UNKNOWN;
    memcpy(&compare, &found, sizeof compare);
    return compare((HANDLE)(uintptr_t)a, (HANDLE)(uintptr_t)b) ? SAME : NOT_SAME;
}

void *descriptor_for_everybody(void)
{
    static SECURITY_DESCRIPTOR descriptor;
    assert_true(InitializeSecurityDescriptor(&descriptor, SECURITY_DESCRIPTOR_REVISION));
    assert_true(SetSecurityDescriptorDacl(&descriptor, TRUE, NULL, FALSE));
    return &descriptor;
}

void *descriptor_for_nobody(void)
{
    static SECURITY_DESCRIPTOR descriptor;
    static ACL list;
    assert_true(InitializeAcl(&list, sizeof list, ACL_REVISION));
    assert_true(InitializeSecurityDescriptor(&descriptor, SECURITY_DESCRIPTOR_REVISION));
    assert_true(SetSecurityDescriptorDacl(&descriptor, TRUE, &list, FALSE));
    return &descriptor;
}

int run_heir(const char *role, const char *argument)
{
    char path[MAX_PATH], line[2 * MAX_PATH];
    STARTUPINFOA startup = {.cb = sizeof startup};
    PROCESS_INFORMATION info;
    DWORD status = 0;
    assert_in_range(GetModuleFileNameA(NULL, path, sizeof path), 1, sizeof path - 1);
    snprintf(line, sizeof line, "\"%s\" --ntf-role %s %s", path, role, argument);
    unsigned tries = 0;
    while (!CreateProcessA(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &info))
        assert_true(ntf_start_again(&tries));
    WaitForSingleObject(info.hProcess, INFINITE);
    assert_true(GetExitCodeProcess(info.hProcess, &status));
    CloseHandle(info.hThread);
    CloseHandle(info.hProcess);
    return (int)status;
}
