/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The monitored-value poller: how a thread that must wait gets through the time.
 *
 * Overview
 *   It is the caller itself that looks at CurrentValue: a central thread can never beat the wake that it has to make.
 *   A fence whose value is polled here is "monitored" in the kernel's sense while it is armed: its signaller finds the
 *   target and wakes us; otherwise it makes no system call. A wait goes through
 *
 *     LOOK      once over all values; most waits end here, before the clock has been read
 *     FORESEEN  only if the payloads' past says when the value is due (fence/history.h): an armed sleep until shortly
 *               before, then a spin over the moment. Armed, so that an early signal wakes as in PARK
 *     SPIN      otherwise: over a packed array of (address, target) for as long as a wake by the kernel would take,
 *               so that the worst case is twice the best policy's
 *     PARK      arm, read again, and sleep once on everything (kmt/watch.h), until a value is there, the deadline, or
 *               the loss of the device. Every wake reads again; it may mean nothing
 *
 *   Wait-any arms all its objects, and sleeps once. Wait-all arms one, the last in array order that is not reached yet:
 *   with fences that are signalled in the order in which they are listed, as queues do, the rest is there when it
 *   wakes, and that one sleep was all. Values stay reached, so the order in which they are looked at cannot lose one; a
 *   signal of any other object costs its signaller no system call.
 *
 * The budget of a spin
 *   One wake of the kernel's (ops->spin_ns, measured once), halved each time that a spin was in vain, doubled each time
 *   that one was not, or that a wait turns out to have been so short that the whole budget would have been enough. A
 *   spin between whose looks the clock jumps has lost its CPU to somebody: it ends at once, takes the budget to
 *   nothing, and the past of its payloads is not trusted until it has been steady again. Where the process has one CPU
 *   the signaller cannot run while we spin: the budget is 0.
 *   FORESEEN is left out where sleeps end more than a twentieth of the wait later than asked (timers of a millisecond
 *   and coarser).
 *
 * Ordering
 *   A value is read with acquire, and a wait returns success for no other reason than such a read that was at or above
 *   the target: whatever was written before the signal is seen after the wait. That no signal comes unnoticed between
 *   the last look and the sleep is the affair of the object's arm and of the parker (kmt/soft/page.h, kmt/parker.h);
 *   the poller adds that no sleep begins without arm and a look behind it, and that each ends with a disarm. What a
 *   poller remembers of past waits is relaxed: it decides how the time passes, never how a wait ends.
 *   Checked by tests/models/wait_relacy.py: this file, kmt/watch.c, kmt/parker.c and kmt/soft/page.c as they are.
 *
 * No lock is taken, and nothing allocated.
 */
#ifndef NTF_FENCE_POLLER_H
#define NTF_FENCE_POLLER_H

#include "fence/history.h"
#include "kmt/watch.h"

struct ntf_poller {
    const struct ntf_park_ops *ops; /* NULL: the operating system's clock and sleep */
    /* Not 0 once the device is lost; whoever sets it need not wake anybody: a wait looks at it before it looks at
     * its values, and at least every NTF_SAFETY_NS while it sleeps. NULL: nothing can be lost. */
    const ntf_au32 *lost;
    ntf_au32 halvings; /* of the budget; atomic, relaxed */
    ntf_au32 late_ns;  /* how much later than asked sleeps end; atomic, relaxed */
};

/* Zeroed memory with ops and lost set is as good. */
void ntf_poller_init(struct ntf_poller *poller, const struct ntf_park_ops *ops, const ntf_au32 *lost);

static inline bool ntf_poller_is_lost(const struct ntf_poller *poller)
{
    return poller->lost && ntf_load((ntf_au32 *)(uintptr_t)poller->lost, NTF_ACQUIRE) != 0;
}

/* One wait. Made by ntf_poll_begin, and the thread's own. */
struct ntf_poll {
    struct ntf_watch *watches; /* the caller's */
    uint32_t left;  /* wait-all: those behind this are reached; wait-any: all of them */
    uint32_t index; /* on success: the one, or the one that was waited for last; 0 when there were none */
    bool all;
    /* On return from ntf_poller_wait. When success was seen, as far as the clock was read for other reasons; 0: at the
     * first look. */
    uint64_t seen_ns;
    bool lost_cpu; /* somebody took the CPU away from a spin */
    bool spun;     /* the spin of this wait has been made already (ntf_poller_spin) */
    struct ntf_pair *pairs; /* room for as many as there are watches (fence/spin.h); NULL: there is none */
    bool (*look)(void *context); /* asked now and then by a spin; true ends it. NULL: nothing else to look at */
    void *context;
    const void *told; /* what its caller writes to when the wait is over: fetched ahead; NULL: nothing */
};

static inline void ntf_poll_begin(struct ntf_poll *poll, struct ntf_watch *watches, uint32_t count, bool all)
{
    poll->watches = watches;
    poll->left = count;
    poll->index = 0;
    poll->all = all;
    poll->seen_ns = 0;
    poll->lost_cpu = false;
    poll->spun = false;
    poll->pairs = NULL;
    poll->look = NULL;
    poll->context = NULL;
    poll->told = NULL;
}

/* Looks, never sleeps: NTF_OK, NTF_NOT_READY, NTF_E_LOST. */
enum ntf_result ntf_poller_look(const struct ntf_poller *poller, struct ntf_poll *poll);
/* NTF_OK: one (wait-any: of poll->index) or all have reached their targets. NTF_TIMEOUT. NTF_E_LOST, before and after
 * all else: a lost device stays lost, whatever values may say. expected: when the value is due, at_ns 0: no idea.
 * deadline_ns: absolute; one that has passed only looks. May be called again. */
enum ntf_result ntf_poller_wait(struct ntf_poller *poller, struct ntf_poll *poll, uint64_t deadline_ns,
                                struct ntf_moment expected);

/* The spin of a wait alone, for callers who have poll->look ask somebody else between looks: NTF_OK as above; else
 * NTF_NOT_READY: look has ended it, or the budget or the deadline is over, or the moment that is expected is for an
 * armed sleep. A wait behind one that was in vain parks without another (poll->spun). */
enum ntf_result ntf_poller_spin(struct ntf_poller *poller, struct ntf_poll *poll, uint64_t deadline_ns,
                                struct ntf_moment expected);

/* The same for callers who know nothing of the past: one of the watches. *index is written on NTF_OK only. */
enum ntf_result ntf_poller_wait_any(struct ntf_poller *poller, struct ntf_watch *watches, uint32_t count,
                                    uint64_t deadline_ns, uint32_t *index);

#endif /* NTF_FENCE_POLLER_H */
