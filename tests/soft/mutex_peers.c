/* SPDX-License-Identifier: Apache-2.0 */
/* Keyed mutexes and bundles among processes, by the D3DKMT calls alone: no turn is lost, and an owner that ends,
 * however, is found. */
#include "rig_bundle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WAIT_MS = 30000 };
#define OK NTF_STATUS_SUCCESS

static struct ntf_child *agent(D3DKMT_HANDLE global)
{
    struct ntf_child *child = ntf_child_start("agent", NULL);

    ntf_child_expect(child, "here");
    if (global) {
        ntf_child_send(child, "open %u", (unsigned)global);
        ntf_child_expect(child, "00000000");
    }
    return child;
}

/* Tells a child to do something, and what it has to answer. */
static void tell(struct ntf_child *child, const char *what, unsigned long long number, ntf_status expected)
{
    char answer[16];

    ntf_child_send(child, "%s %llu", what, number);
    (void)snprintf(answer, sizeof answer, "%08X", (unsigned)expected);
    ntf_child_expect(child, answer);
}

static void end(struct ntf_child *child)
{
    assert_int_equal(ntf_child_wait(child), 0);
}

static void two_processes_take_turns(void **state)
{
    D3DKMT_HANDLE global, mutex = rig_mutex(0, 0, &global);
    struct ntf_child *child = agent(global);
    uint64_t fence_value;

    (void)state;
    ntf_child_send(child, "serve 300");
    for (uint64_t i = 0; i < 300; i++) {
        assert_int_equal(rig_acquire(mutex, 0, NULL, &fence_value), OK);
        assert_int_equal(fence_value, 2 * i);
        assert_int_equal(rig_release(mutex, 1, 2 * i + 1), OK);
    }
    ntf_child_expect(child, "00000000");
    end(child);
    assert_int_equal(rig_try(mutex, 0), OK);
    assert_int_equal(rig_destroy_mutex(mutex), OK);
}

/* By a waiter, by a poll, and by one who opens it afterwards. */
static void killed_owner(void **state)
{
    (void)state;
    for (int waits = 0; waits < 2; waits++) {
        D3DKMT_HANDLE global, mutex = rig_mutex(0, 0, &global), late;
        struct ntf_child *child = agent(global);
        struct rig_taker taker;
        uint64_t fence_value;

        tell(child, "acquire", 0, OK);
        assert_int_equal(rig_try(mutex, 0), NTF_STATUS_TIMEOUT);
        if (waits)
            rig_taker_start(&taker, mutex, 0);
        ntf_child_kill(child);
        assert_int_equal(ntf_child_wait(child), -1);
        if (waits) {
            assert_int_equal(rig_taker_join(&taker), NTF_STATUS_ABANDONED);
            assert_int_equal(taker.fence_value, 0);
        }
        assert_int_equal(rig_try(mutex, 3), NTF_STATUS_ABANDONED);
        assert_int_equal(rig_open_mutex(global, &late), OK);
        assert_int_equal(rig_acquire(late, 0, NULL, &fence_value), NTF_STATUS_ABANDONED);
        assert_int_equal(rig_destroy_mutex(late), OK);
        assert_int_equal(rig_destroy_mutex(mutex), OK);
    }
}

/* A process that ends in order abandons what it holds as well. */
static void owner_that_exits(void **state)
{
    D3DKMT_HANDLE global, mutex = rig_mutex(0, 0, &global);
    struct ntf_child *child = agent(global);

    (void)state;
    tell(child, "acquire", 0, OK);
    end(child);
    assert_int_equal(rig_try(mutex, 0), NTF_STATUS_ABANDONED);
    assert_int_equal(rig_destroy_mutex(mutex), OK);
}

/* One that held it before and has gone is nobody's loss. */
static void former_owner_that_is_killed(void **state)
{
    D3DKMT_HANDLE global, mutex = rig_mutex(0, 0, &global);
    struct ntf_child *child = agent(global);

    (void)state;
    tell(child, "acquire", 0, OK);
    tell(child, "release", 4, OK);
    ntf_child_kill(child);
    assert_int_equal(ntf_child_wait(child), -1);
    assert_int_equal(rig_try(mutex, 4), OK);
    assert_int_equal(rig_destroy_mutex(mutex), OK);
}

