// SPDX-License-Identifier: Apache-2.0
// Handles are looked up without a lock while others end them: what was found stays there as long as it is used, and a
// handle that has gone is nothing. A sanitizer sees what was used after its end.
#include "rig.h"

#include "kmt/soft/visits.h"

enum { PLACES = 8, SIGNALLERS = 3, TURNS = 800 };

static struct {
    ntf_au32 handle[PLACES]; // the newest of each place; it may have ended
    ntf_au32 stop;
    ntf_au32 accepted; // whether any signal was
    D3DKMT_HANDLE device;
} shared;

struct signaller {
    struct ntf_thread *thread;
    uint64_t refused, else_answered;
};

static ntf_status signal_one(D3DKMT_HANDLE handle, uint64_t value)
{
    const D3DKMT_SIGNALSYNCHRONIZATIONOBJECTFROMCPU signal = { shared.device, 1, &handle, &value, 0 };

    return kmt.SignalSynchronizationObjectFromCpu(&signal);
}

static void signal_all(void *context)
{
    struct signaller *me = context;

    for (uint64_t value = 1; !ntf_load(&shared.stop, NTF_ACQUIRE); value++) {
        for (unsigned i = 0; i < PLACES; i++) {
            const ntf_status status = signal_one(ntf_load(&shared.handle[i], NTF_ACQUIRE), value);

            if (status == NTF_STATUS_SUCCESS)
                ntf_store(&shared.accepted, 1u, NTF_RELEASE);
            me->refused += status == NTF_STATUS_INVALID_PARAMETER; // gone, or above already
            me->else_answered += status != NTF_STATUS_SUCCESS && status != NTF_STATUS_INVALID_PARAMETER;
        }
    }
}

// Ended while they are signalled, singly and by their device.
static void ended_under_signals(void **state)
{
    static struct signaller signallers[SIGNALLERS];
    struct rig_fence fences[PLACES];

    (void)state;
    shared.device = rig_device();
    ntf_store(&shared.stop, 0u, NTF_RELEASE);
    ntf_store(&shared.accepted, 0u, NTF_RELEASE);
    for (unsigned i = 0; i < PLACES; i++) {
        fences[i] = rig_monitored(0, 0);
        ntf_store(&shared.handle[i], fences[i].handle, NTF_RELEASE);
    }
    for (unsigned i = 0; i < SIGNALLERS; i++)
        assert_int_equal(ntf_thread_start(&signallers[i].thread, "signals", signal_all, &signallers[i]), NTF_OK);
    while (!ntf_load(&shared.accepted, NTF_ACQUIRE)) // on a busy machine all turns may be over before that
        rig_yield();
    for (unsigned turn = 0; turn < TURNS; turn++) {
        const unsigned i = turn % PLACES;

        rig_destroy(fences[i].handle);
        fences[i] = rig_monitored(turn % 3 == 0 ? NTF_SYNC_SHARED | NTF_SYNC_NT_SECURITY_SHARING : 0, 0);
        ntf_store(&shared.handle[i], fences[i].handle, NTF_RELEASE);
        if (turn % 16 == 0) // so that somebody gets to signal it
            rig_yield();
    }
    ntf_store(&shared.stop, 1u, NTF_RELEASE);
    for (unsigned i = 0; i < SIGNALLERS; i++) {
        ntf_thread_join(signallers[i].thread);
        assert_int_equal(signallers[i].else_answered, 0);
    }
    for (unsigned i = 0; i < PLACES; i++) {
        rig_destroy(fences[i].handle);
        assert_int_equal(signal_one(fences[i].handle, 1), NTF_STATUS_INVALID_PARAMETER);
    }
}

// ---- visits by themselves

static struct soft_visits visits;
static struct {
    struct ntf_thread *thread;
    ntf_au32 through;
} taker;

static void take_away(void *context)
{
    (void)context;
    soft_visits_await(&visits);
    ntf_store(&taker.through, 1u, NTF_RELEASE);
}

// Who takes away waits for who is inside, wherever that is.
static void visits_are_awaited(void **state)
{
    (void)state;
    for (uint32_t hint = 0; hint < SOFT_PLACES; hint += SOFT_PLACES - 1) {
        const uint32_t place = soft_visit_begin(&visits, hint);

        assert_int_equal(place, hint);
        ntf_store(&taker.through, 0u, NTF_RELEASE);
        assert_int_equal(ntf_thread_start(&taker.thread, "taker", take_away, NULL), NTF_OK);
        for (unsigned i = 0; i < 200; i++) // it would get through at once
            rig_yield();
        assert_int_equal(ntf_load(&taker.through, NTF_ACQUIRE), 0);
        soft_visit_end(&visits, place);
        ntf_thread_join(taker.thread);
    }
}

// As many as there are places are inside at once, each at its own; the next one waits for a place.
static void places_are_told_apart(void **state)
{
    uint64_t taken = 0;

    (void)state;
    for (uint32_t i = 0; i < SOFT_PLACES; i++) {
        const uint64_t bit = (uint64_t)1 << soft_visit_begin(&visits, 5);

        assert_true((taken & bit) == 0);
        taken |= bit;
    }
    for (uint32_t i = 0; i < SOFT_PLACES; i++)
        soft_visit_end(&visits, i);
    soft_visits_await(&visits);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(ended_under_signals),
        cmocka_unit_test(visits_are_awaited),
        cmocka_unit_test(places_are_told_apart),
    };

    (void)argc;
    (void)argv;
    rig_load();
    return ntf_test_run("soft-handles", tests, NTF_COUNT(tests), NULL, NULL);
}
