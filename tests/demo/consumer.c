// SPDX-License-Identifier: Apache-2.0
/*
 * ntfence-consumer --page FILE --name NAME --reply-name NAME [--handle N --reply-handle N]
 *                  [--expect-loader VERSION] [--expect-layer TEXT]
 *
 * A plain Vulkan program: it knows two device extensions, the public header, and what the fences
 * are called. Waits for every value of "go", with vkWaitForFences and without a limit; answers with
 * GPU work whose fence is "reply" (page.h). Without handles it imports by name alone.
 * --expect-loader: it is a failure if the loader is of another version; --expect-layer: if the
 * layer's first INFO line (NTF-INFO-001) has not this text in it.
 */
#include "os.h"
#include "page.h"
#include "report.h"
#include "vulkan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_UNITS = 64 };

// An object of the producer's, as this program can know it.
struct source {
    uint16_t name[NAME_UNITS]; // UTF-16
    HANDLE handle;             // NULL: not given
};

struct fence {
    VkFence vk;
    bool permanent; // how everything is imported into it
};

static struct {
    struct vulkan vulkan;
    struct demo_page *page;
    struct source go, reply;
    struct fence temporary, permanent, reply_temporary, reply_permanent;
    // The reply whose buffer has not been looked at yet; fence NULL: none.
    VkFence pending;
    uint64_t pending_k;
    // Only a wait that began before the value was written tells a latency.
    struct samples latency;
    uint64_t by_name, by_handle, into_temporary, into_permanent;
    uint64_t waits, slept, own_wake, resets, replies, pushed;
    uint64_t early, late, wrong_status, wrong_fill;
    struct checks checks;
} consumer;

static struct watchdog watchdog = {.seconds = DEMO_WATCHDOG_SECONDS};

// What the main thread is at, told from the watchdog's, which may end the process then.
static bool say_where(void)
{
    uint64_t done = atomic_load(&watchdog.progress), k = done + 1;
    if (done < consumer.page->rounds && atomic_load(&consumer.page->round[k].value) == k) {
        say("LOST: value %" PRIu64 " was written, but its wait has not returned", k);
        return true;
    }
    say("%" PRIu64 " waits have returned, one for each value that was written", done);
    return false;
}

static void expired(void)
{
    bool lost = say_where();
    die("FAIL: no progress within %d s%s", DEMO_WATCHDOG_SECONDS,
        lost ? "" : ": the producer writes no more, or a reply is stuck");
}

static void look(void)
{
    if (!atomic_load(&consumer.page->gave_up))
        return;
    say_where();
    die("FAIL: the producer gave up");
}

static void import(struct fence *fence, const struct source *source, bool by_handle, uint64_t value)
{
    by_handle = by_handle && source->handle;
    NtfenceImportValueInfo wait = {.sType = NTFENCE_STRUCTURE_TYPE_IMPORT_VALUE_INFO,
                                   .waitValue = value};
    VkImportFenceWin32HandleInfoKHR info = {
        .sType = VK_STRUCTURE_TYPE_IMPORT_FENCE_WIN32_HANDLE_INFO_KHR,
        .pNext = &wait,
        .fence = fence->vk,
        .flags = fence->permanent ? 0 : VK_FENCE_IMPORT_TEMPORARY_BIT,
        .handleType = VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT,
        .handle = by_handle ? source->handle : NULL,
        .name = by_handle ? NULL : (LPCWSTR)source->name};
    vulkan_must(vk.vkImportFenceWin32HandleKHR(consumer.vulkan.device, &info),
                by_handle ? "import by handle" : "import by name");
    consumer.by_handle += by_handle;
    consumer.by_name += !by_handle;
    consumer.into_permanent += fence->permanent;
    consumer.into_temporary += !fence->permanent;
}

static VkResult status_of(VkFence fence)
{
    VkResult status = vk.vkGetFenceStatus(consumer.vulkan.device, fence);
    if (status != VK_NOT_READY)
        vulkan_must(status, "vkGetFenceStatus");
    return status;
}

static void reset(VkFence fence)
{
    vulkan_must(vk.vkResetFences(consumer.vulkan.device, 1, &fence), "vkResetFences");
}

// The status at a moment at which there is only one right answer.
static void expect_status(VkFence fence, VkResult expected, const char *when, uint64_t k)
{
    VkResult status = status_of(fence);
    if (status == expected)
        return;
    consumer.wrong_status++;
    say("WRONG: vkGetFenceStatus %s in round %" PRIu64 ": %d", when, k, (int)status);
}

static bool is_written(uint64_t k)
{
    return atomic_load(&consumer.page->round[k].value) == k;
}

