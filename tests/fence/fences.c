/* SPDX-License-Identifier: Apache-2.0 */
/* The records of a device's fences: which payload is active, and what a reset leaves. */
#include "ntf_test.h"

#include <stdlib.h>
#include <string.h>

#include "fake_object.h"
#include "fence/fences.h"

static struct ntf_payload *payload_on(struct fake_object *fake, uint64_t value, uint64_t target)
{
    struct ntf_payload *payload = NULL;

    fake_object_init(fake, value);
    assert_int_equal(ntf_payload_new_value(&fake->object, target, &payload), NTF_OK);
    return payload;
}

static uint32_t closed(struct fake_object *fake)
{
    return ntf_load(&fake->closed, NTF_RELAXED);
}

static struct ntf_fences fences;

static bool reset(uint64_t handle)
{
    enum ntf_result result = NTF_E_FAILED;
    const bool drivers = ntf_fences_driver_resets(&fences, handle);

    ntf_fences_reset(&fences, handle, &result, NULL);
    assert_int_equal(result, NTF_OK);
    return drivers;
}

static int fences_up(void **state)
{
    (void)state;
    return ntf_fences_init(&fences) == NTF_OK ? 0 : -1;
}

static int fences_down(void **state)
{
    (void)state;
    ntf_fences_finish(&fences);
    return 0;
}

/* "Importing Fence Payloads": temporary hides permanent, a second temporary replaces the first, reset restores. */
static void temporary_over_permanent(void **state)
{
    static struct fake_object p, t1, t2; /* the tear-down closes what is left */
    struct ntf_payload *permanent = payload_on(&p, 5, 5);
    struct ntf_payload *first = payload_on(&t1, 0, 1), *second = payload_on(&t2, 0, 1);

    (void)state;
    assert_int_equal(ntf_fences_import(&fences, 77, permanent, false), NTF_OK);
    assert_ptr_equal(ntf_fences_active(&fences, 77), permanent);
    assert_int_equal(ntf_fences_import(&fences, 77, first, true), NTF_OK);
    assert_ptr_equal(ntf_fences_active(&fences, 77), first);
    assert_int_equal(ntf_fences_import(&fences, 77, second, true), NTF_OK);
    assert_int_equal(closed(&t1), 1);
    assert_ptr_equal(ntf_fences_active(&fences, 77), second);
    assert_false(reset(77)); /* the driver has nothing to reset */
    assert_int_equal(closed(&t2), 1);
    assert_ptr_equal(ntf_fences_active(&fences, 77), permanent);
    assert_true(ntf_payload_target(permanent) == 6); /* restored, then reset */
}

/* A temporary import over the driver's payload: the reset gives the fence back to the driver entirely. */
static void temporary_over_the_drivers(void **state)
{
    static struct fake_object t; /* the tear-down closes what is left */

    (void)state;
    assert_true(ntf_fences_none(&fences));
    assert_int_equal(ntf_fences_import(&fences, 5, payload_on(&t, 0, 1), true), NTF_OK);
    assert_false(ntf_fences_none(&fences));
    assert_true(reset(5));
    assert_int_equal(closed(&t), 1);
    assert_null(ntf_fences_active(&fences, 5));
    assert_true(ntf_fences_none(&fences));
    assert_true(reset(5)); /* plain: the driver's */
}

/* A permanent import drops both older payloads. */
static void permanent_drops_both(void **state)
{
    static struct fake_object p1, t, p2; /* the tear-down closes what is left */
    struct ntf_payload *last = NULL;

    (void)state;
    assert_int_equal(ntf_fences_import(&fences, 9, payload_on(&p1, 0, 1), false), NTF_OK);
    assert_int_equal(ntf_fences_import(&fences, 9, payload_on(&t, 0, 1), true), NTF_OK);
    last = payload_on(&p2, 0, 1);
    assert_int_equal(ntf_fences_import(&fences, 9, last, false), NTF_OK);
    assert_int_equal(closed(&p1), 1);
    assert_int_equal(closed(&t), 1);
    assert_ptr_equal(ntf_fences_active(&fences, 9), last);
}

