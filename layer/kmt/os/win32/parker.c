/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sleeping on Windows: a thread sleeps on one thing, its bell (bells.c), or, before it has borrowed one, on its own
 * wake word. Words of pages cannot wake a thread of another process, so they are not listened to at all: whoever
 * signals finds the owner in the slot and rings.
 */
#include <windows.h>

#include "base/deadline.h"
#include "kmt/os/parker.h"
#include "kmt/os/win32/pool.h"

const bool ntf_parker_words_wake = false;

/* Index + 1 of the parker's bell, borrowed now if need be; 0 if there is none to be had. */
static uint32_t bell_of(struct ntf_parker *parker)
{
    uint32_t bell = ntf_load(&parker->bell, NTF_RELAXED), index;

    if (bell == 0 && ntf_bell_borrow(&index)) {
        bell = index + 1;
        /* With ntf_parker_os_wake: it reads the bell here, or ntf_parker_park reads the count that it bumped before
         * and does not sleep. */
        ntf_store(&parker->bell, bell, NTF_SEQ_CST);
    }
    return bell;
}

uint64_t ntf_parker_os_owner(struct ntf_parker *parker)
{
    const uint32_t bell = bell_of(parker);

    return bell ? ntf_copy_id() | (bell - 1) : 0;
}

ntf_handle ntf_parker_os_event(struct ntf_parker *parker)
{
    const uint32_t bell = bell_of(parker);

    if (bell && !parker->event)
        parker->event = ntf_bell_event(bell - 1);
    return parker->event;
}

/* The event is made after the slot was taken. A peer that did not find it in between has stored its value before it
 * looked, and the caller reads the value again after this. */
bool ntf_parker_os_listen(struct ntf_parker *parker, bool shared)
{
    const uint32_t bell = bell_of(parker);

    if (!bell || (shared && !ntf_bell_open_to_peers(bell - 1)))
        parker->crowded = true;
    return false;
}

bool ntf_parker_os_listen_beyond(struct ntf_parker *parker, ntf_au32 *word, uint32_t seen, bool shared)
{
    (void)parker;
    (void)word;
    (void)seen;
    (void)shared;
    return false; /* nobody asks: no word is listened to */
}

void ntf_parker_os_forget(struct ntf_parker *parker)
{
    (void)parker;
}

uint32_t ntf_parker_os_perch(struct ntf_parker *parker)
{
    (void)parker;
    return 0; /* a bell is as much */
}

void ntf_parker_os_ring(uint64_t perch)
{
    (void)perch;
}

void ntf_parker_os_end(struct ntf_parker *parker)
{
    const uint32_t bell = ntf_load(&parker->bell, NTF_RELAXED);

    if (bell)
        ntf_bell_return(bell - 1);
    ntf_store(&parker->bell, 0, NTF_RELAXED);
    parker->event = NULL;
}

void ntf_parker_os_wake(struct ntf_parker *parker)
{
    const uint32_t bell = ntf_load(&parker->bell, NTF_SEQ_CST);

    if (bell)
        ntf_bell_ring(bell - 1);
    ntf_os_unpark_all(&parker->wake);
}

void ntf_parker_os_wake_one(ntf_au32 *word)
{
    ntf_os_unpark_all(word); /* nobody asks: see ntf_parker_words_wake */
}

static void sleep_until(struct ntf_parker *parker, uint64_t deadline_ns)
{
    const uint32_t bell = ntf_load(&parker->bell, NTF_RELAXED);

    if (!bell)
        (void)ntf_os_park(&parker->wake, parker->seen, deadline_ns);
    else
        ntf_bell_sleep(bell - 1, deadline_ns);
}

/* What setting an event and waking its sleeper takes. Not measured: a thread alone can measure but its timers, which
 * say nothing of events here. */
#define WAKE_NS 20000u

static uint64_t spin_ns(uint64_t left_ns)
{
    DWORD_PTR process = 0, machine = 0;

    (void)left_ns;
    if (!GetProcessAffinityMask(GetCurrentProcess(), &process, &machine))
        return WAKE_NS;
    /* None at all: the process's threads are in more than one group of processors. */
    return process != 0 && (process & (process - 1)) == 0 ? 0 : WAKE_NS;
}

const struct ntf_park_ops ntf_park_os_ops = { ntf_os_now_ns, sleep_until, spin_ns };
