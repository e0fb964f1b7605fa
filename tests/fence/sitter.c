/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keyed mutexes that only a blocked thread can wait for (fence/sitter.h), with real threads. What decides is never how
 * long something takes: a thread is held where the test wants it, and a hand-over that is lost would be a wait without
 * end, which the watchdog ends.
 */
#include "ntf_test.h"

#include <stdlib.h>

#include "base/deadline.h"
#include "fake_mutex.h"
#include "fake_object.h"
#include "fence/keyed_wait.h"

enum { ACQUIRE = 5, RELEASE = 6, MOST = 4, PLAYERS = 6, ROUNDS = 150 };

static struct ntf_poller poller;
static struct ntf_doorbells bells;
static struct ntf_keyed_house house;
static size_t threads_before;

static struct fake_core cores[MOST];
static struct fake_mutex mutexes[MOST];
static struct ntf_payload *payloads[MOST];

static void nothing(void *context)
{
    (void)context;
}

/* A sanitizer starts a thread of its own with the program's first. */
static int up(void **state)
{
    struct ntf_thread *first;

    (void)state;
    if (ntf_thread_start(&first, "first", nothing, NULL) != NTF_OK)
        return -1;
    ntf_thread_join(first);
    threads_before = ntf_test_threads();
    ntf_poller_init(&poller, NULL, NULL);
    ntf_doorbells_init(&bells);
    ntf_keyed_house_init(&house, &bells, NULL, NULL);
    return 0;
}

/* The last thing that a thread does for us is not its end: or the watchdog ends it. */
static void until_threads_are_gone(void)
{
    ntf_au32 word;

    ntf_init(&word, 0u);
    while (ntf_test_threads() > threads_before)
        ntf_os_park(&word, 0, ntf_os_now_ns() + 10000000);
}

/* However a test has ended, the house has no thread left when it is finished. */
static int down(void **state)
{
    (void)state;
    ntf_keyed_house_finish(&house);
    until_threads_are_gone();
    return bells.first != NULL;
}

static void make(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        fake_core_init(&cores[i], ACQUIRE, 10 + i);
        fake_mutex_init(&mutexes[i], &cores[i], i, false, NULL);
        assert_int_equal(ntf_payload_new_keyed(&mutexes[i].mutex, ACQUIRE, RELEASE, &house, &payloads[i]), NTF_OK);
    }
}

static void drop(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        ntf_status status;

        assert_int_equal(ntf_keyed_release(payloads[i]->keyed, &status), NTF_OK);
        ntf_payload_unref(payloads[i]);
    }
    ntf_keyed_house_finish(&house); /* until then a thread may have a reference */
    ntf_keyed_house_init(&house, &bells, NULL, NULL);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(ntf_load(&mutexes[i].closed, NTF_RELAXED), 1);
        assert_int_equal(ntf_load(&mutexes[i].core->breaches, NTF_RELAXED), 0);
        assert_null(mutexes[i].core->owner);
    }
}

static void hold(uint32_t i)
{
    uint64_t value;

    assert_true(fake_core_take(&cores[i], ACQUIRE, &value));
}

static enum ntf_result wait_for(uint32_t count, bool all, uint64_t timeout_ns)
{
    struct ntf_keyed_wait wait;
    enum ntf_result result;

    ntf_keyed_wait_begin(&wait, &house, all);
    for (uint32_t i = 0; i < count; i++)
        (void)ntf_keyed_wait_add(&wait, payloads[i]);
    result = ntf_keyed_wait_for(&wait, &poller, ntf_deadline_after(ntf_os_now_ns(), timeout_ns));
    ntf_keyed_wait_end(&wait, result == NTF_OK);
    return result;
}

/* Until a number is there: somebody else's thread brings it about. */
static void until(ntf_au32 *word, uint32_t least)
{
    while (ntf_load(word, NTF_ACQUIRE) < least)
        ntf_os_park(word, ntf_load(word, NTF_ACQUIRE), ntf_os_now_ns() + 1000000);
}

struct releaser {
    struct ntf_thread *thread;
    uint32_t at;
    uint32_t from;
};

