/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for and signalling objects of a kernel: how often it is asked, and that no wake is lost. */
#include <string.h>

#include "support.h"

static struct {
    struct fake_control *fake;
    struct ntf_kmt *kmt;
    ntf_handle handle;
    struct ntf_object *object;
} at;

static int open_one(void **state)
{
    struct rig_stranger strangers[RIG_STRANGERS];
    struct ntf_trace trace;

    (void)state;
    at.fake = fake_fresh();
    at.kmt = fake_kmt("monitored");
    rig_strangers_open(strangers); /* any live handle will do: the fake opens it */
    at.handle = strangers[RIG_EVENT].handle;
    for (int i = RIG_FILE; i < RIG_STRANGERS; i++)
        rig_handle_close(strangers[i].handle);
    assert_int_equal(ntf_kmt_open_handle(at.kmt, at.handle, &at.object, &trace), NTF_OK);
    at.fake->waits = at.fake->signals = 0;
    return 0;
}

static int close_one(void **state)
{
    (void)state;
    at.object->ops->close(at.object);
    assert_int_equal(at.fake->objects_open, 0);
    ntf_kmt_close(at.kmt);
    rig_handle_close(at.handle);
    assert_true(at.fake->devices_open == 0 && at.fake->adapters_open == 0);
    return 0;
}

/* A world whose clock stands still unless a test moves it, and whose sleeps end at once. */
static uint64_t clock_ns;

static uint64_t fake_now(void)
{
    return clock_ns;
}

static void no_sleep(struct ntf_parker *parker, uint64_t deadline_ns)
{
    (void)parker;
    (void)deadline_ns;
}

static const struct ntf_park_ops still = { fake_now, no_sleep, NULL };

static void arm(struct ntf_parker *parker, uint64_t target)
{
    struct ntf_watch watch;

    ntf_object_watch(at.object, target, &watch);
    ntf_parker_round(parker);
    watch.ops->arm(&watch, parker);
    assert_true(parker->shared);
}

static void disarm(struct ntf_parker *parker)
{
    struct ntf_watch watch;

    ntf_object_watch(at.object, 0, &watch);
    watch.ops->disarm(&watch, parker);
}

/* The same or a higher target is served by what is pending; a reached one is asked for anew. */
static void reuse(void **state)
{
    struct ntf_parker parker;

    (void)state;
    clock_ns = 1000;
    ntf_parker_begin(&parker, &still);
    arm(&parker, 10);
    assert_int_equal(at.fake->waits, 1);
    arm(&parker, 10);
    arm(&parker, 11);
    arm(&parker, UINT64_MAX);
    assert_int_equal(at.fake->waits, 1);
    assert_false(parker.crowded);
    at.fake->write(10);
    assert_int_equal(at.fake->waits_pending, 0);
    arm(&parker, 11);
    assert_int_equal(at.fake->waits, 2);
    assert_int_equal(at.fake->waits_pending, 1);
    ntf_parker_end(&parker);
}

/* The registration belongs to the event, whoever borrows it; another event needs its own. */
static void per_event(void **state)
{
    struct ntf_parker first, second;

    (void)state;
    clock_ns = 1000;
    ntf_parker_begin(&first, &still);
    arm(&first, 10);
    ntf_parker_begin(&second, &still);
    arm(&second, 10);
    assert_int_equal(at.fake->waits, 2);
    ntf_parker_end(&second);
    ntf_parker_begin(&second, &still); /* borrows the same event again */
    arm(&second, 12);
    assert_int_equal(at.fake->waits, 2);
    ntf_parker_end(&second);
    ntf_parker_end(&first);
}

/* A lower target needs a registration of its own; four deep, then the parker re-reads by itself. */
static void falling_targets(void **state)
{
    struct ntf_parker parker;

    (void)state;
    clock_ns = 1000;
    ntf_parker_begin(&parker, &still);
    for (uint64_t target = 100; target > 96; target--) {
        arm(&parker, target);
        assert_false(parker.crowded);
    }
    assert_int_equal(at.fake->waits, 4);
    arm(&parker, 50);
    assert_true(parker.crowded);
    assert_int_equal(at.fake->waits, 4);
    at.fake->write(98); /* two of them fire */
    assert_int_equal(at.fake->waits_pending, 2);
    arm(&parker, 99);
    assert_false(parker.crowded);
    assert_int_equal(at.fake->waits, 4);
    at.fake->write(100);
    arm(&parker, 101);
    assert_int_equal(at.fake->waits, 5);
    assert_int_equal(at.fake->waits_pending, 1);
    ntf_parker_end(&parker);
}

/* What was seen to be reached is known to have fired, also if the value then falls. */
static void rewound(void **state)
{
    struct ntf_parker parker;

    (void)state;
    clock_ns = 1000;
    ntf_parker_begin(&parker, &still);
    arm(&parker, 10);
    at.fake->write(10);
    disarm(&parker);
    at.fake->write(0);
    arm(&parker, 10);
    assert_int_equal(at.fake->waits, 2);
    assert_int_equal(at.fake->waits_pending, 1);
    ntf_parker_end(&parker);
}

