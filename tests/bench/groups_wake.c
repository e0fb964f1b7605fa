// SPDX-License-Identifier: Apache-2.0
/* Wake-ups: within a spin's budget, beyond it, like frames, and on processors that others want too. */
#include "fences.h"
#include "private.h"
#include "raw.h"

// Microseconds that go by: within anybody's budget; a usual wait for a driver; what limits are often measured with.
#define SOON 2, 10
#define LATER 100, 300
#define BETWEEN 30, 150

static struct world ours, drivers;

/* The other process makes its fences first; then this one opens its worlds and imports. */
static void group_run(const struct bench *bench, void (*add)(struct rounds *rounds), bool both, uint32_t count,
                      uint32_t chunk)
{
    struct rounds rounds;
    struct os_child peer;

    chunk = chunk < count ? chunk : count;
    rounds_begin(&rounds, bench, count);
    if (bench->peer) {
        add(&rounds);
        rounds_meet(&rounds);
        rounds_run(&rounds, count, chunk);
        return;
    }
    bench_peer_start(bench, &peer);
    world_open(&ours, NTFENCE_LAYER_NAME, WORLD_EXTENSIONS);
    if (both)
        world_open(&drivers, NULL, 0);
    rounds_meet(&rounds);
    add(&rounds);
    rounds_run(&rounds, count, chunk);
    bench_peer_end(&peer);
}

// ---- goals 1, 2, 5, 14

static void add_spin(struct rounds *rounds)
{
    raw_spin(rounds, "spin.raw", SOON, false);
    fences_imported(rounds, &ours, "spin.imported", SOON, 1, false);
    fences_imported(rounds, &ours, "spin.imported.remote", SOON, 1, true);
    raw_spin(rounds, "spin.raw.remote", SOON, true);
    fences_value(rounds, "spin.value", SOON);
    fences_imported(rounds, &ours, "spin.any16", SOON, 16, false);
    fences_imported(rounds, &ours, "spin.any128", SOON, 128, false);
    fences_mixed(rounds, &ours, "spin.mixed", SOON, MIXED_ANY_IMPORTED, false);
    if (machine_has_words())
        raw_words(rounds, "spin.words128", BETWEEN, 128, false);
    else if (!rounds->bench->peer)
        output_missing("spin.words128", "this system has no futex_waitv");
}

void group_spin(const struct bench *bench)
{
    group_run(bench, add_spin, false, bench->rounds, bench->rounds < 5000 ? bench->rounds / 10 : 500);
}

// ---- goals 3, 6, 14, 15

static void add_park(struct rounds *rounds)
{
    raw_futex(rounds, "park.futex", LATER, false);
    fences_imported(rounds, &ours, "park.imported", LATER, 1, false);
    fences_driver(rounds, &drivers, "park.driver", LATER, 1);
    if (!raw_event(rounds, "park.event.remote", LATER))
        raw_futex(rounds, "park.futex.remote", LATER, true);
    fences_imported(rounds, &ours, "park.imported.remote", LATER, 1, true);
    fences_timeline(rounds, &drivers, "park.timeline", LATER);
    raw_condition(rounds, "park.condition", LATER);
    private_any(rounds, "park.private1", LATER, 1);
    private_any(rounds, "park.private128", LATER, 128);
    fences_imported(rounds, &ours, "park.any16.remote", LATER, 16, true);
    fences_imported(rounds, &ours, "park.any128.remote", LATER, 128, true);
    if (machine_has_words()) {
        raw_words(rounds, "park.words16.remote", LATER, 16, true);
        raw_words(rounds, "park.words128.remote", LATER, 128, true);
    }
    fences_mixed(rounds, &ours, "park.mixed.any.imported", LATER, MIXED_ANY_IMPORTED, false);
    fences_mixed(rounds, &ours, "park.mixed.any.driver", LATER, MIXED_ANY_DRIVER, false);
    fences_mixed(rounds, &ours, "park.mixed.all.imported", LATER, MIXED_ALL_IMPORTED_LAST, false);
    fences_mixed(rounds, &ours, "park.mixed.all.driver", LATER, MIXED_ALL_DRIVER_LAST, false);
    fences_driver(rounds, &drivers, "park.driver.any2", LATER, 2);
    fences_driver(rounds, &drivers, "park.driver.any16", LATER, 16);
}

void group_park(const struct bench *bench)
{
    group_run(bench, add_park, true, bench->rounds, bench->rounds < 2000 ? bench->rounds / 10 : 200);
}

// ---- goal 4, and the picture of latency against the processor's time

// What it takes to see a rhythm again.
static uint32_t frame_lead(const struct bench *bench)
{
    return bench->rounds < 40 ? 1 : 10;
}

static void add_frame(struct rounds *rounds)
{
    static const double short_us[2] = {4000 * .95, 4000 * 1.05}, long_us[2] = {16600 * .99, 16600 * 1.01};
    const bool is_long = rounds->bench->variant;
    const double low = (is_long ? long_us : short_us)[0], high = (is_long ? long_us : short_us)[1];

    rounds->lead = frame_lead(rounds->bench);
    raw_futex(rounds, "frame.futex", low, high, false);
    fences_imported(rounds, &ours, "frame.imported", low, high, 1, false);
    raw_spin(rounds, "frame.raw", low, high, false);
    fences_value(rounds, "frame.value", low, high);
    if (is_long)
        return;
    fences_timeline(rounds, &drivers, "frame.timeline", low, high);
    fences_driver(rounds, &drivers, "frame.driver", low, high, 1);
    raw_condition(rounds, "frame.condition", low, high);
    raw_sleep(rounds, "frame.sleep50", low, high);
    raw_yield(rounds, "frame.yield", low, high);
}

void group_frame(const struct bench *bench)
{
    group_run(bench, add_frame, !bench->variant, bench->rounds, bench->rounds < 1000 ? bench->rounds / 4 + 1 : 100);
}

// ---- goal 13: signals come from the other process, so that all this one spends is spent on waiting

static void add_mixed(struct rounds *rounds)
{
    rounds->lead = frame_lead(rounds->bench);
    fences_mixed(rounds, &ours, "mixed.any", 3900, 4100, MIXED_ANY_IMPORTED, true);
    fences_driver(rounds, &drivers, "mixed.driver.any2", 3900, 4100, 2);
}

void group_mixed(const struct bench *bench)
{
    group_run(bench, add_mixed, true, bench->rounds, bench->rounds < 1000 ? bench->rounds / 4 + 1 : 100);
}

// ---- goal 21

static void add_hogs(struct rounds *rounds)
{
    raw_futex(rounds, "hogs.futex", LATER, false);
    fences_imported(rounds, &ours, "hogs.imported", LATER, 1, false);
    raw_spin(rounds, "hogs.raw", LATER, false);
}

void group_hogs(const struct bench *bench)
{
    enum { HOGS_MAX = 64 };
    struct os_child hogs[HOGS_MAX];
    unsigned count = machine_cpus() < HOGS_MAX ? machine_cpus() : HOGS_MAX;

    for (unsigned i = 0; i < count && !bench->peer; i++)
        bench_hog_start(bench, i, &hogs[i]);
    group_run(bench, add_hogs, false, bench->rounds, bench->rounds < 200 ? bench->rounds : 50);
    for (unsigned i = 0; i < count && !bench->peer; i++)
        machine_child_kill(&hogs[i]);
}
