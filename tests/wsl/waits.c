// SPDX-License-Identifier: Apache-2.0
// Waits that fail after ten seconds, and calls that are broken off: nothing is lost, nothing ends early. It is the
// library that declares the ten seconds over.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/os/os.h"
#include "kmt/ntstatus.h"
#include "support.h"

#define SECOND_NS 1000000000ull
#define LIMIT_NS (10 * SECOND_NS)

static struct dxcore_control *control;
static struct ntf_kmt *kmt;

static int begin(void **state)
{
    (void)state;
    control = dxcore_fresh();
    kmt = dxcore_kmt();
    return 0;
}

static int end(void **state)
{
    (void)state;
    ntf_kmt_close(kmt);
    assert_int_equal(control->objects(), 0);
    assert_int_equal(control->pending(), 0);
    return 0;
}

static void close_object(struct ntf_object *object)
{
    object->ops->close(object);
}

// ---- A world in which nobody sleeps, and time goes by at once ----

static uint64_t clock_ns;
static bool cut_sets_event;
static struct ntf_object *raise_at_end; // in the last second before raise_ns
static uint64_t raise_ns, oldest_ns;

static uint64_t world_now(void)
{
    return clock_ns;
}

// Sleeps through: the wait is served by a registration that is below the limit from its first to its last moment.
static void world_sleep(struct ntf_parker *parker, uint64_t deadline_ns)
{
    uint64_t age_ns;

    (void)parker;
    clock_ns = deadline_ns;
    ntf_store(&control->now_ns, clock_ns, NTF_RELAXED);
    age_ns = control->youngest_ns();
    if (age_ns > oldest_ns)
        oldest_ns = age_ns;
    if (clock_ns > LIMIT_NS)
        control->cut(clock_ns - LIMIT_NS, cut_sets_event);
    if (raise_at_end && clock_ns >= raise_ns)
        (void)raise_at_end->ops->signal(raise_at_end, 100, NULL);
}

static const struct ntf_park_ops world = {world_now, world_sleep, NULL};

static void world_begin(bool sets_event, struct ntf_object *raise, uint64_t at_ns)
{
    clock_ns = SECOND_NS;
    ntf_store(&control->now_ns, clock_ns, NTF_RELAXED);
    ntf_store(&control->waits, 0u, NTF_RELAXED);
    cut_sets_event = sets_event;
    raise_at_end = raise;
    raise_ns = at_ns;
    oldest_ns = 0;
}

// A wait of two minutes: before a registration fails there is another.
static void never_without_a_registration(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct ntf_object *object = dxcore_object(kmt, 0, NULL);

        world_begin(i == 1, NULL, 0);
        assert_int_equal(wait_for(object, 100, clock_ns + 120 * SECOND_NS, &world), NTF_TIMEOUT);
        assert_int_equal(clock_ns, 121 * SECOND_NS);
        assert_true(oldest_ns < LIMIT_NS);
        // One in eight seconds or so, and those by which it is found out that this wait is a long one.
        assert_in_range(ntf_load(&control->waits, NTF_RELAXED), 13, 25);
        assert_in_range(control->pending(), 1, 4);
        close_object(object);
    }
}

// A pending one may have been made by an earlier wait, for a target behind this one: its age is not known.
static void a_second_target(void **state)
{
    struct ntf_object *object = dxcore_object(kmt, 0, NULL);

    (void)state;
    world_begin(false, NULL, 0);
    assert_int_equal(wait_for(object, 100, clock_ns, &world), NTF_TIMEOUT);
    // Gives up at once on 100, waits for 5 for a long time, and is served.
    assert_int_equal(wait_for(object, 100, clock_ns + SECOND_NS, &world), NTF_TIMEOUT);
    assert_int_equal(wait_for(object, 5, clock_ns + 30 * SECOND_NS, &world), NTF_TIMEOUT);
    assert_int_equal(object->ops->signal(object, 5, NULL), NTF_OK);
    assert_int_equal(wait_for(object, 5, clock_ns, &world), NTF_OK);
    // That for 100 failed long ago.
    oldest_ns = 0;
    assert_int_equal(wait_for(object, 100, clock_ns + 30 * SECOND_NS, &world), NTF_TIMEOUT);
    assert_true(oldest_ns < LIMIT_NS);
    close_object(object);
}

