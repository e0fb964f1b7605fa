// SPDX-License-Identifier: Apache-2.0
#include "os.h"

#include "start_win32.h"
#include "win32_quote.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

enum { PATH_UNITS = 4096, COMMAND_LINE_MAX = 32768, HANDLES_MAX = 8 };

// One text at a time, from UTF-8 and back; NULL when it is no text or does not fit.
static wchar_t *widen(const char *text, wchar_t *wide, int units)
{
    return MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, wide, units) ? wide : NULL;
}

static bool narrow(const wchar_t *wide, char *text, size_t size)
{
    return WideCharToMultiByte(CP_UTF8, 0, wide, -1, text, (int)size, NULL, NULL) > 0;
}

// MinGW's headers do not declare it.
int wmain(int argc, wchar_t **wide_argv);

int wmain(int argc, wchar_t **wide_argv)
{
    char **argv = calloc((size_t)argc + 1, sizeof *argv);
    for (int i = 0; argv && i < argc; i++) {
        size_t size = 3 * wcslen(wide_argv[i]) + 1;
        argv[i] = malloc(size);
        if (!argv[i] || !narrow(wide_argv[i], argv[i], size))
            return 125;
    }
    int status = argv ? demo_main(argc, argv) : 125;
    for (int i = 0; argv && i < argc; i++)
        free(argv[i]);
    free(argv);
    return status;
}

uint64_t os_now_ns(void)
{
    LARGE_INTEGER now, frequency;
    QueryPerformanceCounter(&now);
    QueryPerformanceFrequency(&frequency);
    uint64_t ticks = (uint64_t)now.QuadPart, per_second = (uint64_t)frequency.QuadPart;
    return ticks / per_second * 1000000000u + ticks % per_second * 1000000000u / per_second;
}

void os_sleep_ms(unsigned ms)
{
    Sleep(ms);
}

// No timer here is finer than a millisecond.
void os_pause_until(uint64_t deadline_ns)
{
    for (uint64_t now; (now = os_now_ns()) < deadline_ns;) {
        uint64_t ms = (deadline_ns - now) / 1000000u;
        if (ms >= 2)
            Sleep((DWORD)ms - 1);
        else
            SwitchToThread();
    }
}

bool os_getenv(const char *name, char *value, size_t size)
{
    wchar_t wide_name[256], wide[PATH_UNITS];
    if (!widen(name, wide_name, 256))
        return false;
    DWORD length = GetEnvironmentVariableW(wide_name, wide, PATH_UNITS);
    return length > 0 && length < PATH_UNITS && narrow(wide, value, size);
}

uint32_t os_session(void)
{
    DWORD session = 0;
    ProcessIdToSessionId(GetCurrentProcessId(), &session);
    return session;
}

uint32_t os_process_id(void)
{
    return GetCurrentProcessId();
}

_Noreturn void os_exit_now(int status)
{
    TerminateProcess(GetCurrentProcess(), (UINT)status);
    abort();
}

struct start {
    void (*body)(void *);
    void *context;
};

static DWORD WINAPI thread_main(void *argument)
{
    struct start start = *(struct start *)argument;
    free(argument);
    start.body(start.context);
    return 0;
}

bool os_thread_start(void (*body)(void *), void *context)
{
    struct start *start = malloc(sizeof *start);
    if (!start)
        return false;
    *start = (struct start){body, context};
    HANDLE thread = CreateThread(NULL, 0, thread_main, start, 0, NULL);
    if (!thread) {
        free(start);
        return false;
    }
    CloseHandle(thread);
    return true;
}

struct os_library *os_library_open(const char *path)
{
    wchar_t wide[PATH_UNITS];
    return widen(path, wide, PATH_UNITS) ? (struct os_library *)LoadLibraryW(wide) : NULL;
}

struct os_library *os_library_open_gdi32(void)
{
    return (struct os_library *)LoadLibraryExW(L"gdi32.dll", NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
}

struct os_library *os_library_open_beside(const char *name)
{
    wchar_t path[PATH_UNITS + 260];
    DWORD length = GetModuleFileNameW(NULL, path, PATH_UNITS);
    if (length == 0 || length >= PATH_UNITS)
        return NULL;
    wchar_t *file = wcsrchr(path, L'\\') + 1;
    if (!widen(name, file, 256))
        return NULL;
    wcscat(file, L".dll");
    return (struct os_library *)LoadLibraryW(path);
}

struct os_library *os_library_open_vulkan(void)
{
    return (struct os_library *)LoadLibraryW(L"vulkan-1.dll");
}

void (*os_library_symbol(struct os_library *library, const char *symbol))(void)
{
    FARPROC address = GetProcAddress((HMODULE)library, symbol);
    void (*function)(void);
    memcpy(&function, &address, sizeof function);
    return function;
}

void os_library_close(struct os_library *library)
{
    if (library)
        FreeLibrary((HMODULE)library);
}

bool os_library_file(void (*function)(void), char *path, size_t size)
{
    wchar_t address[sizeof function / sizeof(wchar_t)], wide[PATH_UNITS];
    memcpy(address, &function, sizeof function);
    const wchar_t *anywhere;
    memcpy(&anywhere, address, sizeof anywhere);
    HMODULE module;
    return GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS |
                                  GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                              anywhere, &module) &&
           GetModuleFileNameW(module, wide, PATH_UNITS) && narrow(wide, path, size);
}

