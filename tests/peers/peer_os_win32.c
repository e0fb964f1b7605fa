/* SPDX-License-Identifier: Apache-2.0 */
#include "peer_os.h"

#include "kmt/soft/os/win32/nt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct directory_entry {
    ntf_unicode_string name, type;
};
ntf_status NTAPI NtOpenDirectoryObject(HANDLE *directory, ACCESS_MASK access,
                                       ntf_object_attributes *attributes);
ntf_status NTAPI NtQueryDirectoryObject(HANDLE directory, void *buffer, ULONG size_bytes,
                                        BOOLEAN single, BOOLEAN restart, ULONG *context,
                                        ULONG *needed_bytes);

struct ntf_page *peer_map(ntf_handle nt)
{
    struct ntf_page *page = MapViewOfFile(nt, FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, NTF_PAGE_BYTES);

    if (!page)
        abort();
    return page;
}

void peer_punch(struct ntf_page *page, ntf_handle nt)
{
    (void)nt;
    memset((void *)page, 0, sizeof *page);
}

static void name_string(const wchar_t *units, ntf_unicode_string *string)
{
    string->Buffer = (char16_t *)(uintptr_t)units;
    string->Length = string->MaximumLength = (uint16_t)(wcslen(units) * sizeof *units);
}

static bool is_ours(const ntf_unicode_string *name, const char *tag)
{
    char text[256];
    size_t i, length = name->Length / sizeof name->Buffer[0];

    for (i = 0; i < length && i < sizeof text - 1; i++)
        text[i] = (char)name->Buffer[i];
    text[i] = '\0';
    if (strncmp(text, "ntfence-", 8) != 0 && !strstr(text, tag))
        return false;
    fprintf(stderr, "left: %s\n", text);
    return true;
}

static unsigned left_in(const wchar_t *path, const char *tag)
{
    static union {
        struct directory_entry entry;
        char bytes[4096];
    } buffer;
    ntf_object_attributes attributes = {.Length = sizeof attributes};
    ntf_unicode_string string;
    HANDLE directory;
    ULONG context = 0, needed = 0;
    unsigned left = 0;

    name_string(path, &string);
    attributes.ObjectName = &string;
    if (NtOpenDirectoryObject(&directory, 1 /* query */, &attributes) != NTF_STATUS_SUCCESS)
        abort();
    while (NtQueryDirectoryObject(directory, &buffer, sizeof buffer, TRUE, FALSE, &context,
                                  &needed) == NTF_STATUS_SUCCESS)
        left += is_ours(&buffer.entry.name, tag);
    (void)CloseHandle(directory);
    return left;
}

unsigned peer_leavings(const char *tag, unsigned names)
{
    wchar_t path[64];
    DWORD session = 0;
    unsigned left = left_in(L"\\BaseNamedObjects", tag);

    (void)names;
    if (ProcessIdToSessionId(GetCurrentProcessId(), &session) && session != 0) {
        (void)swprintf(path, 64, L"\\Sessions\\%lu\\BaseNamedObjects", (unsigned long)session);
        left += left_in(path, tag);
    }
    return left;
}

bool peer_freeze(uint32_t pid)
{
    (void)pid;
    return false;
}