/* A waiter elsewhere learns that the owner's handle has gone. */
static void abandoned_for_others(void **state)
{
    D3DKMT_HANDLE global, mutex = rig_mutex(0, 0, &global);
    struct ntf_child *child = agent(global);

    (void)state;
    assert_int_equal(rig_try(mutex, 0), OK);
    ntf_child_send(child, "acquire 0");
    assert_int_equal(rig_destroy_mutex(mutex), OK);
    ntf_child_expect(child, "00000080");
    end(child);
}

/* Killed anywhere between its calls and in them, again and again: the next one gets the mutex, or is told. */
static void killed_at_random(void **state)
{
    unsigned free_after = 0, abandoned = 0;

    (void)state;
    for (unsigned round = 0; round < 12; round++) {
        D3DKMT_HANDLE global, mutex = rig_mutex(0, 0, &global);
        struct ntf_child *child = agent(global);
        const uint64_t until = ntf_os_now_ns() + 1000000 + round * UINT64_C(370000);
        const int64_t timeout = WAIT_MS * MS;
        uint64_t fence_value;
        ntf_status status;

        ntf_child_send(child, "alone 1000000000");
        while (ntf_os_now_ns() < until)
            rig_yield();
        ntf_child_kill(child);
        (void)ntf_child_wait(child);
        status = rig_acquire(mutex, 0, &timeout, &fence_value);
        assert_true(status == OK || status == NTF_STATUS_ABANDONED);
        free_after += status == OK;
        abandoned += status == NTF_STATUS_ABANDONED;
        assert_int_equal(rig_destroy_mutex(mutex), OK);
    }
    print_message("free %u times, abandoned %u times\n", free_after, abandoned);
}

/* A copy that closes a mutex leaves its seat, however often: there are 64. */
static void seats_are_given_back(void **state)
{
    D3DKMT_HANDLE global, mutex = rig_mutex(0, 0, &global);
    struct ntf_child *child = agent(global);

    (void)state;
    assert_int_equal(rig_destroy_mutex(mutex), OK);
    for (unsigned i = 0; i < 70; i++) {
        assert_int_equal(rig_open_mutex(global, &mutex), OK);
        assert_int_equal(rig_try(mutex, 0), OK);
        assert_int_equal(rig_release(mutex, 0, 0), OK);
        assert_int_equal(rig_destroy_mutex(mutex), OK);
    }
    tell(child, "acquire", 0, OK);
    end(child);
}

/* ---- bundles ---- */

/* Both processes have the same mutex, and the same fence; the handle can be opened any number of times. */
static void bundle_of_two_processes(void **state)
{
    struct ntf_child *child = agent(0), *other = agent(0);
    struct rig_bundle bundle, again[20];
    ntf_handle nt;

    (void)state;
    rig_bundle_make(&bundle, 0);
    nt = rig_bundle_share(&bundle);
    tell(child, "bundle", ntf_child_give_handle(child, (uint64_t)(uintptr_t)nt), OK);
    tell(other, "bundle", ntf_child_give_handle(other, (uint64_t)(uintptr_t)nt), OK);
    for (unsigned i = 0; i < NTF_COUNT(again); i++)
        assert_int_equal(rig_bundle_open(nt, &again[i]), OK);
    rig_handle_close(nt);
    tell(child, "acquire", 0, OK);
    assert_int_equal(rig_try(bundle.mutex, 0), NTF_STATUS_TIMEOUT);
    tell(other, "try", 0, NTF_STATUS_TIMEOUT);
    tell(child, "release", 5, OK);
    assert_int_equal(rig_try(again[3].mutex, 5), OK);
    assert_int_equal(rig_release(again[3].mutex, 6, 0), OK);
    tell(child, "signal", 44, OK);
    assert_int_equal(ntf_load((ntf_au64 *)(uintptr_t)bundle.value, NTF_ACQUIRE), 44);
    assert_int_equal(rig_wait(again[0].sync, 44), OK);
    tell(other, "acquire", 6, OK);
    ntf_child_kill(other);
    assert_int_equal(ntf_child_wait(other), -1);
    tell(child, "acquire", 6, NTF_STATUS_ABANDONED);
    end(child);
    for (unsigned i = 0; i < NTF_COUNT(again); i++)
        rig_bundle_destroy(&again[i]);
    rig_bundle_destroy(&bundle);
}

