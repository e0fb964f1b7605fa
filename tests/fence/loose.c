/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records in no queue's order: presents, and the fences that a mixed wait-any watches. Each is delivered when it is
 * over, whatever becomes of the others, also when there are more of them than lanes.
 */
#include "bridge_rig.h"
#include "fence/waiter.h"

enum { MANY = 5 * NTF_BRIDGE_LOOSE_LANES };

/* Payloads with an object each, beside the one of the rig. */
static struct fake_object objects[MANY];
static struct ntf_payload *payloads[MANY];
static uint64_t fences[MANY];

static void present_many(void)
{
    for (int i = 0; i < MANY; i++) {
        struct ntf_bridge_record *record;

        fake_object_init(&objects[i], 0);
        assert_int_equal(ntf_payload_new_value(&objects[i].object, 1, &payloads[i]), NTF_OK);
        assert_int_equal(ntf_bridge_prepare(bridge, 0, payloads[i], &record), NTF_OK);
        fences[i] = ntf_bridge_record_fence(record);
        ntf_bridge_commit(record);
    }
}

static uint64_t value_of(int i)
{
    return ntf_load(&objects[i].value, NTF_ACQUIRE);
}

static void await_pushed(int i)
{
    while (value_of(i) == 0)
        ntf_os_park(&driver.in_wait, UINT32_MAX, ntf_os_now_ns() + 1000000); /* yields */
}

/* Each is raised once, then has no submission any more. */
static void leave_many(void)
{
    for (int i = 0; i < MANY; i++) {
        while (ntf_load(&payloads[i]->pending, NTF_ACQUIRE) != 0)
            ;
        assert_int_equal(ntf_load(&objects[i].signals, NTF_RELAXED), 1);
        ntf_payload_unref(payloads[i]);
    }
}

/* The order of the ends is nobody's: each is pushed as it comes, and nothing else is. */
static void in_any_order(void **state)
{
    bool over[MANY] = { false };

    (void)state;
    present_many();
    for (int k = 0; k < MANY; k++) {
        const int i = (k * 7 + MANY - 1) % MANY;

        finish(fences[i], 1);
        await_pushed(i);
        over[i] = true;
        for (int other = 0; other < MANY; other++)
            assert_int_equal(value_of(other), over[other]);
    }
    leave_many();
}

/* The same for who pulls: one look delivers all that are over. */
static void pulled(void **state)
{
    (void)state;
    present_many();
    for (int i = 1; i < MANY; i += 2)
        ntf_store(&driver.state[fences[i]], 1, NTF_RELEASE); /* nobody is woken */
    ntf_bridge_pull_queue(bridge, 0);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(value_of(i), i % 2);
    for (int i = 0; i < MANY; i += 2)
        finish(fences[i], 1);
    for (int i = 0; i < MANY; i++)
        finish(fences[i], ntf_load(&driver.state[fences[i]], NTF_RELAXED)); /* wake whoever sleeps on it */
    leave_many();
}

/* Delivered ones do not wait for those that never are, neither their memory nor their fences. */
static void beside_stuck_ones(void **state)
{
    uint32_t made;

    (void)state;
    present_many();
    made = ntf_load(&driver.made, NTF_RELAXED);
    for (uint64_t round = 1; round <= 300; round++) {
        finish(ntf_bridge_record_fence(submit(0)), 1);
        ntf_bridge_pull_queue(bridge, 0);
        assert_true(value() == round);
        assert_int_equal(ntf_payload_reset(payload, NULL), NTF_OK);
        /* Far from one a round: only what threads that are still behind hold for a moment. */
        assert_in_range(ntf_load(&driver.made, NTF_RELAXED), made, made + 32);
    }
    for (int i = 0; i < MANY; i++)
        finish(fences[i], 1);
    leave_many();
}

static void all_lost(void **state)
{
    (void)state;
    present_many();
    ntf_bridge_lose_all(bridge);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(value_of(i), 1);
        finish(fences[i], 2);
    }
    leave_many();
}