static void give_once_blocked(void *context)
{
    const struct releaser *releaser = context;

    until(&mutexes[releaser->at].blocked, 1);
    fake_core_give(&cores[releaser->from], ACQUIRE, 33);
}

static void start(struct releaser *releaser, uint32_t at, uint32_t from)
{
    *releaser = (struct releaser){ .at = at, .from = from };
    assert_int_equal(ntf_thread_start(&releaser->thread, "releaser", give_once_blocked, releaser), NTF_OK);
}

/* Nobody sits before a wait is blocked: what is free, and what is only looked at, needs no thread. */
static void no_thread_without_need(void **state)
{
    (void)state;
    make(2);
    assert_int_equal(wait_for(1, true, 0), NTF_OK);
    hold(1);
    assert_int_equal(wait_for(2, true, 0), NTF_TIMEOUT);
    assert_int_equal(wait_for(2, false, NTF_FOREVER), NTF_OK);
    assert_null(house.sitters.threads);
    assert_int_equal(ntf_load(&mutexes[1].blocks, NTF_RELAXED), 0);
    fake_core_give(&cores[1], 0, 0);
    drop(2);
}

/* The thread gets it, and the wait has it; for a wait for any, and for one for all whose others are free. */
static void handed_over(void **state)
{
    (void)state;
    for (int all = 0; all < 2; all++) {
        struct releaser releaser;

        make(3);
        hold(1);
        if (!all) {
            hold(0);
            hold(2);
        }
        start(&releaser, 1, 1);
        assert_int_equal(wait_for(3, all, NTF_FOREVER), NTF_OK);
        ntf_thread_join(releaser.thread);
        assert_int_equal(ntf_payload_status(payloads[1]), NTF_OK);
        assert_ptr_equal(cores[1].owner, &mutexes[1]);
        assert_true(payloads[1]->keyed->value == 33);
        assert_int_equal(ntf_payload_status(payloads[0]) == NTF_OK, all);
        if (!all) {
            fake_core_give(&cores[0], 0, 0);
            fake_core_give(&cores[2], 0, 0);
        }
        drop(3);
    }
}

/* A deadline is kept, though the thread is in the kernel then; and the mutex is released afterwards. */
static void deadline_is_kept(void **state)
{
    const uint64_t begin_ns = ntf_os_now_ns();

    (void)state;
    make(1);
    hold(0);
    assert_int_equal(wait_for(1, false, 20000000), NTF_TIMEOUT);
    assert_true(ntf_os_now_ns() - begin_ns >= 20000000);
    fake_core_give(&cores[0], ACQUIRE, 4);
    assert_int_equal(wait_for(1, false, NTF_FOREVER), NTF_OK);
    drop(1);
}

/* The thread has got the mutex and comes back when nobody wants it any more: it goes back as it came. */
static void too_late_goes_back(void **state)
{
    (void)state;
    make(1);
    hold(0);
    ntf_store(&mutexes[0].held, 1u, NTF_RELEASE);
    assert_true(ntf_seat_want(payloads[0], true));
    until(&mutexes[0].blocked, 1);
    fake_core_give(&cores[0], ACQUIRE, 21);
    until(&mutexes[0].holding, 1);
    assert_ptr_equal(cores[0].owner, &mutexes[0]);
    ntf_seat_leave(payloads[0]); /* the wait has ended */
    ntf_store(&mutexes[0].held, 0u, NTF_RELEASE);
    ntf_keyed_house_finish(&house);
    assert_true(fake_core_free_at(&cores[0], ACQUIRE, 21));
    assert_int_equal(ntf_load(&mutexes[0].given, NTF_RELAXED), 1);
    ntf_keyed_house_init(&house, &bells, NULL, NULL);
    drop(1);
}

static void until_it_lies_in(struct ntf_seat *seat)
{
    for (bool there = false; !there;) {
        ntf_lock_take(&house.sitters.lock);
        there = seat->outcome == NTF_OK;
        ntf_lock_drop(&house.sitters.lock);
    }
}

