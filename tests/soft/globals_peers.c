/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Global handles and processes: who has one, how long it lives, and that it is found for as
 * long as anybody has the object, whoever of them dies, and however. The children are agents that do what they are
 * told. A number that must live is asked for once, not until it is found.
 */
#include "rig.h"

#include "kmt/soft/object.h"
#include "kmt/soft/soft.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OK      "0x00000000"
#define REFUSED "0xC000000D"
#define KILLS   16u
#define TRAVELS 100u

/* ---- the agent ---- */

static struct rig_fence held;

static void say_status(ntf_status status)
{
    ntf_parent_send("0x%08X", (unsigned)status);
}

/* Asserts nothing: a child that fails a test would say it to nobody. */
static void obey(const char *line)
{
    const char *argument = strchr(line, ' ');
    const uint64_t value = argument ? strtoull(argument + 1, NULL, 0) : 0;
    D3DKMT_HANDLE number = 0;

    if (strncmp(line, "make", 4) == 0) {
        held = rig_global(0, &number);
        ntf_parent_send("%" PRIu32, number);
    } else if (strncmp(line, "open ", 5) == 0) {
        say_status(rig_open_global((D3DKMT_HANDLE)value, &held));
    } else if (strncmp(line, "wait ", 5) == 0) {
        say_status(rig_wait(held.handle, value));
    } else if (strncmp(line, "signal ", 7) == 0) {
        say_status(rig_signal(held.handle, value));
    } else if (strncmp(line, "drop", 4) == 0) {
        rig_destroy(held.handle);
        say_status(NTF_STATUS_SUCCESS);
    } else {
        ntf_parent_send("what?");
    }
}

static int agent(void)
{
    char line[NTF_LINE_MAX];

    while (ntf_parent_receive(line))
        obey(line);
    return 0;
}

/* ---- the parent ---- */

static void tell(struct ntf_child *child, const char *word, uint64_t value, const char *expected)
{
    ntf_child_send(child, "%s %" PRIu64, word, value);
    ntf_child_expect(child, expected);
}

static struct ntf_child *agent_with(D3DKMT_HANDLE number)
{
    struct ntf_child *child = ntf_child_start("agent", NULL);

    tell(child, "open", number, OK);
    return child;
}

static struct ntf_child *agent_making(D3DKMT_HANDLE *number)
{
    struct ntf_child *child = ntf_child_start("agent", NULL);
    char line[NTF_LINE_MAX];

    ntf_child_send(child, "make");
    assert_true(ntf_child_receive(child, line));
    *number = (D3DKMT_HANDLE)strtoul(line, NULL, 10);
    assert_int_equal(*number & NTF_KMT_HANDLE_KIND_MASK, NTF_KMT_HANDLE_KIND_GLOBAL);
    return child;
}

static void kill_it(struct ntf_child *child)
{
    ntf_child_kill(child);
    assert_int_equal(ntf_child_wait(child), -1);
}

/* Each side waits for what the other signals; then the child makes one. */
static void two_processes(void **state)
{
    D3DKMT_HANDLE number;
    struct rig_fence fence = rig_global(0, &number);
    struct ntf_child *child = agent_with(number);

    (void)state;
    for (int maker = 0; maker < 2; maker++) {
        ntf_child_send(child, "wait 1");
        rig_until_armed(&fence, 1);
        assert_int_equal(rig_signal(fence.handle, 1), NTF_STATUS_SUCCESS);
        ntf_child_expect(child, OK);
        tell(child, "signal", 2, OK);
        assert_int_equal(rig_wait(fence.handle, 2), NTF_STATUS_SUCCESS);
        tell(child, "signal", 1, REFUSED);
        tell(child, "drop", 0, OK);
        rig_destroy(fence.handle);
        rig_expect_dead(number);
        assert_int_equal(ntf_child_wait(child), 0);
        if (maker == 0) {
            child = agent_making(&number);
            fence = rig_opened(number);
        }
    }
}

