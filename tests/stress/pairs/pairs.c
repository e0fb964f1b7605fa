// SPDX-License-Identifier: Apache-2.0
/*
 * Pairs of a signal and a wait, many of them: none may be lost, none may end early (rally.h). A number too large for a
 * suite is given by hand: scripts/stress.
 *
 *   stress-pairs spinning [N]   two threads, a private object and a shared one in turns; N pairs in all
 *   stress-pairs parked [N]     the same, and every waiter sleeps before it is signalled
 *   stress-pairs processes [N]  two processes, on shared objects; half of the pairs parked
 *   stress-pairs kill [N]       N times one of two processes is killed at a moment of its own choosing, and replaced
 */
#include "ntf_test.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../shared.h"
#include "base/deadline.h"
#include "kmt/soft/soft.h"
#include "rally.h"

enum { STUCK_S = 60, SHARED_FLAGS = NTF_SYNC_SHARED | NTF_SYNC_NT_SECURITY_SHARING };

static uint64_t pairs; // asked for
static uint64_t random_state;

// ---- sides of this process

struct runner {
    struct side side;
    struct ntf_thread *thread;
    ntf_au32 *ended; // sides that have
    bool good;
};

static void run_side(void *context)
{
    struct runner *runner = context;

    runner->good = rally_play(&runner->side);
    ntf_fetch_add(runner->ended, 1, NTF_RELEASE);
    ntf_os_unpark_all(runner->ended);
}

static void start(struct runner *runner)
{
    assert_int_equal(ntf_thread_start(&runner->thread, "rally", run_side, runner), NTF_OK);
}

static uint64_t progress(struct court *court)
{
    return ntf_load(&court->side[0].rounds, NTF_ACQUIRE) + ntf_load(&court->side[1].rounds, NTF_ACQUIRE);
}

static bool has_wrong(struct court *court)
{
    return ntf_load(&court->side[0].wrong, NTF_ACQUIRE) || ntf_load(&court->side[1].wrong, NTF_ACQUIRE);
}

// Threads that will never come back cannot be joined: the program ends here, and says where it was.
static void give_up(const struct court *court, const char *why)
{
    fprintf(stderr, "%s\n", why);
    rally_tell(court);
    printf("0 passed, 1 failed\n");
    fflush(stdout);
    _Exit(1);
}

struct watchdog {
    uint64_t seen, since_ns;
};

static void watch(struct watchdog *watchdog, struct court *court)
{
    const uint64_t now_ns = ntf_os_now_ns(), at = progress(court);

    if (has_wrong(court))
        give_up(court, "what one side has found ends the rally");
    if (at != watchdog->seen || watchdog->since_ns == 0)
        *watchdog = (struct watchdog){at, now_ns};
    else if (now_ns - watchdog->since_ns > STUCK_S * UINT64_C(1000000000))
        give_up(court, "no round has ended for 60 seconds: a wake is lost");
}

static void await(struct court *court, ntf_au32 *ended, uint32_t sides)
{
    struct watchdog watchdog = {0};
    uint32_t found;

    while ((found = ntf_load(ended, NTF_ACQUIRE)) < sides) {
        watch(&watchdog, court);
        (void)ntf_os_park(ended, found, ntf_os_now_ns() + 1000000000);
    }
}

static void say(const char *what, struct court *court, uint64_t rounds, uint64_t begin_ns)
{
    const double took = (double)(ntf_os_now_ns() - begin_ns);

    fprintf(stderr, "%s: %" PRIu64 " pairs, none lost, none early; %.1f s, %.0f ns a pair", what, 2 * rounds,
            took / 1e9, rounds ? took / (double)(2 * rounds) : 0.0);
    fprintf(stderr, "; %" PRIu64 " sleeps, %" PRIu64 " ended by time alone\n",
            ntf_load(&court->side[0].slept, NTF_RELAXED) + ntf_load(&court->side[1].slept, NTF_RELAXED),
            ntf_load(&court->side[0].overslept, NTF_RELAXED) + ntf_load(&court->side[1].overslept, NTF_RELAXED));
}

