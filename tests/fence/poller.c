// SPDX-License-Identifier: Apache-2.0
// The poller in a world where the test plays the clock: it moves when it is read, and when a thread sleeps; what
// others do happens at a time of this clock. So the phases of a wait are told apart without a stopwatch.
#include "ntf_test.h"

#include "base/deadline.h"
#include "fence/poller.h"

#include <string.h>

enum { MANY = 200, WHOLE = 20000 };

struct event { // at that time the value becomes this, or the lost word does
    uint64_t at_ns;
    ntf_au64 *value;
    uint64_t to;
    bool fired;
};

static struct {
    uint64_t now_ns;
    uint64_t step_ns; // what a reading of the clock takes
    uint64_t spin_ns;
    uint64_t readings;
    uint32_t sleeps, spurious; // the first `spurious` sleeps end at once
    uint64_t first_until_ns;
    struct event events[8];
    uint64_t jump_at_ns, jump_ns; // the CPU is taken away
    bool hammer;                  // a peer writes below the target without a pause
    bool pulse;                   // the value is there while it is armed, and at no other time
} world;

static ntf_au64 values[MANY];
static ntf_au32 lost;
static uint32_t armed[MANY], disarmed[MANY];
static struct ntf_watch watches[MANY];
static struct ntf_poller poller;

static bool play(void)
{
    bool woken = false;

    for (size_t i = 0; i < NTF_COUNT(world.events); i++) {
        struct event *event = &world.events[i];

        if (event->at_ns == 0 || event->fired || world.now_ns < event->at_ns)
            continue;
        event->fired = woken = true;
        if (event->value)
            ntf_store(event->value, event->to, NTF_RELEASE);
        else
            ntf_store(&lost, 1u, NTF_RELEASE);
    }
    return woken;
}

static uint64_t now_ns(void)
{
    world.readings++;
    world.now_ns += world.step_ns;
    if (world.jump_at_ns != 0 && world.now_ns >= world.jump_at_ns) {
        world.now_ns += world.jump_ns;
        world.jump_at_ns = 0;
    }
    if (world.hammer)
        ntf_store(&values[0], world.readings % 5, NTF_RELEASE);
    (void)play();
    return world.now_ns;
}

static bool is_armed(const ntf_au64 *value)
{
    return value && armed[value - values] > disarmed[value - values];
}

// A signal wakes those who are armed; the loss of a device wakes nobody.
static void sleep_until(struct ntf_parker *parker, uint64_t deadline_ns)
{
    (void)parker;
    if (world.sleeps++ == 0)
        world.first_until_ns = deadline_ns;
    if (world.sleeps <= world.spurious)
        return;
    for (;;) {
        uint64_t next_ns = deadline_ns;
        const struct event *next = NULL;

        for (size_t i = 0; i < NTF_COUNT(world.events); i++) {
            const struct event *event = &world.events[i];

            if (event->at_ns != 0 && !event->fired && event->at_ns < next_ns) {
                next_ns = event->at_ns;
                next = event;
            }
        }
        if (next_ns > world.now_ns)
            world.now_ns = next_ns;
        (void)play();
        if (!next || is_armed(next->value))
            return;
    }
}

static uint64_t spin_ns(uint64_t left_ns)
{
    (void)left_ns;
    return world.spin_ns;
}

static const struct ntf_park_ops ops = { now_ns, sleep_until, spin_ns };

static void arm(struct ntf_watch *watch, struct ntf_parker *parker)
{
    (void)parker;
    armed[(ntf_au64 *)watch->object - values]++;
    if (world.pulse)
        ntf_store((ntf_au64 *)watch->object, (uint64_t)5, NTF_RELEASE);
}

static void disarm(struct ntf_watch *watch, struct ntf_parker *parker)
{
    (void)parker;
    disarmed[(ntf_au64 *)watch->object - values]++;
    if (world.pulse)
        ntf_store((ntf_au64 *)watch->object, (uint64_t)0, NTF_RELEASE);
}

static const struct ntf_watch_ops watch_ops = { arm, disarm };

