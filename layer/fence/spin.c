/* SPDX-License-Identifier: Apache-2.0 */
#include "fence/spin.h"

#include "base/deadline.h"
#include "base/os/nearby.h"
#include "base/os/pause.h"

#define PACKED 128u /* on the stack */

#if !defined(NTF_SPIN_LOOKS) /* a model checker takes fewer */
#define NTF_SPIN_LOOKS 16u /* between two readings of the clock, which cost as much as a pause each */
#endif
/* A jump of the clock that no look explains, however many values it takes in. */
#define GAP_NS(count) (50000u + 50u * (uint64_t)(count))

static bool reached(const struct ntf_pair *pair)
{
    return ntf_load(pair->value, NTF_ACQUIRE) >= pair->target;
}

NTF_WAY_OUT bool ntf_spin_look(struct ntf_poll *poll)
{
    if (poll->all)
        return ntf_spin_strike(poll, poll->left);
    poll->index = ntf_watch_first(poll->watches, poll->left);
    return poll->index < poll->left;
}

NTF_WAY_OUT bool ntf_spin_strike(struct ntf_poll *poll, uint32_t left)
{
    const uint32_t blocker = poll->left > 0 ? poll->left - 1 : 0;

    while (left > 0 && ntf_watch_reached(&poll->watches[left - 1]))
        left--;
    poll->left = left;
    if (left > 0)
        return false;
    poll->index = blocker;
    return true;
}

static void pack(struct ntf_pair *pairs, const struct ntf_watch *watches, uint32_t count)
{
    uint32_t i;

    for (i = 0; i < count; i++) {
        pairs[i].value = (ntf_au64 *)(uintptr_t)watches[i].value;
        pairs[i].target = watches[i].target;
    }
}

uint32_t ntf_spin_scan(const struct ntf_pair *pairs, uint32_t count)
{
    uint32_t i = 0;

    while (i < count && !reached(&pairs[i]))
        i++;
    return i;
}

/* Some looks. For one value, which is the common case, for all (of which one is looked at), and for many. */
static NTF_WAY_OUT bool look_one(struct ntf_poll *poll)
{
    const struct ntf_pair pair = { (ntf_au64 *)(uintptr_t)poll->watches[0].value, poll->watches[0].target };
    uint32_t i;

    for (i = 0; i < NTF_SPIN_LOOKS; i++) {
        if (reached(&pair)) {
            poll->index = 0;
            return true;
        }
        ntf_pause();
    }
    return false;
}

static NTF_WAY_OUT bool look_all(struct ntf_poll *poll)
{
    uint32_t i;

    for (i = 0; i < NTF_SPIN_LOOKS; i++) {
        if (ntf_spin_look(poll))
            return true;
        ntf_pause();
    }
    return false;
}

static NTF_WAY_OUT bool look_any(struct ntf_poll *poll, const struct ntf_pair *pairs)
{
    const uint32_t looks = poll->left < PACKED / 4 ? NTF_SPIN_LOOKS : poll->left <= PACKED ? 1 + NTF_SPIN_LOOKS / 4 : 1;
    uint32_t i;

    for (i = 0; i < looks; i++) {
        poll->index = ntf_spin_scan(pairs, poll->left);
        if (poll->index < poll->left)
            return true;
        ntf_pause();
    }
    return false;
}

static bool look_many(struct ntf_poll *poll)
{
    const bool found = ntf_spin_look(poll);

    if (!found)
        ntf_pause();
    return found;
}

NTF_WAY_OUT enum ntf_spin ntf_spin(struct ntf_poll *poll, const struct ntf_park_ops *ops, uint64_t *now_ns,
                                   uint64_t until_ns)
{
    struct ntf_pair few[PACKED], *pairs = poll->left <= PACKED ? few : poll->pairs;
    const bool one = poll->left == 1, packed = !poll->all && pairs;

    if (packed && !one)
        pack(pairs, poll->watches, poll->left);
    while (!ntf_deadline_passed(until_ns, *now_ns)) {
        const uint64_t before = *now_ns;

        if (one ? look_one(poll) : poll->all ? look_all(poll) : packed ? look_any(poll, pairs) : look_many(poll))
            return NTF_SPIN_REACHED;
        if (poll->look && poll->look(poll->context))
            return NTF_SPIN_TOLD;
        *now_ns = ops->now_ns();
        if (*now_ns - before > GAP_NS(poll->left))
            return ntf_spin_look(poll) ? NTF_SPIN_REACHED : NTF_SPIN_LOST_CPU;
    }
    return NTF_SPIN_OVER;
}
