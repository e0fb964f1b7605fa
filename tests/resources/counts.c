// SPDX-License-Identifier: Apache-2.0
#include "counts.h"

#include "../layer/os.h"
#include "ntf_test.h"

enum { SETTLE_MS = 10000 };

void counts_settle(struct counts before, struct counts allowed, const char *what)
{
    struct counts now = counts_now();
    for (unsigned ms = 0; ms < SETTLE_MS; ms++) {
        if (now.handles <= before.handles + allowed.handles &&
            now.threads <= before.threads + allowed.threads &&
            now.pages <= before.pages + allowed.pages &&
            now.blocks <= before.blocks + allowed.blocks &&
            now.mappings <= before.mappings + allowed.mappings)
            return;
        os_sleep_ms(1);
        now = counts_now();
    }
    fail_msg("%s there are more than before: %ld handles (%ld allowed), %ld threads (%ld), %ld "
             "pages (%ld), %ld blocks (%ld), %ld mappings (%ld)",
             what, now.handles - before.handles, allowed.handles, now.threads - before.threads,
             allowed.threads, now.pages - before.pages, allowed.pages, now.blocks - before.blocks,
             allowed.blocks, now.mappings - before.mappings, allowed.mappings);
}