/* By name, and what was opened is shared anew. */
static void bundle_by_name(void **state)
{
    const char *name = rig_unique("NtfBundle");
    struct ntf_child *child = agent(0);
    struct rig_bundle bundle, opened;
    ntf_handle nt, found, reshared;

    (void)state;
    rig_bundle_make(&bundle, 0);
    assert_int_equal(rig_bundle_share_as(&bundle, name, &nt), OK);
    rig_handle_close(nt);
    assert_int_equal(rig_lookup_resource(name, SHARED_ALLOCATION_WRITE, &found), OK);
    assert_int_equal(rig_bundle_open(found, &opened), OK);
    rig_handle_close(found);
    reshared = rig_bundle_share(&opened);
    tell(child, "bundle", ntf_child_give_handle(child, (uint64_t)(uintptr_t)reshared), OK);
    rig_handle_close(reshared);
    tell(child, "acquire", 0, OK);
    assert_int_equal(rig_try(bundle.mutex, 0), NTF_STATUS_TIMEOUT);
    tell(child, "release", 0, OK);
    end(child);
    assert_int_equal(rig_lookup(name, 1, &found), NTF_STATUS_OBJECT_TYPE_MISMATCH);
    rig_bundle_destroy(&opened);
    rig_bundle_destroy(&bundle);
    assert_int_equal(rig_lookup_resource(name, SHARED_ALLOCATION_WRITE, &found), NTF_STATUS_OBJECT_NAME_NOT_FOUND);
}

/* ---- the child ---- */

struct agent_state {
    struct rig_bundle bundle;
    D3DKMT_HANDLE mutex;
};

static ntf_status take_turns_with(D3DKMT_HANDLE mutex, uint64_t key, uint64_t next, uint64_t count)
{
    uint64_t fence_value;
    ntf_status status = NTF_STATUS_SUCCESS;

    for (uint64_t i = 0; i < count && status == NTF_STATUS_SUCCESS; i++) {
        status = rig_acquire(mutex, key, NULL, &fence_value);
        if (status == NTF_STATUS_SUCCESS)
            status = rig_release(mutex, next, fence_value + 1);
    }
    return status;
}

static ntf_status obey(struct agent_state *agent, const char *what, uint64_t number)
{
    uint64_t fence_value;
    ntf_status status;

    if (strcmp(what, "open") == 0)
        return rig_open_mutex((D3DKMT_HANDLE)number, &agent->mutex);
    if (strcmp(what, "bundle") == 0) {
        status = rig_bundle_open((ntf_handle)(uintptr_t)number, &agent->bundle);
        agent->mutex = agent->bundle.mutex;
        rig_handle_close((ntf_handle)(uintptr_t)number);
        return status;
    }
    if (strcmp(what, "acquire") == 0)
        return rig_acquire(agent->mutex, number, NULL, &fence_value);
    if (strcmp(what, "try") == 0)
        return rig_try(agent->mutex, number);
    if (strcmp(what, "release") == 0)
        return rig_release(agent->mutex, number, 0);
    if (strcmp(what, "signal") == 0)
        return rig_signal(agent->bundle.sync, number);
    if (strcmp(what, "serve") == 0)
        return take_turns_with(agent->mutex, 1, 0, number);
    return take_turns_with(agent->mutex, 0, 0, number); /* alone */
}

static int child_main(void)
{
    struct agent_state agent = { { 0, 0, 0, NULL }, 0 };
    char line[NTF_LINE_MAX];

    ntf_parent_send("here");
    while (ntf_parent_receive(line)) {
        char *space = strchr(line, ' ');
        uint64_t number;
        if (!space)
            return 2;
        *space = '\0';
        number = strtoull(space + 1, NULL, 10);
        ntf_parent_send("%08X", (unsigned)obey(&agent, line, number));
    }
    return 0;
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_processes_take_turns),
        cmocka_unit_test(killed_owner),
        cmocka_unit_test(owner_that_exits),
        cmocka_unit_test(former_owner_that_is_killed),
        cmocka_unit_test(abandoned_for_others),
        cmocka_unit_test(killed_at_random),
        cmocka_unit_test(seats_are_given_back),
        cmocka_unit_test(bundle_of_two_processes),
        cmocka_unit_test(bundle_by_name),
    };

    rig_load();
    if (ntf_test_role(argc, argv))
        return child_main();
    return ntf_test_run("soft-mutex-peers", tests, NTF_COUNT(tests), NULL, NULL);
}
