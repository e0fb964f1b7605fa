// SPDX-License-Identifier: Apache-2.0
/*
 * What it costs to have the layer and wait for nothing, or for long: threads, context switches and processor time of
 * another process, as the system counts them.
 */
#include <stdio.h>
#include <string.h>

#include "fences.h"

enum { TASKS_MAX = 256, IDLE_FENCES = 8, STEP_MS = 30000 };
enum { STEP_DEVICE = 1, STEP_IMPORTED, STEP_PARKED, STEP_END };

/* In the page's lines: what the watched process shall do, and what it has done. */
struct idle {
    struct rounds rounds;
    ntf_au32 *wanted, *reached;
    struct producer_fence from[IDLE_FENCES];
    uint32_t drivers[TASKS_MAX]; /* known to be the driver's: not counted */
    unsigned driver_tasks;
};

static void name_of(const struct bench *bench, unsigned i, char name[64])
{
    uint32_t hash = 2166136261u;

    for (const char *at = bench->page; *at; at++)
        hash = (hash ^ (unsigned char)*at) * 16777619u;
    snprintf(name, 64, "ntfence-bench-idle-%08x-%u", (unsigned)hash, i);
}

// ---- the process that is watched

static void await_step(struct idle *idle, uint32_t step)
{
    uint32_t wanted;

    while ((wanted = ntf_load(idle->wanted, NTF_ACQUIRE)) < step)
        machine_word_wait(idle->wanted, wanted, true);
}

static void reach(struct idle *idle, uint32_t step)
{
    ntf_store(idle->reached, step, NTF_RELEASE);
}

static void watched_main(struct idle *idle, const struct bench *bench)
{
    struct world world;
    VkFence fences[IDLE_FENCES + 1];
    char name[64];

    // The second variant: the same without the layer.
    world_open(&world, bench->variant ? NULL : NTFENCE_LAYER_NAME, bench->variant ? 0 : WORLD_EXTENSIONS);
    reach(idle, STEP_DEVICE);
    await_step(idle, STEP_IMPORTED);
    if (bench->variant)
        return;
    for (unsigned i = 0; i < IDLE_FENCES; i++) {
        name_of(bench, i, name);
        fences[i] = world_import_name(&world, name, 1);
    }
    // Each kind of wait once, so that whatever threads they need are there: one, any of many, any with the driver's.
    fences[IDLE_FENCES] = world_fence(&world);
    (void)world.WaitForFences(world.device, 1, fences, VK_TRUE, 2000000);
    (void)world.WaitForFences(world.device, IDLE_FENCES, fences, VK_FALSE, 2000000);
    (void)world.WaitForFences(world.device, IDLE_FENCES + 1, fences, VK_FALSE, 2000000);
    world_submit(&world, fences[IDLE_FENCES]);
    (void)world.WaitForFences(world.device, IDLE_FENCES + 1, fences, VK_FALSE, UINT64_MAX);
    world_reset(&world, fences[IDLE_FENCES]);
    reach(idle, STEP_IMPORTED);
    await_step(idle, STEP_PARKED);
    reach(idle, STEP_PARKED);
    world_must(world.WaitForFences(world.device, 1, fences, VK_TRUE, UINT64_MAX), "vkWaitForFences");
    reach(idle, STEP_END);
    world_close(&world);
}

// ---- who watches

static void step(struct idle *idle, uint32_t step)
{
    ntf_store(idle->wanted, step, NTF_SEQ_CST);
    machine_word_wake(idle->wanted, true, true);
    for (unsigned ms = 0; ntf_load(idle->reached, NTF_ACQUIRE) < step; ms++) {
        if (ms == STEP_MS)
            die("the watched process does not come to step %u", (unsigned)step);
        os_sleep_ms(1);
    }
    os_sleep_ms(50); // whatever it does behind that is over
}

static bool is_drivers(const struct idle *idle, uint32_t task)
{
    for (unsigned i = 0; i < idle->driver_tasks; i++)
        if (idle->drivers[i] == task)
            return true;
    return false;
}

