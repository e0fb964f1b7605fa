// SPDX-License-Identifier: Apache-2.0
#include "fences.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct fence_set *set_new(struct rounds *rounds, struct world *world, const char *series, double low_us,
                                 double high_us)
{
    struct method *method = rounds_add(rounds, series, low_us, high_us);
    struct fence_set *set = calloc(1, sizeof *set);

    if (!set)
        die("out of memory");
    set->world = world;
    method->context = set;
    return set;
}

static struct method *method_of(struct rounds *rounds)
{
    return &rounds->methods[rounds->count - 1];
}

// Names that both processes come to by themselves: the page's name, which is of one run, and a count.
static void name_of(const struct rounds *rounds, unsigned number, char name[64])
{
    uint32_t hash = 2166136261u;

    for (const char *at = rounds->bench->page; *at; at++)
        hash = (hash ^ (unsigned char)*at) * 16777619u;
    snprintf(name, 64, "ntfence-bench-%08x-%u", (unsigned)hash, number);
}

// ---- imported

static void imported_prepare(void *context, uint64_t round)
{
    struct fence_set *set = context;

    // The one that was signalled last: now it waits for one more.
    if (round > 1)
        world_reset(set->world, set->fences[(round - 1) % set->count]);
}

static void imported_wait(void *context, uint64_t round)
{
    struct fence_set *set = context;

    (void)round;
    world_must(set->world->WaitForFences(set->world->device, set->count, set->fences, VK_FALSE, UINT64_MAX),
               "vkWaitForFences");
}

// Each object counts how often its turn has come.
static void imported_signal(void *context, uint64_t round)
{
    struct fence_set *set = context;
    const unsigned index = (unsigned)(round % set->count);

    producer_signal(&set->from[index], round / set->count + (index != 0));
}

// Without Vulkan: the object's own value, as it is mapped.
static void value_wait(void *context, uint64_t round)
{
    struct fence_set *set = context;

    while (ntf_load((ntf_au64 *)set->from[0].value, NTF_ACQUIRE) < round)
        spin_pause();
}

// In the local case this process makes them; in the remote one it imports what the other has made under a name.
static void imported_make(struct rounds *rounds, struct fence_set *set, bool remote)
{
    static unsigned number;
    char name[64];

    for (unsigned i = 0; i < set->count; i++) {
        name_of(rounds, number++, name);
        if (remote == rounds->bench->peer)
            producer_make(&set->from[i], true, remote ? name : NULL);
        if (!rounds->bench->peer)
            set->fences[i] =
                remote ? world_import_name(set->world, name, 1) : world_import(set->world, &set->from[i], 1);
    }
}

struct fence_set *fences_imported(struct rounds *rounds, struct world *world, const char *series, double low_us,
                                  double high_us, unsigned count, bool remote)
{
    struct fence_set *set = set_new(rounds, world, series, low_us, high_us);

    set->count = count;
    method_of(rounds)->prepare = imported_prepare;
    method_of(rounds)->wait = imported_wait;
    method_of(rounds)->signal = imported_signal;
    method_of(rounds)->remote = remote;
    imported_make(rounds, set, remote);
    return set;
}

void fences_value(struct rounds *rounds, const char *series, double low_us, double high_us)
{
    struct fence_set *set = set_new(rounds, NULL, series, low_us, high_us);

    set->count = 1;
    if (!rounds->bench->peer)
        producer_make(&set->from[0], true, NULL);
    method_of(rounds)->wait = value_wait;
    method_of(rounds)->signal = imported_signal;
}

// ---- mixed

static void mixed_chunk(void *context, bool begins)
{
    struct fence_set *set = context;

    if (set->driver_signals)
        return;
    if (begins) {
        world_submit_behind(set->world, set->gate, ++set->gate_value, set->plain);
    } else {
        world_timeline_signal(set->world, set->gate, set->gate_value);
        world_wait(set->world, set->plain);
        world_reset(set->world, set->plain);
    }
}