static void served_after_minutes(void **state)
{
    struct ntf_object *object = dxcore_object(kmt, 0, NULL);

    (void)state;
    world_begin(false, object, 95 * SECOND_NS);
    assert_int_equal(wait_for(object, 100, NTF_FOREVER, &world), NTF_OK);
    assert_in_range(clock_ns, 95 * SECOND_NS, 97 * SECOND_NS);
    close_object(object);
}

// ---- The real world ----

struct waiter {
    struct ntf_object *object;
    uint64_t target, deadline_ns;
    enum ntf_result result;
    uint64_t done_ns;
    ntf_au32 done;
    struct ntf_thread *thread;
};

static void body(void *context)
{
    struct waiter *waiter = context;

    waiter->result = wait_for(waiter->object, waiter->target, waiter->deadline_ns, NULL);
    waiter->done_ns = ntf_os_now_ns();
    ntf_store(&waiter->done, 1u, NTF_RELEASE);
}

static bool is_pending(void)
{
    return control->pending() > 0;
}

static void waiter_begin(struct waiter *waiter, struct ntf_object *object, uint64_t target, uint64_t deadline_ns)
{
    waiter->object = object;
    waiter->target = target;
    waiter->deadline_ns = deadline_ns;
    ntf_init(&waiter->done, 0u);
    assert_int_equal(ntf_thread_start(&waiter->thread, "waiter", body, waiter), NTF_OK);
}

static void waiter_start(struct waiter *waiter, struct ntf_object *object, uint64_t target, uint64_t deadline_ns)
{
    waiter_begin(waiter, object, target, deadline_ns);
    await(is_pending);
}

// Signalled while there was none: nobody wakes the waiter, and it is not lost.
static void signalled_in_between(void **state)
{
    struct ntf_object *object = dxcore_object(kmt, 0, NULL);
    struct waiter waiter;

    (void)state;
    waiter_start(&waiter, object, 1, NTF_FOREVER);
    control->cut(UINT64_MAX, false);
    assert_int_equal(object->ops->signal(object, 1, NULL), NTF_OK);
    ntf_thread_join(waiter.thread);
    assert_int_equal(waiter.result, NTF_OK);
    close_object(object);
}

// However often it fails, the deadline holds, and what failed is no success.
static void deadline_held(void **state)
{
    struct ntf_object *object = dxcore_object(kmt, 0, NULL);
    const uint64_t deadline_ns = ntf_os_now_ns() + 200000000;
    struct waiter waiter;

    (void)state;
    waiter_begin(&waiter, object, 1, deadline_ns);
    while (!ntf_load(&waiter.done, NTF_ACQUIRE))
        control->cut(UINT64_MAX, true);
    ntf_thread_join(waiter.thread);
    assert_int_equal(waiter.result, NTF_TIMEOUT);
    assert_true(waiter.done_ns >= deadline_ns);
    assert_true(waiter.done_ns < deadline_ns + 5 * SECOND_NS);
    close_object(object);
}

// Signals what it is told.
static int signaller(void)
{
    char line[NTF_LINE_MAX];
    struct ntf_object *object;

    (void)dxcore_fresh();
    kmt = dxcore_kmt();
    ntf_parent_send("ready");
    if (!ntf_parent_receive(line))
        return 2;
    object = dxcore_open(kmt, atoi(line));
    while (ntf_parent_receive(line)) {
        if (object->ops->signal(object, strtoul(line, NULL, 10), NULL) != NTF_OK)
            return 3;
    }
    object->ops->close(object);
    ntf_kmt_close(kmt);
    return 0;
}

