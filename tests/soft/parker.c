/* SPDX-License-Identifier: Apache-2.0 */
/* Parkers and watches in a world of the test's own: its clock, its sleep, its objects. */
#include "ntf_test.h"

#include "base/deadline.h"
#include "kmt/os/parker.h"
#include "kmt/watch.h"

#include <string.h>

static struct {
    uint64_t now_ns;
    unsigned sleeps;
    uint64_t until_ns;             /* of the last sleep */
    void (*during)(struct ntf_parker *); /* what happens while asleep */
} world;

static uint64_t now_ns(void)
{
    return world.now_ns;
}

static void sleep_until(struct ntf_parker *parker, uint64_t deadline_ns)
{
    world.sleeps++;
    world.until_ns = deadline_ns;
    if (world.during)
        world.during(parker);
    else if (deadline_ns != NTF_FOREVER)
        world.now_ns = deadline_ns;
}

static const struct ntf_park_ops ops = { .now_ns = now_ns, .sleep = sleep_until };

/* An object that is shared, crowded or neither, as the test says. */
static ntf_au64 values[200];
static ntf_au32 words[200];
static bool is_shared, is_crowded;
static unsigned arms, disarms, raise_at_arm;

static void arm(struct ntf_watch *watch, struct ntf_parker *parker)
{
    const size_t i = (size_t)((ntf_au64 *)watch->object - values);

    arms++;
    if (arms == raise_at_arm)
        ntf_store(&values[0], (uint64_t)5, NTF_RELEASE);
    ntf_parker_listen(parker, &words[i], ntf_load(&words[i], NTF_ACQUIRE), is_shared);
    if (is_crowded)
        parker->crowded = true;
}

static void disarm(struct ntf_watch *watch, struct ntf_parker *parker)
{
    (void)watch;
    (void)parker;
    disarms++;
}

static const struct ntf_watch_ops watch_ops = { arm, disarm };
static struct ntf_parker parker;
static struct ntf_watch watches[200];

static int fresh(void **state)
{
    (void)state;
    memset(&world, 0, sizeof world);
    world.now_ns = 1000;
    is_shared = is_crowded = false;
    arms = disarms = raise_at_arm = 0;
    for (unsigned i = 0; i < NTF_COUNT(values); i++) {
        ntf_init(&values[i], (uint64_t)0);
        ntf_init(&words[i], (uint32_t)0);
        watches[i] = (struct ntf_watch){ &values[i], 5, &watch_ops, &values[i], 0 };
    }
    ntf_parker_begin(&parker, &ops);
    return 0;
}

static int done(void **state)
{
    (void)state;
    ntf_parker_end(&parker);
    return 0;
}

static enum ntf_result any(uint32_t count, uint64_t deadline_ns, uint32_t *index)
{
    return ntf_watch_any(watches, count, deadline_ns, &parker, index);
}

static void raise_third(struct ntf_parker *p)
{
    (void)p;
    ntf_store(&values[2], (uint64_t)5, NTF_RELEASE);
}

static void wake_it(struct ntf_parker *p)
{
    ntf_parker_wake(p);
}

static void late(struct ntf_parker *p)
{
    (void)p;
    world.now_ns = 5000;
    ntf_store(&values[1], (uint64_t)5, NTF_RELEASE);
}

/* A value that is there needs no sleep and no arming; the first in array order is named. */
static void reached_at_once(void **state)
{
    uint32_t index = 99;

    (void)state;
    ntf_store(&values[1], (uint64_t)6, NTF_RELEASE);
    ntf_store(&values[2], (uint64_t)5, NTF_RELEASE);
    assert_int_equal(any(3, 0, &index), NTF_OK);
    assert_int_equal(index, 1);
    assert_int_equal(world.sleeps + arms, 0);
}

/* A deadline that has passed looks once, never sleeps, and leaves the index alone. */
static void timeout_zero(void **state)
{
    uint32_t index = 99;

    (void)state;
    assert_int_equal(any(3, world.now_ns, &index), NTF_TIMEOUT);
    assert_int_equal(index, 99);
    assert_int_equal(world.sleeps + arms, 0);
}

static void wakes_to_the_one_reached(void **state)
{
    uint32_t index = 99;

    (void)state;
    world.during = raise_third;
    assert_int_equal(any(4, NTF_FOREVER, &index), NTF_OK);
    assert_int_equal(index, 2);
    assert_int_equal(world.sleeps, 1);
    assert_int_equal(arms, 4);
    assert_int_equal(disarms, 4);
}

/* A value that arrives while the targets are published is found by the second look: nobody sleeps on it. */
static void value_during_arming(void **state)
{
    uint32_t index = 99;

    (void)state;
    for (unsigned at = 1; at <= 3; at++) {
        (void)fresh(NULL);
        raise_at_arm = at;
        assert_int_equal(any(3, NTF_FOREVER, &index), NTF_OK);
        assert_int_equal(index, 0);
        assert_int_equal(world.sleeps, 0);
        assert_int_equal(arms, 3);
        assert_int_equal(disarms, 3);
    }
}

