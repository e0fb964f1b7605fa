/* SPDX-License-Identifier: Apache-2.0 */
#include "fence/poller.h"

#include "base/deadline.h"
#include "base/os/nearby.h"
#include "fence/spin.h"

#define MOST_HALVINGS 6u   /* then the budget is nothing */
#define MARGIN_NS 20000u   /* beside the deviation: what a sleep's end varies by */
#define SHORTEST_NS 30000u /* a sleep that is not worth while */
#define FINE 20u           /* sleeps end too late for prediction above a twentieth of the wait */
#define MOST_LATE_NS 20000000u
#define LATE_STEP_NS 100000u
#define TOLD_BYTES 192u

void ntf_poller_init(struct ntf_poller *poller, const struct ntf_park_ops *ops, const ntf_au32 *lost)
{
    poller->ops = ops;
    poller->lost = lost;
    ntf_init(&poller->halvings, 0u);
    ntf_init(&poller->late_ns, 0u);
}

/* ---- what past waits teach ---- */

static uint64_t budget(const struct ntf_poller *poller, uint64_t whole_ns)
{
    const uint32_t halvings = ntf_load((ntf_au32 *)(uintptr_t)&poller->halvings, NTF_RELAXED);

    return halvings >= MOST_HALVINGS ? 0 : whole_ns >> halvings;
}

/* So short that the whole budget, and a wake behind it, would have been enough. */
static bool is_brief(uint64_t took_ns, uint64_t whole_ns)
{
    return took_ns <= 2 * whole_ns;
}

/* A wait is over whose spin ended like this; took_ns: from its first look. */
static NTF_WAY_OUT void learn_budget(struct ntf_poller *poller, enum ntf_spin spin, enum ntf_result result,
                                     uint64_t took_ns, uint64_t whole_ns)
{
    const bool brief = is_brief(took_ns, whole_ns);
    const uint32_t before = ntf_load(&poller->halvings, NTF_RELAXED);
    uint32_t after = before;

    if (spin == NTF_SPIN_LOST_CPU)
        after = MOST_HALVINGS;
    else if (spin == NTF_SPIN_REACHED || (result == NTF_OK && brief))
        after = before > 0 ? before - 1 : 0;
    else if (!brief)
        after = before < MOST_HALVINGS ? before + 1 : MOST_HALVINGS;
    if (after != before)
        ntf_store(&poller->halvings, after, NTF_RELAXED);
}

/* A sleep has ended by itself, that much later than asked. Up fast, but not by one that the thread's CPU was taken
 * from meanwhile; down slowly. */
static void learn_late(struct ntf_poller *poller, uint64_t sample_ns)
{
    const uint32_t before = ntf_load(&poller->late_ns, NTF_RELAXED);
    const uint32_t most = before < MOST_LATE_NS ? 2 * before + LATE_STEP_NS : before;
    const uint32_t sample = sample_ns < most ? (uint32_t)sample_ns : most;

    ntf_store(&poller->late_ns, sample > before ? before + (sample - before) / 2 : before - (before - sample) / 8,
              NTF_RELAXED);
}

/* Whether sleeps end near enough to the moment asked for that one of wait_ns may end shortly before something. What
 * that rests on fades, so that it is tried again some time. */
static bool timer_allows(struct ntf_poller *poller, uint64_t wait_ns, uint32_t late_ns)
{
    if (late_ns <= wait_ns / FINE)
        return true;
    ntf_store(&poller->late_ns, late_ns - late_ns / 16, NTF_RELAXED);
    return false;
}

/* ---- the phases ---- */

/* What a sleep arms: everything, or the last of those that all have to come. */
static struct ntf_watch *armed_of(const struct ntf_poll *poll, uint32_t *count)
{
    *count = poll->all ? 1 : poll->left;
    return poll->all ? &poll->watches[poll->left - 1] : poll->watches;
}

/* Counts what a sleep has found; true when the wait is over. A value that has gone back since counts all the same: it
 * was there. */
