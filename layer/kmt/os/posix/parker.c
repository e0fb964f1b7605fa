/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sleeping on Linux: futex_waitv over the words listened to and the parker's own wake word, so that one system call
 * sleeps for all of them, shared and private. Where the kernel lacks the call (before 5.16, or a sandbox refuses it)
 * objects are not shared (soft_can_share says so), and private waits re-read every NTF_REREAD_NS.
 *
 * An eventfd cannot be slept on together with futexes. A parker with an event and no words sleeps in poll; the
 * event is rung for ntf_parker_wake as well. One with both, which takes a kernel and soft in one wait, alternates in
 * slices of MIXED_SLICE_NS: words by sleeping, the event by looking at it in between.
 */
#include "base/deadline.h"
#include "base/os/nearby.h"
#include "kmt/os/bells.h"
#include "kmt/os/parker.h"
#include "kmt/os/posix/futex.h"
#include "kmt/os/posix/helpers.h"
#include "kmt/os/posix/perches.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <unistd.h>

#define MIXED_SLICE_NS UINT64_C(2000000)
#define LEAST_WAKE_NS  UINT64_C(5000) /* no kernel wakes a thread on another CPU in less than this */
#define MOST_WAKE_NS   UINT64_C(50000)
#define LEAST_HELP_NS  UINT64_C(500000)

const bool ntf_parker_words_wake = true;

uint64_t ntf_parker_os_owner(struct ntf_parker *parker)
{
    (void)parker; /* all threads of the copy are one owner: the slot's word tells them apart */
    return ntf_copy_id();
}

ntf_handle ntf_parker_os_event(struct ntf_parker *parker)
{
    uint32_t index;

    if (parker->event || !ntf_bell_borrow(&index))
        return parker->event;
    parker->event = ntf_bell_event(index);
    /* With ntf_parker_os_wake: it reads the bell here and rings it, or park reads the count that it bumped before. */
    ntf_store(&parker->bell, index + 1, NTF_SEQ_CST);
    return parker->event;
}

bool ntf_parker_os_listen(struct ntf_parker *parker, bool shared)
{
    (void)parker;
    (void)shared;
    return true;
}

bool ntf_parker_os_listen_beyond(struct ntf_parker *parker, ntf_au32 *word, uint32_t seen, bool shared)
{
    /* Helpers ring the perch. */
    return !parker->patient && ntf_parker_os_perch(parker) != 0 &&
           ntf_helpers_add(&parker->helpers, word, seen, shared);
}

void ntf_parker_os_forget(struct ntf_parker *parker)
{
    if (parker->helpers)
        ntf_helpers_dismiss(&parker->helpers);
}

/* The perch needs the place of a word. */
static void give_up_last_word(struct ntf_parker *parker)
{
    const struct ntf_parker_word *last = &parker->words[--parker->count];

    if (!ntf_helpers_add(&parker->helpers, last->word, last->seen, last->shared))
        parker->crowded = true;
}

uint32_t ntf_parker_os_perch(struct ntf_parker *parker)
{
    if (parker->perch == 0)
        parker->perch = ntf_perch_borrow();
    if (parker->perch != 0 && !parker->perched) {
        parker->perch_seen = ntf_load(ntf_perch_word(parker->perch), NTF_SEQ_CST);
        parker->perched = true;
        if (parker->count == NTF_PARKER_WORDS)
            give_up_last_word(parker);
    }
    return parker->perch;
}

void ntf_parker_os_ring(uint64_t perch)
{
    ntf_perch_ring(perch);
}

NTF_WAY_OUT void ntf_parker_os_end(struct ntf_parker *parker)
{
    const uint32_t bell = ntf_load(&parker->bell, NTF_RELAXED);

    ntf_parker_os_forget(parker);
    if (parker->perch != 0)
        ntf_perch_return(parker->perch);
    parker->perch = 0;
    if (bell != 0)
        ntf_bell_return(bell - 1);
    ntf_store(&parker->bell, (uint32_t)0, NTF_RELAXED);
    parker->event = NULL;
}

void ntf_parker_os_wake(struct ntf_parker *parker)
{
    const uint32_t bell = ntf_load(&parker->bell, NTF_SEQ_CST);

    if (bell != 0)
        ntf_bell_ring(bell - 1);
    ntf_os_unpark_all(&parker->wake);
}

void ntf_parker_os_wake_one(ntf_au32 *word)
{
    ntf_futex_wake_one(word);
}

/* Has the helpers sleep, unless the sleep is so short that looking at its end is as good. Until when to sleep. */
static uint64_t get_help(const struct ntf_parker *parker, uint64_t deadline_ns)
{
    const uint64_t now_ns = ntf_os_now_ns();

    if (ntf_deadline_left(deadline_ns, now_ns) <= LEAST_HELP_NS || ntf_helpers_start(parker->helpers, parker->perch))
        return deadline_ns;
    return ntf_deadline_min(deadline_ns, ntf_deadline_after(now_ns, NTF_REREAD_NS));
}

