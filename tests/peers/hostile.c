/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A peer that does to the page what it likes. Whoever waits with a deadline is back at it, signals,
 * looks, opens and closes do not hang, nothing crashes, and nothing else is touched: not another
 * object, not another event.
 *
 * First under a clock of the test's own, where the attack comes in each sleep; then from another
 * process, two threads of which never pause. There the times are printed and the watchdog judges.
 */
#include "attack.h"
#include "peer_os.h"
#include "peers.h"

#include "base/deadline.h"
#include "kmt/os/bells.h"
#include "kmt/os/parker.h"
#include "kmt/soft/soft.h"

#include <stdio.h>
#include <string.h>

#define MS UINT64_C(1000000)
#define DEADLINE_NS (10 * NTF_SAFETY_NS)

/* ---- on the clock ---- */

static struct {
    struct attacker attacker;
    uint64_t now_ns;
    unsigned sleeps;
} scene;

static uint64_t scene_now(void)
{
    return scene.now_ns;
}

/* A park of no length, as spurious as it gets, every other time: the clock then goes on a
 * millisecond. */
static void scene_sleep(struct ntf_parker *parker, uint64_t deadline_ns)
{
    (void)parker;
    attack_once(&scene.attacker);
    scene.now_ns =
        scene.sleeps++ % 2 ? ntf_deadline_min(deadline_ns, scene.now_ns + MS) : deadline_ns;
}

static const struct ntf_park_ops scene_ops = {scene_now, scene_sleep, NULL};

static void on_the_clock(void **state)
{
    (void)state;
    for (enum attack attack = 0; attack < ATTACKS; attack++) {
        const struct rig_fence fence = rig_monitored(SHARED, 0);
        struct ntf_object *object = peers_object(&fence);
        const ntf_handle nt = rig_share(fence.handle);
        enum ntf_result result;
        memset(&scene, 0, sizeof scene);
        scene.now_ns = 1;
        scene.attacker =
            (struct attacker){attack, peer_map(nt), nt, 0xABCD0001, ntf_copy_id(), 4711};
        result = peers_wait(object, UINT64_MAX, DEADLINE_NS, &scene_ops);
        if (result == NTF_OK) /* the attacker has given the value: to wait for it is done */
            assert_true(attack == ATTACK_ONES);
        else
            assert_int_equal(result, NTF_TIMEOUT);
        assert_true(result == NTF_OK || scene.now_ns == 1 + DEADLINE_NS);
        /* Seldom enough: a second apart, or ten milliseconds where words wake nobody. */
        assert_in_range(scene.sleeps, 1, ntf_parker_words_wake ? 2 * 11 : 2 * 1001);
        rig_handle_close(nt);
        peers_close(object);
        rig_destroy(fence.handle);
    }
}

/* ---- from another process ---- */

static struct ntf_child *thug_of(const struct rig_fence *fence)
{
    struct ntf_child *child = ntf_child_start("thug", NULL);
    const ntf_handle nt = rig_share(fence->handle);

    ntf_child_send(child, "%llu",
                   (unsigned long long)ntf_child_give_handle(child, (uint64_t)(uintptr_t)nt));
    rig_handle_close(nt);
    return child;
}

static void attack_with(struct ntf_child *child, unsigned attack)
{
    ntf_child_send(child, "%u", attack);
    ntf_child_expect(child, "done");
}

static struct {
    const char *what;
    uint64_t took_ns;
} slowest;

static void note(const char *what, uint64_t begin_ns)
{
    const uint64_t took_ns = ntf_os_now_ns() - begin_ns;

    if (took_ns > slowest.took_ns) {
        slowest.took_ns = took_ns;
        slowest.what = what;
    }
}

static void finite_wait(struct ntf_object *object, unsigned i)
{
    const uint64_t begin = ntf_os_now_ns();
    const enum ntf_result result = peers_wait(object, i % 2 ? UINT64_MAX : 40, (i % 8) * MS, NULL);

    assert_true(result == NTF_OK || result == NTF_TIMEOUT);
    if (result == NTF_TIMEOUT)
        assert_true(ntf_os_now_ns() >= begin + (i % 8) * MS);
    note("a wait of up to 7 ms", begin);
}

/* Opened and closed, whatever the header says at that moment: either it is ours or it is refused.
 */
static void reopen(ntf_handle nt)
{
    const uint64_t begin = ntf_os_now_ns();
    struct rig_fence second;
    const ntf_status status = rig_open(nt, 0, &second);

    if (status == NTF_STATUS_SUCCESS) {
        (void)rig_signal(second.handle, 41);
        rig_destroy(second.handle);
    } else {
        assert_true(status == NTF_STATUS_OBJECT_TYPE_MISMATCH ||
                    status == NTF_STATUS_INVALID_PARAMETER);
    }
    note("open and destroy", begin);
}

