/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bridge over a driver that the test plays: fences are words, signalled when the test says so. The lane threads
 * are real. Nothing is timed: the test waits for what must happen, the watchdog for what must not.
 */
#include "ntf_test.h"

#include "base/os/os.h"
#include "fake_object.h"
#include "fence/bridge.h"

enum { FENCES = 4096 }; /* more than any test can have pending at once */

static struct fake_driver {
    ntf_au32 state[FENCES]; /* 0 unsignalled, 1 signalled, 2 lost, 3 the driver fails without knowing */
    ntf_au32 made, destroyed, resets, complaints;
    ntf_au32 in_wait; /* threads inside wait; its changes are what the test parks on */
    bool no_memory;
} driver;

static void look_again(void);

static enum ntf_result make_fence(void *context, uint64_t *fence)
{
    struct fake_driver *d = context;

    if (d->no_memory || ntf_load(&d->made, NTF_RELAXED) + 1 >= FENCES)
        return NTF_E_NO_MEMORY;
    *fence = ntf_fetch_add(&d->made, 1, NTF_RELAXED) + 1;
    return NTF_OK;
}

static void destroy_fence(void *context, uint64_t fence)
{
    (void)fence;
    ntf_fetch_add(&((struct fake_driver *)context)->destroyed, 1, NTF_RELAXED);
}

static enum ntf_result status_fence(void *context, uint64_t fence)
{
    static const enum ntf_result results[] = { NTF_NOT_READY, NTF_OK, NTF_E_LOST, NTF_E_NO_MEMORY };

    return results[ntf_load(&((struct fake_driver *)context)->state[fence], NTF_ACQUIRE)];
}

static enum ntf_result wait_fence(void *context, uint64_t fence, uint64_t timeout_ns)
{
    struct fake_driver *d = context;
    uint64_t deadline_ns = ntf_os_now_ns() + timeout_ns;

    ntf_fetch_add(&d->in_wait, 1, NTF_SEQ_CST);
    ntf_os_unpark_all(&d->in_wait);
    while (status_fence(context, fence) == NTF_NOT_READY)
        if (ntf_os_park(&d->state[fence], 0, deadline_ns) == NTF_TIMEOUT)
            return NTF_TIMEOUT;
    return status_fence(context, fence);
}

static enum ntf_result reset_fence(void *context, uint64_t fence)
{
    struct fake_driver *d = context;

    look_again(); /* a layer below may tell the application, which asks for states */
    ntf_fetch_add(&d->resets, 1, NTF_RELAXED);
    ntf_store(&d->state[fence], 0, NTF_RELEASE);
    return NTF_OK;
}

/* What an application does that hears of it: it asks for states. No lock of the bridge may be held here. */
static void complain(void *context, uint64_t value, ntf_status status)
{
    (void)value;
    (void)status;
    look_again();
    ntf_fetch_add(&((struct fake_driver *)context)->complaints, 1, NTF_RELEASE);
}

static struct ntf_bridge *bridge;
static struct fake_object object;
static struct ntf_payload *payload;
static ntf_au32 ending; /* the bridge is being destroyed: nobody asks any more */

static void look_again(void)
{
    if (!ntf_load(&ending, NTF_ACQUIRE))
        ntf_bridge_pull_queue(bridge, 0);
}

static int up(void **state)
{
    struct ntf_bridge_driver ops = { &driver, make_fence, destroy_fence, wait_fence, status_fence, reset_fence,
                                     complain };

    (void)state;
    for (uint32_t i = 0; i < FENCES; i++)
        ntf_init(&driver.state[i], 0);
    ntf_init(&driver.made, 0);
    ntf_init(&driver.destroyed, 0);
    ntf_init(&driver.resets, 0);
    ntf_init(&driver.complaints, 0);
    ntf_init(&driver.in_wait, 0);
    driver.no_memory = false;
    ntf_init(&ending, 0);
    fake_object_init(&object, 0);
    if (ntf_payload_new_value(&object.object, 1, &payload) != NTF_OK)
        return -1;
    return ntf_bridge_new(&ops, &bridge) == NTF_OK ? 0 : -1;
}

static void finish(uint64_t fence, uint32_t how)
{
    ntf_store(&driver.state[fence], how, NTF_RELEASE);
    ntf_os_unpark_all(&driver.state[fence]);
}

static uint64_t value(void)
{
    return ntf_load(&object.value, NTF_ACQUIRE);
}

/* Until the object is raised to at least this; the watchdog ends it otherwise. */
static void await_value(uint64_t least)
{
    while (value() < least)
        ntf_os_park(&driver.in_wait, UINT32_MAX, ntf_os_now_ns() + 1000000); /* yields */
}

static void await_idle(void)
{
    while (ntf_load(&payload->pending, NTF_ACQUIRE) != 0)
        ;
}

