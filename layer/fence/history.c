/* SPDX-License-Identifier: Apache-2.0 */
#include "fence/history.h"

#include "base/os/nearby.h"

#define LEAST_RUN 4u           /* distances that have to be alike before anything is expected */
#define ALIKE 4u               /* a distance within a fourth of the average belongs to it */
#define STEADY 25u             /* expected is what deviates by no more than a twenty-fifth */
#define SHORTEST_NS 100000u    /* less is two waits that saw the same arrival, or what spinning is for */
#define MOST_MARGIN_NS 1000000u /* a millisecond of spinning, before and after, and no more */

void ntf_history_init(struct ntf_history *history)
{
    ntf_init(&history->last_ns, (uint64_t)0);
    ntf_init(&history->interval_ns, (uint64_t)0);
    ntf_init(&history->deviation_ns, (uint64_t)0);
    ntf_init(&history->run, 0u);
}

static uint64_t distance(uint64_t a, uint64_t b)
{
    return a < b ? b - a : a - b;
}

/* average + (value - average) / 2^shift */
static uint64_t approach(uint64_t average, uint64_t value, uint32_t shift)
{
    return value < average ? average - ((average - value) >> shift) : average + ((value - average) >> shift);
}

/* The first distances weigh what they do in a plain average, later ones an eighth. */
static uint32_t weight(uint32_t run)
{
    static const uint8_t shifts[] = { 0, 1, 1, 2, 2, 2, 3 };

    return run < sizeof shifts ? shifts[run] : 3;
}

static NTF_WAY_OUT void count(struct ntf_history *history, uint64_t interval)
{
    const uint64_t average = ntf_load(&history->interval_ns, NTF_RELAXED);
    const uint64_t deviation = ntf_load(&history->deviation_ns, NTF_RELAXED);
    const uint64_t off = distance(interval, average);
    const uint32_t run = ntf_load(&history->run, NTF_RELAXED);

    if (run == 0 || off > average / ALIKE) {
        ntf_store(&history->interval_ns, interval, NTF_RELAXED);
        ntf_store(&history->deviation_ns, (uint64_t)0, NTF_RELAXED);
        ntf_store(&history->run, 1u, NTF_RELAXED);
        return;
    }
    ntf_store(&history->interval_ns, approach(average, interval, weight(run)), NTF_RELAXED);
    ntf_store(&history->deviation_ns, approach(deviation, off, weight(run - 1)), NTF_RELAXED);
    if (run < LEAST_RUN + 8)
        ntf_store(&history->run, run + 1, NTF_RELAXED);
}

NTF_WAY_OUT void ntf_history_note(struct ntf_history *history, uint64_t now_ns)
{
    const uint64_t last = ntf_load(&history->last_ns, NTF_RELAXED);

    if (last != 0 && now_ns > last && now_ns - last >= SHORTEST_NS)
        count(history, now_ns - last);
    ntf_store(&history->last_ns, now_ns, NTF_RELAXED);
}

NTF_WAY_OUT void ntf_history_lapse(struct ntf_history *history)
{
    /* The common case of fences that are always there in time writes nothing. */
    if (ntf_load(&history->last_ns, NTF_RELAXED) != 0)
        ntf_store(&history->last_ns, (uint64_t)0, NTF_RELAXED);
}

void ntf_history_forget(struct ntf_history *history)
{
    ntf_store(&history->run, 0u, NTF_RELAXED);
}

struct ntf_moment ntf_history_next(const struct ntf_history *history)
{
    struct ntf_history *h = (struct ntf_history *)(uintptr_t)history; /* C11 wants a plain pointer even for a load */
    const uint64_t last = ntf_load(&h->last_ns, NTF_RELAXED);
    const uint64_t interval = ntf_load(&h->interval_ns, NTF_RELAXED);
    const uint64_t deviation = ntf_load(&h->deviation_ns, NTF_RELAXED);
    struct ntf_moment moment = { 0, 0 };

    if (last == 0 || ntf_load(&h->run, NTF_RELAXED) < LEAST_RUN || deviation > interval / STEADY ||
        deviation > MOST_MARGIN_NS / 2)
        return moment;
    moment.at_ns = last + interval;
    moment.margin_ns = 2 * deviation;
    return moment;
}