static void judge_return(uint64_t k, uint64_t entered, uint64_t returned)
{
    // Read before anything else: the longer it is after the return, the less it proves.
    bool written = is_written(k);
    uint64_t last = atomic_load(&consumer.page->written);
    consumer.waits++;
    atomic_fetch_add(&watchdog.progress, 1);
    if (!written) {
        consumer.early++;
        say("EARLY: the wait for %" PRIu64 " returned; last written is %" PRIu64, k, last);
        return;
    }
    uint64_t stamp = atomic_load(&consumer.page->round[k].stamp_ns);
    if (entered >= stamp)
        return;
    consumer.slept++;
    consumer.own_wake += last == k;
    uint64_t latency = returned - stamp;
    samples_add(&consumer.latency, latency);
    if (latency >= DEMO_LATE_NS) {
        consumer.late++;
        say("LOST: the wait for %" PRIu64 " returned only %" PRIu64 " ms after the write", k,
            latency / 1000000);
    }
}

static void wait_for(VkFence fence, uint64_t k)
{
    // One in four is looked at first: "signalled" before the write would be as early as a wake.
    if (demo_mix(k) % 4 == 0 && status_of(fence) == VK_SUCCESS && !is_written(k)) {
        consumer.early++;
        say("EARLY: vkGetFenceStatus is VK_SUCCESS before %" PRIu64 " was written", k);
    }
    uint64_t entered = os_now_ns();
    VkResult result = vk.vkWaitForFences(consumer.vulkan.device, 1, &fence, VK_TRUE, UINT64_MAX);
    uint64_t returned = os_now_ns();
    vulkan_must(result, "vkWaitForFences");
    judge_return(k, entered, returned);
}

static void finish_reply(void)
{
    if (!consumer.pending)
        return;
    expect_status(consumer.pending, VK_SUCCESS, "of a reply that has come", consumer.pending_k);
    if (!vulkan_is_filled(&consumer.vulkan, (uint32_t)consumer.pending_k)) {
        consumer.wrong_fill++;
        say("WRONG: the buffer of round %" PRIu64 " is not filled", consumer.pending_k);
    }
    consumer.pending = VK_NULL_HANDLE;
}

/*
 * GPU work that answers round k. Of two replies one is waited for; the other is left alone, so that
 * the layer has to deliver it while this thread is parked in the wait for k + 1.
 */
static void reply(uint64_t k)
{
    bool waited = k == consumer.page->rounds || consumer.replies % 2 == 0;
    uint64_t random = demo_mix(k);
    struct fence *fence = random & 4 ? &consumer.reply_permanent : &consumer.reply_temporary;
    if (!fence->permanent) // gives up what was imported last, and with it the signalled state
        reset(fence->vk);
    import(fence, &consumer.reply, random & 8, k);
    expect_status(fence->vk, VK_NOT_READY, "of a reply that is to come", k);
    atomic_store(&consumer.page->submitted_ns, os_now_ns());
    atomic_store(&consumer.page->submitted, k);
    vulkan_submit_fill(&consumer.vulkan, (uint32_t)k, fence->vk);
    consumer.pending = fence->vk;
    consumer.pending_k = k;
    consumer.replies++;
    consumer.pushed += !waited;
    if (!waited)
        return;
    vulkan_must(vk.vkWaitForFences(consumer.vulkan.device, 1, &fence->vk, VK_TRUE, UINT64_MAX),
                "vkWaitForFences for a reply");
    finish_reply();
}

// After every second hold the next round goes on with the fence of this one, reset.
static bool by_reset(uint64_t k)
{
    const struct demo_page *page = consumer.page;
    return k > 1 && demo_holds(page, k - 1) && (k - 1) / page->hold_every % 2 == 0;
}

static void run_round(uint64_t k)
{
    bool hold = demo_holds(consumer.page, k);
    uint64_t random = demo_mix(k);
    struct fence *fence = &consumer.permanent;
    if (by_reset(k)) {
        consumer.resets++;
    } else {
        if (!hold && (random & 1))
            fence = &consumer.temporary;
        import(fence, &consumer.go, random & 2, k);
    }
    wait_for(fence->vk, k);
    finish_reply();
    if (!fence->permanent && (random & 16)) {
        reset(fence->vk);
        expect_status(fence->vk, VK_NOT_READY, "after the reset of a temporary import", k);
    }
    if (!hold)
        return;
    if (k < consumer.page->rounds && by_reset(k + 1)) {
        reset(fence->vk);
        expect_status(fence->vk, VK_NOT_READY, "after a reset", k);
    }
    reply(k);
}

/* A refusal, to show what one looks like: nobody has this name. */
static void show_refusal(void)
{
    VkImportFenceWin32HandleInfoKHR info = {
        .sType = VK_STRUCTURE_TYPE_IMPORT_FENCE_WIN32_HANDLE_INFO_KHR,
        .fence = consumer.temporary.vk,
        .flags = VK_FENCE_IMPORT_TEMPORARY_BIT,
        .handleType = VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT,
        .name = (LPCWSTR)u"ntfence-demo-nobody"};
    say("a refusal, to show what one looks like:");
    VkResult result = vk.vkImportFenceWin32HandleKHR(consumer.vulkan.device, &info);
    check(&consumer.checks,
          result == VK_ERROR_INVALID_EXTERNAL_HANDLE && message_find("NTF-IMPORT-"),
          "the import of a name that nobody has is refused, with a reason (VkResult %d)",
          (int)result);
}

