// SPDX-License-Identifier: Apache-2.0
/* The other thread of the group, and what is measured beside it. */
#include "core.h"

static struct {
    _Alignas(128) ntf_au32 changes; // of what is wanted; odd: the end
    _Alignas(128) ntf_au32 seen;
    other_work *work; // protected by changes: written before, read behind
} other;

static void other_main(void *context)
{
    (void)context;
    machine_pin(0);
    for (;;) {
        const uint32_t changes = ntf_load(&other.changes, NTF_ACQUIRE);
        other_work *const work = other.work;
        ntf_store(&other.seen, changes, NTF_RELEASE);
        if (changes % 2)
            return;
        if (!work)
            machine_word_wait(&other.changes, changes, false);
        while (work && ntf_load(&other.changes, NTF_ACQUIRE) == changes)
            work();
    }
}

static void other_changes(uint32_t by)
{
    const uint32_t changes = ntf_fetch_add(&other.changes, by, NTF_ACQ_REL) + by;

    machine_word_wake(&other.changes, true, false);
    while (ntf_load(&other.seen, NTF_ACQUIRE) != changes)
        spin_pause();
}

void other_does(other_work *work)
{
    static other_work *now;

    if (work == now)
        return;
    // It rests before it is told anything new: nobody reads what is written.
    now = other.work = NULL;
    other_changes(2);
    if (work) {
        now = other.work = work;
        other_changes(2);
    }
}

void group_core(const struct bench *bench)
{
    struct machine_thread *thread = machine_thread_start(other_main, NULL);

    core_lookups(bench);
    core_registration(bench);
    core_costs(bench);
    other_changes(1);
    machine_thread_join(thread);
}
