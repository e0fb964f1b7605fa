/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keyed mutexes behind fences: what a wait takes and gives back, and what it sleeps for. The test plays the clock and
 * everybody else, in the sleeps.
 */
#include "ntf_test.h"

#include "base/deadline.h"
#include "fake_mutex.h"
#include "fake_object.h"
#include "fence/fences.h"
#include "fence/keyed_wait.h"

enum { ACQUIRE = 5, RELEASE = 6, MOST = 20 };
#define SECOND UINT64_C(1000000000)

static struct ntf_poller poller = { .ops = &fake_park_ops };
static struct ntf_doorbells bells;
static struct ntf_keyed_house house;
static uint32_t complaints;
static ntf_status complaint;

static struct fake_core cores[MOST];
static struct fake_mutex mutexes[MOST];
static struct ntf_payload *payloads[MOST];

static void complain(void *context, enum ntf_result result, ntf_status status)
{
    (void)context;
    (void)result;
    complaints++;
    complaint = status;
}

static int up(void **state)
{
    (void)state;
    poller.lost = NULL;
    complaints = 0;
    ntf_doorbells_init(&bells);
    ntf_keyed_house_init(&house, &bells, complain, NULL);
    fake_world_reset(NULL, NULL);
    return 0;
}

static int down(void **state)
{
    (void)state;
    ntf_keyed_house_finish(&house);
    return bells.first != NULL;
}

static void open_one(uint32_t i, struct fake_core *core, uint64_t order, struct ntf_object *companion)
{
    fake_mutex_init(&mutexes[i], core, order, true, companion);
    assert_int_equal(ntf_payload_new_keyed(&mutexes[i].mutex, ACQUIRE, RELEASE, &house, &payloads[i]), NTF_OK);
}

/* Free at the acquire key, with the values 10, 11, ...; the last in the array is the first in the mutexes' order. */
static void make(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        fake_core_init(&cores[i], ACQUIRE, 10 + i);
        open_one(i, &cores[i], 1000 - i, NULL);
    }
}

static void drop(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(ntf_load(&mutexes[i].armed, NTF_RELAXED), ntf_load(&mutexes[i].disarmed, NTF_RELAXED));
        assert_int_equal(ntf_load(&mutexes[i].closed, NTF_RELAXED), 0);
        ntf_payload_unref(payloads[i]);
        assert_int_equal(ntf_load(&mutexes[i].closed, NTF_RELAXED), 1);
        assert_int_equal(ntf_load(&mutexes[i].core->breaches, NTF_RELAXED), 0);
        assert_null(mutexes[i].core->owner);
    }
}

/* Somebody else holds them. */
static void hold(uint32_t i)
{
    uint64_t value;

    assert_true(fake_core_take(&cores[i], ACQUIRE, &value));
}

static enum ntf_result wait_for(struct ntf_payload *const *list, uint32_t count, bool all, uint64_t deadline_ns)
{
    struct ntf_keyed_wait wait;
    enum ntf_result result;

    ntf_keyed_wait_begin(&wait, &house, all);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(ntf_keyed_wait_add(&wait, list[i]), NTF_OK);
    result = ntf_keyed_wait_for(&wait, &poller, deadline_ns);
    ntf_keyed_wait_end(&wait, result == NTF_OK);
    return result;
}

static bool owned(uint32_t i)
{
    return ntf_payload_status(payloads[i]) == NTF_OK;
}

static enum ntf_result release(uint32_t i)
{
    ntf_status status;

    return ntf_keyed_release(payloads[i]->keyed, &status);
}

/* The state is asked for as often as one likes: only a wait takes the mutex, and only the release gives it. */
static void only_a_wait_takes(void **state)
{
    (void)state;
    make(1);
    assert_int_equal(ntf_payload_status(payloads[0]), NTF_NOT_READY);
    assert_int_equal(ntf_load(&mutexes[0].attempts, NTF_RELAXED), 0);
    assert_int_equal(wait_for(payloads, 1, true, 0), NTF_OK);
    assert_ptr_equal(cores[0].owner, &mutexes[0]);
    assert_true(owned(0));
    assert_int_equal(wait_for(payloads, 1, true, 0), NTF_OK); /* it has it already */
    assert_int_equal(wait_for(payloads, 1, false, 0), NTF_OK);
    assert_int_equal(ntf_load(&mutexes[0].attempts, NTF_RELAXED), 1);
    assert_int_equal(release(0), NTF_OK);
    assert_true(fake_core_free_at(&cores[0], RELEASE, 10)); /* the value as it came */
    assert_false(owned(0));
    assert_int_equal(release(0), NTF_OK); /* nothing is owned any more */
    assert_int_equal(ntf_load(&mutexes[0].given, NTF_RELAXED), 1);
    drop(1);
}

