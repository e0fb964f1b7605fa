/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real mutex_page.c and page.c under Relacy. Run by mutex_relacy.py, which also takes things out of them one by one
 * and wants to see this fail.
 *
 * Scenes
 *   1  two threads take turns at one key, the first of them twice; a third tries once and goes
 *   2  one dies, before it takes, holding, or after it has given; one waits; a third sits down, in its seat if it is
 *      dead already, and waits, too
 *
 * Properties
 *   one owner        a plain variable that holders write to: two at once, or a handing over that orders nothing, are a
 *                    data race
 *   no lost wake     a waiter that sleeps for good is a deadlock; nothing but a death lets one look again by itself
 *   no robbery       a holder that lives can always give
 *   handed over      the fence value is what the holder before has left
 *   death            who holds when it dies leaves an abandoned mutex to all; who does not, leaves none
 */
#include "ntf_relacy.h"

#include "main_relacy.h"

#include "kmt/soft/page.c" /* mutex_relacy.py puts the copies to be judged first on the include path */
#include "kmt/soft/herd.c"
#include "kmt/soft/mutex_page.c"

/* FUTEX_WAIT: the kernel compares under its own lock, behind a full barrier, and sleeps. After a death the safety
 * period lets whoever sleeps look again; once is enough. */
static void sleep_on(ntf_au32 *word, uint32_t seen, ntf_au32 *dead, bool *looked)
{
    rl::context &c = rl::ctx();
    bool same;

    c.sched();
    c.atomic_thread_fence_seq_cst();
    {
        rl::preemption_disabler disabler(c);
        same = word->load(rl::mo_acquire, RL_INFO) == seen;
        if (same && !*looked && dead->load(rl::mo_seq_cst, RL_INFO) != 0) {
            *looked = true;
            same = false;
        }
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

static const uint64_t MORTAL = 1; /* the owner that dies */

static bool is_dead(void *context, uint64_t owner)
{
    return owner == MORTAL && ((ntf_au32 *)context)->load(rl::mo_seq_cst, RL_INFO) != 0;
}

struct mutex_test : rl::test_suite<mutex_test, 3> {
    ntf_mutex_page mutex;
    rl::var<int> inside; /* plain: who holds the mutex writes to it */
    rl::var<uint64_t> left; /* the fence value of the last release */
    ntf_au32 dead;
    bool died_holding;
    ntf_page_ops ops;

    void before()
    {
        static const uint8_t id[16] = { 0 };

        ntf_page_init(&mutex.page, NTF_PAGE_KIND_MUTEX, 3, 0, id);
        ntf_mutex_page_init(&mutex, 0, nullptr, 0);
        ops.wake = wake_all;
        ops.gone = is_dead;
        ops.context = &dead;
        ops.keep_targets = false;
        ops.wake_one = nullptr;
        inside($) = 0;
        left($) = 0;
        dead.store(0, rl::mo_relaxed, RL_INFO);
        died_holding = false;
    }

    /* The loops of soft/mutex.c and kmt/watch.c. */
    ntf_result block(uint32_t seat, uint64_t owner, uint64_t *turn, uint64_t *value)
    {
        bool looked = false;

        for (;;) {
            uint64_t now = ntf_load(&mutex.page.current, NTF_ACQUIRE);
            ntf_result result = ntf_mutex_page_take(&mutex, seat, 0, &ops, turn, value);
            if (result != NTF_NOT_READY)
                return result;
            while (ntf_load(&mutex.page.current, NTF_ACQUIRE) < now + 1) {
                uint32_t seen, slot;
                ntf_mutex_page_look(&mutex, &ops); /* WHAT ARMING BEGINS WITH */
                slot = ntf_page_arm(&mutex.page, owner, now + 1, &ops, &seen);
                if (ntf_load(&mutex.page.current, NTF_SEQ_CST) < now + 1)
                    sleep_on(ntf_page_word(&mutex.page, slot), seen, &dead, &looked);
                ntf_page_leave(&mutex.page, slot);
            }
        }
    }

    void hold(uint64_t turn, uint64_t value)
    {
        RL_ASSERT(value == left($));
        inside($) = (int)turn + 1;
        RL_ASSERT(inside($) == (int)turn + 1);
    }

    void give(uint64_t turn)
    {
        left($) = turn + 10;
        RL_ASSERT(ntf_mutex_page_give(&mutex, turn, 0, turn + 10, nullptr, 0, &ops));
    }

    void take_turns(uint64_t owner, int count)
    {
        uint32_t seat = ntf_mutex_page_sit(&mutex, owner, &ops);
        uint64_t turn, value;

        RL_ASSERT(seat != NTF_MUTEX_NO_SEAT);
        for (int i = 0; i < count; i++) {
            RL_ASSERT(block(seat, owner, &turn, &value) == NTF_OK);
            hold(turn, value);
            give(turn);
        }
        ntf_mutex_page_get_up(&mutex, seat);
    }

    void try_once(uint64_t owner)
    {
        uint32_t seat = ntf_mutex_page_sit(&mutex, owner, &ops);
        uint64_t turn, value;

        if (ntf_mutex_page_take(&mutex, seat, 0, &ops, &turn, &value) == NTF_OK) {
            hold(turn, value);
            give(turn);
        }
        ntf_mutex_page_get_up(&mutex, seat);
    }

    void die()
    {
        dead.store(1, rl::mo_seq_cst, RL_INFO);
        for (unsigned i = 0; i < NTF_PAGE_SLOTS; i++)
            wake_all(nullptr, &mutex.page.slots[i].word, 0); /* the safety period of whoever sleeps already */
    }

    void mortal()
    {
        unsigned when = rl::rand(3);
        uint64_t turn, value;
        uint32_t seat = ntf_mutex_page_sit(&mutex, MORTAL, &ops);

        if (when != 0 && seat != NTF_MUTEX_NO_SEAT) {
            if (ntf_mutex_page_take(&mutex, seat, 0, &ops, &turn, &value) == NTF_OK) {
                hold(turn, value);
                if (when == 1)
                    died_holding = true;
                else
                    give(turn);
            }
        }
        die();
    }

    void survivor(uint64_t owner)
    {
        uint32_t seat = ntf_mutex_page_sit(&mutex, owner, &ops);
        uint64_t turn, value;
        ntf_result result;

        if (seat == NTF_MUTEX_NO_SEAT)
            return; /* the mortal one still lives */
        result = block(seat, owner, &turn, &value);
        if (result == NTF_OK) {
            hold(turn, value);
            give(turn);
        } else {
            RL_ASSERT(result == NTF_E_ABANDONED && died_holding);
        }
    }

    void thread(unsigned index)
    {
        if (scene == 1)
            index == 0 ? take_turns(1, 2) : index == 1 ? take_turns(2, 1) : try_once(3);
        else
            index == 0 ? mortal() : survivor(index + 1);
    }

    void after()
    {
        const uint64_t turns = ntf_load(&mutex.page.current, NTF_RELAXED);

        RL_ASSERT(died_holding || (turns & NTF_MUTEX_ABANDONED) == 0);
        for (unsigned i = 0; i < NTF_PAGE_SLOTS; i++)
            RL_ASSERT(ntf_load(&mutex.page.slots[i].owner, NTF_RELAXED) == 0);
    }
};

int main(int argc, char **argv)
{
    return run<mutex_test>(argc, argv);
}
