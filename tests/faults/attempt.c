// SPDX-License-Identifier: Apache-2.0
#include "attempt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fake_driver.h"

enum { SECONDS = 20, SETTLE_MS = 5000 };

const struct path *path;
static unsigned point;
static const char *phase = "start";
static char failed[48] = "nothing failed"; // the call that did; it stays so when the act is tried again

void attempt_fail(const char *format, ...)
{
    va_list arguments;
    char text[512];
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fprintf(stderr, "%s, point %u (%s), %s: %s\n", path->name, point,
            faults_fired() ? faults_fired() : failed, phase, text);
    _exit(EXIT_FAILURE);
}

// cmocka keeps for itself what an assertion outside of a test has said, and exits.
static void exit_tells(void)
{
    attempt_fail("an assertion of the support failed");
}

// ---- what is there

static long count_pages(void)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[512];
    long pages = 0;
    if (!maps)
        abort();
    while (fgets(line, sizeof line, maps))
        pages += strstr(line, "/memfd:ntfence") != NULL;
    fclose(maps);
    return pages;
}

static struct left count(void)
{
    const struct held held = imports_held();
    return (struct left){(long)held.blocks, (long)held.mappings, (long)ntf_test_open_handles(),
                         count_pages(), (long)ntf_test_threads()};
}

static struct left less(struct left a, struct left b)
{
    return (struct left){a.blocks - b.blocks, a.mappings - b.mappings, a.handles - b.handles,
                         a.pages - b.pages, a.threads - b.threads};
}

static bool within(struct left a, struct left b)
{
    return a.blocks <= b.blocks && a.mappings <= b.mappings && a.handles <= b.handles &&
           a.pages <= b.pages && a.threads <= b.threads;
}

/* Threads of the layer and of the peer give back what they hold in their own time: what is wrong
 * stays, so the limit only says when to give up. */
static struct left settle(struct left origin, const struct left *allowed, const char *when)
{
    struct left left = {0};
    for (unsigned ms = 0; ms < SETTLE_MS; ms++) {
        left = less(count(), origin);
        if (within(left, *allowed))
            return left;
        os_sleep_ms(1);
    }
    attempt_fail("%s there are left: %ld of %ld blocks, %ld of %ld mappings, %ld of %ld handles, "
                 "%ld of %ld pages, %ld of %ld threads",
                 when, left.blocks, allowed->blocks, left.mappings, allowed->mappings, left.handles,
                 allowed->handles, left.pages, allowed->pages, left.threads, allowed->threads);
}

// ---- one attempt

static bool is_failure(VkResult result)
{
    return result < 0;
}

static void judge_refusal(VkResult result)
{
    unsigned reasons = 0;
    char code[32];
    CHECK(faults_fired());
    if (path->other && result == path->other) {
        CHECK(messages_of(path->reason) == 1);
        return;
    }
    if (faults_fired_is_want() && result != VK_ERROR_OUT_OF_HOST_MEMORY)
        attempt_fail("the result is %d", result);
    if (!path->import) {
        CHECK(result == VK_ERROR_OUT_OF_HOST_MEMORY);
        return;
    }
    CHECK(result == VK_ERROR_OUT_OF_HOST_MEMORY || result == VK_ERROR_INVALID_EXTERNAL_HANDLE);
    for (unsigned i = 1; i <= 12; i++) {
        snprintf(code, sizeof code, "NTF-IMPORT-%03u", i);
        reasons += messages_of(code);
    }
    CHECK(reasons == 1);
    CHECK((messages_of("NTF-IMPORT-010") == 1) == (result == VK_ERROR_OUT_OF_HOST_MEMORY));
}

static VkResult act(unsigned n, struct outcome *outcome)
{
    VkResult result;
    phase = "act";
    faults_begin(n, path->threads ? path->threads : FAULT_ME, path->all_from_there);
    result = path->act();
    faults_end();
    outcome->fired = faults_fired() != NULL;
    if (outcome->fired) {
        outcome->kind = faults_fired_kind();
        strncpy(outcome->call, faults_fired(), sizeof outcome->call - 1);
    }
    return result;
}

static void open_stage(void)
{
    static const char *const extensions[] = {
        VK_KHR_EXTERNAL_FENCE_WIN32_EXTENSION_NAME, VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME,
        VK_KHR_SWAPCHAIN_EXTENSION_NAME, VK_EXT_SWAPCHAIN_MAINTENANCE_1_EXTENSION_NAME,
        VK_KHR_EXTERNAL_FENCE_FD_EXTENSION_NAME, NULL};
    if (path->stage >= INSTANCE)
        instance_open(&(struct world_options){.instance_extension = VK_KHR_SURFACE_EXTENSION_NAME,
                                              .another_extension = VK_EXT_HEADLESS_SURFACE_EXTENSION_NAME});
    if (path->stage >= DEVICE)
        device_use(device_new(extensions));
}

static void close_stage(void)
{
    if (world.device)
        vk.DestroyDevice(world.device, NULL);
    if (world.instance)
        instance_close();
}

/* A refused act leaves no descriptor, mapping or thread behind; memory may have gone to a pool of
 * the device, which the end will tell. */
static VkResult refused(VkResult result, struct left before)
{
    struct left allowed = {.blocks = 16};
    struct outcome ignored;
    judge_refusal(result);
    snprintf(failed, sizeof failed, "%s", faults_fired());
    allowed.threads = path->lanes + path->serves;
    allowed.handles = path->events + path->serves;
    // What the first device makes and the next one uses: our thread and event, the driver's
    // threads.
    if (path->stage < DEVICE)
        allowed = (struct left){.blocks = 16, .handles = 1, .threads = 256};
    settle(before, &allowed, "after the refusal");
    phase = "refused";
    if (path->refused)
        path->refused();
    return act(0, &ignored);
}

// What stays in the process for good. What stands for a kernel is a module of its own, which has three threads at the
// most, and for each a block and what it listens to.
static struct left stays(void)
{
    const long serving = path->serves + path->peer_serves;
    if (path_has_kernel())
        return (struct left){.blocks = 3, .handles = 3, .threads = 3};
    return (struct left){.blocks = path->serves, .handles = serving, .threads = serving};
}

void attempt(const struct path *tried, unsigned n, struct outcome *outcome)
{
    struct left origin, before, allowed;
    VkResult result;
    path = tried;
    point = n;
    alarm(SECONDS);
    if (atexit(exit_tells))
        abort();
    origin = count();
    phase = "arrange";
    kernel_open();
    open_stage();
    if (path->arrange)
        path->arrange();
    before = count();
    result = act(n, outcome);
    if (is_failure(result))
        result = refused(result, before);
    phase = "done";
    path->done(result);
    phase = "tidy";
    if (path->tidy)
        path->tidy();
    close_stage();
    kernel_close();
    // Whatever failed, no call that came down was a breach of a rule.
    if (fake_find()->violations())
        attempt_fail("%s", fake_find()->violation(0));
    if (imports_bad_closes())
        attempt_fail("a descriptor was closed that was not open");
    allowed = stays();
    outcome->left = settle(origin, &allowed, "in the end");
    outcome->finished = true;
}
