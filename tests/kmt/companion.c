/* SPDX-License-Identifier: Apache-2.0 */
/* Keyed mutexes whose companion has no address: nobody gets one before its companion is there. */
#include "opened.h"

static ntf_handle live; /* stands for a bundle */

/* It can neither be read nor waited for: a legacy object. */
static void legacy_companion(void **state)
{
    struct fake_control *fake = fake_fresh();
    struct ntf_kmt *kmt = fake_kmt("bundle");
    struct outcome outcome;

    (void)state;
    fake->kind = FAKE_BUNDLE;
    fake->legacy_sync = fake->bundle_sync.no_address = true;
    outcome = open_handle(kmt, live, NTF_WANT_ANY);
    expect_opened(fake, &outcome, NTF_E_UNSUPPORTED, AS_NOTHING);
    expect_reason(&outcome.trace, "the companion of its keyed mutex can neither be read nor waited for");
    ntf_kmt_close(kmt);
}

/* A companion without an address holds the mutex back until it is there. */
static void held_back(void **state)
{
    struct fake_control *fake = fake_fresh();
    struct ntf_kmt *kmt = fake_kmt("bundle");
    struct outcome outcome;
    struct ntf_mutex *mutex;
    ntf_status status = 0x5A5A;
    uint64_t value = 77;
    size_t handles;

    (void)state;
    fake->kind = FAKE_BUNDLE;
    fake->bundle_sync.no_address = true;
    handles = ntf_test_open_handles();
    outcome = open_handle(kmt, live, NTF_WANT_ANY);
    assert_int_equal(outcome.result, NTF_OK);
    mutex = outcome.opened.mutex;
    assert_int_equal(mutex->ops->take(mutex, 0, &value, &status), NTF_OK); /* 0: it is always there */
    assert_int_equal(mutex->ops->give(mutex, 1, 6, NULL), NTF_OK);
    value = 77;
    assert_int_equal(mutex->ops->take(mutex, 1, &value, &status), NTF_NOT_READY);
    assert_int_equal(status, NTF_STATUS_TIMEOUT);
    assert_int_equal(mutex->ops->block(mutex, 1, 2000000, &value, &status), NTF_TIMEOUT);
    assert_int_equal(status, NTF_STATUS_TIMEOUT);
    assert_int_equal(value, 77);
    fake->waits = 0;
    for (int i = 0; i < 100; i++) /* whoever asks again finds the registration that is there */
        assert_int_equal(mutex->ops->take(mutex, 1, &value, NULL), NTF_NOT_READY);
    assert_int_equal(fake->waits, 0);
    assert_int_equal(ntf_test_open_handles(), handles + 1);
    fake->unwait(); /* a local handle was destroyed somewhere: no proof */
    assert_int_equal(mutex->ops->take(mutex, 1, &value, NULL), NTF_NOT_READY);
    fake->write_companion(5);
    assert_int_equal(mutex->ops->take(mutex, 1, &value, NULL), NTF_NOT_READY);
    assert_int_equal(mutex->ops->give(mutex, 1, 6, &status), NTF_E_INVALID); /* each time it has gone back */
    fake->write_companion(6);
    assert_int_equal(mutex->ops->take(mutex, 1, &value, NULL), NTF_OK);
    assert_int_equal(value, 6);
    assert_int_equal(mutex->ops->give(mutex, 1, 8, NULL), NTF_OK);
    fake->wait_status = NTF_STATUS_DEVICE_REMOVED; /* what cannot be waited for does not say that its time is over */
    assert_int_equal(mutex->ops->block(mutex, 1, 20000000000, &value, &status), NTF_E_FAILED);
    fake->wait_status = NTF_STATUS_SUCCESS;
    assert_int_equal(mutex->ops->take(mutex, 1, &value, NULL), NTF_NOT_READY);
    fake->wait_status = NTF_STATUS_DEVICE_REMOVED;
    fake->write_companion(7); /* the other target's registration does not speak for this one */
    assert_int_equal(mutex->ops->take(mutex, 1, &value, NULL), NTF_NOT_READY);
    fake->wait_status = NTF_STATUS_SUCCESS;
    assert_int_equal(mutex->ops->take(mutex, 1, &value, NULL), NTF_NOT_READY);
    fake->write_companion(8);
    assert_int_equal(mutex->ops->take(mutex, 1, &value, NULL), NTF_OK);
    expect_opened(fake, &outcome, NTF_OK, AS_MUTEX_ALONE);
    assert_int_equal(ntf_test_open_handles(), handles);
    ntf_kmt_close(kmt);
}