/* The threads of the driver: all that are there before the first import, but for the process's own first one. Some
 * drivers' wake up now and then whatever the layer does. */
static void know_drivers(struct idle *idle, const struct os_child *child)
{
    static struct machine_task tasks[TASKS_MAX];
    const unsigned count = machine_tasks((uint32_t)child->process, tasks, TASKS_MAX);

    for (unsigned i = 0; i < count; i++)
        if (tasks[i].id != (uint32_t)child->process)
            idle->drivers[idle->driver_tasks++] = tasks[i].id;
}

/* Watches all threads but those that are known to be the driver's for a while. cpu: of the one that used most;
 * switches: of all. */
static bool watch(const struct idle *idle, const struct bench *bench, const struct os_child *child, const char *series)
{
    static struct machine_task before[TASKS_MAX], after[TASKS_MAX];
    uint64_t switches = 0, most = 0, all = 0;
    const unsigned count = machine_tasks((uint32_t)child->process, before, TASKS_MAX);
    const uint64_t begins = os_now_ns();

    if (count == 0) {
        output_missing(series, "this system does not count a thread's context switches");
        return false;
    }
    os_sleep_ms((unsigned)(bench->seconds * 1000));
    const unsigned now = machine_tasks((uint32_t)child->process, after, TASKS_MAX);
    const double wall = (double)(os_now_ns() - begins);
    for (unsigned i = 0; i < now; i++) {
        for (unsigned j = 0; j < count; j++) {
            if (before[j].id != after[i].id || is_drivers(idle, after[i].id))
                continue;
            const uint64_t cpu = after[i].cpu_ns - before[j].cpu_ns;
            switches += after[i].switches - before[j].switches;
            all += cpu;
            most = cpu > most ? cpu : most;
        }
    }
    char names[TASKS_MAX * 17] = "";
    for (unsigned i = 0; i < now; i++)
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", i ? " " : "", after[i].name);
    output_begin(series);
    output_text("names", names);
    output_number("threads", now);
    output_number("switches", (double)switches);
    output_number("cpu", (double)most / wall);
    output_number("process_cpu", (double)all / wall);
    output_number("seconds", wall / 1e9);
    output_end();
    return true;
}

static void start(struct idle *idle, struct bench *bench, bool without_layer, struct os_child *child)
{
    bench->variant = without_layer;
    ntf_store(idle->wanted, 0, NTF_RELEASE);
    ntf_store(idle->reached, 0, NTF_RELEASE);
    bench_peer_start(bench, child);
    step(idle, STEP_DEVICE);
}

static void finish(struct idle *idle, uint32_t last, struct os_child *child)
{
    ntf_store(idle->wanted, last, NTF_SEQ_CST);
    machine_word_wake(idle->wanted, true, true);
    bench_peer_end(child);
}

static void watch_both(struct idle *idle, const struct bench *bench)
{
    struct bench now = *bench;
    struct os_child child;
    char name[64];

    now.seconds = .2;
    start(idle, &now, true, &child);
    (void)watch(idle, &now, &child, "idle.driver");
    finish(idle, STEP_IMPORTED, &child);

    for (unsigned i = 0; i < IDLE_FENCES; i++) {
        name_of(bench, i, name);
        producer_make(&idle->from[i], true, name);
    }
    start(idle, &now, false, &child);
    (void)watch(idle, &now, &child, "idle.device");
    know_drivers(idle, &child);
    step(idle, STEP_IMPORTED);
    (void)watch(idle, bench, &child, "idle.imported");
    step(idle, STEP_PARKED);
    (void)watch(idle, bench, &child, "idle.parked");
    producer_signal(&idle->from[0], 1);
    finish(idle, STEP_END, &child);
}

void group_idle(const struct bench *bench)
{
    static struct idle idle;

    rounds_begin(&idle.rounds, bench, 1);
    idle.wanted = &idle.rounds.lines[0].word;
    idle.reached = &idle.rounds.lines[1].word;
    if (bench->peer)
        watched_main(&idle, bench);
    else
        watch_both(&idle, bench);
}
