// SPDX-License-Identifier: Apache-2.0
#include "os.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

const char os_loader[] = "vulkan-1.dll";
const char os_list_separator[] = ";";

const char *os_module_of(void (*function)(void))
{
    static char path[1024];
    HMODULE module = NULL;
    LPCSTR address;
    memcpy(&address, &function, sizeof address);
    path[0] = '\0';
    if (GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS |
                               GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                           address, &module))
        GetModuleFileNameA(module, path, sizeof path);
    return path;
}

// The layer asks the system, the C library keeps a copy of its own: both have to know.
void os_setenv(const char *name, const char *value)
{
    char text[2048];
    snprintf(text, sizeof text, "%s=%s", name, value ? value : "");
    _putenv(text);
    SetEnvironmentVariableA(name, value);
}

void os_use_implicit_folder(const char *folder)
{
    os_setenv("VK_IMPLICIT_LAYER_PATH", folder);
}

void os_sleep_ms(unsigned ms)
{
    Sleep(ms);
}

uint64_t os_now_ns(void)
{
    LARGE_INTEGER now, rate;
    QueryPerformanceCounter(&now);
    QueryPerformanceFrequency(&rate);
    return (uint64_t)((double)now.QuadPart * 1e9 / (double)rate.QuadPart);
}

bool os_freeze(uint32_t pid)
{
    (void)pid;
    return false;
}

uint32_t os_session(void)
{
    DWORD session = 0;
    if (!ProcessIdToSessionId(GetCurrentProcessId(), &session))
        abort();
    return session;
}

const char *os_scratch_file(void)
{
    static char path[MAX_PATH];
    char folder[MAX_PATH];
    if (!GetTempPathA(sizeof folder, folder))
        abort();
    snprintf(path, sizeof path, "%.200sntfence-%lu", folder, (unsigned long)GetCurrentProcessId());
    return path;
}

ntf_handle os_stranger(enum os_stranger kind)
{
    HANDLE handle = NULL;
    char self[512];
    if (!GetModuleFileNameA(NULL, self, sizeof self))
        abort();
    if (kind == OS_EVENT)
        handle = CreateEventW(NULL, FALSE, FALSE, NULL);
    else if (kind == OS_FILE)
        handle = CreateFileA(self, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    else if (kind == OS_MEMORY)
        handle = CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 4096, NULL);
    if (!handle || handle == INVALID_HANDLE_VALUE)
        abort();
    return handle;
}

void os_handle_close(ntf_handle handle)
{
    CloseHandle(handle);
}

bool os_handle_inherits(ntf_handle handle)
{
    DWORD flags = 0;

    return GetHandleInformation(handle, &flags) && (flags & HANDLE_FLAG_INHERIT) != 0;
}

bool os_handle_live(ntf_handle handle)
{
    DWORD flags;
    return GetHandleInformation(handle, &flags) != 0;
}
