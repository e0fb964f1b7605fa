/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hundred peers, killed in the middle of their traffic: who waits, who signals, who serves names
 * and who asks for them. The victim never knows when; the seed that decides it is printed, and
 * NTF_TEST_SEED takes it. After each the living go on, at once; whoever waits at that moment gets
 * what it waits for; in the end nothing is left anywhere.
 */
#include "peer_os.h"
#include "peers.h"

#include "base/deadline.h"
#include "kmt/os/parker.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KILLS = 100, MOST_STEPS = 200, CHASERS = 3, END = 1000000000 };

static uint64_t seed;
static char tag[32];

static void pause_at_random(uint64_t *random)
{
    const uint64_t turns = peers_random(random) % 8;

    for (uint64_t i = 0; i < turns; i++)
        rig_yield();
}

/* ---- who follows the value, step by step, until it is at the end ---- */

struct chaser {
    struct ntf_thread *thread;
    struct ntf_object *object;
    uint64_t random;
    ntf_au64 target; /* that it waits for now */
    enum ntf_result result;
};

static void chase(void *context)
{
    struct chaser *chaser = context;
    uint64_t value = 0;

    chaser->result = NTF_OK;
    while (value < END && chaser->result == NTF_OK) {
        const uint64_t ahead =
            ntf_object_value(chaser->object) + 1 + peers_random(&chaser->random) % 3;
        const uint64_t target = ahead < END ? ahead : END;
        ntf_store(&chaser->target, target, NTF_RELEASE);
        chaser->result = peers_wait(chaser->object, target, NTF_FOREVER, NULL);
        value = ntf_object_value(chaser->object);
    }
    ntf_store(&chaser->target, UINT64_MAX, NTF_RELEASE);
}

static void chasers_start(struct chaser chasers[CHASERS], struct ntf_object *object,
                          uint64_t *random)
{
    for (unsigned i = 0; i < CHASERS; i++) {
        chasers[i].object = object;
        chasers[i].random = peers_random(random);
        ntf_init(&chasers[i].target, (uint64_t)0);
        if (ntf_thread_start(&chasers[i].thread, "chaser", chase, &chasers[i]) != NTF_OK)
            abort();
    }
}

/* ---- the victims: they never come to an end ---- */

static struct ntf_object *given(void)
{
    char line[NTF_LINE_MAX];
    struct ntf_object *object;

    if (!ntf_parent_receive(line))
        exit(1);
    object = peers_open((ntf_handle)(uintptr_t)strtoull(line, NULL, 0));
    if (!object)
        exit(2);
    return object;
}

static void waits(void)
{
    static struct chaser chasers[CHASERS];
    struct ntf_object *object = given();
    char line[NTF_LINE_MAX];

    chasers_start(chasers, object, &seed);
    ntf_parent_send("ready");
    while (ntf_parent_receive(line))
        ;
}

static void signals(void)
{
    struct ntf_object *object = given();

    ntf_parent_send("ready");
    for (;;) {
        (void)object->ops->signal(object, ntf_object_value(object) + 1, NULL);
        pause_at_random(&seed);
    }
}

static void serves(const char *name)
{
    ntf_parent_send("ready");
    for (;;) {
        const struct rig_fence fence = rig_monitored(SHARED, 7);
        ntf_handle nt;
        ntf_status status;
        /* Windows: who looks a name up keeps it for that moment, as every handle of a named thing
         * does. */
        while ((status = rig_share_as(fence.handle, name, &nt)) ==
                   NTF_STATUS_OBJECT_NAME_COLLISION &&
               !ntf_parker_words_wake)
            rig_yield();
        if (status != NTF_STATUS_SUCCESS)
            exit(3);
        rig_handle_close(nt);
        pause_at_random(&seed);
        rig_destroy(fence.handle);
    }
}

static void asks(const char *name)
{
    ntf_parent_send("ready");
    for (;;) {
        struct ntf_object *object;
        ntf_handle nt;
        if (rig_lookup(name, 1, &nt) != NTF_STATUS_SUCCESS)
            exit(4);
        object = peers_open(nt);
        rig_handle_close(nt);
        (void)peers_wait(object, ntf_object_value(object) + 1, 1000, NULL);
        (void)object->ops->signal(object, ntf_object_value(object) + 1, NULL);
        peers_close(object);
    }
}

static int victim(const char *role)
{
    seed = strtoull(ntf_test_role_arg(0), NULL, 0);
    if (strcmp(role, "waits") == 0)
        waits();
    else if (strcmp(role, "signals") == 0)
        signals();
    else if (strcmp(role, "serves") == 0)
        serves(ntf_test_role_arg(1));
    else if (strcmp(role, "asks") == 0)
        asks(ntf_test_role_arg(1));
    return 5;
}

/* ---- the rounds ---- */

