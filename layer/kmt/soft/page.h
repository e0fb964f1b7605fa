/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page: one object of soft, one page of memory, and an ABI between processes, 32- and 64-bit, of different
 * builds. Private objects (created without the Shared flag) use the same page in plain memory.
 *
 * Overview
 *   CurrentValue only rises (a rewind, asked for by flag, is the exception). A waiter takes one of 64 slots,
 *   publishes its target there, and sleeps on the slot's word or its own bell. A signaller raises CurrentValue and
 *   wakes those slots whose target it has passed; with nobody armed it makes no system call. Nothing derived is
 *   stored: the monitored value is the least armed target minus one, computed when asked.
 *
 *   WAIT     find a slot whose `owner` is 0 or dead (a clear bit of `armed` is the hint); CAS `owner` from that
 *            value to mine; store target; set the bit, if it is not; read `word`; THEN re-read CurrentValue; park on
 *            that value of `word`; on ANY return re-check
 *   LEAVE    target = all ones; clear the bit, or leave it set: the target says enough; owner = 0
 *   SIGNAL   CAS CurrentValue upwards (equal: success, nothing to wake; lower: refused); load `armed` and `overflow`:
 *            nothing set, return; for each set bit whose target is reached: word += 1, wake, THEN CAS the target to all
 *            ones; `overflow` bit 0 set: CAS to (counter + 1, bit clear), wake all
 *   NO SLOT  fetch_or 1 into `overflow`; re-read; park on it
 *
 * Ordering
 *   All that passes between a waiter and a signaller is seq_cst. Waiter: publish owner, and then target and bit, of
 *   which the last one changed is seq_cst; read `word`; read CurrentValue again. Signaller: change CurrentValue; read
 *   the bits; read their targets. In the one order of all these either the signaller reads a bit and a target as the
 *   waiter has published them, and hence the owner; or its change of CurrentValue comes before the waiter's re-read,
 *   which sees the new value, and what the signaller saw of a half-published slot does not matter. `word` is read
 *   before the re-read, so a signaller that saw the target changes `word` after the value that the waiter will park on,
 *   and the park returns at once; if the waiter reads the changed `word` (the change releases) it reads the new
 *   CurrentValue as well. `owner` is written first because a Windows signaller wakes by it.
 *   LEAVE releases `owner`, the CAS that takes a slot acquires it: the old tenant's target and its clearing of the bit
 *   come before the new tenant's target and bit. CurrentValue is released by SIGNAL and acquired by every reader, so
 *   that what was written before the signal is seen after the wait.
 *
 * Takeover: a slot of a dead owner is taken by the same CAS; its stale bit and target are overwritten. Waking a
 * stranger is harmless: every wake re-reads.
 *
 * Trust: a peer may write anything at any time. Values are compared, never used to index; the header is checked once,
 * copied, and never read again. Every loop is bounded, also against a peer that writes without pause.
 *
 * Checked by tests/models: page.pml (spin) judges the protocol with somebody killed at every step, page_relacy.py the
 * orders of the real page.c; both take out one thing after another and have to see the loss.
 *
 * This file and page.c are the common part of C11 and C++11 (base/atomic.h); what they ask of the system comes
 * through struct ntf_page_ops.
 */
#ifndef NTF_KMT_SOFT_PAGE_H
#define NTF_KMT_SOFT_PAGE_H

#include "base/atomic.h"

#define NTF_PAGE_MAGIC 0x65636E6566746E4Eull /* "Nntfence" read as bytes */
#define NTF_PAGE_MAJOR 1u /* an ABI since the models of the protocol have passed */
#define NTF_PAGE_MINOR 0u
#define NTF_PAGE_BYTES 4096u
#if !defined(NTF_PAGE_SLOTS) /* a model checker takes fewer */
#define NTF_PAGE_SLOTS 64u
#endif
#if !defined(NTF_PAGE_STICKY) /* slots whose bits stay set when they are left; a model checker takes fewer */
#define NTF_PAGE_STICKY 2u
#endif
#define NTF_PAGE_NO_SLOT NTF_PAGE_SLOTS
#define NTF_PAGE_NOBODY UINT64_MAX /* a slot's target when it waits for nothing */