/* The maker's handle goes first, and after it, one by one, those who opened it. Whoever is left is found. */
static void maker_goes_first(void **state)
{
    D3DKMT_HANDLE number;
    struct rig_fence fence = rig_global(7, &number);
    struct ntf_child *first = agent_with(number), *second;

    (void)state;
    rig_destroy(fence.handle);
    second = agent_with(number); /* from the first */
    fence = rig_opened(number);
    assert_int_equal(rig_value(&fence), 7);
    tell(first, "drop", 0, OK);
    rig_destroy(fence.handle);
    fence = rig_opened(number); /* from the second, which never knew the maker */
    tell(second, "signal", 8, OK);
    assert_int_equal(rig_wait(fence.handle, 8), NTF_STATUS_SUCCESS);
    rig_destroy(fence.handle);
    tell(first, "open", number, OK);
    tell(second, "drop", 0, OK);
    assert_int_equal(ntf_child_wait(second), 0);
    rig_destroy(rig_opened(number).handle);
    tell(first, "drop", 0, OK);
    rig_expect_dead(number);
    assert_int_equal(ntf_child_wait(first), 0);
}

/* The same, and each is killed. */
static void maker_is_killed_first(void **state)
{
    D3DKMT_HANDLE number;
    struct ntf_child *maker = agent_making(&number), *first = agent_with(number), *second = agent_with(number);

    (void)state;
    tell(maker, "signal", 3, OK);
    kill_it(maker);
    tell(second, "drop", 0, OK);
    tell(second, "open", number, OK);
    kill_it(first);
    tell(second, "wait", 3, OK);
    rig_destroy(rig_opened(number).handle);
    kill_it(second);
    rig_expect_dead(number);
}

/* Whoever is asked may be killed at any moment: as long as another has the object, no question is refused. */
static void asked_while_they_die(void **state)
{
    D3DKMT_HANDLE number;
    struct ntf_child *keeper = agent_making(&number), *victims[KILLS];
    unsigned asked = 0;

    (void)state;
    for (unsigned i = 0; i < KILLS; i++)
        victims[i] = agent_with(number);
    for (unsigned i = 0; i < KILLS; i++) {
        for (unsigned k = 0; k < i % 4; k++, asked++)
            rig_destroy(rig_opened(number).handle);
        ntf_child_kill(victims[i]); /* dies while we ask on */
        for (unsigned k = 0; k < 20; k++, asked++)
            rig_destroy(rig_opened(number).handle);
    }
    for (unsigned i = 0; i < KILLS; i++)
        assert_int_equal(ntf_child_wait(victims[i]), -1);
    printf("asked %u times while %u holders were killed\n", asked, KILLS);
    rig_destroy(rig_opened(number).handle);
    kill_it(keeper);
    rig_expect_dead(number);
}

/* The last handle here is gone, a wait still holds the object, and the number has gone on with another process: opened
 * again before that wait has ended, it is the same object, and keeps the number like any other. */
static void back_before_the_end(void **state)
{
    struct soft_object *object, *again;
    struct ntf_child *child;
    ntf_status status;
    const char *why;

    (void)state;
    if (kmt.CreateDevice != ntf_soft_thunks()->CreateDevice)
        skip(); /* another copy's objects cannot be looked into */
    assert_int_equal(soft_object_create(D3DDDI_MONITORED_FENCE, NTF_SYNC_SHARED, 5, &object), NTF_OK);
    soft_object_ref(object);
    soft_object_leave(object);
    rig_expect_dead(object->base.global); /* a wait alone keeps no number */
    soft_object_unref(object);
    assert_int_equal(soft_object_create(D3DDDI_MONITORED_FENCE, NTF_SYNC_SHARED, 5, &object), NTF_OK);
    child = agent_with(object->base.global);
    soft_object_ref(object);
    soft_object_leave(object);
    assert_int_equal(soft_object_open_global(object->base.global, SOFT_IS_SYNC, &again, &status, &why), NTF_OK);
    assert_ptr_equal(again, object);
    soft_object_unref(object);
    tell(child, "drop", 0, OK);
    tell(child, "open", object->base.global, OK); /* from here */
    tell(child, "wait", 5, OK);
    assert_int_equal(ntf_child_wait(child), 0);
    soft_object_leave(again);
}

