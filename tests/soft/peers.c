/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two processes. The child is an agent: it opens a fence by handle or name and does what it is told; the tests are
 * the parent's. No time decides a verdict; a lost wake is a hang, which the watchdog ends.
 */
#include "rig.h"

#include "base/deadline.h"
#include "kmt/soft/soft.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 64
#define ROUNDS 10000

/* ---- waits that nothing but a wake can end ---- */

/* Without the safety period: a wake that is lost stays lost. */
static void sleep_for_good(struct ntf_parker *parker, uint64_t deadline_ns)
{
    (void)deadline_ns;
    ntf_park_os_ops.sleep(parker, NTF_FOREVER);
}

static uint64_t os_now(void)
{
    return ntf_os_now_ns();
}

static const struct ntf_park_ops without_safety = { os_now, sleep_for_good, NULL };

static struct ntf_object *object_of(ntf_handle nt)
{
    struct ntf_object *object = NULL;
    ntf_status status;
    const char *why = "";

    if (ntf_soft_open_handle(nt, &object, &status, &why) != NTF_OK)
        fprintf(stderr, "cannot open: %s\n", why);
    return object;
}

/* Waits for the k-th value of one object, then gives the k-th to the other. Returns whether none came early. */
static bool answer_rounds(struct ntf_object *in, struct ntf_object *out, uint64_t rounds, bool begins)
{
    struct ntf_parker parker;
    bool good = true;

    ntf_parker_begin(&parker, &without_safety);
    for (uint64_t k = 1; k <= rounds; k++) {
        struct ntf_watch watch;
        uint32_t index;
        if (begins)
            (void)out->ops->signal(out, k, NULL);
        ntf_object_watch(in, k, &watch);
        good = ntf_watch_any(&watch, 1, NTF_FOREVER, &parker, &index) == NTF_OK && good;
        good = ntf_object_value(in) == k && good;
        if (!begins)
            (void)out->ops->signal(out, k, NULL);
    }
    ntf_parker_end(&parker);
    return good;
}

/* ---- the agent ---- */

static struct rig_fence held; /* what the last command opened or made */
static struct ntf_object *first;

static void say_status(ntf_status status)
{
    ntf_parent_send("0x%08X", (unsigned)status);
}

static void agent_open(ntf_handle nt)
{
    say_status(rig_open(nt, 0, &held));
}

static void agent_lookup(const char *name)
{
    ntf_handle nt;
    ntf_status status = rig_lookup(name, D3DDDI_SYNC_OBJECT_ALL_ACCESS, &nt);

    if (status == NTF_STATUS_SUCCESS) {
        status = rig_open(nt, 0, &held);
        rig_handle_close(nt);
    }
    say_status(status);
}

static void agent_share(const char *name)
{
    ntf_handle nt;
    ntf_status status;

    held = rig_monitored(SHARED, 0);
    status = rig_share_as(held.handle, name, &nt);
    if (status == NTF_STATUS_SUCCESS)
        rig_handle_close(nt); /* the name stays: the local handle keeps it */
    say_status(status);
}

static void agent_fill(unsigned count)
{
    static struct rig_waiter waiters[SLOTS];

    for (unsigned i = 0; i < count; i++)
        rig_waiter_start(&waiters[i], held.handle, 1000);
    rig_until_armed(&held, count);
    ntf_parent_send("armed");
}

static void agent_rounds(uint64_t nt)
{
    if (!first) {
        first = object_of((ntf_handle)(uintptr_t)nt);
        ntf_parent_send(first ? "first" : "failed");
    } else {
        struct ntf_object *second = object_of((ntf_handle)(uintptr_t)nt);
        ntf_parent_send(second ? "second" : "failed");
        ntf_parent_send(answer_rounds(first, second, ROUNDS, false) ? "good" : "early");
        second->ops->close(second);
        first->ops->close(first);
        first = NULL;
    }
}

/* One command; the value or name follows the word. */
static void obey(const char *line)
{
    const char *argument = strchr(line, ' ');
    const uint64_t value = argument ? strtoull(argument + 1, NULL, 0) : 0;

    if (strncmp(line, "open ", 5) == 0)
        agent_open((ntf_handle)(uintptr_t)value);
    else if (strncmp(line, "lookup ", 7) == 0)
        agent_lookup(argument + 1);
    else if (strncmp(line, "share ", 6) == 0)
        agent_share(argument + 1);
    else if (strncmp(line, "wait ", 5) == 0)
        say_status(rig_wait(held.handle, value));
    else if (strncmp(line, "signal ", 7) == 0)
        say_status(rig_signal(held.handle, value));
    else if (strncmp(line, "fill ", 5) == 0)
        agent_fill((unsigned)value);
    else if (strncmp(line, "rounds ", 7) == 0)
        agent_rounds(value);
    else if (strncmp(line, "store ", 6) == 0) { /* a signaller that stops between its store and its wake */
        ntf_store((ntf_au64 *)(uintptr_t)held.value, value, NTF_RELEASE);
        ntf_parent_send("stored");
    } else
        ntf_parent_send("what?");
}

