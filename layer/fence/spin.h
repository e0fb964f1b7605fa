/* SPDX-License-Identifier: Apache-2.0 */
/* The spin of fence/poller.h: looking at values again and again, for a while. */
#ifndef NTF_FENCE_SPIN_H
#define NTF_FENCE_SPIN_H

#include "fence/poller.h"

enum ntf_spin {
    NTF_SPIN_REACHED,
    NTF_SPIN_OVER,     /* the time is */
    NTF_SPIN_LOST_CPU, /* between two looks the clock has jumped */
};

/* Looks at what poll waits for until *now_ns, which is kept up to date within a microsecond, is until_ns. */
enum ntf_spin ntf_spin(struct ntf_poll *poll, const struct ntf_park_ops *ops, uint64_t *now_ns, uint64_t until_ns);

/* One look; true when the wait is over. */
bool ntf_spin_look(struct ntf_poll *poll);
/* Wait-all: those from left on are reached; looks at those before. True when that is all. */
bool ntf_spin_strike(struct ntf_poll *poll, uint32_t left);

#endif /* NTF_FENCE_SPIN_H */
