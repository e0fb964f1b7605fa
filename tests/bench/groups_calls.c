// SPDX-License-Identifier: Apache-2.0
/* What a call costs: on a device that did not enable the extension, with nothing imported, and on imported fences. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loops.h"
#include "world.h"

enum { CALLS = 200000, PLACES_MAX = 4096 };

static struct world driver, off, sink, ours, mutex;
static VkFence driver_done, driver_open, sink_fence, ours_fence, mutex_fence, imported, reached;

// ---- goal 7: whose function it is

static const char *const commands[] = {
    "vkWaitForFences",
    "vkGetFenceStatus",
    "vkResetFences",
    "vkCreateFence",
    "vkDestroyFence",
    "vkQueueSubmit",
    "vkQueueSubmit2",
    "vkQueueSubmit2KHR",
    "vkQueueBindSparse",
    "vkQueueWaitIdle",
    "vkDeviceWaitIdle",
    "vkDestroyDevice",
    "vkGetDeviceQueue",
    "vkGetFenceFdKHR",
    "vkImportFenceFdKHR",
    "vkImportFenceWin32HandleKHR",
    "vkGetFenceWin32HandleKHR",
    "vkWaitSemaphores",
    "vkSignalSemaphore",
    "vkCreateBuffer",
    "vkCmdDraw",
    "vkQueuePresentKHR",
    "vkAcquireNextImageKHR",
    "vkAcquireNextImage2KHR",
    "vkGetDeviceProcAddr",
};

static void place_of(const struct world *world, const char *name, char *text, size_t size)
{
    char module[1024];
    uint64_t offset;
    PFN_vkVoidFunction function = world->GetDeviceProcAddr(world->device, name);

    if (!function)
        snprintf(text, size, "none");
    else if (machine_place(function, module, sizeof module, &offset))
        snprintf(text, size, "%s+0x%llx", module, (unsigned long long)offset);
    else
        snprintf(text, size, "?");
}

static void compare_places(void)
{
    char without[1200], with[1200], other[2500] = "";
    unsigned same = 0;

    for (size_t i = 0; i < BENCH_COUNT(commands); i++) {
        place_of(&driver, commands[i], without, sizeof without);
        place_of(&off, commands[i], with, sizeof with);
        if (strcmp(with, without) == 0 && strcmp(with, "?") != 0)
            same++;
        else
            snprintf(other, sizeof other, "%s: %.600s, not %.600s", commands[i], with, without);
    }
    output_begin("calls.pointers");
    output_number("commands", BENCH_COUNT(commands));
    output_number("same", same);
    output_text("different", other);
    output_end();
}

// ---- the calls

/*
 * How fast a loop of few instructions runs depends on where it happens to lie, by two cycles and more: as much as what
 * is measured. So each loop is there in several places, and takes turns; the least counts.
 */
enum { PLACES = 4 };

struct call {
    struct world *world;
    VkFence *fence;
    unsigned turn;
};

#if defined(__x86_64__)
#define PLACE(bytes) __asm__ volatile(".skip " #bytes ", 0x90")
#else
#define PLACE(bytes) (void)0
#endif

#define LOOP_AT(name, bytes, type, member, ...)                                                                        \
    static void name##_##bytes(const struct call *call, uint32_t count)                                                \
    {                                                                                                                  \
        const type member = call->world->member;                                                                       \
        for (uint32_t i = 0; i < count; i++) {                                                                         \
            PLACE(bytes);                                                                                              \
            (void)member(__VA_ARGS__);                                                                                 \
        }                                                                                                              \
    }
