/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page protocol. page.h has the argument; here each order is named by the sentence of it that needs it.
 * Common part of C11 and C++11: nothing but base/atomic.h, no cast between pointers, no designated initialiser.
 */
#include "base/os/nearby.h"
#include "kmt/soft/herd.h"

#if !defined(NTF_ATOMIC_RELACY)
/* An ABI between processes of different word sizes and builds. */
#define AT(field, offset) _Static_assert(offsetof(struct ntf_page, field) == (offset), #field)
AT(header.magic, 0);
AT(header.major, 8);
AT(header.minor, 10);
AT(header.kind, 12);
AT(header.size_bytes, 16);
AT(header.flags, 20);
AT(header.id, 24);
AT(header.reserved, 40);
AT(current, 64);
AT(armed, 128);
AT(overflow, 136);
AT(slots, 192);
AT(slots[0].owner, 200);
AT(slots[0].word, 208);
AT(slots[0].herd, 212);
AT(slots[1].target, 224);
AT(slots[NTF_PAGE_SLOTS - 1].word, 192 + 63 * 32 + 16);
#undef AT
_Static_assert(sizeof(struct ntf_page_header) == 64, "the header is one cache line");
_Static_assert(sizeof(struct ntf_page_slot) == 32, "slot stride");
_Static_assert(sizeof(struct ntf_page) <= NTF_PAGE_BYTES, "the page fits a page");
_Static_assert(_Alignof(struct ntf_page) == 8, "64-bit fields are aligned in 32-bit builds too");
#endif

#define OVERFLOW_WAITING 1u
#define OVERFLOW_COUNT 2u

/* How often a compare-and-swap is tried against writers that never pause: only a hostile peer gets us there. */
#define TRIES 100000u

/* The first slots keep their bits when their tenants leave: the next one has one read-modify-write less to make, and
 * so has he who leaves; a signaller looks at that many targets more. */
#define STICKY (NTF_PAGE_SLOTS < NTF_PAGE_STICKY ? NTF_PAGE_SLOTS : NTF_PAGE_STICKY)

void ntf_page_init(struct ntf_page *page, uint32_t kind, uint32_t flags, uint64_t initial, const uint8_t id[16])
{
    uint32_t i;

    page->header.magic = NTF_PAGE_MAGIC;
    page->header.major = NTF_PAGE_MAJOR;
    page->header.minor = NTF_PAGE_MINOR;
    page->header.kind = kind;
    page->header.size_bytes = NTF_PAGE_BYTES;
    page->header.flags = flags;
    for (i = 0; i < sizeof page->header.id; i++)
        page->header.id[i] = id[i];
    ntf_init(&page->current, initial);
    ntf_init(&page->armed, (uint64_t)0);
    ntf_init(&page->overflow, (uint32_t)0);
    for (i = 0; i < NTF_PAGE_SLOTS; i++) {
        ntf_init(&page->slots[i].target, NTF_PAGE_NOBODY);
        ntf_init(&page->slots[i].owner, (uint64_t)0);
        ntf_init(&page->slots[i].word, (uint32_t)0);
        ntf_init(&page->slots[i].herd, (uint32_t)0);
    }
}

/* Every type that CreateSynchronizationObject2 makes, native fences, and what is ours. */
static bool known_kind(uint32_t kind)
{
    return (kind >= 1 && kind <= 5) || kind == 7 || kind == NTF_PAGE_KIND_MUTEX || kind == NTF_PAGE_KIND_RESOURCE;
}

bool ntf_page_check(const struct ntf_page *page, struct ntf_page_header *copy, const char **why)
{
    /* Byte by byte through volatile: the compiler must not read the page a second time in place of the copy. */
    const volatile uint8_t *from = (const volatile uint8_t *)(const void *)&page->header;
    uint8_t *to = (uint8_t *)(void *)copy;
    uint32_t i;

    for (i = 0; i < sizeof *copy; i++)
        to[i] = from[i];
    if (copy->magic != NTF_PAGE_MAGIC)
        *why = "not a page of ntfence (magic)";
    else if (copy->major != NTF_PAGE_MAJOR)
        *why = "a page of another ntfence (major version)";
    else if (copy->size_bytes != NTF_PAGE_BYTES)
        *why = "a page of another size";
    else if (!known_kind(copy->kind))
        *why = "a page of an unknown kind";
    else
        return true;
    return false;
}

