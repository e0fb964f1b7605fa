// SPDX-License-Identifier: Apache-2.0
// What a process holds, as far as the system tells. counts_posix.c, counts_win32.c.
#ifndef NTF_TEST_RESOURCES_COUNTS_H
#define NTF_TEST_RESOURCES_COUNTS_H

#include <stdbool.h>
#include <stdint.h>

#include "kmt/d3dkmt.h"
#include "ntf_test.h"

struct counts {
    long handles;  // descriptors
    long threads;
    long pages;    // mappings of objects of soft, the layer's and the peer's
    long maps;     // all mappings
    long blocks;   // that the layer has allocated (Linux, after counts_follow; else 0)
    long mappings; // that the layer has made (as blocks)
};

/* Whether all of these are the layer's, the peer's or the test's. On Windows the system keeps
 * handles of its own in a process, for threads, for its driver, for X under Wine: a few, not one
 * for each of ours. Calls are slow there, too: rounds are fewer. */
extern const bool counts_exact;
/* Counts the layer's own allocations and mappings from now on. Loads it for good: not for tests of
 * its unloading. */
void counts_follow(const char *layer);
struct counts counts_now(void);
/* Waits until no more is there than before and what is allowed on top; fails the test if that does
 * not come: threads give back what they hold in their own time. maps are not looked at, for the
 * allocator's sake. */
void counts_settle(struct counts before, struct counts allowed, const char *what);
#define COUNTS_SLACK ((long)ntf_test_spare_handles)
#define counts_same(before, what) counts_settle(before, (struct counts){.handles = COUNTS_SLACK}, what)

// Whether a file of that name is loaded.
bool is_loaded(const char *file);
// As many descriptors as the system lets us have.
void raise_limit(void);
// An event for an asynchronous wait; and whether it is set within ten seconds.
ntf_handle event_make(void);
bool event_await(ntf_handle event);

#endif