/* A wait without end, through the handle; with the handle it ends. */
static void wait_and_destroy(ntf_handle nt)
{
    struct rig_waiter waiter;
    struct rig_fence second;
    ntf_status status;
    uint64_t begin;

    if (rig_open(nt, 0, &second) != NTF_STATUS_SUCCESS)
        return;
    rig_waiter_start(&waiter, second.handle, UINT64_MAX);
    begin = ntf_os_now_ns();
    rig_destroy(second.handle);
    status = rig_waiter_join(&waiter);
    assert_true(status == NTF_STATUS_SUCCESS ||
                status == NTF_STATUS_INVALID_PARAMETER); /* too late for the handle */
    note("destroy with a waiter", begin);
}

static void suffer(struct ntf_child *child, const struct rig_fence *fence,
                   struct ntf_object *object, unsigned attack)
{
    const ntf_handle nt = rig_share(fence->handle), event = rig_event_new();

    slowest.took_ns = 0;
    attack_with(child, attack);
    for (unsigned i = 0; i < 40; i++) {
        uint64_t begin = ntf_os_now_ns();
        ntf_status status =
            rig_signal_flags(fence->handle, i, i % 4 == 0 ? NTF_SIGNAL_ALLOW_REWIND : 0);
        assert_true(status == NTF_STATUS_SUCCESS || status == NTF_STATUS_INVALID_PARAMETER);
        note("a signal", begin);
        begin = ntf_os_now_ns();
        (void)ntf_object_value(object);
        note("a look", begin);
        finite_wait(object, i);
        reopen(nt);
        if (i % 10 == 0)
            wait_and_destroy(nt);
    }
    assert_int_equal(rig_wait_async(fence->handle, UINT64_MAX, event), NTF_STATUS_SUCCESS);
    attack_with(child, ATTACKS);
    printf("%s: the longest was %s, %.3f s\n", attack_names[attack], slowest.what,
           (double)slowest.took_ns / 1e9);
    rig_handle_close(event);
    rig_handle_close(nt);
}

/* Another object of ours, with a waiter, and an event of ours: as they were, to the last byte. */
static void from_another_process(void **state)
{
    const struct rig_fence innocent = rig_monitored(SHARED, 77);
    struct ntf_object *other = peers_object(&innocent);
    const ntf_handle event = rig_event_new();
    struct peers_waiter waiter;
    static uint8_t before[offsetof(struct ntf_page, armed)];

    (void)state;
    assert_int_equal(rig_wait_async(innocent.handle, 78, event), NTF_STATUS_SUCCESS);
    peers_waiter_start(&waiter, other, 78, &peers_wake_only);
    peers_until_waiting(other, 78, 2);
    memcpy(before, (const void *)peers_page(other), offsetof(struct ntf_page, armed));
    for (unsigned attack = 0; attack < ATTACKS; attack++) {
        const struct rig_fence fence = rig_native(SHARED, 0);
        struct ntf_object *object = peers_object(&fence);
        struct ntf_child *child = thug_of(&fence);
        ntf_test_watchdog(60);
        suffer(child, &fence, object, attack);
        /* The object itself is what it was, once it is left alone. */
        assert_int_equal(rig_signal_flags(fence.handle, 5, NTF_SIGNAL_ALLOW_REWIND),
                         NTF_STATUS_SUCCESS);
        ntf_child_kill(child);
        assert_int_equal(ntf_child_wait(child), -1);
        peers_close(object);
        rig_destroy(fence.handle);
        assert_false(rig_event_is_set(event));
    }
    /* The asynchronous wait's thread takes its slots back between two sleeps: only what is not its
     * own is compared. */
    assert_memory_equal(before, (const void *)peers_page(other), offsetof(struct ntf_page, armed));
    assert_int_equal(rig_signal(innocent.handle, 78), NTF_STATUS_SUCCESS);
    peers_waiter_join(&waiter);
    rig_event_take(event);
    peers_go_on(other);
    rig_handle_close(event);
    peers_close(other);
    rig_destroy(innocent.handle);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_the_clock),
        cmocka_unit_test(from_another_process),
    };

    rig_load();
    if (ntf_test_role(argc, argv))
        return attack_child();
    return ntf_test_run("peers-hostile", tests, NTF_COUNT(tests), NULL, NULL);
}
