/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bells: how a sleeping thread of this copy is reached.
 *
 * Overview
 *   A bell is a word of this process and, only once somebody asks for them, two auto-reset events: one without a
 *   name, for the graphics kernel, and one that peers open by its name. They are two because a name is open to
 *   strangers, who could swallow a kernel's only wake; a peer's is made up for once a second anyway.
 *   Threads of this copy ring by the word (WaitOnAddress: no system call when nobody sleeps, and under Wine no
 *   server). A sleeper that listens to this process alone sleeps on the word, any other on those events that it
 *   asked for, and then a ring of this copy sets one of them.
 *   Bells lie in chunks that are never freed and events are never closed while the module lives, so a late ring,
 *   meant for the last borrower, touches nothing that has gone: it is a spurious wake for the next one.
 *
 * Ordering (all seq_cst)
 *   Ring:  rung = 1; read by_event.        Sleeper: by_event |= what it asked for; later: exchange rung with 0; sleep.
 *   Either the sleeper finds rung set and does not sleep, or the ring comes after its exchange and therefore reads
 *   by_event as the sleeper set it, and wakes what it sleeps on. A ring that finds rung set wakes all the same: the
 *   thread that set it may have been stopped before its own wake.
 *
 * The free list is a stack of indices with a tag that every change increases, so that a pop which was overtaken
 * fails (ABA); 32 bits of tag would have to wrap between one load and its CAS.
 */
#include <windows.h>

#include "base/deadline.h"
#include "base/os/os.h"
#include "kmt/os/win32/pool.h"

#include <sddl.h>
#include <stdio.h>
#include <stdlib.h>

#define CHUNK_BELLS 1024u
#define MAX_BELLS   65535u /* an owner has 16 bits for the index */
#define CHUNKS      ((MAX_BELLS + CHUNK_BELLS - 1) / CHUNK_BELLS)

enum { BY_KERNEL, BY_PEERS, WAYS };

struct bell {
    ntf_au32 next;     /* in the free list: index + 1, 0 ends it */
    ntf_au32 rung;     /* 1: a ring that nobody has consumed */
    ntf_au32 by_event; /* a bit for each event that the borrower sleeps on; 0 when it gives back */
    ntf_aptr events[WAYS]; /* HANDLE, 0 until asked for; then constant. The borrower writes */
};

static struct {
    ntf_aptr chunks[CHUNKS]; /* struct bell *, CHUNK_BELLS each; written once */
    ntf_au32 made;           /* bells given an index so far */
    ntf_au64 free;           /* tag << 32 | index + 1 */
    ntf_au64 id;             /* of the copy, 0 until drawn */
} pool; /* all zero at first, which is what every field means by "nothing yet" */

/* ---- identity ---- */

/* Not secret, only unlikely to be drawn twice on one machine: for a system that has no randomness to give. */
static uint64_t improvised_id(void)
{
    uint64_t x = ntf_os_now_ns() ^ (uint64_t)GetCurrentProcessId() << 40 ^ (uint64_t)(uintptr_t)&pool << 8;

    x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
    return x ^ x >> 31;
}

uint64_t ntf_copy_id(void)
{
    uint64_t id = ntf_load(&pool.id, NTF_ACQUIRE), drawn = 0;

    while (id == 0) {
        if (!ntf_os_random(&drawn, sizeof drawn))
            drawn = improvised_id();
        drawn &= ~UINT64_C(0xFFFF);
        /* Of threads that draw at once the first wins, and the others take its number. */
        if (drawn != 0 && ntf_cas(&pool.id, &id, drawn, NTF_ACQ_REL))
            id = drawn;
    }
    return id;
}

bool ntf_copy_owns(uint64_t owner)
{
    return (owner & ~UINT64_C(0xFFFF)) == ntf_copy_id();
}

/* ---- names ---- */

