// SPDX-License-Identifier: Apache-2.0
#include <windows.h>

#include "counts.h"
#include "ntf_test.h"

const bool counts_exact = false;

void counts_follow(const char *layer)
{
    (void)layer;
}

struct counts counts_now(void)
{
    struct counts counts = {.handles = (long)ntf_test_open_handles(),
                            .threads = (long)ntf_test_threads()};
    MEMORY_BASIC_INFORMATION region;
    const char *at = NULL;
    while (VirtualQuery(at, &region, sizeof region)) {
        if (region.State != MEM_FREE && region.BaseAddress == region.AllocationBase) {
            counts.maps++;
            counts.pages += region.Type == MEM_MAPPED && region.RegionSize == 4096;
        }
        at = (const char *)region.BaseAddress + region.RegionSize;
    }
    return counts;
}

bool is_loaded(const char *file)
{
    return GetModuleHandleA(file) != NULL;
}

void raise_limit(void)
{
}

ntf_handle event_make(void)
{
    return CreateEventW(NULL, FALSE, FALSE, NULL);
}

bool event_await(ntf_handle event)
{
    return WaitForSingleObject(event, 10000) == WAIT_OBJECT_0;
}