/* At another key it cannot be had: the wait ends at its deadline, not before and not after. */
static void another_key_is_a_timeout(void **state)
{
    (void)state;
    make(1);
    cores[0].key = 77;
    assert_int_equal(wait_for(payloads, 1, true, 0), NTF_TIMEOUT);
    assert_int_equal(wait_for(payloads, 1, false, fake_world.now_ns), NTF_TIMEOUT);
    assert_int_equal(fake_world.sleeps, 0);
    assert_int_equal(wait_for(payloads, 1, true, 3 * SECOND + 5), NTF_TIMEOUT);
    assert_true(fake_world.now_ns == 3 * SECOND + 5);
    assert_true(mutexes[0].last_target == 101);
    assert_int_equal(wait_for(payloads, 1, false, 4 * SECOND), NTF_TIMEOUT);
    assert_true(fake_world.now_ns == 4 * SECOND);
    assert_false(owned(0));
    drop(1);
}

/* A wait for any takes the first of the array that can be had, whatever the mutexes' order, and no other. */
static void any_takes_the_first_free(void **state)
{
    (void)state;
    make(4);
    hold(0);
    assert_int_equal(wait_for(payloads, 4, false, 0), NTF_OK);
    assert_false(owned(0));
    assert_true(owned(1));
    assert_int_equal(ntf_load(&mutexes[2].attempts, NTF_RELAXED), 0);
    assert_int_equal(ntf_load(&mutexes[3].attempts, NTF_RELAXED), 0);
    /* With one that is owned already, no other is taken, also not one that stands before it. */
    fake_core_give(&cores[0], ACQUIRE, 0);
    assert_int_equal(wait_for(payloads, 4, false, 0), NTF_OK);
    assert_false(owned(0));
    assert_null(cores[0].owner);
    drop(4);
}

static void note_first(uint32_t sleep, void *context)
{
    (void)sleep;
    if (cores[*(uint32_t *)context].owner)
        fail_msg("one is held in a sleep");
    fake_world.now_ns += SECOND;
}

/* A wait for all that lacks one holds none while it sleeps, sleeps for that one alone, and has none at its end. */
static void all_or_none(void **state)
{
    uint32_t watched = 2;

    (void)state;
    make(3);
    hold(1);
    fake_world_reset(note_first, &watched);
    assert_int_equal(wait_for(payloads, 3, true, 3 * SECOND), NTF_TIMEOUT);
    for (uint32_t i = 0; i < 3; i++)
        assert_false(owned(i));
    /* In the order of the mutexes: 2, 1, 0. The last is behind the obstacle. */
    assert_true(ntf_load(&mutexes[2].taken, NTF_RELAXED) >= 1);
    assert_int_equal(ntf_load(&mutexes[0].attempts, NTF_RELAXED), 0);
    assert_int_equal(ntf_load(&mutexes[2].armed, NTF_RELAXED), 0);
    assert_true(ntf_load(&mutexes[1].armed, NTF_RELAXED) >= 1);
    assert_true(fake_core_free_at(&cores[2], ACQUIRE, 12)); /* at the key and with the value that it came with */
    fake_core_give(&cores[1], ACQUIRE, 44);
    assert_int_equal(wait_for(payloads, 3, true, 0), NTF_OK);
    for (uint32_t i = 0; i < 3; i++)
        assert_true(owned(i));
    assert_int_equal(release(1), NTF_OK);
    assert_true(fake_core_free_at(&cores[1], RELEASE, 44));
    drop(3);
}

static void give_at_second(uint32_t sleep, void *context)
{
    if (sleep == 2)
        fake_core_give(context, ACQUIRE, 3);
    fake_world.now_ns += 10;
}

