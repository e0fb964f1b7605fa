/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One wait from end to end under Relacy: the real poller (fence/poller.c, fence/spin.c), watch (kmt/watch.c), parker
 * (kmt/parker.c) and page (kmt/soft/page.c). Only the system below is played: the sleep on words, and a clock that
 * moves by a tick whenever it is read and to the end of a sleep that nobody ended. Run by wait_relacy.py, which also
 * takes things out one by one and wants to see this fail.
 *
 * Scenes
 *   1  wait-any over two objects, spin and park; one is signalled
 *   2  wait-all over two objects, spin and park; both are signalled, by two threads
 *   3  a moment is expected: armed sleep, spin, park; signalled before, during or after
 *   4  a deadline, and a signal that may come before or after
 *   5  a loss that wakes nobody, and a signal that never comes
 *   6  wait-any by two threads over the same two objects; both signalled
 *   7  a deadline, and a peer that changes words and values, and wakes, but never gets there
 *
 * Properties
 *   no lost wake     a waiter that sleeps for good is a deadlock; no spurious wake helps it out
 *   no early return  of the one that a wait-any names, of each of a wait-all; no timeout before the deadline
 *   progress         a wait with a deadline, or with a device that is lost, ends (a livelock otherwise)
 *   one winner       a wait-any names one, inside its array, and leaves no other armed
 *   order            what was written before the signal is read after the wait: a plain variable, hence a data race
 */
#include "ntf_relacy.h"

#include "main_relacy.h"

#include "kmt/soft/page.c" /* wait_relacy.py puts the copies to be judged first on the include path */
#include "kmt/soft/herd.c"
#include "kmt/parker.c"
#include "kmt/watch.c"
#include "fence/spin.c"
#include "fence/poller.c"

enum { OBJECTS = 2 }; /* THREADS is given: four for the scenes 2 and 6, else two */
static const uint64_t TICK = 10000;
static const uint64_t DEADLINE = 100000;

static uint64_t the_clock;
static unsigned early_ends; /* sleeps that may still end by themselves while others could run */

/* ---- the system ---- */

/* A thread asleep: on which words, as told to its parker. */
static struct {
    const ntf_parker *parker; /* NULL: awake */
} beds[THREADS];
static rl::atomic<uint32_t> *pillows; /* one for each thread, to sleep on */

static bool sleeps_on(const ntf_parker *parker, const ntf_au32 *word)
{
    if (word == &parker->wake)
        return true;
    for (unsigned i = 0; i < parker->count; i++)
        if (parker->words[i].word == word)
            return true;
    return false;
}

static void wake_all(void *, ntf_au32 *word, uint64_t)
{
    rl::context &c = rl::ctx();

    c.sched();
    c.atomic_thread_fence_seq_cst();
    for (unsigned i = 0; i < THREADS; i++) {
        if (beds[i].parker && sleeps_on(beds[i].parker, word)) {
            beds[i].parker = nullptr;
            (void)pillows[i].wake(c, 1, RL_INFO);
        }
    }
}

/* FUTEX_WAITV: the kernel compares under its own locks, behind a full barrier, and sleeps. */
static void sleep_until(ntf_parker *parker, uint64_t deadline_ns)
{
    rl::context &c = rl::ctx();
    const unsigned me = rl::thread_index();
    bool same;

    c.sched();
    c.atomic_thread_fence_seq_cst();
    {
        rl::preemption_disabler disabler(c);
        same = parker->wake.load(rl::mo_acquire, RL_INFO) == parker->seen;
        for (unsigned i = 0; i < parker->count && same; i++)
            same = parker->words[i].word->load(rl::mo_acquire, RL_INFO) == parker->words[i].seen;
    }
    if (!same)
        return;
    /* The time may be up before anybody else does anything: Relacy itself lets a sleep end only when nobody can run. */
    if (deadline_ns != NTF_FOREVER && early_ends > 0 && c.rand(2, rl::sched_type_user) == 1) {
        early_ends--;
        the_clock = the_clock < deadline_ns ? deadline_ns : the_clock;
        return;
    }
    beds[me].parker = parker;
    if (pillows[me].wait(c, deadline_ns != NTF_FOREVER, false, RL_INFO) == rl::unpark_reason_timeout &&
        the_clock < deadline_ns)
        the_clock = deadline_ns;
    beds[me].parker = nullptr;
}

static uint64_t now_ns(void)
{
    return the_clock += TICK;
}

static uint64_t spin_ns(uint64_t)
{
    return 2 * TICK;
}

static const ntf_park_ops ops = { now_ns, sleep_until, spin_ns };
const ntf_park_ops ntf_park_os_ops = ops;

uint64_t ntf_parker_os_owner(ntf_parker *)
{
    return 1 + rl::thread_index();
}

ntf_handle ntf_parker_os_event(ntf_parker *)
{
    return nullptr;
}

bool ntf_parker_os_listen(ntf_parker *, bool)
{
    return true;
}

bool ntf_parker_os_listen_beyond(ntf_parker *, ntf_au32 *, uint32_t, bool)
{
    return false;
}

void ntf_parker_os_forget(ntf_parker *)
{
}