static int fresh(void **state)
{
    (void)state;
    memset(&world, 0, sizeof world);
    memset(armed, 0, sizeof armed);
    memset(disarmed, 0, sizeof disarmed);
    world.now_ns = 1000000;
    world.step_ns = 100;
    world.spin_ns = WHOLE;
    ntf_init(&lost, 0u);
    for (unsigned i = 0; i < MANY; i++) {
        ntf_init(&values[i], (uint64_t)0);
        watches[i] = (struct ntf_watch){ &values[i], 5, &watch_ops, &values[i], 0 };
    }
    ntf_poller_init(&poller, &ops, &lost);
    return 0;
}

static int balanced(void **state)
{
    (void)state;
    assert_memory_equal(armed, disarmed, sizeof armed);
    return 0;
}

static void at(unsigned event, uint64_t in_ns, unsigned value, uint64_t to)
{
    world.events[event] = (struct event){ world.now_ns + in_ns, &values[value], to, false };
}

static enum ntf_result any(uint32_t count, uint64_t in_ns, uint32_t *index)
{
    return ntf_poller_wait_any(&poller, watches, count, ntf_deadline_after(world.now_ns, in_ns), index);
}

static enum ntf_result all(uint32_t count, uint64_t in_ns, struct ntf_moment expected, struct ntf_poll *poll)
{
    ntf_poll_begin(poll, watches, count, true);
    return ntf_poller_wait(&poller, poll, ntf_deadline_after(world.now_ns, in_ns), expected);
}

static const struct ntf_moment no_idea;

// A value that comes within the budget is found by the spin: nothing is armed, nobody sleeps. For one value, some,
// more than the packed array has room for, and for all of them.
static void short_waits_do_not_sleep(void **state)
{
    static const uint32_t counts[] = { 1, 2, 40, MANY };
    struct ntf_poll poll;
    uint32_t index = 99;

    for (unsigned i = 0; i < NTF_COUNT(counts); i++) {
        (void)fresh(state);
        at(0, WHOLE / 2, counts[i] - 1, 5);
        assert_int_equal(any(counts[i], NTF_FOREVER, &index), NTF_OK);
        assert_int_equal(index, counts[i] - 1);
        assert_int_equal(world.sleeps + armed[index], 0);
        (void)fresh(state);
        for (unsigned k = 0; k + 1 < counts[i]; k++)
            ntf_store(&values[k], (uint64_t)7, NTF_RELEASE);
        at(0, WHOLE / 2, counts[i] - 1, 5);
        assert_int_equal(all(counts[i], NTF_FOREVER, no_idea, &poll), NTF_OK);
        assert_int_equal(poll.index, counts[i] - 1);
        assert_int_equal(world.sleeps + armed[counts[i] - 1], 0);
    }
}

// A spin lasts for its budget and not longer; then one sleep, armed.
static void a_spin_ends_with_its_budget(void **state)
{
    uint32_t index = 99;
    uint64_t begun_ns;

    (void)state;
    at(0, 50 * WHOLE, 0, 5);
    begun_ns = world.now_ns;
    assert_int_equal(any(1, NTF_FOREVER, &index), NTF_OK);
    assert_int_equal(world.sleeps, 1);
    assert_int_equal(armed[0], 1);
    assert_true(world.readings >= WHOLE / world.step_ns);
    assert_true(world.readings < WHOLE / world.step_ns + 10);
    assert_true(world.now_ns >= begun_ns + 50 * WHOLE);
}

// With no budget, as on one CPU, or with nobody to tell it, a wait looks and parks.
static void no_budget_no_spin(void **state)
{
    static const struct ntf_park_ops without = { now_ns, sleep_until, NULL };
    uint32_t index = 99;

    for (unsigned round = 0; round < 2; round++) {
        (void)fresh(state);
        world.spin_ns = 0;
        if (round == 1)
            poller.ops = &without;
        at(0, WHOLE / 2, 0, 5);
        assert_int_equal(any(1, NTF_FOREVER, &index), NTF_OK);
        assert_int_equal(world.sleeps, 1);
        assert_true(world.readings < 10);
    }
}