static void check_surroundings(int argc, char **argv)
{
    uint32_t version = consumer.vulkan.version;
    char text[32];
    snprintf(text, sizeof text, "%u.%u.%u", VK_API_VERSION_MAJOR(version),
             VK_API_VERSION_MINOR(version), VK_API_VERSION_PATCH(version));
    const char *expected = option(argc, argv, "expect-loader");
    if (expected)
        check(&consumer.checks, strcmp(expected, text) == 0, "the loader is of version %s",
              expected);
    const char *info = message_find("NTF-INFO-001");
    check(&consumer.checks, info != NULL, "the layer says that it serves the device");
    expected = option(argc, argv, "expect-layer");
    if (expected)
        check(&consumer.checks, info && strstr(info, expected), "and how it came in: %s", expected);
    check(&consumer.checks, vulkan_can_import(&consumer.vulkan),
          "OPAQUE_WIN32 handles are importable, says the device");
}

static void report(void)
{
    struct checks *checks = &consumer.checks;
    double p50 = samples_percentile_us(&consumer.latency, 50);
    double p99 = samples_percentile_us(&consumer.latency, 99);
    say("imports %" PRIu64 ": %" PRIu64 " by name, %" PRIu64 " by handle; %" PRIu64
        " temporary, %" PRIu64 " permanent",
        consumer.by_name + consumer.by_handle, consumer.by_name, consumer.by_handle,
        consumer.into_temporary, consumer.into_permanent);
    say("waits %" PRIu64 ": %" PRIu64 " began before the value was written, %" PRIu64
        " of these were back before a later one was; %" PRIu64 " after a reset, without an import",
        consumer.waits, consumer.slept, consumer.own_wake, consumer.resets);
    say("GPU replies %" PRIu64 ": %" PRIu64 " waited for here, %" PRIu64 " delivered unasked",
        consumer.replies, consumer.replies - consumer.pushed, consumer.pushed);
    say("latency, write to return: p50 %.0f us, p99 %.0f us, most %.0f us", p50, p99,
        samples_percentile_us(&consumer.latency, 100));
    check(checks, consumer.waits == consumer.page->rounds, "every wait returned");
    check(checks, consumer.early == 0, "early wakes: %" PRIu64, consumer.early);
    check(checks, consumer.late == 0, "lost wakes: %" PRIu64, consumer.late);
    check(checks, consumer.wrong_status == 0, "wrong statuses: %" PRIu64, consumer.wrong_status);
    check(checks, consumer.wrong_fill == 0, "buffers not filled: %" PRIu64, consumer.wrong_fill);
    atomic_store(&consumer.page->passed, checks->passed);
    atomic_store(&consumer.page->failed, checks->failed);
}

static void open_page(const char *path)
{
    size_t size = 0;
    consumer.page = path ? os_page_open(path, &size) : NULL;
    if (!consumer.page || size < sizeof *consumer.page || consumer.page->magic != DEMO_MAGIC ||
        size < demo_page_size(consumer.page->rounds))
        die("FAIL: --page: not the file of a producer");
}

// The names are plain ASCII; a handle arrives as its number.
static struct source find_source(int argc, char **argv, const char *name_option,
                                 const char *handle_option)
{
    struct source source = {0};
    const char *name = option(argc, argv, name_option), *handle = option(argc, argv, handle_option);
    if (!name || strlen(name) >= NAME_UNITS)
        die("FAIL: --%s is missing or too long", name_option);
    for (size_t i = 0; name[i]; i++)
        source.name[i] = (unsigned char)name[i];
    if (handle)
        source.handle = (HANDLE)(uintptr_t)strtoull(handle, NULL, 10);
    return source;
}

static struct fence make_fence(bool permanent)
{
    struct fence fence = {.permanent = permanent};
    VkFenceCreateInfo create = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
    vulkan_must(vk.vkCreateFence(consumer.vulkan.device, &create, NULL, &fence.vk),
                "vkCreateFence");
    return fence;
}

static void close_fences(void)
{
    struct fence *all[] = {&consumer.temporary, &consumer.permanent, &consumer.reply_temporary,
                           &consumer.reply_permanent};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        vk.vkDestroyFence(consumer.vulkan.device, all[i]->vk, NULL);
}

int demo_main(int argc, char **argv)
{
    report_begin("consumer");
    open_page(option(argc, argv, "page"));
    consumer.go = find_source(argc, argv, "name", "handle");
    consumer.reply = find_source(argc, argv, "reply-name", "reply-handle");
    vulkan_open(&consumer.vulkan);
    consumer.temporary = make_fence(false);
    consumer.permanent = make_fence(true);
    consumer.reply_temporary = make_fence(false);
    consumer.reply_permanent = make_fence(true);

    watchdog.expired = expired;
    watchdog.look = look;
    watchdog_start(&watchdog);
    atomic_store(&consumer.page->ready, 1);
    for (uint64_t k = 1; k <= consumer.page->rounds; k++)
        run_round(k);

    show_refusal();
    check_surroundings(argc, argv);
    report();
    close_fences();
    vulkan_close(&consumer.vulkan);
    free(consumer.latency.ns);
    return consumer.checks.failed == 0 ? 0 : 1;
}
