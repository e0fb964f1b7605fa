// SPDX-License-Identifier: Apache-2.0
// What is seen of a fence that the runtime has opened: its value, wakes, signals, its end.
#include <stdlib.h>
#include <string.h>

#include "kmt/os/bells.h"
#include "scenes.h"
#include "world.h"

#define E_TEST ((HRESULT)0x8000ABCD)

static uint64_t sleeps;

static void sleep_for_good(struct ntf_parker *parker, uint64_t deadline_ns)
{
    (void)deadline_ns;
    sleeps++;
    ntf_park_os_ops.sleep(parker, UINT64_MAX);
}

static void sleep_as_told(struct ntf_parker *parker, uint64_t deadline_ns)
{
    sleeps++;
    ntf_park_os_ops.sleep(parker, deadline_ns);
}

// Waits for ever: without the safety period (`for_good`) an event alone can end a sleep.
static void await(struct ntf_object *object, uint64_t target, bool for_good)
{
    struct ntf_park_ops ops = ntf_park_os_ops;
    struct ntf_parker parker;
    struct ntf_watch watch;
    uint32_t index;

    ops.sleep = for_good ? sleep_for_good : sleep_as_told;
    ntf_object_watch(object, target, &watch);
    ntf_parker_begin(&parker, &ops);
    assert_int_equal(ntf_watch_any(&watch, 1, UINT64_MAX, &parker, &index), NTF_OK);
    ntf_parker_end(&parker);
}

struct opened {
    struct double_control *control;
    struct ntf_kmt *kmt;
    struct producer producer;
    struct ntf_object *object;
    struct ntf_child *peer;
};

static struct opened open_one(uint64_t initial)
{
    struct opened opened = {.control = world_fresh(), .kmt = world_kmt("d3d12")};

    world_fence(&opened.producer, initial);
    opened.object = world_open(opened.kmt, opened.producer.nt, NULL);
    opened.peer = world_peer(&opened.producer);
    return opened;
}

static void close_one(struct opened *opened)
{
    assert_int_equal(ntf_child_wait(opened->peer), 0);
    opened->object->ops->close(opened->object);
    producer_end(&opened->producer);
    ntf_kmt_close(opened->kmt);
    world_quiet();
}

void another_process_wakes_a_wait(void **state)
{
    struct opened opened = open_one(0);
    (void)state;

    sleeps = 0;
    for (uint64_t value = 1; value <= 5; value++) {
        world_peer_signal_later(opened.peer, 10 * value);
        await(opened.object, 10 * value - 3, true);
        assert_true(ntf_object_value(opened.object) >= 10 * value - 3);
    }
    assert_true(opened.control->notified > 0);
    assert_true(sleeps > 0); // the peer's pauses are long, and none decides
    close_one(&opened);
}

// Registrations are used again: waits that end early do not pile them up.
void early_ends_do_not_pile_up(void **state)
{
    struct opened opened = open_one(0);
    struct ntf_parker parker;
    (void)state;

    ntf_parker_begin(&parker, NULL);
    for (int i = 0; i < 100; i++) {
        struct ntf_watch watch;
        uint32_t index;

        ntf_object_watch(opened.object, 10, &watch);
        assert_int_equal(ntf_watch_any(&watch, 1, ntf_os_now_ns() + 1000, &parker, &index), NTF_TIMEOUT);
    }
    ntf_parker_end(&parker);
    assert_true(opened.control->notified <= 20); // once, and again each time that its age has doubled
    close_one(&opened);
}

void a_look_sees_the_value_of_the_moment(void **state)
{
    struct opened opened = open_one(3);
    (void)state;

    for (uint64_t value = 4; value < 200; value++) {
        struct ntf_watch watch;

        world_peer_signal(opened.peer, value);
        if (value % 2) {
            assert_int_equal(ntf_object_value(opened.object), value);
        } else {
            ntf_object_watch(opened.object, value, &watch);
            assert_true(ntf_watch_reached(&watch));
        }
    }
    assert_int_equal(opened.control->notified, 0);
    close_one(&opened);
}

void another_process_sees_a_signal(void **state)
{
    struct opened opened = open_one(3);
    ntf_status status = 1;
    (void)state;

    ntf_child_send(opened.peer, "await 8");
    assert_int_equal(opened.object->ops->signal(opened.object, 8, &status), NTF_OK);
    assert_int_equal(status, NTF_STATUS_SUCCESS);
    ntf_child_expect(opened.peer, "there");
    ntf_child_send(opened.peer, "value");
    ntf_child_expect(opened.peer, "value 8");
    // What is there already is not signalled again: the runtime would take a higher value back.
    assert_int_equal(opened.object->ops->signal(opened.object, 6, &status), NTF_OK);
    assert_int_equal(opened.control->signalled, 1);
    ntf_child_send(opened.peer, "value");
    ntf_child_expect(opened.peer, "value 8");
    close_one(&opened);
}

