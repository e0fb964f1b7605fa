/* SPDX-License-Identifier: Apache-2.0 */
/* Keyed mutexes among threads and processes, by the D3DKMT calls alone: nobody is in with another, no turn is lost, and
 * an owner that ends, however, is found. */
#include "rig_bundle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 4, TURNS = 300, WAIT_MS = 30000 };

/* ---- threads ---- */

struct party {
    D3DKMT_HANDLE mutex;
    uint64_t key, next; /* acquires at the one, releases at the other */
    ntf_au32 *inside;   /* how many hold it */
    unsigned bad;       /* how often that was wrong, or a call failed */
    uint64_t *sum;      /* plain: the mutex protects it */
};

static void take_turns(void *context)
{
    struct party *party = context;
    uint64_t fence_value;

    for (unsigned i = 0; i < TURNS; i++) {
        if (rig_acquire(party->mutex, party->key, NULL, &fence_value) != NTF_STATUS_SUCCESS) {
            party->bad++;
            return;
        }
        party->bad += ntf_fetch_add(party->inside, 1u, NTF_ACQ_REL) != 0;
        party->bad += fence_value != *party->sum;
        *party->sum += 1;
        (void)ntf_fetch_sub(party->inside, 1u, NTF_ACQ_REL);
        if (rig_release(party->mutex, party->next, fence_value + 1) != NTF_STATUS_SUCCESS)
            party->bad++;
    }
}

/* ring: each releases at the next one's key, so that the turns have one order; else all take the same key. */
static void threads_take_turns(bool ring)
{
    D3DKMT_HANDLE global, maker = rig_mutex(0, 0, &global);
    struct party parties[THREADS];
    struct ntf_thread *threads[THREADS];
    uint64_t sum = 0;
    ntf_au32 inside;

    ntf_init(&inside, 0u);
    for (unsigned i = 0; i < THREADS; i++) {
        parties[i] = (struct party){ 0, ring ? i : 0, ring ? (i + 1) % THREADS : 0, &inside, 0, &sum };
        assert_int_equal(rig_open_mutex(global, &parties[i].mutex), NTF_STATUS_SUCCESS);
    }
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(ntf_thread_start(&threads[i], "party", take_turns, &parties[i]), NTF_OK);
    for (unsigned i = 0; i < THREADS; i++)
        ntf_thread_join(threads[i]);
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(parties[i].bad, 0);
        assert_int_equal(rig_destroy_mutex(parties[i].mutex), NTF_STATUS_SUCCESS);
    }
    assert_int_equal(sum, THREADS * TURNS);
    assert_int_equal(rig_destroy_mutex(maker), NTF_STATUS_SUCCESS);
}

static void one_key_for_all(void **state)
{
    (void)state;
    threads_take_turns(false);
}

static void a_ring_of_keys(void **state)
{
    (void)state;
    threads_take_turns(true);
}

/* Who waits through a handle that is destroyed is let go, the mutex stays as it was. */
static void waiting_through_what_ends(void **state)
{
    D3DKMT_HANDLE global, owner = rig_mutex(0, 0, &global), other;
    struct rig_taker taker;

    (void)state;
    assert_int_equal(rig_open_mutex(global, &other), NTF_STATUS_SUCCESS);
    assert_int_equal(rig_try(owner, 0), NTF_STATUS_SUCCESS);
    rig_taker_start(&taker, other, 0);
    while (rig_destroy_mutex(other) != NTF_STATUS_SUCCESS)
        rig_yield();
    assert_int_equal(rig_taker_join(&taker), NTF_STATUS_INVALID_PARAMETER); /* deviation 33 */
    assert_int_equal(taker.fence_value, POISON);
    assert_int_equal(rig_release(owner, 1, 0), NTF_STATUS_SUCCESS);
    assert_int_equal(rig_try(owner, 1), NTF_STATUS_SUCCESS);
    assert_int_equal(rig_destroy_mutex(owner), NTF_STATUS_SUCCESS);
}

/* A short timeout ends, whatever others do with the mutex meanwhile. */
static void deadlines(void **state)
{
    D3DKMT_HANDLE global, owner = rig_mutex(0, 0, &global), other;
    const int64_t timeout = 20 * MS;
    uint64_t fence_value;

    (void)state;
    assert_int_equal(rig_open_mutex(global, &other), NTF_STATUS_SUCCESS);
    for (int held = 0; held < 2; held++) {
        const uint64_t begin = ntf_os_now_ns();
        if (held)
            assert_int_equal(rig_try(owner, 0), NTF_STATUS_SUCCESS);
        assert_int_equal(rig_acquire(other, held ? 0 : 9, &timeout, &fence_value), NTF_STATUS_TIMEOUT);
        assert_true(ntf_os_now_ns() - begin >= UINT64_C(20000000));
    }
    assert_int_equal(rig_destroy_mutex(other), NTF_STATUS_SUCCESS);
    assert_int_equal(rig_destroy_mutex(owner), NTF_STATUS_SUCCESS);
}

/* ---- processes ---- */

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

#define OK NTF_STATUS_SUCCESS

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

/* ---- what is left ---- */

static void nothing_is_left(void **state)
{
    size_t handles = 0;

    (void)state;
    for (unsigned round = 0; round < 60; round++) {
        struct rig_bundle bundle, opened;
        D3DKMT_HANDLE global, mutex = rig_mutex(0, 0, &global), other;
        struct rig_taker taker;
        ntf_handle nt;

        if (round == 10)
            handles = ntf_test_open_handles();
        assert_int_equal(rig_open_mutex(global, &other), OK);
        assert_int_equal(rig_try(mutex, 0), OK);
        rig_taker_start(&taker, other, 0);
        assert_int_equal(rig_release(mutex, 0, 0), OK);
        assert_int_equal(rig_taker_join(&taker), OK);
        assert_int_equal(rig_destroy_mutex(mutex), OK);
        assert_int_equal(rig_destroy_mutex(other), OK);
        assert_int_equal(rig_open_mutex(global, &other), NTF_STATUS_INVALID_PARAMETER);
        rig_bundle_make(&bundle, 0);
        assert_int_equal(rig_bundle_share_as(&bundle, rig_unique("NtfLeft"), &nt), OK);
        assert_int_equal(rig_bundle_open(nt, &opened), OK);
        rig_handle_close(nt);
        rig_bundle_destroy(&bundle);
        rig_bundle_destroy(&opened);
    }
    rig_until_handles(handles);
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
        cmocka_unit_test(one_key_for_all),
        cmocka_unit_test(a_ring_of_keys),
        cmocka_unit_test(waiting_through_what_ends),
        cmocka_unit_test(deadlines),
        cmocka_unit_test(two_processes_take_turns),
        cmocka_unit_test(killed_owner),
        cmocka_unit_test(owner_that_exits),
        cmocka_unit_test(former_owner_that_is_killed),
        cmocka_unit_test(abandoned_for_others),
        cmocka_unit_test(killed_at_random),
        cmocka_unit_test(seats_are_given_back),
        cmocka_unit_test(bundle_of_two_processes),
        cmocka_unit_test(bundle_by_name),
        cmocka_unit_test(nothing_is_left),
    };

    rig_load();
    if (ntf_test_role(argc, argv))
        return child_main();
    return ntf_test_run("soft-mutex", tests, NTF_COUNT(tests), NULL, NULL);
}
