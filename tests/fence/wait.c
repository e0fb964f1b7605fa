/* SPDX-License-Identifier: Apache-2.0 */
/* The poller and the waiter, in a world where the test plays the clock and everybody else. */
#include "ntf_test.h"

#include "base/deadline.h"
#include "fake_object.h"
#include "fence/waiter.h"

#include <stdlib.h>
#include <string.h>

enum { MANY = 300 };

static struct fake_object objects[MANY];
static struct ntf_payload *payloads[MANY];
static struct ntf_poller poller = { .ops = &fake_park_ops };

/* One wait from beginning to end. */
static enum ntf_result wait_any(struct ntf_payload *const *list, uint32_t count, uint64_t deadline_ns, uint32_t *index)
{
    struct ntf_wait wait;
    enum ntf_result result;

    assert_int_equal(ntf_wait_begin(&wait, list, count), NTF_OK);
    result = ntf_wait_any(&wait, &poller, deadline_ns, index);
    ntf_wait_end(&wait);
    return result;
}

static enum ntf_result wait_all(struct ntf_payload *const *list, uint32_t count, uint64_t deadline_ns)
{
    struct ntf_wait wait;
    enum ntf_result result;

    assert_int_equal(ntf_wait_begin(&wait, list, count), NTF_OK);
    result = ntf_wait_all(&wait, &poller, deadline_ns);
    ntf_wait_end(&wait);
    return result;
}

static void make(uint32_t count, uint64_t target)
{
    for (uint32_t i = 0; i < count; i++) {
        fake_object_init(&objects[i], 0);
        assert_int_equal(ntf_payload_new_value(&objects[i].object, target, &payloads[i]), NTF_OK);
    }
}

static void drop(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(ntf_load(&objects[i].armed, NTF_RELAXED), ntf_load(&objects[i].disarmed, NTF_RELAXED));
        ntf_payload_unref(payloads[i]);
    }
}

/* What is reached already needs no arming and no sleep, even with a deadline long past. */
static void reached_needs_no_sleep(void **state)
{
    uint32_t index = 99;

    (void)state;
    fake_world_reset(NULL, NULL);
    make(3, 1);
    ntf_store(&objects[1].value, 1, NTF_RELAXED);
    assert_int_equal(wait_any(payloads, 3, 0, &index), NTF_OK);
    assert_int_equal(index, 1);
    assert_int_equal(fake_world.sleeps, 0);
    assert_int_equal(ntf_load(&objects[1].armed, NTF_RELAXED), 0);
    drop(3);
}

/* A deadline that has passed only looks: it neither arms nor sleeps, and writes no index. */
static void passed_deadline_only_looks(void **state)
{
    uint32_t index = 99;

    (void)state;
    fake_world_reset(NULL, NULL);
    make(2, 1);
    assert_int_equal(wait_any(payloads, 2, fake_world.now_ns, &index), NTF_TIMEOUT);
    assert_int_equal(wait_all(payloads, 2, fake_world.now_ns), NTF_TIMEOUT);
    assert_int_equal(index, 99);
    assert_int_equal(fake_world.sleeps, 0);
    assert_int_equal(ntf_load(&objects[0].armed, NTF_RELAXED), 0);
    drop(2);
}

/* A deadline ends the wait at that time of the clock, not before it and not after. */
static void deadline_ends_the_wait(void **state)
{
    uint32_t index = 99;

    (void)state;
    fake_world_reset(NULL, NULL);
    make(1, 1);
    assert_int_equal(wait_any(payloads, 1, 5000, &index), NTF_TIMEOUT);
    assert_true(fake_world.now_ns == 5000);
    assert_int_equal(index, 99);
    drop(1);
}

static void signal_at_third(uint32_t sleep, void *context)
{
    struct fake_object *object = context;

    if (sleep == 3)
        ntf_store(&object->value, 1, NTF_RELAXED);
    fake_world.now_ns += 10;
}

/* Wakes that mean nothing are slept over; the object is armed with its target each time. */
static void spurious_wakes_are_slept_over(void **state)
{
    uint32_t index = 99;

    (void)state;
    fake_world_reset(signal_at_third, &objects[1]);
    make(2, 1);
    assert_int_equal(wait_any(payloads, 2, NTF_FOREVER, &index), NTF_OK);
    assert_int_equal(index, 1);
    assert_int_equal(fake_world.sleeps, 3);
    assert_true(objects[1].last_target == 1);
    drop(2);
}

/* A wait for ever sleeps in pieces of the safety period: a signaller may die between its store and its wake. */
static void forever_re_reads_every_safety_period(void **state)
{
    uint32_t index = 99;

    (void)state;
    fake_world_reset(signal_at_third, &objects[0]);
    make(1, 1);
    assert_int_equal(wait_any(payloads, 1, NTF_FOREVER, &index), NTF_OK);
    assert_true(fake_world.last_deadline_ns <= fake_world.now_ns + NTF_SAFETY_NS);
    drop(1);
}

/* More payloads than the stack has room for. */
static void more_than_the_scratch(void **state)
{
    uint32_t index = 9999;

    (void)state;
    fake_world_reset(signal_at_third, &objects[MANY - 1]);
    make(MANY, 1);
    assert_int_equal(wait_any(payloads, MANY, NTF_FOREVER, &index), NTF_OK);
    assert_int_equal(index, MANY - 1);
    drop(MANY);
}