static void mixed_prepare(void *context, uint64_t round)
{
    struct fence_set *set = context;

    if (round > 1 && (set->all || !set->driver_signals))
        world_reset(set->world, set->fences[0]);
    if (round > 1 && set->driver_signals)
        world_reset(set->world, set->plain);
}

static void mixed_wait(void *context, uint64_t round)
{
    struct fence_set *set = context;

    (void)round;
    world_must(set->world->WaitForFences(set->world->device, 2, set->fences, set->all, UINT64_MAX), "vkWaitForFences");
}

static void mixed_signal(void *context, uint64_t round)
{
    struct fence_set *set = context;

    if (set->all || !set->driver_signals)
        producer_signal(&set->from[0], round);
    if (set->driver_signals)
        world_submit(set->world, set->plain);
}

// The driver's part first, and time for it to be over: what is measured is the imported one's.
static void mixed_late_signal(void *context, uint64_t round)
{
    struct fence_set *set = context;
    producer_signal(&set->from[0], round);
}

static void mixed_late_prepare(void *context, uint64_t round)
{
    struct fence_set *set = context;

    mixed_prepare(context, round);
    world_submit(set->world, set->plain);
    world_must(set->world->QueueWaitIdle(set->world->queue), "vkQueueWaitIdle");
}

struct fence_set *fences_mixed(struct rounds *rounds, struct world *world, const char *series, double low_us,
                               double high_us, enum fences_mixed how, bool remote)
{
    struct fence_set *set = fences_imported(rounds, world, series, low_us, high_us, 1, remote);
    struct method *method = method_of(rounds);

    set->all = how == MIXED_ALL_IMPORTED_LAST || how == MIXED_ALL_DRIVER_LAST;
    set->driver_signals = how != MIXED_ANY_IMPORTED;
    method->chunk = mixed_chunk;
    method->prepare = how == MIXED_ALL_IMPORTED_LAST ? mixed_late_prepare : mixed_prepare;
    method->wait = mixed_wait;
    method->signal = how == MIXED_ALL_IMPORTED_LAST ? mixed_late_signal : mixed_signal;
    if (!rounds->bench->peer) {
        set->plain = set->fences[1] = world_fence(world);
        set->gate = world_timeline(world);
    }
    return set;
}

// ---- the driver's own

static void driver_prepare(void *context, uint64_t round)
{
    struct fence_set *set = context;

    if (round > 1)
        world_reset(set->world, set->fences[(round - 1) % set->count]);
}

static void driver_signal(void *context, uint64_t round)
{
    struct fence_set *set = context;
    world_submit(set->world, set->fences[round % set->count]);
}

void fences_driver(struct rounds *rounds, struct world *world, const char *series, double low_us, double high_us,
                   unsigned count)
{
    struct fence_set *set = set_new(rounds, world, series, low_us, high_us);

    set->count = count;
    for (unsigned i = 0; i < count && !rounds->bench->peer; i++)
        set->fences[i] = world_fence(world);
    method_of(rounds)->prepare = driver_prepare;
    method_of(rounds)->wait = imported_wait;
    method_of(rounds)->signal = driver_signal;
}

static void timeline_wait(void *context, uint64_t round)
{
    struct fence_set *set = context;
    world_timeline_wait(set->world, set->gate, round);
}

static void timeline_signal(void *context, uint64_t round)
{
    struct fence_set *set = context;
    world_timeline_signal(set->world, set->gate, round);
}

void fences_timeline(struct rounds *rounds, struct world *world, const char *series, double low_us, double high_us)
{
    struct fence_set *set = set_new(rounds, world, series, low_us, high_us);

    if (!rounds->bench->peer)
        set->gate = world_timeline(world);
    method_of(rounds)->wait = timeline_wait;
    method_of(rounds)->signal = timeline_signal;
}