#define LOOP(name, type, member, ...)                                                                                  \
    LOOP_AT(name, 0, type, member, __VA_ARGS__)                                                                        \
    LOOP_AT(name, 1, type, member, __VA_ARGS__)                                                                        \
    LOOP_AT(name, 8, type, member, __VA_ARGS__)                                                                        \
    LOOP_AT(name, 13, type, member, __VA_ARGS__)                                                                       \
    static void name(void *context, uint32_t count)                                                                    \
    {                                                                                                                  \
        static void (*const places[PLACES])(const struct call *, uint32_t) = {name##_0, name##_1, name##_8,            \
                                                                              name##_13};                              \
        struct call *call = context;                                                                                   \
        places[call->turn++ % PLACES](call, count);                                                                    \
    }

LOOP(wait_loop, PFN_vkWaitForFences, WaitForFences, call->world->device, 1, call->fence, VK_TRUE, 0)
LOOP(status_loop, PFN_vkGetFenceStatus, GetFenceStatus, call->world->device, *call->fence)
LOOP(submit_loop, PFN_vkQueueSubmit, QueueSubmit, call->world->queue, 0, NULL, VK_NULL_HANDLE)

static struct call sink_call = {&sink, &sink_fence, 0}, ours_call = {&ours, &ours_fence, 0},
                   mutex_call = {&mutex, &mutex_fence, 0}, done_call = {&driver, &driver_done, 0},
                   open_call = {&driver, &driver_open, 0}, imported_call = {&ours, &imported, 0},
                   reached_call = {&ours, &reached, 0};

// ---- goal 8, and the traces

static void nothing_imported(const struct bench *bench)
{
    struct loops loops;

    loops_begin(&loops, bench);
    loops_add(&loops, "calls.sink.wait", wait_loop, &sink_call, CALLS);
    loops_add(&loops, "calls.none.wait", wait_loop, &ours_call, CALLS);
    loops_add(&loops, "calls.mutex.wait", wait_loop, &mutex_call, CALLS / 8);
    loops_add(&loops, "calls.sink.status", status_loop, &sink_call, CALLS);
    loops_add(&loops, "calls.none.status", status_loop, &ours_call, CALLS);
    loops_add(&loops, "calls.sink.submit", submit_loop, &sink_call, CALLS);
    loops_add(&loops, "calls.none.submit", submit_loop, &ours_call, CALLS);
    loops_run(&loops);
}

static void one_wait(void *context)
{
    wait_loop(context, 1);
}

static void one_status(void *context)
{
    status_loop(context, 1);
}

static void one_submit(void *context)
{
    submit_loop(context, 1);
}

static void one_signal(void *context)
{
    static uint64_t value = 100;
    producer_signal(context, ++value);
}

// Which instructions of which module it takes: bench.py looks each up in the module.
static void trace(const char *series, void (*body)(void *), void *context)
{
    static uint64_t places[PLACES_MAX];
    static double offsets[PLACES_MAX];
    char module[1024], first[1024] = "";
    uint64_t offset;
    unsigned kept = 0, system_calls = 0;

    body(context); // whatever happens the first time only, has happened
    const unsigned count = machine_trace(body, context, places, PLACES_MAX);
    if (count == 0 || count > PLACES_MAX) {
        output_missing(series, count ? "too many instructions" : "no way here to run one instruction after another");
        return;
    }
    const char *wanted = strstr(series, "signal") ? "d3dkmt" : "VkLayer_ntfence";
    for (unsigned i = 0; i < count; i++) {
        system_calls += machine_is_system_call(places[i]);
        if (!machine_module_of(places[i], module, sizeof module, &offset) || !strstr(module, wanted))
            continue;
        snprintf(first, sizeof first, "%s", module);
        offsets[kept++] = (double)offset;
    }
    output_begin(series);
    output_text("module", first);
    output_number("instructions", kept);
    output_number("all_instructions", count);
    output_number("system_calls", system_calls);
    output_numbers("offsets", offsets, kept);
    output_end();
}

// ---- goal 10

static void something_imported(const struct bench *bench)
{
    struct loops loops;

    loops_begin(&loops, bench);
    loops_add(&loops, "calls.driver.status", status_loop, &open_call, CALLS / 8);
    loops_add(&loops, "calls.driver.status.done", status_loop, &done_call, CALLS / 8);
    loops_add(&loops, "calls.driver.wait", wait_loop, &open_call, CALLS / 8);
    loops_add(&loops, "calls.driver.wait.done", wait_loop, &done_call, CALLS / 8);
    loops_add(&loops, "calls.imported.status", status_loop, &imported_call, CALLS);
    loops_add(&loops, "calls.imported.wait", wait_loop, &imported_call, CALLS);
    loops_add(&loops, "calls.imported.status.done", status_loop, &reached_call, CALLS);
    loops_add(&loops, "calls.imported.wait.done", wait_loop, &reached_call, CALLS);
    loops_run(&loops);
}

void group_calls(const struct bench *bench)
{
    static struct producer_fence from;

    world_open(&driver, NULL, 0);
    world_open(&off, NTFENCE_LAYER_NAME, 0);
    compare_places();
    world_close(&off);
    world_open(&sink, WORLD_LAYER_SINK, 0);
    world_open(&mutex, WORLD_LAYER_MUTEX ":" WORLD_LAYER_SINK, 0);
    world_open(&ours, NTFENCE_LAYER_NAME ":" WORLD_LAYER_SINK, WORLD_EXTENSIONS);
    driver_open = world_fence(&driver);
    driver_done = world_fence(&driver);
    world_submit(&driver, driver_done);
    world_wait(&driver, driver_done);
    sink_fence = world_fence(&sink);
    mutex_fence = world_fence(&mutex);
    ours_fence = world_fence(&ours);
    nothing_imported(bench);
    trace("trace.none.wait", one_wait, &ours_call);
    trace("trace.none.status", one_status, &ours_call);
    trace("trace.none.submit", one_submit, &ours_call);

    producer_make(&from, true, NULL);
    imported = world_import(&ours, &from, UINT64_C(1) << 40);
    reached = world_import(&ours, &from, 1);
    producer_signal(&from, 1);
    // The sink says success to everything: who hears anything else has the layer above it, as it should be.
    if (ours.GetFenceStatus(ours.device, imported) != VK_NOT_READY ||
        ours.WaitForFences(ours.device, 1, &imported, VK_TRUE, 0) != VK_TIMEOUT)
        die("the layers are not in the order that was asked for");
    something_imported(bench);
    trace("trace.imported.status", one_status, &imported_call);
    trace("trace.signal", one_signal, &from);
    world_close(&ours);
}
