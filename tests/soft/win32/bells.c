/* SPDX-License-Identifier: Apache-2.0 */
/* Bells and the parker that sleeps on them, in one process. */
#include "ntf_test.h"

#include <windows.h>

#include "base/deadline.h"
#include "base/os/os.h"
#include "kmt/os/parker.h"
#include "kmt/os/win32/pool.h"

#define MS 1000000ull

/* An identity is 48 random bits and 16 zeros, the same whenever it is asked for. */
static void identity_is_constant(void **state)
{
    const uint64_t id = ntf_copy_id();

    (void)state;
    assert_true(id != 0);
    assert_true((id & 0xFFFFu) == 0);
    assert_true(ntf_copy_id() == id);
    assert_true(ntf_copy_owns(id | 7));
    assert_false(ntf_copy_owns(id ^ 0x10000u));
    assert_false(ntf_copy_owns(0));
}

/* No bell is lent twice, however many are; those given back are lent again before new ones are made. */
static void bells_are_lent_once(void **state)
{
    static uint32_t lent[3000];
    static bool seen[0x10000];
    uint32_t again;

    (void)state;
    for (size_t i = 0; i < NTF_COUNT(lent); i++) {
        assert_true(ntf_bell_borrow(&lent[i]));
        assert_true(lent[i] < 0xFFFF);
        assert_false(seen[lent[i]]);
        seen[lent[i]] = true;
    }
    for (size_t i = 0; i < NTF_COUNT(lent); i++)
        ntf_bell_return(lent[i]);
    assert_true(ntf_bell_borrow(&again));
    assert_true(seen[again]);
    ntf_bell_return(again);
}

/* A bell costs no handle until it is asked to listen to somebody else, and keeps its events for the next borrower. */
static void events_are_made_late_and_kept(void **state)
{
    const size_t before = ntf_test_open_handles();
    wchar_t name[NTF_EVENT_NAME_UNITS];
    uint32_t index, again;
    ntf_handle event;
    HANDLE opened;

    (void)state;
    assert_true(ntf_bell_borrow(&index));
    assert_int_equal(ntf_test_open_handles(), before);
    ntf_bell_name(ntf_copy_id() | index, name);
    assert_null(OpenEventW(EVENT_MODIFY_STATE, FALSE, name));
    event = ntf_bell_event(index);
    assert_non_null(event);
    assert_int_equal(ntf_test_open_handles(), before + 1);
    assert_null(OpenEventW(EVENT_MODIFY_STATE, FALSE, name)); /* the kernel's has no name */
    assert_true(ntf_bell_open_to_peers(index));
    opened = OpenEventW(EVENT_MODIFY_STATE, FALSE, name);
    assert_non_null(opened);
    assert_true(CloseHandle(opened));
    ntf_bell_return(index);
    assert_true(ntf_bell_borrow(&again));
    assert_int_equal(again, index);
    assert_ptr_equal(ntf_bell_event(index), event);
    assert_true(ntf_bell_open_to_peers(index));
    assert_int_equal(ntf_test_open_handles(), before + 2);
    ntf_bell_return(index);
}

/* How long the bell sleeps before something wakes it, at most 200 ms. */
static uint64_t slept(uint32_t index)
{
    const uint64_t start = ntf_os_now_ns();

    ntf_bell_sleep(index, start + 200 * MS);
    return ntf_os_now_ns() - start;
}

/* Takes in what was left behind: a ring leaves two wakes at most, one of the word and one of an event. */
static void drain(uint32_t index)
{
    (void)slept(index);
    (void)slept(index);
    assert_true(slept(index) >= 200 * MS);
}

/* A ring before the sleep is not lost, whatever the bell sleeps on, nor is it heard for ever. */
static void early_rings_are_kept(void **state)
{
    (void)state;
    for (unsigned ways = 0; ways < 4; ways++) {
        uint32_t index;
        assert_true(ntf_bell_borrow(&index));
        if (ways & 1)
            assert_non_null(ntf_bell_event(index));
        if (ways & 2)
            assert_true(ntf_bell_open_to_peers(index));
        drain(index);
        ntf_bell_ring(index);
        ntf_bell_sleep(index, NTF_FOREVER);
        drain(index);
        ntf_bell_return(index);
    }
    ntf_bell_ring(0xFFFE); /* never made: from a page that a peer scribbled on */
    ntf_bell_ring(0xFFFF);
    ntf_bell_ring(UINT32_MAX);
}