/* A release is a turn, which ends the sleep; spurious wakes do not. */
static void a_release_wakes(void **state)
{
    (void)state;
    make(2);
    for (int all = 0; all < 2; all++) {
        hold(0);
        hold(1);
        if (all)
            fake_core_give(&cores[1], ACQUIRE, 1);
        fake_world_reset(give_at_second, &cores[0]);
        assert_int_equal(wait_for(payloads, 2, all, NTF_FOREVER), NTF_OK);
        assert_int_equal(fake_world.sleeps, 2);
        assert_true(owned(0));
        assert_int_equal(owned(1), all);
        if (!all)
            fake_core_give(&cores[1], ACQUIRE, 1);
        for (uint32_t i = 0; i < 2; i++) {
            payloads[i]->keyed->release_key = ACQUIRE;
            assert_int_equal(release(i), NTF_OK);
        }
    }
    drop(2);
}

/* The same mutex in two fences of one wait: the second never gets it. The wait neither hangs nor spins, since what it
 * gives back itself is no reason to look again; a turn of somebody else's is. */
static void the_same_mutex_twice(void **state)
{
    (void)state;
    make(1);
    open_one(1, &cores[0], mutexes[0].mutex.order, NULL);
    assert_int_equal(wait_for(payloads, 2, true, 5 * SECOND), NTF_TIMEOUT);
    assert_true(fake_world.now_ns == 5 * SECOND);
    assert_in_range(fake_world.sleeps, 4, 6);
    assert_false(owned(0) || owned(1));
    assert_true(fake_core_free_at(&cores[0], ACQUIRE, 10));
    assert_int_equal(wait_for(payloads, 2, false, 0), NTF_OK); /* either is enough */
    assert_true(owned(0));
    assert_int_equal(release(0), NTF_OK);
    drop(2);
}

static uint32_t turns_seen;

static void turn_of_another(uint32_t sleep, void *context)
{
    (void)context;
    turns_seen = sleep;
    fake_world.now_ns += 10;
    if (sleep == 1)
        ntf_fetch_add(&cores[0].turns, 1, NTF_RELEASE);
}

static void the_same_twice_sees_others(void **state)
{
    uint32_t before;

    (void)state;
    make(1);
    open_one(1, &cores[0], mutexes[0].mutex.order, NULL);
    fake_world_reset(turn_of_another, NULL);
    before = ntf_load(&mutexes[1].attempts, NTF_RELAXED);
    assert_int_equal(wait_for(payloads, 2, true, 1200), NTF_TIMEOUT);
    assert_true(turns_seen > 1);
    /* At first, before the sleep, after the turn, and at the deadline. */
    assert_int_equal(ntf_load(&mutexes[1].attempts, NTF_RELAXED) - before, 4);
    drop(2);
}

/* The same fence twice is one. */
static void the_same_fence_twice(void **state)
{
    struct ntf_payload *twice[2];

    (void)state;
    make(1);
    twice[0] = twice[1] = payloads[0];
    assert_int_equal(wait_for(twice, 2, true, 0), NTF_OK);
    assert_int_equal(ntf_load(&mutexes[0].taken, NTF_RELAXED), 1);
    assert_true(owned(0));
    drop(1);
}

static struct fake_object companion;

static void raise_at_second(uint32_t sleep, void *context)
{
    (void)context;
    if (cores[0].owner || cores[1].owner)
        fail_msg("one is held in a sleep");
    if (sleep == 2)
        ntf_store(&companion.value, 10, NTF_RELEASE);
    fake_world.now_ns += 10;
}

/* Until its companion has the value that it came with, nobody keeps it; the wait sleeps for that value. */
static void companion_comes_first(void **state)
{
    (void)state;
    for (int all = 0; all < 2; all++) {
        fake_object_init(&companion, 9);
        fake_core_init(&cores[0], ACQUIRE, 10);
        open_one(0, &cores[0], 2, &companion.object);
        fake_core_init(&cores[1], all ? ACQUIRE : 99, 0);
        open_one(1, &cores[1], 1, NULL);
        assert_int_equal(wait_for(payloads, 2, all, 0), NTF_TIMEOUT);
        assert_true(fake_core_free_at(&cores[0], ACQUIRE, 10));
        assert_false(owned(0) || owned(1));
        fake_world_reset(raise_at_second, NULL);
        assert_int_equal(wait_for(payloads, 2, all, NTF_FOREVER), NTF_OK);
        assert_int_equal(fake_world.sleeps, 2);
        assert_true(companion.last_target == 10);
        /* By the look, and by the wait: at first, before it sleeps, and at the end. */
        assert_int_equal(ntf_load(&mutexes[0].taken, NTF_RELAXED), 4);
        assert_true(owned(0));
        assert_int_equal(release(0), NTF_OK);
        assert_true(fake_core_free_at(&cores[0], RELEASE, 10));
        drop(2);
        assert_int_equal(ntf_load(&companion.closed, NTF_RELAXED), 1);
    }
}