static uint64_t readings_of_a_wait(uint64_t in_ns)
{
    const uint64_t before = world.readings;
    uint32_t index;

    ntf_store(&values[0], (uint64_t)0, NTF_RELEASE);
    at(0, in_ns, 0, 5);
    assert_int_equal(any(1, NTF_FOREVER, &index), NTF_OK);
    return world.readings - before;
}

// ---- the spin alone

static struct {
    unsigned asked, answers_at; // 0: never
} other;

static bool ask_other(void *context)
{
    assert_ptr_equal(context, &other);
    return ++other.asked == other.answers_at;
}

static enum ntf_result spin_alone(struct ntf_poll *poll, uint32_t count, struct ntf_moment expected)
{
    ntf_poll_begin(poll, watches, count, false);
    poll->look = ask_other;
    poll->context = &other;
    return ntf_poller_spin(&poller, poll, NTF_FOREVER, expected);
}

// A spin alone finds a value, or ends when somebody else has something to tell, or with the budget; it never arms.
// Behind one that was in vain a wait parks without another, and what it was for is not counted twice.
static void a_spin_alone(void **state)
{
    struct ntf_poll poll;
    uint64_t readings;

    (void)state;
    memset(&other, 0, sizeof other);
    at(0, WHOLE / 2, 1, 5);
    assert_int_equal(spin_alone(&poll, 2, no_idea), NTF_OK);
    assert_int_equal(poll.index, 1);
    assert_true(poll.seen_ns != 0 && other.asked > 0);
    (void)fresh(state);
    other.asked = 0;
    other.answers_at = 3;
    assert_int_equal(spin_alone(&poll, 2, no_idea), NTF_NOT_READY);
    assert_int_equal(other.asked, 3);
    other.answers_at = 0;
    assert_int_equal(spin_alone(&poll, 2, no_idea), NTF_NOT_READY);
    assert_int_equal(world.sleeps + armed[0] + armed[1], 0);
    assert_int_equal(ntf_load(&poller.halvings, NTF_RELAXED), 1);
    at(0, 50 * WHOLE, 0, 5);
    readings = world.readings;
    poll.look = NULL;
    assert_int_equal(ntf_poller_wait(&poller, &poll, NTF_FOREVER, no_idea), NTF_OK);
    assert_true(world.readings - readings < 10);
    assert_int_equal(world.sleeps, 1);
    assert_int_equal(ntf_load(&poller.halvings, NTF_RELAXED), 1);
    // A moment that is expected is for an armed sleep.
    (void)fresh(state);
    other.asked = 0;
    assert_int_equal(spin_alone(&poll, 1, (struct ntf_moment){ world.now_ns + 5000000, 1000 }), NTF_NOT_READY);
    assert_int_equal(other.asked, 0);
    assert_false(poll.spun);
}

// Spins in vain halve the budget down to nothing; short waits, although they sleep now, bring it back.
static void the_budget_learns(void **state)
{
    uint64_t last = UINT64_MAX;

    (void)state;
    for (unsigned i = 0; i < 7; i++) {
        const uint64_t now = readings_of_a_wait(100 * WHOLE);

        assert_true(now < last);
        last = now;
    }
    assert_true(last < 10);
    assert_true(readings_of_a_wait(100 * WHOLE) == last);
    for (unsigned i = 0; i < 7; i++)
        (void)readings_of_a_wait(WHOLE / 2);
    world.sleeps = 0;
    (void)readings_of_a_wait(WHOLE / 2);
    assert_int_equal(world.sleeps, 0);
    // Timeouts shorter than the budget say nothing of it.
    (void)readings_of_a_wait(100 * WHOLE);
    last = ntf_load(&poller.halvings, NTF_RELAXED);
    ntf_store(&values[0], (uint64_t)0, NTF_RELEASE);
    assert_int_equal(any(1, WHOLE / 2, &(uint32_t){ 0 }), NTF_TIMEOUT);
    assert_true(ntf_load(&poller.halvings, NTF_RELAXED) == last && last == 1);
}

