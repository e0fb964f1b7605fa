/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real page.c under Relacy: two waiters and two signallers on one page, with slots for both waiters or for one
 * only (then the other goes by the overflow word). Run by page_relacy.py, which also takes things out of page.c one
 * by one and wants to see this fail.
 *
 * Properties
 *   no lost wake     a waiter that sleeps for good is a deadlock; no spurious wake helps it out
 *   no early return  asserted
 *   order            what a signaller wrote before its signal is read after the wait: a plain variable, so that an
 *                    order too weak is a data race
 *   tenancy          a plain variable for each slot, touched by whoever owns it: two owners at once, or a handing over
 *                    that orders nothing, are data races
 *   slots            all are free, unarmed and without a target when everybody has gone
 */
#include "ntf_relacy.h"

#include "main_relacy.h"

#include "kmt/soft/page.c" /* page_relacy.py puts the copy to be judged first on the include path */

static void sleep_on(ntf_au32 *word, uint32_t seen)
{
    /* FUTEX_WAIT: the kernel compares under its own lock, behind a full barrier, and sleeps. */
    rl::context &c = rl::ctx();
    bool same;

    c.sched();
    c.atomic_thread_fence_seq_cst();
    {
        rl::preemption_disabler disabler(c);
        same = word->load(rl::mo_acquire, RL_INFO) == seen;
    }
    if (same)
        (void)word->wait(c, false, false, RL_INFO);
}

static void wake_all(void *, ntf_au32 *word, uint64_t)
{
    rl::context &c = rl::ctx();

    c.sched();
    c.atomic_thread_fence_seq_cst();
    (void)word->wake(c, 100, RL_INFO);
}

static bool gone(void *, uint64_t)
{
    return false;
}

struct page_test : rl::test_suite<page_test, 4> {
    ntf_page page;
    rl::var<int> written[3];              /* by the signaller of that value */
    rl::var<uint64_t> tenant[NTF_PAGE_SLOTS]; /* of the slot: a plain variable that only its owner touches */
    ntf_page_ops ops;

    void before()
    {
        static const uint8_t id[16] = { 0 };

        ntf_page_init(&page, 5, 0, 0, id);
        ops.wake = wake_all;
        ops.gone = gone;
        ops.context = nullptr;
        ops.keep_targets = false;
        for (int i = 0; i < 3; i++)
            written[i]($) = 0;
        for (unsigned i = 0; i < NTF_PAGE_SLOTS; i++)
            tenant[i]($) = 0;
    }

    uint64_t look()
    {
        return ntf_load(&page.current, NTF_ACQUIRE);
    }

    /* The loop of kmt/watch.c over one object. */
    void wait(uint64_t owner, uint64_t goal)
    {
        uint64_t value = look();

        while (value < goal) {
            uint32_t seen, slot = ntf_page_arm(&page, owner, goal, &ops, &seen);

            if (slot != NTF_PAGE_NO_SLOT)
                tenant[slot]($) = owner;
            value = look(); /* THE RE-READ */
            if (value < goal)
                sleep_on(ntf_page_word(&page, slot), seen);
            if (slot != NTF_PAGE_NO_SLOT)
                RL_ASSERT(tenant[slot]($) == owner);
            ntf_page_leave(&page, slot);
            value = look();
        }
        RL_ASSERT(value >= goal);
        RL_ASSERT(written[value]($) == 1);
    }

    void signal(uint64_t value)
    {
        written[value]($) = 1;
        (void)ntf_page_signal(&page, value, false, &ops);
    }

    void thread(unsigned index)
    {
        switch (index) {
        case 0: wait(1, 1); break;
        case 1: wait(2, 2); break;
        case 2: signal(1); break;
        default: signal(2); break;
        }
    }

    void after()
    {
        RL_ASSERT(ntf_load(&page.armed, NTF_RELAXED) == 0);
        for (unsigned i = 0; i < NTF_PAGE_SLOTS; i++) {
            RL_ASSERT(ntf_load(&page.slots[i].owner, NTF_RELAXED) == 0);
            RL_ASSERT(ntf_load(&page.slots[i].target, NTF_RELAXED) == NTF_PAGE_NOBODY);
        }
    }
};

int main(int argc, char **argv)
{
    return run<page_test>(argc, argv);
}
