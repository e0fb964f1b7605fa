/* SPDX-License-Identifier: Apache-2.0 */
/* The spin of fence/poller.h: looking at values again and again, for a while. */
#ifndef NTF_FENCE_SPIN_H
#define NTF_FENCE_SPIN_H

#include "fence/poller.h"

enum ntf_spin {
    NTF_SPIN_REACHED,
    NTF_SPIN_OVER,     /* the time is */
    NTF_SPIN_TOLD,     /* poll->look has ended it */
    NTF_SPIN_LOST_CPU, /* between two looks the clock has jumped */
};

/* Addresses and targets alone, four to a cache line. A scan reads them in order, and nothing of what else is known of
 * an object; the values themselves lie a page apart. */
struct ntf_pair {
    ntf_au64 *value;
    uint64_t target;
};

/* One scan; the first that is reached, or count. */
uint32_t ntf_spin_scan(const struct ntf_pair *pairs, uint32_t count);

/* Looks at what poll waits for until *now_ns, which is kept up to date within a microsecond, is until_ns. */
enum ntf_spin ntf_spin(struct ntf_poll *poll, const struct ntf_park_ops *ops, uint64_t *now_ns, uint64_t until_ns);

/* One look; true when the wait is over. */
bool ntf_spin_look(struct ntf_poll *poll);
/* Wait-all: those from left on are reached; looks at those before. True when that is all. */
bool ntf_spin_strike(struct ntf_poll *poll, uint32_t left);

#endif /* NTF_FENCE_SPIN_H */
