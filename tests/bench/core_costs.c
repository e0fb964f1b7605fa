// SPDX-License-Identifier: Apache-2.0
/* The scan of what is waited for, a signal that nobody waits for, and what protecting a read costs elsewhere. */
#include <stdio.h>
#include <stdlib.h>

#include "core.h"
#include "fence/spin.h"
#include "kmt/soft/soft.h"
#include "producer.h"

enum { SIGNALS = 100000, SCANS_TOTAL = 200000, WATCHES = 1024, PAGE = 4096 };

static volatile uint64_t sum;

// ---- goal 17: scans

struct scan {
    struct ntf_pair pairs[WATCHES]; // as the poller's spin packs them
    unsigned count;
};

static void scan_loop(void *context, uint32_t count)
{
    const struct scan *scan = context;

    for (uint32_t i = 0; i < count; i++)
        sum += ntf_spin_scan(scan->pairs, scan->count);
}

// Each value in a page of its own, at one and the same place or spread over the pages' lines.
static struct scan *scan_new(unsigned count, bool spread)
{
    static char *pages;
    struct scan *scan = calloc(1, sizeof *scan);
    uint64_t seed = 31;

    if (!pages)
        pages = machine_pages((size_t)WATCHES * PAGE);
    if (!scan || !pages)
        die("out of memory");
    scan->count = count;
    for (unsigned i = 0; i < count; i++) {
        const size_t line = spread ? random_next(&seed) % 64 : 1;
        scan->pairs[i].value = (ntf_au64 *)(void *)(pages + (size_t)i * PAGE + line * 64);
        scan->pairs[i].target = 1;
    }
    return scan;
}

static void measure_scans(const struct bench *bench)
{
    static const unsigned counts[] = {1, 16, 64, 256, 1024};
    static char names[2 * BENCH_COUNT(counts)][48];
    struct loops loops;

    loops_begin(&loops, bench);
    for (unsigned i = 0; i < 2 * BENCH_COUNT(counts); i++) {
        const unsigned count = counts[i / 2];
        snprintf(names[i], sizeof names[i], "core.scan.%s.%u", i % 2 ? "spread" : "same", count);
        loops_add(&loops, names[i], scan_loop, scan_new(count, i % 2), SCANS_TOTAL / count);
    }
    loops_run(&loops);
}

// ---- goal 19: a signal that nobody waits for

static void store_loop(void *context, uint32_t count)
{
    struct producer_fence *fence = context;
    uint64_t value = ntf_load((ntf_au64 *)fence->value, NTF_RELAXED);

    for (uint32_t i = 0; i < count; i++)
        ntf_store((ntf_au64 *)fence->value, ++value, NTF_RELEASE);
}

static void call_loop(void *context, uint32_t count)
{
    struct producer_fence *fence = context;
    uint64_t value = ntf_load((ntf_au64 *)fence->value, NTF_RELAXED);

    for (uint32_t i = 0; i < count; i++)
        producer_signal(fence, ++value);
}

static void object_loop(void *context, uint32_t count)
{
    struct ntf_object *object = context;
    uint64_t value = ntf_object_value(object);

    for (uint32_t i = 0; i < count; i++)
        (void)object->ops->signal(object, ++value, NULL);
}

// What no signal can do without: the value goes up by a compare-and-swap, since two may signal at once.
static void swap_loop(void *context, uint32_t count)
{
    ntf_au64 *value = (ntf_au64 *)((struct producer_fence *)context)->value;

    for (uint32_t i = 0; i < count; i++) {
        uint64_t seen = ntf_load(value, NTF_RELAXED);
        (void)ntf_cas(value, &seen, seen + 1, NTF_SEQ_CST);
    }
}

static void measure_signals(const struct bench *bench)
{
    static struct producer_fence shared, private, plain;
    struct ntf_object *object;
    struct loops loops;

    producer_make(&shared, true, NULL);
    producer_make(&private, false, NULL);
    producer_make(&plain, true, NULL);
    if (ntf_soft_create(NTF_SYNC_SHARED | NTF_SYNC_NT_SECURITY_SHARING, 0, &object) != NTF_OK)
        die("a fence of soft could not be made");
    loops_begin(&loops, bench);
    loops_add(&loops, "core.store", store_loop, &plain, SIGNALS);
    loops_add(&loops, "core.swap", swap_loop, &plain, SIGNALS);
    loops_add(&loops, "core.signal.shared", call_loop, &shared, SIGNALS);
    loops_add(&loops, "core.signal.private", call_loop, &private, SIGNALS);
    loops_add(&loops, "core.signal.object", object_loop, object, SIGNALS);
    loops_run(&loops);
}

// ---- goal 20: what protecting a read costs elsewhere

static struct {
    _Alignas(128) ntf_au64 object;
    ntf_au64 hazard;
    ntf_au32 references;
} protected_object;

static void plain_read(void *context, uint32_t count)
{
    (void)context;
    for (uint32_t i = 0; i < count; i++)
        sum += ntf_load(&protected_object.object, NTF_ACQUIRE);
}

static void fenced_read(void *context, uint32_t count)
{
    (void)context;
    for (uint32_t i = 0; i < count; i++) {
        ntf_store(&protected_object.hazard, 1, NTF_RELAXED);
        ntf_fence(NTF_SEQ_CST);
        sum += ntf_load(&protected_object.object, NTF_ACQUIRE);
        ntf_store(&protected_object.hazard, 0, NTF_RELEASE);
    }
}

static void counted_read(void *context, uint32_t count)
{
    (void)context;
    for (uint32_t i = 0; i < count; i++) {
        ntf_fetch_add(&protected_object.references, 1, NTF_ACQUIRE);
        sum += ntf_load(&protected_object.object, NTF_ACQUIRE);
        ntf_fetch_sub(&protected_object.references, 1, NTF_RELEASE);
    }
}

static void measure_protection(const struct bench *bench)
{
    struct loops loops;

    loops_begin(&loops, bench);
    loops_add(&loops, "core.read.plain", plain_read, NULL, SIGNALS);
    loops_add(&loops, "core.read.fenced", fenced_read, NULL, SIGNALS);
    loops_add(&loops, "core.read.counted", counted_read, NULL, SIGNALS);
    loops_run(&loops);
}

void core_costs(const struct bench *bench)
{
    measure_scans(bench);
    measure_signals(bench);
    measure_protection(bench);
}
