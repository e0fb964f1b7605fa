/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A peer that is killed at each named step of the page protocol (steps.py). This program has its
 * own build of page.c, in which the victim, this executable once more, stops at the step that it
 * was told, says so, and is killed there.
 *
 * Waits of the living are of three kinds. Under a clock of the test's own, which a sleep moves to
 * where it would have ended: there a value that was stored has to be seen at the second re-read at
 * the latest. In a thread with the real clock: the time is printed, and only the watchdog judges.
 * And such as nothing but a wake ends.
 */
#include "peers.h"
#include "peers_steps.h"

#include "base/deadline.h"
#include "kmt/os/parker.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEP_PARKED PEERS_STEPS /* no line of page.c: asleep, or as good as */
#define MS UINT64_C(1000000)

static const char *const step_names[PEERS_STEPS + 1] = {PEERS_STEP_NAMES, "parked"};

/* ---- the victim ---- */

static ntf_au32 stop_at; /* step + 1; 0 in the living */

static void stop(unsigned step)
{
    char line[NTF_LINE_MAX];

    ntf_parent_send("at %s", step_names[step]);
    while (ntf_parent_receive(line))
        ;
    exit(9); /* not killed, but left alone */
}

void peers_step(enum peers_step step)
{
    if (ntf_load(&stop_at, NTF_RELAXED) == (uint32_t)step + 1)
        stop(step);
}

static uint64_t os_now(void)
{
    return ntf_os_now_ns();
}

/* Says so and sleeps: the kill comes in the sleep, or a moment before. */
static void say_and_sleep(struct ntf_parker *parker, uint64_t deadline_ns)
{
    ntf_parent_send("at parked");
    for (;;)
        ntf_park_os_ops.sleep(parker, deadline_ns == 0 ? 0 : NTF_FOREVER);
}

static const struct ntf_park_ops parked = {os_now, say_and_sleep, NULL};

static struct ntf_object *held;

static void victim_obeys(const char *line)
{
    static struct peers_crowd crowd;
    const char *argument = strchr(line, ' ');
    const uint64_t value = argument ? strtoull(argument + 1, NULL, 0) : 0;
    const bool parks = ntf_load(&stop_at, NTF_RELAXED) == STEP_PARKED + 1;

    if (strncmp(line, "open ", 5) == 0)
        held = peers_open((ntf_handle)(uintptr_t)value);
    else if (strncmp(line, "stop ", 5) == 0)
        ntf_store(&stop_at, (uint32_t)value + 1, NTF_RELAXED);
    else if (strncmp(line, "wait ", 5) == 0)
        (void)peers_wait(held, value, NTF_FOREVER, parks ? &parked : NULL);
    else if (strncmp(line, "glance ", 7) == 0)
        (void)peers_wait(held, value, MS, NULL);
    else if (strncmp(line, "signal ", 7) == 0)
        (void)held->ops->signal(held, value, NULL);
    else if (strncmp(line, "crowd ", 6) == 0)
        peers_crowd_in(&crowd, held);
    ntf_parent_send("done");
}

static int victim(void)
{
    char line[NTF_LINE_MAX];

    while (ntf_parent_receive(line))
        victim_obeys(line);
    return 0;
}

/* ---- the living ---- */

static void tell(struct ntf_child *child, const char *word, uint64_t value)
{
    ntf_child_send(child, "%s %" PRIu64, word, value);
}

static struct ntf_child *victim_of(const struct rig_fence *fence, unsigned step)
{
    struct ntf_child *child = ntf_child_start("victim", NULL);
    const ntf_handle nt = rig_share(fence->handle);

    tell(child, "open", ntf_child_give_handle(child, (uint64_t)(uintptr_t)nt));
    ntf_child_expect(child, "done");
    rig_handle_close(nt);
    tell(child, "stop", step);
    ntf_child_expect(child, "done");
    return child;
}

static void kill_at(struct ntf_child *child, unsigned step, const char *word, uint64_t value)
{
    char expected[64];

    (void)snprintf(expected, sizeof expected, "at %s", step_names[step]);
    tell(child, word, value);
    ntf_child_expect(child, expected);
    ntf_child_kill(child);
    assert_int_equal(ntf_child_wait(child), -1);
}

/* Where a step is passed: by what command, and whether all slots have to be taken for it. */
struct scene {
    unsigned step;
    const char *word;
    bool crowd;
};

static void print_scene(const struct scene *scene, double seconds)
{
    printf("%s killed when %s%s: %.3f s\n", scene->word[0] == 's' ? "signaller" : "waiter",
           step_names[scene->step], scene->crowd ? ", all slots taken" : "", seconds);
}

