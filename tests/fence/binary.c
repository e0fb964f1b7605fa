/* SPDX-License-Identifier: Apache-2.0 */
/* The binary code, and the payload that speaks it. */
#include "ntf_test.h"

#include "base/os/os.h"
#include "fake_object.h"
#include "fence/codec.h"
#include "fence/payload.h"

static struct fake_object fake;

static struct ntf_payload *binary(uint64_t value)
{
    struct ntf_payload *payload = NULL;

    fake_object_init(&fake, value);
    assert_int_equal(ntf_payload_new_binary(&fake.object, &payload), NTF_OK);
    return payload;
}

static uint64_t value(void)
{
    return ntf_load(&fake.value, NTF_ACQUIRE);
}

/* The magic is 0x4E46 in the top 16 bits, with bit 63 clear; only it tells. */
static void magic(void **state)
{
    (void)state;
    assert_true(ntf_code_initial(false) == UINT64_C(0x4E46000000000000));
    assert_true(ntf_code_initial(true) == UINT64_C(0x4E46000000000001));
    assert_true(ntf_code_is_ours(ntf_code_initial(false)));
    assert_true(ntf_code_is_ours(UINT64_C(0x4E46FFFFFFFFFFFF)));
    assert_false(ntf_code_is_ours(0));
    assert_false(ntf_code_is_ours(1));
    assert_false(ntf_code_is_ours(UINT64_C(0x4E45FFFFFFFFFFFF)));
    assert_false(ntf_code_is_ours(UINT64_C(0x4E47000000000000)));
    assert_false(ntf_code_is_ours(UINT64_MAX));
}

/* From every state to the next: only upwards, to the nearest number of the right parity, and twice is once. */
static void steps(void **state)
{
    static const uint64_t epochs[] = { 0, 2, 4096, UINT64_C(0xFFFFFFFFFFFC) };

    (void)state;
    for (size_t i = 0; i < NTF_COUNT(epochs); i++) {
        const uint64_t dark = NTF_CODE_MAGIC + epochs[i], lit = dark + 1;

        assert_true(ntf_code_after_signal(dark) == lit);
        assert_true(ntf_code_after_signal(lit) == lit);
        assert_true(ntf_code_after_reset(lit) == lit + 1);
        assert_true(ntf_code_after_reset(dark) == dark);
        assert_true(ntf_code_is_ours(ntf_code_after_reset(lit)));
    }
    assert_true(ntf_code_after_reset(UINT64_MAX) == UINT64_MAX);
    assert_true(ntf_code_signalled(UINT64_MAX));
}

static void signal_and_reset(void **state)
{
    struct ntf_payload *payload = binary(ntf_code_initial(false));

    (void)state;
    assert_int_equal(ntf_payload_status(payload), NTF_NOT_READY);
    assert_int_equal(ntf_payload_signal(payload, 0, NULL), NTF_OK);
    assert_int_equal(ntf_payload_status(payload), NTF_OK);
    assert_int_equal(ntf_payload_signal(payload, 0, NULL), NTF_OK);
    assert_true(value() == NTF_CODE_MAGIC + 1);
    assert_int_equal(ntf_payload_reset(payload, NULL), NTF_OK);
    assert_int_equal(ntf_payload_status(payload), NTF_NOT_READY);
    assert_int_equal(ntf_payload_reset(payload, NULL), NTF_OK);
    assert_true(value() == NTF_CODE_MAGIC + 2);
    /* What is there already takes no call. */
    assert_int_equal(ntf_load(&fake.signals, NTF_RELAXED), 2);
    ntf_payload_unref(payload);
}

/* A target taken before a signal and a reset is reached after them. */
static void pulses(void **state)
{
    struct ntf_payload *payload = binary(ntf_code_initial(false));
    const uint64_t target = ntf_payload_target(payload);

    (void)state;
    assert_int_equal(ntf_payload_signal(payload, 0, NULL), NTF_OK);
    assert_int_equal(ntf_payload_reset(payload, NULL), NTF_OK);
    assert_true(value() >= target);
    assert_true(ntf_payload_target(payload) > value()); /* for a wait that begins now */
    ntf_payload_unref(payload);
}

/* The end of a submission signals from where the state is then, not where it was at submission. */
static void signal_after_a_foreign_reset(void **state)
{
    struct ntf_payload *payload = binary(ntf_code_initial(false));
    const uint64_t at_submission = ntf_payload_target(payload);

    (void)state;
    ntf_store(&fake.value, NTF_CODE_MAGIC + 6, NTF_RELEASE); /* others have signalled and reset it three times */
    assert_int_equal(ntf_payload_signal(payload, at_submission, NULL), NTF_OK);
    assert_true(value() == NTF_CODE_MAGIC + 7);
    ntf_payload_unref(payload);
}