/* From hand to hand: there is always one who has it, never for long the same. */
static void travels(void **state)
{
    D3DKMT_HANDLE number;
    struct rig_fence fence = rig_global(0, &number);
    struct ntf_child *child = ntf_child_start("agent", NULL);

    (void)state;
    for (unsigned i = 1; i <= TRAVELS; i++) {
        tell(child, "open", number, OK);
        rig_destroy(fence.handle);
        fence = rig_opened(number);
        tell(child, "signal", i, OK);
        tell(child, "drop", 0, OK);
        assert_int_equal(rig_value(&fence), i);
    }
    assert_int_equal(ntf_child_wait(child), 0);
    rig_destroy(fence.handle);
    rig_expect_dead(number);
}

/* Threads that open and close, and signal between, while handles of the maker come and go. */
struct opener {
    struct ntf_thread *thread;
    D3DKMT_HANDLE number;
    ntf_au32 *stop;
    unsigned found, failed;
};

static void open_and_close(void *context)
{
    struct opener *opener = context;

    while (!ntf_load(opener->stop, NTF_ACQUIRE)) {
        D3DKMT_OPENSYNCHRONIZATIONOBJECT open = { .hSharedHandle = opener->number };
        D3DKMT_DESTROYSYNCHRONIZATIONOBJECT destroy;
        if (kmt.OpenSynchronizationObject(&open) != NTF_STATUS_SUCCESS) {
            opener->failed++;
            continue;
        }
        opener->found++;
        destroy.hSyncObject = open.hSyncObject;
        opener->failed += rig_wait(open.hSyncObject, 0) != NTF_STATUS_SUCCESS;
        opener->failed += kmt.DestroySynchronizationObject(&destroy) != NTF_STATUS_SUCCESS;
    }
}

static void threads(void **state)
{
    D3DKMT_HANDLE number;
    struct ntf_child *keeper = agent_making(&number);
    struct opener openers[3];
    ntf_au32 stop;

    (void)state;
    (void)rig_device();
    ntf_init(&stop, 0u);
    for (unsigned i = 0; i < NTF_COUNT(openers); i++) {
        openers[i] = (struct opener){ NULL, number, &stop, 0, 0 };
        assert_int_equal(ntf_thread_start(&openers[i].thread, "opener", open_and_close, &openers[i]), NTF_OK);
    }
    for (unsigned i = 0; i < 300; i++) {
        D3DKMT_HANDLE passing;
        const struct rig_fence fence = rig_global(i, &passing);
        rig_destroy(rig_opened(number).handle);
        rig_destroy(fence.handle);
        rig_expect_dead(passing);
    }
    ntf_store(&stop, 1u, NTF_RELEASE);
    for (unsigned i = 0; i < NTF_COUNT(openers); i++) {
        ntf_thread_join(openers[i].thread);
        printf("opened %u times\n", openers[i].found);
        assert_int_equal(openers[i].failed, 0);
    }
    assert_int_equal(ntf_child_wait(keeper), 0);
    rig_expect_dead(number);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_processes), cmocka_unit_test(maker_goes_first),    cmocka_unit_test(maker_is_killed_first),
        cmocka_unit_test(travels),       cmocka_unit_test(back_before_the_end), cmocka_unit_test(asked_while_they_die),
        cmocka_unit_test(threads),
    };

    rig_load();
    if (ntf_test_role(argc, argv))
        return agent();
    return ntf_test_run("soft-globals-peers", tests, NTF_COUNT(tests), NULL, NULL);
}