static void leave_value(struct ntf_mutex *other, uint64_t key, uint64_t fence_value)
{
    uint64_t value;

    assert_int_equal(other->ops->take(other, key, &value, NULL), NTF_OK);
    assert_int_equal(other->ops->give(other, key, fence_value, NULL), NTF_OK);
}

/* Registrations for targets that nobody waits for any more do not speak for the one that is waited for. */
static void older_targets(void **state)
{
    struct fake_control *fake = fake_fresh();
    struct ntf_kmt *kmt = fake_kmt("bundle,mutex");
    struct outcome outcome, other;
    struct ntf_mutex *mutex;
    uint64_t value = 77;

    (void)state;
    fake->kind = FAKE_BUNDLE;
    fake->bundle_sync.no_address = fake->keeps_events = true;
    outcome = open_handle(kmt, live, NTF_WANT_ANY);
    other = open_number(kmt, FAKE_GLOBAL_MUTEX, NTF_WANT_MUTEX); /* the same, by itself */
    assert_true(outcome.result == NTF_OK && other.result == NTF_OK);
    mutex = outcome.opened.mutex;
    for (uint64_t left = 8; left <= 10; left++) {
        leave_value(other.opened.mutex, 0, left);
        assert_int_equal(mutex->ops->take(mutex, 0, &value, NULL), NTF_NOT_READY);
    }
    fake->write_companion(8);
    fake->rise_in_wait = 9; /* while the kernel is asked whether it is there */
    assert_int_equal(mutex->ops->take(mutex, 0, &value, NULL), NTF_NOT_READY);
    fake->rise_in_wait = 0;
    fake->write_companion(10);
    assert_int_equal(mutex->ops->take(mutex, 0, &value, NULL), NTF_OK);
    assert_int_equal(value, 10);
    assert_int_equal(mutex->ops->give(mutex, 0, 13, NULL), NTF_OK);
    assert_int_equal(mutex->ops->take(mutex, 0, &value, NULL), NTF_NOT_READY);
    leave_value(other.opened.mutex, 0, 12); /* a lower one, which is legal */
    assert_int_equal(mutex->ops->take(mutex, 0, &value, NULL), NTF_NOT_READY);
    fake->write_companion(12);
    assert_int_equal(mutex->ops->take(mutex, 0, &value, NULL), NTF_OK);
    assert_int_equal(value, 12);
    other.opened.mutex->ops->close(other.opened.mutex);
    expect_opened(fake, &outcome, NTF_OK, AS_MUTEX_ALONE);
    ntf_kmt_close(kmt);
}

static void write_soon(void *argument)
{
    struct fake_control *fake = argument;

    while (!fake->waited_for())
        nap_ms(1);
    fake->unwait();
    while (!fake->waited_for())
        nap_ms(1);
    fake->write_companion(6);
}

/* Who may wait gets it when the companion is there, through a wake that meant nothing. */
static void blocks_for_the_companion(void **state)
{
    struct fake_control *fake = fake_fresh();
    struct ntf_kmt *kmt = fake_kmt("bundle");
    struct ntf_thread *thread;
    struct outcome outcome;
    struct ntf_mutex *mutex;
    uint64_t value = 77;

    (void)state;
    fake->kind = FAKE_BUNDLE;
    fake->bundle_sync.no_address = true;
    outcome = open_handle(kmt, live, NTF_WANT_ANY);
    assert_int_equal(outcome.result, NTF_OK);
    mutex = outcome.opened.mutex;
    assert_int_equal(mutex->ops->take(mutex, 0, &value, NULL), NTF_OK);
    assert_int_equal(mutex->ops->give(mutex, 0, 6, NULL), NTF_OK);
    assert_int_equal(ntf_thread_start(&thread, "writer", write_soon, fake), NTF_OK);
    assert_int_equal(mutex->ops->block(mutex, 0, 20000000000ull, &value, NULL), NTF_OK);
    ntf_thread_join(thread);
    assert_int_equal(value, 6);
    expect_opened(fake, &outcome, NTF_OK, AS_MUTEX_ALONE);
    ntf_kmt_close(kmt);
}

static int open_live(void **state)
{
    (void)state;
    live = rig_event_new();
    return 0;
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(legacy_companion),
        cmocka_unit_test(held_back),
        cmocka_unit_test(blocks_for_the_companion),
        cmocka_unit_test(older_targets),
    };

    (void)argc;
    (void)argv;
    return ntf_test_run("kmt-companion", tests, NTF_COUNT(tests), open_live, NULL);
}