static bool found(struct ntf_poll *poll, uint32_t index)
{
    if (poll->all)
        return ntf_spin_strike(poll, poll->left - 1);
    poll->index = index;
    return true;
}

/* PARK, until until_ns: NTF_OK, NTF_TIMEOUT, NTF_E_LOST. */
static enum ntf_result park(struct ntf_poller *poller, struct ntf_poll *poll, struct ntf_parker *parker,
                            uint64_t until_ns)
{
    const struct ntf_park_ops *ops = parker->ops;

    for (;;) {
        const uint64_t now_ns = ops->now_ns();
        const uint64_t sleep_ns =
            poller->lost ? ntf_deadline_min(until_ns, ntf_deadline_after(now_ns, NTF_SAFETY_NS)) : until_ns;
        uint32_t count, index = 0;
        struct ntf_watch *armed = armed_of(poll, &count);
        const enum ntf_result result = ntf_watch_any(armed, count, sleep_ns, parker, &index);

        if (ntf_poller_is_lost(poller))
            return NTF_E_LOST;
        if (result == NTF_OK && found(poll, index))
            return NTF_OK;
        if (result == NTF_TIMEOUT && ntf_deadline_passed(until_ns, ops->now_ns()))
            return NTF_TIMEOUT;
    }
}

struct plan {
    uint64_t sleep_ns; /* FORESEEN: until then; 0: no sleep before the spin */
    uint64_t spin_ns;  /* until then */
    bool foreseen;
};

/* How to pass the time before the wait parks for good. */
static struct plan make_plan(struct ntf_poller *poller, uint64_t start_ns, uint64_t whole_ns,
                             struct ntf_moment expected, bool spun)
{
    const uint64_t around_ns = expected.margin_ns + MARGIN_NS;
    const uint32_t late_ns = ntf_load(&poller->late_ns, NTF_RELAXED);
    struct plan plan = { 0, ntf_deadline_after(start_ns, spun ? 0 : budget(poller, whole_ns)), false };

    if (expected.at_ns == 0 || whole_ns == 0 || expected.at_ns + around_ns <= start_ns)
        return plan;
    if (expected.at_ns > start_ns + around_ns + late_ns + SHORTEST_NS) {
        if (!timer_allows(poller, expected.at_ns - start_ns, late_ns))
            return plan;
        plan.sleep_ns = expected.at_ns - around_ns - late_ns;
    }
    plan.spin_ns = expected.at_ns + around_ns;
    plan.foreseen = true;
    return plan;
}

/* Everything behind the first look. */
static NTF_WAY_OUT enum ntf_result wait_on(struct ntf_poller *poller, struct ntf_poll *poll, uint64_t deadline_ns,
                                           struct ntf_moment expected, const struct ntf_park_ops *ops,
                                           uint64_t start_ns)
{
    const uint64_t whole_ns = ops->spin_ns ? ops->spin_ns(ntf_deadline_left(deadline_ns, start_ns)) : 0;
    const struct plan plan = make_plan(poller, start_ns, whole_ns, expected, poll->spun);
    enum ntf_result result = NTF_TIMEOUT;
    enum ntf_spin spin = NTF_SPIN_OVER;
    uint64_t now_ns = start_ns;
    struct ntf_parker parker;

    ntf_parker_begin(&parker, ops);
    if (plan.sleep_ns != 0) {
        const uint64_t until_ns = ntf_deadline_min(plan.sleep_ns, deadline_ns);

        result = park(poller, poll, &parker, until_ns);
        now_ns = ops->now_ns();
        if (result == NTF_TIMEOUT)
            learn_late(poller, now_ns - until_ns);
    }
    if (plan.foreseen) {
        ntf_way_out_fetch();
        for (uint32_t at = 0; poll->told && at < TOLD_BYTES; at += 64)
            ntf_fetch_write((const char *)poll->told + at);
    }
    if (result == NTF_TIMEOUT) {
        spin = ntf_spin(poll, ops, &now_ns, ntf_deadline_min(plan.spin_ns, deadline_ns));
        result = NTF_OK;
        if (spin != NTF_SPIN_REACHED) {
            result = park(poller, poll, &parker, deadline_ns);
            now_ns = ops->now_ns();
        }
    }
    ntf_parker_end(&parker);
    poll->seen_ns = now_ns;
    poll->lost_cpu = spin == NTF_SPIN_LOST_CPU;
    /* A spin that was made before has taught already that it was in vain. */
    if (whole_ns != 0 && (poll->lost_cpu || !(plan.foreseen || (poll->spun && !is_brief(now_ns - start_ns, whole_ns)))))
        learn_budget(poller, spin, result, now_ns - start_ns, whole_ns);
    return result;
}