void ntf_bell_name(uint64_t owner, wchar_t name[NTF_EVENT_NAME_UNITS])
{
    (void)swprintf(name, NTF_EVENT_NAME_UNITS, L"Global\\ntfence-bell-%08lx%08lx", (unsigned long)(owner >> 32),
                   (unsigned long)(owner & 0xFFFFFFFFu));
}

void ntf_life_name(uint64_t owner, wchar_t name[NTF_EVENT_NAME_UNITS])
{
    (void)swprintf(name, NTF_EVENT_NAME_UNITS, L"Global\\ntfence-live-%08lx%04lx", (unsigned long)(owner >> 32),
                   (unsigned long)(owner >> 16 & 0xFFFFu));
}

/* SDDL: the creator (owner rights, S-1-3-4) everything; the world and sandboxed apps (S-1-15-2-1) what is given. The
 * label lets a peer of low integrity, which may well have been handed the payload, ring as well. */
#define LOW_LABEL L"S:(ML;;NW;;;LW)"
static ntf_handle make_event(const wchar_t *name, uint32_t rights, const wchar_t *label)
{
    wchar_t text[160];
    SECURITY_ATTRIBUTES attributes = { sizeof attributes, NULL, FALSE };
    HANDLE event;

    (void)swprintf(text, sizeof text / sizeof text[0],
                   L"%lsD:(A;;0x1f0003;;;S-1-3-4)(A;;0x%lx;;;WD)(A;;0x%lx;;;S-1-15-2-1)", label, (unsigned long)rights,
                   (unsigned long)rights);
    if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(text, SDDL_REVISION_1, &attributes.lpSecurityDescriptor,
                                                              NULL))
        return NULL;
    event = CreateEventExW(&attributes, name, 0, EVENT_MODIFY_STATE | SYNCHRONIZE);
    LocalFree(attributes.lpSecurityDescriptor);
    return event;
}

ntf_handle ntf_event_make_public(const wchar_t *name, uint32_t rights)
{
    /* A process that is below low integrity itself may not set that label; its events get its own. */
    ntf_handle event = make_event(name, rights, LOW_LABEL);

    return event ? event : make_event(name, rights, L"");
}

/* ---- the pool ---- */

static struct bell *chunk_at(uint32_t index)
{
    return (struct bell *)ntf_load(&pool.chunks[index / CHUNK_BELLS], NTF_ACQUIRE);
}

/* index: one that this copy has given out. */
static struct bell *bell_at(uint32_t index)
{
    return &chunk_at(index)[index % CHUNK_BELLS];
}

static bool ensure_chunk(uint32_t index)
{
    uintptr_t none = 0;
    struct bell *chunk;

    if (chunk_at(index))
        return true;
    if (!ntf_os_pin_module()) /* bells are for ever, and so is the pool that knows them */
        return false;
    chunk = (struct bell *)calloc(CHUNK_BELLS, sizeof *chunk);
    if (!chunk)
        return false;
    if (!ntf_cas(&pool.chunks[index / CHUNK_BELLS], &none, (uintptr_t)chunk, NTF_ACQ_REL))
        free(chunk); /* another thread was first */
    return true;
}

static bool pop_free(uint32_t *index)
{
    for (;;) {
        /* Acquire each time: the chunk of the bell that it names is looked up next. */
        uint64_t head = ntf_load(&pool.free, NTF_ACQUIRE), rest;
        if ((uint32_t)head == 0)
            return false;
        *index = (uint32_t)head - 1;
        rest = (head >> 32) + 1;
        rest = rest << 32 | ntf_load(&bell_at(*index)->next, NTF_RELAXED);
        if (ntf_cas(&pool.free, &head, rest, NTF_ACQUIRE))
            return true;
    }
}

static bool make_bell(uint32_t *index)
{
    uint32_t made = ntf_load(&pool.made, NTF_RELAXED);

    do {
        if (made >= MAX_BELLS || !ensure_chunk(made))
            return false;
    } while (!ntf_cas(&pool.made, &made, made + 1, NTF_ACQ_REL));
    *index = made;
    return true;
}