/* A sleep ends at its deadline and not before. */
static void deadlines_are_kept(void **state)
{
    (void)state;
    for (unsigned by_event = 0; by_event < 2; by_event++) {
        struct ntf_parker parker;
        uint64_t start, deadline;
        enum ntf_result r;
        ntf_parker_begin(&parker, NULL);
        assert_true(ntf_parker_owner(&parker) != 0);
        assert_true(ntf_copy_owns(parker.owner));
        if (by_event)
            assert_non_null(ntf_parker_event(&parker));
        start = ntf_os_now_ns();
        deadline = start + 30 * MS;
        do {
            ntf_parker_round(&parker);
            r = ntf_parker_park(&parker, deadline);
        } while (r == NTF_OK);
        assert_int_equal(r, NTF_TIMEOUT);
        assert_true(ntf_os_now_ns() >= deadline);
        ntf_parker_end(&parker);
    }
}

/* The graphics kernel sets the event that it was given, a peer the one that it opens by name; each wakes. */
static void events_wake(void **state)
{
    wchar_t name[NTF_EVENT_NAME_UNITS];
    uint32_t index;
    HANDLE named;

    (void)state;
    assert_true(ntf_bell_borrow(&index));
    assert_true(ntf_bell_open_to_peers(index));
    ntf_bell_name(ntf_copy_id() | index, name);
    named = OpenEventW(EVENT_MODIFY_STATE, FALSE, name);
    assert_non_null(named);
    drain(index);
    assert_true(SetEvent(named));
    ntf_bell_sleep(index, NTF_FOREVER);
    assert_true(SetEvent(ntf_bell_event(index)));
    ntf_bell_sleep(index, NTF_FOREVER);
    assert_true(SetEvent(named));
    ntf_bell_sleep(index, NTF_FOREVER);
    drain(index);
    assert_true(CloseHandle(named));
    ntf_bell_return(index);
}

struct sleeper {
    struct ntf_parker parker;
    ntf_au32 stage; /* 1: listening; then rounds */
    ntf_au32 woken;
    unsigned how;
};

static void sleep_and_count(void *context)
{
    struct sleeper *s = (struct sleeper *)context;
    ntf_au32 word;
    uint32_t seen = 0;

    ntf_init(&word, 0);
    ntf_store(&s->stage, 1, NTF_SEQ_CST);
    /* The bell is borrowed while wakes come in already. */
    while (ntf_load(&s->woken, NTF_RELAXED) < 2000) {
        ntf_parker_round(&s->parker);
        if (s->how == 1 || s->how == 3)
            (void)ntf_parker_event(&s->parker);
        if (s->how >= 2)
            ntf_parker_listen(&s->parker, &word, 0, s->how == 3);
        s->parker.shared = false; /* no safety period: a lost wake is to be a hang */
        if (s->parker.seen == seen)
            (void)ntf_parker_park(&s->parker, NTF_FOREVER);
        seen = ntf_load(&s->parker.wake, NTF_SEQ_CST);
        ntf_store(&s->woken, seen, NTF_SEQ_CST);
        ntf_os_unpark_all(&s->woken);
    }
}

/* Two thousand wakes from another thread, none lost, whether the parker sleeps on its own word, a bell's word or
 * events, and while it borrows them. */
static void wakes_of_this_process_arrive(void **state)
{
    (void)state;
    for (unsigned how = 0; how < 4; how++) {
        struct sleeper s;
        struct ntf_thread *thread;
        s.how = how;
        ntf_init(&s.stage, 0);
        ntf_init(&s.woken, 0);
        ntf_parker_begin(&s.parker, NULL);
        assert_int_equal(ntf_thread_start(&thread, "sleeper", sleep_and_count, &s), NTF_OK);
        while (ntf_load(&s.stage, NTF_SEQ_CST) == 0)
            Sleep(0);
        for (uint32_t i = 1; i <= 2000; i++) {
            ntf_parker_wake(&s.parker);
            while (ntf_load(&s.woken, NTF_SEQ_CST) < i)
                (void)ntf_os_park(&s.woken, i - 1, NTF_FOREVER);
        }
        ntf_thread_join(thread);
        ntf_parker_end(&s.parker);
    }
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(identity_is_constant),
        cmocka_unit_test(bells_are_lent_once),
        cmocka_unit_test(events_are_made_late_and_kept),
        cmocka_unit_test(early_rings_are_kept),
        cmocka_unit_test(events_wake),
        cmocka_unit_test(deadlines_are_kept),
        cmocka_unit_test(wakes_of_this_process_arrive),
    };

    (void)argc;
    (void)argv;
    return ntf_test_run("soft-win32-bells", tests, NTF_COUNT(tests), NULL, NULL);
}