static struct ntf_child *victim_start(const char *role, const char *name, struct ntf_object *object,
                                      const struct rig_fence *fence, uint64_t *random)
{
    char number[32];
    struct ntf_child *child;

    (void)snprintf(number, sizeof number, "%" PRIu64, peers_random(random));
    child = ntf_child_start(role, number, name, NULL);
    if (object) {
        const ntf_handle nt = rig_share(fence->handle);
        ntf_child_send(child, "%" PRIu64, ntf_child_give_handle(child, (uint64_t)(uintptr_t)nt));
        rig_handle_close(nt);
    }
    ntf_child_expect(child, "ready");
    return child;
}

static void end(struct ntf_child *child)
{
    ntf_child_kill(child);
    assert_int_equal(ntf_child_wait(child), -1); /* it lived until then */
}

static void kill_waiter(uint64_t *random, const char *name)
{
    const struct rig_fence fence = rig_monitored(SHARED, 0);
    struct ntf_object *object = peers_object(&fence);
    struct ntf_child *child = victim_start("waits", NULL, object, &fence, random);
    const uint64_t steps = peers_random(random) % MOST_STEPS;

    (void)name;
    for (uint64_t i = 1; i <= steps; i++) {
        assert_int_equal(rig_signal(fence.handle, i), NTF_STATUS_SUCCESS);
        pause_at_random(random);
    }
    end(child);
    peers_go_on(object);
    peers_close(object);
    rig_destroy(fence.handle);
}

static void kill_signaller(uint64_t *random, const char *name)
{
    static struct chaser chasers[CHASERS];
    const struct rig_fence fence = rig_native(SHARED, 0);
    struct ntf_object *object = peers_object(&fence);
    struct ntf_child *child;
    const uint64_t steps = peers_random(random) % MOST_STEPS;

    (void)name;
    chasers_start(chasers, object, random);
    child = victim_start("signals", NULL, object, &fence, random);
    while (ntf_object_value(object) < steps)
        rig_yield();
    pause_at_random(random);
    end(child);
    /* What it has stored is seen, also where the wake is missing: by the next re-read. */
    for (unsigned i = 0; i < CHASERS; i++)
        while (ntf_load(&chasers[i].target, NTF_ACQUIRE) <= ntf_object_value(object))
            rig_yield();
    assert_int_equal(rig_signal(fence.handle, END), NTF_STATUS_SUCCESS);
    for (unsigned i = 0; i < CHASERS; i++) {
        ntf_thread_join(chasers[i].thread);
        assert_int_equal(chasers[i].result, NTF_OK);
    }
    peers_go_on(object);
    peers_close(object);
    rig_destroy(fence.handle);
}

static void kill_server(uint64_t *random, const char *name)
{
    struct ntf_child *child = victim_start("serves", name, NULL, NULL, random);
    const uint64_t steps = peers_random(random) % MOST_STEPS / 4;
    struct rig_fence fence;
    ntf_status status;
    ntf_handle nt;

    for (uint64_t i = 0; i < steps; i++) {
        status = rig_lookup(name, 1, &nt);
        if (status == NTF_STATUS_SUCCESS)
            rig_handle_close(nt);
        else
            assert_int_equal(status, NTF_STATUS_OBJECT_NAME_NOT_FOUND);
    }
    end(child);
    assert_int_equal(rig_lookup(name, 1, &nt), NTF_STATUS_OBJECT_NAME_NOT_FOUND);
    fence = rig_monitored(SHARED, 0);
    assert_int_equal(rig_share_as(fence.handle, name, &nt), NTF_STATUS_SUCCESS);
    rig_handle_close(nt);
    rig_destroy(fence.handle);
}

static void kill_client(uint64_t *random, const char *name)
{
    const struct rig_fence fence = rig_monitored(SHARED, 0);
    struct ntf_object *object = peers_object(&fence);
    const uint64_t steps = peers_random(random) % MOST_STEPS / 4;
    struct ntf_child *child;
    ntf_handle nt;

    assert_int_equal(rig_share_as(fence.handle, name, &nt), NTF_STATUS_SUCCESS);
    rig_handle_close(nt);
    child = victim_start("asks", name, NULL, NULL, random);
    for (uint64_t i = 0; i < steps; i++) {
        assert_int_equal(rig_lookup(name, 1, &nt), NTF_STATUS_SUCCESS);
        rig_handle_close(nt);
        pause_at_random(random);
    }
    end(child);
    assert_int_equal(rig_lookup(name, 1, &nt), NTF_STATUS_SUCCESS);
    rig_handle_close(nt);
    peers_go_on(object);
    peers_close(object);
    rig_destroy(fence.handle);
}

static const struct {
    const char *who;
    void (*kill)(uint64_t *, const char *);
} modes[] = {
    {"waiter", kill_waiter},
    {"signaller", kill_signaller},
    {"name server", kill_server},
    {"name client", kill_client},
};