static void release_lower(uint32_t sleep, void *context)
{
    uint64_t value;

    (void)context;
    if (sleep == 1) {
        assert_true(fake_core_take(&cores[0], ACQUIRE, &value));
        fake_core_give(&cores[0], ACQUIRE, 9);
    }
    fake_world.now_ns += SECOND;
}

/* Somebody has taken and released it at the same key meanwhile, with a value that is there: noticed in a second. */
static void companion_is_not_asked_for_any_more(void **state)
{
    (void)state;
    fake_object_init(&companion, 9);
    fake_core_init(&cores[0], ACQUIRE, 10);
    open_one(0, &cores[0], 2, &companion.object);
    fake_world_reset(release_lower, NULL);
    assert_int_equal(wait_for(payloads, 1, true, NTF_FOREVER), NTF_OK);
    assert_true(fake_world.now_ns <= 1000 + SECOND);
    drop(1);
}

static void abandon_first(uint32_t sleep, void *context)
{
    if (sleep == 1)
        fake_core_abandon(context);
    fake_world.now_ns += 10;
}

/* Once abandoned, for good; nothing that was taken beside it stays taken. */
static void abandoned_ends_the_wait(void **state)
{
    (void)state;
    for (int all = 0; all < 2; all++) {
        make(3);
        hold(0);
        if (!all)
            hold(1), hold(2);
        fake_world_reset(abandon_first, &cores[0]);
        assert_int_equal(wait_for(payloads, 3, all, NTF_FOREVER), NTF_E_ABANDONED);
        assert_int_equal(fake_world.sleeps, 1);
        assert_int_equal(wait_for(payloads, 3, all, 0), NTF_E_ABANDONED);
        for (uint32_t i = 0; i < 3; i++)
            assert_false(owned(i));
        if (all) {
            assert_true(fake_core_free_at(&cores[1], ACQUIRE, 11));
            assert_true(fake_core_free_at(&cores[2], ACQUIRE, 12));
        } else {
            fake_core_give(&cores[1], 0, 0);
            fake_core_give(&cores[2], 0, 0);
        }
        drop(3);
    }
}

/* What the provider says otherwise ends the wait too, and is remembered. */
static void refusal_ends_the_wait(void **state)
{
    struct ntf_keyed_wait wait;

    (void)state;
    make(2);
    mutexes[0].failure = NTF_E_FAILED;
    ntf_keyed_wait_begin(&wait, &house, true);
    assert_int_equal(ntf_keyed_wait_add(&wait, payloads[0]), NTF_OK);
    assert_int_equal(ntf_keyed_wait_add(&wait, payloads[1]), NTF_OK);
    assert_int_equal(ntf_keyed_wait_for(&wait, &poller, 0), NTF_E_FAILED);
    assert_ptr_equal(wait.culprit, payloads[0]);
    assert_int_equal(wait.status, NTF_STATUS_DEVICE_REMOVED);
    assert_null(cores[1].owner);
    ntf_keyed_wait_end(&wait, false);
    drop(2);
}

static ntf_au32 lost;

static void lose(uint32_t sleep, void *context)
{
    (void)sleep;
    (void)context;
    ntf_store(&lost, 1u, NTF_RELEASE);
    fake_world.now_ns += SECOND;
}

/* A lost device ends the wait, also when the mutex could be had. */
static void loss_ends_the_wait(void **state)
{
    (void)state;
    make(2);
    hold(0);
    ntf_init(&lost, 0u);
    poller.lost = &lost;
    fake_world_reset(lose, NULL);
    assert_int_equal(wait_for(payloads, 2, true, NTF_FOREVER), NTF_E_LOST);
    fake_core_give(&cores[0], ACQUIRE, 10);
    assert_int_equal(wait_for(payloads, 2, true, 0), NTF_E_LOST);
    assert_true(fake_core_free_at(&cores[0], ACQUIRE, 10));
    assert_true(fake_core_free_at(&cores[1], ACQUIRE, 11));
    drop(2);
}