static void play_threads(const char *what, uint32_t flags, enum rally_wait how, uint64_t rounds)
{
    struct court *court = calloc(1, sizeof *court);
    const uint64_t begin_ns = ntf_os_now_ns();
    struct ntf_payload *payload[SIDES];
    struct runner runners[SIDES];
    ntf_au32 ended;

    assert_non_null(court);
    assert_true(rally_make(payload, flags));
    ntf_init(&ended, 0);
    for (unsigned i = 0; i < SIDES; i++) {
        runners[i] = (struct runner){.ended = &ended};
        runners[i].side = (struct side){court, i, {payload[0], payload[1]}, how, rounds, NTF_FOREVER, {0}, 0, 0};
        start(&runners[i]);
    }
    await(court, &ended, SIDES);
    for (unsigned i = 0; i < SIDES; i++) {
        ntf_thread_join(runners[i].thread);
        assert_true(runners[i].good);
        ntf_payload_unref(payload[i]);
    }
    assert_true(ntf_load(&court->side[0].rounds, NTF_RELAXED) == rounds);
    assert_true(ntf_load(&court->side[1].rounds, NTF_RELAXED) == rounds);
    // Every second round is signalled only when the other side is asleep.
    if (how == RALLY_PARKS)
        for (unsigned i = 0; i < SIDES; i++)
            assert_true(ntf_load(&court->side[i].slept, NTF_RELAXED) >= rounds / 2);
    say(what, court, rounds, begin_ns);
    free(court);
}

static void spinning(void **state)
{
    (void)state;
    ntf_test_watchdog(0);
    play_threads("spinning, private objects", 0, RALLY_SPINS, pairs / 4);
    play_threads("spinning, shared objects", SHARED_FLAGS, RALLY_SPINS, pairs / 4);
}

static void parked(void **state)
{
    (void)state;
    ntf_test_watchdog(0);
    play_threads("parked, private objects", 0, RALLY_PARKS, pairs / 4);
    play_threads("parked, shared objects", SHARED_FLAGS, RALLY_PARKS, pairs / 4);
}

// ---- the other process

static void handle_close(ntf_handle handle)
{
    ntf_soft_close_nt_handle(handle);
}

// It ends with its parent, whatever it waits for.
static void end_with_parent(void *context)
{
    char line[NTF_LINE_MAX];

    (void)context;
    while (ntf_parent_receive(line))
        ;
    _Exit(0);
}

// "peer HOW LAST LIMIT_NS": plays side 1 with the court and the objects that the parent hands over, and says "good".
static int peer(void)
{
    struct side side = {.me = 1, .limit_ns = strtoull(ntf_test_role_arg(2), NULL, 10)};
    ntf_handle handles[1 + SIDES];
    struct ntf_thread *thread;
    char line[NTF_LINE_MAX];

    ntf_test_watchdog(0);
    for (unsigned i = 0; i < 1 + SIDES; i++) {
        if (!ntf_parent_receive(line))
            return 2;
        handles[i] = (ntf_handle)(uintptr_t)strtoull(line, NULL, 16);
    }
    side.court = shared_open(handles[0], sizeof *side.court);
    side.how = strcmp(ntf_test_role_arg(0), "parks") == 0 ? RALLY_PARKS : RALLY_SPINS;
    side.last = strtoull(ntf_test_role_arg(1), NULL, 10);
    if (!rally_open(side.payload, handles + 1, side.me) ||
        ntf_thread_start(&thread, "parent", end_with_parent, NULL) != NTF_OK)
        return 3;
    if (!rally_play(&side))
        return 4;
    ntf_payload_unref(side.payload[0]);
    ntf_payload_unref(side.payload[1]);
    ntf_parent_send("good");
    ntf_thread_join(thread); // never returns
    return 0;
}

