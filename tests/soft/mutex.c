/* SPDX-License-Identifier: Apache-2.0 */
/* Keyed mutexes among threads, by the D3DKMT calls alone: nobody is in with another, and no turn is lost. */
#include "rig_bundle.h"

enum { THREADS = 4, TURNS = 300 };
#define OK NTF_STATUS_SUCCESS

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
    const uint64_t begin = ntf_os_now_ns();
    struct rig_taker taker;

    (void)state;
    assert_int_equal(rig_open_mutex(global, &other), NTF_STATUS_SUCCESS);
    assert_int_equal(rig_try(owner, 0), NTF_STATUS_SUCCESS);
    rig_taker_start(&taker, other, 0);
    while (ntf_os_now_ns() < begin + UINT64_C(20000000)) /* let it sleep: else less is asked, no other answer */
        rig_yield();
    assert_int_equal(rig_destroy_mutex(other), NTF_STATUS_SUCCESS);
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
    ntf_test_until_handles(handles + ntf_test_spare_handles);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_key_for_all), cmocka_unit_test(a_ring_of_keys), cmocka_unit_test(waiting_through_what_ends),
        cmocka_unit_test(deadlines),       cmocka_unit_test(nothing_is_left),
    };

    (void)argc;
    (void)argv;
    rig_load();
    return ntf_test_run("soft-mutex", tests, NTF_COUNT(tests), NULL, NULL);
}
