// SPDX-License-Identifier: Apache-2.0
// What waits learn of a payload's past: when the next arrival is foreseen, and when not.
#include "ntf_test.h"

#include "base/deadline.h"
#include "fake_object.h"
#include "fence/waiter.h"

#define MS UINT64_C(1000000)

static struct ntf_history history;

static int fresh(void **state)
{
    (void)state;
    ntf_history_init(&history);
    return 0;
}

// Arrivals at these distances, from `from_ns` on; the time of the last.
static uint64_t arrivals(uint64_t from_ns, const uint64_t *distances, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        from_ns += distances[i];
        ntf_history_note(&history, from_ns);
    }
    return from_ns;
}

static uint64_t steady(uint64_t from_ns, uint64_t distance_ns, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        from_ns = arrivals(from_ns, &distance_ns, 1);
    return from_ns;
}

static bool foreseen(void)
{
    return ntf_history_next(&history).at_ns != 0;
}

// Five arrivals are four distances; alike, they say when the next is due.
static void steady_arrivals_are_foreseen(void **state)
{
    uint64_t last_ns;

    (void)state;
    last_ns = steady(MS, 4 * MS, 4);
    assert_false(foreseen());
    last_ns = steady(last_ns, 4 * MS, 1);
    assert_true(ntf_history_next(&history).at_ns == last_ns + 4 * MS);
    assert_true(ntf_history_next(&history).margin_ns == 0);
}

// Around an average by a few percent: the margin covers the deviation.
static void a_little_jitter_widens_the_margin(void **state)
{
    static const uint64_t some[] = { 40 * MS / 10, 41 * MS / 10, 39 * MS / 10, 405 * MS / 100, 395 * MS / 100 };
    struct ntf_moment next;
    uint64_t last_ns = MS;

    (void)state;
    for (unsigned i = 0; i < 10; i++)
        last_ns = arrivals(last_ns, some, NTF_COUNT(some));
    next = ntf_history_next(&history);
    assert_in_range(next.at_ns - last_ns, 395 * MS / 100, 405 * MS / 100);
    assert_in_range(next.margin_ns, MS / 20, MS / 4);
}

// Too irregular, and the mean of two rhythms: nothing is foreseen.
static void irregular_arrivals_are_not(void **state)
{
    static const uint64_t wild[] = { 2 * MS, 5 * MS, 3 * MS, 7 * MS, 1 * MS, 4 * MS };
    static const uint64_t two[] = { 4 * MS, 46 * MS / 10 };
    uint64_t last_ns = MS;

    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        last_ns = arrivals(last_ns, wild, NTF_COUNT(wild));
        assert_false(foreseen());
    }
    (void)fresh(NULL);
    for (unsigned i = 0; i < 10; i++)
        last_ns = arrivals(last_ns, two, NTF_COUNT(two));
    assert_false(foreseen());
}

// A new rhythm is learnt within a few waits; one odd distance costs as many.
static void a_new_rhythm(void **state)
{
    uint64_t last_ns;

    (void)state;
    last_ns = steady(MS, 4 * MS, 20);
    assert_true(foreseen());
    last_ns = steady(last_ns, 16 * MS, 1);
    assert_false(foreseen());
    last_ns = steady(last_ns, 16 * MS, 4);
    assert_true(ntf_history_next(&history).at_ns == last_ns + 16 * MS);
}

// An arrival that nobody saw, and a past that is not to be trusted.
static void gaps(void **state)
{
    uint64_t last_ns;

    (void)state;
    last_ns = steady(MS, 4 * MS, 20);
    ntf_history_lapse(&history);
    assert_false(foreseen());
    last_ns = steady(last_ns, 100 * MS, 1); // the distance to it is not known
    assert_true(ntf_history_next(&history).at_ns == last_ns + 4 * MS);
    ntf_history_forget(&history);
    assert_false(foreseen());
    last_ns = steady(last_ns, 4 * MS, 4);
    assert_true(ntf_history_next(&history).at_ns == last_ns + 4 * MS);
}

// Two waits that see the same arrival count it once; clocks that run backwards, all ones and zero do no harm.
static void odd_times(void **state)
{
    uint64_t last_ns = MS;

    (void)state;
    for (unsigned i = 0; i < 6; i++) {
        last_ns = steady(last_ns, 4 * MS, 1);
        ntf_history_note(&history, last_ns + 30);
    }
    assert_in_range(ntf_history_next(&history).at_ns, last_ns + 4 * MS - 100, last_ns + 4 * MS + 100);
    ntf_history_note(&history, last_ns - MS);
    assert_true(foreseen());
    ntf_history_note(&history, UINT64_MAX);
    ntf_history_note(&history, 1);
    ntf_history_note(&history, 0);
    (void)ntf_history_next(&history);
    (void)fresh(NULL);
    (void)steady(MS, 20000, 100); // what spinning is for
    assert_false(foreseen());
}

// From the waiter's side: frames. The clock jumps to a sleep's end, or the value comes while it lasts.
static struct fake_object object;
static uint64_t due_ns, until_ns;

static uint64_t ticking_ns(void)
{
    fake_world.now_ns += 100;
    if (fake_world.now_ns >= due_ns)
        ntf_store(&object.value, 1, NTF_RELEASE);
    return fake_world.now_ns;
}

