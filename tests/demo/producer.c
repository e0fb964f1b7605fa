// SPDX-License-Identifier: Apache-2.0
/*
 * ntfence-producer --page FILE [--rounds N] [--every M] [--kind auto|monitored|d3d12|d3d11]
 *                  -- CONSUMER [ARGUMENT...]
 *
 * Knows D3DKMT, or a runtime of Direct3D, and nothing else: shares two fences under names, starts the consumer with
 * handles of both, then signals N values on the first and waits for the consumer's GPU on the second (page.h).
 * Its status is 0 only if both programs found nothing amiss; the last line counts their checks. It is 77 if the runtime
 * is not there or cannot share: nothing was shown then, good or bad.
 */
#include "maker.h"
#include "os.h"
#include "page.h"
#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    ROUNDS_DEFAULT = 2000,
    EVERY_DEFAULT = 8,
    CHILD_ARGS_MAX = 64,
    SETUP_MS = 60000,
    END_MS = 60000,
    LOOKS_MAX = 30,
    NOT_POSSIBLE_HERE = 77
};

static struct {
    struct maker maker;
    struct made_fence go, reply;
    struct demo_page *page;
    struct os_child child;
    bool child_ended;
    int child_status;
    struct samples reply_ns;
    uint64_t replies, early, late;
    struct checks checks;
} producer;

static struct watchdog watchdog = {.seconds = DEMO_WATCHDOG_SECONDS};
// Set while the main thread is in a wait that only the consumer can end.
static _Atomic bool waiting;

// Leaves word for the consumer, which may be parked in a wait that nobody will end any more.
static _Noreturn void give_up(const char *why)
{
    atomic_store(&producer.page->gave_up, 1);
    die("FAIL: %s", why);
}

static void expired(void)
{
    say("LOST: no reply for round %" PRIu64
        " within %d s; the consumer's last submit was for %" PRIu64,
        atomic_load(&producer.page->written), DEMO_WATCHDOG_SECONDS,
        atomic_load(&producer.page->submitted));
    give_up("a wake was lost");
}

// Looked at by two threads: one at a time.
static bool child_ends(void)
{
    static atomic_flag taken = ATOMIC_FLAG_INIT;
    while (atomic_flag_test_and_set(&taken))
        os_sleep_ms(1);
    if (!producer.child_ended)
        producer.child_ended = os_child_ended(&producer.child, &producer.child_status);
    bool ended = producer.child_ended;
    atomic_flag_clear(&taken);
    return ended;
}

// After the last reply the consumer may well have ended before this process has woken from it.
static void look(void)
{
    static unsigned looks;
    looks = atomic_load(&waiting) && child_ends() ? looks + 1 : 0;
    if (looks > LOOKS_MAX)
        give_up("the consumer ended before its time");
}

static void make_page(const char *path, uint64_t rounds, uint64_t every)
{
    producer.page = os_page_create(path, demo_page_size(rounds));
    if (!producer.page)
        die("%s: %s", path, os_error());
    producer.page->rounds = rounds;
    producer.page->hold_every = every;
    producer.page->magic = DEMO_MAGIC;
}

static char **consumer_args(int argc, char **argv)
{
    for (int i = 1; option(argc, argv, "page") && i < argc - 1; i++) {
        if (strcmp(argv[i], "--") == 0)
            return &argv[i + 1];
    }
    die("usage: ntfence-producer --page FILE [--rounds N] [--every M] [--kind auto|monitored|d3d12|d3d11] "
        "-- CONSUMER [ARGUMENT...]");
}

// The consumer learns the names, and which numbers its two inherited handles have.
static void start_consumer(char **given, const char *path)
{
    char go[32], reply[32], *argv[CHILD_ARGS_MAX];
    uint64_t handles[2] = {producer.go.handle, producer.reply.handle};
    snprintf(go, sizeof go, "%" PRIu64, handles[0]);
    snprintf(reply, sizeof reply, "%" PRIu64, handles[1]);
    const char *const added[] = {
        "--page",
        path,
        "--name",
        producer.go.name,
        "--reply-name",
        producer.reply.name,
        "--handle",
        go,
        "--reply-handle",
        reply,
        NULL,
    };
    size_t count = 0;
    for (; *given && count < CHILD_ARGS_MAX - sizeof added / sizeof *added; given++)
        argv[count++] = *given;
    for (const char *const *argument = added; *argument; argument++)
        argv[count++] = (char *)*argument;
    argv[count] = NULL;
    if (!os_child_start(&producer.child, argv, handles, 2))
        die("%s can't be started: %s", argv[0], os_error());
}

static void await_ready(void)
{
    for (int ms = 0; !atomic_load(&producer.page->ready); ms++) {
        if (child_ends())
            die("FAIL: the consumer ended with status %d before the first round",
                producer.child_status);
        if (ms > SETUP_MS)
            give_up("the consumer is not set up within a minute");
        os_sleep_ms(1);
    }
}