/* A day of rounds, one a millisecond for a minute and then one a second: the copies made of a
 * registration that may have vanished grow with the logarithm only. */
static void renewed_rarely(void **state)
{
    struct ntf_parker parker;
    uint32_t after_a_minute;

    (void)state;
    clock_ns = 1000;
    ntf_parker_begin(&parker, &still);
    for (uint32_t i = 0; i < 60000; i++, clock_ns += 1000000u)
        arm(&parker, 10);
    after_a_minute = at.fake->waits;
    assert_in_range(after_a_minute, 12, 14);
    for (uint32_t i = 0; i < 86400; i++, clock_ns += 1000000000u)
        arm(&parker, 10);
    assert_in_range(at.fake->waits, 22, 25);
    /* Progress ends that history. */
    at.fake->write(10);
    arm(&parker, 11);
    assert_int_equal(at.fake->waits_pending, 1);
    ntf_parker_end(&parker);
}

static void refused_wait(void **state)
{
    struct ntf_parker parker;

    (void)state;
    clock_ns = 1000;
    ntf_parker_begin(&parker, &still);
    at.fake->wait_status = NTF_STATUS_DEVICE_REMOVED;
    arm(&parker, 10);
    assert_true(parker.crowded);
    at.fake->wait_status = NTF_STATUS_SUCCESS;
    arm(&parker, 10);
    assert_false(parker.crowded);
    assert_int_equal(at.fake->waits_pending, 1);
    ntf_parker_end(&parker);
}

/* More waiters at once than the object has records for at first. */
static void many_events(void **state)
{
    enum { MANY = 100 };
    static struct ntf_parker parkers[MANY];

    (void)state;
    clock_ns = 1000;
    for (int i = 0; i < MANY; i++) {
        ntf_parker_begin(&parkers[i], &still);
        arm(&parkers[i], 10);
        assert_false(parkers[i].crowded);
    }
    for (int i = 0; i < MANY; i++)
        arm(&parkers[i], 11);
    assert_int_equal(at.fake->waits, MANY);
    at.fake->write(10);
    assert_int_equal(at.fake->waits_pending, 0);
    for (int i = 0; i < MANY; i++)
        ntf_parker_end(&parkers[i]);
}

/* ---- Over a real clock ------------------------------------------------------------------------ */

static enum ntf_result wait_for(uint64_t target, uint64_t timeout_ns)
{
    struct ntf_parker parker;
    struct ntf_watch watch;
    uint32_t index = 77;
    enum ntf_result result;

    ntf_object_watch(at.object, target, &watch);
    ntf_parker_begin(&parker, NULL);
    result = ntf_watch_any(&watch, 1, ntf_os_now_ns() + timeout_ns, &parker, &index);
    ntf_parker_end(&parker);
    assert_int_equal(index, result == NTF_OK ? 0 : 77);
    return result;
}

/* 10,000 waits that give up: no events, no registrations pile up. */
static void given_up(void **state)
{
    size_t handles;

    (void)state;
    assert_int_equal(wait_for(10, 0), NTF_TIMEOUT);
    assert_int_equal(wait_for(10, 1000), NTF_TIMEOUT);
    handles = ntf_test_open_handles();
    for (int i = 0; i < 10000; i++)
        assert_int_equal(wait_for(10, 1000), NTF_TIMEOUT);
    assert_in_range(at.fake->waits, 1, 16);
    assert_int_equal(at.fake->waits_pending, at.fake->waits);
    assert_int_equal(ntf_test_open_handles(), handles);
    at.fake->write(10);
    assert_int_equal(wait_for(10, 0), NTF_OK);
}

struct worker {
    ntf_au32 stage;
    uint64_t first, last;
};

/* Writes each value once the waiter is about to sleep for it, as far as can be known: it has asked. */
static void write_when_asked(void *argument)
{
    struct worker *worker = argument;

    for (uint64_t value = worker->first; value <= worker->last; value++) {
        while (ntf_load(&worker->stage, NTF_ACQUIRE) < value)
            nap_ms(0);
        at.fake->write(value);
    }
}

/* 2,000 times: a wake from another thread comes well before the safety period, every time. */
static void woken(void **state)
{
    struct worker worker = { .first = 1, .last = 2000 };
    struct ntf_thread *thread;
    uint64_t begin_ns;

    (void)state;
    ntf_init(&worker.stage, 0u);
    assert_int_equal(ntf_thread_start(&thread, "writer", write_when_asked, &worker), NTF_OK);
    begin_ns = ntf_os_now_ns();
    for (uint32_t value = 1; value <= worker.last; value++) {
        ntf_store(&worker.stage, value, NTF_RELEASE);
        assert_int_equal(wait_for(value, 10000000000ull), NTF_OK);
        assert_true(ntf_load(at.fake->value, NTF_ACQUIRE) >= value);
    }
    ntf_thread_join(thread);
    /* Lost wakes would cost a second each. */
    assert_true(ntf_os_now_ns() - begin_ns < 30000000000ull);
    assert_in_range(at.fake->waits, 1, 2 * worker.last);
}

