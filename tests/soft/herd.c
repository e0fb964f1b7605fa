// SPDX-License-Identifier: Apache-2.0
// Herds: who is woken for a value, by whom, and with how many calls; and the real thing, with threads.
#include "ntf_test.h"

#include "base/deadline.h"
#include "base/os/os.h"
#include "kmt/os/parker.h"
#include "kmt/soft/herd.h"
#include "kmt/soft/soft.h"

#include <stdio.h>
#include <string.h>

enum { THREADS = 24, ROUNDS = 60 };

static struct ntf_page page;
static struct {
    unsigned all, one;
    ntf_au32 *last;
} woken;

static void rest(void)
{
    ntf_au32 nothing;

    ntf_init(&nothing, 0u);
    (void)ntf_os_park(&nothing, 0, ntf_os_now_ns() + 20000);
}

static void wake(void *context, ntf_au32 *word, uint64_t owner)
{
    (void)context;
    (void)owner;
    woken.all++;
    woken.last = word;
}

static void wake_one(void *context, ntf_au32 *word)
{
    (void)context;
    woken.one++;
    woken.last = word;
}

static bool gone(void *context, uint64_t owner)
{
    (void)context;
    (void)owner;
    return false;
}

static const struct ntf_page_ops ops = { wake, gone, NULL, true, wake_one };

static int fresh(void **state)
{
    static const uint8_t id[16] = { 1 };

    (void)state;
    memset(&woken, 0, sizeof woken);
    memset(&page, 0, sizeof page);
    ntf_page_init(&page, 5, 3, 10, id);
    return 0;
}

static void join(uint64_t target, unsigned times)
{
    uint32_t seen;

    for (unsigned i = 0; i < times; i++)
        (void)ntf_herd_join(&page, target, &seen);
}

// Those who wait for a value that is passed are woken, and nobody else: at its own home, whichever way it is passed.
static void who_is_passed(void **state)
{
    uint32_t seen;

    (void)state;
    assert_int_equal(ntf_herd_join(&page, 20, &seen), 20);
    assert_int_equal(seen, 0);
    assert_true(ntf_page_signal(&page, 19, false, &ops));
    assert_int_equal(woken.all + woken.one, 0);
    assert_true(ntf_page_signal(&page, 20, false, &ops));
    assert_int_equal(woken.all, 1);
    assert_ptr_equal(woken.last, ntf_page_word(&page, 20));
    assert_int_equal(ntf_load(woken.last, NTF_RELAXED), 1);
    assert_true(ntf_page_signal(&page, 21, false, &ops));
    assert_int_equal(woken.all, 1);
    ntf_herd_quit(&page, 20, &ops);
    // A jump over many values, and one to the last of all.
    join(300, 1);
    assert_true(ntf_page_signal(&page, 299, false, &ops));
    const unsigned chance = woken.all; // it may have been met on the way
    assert_true(ntf_page_signal(&page, 1000, false, &ops));
    assert_int_equal(woken.all, chance + 1);
    ntf_herd_quit(&page, 300 % NTF_PAGE_SLOTS, &ops);
    join(UINT64_MAX, 1);
    assert_true(ntf_page_signal(&page, UINT64_MAX, false, &ops));
    assert_int_equal(woken.all, chance + 2);
    assert_int_equal(woken.one, 0);
}

// Of many the signaller wakes one, and whoever leaves first wakes the rest, once.
static void the_baton(void **state)
{
    (void)state;
    join(20, 10);
    assert_true(ntf_page_signal(&page, 20, false, &ops));
    assert_int_equal(woken.one, 1);
    assert_int_equal(woken.all, 0);
    ntf_herd_quit(&page, 20, &ops);
    assert_int_equal(woken.all, 1);
    for (unsigned i = 1; i < 10; i++)
        ntf_herd_quit(&page, 20, &ops);
    assert_int_equal(woken.all, 1);
    assert_int_equal(ntf_load(&page.slots[20].herd, NTF_RELAXED), 0);
    // Two are no herd: their wakes cost as much as one that is passed on.
    join(30, 2);
    assert_true(ntf_page_signal(&page, 30, false, &ops));
    assert_int_equal(woken.all, 2);
    assert_int_equal(woken.one, 1);
}