/* It lies in the seat, and the wait ends for another reason: it goes back as it came, once. */
static void uncollected_goes_back(void **state)
{
    struct ntf_seat *seat;

    (void)state;
    make(1);
    seat = &payloads[0]->keyed->seat;
    assert_true(ntf_seat_want(payloads[0], true));
    until_it_lies_in(seat);
    assert_ptr_equal(cores[0].owner, &mutexes[0]);
    assert_true(ntf_seat_want(payloads[0], true)); /* a second wait, which needs no second thread */
    ntf_seat_leave(payloads[0]);
    assert_ptr_equal(cores[0].owner, &mutexes[0]); /* the other still wants it */
    ntf_seat_leave(payloads[0]);
    assert_true(fake_core_free_at(&cores[0], ACQUIRE, 10));
    assert_int_equal(ntf_load(&mutexes[0].given, NTF_RELAXED), 1);
    assert_int_equal(ntf_load(&mutexes[0].blocks, NTF_RELAXED), 1);
    drop(1);
}

/* Waits that come and go while a thread is in the kernel need no second one. */
static void one_thread_for_a_seat(void **state)
{
    (void)state;
    make(1);
    hold(0);
    for (int i = 0; i < 50; i++)
        assert_int_equal(wait_for(1, i % 2, 200000), NTF_TIMEOUT);
    assert_true(ntf_load(&mutexes[0].blocked, NTF_ACQUIRE) <= 1);
    assert_true(!house.sitters.threads || ntf_test_threads() <= threads_before + 1);
    fake_core_give(&cores[0], 0, 0);
    drop(1);
}

/* A thread without anything to do ends by itself, and the next wait has one again. */
static void idle_threads_end(void **state)
{
    (void)state;
    make(1);
    hold(0);
    for (int i = 0; i < 2; i++) {
        assert_true(ntf_seat_want(payloads[0], true));
        until(&mutexes[0].blocked, 1);
        assert_int_equal(ntf_test_threads(), threads_before + 1);
        ntf_seat_leave(payloads[0]);
        if (i == 0) /* for which a second is enough */
            until_threads_are_gone();
    }
    fake_core_give(&cores[0], 0, 0);
    drop(1);
}

/* What the kernel says otherwise reaches the wait. */
static void failure_is_brought(void **state)
{
    struct ntf_keyed_wait wait;

    (void)state;
    make(1);
    hold(0);
    ntf_keyed_wait_begin(&wait, &house, true);
    assert_int_equal(ntf_keyed_wait_add(&wait, payloads[0]), NTF_OK);
    assert_int_equal(ntf_keyed_wait_try(&wait), NTF_NOT_READY);
    assert_true(ntf_seat_want(payloads[0], true));
    wait.entries[0].wants_seat = true;
    until(&mutexes[0].blocked, 1);
    fake_core_abandon(&cores[0]);
    while (ntf_load(&mutexes[0].blocked, NTF_ACQUIRE))
        ;
    assert_int_equal(ntf_keyed_wait_for(&wait, &poller, NTF_FOREVER), NTF_E_ABANDONED);
    ntf_keyed_wait_end(&wait, false);
    drop(1);
}

/* The same mutex in two fences, and nobody can know it: a timeout, and not thousands of hand-overs. */
static void the_same_mutex_twice(void **state)
{
    (void)state;
    make(1);
    fake_mutex_init(&mutexes[1], &cores[0], 1, false, NULL);
    assert_int_equal(ntf_payload_new_keyed(&mutexes[1].mutex, ACQUIRE, RELEASE, &house, &payloads[1]), NTF_OK);
    assert_int_equal(wait_for(2, true, 100000000), NTF_TIMEOUT);
    // A thread may have got it that nobody wanted any more, and be about to give it back.
    ntf_keyed_house_finish(&house);
    assert_true(fake_core_free_at(&cores[0], ACQUIRE, 10));
    assert_in_range(ntf_load(&mutexes[1].taken, NTF_RELAXED), 0, 60);
    ntf_keyed_house_init(&house, &bells, NULL, NULL);
    drop(2);
}

static struct fake_object companion;