/* Two others wait, one since before the victim, one since its death. Both are woken: nobody makes
 * up for a wake. */
static void kill_waiter(const struct scene *scene)
{
    const struct rig_fence fence = rig_monitored(SHARED, 0);
    struct ntf_object *object = peers_object(&fence);
    struct ntf_child *child = victim_of(&fence, scene->step);
    /* Where words do not wake, who has no slot is not woken but looks. */
    const struct ntf_park_ops *ops = scene->crowd ? NULL : &peers_wake_only;
    static struct peers_crowd crowd;
    struct peers_waiter before, after;
    uint64_t begin;

    if (scene->crowd)
        peers_crowd_in(&crowd, object);
    peers_waiter_start(&before, object, 2, ops);
    if (!scene->crowd)
        peers_until_waiting(object, 2, 1);
    kill_at(child, scene->step, scene->word, 1);
    peers_waiter_start(&after, object, 2, ops);
    if (!scene->crowd)
        peers_until_waiting(object, 2, 2);
    begin = ntf_os_now_ns();
    assert_int_equal(rig_signal(fence.handle, 2), NTF_STATUS_SUCCESS);
    peers_waiter_join(&before);
    peers_waiter_join(&after);
    print_scene(scene, (double)(ntf_os_now_ns() - begin) / 1e9);
    if (scene->crowd)
        peers_crowd_out(&crowd);
    peers_go_on(object);
    peers_close(object);
    rig_destroy(fence.handle);
}

static void killed_waiters(void **state)
{
    static const struct scene scenes[] = {
        {PEERS_OWNED, "wait", false},      {PEERS_TARGETED, "wait", false},
        {PEERS_ARMED, "wait", false},      {PEERS_FENCED, "wait", false},
        {PEERS_WORD_READ, "wait", false},  {STEP_PARKED, "wait", false},
        {PEERS_LEAVING, "glance", false},  {PEERS_UNTARGETED, "glance", false},
        {PEERS_DISARMED, "glance", false}, {PEERS_CROWDED, "wait", true},
        {STEP_PARKED, "wait", true},
    };

    (void)state;
    for (size_t i = 0; i < NTF_COUNT(scenes); i++) {
        ntf_test_watchdog(60);
        kill_waiter(&scenes[i]);
    }
}

/* ---- under a clock of the test's own ---- */

static struct {
    const struct scene *scene;
    struct ntf_child *child;
    uint64_t now_ns;
    unsigned sleeps;
    bool beyond; /* a sleep that would have lasted longer than the safety period */
} clock_world;

static uint64_t clock_now(void)
{
    return clock_world.now_ns;
}

/* The victim signals and dies while we sleep; the first sleep may be the one in which that happens.
 */
static void clock_sleep(struct ntf_parker *parker, uint64_t deadline_ns)
{
    (void)parker;
    if (clock_world.sleeps++ == 0)
        kill_at(clock_world.child, clock_world.scene->step, clock_world.scene->word, 1);
    clock_world.beyond = clock_world.beyond || deadline_ns > clock_world.now_ns + NTF_SAFETY_NS;
    /* A test must not hang on what it is to find. */
    clock_world.now_ns = ntf_deadline_min(deadline_ns, clock_world.now_ns + 100 * NTF_SAFETY_NS);
}

static const struct ntf_park_ops clock_ops = {clock_now, clock_sleep, NULL};

static void kill_signaller(const struct scene *scene)
{
    const struct rig_fence fence = rig_native(SHARED, 0);
    struct ntf_object *object = peers_object(&fence);
    static struct peers_crowd crowd;
    struct peers_waiter real;
    uint64_t begin;

    memset(&clock_world, 0, sizeof clock_world);
    clock_world.now_ns = 1;
    clock_world.scene = scene;
    clock_world.child = victim_of(&fence, scene->step);
    if (scene->crowd)
        peers_crowd_in(&crowd, object);
    peers_waiter_start(&real, object, 1, NULL);
    if (!scene->crowd)
        peers_until_waiting(object, 1, 1);
    begin = ntf_os_now_ns();
    assert_int_equal(peers_wait(object, 1, NTF_FOREVER, &clock_ops), NTF_OK);
    assert_false(clock_world.beyond);
    assert_in_range(clock_world.sleeps, 1, 2);
    peers_waiter_join(&real);
    print_scene(scene, (double)(ntf_os_now_ns() - begin) / 1e9);
    assert_int_equal(ntf_object_value(object), 1);
    if (scene->crowd)
        peers_crowd_out(&crowd);
    peers_go_on(object);
    peers_close(object);
    rig_destroy(fence.handle);
}