bool ntf_bell_borrow(uint32_t *index)
{
    return pop_free(index) || make_bell(index);
}

void ntf_bell_return(uint32_t index)
{
    struct bell *bell = bell_at(index);
    uint64_t head = ntf_load(&pool.free, NTF_RELAXED), next;

    ntf_store(&bell->by_event, 0, NTF_SEQ_CST);
    do {
        ntf_store(&bell->next, (uint32_t)head, NTF_RELAXED);
        next = ((head >> 32) + 1) << 32 | (index + 1);
    } while (!ntf_cas(&pool.free, &head, next, NTF_RELEASE));
}

/* From here on the borrower sleeps on this event as well; NULL if it can't be made. */
static HANDLE ask_for(uint32_t index, int way)
{
    struct bell *bell = bell_at(index);
    HANDLE event = (HANDLE)ntf_load(&bell->events[way], NTF_RELAXED);

    if (!event) {
        if (way == BY_KERNEL) {
            event = CreateEventW(NULL, FALSE, FALSE, NULL);
        } else {
            wchar_t name[NTF_EVENT_NAME_UNITS];
            ntf_bell_name(ntf_copy_id() | index, name);
            event = ntf_event_make_public(name, EVENT_MODIFY_STATE);
        }
        ntf_store(&bell->events[way], (uintptr_t)event, NTF_SEQ_CST);
    }
    if (event && !(ntf_load(&bell->by_event, NTF_RELAXED) & 1u << way))
        (void)ntf_fetch_or(&bell->by_event, 1u << way, NTF_SEQ_CST);
    return event;
}

ntf_handle ntf_bell_event(uint32_t index)
{
    return ask_for(index, BY_KERNEL);
}

bool ntf_bell_open_to_peers(uint32_t index)
{
    return ask_for(index, BY_PEERS) != NULL;
}

/* ---- ringing and sleeping ---- */

void ntf_bell_ring(uint32_t index)
{
    struct bell *bell;
    uint32_t by_event;

    /* The index may come from a page that a peer has scribbled on. Which bell it names is no matter, as long as it
     * is one: a wake too many costs its sleeper a look. */
    if (index >= ntf_load(&pool.made, NTF_ACQUIRE))
        return;
    bell = bell_at(index);
    ntf_store(&bell->rung, 1, NTF_SEQ_CST);
    by_event = ntf_load(&bell->by_event, NTF_SEQ_CST);
    if (by_event == 0)
        ntf_os_unpark_all(&bell->rung);
    else
        (void)SetEvent((HANDLE)ntf_load(&bell->events[by_event & 1u << BY_KERNEL ? BY_KERNEL : BY_PEERS], NTF_SEQ_CST));
}

/* Rounded up: waking before the deadline would only mean sleeping again. */
static DWORD milliseconds_until(uint64_t deadline_ns)
{
    const uint64_t left = ntf_deadline_left(deadline_ns, ntf_os_now_ns());
    const uint64_t ms = left / 1000000 + (left % 1000000 != 0);

    if (deadline_ns == NTF_FOREVER)
        return INFINITE;
    return ms < INFINITE ? (DWORD)ms : INFINITE - 1;
}

void ntf_bell_sleep(uint32_t index, uint64_t deadline_ns)
{
    struct bell *bell = bell_at(index);
    const uint32_t by_event = ntf_load(&bell->by_event, NTF_RELAXED);
    HANDLE events[WAYS];
    DWORD count = 0;

    if (ntf_exchange(&bell->rung, 0, NTF_SEQ_CST) != 0)
        return;
    for (int way = 0; way < WAYS; way++)
        if (by_event & 1u << way)
            events[count++] = (HANDLE)ntf_load(&bell->events[way], NTF_RELAXED);
    if (count == 0)
        (void)ntf_os_park(&bell->rung, 0, deadline_ns);
    else
        (void)WaitForMultipleObjects(count, events, FALSE, milliseconds_until(deadline_ns));
}