static void refused_reset(void **state)
{
    struct ntf_payload *payload = binary(ntf_code_initial(true));
    ntf_status status = NTF_STATUS_SUCCESS;

    (void)state;
    fake.refuse = true;
    assert_int_equal(ntf_payload_reset(payload, &status), NTF_E_ACCESS_DENIED);
    assert_int_equal(status, NTF_STATUS_ACCESS_DENIED);
    assert_int_equal(ntf_payload_status(payload), NTF_OK);
    ntf_payload_unref(payload);
}

/* Two threads that signal and two that reset, on one number: it only rises, and ends in one of the two states. */
enum { TURNS = 20000, THREADS = 4 };

static void turn(void *context)
{
    struct ntf_payload *payload = ((void **)context)[0];
    const bool resets = ((void **)context)[1] != NULL;
    uint64_t last = value();

    for (int i = 0; i < TURNS; i++) {
        const uint64_t now = value();

        if (now < last || !ntf_code_is_ours(now))
            fake.refuse = true; /* seen by the test's end */
        last = now;
        if (resets)
            (void)ntf_payload_reset(payload, NULL);
        else
            (void)ntf_payload_signal(payload, 0, NULL);
    }
}

static void races(void **state)
{
    struct ntf_payload *payload = binary(ntf_code_initial(false));
    void *contexts[THREADS][2];
    struct ntf_thread *threads[THREADS];

    (void)state;
    for (int i = 0; i < THREADS; i++) {
        contexts[i][0] = payload;
        contexts[i][1] = i % 2 ? payload : NULL;
        assert_int_equal(ntf_thread_start(&threads[i], "turn", turn, contexts[i]), NTF_OK);
    }
    for (int i = 0; i < THREADS; i++)
        ntf_thread_join(threads[i]);
    assert_false(fake.refuse);
    assert_int_equal(ntf_payload_signal(payload, 0, NULL), NTF_OK);
    assert_int_equal(ntf_payload_status(payload), NTF_OK);
    assert_int_equal(ntf_payload_reset(payload, NULL), NTF_OK);
    assert_int_equal(ntf_payload_status(payload), NTF_NOT_READY);
    ntf_payload_unref(payload);
}

/* Without name and descriptor, each export shares anew; nothing is held. */
static void exports_share(void **state)
{
    struct ntf_payload *payload = binary(ntf_code_initial(false));
    ntf_object_attributes attributes = { .Length = sizeof attributes };
    ntf_handle out = NULL;
    ntf_status status;

    (void)state;
    fake_handle = &fake;
    assert_int_equal(ntf_payload_make_exportable(payload, &attributes, 0x1234, &status), NTF_OK);
    assert_int_equal(fake.shared_access, 0);
    assert_int_equal(ntf_payload_export(payload, &out, &status), NTF_OK);
    assert_ptr_equal(out, &fake);
    assert_int_equal(fake.shared_access, 0x1234);
    ntf_payload_unref(payload);
}

/* The handle that is kept for the name is not for child processes, whatever the exports are. */
static void kept_handle_is_our_own(void **state)
{
    struct ntf_payload *payload = binary(ntf_code_initial(false));
    ntf_unicode_string name = { 0 };
    ntf_object_attributes attributes = { .Length = sizeof attributes,
                                         .ObjectName = &name,
                                         .Attributes = NTF_OBJ_INHERIT };
    ntf_status status = NTF_STATUS_SUCCESS;

    (void)state;
    fake_handle = NULL; /* nothing that the end would close */
    assert_int_equal(ntf_payload_make_exportable(payload, &attributes, 1, &status), NTF_OK);
    assert_true(fake.shared_named);
    assert_false(fake.shared_inheritable);
    assert_true(payload->export.inherit);
    ntf_payload_unref(payload);
}

/* A name that is taken: refused when the payload is made exportable, not at the first export. */
static void names_are_taken_at_once(void **state)
{
    struct ntf_payload *payload = binary(ntf_code_initial(false));
    ntf_unicode_string name = { 0 };
    ntf_object_attributes attributes = { .Length = sizeof attributes, .ObjectName = &name };
    ntf_status status = NTF_STATUS_SUCCESS;

    (void)state;
    fake.refuse = true;
    assert_int_equal(ntf_payload_make_exportable(payload, &attributes, 1, &status), NTF_E_COLLISION);
    assert_int_equal(status, NTF_STATUS_OBJECT_NAME_COLLISION);
    ntf_payload_unref(payload);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(magic),
        cmocka_unit_test(steps),
        cmocka_unit_test(signal_and_reset),
        cmocka_unit_test(pulses),
        cmocka_unit_test(signal_after_a_foreign_reset),
        cmocka_unit_test(refused_reset),
        cmocka_unit_test(races),
        cmocka_unit_test(exports_share),
        cmocka_unit_test(kept_handle_is_our_own),
        cmocka_unit_test(names_are_taken_at_once),
    };

    return ntf_test_run("fence-binary", tests, NTF_COUNT(tests), NULL, NULL);
}