static int agent(void)
{
    char line[NTF_LINE_MAX];

    while (ntf_parent_receive(line))
        obey(line);
    return 0;
}

/* ---- the parent ---- */

#define OK "0x00000000"

static struct ntf_child *agent_with(const struct rig_fence *fence)
{
    struct ntf_child *child = ntf_child_start("agent", NULL);
    const ntf_handle nt = rig_share(fence->handle);

    ntf_child_send(child, "open %" PRIu64, ntf_child_give_handle(child, (uint64_t)(uintptr_t)nt));
    ntf_child_expect(child, OK);
    rig_handle_close(nt);
    return child;
}

static void tell(struct ntf_child *child, const char *word, uint64_t value)
{
    ntf_child_send(child, "%s %" PRIu64, word, value);
}

/* Native and monitored, by handle: each side waits for what the other signals. */
static void by_handle(void **state)
{
    (void)state;
    for (int native = 0; native < 2; native++) {
        const struct rig_fence fence = native ? rig_native(SHARED, 0) : rig_monitored(SHARED, 0);
        struct ntf_child *child = agent_with(&fence);
        tell(child, "wait", 1);
        rig_until_armed(&fence, 1);
        assert_int_equal(rig_signal(fence.handle, 1), NTF_STATUS_SUCCESS);
        ntf_child_expect(child, OK);
        tell(child, "signal", 2);
        assert_int_equal(rig_wait(fence.handle, 2), NTF_STATUS_SUCCESS);
        ntf_child_expect(child, OK);
        tell(child, "signal", 1);
        ntf_child_expect(child, "0xC000000D");
        assert_int_equal(ntf_child_wait(child), 0);
        rig_destroy(fence.handle);
    }
}

static void by_event(void **state)
{
    const struct rig_fence fence = rig_monitored(SHARED, 0);
    const ntf_handle event = rig_event_new();
    struct ntf_child *child = agent_with(&fence);

    (void)state;
    assert_int_equal(rig_wait_async(fence.handle, 1, event), NTF_STATUS_SUCCESS);
    assert_false(rig_event_is_set(event));
    tell(child, "signal", 1);
    rig_event_take(event);
    ntf_child_expect(child, OK);
    assert_int_equal(ntf_child_wait(child), 0);
    rig_handle_close(event);
    rig_destroy(fence.handle);
}

/* Names across processes; collision with another process; with the process goes the name. */
static void by_name(void **state)
{
    const char *name = rig_unique("NtfTest-Peers");
    const struct rig_fence mine = rig_monitored(SHARED, 0);
    struct ntf_child *owner = ntf_child_start("agent", NULL), *other = ntf_child_start("agent", NULL);
    struct rig_fence fence;
    ntf_handle nt;

    (void)state;
    ntf_child_send(other, "lookup %s", name);
    ntf_child_expect(other, "0xC0000034");
    ntf_child_send(owner, "share %s", name);
    ntf_child_expect(owner, OK);
    ntf_child_send(other, "lookup %s", name);
    ntf_child_expect(other, OK);
    assert_int_equal(rig_share_as(mine.handle, name, &nt), NTF_STATUS_OBJECT_NAME_COLLISION);
    assert_int_equal(rig_lookup(name, 1, &nt), NTF_STATUS_SUCCESS);
    assert_int_equal(rig_open(nt, 0, &fence), NTF_STATUS_SUCCESS);
    rig_handle_close(nt);
    tell(other, "wait", 5);
    rig_until_armed(&fence, 1);
    tell(owner, "signal", 5);
    ntf_child_expect(owner, OK);
    ntf_child_expect(other, OK);
    ntf_child_kill(owner);
    assert_int_equal(ntf_child_wait(owner), -1);
    /* The object lives on here and there; its name does not. */
    assert_int_equal(rig_lookup(name, 1, &nt), NTF_STATUS_OBJECT_NAME_NOT_FOUND);
    assert_int_equal(rig_share_as(mine.handle, name, &nt), NTF_STATUS_SUCCESS);
    rig_handle_close(nt);
    tell(other, "signal", 6);
    assert_int_equal(rig_wait(fence.handle, 6), NTF_STATUS_SUCCESS);
    ntf_child_expect(other, OK);
    assert_int_equal(ntf_child_wait(other), 0);
    rig_destroy(fence.handle);
    rig_destroy(mine.handle);
}