static void another_wait(uint32_t sleep, void *context)
{
    uint64_t value;

    (void)context;
    if (sleep != 1)
        fail_msg("the ring was not heard");
    /* Released, and at once kept by another wait for the same fence. */
    fake_core_give(&cores[0], ACQUIRE, 8);
    assert_int_equal(mutexes[0].mutex.ops->take(&mutexes[0].mutex, ACQUIRE, &value, NULL), NTF_OK);
    ntf_keyed_keep(payloads[0]->keyed, value);
    ntf_doorbells_ring(&bells);
    fake_world.now_ns += 10;
}

/* When another wait has kept it for the fence, that is signalled for this one as well. */
static void another_wait_has_kept_it(void **state)
{
    (void)state;
    for (int all = 0; all < 2; all++) {
        make(1);
        hold(0);
        fake_world_reset(another_wait, NULL);
        assert_int_equal(wait_for(payloads, 1, all, NTF_FOREVER), NTF_OK);
        assert_true(owned(0));
        drop(1);
    }
}

/* What a wait has taken goes back when the wait does not end well after all. */
static void a_wait_that_fails_gives_back(void **state)
{
    struct ntf_keyed_wait wait;

    (void)state;
    make(2);
    for (int all = 0; all < 2; all++) {
        ntf_keyed_wait_begin(&wait, &house, all);
        assert_int_equal(ntf_keyed_wait_add(&wait, payloads[0]), NTF_OK);
        assert_int_equal(ntf_keyed_wait_add(&wait, payloads[1]), NTF_OK);
        assert_int_equal(ntf_keyed_wait_try(&wait), NTF_OK);
        assert_false(owned(0) || owned(1)); /* not before it is over */
        assert_ptr_equal(cores[0].owner, &mutexes[0]);
        ntf_keyed_wait_end(&wait, false);
        assert_true(fake_core_free_at(&cores[0], ACQUIRE, 10));
        assert_true(fake_core_free_at(&cores[1], ACQUIRE, 11));
    }
    drop(2);
}

/* More mutexes than the stack has room for. */
static void more_than_the_scratch(void **state)
{
    (void)state;
    make(MOST);
    for (uint32_t i = 0; i < MOST; i++)
        hold(i);
    fake_world_reset(give_at_second, &cores[MOST - 1]);
    assert_int_equal(wait_for(payloads, MOST, false, NTF_FOREVER), NTF_OK);
    assert_true(owned(MOST - 1));
    for (uint32_t i = 1; i < MOST - 1; i++)
        fake_core_give(&cores[i], ACQUIRE, 0);
    fake_world_reset(give_at_second, &cores[0]);
    assert_int_equal(wait_for(payloads, MOST, true, NTF_FOREVER), NTF_OK);
    for (uint32_t i = 0; i < MOST; i++)
        assert_true(owned(i));
    drop(MOST);
}

static void put(struct ntf_fences *fences, uint64_t handle, uint32_t i)
{
    assert_int_equal(ntf_fences_import(fences, handle, payloads[i], true), NTF_OK);
    assert_int_equal(wait_for(&payloads[i], 1, true, 0), NTF_OK);
    assert_true(owned(i));
}

/* A reset, an import in its place, the fence's end and the device's release what is owned; whoever still has a
 * reference to the payload keeps it from being closed, and no more. */