// A clock that jumps between two looks: somebody has the CPU. The spin ends, and the next wait has no budget.
static void a_lost_cpu_ends_the_spin(void **state)
{
    struct ntf_poll poll;

    (void)state;
    at(0, 50 * WHOLE, 0, 5);
    world.jump_at_ns = world.now_ns + WHOLE / 4;
    world.jump_ns = 100000;
    assert_int_equal(all(1, NTF_FOREVER, no_idea, &poll), NTF_OK);
    assert_true(poll.lost_cpu);
    assert_true(world.readings < WHOLE / world.step_ns / 2);
    assert_int_equal(world.sleeps, 1);
    assert_true(readings_of_a_wait(100 * WHOLE) < 10);
    // What came while the CPU was away is found without a sleep.
    (void)fresh(state);
    at(0, WHOLE / 2, 0, 5);
    world.jump_at_ns = world.now_ns + WHOLE / 4;
    world.jump_ns = 100000;
    assert_int_equal(all(1, NTF_FOREVER, no_idea, &poll), NTF_OK);
    assert_int_equal(world.sleeps, 0);
    assert_false(poll.lost_cpu);
}

// Whatever phase it comes in, a deadline ends the wait at its time; UINT64_MAX never does, 0 asks not even the clock.
static void deadlines(void **state)
{
    const struct ntf_moment soon = { 1000000 + 500000, 10000 };
    const uint64_t times_ns[] = { 1000, WHOLE, 30 * WHOLE, 3 * NTF_SAFETY_NS };
    uint32_t index = 99;

    for (unsigned i = 0; i < NTF_COUNT(times_ns); i++) {
        for (unsigned with = 0; with < 4; with++) {
            struct ntf_poll poll;

            (void)fresh(state);
            world.hammer = with & 1;
            ntf_poll_begin(&poll, watches, 3, with == 2);
            assert_int_equal(ntf_poller_wait(&poller, &poll, world.now_ns + times_ns[i], with & 2 ? soon : no_idea),
                             NTF_TIMEOUT);
            assert_true(world.now_ns >= 1000000 + times_ns[i]);
            assert_true(world.now_ns <= 1000000 + times_ns[i] + 10 * world.step_ns);
        }
    }
    (void)fresh(state);
    assert_int_equal(ntf_poller_wait_any(&poller, watches, 3, 0, &index), NTF_TIMEOUT);
    assert_int_equal(ntf_poller_wait_any(&poller, watches, 3, world.now_ns, &index), NTF_TIMEOUT);
    assert_int_equal(world.readings, 1);
    assert_int_equal(world.sleeps, 0);
    assert_int_equal(index, 99);
    at(0, 3600 * NTF_SAFETY_NS, 0, 5);
    assert_int_equal(any(1, NTF_FOREVER, &index), NTF_OK);
    assert_true(world.now_ns >= 1000000 + 3600 * NTF_SAFETY_NS);
}

// All ones is above every target. A value that was reached while we slept counts although it has gone back since.
static void values_jump(void **state)
{
    struct ntf_poll poll;
    uint32_t index = 99;

    (void)state;
    at(0, 50 * WHOLE, 1, UINT64_MAX);
    assert_int_equal(any(2, NTF_FOREVER, &index), NTF_OK);
    assert_int_equal(index, 1);
    (void)fresh(state);
    world.spin_ns = 0;
    at(0, 50 * WHOLE, 1, 5);
    at(1, 50 * WHOLE + 150, 1, 0); // once it has been seen
    at(2, 90 * WHOLE, 0, 5);
    assert_int_equal(all(2, NTF_FOREVER, no_idea, &poll), NTF_OK);
    assert_int_equal(poll.index, 0);
    assert_int_equal(world.sleeps, 2);
    for (unsigned with_all = 0; with_all < 2; with_all++) {
        (void)fresh(state);
        world.pulse = true;
        ntf_poll_begin(&poll, watches, 2, with_all == 1);
        assert_int_equal(ntf_poller_wait(&poller, &poll, NTF_FOREVER, no_idea), NTF_OK);
        assert_int_equal(armed[1], 1);
        assert_int_equal(world.sleeps, 0);
    }
}

