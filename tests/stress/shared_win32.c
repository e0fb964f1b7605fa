// SPDX-License-Identifier: Apache-2.0
#include "shared.h"

#include <stdlib.h>
#include <windows.h>

void *shared_open(ntf_handle handle, size_t bytes)
{
    void *memory = MapViewOfFile(handle, FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, bytes);
    if (!memory)
        abort();
    return memory;
}

void *shared_make(size_t bytes, ntf_handle *handle)
{
    *handle = CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, (DWORD)bytes, NULL);
    if (!*handle)
        abort();
    return shared_open(*handle, bytes);
}

void shared_close(void *memory, size_t bytes)
{
    (void)bytes;
    UnmapViewOfFile(memory);
}
