/* SPDX-License-Identifier: Apache-2.0 */
/* Chases in a world where the test plays the clock: it moves when it is read, and by what a wait takes. */
#include "ntf_test.h"

#include "fence/chase.h"

#include <string.h>

enum { STEP = 100, KERNEL = 5000, FIRST = 50000, MOST = 100000, HALVINGS = 6 };

static struct {
    uint64_t now_ns, over_at_ns; /* what is chased is over from then on; 0: never */
    uint64_t jump_at_ns;         /* the CPU is taken away for a millisecond */
    uint64_t kernel_ns;
    uint32_t looks;
    enum ntf_result answer;
} world;
static struct ntf_chaser chaser;

static uint64_t now_ns(void)
{
    world.now_ns += STEP;
    if (world.jump_at_ns && world.now_ns >= world.jump_at_ns) {
        world.now_ns += 1000000;
        world.jump_at_ns = 0;
    }
    return world.now_ns;
}

static uint64_t spin_ns(uint64_t left_ns)
{
    (void)left_ns;
    return world.kernel_ns;
}

static const struct ntf_park_ops ops = { now_ns, NULL, spin_ns };

static enum ntf_result look(void *context, uint64_t until_ns)
{
    assert_true(until_ns > world.now_ns);
    (void)context;
    world.looks++;
    return world.over_at_ns && world.now_ns >= world.over_at_ns ? world.answer : NTF_NOT_READY;
}

static int up(void **state)
{
    (void)state;
    memset(&world, 0, sizeof world);
    world.now_ns = 1000000;
    world.kernel_ns = KERNEL;
    world.answer = NTF_OK;
    ntf_chaser_init(&chaser, &ops, false);
    return 0;
}

/* One wait for what is over after so long (0: never); how long it was chased for. */
static uint64_t chase(uint64_t after_ns, uint64_t driver_ns, uint64_t timeout_ns, enum ntf_result *result)
{
    struct ntf_chase one;
    const uint64_t begin_ns = world.now_ns;
    uint64_t took_ns;

    world.over_at_ns = after_ns ? begin_ns + after_ns : 0;
    *result = ntf_chase(&chaser, &one, driver_ns, timeout_ns == UINT64_MAX ? UINT64_MAX : begin_ns + timeout_ns, look,
                        NULL);
    took_ns = world.now_ns - begin_ns;
    if (*result == NTF_NOT_READY) {
        if (world.over_at_ns && world.now_ns < world.over_at_ns + driver_ns)
            world.now_ns = world.over_at_ns + driver_ns;
        ntf_chase_over(&chaser, &one, world.over_at_ns ? NTF_OK : NTF_TIMEOUT);
    }
    return took_ns;
}

static uint32_t halvings(void)
{
    return ntf_load(&chaser.halvings, NTF_RELAXED);
}

/* What is over in time is found by looking; what the look says is what comes back. */
static void found(void **state)
{
    enum ntf_result result;

    (void)state;
    assert_in_range(chase(9000, 23000, UINT64_MAX, &result), 9000, 9000 + 4 * STEP);
    assert_int_equal(result, NTF_OK);
    world.answer = NTF_E_LOST;
    (void)chase(9000, 23000, UINT64_MAX, &result);
    assert_int_equal(result, NTF_E_LOST);
}

/* As long as what it saves: the driver's wake and the kernel's; a first guess while nothing is known, and a limit. */
static void budget(void **state)
{
    static const uint32_t drivers[][2] = { { 23000, 23000 }, { 0, FIRST }, { 5000000, MOST } };
    enum ntf_result result;

    (void)state;
    for (size_t i = 0; i < NTF_COUNT(drivers); i++) {
        const uint64_t whole_ns = KERNEL + drivers[i][1];

        ntf_chaser_init(&chaser, &ops, false);
        assert_in_range(chase(900000, drivers[i][0], UINT64_MAX, &result), whole_ns, whole_ns + 4 * STEP);
        assert_int_equal(result, NTF_NOT_READY);
    }
}

/* A deadline that comes sooner ends it, and a process with one CPU does not begin, unless a GPU is chased. */
static void ends_sooner(void **state)
{
    enum ntf_result result;

    (void)state;
    assert_in_range(chase(0, 23000, 3000, &result), 3000, 3000 + 4 * STEP);
    assert_int_equal(result, NTF_NOT_READY);
    world.kernel_ns = 0;
    world.looks = 0;
    (void)chase(9000, 23000, UINT64_MAX, &result);
    assert_int_equal(world.looks, 0);
    ntf_chaser_init(&chaser, &ops, true);
    assert_in_range(chase(9000, 23000, UINT64_MAX, &result), 9000, 9000 + 4 * STEP);
    assert_int_equal(result, NTF_OK);
    assert_in_range(chase(900000, 23000, UINT64_MAX, &result), 23000, 23000 + 4 * STEP);
}

/* In vain each time: less and less, and in the end nothing. Short waits bring it back. */
static void adapts(void **state)
{
    uint64_t took_ns = UINT64_MAX;
    enum ntf_result result;

    (void)state;
    for (uint32_t i = 0; i < HALVINGS; i++) {
        const uint64_t before_ns = took_ns;

        took_ns = chase(900000, 23000, UINT64_MAX, &result);
        assert_int_equal(result, NTF_NOT_READY);
        assert_true(took_ns < before_ns);
        assert_int_equal(halvings(), i + 1);
    }
    world.looks = 0;
    (void)chase(900000, 23000, UINT64_MAX, &result);
    assert_int_equal(world.looks, 0);
    /* As long as the driver says, which the whole budget would have covered. */
    for (uint32_t i = 0; i < HALVINGS + 1; i++)
        (void)chase(9000, 23000, UINT64_MAX, &result);
    assert_int_equal(halvings(), 0);
    assert_in_range(chase(9000, 23000, UINT64_MAX, &result), 9000, 9000 + 4 * STEP);
    assert_int_equal(result, NTF_OK);
}

/* A wait that ends by its deadline, soon, tells nothing of the driver. */
static void timeouts_teach_nothing(void **state)
{
    enum ntf_result result;

    (void)state;
    (void)chase(900000, 23000, UINT64_MAX, &result);
    assert_int_equal(halvings(), 1);
    (void)chase(0, 23000, 3000, &result);
    assert_int_equal(halvings(), 1);
}

/* The CPU was lost: that wait chases no more, nor do the next ones. */
static void lost_cpu(void **state)
{
    enum ntf_result result;

    (void)state;
    world.jump_at_ns = world.now_ns + 3000;
    (void)chase(9000000, 23000, UINT64_MAX, &result);
    assert_int_equal(result, NTF_NOT_READY);
    assert_int_equal(halvings(), HALVINGS);
    world.looks = 0;
    (void)chase(9000000, 23000, UINT64_MAX, &result);
    assert_int_equal(world.looks, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(found, up),       cmocka_unit_test_setup(budget, up),
        cmocka_unit_test_setup(ends_sooner, up), cmocka_unit_test_setup(adapts, up),
        cmocka_unit_test_setup(lost_cpu, up),    cmocka_unit_test_setup(timeouts_teach_nothing, up),
    };

    return ntf_test_run("fence-chase", tests, NTF_COUNT(tests), NULL, NULL);
}
