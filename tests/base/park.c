/* SPDX-License-Identifier: Apache-2.0 */
/* Park, the lock that stands on it, and threads. A lost wake shows as the watchdog's end of this program. */
#include "ntf_test.h"

#include "base/deadline.h"
#include "base/os/os.h"

static void wait_until_not(ntf_au32 *word, uint32_t value)
{
    while (ntf_load(word, NTF_ACQUIRE) == value)
        (void)ntf_os_park(word, value, NTF_FOREVER);
}

/* A word that differs already is no reason to sleep, whatever the deadline. */
static void differing_word_returns(void **state)
{
    ntf_au32 word;

    (void)state;
    ntf_init(&word, 1);
    assert_int_equal(ntf_os_park(&word, 0, NTF_FOREVER), NTF_OK);
    assert_int_equal(ntf_os_park(&word, 0, 0), NTF_OK);
}

/* A deadline that has passed looks once and never sleeps. */
static void passed_deadline_returns(void **state)
{
    ntf_au32 word;

    (void)state;
    ntf_init(&word, 1);
    assert_int_equal(ntf_os_park(&word, 1, 0), NTF_TIMEOUT);
    assert_int_equal(ntf_os_park(&word, 1, 1), NTF_TIMEOUT);
    assert_int_equal(ntf_os_park(&word, 1, ntf_os_now_ns()), NTF_TIMEOUT);
}

/* A timeout is never reported before its time by the clock of the layer, and the time before it is slept. */
static void timeout_is_not_early(void **state)
{
    ntf_au32 word;

    (void)state;
    ntf_init(&word, 1);
    for (uint64_t ns = 1; ns < 100000000; ns = ns * 5 + 1) {
        const uint64_t deadline_ns = ntf_deadline_after(ntf_os_now_ns(), ns);
        uint32_t returns = 1;

        while (ntf_os_park(&word, 1, deadline_ns) != NTF_TIMEOUT)
            returns++;
        assert_true(ntf_os_now_ns() >= deadline_ns);
        assert_in_range(returns, 1, 1000); /* a few may be spurious; a park that spins makes many thousands */
    }
}

struct pair {
    ntf_au32 turn; /* 0: the test's, 1: the partner's */
    ntf_au32 rounds;
};

enum { ROUNDS = 5000 };

static void answer(void *context)
{
    struct pair *pair = context;

    for (uint32_t i = 0; i < ROUNDS; i++) {
        wait_until_not(&pair->turn, 0);
        ntf_fetch_add(&pair->rounds, 1, NTF_RELAXED);
        ntf_store(&pair->turn, 0, NTF_RELEASE);
        ntf_os_unpark_all(&pair->turn);
    }
}

/* No wake is lost between the look and the sleep. */
static void two_threads_alternate(void **state)
{
    struct pair pair;
    struct ntf_thread *partner;

    (void)state;
    ntf_init(&pair.turn, 0);
    ntf_init(&pair.rounds, 0);
    assert_int_equal(ntf_thread_start(&partner, "partner", answer, &pair), NTF_OK);
    for (uint32_t i = 0; i < ROUNDS; i++) {
        ntf_store(&pair.turn, 1, NTF_RELEASE);
        ntf_os_unpark_all(&pair.turn);
        wait_until_not(&pair.turn, 1);
    }
    ntf_thread_join(partner);
    assert_int_equal(ntf_load(&pair.rounds, NTF_RELAXED), ROUNDS);
}

enum { HERD = 6, HERD_ROUNDS = 300 };

struct herd {
    ntf_au32 gate;    /* the number of the round */
    ntf_au32 arrived; /* threads that are about to park, over all rounds */
};

static void follow(void *context)
{
    struct herd *herd = context;

    for (uint32_t round = 0; round < HERD_ROUNDS; round++) {
        ntf_fetch_add(&herd->arrived, 1, NTF_RELEASE);
        ntf_os_unpark_all(&herd->arrived);
        wait_until_not(&herd->gate, round);
    }
}

/* One unpark wakes all that sleep on the word. */
static void unpark_wakes_all(void **state)
{
    struct ntf_thread *threads[HERD];
    struct herd herd;

    (void)state;
    ntf_init(&herd.gate, 0);
    ntf_init(&herd.arrived, 0);
    for (size_t i = 0; i < HERD; i++)
        assert_int_equal(ntf_thread_start(&threads[i], "herd", follow, &herd), NTF_OK);
    for (uint32_t round = 0; round < HERD_ROUNDS; round++) {
        uint32_t here;
        while ((here = ntf_load(&herd.arrived, NTF_ACQUIRE)) < (round + 1) * HERD)
            (void)ntf_os_park(&herd.arrived, here, NTF_FOREVER);
        ntf_store(&herd.gate, round + 1, NTF_RELEASE);
        ntf_os_unpark_all(&herd.gate);
    }
    for (size_t i = 0; i < HERD; i++)
        ntf_thread_join(threads[i]);
}