/* Kinds of our own, which no D3DDDI type has: the layout behind the header is another one. */
#define NTF_PAGE_KIND_MUTEX 0x100u    /* mutex_page.h */
#define NTF_PAGE_KIND_RESOURCE 0x101u /* resource.h */

struct ntf_page_header {
    uint64_t magic;
    uint16_t major; /* the same opens */
    uint16_t minor; /* only ever gives meaning to reserved bytes */
    uint32_t kind;  /* the D3DDDI object type, or ours: selects layout and size; an unknown one is refused */
    uint32_t size_bytes;
    uint32_t flags; /* D3DDDI_SYNCHRONIZATIONOBJECT_FLAGS given at creation */
    uint8_t id[16]; /* random; for people and logs. Sameness is the kernel's, never this */
    uint8_t reserved[24];
};

struct ntf_page_slot {
    ntf_au64 target;
    ntf_au64 owner;
    ntf_au32 word;
    ntf_au32 herd; /* of a private page: kmt/soft/herd.h; else 0 */
    uint8_t reserved[8];
};

struct ntf_page {
    struct ntf_page_header header;
    ntf_au64 current; /* CurrentValue, at 64 */
    uint8_t reserved_a[56];
    ntf_au64 armed; /* a bit per slot, at 128 */
    ntf_au32 overflow; /* bit 0: somebody waits without a slot; the rest counts, at 136 */
    uint8_t reserved_b[52];
    struct ntf_page_slot slots[NTF_PAGE_SLOTS]; /* at 192 */
};

struct ntf_page_ops {
    /* Wakes whoever sleeps for this slot: everybody on the word, or the bell of owner. */
    void (*wake)(void *context, ntf_au32 *word, uint64_t owner);
    /* Whether this owner is certainly gone. Its own id is never gone. */
    bool (*gone)(void *context, uint64_t owner);
    void *context;
    /* A private page, where nobody dies in a slot: a reached target is left for its waiter to take back. Else the
     * signaller wipes it after the wake, so that a dead waiter costs one wake and not one a signal; a late wipe may
     * then hit the next tenant of the slot if CurrentValue was rewound meanwhile, which the safety period makes up
     * for, and private waits have none. */
    bool keep_targets;
    /* Wakes one who sleeps on the word, if there is one. Not NULL: a private page whose waiters may join herds. */
    void (*wake_one)(void *context, ntf_au32 *word);
};

/* Fills a zeroed page, before anybody else can see it. */
void ntf_page_init(struct ntf_page *page, uint32_t kind, uint32_t flags, uint64_t initial, const uint8_t id[16]);
/* Copies the header once and judges the copy. *why gets a static sentence when it is refused. */
bool ntf_page_check(const struct ntf_page *page, struct ntf_page_header *copy, const char **why);

/* Takes a slot for owner (not 0) and publishes target in it: WAIT up to the re-read. Returns the slot and, through
 * seen, its word; the caller re-reads CurrentValue next, seq_cst. NTF_PAGE_NO_SLOT when all are taken
 * by the living: then NO SLOT has been done up to its re-read, and *seen is the overflow word to park on. */
uint32_t ntf_page_arm(struct ntf_page *page, uint64_t owner, uint64_t target, const struct ntf_page_ops *ops,
                      uint32_t *seen);
/* LEAVE; slot NTF_PAGE_NO_SLOT is allowed and does nothing. */
void ntf_page_leave(struct ntf_page *page, uint32_t slot);
/* SIGNAL. rewind: the value may go down. False: refused, value is below CurrentValue and nothing changed. */
bool ntf_page_signal(struct ntf_page *page, uint64_t value, bool rewind, const struct ntf_page_ops *ops);
/* SIGNAL from one value to another above it, and from no other. False: it was another, and nothing changed. */
bool ntf_page_step(struct ntf_page *page, uint64_t from, uint64_t to, const struct ntf_page_ops *ops);
/* The least armed target minus one; all ones when nobody waits. */
uint64_t ntf_page_monitored(const struct ntf_page *page);
/* The word a waiter in this slot sleeps on; the overflow word for NTF_PAGE_NO_SLOT. */
ntf_au32 *ntf_page_word(struct ntf_page *page, uint32_t slot);

#endif /* NTF_KMT_SOFT_PAGE_H */