/* Takes the slot if it still has the owner that was found in it (0, or one that is gone). The acquire side sees the
 * LEAVE of the owner before. */
static bool take(struct ntf_page_slot *slot, uint64_t found, uint64_t owner)
{
    return ntf_cas(&slot->owner, &found, owner, NTF_ACQUIRE);
}

/* One of the slots that keep their bits. */
static uint32_t take_sticky(struct ntf_page *page, uint64_t owner)
{
    uint32_t i;

    for (i = 0; i < STICKY; i++)
        if (ntf_load(&page->slots[i].owner, NTF_RELAXED) == 0 && take(&page->slots[i], 0, owner))
            return i;
    return NTF_PAGE_NO_SLOT;
}

/* A free slot. First those whose bit is clear: that is only a hint, which spares a look into most of the others. */
static uint32_t take_free(struct ntf_page *page, uint64_t owner)
{
    const uint64_t armed = ntf_load(&page->armed, NTF_RELAXED);
    uint32_t pass, i;

    for (pass = 0; pass < 2; pass++) {
        for (i = 0; i < NTF_PAGE_SLOTS; i++) {
            const uint32_t set = (uint32_t)(armed >> i) & 1u;
            struct ntf_page_slot *slot = &page->slots[i];
            if (set == pass && ntf_load(&slot->owner, NTF_RELAXED) == 0 && take(slot, 0, owner))
                return i;
        }
    }
    return NTF_PAGE_NO_SLOT;
}

/* A slot whose owner has died in it. Asking costs a system call each, so runs of the same owner are asked for once. */
static uint32_t take_dead(struct ntf_page *page, uint64_t owner, const struct ntf_page_ops *ops)
{
    uint64_t alive = 0;
    uint32_t i;

    for (i = 0; i < NTF_PAGE_SLOTS; i++) {
        struct ntf_page_slot *slot = &page->slots[i];
        const uint64_t found = ntf_load(&slot->owner, NTF_RELAXED);
        if (found == alive && found != 0)
            continue;
        if (found != 0 && !ops->gone(ops->context, found))
            alive = found;
        else if (take(slot, found, owner))
            return i;
    }
    return NTF_PAGE_NO_SLOT;
}

uint32_t ntf_page_arm(struct ntf_page *page, uint64_t owner, uint64_t target, const struct ntf_page_ops *ops,
                      uint32_t *seen)
{
    uint32_t slot = take_sticky(page, owner);

    if (slot == NTF_PAGE_NO_SLOT)
        slot = take_free(page, owner);
    if (slot == NTF_PAGE_NO_SLOT)
        slot = take_dead(page, owner, ops);
    if (slot == NTF_PAGE_NO_SLOT) {
        /* The word as our own fetch_or left it. A signaller that clears the bit later changes it; that of one that
         * cleared it before is acquired here, and its CurrentValue seen. */
        *seen = ntf_fetch_or(&page->overflow, OVERFLOW_WAITING, NTF_SEQ_CST) | OVERFLOW_WAITING;
        return slot;
    }
    ntf_store(&page->slots[slot].target, target, NTF_SEQ_CST);
    if ((ntf_load(&page->armed, NTF_RELAXED) >> slot & 1u) == 0)
        (void)ntf_fetch_or(&page->armed, (uint64_t)1 << slot, NTF_SEQ_CST);
    /* Before the caller's re-read: who reads a word already changed reads CurrentValue as it was then. */
    *seen = ntf_load(&page->slots[slot].word, NTF_SEQ_CST);
    return slot;
}

void ntf_page_leave(struct ntf_page *page, uint32_t slot)
{
    if (slot >= NTF_PAGE_SLOTS)
        return;
    ntf_store(&page->slots[slot].target, NTF_PAGE_NOBODY, NTF_RELAXED);
    if (slot >= STICKY)
        (void)ntf_fetch_and(&page->armed, ~((uint64_t)1 << slot), NTF_RELAXED);
    /* Release: both come before whatever the next owner does. */
    ntf_store(&page->slots[slot].owner, (uint64_t)0, NTF_RELEASE);
}

enum raise { RAISED, NOTHING_TO_WAKE, REFUSED };