/* Never over: given up with the device, and said so. */
static void never_completed(void **state)
{
    (void)state;
    present_many();
    ntf_store(&ending, 1, NTF_RELEASE);
    ntf_bridge_destroy(bridge);
    bridge = NULL;
    assert_int_equal(ntf_load(&driver.complaints, NTF_RELAXED), MANY);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(value_of(i), 0);
        ntf_payload_unref(payloads[i]);
    }
}

/* ---- watching ---- */

static struct ntf_payload *stand_in(void)
{
    struct ntf_payload *made;

    assert_int_equal(ntf_payload_new_stand_in(&pool, &made), NTF_OK);
    made->driver.used = true;
    return made;
}

static void await_ring(struct ntf_doorbell *bell)
{
    struct ntf_payload *list = &bell->payload;
    struct ntf_poller poller;
    struct ntf_wait wait;
    uint32_t index;

    ntf_poller_init(&poller, NULL, NULL);
    assert_int_equal(ntf_wait_begin(&wait, &list, 1), NTF_OK);
    assert_int_equal(ntf_wait_any(&wait, &poller, UINT64_MAX, &index), NTF_OK);
    ntf_wait_end(&wait);
    ntf_doorbell_quiet(bell);
}

/* The bells ring when it is over, once, and nothing is signalled: the driver has. */
static void watched(void **state)
{
    struct ntf_payload *stand_ins[MANY];
    struct ntf_doorbell bell;

    (void)state;
    for (int i = 0; i < MANY; i++) {
        stand_ins[i] = stand_in();
        assert_true(ntf_bridge_watch(bridge, stand_ins[i]));
        assert_true(ntf_bridge_watch(bridge, stand_ins[i])); /* once is enough */
        assert_int_equal(ntf_load(&stand_ins[i]->pending, NTF_ACQUIRE), 1);
    }
    ntf_doorbell_hang(&bell, &bells);
    for (int k = 0; k < MANY; k++) {
        const int i = MANY - 1 - k;

        finish(stand_ins[i]->driver.fence, 1);
        while (ntf_load(&stand_ins[i]->pending, NTF_ACQUIRE) != 0)
            await_ring(&bell);
        assert_true(ntf_bridge_watch(bridge, stand_ins[i])); /* it is over: there is nothing to wait for */
        assert_int_equal(ntf_load(&stand_ins[i]->pending, NTF_ACQUIRE), 0);
    }
    ntf_doorbell_remove(&bell);
    for (int i = 0; i < MANY; i++)
        ntf_payload_unref(stand_ins[i]);
    assert_true(value() == 0);
    assert_int_equal(ntf_load(&driver.complaints, NTF_RELAXED), 0);
}

/* Gone for the application while it is watched: it lives on until it is over, or the device ends. */
static void watched_and_dropped(void **state)
{
    struct ntf_payload *first = stand_in(), *second = stand_in();
    const uint64_t fence = first->driver.fence;

    (void)state;
    assert_true(ntf_bridge_watch(bridge, first));
    assert_true(ntf_bridge_watch(bridge, second));
    ntf_payload_unref(first);
    ntf_payload_unref(second);
    finish(fence, 1);
    while (ntf_load(&driver.resets, NTF_ACQUIRE) == 0)
        ;
    /* The tear-down finds the other one's fence destroyed, and nobody complains of it. */
    assert_int_equal(ntf_load(&driver.complaints, NTF_RELAXED), 0);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(in_any_order, up, down),
        cmocka_unit_test_setup_teardown(pulled, up, down),
        cmocka_unit_test_setup_teardown(beside_stuck_ones, up, down),
        cmocka_unit_test_setup_teardown(all_lost, up, down),
        cmocka_unit_test_setup_teardown(never_completed, up, down),
        cmocka_unit_test_setup_teardown(watched, up, down),
        cmocka_unit_test_setup_teardown(watched_and_dropped, up, down),
    };

    (void)argc, (void)argv;
    return ntf_test_run("fence-loose", tests, NTF_COUNT(tests), NULL, NULL);
}