// ---- threads

struct waiter {
    struct ntf_thread *thread;
    struct ntf_object *object;
    uint64_t step;
    unsigned odd; // every so many waits end by their deadlines
    ntf_au32 failed;
};

static ntf_au32 inside;

static void wait_in_steps(void *context)
{
    struct waiter *waiter = context;

    for (uint64_t target = waiter->step; target <= ROUNDS; target += waiter->step) {
        struct ntf_watch watch;
        struct ntf_parker parker;
        enum ntf_result result;
        uint32_t index;

        ntf_object_watch(waiter->object, target, &watch);
        ntf_parker_begin(&parker, NULL);
        (void)ntf_fetch_add(&inside, 1u, NTF_SEQ_CST);
        do
            result = ntf_watch_any(&watch, 1,
                                   waiter->odd ? ntf_deadline_after(ntf_os_now_ns(), 50000) : NTF_FOREVER, &parker,
                                   &index);
        while (result == NTF_TIMEOUT);
        ntf_parker_end(&parker);
        if (result != NTF_OK || ntf_object_value(waiter->object) < target)
            ntf_store(&waiter->failed, 1u, NTF_RELAXED);
    }
}

// Nobody is left behind: for one value and for different ones, with deadlines that end sleeps at any moment.
static void nobody_is_left_behind(void **state)
{
    static struct waiter waiters[THREADS];
    struct ntf_object *object;

    (void)state;
    ntf_store(&inside, 0u, NTF_RELAXED);
    assert_int_equal(ntf_soft_create(0, 0, &object), NTF_OK);
    for (unsigned i = 0; i < THREADS; i++) {
        waiters[i] = (struct waiter){ NULL, object, i < THREADS / 2 ? 1 : 1 + i % 3, i % 4 == 1, 0 };
        assert_int_equal(ntf_thread_start(&waiters[i].thread, "herd", wait_in_steps, &waiters[i]), NTF_OK);
    }
    for (uint64_t value = 1; value <= ROUNDS; value++) {
        // Every other time those who wait for this very value are all there first.
        while (value % 2 == 0 && ntf_load(&inside, NTF_SEQ_CST) < THREADS / 2 * (uint32_t)value)
            rest();
        assert_int_equal(object->ops->signal(object, value, NULL), NTF_OK);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        ntf_thread_join(waiters[i].thread);
        assert_int_equal(ntf_load(&waiters[i].failed, NTF_RELAXED), 0);
    }
    object->ops->close(object);
}

// ---- many objects of this process, and more words than one call sleeps on

enum { MANY = 300 };

struct any {
    struct ntf_thread *thread;
    struct ntf_watch watches[MANY];
    uint32_t count, index;
    enum ntf_result result;
};

/* Without the look once a second: a word that nobody sleeps on is a wait without end. */
static void sleep_for_good(struct ntf_parker *parker, uint64_t deadline_ns)
{
    (void)deadline_ns;
    ntf_park_os_ops.sleep(parker, NTF_FOREVER);
}

static uint64_t os_now_ns(void)
{
    return ntf_os_now_ns();
}

static void wait_for_any(void *context)
{
    static const struct ntf_park_ops without_safety = {os_now_ns, sleep_for_good, NULL};
    struct any *any = context;
    struct ntf_parker parker;

    ntf_parker_begin(&parker, &without_safety);
    any->result = ntf_watch_any(any->watches, any->count, NTF_FOREVER, &parker, &any->index);
    ntf_parker_end(&parker);
}

static bool is_armed(struct ntf_object *object)
{
    struct ntf_page *its = (struct ntf_page *)((uintptr_t)object->value - offsetof(struct ntf_page, current));

    return ntf_page_monitored(its) != NTF_PAGE_NOBODY;
}

