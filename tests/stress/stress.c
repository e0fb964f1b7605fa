// SPDX-License-Identifier: Apache-2.0
/*
 * Eight threads on 64 shared payloads, in one process or in each of two, that import, submit, wait
 * (any and all, without end, with a limit, with none), ask, reset, export, re-import and destroy at
 * random. Every answer is judged by the ledger (ledger.h): no wait ends before its time, none misses
 * a signal, none hangs; in the end all handles agree, and nothing is left.
 *
 *     stress threads|processes [--seconds N]
 *     stress any
 *
 * Without --seconds a fixed number of steps. The seed is printed, NTF_TEST_SEED takes it: it decides
 * what each thread does, not how the threads meet.
 */
#include "../resources/counts.h"
#include "any.h"
#include "crew.h"
#include "shared.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

// Of each thread.
enum { STEPS = 3000, STEPS_OF_TWO = 2000, WARM_STEPS = 20 };

static struct {
    unsigned seconds, steps;
    uint64_t seed;
} amount;

static void set_amount(struct crew *crew, bool warm)
{
    crew->steps = warm ? WARM_STEPS : amount.steps;
    crew->end_ns = amount.seconds && !warm ? ntf_os_now_ns() + amount.seconds * UINT64_C(1000000000) : 0;
    crew->seed = amount.seed;
    ntf_test_watchdog(amount.seconds + 4 * STUCK_SECONDS);
}

// A test that could not tell right from wrong often enough has told nothing.
static void check_sums(struct ledger *ledger, const char *title, uint64_t begin_ns)
{
    uint64_t judged = 0, forever = 0;
    for (unsigned i = 0; i < ACTORS_MAX; i++) {
        judged += ntf_load(&ledger->actors[i].judged, NTF_RELAXED);
        forever += ntf_load(&ledger->actors[i].forever, NTF_RELAXED);
    }
    ledger_print_sums(ledger, title, (double)(ntf_os_now_ns() - begin_ns) / 1e9);
    assert_int_equal(ntf_load(&ledger->wrong, NTF_RELAXED), 0);
    assert_true(judged > 0 && forever > 0);
}

// Windows: soft keeps the bells that its waiting threads have once had, and those that it has rung of another copy of
// it, as the library's and the layer's are to each other: as many as there were threads, not waits.
enum { BELLS = 64 };

static void check_counts(struct counts before, const char *what)
{
    printf("%s: %ld handles, %ld before\n", what, counts_now().handles, before.handles);
    counts_settle(before, (struct counts){.handles = counts_exact ? 0 : COUNTS_SLACK + BELLS}, what);
}

/* ---- one process ---- */

static void run_threads(bool warm)
{
    struct ledger *ledger = calloc(1, sizeof *ledger);
    struct crew *crew = calloc(1, sizeof *crew);
    const uint64_t begin_ns = ntf_os_now_ns();
    assert_true(ledger && crew);
    ledger_open(ledger, ACTORS);
    crew_open(crew, ledger, true);
    crew_make_payloads(crew);
    set_amount(crew, warm);
    if (!crew_run(crew, 0, ACTORS))
        abort();
    crew_check_end(crew);
    crew_close_payloads(crew);
    crew_close(crew);
    if (!warm)
        check_sums(ledger, "8 threads", begin_ns);
    free(crew);
    free(ledger);
}

static void threads(void **state)
{
    (void)state;
    run_threads(true); // what is opened once
    const struct counts before = counts_now();
    run_threads(false);
    check_counts(before, "after 8 threads");
}

/* ---- two processes: the parent's actors have the higher numbers ---- */

static ntf_handle handle_of(const char *text)
{
    return (ntf_handle)(uintptr_t)strtoull(text, NULL, 16);
}

static void receive_handles(struct crew *crew, struct ledger **ledger)
{
    char line[NTF_LINE_MAX];
    if (!ntf_parent_receive(line))
        abort();
    *ledger = shared_open(handle_of(line), sizeof **ledger);
    os_handle_close(handle_of(line));
    for (unsigned i = 0; i < PAYLOADS; i++) {
        if (!ntf_parent_receive(line))
            abort();
        crew->handles[i] = handle_of(line);
    }
}

static int peer_run(struct crew *crew)
{
    struct ledger *ledger;
    ntf_handle handles[PAYLOADS];
    char line[NTF_LINE_MAX], states[PAYLOADS + 1];
    receive_handles(crew, &ledger);
    memcpy(handles, crew->handles, sizeof handles);
    crew_open(crew, ledger, false);
    memcpy(crew->handles, handles, sizeof handles);
    crew->kernel_first = ACTORS;
    set_amount(crew, strcmp(ntf_test_role_arg(0), "warm") == 0);
    ntf_parent_send("ready");
    if (!ntf_parent_receive(line))
        return 2;
    if (!crew_run(crew, 0, ACTORS))
        abort();
    // The other process's actors may still pay what ours were owed.
    ntf_parent_send("done");
    if (!ntf_parent_receive(line))
        return 3;
    crew_states(crew, states);
    ntf_parent_send("%s", states);
    if (!ntf_parent_receive(line))
        return 3;
    crew_close_payloads(crew);
    crew_close(crew);
    shared_close(ledger, sizeof *ledger);
    return 0;
}