/* Destroy: the record goes, and the number may come back as a plain fence at once. */
static void forgotten_numbers_are_plain(void **state)
{
    static struct fake_object p, q; /* the tear-down closes what is left */
    struct ntf_payload *again;

    (void)state;
    assert_int_equal(ntf_fences_import(&fences, 11, payload_on(&p, 0, 1), false), NTF_OK);
    ntf_fences_forget(&fences, 11);
    assert_int_equal(closed(&p), 1);
    assert_null(ntf_fences_active(&fences, 11));
    ntf_fences_forget(&fences, 11); /* a plain one has nothing to forget */
    again = payload_on(&q, 0, 1);
    assert_int_equal(ntf_fences_import(&fences, 11, again, false), NTF_OK);
    assert_ptr_equal(ntf_fences_active(&fences, 11), again);
}

/* ---- payloads of the driver's ---- */

static struct {
    enum ntf_result state;
    unsigned live, made, resets;
} driver;

static enum ntf_result make_fence(void *context, uint64_t *fence)
{
    (void)context;
    driver.live++;
    *fence = 1000 + ++driver.made;
    return NTF_OK;
}

static void destroy_fence(void *context, uint64_t fence)
{
    (void)context;
    (void)fence;
    driver.live--;
}

static enum ntf_result status_fence(void *context, uint64_t fence)
{
    (void)context;
    (void)fence;
    return driver.state;
}

static enum ntf_result reset_fence(void *context, uint64_t fence)
{
    (void)context;
    (void)fence;
    driver.resets++;
    return NTF_OK;
}

static struct ntf_pool pool;

static int pool_up(void **state)
{
    const struct ntf_driver ops = { NULL, make_fence, destroy_fence, NULL, status_fence, reset_fence, NULL };

    memset(&driver, 0, sizeof driver);
    driver.state = NTF_NOT_READY;
    ntf_pool_init(&pool, &ops);
    return fences_up(state);
}

static int pool_down(void **state)
{
    fences_down(state);
    ntf_pool_finish(&pool);
    return driver.live != 0;
}

/* used: as if a command had taken it. */
static struct ntf_payload *stand_in(bool used)
{
    struct ntf_payload *payload;

    assert_int_equal(ntf_payload_new_stand_in(&pool, &payload), NTF_OK);
    payload->driver.used = used;
    return payload;
}

/* An acquire: the imported payload is hidden until the reset, which the driver has no part in. */
static void stand_in_over_permanent(void **state)
{
    static struct fake_object p; /* the tear-down closes what is left */
    struct ntf_payload *permanent = payload_on(&p, 5, 5), *temporary = stand_in(true);

    (void)state;
    assert_int_equal(ntf_fences_import(&fences, 77, permanent, false), NTF_OK);
    assert_true(ntf_fences_has_permanent(&fences, 77));
    ntf_fences_put_temporary(&fences, 77, temporary);
    assert_ptr_equal(ntf_fences_active(&fences, 77), temporary);
    assert_true(ntf_payload_is_driver(temporary));
    assert_int_equal(ntf_payload_status(temporary), NTF_NOT_READY);
    driver.state = NTF_OK;
    assert_int_equal(ntf_payload_status(temporary), NTF_OK);
    assert_false(reset(77));
    assert_int_equal(driver.resets, 1); /* of the pooled one, on its way back */
    assert_ptr_equal(ntf_fences_active(&fences, 77), permanent);
    assert_true(ntf_payload_target(permanent) == 6);
    temporary = stand_in(false);
    assert_int_equal(driver.made, 1);
    ntf_payload_unref(temporary);
}

/* A descriptor imported by the driver into the application's own handle: the driver resets that. */
static void loan_over_permanent(void **state)
{
    static struct fake_object p; /* the tear-down closes what is left */
    struct ntf_payload *permanent = payload_on(&p, 5, 5), *loan;

    (void)state;
    assert_int_equal(ntf_fences_import(&fences, 77, permanent, false), NTF_OK);
    assert_int_equal(ntf_payload_new_loan(&pool, 77, &loan), NTF_OK);
    ntf_fences_put_temporary(&fences, 77, loan);
    assert_true(reset(77));
    assert_ptr_equal(ntf_fences_active(&fences, 77), permanent);
    assert_true(ntf_payload_target(permanent) == 6);
    assert_int_equal(driver.made, 0);
}

