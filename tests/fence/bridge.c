/* SPDX-License-Identifier: Apache-2.0 */
/* Submissions of queues: when they are delivered, by whom, and what failures leave. */
#include "bridge_rig.h"

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

/* While somebody chases, the lane's thread stays out of the driver; it takes out what he has delivered when it is woken
 * for the next submission, and ends at once when the device does. Every 64th is waited for all the same, and each when
 * the chase is over. */
static void left_to_a_chase(void **state)
{
    const uint64_t until_ns = ntf_os_now_ns() + UINT64_C(3600000000000);

    (void)state;
    ntf_bridge_chase(bridge, until_ns);
    for (uint32_t turn = 1; turn < 64; turn++) {
        const uint64_t fence = ntf_bridge_record_fence(submit(1));

        while (ntf_load(&driver.resets, NTF_ACQUIRE) != turn - 1) /* those before are taken out */
            ;
        finish(fence, 1);
        ntf_bridge_chase(bridge, until_ns);
        assert_true(value() == turn);
        assert_int_equal(ntf_load(&driver.in_wait, NTF_SEQ_CST), 0);
        assert_int_equal(ntf_payload_reset(payload, NULL), NTF_OK);
    }
    const uint64_t last = ntf_bridge_record_fence(submit(1));
    while (ntf_load(&driver.in_wait, NTF_ACQUIRE) == 0)
        ;
    finish(last, 1);
    await_value(64);
    assert_int_equal(ntf_payload_reset(payload, NULL), NTF_OK);
    ntf_bridge_chase_end(bridge);
    const uint64_t next = ntf_bridge_record_fence(submit(1));
    while (ntf_load(&driver.in_wait, NTF_ACQUIRE) == 1)
        ;
    finish(next, 1);
    await_value(65);
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* How late the driver's own wait is, a chase tells; other pulls come at any time, and tell nothing. */
static void late_is_learned_from_chases(void **state)
{
    uint64_t fence;

    (void)state;
    for (int chased = 0; chased < 2; chased++) {
        fence = ntf_bridge_record_fence(submit(1));
        ntf_store(&driver.late, 1, NTF_RELEASE);
        finish(fence, 1);
        const uint64_t begin_ns = ntf_os_now_ns();
        if (chased)
            ntf_bridge_chase(bridge, 0);
        else
            ntf_bridge_pull_queue(bridge, 0);
        const uint64_t end_ns = ntf_os_now_ns();
        assert_true(value() == 1 + (uint64_t)chased);
        assert_int_equal(ntf_bridge_late_ns(bridge), 0);
        while (ntf_os_now_ns() - end_ns < 100000)
            ;
        const uint64_t least_ns = ntf_os_now_ns() - end_ns;
        ntf_store(&driver.late, 0, NTF_RELEASE);
        ntf_os_unpark_all(&driver.late);
        while (ntf_load(&driver.resets, NTF_ACQUIRE) != (uint32_t)chased + 1) /* the lane is through with it */
            ;
        const uint64_t most_ns = ntf_os_now_ns() - begin_ns;
        assert_in_range(ntf_bridge_late_ns(bridge), chased ? smaller(least_ns, 1000000) : 0, chased ? most_ns : 0);
        assert_int_equal(ntf_payload_reset(payload, NULL), NTF_OK);
    }
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
    uint64_t fence;

    (void)state;
    assert_int_equal(ntf_bridge_prepare(bridge, 1, payload, &record), NTF_OK);
    fence = ntf_bridge_record_fence(record);
    ntf_bridge_lose(record);
    assert_true(value() == 1);
    assert_int_equal(ntf_load(&payload->pending, NTF_ACQUIRE), 0);
    /* The fence is in an unknown state: nobody gets it. */
    assert_int_equal(ntf_bridge_prepare(bridge, 1, payload, &record), NTF_OK);
    assert_true(ntf_bridge_record_fence(record) != fence);
    ntf_bridge_cancel(record);
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
        cmocka_unit_test_setup_teardown(left_to_a_chase, up, down),
        cmocka_unit_test_setup_teardown(late_is_learned_from_chases, up, down),
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
