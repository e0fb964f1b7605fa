/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>
#include <tlhelp32.h>

#include "base/os/win32/wide.h"
#include "info/os/os.h"

/* ---- the system ---- */

typedef LONG(WINAPI *get_version)(OSVERSIONINFOW *);
typedef const char *(*wine_version)(void);

static FARPROC ntdll(const char *name)
{
    const HMODULE module = GetModuleHandleW(L"ntdll.dll");

    return module ? GetProcAddress(module, name) : NULL;
}

/* RtlGetVersion, because GetVersionEx tells programs without a manifest what they would like to hear. */
void info_os_system(struct info_system *out)
{
    const get_version version = (get_version)(void (*)(void))ntdll("RtlGetVersion");
    const wine_version wine = (wine_version)(void (*)(void))ntdll("wine_get_version");
    OSVERSIONINFOW info = { .dwOSVersionInfoSize = sizeof info };

    memset(out, 0, sizeof *out);
    if (version && version(&info) == 0) {
        out->build = info.dwBuildNumber;
        (void)snprintf(out->name, sizeof out->name, "Windows %lu.%lu build %lu", info.dwMajorVersion,
                       info.dwMinorVersion, info.dwBuildNumber);
    } else {
        (void)snprintf(out->name, sizeof out->name, "Windows");
    }
    if (wine)
        (void)snprintf(out->variety, sizeof out->variety, "Wine %.40s", wine());
}

/* ---- text ---- */

static void narrow(const wchar_t *wide, char *out, size_t size)
{
    if (WideCharToMultiByte(CP_UTF8, 0, wide, -1, out, (int)size, NULL, NULL) <= 0)
        out[0] = '\0';
}

/* ---- variables ---- */

/* Two copies: that of Windows, which the loader and the layer read, and that of the C library, which drivers may. */
void info_os_setenv(const char *name, const char *value)
{
    wchar_t *wide_name = ntf_wide_from_utf8(name), *wide_value = value ? ntf_wide_from_utf8(value) : NULL;

    if (wide_name && (wide_value || !value)) {
        (void)_wputenv_s(wide_name, wide_value ? wide_value : L"");
        (void)SetEnvironmentVariableW(wide_name, wide_value);
    }
    free(wide_value);
    free(wide_name);
}

void info_os_variables(const char *prefix, void (*each)(void *context, const char *name, const char *value),
                       void *context)
{
    wchar_t *block = GetEnvironmentStringsW();

    for (const wchar_t *variable = block; variable && *variable; variable += wcslen(variable) + 1) {
        char text[8192], *equals;

        narrow(variable, text, sizeof text);
        equals = text[0] ? strchr(text + 1, '=') : NULL; /* "=C:=..." has one in its name */
        if (!equals)
            continue;
        *equals = '\0';
        if (_strnicmp(text, prefix, strlen(prefix)) == 0)
            each(context, text, equals + 1);
    }
    if (block)
        (void)FreeEnvironmentStringsW(block);
}

/* ---- libraries and files ---- */

/* Applications look in their own folder first, then in the system's. */
struct ntf_library *info_os_vulkan(char path[INFO_PATH_BYTES])
{
    const HMODULE module = LoadLibraryExW(L"vulkan-1.dll", NULL,
                                          LOAD_LIBRARY_SEARCH_APPLICATION_DIR | LOAD_LIBRARY_SEARCH_SYSTEM32);
    wchar_t wide[INFO_PATH_BYTES / 4];

    path[0] = '\0';
    if (module && GetModuleFileNameW(module, wide, sizeof wide / sizeof *wide))
        narrow(wide, path, INFO_PATH_BYTES);
    return (struct ntf_library *)module;
}

/* Wine marks what it has built, behind the DOS header. */
bool info_os_vulkan_is_wines(struct ntf_library *library)
{
    static const char mark[] = "Wine builtin DLL";

    return memcmp((const char *)library + sizeof(IMAGE_DOS_HEADER), mark, sizeof mark - 1) == 0;
}

void info_os_modules(const char *part, void (*each)(void *context, const char *path), void *context)
{
    MODULEENTRY32W entry = { .dwSize = sizeof entry };
    const HANDLE all = CreateToolhelp32Snapshot(TH32CS_SNAPMODULE, GetCurrentProcessId());

    if (all == INVALID_HANDLE_VALUE)
        return;
    for (BOOL more = Module32FirstW(all, &entry); more; more = Module32NextW(all, &entry)) {
        char path[INFO_PATH_BYTES];
        char name[512];

        narrow(entry.szModule, name, sizeof name);
        narrow(entry.szExePath, path, sizeof path);
        if (strstr(name, part))
            each(context, path);
    }
    (void)CloseHandle(all);
}

int info_os_read(const char *path, char *buffer, size_t size_bytes)
{
    wchar_t *wide = ntf_wide_from_utf8(path);
    HANDLE file = INVALID_HANDLE_VALUE;
    DWORD got = 0;
    BOOL done = FALSE;

    if (wide)
        file = CreateFileW(wide, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                           OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
    free(wide);
    if (file == INVALID_HANDLE_VALUE)
        return -1;
    done = ReadFile(file, buffer, (DWORD)size_bytes - 1, &got, NULL);
    (void)CloseHandle(file);
    buffer[got] = '\0';
    return done ? (int)got : -1;
}

/* ---- objects ---- */

ntf_handle info_os_event(void)
{
    return CreateEventW(NULL, FALSE, FALSE, NULL);
}

ntf_handle info_os_section(void)
{
    return CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 4096, NULL);
}
