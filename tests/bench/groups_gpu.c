// SPDX-License-Identifier: Apache-2.0
/*
 * Goal 22: a submission of this process signals an imported or an exported fence; from the submit call to the return of
 * whoever waits. Beside it, on the same driver without the layer: its own wait, and looking at the status again and
 * again, which is what a caller can do best.
 */
#include <stdlib.h>
#include <string.h>

#include "fences.h"

enum gpu_how { GPU_WAIT, GPU_POLL, GPU_IMPORTED, GPU_EXPORTED, GPU_COUNT };
static const char *const series[GPU_COUNT] = {"gpu.driver.wait", "gpu.driver.poll", "gpu.imported", "gpu.exported"};

static unsigned hardware; // the second variant takes any device: the same where there is no GPU
static struct world driver, ours;
static VkFence fences[GPU_COUNT];

static VkFence exportable(struct world *world)
{
    const VkExportFenceCreateInfo types = {.sType = VK_STRUCTURE_TYPE_EXPORT_FENCE_CREATE_INFO,
                                           .handleTypes = VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT};
    const VkFenceCreateInfo create = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO, .pNext = &types};
    VkFence fence;

    world_must(world->CreateFence(world->device, &create, NULL, &fence), "vkCreateFence");
    return fence;
}

static uint64_t one_round(enum gpu_how how)
{
    struct world *world = how == GPU_WAIT || how == GPU_POLL ? &driver : &ours;
    const uint64_t begins = stamp();

    world_submit(world, fences[how]);
    if (how == GPU_POLL) {
        while (world->GetFenceStatus(world->device, fences[how]) == VK_NOT_READY)
            spin_pause();
    } else {
        world_wait(world, fences[how]);
    }
    const uint64_t took = stamp() - begins;
    world_reset(world, fences[how]);
    return took;
}

// Returns what looking at the status usually takes, in nanoseconds.
static double round_trips(const struct bench *bench)
{
    enum { CHUNK = 50 };
    const uint32_t chunk = bench->rounds < CHUNK ? bench->rounds : CHUNK, count = bench->rounds - bench->rounds % chunk;
    uint64_t *took = calloc((size_t)count * GPU_COUNT, sizeof *took), copy[CHUNK];
    double *medians = calloc((size_t)count / chunk * GPU_COUNT, sizeof *medians);

    if (!took || !medians)
        die("out of memory");
    for (uint32_t at = 0; at < count; at += chunk) {
        for (unsigned how = 0; how < GPU_COUNT; how++) {
            for (uint32_t i = 0; i < chunk; i++)
                took[how * count + at + i] = copy[i] = one_round(how);
            sort_ticks(copy, chunk);
            medians[how * (count / chunk) + at / chunk] = clock_ns(quantile(copy, chunk, .5));
        }
    }
    for (unsigned how = 0; how < GPU_COUNT; how++) {
        output_begin(series[how]);
        output_text("unit", "ns");
        output_text("driver", ours.driver);
        output_number("n", count);
        output_numbers("chunks", &medians[how * (count / chunk)], count / chunk);
        output_latencies("", &took[how * count], count);
        output_end();
    }
    sort_ticks(&took[GPU_POLL * count], count);
    const double usual_ns = clock_ns(quantile(&took[GPU_POLL * count], count, .5));
    free(took);
    free(medians);
    return usual_ns;
}

/* ---- another process waits for the same object: how much later it is back. Both stamp their own return. */

struct remote {
    struct rounds rounds;
    struct rounds_line *ready, *go, *done;
    struct producer_fence from;
};

static uint64_t *returned_at(struct remote *remote, uint32_t round)
{
    // Lines of their own, read when the round is over.
    return (uint64_t *)(void *)&remote->rounds.lines[8 + round % (ROUNDS_LINES - 8)].value;
}

static void await_line(struct rounds_line *line, uint64_t value)
{
    while (ntf_load(&line->value, NTF_ACQUIRE) < value)
        spin_pause();
}

// A little before the submission's usual end, so that the other process is inside its budget then.
#define BEFORE_NS 2000

static void wait_there(struct remote *remote, const struct bench *bench)
{
    world_open(&ours, NTFENCE_LAYER_NAME, WORLD_EXTENSIONS | hardware);
    VkFence fence = world_import_name(&ours, "ntfence-bench-gpu", 1);

    for (uint32_t round = 1; round <= bench->rounds; round++) {
        ntf_store(&remote->ready->value, round, NTF_RELEASE);
        await_line(remote->go, round);
        world_wait(&ours, fence);
        *returned_at(remote, round) = stamp();
        world_reset(&ours, fence);
        ntf_store(&remote->done->value, round, NTF_RELEASE);
    }
    world_close(&ours);
}

static void signal_here(struct remote *remote, const struct bench *bench, double usual_ns)
{
    const uint64_t before = clock_ticks(usual_ns > BEFORE_NS ? usual_ns - BEFORE_NS : 0);
    uint64_t *later = calloc(bench->rounds, sizeof *later);
    VkFence fence = world_import_name(&ours, "ntfence-bench-gpu", 1);

    if (!later)
        die("out of memory");
    for (uint32_t round = 1; round <= bench->rounds; round++) {
        await_line(remote->ready, round);
        const uint64_t begins = stamp();
        world_submit(&ours, fence);
        while (stamp() - begins < before)
            spin_pause();
        ntf_store(&remote->go->value, round, NTF_RELEASE);
        world_wait(&ours, fence);
        const uint64_t here = stamp();
        await_line(remote->done, round);
        const uint64_t there = *returned_at(remote, round);
        later[round - 1] = there > here ? there - here : 0;
        world_reset(&ours, fence);
    }
    output_begin("gpu.remote.later");
    output_text("unit", "ns");
    output_number("n", bench->rounds);
    output_latencies("", later, bench->rounds);
    output_end();
    free(later);
}

static void missing(const char *why)
{
    for (unsigned how = 0; how < GPU_COUNT; how++)
        output_missing(series[how], why);
    output_missing("gpu.remote.later", why);
}

void group_gpu(const struct bench *bench)
{
    static struct remote remote;
    struct os_child peer;

    hardware = bench->variant ? 0 : WORLD_HARDWARE;
    if (!bench->peer && !world_open(&driver, NULL, hardware)) {
        missing("needs a GPU");
        return;
    }
    rounds_begin(&remote.rounds, bench, 1);
    remote.ready = &remote.rounds.lines[0];
    remote.done = &remote.rounds.lines[1];
    remote.go = &remote.rounds.lines[2];
    if (bench->peer) {
        wait_there(&remote, bench);
        return;
    }
    world_open(&ours, NTFENCE_LAYER_NAME, WORLD_EXTENSIONS | hardware);
    producer_make(&remote.from, true, "ntfence-bench-gpu");
    fences[GPU_WAIT] = world_fence(&driver);
    fences[GPU_POLL] = world_fence(&driver);
    static struct producer_fence from;
    producer_make(&from, true, NULL);
    fences[GPU_IMPORTED] = world_import(&ours, &from, 1);
    fences[GPU_EXPORTED] = exportable(&ours);
    for (unsigned how = 0; how < GPU_COUNT; how++)
        (void)one_round(how); // threads that start with the first one go where they like
    machine_pin(1);
    const double usual_ns = round_trips(bench);
    machine_pin(MACHINE_ANY); // a child has what its maker has
    bench_peer_start(bench, &peer);
    machine_pin(1);
    signal_here(&remote, bench, usual_ns);
    bench_peer_end(&peer);
}
