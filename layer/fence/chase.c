/* SPDX-License-Identifier: Apache-2.0 */
#include "fence/chase.h"

#include "base/deadline.h"
#include "base/os/pause.h"

#define MOST_HALVINGS 6u    /* then the budget is nothing */
#define FIRST_NS 50000u     /* the driver's wake, before one has been measured */
#define MOST_NS 100000u     /* a driver that wakes later than this is busy with something else */
#define GAP_NS 50000u       /* a jump of the clock that no look explains */

void ntf_chaser_init(struct ntf_chaser *chaser, const struct ntf_park_ops *ops, bool beside)
{
    chaser->ops = ops;
    chaser->beside = beside;
    ntf_init(&chaser->halvings, 0u);
}

static const struct ntf_park_ops *ops_of(const struct ntf_chaser *chaser)
{
    return chaser->ops ? chaser->ops : &ntf_park_os_ops;
}

static uint64_t whole_budget(const struct ntf_chaser *chaser, uint64_t driver_ns, uint64_t left_ns)
{
    const struct ntf_park_ops *ops = ops_of(chaser);
    const uint64_t kernel_ns = ops->spin_ns ? ops->spin_ns(left_ns) : 0;

    if (kernel_ns == 0 && !chaser->beside)
        return 0;
    if (driver_ns == 0)
        driver_ns = FIRST_NS;
    return kernel_ns + (driver_ns < MOST_NS ? driver_ns : MOST_NS);
}

static void learn(struct ntf_chaser *chaser, bool good)
{
    const uint32_t before = ntf_load(&chaser->halvings, NTF_RELAXED);
    const uint32_t after = good ? before - (before > 0) : before + (before < MOST_HALVINGS);

    if (after != before)
        ntf_store(&chaser->halvings, after, NTF_RELAXED);
}

enum ntf_result ntf_chase(struct ntf_chaser *chaser, struct ntf_chase *chase, uint64_t driver_ns, uint64_t deadline_ns,
                          enum ntf_result (*look)(void *context, uint64_t until_ns), void *context)
{
    const struct ntf_park_ops *ops = ops_of(chaser);
    const uint32_t halvings = ntf_load(&chaser->halvings, NTF_RELAXED);
    uint64_t now_ns = ops->now_ns(), until_ns;

    chase->start_ns = now_ns;
    chase->whole_ns = whole_budget(chaser, driver_ns, ntf_deadline_left(deadline_ns, now_ns));
    until_ns = now_ns + (halvings < MOST_HALVINGS ? chase->whole_ns >> halvings : 0);
    until_ns = ntf_deadline_min(until_ns, deadline_ns);
    while (now_ns < until_ns) {
        const uint64_t before_ns = now_ns;
        const enum ntf_result result = look(context, until_ns);

        if (result != NTF_NOT_READY) {
            learn(chaser, true);
            return result;
        }
        now_ns = ops->now_ns();
        if (now_ns - before_ns > GAP_NS) {
            ntf_store(&chaser->halvings, MOST_HALVINGS, NTF_RELAXED);
            chase->whole_ns = 0;
            break;
        }
        ntf_pause();
    }
    return NTF_NOT_READY;
}

void ntf_chase_over(struct ntf_chaser *chaser, const struct ntf_chase *chase, enum ntf_result result)
{
    if (chase->whole_ns == 0)
        return;
    const uint64_t took_ns = ops_of(chaser)->now_ns() - chase->start_ns;

    if (took_ns > 2 * chase->whole_ns)
        learn(chaser, false);
    else if (result == NTF_OK)
        learn(chaser, true);
}