/* ---- the lock ---- */

enum { LOCKERS = 4, LOCK_ROUNDS = 50000 };

struct guarded {
    struct ntf_lock lock;
    uint64_t count, copy; /* protected by lock */
    ntf_au32 inside, intruders;
};

static void count_up(void *context)
{
    struct guarded *g = context;

    for (int i = 0; i < LOCK_ROUNDS; i++) {
        ntf_lock_take(&g->lock);
        if (ntf_fetch_add(&g->inside, 1, NTF_RELAXED) != 0 || g->count != g->copy)
            ntf_fetch_add(&g->intruders, 1, NTF_RELAXED);
        g->count++;
        g->copy = g->count;
        ntf_fetch_sub(&g->inside, 1, NTF_RELAXED);
        ntf_lock_drop(&g->lock);
    }
}

/* Only one thread is inside, it sees what the one before wrote, and everybody gets in. */
static void lock_excludes(void **state)
{
    struct ntf_thread *threads[LOCKERS];
    struct guarded g = { .count = 0 };

    (void)state;
    ntf_lock_init(&g.lock);
    for (size_t i = 0; i < LOCKERS; i++)
        assert_int_equal(ntf_thread_start(&threads[i], "locker", count_up, &g), NTF_OK);
    for (size_t i = 0; i < LOCKERS; i++)
        ntf_thread_join(threads[i]);
    assert_int_equal(ntf_load(&g.intruders, NTF_RELAXED), 0);
    assert_true(g.count == LOCKERS * LOCK_ROUNDS);
    assert_int_equal(ntf_load(&g.lock.state, NTF_RELAXED), 0);
}

/* A thread that found the lock held sleeps until it is dropped: the state says so, no clock does. */
static void take_then_drop(void *context)
{
    struct ntf_lock *lock = context;
    ntf_lock_take(lock);
    ntf_lock_drop(lock);
}

static void drop_wakes_sleeper(void **state)
{
    struct ntf_thread *thread;
    struct ntf_lock lock;

    (void)state;
    ntf_lock_init(&lock);
    for (int i = 0; i < 200; i++) {
        ntf_lock_take(&lock);
        assert_int_equal(ntf_thread_start(&thread, "sleeper", take_then_drop, &lock), NTF_OK);
        while (ntf_load(&lock.state, NTF_ACQUIRE) != 2)
            ; /* until it says that it is about to sleep */
        ntf_lock_drop(&lock);
        ntf_thread_join(thread);
        assert_int_equal(ntf_load(&lock.state, NTF_RELAXED), 0);
    }
}

/* ---- threads ---- */

static void add_one(void *context)
{
    ntf_au32 *done = context;
    ntf_fetch_add(done, 1, NTF_RELEASE);
    ntf_os_unpark_all(done);
}

static void add_one_plainly(void *context)
{
    *(uint32_t *)context += 1;
}

/* Who joins sees all that the thread wrote; a name that is too long is cut. */
static void join_waits(void **state)
{
    struct ntf_thread *thread;
    uint32_t plain = 0;

    (void)state;
    for (uint32_t i = 0; i < 100; i++) {
        assert_int_equal(ntf_thread_start(&thread, "a name of more than fifteen characters", add_one_plainly, &plain),
                         NTF_OK);
        ntf_thread_join(thread);
        assert_int_equal(plain, i + 1);
    }
}

/* Detached before or after its end, a thread runs to it; its memory is the business of the sanitizers. */
static void detached_runs_on(void **state)
{
    enum { COUNT = 100 };
    static ntf_au32 done; /* outlives the last thread's wake */
    struct ntf_thread *thread;
    uint32_t seen;

    (void)state;
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_int_equal(ntf_thread_start(&thread, "", add_one, &done), NTF_OK);
        if (i & 1)
            while (ntf_load(&done, NTF_ACQUIRE) <= i)
                ; /* very nearly ended */
        ntf_thread_detach(thread);
        while ((seen = ntf_load(&done, NTF_ACQUIRE)) <= i)
            (void)ntf_os_park(&done, seen, NTF_FOREVER);
    }
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(differing_word_returns), cmocka_unit_test(passed_deadline_returns),
        cmocka_unit_test(timeout_is_not_early),   cmocka_unit_test(two_threads_alternate),
        cmocka_unit_test(unpark_wakes_all),       cmocka_unit_test(lock_excludes),
        cmocka_unit_test(drop_wakes_sleeper),     cmocka_unit_test(join_waits),
        cmocka_unit_test(detached_runs_on),
    };
    (void)argc;
    (void)argv;
    return ntf_test_run("base-park", tests, NTF_COUNT(tests), NULL, NULL);
}
