// SPDX-License-Identifier: Apache-2.0
#include "counts.h"

#include "../layer/os.h"
#include "ntf_test.h"

#define SETTLE_NS UINT64_C(20000000000)

void counts_settle(struct counts before, struct counts allowed, const char *what)
{
    struct counts now;
    const uint64_t end_ns = os_now_ns() + SETTLE_NS;
    do {
        now = counts_now();
        if (now.handles <= before.handles + allowed.handles &&
            now.threads <= before.threads + allowed.threads &&
            now.pages <= before.pages + allowed.pages &&
            now.blocks <= before.blocks + allowed.blocks &&
            now.mappings <= before.mappings + allowed.mappings)
            return;
        os_sleep_ms(1);
    } while (os_now_ns() < end_ns);
    fail_msg("%s there are more than before: %ld handles (%ld allowed), %ld threads (%ld), %ld "
             "pages (%ld), %ld blocks (%ld), %ld mappings (%ld)",
             what, now.handles - before.handles, allowed.handles, now.threads - before.threads,
             allowed.threads, now.pages - before.pages, allowed.pages, now.blocks - before.blocks,
             allowed.blocks, now.mappings - before.mappings, allowed.mappings);
}