// Each in turn of many objects ends a sleep on all of them, long before anything would be read again by itself.
static void any_of_many(uint32_t flags)
{
    static const unsigned which[] = { 0, 1, 125, 126, 127, 128, 254, MANY - 1 };
    static struct ntf_object *objects[MANY];
    static struct any any;
    uint64_t slept_ns = 0;

    for (unsigned i = 0; i < MANY; i++)
        assert_int_equal(ntf_soft_create(flags, 0, &objects[i]), NTF_OK);
    for (uint64_t round = 0; round < NTF_COUNT(which); round++) {
        const unsigned last = which[round];

        any.count = MANY;
        for (unsigned i = 0; i < MANY; i++)
            ntf_object_watch(objects[i], 1 + (i == last ? 0 : 100), &any.watches[i]);
        assert_int_equal(ntf_thread_start(&any.thread, "any", wait_for_any, &any), NTF_OK);
        while (!is_armed(objects[MANY - 1]))
            rest();
        slept_ns -= ntf_os_now_ns();
        assert_int_equal(objects[last]->ops->signal(objects[last], 1, NULL), NTF_OK);
        ntf_thread_join(any.thread);
        slept_ns += ntf_os_now_ns();
        assert_int_equal(any.result, NTF_OK);
        assert_int_equal(any.index, last);
    }
    printf("any of %u: %.3f ms from the signal to the end, on average\n", (unsigned)MANY,
           (double)slept_ns / 1e6 / (double)NTF_COUNT(which));
    for (unsigned i = 0; i < MANY; i++)
        objects[i]->ops->close(objects[i]);
}

// ---- a signal at any moment of falling asleep

enum { RACES = 4000, FEW = 3 };

static struct {
    struct ntf_object *objects[FEW];
    ntf_au32 round, failed;
} race;

static void wait_in_races(void *context)
{
    (void)context;
    for (uint32_t round = 1; round <= RACES; round++) {
        struct ntf_watch watches[FEW];
        struct ntf_parker parker;
        uint32_t index;

        for (uint32_t i = 0; i < FEW; i++)
            ntf_object_watch(race.objects[i], round % FEW == i ? round : UINT64_MAX - 1, &watches[i]);
        ntf_parker_begin(&parker, NULL);
        ntf_store(&race.round, round, NTF_SEQ_CST);
        if (ntf_watch_any(watches, FEW, NTF_FOREVER, &parker, &index) != NTF_OK || index != round % FEW)
            ntf_store(&race.failed, 1u, NTF_RELAXED);
        ntf_parker_end(&parker);
    }
}

// No wake is lost, whenever the signal comes; nothing would make up for it.
static void races(void **state)
{
    struct ntf_thread *thread;

    (void)state;
    for (unsigned i = 0; i < FEW; i++)
        assert_int_equal(ntf_soft_create(0, 0, &race.objects[i]), NTF_OK);
    assert_int_equal(ntf_thread_start(&thread, "races", wait_in_races, NULL), NTF_OK);
    for (uint32_t round = 1; round <= RACES; round++) {
        while (ntf_load(&race.round, NTF_SEQ_CST) < round)
            if (round % 64 == 0)
                rest();
        for (volatile unsigned i = 0; i < round % 512; i++)
            ;
        assert_int_equal(race.objects[round % FEW]->ops->signal(race.objects[round % FEW], round, NULL), NTF_OK);
    }
    ntf_thread_join(thread);
    assert_int_equal(ntf_load(&race.failed, NTF_RELAXED), 0);
    for (unsigned i = 0; i < FEW; i++)
        race.objects[i]->ops->close(race.objects[i]);
}

static void any_of_many_private(void **state)
{
    (void)state;
    any_of_many(0);
}

static void any_of_many_shared(void **state)
{
    (void)state;
    any_of_many(NTF_SYNC_SHARED | NTF_SYNC_NT_SECURITY_SHARING);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(who_is_passed, fresh), cmocka_unit_test_setup(the_baton, fresh),
        cmocka_unit_test(nobody_is_left_behind),      cmocka_unit_test(any_of_many_private),
        cmocka_unit_test(any_of_many_shared),         cmocka_unit_test(races),
    };

    (void)argc;
    (void)argv;
    return ntf_test_run("soft-herd", tests, NTF_COUNT(tests), NULL, NULL);
}