static struct ntf_bridge_record *submit(uint64_t queue)
{
    struct ntf_bridge_record *record = NULL;

    assert_int_equal(ntf_bridge_prepare(bridge, queue, payload, &record), NTF_OK);
    ntf_bridge_commit(record);
    return record;
}

static int down(void **state)
{
    (void)state;
    ntf_store(&ending, 1, NTF_RELEASE);
    ntf_bridge_destroy(bridge);
    bridge = NULL;
    ntf_payload_unref(payload);
    /* Nothing is left open, whatever the test did. */
    return ntf_load(&driver.made, NTF_RELAXED) == ntf_load(&driver.destroyed, NTF_RELAXED) &&
                   ntf_load(&object.closed, NTF_RELAXED) == 1
               ? 0
               : -1;
}

/* The lane's thread delivers by itself, with the target of the moment of submission. */
static void pushed(void **state)
{
    uint64_t fence = ntf_bridge_record_fence(submit(1));

    (void)state;
    assert_int_equal(ntf_payload_reset(payload, NULL), NTF_OK); /* the submission signals the old target */
    assert_true(value() == 0);
    finish(fence, 1);
    await_value(1);
    await_idle();
    assert_true(value() == 1);
}

/* One submission, one signal, whoever comes first; a pull after the push changes nothing. */
static void exactly_once(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < 2000; round++) {
        uint64_t fence = ntf_bridge_record_fence(submit(1));

        finish(fence, 1);
        ntf_bridge_pull_queue(bridge, 0); /* races with the lane */
        assert_int_equal(ntf_payload_reset(payload, NULL), NTF_OK); /* the next one signals a higher value */
        assert_int_equal(ntf_load(&payload->pending, NTF_ACQUIRE), 0);
        assert_int_equal(ntf_load(&object.signals, NTF_RELAXED), round + 1);
    }
}

/* A pull delivers at once, before it returns, and nothing that is not complete. */
static void pulled(void **state)
{
    uint64_t fence = ntf_bridge_record_fence(submit(1));

    (void)state;
    ntf_bridge_pull_queue(bridge, 0);
    assert_true(value() == 0);
    assert_int_equal(ntf_load(&payload->pending, NTF_ACQUIRE), 1);
    finish(fence, 1);
    ntf_bridge_pull_queue(bridge, 0);
    assert_true(value() == 1);
}

/* A stuck queue holds up no other. */
static void queues_are_independent(void **state)
{
    uint64_t stuck = ntf_bridge_record_fence(submit(1));
    uint64_t quick;

    (void)state;
    assert_int_equal(ntf_payload_reset(payload, NULL), NTF_OK); /* target 2 */
    quick = ntf_bridge_record_fence(submit(2));
    finish(quick, 1);
    await_value(2);
    assert_int_equal(ntf_load(&payload->pending, NTF_ACQUIRE) >= 1, 1);
    finish(stuck, 1);
    await_idle();
    assert_true(value() == 2);
}

/* Idling one queue delivers that queue's submissions; the other's stay pending. */
static void pull_of_one_queue(void **state)
{
    uint64_t first = ntf_bridge_record_fence(submit(1));
    uint64_t second;

    (void)state;
    assert_int_equal(ntf_payload_reset(payload, NULL), NTF_OK);
    second = ntf_bridge_record_fence(submit(2));
    finish(first, 1);
    ntf_bridge_pull_queue(bridge, 1);
    assert_true(value() == 1);
    finish(second, 1);
    ntf_bridge_pull_queue(bridge, 2);
    assert_true(value() == 2);
}

/* The driver refused the submission: nothing is signalled, the fence is used again. */
static void cancelled(void **state)
{
    struct ntf_bridge_record *record;
    uint64_t fence;

    (void)state;
    assert_int_equal(ntf_bridge_prepare(bridge, 1, payload, &record), NTF_OK);
    fence = ntf_bridge_record_fence(record);
    assert_int_equal(ntf_load(&payload->pending, NTF_ACQUIRE), 1);
    ntf_bridge_cancel(record);
    assert_int_equal(ntf_load(&payload->pending, NTF_ACQUIRE), 0);
    assert_true(ntf_bridge_record_fence(submit(1)) == fence);
    finish(fence, 1);
    await_value(1);
}

/* The driver says that its device is lost: nobody will ever tell of that submission, so its waiters are let go. */
static void lost_at_submission(void **state)
{
    struct ntf_bridge_record *record;

    (void)state;
    assert_int_equal(ntf_bridge_prepare(bridge, 1, payload, &record), NTF_OK);
    ntf_bridge_lose(record);
    assert_true(value() == 1);
    assert_int_equal(ntf_load(&payload->pending, NTF_ACQUIRE), 0);
    assert_int_equal(ntf_load(&driver.destroyed, NTF_RELAXED), 1); /* the fence is in an unknown state */
}