/* A companion that is not there yet: the thread's ownership goes back, and the value is slept for. */
static void companion_comes_first(void **state)
{
    struct ntf_keyed_wait wait;

    (void)state;
    fake_object_init(&companion, 32);
    make(1);
    mutexes[0].mutex.companion = &companion.object;
    hold(0);
    ntf_keyed_wait_begin(&wait, &house, false);
    assert_int_equal(ntf_keyed_wait_add(&wait, payloads[0]), NTF_OK);
    assert_int_equal(ntf_keyed_wait_try(&wait), NTF_NOT_READY);
    assert_true(ntf_seat_want(payloads[0], true));
    wait.entries[0].wants_seat = true;
    until(&mutexes[0].blocked, 1);
    fake_core_give(&cores[0], ACQUIRE, 33);
    until_it_lies_in(&payloads[0]->keyed->seat);
    assert_int_equal(ntf_keyed_wait_for(&wait, &poller, ntf_deadline_after(ntf_os_now_ns(), 50000000)), NTF_TIMEOUT);
    ntf_keyed_wait_end(&wait, false);
    assert_true(fake_core_free_at(&cores[0], ACQUIRE, 33));
    ntf_store(&companion.value, 33, NTF_RELEASE);
    assert_int_equal(wait_for(1, false, NTF_FOREVER), NTF_OK);
    drop(1);
}

static void take_the_other(void *context)
{
    uint64_t value;

    (void)context;
    until(&mutexes[0].blocked, 1);
    fake_core_give(&cores[0], ACQUIRE, 33);
    until(&mutexes[0].holding, 1);
    while (!fake_core_take(&cores[1], ACQUIRE, &value)) /* unless the wait looks at it just now */
        ;
    ntf_store(&mutexes[0].held, 0u, NTF_RELEASE);
    until(&mutexes[0].given, 1); /* in vain: the wait has given it back */
    fake_core_give(&cores[1], ACQUIRE, 44);
}

/* What the thread has brought is in vain, since the other has gone meanwhile. The wait goes on, and gets both later. */
static void brought_in_vain(void **state)
{
    struct ntf_thread *thread;

    (void)state;
    make(2);
    hold(0);
    ntf_store(&mutexes[0].held, 1u, NTF_RELEASE);
    assert_int_equal(ntf_thread_start(&thread, "other", take_the_other, NULL), NTF_OK);
    assert_int_equal(wait_for(2, true, NTF_FOREVER), NTF_OK);
    ntf_thread_join(thread);
    assert_int_equal(ntf_payload_status(payloads[0]), NTF_OK);
    assert_int_equal(ntf_payload_status(payloads[1]), NTF_OK);
    assert_true(payloads[1]->keyed->value == 44);
    drop(2);
}

static bool rung(struct ntf_doorbell *bell)
{
    return ntf_load(&bell->value, NTF_ACQUIRE) != 0;
}

/* Who else sleeps is rung up when a thread has brought something, and when a wait keeps what it has taken. */
static void what_others_wait_for_rings(void **state)
{
    struct ntf_doorbell bell;

    (void)state;
    make(1);
    ntf_doorbell_hang(&bell, &bells);
    assert_true(ntf_seat_want(payloads[0], true));
    while (!rung(&bell)) /* or the watchdog */
        ;
    ntf_seat_leave(payloads[0]);
    ntf_doorbell_quiet(&bell);
    assert_int_equal(wait_for(1, true, 0), NTF_OK);
    assert_true(rung(&bell));
    ntf_doorbell_remove(&bell);
    drop(1);
}

/* ---- many at once ---- */

static ntf_au32 successes, wrong;

/* Waits of all kinds for payloads of the player's own, on two mutexes that all share. */
struct player {
    struct ntf_thread *thread;
    uint32_t seed;
    struct fake_mutex mine[2];
    struct ntf_payload *payloads[2];
};
static struct player players[PLAYERS];