static void killed_signallers(void **state)
{
    static const struct scene scenes[] = {
        {PEERS_STORED, "signal", false},        {PEERS_STORE_FENCED, "signal", false},
        {PEERS_ARMED_READ, "signal", false},    {PEERS_REACHED, "signal", false},
        {PEERS_WORD_BUMPED, "signal", false},   {PEERS_WOKEN, "signal", false},
        {PEERS_WIPED, "signal", false},         {PEERS_STORED, "signal", true},
        {PEERS_OVERFLOWN, "signal", true},      {PEERS_OVERFLOW_COUNTED, "signal", true},
        {PEERS_OVERFLOW_WOKEN, "signal", true},
    };

    (void)state;
    for (size_t i = 0; i < NTF_COUNT(scenes); i++) {
        ntf_test_watchdog(60);
        kill_signaller(&scenes[i]);
    }
}

/* A finite wait that a killed signaller leaves alone ends at its deadline: at the second re-read
 * after three. */
static void finite_waits(void **state)
{
    static const struct scene scene = {PEERS_WORD_BUMPED, "signal", false};
    const struct rig_fence fence = rig_monitored(SHARED, 0);
    struct ntf_object *object = peers_object(&fence);
    struct peers_waiter other;

    (void)state;
    memset(&clock_world, 0, sizeof clock_world);
    clock_world.now_ns = 1;
    clock_world.scene = &scene;
    clock_world.child = victim_of(&fence, scene.step);
    peers_waiter_start(&other, object, 1, NULL); /* so that the victim has somebody to wake */
    peers_until_waiting(object, 1, 1);
    assert_int_equal(peers_wait(object, 2, 3 * NTF_SAFETY_NS + 500 * MS, &clock_ops), NTF_TIMEOUT);
    assert_true(clock_world.now_ns == 1 + 3 * NTF_SAFETY_NS + 500 * MS);
    assert_int_equal(clock_world.sleeps, 4);
    peers_waiter_join(&other);
    peers_go_on(object);
    peers_close(object);
    rig_destroy(fence.handle);
}

/* Dead upon dead: one peer is killed with all slots taken, the next while it takes one of those
 * over. */
static void killed_heirs(void **state)
{
    static const unsigned steps[] = {PEERS_OWNED, PEERS_TARGETED, PEERS_ARMED, STEP_PARKED};

    (void)state;
    for (size_t i = 0; i < NTF_COUNT(steps); i++) {
        const struct rig_fence fence = rig_monitored(SHARED, 0);
        struct ntf_object *object = peers_object(&fence);
        struct ntf_child *first = victim_of(&fence, PEERS_STEPS + 1);
        struct ntf_child *heir = victim_of(&fence, steps[i]);
        tell(first, "crowd", 0);
        ntf_child_expect(first, "done");
        assert_true(ntf_load(&peers_page(object)->armed, NTF_ACQUIRE) == UINT64_MAX);
        ntf_child_kill(first);
        assert_int_equal(ntf_child_wait(first), -1);
        kill_at(heir, steps[i], "wait", 1);
        assert_int_equal(ntf_load(&peers_page(object)->overflow, NTF_ACQUIRE), 0);
        peers_go_on(object);
        peers_close(object);
        rig_destroy(fence.handle);
    }
}

/* Killed, one after the other, at each step: handles and mappings of the living are what they were.
 */
static void nothing_is_kept(void **state)
{
    static const struct scene waiter = {PEERS_ARMED, "wait", false},
                              signaller = {PEERS_STORED, "signal", false};
    size_t handles, threads;

    (void)state;
    kill_waiter(&waiter); /* what is opened once */
    handles = ntf_test_open_handles();
    threads = ntf_test_threads();
    for (int i = 0; i < 3; i++) {
        kill_waiter(&waiter);
        kill_signaller(&signaller);
    }
    assert_in_range(ntf_test_threads(), 1, threads);
    /* Windows: the bell of each dead peer that was rung stays with us until 255 others have been. */
    assert_in_range(ntf_test_open_handles(), 0, handles + (ntf_parker_words_wake ? 0 : 6));
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_waiters),  cmocka_unit_test(killed_signallers),
        cmocka_unit_test(finite_waits),    cmocka_unit_test(killed_heirs),
        cmocka_unit_test(nothing_is_kept),
    };

    rig_load();
    if (ntf_test_role(argc, argv))
        return victim();
    return ntf_test_run("peers-steps", tests, NTF_COUNT(tests), NULL, NULL);
}