static void *map(HANDLE file, size_t size)
{
    uint64_t size64 = size;
    HANDLE section =
        CreateFileMappingW(file, NULL, PAGE_READWRITE, (DWORD)(size64 >> 32), (DWORD)size64, NULL);
    void *page = section ? MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, size) : NULL;
    DWORD error = GetLastError();
    if (section)
        CloseHandle(section);
    CloseHandle(file);
    SetLastError(error);
    return page;
}

static HANDLE open_file(const char *path, DWORD how)
{
    wchar_t wide[PATH_UNITS];
    if (!widen(path, wide, PATH_UNITS))
        return INVALID_HANDLE_VALUE;
    return CreateFileW(wide, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                       how, FILE_ATTRIBUTE_NORMAL, NULL);
}

void *os_page_create(const char *path, size_t size)
{
    HANDLE file = open_file(path, CREATE_ALWAYS);
    return file == INVALID_HANDLE_VALUE ? NULL : map(file, size);
}

void *os_page_open(const char *path, size_t *size)
{
    HANDLE file = open_file(path, OPEN_EXISTING);
    LARGE_INTEGER length;
    if (file == INVALID_HANDLE_VALUE)
        return NULL;
    if (!GetFileSizeEx(file, &length) || length.QuadPart == 0) {
        CloseHandle(file);
        return NULL;
    }
    *size = (size_t)length.QuadPart;
    return map(file, *size);
}

const char *os_error(void)
{
    static char text[32];
    snprintf(text, sizeof text, "error %lu", GetLastError());
    return text;
}

void os_handle_close(uint64_t handle)
{
    CloseHandle((HANDLE)(uintptr_t)handle);
}

static bool quote(wchar_t *line, char *const argv[])
{
    static wchar_t wide[COMMAND_LINE_MAX];
    *line = L'\0';
    for (; *argv; argv++) {
        if (!widen(*argv, wide, COMMAND_LINE_MAX) ||
            !ntf_quote_append(line, COMMAND_LINE_MAX, wide))
            return false;
    }
    return true;
}

// The handles that the child gets: each once, none that is not there.
static size_t add_handle(HANDLE *list, size_t count, HANDLE handle)
{
    if (!handle || handle == INVALID_HANDLE_VALUE ||
        !SetHandleInformation(handle, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT))
        return count;
    for (size_t i = 0; i < count; i++) {
        if (list[i] == handle)
            return count;
    }
    list[count] = handle;
    return count + 1;
}

static bool start_with(struct os_child *child, wchar_t *line, STARTUPINFOEXW *startup, HANDLE *list,
                       size_t count)
{
    SIZE_T size = 0;
    InitializeProcThreadAttributeList(NULL, 1, 0, &size);
    startup->lpAttributeList = malloc(size);
    if (!startup->lpAttributeList)
        return false;
    PROCESS_INFORMATION info = {0};
    bool ok = false;
    if (InitializeProcThreadAttributeList(startup->lpAttributeList, 1, 0, &size)) {
        const bool listed = UpdateProcThreadAttribute(startup->lpAttributeList, 0,
                                                      PROC_THREAD_ATTRIBUTE_HANDLE_LIST, list,
                                                      count * sizeof *list, NULL, NULL);
        unsigned tries = 0;
        do
            ok = listed && CreateProcessW(NULL, line, NULL, NULL, TRUE, EXTENDED_STARTUPINFO_PRESENT, NULL, NULL,
                                          &startup->StartupInfo, &info);
        while (listed && !ok && ntf_start_again(&tries));
        DWORD error = GetLastError();
        DeleteProcThreadAttributeList(startup->lpAttributeList);
        SetLastError(error);
    }
    free(startup->lpAttributeList);
    if (ok)
        CloseHandle(info.hThread);
    child->process = (uint64_t)(uintptr_t)info.hProcess;
    return ok;
}

bool os_child_start(struct os_child *child, char *const argv[], const uint64_t *handles,
                    size_t count)
{
    static wchar_t line[COMMAND_LINE_MAX];
    STARTUPINFOEXW startup = {
        .StartupInfo = {.cb = sizeof startup, .dwFlags = STARTF_USESTDHANDLES}};
    startup.StartupInfo.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
    startup.StartupInfo.hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
    startup.StartupInfo.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    HANDLE list[HANDLES_MAX];
    size_t listed = 0;
    for (size_t i = 0; i < count && i < HANDLES_MAX - 3; i++)
        listed = add_handle(list, listed, (HANDLE)(uintptr_t)handles[i]);
    if (listed != count)
        return false;
    listed = add_handle(list, listed, startup.StartupInfo.hStdInput);
    listed = add_handle(list, listed, startup.StartupInfo.hStdOutput);
    listed = add_handle(list, listed, startup.StartupInfo.hStdError);
    return quote(line, argv) && start_with(child, line, &startup, list, listed);
}

bool os_child_ended(struct os_child *child, int *status)
{
    HANDLE process = (HANDLE)(uintptr_t)child->process;
    DWORD code;
    if (WaitForSingleObject(process, 0) != WAIT_OBJECT_0 || !GetExitCodeProcess(process, &code))
        return false;
    *status = (int)code;
    CloseHandle(process);
    return true;
}