static void play_round(struct player *player, uint32_t round)
{
    const uint32_t kind = (player->seed * 7 + round * 5) % 4;
    const bool all = kind & 1;
    struct ntf_keyed_wait wait;
    enum ntf_result result;
    ntf_status status;

    ntf_keyed_wait_begin(&wait, &house, all);
    for (uint32_t i = 0; i < 2; i++) /* in opposite orders of the array */
        (void)ntf_keyed_wait_add(&wait, player->payloads[(i + player->seed) % 2]);
    result = ntf_keyed_wait_for(&wait, &poller,
                                ntf_deadline_after(ntf_os_now_ns(), kind < 2 ? NTF_FOREVER : 100000 * (round % 8)));
    ntf_keyed_wait_end(&wait, result == NTF_OK);
    if (result == NTF_OK)
        ntf_fetch_add(&successes, 1, NTF_RELAXED);
    else if (kind < 2 || result != NTF_TIMEOUT)
        ntf_fetch_add(&wrong, 1, NTF_RELAXED);
    for (uint32_t i = 0; i < 2; i++) {
        const bool has = fake_core_owner(player->mine[i].core) == &player->mine[i];

        if (ntf_payload_status(player->payloads[i]) == NTF_OK ? !has : (result == NTF_OK && all))
            ntf_fetch_add(&wrong, 1, NTF_RELAXED);
        if (ntf_keyed_release(player->payloads[i]->keyed, &status) != NTF_OK)
            ntf_fetch_add(&wrong, 1, NTF_RELAXED);
    }
}

static void play(void *context)
{
    for (uint32_t round = 0; round < ROUNDS; round++)
        play_round(context, round);
}

/* Nobody hangs, nobody gets what another has, and in the end everything is free. */
static void many_at_once(void **state)
{
    (void)state;
    ntf_init(&successes, 0u);
    ntf_init(&wrong, 0u);
    for (uint32_t i = 0; i < 2; i++)
        fake_core_init(&cores[i], ACQUIRE, 0);
    for (uint32_t p = 0; p < PLAYERS; p++) {
        players[p].seed = p;
        for (uint32_t i = 0; i < 2; i++) {
            fake_mutex_init(&players[p].mine[i], &cores[i], i, p % 3 == 0, NULL); /* some are watched */
            assert_int_equal(ntf_payload_new_keyed(&players[p].mine[i].mutex, ACQUIRE, ACQUIRE, &house,
                                                   &players[p].payloads[i]), NTF_OK);
        }
    }
    for (uint32_t p = 0; p < PLAYERS; p++)
        assert_int_equal(ntf_thread_start(&players[p].thread, "player", play, &players[p]), NTF_OK);
    for (uint32_t p = 0; p < PLAYERS; p++)
        ntf_thread_join(players[p].thread);
    for (uint32_t p = 0; p < PLAYERS; p++)
        for (uint32_t i = 0; i < 2; i++)
            ntf_payload_unref(players[p].payloads[i]);
    ntf_keyed_house_finish(&house);
    ntf_keyed_house_init(&house, &bells, NULL, NULL);
    assert_int_equal(ntf_load(&wrong, NTF_RELAXED), 0);
    assert_true(ntf_load(&successes, NTF_RELAXED) >= PLAYERS * ROUNDS / 2);
    for (uint32_t i = 0; i < 2; i++) {
        assert_true(fake_core_free_at(&cores[i], ACQUIRE, 0));
        assert_int_equal(ntf_load(&cores[i].breaches, NTF_RELAXED), 0);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_thread_without_need, up, down),
        cmocka_unit_test_setup_teardown(handed_over, up, down),
        cmocka_unit_test_setup_teardown(deadline_is_kept, up, down),
        cmocka_unit_test_setup_teardown(too_late_goes_back, up, down),
        cmocka_unit_test_setup_teardown(uncollected_goes_back, up, down),
        cmocka_unit_test_setup_teardown(one_thread_for_a_seat, up, down),
        cmocka_unit_test_setup_teardown(idle_threads_end, up, down),
        cmocka_unit_test_setup_teardown(failure_is_brought, up, down),
        cmocka_unit_test_setup_teardown(the_same_mutex_twice, up, down),
        cmocka_unit_test_setup_teardown(companion_comes_first, up, down),
        cmocka_unit_test_setup_teardown(brought_in_vain, up, down),
        cmocka_unit_test_setup_teardown(what_others_wait_for_rings, up, down),
        cmocka_unit_test_setup_teardown(many_at_once, up, down),
    };

    return ntf_test_run("fence-sitter", tests, NTF_COUNT(tests), NULL, NULL);
}
