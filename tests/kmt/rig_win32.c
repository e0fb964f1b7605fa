/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "rig.h"

const char *rig_library(const char *folder, const char *name)
{
    static char path[1024], whole[1024];
    char self[512];

    if (!GetModuleFileNameA(NULL, self, sizeof self))
        abort();
    *strrchr(self, '\\') = '\0';
    (void)snprintf(path, sizeof path, "%s\\%s\\%s.dll", self, folder, name);
    for (char *c = path; *c; c++)
        *c = *c == '/' ? '\\' : *c;
    if (!GetFullPathNameA(path, sizeof whole, whole, NULL))
        abort();
    return whole;
}

const unsigned rig_number_threads = 0;

void rig_event_set(ntf_handle event)
{
    if (!SetEvent(event))
        abort();
}

static ntf_handle checked(HANDLE handle)
{
    if (!handle || handle == INVALID_HANDLE_VALUE)
        abort();
    return handle;
}

uint64_t rig_thread(void)
{
    return GetCurrentThreadId();
}

ntf_handle rig_event_new(void)
{
    return checked(CreateEventW(NULL, FALSE, FALSE, NULL));
}

void rig_strangers_open(struct rig_stranger strangers[RIG_STRANGERS])
{
    char self[512];
    HANDLE read_end, write_end;

    if (!CreatePipe(&read_end, &write_end, NULL, 0) ||
        !GetModuleFileNameA(NULL, self, sizeof self))
        abort();
    (void)CloseHandle(write_end);
    strangers[RIG_EVENT].handle = checked(CreateEventW(NULL, FALSE, FALSE, NULL));
    strangers[RIG_FILE].handle = checked(
        CreateFileA(self, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL));
    strangers[RIG_PIPE].handle = read_end;
    strangers[RIG_MEMORY].handle = checked(
        CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 4096, NULL));
    strangers[RIG_EVENT].kind = "Event";
    strangers[RIG_FILE].kind = strangers[RIG_PIPE].kind = "File";
    strangers[RIG_MEMORY].kind = "Section";
}

void rig_handle_close(ntf_handle handle)
{
    (void)CloseHandle(handle);
}

bool rig_handle_live(ntf_handle handle)
{
    DWORD flags;

    return GetHandleInformation(handle, &flags) != 0;
}

ntf_handle rig_handle_copy(ntf_handle handle)
{
    HANDLE copy = NULL;

    (void)DuplicateHandle(GetCurrentProcess(), handle, GetCurrentProcess(), &copy, 0, FALSE,
                          DUPLICATE_SAME_ACCESS);
    return checked(copy);
}