void ntf_parker_os_end(ntf_parker *)
{
}

void ntf_parker_os_wake(ntf_parker *parker)
{
    wake_all(nullptr, &parker->wake, 0);
}

/* ---- the object, as kmt/soft/object.c arms it; private, so that no safety period makes up for anything ---- */

static ntf_page_ops page_ops;

static void arm(ntf_watch *watch, ntf_parker *parker)
{
    ntf_page *page = static_cast<ntf_page *>(watch->object);
    uint32_t seen = 0;

    watch->slot = ntf_page_arm(page, ntf_parker_owner(parker), watch->target, &page_ops, &seen);
    ntf_parker_listen(parker, ntf_page_word(page, watch->slot), seen, false);
}

static void disarm(ntf_watch *watch, ntf_parker *)
{
    ntf_page_leave(static_cast<ntf_page *>(watch->object), watch->slot);
}

static const ntf_watch_ops watch_ops = { arm, disarm };

static bool gone(void *, uint64_t)
{
    return false;
}

/* ---- the scenes ---- */

struct wait_test : rl::test_suite<wait_test, THREADS> {
    ntf_page pages[OBJECTS];
    rl::var<int> written[OBJECTS]; /* by the signaller of that object */
    rl::atomic<uint32_t> pillow[THREADS];
    ntf_au32 lost;
    ntf_poller poller;

    void before()
    {
        static const uint8_t id[16] = { 0 };

        the_clock = 0;
        early_ends = 2;
        page_ops.wake = wake_all;
        page_ops.gone = gone;
        page_ops.context = nullptr;
        page_ops.keep_targets = true;
        pillows = pillow;
        for (unsigned i = 0; i < THREADS; i++) {
            beds[i].parker = nullptr;
            pillow[i].store(0, rl::mo_relaxed, RL_INFO);
        }
        for (unsigned i = 0; i < OBJECTS; i++) {
            ntf_page_init(&pages[i], 5, 0, 0, id);
            written[i]($) = 0;
        }
        ntf_init(&lost, 0u);
        ntf_poller_init(&poller, &ops, scene == 5 ? &lost : nullptr);
    }

    void signal(unsigned object)
    {
        written[object]($) = 1;
        (void)ntf_page_signal(&pages[object], 1, false, &page_ops);
    }

    void reached(unsigned object)
    {
        RL_ASSERT(ntf_load(&pages[object].current, NTF_RELAXED) >= 1);
        RL_ASSERT(written[object]($) == 1);
    }

    void wait(unsigned count, bool all, uint64_t deadline_ns, uint64_t expected_ns)
    {
        const ntf_moment expected = { expected_ns, 0 };
        ntf_watch watches[OBJECTS];
        ntf_poll poll;

        for (unsigned i = 0; i < count; i++) {
            watches[i].value = &pages[i].current;
            watches[i].target = 1;
            watches[i].ops = &watch_ops;
            watches[i].object = &pages[i];
            watches[i].slot = 0;
        }
        ntf_poll_begin(&poll, watches, count, all);
        poll.index = 99;
        switch (ntf_poller_wait(&poller, &poll, deadline_ns, expected)) {
        case NTF_OK:
            RL_ASSERT(poll.index < count && scene != 5 && scene != 7);
            if (all)
                for (unsigned i = 0; i < count; i++)
                    reached(i);
            else
                reached(poll.index);
            break;
        case NTF_TIMEOUT:
            RL_ASSERT(deadline_ns != NTF_FOREVER && the_clock >= deadline_ns);
            break;
        default:
            RL_ASSERT(scene == 5 && ntf_load(&lost, NTF_RELAXED) == 1);
        }
    }

    void thread(unsigned index)
    {
        if (index == 0) {
            if (scene == 1 || scene == 2 || scene == 6)
                wait(2, scene == 2, NTF_FOREVER, 0);
            else if (scene == 3)
                wait(1, false, NTF_FOREVER, 150000);
            else
                wait(1, false, scene == 5 ? NTF_FOREVER : DEADLINE, 0);
        } else if (scene == 5) {
            ntf_store(&lost, 1u, NTF_RELEASE);
        } else if (scene == 7) {
            ntf_store(&pages[0].slots[0].target, (uint64_t)0, NTF_RELAXED);
            (void)ntf_fetch_add(&pages[0].slots[0].word, 1u, NTF_RELAXED);
            wake_all(nullptr, &pages[0].slots[0].word, 1);
            ntf_store(&pages[0].current, (uint64_t)0, NTF_RELAXED);
        } else if (scene == 6 && index == 1) {
            wait(2, false, NTF_FOREVER, 0);
        } else if (scene != 2 || index < 3) {
            signal(scene == 1 ? 1 : scene == 2 ? index - 1 : scene == 6 ? index - 2 : 0);
        }
    }

    void after()
    {
        for (unsigned i = 0; i < OBJECTS; i++) {
            for (unsigned k = 0; k < NTF_PAGE_SLOTS; k++)
                RL_ASSERT(ntf_load(&pages[i].slots[k].owner, NTF_RELAXED) == 0);
        }
    }
};

int main(int argc, char **argv)
{
    return run<wait_test>(argc, argv);
}