/* A value that arrives with the deadline is success: values are read before the clock. */
static void value_wins_over_deadline(void **state)
{
    uint32_t index = 99;

    (void)state;
    world.during = late;
    assert_int_equal(any(2, 4000, &index), NTF_OK);
    assert_int_equal(index, 1);
}

/* Private waits sleep as long as they were told; shared ones look again once a second, crowded ones sooner. */
static void safety_period(void **state)
{
    uint32_t index;

    (void)state;
    world.during = raise_third;
    assert_int_equal(any(3, NTF_FOREVER, &index), NTF_OK);
    assert_true(world.until_ns == NTF_FOREVER);
    (void)fresh(NULL);
    is_shared = true;
    world.during = raise_third;
    assert_int_equal(any(3, NTF_FOREVER, &index), NTF_OK);
    assert_true(world.until_ns == 1000 + NTF_SAFETY_NS);
    (void)fresh(NULL);
    is_shared = is_crowded = true;
    world.during = raise_third;
    assert_int_equal(any(3, NTF_FOREVER, &index), NTF_OK);
    assert_true(world.until_ns == 1000 + NTF_REREAD_NS);
    (void)fresh(NULL);
    is_shared = true;
    assert_int_equal(any(3, 1000 + 2 * NTF_SAFETY_NS + 1, &index), NTF_TIMEOUT);
    assert_int_equal(world.sleeps, 3);
    assert_true(world.now_ns == 1000 + 2 * NTF_SAFETY_NS + 1);
}

/* ntf_parker_wake ends a wait, also when it came before the wait began. */
static void wake_is_not_lost(void **state)
{
    uint32_t index = 99;

    (void)state;
    world.during = wake_it;
    assert_int_equal(any(1, NTF_FOREVER, &index), NTF_NOT_READY);
    assert_int_equal(world.sleeps, 1);
    ntf_parker_wake(&parker);
    assert_int_equal(any(1, NTF_FOREVER, &index), NTF_NOT_READY);
    assert_int_equal(world.sleeps, 1);
    assert_int_equal(any(0, NTF_FOREVER, &index), NTF_NOT_READY);
    assert_int_equal(world.sleeps, 2);
    assert_int_equal(index, 99);
}

/* More words than one call sleeps on: helpers take the rest, and nothing has to be re-read. */
static void crowd(void **state)
{
    uint32_t index;

    (void)state;
    world.during = raise_third;
    assert_int_equal(any(NTF_PARKER_WORDS, NTF_FOREVER, &index), NTF_OK);
    assert_true(world.until_ns == NTF_FOREVER);
    if (!ntf_parker_words_wake)
        return;
    (void)fresh(NULL);
    world.during = raise_third;
    assert_int_equal(any(NTF_PARKER_WORDS + 1, NTF_FOREVER, &index), NTF_OK);
    assert_true(world.until_ns == NTF_FOREVER);
}

/* The system's own sleep: a changed word, a wake from another thread, an event, and both at once. */
static void wake_later(void *context)
{
    ntf_parker_wake(context);
}

static void real_sleep(void **state)
{
    struct ntf_parker real;
    struct ntf_thread *thread;
    uint64_t deadline_ns;

    (void)state;
    for (int with = 0; with < 4; with++) {
        ntf_parker_begin(&real, NULL);
        if (with & 1)
            assert_non_null(ntf_parker_event(&real));
        ntf_parker_round(&real);
        if (with & 2)
            ntf_parker_listen(&real, &words[0], ntf_load(&words[0], NTF_ACQUIRE), false);
        assert_int_equal(ntf_thread_start(&thread, "waker", wake_later, &real), NTF_OK);
        while (ntf_load(&real.wake, NTF_ACQUIRE) == 0)
            (void)ntf_parker_park(&real, NTF_FOREVER);
        ntf_thread_join(thread);
        ntf_parker_round(&real);
        deadline_ns = ntf_os_now_ns() + 1000000;
        while (ntf_parker_park(&real, deadline_ns) != NTF_TIMEOUT)
            assert_true(ntf_load(&real.wake, NTF_ACQUIRE) == 1); /* spurious: an event's ring of before */
        assert_true(ntf_os_now_ns() >= deadline_ns);
        ntf_parker_end(&real);
    }
}

/* A word that has changed since it was read: no sleep. */
static void changed_word(void **state)
{
    struct ntf_parker real;

    (void)state;
    if (!ntf_parker_words_wake)
        skip();
    ntf_parker_begin(&real, NULL);
    ntf_parker_round(&real);
    ntf_parker_listen(&real, &words[1], 0, false);
    ntf_parker_listen(&real, &words[0], 41, true);
    assert_int_equal(ntf_parker_park(&real, NTF_FOREVER), NTF_OK);
    ntf_parker_end(&real);
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, done)
    static const struct CMUnitTest tests[] = {
        TEST(reached_at_once), TEST(timeout_zero),     TEST(wakes_to_the_one_reached), TEST(value_wins_over_deadline),
        TEST(safety_period),   TEST(wake_is_not_lost), TEST(crowd),                    TEST(real_sleep),
        TEST(changed_word),    TEST(value_during_arming),
    };

    (void)argc;
    (void)argv;
    return ntf_test_run("soft-parker", tests, NTF_COUNT(tests), NULL, NULL);
}