static void between_processes(void **state)
{
    enum { ROUNDS = 500 };
    struct ntf_child *child = ntf_child_start("signaller", NULL);
    struct ntf_object *object;
    struct waiter waiter;
    uint64_t there;
    int fd;

    (void)state;
    object = dxcore_object(kmt, 0, &fd);
    ntf_child_expect(child, "ready");
    there = ntf_child_give_handle(child, (uint64_t)fd);
    (void)close(fd);
    ntf_child_send(child, "%u", (unsigned)there);
    for (unsigned i = 1; i <= ROUNDS; i++) {
        if (i == 1) {
            // It fails and nobody is told: the next look finds it out, and asks again.
            waiter_start(&waiter, object, i, NTF_FOREVER);
            control->cut(UINT64_MAX, false);
            await(is_pending);
            assert_int_equal(ntf_load(&waiter.done, NTF_ACQUIRE), 0);
            ntf_child_send(child, "%u", i);
            ntf_thread_join(waiter.thread);
            assert_int_equal(waiter.result, NTF_OK);
        } else {
            ntf_child_send(child, "%u", i);
            assert_int_equal(wait_for(object, i, NTF_FOREVER, NULL), NTF_OK);
        }
        assert_true(ntf_object_value(object) >= i);
    }
    assert_int_equal(ntf_child_wait(child), 0);
    close_object(object);
}

// ---- Calls that a signal handler breaks off ----

static void broken_signals(void **state)
{
    struct ntf_object *object = dxcore_object(kmt, 0, NULL);
    ntf_status status = NTF_STATUS_SUCCESS;

    (void)state;
    control->how = DXCORE_BROKEN_BEFORE;
    ntf_store(&control->breaks, 3u, NTF_RELAXED);
    ntf_store(&control->signals, 0u, NTF_RELAXED);
    assert_int_equal(object->ops->signal(object, 1, &status), NTF_OK);
    assert_int_equal(status, NTF_STATUS_SUCCESS);
    assert_int_equal(ntf_object_value(object), 1);
    assert_int_equal(ntf_load(&control->signals, NTF_RELAXED), 4);
    control->how = DXCORE_BROKEN_AFTER;
    ntf_store(&control->breaks, 2u, NTF_RELAXED);
    assert_int_equal(object->ops->signal(object, 2, &status), NTF_OK);
    assert_int_equal(ntf_object_value(object), 2);
    // For ever: it is said, and does not take for ever.
    control->how = DXCORE_BROKEN_BEFORE;
    ntf_store(&control->breaks, UINT32_MAX, NTF_RELAXED);
    assert_int_equal(object->ops->signal(object, 3, &status), NTF_E_FAILED);
    assert_int_equal(status, NTF_STATUS_UNSUCCESSFUL);
    ntf_store(&control->breaks, 0u, NTF_RELAXED);
    close_object(object);
}

// What the host has taken on is asked for once, though it says PENDING.
static void pending_once(void **state)
{
    struct ntf_object *object = dxcore_object(kmt, 0, NULL);

    (void)state;
    control->host_pending = true;
    world_begin(false, NULL, 0);
    assert_int_equal(wait_for(object, 100, clock_ns + 9000000, &world), NTF_TIMEOUT);
    assert_int_equal(ntf_load(&control->waits, NTF_RELAXED), 1);
    control->host_pending = false;
    close_object(object);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(never_without_a_registration),
        cmocka_unit_test(a_second_target),
        cmocka_unit_test(served_after_minutes),
        cmocka_unit_test(signalled_in_between),
        cmocka_unit_test(deadline_held),
        cmocka_unit_test(between_processes),
        cmocka_unit_test(broken_signals),
        cmocka_unit_test(pending_once),
    };
    const char *role = ntf_test_role(argc, argv);

    if (role && strcmp(role, "signaller") == 0)
        return signaller();
    return ntf_test_run("wsl-waits", tests, NTF_COUNT(tests), begin, end);
}