static void whatever_ends_it_releases(void **state)
{
    struct ntf_fences fences;
    struct fake_object value;
    struct ntf_payload *permanent;
    enum ntf_result result = NTF_E_FAILED;
    ntf_status status = 0;

    (void)state;
    assert_int_equal(ntf_fences_init(&fences), NTF_OK);
    make(5);
    put(&fences, 1, 0);
    ntf_payload_ref(payloads[0]);
    ntf_fences_reset(&fences, 1, &result, &status);
    assert_int_equal(result, NTF_OK);
    assert_true(fake_core_free_at(&cores[0], RELEASE, 10));
    assert_int_equal(ntf_load(&mutexes[0].closed, NTF_RELAXED), 0);
    ntf_payload_unref(payloads[0]);
    assert_int_equal(ntf_load(&mutexes[0].closed, NTF_RELAXED), 1);
    assert_true(ntf_fences_none(&fences)); /* a plain fence again */

    fake_object_init(&value, 0);
    assert_int_equal(ntf_payload_new_value(&value.object, 1, &permanent), NTF_OK);
    assert_int_equal(ntf_fences_import(&fences, 1, permanent, false), NTF_OK);
    put(&fences, 1, 1);
    assert_ptr_equal(ntf_fences_active(&fences, 1), payloads[1]);
    put(&fences, 1, 2); /* in the place of the last */
    assert_true(fake_core_free_at(&cores[1], RELEASE, 11));
    ntf_fences_reset(&fences, 1, &result, &status);
    assert_true(fake_core_free_at(&cores[2], RELEASE, 12));
    assert_ptr_equal(ntf_fences_active(&fences, 1), permanent); /* restored, and reset */
    assert_true(ntf_payload_target(permanent) == 2);

    put(&fences, 1, 3);
    ntf_fences_forget(&fences, 1);
    assert_true(fake_core_free_at(&cores[3], RELEASE, 13));
    put(&fences, 7, 4);
    ntf_fences_finish(&fences);
    assert_true(fake_core_free_at(&cores[4], RELEASE, 14));
    for (uint32_t i = 0; i < 5; i++) {
        assert_int_equal(ntf_load(&mutexes[i].closed, NTF_RELAXED), 1);
        assert_int_equal(ntf_load(&mutexes[i].given, NTF_RELAXED), 1);
        assert_int_equal(ntf_load(&cores[i].breaches, NTF_RELAXED), 0);
    }
    assert_int_equal(complaints, 0);
}

/* A release that is refused is said, and a reset does not say that all is well. The payload is gone all the same. */
static void refused_release_is_told(void **state)
{
    struct ntf_fences fences;
    enum ntf_result result = NTF_OK;
    ntf_status status = 0;

    (void)state;
    assert_int_equal(ntf_fences_init(&fences), NTF_OK);
    make(1);
    put(&fences, 1, 0);
    mutexes[0].refuses = true;
    cores[0].owner = NULL; /* taken away by force */
    ntf_fences_reset(&fences, 1, &result, &status);
    assert_int_equal(result, NTF_E_INVALID);
    assert_int_equal(status, NTF_STATUS_INVALID_PARAMETER);
    assert_int_equal(complaints, 1);
    assert_int_equal(complaint, NTF_STATUS_INVALID_PARAMETER);
    assert_true(ntf_fences_none(&fences));
    ntf_fences_finish(&fences);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_a_wait_takes, up, down),
        cmocka_unit_test_setup_teardown(another_key_is_a_timeout, up, down),
        cmocka_unit_test_setup_teardown(any_takes_the_first_free, up, down),
        cmocka_unit_test_setup_teardown(all_or_none, up, down),
        cmocka_unit_test_setup_teardown(a_release_wakes, up, down),
        cmocka_unit_test_setup_teardown(the_same_mutex_twice, up, down),
        cmocka_unit_test_setup_teardown(the_same_twice_sees_others, up, down),
        cmocka_unit_test_setup_teardown(the_same_fence_twice, up, down),
        cmocka_unit_test_setup_teardown(companion_comes_first, up, down),
        cmocka_unit_test_setup_teardown(companion_is_not_asked_for_any_more, up, down),
        cmocka_unit_test_setup_teardown(abandoned_ends_the_wait, up, down),
        cmocka_unit_test_setup_teardown(refusal_ends_the_wait, up, down),
        cmocka_unit_test_setup_teardown(loss_ends_the_wait, up, down),
        cmocka_unit_test_setup_teardown(another_wait_has_kept_it, up, down),
        cmocka_unit_test_setup_teardown(a_wait_that_fails_gives_back, up, down),
        cmocka_unit_test_setup_teardown(more_than_the_scratch, up, down),
        cmocka_unit_test_setup_teardown(whatever_ends_it_releases, up, down),
        cmocka_unit_test_setup_teardown(refused_release_is_told, up, down),
    };

    return ntf_test_run("fence-keyed", tests, NTF_COUNT(tests), NULL, NULL);
}