struct vanish {
    ntf_au32 done;
};

/* Releases the waiter without a value, waits for it to ask again, and only then writes. */
static void unwait_then_write(void *argument)
{
    struct vanish *vanish = argument;

    while (!at.fake->waited_for())
        nap_ms(1);
    nap_ms(30); /* older than the patience of the registration */
    at.fake->unwait();
    while (!at.fake->waited_for())
        nap_ms(1);
    ntf_store(&vanish->done, 1, NTF_RELEASE);
    at.fake->write(10);
}

/* Facts 1.4: a peer that closes its handle takes our registration away; it is made again at once. */
static void vanished(void **state)
{
    struct vanish vanish;
    struct ntf_thread *thread;

    (void)state;
    ntf_init(&vanish.done, 0u);
    assert_int_equal(ntf_thread_start(&thread, "peer", unwait_then_write, &vanish), NTF_OK);
    assert_int_equal(wait_for(10, 20000000000ull), NTF_OK);
    ntf_thread_join(thread);
    assert_int_equal(ntf_load(&vanish.done, NTF_ACQUIRE), 1);
    assert_in_range(at.fake->waits, 2, 12); /* one a second more while the peer is late, and ever fewer */
}

/* Destroying the object with a registration pending: its event stays fit for use. */
static void closed_while_pending(void **state)
{
    struct ntf_object *other = NULL;
    struct ntf_trace trace;
    size_t handles;

    (void)state;
    for (at.fake->waits = 0; !at.fake->waits;) /* whoever is late with it finds its time over */
        assert_int_equal(wait_for(10, 1000000), NTF_TIMEOUT);
    handles = ntf_test_open_handles();
    assert_int_equal(ntf_kmt_open_handle(at.kmt, at.handle, &other, &trace), NTF_OK);
    at.object->ops->close(at.object);
    at.object = other;
    at.fake->unwait(); /* sets the event for nobody */
    at.fake->waits = 0;
    while (!at.fake->waits)
        assert_int_equal(wait_for(10, 50000000), NTF_TIMEOUT); /* the stale setting wakes, and is seen through */
    assert_in_range(at.fake->waits, 1, 5); /* of the new object: nothing of the old one counts for it */
    assert_int_equal(ntf_test_open_handles(), handles);
}

/* ---- Signalling ------------------------------------------------------------------------------- */

static enum ntf_result raise_to(uint64_t value, ntf_status *status)
{
    return at.object->ops->signal(at.object, value, status);
}

static void signals(void **state)
{
    ntf_status status = 0x5A5A5A5A;

    (void)state;
    assert_int_equal(raise_to(5, &status), NTF_OK);
    assert_int_equal(status, NTF_STATUS_SUCCESS);
    assert_true(ntf_object_value(at.object) == 5);
    assert_int_equal(at.fake->signals, 1);
    assert_int_equal(raise_to(5, NULL), NTF_OK); /* there already: the kernel is not asked */
    assert_int_equal(raise_to(4, NULL), NTF_OK);
    assert_int_equal(at.fake->signals, 1);
    assert_true(ntf_object_value(at.object) == 5);
}

static void refused_signals(void **state)
{
    static const struct {
        ntf_status status;
        enum ntf_result result;
    } rows[] = {
        { NTF_STATUS_INVALID_PARAMETER, NTF_E_INVALID }, /* lower than what a GPU queue holds */
        { NTF_STATUS_ACCESS_DENIED, NTF_E_ACCESS_DENIED },
        { NTF_STATUS_DEVICE_REMOVED, NTF_E_LOST },
        { NTF_STATUS_NO_MEMORY, NTF_E_NO_MEMORY },
        { NTF_STATUS_TIMEOUT, NTF_E_FAILED }, /* success by its sign only */
    };

    (void)state;
    for (size_t i = 0; i < NTF_COUNT(rows); i++) {
        ntf_status status = 0x5A5A5A5A;

        at.fake->signal_status = rows[i].status;
        assert_int_equal(raise_to(5, &status), rows[i].result);
        assert_int_equal(status, rows[i].status);
        assert_true(ntf_object_value(at.object) == 0);
    }
}

int main(int argc, char **argv)
{
#define OVER_ONE(test) cmocka_unit_test_setup_teardown(test, open_one, close_one)
    static const struct CMUnitTest tests[] = {
        OVER_ONE(reuse),          OVER_ONE(per_event),    OVER_ONE(falling_targets),
        OVER_ONE(rewound),        OVER_ONE(renewed_rarely), OVER_ONE(refused_wait),
        OVER_ONE(many_events),    OVER_ONE(given_up),     OVER_ONE(woken),
        OVER_ONE(vanished),       OVER_ONE(closed_while_pending),
        OVER_ONE(signals),        OVER_ONE(refused_signals),
    };

    (void)argc;
    (void)argv;
    return ntf_test_run("kmt-kernel-object", tests, NTF_COUNT(tests), NULL, NULL);
}
