/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parker: one sleeping thread, and everything that may wake it.
 *
 * A thread that has to wait borrows a parker for one call (it lies on the caller's stack), tells it what to listen
 * to, and parks once, however many objects it waits for:
 *
 *   words    32-bit words in memory that this process or others share. A signaller changes the word and wakes it.
 *            Linux only: futex_waitv over all of them, shared or private as each word says; what is beyond
 *            NTF_PARKER_WORDS is slept on by helpers (kmt/os/posix/helpers.h).
 *   event    one operating-system event that any number of objects may be asked to set: a kernel's CPU wait
 *            (hAsyncEvent), or, on Windows and Wine, a peer that opens the "bell" by its name. It comes from a pool
 *            and goes back to it; it is never closed, since a registration made with it may still be pending in a
 *            kernel. Windows: an auto-reset event. Linux: an eventfd, and only for kernels that ask for one.
 *   wake     ntf_parker_wake() from another thread of this process.
 *
 * Every wake may be spurious: a bell may be rung for its last borrower. The caller re-reads the values. A parker
 * that listens to shared memory wakes by itself once every NTF_SAFETY_NS, since a signaller may have been killed
 * between its store and its wake; one that could not listen to something at all re-reads every NTF_REREAD_NS.
 *
 * Ordering: what ntf_parker_listen() was told about a word is the value that the caller read from it BEFORE it read
 * the object's CurrentValue for the last time (kmt/soft/page.h has the argument). Park returns at once if the word
 * has changed since. ntf_parker_wake counts, then looks for a bell that has been borrowed; who borrows one stores it,
 * then reads the count before it sleeps: all four seq_cst, so one of them sees the other.
 * Checked by tests/models/parker_relacy.py (wakes by name and by bell) and wait_relacy.py (words).
 *
 * Thread rules: a parker belongs to the thread that began it; only ntf_parker_wake may come from others, between
 * begin and end.
 */
#ifndef NTF_KMT_PARKER_H
#define NTF_KMT_PARKER_H

#include "base/os/os.h"
#include "kmt/d3dkmt.h"

#define NTF_SAFETY_NS 1000000000ull /* one second */
#define NTF_REREAD_NS 10000000ull   /* ten milliseconds */
#define NTF_PARKER_WORDS 127        /* futex_waitv takes 128; one is the parker's own. A perch takes one more */

struct ntf_parker;

/* The world a parker sleeps in; tests put their own clock and their own sleep here. */
struct ntf_park_ops {
    uint64_t (*now_ns)(void);
    /* Sleeps until woken or deadline_ns (which park() has already cut to the safety period). */
    void (*sleep)(struct ntf_parker *parker, uint64_t deadline_ns);
    /* How long looking without sleep is worth while: about what a wake by the kernel takes, at most a tenth of a
     * millisecond; 0 where only one CPU is there for whoever signals and whoever looks. Measured when it is first asked
     * for, which may take as long, but only by a wait that has a millisecond left. NULL: not at all. */
    uint64_t (*spin_ns)(uint64_t left_ns);
};
extern const struct ntf_park_ops ntf_park_os_ops; /* kmt/os/<system>/parker.c */

struct ntf_parker_word {
    ntf_au32 *word;
    uint32_t seen;
    bool shared; /* other processes wake it */
};

struct ntf_parker {
    const struct ntf_park_ops *ops;
    ntf_au32 wake;    /* bumped by ntf_parker_wake */
    uint32_t seen;    /* of wake, at the start of the round */
    uint64_t owner;   /* what this thread writes into a slot's owner (kmt/soft/page.h); 0 until asked for */
    ntf_handle event; /* NULL until asked for */
    /* Index + 1 of what was borrowed from the pool, 0: nothing. Atomic because ntf_parker_wake reads it: seq_cst on
     * both sides, so that either the waker sees the bell or the sleeper sees the bumped `wake`. */
    ntf_au32 bell;
    uint32_t count;
    bool many;    /* the sleep is for several objects: those of this process wake by the perch, if there is one */
    uint32_t perch;             /* borrowed: kmt/os/posix/perches.h; 0: none */
    uint32_t perch_seen;        /* of its word */
    bool perched;               /* it is listened to in this round */
    bool patient;               /* what is too many words is re-read every NTF_REREAD_NS: no helpers */
    struct ntf_helper *helpers; /* lent for this round */
    bool shared;  /* a peer process is to wake us: re-read every NTF_SAFETY_NS */
    bool crowded; /* something could not be listened to: re-read every NTF_REREAD_NS */
    struct ntf_parker_word words[NTF_PARKER_WORDS];
};

/* ops NULL: the operating system's. Cheap: nothing is borrowed before something is listened to. */
void ntf_parker_begin(struct ntf_parker *parker, const struct ntf_park_ops *ops);
/* Gives back what was borrowed. */
void ntf_parker_end(struct ntf_parker *parker);
/* Starts a round: forgets words and flags, remembers the wake count. Call before arming. */
void ntf_parker_round(struct ntf_parker *parker);
/* Listens to a word from here on; see Ordering. Without effect (but the flags) where words cannot wake a thread. */
void ntf_parker_listen(struct ntf_parker *parker, ntf_au32 *word, uint32_t seen, bool shared);
/* The identity that peers find in a slot and wake by; constant between begin and end. 0: none could be had. */
uint64_t ntf_parker_owner(struct ntf_parker *parker);
/* The event, borrowed now if need be; NULL if none could be had. From then on park listens to it. */
ntf_handle ntf_parker_event(struct ntf_parker *parker);
/* Sleeps until something listened to has happened, or deadline_ns, or the safety period. NTF_TIMEOUT if the
 * deadline has passed, else NTF_OK, which promises nothing. */
enum ntf_result ntf_parker_park(struct ntf_parker *parker, uint64_t deadline_ns);
/* From any thread of this process while the parker is between begin and end. */
void ntf_parker_wake(struct ntf_parker *parker);

#endif /* NTF_KMT_PARKER_H */