/* No fence to be had: the error comes before the submission, and nothing is counted. */
static void prepare_fails_cleanly(void **state)
{
    struct ntf_bridge_record *poison = (struct ntf_bridge_record *)&driver, *record = poison;

    (void)state;
    driver.no_memory = true;
    assert_int_equal(ntf_bridge_prepare(bridge, 1, payload, &record), NTF_E_NO_MEMORY);
    assert_ptr_equal(record, poison);
    assert_int_equal(ntf_load(&payload->pending, NTF_ACQUIRE), 0);
}

/* A lost device delivers, so that peers do not hang; its fence is not used again. */
static void lost_device_delivers(void **state)
{
    uint64_t fence = ntf_bridge_record_fence(submit(1));

    (void)state;
    finish(fence, 2);
    await_value(1);
    await_idle();
    assert_int_equal(ntf_load(&driver.resets, NTF_RELAXED), 0);
}

/* A driver that cannot wait, or not tell, has not said that the submission is over: nothing is signalled. */
static void failing_driver_signals_nothing(void **state)
{
    uint64_t fence = ntf_bridge_record_fence(submit(1));
    uint32_t tries;

    (void)state;
    finish(fence, 3);
    tries = ntf_load(&driver.in_wait, NTF_ACQUIRE);
    while (ntf_load(&driver.in_wait, NTF_ACQUIRE) < tries + 2) /* the lane has come back to it */
        ntf_bridge_pull_queue(bridge, 0);
    assert_true(value() == 0);
    assert_int_equal(ntf_load(&payload->pending, NTF_ACQUIRE), 1);
    finish(fence, 1);
    await_value(1);
    await_idle();
}

/* The object refuses the signal: said so once, nothing hangs. */
static void refused_signal_is_said(void **state)
{
    (void)state;
    object.refuse = true;
    finish(ntf_bridge_record_fence(submit(1)), 1);
    while (ntf_load(&driver.complaints, NTF_ACQUIRE) == 0)
        ;
    await_idle();
    assert_int_equal(ntf_load(&driver.complaints, NTF_RELAXED), 1);
}

/* The same when a thread of the application pulls, and for several at once: each is said, none twice. */
static void refused_signals_are_said_by_pulls(void **state)
{
    uint64_t fences[3];

    (void)state;
    object.refuse = true;
    for (int i = 0; i < 3; i++)
        fences[i] = ntf_bridge_record_fence(submit(1));
    for (int i = 3; i-- > 0;) /* the head last: until then the lane's thread sleeps on it */
        finish(fences[i], 1);
    ntf_bridge_pull_queue(bridge, 0);
    while (ntf_load(&driver.complaints, NTF_ACQUIRE) < 3)
        ;
    await_idle();
    assert_int_equal(ntf_load(&driver.complaints, NTF_RELAXED), 3);
}

/* The payload outlives the handle it came from while a submission needs it. */
static void payload_outlives_its_fence(void **state)
{
    uint64_t fence;

    (void)state;
    ntf_payload_ref(payload); /* the reference of down() */
    fence = ntf_bridge_record_fence(submit(1));
    ntf_payload_unref(payload); /* vkDestroyFence */
    assert_int_equal(ntf_load(&object.closed, NTF_RELAXED), 0);
    finish(fence, 1);
    await_value(1);
}

/* Destroying the device gives up what never completed: it is said, and destroy does not wait for it. */
static void never_completed(void **state)
{
    (void)state;
    submit(1);
    ntf_store(&ending, 1, NTF_RELEASE);
    ntf_bridge_destroy(bridge);
    assert_int_equal(ntf_load(&driver.complaints, NTF_RELAXED), 1);
    assert_true(value() == 0);
    bridge = NULL; /* down() destroys nothing then */
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pushed, up, down),
        cmocka_unit_test_setup_teardown(exactly_once, up, down),
        cmocka_unit_test_setup_teardown(pulled, up, down),
        cmocka_unit_test_setup_teardown(queues_are_independent, up, down),
        cmocka_unit_test_setup_teardown(pull_of_one_queue, up, down),
        cmocka_unit_test_setup_teardown(cancelled, up, down),
        cmocka_unit_test_setup_teardown(lost_at_submission, up, down),
        cmocka_unit_test_setup_teardown(prepare_fails_cleanly, up, down),
        cmocka_unit_test_setup_teardown(lost_device_delivers, up, down),
        cmocka_unit_test_setup_teardown(failing_driver_signals_nothing, up, down),
        cmocka_unit_test_setup_teardown(refused_signal_is_said, up, down),
        cmocka_unit_test_setup_teardown(refused_signals_are_said_by_pulls, up, down),
        cmocka_unit_test_setup_teardown(payload_outlives_its_fence, up, down),
        cmocka_unit_test_setup_teardown(never_completed, up, down),
    };

    return ntf_test_run("fence-bridge", tests, NTF_COUNT(tests), NULL, NULL);
}
