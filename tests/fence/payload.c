/* SPDX-License-Identifier: Apache-2.0 */
/* The value payload and the records of a device's fences. */
#include "ntf_test.h"

#include <stdlib.h>

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

/* Signalled when CurrentValue >= target, and not one below it. */
static void signalled_from_target_on(void **state)
{
    struct fake_object fake;
    struct ntf_payload *payload = payload_on(&fake, 4, 5);

    (void)state;
    assert_int_equal(ntf_payload_status(payload), NTF_NOT_READY);
    ntf_store(&fake.value, 5, NTF_RELAXED);
    assert_int_equal(ntf_payload_status(payload), NTF_OK);
    ntf_store(&fake.value, 6, NTF_RELAXED);
    assert_int_equal(ntf_payload_status(payload), NTF_OK);
    ntf_payload_unref(payload);
}

/* Target 0 and a target of all ones are ordinary targets. */
static void targets_at_the_ends(void **state)
{
    struct fake_object low, high;
    struct ntf_payload *zero = payload_on(&low, 0, 0);
    struct ntf_payload *ones = payload_on(&high, UINT64_MAX - 1, UINT64_MAX);

    (void)state;
    assert_int_equal(ntf_payload_status(zero), NTF_OK);
    assert_int_equal(ntf_payload_status(ones), NTF_NOT_READY);
    ntf_store(&high.value, UINT64_MAX, NTF_RELAXED);
    assert_int_equal(ntf_payload_status(ones), NTF_OK);
    assert_int_equal(ntf_payload_reset(ones, NULL), NTF_OK); /* nothing lies above: it must not wrap to 0 */
    assert_true(ntf_payload_target(ones) == UINT64_MAX);
    ntf_payload_unref(zero);
    ntf_payload_unref(ones);
}

/* Reset: one above the largest value that was told of. */
static void reset_goes_past_what_was_told(void **state)
{
    struct fake_object fake;
    struct ntf_payload *payload = payload_on(&fake, 7, 5);

    (void)state;
    assert_int_equal(ntf_payload_status(payload), NTF_OK); /* told of 7 */
    assert_int_equal(ntf_payload_reset(payload, NULL), NTF_OK);
    assert_true(ntf_payload_target(payload) == 8);
    assert_int_equal(ntf_payload_status(payload), NTF_NOT_READY);
    ntf_payload_unref(payload);
}

/* A signal between the wait and the reset is not swallowed: the fence is signalled again at once. */
static void reset_swallows_no_signal(void **state)
{
    struct fake_object fake;
    struct ntf_payload *payload = payload_on(&fake, 5, 5);

    (void)state;
    ntf_payload_told(payload); /* a wait returned at 5 */
    ntf_store(&fake.value, 6, NTF_RELAXED);
    assert_int_equal(ntf_payload_reset(payload, NULL), NTF_OK);
    assert_true(ntf_payload_target(payload) == 6);
    assert_int_equal(ntf_payload_status(payload), NTF_OK);
    ntf_payload_unref(payload);
}

/* A reset of a signalled fence that nobody asked about moves on by one only: the later signals were not told. */
static void reset_unasked_moves_by_one(void **state)
{
    struct fake_object fake;
    struct ntf_payload *payload = payload_on(&fake, 9, 5);

    (void)state;
    assert_int_equal(ntf_payload_reset(payload, NULL), NTF_OK);
    assert_true(ntf_payload_target(payload) == 6);
    assert_int_equal(ntf_payload_status(payload), NTF_OK);
    ntf_payload_unref(payload);
}

/* A status that said "not ready" has told of nothing. */
static void not_ready_tells_nothing(void **state)
{
    struct fake_object fake;
    struct ntf_payload *payload = payload_on(&fake, 3, 10);

    (void)state;
    assert_int_equal(ntf_payload_status(payload), NTF_NOT_READY);
    assert_int_equal(ntf_payload_reset(payload, NULL), NTF_OK);
    assert_true(ntf_payload_target(payload) == 11);
    ntf_payload_unref(payload);
}

/* Two imports of one object have a target of their own each. */
static void imports_are_independent(void **state)
{
    struct fake_object a, b;
    struct ntf_payload *first = payload_on(&a, 5, 5), *second = payload_on(&b, 5, 5);

    (void)state;
    assert_int_equal(ntf_payload_status(first), NTF_OK);
    assert_int_equal(ntf_payload_reset(first, NULL), NTF_OK);
    assert_int_equal(ntf_payload_status(first), NTF_NOT_READY);
    assert_int_equal(ntf_payload_status(second), NTF_OK);
    ntf_payload_unref(first);
    ntf_payload_unref(second);
}

/* The object is closed by the last reference, once. */
static void last_reference_closes(void **state)
{
    struct fake_object fake;
    struct ntf_payload *payload = payload_on(&fake, 0, 1);

    (void)state;
    assert_ptr_equal(ntf_payload_ref(payload), payload);
    ntf_payload_unref(payload);
    assert_int_equal(closed(&fake), 0);
    ntf_payload_unref(payload);
    assert_int_equal(closed(&fake), 1);
    ntf_payload_unref(NULL);
}

/* ---- fences ---- */

static struct ntf_fences fences;

static bool reset(uint64_t handle)
{
    enum ntf_result result = NTF_E_FAILED;
    const bool drivers = ntf_fences_reset(&fences, handle, &result, NULL);

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

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(signalled_from_target_on),
        cmocka_unit_test(targets_at_the_ends),
        cmocka_unit_test(reset_goes_past_what_was_told),
        cmocka_unit_test(reset_swallows_no_signal),
        cmocka_unit_test(reset_unasked_moves_by_one),
        cmocka_unit_test(not_ready_tells_nothing),
        cmocka_unit_test(imports_are_independent),
        cmocka_unit_test(last_reference_closes),
        cmocka_unit_test_setup_teardown(temporary_over_permanent, fences_up, fences_down),
        cmocka_unit_test_setup_teardown(temporary_over_the_drivers, fences_up, fences_down),
        cmocka_unit_test_setup_teardown(permanent_drops_both, fences_up, fences_down),
        cmocka_unit_test_setup_teardown(forgotten_numbers_are_plain, fences_up, fences_down),
        cmocka_unit_test(many_fences),
    };

    return ntf_test_run("fence-payload", tests, NTF_COUNT(tests), NULL, NULL);
}
