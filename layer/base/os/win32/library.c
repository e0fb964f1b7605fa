/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "base/os/os.h"
#include "base/os/win32/wide.h"

static HMODULE load(const wchar_t *name, DWORD flags)
{
    DWORD mode = 0;
    HMODULE module;

    /* No message box on the user's screen for a file that is no library. */
    const BOOL quiet = SetThreadErrorMode(SEM_FAILCRITICALERRORS | SEM_NOOPENFILEERRORBOX, &mode);
    module = LoadLibraryExW(name, NULL, flags);
    if (quiet)
        (void)SetThreadErrorMode(mode, NULL);
    return module;
}

struct ntf_library *ntf_library_open_system(const char *file_name)
{
    wchar_t *name;
    HMODULE module;

    /* A bare name: with a path the search flag would be no promise. */
    if (file_name[0] == '\0' || strpbrk(file_name, "\\/:"))
        return NULL;
    name = ntf_wide_from_utf8(file_name);
    if (!name)
        return NULL;
    module = load(name, LOAD_LIBRARY_SEARCH_SYSTEM32);
    free(name);
    return (struct ntf_library *)module;
}

/* "C:\..." or "\\server\...", "\\?\...": nothing that depends on the current folder or drive. */
static bool is_absolute(const wchar_t *path)
{
    const bool letter = (path[0] >= L'A' && path[0] <= L'Z') || (path[0] >= L'a' && path[0] <= L'z');

    return (letter && path[1] == L':' && path[2] == L'\\') || (path[0] == L'\\' && path[1] == L'\\');
}

struct ntf_library *ntf_library_open_path(const char *path)
{
    wchar_t *name = ntf_wide_from_utf8(path);
    HMODULE module = NULL;

    if (!name)
        return NULL;
    for (wchar_t *c = name; *c; c++)
        if (*c == L'/')
            *c = L'\\'; /* LoadLibraryEx knows no other separator */
    /* Its own folder and the system's for what it needs in turn; never the current folder, nor PATH. */
    if (is_absolute(name))
        module = load(name, LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR | LOAD_LIBRARY_SEARCH_SYSTEM32);
    free(name);
    return (struct ntf_library *)module;
}

void (*ntf_library_symbol(struct ntf_library *library, const char *symbol))(void)
{
    return (void (*)(void))GetProcAddress((HMODULE)library, symbol);
}

void ntf_library_close(struct ntf_library *library)
{
    (void)FreeLibrary((HMODULE)library);
}

bool ntf_os_pin_module(void)
{
    static ntf_au32 pinned;
    HMODULE self;

    if (ntf_load(&pinned, NTF_RELAXED))
        return true;
    if (!GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS,
                            (const wchar_t *)(void *)&pinned, &self))
        return false;
    ntf_store(&pinned, (uint32_t)1, NTF_RELAXED);
    return true;
}
