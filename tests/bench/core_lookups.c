// SPDX-License-Identifier: Apache-2.0
/* Lookups in the layer's table, while another thread changes it; in one without protection; in a map with a lock. */
#include <stdio.h>
#include <stdlib.h>

#include "bare.h"
#include "base/table.h"
#include "core.h"
#include "map.h"

enum { KEYS = 4096, LOOKUPS = 200000, CHANGES = 4 /* of a churn_once */, CHURN_GAP_NS = 200 };

struct lookups {
    struct ntf_table table;
    struct map *map;
    uint64_t keys[KEYS], churned[64];
    struct bare bare; // what a lookup costs if nothing ever changes
};
static struct lookups *churned;
static ntf_au64 changed; // times that it was
static volatile uint64_t sum;

static uint64_t key_of(uint64_t i)
{
    return UINT64_C(0x700000000000) + i * 0x50;
}

static struct lookups *lookups_new(unsigned count)
{
    struct lookups *l = calloc(1, sizeof *l);
    uint64_t seed = 99;

    if (!l)
        die("out of memory");
    for (l->bare.bits = 10; (1u << l->bare.bits) < 4 * count; l->bare.bits++)
        ;
    l->map = map_new(l->bare.bits - 1);
    if (!l->map || !bare_init(&l->bare) || ntf_table_init(&l->table) != NTF_OK)
        die("out of memory");
    for (unsigned i = 0; i < count; i++) {
        if (ntf_table_insert(&l->table, key_of(i), i + 1) != NTF_OK)
            die("out of memory");
        map_insert(l->map, key_of(i), i + 1);
        bare_insert(&l->bare, key_of(i), i + 1);
    }
    for (unsigned i = 0; i < KEYS; i++)
        l->keys[i] = key_of(random_next(&seed) % count);
    for (unsigned i = 0; i < 64; i++)
        l->churned[i] = key_of(count + 10 + i);
    return l;
}

static void churn_once(void)
{
    static uint64_t seed = 777;
    const uint64_t key = churned->churned[random_next(&seed) % 64];

    if (ntf_table_insert(&churned->table, key, 1) == NTF_OK)
        ntf_table_remove(&churned->table, key, NULL);
    map_insert(churned->map, key, 1);
    map_remove(churned->map, key);
    ntf_store(&changed, ntf_load(&changed, NTF_RELAXED) + 1, NTF_RELAXED);
    for (const uint64_t end = stamp() + clock_ticks(CHURN_GAP_NS); stamp() < end;)
        spin_pause();
}

static void table_loop(void *context, uint32_t count)
{
    struct lookups *l = context;
    uint64_t value = 0, total = 0;

    for (uint32_t i = 0; i < count; i++) {
        (void)ntf_table_find(&l->table, l->keys[i % KEYS], &value);
        total += value;
    }
    sum += total;
}

static void bare_loop(void *context, uint32_t count)
{
    struct lookups *l = context;
    uint64_t value = 0, total = 0;

    for (uint32_t i = 0; i < count; i++) {
        (void)bare_find(&l->bare, l->keys[i % KEYS], &value);
        total += value;
    }
    sum += total;
}

static void map_loop(void *context, uint32_t count)
{
    struct lookups *l = context;
    uint64_t total = 0;

    for (uint32_t i = 0; i < count; i++)
        total += map_find(l->map, l->keys[i % KEYS]);
    sum += total;
}

WITH_OTHER(table_quiet, NULL, table_loop)
WITH_OTHER(table_churn, churn_once, table_loop)
WITH_OTHER(bare_quiet, NULL, bare_loop)
WITH_OTHER(map_quiet, NULL, map_loop)
WITH_OTHER(map_churn, churn_once, map_loop)

static void measure_lookups(const struct bench *bench, unsigned count)
{
    static const struct {
        const char *name;
        void (*body)(void *, uint32_t);
        unsigned share;
    } kinds[] = {{"bare", bare_quiet, 1},
                 {"quiet", table_quiet, 1},
                 {"churn", table_churn, 1},
                 {"map.quiet", map_quiet, 8},
                 {"map.churn", map_churn, 8}};
    static char names[BENCH_COUNT(kinds)][48];
    struct loops loops;

    churned = lookups_new(count);
    loops_begin(&loops, bench);
    for (unsigned i = 0; i < BENCH_COUNT(kinds); i++) {
        snprintf(names[i], sizeof names[i], "core.lookup.%s.%u", kinds[i].name, count);
        loops_add(&loops, names[i], kinds[i].body, churned, LOOKUPS / kinds[i].share);
    }
    loops_run(&loops);
    other_does(churn_once);
    const uint64_t begins = os_now_ns(), times = ntf_load(&changed, NTF_RELAXED);
    os_sleep_ms(20);
    const double changes = CHANGES * (double)(ntf_load(&changed, NTF_RELAXED) - times);
    snprintf(names[0], sizeof names[0], "core.lookup.changes.%u", count);
    output_begin(names[0]);
    output_number("per_second", 1e9 * changes / (double)(os_now_ns() - begins));
    output_end();
    other_does(NULL);
}

void core_lookups(const struct bench *bench)
{
    measure_lookups(bench, 1000);
    measure_lookups(bench, bench->rounds < 100 ? 2000 : 100000);
}