static int peer(void)
{
    static struct crew crew;
    amount.seconds = (unsigned)atoi(ntf_test_role_arg(1));
    amount.steps = (unsigned)atoi(ntf_test_role_arg(2));
    amount.seed = strtoull(ntf_test_role_arg(3), NULL, 10);
    kernel_open();
    instance_open(&(struct world_options){0});
    const int result = peer_run(&crew);
    if (messages_foreign())
        return 4;
    instance_close();
    kernel_close();
    return result;
}

static struct ntf_child *peer_start(bool warm)
{
    char seconds[16], steps[16], seed[32];
    snprintf(seconds, sizeof seconds, "%u", amount.seconds);
    snprintf(steps, sizeof steps, "%u", amount.steps);
    snprintf(seed, sizeof seed, "%" PRIu64, amount.seed);
    return ntf_child_start("peer", warm ? "warm" : "run", seconds, steps, seed, NULL);
}

static void give_handles(struct crew *crew, struct ntf_child *child, ntf_handle ledger)
{
    ntf_child_send(child, "%" PRIx64, ntf_child_give_handle(child, (uintptr_t)ledger));
    os_handle_close(ledger);
    for (unsigned i = 0; i < PAYLOADS; i++)
        ntf_child_send(child, "%" PRIx64, ntf_child_give_handle(child, (uintptr_t)crew->handles[i]));
}

static void run_processes(bool warm)
{
    struct crew *crew = calloc(1, sizeof *crew);
    const uint64_t begin_ns = ntf_os_now_ns();
    char line[NTF_LINE_MAX], states[PAYLOADS + 1];
    struct ledger *ledger;
    ntf_handle handle;
    assert_non_null(crew);
    ledger = shared_make(sizeof *ledger, &handle);
    ledger_open(ledger, 2 * ACTORS);
    crew_open(crew, ledger, true);
    crew->kernel_first = ACTORS;
    crew_make_payloads(crew);
    struct ntf_child *child = peer_start(warm);
    give_handles(crew, child, handle);
    ntf_child_expect(child, "ready");
    set_amount(crew, warm);
    ntf_child_send(child, "go");
    if (!crew_run(crew, ACTORS, ACTORS))
        abort();
    ntf_child_expect(child, "done");
    ntf_child_send(child, "states");
    assert_true(ntf_child_receive(child, line));
    crew_states(crew, states);
    assert_string_equal(line, states);
    ntf_child_send(child, "end");
    assert_int_equal(ntf_child_wait(child), 0);
    crew_check_end(crew);
    crew_close_payloads(crew);
    crew_close(crew);
    if (!warm)
        check_sums(ledger, "2 processes of 8 threads", begin_ns);
    shared_close(ledger, sizeof *ledger);
    free(crew);
}

static void processes(void **state)
{
    (void)state;
    run_processes(true);
    const struct counts before = counts_now();
    run_processes(false);
    check_counts(before, "after two processes");
}

/* ---- */

static int setup(void **state)
{
    (void)state;
    kernel_open();
    instance_open(&(struct world_options){0});
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    messages_clear();
    instance_close();
    kernel_close();
    return messages_foreign() != 0;
}

static bool read_arguments(int argc, char **argv)
{
    const char *seed = getenv("NTF_TEST_SEED");
    if (seed)
        amount.seed = strtoull(seed, NULL, 10);
    else if (!ntf_os_random(&amount.seed, sizeof amount.seed))
        return false;
    if (argc == 4 && strcmp(argv[2], "--seconds") == 0)
        amount.seconds = (unsigned)atoi(argv[3]);
    if (argc >= 2)
        amount.steps = strcmp(argv[1], "processes") ? STEPS : STEPS_OF_TWO;
    return argc == 2 || (argc == 4 && amount.seconds > 0);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest in_one[] = {WORLD_TEST(threads)};
    static const struct CMUnitTest in_two[] = {WORLD_TEST(processes)};
    static const struct CMUnitTest any[] = {WORLD_TEST(ended_by_import), WORLD_TEST(ended_by_plain)};
    if (ntf_test_role(argc, argv))
        return peer();
    if (!read_arguments(argc, argv)) {
        fprintf(stderr, "usage: stress threads|processes [--seconds N], or any\n");
        return 2;
    }
    fprintf(stderr, "seed %" PRIu64 "\n", amount.seed);
    if (strcmp(argv[1], "any") == 0)
        return ntf_test_run("stress-any", any, NTF_COUNT(any), world_setup, world_teardown);
    if (strcmp(argv[1], "processes") == 0)
        return ntf_test_run("stress-processes", in_two, NTF_COUNT(in_two), setup, teardown);
    return ntf_test_run("stress-threads", in_one, NTF_COUNT(in_one), setup, teardown);
}