/* *from: what the value was. */
static NTF_SIGNALS enum raise raise_current(struct ntf_page *page, uint64_t value, bool rewind, uint64_t *from)
{
    /* A guess, for which nothing is read: most signals go up by one, and then the line that others look at is asked for
     * once and not twice. A wrong one comes back as what is there. */
    uint64_t current = value != 0 ? value - 1 : ntf_load(&page->current, NTF_RELAXED);
    uint32_t i;

    for (i = 0; i < TRIES; i++) {
        if (value < current && !rewind)
            return REFUSED;
        if (value == current)
            return NOTHING_TO_WAKE;
        /* Release: what was written before the signal is seen after the wait. Seq_cst: with the loads behind it. */
        if (ntf_cas(&page->current, &current, value, NTF_SEQ_CST)) {
            *from = current;
            return value > current ? RAISED : NOTHING_TO_WAKE;
        }
    }
    return REFUSED;
}

/* Wakes one waiter whose bit was seen, if its target is reached. */
static NTF_SIGNALS void wake_slot(struct ntf_page_slot *slot, uint64_t value, const struct ntf_page_ops *ops)
{
    uint64_t target = ntf_load(&slot->target, NTF_SEQ_CST);

    if (target > value)
        return;
    /* Release: see the waiter's acquire of the word. */
    (void)ntf_fetch_add(&slot->word, 1u, NTF_RELEASE);
    ops->wake(ops->context, &slot->word, ntf_load(&slot->owner, NTF_RELAXED));
    /* Only now, so that a signaller killed before its wake leaves the target for the next one. */
    if (!ops->keep_targets)
        (void)ntf_cas(&slot->target, &target, NTF_PAGE_NOBODY, NTF_RELAXED);
}

static void wake_overflow(struct ntf_page *page, uint32_t overflow, const struct ntf_page_ops *ops)
{
    uint32_t i;

    for (i = 0; i < TRIES && (overflow & OVERFLOW_WAITING) != 0; i++) {
        /* The word has to change before the wake: nobody may fall asleep on the old one behind it. */
        if (ntf_cas(&page->overflow, &overflow, (overflow & ~OVERFLOW_WAITING) + OVERFLOW_COUNT, NTF_RELEASE)) {
            ops->wake(ops->context, &page->overflow, 0);
            return;
        }
    }
}

/* What follows a raise: whoever waits for no more than value is woken. */
static NTF_SIGNALS void wake_reached(struct ntf_page *page, uint64_t from, uint64_t value,
                                     const struct ntf_page_ops *ops)
{
    uint64_t armed;
    uint32_t overflow, i;

    if (ops->wake_one)
        ntf_herds_wake(page, from, value, ops);
    armed = ntf_load(&page->armed, NTF_SEQ_CST);
    overflow = ntf_load(&page->overflow, NTF_SEQ_CST);
    for (i = 0; armed != 0; i++, armed >>= 1)
        if (armed & 1u)
            wake_slot(&page->slots[i], value, ops);
    if (overflow & OVERFLOW_WAITING)
        wake_overflow(page, overflow, ops);
}

NTF_SIGNALS bool ntf_page_signal(struct ntf_page *page, uint64_t value, bool rewind, const struct ntf_page_ops *ops)
{
    uint64_t from = 0;
    const enum raise raised = raise_current(page, value, rewind, &from);

    if (raised == RAISED)
        wake_reached(page, from, value, ops);
    return raised != REFUSED;
}

bool ntf_page_step(struct ntf_page *page, uint64_t from, uint64_t to, const struct ntf_page_ops *ops)
{
    uint64_t current = from;

    if (!ntf_cas(&page->current, &current, to, NTF_SEQ_CST))
        return false;
    wake_reached(page, from, to, ops);
    return true;
}

uint64_t ntf_page_monitored(const struct ntf_page *page)
{
    struct ntf_page *p = (struct ntf_page *)(uintptr_t)page; /* C11 wants a plain pointer even for a load */
    uint64_t armed = ntf_load(&p->armed, NTF_RELAXED); /* a moment's view, for people */
    uint64_t least = NTF_PAGE_NOBODY;
    uint32_t i;

    for (i = 0; armed != 0; i++, armed >>= 1) {
        const uint64_t target = armed & 1u ? ntf_load(&p->slots[i].target, NTF_RELAXED) : NTF_PAGE_NOBODY;
        if (target < least)
            least = target;
    }
    return least == NTF_PAGE_NOBODY || least == 0 ? least : least - 1;
}

ntf_au32 *ntf_page_word(struct ntf_page *page, uint32_t slot)
{
    return slot < NTF_PAGE_SLOTS ? &page->slots[slot].word : &page->overflow;
}