static struct ntf_child *peer_start(enum rally_wait how, uint64_t last, uint64_t limit_ns, const ntf_handle handles[3])
{
    char rounds[24], limit[24];
    struct ntf_child *child;

    snprintf(rounds, sizeof rounds, "%" PRIu64, last);
    snprintf(limit, sizeof limit, "%" PRIu64, limit_ns);
    child = ntf_child_start("peer", how == RALLY_PARKS ? "parks" : "spins", rounds, limit, NULL);
    for (unsigned i = 0; i < 1 + SIDES; i++)
        ntf_child_send(child, "%" PRIx64, ntf_child_give_handle(child, (uintptr_t)handles[i]));
    return child;
}

// What two processes share: the court and the objects, with a handle of each.
struct ground {
    struct court *court;
    struct ntf_payload *payload[SIDES];
    ntf_handle handles[1 + SIDES];
};

static void ground_make(struct ground *ground)
{
    ground->court = shared_make(sizeof *ground->court, &ground->handles[0]);
    assert_true(rally_make(ground->payload, SHARED_FLAGS));
    for (unsigned i = 0; i < SIDES; i++) {
        ground->handles[1 + i] = rally_share(ground->payload[i]);
        assert_non_null(ground->handles[1 + i]);
    }
}

static void ground_end(struct ground *ground)
{
    for (unsigned i = 0; i < SIDES; i++)
        ntf_payload_unref(ground->payload[i]);
    for (unsigned i = 0; i < 1 + SIDES; i++)
        handle_close(ground->handles[i]);
    shared_close(ground->court, sizeof *ground->court);
}

static struct side server(struct ground *ground, enum rally_wait how, uint64_t last, uint64_t limit_ns)
{
    return (struct side){ground->court, 0, {ground->payload[0], ground->payload[1]}, how, last, limit_ns, {0}, 0, 0};
}

static void play_processes(const char *what, enum rally_wait how, uint64_t rounds)
{
    struct runner runner;
    struct ground ground;
    struct ntf_child *child;
    uint64_t begin_ns;
    ntf_au32 ended;

    ground_make(&ground);
    ntf_init(&ended, 0);
    child = peer_start(how, rounds, NTF_FOREVER, ground.handles);
    begin_ns = ntf_os_now_ns();
    runner = (struct runner){.side = server(&ground, how, rounds, NTF_FOREVER), .ended = &ended};
    start(&runner);
    await(ground.court, &ended, 1);
    ntf_thread_join(runner.thread);
    assert_true(runner.good);
    ntf_child_expect(child, "good");
    assert_int_equal(ntf_child_wait(child), 0);
    assert_true(ntf_load(&ground.court->side[1].rounds, NTF_ACQUIRE) == rounds);
    say(what, ground.court, rounds, begin_ns);
    ground_end(&ground);
}

static void processes(void **state)
{
    (void)state;
    ntf_test_watchdog(0);
    play_processes("two processes, parked", RALLY_PARKS, pairs / 4);
    play_processes("two processes", RALLY_SPINS, pairs / 4);
}

// ---- death

static uint64_t random_below(uint64_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state % limit;
}

// Anywhere in a round: some rounds on, and then some looks.
static void until_some_moment(struct court *court)
{
    const uint64_t rounds = ntf_load(&court->side[1].rounds, NTF_ACQUIRE) + random_below(300);
    struct watchdog watchdog = {0};

    while (ntf_load(&court->side[1].rounds, NTF_ACQUIRE) < rounds) {
        watch(&watchdog, court);
        pairs_yield();
    }
    for (uint64_t looks = random_below(20000); looks > 0; looks--)
        (void)ntf_load(&court->side[1].rounds, NTF_RELAXED);
}

static void until_timeout(struct court *court)
{
    const uint64_t before = ntf_load(&court->side[0].timeouts, NTF_ACQUIRE);
    struct watchdog watchdog = {0};

    while (ntf_load(&court->side[0].timeouts, NTF_ACQUIRE) == before) {
        watch(&watchdog, court);
        pairs_yield();
    }
}