/* All slots are taken by a process that is killed in them: each is taken over, none is lost, all waiters return. */
static void killed_waiters(void **state)
{
    static struct rig_waiter waiters[SLOTS];
    const struct rig_fence fence = rig_monitored(SHARED, 0);
    struct ntf_child *child = agent_with(&fence);

    (void)state;
    tell(child, "fill", SLOTS);
    ntf_child_expect(child, "armed");
    ntf_child_kill(child);
    assert_int_equal(ntf_child_wait(child), -1);
    /* The dead have all 64 bits; of the living only those who have taken a place over can be told apart: by target. */
    for (unsigned i = 0; i < SLOTS; i++)
        rig_waiter_start(&waiters[i], fence.handle, 2 + i);
    for (unsigned live = 0; live < SLOTS;) {
        const ntf_au64 *target = fence.value + 16; /* slots at 192, 32 bytes each */
        live = 0;
        for (unsigned i = 0; i < SLOTS; i++)
            live += ntf_load((ntf_au64 *)(uintptr_t)&target[4 * i], NTF_ACQUIRE) < 1000;
        rig_yield();
    }
    assert_int_equal(rig_signal(fence.handle, 2 + SLOTS), NTF_STATUS_SUCCESS);
    for (unsigned i = 0; i < SLOTS; i++)
        assert_int_equal(rig_waiter_join(&waiters[i]), NTF_STATUS_SUCCESS);
    for (unsigned i = 0; i < SLOTS; i++)
        assert_true(ntf_load((ntf_au64 *)(uintptr_t)(fence.value + 16 + 4 * i), NTF_ACQUIRE) == UINT64_MAX);
    rig_destroy(fence.handle);
}

/* A signaller killed between its store and its wake: the value is seen at the next look, a second later at most. */
static void killed_signaller(void **state)
{
    const struct rig_fence fence = rig_monitored(SHARED, 0);
    struct ntf_child *child = agent_with(&fence);
    struct rig_waiter waiter;

    (void)state;
    rig_waiter_start(&waiter, fence.handle, 1);
    rig_until_armed(&fence, 1);
    tell(child, "store", 1);
    ntf_child_expect(child, "stored");
    ntf_child_kill(child);
    assert_int_equal(ntf_child_wait(child), -1);
    assert_int_equal(rig_waiter_join(&waiter), NTF_STATUS_SUCCESS);
    rig_destroy(fence.handle);
}

/* Ten thousand signals each way, and nobody but the wake ends a wait. */
static void rounds(void **state)
{
    const struct rig_fence there = rig_monitored(SHARED, 0), back = rig_native(SHARED, 0);
    const ntf_handle nt[2] = { rig_share(there.handle), rig_share(back.handle) };
    struct ntf_object *out = object_of(nt[0]), *in = object_of(nt[1]);
    struct ntf_child *child = ntf_child_start("agent", NULL);

    (void)state;
    assert_non_null(out);
    assert_non_null(in);
    tell(child, "rounds", ntf_child_give_handle(child, (uint64_t)(uintptr_t)nt[0]));
    ntf_child_expect(child, "first");
    tell(child, "rounds", ntf_child_give_handle(child, (uint64_t)(uintptr_t)nt[1]));
    ntf_child_expect(child, "second");
    assert_true(answer_rounds(in, out, ROUNDS, true));
    ntf_child_expect(child, "good");
    assert_int_equal(ntf_child_wait(child), 0);
    out->ops->close(out);
    in->ops->close(in);
    rig_handle_close(nt[0]);
    rig_handle_close(nt[1]);
    rig_destroy(there.handle);
    rig_destroy(back.handle);
}

/* The same between two threads, over private objects: their waits have no safety period in any case. */
struct pair {
    struct rig_fence in, out;
    uint64_t rounds;
    bool good;
};

static void thread_rounds(void *context)
{
    struct pair *pair = context;

    for (uint64_t k = 1; k <= pair->rounds; k++) {
        pair->good = rig_wait(pair->in.handle, k) == NTF_STATUS_SUCCESS && pair->good;
        pair->good = rig_value(&pair->in) == k && pair->good;
        pair->good = rig_signal(pair->out.handle, k) == NTF_STATUS_SUCCESS && pair->good;
    }
}

static void rounds_between_threads(void **state)
{
    struct pair pair = { rig_monitored(0, 0), rig_native(0, 0), ROUNDS, true };
    struct ntf_thread *thread;

    (void)state;
    assert_int_equal(ntf_thread_start(&thread, "pong", thread_rounds, &pair), NTF_OK);
    for (uint64_t k = 1; k <= ROUNDS; k++) {
        assert_int_equal(rig_signal(pair.in.handle, k), NTF_STATUS_SUCCESS);
        assert_int_equal(rig_wait(pair.out.handle, k), NTF_STATUS_SUCCESS);
        assert_int_equal(rig_value(&pair.out), k);
    }
    ntf_thread_join(thread);
    assert_true(pair.good);
    rig_destroy(pair.in.handle);
    rig_destroy(pair.out.handle);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_handle),      cmocka_unit_test(by_event),         cmocka_unit_test(by_name),
        cmocka_unit_test(killed_waiters), cmocka_unit_test(killed_signaller), cmocka_unit_test(rounds),
        cmocka_unit_test(rounds_between_threads),
    };

    rig_load();
    if (ntf_test_role(argc, argv))
        return agent();
    return ntf_test_run("soft-peers", tests, NTF_COUNT(tests), NULL, NULL);
}
