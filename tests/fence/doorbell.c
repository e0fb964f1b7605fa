/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Doorbells (fence/doorbell.h). The races are played with real threads: a change, then a ring; a bell, then a look. A
 * lost wake would be a wait without end, which the watchdog ends: nothing else would.
 */
#include "ntf_test.h"

#include "fence/doorbell.h"
#include "fence/waiter.h"

enum { ROUNDS = 6000 };

static struct ntf_doorbells board;
static struct ntf_poller poller;

static int up(void **state)
{
    (void)state;
    ntf_doorbells_init(&board);
    ntf_poller_init(&poller, NULL, NULL);
    return 0;
}

static int down(void **state)
{
    (void)state;
    return board.first != NULL || ntf_load(&board.count, NTF_RELAXED) != 0;
}

static enum ntf_result wait_for(struct ntf_doorbell *bell, uint64_t deadline_ns)
{
    struct ntf_payload *list = &bell->payload;
    enum ntf_result result;
    struct ntf_wait wait;
    uint32_t index;

    if (ntf_wait_begin(&wait, &list, 1) != NTF_OK)
        return NTF_E_NO_MEMORY;
    result = ntf_wait_any(&wait, &poller, deadline_ns, &index);
    ntf_wait_end(&wait);
    return result;
}

static void rings_and_is_quiet(void **state)
{
    struct ntf_doorbell bell;

    (void)state;
    ntf_doorbells_ring(&board); /* nobody is there */
    ntf_doorbell_hang(&bell, &board);
    assert_int_equal(wait_for(&bell, 0), NTF_TIMEOUT); /* what was before is not its affair */
    for (int i = 0; i < 3; i++) {
        ntf_doorbells_ring(&board);
        ntf_doorbells_ring(&board);
        assert_int_equal(wait_for(&bell, UINT64_MAX), NTF_OK);
        assert_int_equal(wait_for(&bell, UINT64_MAX), NTF_OK); /* until it is quieted */
        ntf_doorbell_quiet(&bell);
        assert_int_equal(wait_for(&bell, 0), NTF_TIMEOUT);
        assert_int_equal(wait_for(&bell, ntf_os_now_ns() + 1000), NTF_TIMEOUT);
    }
    ntf_doorbell_remove(&bell);
}

/* Hung up and removed in any order; each ring reaches all that are there. */
static void several(void **state)
{
    struct ntf_doorbell bells[3];

    (void)state;
    for (int out = 0; out < 3; out++) {
        for (int i = 0; i < 3; i++)
            ntf_doorbell_hang(&bells[i], &board);
        ntf_doorbells_ring(&board);
        ntf_doorbell_remove(&bells[out]);
        for (int i = 0; i < 3; i++) {
            if (i == out)
                continue;
            assert_int_equal(wait_for(&bells[i], 0), NTF_OK);
            ntf_doorbell_quiet(&bells[i]);
        }
        ntf_doorbells_ring(&board);
        for (int i = 0; i < 3; i++) {
            if (i == out)
                continue;
            assert_int_equal(wait_for(&bells[i], 0), NTF_OK);
            ntf_doorbell_remove(&bells[i]);
        }
    }
}

/* ---- races ---- */

static ntf_au32 there; /* what the waiter looks for, and the ringer changes; relaxed: the bell's fences order it */
static ntf_au32 seen;  /* by the waiter, so that the ringer goes on */

static void ringer(void *context)
{
    (void)context;
    for (uint32_t round = 1; round <= ROUNDS; round++) {
        ntf_store(&there, round, NTF_RELAXED);
        ntf_doorbells_ring(&board);
        while (ntf_load(&seen, NTF_ACQUIRE) < round)
            (void)ntf_os_park(&seen, round - 1, ntf_os_now_ns() + 1000000);
    }
}

static void saw(uint32_t round)
{
    ntf_store(&seen, round, NTF_RELEASE);
    ntf_os_unpark_all(&seen);
}

/* As a wait does: hang up, look, sleep, quiet, look again. */
static void await_change(struct ntf_doorbell *bell, uint32_t round)
{
    while (ntf_load(&there, NTF_RELAXED) < round) {
        assert_int_equal(wait_for(bell, UINT64_MAX), NTF_OK);
        ntf_doorbell_quiet(bell);
    }
}

static struct ntf_thread *start_ringer(void)
{
    struct ntf_thread *thread;

    ntf_init(&there, 0);
    ntf_init(&seen, 0);
    assert_int_equal(ntf_thread_start(&thread, "test-ringer", ringer, NULL), NTF_OK);
    return thread;
}

/* One bell through all the rounds. */
static void no_ring_is_lost(void **state)
{
    struct ntf_doorbell bell;
    struct ntf_thread *thread;

    (void)state;
    ntf_doorbell_hang(&bell, &board);
    thread = start_ringer();
    for (uint32_t round = 1; round <= ROUNDS; round++) {
        await_change(&bell, round);
        saw(round);
    }
    ntf_thread_join(thread);
    ntf_doorbell_remove(&bell);
}

/* A bell for each round: the change may be there before it, and then nobody rings. */
static void no_hanging_is_missed(void **state)
{
    struct ntf_thread *thread = start_ringer();

    (void)state;
    for (uint32_t round = 1; round <= ROUNDS; round++) {
        struct ntf_doorbell bell;

        ntf_doorbell_hang(&bell, &board);
        await_change(&bell, round);
        ntf_doorbell_remove(&bell);
        saw(round);
    }
    ntf_thread_join(thread);
}

static void waiter(void *context)
{
    (void)context;
    for (uint32_t found; (found = ntf_load(&there, NTF_RELAXED)) < ROUNDS;) {
        struct ntf_doorbell bell;

        ntf_doorbell_hang(&bell, &board);
        while (ntf_load(&there, NTF_RELAXED) == found)
            if (wait_for(&bell, UINT64_MAX) == NTF_OK)
                ntf_doorbell_quiet(&bell);
        ntf_doorbell_remove(&bell);
    }
}

/* Others come and go meanwhile. */
static void among_others(void **state)
{
    struct ntf_thread *others[3], *thread;
    struct ntf_doorbell bell;

    (void)state;
    ntf_doorbell_hang(&bell, &board);
    thread = start_ringer();
    for (int i = 0; i < 3; i++)
        assert_int_equal(ntf_thread_start(&others[i], "test-waiter", waiter, NULL), NTF_OK);
    for (uint32_t round = 1; round <= ROUNDS; round++) {
        await_change(&bell, round);
        saw(round);
    }
    ntf_thread_join(thread);
    for (int i = 0; i < 3; i++)
        ntf_thread_join(others[i]);
    ntf_doorbell_remove(&bell);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rings_and_is_quiet, up, down),
        cmocka_unit_test_setup_teardown(several, up, down),
        cmocka_unit_test_setup_teardown(no_ring_is_lost, up, down),
        cmocka_unit_test_setup_teardown(no_hanging_is_missed, up, down),
        cmocka_unit_test_setup_teardown(among_others, up, down),
    };

    (void)argc, (void)argv;
    return ntf_test_run("fence-doorbell", tests, NTF_COUNT(tests), NULL, NULL);
}