static void until_rounds(struct court *court, uint64_t more)
{
    const uint64_t goal = ntf_load(&court->side[0].rounds, NTF_ACQUIRE) + more;
    struct watchdog watchdog = {0};

    while (ntf_load(&court->side[0].rounds, NTF_ACQUIRE) < goal) {
        watch(&watchdog, court);
        pairs_yield();
    }
}

// The other process dies while it sleeps, looks, writes, signals or wakes. Who survives goes on with the next one: a
// signal that the dead did not wake for is found by the look once a second, and a wait ends at its limit, which is seen
// each time that the dead is not replaced before.
static void kill_some(void **state)
{
    const uint64_t limit_ns = 3 * NTF_SAFETY_NS / 2, endless = UINT64_MAX - 1;
    struct ntf_child *child;
    struct runner runner;
    struct ground ground;
    ntf_au32 ended;

    (void)state;
    ntf_test_watchdog(0);
    ground_make(&ground);
    ntf_init(&ended, 0);
    runner = (struct runner){.side = server(&ground, RALLY_SPINS, endless, limit_ns), .ended = &ended};
    start(&runner);
    for (uint64_t i = 0; i < pairs; i++) {
        child = peer_start(i % 2 ? RALLY_PARKS : RALLY_SPINS, endless, limit_ns, ground.handles);
        until_some_moment(ground.court);
        ntf_child_kill(child);
        (void)ntf_child_wait(child);
        ntf_store(&ground.court->side[1].asleep, 0, NTF_RELEASE);
        if (i % 8 == 7)
            until_timeout(ground.court);
    }
    child = peer_start(RALLY_SPINS, endless, limit_ns, ground.handles);
    until_rounds(ground.court, 100);
    ntf_store(&ground.court->stop, 1, NTF_RELEASE);
    await(ground.court, &ended, 1);
    ntf_thread_join(runner.thread);
    assert_true(runner.good);
    ntf_child_expect(child, "good");
    assert_int_equal(ntf_child_wait(child), 0);
    assert_true(ntf_load(&ground.court->side[0].timeouts, NTF_RELAXED) >= pairs / 8);
    fprintf(stderr,
            "%" PRIu64 " killed; the survivor: %" PRIu64 " rounds, %" PRIu64 " waits ended at their limit, at most "
            "%.1f ms behind it; at most %.1f ms from a signal to its wait's end\n",
            pairs, ntf_load(&ground.court->side[0].rounds, NTF_RELAXED),
            ntf_load(&ground.court->side[0].timeouts, NTF_RELAXED), (double)runner.side.worst_late_ns / 1e6,
            (double)runner.side.worst_wake_ns / 1e6);
    ground_end(&ground);
}

// ----

int main(int argc, char **argv)
{
    static const struct {
        const char *name, *suite;
        uint64_t few;
        struct CMUnitTest test;
    } modes[] = {
        {"spinning", "stress-pairs-spinning", 60000, cmocka_unit_test(spinning)},
        {"parked", "stress-pairs-parked", 40000, cmocka_unit_test(parked)},
        {"processes", "stress-pairs-processes", 40000, cmocka_unit_test(processes)},
        {"kill", "stress-pairs-kill", 10, cmocka_unit_test(kill_some)},
    };

    if (ntf_test_role(argc, argv))
        return peer();
    if (!ntf_os_random(&random_state, sizeof random_state) || random_state == 0)
        random_state = 1;
    for (size_t i = 0; i < NTF_COUNT(modes) && (argc == 2 || argc == 3); i++) {
        if (strcmp(argv[1], modes[i].name))
            continue;
        pairs = argc == 3 ? strtoull(argv[2], NULL, 10) : modes[i].few;
        return ntf_test_run(modes[i].suite, &modes[i].test, 1, NULL, NULL);
    }
    fprintf(stderr, "usage: stress-pairs spinning|parked|processes|kill [N]\n");
    return 2;
}
