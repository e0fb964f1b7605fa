/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a payload's waits have seen it signalled, and when the next time will be.
 *
 * Kept are the moment of the last arrival and the average of the distances between such moments, with the average
 * deviation from it. Only a wait that was there when the value came knows the moment; one that found its target
 * reached when it began knows that it does not (ntf_history_lapse), and the next distance is not counted. A distance
 * far off the average starts the averages anew, so that a change of rhythm costs a handful of waits.
 *
 * All of it is a hint about time: it decides how a wait passes its time, never how it ends. The fields are relaxed
 * atomics without a lock; two waits that note their arrivals at once may leave a mixture, which is a bad guess for a
 * few waits and no more. Zero is the state of a payload that nobody has waited for.
 */
#ifndef NTF_FENCE_HISTORY_H
#define NTF_FENCE_HISTORY_H

#include "base/atomic.h"

struct ntf_history { /* atomic, relaxed */
    ntf_au64 last_ns;      /* the last arrival; 0: not known */
    ntf_au64 interval_ns;  /* the average distance */
    ntf_au64 deviation_ns; /* the average distance from that */
    ntf_au32 run;          /* distances that these are the average of */
};

/* A moment that is expected: at_ns, give or take margin_ns. at_ns 0: no idea. */
struct ntf_moment {
    uint64_t at_ns;
    uint64_t margin_ns;
};

void ntf_history_init(struct ntf_history *history);
/* A wait that was there saw the value arrive. */
void ntf_history_note(struct ntf_history *history, uint64_t now_ns);
/* The value has arrived while nobody looked. */
void ntf_history_lapse(struct ntf_history *history);
/* The averages are not to be trusted any more. */
void ntf_history_forget(struct ntf_history *history);
/* When the next arrival is due; at_ns 0 unless the last few distances were alike within a few percent. */
struct ntf_moment ntf_history_next(const struct ntf_history *history);

#endif /* NTF_FENCE_HISTORY_H */