static void sleep_on_words(struct ntf_parker *parker, uint64_t deadline_ns)
{
    struct ntf_futex_wait waits[NTF_FUTEX_WAITS];
    uint32_t i, count;

    if (parker->count == 0 && !parker->perched) {
        (void)ntf_os_park(&parker->wake, parker->seen, deadline_ns);
        return;
    }
    for (i = 0; i < parker->count; i++)
        ntf_futex_wait_fill(&waits[i], parker->words[i].word, parker->words[i].seen, parker->words[i].shared);
    if (parker->perched)
        ntf_futex_wait_fill(&waits[i++], ntf_perch_word(parker->perch), parker->perch_seen, false);
    count = i;
    ntf_futex_wait_fill(&waits[count++], &parker->wake, parker->seen, false);
    if (parker->helpers)
        deadline_ns = get_help(parker, deadline_ns);
    if (ntf_futex_wait_any(waits, count, deadline_ns))
        return;
    /* No such call here: one word by the plain one, everything else by looking again soon. */
    deadline_ns = ntf_deadline_min(deadline_ns, ntf_deadline_after(ntf_os_now_ns(), NTF_REREAD_NS));
    if (parker->count == 1 && !parker->words[0].shared)
        (void)ntf_os_park(parker->words[0].word, parker->words[0].seen, deadline_ns);
    else
        (void)ntf_os_park(&parker->wake, parker->seen, deadline_ns);
}

/* Returns whether the event was set, and resets it. */
static bool poll_event(const struct ntf_parker *parker, uint64_t deadline_ns)
{
    const int fd = (int)(intptr_t)parker->event;
    const uint64_t left_ns = ntf_deadline_left(deadline_ns, ntf_os_now_ns());
    const struct timespec left = { (time_t)(left_ns / 1000000000u), (long)(left_ns % 1000000000u) };
    struct pollfd entry = { fd, POLLIN, 0 };
    uint64_t count;

    const int found = ppoll(&entry, 1, deadline_ns == NTF_FOREVER ? NULL : &left, NULL);

    if (found < 0 && errno != EINTR) { /* out of kernel memory: never spin on a call that fails */
        ntf_au32 nothing;
        ntf_init(&nothing, (uint32_t)0);
        (void)ntf_os_park(&nothing, 0, ntf_deadline_min(deadline_ns, ntf_deadline_after(ntf_os_now_ns(), 1000000)));
    }
    if (found <= 0)
        return false;
    return read(fd, &count, sizeof count) == (ssize_t)sizeof count;
}

static void sleep_until(struct ntf_parker *parker, uint64_t deadline_ns)
{
    const uint64_t now_ns = ntf_os_now_ns();

    if (!parker->event)
        sleep_on_words(parker, deadline_ns);
    else if (parker->count == 0 && !parker->perched)
        (void)poll_event(parker, deadline_ns);
    else if (!poll_event(parker, now_ns))
        sleep_on_words(parker, ntf_deadline_min(deadline_ns, ntf_deadline_after(now_ns, MIXED_SLICE_NS)));
}

/* Whether this thread and the process's first may use two CPUs between them: a thread that has bound itself to one
 * leaves the others to those who signal, a process that has been bound does not. */
static bool one_cpu(void)
{
    cpu_set_t own, first, both;

    if (sched_getaffinity(0, sizeof own, &own) != 0)
        return false; /* more than 1024 CPUs */
    if (CPU_COUNT(&own) > 1 || sched_getaffinity(getpid(), sizeof first, &first) != 0)
        return false;
    CPU_OR(&both, &own, &first);
    return CPU_COUNT(&both) == 1;
}

/* What a sleep's end costs: a timer's, without what the kernel may add to collect timers, which is 50 us unless the
 * thread has changed it (prctl(2), PR_SET_TIMERSLACK). */
static uint64_t measure_wake(void)
{
    const uint64_t slack_ns = 50000, until_ns = ntf_os_now_ns() + 5000;
    ntf_au32 nothing;
    uint64_t late_ns;

    ntf_init(&nothing, (uint32_t)0);
    (void)ntf_os_park(&nothing, 0, until_ns);
    late_ns = ntf_os_now_ns();
    late_ns = late_ns > until_ns ? late_ns - until_ns : 0;
    if (late_ns > slack_ns)
        late_ns -= slack_ns;
    return late_ns < LEAST_WAKE_NS ? LEAST_WAKE_NS : late_ns > MOST_WAKE_NS ? MOST_WAKE_NS : late_ns;
}

static uint64_t spin_ns(uint64_t left_ns)
{
    static ntf_au32 known; /* 0: not measured; two threads may both measure */
    uint32_t wake_ns = ntf_load(&known, NTF_RELAXED);

    if (wake_ns != 0)
        return wake_ns;
    if (one_cpu()) /* of this thread, perhaps: the next one is asked again */
        return 0;
    if (left_ns < 1000000)
        return LEAST_WAKE_NS;
    wake_ns = (uint32_t)measure_wake();
    ntf_store(&known, wake_ns, NTF_RELAXED);
    return wake_ns;
}

const struct ntf_park_ops ntf_park_os_ops = { ntf_os_now_ns, sleep_until, spin_ns };