static void sleep_until(struct ntf_parker *parker, uint64_t deadline_ns)
{
    (void)parker;
    fake_world.sleeps++;
    until_ns = deadline_ns;
    fake_world.now_ns = due_ns < deadline_ns ? due_ns : deadline_ns;
    if (fake_world.now_ns == due_ns)
        ntf_store(&object.value, 1, NTF_RELEASE);
}

static uint64_t whole_ns(uint64_t left_ns)
{
    (void)left_ns;
    return 20000;
}

static const struct ntf_park_ops ops = { ticking_ns, sleep_until, whole_ns };

static uint32_t sleeps_of_a_frame(struct ntf_payload *payload, uint64_t frame_ns, bool all)
{
    static struct ntf_poller poller; // its budget is used up within a few waits
    struct ntf_wait wait;
    uint32_t index = 99;
    enum ntf_result result;

    poller.ops = &ops;
    ntf_store(&object.value, 0, NTF_RELEASE);
    due_ns += frame_ns;
    (void)ticking_ns();
    fake_world.sleeps = 0;
    assert_int_equal(ntf_wait_begin(&wait, &payload, 1), NTF_OK);
    result = all ? ntf_wait_all(&wait, &poller, NTF_FOREVER) : ntf_wait_any(&wait, &poller, NTF_FOREVER, &index);
    assert_int_equal(result, NTF_OK);
    ntf_wait_end(&wait);
    assert_true(fake_world.now_ns >= due_ns);
    return fake_world.now_ns < due_ns + 2000 ? fake_world.sleeps : 99;
}

// After some frames of a sleep to their end, the sleep ends shortly before, and the value is seen by the spin.
static void frames(void **state)
{
    struct ntf_payload *payload;

    (void)state;
    for (unsigned all = 0; all < 2; all++) {
        fake_world_reset(NULL, NULL);
        due_ns = fake_world.now_ns;
        fake_object_init(&object, 0);
        assert_int_equal(ntf_payload_new_value(&object.object, 1, &payload), NTF_OK);
        for (unsigned i = 0; i < 8; i++)
            (void)sleeps_of_a_frame(payload, 4 * MS, all == 1);
        for (unsigned i = 0; i < 8; i++) {
            const uint64_t before_ns = fake_world.now_ns;

            assert_int_equal(sleeps_of_a_frame(payload, 4 * MS + (i % 3) * 5000, all == 1), 1);
            assert_true(fake_world.now_ns > before_ns);
            assert_true(until_ns < due_ns && until_ns > due_ns - MS);
            assert_true(ntf_load(&payload->history.run, NTF_RELAXED) > 4);
        }
        // It was there before anybody asked: that frame says nothing of the rhythm, and the next is not foreseen.
        due_ns = fake_world.now_ns;
        (void)sleeps_of_a_frame(payload, 0, all == 1);
        assert_true(ntf_history_next(&payload->history).at_ns == 0);
        ntf_payload_unref(payload);
    }
}

// A look without a wait: any, all, none, and nothing of it tells of a fence that has not come.
static void a_look(void **state)
{
    static struct ntf_poller poller;
    static ntf_au32 lost;
    struct fake_object objects[3];
    struct ntf_payload *payloads[3];
    uint32_t index = 99;

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        fake_object_init(&objects[i], 0);
        assert_int_equal(ntf_payload_new_value(&objects[i].object, 1, &payloads[i]), NTF_OK);
    }
    assert_int_equal(ntf_wait_now(&poller, payloads, 3, false, &index), NTF_NOT_READY);
    assert_int_equal(ntf_wait_now(&poller, payloads, 3, true, &index), NTF_NOT_READY);
    assert_int_equal(index, 99);
    ntf_store(&objects[1].value, 4, NTF_RELEASE);
    ntf_store(&objects[0].value, 4, NTF_RELEASE);
    assert_int_equal(ntf_wait_now(&poller, payloads, 3, true, &index), NTF_NOT_READY);
    assert_true(ntf_load(&payloads[1]->seen, NTF_RELAXED) == 0);
    assert_int_equal(ntf_wait_now(&poller, payloads + 1, 2, false, &index), NTF_OK);
    assert_int_equal(index, 0);
    assert_true(ntf_load(&payloads[1]->seen, NTF_RELAXED) == 4);
    assert_int_equal(ntf_wait_now(&poller, payloads, 2, true, &index), NTF_OK);
    assert_true(ntf_load(&payloads[0]->seen, NTF_RELAXED) == 4);
    assert_int_equal(ntf_wait_now(&poller, payloads, 0, true, &index), NTF_OK);
    poller.lost = &lost;
    ntf_store(&lost, 1, NTF_RELEASE);
    assert_int_equal(ntf_wait_now(&poller, payloads, 2, true, &index), NTF_E_LOST);
    for (unsigned i = 0; i < 3; i++)
        ntf_payload_unref(payloads[i]);
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup(name, fresh)
    static const struct CMUnitTest tests[] = {
        TEST(steady_arrivals_are_foreseen), TEST(a_little_jitter_widens_the_margin), TEST(irregular_arrivals_are_not),
        TEST(a_new_rhythm),                 TEST(gaps),                              TEST(odd_times),
        TEST(frames),                       TEST(a_look),
    };

    (void)argc;
    (void)argv;
    return ntf_test_run("fence-history", tests, NTF_COUNT(tests), NULL, NULL);
}