// Fences that come in the order of the array, as those of a queue do, cost a wait for all of them one sleep, and only
// the last is armed. In the opposite order each costs one.
static void all_at_the_cost_of_one(void **state)
{
    struct ntf_poll poll;

    for (unsigned i = 0; i < 4; i++)
        at(i, (50 + i) * WHOLE, i, 5);
    assert_int_equal(all(4, NTF_FOREVER, no_idea, &poll), NTF_OK);
    assert_int_equal(world.sleeps, 1);
    assert_int_equal(armed[3], 1);
    assert_int_equal(armed[0] + armed[1] + armed[2], 0);
    (void)fresh(state);
    for (unsigned i = 0; i < 4; i++)
        at(i, (50 + i) * WHOLE, 3 - i, 5);
    assert_int_equal(all(4, NTF_FOREVER, no_idea, &poll), NTF_OK);
    assert_int_equal(world.sleeps, 4);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(armed[i], 1);
    ntf_poll_begin(&poll, watches, 0, true);
    assert_int_equal(ntf_poller_wait(&poller, &poll, 0, no_idea), NTF_OK);
}

// One of any, however many there are: one sleep, each armed once.
static void any_at_the_cost_of_one(void **state)
{
    uint32_t index = 99;

    (void)state;
    at(0, 50 * WHOLE, MANY - 1, 5);
    assert_int_equal(any(MANY, NTF_FOREVER, &index), NTF_OK);
    assert_int_equal(index, MANY - 1);
    assert_int_equal(world.sleeps, 1);
    for (unsigned i = 0; i < MANY; i++)
        assert_int_equal(armed[i], 1);
}

// Wakes that mean nothing are slept over, without another spin.
static void spurious_wakes(void **state)
{
    uint32_t index = 99;

    (void)state;
    world.spurious = 5;
    at(0, 50 * WHOLE, 0, 5);
    assert_int_equal(any(1, NTF_FOREVER, &index), NTF_OK);
    assert_int_equal(world.sleeps, 6);
    assert_true(world.readings < WHOLE / world.step_ns + 30);
}

// A lost device ends every wait, within the safety period although nobody wakes it, and for good: values do not count.
static void loss(void **state)
{
    struct ntf_poll poll;
    uint32_t index = 99;

    (void)state;
    world.events[0].at_ns = world.now_ns + 50 * WHOLE;
    assert_int_equal(any(1, NTF_FOREVER, &index), NTF_E_LOST);
    assert_true(world.now_ns <= 1000000 + 50 * WHOLE + NTF_SAFETY_NS + 100 * world.step_ns);
    ntf_store(&values[0], (uint64_t)5, NTF_RELEASE);
    assert_int_equal(any(1, NTF_FOREVER, &index), NTF_E_LOST);
    assert_int_equal(any(1, 0, &index), NTF_E_LOST);
    ntf_poll_begin(&poll, watches, 1, true);
    assert_int_equal(ntf_poller_look(&poller, &poll), NTF_E_LOST);
    assert_int_equal(index, 99);
    // Lost, and signalled, in one sleep: it is lost. Nothing to be lost: it sleeps as long as it was told.
    (void)fresh(state);
    world.spin_ns = 0;
    world.events[0].at_ns = world.now_ns + 50 * WHOLE;
    at(1, 51 * WHOLE, 0, 5);
    assert_int_equal(any(1, NTF_FOREVER, &index), NTF_E_LOST);
    (void)fresh(state);
    poller.lost = NULL;
    at(0, 50 * WHOLE, 0, 5);
    assert_int_equal(any(1, NTF_FOREVER, &index), NTF_OK);
    assert_true(world.first_until_ns == NTF_FOREVER);
    (void)fresh(state);
    assert_int_equal(any(1, 10 * NTF_SAFETY_NS, &index), NTF_TIMEOUT);
    assert_true(world.sleeps >= 10);
}