/* A plain fence that gets stand-ins goes on getting them after a reset, which the driver is told of as well; a number
 * that has been forgotten is a new fence's. */
static void tracked(void **state)
{
    (void)state;
    assert_false(ntf_fences_clean(&fences, 77));
    ntf_fences_track(&fences, 77);
    for (int i = 0; i < 3; i++) {
        struct ntf_payload *temporary = stand_in(true);

        assert_true(ntf_fences_clean(&fences, 77));
        assert_false(ntf_fences_clean(&fences, 78));
        assert_null(ntf_fences_active(&fences, 77));
        assert_false(ntf_fences_has_permanent(&fences, 77));
        ntf_fences_put_temporary(&fences, 77, temporary);
        assert_ptr_equal(ntf_fences_active(&fences, 77), temporary);
        driver.state = NTF_OK;
        assert_true(reset(77));
    }
    assert_int_equal(driver.made, 1);
    ntf_fences_forget(&fences, 77);
    assert_false(ntf_fences_clean(&fences, 77));
    assert_true(ntf_fences_none(&fences));
    /* A record that is used again starts anew. */
    static struct fake_object p; /* the tear-down closes what is left */
    assert_int_equal(ntf_fences_import(&fences, 79, payload_on(&p, 0, 1), false), NTF_OK);
    assert_false(ntf_fences_clean(&fences, 79));
}

/* Unsignalled when it is dropped: not reset, not given out, and destroyed with the pool. One that no command had goes
 * back as it is. For a number that is gone, dropped at once. */
static void dropped_stand_ins(void **state)
{
    struct ntf_payload *unused = stand_in(false), *pending = stand_in(true);

    (void)state;
    ntf_payload_unref(unused);
    ntf_fences_put_temporary(&fences, 77, pending);
    assert_int_equal(driver.resets, 0);
    assert_int_equal(driver.live, 2);
    unused = stand_in(false);
    assert_int_equal(driver.made, 2);
    ntf_payload_unref(unused);
}

/* Thousands of fences, found each by its own number; finish closes what is left. */
static void many_fences(void **state)
{
    enum { MANY = 5000 };
    struct fake_object *objects = calloc(MANY, sizeof *objects);
    struct ntf_fences own;

    (void)state;
    assert_non_null(objects);
    assert_int_equal(ntf_fences_init(&own), NTF_OK);
    for (uint64_t i = 0; i < MANY; i++)
        assert_int_equal(ntf_fences_import(&own, 16 * (i + 1), payload_on(&objects[i], 0, i), false), NTF_OK);
    for (uint64_t i = 0; i < MANY; i++) {
        assert_true(ntf_payload_target(ntf_fences_active(&own, 16 * (i + 1))) == i);
        assert_null(ntf_fences_active(&own, 16 * (i + 1) + 8));
    }
    for (uint64_t i = 0; i < MANY; i += 2)
        ntf_fences_forget(&own, 16 * (i + 1));
    for (uint64_t i = 0; i < MANY; i++)
        assert_int_equal(ntf_fences_active(&own, 16 * (i + 1)) != NULL, i % 2);
    ntf_fences_finish(&own);
    for (uint64_t i = 0; i < MANY; i++)
        assert_int_equal(closed(&objects[i]), 1);
    free(objects);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(temporary_over_permanent, fences_up, fences_down),
        cmocka_unit_test_setup_teardown(temporary_over_the_drivers, fences_up, fences_down),
        cmocka_unit_test_setup_teardown(permanent_drops_both, fences_up, fences_down),
        cmocka_unit_test_setup_teardown(forgotten_numbers_are_plain, fences_up, fences_down),
        cmocka_unit_test_setup_teardown(stand_in_over_permanent, pool_up, pool_down),
        cmocka_unit_test_setup_teardown(loan_over_permanent, pool_up, pool_down),
        cmocka_unit_test_setup_teardown(tracked, pool_up, pool_down),
        cmocka_unit_test_setup_teardown(dropped_stand_ins, pool_up, pool_down),
        cmocka_unit_test(many_fences),
    };

    (void)argc, (void)argv;
    return ntf_test_run("fence-fences", tests, NTF_COUNT(tests), NULL, NULL);
}