void a_refused_signal_is_told(void **state)
{
    struct opened opened = open_one(3);
    ntf_status status = 0;
    (void)state;

    opened.control->signal = E_TEST;
    assert_int_equal(opened.object->ops->signal(opened.object, 8, &status), NTF_E_FAILED);
    assert_int_equal(status, E_TEST);
    opened.control->signal = (HRESULT)0x887A0005;
    assert_int_equal(opened.object->ops->signal(opened.object, 8, &status), NTF_E_LOST);
    assert_int_equal(status, NTF_STATUS_DEVICE_REMOVED);
    assert_int_equal(ntf_object_value(opened.object), 3);
    close_one(&opened);
}

// The wait ends all the same: with a refused registration by re-reading, with a lost one after the safety period.
void a_wait_ends_without_the_event(void **state)
{
    struct opened opened = open_one(0);
    (void)state;

    opened.control->notify = E_TEST;
    world_peer_signal_later(opened.peer, 1);
    await(opened.object, 1, false);
    opened.control->notify = 0;
    opened.control->dead_notify = true;
    world_peer_signal_later(opened.peer, 2);
    await(opened.object, 2, false);
    close_one(&opened);
}

// Without a bell there is no event to register: the wait re-reads.
void a_wait_ends_without_a_bell(void **state)
{
    enum { BELLS = 65535 };
    struct opened opened = open_one(0);
    uint32_t *bells = malloc(BELLS * sizeof *bells), count = 0;
    (void)state;

    assert_non_null(bells);
    while (count < BELLS && ntf_bell_borrow(&bells[count]))
        count++;
    world_peer_signal_later(opened.peer, 7);
    await(opened.object, 7, false);
    assert_int_equal(opened.control->notified, 0);
    while (count > 0)
        ntf_bell_return(bells[--count]);
    free(bells);
    close_one(&opened);
}

static DWORD WINAPI wait_in_thread(void *context)
{
    struct opened *opened = context;

    await(opened->object, 50, true);
    return 0;
}

void removal_ends_every_wait(void **state)
{
    struct opened opened = open_one(3);
    struct ntf_trace trace;
    ntf_status status;
    (void)state;

    HANDLE thread = CreateThread(NULL, 0, wait_in_thread, &opened, 0, NULL);
    while (*(volatile long *)&opened.control->notified == 0)
        Sleep(1);
    world_remove();
    assert_int_equal(WaitForSingleObject(thread, 60000), WAIT_OBJECT_0);
    CloseHandle(thread);
    assert_true(ntf_object_value(opened.object) == UINT64_MAX);
    // All is reached; nothing is left to signal.
    assert_int_equal(opened.object->ops->signal(opened.object, 60, &status), NTF_OK);
    assert_int_equal(opened.control->signalled, 0);
    // Others are opened with a device that is there.
    struct ntf_object *next = world_open(opened.kmt, opened.producer.nt, &trace);
    assert_non_null(strstr(world_text(&trace),
                           "ID3D12Device::GetDeviceRemovedReason 887A0005 another device is made | "));
    assert_int_equal(ntf_object_value(next), 3);
    assert_int_equal(opened.control->devices, 2);
    next->ops->close(next);
    assert_int_equal(opened.control->devices, 1);
    close_one(&opened);
}

// A share of what was opened is the same fence.
void shares_again(void **state)
{
    struct opened opened = open_one(3);
    ntf_object_attributes inherited = {.Length = sizeof inherited, .Attributes = NTF_OBJ_INHERIT};
    ntf_unicode_string name = {0};
    ntf_object_attributes named = {.Length = sizeof named, .ObjectName = &name};
    ntf_handle handle = NULL;
    ntf_status status;
    DWORD flags = 0;
    (void)state;

    assert_int_equal(opened.object->ops->share(opened.object, &inherited, NTF_ACCESS_ALL, &handle, &status), NTF_OK);
    assert_true(GetHandleInformation(handle, &flags));
    assert_true(flags & HANDLE_FLAG_INHERIT);
    struct ntf_object *again = world_open(opened.kmt, handle, NULL);
    world_peer_signal(opened.peer, 9);
    assert_int_equal(ntf_object_value(again), 9);
    again->ops->close(again);
    CloseHandle(handle);
    assert_int_equal(opened.object->ops->share(opened.object, &named, NTF_ACCESS_ALL, &handle, &status),
                     NTF_E_UNSUPPORTED);
    opened.control->share = E_ACCESSDENIED;
    assert_int_equal(opened.object->ops->share(opened.object, NULL, NTF_ACCESS_ALL, &handle, &status),
                     NTF_E_ACCESS_DENIED);
    close_one(&opened);
}