// A moment that is expected: an armed sleep until shortly before, then a spin over it, and no second sleep.
static void an_expected_moment(void **state)
{
    struct ntf_poll poll;
    struct ntf_moment moment;

    for (unsigned late = 0; late < 2; late++) {
        (void)fresh(state);
        moment = (struct ntf_moment){ world.now_ns + 4000000, 100000 };
        at(0, late ? 4090000 : 3910000, 0, 5);
        assert_int_equal(all(1, NTF_FOREVER, moment, &poll), NTF_OK);
        assert_int_equal(world.sleeps, 1);
        assert_int_equal(armed[0], 1);
        assert_true(world.first_until_ns < moment.at_ns - 100000);
        assert_true(world.first_until_ns > moment.at_ns - 200000);
        assert_true(poll.seen_ns >= world.events[0].at_ns - world.step_ns);
        assert_true(poll.seen_ns <= world.events[0].at_ns + 5 * world.step_ns);
    }
    // Sooner than expected: the sleep was armed. Later: it sleeps again, and has not spun for long.
    (void)fresh(state);
    at(0, 1000000, 0, 5);
    assert_int_equal(all(1, NTF_FOREVER, moment, &poll), NTF_OK);
    assert_int_equal(world.sleeps, 1);
    assert_true(world.readings < 20);
    (void)fresh(state);
    at(0, 9000000, 0, 5);
    assert_int_equal(all(1, NTF_FOREVER, moment, &poll), NTF_OK);
    assert_int_equal(world.sleeps, 2);
    assert_true(world.readings * world.step_ns < 400000);
    assert_int_equal(ntf_load(&poller.halvings, NTF_RELAXED), 0);
}

// It is left out where it is over, where sleeps end too late for it, and where nobody may spin.
static void nothing_to_expect(void **state)
{
    const struct ntf_moment moment = { 1000000 + 4000000, 100000 };
    struct ntf_poll poll;

    for (unsigned why = 0; why < 3; why++) {
        (void)fresh(state);
        if (why == 0)
            world.now_ns = moment.at_ns + 200000;
        else if (why == 1)
            ntf_store(&poller.late_ns, 1000000u, NTF_RELAXED);
        else
            world.spin_ns = 0;
        poller.lost = NULL;
        at(0, 9000000, 0, 5);
        assert_int_equal(all(1, NTF_FOREVER, moment, &poll), NTF_OK);
        assert_int_equal(world.sleeps, 1);
        assert_true(world.first_until_ns == NTF_FOREVER);
    }
    // Over: it spins for its budget as if nothing had been expected.
    (void)fresh(state);
    world.now_ns = moment.at_ns + 200000;
    at(0, WHOLE / 2, 0, 5);
    assert_int_equal(all(1, NTF_FOREVER, moment, &poll), NTF_OK);
    assert_int_equal(world.sleeps, 0);
    // Within the moment already: it spins over the rest of it.
    (void)fresh(state);
    world.now_ns = moment.at_ns - 50000;
    at(0, 100000, 0, 5);
    assert_int_equal(all(1, NTF_FOREVER, moment, &poll), NTF_OK);
    assert_int_equal(world.sleeps, 0);
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, balanced)
    static const struct CMUnitTest tests[] = {
        TEST(short_waits_do_not_sleep), TEST(a_spin_ends_with_its_budget), TEST(no_budget_no_spin),
        TEST(a_spin_alone),
        TEST(the_budget_learns),        TEST(a_lost_cpu_ends_the_spin),    TEST(deadlines),
        TEST(values_jump),              TEST(all_at_the_cost_of_one),      TEST(any_at_the_cost_of_one),
        TEST(spurious_wakes),           TEST(loss),                        TEST(an_expected_moment),
        TEST(nothing_to_expect),
    };

    (void)argc;
    (void)argv;
    return ntf_test_run("fence-poller", tests, NTF_COUNT(tests), NULL, NULL);
}
