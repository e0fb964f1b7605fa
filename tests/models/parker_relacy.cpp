/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sleeper and those who wake it by its bell, under Relacy: the real parker (kmt/parker.c and the system's half as
 * Windows has it, kmt/os/win32/parker.c: a bell that is borrowed while others wake already), watch and page. Played are
 * the bells themselves and the sleep on a word. Run by parker_relacy.py.
 *
 * Scenes
 *   1  nothing to listen to; woken by name
 *   2  a value that never comes: a bell is borrowed at the arming, and the wake by name may come before, between, after
 *   3  a value that comes: its signaller finds the owner in the slot, and rings
 *   4  a value that comes, and a wake by name
 *   5  a deadline, and a value that comes before, after, or never
 *
 * Properties
 *   no lost wake  a sleep that nobody ends is a deadlock; no bell rings by itself
 *   no early end  a wake by name is told of when there was one, a value when it is there
 *   progress      a wait with a deadline ends; with a timeout only behind it
 *   order         what was written before the wake or the signal is read after the wait: a plain variable
 */
#include "ntf_relacy.h"

#include "main_relacy.h"

#include "kmt/os/parker.h"
#include "kmt/soft/page.h"
#include "kmt/os/win32/pool.h"

enum { BELLS = 2 };
static ntf_au32 *rung; /* one for each bell */
static uint32_t bells_lent;

/* ---- the system: threads that sleep on a word until it is woken ---- */

static const uint64_t DEADLINE = 1000;
static uint64_t the_clock;

/* With a deadline it ends at once, as if nobody had woken it before: what may come meanwhile may also come before. */
static void sleep_on(ntf_au32 *word, uint32_t seen, uint64_t deadline_ns)
{
    rl::context &c = rl::ctx();
    bool same;

    c.sched();
    c.atomic_thread_fence_seq_cst();
    {
        rl::preemption_disabler disabler(c);
        same = word->load(rl::mo_acquire, RL_INFO) == seen;
    }
    if (same && deadline_ns != UINT64_MAX)
        the_clock = deadline_ns;
    else if (same)
        (void)word->wait(c, false, false, RL_INFO);
}

static void wake(ntf_au32 *word)
{
    rl::context &c = rl::ctx();

    c.sched();
    c.atomic_thread_fence_seq_cst();
    (void)word->wake(c, 100, RL_INFO);
}

ntf_result ntf_os_park(ntf_au32 *word, uint32_t expected, uint64_t deadline_ns)
{
    sleep_on(word, expected, deadline_ns);
    return NTF_OK;
}

void ntf_os_unpark_all(ntf_au32 *word)
{
    wake(word);
}

uint64_t ntf_os_now_ns(void)
{
    return the_clock;
}

/* ---- bells: an auto-reset event each, with the system's own orders ---- */

static const uint64_t COPY = 0x10000;

uint64_t ntf_copy_id(void)
{
    return COPY;
}

bool ntf_bell_borrow(uint32_t *index)
{
    *index = bells_lent++;
    return true;
}

void ntf_bell_return(uint32_t)
{
}

ntf_handle ntf_bell_event(uint32_t index)
{
    return &rung[index];
}

bool ntf_bell_open_to_peers(uint32_t)
{
    return true;
}

void ntf_bell_ring(uint32_t index)
{
    rung[index].store(1, rl::mo_seq_cst, RL_INFO);
    wake(&rung[index]);
}

void ntf_bell_sleep(uint32_t index, uint64_t deadline_ns)
{
    sleep_on(&rung[index], 0, deadline_ns);
    (void)rung[index].exchange(0, rl::mo_seq_cst, RL_INFO);
}

/* ---- windows.h, as much of it as parker.c takes ---- */

typedef uintptr_t DWORD_PTR;
static int GetCurrentProcess(void)
{
    return 0;
}

static bool GetProcessAffinityMask(int, DWORD_PTR *, DWORD_PTR *)
{
    return false;
}

#include "kmt/soft/page.c" /* parker_relacy.py puts the copies to be judged first on the include path */
#include "kmt/soft/herd.c"
#include "kmt/parker.c"
#include "kmt/watch.c"
#include "kmt/os/win32/parker.c"

/* ---- the object, as kmt/soft/object.c arms it ---- */

static void ring_owner(void *, ntf_au32 *, uint64_t owner)
{
    /* A slot that is only half published has no owner yet. */
    if (owner >= COPY)
        ntf_bell_ring((uint32_t)(owner - COPY));
}

static bool gone(void *, uint64_t)
{
    return false;
}

static ntf_page_ops page_ops;

static void arm(ntf_watch *watch, ntf_parker *parker)
{
    ntf_page *page = static_cast<ntf_page *>(watch->object);
    const uint64_t owner = ntf_parker_owner(parker);
    uint32_t seen = 0;

    watch->slot = ntf_page_arm(page, owner, watch->target, &page_ops, &seen);
    ntf_parker_listen(parker, ntf_page_word(page, watch->slot), seen, false);
}

static void disarm(ntf_watch *watch, ntf_parker *)
{
    ntf_page_leave(static_cast<ntf_page *>(watch->object), watch->slot);
}

static const ntf_watch_ops watch_ops = { arm, disarm };

struct parker_test : rl::test_suite<parker_test, 3> {
    ntf_page page;
    ntf_parker parker;
    ntf_au32 bells[BELLS];
    rl::var<int> by_name, by_value;

    void before()
    {
        static const uint8_t id[16] = { 0 };

        the_clock = 1;
        rung = bells;
        bells_lent = 0;
        for (unsigned i = 0; i < BELLS; i++)
            ntf_init(&bells[i], 0u);
        page_ops.wake = ring_owner;
        page_ops.gone = gone;
        page_ops.context = nullptr;
        page_ops.keep_targets = true;
        ntf_page_init(&page, 5, 0, 0, id);
        by_name($) = 0;
        by_value($) = 0;
        ntf_parker_begin(&parker, nullptr);
    }

    /* A caller of ntf_watch_any, as soft's blocking wait is one: what it was woken for by name, it looks at. */
    void wait()
    {
        ntf_watch watch;
        bool named = false, reached = false;
        uint32_t index = 99;

        watch.value = &page.current;
        watch.target = 1;
        watch.ops = &watch_ops;
        watch.object = &page;
        while ((scene != 3 && scene != 5 && !named) || (scene >= 3 && !reached)) {
            switch (ntf_watch_any(&watch, scene == 1 || reached ? 0 : 1, scene == 5 ? DEADLINE : NTF_FOREVER, &parker,
                                  &index)) {
            case NTF_OK:
                RL_ASSERT(index == 0 && by_value($) == 1);
                reached = true;
                break;
            case NTF_NOT_READY:
                RL_ASSERT(!named && by_name($) == 1);
                named = true;
                break;
            case NTF_TIMEOUT: RL_ASSERT(scene == 5 && the_clock >= DEADLINE); return;
            default: RL_ASSERT(false);
            }
        }
    }

    void thread(unsigned index)
    {
        if (index == 0) {
            wait();
        } else if (index == 1 && scene != 3 && scene != 5) {
            by_name($) = 1;
            ntf_parker_wake(&parker);
        } else if (index == 2 && (scene == 5 ? rl::ctx().rand(2, rl::sched_type_user) == 1 : scene >= 3)) {
            by_value($) = 1;
            (void)ntf_page_signal(&page, 1, false, &page_ops);
        }
    }
};

int main(int argc, char **argv)
{
    return run<parker_test>(argc, argv);
}
