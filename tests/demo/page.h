// SPDX-License-Identifier: Apache-2.0
/*
 * The protocol of the demo, and the small file through which one program checks the other. The
 * fences do the waking; the file is what they are checked against.
 *
 * Producer, for k = 1..N: pause; write k and the time to round[k]; signal k on the fence "go".
 * Consumer, for k = 1..N: wait for k; look whether round[k] is written.
 *
 * Early. The write comes before the signal, so a wait for k that returns while round[k] is empty
 * was early. Nothing tells the consumer to go slowly: it waits for k as soon as it is back from
 * k - 1, mostly long before k is written, where an early return would show.
 *
 * Lost. A wake that is lost for k would be covered up by the signal of k + 1. So every M-th round
 * is a *hold*: the producer signals nothing more until the consumer's reply has come, and only
 * there does it ever wait for the consumer. A lost wake then lasts until the watchdog ends the run;
 * one that the safety net heals, the look that a waiter takes once a second, is late: a return DEMO_LATE_NS after the
 * write counts as lost. Not much less than that second: a machine may stand still for a while by itself.
 * The report tells how many returns came before a later value was written, that is, by their own
 * wake.
 *
 * The reply is GPU work: the consumer submits a fill of a buffer with a fence imported from the
 * object "reply", and the producer waits for that object. It came early if `submitted` does not say
 * that the submit has been made; the consumer checks that the buffer is filled.
 *
 * A hold is also what makes vkResetFences exact: nothing is signalled between the wait for k and
 * the reset, so the fence then waits for k + 1, without a new import.
 */
#ifndef DEMO_PAGE_H
#define DEMO_PAGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEMO_MAGIC UINT64_C(0x3130304F4D45444E)
#define DEMO_LATE_NS UINT64_C(900000000)

enum { DEMO_WATCHDOG_SECONDS = 60, DEMO_ROUNDS_MAX = 10000000 };

struct demo_round {
    _Atomic uint64_t stamp_ns; // written before `value`
    _Atomic uint64_t value;    // 0, then k
};

struct demo_page {
    uint64_t magic; // these three: constant before the consumer starts
    uint64_t rounds, hold_every;

    _Alignas(64) _Atomic uint64_t written; // by the producer: the last k in `round`
    _Atomic uint64_t gave_up;              // not 0: the producer ends before its time

    _Alignas(64) _Atomic uint64_t ready; // by the consumer: it is set up, the producer may begin
    _Atomic uint64_t submitted, submitted_ns;
    _Atomic uint64_t passed, failed; // its checks, for the last line

    _Alignas(64) struct demo_round round[]; // 1..rounds; [0] is not used
};

static inline size_t demo_page_size(uint64_t rounds)
{
    return offsetof(struct demo_page, round) + (size_t)(rounds + 1) * sizeof(struct demo_round);
}

static inline bool demo_holds(const struct demo_page *page, uint64_t k)
{
    return k % page->hold_every == 0 || k == page->rounds;
}

/* A number without pattern from a number: what is random in the demo is the same in every run. */
static inline uint64_t demo_mix(uint64_t n)
{
    n += UINT64_C(0x9E3779B97F4A7C15);
    n = (n ^ (n >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    n = (n ^ (n >> 27)) * UINT64_C(0x94D049BB133111EB);
    return n ^ (n >> 31);
}

#endif