static void rounds(unsigned first, unsigned count, uint64_t from)
{
    uint64_t longest_ns[NTF_COUNT(modes)] = {0};

    for (unsigned i = first; i < first + count; i++) {
        /* Each round has its own numbers, so that what other rounds make of theirs does not matter.
         */
        uint64_t random = from + i * UINT64_C(0x2545F4914F6CDD1D);
        const uint64_t begin = ntf_os_now_ns();
        const unsigned mode = i % NTF_COUNT(modes);
        char name[64];
        ntf_test_watchdog(60);
        (void)snprintf(name, sizeof name, "NtfPeers-%s-%u", tag, i);
        modes[mode].kill(&random, name);
        if (ntf_os_now_ns() - begin > longest_ns[mode])
            longest_ns[mode] = ntf_os_now_ns() - begin;
    }
    for (unsigned i = 0; i < NTF_COUNT(modes); i++)
        fprintf(stderr, "%s killed: the longest round took %.3f s\n", modes[i].who,
                (double)longest_ns[i] / 1e9);
}

/* A process does it all and ends; whoever looks from outside then finds nothing of it or of its
 * victims. */
static int bystander(void)
{
    (void)snprintf(tag, sizeof tag, "%s", ntf_test_role_arg(1));
    rounds(0, 8, strtoull(ntf_test_role_arg(0), NULL, 0));
    return 0;
}

static void nothing_stays(void **state)
{
    struct ntf_child *child;
    char number[32];

    (void)state;
    assert_int_equal(peer_leavings(tag, KILLS), 0);
    (void)snprintf(number, sizeof number, "%" PRIu64, seed);
    child = ntf_child_start("bystander", number, tag, NULL);
    assert_int_equal(ntf_child_wait(child), 0);
    assert_int_equal(peer_leavings(tag, KILLS), 0);
}

static void a_hundred_kills(void **state)
{
    size_t handles, threads;

    (void)state;
    rounds(0, 8,
           seed); /* what is opened once: the thread that serves names, threads that Wine makes */
    handles = ntf_test_open_handles();
    threads = ntf_test_threads();
    rounds(8, KILLS - 8, seed);
    /* Windows: the bells of the last 256 dead that were rung stay with us. */
    ntf_test_until_handles(handles + (ntf_parker_words_wake ? 0 : 256));
    assert_in_range(ntf_test_threads(), 1, threads);
}

/* The server of a name stands still when it is killed, with a client at its door: that one is told
 * so at once. */
struct asker {
    struct ntf_thread *thread;
    const char *name;
    ntf_status status;
    ntf_au32 done;
};

static void ask_once(void *context)
{
    struct asker *asker = context;
    ntf_handle nt;

    asker->status = rig_lookup(asker->name, 1, &nt);
    ntf_store(&asker->done, 1u, NTF_RELEASE);
}

static int holds(const char *name)
{
    const struct rig_fence fence = rig_monitored(SHARED, 7);
    char line[NTF_LINE_MAX];
    ntf_handle nt;

    if (rig_share_as(fence.handle, name, &nt) != NTF_STATUS_SUCCESS)
        return 3;
    ntf_parent_send("ready");
    while (ntf_parent_receive(line))
        ;
    return 0;
}

static void frozen_server(void **state)
{
    struct asker asker = {.name = rig_unique("NtfTest-Frozen")};
    struct ntf_child *child = ntf_child_start("holds", asker.name, NULL);
    const uint64_t begin = ntf_os_now_ns();
    const size_t handles = ntf_test_open_handles();

    (void)state;
    ntf_child_expect(child, "ready");
    if (!peer_freeze(
            ntf_child_pid(child))) { /* nobody serves names there: with the process goes the name */
        end(child);
        assert_int_equal(rig_lookup(asker.name, 1, &(ntf_handle){NULL}),
                         NTF_STATUS_OBJECT_NAME_NOT_FOUND);
        return;
    }
    ntf_init(&asker.done, 0u);
    assert_int_equal(ntf_thread_start(&asker.thread, "asker", ask_once, &asker), NTF_OK);
    while (ntf_test_open_handles() == handles && !ntf_load(&asker.done, NTF_ACQUIRE))
        rig_yield(); /* until its socket is there */
    end(child);
    ntf_thread_join(asker.thread);
    assert_int_equal(asker.status, NTF_STATUS_OBJECT_NAME_NOT_FOUND);
    printf("told after %.3f s\n", (double)(ntf_os_now_ns() - begin) / 1e9);
    ntf_test_until_handles(handles - 1); /* less the child's */
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_stays), /* first, while this process itself has nothing */
        cmocka_unit_test(a_hundred_kills),
        cmocka_unit_test(frozen_server),
    };
    const char *role = ntf_test_role(argc, argv);

    rig_load();
    if (role && strcmp(role, "bystander") == 0)
        return bystander();
    if (role && strcmp(role, "holds") == 0)
        return holds(ntf_test_role_arg(0));
    if (role)
        return victim(role);
    seed = peers_seed();
    (void)snprintf(tag, sizeof tag, "%s", rig_unique("") + 1);
    return ntf_test_run("peers-random", tests, NTF_COUNT(tests), NULL, NULL);
}