/* The same payload twice is allowed. */
static void the_same_twice(void **state)
{
    struct ntf_payload *twice[2];
    uint32_t index = 99;

    (void)state;
    fake_world_reset(signal_at_third, &objects[0]);
    make(1, 1);
    twice[0] = twice[1] = payloads[0];
    assert_int_equal(wait_any(twice, 2, NTF_FOREVER, &index), NTF_OK);
    assert_int_equal(index, 0);
    assert_int_equal(wait_all(twice, 2, NTF_FOREVER), NTF_OK);
    drop(1);
}

static void one_after_the_other(uint32_t sleep, void *context)
{
    (void)context;
    ntf_store(&objects[3 - sleep].value, 1, NTF_RELAXED); /* 2, 1, 0 */
    fake_world.now_ns += 10;
}

/* Wait-all is over when the last one has come, in whatever order they do. */
static void all_in_any_order(void **state)
{
    (void)state;
    fake_world_reset(one_after_the_other, NULL);
    make(3, 1);
    assert_int_equal(wait_all(payloads, 3, NTF_FOREVER), NTF_OK);
    assert_int_equal(fake_world.sleeps, 3);
    drop(3);
}

static void two_of_three(uint32_t sleep, void *context)
{
    (void)context;
    if (sleep <= 2)
        ntf_store(&objects[sleep - 1].value, 1, NTF_RELAXED);
    fake_world.now_ns += 1000;
}

/* Wait-all with one missing times out at the one deadline of the whole wait. */
static void all_but_one_is_a_timeout(void **state)
{
    (void)state;
    fake_world_reset(two_of_three, NULL);
    make(3, 1);
    assert_int_equal(wait_all(payloads, 3, 20000), NTF_TIMEOUT);
    assert_true(fake_world.now_ns >= 20000);
    assert_true(fake_world.now_ns < 22000);
    drop(3);
}

static void pulse(uint32_t sleep, void *context)
{
    /* The value passes the target, and before the waiter runs again the fence has been reset by its owner. */
    (void)sleep;
    ntf_store(&objects[0].value, 1, NTF_RELAXED);
    (void)ntf_payload_reset(context, NULL);
    fake_world.now_ns += 10;
}

/* The target is taken at entry: reaching it is success although the payload's target has moved on since. */
static void no_pulse_is_lost(void **state)
{
    uint32_t index = 99;

    (void)state;
    make(1, 1);
    fake_world_reset(pulse, payloads[0]);
    assert_int_equal(wait_any(payloads, 1, NTF_FOREVER, &index), NTF_OK);
    assert_int_equal(ntf_payload_status(payloads[0]), NTF_NOT_READY);
    drop(1);
}

/* Wait-any tells of the one it returns for, and of no other. */
static void any_tells_of_one(void **state)
{
    uint32_t index = 99;

    (void)state;
    fake_world_reset(NULL, NULL);
    make(2, 1);
    ntf_store(&objects[0].value, 8, NTF_RELAXED);
    ntf_store(&objects[1].value, 8, NTF_RELAXED);
    assert_int_equal(wait_any(payloads, 2, NTF_FOREVER, &index), NTF_OK);
    (void)ntf_payload_reset(payloads[0], NULL);
    (void)ntf_payload_reset(payloads[1], NULL);
    assert_true(ntf_payload_target(payloads[0]) == 9);
    assert_true(ntf_payload_target(payloads[1]) == 2);
    drop(2);
}

/* Memory for long waits is kept for the next one, and replaced when it is too little. */
static void rooms(void **state)
{
    enum { MUCH = 1000000 };
    struct ntf_rooms rooms;
    void *first, *second;

    (void)state;
    memset(&rooms, 0, sizeof rooms);
    first = ntf_room_take(&rooms, 4, 64);
    assert_non_null(first);
    memset(first, 1, 256);
    ntf_room_give(&rooms, first);
    assert_ptr_equal(ntf_room_take(&rooms, 2, 64), first);
    second = ntf_room_take(&rooms, 4, 64); /* one wait has it; another gets its own */
    assert_ptr_not_equal(second, first);
    ntf_room_give(&rooms, first);
    ntf_room_give(&rooms, second);
    first = ntf_room_take(&rooms, MUCH, 64);
    assert_non_null(first);
    memset(first, 1, (size_t)MUCH * 64);
    assert_null(ntf_room_take(&rooms, SIZE_MAX / 8, 64));
    ntf_room_give(&rooms, first);
    ntf_room_give(&rooms, NULL);
    ntf_rooms_expect(&rooms, 1000);
    ntf_rooms_finish(&rooms);
    first = ntf_room_take(NULL, 4, 64);
    assert_non_null(first);
    ntf_room_give(NULL, first);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(reached_needs_no_sleep),
        cmocka_unit_test(passed_deadline_only_looks),
        cmocka_unit_test(deadline_ends_the_wait),
        cmocka_unit_test(spurious_wakes_are_slept_over),
        cmocka_unit_test(forever_re_reads_every_safety_period),
        cmocka_unit_test(more_than_the_scratch),
        cmocka_unit_test(the_same_twice),
        cmocka_unit_test(all_in_any_order),
        cmocka_unit_test(all_but_one_is_a_timeout),
        cmocka_unit_test(no_pulse_is_lost),
        cmocka_unit_test(any_tells_of_one),
        cmocka_unit_test(rooms),
    };

    return ntf_test_run("fence-wait", tests, NTF_COUNT(tests), NULL, NULL);
}
