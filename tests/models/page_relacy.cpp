/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real page.c under Relacy: two waiters and two signallers on one page, with slots for both waiters or for one
 * only (then the other goes by the overflow word); and the real herd.c, where both meet at one word. Run by
 * page_relacy.py, which also takes things out of both one by one and wants to see this fail.
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

#include "kmt/soft/page.c" /* page_relacy.py puts the copies to be judged first on the include path */
#include "kmt/soft/herd.c"

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
    c.atomic_thread_fence_seq_cst(); /* who is woken has seen what the kernel's wake came behind */
}

static void wake_one(void *, ntf_au32 *word)
{
    rl::context &c = rl::ctx();

    c.sched();
    c.atomic_thread_fence_seq_cst();
    (void)word->wake(c, 1, RL_INFO);
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
        ops.keep_targets = scene == 3;
        ops.wake_one = scene == 3 ? wake_one : nullptr;
        if (scene == 4) /* somebody has waited before */
            ntf_init(&page.armed, (uint64_t)1);
        for (int i = 0; i < 3; i++)
            written[i]($) = 0;
        for (unsigned i = 0; i < NTF_PAGE_SLOTS; i++)
            tenant[i]($) = 0;
    }

    uint64_t look()
    {
        return ntf_load(&page.current, NTF_ACQUIRE);
    }

    uint64_t look_again()
    {
        return ntf_load(&page.current, NTF_SEQ_CST);
    }

    /* The same for a private object. */
    void wait_in_herd(uint64_t goal)
    {
        uint64_t value = look();

        while (value < goal) {
            uint32_t seen, home = ntf_herd_join(&page, goal, &seen);

            value = look_again(); /* THE HERD'S RE-READ */
            if (value < goal)
                sleep_on(ntf_page_word(&page, home), seen);
            ntf_herd_quit(&page, home, &ops);
            value = look();
        }
        RL_ASSERT(value >= goal);
        RL_ASSERT(written[value]($) == 1);
    }

    /* The loop of kmt/watch.c over one object. */
    void wait(uint64_t owner, uint64_t goal)
    {
        uint64_t value = look();

        while (value < goal) {
            uint32_t seen, slot = ntf_page_arm(&page, owner, goal, &ops, &seen);

            if (slot != NTF_PAGE_NO_SLOT)
                tenant[slot]($) = owner;
            value = look_again(); /* THE RE-READ */
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
        case 0: scene == 3 ? wait_in_herd(1) : wait(1, 1); break;
        case 1: scene == 3 ? wait_in_herd(2) : wait(2, 2); break;
        case 2: signal(1); break;
        default: signal(2); break;
        }
    }

    void after()
    {
        RL_ASSERT(ntf_load(&page.armed, NTF_RELAXED) < 1u << NTF_PAGE_STICKY);
        for (unsigned i = 0; i < NTF_PAGE_SLOTS; i++) {
            RL_ASSERT(ntf_load(&page.slots[i].owner, NTF_RELAXED) == 0);
            RL_ASSERT((ntf_load(&page.slots[i].herd, NTF_RELAXED) & ~BATON) == 0);
            RL_ASSERT(ntf_load(&page.slots[i].target, NTF_RELAXED) == NTF_PAGE_NOBODY);
        }
    }
};

int main(int argc, char **argv)
{
    return run<page_test>(argc, argv);
}
