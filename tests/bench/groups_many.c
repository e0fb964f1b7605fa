// SPDX-License-Identifier: Apache-2.0
/* Goal 9: waits for the driver's own fences while many others are imported. */
#include <stdio.h>
#include <stdlib.h>

#include "loops.h"
#include "world.h"

enum { OBJECTS = 1000, PLAIN = 4096, IMPORTS_MOST = 100000, CALLS = 100000 };

// Fences to wait for, and how many at once.
struct plain {
    struct world *world;
    VkFence fences[PLAIN];
};

struct window {
    struct plain *plain;
    unsigned count;
};

static struct world sink, ours, mutex;
static struct plain of_sink = {.world = &sink}, of_ours = {.world = &ours}, of_mutex = {.world = &mutex};

// In an order that the processor cannot foresee.
static void make_plain(struct plain *plain)
{
    uint64_t seed = 4242;

    for (unsigned i = 0; i < PLAIN; i++)
        plain->fences[i] = world_fence(plain->world);
    for (unsigned i = PLAIN - 1; i > 0; i--) {
        const unsigned other = (unsigned)(random_next(&seed) % (i + 1));
        const VkFence fence = plain->fences[i];
        plain->fences[i] = plain->fences[other];
        plain->fences[other] = fence;
    }
}

static void wait_loop(void *context, uint32_t count)
{
    const struct window *window = context;
    const PFN_vkWaitForFences wait = window->plain->world->WaitForFences;
    const VkDevice device = window->plain->world->device;
    unsigned at = 0;

    for (uint32_t i = 0; i < count; i++) {
        (void)wait(device, window->count, &window->plain->fences[at], VK_TRUE, UINT64_MAX);
        at = at + 2 * window->count > PLAIN ? 0 : at + window->count;
    }
}

static void import_up_to(struct producer_fence *objects, unsigned *have, unsigned want)
{
    for (; *have < want; ++*have) {
        const unsigned object = *have % OBJECTS;
        if (*have < OBJECTS)
            producer_make(&objects[object], true, NULL);
        (void)world_import(&ours, &objects[object], 1);
        (void)world_fence(&mutex);
        (void)world_fence(&sink);
    }
}

// Goal 17: what is imported and not waited for costs a wait nothing.
static VkFence one;

static void one_loop(void *context, uint32_t count)
{
    (void)context;
    for (uint32_t i = 0; i < count; i++)
        (void)ours.WaitForFences(ours.device, 1, &one, VK_TRUE, 0);
}

static void measure(const struct bench *bench, unsigned imports)
{
    static char one_name[48];
    static const unsigned counts[] = {1, 16, 128};
    static const struct {
        const char *name;
        struct plain *plain;
    } worlds[] = {{"sink", &of_sink}, {"ours", &of_ours}, {"mutex", &of_mutex}};
    static char names[9][48];
    static struct window windows[9];
    struct loops loops;

    loops_begin(&loops, bench);
    for (unsigned i = 0; i < 9; i++) {
        windows[i] = (struct window){worlds[i % 3].plain, counts[i / 3]};
        snprintf(names[i], sizeof names[i], "many.%s.%u.%u", worlds[i % 3].name, counts[i / 3], imports);
        loops_add(&loops, names[i], wait_loop, &windows[i], CALLS / counts[i / 3] / (i % 3 == 2 ? 8 : 1));
    }
    snprintf(one_name, sizeof one_name, "many.one.%u", imports);
    loops_add(&loops, one_name, one_loop, NULL, CALLS / 4);
    loops_run(&loops);
}

void group_many(const struct bench *bench)
{
    static const unsigned imports[] = {1, 1000, IMPORTS_MOST};
    struct producer_fence *objects = calloc(OBJECTS, sizeof *objects);
    unsigned have = 0;

    if (!objects)
        die("out of memory");
    world_open(&sink, WORLD_LAYER_SINK, 0);
    world_open(&mutex, WORLD_LAYER_MUTEX ":" WORLD_LAYER_SINK, 0);
    world_open(&ours, NTFENCE_LAYER_NAME ":" WORLD_LAYER_SINK, WORLD_EXTENSIONS);
    make_plain(&of_sink);
    make_plain(&of_mutex);
    make_plain(&of_ours);
    static struct producer_fence never;
    producer_make(&never, true, NULL);
    one = world_import(&ours, &never, 1);
    for (unsigned i = 0; i < BENCH_COUNT(imports); i++) {
        // Few rounds: a look at whether it works.
        if (bench->rounds < 100 && imports[i] > 1000)
            continue;
        import_up_to(objects, &have, imports[i]);
        measure(bench, imports[i]);
    }
    free(objects);
}
