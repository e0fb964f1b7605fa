/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Visits: reading what others may take away, without a lock and without counting references.
 *
 * Overview
 *   Who reads enters one of a few places, which takes one read-modify-write on a line that usually nobody else is at,
 *   and leaves it by a store. Who takes something away makes it unreachable first, and then waits until everybody has
 *   left who was inside: whoever enters later does not find it any more. A place counts its turns, so that a reader who
 *   enters again and again holds nobody up. Visits are short: nothing in one waits for anybody.
 *
 * Ordering (all seq_cst)
 *   Reader: the turn becomes odd; read what leads to the thing.   Taker: make it unreachable; read the turn.
 *   Either the taker finds the turn odd, and waits; or the reader finds the way gone. So who reads the way there, and
 *   who cuts it, does that seq_cst as well. The end of a turn releases, and the taker acquires it: what the visitor did
 *   to the thing comes before its end.
 * Checked by tests/models/visits_relacy.py. The common part of C11 and C++11 (base/atomic.h).
 */
#ifndef NTF_KMT_SOFT_VISITS_H
#define NTF_KMT_SOFT_VISITS_H

#include "base/atomic.h"

#if !defined(SOFT_PLACES) /* a model checker takes fewer */
#define SOFT_PLACES 32u
#endif

struct soft_place {
    _Alignas(64) ntf_au32 turn; /* odd: somebody is inside */
};

/* Zero: nobody is there. */
struct soft_visits {
    struct soft_place places[SOFT_PLACES];
};

/* hint: which place to try first; threads that differ in it do not disturb each other. Returns the place. */
uint32_t soft_visit_begin(struct soft_visits *visits, uint32_t hint);
void soft_visit_end(struct soft_visits *visits, uint32_t place);
/* Returns when all have left who were inside when it was called. Not from inside. */
void soft_visits_await(struct soft_visits *visits);

#endif /* NTF_KMT_SOFT_VISITS_H */
