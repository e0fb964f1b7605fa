/* SPDX-License-Identifier: Apache-2.0 */
/* The value payload. */
#include "ntf_test.h"

#include "fake_object.h"
#include "fence/payload.h"

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
    };

    return ntf_test_run("fence-payload", tests, NTF_COUNT(tests), NULL, NULL);
}