/* None, some hundred microseconds, or once in a while some milliseconds. */
static uint64_t pause_ns(uint64_t k)
{
    uint64_t random = demo_mix(k), kind = random % 16, amount = random >> 16;
    if (kind < 2)
        return 0;
    return kind < 15 ? amount % 400000 : 1000000 + amount % 3000000;
}

static void await_reply(uint64_t k)
{
    atomic_store(&waiting, true);
    int32_t status = maker_wait(&producer.maker, &producer.reply, k);
    uint64_t now = os_now_ns();
    atomic_store(&waiting, false);
    if (status != 0) {
        say("wait for the reply to %" PRIu64 ": 0x%08" PRIX32, k, (uint32_t)status);
        give_up("the wait failed");
    }
    producer.replies++;
    if (atomic_load(&producer.page->submitted) < k) {
        producer.early++;
        say("EARLY: the reply to round %" PRIu64 " came before its submit", k);
        return;
    }
    uint64_t since = now - atomic_load(&producer.page->submitted_ns);
    samples_add(&producer.reply_ns, since);
    if (since >= DEMO_LATE_NS) {
        producer.late++;
        say("LOST: the reply to round %" PRIu64 " came only %" PRIu64 " ms after its submit", k,
            since / 1000000);
    }
}

static void run_round(uint64_t k)
{
    struct demo_page *page = producer.page;
    os_pause_until(os_now_ns() + pause_ns(k));
    atomic_store(&page->round[k].stamp_ns, os_now_ns());
    atomic_store(&page->round[k].value, k);
    atomic_store(&page->written, k);
    int32_t status = maker_signal(&producer.maker, &producer.go, k);
    if (status != 0) {
        say("signal %" PRIu64 ": 0x%08" PRIX32, k, (uint32_t)status);
        give_up("the signal failed");
    }
    if (demo_holds(page, k))
        await_reply(k);
    atomic_fetch_add(&watchdog.progress, 1);
}

static void await_end(void)
{
    for (int ms = 0; !child_ends(); ms++) {
        if (ms > END_MS)
            give_up("the consumer does not end");
        os_sleep_ms(1);
        atomic_fetch_add(&watchdog.progress, 1);
    }
}

static int verdict(void)
{
    struct checks *checks = &producer.checks;
    say("replies %" PRIu64 " by the consumer's GPU, from submit to here p50 %.0f us, p99 %.0f us",
        producer.replies, samples_percentile_us(&producer.reply_ns, 50),
        samples_percentile_us(&producer.reply_ns, 99));
    check(checks, producer.early == 0, "early replies: %" PRIu64, producer.early);
    check(checks, producer.late == 0, "lost replies: %" PRIu64, producer.late);
    check(checks, producer.child_status == 0, "the consumer's status: %d", producer.child_status);
    uint64_t passed = checks->passed + atomic_load(&producer.page->passed);
    uint64_t failed = checks->failed + atomic_load(&producer.page->failed);
    say("%s", failed == 0 ? "PASS" : "FAIL");
    printf("%" PRIu64 " passed, %" PRIu64 " failed\n", passed, failed);
    fflush(stdout);
    return failed == 0 ? 0 : 1;
}

static bool make_fence(struct made_fence *fence, const char *what)
{
    char name[64];
    snprintf(name, sizeof name, "ntfence-demo-%" PRIu32 "-%s", os_process_id(), what);
    return maker_make(&producer.maker, name, fence);
}

static bool make_fences(const char *kind)
{
    if (!maker_open(&producer.maker, kind))
        return false;
    if (make_fence(&producer.go, "go")) {
        if (make_fence(&producer.reply, "reply"))
            return true;
        maker_destroy(&producer.maker, &producer.go);
    }
    maker_close(&producer.maker);
    return false;
}

int demo_main(int argc, char **argv)
{
    report_begin("producer");
    char **given = consumer_args(argc, argv);
    const char *path = option(argc, argv, "page");
    uint64_t rounds = option_number(argc, argv, "rounds", ROUNDS_DEFAULT, DEMO_ROUNDS_MAX);
    uint64_t every = option_number(argc, argv, "every", EVERY_DEFAULT, DEMO_ROUNDS_MAX);
    const char *kind = option(argc, argv, "kind");
    if (!make_fences(kind ? kind : "auto")) {
        say("not possible here: no fence of this kind can be shared; nothing was tried");
        return NOT_POSSIBLE_HERE;
    }
    make_page(path, rounds, every);
    start_consumer(given, path);
    await_ready();

    say("%" PRIu64 " rounds begin; a reply is awaited after every %" PRIu64, rounds, every);
    watchdog.expired = expired;
    watchdog.look = look;
    watchdog_start(&watchdog);
    for (uint64_t k = 1; k <= rounds; k++)
        run_round(k);
    await_end();
    int status = verdict();
    maker_destroy(&producer.maker, &producer.reply);
    maker_destroy(&producer.maker, &producer.go);
    maker_close(&producer.maker);
    return status;
}