/* ---- a spin alone ---- */

enum ntf_result ntf_poller_spin(struct ntf_poller *poller, struct ntf_poll *poll, uint64_t deadline_ns,
                                struct ntf_moment expected)
{
    const struct ntf_park_ops *ops = poller->ops ? poller->ops : &ntf_park_os_ops;
    const uint64_t start_ns = ops->now_ns();
    const uint64_t whole_ns = ops->spin_ns ? ops->spin_ns(ntf_deadline_left(deadline_ns, start_ns)) : 0;
    const struct plan plan = make_plan(poller, start_ns, whole_ns, expected, false);
    enum ntf_spin spin;

    if (plan.foreseen)
        return NTF_NOT_READY;
    poll->seen_ns = start_ns;
    spin = ntf_spin(poll, ops, &poll->seen_ns, ntf_deadline_min(plan.spin_ns, deadline_ns));
    poll->spun = true;
    poll->lost_cpu = spin == NTF_SPIN_LOST_CPU;
    if (whole_ns != 0 && (spin != NTF_SPIN_OVER || poll->seen_ns >= plan.spin_ns))
        learn_budget(poller, spin == NTF_SPIN_TOLD ? NTF_SPIN_REACHED : spin, NTF_TIMEOUT, UINT64_MAX, whole_ns);
    return spin == NTF_SPIN_REACHED ? NTF_OK : NTF_NOT_READY;
}

/* ---- the wait ---- */

enum ntf_result ntf_poller_look(const struct ntf_poller *poller, struct ntf_poll *poll)
{
    if (ntf_poller_is_lost(poller))
        return NTF_E_LOST;
    return ntf_spin_look(poll) ? NTF_OK : NTF_NOT_READY;
}

NTF_WAY_OUT enum ntf_result ntf_poller_wait(struct ntf_poller *poller, struct ntf_poll *poll, uint64_t deadline_ns,
                                            struct ntf_moment expected)
{
    const struct ntf_park_ops *ops = poller->ops ? poller->ops : &ntf_park_os_ops;
    const enum ntf_result result = ntf_poller_look(poller, poll);
    uint64_t now_ns;

    poll->seen_ns = 0;
    poll->lost_cpu = false;
    if (result != NTF_NOT_READY)
        return result;
    if (deadline_ns == 0) /* no clock is needed to know that it has passed */
        return NTF_TIMEOUT;
    now_ns = ops->now_ns();
    if (ntf_deadline_passed(deadline_ns, now_ns))
        return NTF_TIMEOUT;
    return wait_on(poller, poll, deadline_ns, expected, ops, now_ns);
}

enum ntf_result ntf_poller_wait_any(struct ntf_poller *poller, struct ntf_watch *watches, uint32_t count,
                                    uint64_t deadline_ns, uint32_t *index)
{
    const struct ntf_moment no_idea = { 0, 0 };
    struct ntf_poll poll;
    enum ntf_result result;

    ntf_poll_begin(&poll, watches, count, false);
    result = ntf_poller_wait(poller, &poll, deadline_ns, no_idea);
    if (result == NTF_OK)
        *index = poll.index;
    return result;
}
