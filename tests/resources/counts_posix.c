// SPDX-License-Identifier: Apache-2.0
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#include "counts.h"
#include "imports.h"
#include "ntf_test.h"

const bool counts_exact = true;

void counts_follow(const char *layer)
{
    imports_take(layer);
}

// Lines of the list of mappings, all or those with the text.
static long count_maps(const char *text)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[512];
    long count = 0;
    if (!maps)
        abort();
    while (fgets(line, sizeof line, maps))
        count += !text || strstr(line, text);
    fclose(maps);
    return count;
}

struct counts counts_now(void)
{
    const struct held held = imports_held();
    return (struct counts){.handles = (long)ntf_test_open_handles(),
                           .threads = (long)ntf_test_threads(),
                           .pages = count_maps("/memfd:ntfence"),
                           .maps = count_maps(NULL),
                           .blocks = (long)held.blocks,
                           .mappings = (long)held.mappings};
}

bool is_loaded(const char *file)
{
    return count_maps(file) > 0;
}

void raise_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit))
        abort();
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit))
        abort();
}

ntf_handle event_make(void)
{
    const int fd = eventfd(0, EFD_CLOEXEC);
    if (fd < 3)
        abort();
    return (ntf_handle)(intptr_t)fd;
}

bool event_await(ntf_handle event)
{
    struct pollfd entry = {(int)(intptr_t)event, POLLIN, 0};
    return poll(&entry, 1, 10000) == 1;
}
